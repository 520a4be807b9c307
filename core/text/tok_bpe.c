#include "text/tok_bpe.h"

#include "base/file.h"
#include "base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* A longer word is merged in parts of this many bytes. */
#define BPE_MAX_WORD ((size_t)1 << 20)

/* ---- tables ---- */

static size_t pow2_over(size_t n)
{
    size_t p = 16;
    while (p < n) {
        p *= 2;
    }
    return p;
}

static size_t pair_hash(int32_t a, int32_t b)
{
    uint64_t h = (uint64_t)(uint32_t)a << 32 | (uint32_t)b;
    h *= 0x9E3779B97F4A7C15u;
    return (size_t)(h >> 24);
}

static const struct bpe_slot *pair_find(const struct bpe *b, int32_t l, int32_t r)
{
    for (size_t i = pair_hash(l, r) & b->pair_mask;; i = (i + 1) & b->pair_mask) {
        const struct bpe_slot *s = &b->pair[i];
        if (s->b < 0) {
            return NULL;
        }
        if (s->a == l && s->b == r) {
            return s;
        }
    }
}

/* A pair listed twice keeps its later rank, as in the Hugging Face library. */
static void pair_put(struct bpe *b, const struct bpe_slot *what)
{
    size_t i = pair_hash(what->a, what->b) & b->pair_mask;
    while (b->pair[i].b >= 0 && (b->pair[i].a != what->a || b->pair[i].b != what->b)) {
        i = (i + 1) & b->pair_mask;
    }
    b->pair[i] = *what;
}

int32_t bpe_find(const struct tok *t, const struct bpe *b, const char *bytes,
                 size_t len)
{
    size_t i = (size_t)hash_bytes(HASH_START, bytes, len) & b->word_mask;
    for (; b->word[i] >= 0; i = (i + 1) & b->word_mask) {
        const struct tok_entry *en = &t->entry[b->word[i]];
        if (en->len == len && memcmp(t->bytes.p + en->off, bytes, len) == 0) {
            return b->word[i];
        }
    }
    return -1;
}

/* Index the entries of model.vocab by their bytes. */
static enum err index_words(const struct tok *t, struct bpe *b, const char *name,
                            struct errinfo *e)
{
    const size_t n = pow2_over(2 * t->vocab);
    TRY(mem_new(&b->word, n, sizeof *b->word, "the vocabulary", e));
    memset(b->word, 0xFF, n * sizeof *b->word); /* -1 */
    b->word_mask = n - 1;
    for (size_t id = 0; id < t->vocab; id++) {
        const struct tok_entry *en = &t->entry[id];
        if (!(en->flags & (uint32_t)TOK_IN_MODEL)) {
            continue;
        }
        const char *p = t->bytes.p + en->off;
        const int32_t twin = bpe_find(t, b, p, en->len);
        if (twin >= 0) {
            /* Only an added token, whose text is not in the byte alphabet, can have the
             * bytes of another entry: the other one is what merges make. */
            if (!(t->entry[twin].flags & (uint32_t)TOK_ADDED) &&
                !(en->flags & (uint32_t)TOK_ADDED)) {
                return err_set(e, ERR_FORMAT,
                               "%s: model.vocab: ids %d and %zu have the same text",
                               name, (int)twin, id);
            }
            if (en->flags & (uint32_t)TOK_ADDED) {
                continue;
            }
        }
        size_t i = (size_t)hash_bytes(HASH_START, p, en->len) & b->word_mask;
        while (b->word[i] >= 0 && b->word[i] != twin) {
            i = (i + 1) & b->word_mask;
        }
        b->word[i] = (int32_t)id;
    }
    return OK;
}

static enum err index_bytes(const struct tok *t, struct bpe *b, const char *name,
                            struct errinfo *e)
{
    for (unsigned v = 0; v < 256; v++) {
        const char byte = (char)(unsigned char)v;
        const int32_t id = bpe_find(t, b, &byte, 1);
        if (id < 0) {
            return err_set(e, ERR_FORMAT,
                           "%s: model.vocab: no entry for byte 0x%02X, expected the "
                           "characters of all 256",
                           name, v);
        }
        if (tok_is_special(t, id)) {
            return err_set(
                e, ERR_FORMAT,
                "%s: added_tokens: the entry of byte 0x%02X is marked special", name,
                v);
        }
        b->byte_id[v] = id;
    }
    return OK;
}

static enum err index_merges(const struct tok *t, struct bpe *b, const char *name,
                             struct errinfo *e)
{
    const size_t slots = pow2_over(2 * b->n_merges + 2);
    TRY(mem_new(&b->pair, slots, sizeof *b->pair, "merges", e));
    memset(b->pair, 0xFF, slots * sizeof *b->pair);
    b->pair_mask = slots - 1;
    struct str both;
    str_init(&both, 2 * TOK_MAX_PIECE);
    enum err rc = OK;
    for (size_t i = 0; i < b->n_merges && rc == OK; i++) {
        const struct bpe_merge m = b->merge[i];
        str_clear(&both);
        tok_piece(t, m.a, &both);
        tok_piece(t, m.b, &both);
        TRY_OUT(rc, str_err(&both, "a merge", e));
        const int32_t id = bpe_find(t, b, both.p, both.len);
        if (id < 0 || tok_is_special(t, id)) {
            rc =
                err_set(e, ERR_FORMAT,
                        "%s: model.merges[%zu]: what it makes is %s, expected an entry "
                        "of model.vocab",
                        name, i, id < 0 ? "not in model.vocab" : "a special token");
            goto out;
        }
        pair_put(b, &(struct bpe_slot){m.a, m.b, id, (uint32_t)i});
    }
out:
    str_free(&both);
    return rc;
}

static void bpe_free(void *impl)
{
    struct bpe *b = impl;
    mem_free(b->pattern);
    split_free(b->split);
    mem_free(b->merge);
    mem_free(b->pair);
    mem_free(b->word);
    mem_free(b);
}

enum err bpe_attach(struct tok *t, const struct bpe_opts *opts,
                    const struct bpe_merge *merge, size_t n, const char *name,
                    struct errinfo *e)
{
    struct bpe *b = NULL;
    TRY(mem_new(&b, 1, sizeof *b, "tokenizer", e));
    t->impl = b; /* from here on tok_free releases it */
    b->opts = *opts;
    if (opts->words == BPE_WORDS_PATTERN) {
        b->pattern = mem_strdup(opts->pattern);
        if (!b->pattern) {
            return err_set(e, ERR_NOMEM, "out of memory for a pattern");
        }
    }
    b->opts.pattern = b->pattern;
    if (opts->words != BPE_WORDS_WHOLE) {
        char place[256];
        (void)snprintf(place, sizeof place, "%.200s: pre_tokenizer.pattern", name);
        TRY(split_new(b->opts.pattern, place, &b->split, e));
    }
    TRY(mem_new(&b->merge, n, sizeof *b->merge, "merges", e));
    if (n > 0) {
        memcpy(b->merge, merge, n * sizeof *merge);
    }
    b->n_merges = n;
    TRY(index_words(t, b, name, e));
    TRY(index_bytes(t, b, name, e));
    return index_merges(t, b, name, e);
}

/* ---- one word ---- */

/* A possible merge of the symbol that starts at byte `pos` with the one after it. */
struct cand {
    uint32_t rank, pos;
    int32_t id;
};

/* A symbol is known by the byte it starts at. */
struct symbol {
    int32_t id;    /* -1: joined to the one before */
    uint32_t prev; /* start of its neighbours; NONE at the ends */
    uint32_t next;
};
#define NONE UINT32_MAX

struct cache_slot {
    uint32_t hash;
    uint32_t off; /* of the word's bytes */
    uint32_t ids; /* of its first id */
    uint16_t len; /* 0: empty */
    uint16_t n;
};

#define CACHE_SLOTS 65536u
#define CACHE_WORDS (CACHE_SLOTS / 2) /* then it starts anew */
#define CACHE_LEN   64u               /* longest word kept */

struct scratch {
    const struct tok *t;
    const struct bpe *b;
    struct split_state *state;
    struct tok_ids *out; /* of the call under way */
    struct symbol *sym;
    size_t sym_cap;
    struct cand *heap;
    size_t n_heap, heap_cap;
    struct cache_slot *slot; /* [CACHE_SLOTS], NULL without a cache */
    size_t n_slots;
    struct str words;
    struct tok_ids ids;
    struct str prefixed; /* text with a space put before it */
};

static bool before(const struct cand *a, const struct cand *b)
{
    return a->rank != b->rank ? a->rank < b->rank : a->pos < b->pos;
}

static void heap_push(struct scratch *s, struct cand c)
{
    assert(s->n_heap < s->heap_cap);
    size_t i = s->n_heap++;
    while (i > 0 && before(&c, &s->heap[(i - 1) / 2])) {
        s->heap[i] = s->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    s->heap[i] = c;
}

static struct cand heap_pop(struct scratch *s)
{
    assert(s->n_heap > 0);
    const struct cand top = s->heap[0];
    const struct cand last = s->heap[--s->n_heap];
    size_t i = 0;
    for (;;) {
        size_t kid = 2 * i + 1;
        if (kid >= s->n_heap) {
            break;
        }
        if (kid + 1 < s->n_heap && before(&s->heap[kid + 1], &s->heap[kid])) {
            kid++;
        }
        if (!before(&s->heap[kid], &last)) {
            break;
        }
        s->heap[i] = s->heap[kid];
        i = kid;
    }
    s->heap[i] = last;
    return top;
}

static void consider(struct scratch *s, uint32_t pos)
{
    const struct symbol *l = &s->sym[pos];
    if (l->next == NONE) {
        return;
    }
    const struct bpe_slot *m = pair_find(s->b, l->id, s->sym[l->next].id);
    if (m) {
        heap_push(s, (struct cand){m->rank, pos, m->id});
    }
}

/* Merge the pair of lowest rank, the leftmost of equals, until none is left. O(n log
 * n): each merge puts at most two candidates on the heap. */
static enum err merge_word(struct scratch *s, const char *word, size_t len,
                           struct errinfo *e)
{
    TRY(mem_grow(&s->sym, &s->sym_cap, len, sizeof *s->sym, SIZE_MAX / 64, e));
    TRY(mem_grow(&s->heap, &s->heap_cap, 3 * len, sizeof *s->heap, SIZE_MAX / 64, e));
    for (size_t i = 0; i < len; i++) {
        s->sym[i] =
            (struct symbol){s->b->byte_id[(uint8_t)word[i]], i ? (uint32_t)i - 1 : NONE,
                            i + 1 < len ? (uint32_t)i + 1 : NONE};
    }
    s->n_heap = 0;
    for (size_t i = 0; i < len; i++) {
        consider(s, (uint32_t)i);
    }
    while (s->n_heap > 0) {
        const struct cand c = heap_pop(s);
        struct symbol *l = &s->sym[c.pos];
        if (l->id < 0 || l->next == NONE) {
            continue;
        }
        struct symbol *r = &s->sym[l->next];
        const struct bpe_slot *m = pair_find(s->b, l->id, r->id);
        if (!m || m->rank != c.rank) {
            continue; /* a neighbour has changed since */
        }
        l->id = c.id;
        l->next = r->next;
        r->id = -1;
        if (l->next != NONE) {
            s->sym[l->next].prev = c.pos;
        }
        consider(s, c.pos);
        if (l->prev != NONE) {
            consider(s, l->prev);
        }
    }
    for (uint32_t i = 0; i != NONE; i = s->sym[i].next) {
        TRY(tok_ids_add(s->out, s->sym[i].id, e));
    }
    return OK;
}

static enum err encode_new_word(struct scratch *s, const char *word, size_t len,
                                struct errinfo *e)
{
    if (s->b->opts.ignore_merges) {
        const int32_t id = bpe_find(s->t, s->b, word, len);
        if (id >= 0 && !tok_is_special(s->t, id)) {
            return tok_ids_add(s->out, id, e);
        }
    }
    for (size_t i = 0; i < len; i += BPE_MAX_WORD) {
        TRY(merge_word(s, word + i, len - i < BPE_MAX_WORD ? len - i : BPE_MAX_WORD,
                       e));
    }
    return OK;
}

/* ---- words seen before ---- */

static void cache_clear(struct scratch *s)
{
    memset(s->slot, 0, CACHE_SLOTS * sizeof *s->slot);
    s->n_slots = 0;
    str_clear(&s->words);
    s->ids.n = 0;
}

/* The slot of a word, or the empty one where it belongs. */
static struct cache_slot *cache_at(struct scratch *s, uint32_t hash, const char *word,
                                   size_t len)
{
    assert(s->n_slots <= CACHE_WORDS); /* so that some slot is empty */
    for (size_t i = hash % CACHE_SLOTS;; i = (i + 1) % CACHE_SLOTS) {
        struct cache_slot *c = &s->slot[i];
        if (c->len == 0 || (c->hash == hash && c->len == len &&
                            memcmp(s->words.p + c->off, word, len) == 0)) {
            return c;
        }
    }
}

static enum err encode_word(void *ctx, const char *word, size_t len, struct errinfo *e)
{
    struct scratch *s = ctx;
    if (!s->slot || len > CACHE_LEN) {
        return encode_new_word(s, word, len, e);
    }
    const uint64_t wide = hash_bytes(HASH_START, word, len);
    const uint32_t hash = (uint32_t)(wide ^ wide >> 32);
    const struct cache_slot *hit = cache_at(s, hash, word, len);
    if (hit->len > 0) {
        return tok_ids_addn(s->out, s->ids.p + hit->ids, hit->n, e);
    }
    const size_t from = s->out->n;
    TRY(encode_new_word(s, word, len, e));
    if (s->n_slots >= CACHE_WORDS) {
        cache_clear(s);
    }
    struct cache_slot *c = cache_at(s, hash, word, len);
    assert(c->len == 0 && s->out->n - from <= UINT16_MAX);
    const struct cache_slot fresh = {hash, (uint32_t)s->words.len, (uint32_t)s->ids.n,
                                     (uint16_t)len, (uint16_t)(s->out->n - from)};
    str_addn(&s->words, word, len);
    TRY(str_err(&s->words, "the cache of words", e));
    TRY(tok_ids_addn(&s->ids, s->out->p + from, fresh.n, e));
    *c = fresh;
    s->n_slots++;
    return OK;
}

/* ---- the kind ---- */

static void scratch_free(void *scratch)
{
    struct scratch *s = scratch;
    if (s) {
        split_state_free(s->state);
        mem_free(s->sym);
        mem_free(s->heap);
        mem_free(s->slot);
        str_free(&s->words);
        str_free(&s->prefixed);
        tok_ids_free(&s->ids);
        mem_free(s);
    }
}

static enum err scratch_new(const struct tok *t, bool cached, void **out,
                            struct errinfo *e)
{
    struct scratch *s = NULL;
    TRY(mem_new(&s, 1, sizeof *s, "encoding", e));
    s->t = t;
    s->b = t->impl;
    str_init(&s->words, (size_t)CACHE_WORDS * CACHE_LEN);
    str_init(&s->prefixed, TOK_MAX_TEXT + 1);
    enum err rc = OK;
    if (s->b->split) {
        TRY_OUT(rc, split_state_new(s->b->split, &s->state, e));
    }
    if (cached) {
        TRY_OUT(rc, mem_new(&s->slot, CACHE_SLOTS, sizeof *s->slot, "encoding", e));
    }
    *out = s;
    return OK;
out:
    scratch_free(s);
    return rc;
}

static enum err encode(const struct tok *t, void *scratch, const char *text, size_t len,
                       struct tok_ids *out, struct errinfo *e)
{
    struct scratch *s = scratch;
    (void)t;
    s->out = out;
    if (s->b->opts.add_prefix_space && text[0] != ' ') {
        str_clear(&s->prefixed);
        str_addc(&s->prefixed, ' ');
        str_addn(&s->prefixed, text, len);
        TRY(str_err(&s->prefixed, "a text to encode", e));
        text = s->prefixed.p;
        len = s->prefixed.len;
    }
    return s->b->split ? split_text(s->b->split, s->state, text, len, encode_word, s, e)
                       : encode_word(s, text, len, e);
}

const struct tok_kind tok_bpe_kind = {
    .type = "BPE",
    .parse = bpe_json_parse,
    .print = bpe_json_print,
    .scratch_new = scratch_new,
    .scratch_free = scratch_free,
    .encode = encode,
    .free = bpe_free,
};
