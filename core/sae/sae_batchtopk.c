/* BatchTopK (Bussmann et al. 2024, arXiv:2412.06410): selects the k B greatest positive
 * pre-activations of a batch of B rows; at inference a fixed threshold, the running
 * average of the least one selected. Compiled in double for tests. */
#include "sae/sae_step.h"

void R(sae_batch_begin)(struct R(sae_step) *s)
{
    R(sae_collect_begin)(&s->collect);
}

void R(sae_batch_scan)(struct R(sae_step) *s, size_t worker, size_t row0, size_t rows,
                       const real *h)
{
    for (size_t r = 0; r < rows; r++) {
        const real *row = R(sae_scaled_row)(s, worker, h + r * s->F);
        R(sae_collect_row)(&s->collect, worker, row0 + r, row);
    }
}

bool R(sae_batch_expect)(const struct R(sae_step) *s, size_t worker, size_t row0,
                         size_t rows, real *above)
{
    (void)row0;
    const real floor = s->collect.list[worker].floor;
    for (size_t r = 0; r < rows; r++) {
        above[r] = floor;
    }
    return floor > 0;
}

bool R(sae_batch_take)(struct R(sae_step) *s, size_t worker, size_t row, size_t n,
                       int32_t *id, real *val)
{
    R(sae_collect_list)(&s->collect, worker, row, n, id, val);
    return true;
}

/* Puts candidates into s->main by row. All of a row are in one list, ids ascending;
 * those equal to the cut are taken in the order of rows. */
static void R(place)(struct R(sae_step) *s, real cut, size_t ties)
{
    struct R(sae_pairs) *p = &s->main;
    for (size_t b = 0; b < s->B; b++) {
        p->n[b] = 0;
        p->first[b] = 0; /* counts those that equal the cut, for now */
    }
    for (size_t i = 0; i < s->collect.workers; i++) {
        const struct R(sae_candidates) *h = &s->collect.list[i];
        for (size_t j = 0; j < h->n; j++) {
            const size_t row = (size_t)h->row[j];
            p->n[row] += h->val[j] > cut;
            p->first[row] += !(h->val[j] > cut) && h->val[j] >= cut;
        }
    }
    size_t at = 0;
    for (size_t b = 0; b < s->B; b++) {
        const size_t more = p->first[b] < ties ? p->first[b] : ties;
        ties -= more;
        p->first[b] = at;
        at += p->n[b] + more;
        p->n[b] = more; /* ties still to be taken */
    }
    for (size_t i = 0; i < s->collect.workers; i++) {
        const struct R(sae_candidates) *h = &s->collect.list[i];
        for (size_t j = 0; j < h->n; j++) {
            const size_t row = (size_t)h->row[j];
            const bool above = h->val[j] > cut;
            if (!above && !(h->val[j] >= cut && p->n[row] > 0)) {
                continue;
            }
            p->n[row] -= above ? 0 : 1;
            p->id[p->first[row]] = h->id[j];
            p->val[p->first[row]] = h->val[j];
            p->first[row]++; /* now the row's end */
        }
    }
    size_t begin = 0;
    for (size_t b = 0; b < s->B; b++) {
        const size_t end = p->first[b];
        p->first[b] = begin;
        p->n[b] = end - begin;
        begin = end;
    }
}

bool R(sae_batch_settle)(struct R(sae_step) *s)
{
    if (!R(sae_collect_enough)(&s->collect)) {
        return false;
    }
    real cut;
    size_t ties;
    R(sae_collect_cut)(&s->collect, &cut, &ties);
    R(place)(s, cut, ties);
    R(sae_unscale_pairs)(s, 0, s->B);
    return true;
}

extern const struct R(sae_ops) R(sae_batchtopk_ops);
const struct R(sae_ops) R(sae_batchtopk_ops) = SAE_OPS_OF_BATCH(R(sae_decode_rows));

#ifndef REAL_F64
extern const struct sae_arch sae_arch_batchtopk;
const struct sae_arch sae_arch_batchtopk = {
    .name = "batchtopk",
    .save_name = "jumprelu",
    .has = SAE_HAS_K | SAE_HAS_AUXK | SAE_HAS_THRESHOLD,
    .defaults = SAE_TOPK_DEFAULTS,
    .infer = SAE_INFER_THRESHOLD,
    .collects_batch = true,
    .ops = &sae_batchtopk_ops_f32,
};
#endif
