#include "ui/word_search.h"

#include "ui/filter.h"

#include <string.h>
#include <strings.h>

enum { WORD_MAX = 64, STEM_LEAST = 3 };

/* Words for the same thing, a row each; stems. */
#define ROW_WORDS 8
static const char *const same[][ROW_WORDS] = {
    {"latent", "feature", "neuron", "unit"},
    {"quit", "exit", "leave", "close"},
    {"find", "search", "look", "grep"},
    {"filter", "narrow", "where", "only"},
    {"undo", "revert", "take back"},
    {"save", "checkpoint", "store", "snapshot"},
    {"pause", "stop", "halt", "freeze"},
    {"resume", "continue", "go on", "restart"},
    {"mask", "corrupt", "noise", "dropout"},
    {"curve", "chart", "graph", "plot"},
    {"export", "dump", "download", "write"},
    {"label", "name", "rename", "call"},
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
    {"theme", "colour", "color", "dark"},
    {"key", "shortcut", "binding", "hotkey"},
    {"command", "palette", "menu"},
    {"dead", "inactive", "unused"},
    {"density", "frequency", "how often"},
    {"neighbour", "neighbor", "similar", "near"},
    {"delete", "remove", "trash", "erase"},
    {"learning rate", "lr", "step size"},
    {"screen", "tab", "page", "view"},
    {"interval", "confidence", "error bar", "CI"},
};

/* The word without its ending, where enough is left. */
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

/* Whether both are one word but for their endings. */
static bool same_stem(const char *a, const char *b)
{
    const size_t n = stem(a, strlen(a)), m = stem(b, strlen(b));
    return n == m && !strncasecmp(a, b, n);
}

static bool other_name_is_in(const char *word, const char *const *text, size_t n)
{
    for (size_t r = 0; r < sizeof same / sizeof same[0]; r++) {
        bool here = false;
        for (size_t i = 0; i < ROW_WORDS && same[r][i]; i++) {
            here = here || same_stem(same[r][i], word);
        }
        for (size_t i = 0; here && i < ROW_WORDS && same[r][i]; i++) {
            if (is_in(same[r][i], text, n)) {
                return true;
            }
        }
    }
    return false;
}

static bool word_answers(const char *word, size_t len, const char *const *text,
                         size_t n)
{
    char own[WORD_MAX];
    len = len < sizeof own ? len : sizeof own - 1;
    memcpy(own, word, len);
    own[len] = '\0';
    if (is_in(own, text, n) || other_name_is_in(own, text, n)) {
        return true;
    }
    own[stem(own, len)] = '\0';
    return is_in(own, text, n);
}

bool words_answer(const char *typed, const char *const *text, size_t n)
{
    if (is_in(typed, text, n) || other_name_is_in(typed, text, n)) {
        return true;
    }
    for (const char *p = typed + strspn(typed, " "); *p; p += strspn(p, " ")) {
        const size_t len = strcspn(p, " ");
        if (!word_answers(p, len, text, n)) {
            return false;
        }
        p += len;
    }
    return true;
}
