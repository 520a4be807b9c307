#include "acts/harvest.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

bool acts_is_special(const struct tok *tok, int32_t id)
{
    /* The roles count, marked special or not, as for masks. */
    return tok_is_special(tok, id) || id == tok_bos(tok) || id == tok_eos(tok) ||
           id == tok_pad(tok);
}

static const char what[] = "a set of activations";

static enum err tokens_new(struct acts_set *s, struct errinfo *e)
{
    size_t floats;
    if (!mem_mul(s->rows, s->T, &s->n) || !mem_mul(s->n, s->D, &floats)) {
        return err_set(e, ERR_LIMIT, "%zu rows of activations: too many", s->rows);
    }
    TRY(mem_new(&s->ids, s->n, sizeof *s->ids, what, e));
    return mem_new(&s->special, s->n, sizeof *s->special, what, e);
}

/* For the rows there are, which may be fewer than asked for. */
static enum err vectors_new(struct acts_set *s, struct errinfo *e)
{
    return mem_new(&s->x, s->n * s->D, sizeof *s->x, what, e);
}

/* Reads the rows. Those of a held-out split stop where its text ends; the last row is
 * filled up with tokens read before, which are marked. */
static enum err read_rows(struct acts_set *s, struct pack *p, bool once,
                          struct errinfo *e)
{
    size_t fresh = s->T;
    s->fresh = s->T;
    if (!once) {
        return pack_rows(p, s->rows, s->ids, e);
    }
    TRY(pack_rows_once(p, s->rows, s->ids, &s->rows, &fresh, e));
    s->n = s->rows * s->T;
    s->fresh = fresh;
    memset(s->special + s->n - (s->T - fresh), 1, s->T - fresh);
    return OK;
}

static enum err fill(struct acts_set *s, struct corpus *c, enum corpus_split split,
                     const struct tok *tok, struct errinfo *e)
{
    struct pack *p = NULL;
    TRY(tokens_new(s, e));
    TRY(pack_new(c, split, tok, s->T, &p, e));
    const enum err rc = read_rows(s, p, split == CORPUS_HELDOUT, e);
    pack_free(p);
    TRY(rc);
    for (size_t i = 0; i < s->n; i++) {
        s->special[i] |= acts_is_special(tok, s->ids[i]);
    }
    return vectors_new(s, e);
}

enum err acts_set_open(struct harvester *h, struct corpus *c, enum corpus_split split,
                       const struct tok *tok, size_t rows, struct acts_set **out,
                       struct errinfo *e)
{
    struct acts_set *s = NULL;
    TRY(mem_new(&s, 1, sizeof *s, "a set of activations", e));
    s->rows = rows;
    s->T = harvest_T(h);
    s->D = harvest_D(h);
    const enum err rc = fill(s, c, split, tok, e);
    if (rc != OK) {
        acts_set_free(s);
        return rc;
    }
    *out = s;
    return OK;
}

void acts_set_harvest(struct acts_set *s, struct harvester *h, size_t rows)
{
    const size_t left = s->rows - s->harvested;
    const size_t n = rows < left ? rows : left;
    const size_t at = s->harvested * s->T;
    harvest_rows(h, s->ids + at, n, s->x + at * s->D);
    s->harvested += n;
}

static enum err read_shards(struct acts_set *s, const struct shards *from,
                            struct errinfo *e)
{
    const struct shards_facts *f = shards_facts(from);
    const uint64_t first = f->train, held = f->rows - first;
    uint8_t *masked = NULL;
    enum err rc = OK;
    TRY(tokens_new(s, e));
    TRY(vectors_new(s, e));
    TRY(mem_new(&masked, s->T, 1, "masks", e));
    for (size_t i = 0; rc == OK && i < s->rows; i++) {
        const uint64_t row = first + i * held / s->rows;
        rc = shards_tokens(from, row, s->ids + i * s->T, masked, e);
        if (rc == OK) {
            rc = shards_get(from, SHARDS_CLEAN, row, s->x + i * s->T * s->D, e);
        }
    }
    mem_free(masked);
    for (size_t i = 0; i < s->n; i++) {
        s->special[i] = s->ids[i] < 0;
        s->ids[i] = s->ids[i] < 0 ? 0 : s->ids[i];
    }
    s->harvested = s->rows;
    return rc;
}

enum err acts_set_of_shards(const struct shards *from, size_t rows,
                            struct acts_set **out, struct errinfo *e)
{
    struct acts_set *s = NULL;
    const struct shards_facts *f = shards_facts(from);
    const uint64_t held = f->rows - f->train;
    TRY(mem_new(&s, 1, sizeof *s, "a set of activations", e));
    s->rows = held < rows ? (size_t)held : rows;
    s->T = f->T;
    s->D = f->D;
    const enum err rc = read_shards(s, from, e);
    if (rc != OK) {
        acts_set_free(s);
        return rc;
    }
    *out = s;
    return OK;
}

enum err acts_set_new(struct harvester *h, struct corpus *c, enum corpus_split split,
                      const struct tok *tok, size_t rows, struct acts_set **out,
                      struct errinfo *e)
{
    TRY(acts_set_open(h, c, split, tok, rows, out, e));
    acts_set_harvest(*out, h, (*out)->rows);
    return OK;
}

void acts_set_free(struct acts_set *s)
{
    if (s) {
        mem_free(s->ids);
        mem_free(s->special);
        mem_free(s->x);
        mem_free(s);
    }
}

float acts_scale(const float *x, size_t n, size_t D)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        double norm2 = 0.0;
        for (size_t d = 0; d < D; d++) {
            const double v = (double)x[i * D + d];
            norm2 += v * v;
        }
        sum += sqrt(norm2);
    }
    return sum > 0.0 ? (float)(sqrt((double)D) * (double)n / sum) : 1.0f;
}
