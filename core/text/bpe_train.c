#include "text/bpe_train.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "text/tok_bpe.h"

#include <stdio.h>
#include <string.h>

#define TRAIN_MAX_WORDS ((size_t)1 << 24) /* different ones */
#define TRAIN_MAX_BYTES ((size_t)1 << 30) /* of different words */
#define TRAIN_LONGEST   256u              /* longer words teach nothing */
#define TRAIN_MIN_COUNT 2

/* The special tokens of a trained tokenizer, by id. */
static const char *const specials[] = {"<|bos|>", "<|eos|>", "<|pad|>", "<|mask|>"};
#define N_SPECIALS   ((int32_t)(sizeof specials / sizeof *specials))
#define FIRST_MERGED (N_SPECIALS + 256)

/* A distinct word of the text or of the forms. */
struct word {
    uint32_t off, len; /* of its bytes, and of its symbols, in place */
    uint32_t n;        /* symbols now */
    bool is_form;
    int64_t count;  /* in the text */
    int64_t weight; /* what a pair in it counts */
};

struct pair {
    int32_t a, b;    /* b -1: empty slot */
    int32_t made;    /* the entry it was merged to, -1 not yet */
    int64_t count;   /* weighted occurrences */
    uint32_t *where; /* words that had it once; stale and double entries allowed */
    size_t n, cap;
};

/* An entry of the heap: a pair with the count it had when pushed. */
struct cand {
    int64_t count;
    int32_t a, b;
};

struct train {
    const struct bpe_train_opts *o;
    struct str bytes; /* of all words */
    struct word *word;
    size_t n_words, word_cap;
    uint32_t *by_hash; /* word number + 1 */
    size_t hash_mask;
    int32_t *sym; /* [bytes.len] */
    struct pair *pair;
    size_t n_pairs, pair_mask;
    struct cand *heap;
    size_t n_heap, heap_cap;
    struct tok *tok; /* the entries so far: n_tok of [o->vocab] */
    size_t n_tok;
    int32_t *by_text; /* ids by hash of their bytes, -1 empty */
    size_t text_mask;
    struct bpe_merge *merge;
    size_t n_merges, merge_cap;
};

static void train_deinit(struct train *tr)
{
    for (size_t i = 0; tr->pair && i <= tr->pair_mask; i++) {
        mem_free(tr->pair[i].where);
    }
    mem_free(tr->pair);
    str_free(&tr->bytes);
    mem_free(tr->word);
    mem_free(tr->by_hash);
    mem_free(tr->sym);
    mem_free(tr->heap);
    mem_free(tr->merge);
    mem_free(tr->by_text);
    tok_free(tr->tok);
}

/* ---- counting words ---- */

static enum err hash_grow(struct train *tr, struct errinfo *e)
{
    const size_t slots = tr->by_hash ? 2 * (tr->hash_mask + 1) : 4096;
    uint32_t *fresh = NULL;
    TRY(mem_new(&fresh, slots, sizeof *fresh, "words", e));
    for (size_t w = 0; w < tr->n_words; w++) {
        const char *p = tr->bytes.p + tr->word[w].off;
        size_t i = (size_t)hash_bytes(HASH_START, p, tr->word[w].len) & (slots - 1);
        while (fresh[i]) {
            i = (i + 1) & (slots - 1);
        }
        fresh[i] = (uint32_t)w + 1;
    }
    mem_free(tr->by_hash);
    tr->by_hash = fresh;
    tr->hash_mask = slots - 1;
    return OK;
}

/* Finds the word with these bytes, or makes it. */
static enum err word_get(struct train *tr, const char *bytes, size_t len,
                         struct word **out, struct errinfo *e)
{
    if (2 * (tr->n_words + 1) > tr->hash_mask) {
        TRY(hash_grow(tr, e));
    }
    size_t i = (size_t)hash_bytes(HASH_START, bytes, len) & tr->hash_mask;
    for (; tr->by_hash[i]; i = (i + 1) & tr->hash_mask) {
        struct word *w = &tr->word[tr->by_hash[i] - 1];
        if (w->len == len && memcmp(tr->bytes.p + w->off, bytes, len) == 0) {
            *out = w;
            return OK;
        }
    }
    TRY(mem_grow(&tr->word, &tr->word_cap, tr->n_words + 1, sizeof *tr->word,
                 TRAIN_MAX_WORDS, e));
    struct word *w = &tr->word[tr->n_words];
    *w = (struct word){.off = (uint32_t)tr->bytes.len, .len = (uint32_t)len};
    str_addn(&tr->bytes, bytes, len);
    TRY(str_err(&tr->bytes, "different words", e));
    tr->by_hash[i] = (uint32_t)++tr->n_words;
    *out = w;
    return OK;
}

static enum err count_word(void *ctx, const char *bytes, size_t len, struct errinfo *e)
{
    struct word *w = NULL;
    if (len > TRAIN_LONGEST) {
        return OK;
    }
    TRY(word_get(ctx, bytes, len, &w, e));
    w->count++;
    return OK;
}

/* Whether the pattern leaves a form whole, as one word. */
struct form_check {
    size_t words;
};

static enum err form_word(void *ctx, const char *bytes, size_t len, struct errinfo *e)
{
    (void)bytes;
    (void)len;
    (void)e;
    ((struct form_check *)ctx)->words++;
    return OK;
}

static enum err form_fail(const char *form, const char *why, struct errinfo *e)
{
    struct str shown;
    str_init(&shown, 4096);
    utf8_escape(&shown, form, strlen(form));
    const enum err rc =
        err_set(e, ERR_USAGE, "required form \"%.100s\": %s", shown.p, why);
    str_free(&shown);
    return rc;
}

static enum err add_forms(struct train *tr, const struct split *split,
                          struct split_state *st, struct errinfo *e)
{
    for (size_t i = 0; i < tr->o->n_forms; i++) {
        const char *form = tr->o->forms[i];
        const size_t len = strlen(form);
        struct form_check check = {0};
        if (len == 0 || len > TRAIN_LONGEST) {
            return form_fail(form, "expected 1 to 256 bytes", e);
        }
        TRY(split_text(split, st, form, len, form_word, &check, e));
        if (check.words != 1) {
            return form_fail(form,
                             "the word pattern splits it, so no token can hold it", e);
        }
        struct word *w = NULL;
        TRY(word_get(tr, form, len, &w, e));
        w->is_form = true;
    }
    return OK;
}

static enum err count_text(struct train *tr, bpe_next_fn *next, void *ctx,
                           struct errinfo *e)
{
    struct split *split = NULL;
    struct split_state *st = NULL;
    const char *text = NULL;
    size_t len = 0;
    uint64_t total = 0;
    enum err rc = OK;
    TRY_OUT(rc, split_new(NULL, NULL, "word pattern", &split, e));
    TRY_OUT(rc, split_state_new(split, &st, e));
    TRY_OUT(rc, add_forms(tr, split, st, e));
    while (next(ctx, &text, &len, &rc, e)) {
        total += len;
        TRY_OUT(rc, split_text(split, st, text, len, count_word, tr, e));
    }
    if (rc == OK && total == 0 && tr->o->n_forms == 0) {
        rc = err_set(e, ERR_FORMAT, "no text to train a tokenizer on");
    }
out:
    split_state_free(st);
    split_free(split);
    return rc;
}

/* ---- pairs ---- */

static size_t pair_hash(int32_t a, int32_t b)
{
    const uint64_t h =
        ((uint64_t)(uint32_t)a << 32 | (uint32_t)b) * 0x9E3779B97F4A7C15u;
    return (size_t)(h >> 24);
}

static enum err pairs_grow(struct train *tr, struct errinfo *e)
{
    const size_t slots = tr->pair ? 2 * (tr->pair_mask + 1) : 8192;
    struct pair *fresh = NULL;
    TRY(mem_new(&fresh, slots, sizeof *fresh, "pairs", e));
    for (size_t i = 0; i < slots; i++) {
        fresh[i].b = -1;
    }
    for (size_t i = 0; tr->pair && i <= tr->pair_mask; i++) {
        const struct pair *p = &tr->pair[i];
        if (p->b < 0) {
            continue;
        }
        size_t k = pair_hash(p->a, p->b) & (slots - 1);
        while (fresh[k].b >= 0) {
            k = (k + 1) & (slots - 1);
        }
        fresh[k] = *p;
    }
    mem_free(tr->pair);
    tr->pair = fresh;
    tr->pair_mask = slots - 1;
    return OK;
}

static enum err pair_get(struct train *tr, int32_t a, int32_t b, struct pair **out,
                         struct errinfo *e)
{
    if (!tr->pair || 2 * (tr->n_pairs + 1) > tr->pair_mask) {
        TRY(pairs_grow(tr, e));
    }
    size_t i = pair_hash(a, b) & tr->pair_mask;
    while (tr->pair[i].b >= 0 && (tr->pair[i].a != a || tr->pair[i].b != b)) {
        i = (i + 1) & tr->pair_mask;
    }
    if (tr->pair[i].b < 0) {
        tr->pair[i] = (struct pair){.a = a, .b = b, .made = -1};
        tr->n_pairs++;
    }
    *out = &tr->pair[i];
    return OK;
}

/* Order of candidates: more occurrences first; among equals the lower ids, which are
 * the older, shorter symbols. */
static bool before(const struct cand *x, const struct cand *y)
{
    if (x->count != y->count) {
        return x->count > y->count;
    }
    return x->a != y->a ? x->a < y->a : x->b < y->b;
}

static enum err heap_push(struct train *tr, struct cand c, struct errinfo *e)
{
    TRY(mem_grow(&tr->heap, &tr->heap_cap, tr->n_heap + 1, sizeof *tr->heap,
                 SIZE_MAX / 64, e));
    size_t i = tr->n_heap++;
    while (i > 0 && before(&c, &tr->heap[(i - 1) / 2])) {
        tr->heap[i] = tr->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    tr->heap[i] = c;
    return OK;
}

static struct cand heap_pop(struct train *tr)
{
    const struct cand top = tr->heap[0];
    const struct cand last = tr->heap[--tr->n_heap];
    size_t i = 0;
    for (;;) {
        size_t kid = 2 * i + 1;
        if (kid >= tr->n_heap) {
            break;
        }
        if (kid + 1 < tr->n_heap && before(&tr->heap[kid + 1], &tr->heap[kid])) {
            kid++;
        }
        if (!before(&tr->heap[kid], &last)) {
            break;
        }
        tr->heap[i] = tr->heap[kid];
        i = kid;
    }
    tr->heap[i] = last;
    return top;
}

/* Counts one more occurrence of a pair, in word w. A pair whose count rises is pushed
 * at once; a fallen count is noticed when its stale entry comes up. */
static enum err pair_add(struct train *tr, int32_t a, int32_t b, size_t w, bool push,
                         struct errinfo *e)
{
    struct pair *p = NULL;
    TRY(pair_get(tr, a, b, &p, e));
    p->count += tr->word[w].weight;
    if (p->n == 0 || p->where[p->n - 1] != (uint32_t)w) {
        TRY(mem_grow(&p->where, &p->cap, p->n + 1, sizeof *p->where, SIZE_MAX / 64, e));
        p->where[p->n++] = (uint32_t)w;
    }
    return push ? heap_push(tr, (struct cand){p->count, a, b}, e) : OK;
}

static enum err pair_drop(struct train *tr, int32_t a, int32_t b, size_t w,
                          struct errinfo *e)
{
    struct pair *p = NULL;
    TRY(pair_get(tr, a, b, &p, e));
    p->count -= tr->word[w].weight;
    return OK;
}

/* Replaces a b by id in word w and corrects the counts of the pairs around it. */
static enum err merge_in_word(struct train *tr, size_t w, int32_t a, int32_t b,
                              int32_t id, struct errinfo *e)
{
    struct word *wd = &tr->word[w];
    int32_t *s = tr->sym + wd->off;
    uint32_t to = 0;
    for (uint32_t i = 0; i < wd->n; i++) {
        if (i + 1 >= wd->n || s[i] != a || s[i + 1] != b) {
            s[to++] = s[i];
            continue;
        }
        if (to > 0) {
            TRY(pair_drop(tr, s[to - 1], a, w, e));
            TRY(pair_add(tr, s[to - 1], id, w, true, e));
        }
        if (i + 2 < wd->n) {
            TRY(pair_drop(tr, b, s[i + 2], w, e));
            TRY(pair_add(tr, id, s[i + 2], w, true, e));
        }
        s[to++] = id;
        i++;
    }
    wd->n = to;
    return OK;
}

/* ---- entries and merges ---- */

/* Returns the entry with these bytes, or the slot of by_text where it belongs (-1). */
static int32_t *text_at(const struct train *tr, const char *bytes, size_t len)
{
    size_t i = (size_t)hash_bytes(HASH_START, bytes, len) & tr->text_mask;
    for (; tr->by_text[i] >= 0; i = (i + 1) & tr->text_mask) {
        size_t n = 0;
        const char *p = tok_piece_view(tr->tok, tr->by_text[i], &n);
        if (n == len && memcmp(p, bytes, len) == 0) {
            break;
        }
    }
    return &tr->by_text[i];
}

static enum err add_entry(struct train *tr, const char *bytes, size_t len,
                          uint32_t flags, struct errinfo *e)
{
    const int32_t id = (int32_t)tr->n_tok++;
    *text_at(tr, bytes, len) = id;
    return tok_put(tr->tok, id, bytes, len, flags, e);
}

/* Appends the merge a b; *id is the entry it makes, an existing one where another merge
 * has made the same bytes. Needs room for one entry. */
static enum err add_merge(struct train *tr, int32_t a, int32_t b, int32_t *id,
                          struct errinfo *e)
{
    struct str both;
    str_init(&both, TOK_MAX_PIECE);
    tok_piece(tr->tok, a, &both);
    tok_piece(tr->tok, b, &both);
    enum err rc = str_err(&both, "a merge", e);
    if (rc == OK) {
        rc = mem_grow(&tr->merge, &tr->merge_cap, tr->n_merges + 1, sizeof *tr->merge,
                      SIZE_MAX / 64, e);
    }
    if (rc == OK) {
        *id = *text_at(tr, both.p, both.len);
        if (*id < 0) {
            *id = (int32_t)tr->n_tok;
            rc = add_entry(tr, both.p, both.len, TOK_IN_MODEL, e);
        }
        tr->merge[tr->n_merges++] = (struct bpe_merge){a, b};
    }
    str_free(&both);
    return rc;
}

static enum err begin_entries(struct train *tr, struct errinfo *e)
{
    size_t slots = 1024;
    while (slots < 2 * tr->o->vocab) {
        slots *= 2;
    }
    TRY(mem_new(&tr->by_text, slots, sizeof *tr->by_text, "the vocabulary", e));
    memset(tr->by_text, 0xFF, slots * sizeof *tr->by_text); /* -1 */
    tr->text_mask = slots - 1;
    TRY(tok_new(&tok_bpe_kind, tr->o->vocab, &tr->tok, e));
    for (int32_t i = 0; i < N_SPECIALS; i++) {
        TRY(add_entry(tr, specials[i], strlen(specials[i]),
                      TOK_IN_MODEL | TOK_ADDED | TOK_SPECIAL, e));
    }
    for (unsigned v = 0; v < 256; v++) {
        const char byte = (char)(unsigned char)v;
        TRY(add_entry(tr, &byte, 1, TOK_IN_MODEL, e));
    }
    return OK;
}

static enum err count_pairs(struct train *tr, struct errinfo *e)
{
    for (size_t w = 0; w < tr->n_words; w++) {
        const int32_t *s = tr->sym + tr->word[w].off;
        for (uint32_t i = 0; i + 1 < tr->word[w].n; i++) {
            TRY(pair_add(tr, s[i], s[i + 1], w, false, e));
        }
    }
    for (size_t i = 0; tr->pair && i <= tr->pair_mask; i++) {
        if (tr->pair[i].b >= 0) {
            TRY(heap_push(
                tr, (struct cand){tr->pair[i].count, tr->pair[i].a, tr->pair[i].b}, e));
        }
    }
    return OK;
}

static enum err apply_merge(struct train *tr, int32_t a, int32_t b, struct errinfo *e)
{
    struct pair *p = NULL;
    TRY(pair_get(tr, a, b, &p, e));
    /* A pair can come back when a later merge makes one of its sides again; it is then
     * merged as before, and not listed twice. */
    int32_t id = p->made;
    if (id < 0) {
        TRY(add_merge(tr, a, b, &id, e));
        p->made = id;
    }
    uint32_t *where = p->where; /* taken out: the table moves while words are changed */
    const size_t n = p->n;
    p->where = NULL;
    p->n = 0;
    p->cap = 0;
    enum err rc = OK;
    for (size_t i = 0; i < n && rc == OK; i++) {
        rc = merge_in_word(tr, where[i], a, b, id, e);
    }
    mem_free(where);
    if (rc == OK) {
        rc = pair_get(tr, a, b, &p, e);
    }
    if (rc == OK) {
        p->count = 0;
    }
    return rc;
}

/* Merges the most frequent pair again and again, until the vocabulary is full or no
 * pair occurs often enough. */
static enum err merge_all(struct train *tr, struct errinfo *e)
{
    TRY(count_pairs(tr, e));
    while (tr->n_heap > 0 && tr->n_tok < tr->o->vocab) {
        const struct cand c = heap_pop(tr);
        struct pair *p = NULL;
        TRY(pair_get(tr, c.a, c.b, &p, e));
        if (p->count != c.count) {
            /* Stale. A count that rose since was pushed then; one that fell is pushed
             * here, in its place. */
            if (p->count < c.count && p->count >= TRAIN_MIN_COUNT) {
                TRY(heap_push(tr, (struct cand){p->count, c.a, c.b}, e));
            }
            continue;
        }
        if (c.count < TRAIN_MIN_COUNT) {
            break;
        }
        TRY(apply_merge(tr, c.a, c.b, e));
    }
    return OK;
}

/* Makes every form an entry, before any merge. */
static enum err enter_forms(struct train *tr, struct errinfo *e)
{
    size_t missing = 0; /* entries that there is no room for */
    const char *first = NULL;
    for (size_t i = 0; i < tr->o->n_forms; i++) {
        const char *form = tr->o->forms[i];
        const size_t len = strlen(form);
        if (*text_at(tr, form, len) >= 0) {
            continue;
        }
        if (tr->n_tok < tr->o->vocab) {
            TRY(add_entry(tr, form, len, TOK_IN_MODEL, e));
            continue;
        }
        first = first ? first : form;
        missing++;
    }
    if (missing > 0) {
        char why[160];
        (void)snprintf(
            why, sizeof why,
            "%zu forms do not fit in a vocabulary of %zu, expected %zu or more",
            tr->o->n_forms, tr->o->vocab, tr->o->vocab + missing);
        return form_fail(first, why, e);
    }
    return OK;
}

static enum err learn(struct train *tr, struct errinfo *e)
{
    TRY(begin_entries(tr, e));
    TRY(enter_forms(tr, e));
    TRY(mem_new(&tr->sym, tr->bytes.len, sizeof *tr->sym, "symbols", e));
    for (size_t i = 0; i < tr->bytes.len; i++) {
        tr->sym[i] = N_SPECIALS + (int32_t)(uint8_t)tr->bytes.p[i];
    }
    for (size_t w = 0; w < tr->n_words; w++) {
        struct word *wd = &tr->word[w];
        wd->n = wd->len;
        /* Forms are whole whatever the merges; each counts once, for the parts that
         * words share, and leaves the frequencies to the text beyond them. */
        wd->weight = wd->is_form ? 1 : wd->count;
    }
    return merge_all(tr, e);
}

/* ---- the tokenizer ---- */

static enum err make_tok(const struct train *tr, struct tok **out, struct errinfo *e)
{
    static const char name[] = "trained tokenizer";
    struct tok *t = NULL;
    cJSON *words = NULL;
    enum err rc = OK;
    TRY_OUT(rc, tok_new(&tok_bpe_kind, tr->n_tok, &t, e));
    for (size_t i = 0; i < tr->n_tok; i++) {
        size_t len = 0;
        const char *p = tok_piece_view(tr->tok, (int32_t)i, &len);
        TRY_OUT(rc, tok_put(t, (int32_t)i, p, len, tr->tok->entry[i].flags, e));
    }
    TRY_OUT(rc, json_parse(BPE_GPT2_PRE, strlen(BPE_GPT2_PRE), name, &words, e));
    struct bpe_spec spec = {
        .opts = {.ignore_merges = tr->o->n_forms > 0, .unk = -1},
        .merge = tr->merge,
        .n_merges = tr->n_merges,
        .pre_tokenizer = cJSON_GetObjectItemCaseSensitive(words, "pre_tokenizer")};
    TRY_OUT(rc, pre_new(words, name, &spec.pre, e));
    TRY_OUT(rc, bpe_attach(t, &spec, name, e));
    TRY_OUT(rc, tok_finish(t, e));
    *out = t;
    t = NULL;
out:
    cJSON_Delete(words);
    tok_free(t);
    return rc;
}

static enum err check_forms(const struct bpe_train_opts *o, const struct tok *t,
                            struct errinfo *e)
{
    for (size_t i = 0; i < o->n_forms; i++) {
        if (tok_single(t, o->forms[i]) < 0) {
            return form_fail(o->forms[i], "did not become one token", e);
        }
    }
    return OK;
}

enum err bpe_train(const struct bpe_train_opts *o, bpe_next_fn *next, void *ctx,
                   struct tok **out, struct errinfo *e)
{
    if (o->vocab < (size_t)FIRST_MERGED || o->vocab > 1000000) {
        return err_set(e, ERR_USAGE,
                       "tokenizer vocabulary: found %zu, expected %d to 1000000",
                       o->vocab, (int)FIRST_MERGED);
    }
    struct train tr = {.o = o};
    struct tok *t = NULL;
    str_init(&tr.bytes, TRAIN_MAX_BYTES);
    enum err rc = OK;
    TRY_OUT(rc, count_text(&tr, next, ctx, e));
    TRY_OUT(rc, learn(&tr, e));
    TRY_OUT(rc, make_tok(&tr, &t, e));
    TRY_OUT(rc, check_forms(o, t, e));
    *out = t;
    t = NULL;
out:
    tok_free(t);
    train_deinit(&tr);
    return rc;
}
