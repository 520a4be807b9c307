/* Encodes where a selection needs only what is above a value known beforehand: for TopK
 * a guess per row, for a selection over the batch the worker's floor. Pre-activations
 * are not stored but computed and read in parts. The selection is the same either way:
 * a row for which the value was too high, or with more entries than there is room for,
 * is encoded once more by itself. Compiled for float and double. */
#include "base/mem.h"
#include "sae/sae_step.h"

#include <string.h>

/* Whether entries are listed instead of stored. A narrow slice's pre-activations are in
 * cache and soon read again: storing them costs less than lists do, unless most need
 * not be computed. */
static bool lists(const struct R(sae_step) *s)
{
    return s->encoder.packed && s->ops->expect &&
           s->hyper.decoder != SAE_DECODER_FREE &&
           (s->sieve || s->slice_rows == s->block_rows);
}

enum err R(sae_above_init)(struct R(sae_step) *s, struct errinfo *e)
{
    static const char what[] = "a step of an SAE";
    const size_t D = s->D, F = s->F, sieved = R(product_sieved)(D, F);
    if (sieved > 0 && s->hyper.decoder != SAE_DECODER_FREE &&
        sae_sieves(s->arch, s->hyper.k, D, F)) {
        TRY(mem_new(&s->sieve, sieved, sizeof *s->sieve, what, e));
    }
    const size_t room = sae_dead_room(F), packed = R(product_packed)(D, room);
    if (!lists(s) || s->aux_k == 0 || packed == 0) {
        return OK;
    }
    struct R(product_weights) *dead = &s->dead_encoder;
    s->dead_room = room;
    TRY(mem_new(&s->dead_W, room * D, sizeof *s->dead_W, what, e));
    TRY(mem_new(&s->dead_b, room, sizeof *s->dead_b, what, e));
    *dead = (struct R(product_weights)){.D = D, .W = s->dead_W, .b = s->dead_b};
    return mem_new(&dead->packed, packed, sizeof *dead->packed, what, e);
}

void R(sae_above_deinit)(struct R(sae_step) *s)
{
    mem_free(s->sieve);
    mem_free(s->dead_W);
    mem_free(s->dead_b);
    mem_free(s->dead_encoder.packed);
}

/* Gathers dead latents' rows, and makes W_enc ready for sieving, unless they are too
 * many: then all is encoded and stored. */
void R(sae_above_begin)(struct R(sae_step) *s)
{
    const size_t D = s->D, n = s->n_dead;
    s->encoder.sieve = n <= s->dead_room ? s->sieve : NULL;
    if (n == 0 || n > s->dead_room) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const size_t j = (size_t)s->dead[i];
        memcpy(s->dead_W + i * D, s->w->W_enc + j * D, D * sizeof *s->dead_W);
        s->dead_b[i] = s->w->b_enc[j];
    }
    s->dead_encoder.F = n;
    R(product_pack)(&s->dead_encoder, 0, n);
}

enum err R(sae_above_new)(struct R(sae_worker) *w, const struct R(sae_step) *s,
                          struct errinfo *e)
{
    static const char what[] = "a block of pre-activations";
    if (!s->encoder.packed) {
        return OK; /* the product takes rows as they are */
    }
    const size_t rows = s->block_rows;
    TRY(mem_new(&w->rows, R(product_scratch)(rows, s->D), sizeof *w->rows, what, e));
    if (!lists(s)) {
        return OK;
    }
    R(product_found_init)(&w->found, s->F, SAE_ABOVE_ROOM(s->hyper.k, s->F));
    const size_t n = rows * w->found.stride;
    TRY(mem_new(&w->above, rows, sizeof *w->above, what, e));
    TRY(mem_new(&w->found.n, rows, sizeof *w->found.n, what, e));
    TRY(mem_new(&w->found.id, n, sizeof *w->found.id, what, e));
    return mem_new(&w->found.val, n, sizeof *w->found.val, what, e);
}

static void take_row(struct R(sae_step) *s, size_t worker, size_t row0, size_t r)
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

/* Selects dead latents for AuxK. They have no cut, so they need a product of their
 * own. */
static void select_dead(struct R(sae_step) *s, struct R(sae_worker) *wk, size_t row0,
                        size_t rows)
{
    if (s->n_dead == 0) {
        return;
    }
    R(product_rows)(rows, s->a + row0 * s->D, &s->dead_encoder, wk->rows, wk->h);
    for (size_t r = 0; r < rows; r++) {
        R(sae_aux_select)(s, wk, row0 + r, wk->h + r * s->n_dead, NULL);
    }
}

bool R(sae_encode_above)(struct R(sae_step) *s, size_t worker, size_t row0, size_t rows)
{
    struct R(sae_worker) *wk = &s->worker[worker];
    if (!wk->above || s->n_dead > s->dead_room ||
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
    select_dead(s, wk, row0, rows);
    sae_watch_mark(&watch, SAE_SELECT);
    return true;
}
