#include "acts/synthetic.h"

#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

#define FEATURES_MAX ((size_t)1 << 16)
#define FACTORS_MAX  64

/* A feature drawn by itself: a parent or one of the others. */
struct drawn {
    double rate, score; /* on below either: of a uniform draw, of a normal one */
    double own;         /* loading on its own noise; 1: uncorrelated */
};

struct synth {
    struct synth_config cfg;
    size_t N, contexts;
    float *dir;           /* [N, D] */
    struct drawn *drawn;  /* [P + others] */
    double *load;         /* [P + others, factors] */
    double *child_choice; /* [children] cumulative shares of a parent's children */
    double *topic_choice; /* [P] of sequences */
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
                                 .factors = 1,
                                 .sequence = 1,
                                 .content = 0.5,
                                 .keep_parent = 1.0,
                                 .mask_feature = true};
}

static bool is_share(double v)
{
    return v >= 0.0 && v <= 1.0;
}

static size_t count_contexts(const struct synth_config *c)
{
    const size_t each = c->context == SYNTH_OF_CHILD ? c->children : 1;
    return c->context_share > 0.0 ? c->parents * each : 0;
}

size_t synth_count(const struct synth_config *c)
{
    return c->parents * (c->children + 1) + count_contexts(c) + c->others +
           (c->mask_feature ? 1 : 0);
}

static enum err check(const struct synth_config *c, struct errinfo *e)
{
    const size_t most = FEATURES_MAX;
    const bool sizes = c->D >= 1 && c->D <= most && c->parents >= 1 &&
                       c->parents <= 4096 && c->children >= 1 && c->children <= 4096 &&
                       c->others <= most && c->factors >= 1 &&
                       c->factors <= FACTORS_MAX && c->sequence >= 1 &&
                       c->sequence <= 4096;
    const size_t n = sizes ? synth_count(c) : 0;
    const bool rates = c->parent_rate > 0.0 && c->parent_rate <= 0.5 &&
                       c->other_rate >= 0.0 && c->other_rate <= 0.5 &&
                       is_share(c->context_rate) && is_share(c->content);
    const bool shares = is_share(c->child_share) && is_share(c->keep_parent) &&
                        is_share(c->context_share) && is_share(c->carry) &&
                        c->correlation >= 0.0 && c->correlation < 1.0;
    if (n < 1 || n > most) {
        return err_set(e, ERR_USAGE,
                       "synthetic source: found %zu parents of %zu children and %zu "
                       "others, expected 1 to %zu features in all",
                       c->parents, c->children, c->others, most);
    }
    if (rates && shares && c->magnitude > 0.0 && c->spread >= 0.0 && c->zipf >= 0.0) {
        return OK;
    }
    return err_set(e, ERR_USAGE,
                   "synthetic source: expected rates up to 0.5, shares from 0 to 1, a "
                   "correlation below 1 and a magnitude above 0");
}

/* ---- directions ---- */

/* Draws directions at random; each is made orthogonal to those before it while there is
 * room. */
static void make_directions(struct synth *s)
{
    const size_t D = s->cfg.D;
    for (size_t i = 0; i < s->N; i++) {
        struct rng r = rng_begin(s->cfg.seed, RNG_FEATURE, (uint64_t)i);
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

/* The quantile of a standard normal at p. */
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

/* Probabilities of n features by Zipf's law about a mean. */
static void make_rates(struct drawn *f, size_t n, double mean, double zipf)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += pow((double)(i + 1), -zipf);
    }
    for (size_t i = 0; i < n; i++) {
        const double p = mean * (double)n * pow((double)(i + 1), -zipf) / sum;
        f[i].rate = p < 0.99 ? p : 0.99;
        f[i].score = normal_quantile(f[i].rate);
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

/* ---- correlations ---- */

static void load_at_random(const struct synth *s, size_t i, double *load)
{
    struct rng r = rng_begin(s->cfg.seed, RNG_FEATURE, FEATURES_MAX + (uint64_t)i);
    double square = 0.0;
    for (size_t k = 0; k < s->cfg.factors; k++) {
        load[k] = rng_normal(&r);
        square += load[k] * load[k];
    }
    for (size_t k = 0; k < s->cfg.factors; k++) {
        load[k] *= s->cfg.correlation / sqrt(square);
    }
}

static void make_loadings(struct synth *s)
{
    const struct synth_config *c = &s->cfg;
    for (size_t i = 0; i < c->parents + c->others; i++) {
        const bool is_parent = i < c->parents;
        double *load = s->load + i * c->factors;
        s->drawn[i].own = 1.0;
        if (!(c->correlation > 0.0) || (is_parent && c->correlated == SYNTH_OTHERS)) {
            continue;
        }
        s->drawn[i].own = sqrt(1.0 - c->correlation * c->correlation);
        if (c->loadings == SYNTH_RANDOM) {
            load_at_random(s, i, load);
        } else {
            load[(is_parent ? i : i - c->parents) % c->factors] = c->correlation;
        }
    }
}

/* ---- making ---- */

static enum err make_all(struct synth *s, struct errinfo *e)
{
    const struct synth_config *c = &s->cfg;
    const size_t drawn = c->parents + c->others;
    TRY(mem_new(&s->dir, s->N, c->D * sizeof *s->dir, "directions", e));
    TRY(mem_new(&s->drawn, drawn, sizeof *s->drawn, "frequencies", e));
    TRY(mem_new(&s->load, drawn, c->factors * sizeof *s->load, "correlations", e));
    TRY(mem_new(&s->child_choice, c->children, sizeof(double), "frequencies", e));
    TRY(mem_new(&s->topic_choice, c->parents, sizeof(double), "frequencies", e));
    make_directions(s);
    make_rates(s->drawn, c->parents, c->parent_rate, c->zipf);
    make_rates(s->drawn + c->parents, c->others, c->other_rate, c->zipf);
    make_choice(s->child_choice, c->children, c->zipf);
    make_choice(s->topic_choice, c->parents, c->zipf);
    make_loadings(s);
    return OK;
}

enum err synth_new(const struct synth_config *cfg, struct synth **out,
                   struct errinfo *e)
{
    struct synth *s = NULL;
    TRY(check(cfg, e));
    TRY(mem_new(&s, 1, sizeof *s, "synthetic source", e));
    s->cfg = *cfg;
    s->contexts = count_contexts(cfg);
    s->N = synth_count(cfg);
    const enum err rc = make_all(s, e);
    if (rc != OK) {
        synth_free(s);
        return rc;
    }
    *out = s;
    return OK;
}

void synth_free(struct synth *s)
{
    if (s == NULL) {
        return;
    }
    mem_free(s->dir);
    mem_free(s->drawn);
    mem_free(s->load);
    mem_free(s->child_choice);
    mem_free(s->topic_choice);
    mem_free(s);
}

size_t synth_features(const struct synth *s)
{
    return s->N;
}

size_t synth_clean_features(const struct synth *s)
{
    return s->N - (s->cfg.mask_feature ? 1 : 0);
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

/* ---- masks and sequences ---- */

static bool mask_falls_on(const struct synth *s, double rate, uint64_t row)
{
    return rng_unit_at(s->cfg.seed, RNG_MASK, row, 0) < rate;
}

bool synth_is_masked(const struct synth *s, double rate, uint64_t row)
{
    return s->cfg.masked == SYNTH_TOKEN && mask_falls_on(s, rate, row);
}

static size_t choose(const double *choice, size_t n, double draw)
{
    size_t i = 0;
    while (i + 1 < n && draw >= choice[i]) {
        i++;
    }
    return i;
}

/* Whether a row of a sequence shows its parent by itself. */
static bool has_content(const struct synth *s, uint64_t row)
{
    return rng_unit_at(s->cfg.seed, RNG_DOCUMENT, row, 1) < s->cfg.content;
}

/* Whether an earlier row of the sequence shows its parent. */
static bool is_carried(const struct synth *s, double rate, uint64_t row)
{
    for (uint64_t i = row - row % s->cfg.sequence; i < row; i++) {
        if (has_content(s, i) && !synth_is_masked(s, rate, i)) {
            return true;
        }
    }
    return false;
}

/* ---- rows ---- */

struct row {
    const struct synth *s;
    struct rng r;
    uint64_t number;
    double rate;
    double factor[FACTORS_MAX];
    bool no_child, no_parent, no_context; /* what the mask takes */
    float *x, *a;                         /* [D], [N] or NULL */
};

static double magnitude(struct row *k)
{
    return k->s->cfg.magnitude + k->s->cfg.spread * rng_normal(&k->r);
}

static void put(struct row *k, size_t i, double size)
{
    const size_t D = k->s->cfg.D;
    const float *d = k->s->dir + i * D;
    if (size <= 0.0) {
        return;
    }
    for (size_t j = 0; j < D; j++) {
        k->x[j] += (float)size * d[j];
    }
    if (k->a != NULL) {
        k->a[i] = (float)size;
    }
}

static bool is_on(struct row *k, size_t i)
{
    const struct drawn *f = &k->s->drawn[i];
    const size_t R = k->s->cfg.factors;
    if (f->own >= 1.0) {
        return rng_unit(&k->r) < f->rate;
    }
    double score = f->own * rng_normal(&k->r);
    for (size_t j = 0; j < R; j++) {
        score += k->s->load[i * R + j] * k->factor[j];
    }
    return score < f->score;
}

/* Context features of a parent's family; `child` is the one that is on, or none. */
static void add_contexts(struct row *k, size_t parent, size_t child)
{
    const struct synth_config *c = &k->s->cfg;
    const size_t each = c->context == SYNTH_OF_CHILD ? c->children : 1;
    const size_t first = c->parents * (c->children + 1) + parent * each;
    for (size_t i = 0; i < each && k->s->contexts > 0; i++) {
        const bool its =
            c->context == SYNTH_OF_CHILD ? child == i : child < c->children;
        if (rng_unit(&k->r) < (its ? c->context_share : c->context_rate)) {
            const double size = magnitude(k);
            put(k, first + i, k->no_context ? 0.0 : size);
        }
    }
}

/* A parent with its child and their context. The draws depend on the clean row alone,
 * so that a mask only takes features away. */
static void add_family(struct row *k, size_t parent, bool on, bool carried)
{
    const struct synth_config *c = &k->s->cfg;
    size_t child = c->children;
    if (on && rng_unit(&k->r) < c->child_share) {
        child = choose(k->s->child_choice, c->children, rng_unit(&k->r));
        const double size = magnitude(k);
        put(k, c->parents + parent * c->children + child, k->no_child ? 0.0 : size);
    }
    if (on || c->sequence > 1) {
        const double size = magnitude(k);
        const bool shows = on && !k->no_parent;
        put(k, parent, shows ? size : carried ? c->carry * size : 0.0);
    }
    add_contexts(k, parent, child);
}

static void add_families(struct row *k)
{
    const struct synth_config *c = &k->s->cfg;
    if (c->sequence == 1) {
        for (size_t p = 0; p < c->parents; p++) {
            add_family(k, p, is_on(k, p), false);
        }
        return;
    }
    const uint64_t first = k->number - k->number % c->sequence;
    const size_t topic = choose(k->s->topic_choice, c->parents,
                                rng_unit_at(c->seed, RNG_DOCUMENT, first, 0));
    const bool carried =
        c->carry > 0.0 && !k->no_context && is_carried(k->s, k->rate, k->number);
    for (size_t p = 0; p < c->parents; p++) {
        if (p == topic) {
            add_family(k, p, has_content(k->s, k->number), carried);
        } else {
            add_contexts(k, p, c->children);
        }
    }
}

static void make_row(struct row *k)
{
    const struct synth_config *c = &k->s->cfg;
    for (size_t i = 0; i < c->factors && c->correlation > 0.0; i++) {
        k->factor[i] = rng_normal(&k->r);
    }
    add_families(k);
    const size_t others = c->parents * (c->children + 1) + k->s->contexts;
    for (size_t o = 0; o < c->others; o++) {
        if (is_on(k, c->parents + o)) {
            put(k, others + o, magnitude(k));
        }
    }
    if (c->mask_feature && k->no_child) {
        put(k, k->s->N - 1, magnitude(k));
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
                        .number = row,
                        .rate = rate,
                        .x = x + i * c->D,
                        .a = a != NULL ? a + i * s->N : NULL};
        k.no_child = synth_is_masked(s, rate, row);
        k.no_parent =
            k.no_child && rng_unit_at(c->seed, RNG_MASK_ID, row, 0) >= c->keep_parent;
        k.no_context = c->masked == SYNTH_CONTEXT && mask_falls_on(s, rate, row);
        make_row(&k);
    }
}
