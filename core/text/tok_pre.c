#include "text/tok_pre.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "text/tok_priv.h"

#include <stdio.h>
#include <string.h>

#define MAX_STEPS 16
#define MAX_MARK  4 /* bytes of Metaspace's replacement, one character */

enum step_kind { STEP_SPLIT, STEP_SPACE, STEP_META };
enum prepend { PREPEND_NEVER, PREPEND_FIRST, PREPEND_ALWAYS };

struct step {
    enum step_kind kind;
    struct split *split;     /* STEP_SPLIT; STEP_META: where it cuts, or NULL */
    char mark[MAX_MARK + 1]; /* STEP_META: what stands for a space */
    enum prepend prepend;    /* STEP_META */
};

struct pre {
    struct step step[MAX_STEPS];
    size_t n;
    bool byte_level;
};

struct pre_state {
    struct split_state *split[MAX_STEPS];
    struct str made[MAX_STEPS]; /* what STEP_SPACE and STEP_META make of a word */
};

/* ---- words ---- */

struct walk {
    const struct pre *p;
    struct pre_state *st;
    split_fn *fn;
    void *ctx;
};

/* A walk at step i. */
struct place {
    const struct walk *w;
    size_t i;
    bool is_first; /* the word before step i - 1 was the text's first */
    const char *begin;
};

static enum err do_step(const struct walk *w, size_t i, const char *word, size_t len,
                        bool is_first, struct errinfo *e);

static enum err go_on(void *ctx, const char *word, size_t len, struct errinfo *e)
{
    const struct place *at = ctx;
    return do_step(at->w, at->i, word, len, at->is_first && word == at->begin, e);
}

/* Cuts by step i and goes on with the next. */
static enum err cut(const struct walk *w, size_t i, const char *word, size_t len,
                    bool is_first, struct errinfo *e)
{
    if (i + 1 == w->p->n) {
        return split_text(w->p->step[i].split, w->st->split[i], word, len, w->fn,
                          w->ctx, e);
    }
    struct place at = {w, i + 1, is_first, word};
    return split_text(w->p->step[i].split, w->st->split[i], word, len, go_on, &at, e);
}

static enum err meta(const struct walk *w, size_t i, const char *word, size_t len,
                     bool is_first, struct errinfo *e)
{
    const struct step *s = &w->p->step[i];
    struct str *made = &w->st->made[i];
    const size_t n = strlen(s->mark);
    str_clear(made);
    const bool has_one = word[0] == ' ' || (len >= n && memcmp(word, s->mark, n) == 0);
    if (!has_one &&
        (s->prepend == PREPEND_ALWAYS || (s->prepend == PREPEND_FIRST && is_first))) {
        str_addn(made, s->mark, n);
    }
    for (size_t k = 0; k < len; k++) {
        if (word[k] == ' ') {
            str_addn(made, s->mark, n);
        } else {
            str_addc(made, word[k]);
        }
    }
    TRY(str_err(made, "a text to encode", e));
    return s->split ? cut(w, i, made->p, made->len, is_first, e)
                    : do_step(w, i + 1, made->p, made->len, is_first, e);
}

static enum err do_step(const struct walk *w, size_t i, const char *word, size_t len,
                        bool is_first, struct errinfo *e)
{
    if (i == w->p->n) {
        return w->fn(w->ctx, word, len, e);
    }
    const struct step *s = &w->p->step[i];
    if (s->kind == STEP_META) {
        return meta(w, i, word, len, is_first, e);
    }
    if (s->kind == STEP_SPLIT) {
        return cut(w, i, word, len, is_first, e);
    }
    if (word[0] == ' ') {
        return do_step(w, i + 1, word, len, is_first, e);
    }
    struct str *made = &w->st->made[i];
    str_clear(made);
    str_addc(made, ' ');
    str_addn(made, word, len);
    TRY(str_err(made, "a text to encode", e));
    return do_step(w, i + 1, made->p, made->len, is_first, e);
}

enum err pre_words(const struct pre *p, struct pre_state *st, const char *text,
                   size_t len, bool is_first, split_fn *fn, void *ctx,
                   struct errinfo *e)
{
    const struct walk w = {.p = p, .st = st, .fn = fn, .ctx = ctx};
    return len > 0 ? do_step(&w, 0, text, len, is_first, e) : OK;
}

bool pre_is_byte_level(const struct pre *p)
{
    return p->byte_level;
}

/* ---- reading ---- */

/* The place of a component, and the sequence to which its steps are added. */
struct step_spec {
    struct json_at at;
    const cJSON *spec;
    struct pre *p;
};

static enum err add_step(const struct step_spec *c, enum step_kind kind,
                         struct step **out, struct errinfo *e)
{
    if (c->p->n == MAX_STEPS) {
        return err_set(e, ERR_LIMIT, "%s: pre_tokenizer: more than %d steps",
                       c->at.file, MAX_STEPS);
    }
    *out = &c->p->step[c->p->n++];
    (*out)->kind = kind;
    return OK;
}

static enum err add_split(const struct step_spec *c, const char *pattern,
                          const struct split_opts *opts, struct errinfo *e)
{
    struct step *s = NULL;
    char place[256];
    (void)snprintf(place, sizeof place, "%.120s: %.100s.pattern", c->at.file,
                   c->at.path);
    TRY(add_step(c, STEP_SPLIT, &s, e));
    return split_new(pattern, opts, place, &s->split, e);
}

static enum err read_behavior(const struct step_spec *c, const char *missing,
                              enum split_behavior *out, struct errinfo *e)
{
    static const char *const names[] = {[SPLIT_ISOLATED] = "Isolated",
                                        [SPLIT_REMOVED] = "Removed",
                                        [SPLIT_CONTIGUOUS] = "Contiguous",
                                        [SPLIT_WITH_PREVIOUS] = "MergedWithPrevious",
                                        [SPLIT_WITH_NEXT] = "MergedWithNext"};
    const char *name = missing;
    TRY(json_str(c->at, c->spec, "behavior", false, &name, e));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (enum split_behavior)i;
            return OK;
        }
    }
    return err_set(e, ERR_FORMAT,
                   "%s: %s.behavior: found \"%.60s\", expected Isolated, Removed, "
                   "Contiguous, MergedWithPrevious or MergedWithNext",
                   c->at.file, c->at.path, name);
}

static enum err read_byte_level(const struct step_spec *c, struct errinfo *e)
{
    bool prefix = true; /* the library's own defaults */
    bool regex = true;
    TRY(json_bool(c->at, c->spec, "add_prefix_space", false, &prefix, e));
    TRY(json_bool(c->at, c->spec, "use_regex", false, &regex, e));
    c->p->byte_level = true;
    if (prefix) {
        struct step *s = NULL;
        TRY(add_step(c, STEP_SPACE, &s, e));
    }
    return regex ? add_split(c, NULL, NULL, e) : OK;
}

static enum err read_split(const struct step_spec *c, struct errinfo *e)
{
    struct tok_pattern p;
    struct split_opts opts = {.behavior = SPLIT_ISOLATED};
    TRY(tok_json_pattern(c->at, c->spec, &p, e));
    TRY(read_behavior(c, "Isolated", &opts.behavior, e));
    TRY(json_bool(c->at, c->spec, "invert", false, &opts.invert, e));
    opts.literal = p.literal;
    return add_split(c, p.text, &opts, e);
}

/* Numbers of Unicode 15 to 17, which the reference knows; PCRE2's tables may be
 * older. */
#define NEW_NUMBERS                                                                    \
    "\\x{10d40}-\\x{10d49}\\x{116d0}-\\x{116e3}\\x{11bf0}-\\x{11bf9}"                  \
    "\\x{11de0}-\\x{11de9}\\x{11f50}-\\x{11f59}\\x{16130}-\\x{16139}"                  \
    "\\x{16d70}-\\x{16d79}\\x{16ff4}-\\x{16ff6}\\x{1ccf0}-\\x{1ccf9}"                  \
    "\\x{1d2c0}-\\x{1d2d3}\\x{1e4f0}-\\x{1e4f9}\\x{1e5f1}-\\x{1e5fa}"

static enum err read_digits(const struct step_spec *c, struct errinfo *e)
{
    bool each = false;
    TRY(json_bool(c->at, c->spec, "individual_digits", false, &each, e));
    return add_split(c, each ? "[\\p{N}" NEW_NUMBERS "]" : "[\\p{N}" NEW_NUMBERS "]+",
                     NULL, e);
}

static enum err read_punctuation(const struct step_spec *c, struct errinfo *e)
{
    struct split_opts opts = {.behavior = SPLIT_ISOLATED};
    TRY(read_behavior(c, "Isolated", &opts.behavior, e));
    return add_split(c, "[\\p{P}!-/:-@\\[-`{-~]", &opts, e);
}

static enum err read_whitespace(const struct step_spec *c, struct errinfo *e)
{
    const struct split_opts opts = {.behavior = SPLIT_REMOVED, .invert = true};
    /* This one is by another library, whose \w has joiners too. */
    static const char words[] = "[\\w\\x{200c}\\x{200d}]+|[^\\w\\s\\x{200c}\\x{200d}]+";
    return add_split(c, words, &opts, e);
}

static enum err read_whitespace_split(const struct step_spec *c, struct errinfo *e)
{
    const struct split_opts opts = {.behavior = SPLIT_REMOVED};
    return add_split(c, "\\s", &opts, e);
}

static enum err read_metaspace(const struct step_spec *c, struct errinfo *e)
{
    static const char *const schemes[] = {[PREPEND_NEVER] = "never",
                                          [PREPEND_FIRST] = "first",
                                          [PREPEND_ALWAYS] = "always"};
    struct step *s = NULL;
    const char *mark = "";
    const char *scheme = schemes[PREPEND_ALWAYS];
    bool prefix = true;
    bool splits = true;
    TRY(add_step(c, STEP_META, &s, e));
    TRY(tok_json_mark(c->at, c->spec, &mark, e));
    TRY(json_bool(c->at, c->spec, "add_prefix_space", false, &prefix, e));
    TRY(json_str(c->at, c->spec, "prepend_scheme", false, &scheme, e));
    TRY(json_bool(c->at, c->spec, "split", false, &splits, e));
    scheme = prefix ? scheme : schemes[PREPEND_NEVER];
    size_t k = 0;
    while (k <= PREPEND_ALWAYS && strcmp(schemes[k], scheme) != 0) {
        k++;
    }
    if (k > PREPEND_ALWAYS) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s.prepend_scheme: found \"%.60s\", expected never, first "
                       "or always",
                       c->at.file, c->at.path, scheme);
    }
    s->prepend = (enum prepend)k;
    (void)snprintf(s->mark, sizeof s->mark, "%s", mark);
    const struct split_opts opts = {.behavior = SPLIT_WITH_NEXT, .literal = true};
    return splits ? split_new(s->mark, &opts, c->at.path, &s->split, e) : OK;
}

static const struct {
    const char *type;
    enum err (*read)(const struct step_spec *c, struct errinfo *e);
} types[] = {
    {"ByteLevel", read_byte_level},  {"Split", read_split},
    {"Digits", read_digits},         {"Punctuation", read_punctuation},
    {"Whitespace", read_whitespace}, {"WhitespaceSplit", read_whitespace_split},
    {"Metaspace", read_metaspace},
};

static enum err read_one(const struct step_spec *c, struct errinfo *e)
{
    const char *type = "";
    TRY(json_str(c->at, c->spec, "type", true, &type, e));
    if (c->p->byte_level) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: found \"%.60s\" after a ByteLevel, expected nothing",
                       c->at.file, c->at.path, type);
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i].type, type) == 0) {
            return types[i].read(c, e);
        }
    }
    return err_set(e, ERR_FORMAT,
                   "%s: %s.type: found \"%.60s\", expected ByteLevel, Split, Digits, "
                   "Punctuation, Whitespace, WhitespaceSplit, Metaspace or a Sequence "
                   "of them",
                   c->at.file, c->at.path, type);
}

static enum err read_all(const struct step_spec *c, unsigned depth, struct errinfo *e)
{
    const char *type = "";
    TRY(json_str(c->at, c->spec, "type", true, &type, e));
    if (strcmp(type, "Sequence") != 0) {
        return read_one(c, e);
    }
    const cJSON *list = NULL;
    TRY(json_arr(c->at, c->spec, "pretokenizers", true, &list, e));
    if (depth == 4) {
        return err_set(e, ERR_FORMAT, "%s: %s: Sequences too deep", c->at.file,
                       c->at.path);
    }
    size_t i = 0;
    for (const cJSON *item = list->child; item; item = item->next, i++) {
        char path[160];
        (void)snprintf(path, sizeof path, "%.120s.pretokenizers[%zu]", c->at.path, i);
        const struct step_spec inner = {{c->at.file, path}, item, c->p};
        TRY(read_all(&inner, depth + 1, e));
    }
    return OK;
}

enum err pre_new(const cJSON *root, const char *file, struct pre **out,
                 struct errinfo *e)
{
    const cJSON *spec = NULL;
    TRY(json_obj((struct json_at){file, ""}, root, "pre_tokenizer", false, &spec, e));
    struct pre *p = NULL;
    TRY(mem_new(&p, 1, sizeof *p, "a pre-tokenizer", e));
    if (spec) {
        const struct step_spec c = {{file, "pre_tokenizer"}, spec, p};
        const enum err rc = read_all(&c, 0, e);
        if (rc != OK) {
            pre_free(p);
            return rc;
        }
    }
    *out = p;
    return OK;
}

void pre_free(struct pre *p)
{
    if (p) {
        for (size_t i = 0; i < p->n; i++) {
            split_free(p->step[i].split);
        }
        mem_free(p);
    }
}

enum err pre_state_new(const struct pre *p, struct pre_state **out, struct errinfo *e)
{
    struct pre_state *st = NULL;
    TRY(mem_new(&st, 1, sizeof *st, "encoding", e));
    for (size_t i = 0; i < p->n; i++) {
        str_init(&st->made[i], (MAX_MARK + 1) * TOK_MAX_TEXT);
        if (p->step[i].split) {
            const enum err rc = split_state_new(p->step[i].split, &st->split[i], e);
            if (rc != OK) {
                pre_state_free(st);
                return rc;
            }
        }
    }
    *out = st;
    return OK;
}

void pre_state_free(struct pre_state *st)
{
    if (st) {
        for (size_t i = 0; i < MAX_STEPS; i++) {
            split_state_free(st->split[i]);
            str_free(&st->made[i]);
        }
        mem_free(st);
    }
}
