#include "acts/synthetic.h"

#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

#define FEATURES_MAX ((size_t)1 << 16)

struct synth {
    struct synth_config cfg;
    size_t N;
    float *dir;    /* [N, D] */
    double *limit; /* [P + others] a feature of its own is on below this normal score */
    double *choice; /* [children] cumulative shares of a parent's children */
};

struct synth_config synth_defaults(void)
{
    return (struct synth_config){.D = 80,
                                 .parents = 8,
                                 .children = 5,
                                 .others = 24,
                                 .parent_rate = 0.15,
                                 .other_rate = 0.05,
                                 .child_share = 0.8,
                                 .zipf = 0.5,
                                 .magnitude = 1.0,
                                 .spread = 0.1,
                                 .keep_parent = 1.0};
}

static enum err check(const struct synth_config *c, struct errinfo *e)
{
    const bool sizes = c->D >= 1 && c->D <= FEATURES_MAX && c->parents >= 1 &&
                       c->parents <= 4096 && c->children >= 1 && c->children <= 4096 &&
                       c->others <= FEATURES_MAX &&
                       c->parents * (c->children + 1) + c->others <= FEATURES_MAX;
    const bool rates = c->parent_rate > 0.0 && c->parent_rate <= 0.5 &&
                       c->other_rate >= 0.0 && c->other_rate <= 0.5;
    const bool shares = c->child_share >= 0.0 && c->child_share <= 1.0 &&
                        c->keep_parent >= 0.0 && c->keep_parent <= 1.0 &&
                        c->correlation >= 0.0 && c->correlation < 1.0;
    if (sizes && rates && shares && c->magnitude > 0.0 && c->spread >= 0.0 &&
        c->zipf >= 0.0) {
        return OK;
    }
    return err_set(e, ERR_USAGE,
                   "synthetic source: expected 1 to %zu features, rates up to 0.5, "
                   "shares from 0 to 1 and a correlation below 1",
                   FEATURES_MAX);
}

/* ---- directions ---- */

/* Random ones; each made orthogonal to those before it while there is room. */
static void make_directions(struct synth *s)
{
    const size_t D = s->cfg.D;
    for (size_t i = 0; i < s->N; i++) {
        struct rng r = rng_begin(s->cfg.seed, RNG_INIT, (uint64_t)i);
        float *d = s->dir + i * D;
        double norm = 0.0;
        for (size_t j = 0; j < D; j++) {
            d[j] = (float)rng_normal(&r);
        }
        /* Twice: once leaves a trace of rounding. */
        for (size_t k = 0; k < 2 * i && s->N <= D; k++) {
            const float *o = s->dir + k % i * D;
            double dot = 0.0;
            for (size_t j = 0; j < D; j++) {
                dot += (double)d[j] * (double)o[j];
            }
            for (size_t j = 0; j < D; j++) {
                d[j] = (float)((double)d[j] - dot * (double)o[j]);
            }
        }
        for (size_t j = 0; j < D; j++) {
            norm += (double)d[j] * (double)d[j];
        }
        for (size_t j = 0; j < D; j++) {
            d[j] = (float)((double)d[j] / sqrt(norm));
        }
    }
}

/* ---- frequencies ---- */

/* The score that a standard normal is below with probability p. */
static double normal_quantile(double p)
{
    double lo = -10.0, hi = 10.0;
    for (int i = 0; i < 80; i++) {
        const double mid = 0.5 * (lo + hi);
        if (0.5 * erfc(-mid / sqrt(2.0)) < p) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    return 0.5 * (lo + hi);
}

/* Probabilities of n features by Zipf's law about a mean, as scores. */
static void make_limits(double *limit, size_t n, double mean, double zipf)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += pow((double)(i + 1), -zipf);
    }
    for (size_t i = 0; i < n; i++) {
        const double p = mean * (double)n * pow((double)(i + 1), -zipf) / sum;
        limit[i] = normal_quantile(p < 0.99 ? p : 0.99);
    }
}

static void make_choice(double *choice, size_t n, double zipf)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += pow((double)(i + 1), -zipf);
        choice[i] = sum;
    }
    for (size_t i = 0; i < n; i++) {
        choice[i] /= sum;
    }
}

enum err synth_new(const struct synth_config *cfg, struct synth **out,
                   struct errinfo *e)
{
    struct synth *s = NULL;
    enum err rc = OK;
    TRY(check(cfg, e));
    TRY(mem_new(&s, 1, sizeof *s, "synthetic source", e));
    s->cfg = *cfg;
    s->N = cfg->parents * (cfg->children + 1) + cfg->others;
    TRY_OUT(rc, mem_new(&s->dir, s->N, cfg->D * sizeof *s->dir, "directions", e));
    TRY_OUT(rc, mem_new(&s->limit, cfg->parents + cfg->others, sizeof *s->limit,
                        "frequencies", e));
    TRY_OUT(rc,
            mem_new(&s->choice, cfg->children, sizeof *s->choice, "frequencies", e));
    make_directions(s);
    make_limits(s->limit, cfg->parents, cfg->parent_rate, cfg->zipf);
    make_limits(s->limit + cfg->parents, cfg->others, cfg->other_rate, cfg->zipf);
    make_choice(s->choice, cfg->children, cfg->zipf);
    *out = s;
    return OK;
out:
    synth_free(s);
    return rc;
}

void synth_free(struct synth *s)
{
    if (s == NULL) {
        return;
    }
    mem_free(s->dir);
    mem_free(s->limit);
    mem_free(s->choice);
    mem_free(s);
}

size_t synth_features(const struct synth *s)
{
    return s->N;
}

const struct synth_config *synth_config_of(const struct synth *s)
{
    return &s->cfg;
}

const float *synth_directions(const struct synth *s)
{
    return s->dir;
}

int32_t synth_parent(const struct synth *s, size_t feature)
{
    const size_t P = s->cfg.parents, C = s->cfg.children;
    const bool child = feature >= P && feature < P * (C + 1);
    return child ? (int32_t)((feature - P) / C) : -1;
}

/* ---- rows ---- */

struct row {
    const struct synth *s;
    struct rng r;
    double factor; /* of the row, that features load on */
    bool no_child, no_parent;
    float *x, *a; /* [D], [N] or NULL */
};

/* The same draws are made whatever is masked, so that only the masked things differ. */
static void add_feature(struct row *k, size_t i, bool on)
{
    const struct synth_config *c = &k->s->cfg;
    const double drawn = c->magnitude + c->spread * rng_normal(&k->r);
    if (!on || drawn <= 0.0) {
        return;
    }
    const float *d = k->s->dir + i * c->D;
    for (size_t j = 0; j < c->D; j++) {
        k->x[j] += (float)drawn * d[j];
    }
    if (k->a != NULL) {
        k->a[i] = (float)drawn;
    }
}

static bool is_on(struct row *k, double limit)
{
    const double c = k->s->cfg.correlation;
    return c * k->factor + sqrt(1.0 - c * c) * rng_normal(&k->r) < limit;
}

static void make_row(struct row *k)
{
    const struct synth_config *c = &k->s->cfg;
    const size_t P = c->parents, C = c->children;
    k->factor = rng_normal(&k->r);
    for (size_t p = 0; p < P; p++) {
        const bool on = is_on(k, k->s->limit[p]);
        const bool with = rng_unit(&k->r) < c->child_share;
        const double draw = rng_unit(&k->r);
        size_t child = 0;
        while (child + 1 < C && draw >= k->s->choice[child]) {
            child++;
        }
        add_feature(k, p, on && !k->no_parent);
        add_feature(k, P + p * C + child, on && with && !k->no_child);
    }
    for (size_t o = 0; o < c->others; o++) {
        add_feature(k, P * (C + 1) + o, is_on(k, k->s->limit[P + o]));
    }
}

void synth_rows(const struct synth *s, double rate, uint64_t first, size_t n, float *x,
                float *a)
{
    const struct synth_config *c = &s->cfg;
    memset(x, 0, n * c->D * sizeof *x);
    if (a != NULL) {
        memset(a, 0, n * s->N * sizeof *a);
    }
    for (size_t i = 0; i < n; i++) {
        const uint64_t row = first + i;
        struct row k = {.s = s,
                        .r = rng_begin(c->seed, RNG_SAMPLE, row),
                        .x = x + i * c->D,
                        .a = a != NULL ? a + i * s->N : NULL};
        k.no_child = rng_unit_at(c->seed, RNG_MASK, row, 0) < rate;
        k.no_parent =
            k.no_child && rng_unit_at(c->seed, RNG_MASK_ID, row, 0) >= c->keep_parent;
        make_row(&k);
    }
}
