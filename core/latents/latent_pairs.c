#include "latents/latent_pairs.h"

#include "base/mem.h"
#include "num/assign.h"
#include "num/blas.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 128 /* latents compared at once */

/* An SAE for comparison: the latents that fire often enough. */
struct part_of {
    const struct latent_table *t;
    size_t n;      /* compared */
    int32_t *id;   /* [n] the latents, ascending */
    int32_t *at;   /* [F] place in id; -1 */
    float *row;    /* [n,D] decoder rows of unit length */
    size_t *fires; /* [n] up to `end` */
};
struct work {
    struct part_of side[2];
    size_t D, end; /* positions before `end` are read in both tables */
    const atomic_bool *cancel;
    double *gain;    /* [n0,n1] likeness; NULL: no assignment */
    size_t *start;   /* [end+1] latents of the other side by position */
    int32_t *active; /* places in its id */
    float *cosine;   /* [BLOCK,n] */
    size_t *both;    /* [n] tokens on which a row and each other latent fire */
    struct latent_pairs *out;
};

/* ---- reading ---- */

/* One past the last position at which a latent fires. */
static size_t end_of(const struct latent_table *t)
{
    size_t end = 0;
    for (size_t i = 0; i < t->fire_start[t->F]; i++) {
        end = t->fire_at[i] >= end ? (size_t)t->fire_at[i] + 1 : end;
    }
    return end;
}

static size_t fires_before(const struct latent_table *t, size_t latent, size_t end)
{
    size_t n = 0;
    for (size_t i = t->fire_start[latent]; i < t->fire_start[latent + 1]; i++) {
        n += t->fire_at[i] < end ? 1 : 0;
    }
    return n;
}

static void unit_row(const float *from, size_t D, float *to)
{
    double norm2 = 0.0;
    for (size_t d = 0; d < D; d++) {
        norm2 += (double)from[d] * (double)from[d];
    }
    const double by = norm2 > 0.0 ? 1.0 / sqrt(norm2) : 0.0;
    for (size_t d = 0; d < D; d++) {
        to[d] = (float)((double)from[d] * by);
    }
}

static enum err read_side(struct part_of *x, const struct sae *s, size_t end,
                          struct errinfo *e)
{
    TRY(mem_new(&x->id, s->F, sizeof *x->id, "latents", e));
    TRY(mem_new(&x->at, s->F, sizeof *x->at, "latents", e));
    TRY(mem_new(&x->fires, s->F, sizeof *x->fires, "latents", e));
    for (size_t j = 0; j < s->F; j++) {
        const size_t n = fires_before(x->t, j, end);
        x->at[j] = n >= PAIRS_FIRES ? (int32_t)x->n : -1;
        if (n >= PAIRS_FIRES) {
            x->fires[x->n] = n;
            x->id[x->n++] = (int32_t)j;
        }
    }
    TRY(mem_new(&x->row, x->n, s->D * sizeof *x->row, "decoder rows", e));
    for (size_t i = 0; i < x->n; i++) {
        unit_row(s->W_dec + (size_t)x->id[i] * s->D, s->D, x->row + i * s->D);
    }
    return OK;
}

/* Lists which latents of y are active where. */
static enum err by_position(struct work *w, const struct part_of *y, struct errinfo *e)
{
    size_t n = 0;
    mem_free(w->start);
    mem_free(w->active);
    w->start = NULL;
    w->active = NULL;
    TRY(mem_new(&w->start, w->end + 2, sizeof *w->start, "firings", e));
    for (size_t i = 0; i < y->n; i++) {
        n += y->fires[i];
    }
    TRY(mem_new(&w->active, n, sizeof *w->active, "firings", e));
    size_t *const next = w->start + 1; /* counts, then where the next one goes */
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < y->n; i++) {
            const size_t j = (size_t)y->id[i];
            for (size_t k = y->t->fire_start[j]; k < y->t->fire_start[j + 1]; k++) {
                const size_t at = y->t->fire_at[k];
                if (at >= w->end) {
                    continue;
                }
                if (pass == 0) {
                    next[at + 1]++;
                } else {
                    w->active[next[at]++] = (int32_t)i;
                }
            }
        }
        for (size_t p = 0; pass == 0 && p < w->end; p++) {
            next[p + 1] += next[p];
        }
    }
    return OK;
}

/* ---- one latent against all of the other side ---- */

static void count_both(struct work *w, const struct part_of *x, size_t i, size_t n)
{
    const size_t j = (size_t)x->id[i];
    memset(w->both, 0, n * sizeof *w->both);
    for (size_t k = x->t->fire_start[j]; k < x->t->fire_start[j + 1]; k++) {
        const size_t at = x->t->fire_at[k];
        for (size_t q = at < w->end ? w->start[at] : 0;
             at < w->end && q < w->start[at + 1]; q++) {
            w->both[w->active[q]]++;
        }
    }
}

static struct latent_pair pair_of(const struct work *w, size_t side, size_t i, size_t k,
                                  float cosine)
{
    const struct part_of *x = &w->side[side], *y = &w->side[1 - side];
    const double all = sqrt((double)x->fires[i] * (double)y->fires[k]);
    struct latent_pair p = {.cosine = cosine,
                            .firing = (float)((double)w->both[k] / all)};
    p.latent[side] = x->id[i];
    p.latent[1 - side] = y->id[k];
    return p;
}

/* Keeps the part among those that cover most. */
static void name_part(struct latent_split *s, int32_t latent, double cover)
{
    size_t at = s->named < PAIRS_PARTS ? s->named++ : PAIRS_PARTS;
    for (; at > 0 && (float)cover > s->cover[at - 1]; at--) {
        if (at < PAIRS_PARTS) {
            s->part[at] = s->part[at - 1];
            s->cover[at] = s->cover[at - 1];
        }
    }
    if (at < PAIRS_PARTS) {
        s->part[at] = latent;
        s->cover[at] = (float)cover;
    }
    s->n++;
    s->together += (float)cover;
}

/* Finds the parts of latent i of a side; n 0 or 1: it is not split. */
static struct latent_split parts_of(const struct work *w, size_t side, size_t i,
                                    const float *cosine)
{
    const struct part_of *x = &w->side[side], *y = &w->side[1 - side];
    struct latent_split s = {.whole = x->id[i]};
    for (size_t k = 0; k < y->n; k++) {
        const double cover = (double)w->both[k] / (double)x->fires[i];
        const double inside = (double)w->both[k] / (double)y->fires[k];
        if (!(cover >= PAIRS_COVER) || !(inside >= PAIRS_INSIDE) ||
            !((double)cosine[k] >= PAIRS_PART_COSINE)) {
            continue;
        }
        if (cover >= PAIRS_EQUAL && inside >= PAIRS_EQUAL) {
            return (struct latent_split){.whole = x->id[i]};
        }
        name_part(&s, y->id[k], cover);
    }
    return s;
}

static enum err add_split(struct pairs_side *o, const struct latent_split *s,
                          struct errinfo *e)
{
    TRY(mem_grow(&o->split, &o->split_cap, o->n_split + 1, sizeof *o->split, o->F, e));
    o->split[o->n_split++] = *s;
    return OK;
}

static enum err compare_latent(struct work *w, size_t side, size_t i,
                               const float *cosine, struct errinfo *e)
{
    const struct part_of *x = &w->side[side], *y = &w->side[1 - side];
    struct latent_pair *nearest = &w->out->side[side].nearest[x->id[i]];
    count_both(w, x, i, y->n);
    for (size_t k = 0; k < y->n; k++) {
        const struct latent_pair p = pair_of(w, side, i, k, cosine[k]);
        const double alike = latent_pair_alike(&p);
        if (nearest->latent[1 - side] < 0 || alike > latent_pair_alike(nearest)) {
            *nearest = p;
        }
        if (side == 0 && w->gain != NULL) { /* the assignment's rows are the fewer */
            const bool turned = x->n > y->n;
            w->gain[turned ? k * x->n + i : i * y->n + k] = alike;
        }
    }
    const struct latent_split s = parts_of(w, side, i, cosine);
    return s.n > 1 ? add_split(&w->out->side[side], &s, e) : OK;
}

static enum err compare_side(struct work *w, size_t side, struct errinfo *e)
{
    const struct part_of *x = &w->side[side], *y = &w->side[1 - side];
    TRY(by_position(w, y, e));
    for (size_t first = 0; first < x->n; first += BLOCK) {
        const size_t left = x->n - first, rows = left < BLOCK ? left : BLOCK;
        if (w->cancel != NULL && atomic_load(w->cancel)) {
            return err_set(e, ERR_CANCELLED, "cancelled");
        }
        gemm_f32(NO_TRANS, TRANS, rows, y->n, w->D, 1.0F, x->row + first * w->D, w->D,
                 y->row, w->D, 0.0F, w->cosine, y->n);
        for (size_t i = 0; i < rows; i++) {
            TRY(compare_latent(w, side, first + i, w->cosine + i * y->n, e));
        }
    }
    return OK;
}

/* ---- pairs ---- */

static void add_pair(struct latent_pairs *o, const struct latent_pair *p)
{
    if (latent_pair_alike(p) >= PAIRS_ALIKE) {
        o->pair[o->n++] = *p;
    }
}

/* Measures both cosines of two latents. */
static struct latent_pair measure_pair(const struct work *w, size_t i, size_t k)
{
    const struct part_of *x = &w->side[0], *y = &w->side[1];
    const uint32_t *p = x->t->fire_at + x->t->fire_start[x->id[i]];
    const uint32_t *q = y->t->fire_at + y->t->fire_start[y->id[k]];
    size_t both = 0;
    double cosine = 0.0;
    for (size_t a = 0, b = 0; a < x->fires[i] && b < y->fires[k];) {
        both += p[a] == q[b] ? 1 : 0;
        const bool further = p[a] <= q[b];
        b += q[b] <= p[a] ? 1 : 0;
        a += further ? 1 : 0;
    }
    for (size_t d = 0; d < w->D; d++) {
        cosine += (double)x->row[i * w->D + d] * (double)y->row[k * w->D + d];
    }
    return (struct latent_pair){
        .latent = {x->id[i], y->id[k]},
        .cosine = (float)cosine,
        .firing =
            (float)((double)both / sqrt((double)x->fires[i] * (double)y->fires[k]))};
}

static enum err pair_best(struct work *w, struct errinfo *e)
{
    const size_t n0 = w->side[0].n, n1 = w->side[1].n;
    const bool turned = n0 > n1;
    const size_t n = turned ? n1 : n0;
    int32_t *column = NULL;
    TRY(mem_new(&column, n, sizeof *column, "assignment", e));
    const enum err rc = assign_best(n, turned ? n0 : n1, w->gain, column, e);
    for (size_t i = 0; rc == OK && i < n; i++) {
        const size_t k = (size_t)column[i];
        const struct latent_pair p = measure_pair(w, turned ? k : i, turned ? i : k);
        add_pair(w->out, &p);
    }
    mem_free(column);
    return rc;
}

static void pair_mutual(struct work *w)
{
    const struct latent_pairs *o = w->out;
    for (size_t i = 0; i < w->side[0].n; i++) {
        const struct latent_pair *p = &o->side[0].nearest[w->side[0].id[i]];
        if (p->latent[1] >= 0 &&
            o->side[1].nearest[p->latent[1]].latent[0] == p->latent[0]) {
            add_pair(w->out, p);
        }
    }
}

static int by_likeness(const void *a, const void *b)
{
    const struct latent_pair *p = a, *q = b;
    const double x = latent_pair_alike(p), y = latent_pair_alike(q);
    return x < y   ? 1
           : x > y ? -1
                   : (p->latent[0] > q->latent[0]) - (p->latent[0] < q->latent[0]);
}

/* ---- fates ---- */

static void mark_splits(struct latent_pairs *o)
{
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < o->side[side].n_split; i++) {
            const struct latent_split *s = &o->side[side].split[i];
            o->side[side].fate[s->whole] = PAIR_SPLIT;
            for (size_t k = 0; k < s->named; k++) {
                o->side[1 - side].fate[s->part[k]] = PAIR_SPLIT;
            }
        }
    }
}

static void settle_fates(struct work *w)
{
    struct latent_pairs *o = w->out;
    for (size_t side = 0; side < 2; side++) {
        struct pairs_side *x = &o->side[side];
        for (size_t i = 0; i < w->side[side].n; i++) {
            const int32_t id = w->side[side].id[i];
            const bool alike = x->nearest[id].latent[1 - side] >= 0 &&
                               latent_pair_alike(&x->nearest[id]) >= PAIRS_ALIKE;
            x->fate[id] = alike ? PAIR_DOUBLE : PAIR_ONLY;
        }
    }
    mark_splits(o);
    for (size_t i = 0; i < o->n; i++) {
        for (size_t side = 0; side < 2; side++) {
            const int32_t id = o->pair[i].latent[side];
            o->side[side].fate[id] = PAIR_MADE;
            o->side[side].with[id] = (int32_t)i;
        }
    }
    for (size_t side = 0; side < 2; side++) {
        for (size_t j = 0; j < o->side[side].F; j++) {
            o->side[side].count[o->side[side].fate[j]]++;
        }
    }
}

/* ---- orders: those that fire most first ---- */

struct ranked {
    size_t fires, at;
};
static int by_fires(const void *a, const void *b)
{
    const struct ranked *p = a, *q = b;
    return p->fires != q->fires ? (p->fires < q->fires) - (p->fires > q->fires)
                                : (p->at > q->at) - (p->at < q->at);
}

static enum err order_splits(struct pairs_side *x, const struct latent_table *t,
                             struct ranked *r, struct errinfo *e)
{
    struct latent_split *sorted = NULL;
    for (size_t i = 0; i < x->n_split; i++) {
        r[i] = (struct ranked){t->row[x->split[i].whole].fires, i};
    }
    qsort(r, x->n_split, sizeof *r, by_fires);
    TRY(mem_new(&sorted, x->n_split, sizeof *sorted, "split latents", e));
    for (size_t i = 0; i < x->n_split; i++) {
        sorted[i] = x->split[r[i].at];
    }
    mem_free(x->split);
    x->split = sorted;
    return OK;
}

static enum err order_side(struct pairs_side *x, const struct latent_table *t,
                           struct errinfo *e)
{
    struct ranked *r = NULL;
    size_t n = 0;
    TRY(mem_new(&x->only, x->count[PAIR_ONLY], sizeof *x->only, "latents", e));
    TRY(mem_new(&r, x->F, sizeof *r, "latents", e));
    for (size_t j = 0; j < x->F; j++) {
        if (x->fate[j] == PAIR_ONLY) {
            r[n++] = (struct ranked){t->row[j].fires, j};
        }
    }
    qsort(r, n, sizeof *r, by_fires);
    for (size_t i = 0; i < n; i++) {
        x->only[i] = (int32_t)r[i].at;
    }
    const enum err rc = order_splits(x, t, r, e);
    mem_free(r);
    return rc;
}

/* ---- all of it ---- */

static enum err begin(struct work *w, const struct sae *const s[2], struct errinfo *e)
{
    struct latent_pairs *o = w->out;
    for (size_t i = 0; i < 2; i++) {
        struct pairs_side *x = &o->side[i];
        TRY(read_side(&w->side[i], s[i], w->end, e));
        x->F = s[i]->F;
        x->compared = w->side[i].n;
        TRY(mem_new(&x->fate, x->F, sizeof *x->fate, "latents", e));
        TRY(mem_new(&x->with, x->F, sizeof *x->with, "latents", e));
        TRY(mem_new(&x->nearest, x->F, sizeof *x->nearest, "latents", e));
        for (size_t j = 0; j < x->F; j++) {
            x->with[j] = -1;
            x->nearest[j] = (struct latent_pair){.latent = {-1, -1}};
            x->nearest[j].latent[i] = (int32_t)j;
        }
    }
    const size_t n0 = w->side[0].n, n1 = w->side[1].n, most = n0 > n1 ? n0 : n1;
    o->optimal = most <= PAIRS_OPTIMAL;
    TRY(mem_new(&o->pair, most, sizeof *o->pair, "pairs", e));
    TRY(mem_new(&w->cosine, BLOCK, most * sizeof *w->cosine, "cosines", e));
    TRY(mem_new(&w->both, most, sizeof *w->both, "firings", e));
    return o->optimal ? mem_new(&w->gain, n0, n1 * sizeof *w->gain, "likeness", e) : OK;
}

static enum err make(struct work *w, const struct sae *const s[2], struct errinfo *e)
{
    TRY(num_ready(e));
    TRY(begin(w, s, e));
    for (size_t side = 0; side < 2; side++) {
        TRY(compare_side(w, side, e));
    }
    if (w->out->optimal) {
        TRY(pair_best(w, e));
    } else {
        pair_mutual(w);
    }
    qsort(w->out->pair, w->out->n, sizeof *w->out->pair, by_likeness);
    settle_fates(w);
    for (size_t side = 0; side < 2; side++) {
        TRY(order_side(&w->out->side[side], w->side[side].t, e));
    }
    return OK;
}

enum err latent_pairs_new(const struct sae *const s[2],
                          const struct latent_table *const t[2],
                          const atomic_bool *cancel, struct latent_pairs **out,
                          struct errinfo *e)
{
    struct work w = {
        .side = {{.t = t[0]}, {.t = t[1]}}, .D = s[0]->D, .cancel = cancel};
    const size_t end[2] = {end_of(t[0]), end_of(t[1])};
    if (s[0]->D != s[1]->D) {
        return err_set(e, ERR_USAGE,
                       "the SAEs read %zu and %zu dimensions, expected the same to "
                       "pair their latents",
                       s[0]->D, s[1]->D);
    }
    w.end = t[0]->n_tokens == t[1]->n_tokens ? (end[0] > end[1] ? end[0] : end[1])
                                             : (end[0] < end[1] ? end[0] : end[1]);
    TRY(mem_new(&w.out, 1, sizeof *w.out, "pairs of latents", e));
    atomic_init(&w.out->refs, 1);
    const enum err rc = make(&w, s, e);
    for (size_t i = 0; i < 2; i++) {
        mem_free(w.side[i].id);
        mem_free(w.side[i].at);
        mem_free(w.side[i].row);
        mem_free(w.side[i].fires);
    }
    mem_free(w.gain);
    mem_free(w.start);
    mem_free(w.active);
    mem_free(w.cosine);
    mem_free(w.both);
    if (rc != OK) {
        latent_pairs_unref(w.out);
        return rc;
    }
    *out = w.out;
    return OK;
}

struct latent_pairs *latent_pairs_ref(struct latent_pairs *p)
{
    (void)atomic_fetch_add(&p->refs, 1);
    return p;
}

void latent_pairs_unref(struct latent_pairs *p)
{
    if (p == NULL || atomic_fetch_sub(&p->refs, 1) > 1) {
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        mem_free(p->side[i].fate);
        mem_free(p->side[i].with);
        mem_free(p->side[i].nearest);
        mem_free(p->side[i].split);
        mem_free(p->side[i].only);
    }
    mem_free(p->pair);
    mem_free(p);
}

const struct latent_pair *latent_pairs_of(const struct latent_pairs *p, size_t side,
                                          int32_t latent)
{
    const struct pairs_side *x = &p->side[side];
    const bool inside = latent >= 0 && (size_t)latent < x->F;
    return inside && x->with[latent] >= 0 ? &p->pair[x->with[latent]] : NULL;
}
