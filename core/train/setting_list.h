/* Every setting of a run, a row each; settings.h and settings.c derive everything else
 * from them.
 *
 * X(TYPE, field, key, flag, default, limits, scope, needs, help)
 *   TYPE     STR text, LONG a longer one, INT int64_t, NUM double, BOOL yes or no, ENUM
 *            a word
 *   field    in struct settings
 *   key      in files and for --set; flag: its option, NULL for none
 *   default  as text; "auto" (for an INT also a 0 where the help says so) is
 *            replaced by settings_resolve, so that a run records what it used
 *   limits   RANGE(lo, hi) of a number, WORDS(field) of an ENUM (setting_words.h),
 *            YES_NO, NO_LIMITS
 *   scope    RUN, ARM or FREE, see enum setting_scope; TUNABLE: ARM, and may change
 *            while the arm trains
 *   needs    the feature of an architecture it is for: a NEEDS_ of settings.c
 */
#ifndef SAETOP_TRAIN_SETTING_LIST_H
#define SAETOP_TRAIN_SETTING_LIST_H

#include "text/mask.h"

#define SETTING_TEXT_OF_(number) #number
#define SETTING_TEXT_OF(number)  SETTING_TEXT_OF_(number)

/* Settings of an architecture and its decoder. */
#define SETTING_LIST_ARCH(X)                                                           \
    X(ENUM, normalize, "normalize_activations", NULL, "expected_average_only_in",      \
      WORDS(normalize), RUN, ANY, "one factor for all, or by row")                     \
    X(BOOL, apply_b_dec, "apply_b_dec", NULL, "yes", YES_NO, ARM, ANY,                 \
      "whether b_dec is taken from the input of the encoder")                          \
    X(ENUM, decoder, "decoder", NULL, "auto", WORDS(decoder), ARM, ANY,                \
      "decoder rows kept at norm 1, or free with norms in penalties, or left at "      \
      "the random unit vectors of the start (a control that learns no directions)")    \
    X(NUM, decoder_init, "decoder_init", NULL, "auto", RANGE(1e-9, 1e6), ARM, ANY,     \
      "norm of decoder rows at the start; auto: 1, for standard 0.1")                  \
    X(ENUM, dead, "dead", NULL, "auto", WORDS(dead), ARM, ANY,                         \
      "what is done about dead latents")                                               \
    X(INT, resample_every, "resample.every", NULL, "0", RANGE(0, 1000000000), ARM,     \
      RESAMPLE, "steps between resamplings of dead latents; 0: a quarter of the run")  \
    X(ENUM, resample_form, "resample.form", NULL, "centred", WORDS(resample_form),     \
      ARM, RESAMPLE,                                                                   \
      "a resampled latent takes the direction of x - b_dec, or x as it is "            \
      "(dictionary_learning)")                                                         \
    X(ENUM, aux_form, "aux.form", NULL, "normalised", WORDS(aux_form), ARM, AUXK,      \
      "AuxK as dictionary_learning has it, or as SAELens")                             \
    X(NUM, l1, "l1", NULL, "auto", RANGE(0, 1e9), TUNABLE, L1,                         \
      "weight of the penalty on activations; auto: by architecture")                   \
    X(NUM, l0, "l0", NULL, "auto", RANGE(0, 1e9), TUNABLE, JUMP,                       \
      "weight of jumprelu's L0 loss")                                                  \
    X(INT, coef_warmup, "sparsity.warmup", NULL, "auto", RANGE(0, 1000000000), ARM,    \
      L1_OR_JUMP,                                                                      \
      "steps in which l1 or l0 rises from 0; auto: a twentieth of the run, for "       \
      "jumprelu all")                                                                  \
    X(NUM, lp, "lp", NULL, "1", RANGE(0.01, 2), ARM, LP,                               \
      "exponent of the penalty; 1: L1")                                                \
    X(ENUM, lp_form, "lp.form", NULL, "sum", WORDS(lp_form), ARM, LP,                  \
      "the penalty of a token is sum f^p, or its p-th root")                           \
    X(STR, groups, "matryoshka.groups", NULL, "0.03125,0.0625,0.125,0.25,0.53125",     \
      NO_LIMITS, ARM, GROUPS,                                                          \
      "shares of the latents, or widths of the prefixes (64,256,1024)")                \
    X(STR, group_weights, "matryoshka.weights", NULL, "", NO_LIMITS, ARM, GROUPS,      \
      "weight of each prefix's error; empty: the same for all")                        \
    X(ENUM, group_loss, "matryoshka.loss", NULL, "mean", WORDS(group_loss), ARM,       \
      GROUPS,                                                                          \
      "weights 1/G and the mean of it (dictionary_learning), or the plain sum "        \
      "(SAELens)")                                                                     \
    X(ENUM, group_prefixes, "matryoshka.prefixes", NULL, "fixed",                      \
      WORDS(group_prefixes), ARM, GROUPS,                                              \
      "the same prefixes always, or new ones each step, log-uniform")                  \
    X(ENUM, group_aux, "matryoshka.aux", NULL, "whole", WORDS(group_aux), ARM, GROUPS, \
      "dead latents learn what the SAE leaves, or what their own prefix does "         \
      "(SAELens' use_matryoshka_aux_loss, with aux.form=scaled)")                      \
    X(BOOL, gated_detach, "gated.detach", NULL, "yes", YES_NO, ARM, GATE,              \
      "whether the gate's own error trains the encoder alone")                         \
    X(ENUM, jump_loss, "jumprelu.loss", NULL, "step", WORDS(jump_loss), ARM, JUMP,     \
      "sum H, sum tanh(c f n), (L0/t - 1)^2 of the batch, 2/t (L0 - t)^2 of "          \
      "each row, t: target_l0")                                                        \
    X(NUM, bandwidth, "jumprelu.bandwidth", NULL, "auto", RANGE(1e-9, 1e6), ARM, JUMP, \
      "width of the window that thresholds learn from; auto: 2")                       \
    X(NUM, init_threshold, "jumprelu.threshold", NULL, "auto", RANGE(0, 1e6), ARM,     \
      JUMP, "thresholds at the start; auto: 1, for tanh 0.1")                          \
    X(NUM, tanh_scale, "jumprelu.tanh_scale", NULL, "4", RANGE(1e-6, 1e6), ARM, JUMP,  \
      "c of tanh")                                                                     \
    X(NUM, target_l0, "jumprelu.target_l0", NULL, "auto", RANGE(1e-6, 1e6), TUNABLE,   \
      JUMP, "target of the quadratic loss; auto: k")                                   \
    X(NUM, pre_act, "jumprelu.pre_act", NULL, "auto", RANGE(0, 1e6), ARM, JUMP,        \
      "weight that pulls dead latents up; auto: 3e-6 for tanh, else 0")                \
    X(BOOL, jump_ste, "jumprelu.ste_to_input", NULL, "no", YES_NO, ARM, JUMP,          \
      "whether the encoder gets the thresholds' gradient too, negated")                \
    X(ENUM, jump_of, "jumprelu.step_of", NULL, "pre", WORDS(jump_of), ARM, JUMP,       \
      "what the step function of the loss sees")                                       \
    X(NUM, anneal_from, "p_anneal.from", NULL, "0.2", RANGE(0, 1), ARM, ANNEAL,        \
      "share of the run at which the exponent begins to fall")                         \
    X(NUM, anneal_to, "p_anneal.to", NULL, "0.9", RANGE(0, 1), ARM, ANNEAL,            \
      "share at which it is down")                                                     \
    X(NUM, p_end, "p_anneal.end", NULL, "0.2", RANGE(0.01, 1), ARM, ANNEAL,            \
      "the exponent at the end")                                                       \
    X(INT, anneal_updates, "p_anneal.updates", NULL, "10", RANGE(1, 1000000), ARM,     \
      ANNEAL, "in so many")                                                            \
    X(NUM, calibrate_l0, "threshold.target_l0", NULL, "0", RANGE(0, 1e6), RUN,         \
      THRESHOLD_OR_JUMP,                                                               \
      "L0 that inference thresholds are set to on clean text before they are "         \
      "used; 0: the running average, or what was learned")

/* What replaces a model: files of activations, or known features (synth_config of
 * acts/synthetic.h). */
#define SETTING_LIST_SYNTH(X)                                                          \
    X(ENUM, source, "source", "source", "model", WORDS(source), RUN, ANY,              \
      "activations of a model, of known features, or made elsewhere")                  \
    X(STR, activations, "activations", "activations", "", NO_LIMITS, RUN, ANY,         \
      "folder of activations made elsewhere, in the place of model and corpus")        \
    X(STR, tokenizer, "tokenizer", "tokenizer", "", NO_LIMITS, FREE, ANY,              \
      "tokenizer.json or model directory of the token ids of activations")             \
    X(INT, synth_d, "synthetic.d", NULL, "80", RANGE(1, 65536), RUN, ANY,              \
      "width of a synthetic row")                                                      \
    X(INT, synth_parents, "synthetic.parents", NULL, "8", RANGE(1, 4096), RUN, ANY,    \
      "parent features")                                                               \
    X(INT, synth_children, "synthetic.children", NULL, "5", RANGE(1, 4096), RUN, ANY,  \
      "children of each, which exclude one another")                                   \
    X(INT, synth_others, "synthetic.others", NULL, "24", RANGE(0, 65536), RUN, ANY,    \
      "features of no family")                                                         \
    X(NUM, synth_parent_rate, "synthetic.parent_rate", NULL, "0.15", RANGE(0, 0.5),    \
      RUN, ANY, "mean probability of a parent")                                        \
    X(NUM, synth_other_rate, "synthetic.other_rate", NULL, "0.05", RANGE(0, 0.5), RUN, \
      ANY, "mean probability of a feature of no family")                               \
    X(NUM, synth_child_share, "synthetic.child_share", NULL, "0.8", RANGE(0, 1), RUN,  \
      ANY, "share of a parent's occurrences with a child")                             \
    X(NUM, synth_zipf, "synthetic.zipf", NULL, "0.5", RANGE(0, 10), RUN, ANY,          \
      "exponent of their frequencies")                                                 \
    X(NUM, synth_magnitude, "synthetic.magnitude", NULL, "1", RANGE(1e-6, 1e6), RUN,   \
      ANY, "mean magnitude of a feature that is on")                                   \
    X(NUM, synth_spread, "synthetic.spread", NULL, "0.1", RANGE(0, 1e6), RUN, ANY,     \
      "sd of it")                                                                      \
    X(NUM, synth_correlation, "synthetic.correlation", NULL, "0", RANGE(0, 0.999),     \
      RUN, ANY, "loading of features on the factors of a row; 0: independent")         \
    X(INT, synth_factors, "synthetic.factors", NULL, "1", RANGE(1, 64), RUN, ANY,      \
      "factors of a row")                                                              \
    X(ENUM, synth_loadings, "synthetic.loadings", NULL, "groups",                      \
      WORDS(synth_loadings), RUN, ANY,                                                 \
      "each feature on one factor, or on all of them (low rank)")                      \
    X(ENUM, synth_correlated, "synthetic.correlated", NULL, "all",                     \
      WORDS(synth_correlated), RUN, ANY,                                               \
      "parents correlate too, or only features of no family")                          \
    X(NUM, synth_context, "synthetic.context", NULL, "0", RANGE(0, 1), RUN, ANY,       \
      "probability of a child's context feature where it is on; 0: there are "         \
      "none")                                                                          \
    X(NUM, synth_context_rate, "synthetic.context_rate", NULL, "0", RANGE(0, 1), RUN,  \
      ANY, "probability of a context feature where its child is not on")               \
    X(ENUM, synth_context_of, "synthetic.context_of", NULL, "child",                   \
      WORDS(synth_context_of), RUN, ANY,                                               \
      "a context feature for each child, or one for its family")                       \
    X(INT, synth_sequence, "synthetic.sequence", NULL, "1", RANGE(1, 4096), RUN, ANY,  \
      "rows of a sequence, which has one parent; 1: rows are independent")             \
    X(NUM, synth_content, "synthetic.content", NULL, "0.5", RANGE(0, 1), RUN, ANY,     \
      "share of a sequence's rows with its parent of their own")                       \
    X(NUM, synth_carry, "synthetic.carry", NULL, "0", RANGE(0, 1), RUN, ANY,           \
      "how much of the parent the later rows of a sequence have from their "           \
      "context")                                                                       \
    X(ENUM, synth_masked, "synthetic.masked", NULL, "token", WORDS(synth_masked), RUN, \
      ANY, "a mask takes the row's own child, or what its context gives")              \
    X(NUM, synth_keep_parent, "synthetic.keep_parent", NULL, "1", RANGE(0, 1), RUN,    \
      ANY, "probability that a masked row keeps its parents")                          \
    X(BOOL, synth_mask_feature, "synthetic.mask_feature", NULL, "yes", YES_NO, RUN,    \
      ANY, "whether the mask itself is a feature")                                     \
    X(INT, synth_eval_rows, "synthetic.eval_rows", NULL, "20000",                      \
      RANGE(100, 10000000), FREE, ANY,                                                 \
      "clean rows that an SAE is held against the truth on")

#define SETTING_LIST(X)                                                                \
    X(STR, model, "model", "model", "", NO_LIMITS, RUN, ANY,                           \
      "model directory (Hugging Face layout) or GGUF file")                            \
    X(STR, corpus, "corpus", "corpus", "", NO_LIMITS, RUN, ANY,                        \
      "training text: .txt, .csv (column text, or FILE#COLUMN), .jsonl (text, or "     \
      "FILE#KEY), ids as .npy or .bin, each also .gz; a folder or quoted pattern of "  \
      "them; -; or a grammar (FILE#register)")                                         \
    X(STR, ood, "ood", "ood", "", NO_LIMITS, RUN, ANY,                                 \
      "text of another kind; tail: the last 5 % of corpus, held back (default with "   \
      "a text of one's own)")                                                          \
    X(STR, concepts, "concepts", "concepts", "", NO_LIMITS, RUN, ANY, "concepts.csv")  \
    X(STR, hook, "hook", "hook", "blocks.1.hook_resid_post", NO_LIMITS, RUN, ANY,      \
      "where it reads: blocks.N. and hook_resid_pre|mid|post, hook_attn_out, "         \
      "hook_mlp_in|out, attn.hook_z, ln2.hook_normalized, mlp.hook_in|post; of "       \
      "over 4 blocks the middle, but in sweeps")                                       \
    X(ENUM, precision, "lm.precision", NULL, "f32", WORDS(precision), RUN, ANY,        \
      "products of the model: in float, of factors rounded to bfloat16, or so where "  \
      "the CPU has AVX512-BF16 (auto)")                                                \
    X(STR, arch, "arch", "arch", "matryoshka", NO_LIMITS, ARM, ANY,                    \
      "SAE architecture")                                                              \
    X(INT, width, "width", "width", "512", RANGE(1, 4194304), ARM, ANY,                \
      "latents (d_sae)")                                                               \
    X(NUM, k, "k", "k", "4", RANGE(0.01, 65536), TUNABLE, K_OR_JUMP,                   \
      "active latents of a token; on average for batchtopk and matryoshka, "           \
      "where it need not be whole")                                                    \
    X(NUM, mask_rate, "mask.rate", "mask-rate", SETTING_TEXT_OF(MASK_RATE_USUAL),      \
      RANGE(0, MASK_RATE_MAX), ARM, ANY, "share of input tokens masked in training")   \
    X(STR, mask_token, "mask.token", "mask-token", "", NO_LIMITS, RUN, ANY,            \
      "what stands for a masked token: text of one token, or #ID")                     \
    X(ENUM, mask_kind, "mask.kind", NULL, "token", WORDS(mask_kind), RUN, ANY,         \
      "replace by a fixed token or by a draw (draws can leak words of the OOD "        \
      "text)")                                                                         \
    X(ENUM, mask_positions, "mask.positions", NULL, "keep", WORDS(mask_positions),     \
      ARM, ANY,                                                                        \
      "train on activations at masked positions, leave them out, or take all "         \
      "others from unmasked rows (a control: no context is masked)")                   \
    X(ENUM, mask_schedule, "mask.schedule", NULL, "constant", WORDS(mask_schedule),    \
      ARM, ANY, "how the rate moves from mask.rate to mask.rate_end")                  \
    X(NUM, mask_rate_end, "mask.rate_end", NULL, "0", RANGE(0, MASK_RATE_MAX), ARM,    \
      ANY, "rate at the end of a linear or cosine schedule")                           \
    X(INT, mask_schedule_steps, "mask.schedule_steps", NULL, "0",                      \
      RANGE(0, 1000000000), ARM, ANY, "length of the schedule; 0: the whole run")      \
    X(INT, steps, "steps", "steps", "1500", RANGE(1, 1000000000), RUN, ANY,            \
      "optimizer steps")                                                               \
    X(INT, batch, "batch", "batch", "1024", RANGE(1, 1048576), RUN, ANY,               \
      "activations in a step")                                                         \
    X(NUM, lr, "lr", "lr", "auto", RANGE(0, 10), TUNABLE, ANY,                         \
      "Adam learning rate; auto: by architecture")                                     \
    X(INT, lr_warmup, "lr.warmup", NULL, "0", RANGE(0, 1000000000), ARM, ANY,          \
      "steps of linear warm-up; 0: a thirtieth of the run, 50 at most")                \
    X(ENUM, lr_warmup_from, "lr.warmup_from", NULL, "first", WORDS(lr_warmup_from),    \
      ARM, ANY,                                                                        \
      "the first step moves at 1/lr.warmup of the rate, or not at all "                \
      "(dictionary_learning)")                                                         \
    X(NUM, lr_decay_from, "lr.decay_from", NULL, "0.75", RANGE(0, 1), ARM, ANY,        \
      "share of the run after which the rate falls to 0; 1: never")                    \
    X(ENUM, lr_schedule, "lr.schedule", NULL, "linear", WORDS(lr_schedule), ARM, ANY,  \
      "constant until lr.decay_from, or half a cosine to a tenth")                     \
    X(NUM, adam_beta1, "adam.beta1", NULL, "auto", RANGE(0, 0.99999), ARM, ANY,        \
      "Adam's first decay; auto: by architecture")                                     \
    X(NUM, adam_beta2, "adam.beta2", NULL, "0.999", RANGE(0, 0.9999999), ARM, ANY,     \
      "Adam's second decay")                                                           \
    X(NUM, adam_eps, "adam.eps", NULL, "1e-8", RANGE(0, 1), ARM, ANY,                  \
      "Adam's epsilon")                                                                \
    X(NUM, clip, "clip", NULL, "1", RANGE(1e-9, 1e9), ARM, ANY,                        \
      "global gradient norm at most")                                                  \
    SETTING_LIST_ARCH(X)                                                               \
    SETTING_LIST_SYNTH(X)                                                              \
    X(NUM, aux_coef, "aux.coef", NULL, "0.03125", RANGE(0, 1000), TUNABLE, AUXK,       \
      "weight of the AuxK loss on dead latents; 0: none")                              \
    X(INT, aux_k, "aux.k", NULL, "0", RANGE(0, 65536), ARM, AUXK,                      \
      "latents of AuxK; 0: half of d_model")                                           \
    X(INT, dead_after, "dead_after", NULL, "0", RANGE(0, 1000000000), ARM, ANY,        \
      "steps without firing that make a latent dead; 0: a fifteenth of the "           \
      "run, 20 to 1000")                                                               \
    X(NUM, threshold_lr, "threshold_lr", NULL, "0.01", RANGE(0, 1), ARM, THRESHOLD,    \
      "running average of a batch architecture's threshold")                           \
    X(INT, context, "context", NULL, "0", RANGE(0, 65536), RUN, ANY,                   \
      "tokens of a row; 0: the model's own context, 128 at most")                      \
    X(INT, fill_rows, "fill_rows", NULL, "128", RANGE(1, 65536), RUN, ANY,             \
      "rows of text in the shuffle buffer")                                            \
    X(INT, log_every, "log.every", NULL, "10", RANGE(1, 1000000000), FREE, ANY,        \
      "steps between rows of metrics.csv")                                             \
    X(INT, eval_every, "eval.every", NULL, "0", RANGE(0, 1000000000), FREE, ANY,       \
      "steps between evaluations; 0: ten in a run; always one at its end")             \
    X(INT, eval_rows, "eval.rows", NULL, "16", RANGE(1, 65536), FREE, ANY,             \
      "held-out rows for explained variance and cross-entropy")                        \
    X(INT, eval_ce_rows, "eval.ce_rows", NULL, "0", RANGE(0, 65536), FREE, ANY,        \
      "of these the first for cross-entropy; 0: all of them, in the explorer 4")       \
    X(INT, concept_rows, "eval.concept_rows", NULL, "512", RANGE(1, 1048576), FREE,    \
      ANY, "held-out rows searched for concept words")                                 \
    X(INT, browse_rows, "browse.rows", NULL, "512", RANGE(1, 1048576), FREE, ANY,      \
      "held-out rows that latents are described from")                                 \
    X(ENUM, twin, "twin", NULL, "none", WORDS(twin), RUN, ANY,                         \
      "train a second arm, the same but for masking, from step 0")                     \
    X(LONG, also, "also", NULL, "", NO_LIMITS, RUN, ANY,                               \
      "further arms from the same harvest: k=8,mask-rate=0.3, named: few:k=2; "        \
      "several by ';'")                                                                \
    X(INT, checkpoint_every, "checkpoint.every", "checkpoint-every", "0",              \
      RANGE(0, 1000000000), FREE, ANY,                                                 \
      "steps between checkpoints; 0: save at the end only")                            \
    X(INT, checkpoint_keep, "checkpoint.keep", NULL, "0", RANGE(0, 1000000000), FREE,  \
      ANY,                                                                             \
      "of the checkpoints those at multiples of this many steps are kept; 0: "         \
      "every one")                                                                     \
    X(STR, checkpoint_best, "checkpoint.best", NULL, "explained_variance", NO_LIMITS,  \
      FREE, ANY,                                                                       \
      "with checkpoint.every: column of metrics.csv by which the best "                \
      "evaluation is kept as well; none: no")                                          \
    X(STR, cache, "cache", "cache", "", NO_LIMITS, FREE, ANY,                          \
      "folder that keeps activations for further runs on the same model and "          \
      "text")                                                                          \
    X(STR, cache_hooks, "cache.hooks", NULL, "", NO_LIMITS, FREE, ANY,                 \
      "further hooks whose activations cache keeps, with commas between: runs at "     \
      "these never run the model for training")                                        \
    X(ENUM, cache_dtype, "cache.dtype", NULL, "fp32", WORDS(cache_dtype), RUN, ANY,    \
      "fp32 changes nothing; fp16 rounds what is trained on, at half the space")       \
    X(INT, seed, "seed", "seed", "1", RANGE(0, 9007199254740991), RUN, ANY,            \
      "seed of text and masks, and of weights unless seed.weights names one")          \
    X(INT, seed_weights, "seed.weights", NULL, "auto", RANGE(0, 9007199254740991),     \
      ARM, ANY, "seed of first weights and of the order of batches; auto: seed")       \
    X(INT, seed_count, "seed.count", "seeds", "1", RANGE(1, 64), RUN, ANY,             \
      "arms of each condition, with seed.weights and the seeds after it, on the "      \
      "same text and masks")                                                           \
    X(INT, threads, "threads", "threads", "0", RANGE(0, 1024), FREE, ANY,              \
      "threads; 0: as many as the process may use")

#endif
