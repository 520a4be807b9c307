#include "text/tok.h"

#include "base/mem.h"
#include "text/tok_bpe.h"
#include "text/tok_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- kinds ---- */

static const struct tok_kind *const kinds[] = {&tok_bpe_kind};

const struct tok_kind *tok_kind_find(const char *type)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i]->type, type) == 0) {
            return kinds[i];
        }
    }
    return NULL;
}

void tok_kind_names(struct str *out)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        str_addf(out, "%s%s", i ? ", " : "", kinds[i]->type);
    }
}

/* ---- lists of ids ---- */

void tok_ids_free(struct tok_ids *ids)
{
    mem_free(ids->p);
    *ids = (struct tok_ids){0};
}

enum err tok_ids_add(struct tok_ids *ids, int32_t id, struct errinfo *e)
{
    return tok_ids_addn(ids, &id, 1, e);
}

enum err tok_ids_addn(struct tok_ids *ids, const int32_t *more, size_t n,
                      struct errinfo *e)
{
    if (n > ids->cap - ids->n) {
        if (n > TOK_MAX_TEXT - ids->n) {
            return err_set(e, ERR_LIMIT, "more than %zu tokens in one list",
                           TOK_MAX_TEXT);
        }
        TRY(mem_grow(&ids->p, &ids->cap, ids->n + n, sizeof *ids->p, TOK_MAX_TEXT, e));
    }
    if (n > 0) {
        memcpy(ids->p + ids->n, more, n * sizeof *more);
    }
    ids->n += n;
    return OK;
}

/* ---- making one ---- */

enum err tok_new(const struct tok_kind *kind, size_t vocab, struct tok **out,
                 struct errinfo *e)
{
    struct tok *t = NULL;
    TRY(mem_new(&t, 1, sizeof *t, "tokenizer", e));
    t->kind = kind;
    t->vocab = vocab;
    str_init(&t->bytes, TOK_MAX_PIECES);
    const enum err rc =
        mem_new(&t->entry, vocab, sizeof *t->entry, "the vocabulary", e);
    if (rc != OK) {
        tok_free(t);
        return rc;
    }
    for (size_t i = 0; i < TOK_ROLES; i++) {
        t->role[i] = -1;
    }
    *out = t;
    return OK;
}

enum err tok_put(struct tok *t, int32_t id, const char *bytes, size_t len,
                 uint32_t flags, struct errinfo *e)
{
    const size_t off = t->bytes.len;
    str_addn(&t->bytes, bytes, len);
    TRY(str_err(&t->bytes, "the vocabulary", e));
    t->entry[id] =
        (struct tok_entry){(uint32_t)off, (uint32_t)len, flags | (uint32_t)TOK_USED};
    return OK;
}

/* Texts by which special tokens are known, for each role in order of preference. */
static const struct {
    enum tok_role role;
    const char *text;
} role_names[] = {
    {TOK_BOS, "<|bos|>"},
    {TOK_BOS, "<s>"},
    {TOK_BOS, "<bos>"},
    {TOK_BOS, "<|begin_of_text|>"},
    {TOK_BOS, "<|endoftext|>"},
    {TOK_EOS, "<|eos|>"},
    {TOK_EOS, "</s>"},
    {TOK_EOS, "<eos>"},
    {TOK_EOS, "<|end_of_text|>"},
    {TOK_EOS, "<|endoftext|>"},
    {TOK_PAD, "<|pad|>"},
    {TOK_PAD, "<pad>"},
    {TOK_PAD, "<|padding|>"},
    {TOK_PAD, "[PAD]"},
    {TOK_MASK, "<|mask|>"},
    {TOK_MASK, "<mask>"},
    {TOK_MASK, "[MASK]"},
};

static bool is_plain_added(const struct tok_entry *en)
{
    return (en->flags & TOK_ADDED) && !(en->flags & TOK_SPECIAL) && en->len > 0;
}

enum err tok_finish(struct tok *t, struct errinfo *e)
{
    for (size_t i = 0; i < sizeof role_names / sizeof *role_names; i++) {
        int32_t *role = &t->role[role_names[i].role];
        if (*role < 0) {
            *role = tok_special_id(t, role_names[i].text);
        }
    }
    size_t n = 0;
    for (size_t i = 0; i < t->vocab; i++) {
        n += is_plain_added(&t->entry[i]);
    }
    if (n == 0) {
        return OK;
    }
    TRY(mem_new(&t->plain, n, sizeof *t->plain, "added tokens", e));
    /* Longest first, by counting down the lengths that occur: insertion into a sorted
     * list is quadratic, and files with thousands of added tokens exist. */
    size_t longest = 0;
    for (size_t i = 0; i < t->vocab; i++) {
        if (is_plain_added(&t->entry[i]) && t->entry[i].len > longest) {
            longest = t->entry[i].len;
        }
    }
    size_t *start = NULL; /* by length: where its tokens begin */
    TRY(mem_new(&start, longest + 2, sizeof *start, "added tokens", e));
    for (size_t i = 0; i < t->vocab; i++) {
        if (is_plain_added(&t->entry[i])) {
            start[t->entry[i].len - 1]++;
            t->plain_start[(uint8_t)t->bytes.p[t->entry[i].off]] = true;
        }
    }
    for (size_t len = longest; len-- > 0;) {
        start[len] += start[len + 1];
    }
    for (size_t i = 0; i < t->vocab; i++) {
        if (is_plain_added(&t->entry[i])) {
            t->plain[start[t->entry[i].len]++] = (int32_t)i;
        }
    }
    t->n_plain = n;
    mem_free(start);
    return OK;
}

void tok_free(struct tok *t)
{
    if (!t) {
        return;
    }
    if (t->impl) {
        t->kind->free(t->impl);
    }
    mem_free(t->entry);
    mem_free(t->plain);
    tok_ids_free(&t->around[0]);
    tok_ids_free(&t->around[1]);
    str_free(&t->bytes);
    mem_free(t);
}

/* ---- questions ---- */

size_t tok_vocab(const struct tok *t)
{
    return t->vocab;
}

void tok_set_rows(struct tok *t, size_t rows)
{
    t->rows = rows < t->vocab ? rows : 0;
}

size_t tok_rows(const struct tok *t)
{
    return t->rows > 0 ? t->rows : t->vocab;
}

int32_t tok_bos(const struct tok *t)
{
    return t->role[TOK_BOS];
}

int32_t tok_eos(const struct tok *t)
{
    return t->role[TOK_EOS];
}

int32_t tok_pad(const struct tok *t)
{
    return t->role[TOK_PAD];
}

int32_t tok_mask(const struct tok *t)
{
    return t->role[TOK_MASK];
}

bool tok_is_special(const struct tok *t, int32_t id)
{
    return id >= 0 && (size_t)id < t->vocab &&
           (t->entry[id].flags & (uint32_t)TOK_SPECIAL) != 0;
}

const char *tok_piece_view(const struct tok *t, int32_t id, size_t *len)
{
    if (id < 0 || (size_t)id >= t->vocab ||
        !(t->entry[id].flags & (uint32_t)TOK_USED)) {
        *len = 0;
        return NULL;
    }
    *len = t->entry[id].len;
    return t->bytes.p + t->entry[id].off;
}

void tok_piece(const struct tok *t, int32_t id, struct str *out)
{
    size_t len = 0;
    const char *p = tok_piece_view(t, id, &len);
    if (p) {
        str_addn(out, p, len);
    }
}

void tok_decode(const struct tok *t, const int32_t *ids, size_t n, struct str *out)
{
    for (size_t i = 0; i < n; i++) {
        tok_piece(t, ids[i], out);
    }
}

int32_t tok_special_id(const struct tok *t, const char *text)
{
    const size_t n = strlen(text);
    for (size_t i = 0; i < t->vocab; i++) {
        const struct tok_entry *en = &t->entry[i];
        if ((en->flags & (uint32_t)TOK_SPECIAL) && en->len == n &&
            memcmp(t->bytes.p + en->off, text, n) == 0) {
            return (int32_t)i;
        }
    }
    return -1;
}

int32_t tok_single(const struct tok *t, const char *text)
{
    struct tok_ids ids = {0};
    int32_t id = -1;
    if (tok_encode(t, text, strlen(text), &ids, NULL) == OK && ids.n == 1) {
        id = ids.p[0];
    }
    tok_ids_free(&ids);
    return id;
}

/* ---- encoding ---- */

struct tok_scratch {
    const struct tok *t;
    void *impl;
};

static enum err scratch_new(const struct tok *t, bool cached, struct tok_scratch **out,
                            struct errinfo *e)
{
    struct tok_scratch *s = NULL;
    TRY(mem_new(&s, 1, sizeof *s, "encoding", e));
    s->t = t;
    const enum err rc = t->kind->scratch_new(t, cached, &s->impl, e);
    if (rc != OK) {
        mem_free(s);
        return rc;
    }
    *out = s;
    return OK;
}

enum err tok_scratch_new(const struct tok *t, struct tok_scratch **out,
                         struct errinfo *e)
{
    return scratch_new(t, true, out, e);
}

void tok_scratch_free(struct tok_scratch *s)
{
    if (s) {
        s->t->kind->scratch_free(s->impl);
        mem_free(s);
    }
}

/* The longest plain added token that text[n] begins with, or -1. */
static int32_t added_at(const struct tok *t, const char *text, size_t n)
{
    if (!t->plain_start[(uint8_t)text[0]]) {
        return -1;
    }
    for (size_t i = 0; i < t->n_plain; i++) {
        const struct tok_entry *en = &t->entry[t->plain[i]];
        if (en->len <= n && memcmp(t->bytes.p + en->off, text, en->len) == 0) {
            return t->plain[i];
        }
    }
    return -1;
}

static enum err encode_parts(const struct tok *t, struct tok_scratch *s,
                             const char *text, size_t len, struct tok_ids *out,
                             struct errinfo *e)
{
    if (t->n_plain == 0) {
        return t->kind->encode(t, s->impl, text, len, out, e);
    }
    size_t from = 0;
    for (size_t i = 0; i < len;) {
        const int32_t id = added_at(t, text + i, len - i);
        if (id < 0) {
            i++;
            continue;
        }
        if (i > from) {
            TRY(t->kind->encode(t, s->impl, text + from, i - from, out, e));
        }
        TRY(tok_ids_add(out, id, e));
        i += t->entry[id].len;
        from = i;
    }
    return len > from ? t->kind->encode(t, s->impl, text + from, len - from, out, e)
                      : OK;
}

/* Whether the model has rows for ids[n]. */
static enum err check_rows(const struct tok *t, const int32_t *ids, size_t n,
                           struct errinfo *e)
{
    for (size_t i = 0; t->rows > 0 && i < n; i++) {
        if ((size_t)ids[i] >= t->rows) {
            size_t len = 0;
            const char *text = tok_piece_view(t, ids[i], &len);
            return err_set(e, ERR_FORMAT,
                           "text to encode: found token \"%.*s\" of id %d, which the "
                           "model has no row for: expected less than vocab_size %zu",
                           (int)(len < 40 ? len : 40), text ? text : "", (int)ids[i],
                           t->rows);
        }
    }
    return OK;
}

enum err tok_encode_with(const struct tok *t, struct tok_scratch *s, const char *text,
                         size_t len, struct tok_ids *out, struct errinfo *e)
{
    if (len > TOK_MAX_TEXT) {
        return err_set(e, ERR_LIMIT, "text to encode: %zu bytes, expected at most %zu",
                       len, TOK_MAX_TEXT);
    }
    if (len == 0) {
        return OK;
    }
    const size_t before = out->n;
    enum err rc = encode_parts(t, s, text, len, out, e);
    if (rc == OK) {
        rc = check_rows(t, out->p + before, out->n - before, e);
    }
    if (rc != OK) {
        out->n = before;
    }
    return rc;
}

enum err tok_encode(const struct tok *t, const char *text, size_t len,
                    struct tok_ids *out, struct errinfo *e)
{
    struct tok_scratch *s = NULL;
    TRY(scratch_new(t, false, &s, e));
    const enum err rc = tok_encode_with(t, s, text, len, out, e);
    tok_scratch_free(s);
    return rc;
}
