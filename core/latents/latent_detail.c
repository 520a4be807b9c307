#include "base/mem.h"
#include "base/rng.h"
#include "latents/latent_table_priv.h"
#include "num/stats.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define DELTA_ROWS     8 /* that the model runs on, twice */
#define BOOTSTRAP_REPS 1000
#define MASK_SEED      1 /* the same masks for every latent */

/* Inputs that all parts of a detail read. */
struct view {
    struct lm_hook hook;
    const struct sae *s;
    const struct acts_set *set;
    const struct latent_table *t;
    size_t j; /* the latent */
    size_t n; /* its firings: */
    const uint32_t *at;
    const float *act;
};

/* ---- contexts
 * ------------------------------------------------------------------------ */

/* A position of a row that may be shown. */
struct pick {
    size_t at; /* in the set */
    float act; /* there */
    uint64_t draw;
};

static int by_act(const void *a, const void *b)
{
    const struct pick *x = a;
    const struct pick *y = b;
    if (x->act > y->act || x->act < y->act) {
        return x->act > y->act ? -1 : 1;
    }
    return (x->at > y->at) - (x->at < y->at);
}

static int by_draw(const void *a, const void *b)
{
    const struct pick *x = a;
    const struct pick *y = b;
    if (x->draw != y->draw) {
        return x->draw < y->draw ? -1 : 1;
    }
    return (x->at > y->at) - (x->at < y->at);
}

static bool in_interval(float act, float max, int interval)
{
    if (interval < 0) {
        return true;
    }
    const double share = 10.0 * (double)act / (double)max;
    return share > (double)interval &&
           (share <= (double)(interval + 1) || interval == 9);
}

/* The latent's activation at a position; 0 if it is silent. */
static float act_at(const struct view *v, size_t position)
{
    size_t lo = 0;
    size_t hi = v->n;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (v->at[mid] < position) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo < v->n && v->at[lo] == position ? v->act[lo] : 0.0f;
}

static void fill_context(const struct view *v, size_t position, float act,
                         struct latent_context *out)
{
    const size_t T = v->set->T;
    const size_t half = CONTEXT_TOKENS / 2;
    out->row = position / T;
    out->pos = position % T;
    out->act = act;
    for (size_t i = 0; i < CONTEXT_TOKENS; i++) {
        const bool inside = out->pos + i >= half && out->pos + i - half < T;
        const size_t at = inside ? out->row * T + out->pos + i - half : 0;
        out->token[i] = inside ? v->set->ids[at] : -1;
        out->heat[i] = inside ? act_at(v, at) : 0.0f;
    }
}

/* The picks so far, one a row, and how many there were to pick from. */
struct picks {
    struct pick *pick; /* room for all rows */
    size_t n, members;
};

/* Keeps one position of each row: the one of largest activation for the top, else the
 * one with the smallest draw. */
static void offer_position(struct picks *p, const struct view *v, int interval,
                           size_t at, float act)
{
    const size_t T = v->set->T;
    const struct pick own = {at, act, rng_at((uint64_t)v->j, RNG_SAMPLE, 1, at)};
    struct pick *last = p->n > 0 ? &p->pick[p->n - 1] : NULL;
    p->members++;
    if (!last || last->at / T != at / T) {
        p->pick[p->n++] = own;
    } else if (interval == INTERVAL_TOP ? act > last->act : own.draw < last->draw) {
        *last = own;
    }
}

static bool is_top_token(const struct latent_row *r, int32_t id)
{
    bool is = false;
    for (size_t i = 0; i < LATENT_TOP_TOKENS; i++) {
        is = is || r->top_token[i] == id;
    }
    return is;
}

/* Picks where it is silent on one of its top tokens, in the text that the table
 * read. */
static void pick_silent(const struct view *v, const struct latent_row *row,
                        struct picks *p)
{
    size_t next = 0;
    for (size_t i = 0; i < v->t->positions; i++) {
        const bool fires = next < v->n && v->at[next] == i;
        next += fires;
        if (!fires && !v->set->special[i] && v->set->ids[i] >= 0 &&
            is_top_token(row, v->set->ids[i])) {
            offer_position(p, v, INTERVAL_ZERO, i, 0.0f);
        }
    }
}

static void pick_firing(const struct view *v, int interval, float max, struct picks *p)
{
    for (size_t i = 0; i < v->n; i++) {
        if (in_interval(v->act[i], max, interval)) {
            offer_position(p, v, interval, v->at[i], v->act[i]);
        }
    }
}

/* Writes at most `most` contexts of an interval, sorted by activation; picks has room
 * for all rows. */
static size_t contexts(const struct view *v, const struct latent_row *row, int interval,
                       struct pick *room, size_t most, struct latent_context *out,
                       size_t *members)
{
    struct picks p = {.pick = room};
    if (interval == INTERVAL_ZERO) {
        pick_silent(v, row, &p);
    } else {
        pick_firing(v, interval, row->max, &p);
    }
    if (p.n > 0 && interval != INTERVAL_TOP) {
        qsort(room, p.n, sizeof *room, by_draw);
        p.n = p.n < most ? p.n : most;
    }
    if (p.n > 0) {
        qsort(room, p.n, sizeof *room, by_act);
    }
    const size_t n = p.n < most ? p.n : most;
    for (size_t i = 0; i < n; i++) {
        fill_context(v, room[i].at, room[i].act, &out[i]);
    }
    *members = p.members;
    return n;
}

static enum err all_contexts(const struct view *v, struct latent_detail *d,
                             struct errinfo *e)
{
    struct pick *room = NULL;
    TRY(mem_new(&room, v->set->rows, sizeof *room, "contexts", e));
    d->n_contexts = contexts(v, &d->row, d->interval, room, LATENT_CONTEXTS, d->context,
                             &d->n_in_interval);
    for (size_t i = 0; i < LATENT_INTERVALS; i++) {
        struct latent_sample *s = &d->sample[i];
        s->n = contexts(v, &d->row, latent_interval_at(i), room, LATENT_SAMPLE,
                        s->context, &s->n_in_interval);
    }
    mem_free(room);
    return OK;
}

int latent_interval_at(size_t i)
{
    return i == 0    ? INTERVAL_TOP
           : i <= 10 ? 10 - (int)i
           : i == 11 ? INTERVAL_RANDOM
                     : INTERVAL_ZERO;
}

static void histogram(const struct view *v, struct latent_detail *d)
{
    d->hist_max = d->row.max;
    for (size_t i = 0; i < v->n; i++) {
        const double share = (double)v->act[i] / (double)d->hist_max;
        const double bin = ceil(share * LATENT_HIST_BINS) - 1.0;
        const size_t at = bin > 0.0 ? (size_t)bin : 0;
        d->hist[at < LATENT_HIST_BINS ? at : LATENT_HIST_BINS - 1]++;
    }
}

/* ---- the model's side
 * ---------------------------------------------------------------- */

/* Finds the k entries of v [n] with the greatest sign * v, in order; ties to the lower
 * index. */
static size_t extremes(const float *v, size_t n, size_t skip, float sign, size_t k,
                       int32_t *id, float *value)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        if (i == skip || isnan(v[i])) {
            continue;
        }
        size_t at = found < k ? found : k;
        while (at > 0 && sign * v[i] > sign * value[at - 1]) {
            if (at < k) {
                id[at] = id[at - 1];
                value[at] = value[at - 1];
            }
            at--;
        }
        if (at < k) {
            id[at] = (int32_t)i;
            value[at] = v[i];
            found += found < k;
        }
    }
    return found;
}

static enum err lens(const struct view *v, const struct lm *m, struct latent_detail *d,
                     struct errinfo *e)
{
    const size_t V = m->cfg.vocab;
    float *logits = NULL;
    enum err rc = OK;
    TRY(mem_new(&logits, V, sizeof *logits, "logit lens", e));
    const float *row = v->s->W_dec + v->j * v->s->D;
    for (int mode = 0; mode < LENS_MODES; mode++) {
        struct latent_lens *l = &d->lens[mode];
        if (mode == LENS_NORM) {
            TRY_OUT(rc, lm_lens(m, v->hook, row, logits, e));
        } else {
            TRY_OUT(rc, lm_unembed(m, v->hook, row, logits, e));
        }
        d->n_lens =
            extremes(logits, V, SIZE_MAX, 1.0f, LATENT_LENS, l->top, l->top_logit);
        (void)extremes(logits, V, SIZE_MAX, -1.0f, LATENT_LENS, l->bottom,
                       l->bottom_logit);
    }
out:
    mem_free(logits);
    return rc;
}

static double cosine(size_t D, const float *a, const float *b)
{
    double ab = 0.0;
    double aa = 0.0;
    double bb = 0.0;
    for (size_t i = 0; i < D; i++) {
        ab += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    return aa > 0.0 && bb > 0.0 ? ab / sqrt(aa * bb) : 0.0;
}

static enum err geometry(const struct view *v, struct latent_detail *d,
                         struct errinfo *e)
{
    const size_t D = v->s->D;
    const size_t F = v->s->F;
    const float *mine = v->s->W_dec + v->j * D;
    float *cosines = NULL;
    TRY(mem_new(&cosines, F, sizeof *cosines, "neighbours", e));
    for (size_t i = 0; i < F; i++) {
        cosines[i] = (float)cosine(D, mine, v->s->W_dec + i * D);
    }
    d->n_neighbours = extremes(cosines, F, v->j, 1.0f, LATENT_NEIGHBOURS, d->neighbour,
                               d->neighbour_cos);
    d->enc_dec_cos = (float)cosine(D, mine, v->s->W_enc + v->j * D);
    mem_free(cosines);
    return OK;
}

/* Finds latents that fire where it does. */
static enum err together(const struct view *v, struct latent_detail *d,
                         struct errinfo *e)
{
    const struct latent_table *t = v->t;
    uint8_t *mine = NULL;
    float *share = NULL;
    uint32_t *both = NULL;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&mine, v->set->n, 1, "latents together", e));
    TRY_OUT(rc, mem_new(&share, t->F, sizeof *share, "latents together", e));
    TRY_OUT(rc, mem_new(&both, t->F, sizeof *both, "latents together", e));
    for (size_t i = 0; i < v->n; i++) {
        mine[v->at[i]] = 1;
    }
    for (size_t j = 0; j < t->F; j++) {
        const size_t from = t->fire_start[j], n = t->fire_start[j + 1] - from;
        for (size_t i = 0; i < n; i++) {
            both[j] += mine[t->fire_at[from + i]];
        }
        share[j] = both[j] ? (float)((double)both[j] / sqrt((double)n * (double)v->n))
                           : (float)NAN;
    }
    d->n_together = extremes(share, t->F, v->j, 1.0f, LATENT_TOGETHER, d->together,
                             d->together_share);
    for (size_t i = 0; i < d->n_together; i++) {
        d->together_fires[i] = both[d->together[i]];
    }
out:
    mem_free(mine);
    mem_free(share);
    mem_free(both);
    return rc;
}

/* Tokens of a row resemble each other, so whole rows are resampled. */
static enum err density_interval(const struct view *v, struct latent_detail *d,
                                 struct errinfo *e)
{
    const size_t T = v->set->T;
    const size_t rows = v->set->rows;
    double *fires = NULL;
    double *tokens = NULL;
    int32_t *cluster = NULL;
    struct stats_interval s = {0.0, (double)NAN, (double)NAN};
    size_t n = 0;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&fires, rows, sizeof *fires, "density", e));
    TRY_OUT(rc, mem_new(&tokens, rows, sizeof *tokens, "density", e));
    TRY_OUT(rc, mem_new(&cluster, rows, sizeof *cluster, "density", e));
    for (size_t r = 0; r < rows && r * T < v->t->positions; r++) {
        for (size_t i = r * T; i < (r + 1) * T && i < v->t->positions; i++) {
            tokens[r] += !v->set->special[i];
        }
        cluster[r] = (int32_t)r;
        n = r + 1;
    }
    for (size_t i = 0; i < v->n; i++) {
        fires[v->at[i] / T] += 1.0;
    }
    if (n > 1) {
        TRY_OUT(rc, stats_bootstrap(n, fires, tokens, cluster, n, BOOTSTRAP_REPS, 0.95,
                                    (uint64_t)v->j, &s, e));
    }
    d->density_lo = s.low;
    d->density_hi = s.high;
out:
    mem_free(fires);
    mem_free(tokens);
    mem_free(cluster);
    return rc;
}

/* Chooses up to DELTA_ROWS rows in which the latent fires, by a fixed draw. */
static size_t delta_rows(const struct view *v, uint32_t *rows)
{
    uint64_t draws[DELTA_ROWS];
    size_t n = 0;
    size_t last = SIZE_MAX;
    for (size_t i = 0; i < v->n; i++) {
        const size_t row = v->at[i] / v->set->T;
        if (row == last) {
            continue;
        }
        last = row;
        const uint64_t draw = rng_at((uint64_t)v->j, RNG_SAMPLE, 2, row);
        size_t at = n;
        while (at > 0 && draw < draws[at - 1]) {
            if (at < DELTA_ROWS) {
                draws[at] = draws[at - 1];
                rows[at] = rows[at - 1];
            }
            at--;
        }
        if (at < DELTA_ROWS) {
            draws[at] = draw;
            rows[at] = (uint32_t)row;
            n += n < DELTA_ROWS;
        }
    }
    return n;
}

/* Copies the rows; then takes their losses as they are, and with the latent's share of
 * the reconstruction removed from the activations where it fires. */
static enum err ablate(const struct view *v, struct harvester *h,
                       struct latent_detail *d, struct errinfo *e)
{
    const struct acts_set *a = v->set;
    uint32_t rows[DELTA_ROWS];
    const size_t n = delta_rows(v, rows);
    int32_t *ids = NULL;
    float *x = NULL;
    float *normal = NULL, *undo = NULL;
    float *nll[2] = {NULL, NULL};
    double sum = 0.0;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&ids, n * a->T, sizeof *ids, "ablation", e));
    TRY_OUT(rc, mem_new(&x, n * a->T, a->D * sizeof *x, "ablation", e));
    TRY_OUT(rc, mem_new(&nll[0], n * a->T, sizeof *nll[0], "ablation", e));
    TRY_OUT(rc, mem_new(&nll[1], n * a->T, sizeof *nll[1], "ablation", e));
    for (size_t r = 0; r < n; r++) {
        memcpy(ids + r * a->T, a->ids + rows[r] * a->T, a->T * sizeof *ids);
        memcpy(x + r * a->T * a->D, a->x + rows[r] * a->T * a->D,
               a->T * a->D * sizeof *x);
    }
    TRY_OUT(rc, mem_new(&normal, n * a->T, a->D * sizeof *normal, "ablation", e));
    TRY_OUT(rc, mem_new(&undo, n * a->T, 2 * sizeof *undo, "ablation", e));
    sae_normalise(v->s->norm, v->s->scale, a->D, x, n * a->T, normal, undo);
    TRY_OUT(rc, harvest_nll(h, ids, n, x, nll[0], e));
    for (size_t i = 0; i < n * a->T; i++) {
        const float act = act_at(v, rows[i / a->T] * a->T + i % a->T);
        /* A scale is in the activation already; see sae_saved_unit. */
        const float share = -act * (v->s->norm == SAE_NORM_SCALE ? 1.0f : undo[2 * i]);
        for (size_t k = 0; act > 0.0f && k < a->D; k++) {
            x[i * a->D + k] += share * v->s->W_dec[v->j * a->D + k];
        }
    }
    TRY_OUT(rc, harvest_nll(h, ids, n, x, nll[1], e));
    for (size_t i = 0; i < n * a->T; i++) {
        const float act = act_at(v, rows[i / a->T] * a->T + i % a->T);
        if (act > 0.0f && !isnan(nll[0][i]) && !isnan(nll[1][i])) {
            sum += (double)nll[1][i] - (double)nll[0][i];
            d->delta_n++;
        }
    }
    d->delta_nll = d->delta_n > 0 ? sum / (double)d->delta_n : (double)NAN;
out:
    mem_free(ids);
    mem_free(x);
    mem_free(normal);
    mem_free(undo);
    mem_free(nll[0]);
    mem_free(nll[1]);
    return rc;
}

/* ---- masks ---- */

static void sum_masked(const struct view *v, const uint32_t *rows, size_t n,
                       const uint8_t *masked, const struct sae_codes codes[2],
                       struct latent_detail *d)
{
    const size_t T = v->set->T;
    double change = 0.0, both = 0.0;
    for (size_t i = 0; i < n * T; i++) {
        const size_t at = rows[i / T] * T + i % T;
        if (masked[i] || v->set->special[at]) {
            continue;
        }
        const double clean = (double)sae_codes_at(&codes[0], i, (int32_t)v->j),
                     now = (double)sae_codes_at(&codes[1], i, (int32_t)v->j);
        change += fabs(now - clean);
        both += now + clean;
        d->robust_n += now + clean > 0.0;
    }
    d->robustness = both > 0.0 ? 1.0 - change / both : (double)NAN;
}

static enum err robust(const struct view *v, const struct mask_spec *mask,
                       struct harvester *h, struct latent_detail *d, struct errinfo *e)
{
    const size_t T = v->set->T;
    uint32_t rows[DELTA_ROWS];
    const size_t n = delta_rows(v, rows);
    int32_t *ids = NULL;
    uint8_t *masked = NULL;
    float *x = NULL;
    struct sae_codes codes[2] = {{0}, {0}}; /* of the rows as they are, and masked: the
                                               table may be of an earlier step */
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&ids, n * T, sizeof *ids, "masked rows", e));
    TRY_OUT(rc, mem_new(&masked, n * T, 1, "masked rows", e));
    TRY_OUT(rc, mem_new(&x, n * T, v->set->D * sizeof *x, "masked rows", e));
    for (size_t r = 0; r < n; r++) {
        (void)mask_apply(mask, MASK_RATE_USUAL, rows[r], v->set->ids + rows[r] * T, 1,
                         T, ids + r * T, masked + r * T);
        memcpy(x + r * T * v->set->D, v->set->x + rows[r] * T * v->set->D,
               T * v->set->D * sizeof *x);
    }
    TRY_OUT(rc, sae_encode(v->s, x, n * T, NULL, &codes[0], e));
    harvest_rows(h, ids, n, x);
    TRY_OUT(rc, sae_encode(v->s, x, n * T, NULL, &codes[1], e));
    sum_masked(v, rows, n, masked, codes, d);
out:
    sae_codes_deinit(&codes[0]);
    sae_codes_deinit(&codes[1]);
    mem_free(ids);
    mem_free(masked);
    mem_free(x);
    return rc;
}

enum err latent_detail_mask(struct latent_detail *d, const struct sae *s,
                            const struct acts_set *set, const struct latent_table *t,
                            const struct lm *m, struct harvester *h, int32_t mask_token,
                            struct errinfo *e)
{
    const size_t j = (size_t)d->latent, first = t->fire_start[j];
    const struct view v = {.s = s,
                           .set = set,
                           .t = t,
                           .j = j,
                           .n = t->fire_start[j + 1] - first,
                           .at = t->fire_at + first,
                           .act = t->fire_act + first};
    struct mask_vocab *vocab = NULL;
    if (v.n == 0 || mask_token < 0) {
        return OK;
    }
    TRY(mask_vocab_new(m->tok, NULL, &vocab, e));
    const struct mask_spec mask = {
        .kind = MASK_TOKEN, .token = mask_token, .seed = MASK_SEED, .vocab = vocab};
    const enum err rc = robust(&v, &mask, h, d, e);
    mask_vocab_free(vocab);
    return rc;
}

/* ---- all of it
 * ----------------------------------------------------------------------- */

static enum err build(const struct view *v, const struct lm *m, struct harvester *h,
                      const atomic_bool *cancel, struct latent_detail *d,
                      struct errinfo *e)
{
    TRY(all_contexts(v, d, e));
    histogram(v, d);
    TRY(m != NULL && lm_hook_has_lens(v->hook) ? lens(v, m, d, e) : OK);
    TRY(geometry(v, d, e));
    TRY(together(v, d, e));
    TRY(density_interval(v, d, e));
    TRY(latent_poll(cancel, e));
    d->delta_nll = (double)NAN;
    d->robustness = (double)NAN;
    if (h != NULL && v->n > 0) {
        TRY(ablate(v, h, d, e));
    }
    return latent_poll(cancel, e);
}

enum err latent_detail_new(const struct sae *s, const struct acts_set *set,
                           const struct concepts *c, const struct latent_table *table,
                           const struct lm *m, struct lm_hook hook, struct harvester *h,
                           int32_t latent, int interval, int64_t step,
                           struct pool *pool, const atomic_bool *cancel,
                           struct latent_detail **out, struct errinfo *e)
{
    struct latent_table *own = NULL;
    struct latent_detail *d = NULL;
    enum err rc = OK;
    if (latent < 0 || (size_t)latent >= s->F || interval < INTERVAL_ZERO ||
        interval > 9) {
        return err_set(e, ERR_USAGE,
                       "latents: latent %d, interval %d; expected a latent from 0 to "
                       "%zu and an interval from %d to 9",
                       (int)latent, interval, s->F - 1, INTERVAL_ZERO);
    }
    if (table == NULL) {
        TRY(latent_table_new(s, set, c, step, pool, cancel, &own, e));
        table = own;
    }
    const size_t first = table->fire_start[latent];
    const struct view v = {.s = s,
                           .hook = hook,
                           .set = set,
                           .t = table,
                           .j = (size_t)latent,
                           .n = table->fire_start[latent + 1] - first,
                           .at = table->fire_at + first,
                           .act = table->fire_act + first};
    TRY_OUT(rc, mem_new(&d, 1, sizeof *d, "latent", e));
    atomic_init(&d->refs, 1);
    d->step = step;
    d->latent = latent;
    d->interval = interval;
    d->row = table->row[latent];
    TRY_OUT(rc, build(&v, m, h, cancel, d, e));
    *out = d;
    d = NULL;
out:
    latent_detail_unref(d);
    latent_table_unref(own);
    return rc;
}

enum err latent_detail_copy(const struct latent_detail *d, struct latent_detail **out,
                            struct errinfo *e)
{
    /* All but the count of its holders, which others may be changing. */
    const size_t from = offsetof(struct latent_detail, step);
    TRY(mem_new(out, 1, sizeof **out, "latent", e));
    memcpy((char *)*out + from, (const char *)d + from, sizeof **out - from);
    atomic_init(&(*out)->refs, 1);
    return OK;
}

struct latent_detail *latent_detail_ref(struct latent_detail *d)
{
    atomic_fetch_add(&d->refs, 1);
    return d;
}

void latent_detail_unref(struct latent_detail *d)
{
    if (d != NULL && atomic_fetch_sub(&d->refs, 1) == 1) {
        mem_free(d);
    }
}
