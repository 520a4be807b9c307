/* Known features, and SAEs built by hand of which the answers are known. */
#include "acts/harvest.h"
#include "acts/synthetic.h"
#include "base/mem.h"
#include "base/rng.h"
#include "eval/evalset_priv.h"
#include "eval/evaluate.h"
#include "eval/truth.h"
#include "num/assign.h"
#include "num/blas.h"
#include "text/concepts.h"
#include "unit/check.h"

#include <math.h>
#include <string.h>

static void check_near(double got, double want, double within)
{
    if (!(fabs(got - want) <= within)) {
        fail_msg("found %.9g, expected %.9g +- %g", got, want, within);
    }
}

static double value(const struct report *r, const char *path)
{
    const struct figure *f = report_find(r, path);
    if (f == NULL) {
        fail_msg("no figure %s", path);
    }
    return f != NULL ? f->v.value : (double)NAN;
}

/* ---- assignment ---- */

/* The best sum over all ways, by trying them. */
static double by_trying(size_t n, size_t m, const double *gain, size_t row,
                        unsigned taken)
{
    double best = row == n ? 0.0 : -1e9;
    for (size_t k = 0; row < n && k < m; k++) {
        if (!(taken >> k & 1)) {
            const double rest = by_trying(n, m, gain, row + 1, taken | 1u << k);
            best = fmax(best, gain[row * m + k] + rest);
        }
    }
    return best;
}

static void test_assignment(void **state)
{
    (void)state;
    struct errinfo e;
    struct rng r = rng_begin(1, RNG_SAMPLE, 0);
    for (int rep = 0; rep < 60; rep++) {
        const size_t n = 1 + rng_below(&r, 5), m = n + rng_below(&r, 3);
        double gain[5 * 7];
        int32_t column[5];
        for (size_t i = 0; i < n * m; i++) {
            gain[i] = rep % 2 ? rng_unit(&r) - 0.3 : (double)rng_below(&r, 3);
        }
        assert_ok(assign_best(n, m, gain, column, &e), &e);
        unsigned taken = 0;
        double sum = 0.0;
        for (size_t i = 0; i < n; i++) {
            assert_in_range(column[i], 0, m - 1);
            assert_false(taken >> column[i] & 1);
            taken |= 1u << column[i];
            sum += gain[i * m + (size_t)column[i]];
        }
        check_near(sum, by_trying(n, m, gain, 0, 0), 1e-9);
    }
    check_error(assign_best(3, 2, (const double[6]){0}, (int32_t[3]){0}, &e), ERR_USAGE,
                &e, "more than 2 columns");
}

/* ---- the source ---- */

enum { PARENTS = 3, CHILDREN = 20, OTHERS = 4, N = PARENTS * (CHILDREN + 1) + OTHERS };
enum { D = 80, ROWS = 6000 };

static struct synth_config world(void)
{
    struct synth_config c = synth_defaults();
    c.D = D;
    c.parents = PARENTS;
    c.children = CHILDREN;
    c.others = OTHERS;
    c.parent_rate = 0.3;
    c.other_rate = 0.2;
    c.zipf = 0.0;
    c.mask_feature = false;
    c.seed = 11;
    return c;
}

static struct synth *make(const struct synth_config *c)
{
    struct errinfo e;
    struct synth *s = NULL;
    assert_ok(synth_new(c, &s, &e), &e);
    return s;
}

static void test_rows(void **state)
{
    (void)state;
    struct synth_config c = world();
    c.zipf = 1.0;
    struct synth *s = make(&c);
    assert_int_equal(synth_features(s), N);
    float *x = mem_alloc(ROWS * D, 4), *a = mem_alloc(ROWS * N, 4);
    const float *dir = synth_directions(s);
    for (size_t i = 0; i < N; i++) {
        for (size_t k = 0; k <= i; k++) {
            double dot = 0.0;
            for (size_t d = 0; d < D; d++) {
                dot += (double)dir[i * D + d] * (double)dir[k * D + d];
            }
            check_near(dot, i == k ? 1.0 : 0.0, 1e-5);
        }
    }
    synth_rows(s, 0.0, 0, ROWS, x, a);
    double on[N] = {0}, with = 0, first = 0;
    for (size_t i = 0; i < ROWS; i++) {
        double sum[D] = {0};
        int children[PARENTS] = {0};
        for (size_t f = 0; f < N; f++) {
            const double v = (double)a[i * N + f];
            on[f] += v > 0.0;
            const int32_t parent = synth_parent(s, f);
            if (v > 0.0 && parent >= 0) {
                assert_true(a[i * N + (size_t)parent] > 0.0f); /* never without it */
                children[parent]++;
                with += 1.0;
                first += (f - PARENTS) % CHILDREN == 0;
            }
            for (size_t d = 0; d < D; d++) {
                sum[d] += v * (double)dir[f * D + d];
            }
        }
        for (size_t d = 0; d < D; d++) {
            check_near((double)x[i * D + d], sum[d], 1e-4);
        }
        for (size_t p = 0; p < PARENTS; p++) {
            assert_true(children[p] <= 1); /* siblings exclude each other */
        }
    }
    /* Parents by Zipf about their mean rate: 1, 1/2, 1/3 of 0.9 / (11/6). */
    for (size_t p = 0; p < PARENTS; p++) {
        const double rate = 0.9 / (11.0 / 6.0) / (double)(p + 1);
        check_near(on[p] / ROWS, rate, 0.02);
    }
    check_near(with / (on[0] + on[1] + on[2]), 0.8, 0.02);
    double harmonic = 0.0;
    for (int k = 1; k <= CHILDREN; k++) {
        harmonic += 1.0 / k;
    }
    check_near(first / with, 1.0 / harmonic, 0.02);
    mem_free(x);
    mem_free(a);
    synth_free(s);
}

/* Masked rows lose children and, by the share, parents; nothing else changes. */
static void test_masking(void **state)
{
    (void)state;
    struct synth_config c = world();
    const size_t n = 3000;
    float *x = mem_alloc(n * D, 4), *a = mem_alloc(n * N, 4), *b = mem_alloc(n * N, 4);
    for (int keep = 0; keep < 2; keep++) {
        c.keep_parent = keep;
        struct synth *s = make(&c);
        synth_rows(s, 0.0, 5, n, x, a);
        synth_rows(s, 0.4, 5, n, x, b);
        double lost = 0, children = 0;
        for (size_t i = 0; i < n; i++) {
            for (size_t f = 0; f < N; f++) {
                const float clean = a[i * N + f], now = b[i * N + f];
                const bool child = synth_parent(s, f) >= 0;
                const bool may_go = child || (f < PARENTS && !keep);
                assert_true(now == clean || (may_go && now == 0.0f));
                children += child && clean > 0.0f;
                lost += child && clean > 0.0f && now == 0.0f;
            }
        }
        check_near(lost / children, 0.4, 0.04);
        synth_free(s);
    }
    /* Rows depend on their number alone, and a higher rate masks a superset. */
    struct synth *s = make(&c);
    synth_rows(s, 0.2, 1005, 100, x, a);
    synth_rows(s, 0.2, 1000, 105, x, b);
    assert_memory_equal(a, b + 5 * N, 100 * N * sizeof *a);
    synth_rows(s, 0.7, 1005, 100, x, b);
    for (size_t i = 0; i < 100 * N; i++) {
        assert_true(b[i] == a[i] || b[i] == 0.0f);
    }
    synth_free(s);
    mem_free(x);
    mem_free(a);
    mem_free(b);
}

/* ---- correlations, contexts, sequences: rates against what was asked for ---- */

/* Rows as they are under masking, what they are made of, and what to count them by. */
struct sample {
    struct synth *s;
    size_t n, N;
    uint64_t first;
    float *a;
};

static struct sample sample(const struct synth_config *c, double rate, size_t n)
{
    struct sample m = {.s = make(c), .n = n, .first = 3 * c->sequence};
    m.N = synth_features(m.s);
    float *x = mem_alloc(n * c->D, sizeof *x);
    m.a = mem_alloc(n * m.N, sizeof *m.a);
    synth_rows(m.s, rate, m.first, n, x, m.a);
    mem_free(x);
    return m;
}

static void sample_end(struct sample *m)
{
    mem_free(m->a);
    synth_free(m->s);
}

static bool on(const struct sample *m, size_t row, size_t feature)
{
    return m->a[row * m->N + feature] > 0.0f;
}

static double rate_of(const struct sample *m, size_t i)
{
    double n = 0;
    for (size_t r = 0; r < m->n; r++) {
        n += on(m, r, i);
    }
    return n / (double)m->n;
}

static double rate_of_both(const struct sample *m, size_t i, size_t j)
{
    double n = 0;
    for (size_t r = 0; r < m->n; r++) {
        n += on(m, r, i) && on(m, r, j);
    }
    return n / (double)m->n;
}

enum { FIRST_OTHER = PARENTS * (CHILDREN + 1) };

/* The share of rows in which two features are both on, if each is on half of the time
 * and their scores correlate by rho: 1/4 + asin(rho) / 2 pi (the orthant probability of
 * two normals). */
static double both_on(double rho)
{
    return 0.25 + asin(rho) / 6.283185307179586;
}

static void test_correlation(void **state)
{
    (void)state;
    struct synth_config c = world();
    c.parent_rate = c.other_rate = 0.5;
    c.correlation = 0.8;
    /* One factor of all. */
    struct sample m = sample(&c, 0.0, ROWS);
    for (size_t i = 0; i < 2; i++) {
        check_near(rate_of(&m, i), 0.5, 0.03);
        check_near(rate_of(&m, FIRST_OTHER + i), 0.5, 0.03);
    }
    check_near(rate_of_both(&m, 0, 1), both_on(0.64), 0.03);
    check_near(rate_of_both(&m, 0, FIRST_OTHER), both_on(0.64), 0.03);
    sample_end(&m);
    /* Two groups of the others: 0 with 2, 1 with 3. */
    c.correlated = SYNTH_OTHERS;
    c.factors = 2;
    m = sample(&c, 0.0, ROWS);
    check_near(rate_of_both(&m, 0, 1), 0.25, 0.02);
    check_near(rate_of_both(&m, 0, FIRST_OTHER), 0.25, 0.02);
    check_near(rate_of_both(&m, FIRST_OTHER, FIRST_OTHER + 1), 0.25, 0.02);
    check_near(rate_of_both(&m, FIRST_OTHER, FIRST_OTHER + 2), both_on(0.64), 0.03);
    check_near(rate_of_both(&m, FIRST_OTHER + 1, FIRST_OTHER + 3), both_on(0.64), 0.03);
    sample_end(&m);
    /* Low rank: the frequencies stay, and pairs differ in how they correlate. */
    c.loadings = SYNTH_RANDOM;
    m = sample(&c, 0.0, ROWS);
    double least = 1.0, most = 0.0;
    for (size_t i = 0; i < OTHERS; i++) {
        check_near(rate_of(&m, FIRST_OTHER + i), 0.5, 0.03);
        for (size_t j = 0; j < i; j++) {
            const double p = rate_of_both(&m, FIRST_OTHER + i, FIRST_OTHER + j);
            least = fmin(least, p);
            most = fmax(most, p);
        }
    }
    check_near(rate_of_both(&m, 0, 1), 0.25, 0.02);
    assert_true(least > both_on(-0.64) - 0.02 && most < both_on(0.64) + 0.02);
    assert_true(most - least > 0.1);
    sample_end(&m);

    struct errinfo e;
    struct synth *none = NULL;
    c.correlation = 1.0;
    check_error(synth_new(&c, &none, &e), ERR_USAGE, &e, "correlation below 1");
    c.correlation = 0.5;
    c.factors = 65;
    check_error(synth_new(&c, &none, &e), ERR_USAGE, &e, "features in all");
}

/* Context features: on with their child, and the only thing that a mask takes. */
static void test_contexts(void **state)
{
    (void)state;
    struct synth_config c = world();
    c.children = 2;
    c.context_share = 0.9;
    c.context_rate = 0.05;
    c.masked = SYNTH_CONTEXT;
    const size_t first = PARENTS * 3;
    for (int of = SYNTH_OF_CHILD; of <= SYNTH_OF_FAMILY; of++) {
        c.context = (enum synth_context)of;
        const size_t each = of == SYNTH_OF_CHILD ? 2 : 1;
        struct sample clean = sample(&c, 0.0, ROWS), masked = sample(&c, 0.4, ROWS);
        assert_int_equal(clean.N, PARENTS * (3 + each) + OTHERS);
        for (size_t i = 0; i < PARENTS * each; i++) {
            double child = 0, with = 0, without = 0, kept = 0;
            for (size_t r = 0; r < ROWS; r++) {
                const bool its = of == SYNTH_OF_CHILD
                                     ? on(&clean, r, PARENTS + i)
                                     : on(&clean, r, PARENTS + 2 * i) ||
                                           on(&clean, r, PARENTS + 2 * i + 1);
                child += its;
                with += its && on(&clean, r, first + i);
                without += !its && on(&clean, r, first + i);
                kept += on(&clean, r, first + i) && on(&masked, r, first + i);
            }
            check_near(with / child, 0.9, 0.04);
            check_near(without / (ROWS - child), 0.05, 0.02);
            check_near(kept / (with + without), 0.6, 0.06);
        }
        for (size_t r = 0; r < ROWS; r++) {
            assert_false(synth_is_masked(clean.s, 0.4, clean.first + r));
            for (size_t i = 0; i < clean.N; i++) {
                const float was = clean.a[r * clean.N + i];
                const float is = masked.a[r * clean.N + i];
                const bool context = i >= first && i < first + PARENTS * each;
                assert_true(is == was || (context && is == 0.0f));
            }
        }
        sample_end(&clean);
        sample_end(&masked);
    }
}

/* Checks the features of each row of a sequence against the rows before it. */
static void check_sequence(const struct sample *clean, const struct sample *m,
                           size_t start, size_t T, double rate, double carry)
{
    bool shown = false;
    for (size_t r = start; r < start + T; r++) {
        const bool hidden = synth_is_masked(m->s, rate, m->first + r);
        size_t own = PARENTS, parents = 0;
        for (size_t p = 0; p < PARENTS; p++) {
            for (size_t i = 0; i < CHILDREN; i++) {
                if (on(clean, r, PARENTS + p * CHILDREN + i)) {
                    own = p; /* a child tells that the parent is its own */
                }
            }
            parents += on(m, r, p);
        }
        assert_true(parents <= 1);
        if (own < PARENTS && !hidden) {
            check_near((double)m->a[r * m->N + own], 1.0, 1e-6);
            shown = true;
        }
        if (shown && carry > 0.0) {
            assert_int_equal(parents, 1);
        }
        for (size_t i = 0; hidden && i < CHILDREN * PARENTS; i++) {
            assert_false(on(m, r, PARENTS + i));
        }
        for (size_t p = 0; hidden && p < PARENTS; p++) {
            assert_true(!on(m, r, p) ||
                        fabs((double)m->a[r * m->N + p] - carry) < 1e-6);
        }
    }
}

static void test_sequences(void **state)
{
    (void)state;
    enum { T = 8 };
    struct synth_config c = world();
    c.sequence = T;
    c.content = 0.4;
    c.child_share = 0.75;
    c.keep_parent = 0.0;
    c.spread = 0.0;
    c.zipf = 1.0;
    for (int k = 0; k < 3; k++) {
        c.carry = 0.5 * k;
        struct sample clean = sample(&c, 0.0, ROWS), masked = sample(&c, 0.5, ROWS);
        double parents = 0, children = 0, late = 0, carried = 0;
        for (size_t r = 0; r < ROWS; r++) {
            const bool last = r % T == T - 1;
            late += last;
            for (size_t p = 0; p < PARENTS; p++) {
                parents += on(&clean, r, p);
                carried += last && on(&masked, r, p);
            }
            for (size_t i = PARENTS; i < FIRST_OTHER; i++) {
                children += on(&clean, r, i);
            }
        }
        check_near(children / ROWS, 0.4 * 0.75, 0.02);
        /* Alone, content; carried, all but the rows before the first that shows. */
        double missing = 0.0;
        for (int t = 0; t < T; t++) {
            missing += pow(0.6, t + 1) / T;
        }
        check_near(parents / ROWS, k > 0 ? 1.0 - missing : 0.4, 0.03);
        /* At rate 1/2 a row shows its parent with probability 0.2. */
        check_near(carried / late, k > 0 ? 1.0 - pow(0.8, T) : 0.2, 0.05);
        for (size_t start = 0; start < ROWS; start += T) {
            check_sequence(&clean, &clean, start, T, 0.0, c.carry);
            check_sequence(&clean, &masked, start, T, 0.5, c.carry);
        }
        /* Topics by Zipf: 1, 1/2, 1/3 of 11/6. */
        for (size_t p = 0; p < PARENTS; p++) {
            const double share = 1.0 / (double)(p + 1) / (11.0 / 6.0);
            check_near(rate_of(&clean, p) * ROWS / parents, share, 0.06);
        }
        sample_end(&clean);
        sample_end(&masked);
    }
}

/* The mask's own feature: in every masked row, in no other, and no feature of a clean
 * one. */
static void test_mask_feature(void **state)
{
    (void)state;
    struct synth_config c = world();
    c.mask_feature = true;
    struct sample m = sample(&c, 0.3, ROWS);
    assert_int_equal(m.N, N + 1);
    assert_int_equal(synth_clean_features(m.s), N);
    for (size_t r = 0; r < ROWS; r++) {
        assert_int_equal(on(&m, r, N), synth_is_masked(m.s, 0.3, m.first + r));
    }
    check_near(rate_of(&m, N), 0.3, 0.02);
    sample_end(&m);
    m = sample(&c, 0.0, 500);
    check_near(rate_of(&m, N), 0.0, 0.0);
    sample_end(&m);
}

/* ---- SAEs built by hand ---- */

/* A latent a feature. In `absorbed` children of each parent, the parent's latent is
 * silent and the child's carries the parent's direction as well. */
static struct sae *hand_made(const struct synth *s, size_t absorbed)
{
    struct errinfo e;
    struct sae *m = NULL;
    const float *dir = synth_directions(s);
    assert_ok(sae_new(sae_arch_find("topk"), D, N, N, &m, &e), &e);
    memset(m->arena, 0, m->count * sizeof *m->arena);
    m->scale = 2.0f;
    for (size_t i = 0; i < N; i++) {
        m->b_enc[i] = -0.02f; /* above the rounding of features that are off */
        memcpy(m->W_enc + i * D, dir + i * D, D * sizeof *dir);
        memcpy(m->W_dec + i * D, dir + i * D, D * sizeof *dir);
    }
    for (size_t p = 0; p < PARENTS; p++) {
        for (size_t c = 0; c < absorbed; c++) {
            const size_t j = PARENTS + p * CHILDREN + c;
            for (size_t d = 0; d < D; d++) {
                m->W_enc[p * D + d] -= 20.0f * dir[j * D + d];
                m->W_enc[j * D + d] = sqrtf(2.0f) * dir[j * D + d];
                m->W_dec[j * D + d] = (dir[j * D + d] + dir[p * D + d]) / sqrtf(2.0f);
            }
        }
    }
    return m;
}

static enum err measure(const struct synth *s, const struct sae *m, size_t rows,
                        struct report *r, struct errinfo *e)
{
    struct truth_set *set = NULL;
    assert_ok(truth_set_new(s, rows, &set, e), e);
    const enum err rc = truth_measure(set, m, NULL, r, e);
    truth_set_free(set);
    return rc;
}

static void test_truth(void **state)
{
    (void)state;
    struct errinfo e;
    const struct synth_config c = world();
    struct synth *s = make(&c);
    for (size_t absorbed = 0; absorbed <= 4; absorbed += 2) {
        struct report r;
        struct sae *m = hand_made(s, absorbed);
        report_init(&r, 1);
        assert_ok(measure(s, m, ROWS, &r, &e), &e);
        /* Children are alike in frequency: the rate is the share of those absorbed. */
        check_near(value(&r, "truth.absorption"), (double)absorbed / CHILDREN, 0.02);
        check_near(value(&r, "truth.silent"), (double)absorbed / CHILDREN, 0.02);
        assert_int_equal(report_find(&r, "truth.absorption")->n, PARENTS);
        if (absorbed == 0) {
            check_near(value(&r, "truth.absorption"), 0.0, 0.0);
            check_near(value(&r, "truth.mcc"), 1.0, 1e-5);
            check_near(value(&r, "truth.mmcs"), 1.0, 1e-5);
            check_near(value(&r, "truth.mmcs_latents"), 1.0, 1e-5);
            check_near(value(&r, "truth.uniqueness"), 1.0, 0.0);
            check_near(value(&r, "truth.f1"), 1.0, 1e-6);
            check_near(value(&r, "truth.l0"), value(&r, "truth.l0_true"), 1e-9);
            check_near(value(&r, "truth.explained_variance"), 1.0, 1e-3);
            check_near(value(&r, "truth.shrinkage"), 0.99, 0.01);
            check_near(value(&r, "truth.dead"), 0.0, 0.0);
        } else {
            /* Absorbing decoder rows lie half way between two features. */
            const double share = (double)(absorbed * PARENTS) / N;
            check_near(value(&r, "truth.mcc"), 1.0 - share * (1.0 - sqrt(0.5)), 1e-4);
            assert_true(value(&r, "truth.f1") < 1.0);
        }
        report_deinit(&r);
        sae_free(m);
    }
    struct sae *narrow = NULL;
    struct report r;
    report_init(&r, 1);
    assert_ok(sae_new(sae_arch_find("topk"), 8, 16, 2, &narrow, &e), &e);
    check_error(measure(s, narrow, 10, &r, &e), ERR_USAGE, &e, "width 8, expected 80");
    report_deinit(&r);
    sae_free(narrow);
    synth_free(s);
}

/* ---- the probe-based measure against the truth ---- */

/* Words are children, categories their parents. */
static struct concepts *families(void)
{
    struct concepts *c = mem_alloc(1, sizeof *c);
    c->n = PARENTS;
    c->n_probed = c->n;
    c->def = mem_alloc(c->n, sizeof *c->def);
    c->vocab = PARENTS * CHILDREN + 1;
    c->token_start = mem_alloc(c->vocab + 1, sizeof *c->token_start);
    c->token_concept = mem_alloc(c->vocab, sizeof *c->token_concept);
    for (size_t p = 0; p < PARENTS; p++) {
        c->def[p].name = mem_strdup("family");
        c->def[p].kind = CONCEPT_LEAF;
        c->def[p].parent = -1;
    }
    for (size_t t = 1; t < c->vocab; t++) {
        c->token_concept[t - 1] = (int32_t)((t - 1) / CHILDREN);
        c->token_start[t + 1] = t;
    }
    return c;
}

/* Rows of the source as text: a row with one parent and a child of it is that child's
 * word, all others are special. */
static struct acts_set *as_text(const struct synth *s, size_t rows)
{
    enum { T = 50 };
    struct acts_set *a = mem_alloc(1, sizeof *a);
    *a = (struct acts_set){.rows = rows, .T = T, .D = D, .n = rows * T};
    a->ids = mem_alloc(a->n, sizeof *a->ids);
    a->special = mem_alloc(a->n, 1);
    a->x = mem_alloc(a->n * D, sizeof *a->x);
    float *f = mem_alloc(a->n * N, sizeof *f);
    synth_rows(s, 0.0, 0, a->n, a->x, f);
    for (size_t i = 0; i < a->n; i++) {
        int parents = 0, child = -1;
        for (int k = 0; k < PARENTS * (CHILDREN + 1); k++) {
            if (f[i * N + (size_t)k] > 0.0f) {
                parents += k < PARENTS;
                child = k >= PARENTS ? k - PARENTS : child;
            }
        }
        a->special[i] = parents != 1 || child < 0;
        a->ids[i] = a->special[i] ? 0 : 1 + child;
    }
    mem_free(f);
    return a;
}

static void test_measure_returns_it(void **state)
{
    (void)state;
    struct errinfo e;
    const struct synth_config c = world();
    struct synth *s = make(&c);
    struct concepts *k = families();
    struct eval_config cfg = eval_defaults();
    struct eval_set *set = NULL;
    cfg.fidelity_rows = 4;
    cfg.test_share = 0.25; /* four of the sixteen, exactly */
    assert_ok(
        eval_set_build(&cfg, as_text(s, 400), NULL, k, NULL, NULL, NULL, &set, &e), &e);
    for (size_t absorbed = 0; absorbed <= 3; absorbed++) {
        struct sae *m = hand_made(s, absorbed);
        struct eval_result q;
        assert_ok(evaluate(set, m, NULL, NULL, NULL, &q, &e), &e);
        assert_int_equal(q.leaf.eligible, PARENTS);
        check_near(q.leaf.full.value, (double)absorbed / CHILDREN, 1e-9);
        check_near(q.leaf.recall.value, 1.0 - (double)absorbed / CHILDREN, 1e-9);
        eval_result_deinit(&q);
        sae_free(m);
    }
    eval_set_free(set);
    concepts_free(k);
    synth_free(s);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_assignment),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_masking),
        cmocka_unit_test(test_correlation),
        cmocka_unit_test(test_contexts),
        cmocka_unit_test(test_sequences),
        cmocka_unit_test(test_mask_feature),
        cmocka_unit_test(test_truth),
        cmocka_unit_test(test_measure_returns_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
