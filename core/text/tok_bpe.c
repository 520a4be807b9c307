#include "text/tok_bpe.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
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

/* Adds a pair; one listed twice keeps its later rank, as in the Hugging Face
 * library. */
static void pair_put(struct bpe *b, const struct bpe_slot *what)
{
    size_t i = pair_hash(what->a, what->b) & b->pair_mask;
    while (b->pair[i].b >= 0 && (b->pair[i].a != what->a || b->pair[i].b != what->b)) {
        i = (i + 1) & b->pair_mask;
    }
    b->pair[i] = *what;
}

int32_t bpe_find(const struct bpe *b, const char *bytes, size_t len)
{
    size_t i = (size_t)hash_bytes(HASH_START, bytes, len) & b->word_mask;
    for (; b->word[i] >= 0; i = (i + 1) & b->word_mask) {
        const struct tok_entry *key = &b->key[b->word[i]];
        if (key->len == len && memcmp(b->key_bytes + key->off, bytes, len) == 0) {
            return b->word[i];
        }
    }
    return -1;
}

/* With chars: copies the keys. */
static enum err copy_keys(const struct tok *t, const struct tok_text *key,
                          struct bpe *b, struct errinfo *e)
{
    TRY(mem_new(&b->own_key, t->vocab, sizeof *b->own_key, "the vocabulary", e));
    for (size_t id = 0; id < t->vocab; id++) {
        const bool is_used = key[id].p && t->entry[id].flags & (uint32_t)TOK_IN_MODEL;
        b->own_key[id].off = (uint32_t)b->own_bytes.len;
        b->own_key[id].len = is_used ? (uint32_t)key[id].len : 0;
        str_addn(&b->own_bytes, key[id].p, b->own_key[id].len);
    }
    TRY(str_err(&b->own_bytes, "the vocabulary", e));
    b->key = b->own_key;
    b->key_bytes = b->own_bytes.len > 0 ? b->own_bytes.p : "";
    return OK;
}

/* Indexes the entries of model.vocab by their keys. */
static enum err index_words(const struct tok *t, struct bpe *b, const char *name,
                            struct errinfo *e)
{
    const size_t n = pow2_over(2 * t->vocab);
    TRY(mem_new(&b->word, n, sizeof *b->word, "the vocabulary", e));
    memset(b->word, 0xFF, n * sizeof *b->word); /* -1 */
    b->word_mask = n - 1;
    for (size_t id = 0; id < t->vocab; id++) {
        const struct tok_entry *en = &t->entry[id];
        const size_t len = b->key[id].len;
        if (!(en->flags & (uint32_t)TOK_IN_MODEL) || len == 0) {
            continue;
        }
        const char *p = b->key_bytes + b->key[id].off;
        b->longest = len > b->longest ? len : b->longest;
        const int32_t twin = bpe_find(b, p, len);
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
        size_t i = (size_t)hash_bytes(HASH_START, p, len) & b->word_mask;
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
        const int32_t id = bpe_find(b, &byte, 1); /* SmolLM2 lacks some */
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

/* With chars: indexes the entries of bytes and ASCII characters, as far as there are
 * any. */
static void index_chars(const struct tok *t, struct bpe *b)
{
    for (unsigned v = 0; v < 256; v++) {
        char name[8];
        (void)snprintf(name, sizeof name, "<0x%02X>", v);
        const char byte = (char)(unsigned char)v;
        b->byte_id[v] = bpe_find(b, name, 6);
        if (v < 128) {
            const int32_t id = bpe_find(b, &byte, 1);
            b->ascii_id[v] = tok_is_special(t, id) ? -1 : id;
        }
    }
}

#define MARK     "\xE2\x96\x81" /* U+2581, which stands for a space */
#define MARK_LEN ((size_t)3)

static bool ends_with_mark(const char *text, size_t len)
{
    return len >= MARK_LEN && memcmp(text + len - MARK_LEN, MARK, MARK_LEN) == 0;
}

static bool begins_with_mark(const char *text, size_t len)
{
    return len >= MARK_LEN && memcmp(text, MARK, MARK_LEN) == 0;
}

/* Finds where in a word of characters no pair can ever be merged: before a mark, if no
 * merge and no entry has anything else right before one. Words are cut there, so that
 * their parts are short and can be cached; the ids are the same. */
static void find_crossings(const struct tok *t, struct bpe *b)
{
    b->cuts_at_mark = !b->opts.ignore_merges && bpe_find(b, MARK, MARK_LEN) >= 0;
    for (size_t i = 0; i < b->n_merges; i++) {
        const struct tok_entry *l = &b->key[b->merge[i].a];
        const struct tok_entry *r = &b->key[b->merge[i].b];
        if (l->len > 0 && begins_with_mark(b->key_bytes + r->off, r->len) &&
            !ends_with_mark(b->key_bytes + l->off, l->len)) {
            b->crosses[(unsigned char)b->key_bytes[l->off + l->len - 1]] = true;
        }
    }
    for (size_t id = 0; b->rank && id < t->vocab; id++) {
        const char *key = b->key_bytes + b->key[id].off;
        for (size_t i = 1; i + MARK_LEN <= b->key[id].len; i++) {
            if (begins_with_mark(key + i, MARK_LEN) && !ends_with_mark(key, i)) {
                b->crosses[(unsigned char)key[i - 1]] = true;
            }
        }
    }
}

struct scored {
    float score;
    int32_t id;
};

static int highest_first(const void *a, const void *b)
{
    const struct scored *x = a;
    const struct scored *y = b;
    return (x->score < y->score) - (x->score > y->score);
}

/* Ranks scores: equal ones have the same rank. */
static enum err rank_scores(const struct tok *t, const float *score, struct bpe *b,
                            const char *name, struct errinfo *e)
{
    struct scored *all = NULL;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&b->rank, t->vocab, sizeof *b->rank, "scores", e));
    TRY_OUT(rc, mem_new(&all, t->vocab, sizeof *all, "scores", e));
    for (size_t i = 0; i < t->vocab; i++) {
        if (!isfinite(score[i])) {
            rc = err_set(e, ERR_FORMAT, "%s: scores[%zu]: found %g, expected a number",
                         name, i, (double)score[i]);
            goto out;
        }
        all[i] = (struct scored){score[i], (int32_t)i};
    }
    qsort(all, t->vocab, sizeof *all, highest_first);
    uint32_t rank = 0;
    for (size_t i = 0; i < t->vocab; i++) {
        rank += i > 0 && all[i].score < all[i - 1].score;
        b->rank[all[i].id] = rank;
    }
out:
    mem_free(all);
    return rc;
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
        str_addn(&both, b->key_bytes + b->key[m.a].off, b->key[m.a].len);
        str_addn(&both, b->key_bytes + b->key[m.b].off, b->key[m.b].len);
        TRY_OUT(rc, str_err(&both, "a merge", e));
        const int32_t id = bpe_find(b, both.p, both.len);
        if (b->opts.chars && id >= 0 && tok_is_special(t, id)) {
            continue;
        }
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
    pre_free(b->pre);
    mem_free(b->normalizer);
    mem_free(b->pre_tokenizer);
    mem_free(b->decoder);
    mem_free(b->rank);
    mem_free(b->own_key);
    str_free(&b->own_bytes);
    mem_free(b->merge);
    mem_free(b->pair);
    mem_free(b->word);
    mem_free(b);
}

/* Keeps a member as one line of JSON, NULL for none. */
static enum err keep_json(const cJSON *member, char **out, struct errinfo *e)
{
    struct str line;
    str_init(&line, TOK_MAX_PIECE);
    if (!member) {
        return OK;
    }
    json_add_line(&line, member);
    const enum err rc = str_err(&line, "a member of tokenizer.json", e);
    if (rc == OK) {
        *out = str_take(&line);
    }
    str_free(&line);
    return rc;
}

enum err bpe_attach(struct tok *t, const struct bpe_spec *spec, const char *name,
                    struct errinfo *e)
{
    struct bpe *b = NULL;
    const enum err rc = mem_new(&b, 1, sizeof *b, "tokenizer", e);
    if (rc != OK) {
        pre_free(spec->pre);
        return rc;
    }
    t->impl = b; /* from here on tok_free releases it */
    t->repairs = spec->opts.chars;
    t->dropout = spec->opts.dropout;
    b->opts = spec->opts;
    b->pre = spec->pre;
    b->key = t->entry;
    b->key_bytes = t->bytes.p;
    str_init(&b->own_bytes, TOK_MAX_PIECES);
    TRY(keep_json(spec->normalizer, &b->normalizer, e));
    TRY(keep_json(spec->pre_tokenizer, &b->pre_tokenizer, e));
    TRY(keep_json(spec->decoder, &b->decoder, e));
    TRY(mem_new(&b->merge, spec->n_merges, sizeof *b->merge, "merges", e));
    if (spec->n_merges > 0) {
        memcpy(b->merge, spec->merge, spec->n_merges * sizeof *b->merge);
    }
    b->n_merges = spec->n_merges;
    if (spec->opts.chars) {
        TRY(copy_keys(t, spec->key, b, e));
    }
    TRY(index_words(t, b, name, e));
    if (!spec->opts.chars) {
        TRY(index_bytes(t, b, name, e));
        return index_merges(t, b, name, e);
    }
    index_chars(t, b);
    TRY(spec->score ? rank_scores(t, spec->score, b, name, e)
                    : index_merges(t, b, name, e));
    find_crossings(t, b);
    return OK;
}

/* ---- one word ---- */

/* A possible merge of symbol `pos` with the one after it. */
struct cand {
    uint32_t rank, pos;
    int32_t id;
};

/* A symbol, identified by its place among the word's first symbols. */
struct symbol {
    int32_t id;    /* or one of the two below */
    uint32_t prev; /* its neighbours; NONE at the ends */
    uint32_t next;
    uint32_t from; /* where in the word it begins */
};
#define NONE      UINT32_MAX
#define ID_JOINED (-1) /* to the one before */
#define ID_NONE   (-2) /* by scores: a character that is no entry */

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
    struct pre_state *state;
    struct tok_ids *out; /* of the call under way */
    const char *word;    /* [len] under way */
    size_t len;
    struct symbol *sym; /* [n_sym] */
    size_t n_sym, sym_cap;
    struct cand *heap;
    size_t n_heap, heap_cap;
    struct cache_slot *slot; /* [CACHE_SLOTS], NULL without a cache */
    size_t n_slots;
    struct str words;
    struct tok_ids ids;
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

/* Returns the end of a symbol in the word. */
static uint32_t end_of(const struct scratch *s, const struct symbol *l)
{
    return l->next == NONE ? (uint32_t)s->len : s->sym[l->next].from;
}

static void consider(struct scratch *s, uint32_t pos)
{
    const struct symbol *l = &s->sym[pos];
    if (l->next == NONE) {
        return;
    }
    if (s->b->rank) {
        const uint32_t n = end_of(s, &s->sym[l->next]) - l->from;
        const int32_t id =
            n <= s->b->longest ? bpe_find(s->b, s->word + l->from, n) : -1;
        if (id >= 0) {
            heap_push(s, (struct cand){s->b->rank[id], pos, id});
        }
        return;
    }
    const struct bpe_slot *m = pair_find(s->b, l->id, s->sym[l->next].id);
    if (m) {
        heap_push(s, (struct cand){m->rank, pos, m->id});
    }
}

/* Whether neither symbol of a candidate has changed since. */
static bool still_there(const struct scratch *s, const struct cand *c)
{
    const struct symbol *l = &s->sym[c->pos];
    if (l->id == ID_JOINED || l->next == NONE) {
        return false;
    }
    if (s->b->rank) {
        return end_of(s, &s->sym[l->next]) - l->from == s->b->key[c->id].len;
    }
    const struct bpe_slot *m = pair_find(s->b, l->id, s->sym[l->next].id);
    return m && m->rank == c->rank;
}

static void add_symbol(struct scratch *s, int32_t id, size_t from)
{
    const uint32_t n = (uint32_t)s->n_sym++;
    s->sym[n] = (struct symbol){id, n > 0 ? n - 1 : NONE, NONE, (uint32_t)from};
    if (n > 0) {
        s->sym[n - 1].next = n;
    }
}

/* Returns the entry of the character at p[n], or -1. */
static int32_t char_id(const struct scratch *s, const char *p, size_t n)
{
    if (n == 1 && (unsigned char)*p < 128) {
        return s->b->ascii_id[(unsigned char)*p];
    }
    const int32_t id = bpe_find(s->b, p, n);
    return tok_is_special(s->t, id) ? -1 : id;
}

static bool has_bytes(const struct bpe *b, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (b->byte_id[(uint8_t)p[i]] < 0) {
            return false;
        }
    }
    return true;
}

/* Characters without an entry, to become an unk: as in the reference, the unk comes
 * only at the next character with an entry, after bytes that lie between. */
struct unknown {
    bool waits;
    size_t from;
};

static void end_unknown(struct scratch *s, struct unknown *u)
{
    if (u->waits) {
        add_symbol(s, s->b->opts.unk, u->from);
        u->waits = false;
    }
}

static void add_unknown(struct scratch *s, struct unknown *u, size_t from)
{
    if (s->b->opts.unk < 0 || (u->waits && s->b->opts.fuse_unk)) {
        return; /* dropped, or one with those before */
    }
    end_unknown(s, u);
    *u = (struct unknown){true, from};
}

static void begin_bytes(struct scratch *s)
{
    struct unknown u = {.waits = false};
    for (size_t i = 0; i < s->len; i++) {
        const int32_t id = s->b->byte_id[(uint8_t)s->word[i]];
        if (id < 0) {
            add_unknown(s, &u, i);
            continue;
        }
        end_unknown(s, &u);
        add_symbol(s, id, i);
    }
    end_unknown(s, &u);
}

static void begin_chars(struct scratch *s)
{
    struct unknown u = {.waits = false};
    for (size_t i = 0, n; i < s->len; i += n) {
        uint32_t c = 0;
        n = utf8_next(s->word + i, s->len - i, &c);
        const int32_t id = char_id(s, s->word + i, n);
        if (s->b->rank) {
            add_symbol(s, id >= 0 ? id : ID_NONE, i);
        } else if (id >= 0) {
            end_unknown(s, &u);
            add_symbol(s, id, i);
        } else if (s->b->opts.byte_fallback && has_bytes(s->b, s->word + i, n)) {
            for (size_t k = 0; k < n; k++) {
                add_symbol(s, s->b->byte_id[(uint8_t)s->word[i + k]], i + k);
            }
        } else {
            add_unknown(s, &u, i);
        }
    }
    end_unknown(s, &u);
}

static enum err put_symbol(struct scratch *s, const struct symbol *l, struct errinfo *e)
{
    if (l->id != ID_NONE) {
        return tok_ids_add(s->out, l->id, e);
    }
    const char *p = s->word + l->from;
    const size_t n = end_of(s, l) - l->from;
    if (!has_bytes(s->b, p, n)) {
        return s->b->opts.unk >= 0 ? tok_ids_add(s->out, s->b->opts.unk, e) : OK;
    }
    for (size_t i = 0; i < n; i++) {
        TRY(tok_ids_add(s->out, s->b->byte_id[(uint8_t)p[i]], e));
    }
    return OK;
}

/* Merges the pair of lowest rank, the leftmost of equals, until none is left. O(n log
 * n): each merge puts at most two candidates on the heap. */
static enum err merge_word(struct scratch *s, const char *word, size_t len,
                           struct errinfo *e)
{
    TRY(mem_grow(&s->sym, &s->sym_cap, len, sizeof *s->sym, SIZE_MAX / 64, e));
    TRY(mem_grow(&s->heap, &s->heap_cap, 3 * len, sizeof *s->heap, SIZE_MAX / 64, e));
    s->word = word;
    s->len = len;
    s->n_sym = 0;
    s->n_heap = 0;
    if (s->b->opts.chars) {
        begin_chars(s);
    } else {
        begin_bytes(s);
    }
    for (size_t i = 0; i < s->n_sym; i++) {
        consider(s, (uint32_t)i);
    }
    while (s->n_heap > 0) {
        const struct cand c = heap_pop(s);
        if (!still_there(s, &c)) {
            continue;
        }
        struct symbol *l = &s->sym[c.pos];
        struct symbol *r = &s->sym[l->next];
        l->id = c.id;
        l->next = r->next;
        r->id = ID_JOINED;
        if (l->next != NONE) {
            s->sym[l->next].prev = c.pos;
        }
        consider(s, c.pos);
        if (l->prev != NONE) {
            consider(s, l->prev);
        }
    }
    for (uint32_t i = s->n_sym > 0 ? 0 : NONE; i != NONE; i = s->sym[i].next) {
        TRY(put_symbol(s, &s->sym[i], e));
    }
    return OK;
}

static enum err encode_new_word(struct scratch *s, const char *word, size_t len,
                                struct errinfo *e)
{
    if (s->b->opts.ignore_merges) {
        const int32_t id = bpe_find(s->b, word, len);
        if (id >= 0 && !tok_is_special(s->t, id)) {
            return tok_ids_add(s->out, id, e);
        }
    }
    for (size_t i = 0; i < len;) {
        size_t n = len - i < BPE_MAX_WORD ? len - i : BPE_MAX_WORD;
        while (s->b->opts.chars && n > 1 && i + n < len &&
               ((unsigned char)word[i + n] & 0xC0) == 0x80) {
            n--; /* not within a character */
        }
        TRY(merge_word(s, word + i, n, e));
        i += n;
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

/* Returns the slot of a word, or the empty one where it belongs. */
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
    if (hit->len > 0) { /* n 0: every character was dropped, and there may be no list */
        return hit->n > 0 ? tok_ids_addn(s->out, s->ids.p + hit->ids, hit->n, e) : OK;
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
    if (fresh.n > 0) {
        TRY(tok_ids_addn(&s->ids, s->out->p + from, fresh.n, e));
    }
    *c = fresh;
    s->n_slots++;
    return OK;
}

/* Encodes a word of characters, cut where no pair can be merged. */
static enum err encode_chars(void *ctx, const char *word, size_t len, struct errinfo *e)
{
    struct scratch *s = ctx;
    size_t from = 0;
    for (size_t i = 1; s->b->cuts_at_mark && i + MARK_LEN <= len; i++) {
        if (word[i] == MARK[0] && begins_with_mark(word + i, MARK_LEN) &&
            !ends_with_mark(word, i) && !s->b->crosses[(unsigned char)word[i - 1]]) {
            TRY(encode_word(s, word + from, i - from, e));
            from = i;
        }
    }
    return encode_word(s, word + from, len - from, e);
}

/* ---- the kind ---- */

static void scratch_free(void *scratch)
{
    struct scratch *s = scratch;
    if (s) {
        pre_state_free(s->state);
        mem_free(s->sym);
        mem_free(s->heap);
        mem_free(s->slot);
        str_free(&s->words);
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
    enum err rc = OK;
    TRY_OUT(rc, pre_state_new(s->b->pre, &s->state, e));
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
                       bool is_first, struct tok_ids *out, struct errinfo *e)
{
    struct scratch *s = scratch;
    (void)t;
    s->out = out;
    return pre_words(s->b->pre, s->state, text, len, is_first,
                     s->b->opts.chars ? encode_chars : encode_word, s, e);
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
