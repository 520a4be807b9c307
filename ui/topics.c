#include "ui/topics.h"

#include "ui/keymap.h"

/* The texts distinguish what others report, what is measured here and what is not
 * known. */
/* Wrapped by hand. */
/* clang-format off */
static const struct topic topics[] = {
    {"what is an SAE?",
     "A sparse autoencoder rewrites an activation of a language model as a sum of "
     "a few directions out of many. Each direction is a latent; it is on (fires) "
     "for some tokens and off for most. Trained to rebuild the activation from "
     "only k latents, many of them come to answer to something a person can name.\n"
     "What it is not: the only possible set of directions. Another seed, width or "
     "text gives other latents."},
    {"in which unit are activations?",
     "In that of the saved SAE: what SAELens' encode gives for the model's own "
     "activations, with this run's files. So they do not depend on the scale by which "
     "training brings the input to one size. A strength that a latent is steered by is in "
     "raw units if it is in that one; 2x is twice the largest activation seen."},
    {"how is text typed?",
     "In a line, as behind : and /, as in a shell: Left Right Home End (Ctrl-B Ctrl-F Ctrl-A "
     "Ctrl-E), Backspace and Del (Ctrl-H Ctrl-D), Ctrl-W a word, Ctrl-U and Ctrl-K to its start "
     "and end, Tab and Shift-Tab what may come next; Up and Down (Ctrl-P Ctrl-N) bring back its "
     "history; Esc, Ctrl-C or Ctrl-G leaves it.\n"
     "A text box, as in Prompt, holds several lines (multiline): Ctrl-O begins a new one (a "
     "line break, newline), Ctrl-X clears all of it, Enter or Esc ends typing. What is pasted "
     "keeps its line breaks; in a line they become spaces. Up in the first row and Down in "
     "the last bring back its history: texts typed before, in runs opened before too, until "
     "saetop ends."},
    {"which hooks are there, and which does a transcoder read?",
     "Places in a block, with blocks.N. before the name. The residual stream: "
     "hook_resid_pre before attention, hook_resid_mid between it and the MLP, "
     "hook_resid_post behind both. What is added to it: hook_attn_out, hook_mlp_out. Inside: "
     "attn.hook_z, the outputs of the heads; mlp.hook_post, what the MLP's last map reads.\n"
     "What an MLP reads stands at three places: hook_mlp_in, the residual stream before the "
     "norm; ln2.hook_normalized, behind the norm, before its weights; mlp.hook_in, behind "
     "those. A transcoder reads one of them: that of SAELens with use_hook_mlp_in "
     "hook_mlp_in, those of Gemma Scope ln2.hook_normalized, circuit-tracer's sets "
     "mlp.hook_in. SAEs train at each. Transcoders themselves are refused: they rebuild "
     "another place than the one that they read."},
    {"what is L0?",
     "The number of latents that are on for a token, averaged. A TopK SAE has it "
     "fixed at k or less. Compare two SAEs at the same L0: more latents always "
     "rebuild better."},
    {"what is explained variance?",
     "1 - sum|x - rebuilt|^2 / sum|x - mean|^2 over held-out activations: 1 is "
     "perfect, 0 no better than their mean. OOD is the same on text of another "
     "register, which was not trained on."},
    {"what is CE recovered?",
     "The model runs with its activation replaced by the rebuilt one. 1: it "
     "predicts as well as before; 0: as badly as with the activation erased. It "
     "weighs what matters to the model, which explained variance does not.\n"
     "Below 0 it is worse than erasing ('< erasing'): this text is unlike what the SAE "
     "was trained on, or it has trained too little. See that the model, the hook and "
     "the text are the SAE's own. Above 1 the text is predicted better with the SAE than "
     "without. From -.05 to 1.1 few rows may do that by chance, so only what lies beyond is "
     "remarked on. Over 1.1 ('> the model'), or where erasing costs nothing, the model "
     "itself does badly on the text: take another."},
    {"what is absorption?",
     "A latent for a general concept (animal) falls silent on some of its words "
     "(dog), because a more specific latent has absorbed the general direction. "
     "The latent then looks like 'animal' and quietly is not.\n"
     "Measured here on concept families, as the share of words where the concept's "
     "own latents are silent and another one stands in. The shaded band is a 95 % "
     "interval, clustered by concept. It tends to grow with training, and depends "
     "on k and width."},
    {"what do Concepts show?",
     "Per measure A, B and A-B, means over seeds where there are several; the latent is "
     "the first main one of the seed shown (" KEY_OF("seed") ": the next). "
     "F1cv: cross-validated, of the latent of greatest F1 on one half of the word forms, "
     "judged on the other, so it need not be that of the latent beside it. spread: over how "
     "many latents the concept is spread, the "
     "fewest whose joint probe reaches .95 of the F1 of ten. recall: on how much of the "
     "concept's words a main latent fires; absorb: where none does and another latent stands "
     "in, the mean over its words, each counting alike; frac: the same in part. In Latents a latent has the absorb of the concept that it matches, of its own seed alone.\n"
     "*: established, Holm over the family's concepts; ~: the interval leaves 0 out, but not "
     "after Holm, as one of so many may by chance; =: too small to matter.\n"
     "Below, the main latents: own F1, precision and recall of 'it fires' on words held out, "
     "firm: the share of resamples that choose the first one (after saetop eval). Absorbed by: the latents that take most of the concept's uses, "
     "each word counting alike, rare ones too; a word's row names the one that takes most of it. "
     "Absorbed: A 2 of 60 words: so many have that verdict.\n"
     "Then each word. fires: share of its occurrences on which a main latent fires. "
     "Of the occurrences that the model itself tells (by a probe on its activations): "
     "held: a main latent fires on half or more; absorbed: of the others, another latent "
     "stands in on half or more; missed: on fewer. So a word that is held can be absorbed "
     "in part. probe wrong: the model tells fewer than half; too rare: under 20 "
     "occurrences, no verdict. 4/5: so many seeds say so. by: the latent that absorbs most, "
     "of the seed shown, and its share of the occurrences that are absorbed; in brackets where "
     "the word is held all the same. "
     KEY_OF("open") " on a word shows where it stands, and what both do there.\n"
     KEY_ON("concepts", "curves") " puts the concept over training in place of its words. "
     KEY_ON("concepts", "partner") " opens the latent of the other condition that "
     "corresponds to this one's: pairs most alike in all, by the cosine of decoder rows and "
     "by firing together; "
     KEY_ON("concepts", "same-number") " opens the same number there.\n"
     KEY_ON("concepts", "rule") " changes the rule, " KEY_ON("concepts", "rule default")
     " brings SAEBench's back: an occurrence is absorbed where no main latent fires and the "
     "latent of the greatest projection on the probe's direction supplies a share of .4 of it "
     "or more, at a cosine of .025 or more. What "
     "is fixed: a latent fires above 1e-8; the absorption fraction counts three other "
     "latents of cosine .1; a further main latent raises F1 by more than .03.\n"
     "Without a concepts file the families are made from the vocabulary: first letters, "
     "word shapes (capital, all capitals, digits), suffixes, function words of the "
     "languages in Latin script that it has. --concepts FILE.csv "
     "(concept,parent,word) brings your own categories.\n"
     "A-B of one seed is no finding: others (" KEY_OF("seed") ") may turn it round, and after "
     "sorting the largest of many differences is large by chance as well."},
    {"what does Compare show?",
     "Two conditions of a run, or of two runs (" KEY_ON("compare", "choose-run") " chooses them; "
     "saetop R1 R2), or a run and another tool's SAE: what may be concluded, measures, "
     "settings that differ, curves, latents. All differences are of [1] less [2].\n"
     "Over several seeds the verdict is that of `saetop verdict`: established, too small "
     "to matter, or unclear. One seed establishes nothing: its interval is of the text. "
     "Figures are those that `saetop eval` kept, else what training measured, else both "
     "sides are evaluated for it. Figures of SAEs that were trained on different text are "
     "not compared, but of one pair: both are then evaluated on the text of the open run. "
     "Nothing is compared with itself: a seed beside the condition that it is of is held "
     "against the seed shown of that.\n"
     "Latents are as alike as the mean of two cosines: of their decoder rows, and of "
     "where they fire. Pairs are of the optimal assignment (beyond 4,096 latents: mutual "
     "nearest neighbours), alike by .5 or more. Split: several latents of [2] that fire "
     "mostly inside of where the one of [1] does; fused: the other way. Those that fire "
     "on fewer than 10 tokens are left out. " KEY_OF("open") " on a line shows contexts of both, "
     "with a cursor that goes from one to the next and to the other side: "
     KEY_OF("open") " there opens the latent in Detail, " KEY_ON("compare", "send")
     " asks about the context in Prompt. Other seeds find other latents, too: hold a "
     "condition against another seed of itself to see what masks have no part in."},
    {"what do Runs show?",
     "The runs in the folder where " KEY_ON("train", "save") " saves, or in that of :folder DIR: "
     "a line each, the newest first. p is the masking rate of each condition, arms "
     "conditions x seeds. "
     "L0, EV and absorption are condition A's, means over its seeds, of the last "
     "evaluation while it trained; below, all conditions of the run under the cursor. "
     "They are no verdict: saetop verdict RUN... is.\n"
     "* is a mark; a dot, that the run is open here or in another process. "
     KEY_ON("runs", "open") " opens a run in place of this one, and asks first where "
     "training would be lost; one that is being trained is followed from save to save. "
     KEY_ON("runs", "train-on") " trains a run on, " KEY_ON("runs", "compare-run") " compares "
     "it with the one that is open. " KEY_ON("runs", "delete ask") " moves it to .trash in the "
     "same folder, from where " KEY_OF("undo") " brings it back and which nothing empties; "
     "a run that a process has, or that is open here, stays."},
    {"what is masking?",
     "While the SAE trains, each input token is replaced by a mask token with "
     "probability p before the language model runs; so words that go together are "
     "seen apart. Evaluation is always on unmasked text.\n"
     "arXiv:2604.06495 reports less absorption and a smaller OOD gap. Measured "
     "here on the bundled sample, five paired seeds of 2,000 steps, p 0.3 against "
     "0: explained variance lower by .02 and F1 of the best latent higher by .05; OOD "
     "explained variance slightly lower; absorption, main-latent recall and OOD "
     "cross-entropy not established either way. That is one study: the run before "
     "you has other seeds and fewer rows of text to be measured on, and may establish "
     "none of it. Its box on Train says what it does. Change the rate, and doubt it."},
    {"what is main-latent recall?",
     "Of a concept's words, the share on which one of the concept's main latents "
     "fires. Low recall means holes: words of the concept that its latents do not "
     "answer to, for whatever reason; absorption is one reason."},
    {"what is a match?",
     "The word or concept that 'the latent is at or above a cut' tells best, by F1, at "
     "the best cut. Kinds: word; leaf, a category such as mammal; super, a category of "
     "categories; letter; grammar, a class such as preposition or verb_past.\n"
     "after X: the token before belongs to X, not the token itself. Attention has "
     "carried it here, and many latents hold just that. A latent without a match may "
     "still answer to something: a phrase, a kind of sentence, a place in a text."},
    {"what is the logit lens?",
     "The latent's direction read by the model's output matrix: the tokens it "
     "makes more (left) and less (right) likely, if nothing came between. For an "
     "early layer much does, so it is a hint, not an effect. The measured effect "
     "is 'loss if ablated'. Where an MLP reads the hook there is none."},
    {"what is next, without it?",
     "In a context of Detail: the token that the model holds likeliest after the one "
     "that the latent fires on, and its probability; then the same with the latent "
     "silenced in all of the text up to there: it alone, whatever else is silenced in Prompt. "
     "Only what the latent adds is taken out: "
     "what the SAE leaves over stays, as with " KEY_ON("detail", "silence-latent") ". Brighter where it "
     "is another token then."},
    {"what is a condition, a seed, a twin?",
     "A condition is a way to train: A masked, B not. Each has arms, one a seed of "
     "weights: other first weights and another order of batches, on the same text. "
     KEY_ON("train", "toggle-mask") ", " KEY_ON("train", "rate -0.05") " " KEY_ON("train", "rate +0.05")
     " and :mask act on all of them. Curves show their mean and the band from the "
     "least to the greatest (" KEY_ON("train", "seed-lines") ": each as a thin line); "
     "latents and concepts are those of one seed, which " KEY_OF("seed") " changes. A twin is "
     "the same with the opposite masking: whatever then differs comes from masking and "
     "chance.\n"
     "`:condition few k=2` adds a condition: A's settings but for these, with its seeds, "
     "trained from step 0 while the others wait, to the weights that it would have had "
     "from the start. The first time it says what that takes. `:condition random "
     "decoder=random` (or --random) is a control: its decoder stays as random as it "
     "began, and the rest is trained. `:tune B lr=0.001` changes one on the way, in all "
     "of its seeds, from the next step on: lr, k, l1, l0, aux.coef; an event says from "
     "what to what, and " KEY_OF("undo") " takes it back as another.\n"
     "The sample starts with five seeds a condition; --seeds N asks for others. All "
     "read one text through one model: that is as far as what they establish goes."},
    {"what do the seeds establish?",
     "The box A-B pairs the conditions seed by seed: mean difference, ± half of its "
     "95 % t interval, and a verdict. Before the planned step it is 'so far', in grey, and "
     "establishes nothing. Then, Holm-adjusted over the list of Compare: * established, "
     "▲ higher or ▼ lower, and whether that is better or worse; small =: too small to matter, as the interval lies within .01 "
     "(recall and F1 .02); else unclear: not established, which is not 'no effect'; unclear ~: "
     "its own interval leaves 0 out, but Holm asks more of one among several. "
     KEY_OF("focus +") " to the box and " KEY_ON("train", "zoom") " show both values, "
     "the interval and what it 'needs': the smallest difference that so many seeds of this "
     "spread would establish ('beyond': none that the measure can have).\n"
     "within random: beside a random control, the measure is not established to differ "
     "from it; an arrow before it is of the two conditions.\n"
     "not comparable: k, clean L0 or more than masks differ. Losses of masked and of "
     "unmasked batches never are. One seed: only absorption has an interval, of the text.\n"
     "In turn: cross-entropies are measured of one seed at a time while training goes on, "
     "of all at the first and the last evaluation. :seeds +1 adds a seed of weights to "
     "each condition: it trains from step 0 while the others wait, and since one has "
     "looked the intervals become those that hold for any number of seeds (Lai 1976), "
     "wider. saetop verdict RUN measures more, on "
     "more rows."},
    {"signs and units",
     "nats: the unit of a loss, by the natural logarithm; .69 nats more is half the "
     "probability. Δloss: by how many nats the next token's loss changes where the latent "
     "fires and is taken out; + means that the model misses it.\n"
     "tok/s: positions that the model reads in a second, of all arms. RSS: the memory that "
     "the program holds just now (resident set size), in MiB.\n"
     "▲ ▼ beside A-B: higher, lower; green where that is better. ±: half the width of "
     "a 95 % interval. ▾ ▴ at a column: sorted by it, the largest or the smallest first. "
     "ρ: density, the share of tokens that a latent fires on. Before a latent: * it is marked "
     "(" KEY_ON("latents", "mark") "), × it is silenced (" KEY_ON("latents", "silence") "), in Prompt ± it is steered (" KEY_ON("prompt", "steer") ")."},
    {"the filter",
     KEY_ON("latents", "filter") " dog keeps latents with dog in their top tokens, match, "
     "label or #number; dog cat keeps those with both, a|b with either, !x without. "
     "density>1e-4 f1>=.5 compares (Tab completes names); dead, labelled, marked and matched "
     "are flags.\n"
     "\"a b\" is a text with what else would be a sign; in it \\\" is a quote and \\\\ a "
     "backslash. /regex/ is a POSIX extended expression: \\/ is a slash, \\\\ a "
     "backslash, and \\w \\s \\b stand for word, space and word's edge."},
    {"reading the curves",
     "A (orange) and B (blue) carry their letters at the right end, further conditions "
     "C and D; around the mean of several seeds lies the band from the least to the "
     "greatest. A dotted "
     "vertical line is an event: a change of mask, a note, a save. With smoothing "
     "the measured points stay behind, dim. A gap is a value that is not finite; "
     "the title counts them."},
    {"asking in Prompt",
     "Two passes of the model stand side by side: 'base' is the text alone, "
     "'edited' is with tokens masked and latents silenced or steered. What may come next is "
     "in the order of the larger of its two shares: what fell stands where it was. Steering adds to "
     "the residual only what the latent changes, so the SAE's own error stays. "
     "A strength is in the unit of activations, or typed with an x, as 0.8x, in multiples "
     "of the greatest activation seen of the latent on held-out text. "
     "'beyond text' warns of an activation that no text shows: above the greatest seen "
     "('far' from 5 times that on), or below 0, which adding less than nothing makes of it "
     "where the latent is silent; scaled instead, it stays 0 there. KL, in nats, is how far 'edited' moves what is expected "
     "next; 0 is not at all. 'logp' is the natural logarithm of the share that the token "
     "itself had, surprise is -logp; the token of rank 1 is the one that the model held "
     "likeliest there.\n"
     "Bars of latents are shares of the greatest activation seen of each (/max), and as long "
     "as no text was read for it of the greatest in the prompt (/own).\n"
     "Why: integrated gradients (Sundararajan, Taly, Yan 2017) share the difference of two "
     "logits out among latents and the SAE's error, the inputs as Marks et al. 2024 have "
     "them, from zero latents on; 'without both' is what is there at zero. It is "
     "'complete' where all of it sums to the difference, to a thousandth "
     "or 1e-4 logits, which is what float can tell. 'silenced' is what the difference "
     "really loses without that latent alone, while others may make up for it or lean on it, "
     "so that its sign may be the other; the rank correlation of the eight greatest says "
     "how far the two agree. Where its interval holds 0 (eight are few) a single contribution is "
     "not to be trusted: the sum is complete by itself, whatever the parts are. "
     KEY_ON("prompt", "why") " explains the chosen next token, pressed again closes that; :why here explains the "
     "token under the cursor itself; in a text that was written the token under the cursor there.\n"
     "Written texts: with masks or edits 'base' and 'edited' go on token by token, in rows that "
     "break at the same tokens; what differs is bright, the token across is underlined. "
     KEY_OF("move right") " at the end of what is written writes a token more; N, temperature=X, top_p=X and "
     "seed=N behind :write say how it is written.\n"
     "After a token is deleted, put in or replaced the list and the next tokens stand "
     "beside those 'before', until " KEY_ON("prompt", "list") " chooses a list or another text is typed. "
     KEY_ON("prompt", "pin") " pins the prompt, to compare all that follow with it; each condition has "
     "its own edits."},
    {"mouse",
     "Click a tab, pane, row, column title, hint, the rate's slider or that of a strength in Prompt. A second "
     "click on a row opens it. The wheel scrolls what is under the pointer. A "
     "click in a curve places the cursor, a double click resets the zoom. "
     "Shift-drag stays with the terminal, for copying. :set mouse off"},
    {"glyphs", "braille ⣀⠤⠒⠉⡇⢸  "
               "blocks ▁▃▅▇█▄▀  box ┌─┐│┏━┓\n"
               "If these look broken, your font lacks them: :set glyphs block, or :set "
               "glyphs ascii."},
};
/* clang-format on */

size_t topics_count(void)
{
    return sizeof topics / sizeof topics[0];
}

const struct topic *topics_at(size_t i)
{
    return i < topics_count() ? &topics[i] : NULL;
}
