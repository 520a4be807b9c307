#define _GNU_SOURCE /* memmem */
#include "text/mask.h"

#include "base/mem.h"
#include "base/rng.h"
#include "base/utf8.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct mask_vocab {
    size_t vocab;
    bool *is_exempt; /* [vocab] */
    size_t n;        /* ids that can be drawn */
    int32_t *id;     /* [n] */
    uint64_t *below; /* [n] sum of the counts of those before and of itself */
};

/* ---- the vocabulary ---- */

void mask_vocab_free(struct mask_vocab *v)
{
    if (v) {
        mem_free(v->is_exempt);
        mem_free(v->id);
        mem_free(v->below);
        mem_free(v);
    }
}

static enum err fill_vocab(struct mask_vocab *v, const struct tok *t,
                           const uint64_t *counts, struct errinfo *e)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < v->vocab; i++) {
        const int32_t id = (int32_t)i;
        size_t len = 0;
        /* The four roles are exempt by what they do, marked special or not. */
        v->is_exempt[i] = tok_is_special(t, id) || id == tok_bos(t) ||
                          id == tok_eos(t) || id == tok_pad(t) || id == tok_mask(t);
        if (v->is_exempt[i] || i >= tok_rows(t) || !tok_piece_view(t, id, &len)) {
            continue;
        }
        const uint64_t count = counts ? counts[i] : 1;
        if (count > UINT64_MAX - sum) {
            return err_set(e, ERR_LIMIT, "token frequencies: their sum is too large");
        }
        sum += count;
        v->id[v->n] = id;
        v->below[v->n++] = sum;
    }
    if (sum == 0) {
        return err_set(
            e, ERR_USAGE,
            "masking: no token to draw from, expected some that are not special "
            "and occur in the corpus");
    }
    return OK;
}

enum err mask_vocab_new(const struct tok *t, const uint64_t *counts,
                        struct mask_vocab **out, struct errinfo *e)
{
    struct mask_vocab *v = NULL;
    TRY(mem_new(&v, 1, sizeof *v, "masking", e));
    v->vocab = tok_vocab(t);
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&v->is_exempt, v->vocab, sizeof *v->is_exempt, "masking", e));
    TRY_OUT(rc, mem_new(&v->id, v->vocab, sizeof *v->id, "masking", e));
    TRY_OUT(rc, mem_new(&v->below, v->vocab, sizeof *v->below, "masking", e));
    TRY_OUT(rc, fill_vocab(v, t, counts, e));
    *out = v;
    return OK;
out:
    mask_vocab_free(v);
    return rc;
}

static bool is_eligible(const struct mask_vocab *v, int32_t id)
{
    return id >= 0 && (size_t)id < v->vocab && !v->is_exempt[id];
}

size_t mask_eligible(const struct mask_vocab *v, const int32_t *ids, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        count += is_eligible(v, ids[i]);
    }
    return count;
}

/* ---- which token ---- */

static enum err no_such_mask(const char *text, const char *why, struct errinfo *e)
{
    struct str shown;
    str_init(&shown, 4096);
    utf8_escape(&shown, text, strlen(text));
    const enum err rc =
        err_set(e, ERR_USAGE, "mask token \"%.100s\": %s", shown.p, why);
    str_free(&shown);
    return rc;
}

enum err mask_token_find(const struct tok *t, const char *text, int32_t *out,
                         struct errinfo *e)
{
    int32_t id = -1;
    if (!text || !*text) {
        id = tok_mask(t);
        if (id < 0) {
            return err_set(e, ERR_USAGE,
                           "mask token: the tokenizer has none, expected one by id "
                           "(\"#12\") or a string that is one token");
        }
    } else {
        id = tok_by_name(t, text);
        if (id < 0) {
            const bool number = text[0] == '#' && text[1] >= '0' && text[1] <= '9';
            return no_such_mask(text,
                                number ? "expected # and an id of the vocabulary"
                                       : "expected a string that encodes to one token",
                                e);
        }
    }
    if ((size_t)id >= tok_rows(t)) {
        return err_set(e, ERR_USAGE,
                       "mask token: found id %d, which the model has no row for: "
                       "expected less than vocab_size %zu",
                       (int)id, tok_rows(t));
    }
    *out = id;
    return OK;
}

/* Returns the first special token whose text contains one of the two marks. */
static int32_t find_reserved(const struct tok *t)
{
    static const char *const marks[] = {"reserved", "unused"};
    for (size_t id = 0; id < tok_rows(t); id++) {
        size_t len = 0;
        const char *p = tok_piece_view(t, (int32_t)id, &len);
        for (size_t i = 0; p && tok_is_special(t, (int32_t)id) && i < 2; i++) {
            if (memmem(p, len, marks[i], strlen(marks[i]))) {
                return (int32_t)id;
            }
        }
    }
    return -1;
}

/* Returns the padding token unless it is also BOS or EOS. */
static int32_t find_padding(const struct tok *t)
{
    const int32_t id = tok_pad(t);
    return id == tok_bos(t) || id == tok_eos(t) ? -1 : id;
}

static int32_t find_unknown(const struct tok *t)
{
    return tok_special_id(t, "<unk>");
}

int32_t mask_token_choose(const struct tok *t, const char **what)
{
    static const struct {
        int32_t (*find)(const struct tok *t);
        const char *what;
    } ways[] = {{tok_mask, "its mask token"},
                {find_reserved, "a reserved token"},
                {find_padding, "its padding"},
                {find_unknown, "its unknown token"},
                {tok_eos, "its end of a document"}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const int32_t id = ways[i].find(t);
        if (id >= 0 && (size_t)id < tok_rows(t)) {
            if (what) {
                *what = ways[i].what;
            }
            return id;
        }
    }
    return -1;
}

void mask_token_name(const struct tok *t, int32_t id, char *out, size_t cap)
{
    size_t len = 0;
    const char *p = tok_piece_view(t, id, &len);
    if (p && len < cap && !memchr(p, 0, len)) {
        memcpy(out, p, len);
        out[len] = '\0';
        if (tok_special_id(t, out) == id) {
            return;
        }
    }
    snprintf(out, cap, "#%d", (int)id);
}

/* ---- masking ---- */

/* Draws an id by frequency: the first whose cumulative count is above u times the
 * total. */
static int32_t draw_unigram(const struct mask_vocab *v, double u)
{
    assert(v->n > 0 && u >= 0.0 && u < 1.0);
    const uint64_t total = v->below[v->n - 1];
    uint64_t x = (uint64_t)(u * (double)total);
    x = x < total ? x : total - 1;
    size_t lo = 0;
    size_t hi = v->n - 1;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (v->below[mid] > x) {
            hi = mid;
        } else {
            lo = mid + 1;
        }
    }
    return v->id[lo];
}

static int32_t replacement(const struct mask_spec *s, uint64_t row, uint64_t pos)
{
    if (s->kind == MASK_TOKEN) {
        return s->token;
    }
    const double u = rng_unit_at(s->seed, RNG_MASK_ID, row, pos);
    if (s->kind == MASK_UNIGRAM) {
        return draw_unigram(s->vocab, u);
    }
    /* u < 1 and n < 2^53, so the product rounds to n at most in the last place. */
    size_t i = (size_t)(u * (double)s->vocab->n);
    return s->vocab->id[i < s->vocab->n ? i : s->vocab->n - 1];
}

size_t mask_apply(const struct mask_spec *spec, double p, uint64_t first_row,
                  const int32_t *clean, size_t rows, size_t T, int32_t *out,
                  uint8_t *is_masked)
{
    size_t masked = 0;
    for (size_t r = 0; r < rows; r++) {
        for (size_t i = 0; i < T; i++) {
            const size_t k = r * T + i;
            const uint64_t row = first_row + r;
            const bool hit = is_eligible(spec->vocab, clean[k]) &&
                             rng_unit_at(spec->seed, RNG_MASK, row, i) < p;
            out[k] = hit ? replacement(spec, row, i) : clean[k];
            if (is_masked) {
                is_masked[k] = hit;
            }
            masked += hit;
        }
    }
    return masked;
}

double mask_rate_at(const struct mask_schedule *s, int64_t step)
{
    if (s->kind == MASK_CONSTANT) {
        return s->start;
    }
    double t = s->steps > 0 ? (double)step / (double)s->steps : 1.0;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    if (s->kind == MASK_COSINE) {
        t = 0.5 * (1.0 - cos(3.14159265358979323846 * t));
    }
    return s->start + (s->end - s->start) * t;
}

bool mask_never(const struct mask_schedule *s)
{
    return !(s->start > 0.0) && (s->kind == MASK_CONSTANT || !(s->end > 0.0));
}
