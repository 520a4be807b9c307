#include "ui/word_search.h"

#include "ui/filter.h"

#include <string.h>
#include <strings.h>

enum { STEM_LEAST = 3 };

/* Words for the same thing, a row each; at least one of each row is in the help
 * texts. */
#define ROW_WORDS 8
static const char *const same[][ROW_WORDS] = {
    {"latent", "feature", "neuron", "unit"},
    {"quit", "exit", "leave", "close"},
    {"find", "search", "look", "grep"},
    {"filter", "narrow", "where", "only"},
    {"undo", "revert", "take back", "reset", "restore"},
    {"save", "checkpoint", "store", "snapshot"},
    {"pause", "stop", "halt", "freeze"},
    {"resume", "continue", "go on", "restart"},
    {"mask", "corrupt", "noise", "dropout"},
    {"curve", "chart", "graph", "plot"},
    {"export", "dump", "download", "write"},
    {"label", "name", "rename", "call", "explanation", "autointerp", "annotate"},
    {"mark", "tag", "select", "star"},
    {"sparsity", "L0"},
    {"variance", "EV", "r2", "reconstruct"},
    {"entropy", "CE", "perplexity"},
    {"concept", "category", "class"},
    {"token", "word"},
    {"context", "example", "sentence"},
    {"compare", "diff", "versus"},
    {"condition", "arm", "variant"},
    {"seed", "replicate", "repeat"},
    {"theme", "colour", "color", "dark", "light", "appearance"},
    {"key", "shortcut", "binding", "hotkey"},
    {"command", "palette", "menu"},
    {"dead", "inactive", "unused"},
    {"density", "frequency", "how often"},
    {"neighbour", "neighbor", "similar", "near"},
    {"delete", "remove", "trash", "erase"},
    {"learning rate", "lr", "step size"},
    {"screen", "tab", "page", "view"},
    {"interval", "confidence", "error bar", "CI"},
    /* Words of those who take models apart. */
    {"silence", "ablate", "ablation", "knockout", "suppress", "turn off", "zero out"},
    {"steer", "steering", "intervene", "intervention", "patch", "boost", "amplify"},
    {"strength", "coefficient", "multiplier"},
    {"write on", "generate", "generation", "continue", "continuation", "sampling",
     "rollout", "autocomplete"},
    {"contributions", "attribution", "attribute", "why", "circuit", "responsible",
     "integrated gradients"},
    {"effect", "impact", "causal", "downstream", "consequence"},
    {"lens", "unembed", "promote", "dla", "direct logit attribution"},
    {"next token", "logprob", "logits", "probability", "prediction"},
    {"surprise", "surprisal", "nll"},
    {"hook", "embed", "embedding", "layer", "resid", "residual"},
    {"autoencoder", "dictionary", "dictionary learning", "crosscoder", "transcoder"},
    {"detail", "dashboard", "inspect", "neuronpedia", "latent page", "feature page"},
    {"absorb", "absorption", "swallow"},
    {"split", "splitting", "feature splitting"},
    {"fused", "merge", "composition"},
    {"corresponds", "align", "counterpart", "universality"},
    {"firing together", "cofiring", "co-firing", "coactivation", "co-activation",
     "co-occurrence"},
    {"the largest", "max activating", "max activating examples", "top activations"},
    {"a tenth", "decile", "quantile", "bucket"},
    {"held-out", "heldout", "validation"},
    {"prompt", "playground"},
    {"chat", "instruct", "assistant"},
    {"preset", "recipe"},
    {"pin the prompt", "baseline", "counterfactual", "side by side"},
    {"heat", "heatmap", "highlight"},
    {"as points", "umap", "cloud"},
    {"copy", "yank", "clipboard"},
    {"tune", "hyperparameter", "knob"},
};
enum { ROWS = sizeof same / sizeof same[0] };
_Static_assert(ROWS <= 64, "a bit a row");

/* The length of a word without its ending, if enough is left. */
static size_t stem(const char *word, size_t n)
{
    static const char *const ends[] = {"ations", "ation", "ings", "ions", "ing",
                                       "ion",    "ies",   "ed",   "es",   "er",
                                       "s",      "e",     "y"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        const size_t len = strlen(ends[i]);
        if (n >= len + STEM_LEAST && !strncasecmp(word + n - len, ends[i], len)) {
            return n - len;
        }
    }
    return n;
}

static bool is_in(const char *word, const char *const *text, size_t n)
{
    bool is = false;
    for (size_t i = 0; i < n && !is; i++) {
        is = text[i] && filter_text_in(text[i], word);
    }
    return is;
}

/* Whether both are one word except for their endings. */
static bool same_stem(const char *a, const char *b)
{
    const size_t n = stem(a, strlen(a)), m = stem(b, strlen(b));
    return n == m && !strncasecmp(a, b, n);
}

/* The rows that a word is in. */
static uint64_t rows_of(const char *word)
{
    uint64_t rows = 0;
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t i = 0; i < ROW_WORDS && same[r][i]; i++) {
            rows |= same_stem(same[r][i], word) ? UINT64_C(1) << r : 0;
        }
    }
    return rows;
}

static struct word_rows word_rows(const char *word)
{
    struct word_rows w = {.same = rows_of(word)};
    for (size_t r = 0; r < ROWS && !w.same; r++) {
        for (size_t i = 0; i < ROW_WORDS && same[r][i]; i++) {
            char meant[FUZZY_NEAR_MAX];
            if (fuzzy_near(word, same[r][i], meant) && !strcmp(meant, same[r][i])) {
                w.near |= UINT64_C(1) << r;
                memcpy(w.meant, meant, sizeof meant);
            }
        }
    }
    return w;
}

void words_begin(struct words *w, const char *typed)
{
    *w = (struct words){.typed = typed, .whole = word_rows(typed)};
    for (const char *p = typed + strspn(typed, " "); *p && w->n < WORDS_MAX;
         p += strspn(p, " ")) {
        const size_t n = strcspn(p, " "), len = n < WORD_MAX ? n : WORD_MAX - 1;
        char *word = w->of[w->n].word;
        memcpy(word, p, len);
        memcpy(w->of[w->n].stem, word, stem(word, len));
        w->of[w->n++].rows = word_rows(word);
        p += n;
    }
}

static bool is_in_rows(uint64_t rows, const char *const *text, size_t n)
{
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t i = 0; rows >> r & 1 && i < ROW_WORDS && same[r][i]; i++) {
            if (is_in(same[r][i], text, n)) {
                return true;
            }
        }
    }
    return false;
}

/* Whether the ith word is in a text: as it is, without its ending, or by another. */
static bool word_answers(const struct words *w, size_t i, const char *const *text,
                         size_t n)
{
    return is_in(w->of[i].word, text, n) || is_in_rows(w->of[i].rows.same, text, n) ||
           is_in(w->of[i].stem, text, n);
}

bool words_answer(const struct words *w, const char *const *text, size_t n)
{
    if (is_in(w->typed, text, n) || is_in_rows(w->whole.same, text, n)) {
        return true;
    }
    for (size_t i = 0; i < w->n; i++) {
        if (!word_answers(w, i, text, n)) {
            return false;
        }
    }
    return true;
}

/* Whether a text has a word that is spelt nearly like the ith, or another for it. */
static bool word_near(const struct words *w, size_t i, const char *const *text,
                      size_t n, char near[FUZZY_NEAR_MAX])
{
    for (size_t k = 0; k < n; k++) {
        if (text[k] && fuzzy_near(w->of[i].word, text[k], near)) {
            return true;
        }
    }
    memcpy(near, w->of[i].rows.meant, FUZZY_NEAR_MAX);
    return is_in_rows(w->of[i].rows.near, text, n);
}

bool words_near(const struct words *w, const char *const *text, size_t n,
                char near[FUZZY_NEAR_MAX])
{
    memcpy(near, w->whole.meant, FUZZY_NEAR_MAX);
    if (is_in_rows(w->whole.near, text, n)) {
        return true;
    }
    near[0] = '\0';
    for (size_t i = 0; i < w->n; i++) {
        char meant[FUZZY_NEAR_MAX] = "";
        if (!word_answers(w, i, text, n) && !word_near(w, i, text, n, meant)) {
            return false;
        }
        if (!near[0]) {
            memcpy(near, meant, sizeof meant);
        }
    }
    return near[0] != '\0';
}

static bool is_name(const char *typed, const char *name)
{
    return strlen(typed) == 1 ? !strcmp(typed, name) : !strcasecmp(typed, name);
}

/* Whether a name is in one of the rows. */
static bool is_of_rows(uint64_t rows, const char *name)
{
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t i = 0; rows >> r & 1 && i < ROW_WORDS && same[r][i]; i++) {
            if (same_stem(same[r][i], name)) {
                return true;
            }
        }
    }
    return false;
}

enum words_rank words_rank(const struct words *w, const char *const *name,
                           size_t n_names, const char *const *text, size_t n_texts)
{
    enum words_rank best = WORDS_INSIDE;
    for (size_t i = 0; i < n_names; i++) {
        const bool is = name[i] && is_name(w->typed, name[i]);
        const enum words_rank rank = is ? WORDS_NAME
                                     : name[i] && is_of_rows(w->whole.same, name[i])
                                         ? WORDS_SENSE
                                         : WORDS_INSIDE;
        best = rank < best ? rank : best;
    }
    for (size_t i = 0; i < n_texts && best > WORDS_BEGIN; i++) {
        best = text[i] && fuzzy_score(w->typed, text[i], false) >= FUZZY_WORD
                   ? WORDS_BEGIN
                   : best;
    }
    return best;
}
