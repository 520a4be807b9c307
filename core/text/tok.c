#include "text/tok.h"

#include "base/mem.h"
#include "text/tok_bpe.h"
#include "text/tok_chars.h"
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
        (struct tok_entry){(uint32_t)off, (uint32_t)len, flags | (uint32_t)TOK_USED, 0};
    return OK;
}

enum err tok_put_text(struct tok *t, int32_t id, const char *text, size_t len,
                      struct errinfo *e)
{
    str_addn(&t->bytes, text, len);
    t->entry[id].text_len = (uint32_t)len;
    return str_err(&t->bytes, "the vocabulary", e);
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

int32_t tok_added_id(const struct tok *t, const char *text)
{
    const size_t n = strlen(text);
    int32_t plain = tok_special_id(t, text);
    for (size_t i = 0; i < t->vocab && plain < 0; i++) {
        const struct tok_entry *en = &t->entry[i];
        if ((en->flags & (uint32_t)TOK_ADDED) && tok_added_text(t, en).len == n &&
            memcmp(tok_added_text(t, en).p, text, n) == 0) {
            plain = (int32_t)i;
        }
    }
    return plain;
}

enum err tok_finish(struct tok *t, struct errinfo *e)
{
    for (size_t i = 0; i < sizeof role_names / sizeof *role_names; i++) {
        int32_t *role = &t->role[role_names[i].role];
        if (*role < 0) {
            *role = tok_added_id(t, role_names[i].text);
        }
    }
    return added_make(t, e);
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
    norm_free(t->norm);
    added_free(&t->added[0]);
    added_free(&t->added[1]);
    tok_ids_free(&t->around[0]);
    tok_ids_free(&t->around[1]);
    str_free(&t->bytes);
    mem_free(t);
}

/* ---- questions ---- */

void tok_remarks(const struct tok *t, struct remarks *r)
{
    if (t->dropout > 0.0) {
        remarks_add(
            r,
            "tokenizer: model.dropout %g is not done: every merge is made, as for "
            "a trained model",
            t->dropout);
    }
}

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
        if ((en->flags & (uint32_t)TOK_SPECIAL) && tok_added_text(t, en).len == n &&
            memcmp(tok_added_text(t, en).p, text, n) == 0) {
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

int32_t tok_by_name(const struct tok *t, const char *name)
{
    if (name[0] == '#' && name[1] >= '0' && name[1] <= '9') {
        char *end = NULL;
        const unsigned long long id = strtoull(name + 1, &end, 10);
        size_t len = 0;
        const bool there =
            *end == '\0' && id < tok_vocab(t) && tok_piece_view(t, (int32_t)id, &len);
        return there ? (int32_t)id : -1;
    }
    const int32_t special = tok_special_id(t, name);
    return special >= 0 ? special : tok_single(t, name);
}

/* ---- encoding ---- */

struct tok_scratch {
    const struct tok *t;
    void *impl;
    struct norm_state *norm; /* NULL without a normalizer */
    struct str repaired;
};

static enum err scratch_new(const struct tok *t, bool cached, struct tok_scratch **out,
                            struct errinfo *e)
{
    struct tok_scratch *s = NULL;
    TRY(mem_new(&s, 1, sizeof *s, "encoding", e));
    s->t = t;
    str_init(&s->repaired, 3 * TOK_MAX_TEXT);
    enum err rc = t->kind->scratch_new(t, cached, &s->impl, e);
    if (rc == OK && t->norm) {
        rc = norm_state_new(t->norm, &s->norm, e);
    }
    if (rc != OK) {
        tok_scratch_free(s);
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
        if (s->impl) {
            s->t->kind->scratch_free(s->impl);
        }
        norm_state_free(s->norm);
        str_free(&s->repaired);
        mem_free(s);
    }
}

/* A text passing through the tokenizer. */
struct walk {
    const struct tok *t;
    struct tok_scratch *s;
    struct tok_ids *out;
    bool is_first; /* the part under way begins the text */
    bool behind;   /* the text does not begin one: tok_encode_behind */
};

static enum err put_token(void *ctx, int32_t id, struct errinfo *e)
{
    return tok_ids_add(((struct walk *)ctx)->out, id, e);
}

/* Encodes a part of the normalized text without added tokens. */
static enum err put_plain(void *ctx, const char *text, size_t len, size_t at,
                          struct errinfo *e)
{
    struct walk *w = ctx;
    return w->t->kind->encode(w->t, w->s->impl, text, len, w->is_first && at == 0,
                              w->out, e);
}

/* Handles a part of the given text without the tokens searched for there. */
static enum err put_given(void *ctx, const char *text, size_t len, size_t at,
                          struct errinfo *e)
{
    struct walk *w = ctx;
    w->is_first = at == 0 && !w->behind;
    if (w->t->norm) {
        bool cut = false;
        TRY(norm_apply(w->t->norm, w->s->norm, text, len, &text, &len, &cut, e));
        w->is_first = w->is_first && !cut;
    }
    return added_cut(w->t, &w->t->added[1], text, len, put_plain, put_token, w, e);
}

static enum err encode_parts(const struct tok *t, struct tok_scratch *s,
                             const char *text, size_t len, bool behind,
                             struct tok_ids *out, struct errinfo *e)
{
    struct walk w = {.t = t, .s = s, .out = out, .behind = behind};
    if (t->repairs && !text_is_valid(text, len)) {
        str_clear(&s->repaired);
        text_repair(text, len, &s->repaired);
        TRY(str_err(&s->repaired, "a text to encode", e));
        text = s->repaired.p;
        len = s->repaired.len;
    }
    return added_cut(t, &t->added[0], text, len, put_given, put_token, &w, e);
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

static enum err encode_with(const struct tok *t, struct tok_scratch *s,
                            const char *text, size_t len, bool behind,
                            struct tok_ids *out, struct errinfo *e)
{
    if (len > TOK_MAX_TEXT) {
        return err_set(e, ERR_LIMIT, "text to encode: %zu bytes, expected at most %zu",
                       len, TOK_MAX_TEXT);
    }
    if (len == 0) {
        return OK;
    }
    const size_t before = out->n;
    enum err rc = encode_parts(t, s, text, len, behind, out, e);
    if (rc == OK) {
        rc = check_rows(t, out->p + before, out->n - before, e);
    }
    if (rc != OK) {
        out->n = before;
    }
    return rc;
}

enum err tok_encode_with(const struct tok *t, struct tok_scratch *s, const char *text,
                         size_t len, struct tok_ids *out, struct errinfo *e)
{
    return encode_with(t, s, text, len, false, out, e);
}

static enum err encode_once(const struct tok *t, const char *text, size_t len,
                            bool behind, struct tok_ids *out, struct errinfo *e)
{
    struct tok_scratch *s = NULL;
    TRY(scratch_new(t, false, &s, e));
    const enum err rc = encode_with(t, s, text, len, behind, out, e);
    tok_scratch_free(s);
    return rc;
}

enum err tok_encode(const struct tok *t, const char *text, size_t len,
                    struct tok_ids *out, struct errinfo *e)
{
    return encode_once(t, text, len, false, out, e);
}

enum err tok_encode_behind(const struct tok *t, const char *text, size_t len,
                           struct tok_ids *out, struct errinfo *e)
{
    return encode_once(t, text, len, true, out, e);
}
