#include "lm/lm_map.h"

#include "lm/lm_slot.h"
#include "num/blas.h"

#include <assert.h>
#include <string.h>

struct lm_map lm_map_of(const struct lm *m, size_t block, enum lm_slot slot)
{
    struct lm_map map = {.w = lm_layer_of(m, block).at[slot],
                         .in_out = m->cfg.family->in_out};
    const bool has = lm_slot_size(&m->cfg, slot, &map.out, &map.in);
    assert(has && map.w);
    (void)has;
    return map;
}

struct lm_map lm_map_head(const struct lm *m)
{
    return (struct lm_map){
        .w = lm_head_of(m), .in = m->cfg.d_model, .out = m->cfg.vocab};
}

const float *lm_map_row(const struct lm_map *w, size_t r, float *scratch)
{
    (void)scratch;
    assert(!w->in_out && r < w->out);
    return w->w + r * w->in;
}

void lm_map_forward(const struct lm_map *w, size_t n, const float *x, const float *b,
                    float *y)
{
    for (size_t i = 0; i < n && b; i++) {
        memcpy(y + i * w->out, b, w->out * sizeof *y);
    }
    gemm_f32(NO_TRANS, w->in_out ? NO_TRANS : TRANS, n, w->out, w->in, 1.0f, x, w->in,
             w->w, w->in_out ? w->out : w->in, b ? 1.0f : 0.0f, y, w->out);
}

void lm_map_back(const struct lm_map *w, size_t n, const float *dy, float *dx)
{
    gemm_f32(NO_TRANS, w->in_out ? TRANS : NO_TRANS, n, w->in, w->out, 1.0f, dy, w->out,
             w->w, w->in_out ? w->out : w->in, 0.0f, dx, w->in);
}
