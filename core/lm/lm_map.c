#include "lm/lm_map.h"

#include "lm/lm_slot.h"
#include "num/blas.h"

#include <assert.h>
#include <string.h>

struct lm_map lm_map_of(const struct lm *m, size_t block, enum lm_slot slot,
                        float *scratch)
{
    struct lm_map map = {.w = lm_layer_of(m, block).map[slot],
                         .in_out = m->cfg.family->in_out,
                         .scratch = scratch};
    const bool has = lm_slot_size(&m->cfg, slot, &map.out, &map.in);
    assert(has && map.w.out == map.out);
    (void)has;
    return map;
}

struct lm_map lm_map_head(const struct lm *m, float *scratch)
{
    return (struct lm_map){.w = lm_head_of(m),
                           .in = m->cfg.d_model,
                           .out = m->cfg.vocab,
                           .scratch = scratch};
}

static size_t row_count(const struct lm_map *w)
{
    return w->in_out ? w->in : w->out;
}

static size_t row_length(const struct lm_map *w)
{
    return w->in_out ? w->out : w->in;
}

const float *lm_map_rows(const struct lm_map *w, size_t first, size_t n)
{
    assert(n <= LM_MAP_ROWS && first + n <= row_count(w));
    linear_read(&w->w, first, n, w->scratch);
    return w->scratch;
}

/* Add to y the product of x with the matrix as its rows are held (`turned` false), or
 * with that turned over. Either way the long side of a row is there at once, and the
 * other is cut. */
static void add_product(const struct lm_map *w, bool turned, size_t n, const float *x,
                        float *y)
{
    const size_t count = row_count(w), length = row_length(w);
    for (size_t i = 0; i < count; i += LM_MAP_ROWS) {
        const size_t rows = count - i < LM_MAP_ROWS ? count - i : LM_MAP_ROWS;
        const float *p = lm_map_rows(w, i, rows);
        if (turned) { /* y's columns are rows */
            gemm_f32(NO_TRANS, TRANS, n, rows, length, 1.0f, x, length, p, length, 1.0f,
                     y + i, count);
        } else { /* x's are */
            gemm_f32(NO_TRANS, NO_TRANS, n, length, rows, 1.0f, x + i, count, p, length,
                     1.0f, y, length);
        }
    }
}

void lm_map_forward(const struct lm_map *w, size_t n, const float *x, const float *b,
                    float *y)
{
    if (!b) {
        memset(y, 0, n * w->out * sizeof *y);
    }
    for (size_t i = 0; i < n && b; i++) {
        memcpy(y + i * w->out, b, w->out * sizeof *y);
    }
    add_product(w, !w->in_out, n, x, y);
}

void lm_map_back(const struct lm_map *w, size_t n, const float *dy, float *dx)
{
    memset(dx, 0, n * w->in * sizeof *dx);
    add_product(w, w->in_out, n, dy, dx);
}
