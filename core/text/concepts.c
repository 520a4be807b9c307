#include "text/concepts.h"

#include "base/csvfile.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "story/grammar.h"
#include "text/builtin_words.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CONCEPTS   4096u
#define MAX_WORD_BYTES 256u
#define MAX_DEPTH      32u /* of the tree */
#define MAX_MEMBERS    ((size_t)1 << 24)

static const struct csv_limits FILE_LIMITS = {64u << 20, 1000000, 4096};

/* A (token, concept) membership. */
struct member {
    int32_t token, concept;
};

struct members {
    struct member *p;
    size_t n, cap;
};

/* A concept while the file is read, in order of first mention. */
struct draft {
    const char *name; /* in the table's memory */
    int32_t parent;   /* draft index, -1: none */
    bool has_children;
    int32_t final; /* index in struct concepts, -1: the root of the grammar */
};

struct drafts {
    struct draft *p;
    size_t n, cap;
    int32_t *slot; /* open addressing by name; -1 empty */
    size_t slots;  /* a power of two above 2 MAX_CONCEPTS */
};

static enum err drafts_init(struct drafts *d, struct errinfo *e)
{
    memset(d, 0, sizeof *d);
    d->slots = 4u * MAX_CONCEPTS;
    TRY(mem_new(&d->slot, d->slots, sizeof *d->slot, "concept names", e));
    for (size_t i = 0; i < d->slots; i++) {
        d->slot[i] = -1;
    }
    return OK;
}

static void drafts_deinit(struct drafts *d)
{
    mem_free(d->p);
    mem_free(d->slot);
}

/* Finds the draft of that name, or makes it. */
static enum err drafts_get(struct drafts *d, const char *file, const char *name,
                           int32_t *out, struct errinfo *e)
{
    size_t at = (size_t)hash_bytes(HASH_START, name, strlen(name)) & (d->slots - 1);
    while (d->slot[at] >= 0) {
        if (strcmp(d->p[d->slot[at]].name, name) == 0) {
            *out = d->slot[at];
            return OK;
        }
        at = (at + 1) & (d->slots - 1);
    }
    if (d->n == MAX_CONCEPTS) {
        return err_set(e, ERR_LIMIT, "%s: more than %u concepts", file, MAX_CONCEPTS);
    }
    TRY(mem_grow(&d->p, &d->cap, d->n + 1, sizeof *d->p, MAX_CONCEPTS, e));
    d->p[d->n] = (struct draft){.name = name, .parent = -1, .final = -1};
    d->slot[at] = (int32_t)d->n;
    *out = (int32_t)d->n++;
    return OK;
}

/* Notes that `child` is under `parent`; row is the file's row, the header being 1. */
static enum err draft_set_parent(struct drafts *d, const char *file, size_t row,
                                 int32_t child, int32_t parent, struct errinfo *e)
{
    struct draft *c = &d->p[child];
    if (c->parent >= 0 && c->parent != parent) {
        return err_set(
            e, ERR_FORMAT,
            "%s: row %zu: concept '%s' has the parent '%s', expected '%s' as "
            "in an earlier row",
            file, row, c->name, d->p[parent].name, d->p[c->parent].name);
    }
    if (c->parent == parent) {
        return OK;
    }
    c->parent = parent;
    d->p[parent].has_children = true;
    for (int32_t up = parent; up >= 0; up = d->p[up].parent) {
        if (up == child) {
            return err_set(e, ERR_FORMAT,
                           "%s: row %zu: concept '%s' is its own ancestor; expected a "
                           "tree",
                           file, row, c->name);
        }
    }
    return OK;
}

static enum err members_add(struct members *m, int32_t token, int32_t concept,
                            struct errinfo *e)
{
    TRY(mem_grow(&m->p, &m->cap, m->n + 1, sizeof *m->p, MAX_MEMBERS, e));
    m->p[m->n++] = (struct member){token, concept};
    return OK;
}

/* ---- the file
 * ------------------------------------------------------------------------ */

struct loader {
    const char *file;  /* its name, for error lines; NULL: none */
    const char *bytes; /* what it holds where it is not to be read */
    size_t len;
    bool all_built_in; /* not letters alone */
    const struct tok *tok;
    struct tok_scratch *scratch;
    struct tok_ids ids;
    struct csv_table *table;
    struct drafts drafts;
    struct members members; /* of drafts first, then of final indices */
    size_t known, unknown;
};

/* Notes membership of the token that a form encodes to, if it is one. */
static enum err add_form(struct loader *l, const char *form, size_t len, int32_t draft,
                         bool *found, struct errinfo *e)
{
    l->ids.n = 0;
    TRY(tok_encode_with(l->tok, l->scratch, form, len, &l->ids, e));
    if (l->ids.n == 1 && !tok_is_special(l->tok, l->ids.p[0])) {
        *found = true;
        TRY(members_add(&l->members, l->ids.p[0], draft, e));
    }
    return OK;
}

/* Adds a word as written, with a leading space, and both with a capital. */
static enum err add_word(struct loader *l, const char *word, int32_t draft,
                         struct errinfo *e)
{
    char form[MAX_WORD_BYTES + 2];
    const size_t len = strlen(word);
    bool found = false;
    if (len <= MAX_WORD_BYTES) {
        form[0] = ' ';
        memcpy(form + 1, word, len + 1);
        TRY(add_form(l, form + 1, len, draft, &found, e));
        TRY(add_form(l, form, len + 1, draft, &found, e));
        if (form[1] >= 'a' && form[1] <= 'z') {
            form[1] = (char)(form[1] - 'a' + 'A');
            TRY(add_form(l, form + 1, len, draft, &found, e));
            TRY(add_form(l, form, len + 1, draft, &found, e));
        }
    }
    if (found) {
        l->known++;
    } else {
        l->unknown++;
    }
    return OK;
}

static enum err read_row(struct loader *l, size_t row, const size_t col[3],
                         struct errinfo *e)
{
    const char *name = csv_at(l->table, row, col[0]);
    const char *parent = csv_at(l->table, row, col[1]);
    const char *word = csv_at(l->table, row, col[2]);
    if (name[0] == '\0') {
        return err_set(e, ERR_FORMAT,
                       "%s: row %zu: found an empty concept, expected a "
                       "name",
                       l->file, row + 2);
    }
    int32_t c = -1;
    TRY(drafts_get(&l->drafts, l->file, name, &c, e));
    if (parent[0] != '\0') {
        int32_t p = -1;
        TRY(drafts_get(&l->drafts, l->file, parent, &p, e));
        TRY(draft_set_parent(&l->drafts, l->file, row + 2, c, p, e));
    }
    return word[0] == '\0' ? OK : add_word(l, word, c, e);
}

static enum err read_file(struct loader *l, struct errinfo *e)
{
    static const char *const name[3] = {"concept", "parent", "word"};
    size_t col[3];
    if (l->bytes != NULL) {
        TRY(csv_parse_table(l->bytes, l->len, l->file, &FILE_LIMITS, &l->table, e));
    } else {
        TRY(csv_load(l->file, &FILE_LIMITS, &l->table, e));
    }
    for (size_t i = 0; i < 3; i++) {
        TRY(csv_need_col(l->table, l->file, name[i], &col[i], e));
    }
    TRY(tok_scratch_new(l->tok, &l->scratch, e));
    for (size_t row = 0; row < l->table->rows; row++) {
        TRY(read_row(l, row, col, e));
    }
    if (l->known == 0) {
        return err_set(e, ERR_FORMAT,
                       "%s: none of its %zu words is a single token of the vocabulary; "
                       "expected words that the model's tokenizer knows",
                       l->file, l->unknown);
    }
    return OK;
}

/* ---- putting it together
 * ------------------------------------------------------------- */

static enum err def_set(struct concepts *c, const char *name, enum concept_kind kind,
                        struct errinfo *e)
{
    struct concept_def *d = &c->def[c->n];
    d->name = mem_strdup(name);
    if (d->name == NULL) {
        return err_set(e, ERR_NOMEM, "out of memory for the name of a concept");
    }
    d->kind = kind;
    d->parent = -1;
    c->n++;
    return OK;
}

/* Returns a root of the reserved name that has children; -1: none. */
static int32_t grammar_root(const struct drafts *d)
{
    for (size_t i = 0; i < d->n; i++) {
        if (d->p[i].parent < 0 && d->p[i].has_children &&
            strcmp(d->p[i].name, GRAMMAR_CLASSES) == 0) {
            return (int32_t)i;
        }
    }
    return -1;
}

/* Checks that the root has no words: it is no concept, as a class of nearly all words
 * it would describe nothing. */
static enum err check_root(const struct loader *l, int32_t root, struct errinfo *e)
{
    for (size_t i = 0; root >= 0 && i < l->members.n; i++) {
        if (l->members.p[i].concept == root) {
            return err_set(e, ERR_FORMAT,
                           "%s: '%s' has words of its own; expected them in its "
                           "children",
                           l->file, GRAMMAR_CLASSES);
        }
    }
    return OK;
}

/* Finds how deep a draft is below its root, and whether that is `root`. */
static enum err draft_family(const struct loader *l, size_t draft, int32_t root,
                             bool *below, struct errinfo *e)
{
    const struct draft *p = l->drafts.p;
    int32_t up = (int32_t)draft;
    for (size_t depth = 0; p[up].parent >= 0; up = p[up].parent) {
        if (++depth > MAX_DEPTH) {
            return err_set(e, ERR_LIMIT, "%s: concept '%s' is more than %u levels down",
                           l->file, p[draft].name, MAX_DEPTH);
        }
    }
    *below = root >= 0 && up == root && (int32_t)draft != root;
    return OK;
}

/* Places concepts of one kind, in the order of the file. */
static enum err place_kind(struct loader *l, enum concept_kind kind, struct concepts *c,
                           struct errinfo *e)
{
    struct drafts *d = &l->drafts;
    const int32_t root = grammar_root(d);
    for (size_t i = 0; i < d->n; i++) {
        bool below = false;
        TRY(draft_family(l, i, root, &below, e));
        const enum concept_kind mine = below                  ? CONCEPT_GRAMMAR
                                       : d->p[i].has_children ? CONCEPT_SUPER
                                                              : CONCEPT_LEAF;
        if (mine == kind && (int32_t)i != root) {
            d->p[i].final = (int32_t)c->n;
            TRY(def_set(c, d->p[i].name, kind, e));
        }
    }
    return OK;
}

/* Once all are placed, renumbers memberships and passes them to every ancestor. */
static enum err place_members(struct loader *l, struct concepts *c, struct errinfo *e)
{
    const struct drafts *d = &l->drafts;
    for (size_t i = 0; i < d->n; i++) {
        if (d->p[i].final >= 0 && d->p[i].parent >= 0) {
            c->def[d->p[i].final].parent = d->p[d->p[i].parent].final;
        }
    }
    const size_t n = l->members.n;
    for (size_t i = 0; i < n; i++) {
        struct member *m = &l->members.p[i];
        const int32_t token = m->token;
        m->concept = d->p[m->concept].final;
        for (int32_t up = c->def[m->concept].parent; up >= 0; up = c->def[up].parent) {
            TRY(members_add(&l->members, token, up, e));
            m = &l->members.p[i];
        }
    }
    return OK;
}

static enum err place_built_in(const struct builtin_words *b, struct concepts *c,
                               struct errinfo *e)
{
    for (size_t i = 0; i < b->n; i++) {
        TRY(def_set(c, b->def[i].name, b->def[i].kind, e));
    }
    return OK;
}

/* Adds members of the built-in concepts; `first`: the index of the first. */
static enum err built_in_members(struct loader *l, const struct builtin_words *b,
                                 size_t first, size_t vocab, struct errinfo *e)
{
    int32_t of[BUILTIN_MAX];
    for (size_t t = 0; t < vocab; t++) {
        const size_t n = builtin_words_of(b, (int32_t)t, of);
        for (size_t i = 0; i < n; i++) {
            TRY(members_add(&l->members, (int32_t)t, (int32_t)first + of[i], e));
        }
    }
    return OK;
}

static int by_token(const void *a, const void *b)
{
    const struct member *x = a;
    const struct member *y = b;
    if (x->token != y->token) {
        return x->token < y->token ? -1 : 1;
    }
    return (x->concept > y->concept) - (x->concept < y->concept);
}

/* Compresses the memberships, each once, into token_start and token_concept. */
static enum err compress(struct members *m, struct concepts *c, struct errinfo *e)
{
    if (m->n > 0) {
        qsort(m->p, m->n, sizeof *m->p, by_token);
    }
    TRY(mem_new(&c->token_start, c->vocab + 1, sizeof *c->token_start, "concepts", e));
    TRY(mem_new(&c->token_concept, m->n, sizeof *c->token_concept, "concepts", e));
    size_t n = 0;
    size_t token = 0;
    for (size_t i = 0; i < m->n; i++) {
        if (i > 0 && by_token(&m->p[i - 1], &m->p[i]) == 0) {
            continue;
        }
        while (token <= (size_t)m->p[i].token) {
            c->token_start[token++] = n;
        }
        c->token_concept[n++] = m->p[i].concept;
        c->def[m->p[i].concept].words++;
    }
    while (token <= c->vocab) {
        c->token_start[token++] = n;
    }
    return OK;
}

static enum err place(struct loader *l, const struct builtin_words *b,
                      struct concepts *c, struct errinfo *e)
{
    TRY(mem_new(&c->def, l->drafts.n + b->n, sizeof *c->def, "concepts", e));
    TRY(check_root(l, grammar_root(&l->drafts), e));
    TRY(place_kind(l, CONCEPT_LEAF, c, e));
    TRY(place_kind(l, CONCEPT_SUPER, c, e));
    const size_t first = c->n;
    TRY(place_built_in(b, c, e));
    c->n_probed = c->n;
    TRY(place_kind(l, CONCEPT_GRAMMAR, c, e));
    TRY(place_members(l, c, e));
    TRY(built_in_members(l, b, first, c->vocab, e));
    return compress(&l->members, c, e);
}

static enum err build(struct loader *l, struct concepts *c, struct errinfo *e)
{
    struct builtin_words b = {0};
    TRY(drafts_init(&l->drafts, e));
    if (l->file != NULL) {
        TRY(read_file(l, e));
    }
    c->vocab = tok_vocab(l->tok);
    TRY(builtin_words_init(&b, l->tok, !l->all_built_in, e));
    const enum err rc = place(l, &b, c, e);
    builtin_words_deinit(&b);
    c->words_known = l->known;
    c->words_unknown = l->unknown;
    return rc;
}

static enum err load(struct loader *l, struct concepts **out, struct errinfo *e)
{
    struct concepts *c = NULL;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&c, 1, sizeof *c, "concepts", e));
    TRY_OUT(rc, build(l, c, e));
    *out = c;
    c = NULL;
out:
    concepts_free(c);
    csv_free_table(l->table);
    tok_scratch_free(l->scratch);
    tok_ids_free(&l->ids);
    drafts_deinit(&l->drafts);
    mem_free(l->members.p);
    return rc;
}

enum err concepts_load(const char *path, const struct tok *tok, struct concepts **out,
                       struct errinfo *e)
{
    struct loader l = {.file = path, .tok = tok};
    return load(&l, out, e);
}

enum err concepts_parse(const char *csv, size_t len, const char *name,
                        const struct tok *tok, struct concepts **out, struct errinfo *e)
{
    struct loader l = {.file = name, .bytes = csv, .len = len, .tok = tok};
    return load(&l, out, e);
}

enum err concepts_built_in(const struct tok *tok, struct concepts **out,
                           struct errinfo *e)
{
    struct loader l = {.tok = tok, .all_built_in = true};
    return load(&l, out, e);
}

enum err concepts_none(size_t vocab, struct concepts **out, struct errinfo *e)
{
    struct concepts *c = NULL;
    TRY(mem_new(&c, 1, sizeof *c, "concepts", e));
    c->vocab = vocab;
    const enum err rc =
        mem_new(&c->token_start, vocab + 1, sizeof *c->token_start, "concepts", e);
    if (rc != OK) {
        concepts_free(c);
        return rc;
    }
    *out = c;
    return OK;
}

void concepts_free(struct concepts *c)
{
    if (c == NULL) {
        return;
    }
    for (size_t i = 0; i < c->n; i++) {
        mem_free(c->def[i].name);
    }
    mem_free(c->def);
    mem_free(c->token_start);
    mem_free(c->token_concept);
    mem_free(c);
}

int concepts_named(const struct concepts *c, const char *name, const char *kind)
{
    for (size_t i = 0; i < c->n_probed; i++) {
        if (strcmp(c->def[i].name, name) == 0 &&
            strcmp(concept_kind_name(c->def[i].kind), kind) == 0) {
            return (int)i;
        }
    }
    return -1;
}

const int32_t *concepts_of(const struct concepts *c, int32_t token, size_t *n)
{
    if (token < 0 || (size_t)token >= c->vocab) {
        *n = 0;
        return NULL;
    }
    const size_t from = c->token_start[token];
    *n = c->token_start[token + 1] - from;
    return c->token_concept + from;
}

const int32_t *concepts_probed(const struct concepts *c, int32_t token, size_t *n)
{
    const int32_t *of = concepts_of(c, token, n);
    while (*n > 0 && (size_t)of[*n - 1] >= c->n_probed) {
        (*n)--;
    }
    return of;
}

const char *concept_kind_name(enum concept_kind kind)
{
    static const char *const name[CONCEPT_KINDS] = {
        [CONCEPT_LEAF] = "leaf",      [CONCEPT_SUPER] = "super",
        [CONCEPT_LETTER] = "letter",  [CONCEPT_SHAPE] = "shape",
        [CONCEPT_SUFFIX] = "suffix",  [CONCEPT_LANGUAGE] = "language",
        [CONCEPT_GRAMMAR] = "grammar"};
    return name[kind];
}

bool concept_kind_is_built_in(enum concept_kind kind)
{
    return kind == CONCEPT_LETTER || kind == CONCEPT_SHAPE || kind == CONCEPT_SUFFIX ||
           kind == CONCEPT_LANGUAGE;
}
