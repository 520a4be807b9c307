/* Encoding where a selection needs only what is above a value known beforehand: for
 * TopK a guess a row, for a selection over the batch the worker's floor.
 * Pre-activations are not stored but go by in parts. What is selected is the same
 * either way: a row that the value was too high for, or with more entries than there is
 * room for, is encoded once more by itself. Compiled for float and double. */
#include "base/mem.h"
#include "sae/sae_step.h"

enum err R(sae_above_new)(struct R(sae_worker) * w, const struct R(sae_step) * s,
                          struct errinfo *e)
{
    static const char what[] = "a block of pre-activations";
    if (!s->encoder.packed) {
        return OK; /* the product takes rows as they are */
    }
    const size_t rows = s->block_rows;
    TRY(mem_new(&w->rows, R(product_scratch)(rows, s->D), sizeof *w->rows, what, e));
    /* Narrow slices' pre-activations are near the CPU and soon read again: storing them
     * costs less than lists do, unless most need not be computed. */
    if (!s->ops->expect || s->norm || (!s->screen && s->slice_rows < s->block_rows)) {
        return OK;
    }
    R(product_found_init)(&w->found, s->F, SAE_ABOVE_ROOM(s->hyper.k));
    const size_t n = rows * w->found.stride;
    TRY(mem_new(&w->above, rows, sizeof *w->above, what, e));
    TRY(mem_new(&w->found.n, rows, sizeof *w->found.n, what, e));
    TRY(mem_new(&w->found.id, n, sizeof *w->found.id, what, e));
    return mem_new(&w->found.val, n, sizeof *w->found.val, what, e);
}

static void take_row(struct R(sae_step) * s, size_t worker, size_t row0, size_t r)
{
    struct R(sae_worker) *wk = &s->worker[worker];
    const struct R(product_found) *f = &wk->found;
    const size_t at = r * f->stride, row = row0 + r;
    if (f->n[r] <= f->room &&
        s->ops->take(s, worker, row, f->n[r], f->id + at, f->val + at)) {
        return;
    }
    R(product_rows)(1, s->a + row * s->D, &s->encoder, wk->rows, wk->h);
    s->ops->scan(s, worker, row, 1, wk->h);
}

bool R(sae_encode_above)(struct R(sae_step) * s, size_t worker, size_t row0,
                         size_t rows)
{
    struct R(sae_worker) *wk = &s->worker[worker];
    if (!wk->above || s->n_dead > 0 ||
        !s->ops->expect(s, worker, row0, rows, wk->above)) {
        return false;
    }
    struct sae_watch watch = R(sae_step_watch)(s, worker);
    R(product_above)
    (rows, s->a + row0 * s->D, &s->encoder, wk->above, s->k, wk->rows, &wk->found);
    sae_watch_mark(&watch, SAE_ENCODE);
    for (size_t r = 0; r < rows; r++) {
        take_row(s, worker, row0, r);
    }
    sae_watch_mark(&watch, SAE_SELECT);
    return true;
}
