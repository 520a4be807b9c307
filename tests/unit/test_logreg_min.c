/* [threads] Fits of logistic regression at their certified minimum: beside
 * scikit-learn's (tests/ref/make_logreg_fixtures.py), by the conditions of the minimum,
 * and what is said where one is not reached. */
#include "base/mem.h"
#include "base/rng.h"
#include "base/safetensors.h"
#include "num/blas.h"
#include "num/logreg.h"
#include "unit/check.h"

#include <math.h>

enum { N = 300, D = 24, PROBLEMS = 8, FEWS = 4 }; /* as in the script */

/* One unit over inputs in both forms. */
struct data {
    size_t n, d;
    float *x;
    int32_t *y; /* [n] */
    size_t *start, *label_start;
    int32_t *id, *label;
    float *val;
};

static void *numbers(size_t n, size_t size)
{
    void *p = mem_alloc(n, size);
    assert_non_null(p);
    return p;
}

/* x and y are taken over. */
static struct data data_of(size_t n, size_t d, float *x, int32_t *y)
{
    struct data k = {.n = n, .d = d, .x = x, .y = y};
    size_t nnz = 0, labels = 0;
    k.start = numbers(n + 1, sizeof *k.start);
    k.label_start = numbers(n + 1, sizeof *k.label_start);
    k.id = numbers(n * d, sizeof *k.id);
    k.val = numbers(n * d, sizeof *k.val);
    k.label = numbers(n, sizeof *k.label);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < d; j++) {
            if (fabsf(x[i * d + j]) > 0.0F) {
                k.id[nnz] = (int32_t)j;
                k.val[nnz++] = x[i * d + j];
            }
        }
        k.start[i + 1] = nnz;
        labels += y[i] ? 1 : 0;
        k.label_start[i + 1] = labels;
    }
    return k;
}

static void data_free(struct data *k)
{
    mem_free(k->x);
    mem_free(k->y);
    mem_free(k->start);
    mem_free(k->label_start);
    mem_free(k->id);
    mem_free(k->val);
    mem_free(k->label);
}

static struct logreg fit(const struct data *k, const struct logreg_opts *o, bool dense)
{
    struct errinfo e;
    struct logreg m;
    const struct logreg_x x = {.n = k->n,
                               .d = k->d,
                               .dense = dense ? k->x : NULL,
                               .ld = k->d,
                               .start = k->start,
                               .id = k->id,
                               .val = k->val};
    const struct logreg_y y = {.C = 1, .start = k->label_start, .id = k->label};
    assert_ok(logreg_fit(&x, &y, o, NULL, &m, &e), &e);
    return m;
}

/* Objective, and the loss's slopes [d+1], the plain way. */
static double naive(const struct data *k, const struct logreg_opts *o, const float *w,
                    double b, double *slope)
{
    double pos = 0.0, f = 0.0;
    for (size_t i = 0; i < k->n; i++) {
        pos += k->y[i];
    }
    const double n = (double)k->n, weight = o->balanced ? (n - pos) / pos : 1.0;
    memset(slope, 0, (k->d + 1) * sizeof *slope);
    for (size_t i = 0; i < k->n; i++) {
        double z = b;
        for (size_t j = 0; j < k->d; j++) {
            z += (double)w[j] * (double)k->x[i * k->d + j];
        }
        const double s = (k->y[i] ? weight : 1.0) / n;
        f += s * log1p(exp(k->y[i] ? -z : z));
        const double r = s * (1.0 / (1.0 + exp(-z)) - (double)k->y[i]);
        for (size_t j = 0; j < k->d; j++) {
            slope[j] += r * (double)k->x[i * k->d + j];
        }
        slope[k->d] += r;
    }
    for (size_t j = 0; j < k->d; j++) {
        const double at = (double)w[j];
        f += o->l1 * fabs(at) + 0.5 * o->l2 * at * at;
    }
    return f;
}

/* slope + l2 w = -l1 sign w where w is not zero, at most l1 where it is. */
static void check_conditions(const struct data *k, const struct logreg_opts *o,
                             const struct logreg *m, double within)
{
    double *slope = numbers(k->d + 1, sizeof *slope);
    (void)naive(k, o, m->w, (double)m->b[0], slope);
    for (size_t j = 0; j < k->d; j++) {
        const double w = (double)m->w[j];
        const double s = slope[j] + o->l2 * w;
        if (w > 0.0 || w < 0.0) {
            assert_true(fabs(s + (w > 0.0 ? o->l1 : -o->l1)) < within);
        } else {
            assert_true(fabs(s) < o->l1 + within);
        }
    }
    assert_true(fabs(slope[k->d]) < within);
    mem_free(slope);
}

/* ---- beside scikit-learn ---- */

static struct st_file *fixture(void)
{
    struct errinfo e;
    struct st_file *f = NULL;
    char folder[512], path[512];
    const char *root = getenv("SAETOP_FIXTURES");
    assert_non_null(root);
    (void)tmp_path(path, tmp_path(folder, root, "eval"), "logreg.safetensors");
    assert_ok(st_open(path, &f, &e), &e);
    return f;
}

static float *floats(const struct st_file *f, const char *name)
{
    struct errinfo e;
    const struct st_tensor *t = st_find(f, name);
    assert_non_null(t);
    float *out = numbers(t->bytes / sizeof *out, sizeof *out);
    assert_ok(st_read_f32(f, name, t->shape, t->ndim, out, &e), &e);
    return out;
}

static struct data fixture_data(const struct st_file *f, const char *x, const char *y)
{
    const struct st_tensor *t = st_find(f, y);
    assert_non_null(t);
    assert_int_equal(t->bytes, N * sizeof(int32_t));
    int32_t *label = numbers(N, sizeof *label);
    memcpy(label, t->data, N * sizeof *label);
    return data_of(N, D, floats(f, x), label);
}

static void check_problem(const struct data *k, const struct logreg_opts *o,
                          const float *want, double objective)
{
    for (int dense = 0; dense < 2; dense++) {
        double slope[D + 1];
        struct logreg m = fit(k, o, dense == 1);
        assert_int_equal(m.fitted, 1);
        assert_int_equal(m.short_of, 0);
        assert_true(m.gap <= o->tol);
        const double f = naive(k, o, m.w, (double)m.b[0], slope);
        assert_true(fabs(f - objective) < 4e-7 * objective);
        for (size_t j = 0; j < D; j++) {
            assert_true(fabsf(m.w[j] - want[j]) < 2e-3F * (1.0F + fabsf(want[j])));
        }
        assert_true(fabsf(m.b[0] - want[D]) < 2e-3F * (1.0F + fabsf(want[D])));
        check_conditions(k, o, &m, 2e-5);
        logreg_deinit(&m);
    }
}

static void minima_are_scikit_learns(void **state)
{
    (void)state;
    static const struct {
        int set;
        double l1, l2;
        bool balanced;
    } problem[PROBLEMS] = {
        {0, 0.01, 1e-6, true},  {0, 0.05, 1e-6, true}, {0, 0.002, 1e-6, false},
        {0, 0.0, 1e-3, true},   {1, 0.01, 1e-6, true}, {1, 0.001, 0.0, false},
        {1, 0.0, 2.6e-3, true}, {1, 0.0, 5e-3, false},
    };
    struct st_file *f = fixture();
    struct data k[2] = {fixture_data(f, "codes.x", "codes.y"),
                        fixture_data(f, "acts.x", "acts.y")};
    float *weights = floats(f, "weights"), *objective = floats(f, "objective");
    for (size_t i = 0; i < PROBLEMS; i++) {
        struct logreg_opts o = logreg_defaults();
        o.l1 = problem[i].l1;
        o.l2 = problem[i].l2;
        o.balanced = problem[i].balanced;
        check_problem(&k[problem[i].set], &o, weights + i * (D + 1),
                      (double)objective[i]);
    }
    mem_free(weights);
    mem_free(objective);
    data_free(&k[0]);
    data_free(&k[1]);
    st_close(f);
}

static void check_few(const struct data *k, const float *want)
{
    static const struct {
        size_t k;
        bool balanced;
    } few[FEWS] = {{1, true}, {1, false}, {8, true}, {8, false}};
    float x[N * 8];
    uint8_t y[N];
    for (size_t a = 0; a < FEWS; a++, want += D + 1) {
        const size_t n = few[a].k;
        double w[8] = {0}, b = 0.0;
        for (size_t i = 0; i < N; i++) {
            memcpy(x + i * n, k->x + i * D, n * sizeof *x);
            y[i] = k->y[i] != 0;
        }
        const double gap = few[a].balanced ? logreg_few(n, N, x, y, 0, 0, 1.0, w, &b)
                                           : logreg_few_plain(n, N, x, y, 1.0, w, &b);
        assert_true(gap >= 0.0 && gap <= LOGREG_TOL);
        for (size_t j = 0; j < n; j++) {
            assert_true(fabs(w[j] - (double)want[j]) < 1e-3 * (1.0 + fabs(w[j])));
        }
        assert_true(fabs(b - (double)want[D]) < 1e-3 * (1.0 + fabs(b)));
    }
}

static void few_columns_are_scikit_learns(void **state)
{
    (void)state;
    struct st_file *f = fixture();
    static const char *const name[2][3] = {{"codes.x", "codes.y", "codes.few"},
                                           {"acts.x", "acts.y", "acts.few"}};
    for (size_t i = 0; i < 2; i++) {
        struct data k = fixture_data(f, name[i][0], name[i][1]);
        float *want = floats(f, name[i][2]);
        check_few(&k, want);
        mem_free(want);
        data_free(&k);
    }
    st_close(f);
}

/* ---- problems made here ---- */

/* Codes of `each` of d latents a row; the class follows a few of them. */
static struct data codes(size_t n, size_t d, size_t each, uint64_t seed)
{
    struct rng r = rng_begin(seed, RNG_PROBE, 7);
    float *x = numbers(n * d, sizeof *x);
    int32_t *y = numbers(n, sizeof *y);
    for (size_t i = 0; i < n; i++) {
        double of = -1.0 + rng_normal(&r);
        for (size_t a = 0; a < each; a++) {
            const size_t j = (size_t)rng_below(&r, (uint32_t)d);
            x[i * d + j] = (float)(0.2 + fabs(rng_normal(&r)));
            of += j % 5 == 0 ? 2.0 : 0.0;
        }
        y[i] = of > 0.0;
    }
    return data_of(n, d, x, y);
}

/* Two columns of the same numbers share a weight where l2 > 0, and where it is not the
 * objective is that of one of them. */
static void columns_of_the_same_numbers(void **state)
{
    (void)state;
    struct data k = codes(400, 30, 4, 3);
    struct logreg_opts o = logreg_defaults();
    double slope[32];
    o.l1 = 0.005;
    o.l2 = 1e-6;
    for (size_t i = 0; i < k.n; i++) {
        k.x[i * k.d + 5] = k.x[i * k.d];
    }
    struct data twins = data_of(k.n, k.d, k.x, k.y);
    struct logreg m = fit(&twins, &o, false);
    assert_int_equal(m.short_of, 0);
    assert_true(m.w[0] > 0.1F && fabsf(m.w[0] - m.w[5]) < 1e-3F);
    const double both = naive(&twins, &o, m.w, (double)m.b[0], slope);
    logreg_deinit(&m);
    o.l2 = 0.0;
    m = fit(&twins, &o, false);
    assert_int_equal(m.short_of, 0);
    assert_true(fabs(naive(&twins, &o, m.w, (double)m.b[0], slope) - both) <
                1e-4 * both);
    logreg_deinit(&m);
    twins.x = NULL;
    twins.y = NULL;
    data_free(&twins);
    data_free(&k);
}

/* More columns at once than are solved in full. */
static void a_set_of_many_columns(void **state)
{
    (void)state;
    struct data k = codes(1500, 1200, 12, 5);
    struct logreg_opts o = logreg_defaults();
    o.l1 = 2e-5;
    o.l2 = 1e-6;
    struct logreg m = fit(&k, &o, false);
    size_t used = 0;
    for (size_t j = 0; j < k.d; j++) {
        used += fabsf(m.w[j]) > 0.0F;
    }
    assert_true(used > 300);
    assert_int_equal(m.short_of, 0);
    check_conditions(&k, &o, &m, 2e-6);
    logreg_deinit(&m);
    data_free(&k);
}

/* Columns that screening takes out of the problem are at their minimum too: most of
 * these have none of the weight, some only once others have theirs. */
static void columns_that_are_screened(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct data k = codes(800, 120, 5, seed);
        struct logreg_opts o = logreg_defaults();
        o.l1 = 0.003;
        o.l2 = seed % 2 ? 1e-6 : 0.0;
        struct logreg m = fit(&k, &o, false);
        size_t used = 0;
        for (size_t j = 0; j < k.d; j++) {
            used += fabsf(m.w[j]) > 0.0F;
        }
        assert_true(used > 20 && used < 80);
        assert_int_equal(m.short_of, 0);
        check_conditions(&k, &o, &m, 1e-4);
        logreg_deinit(&m);
        data_free(&k);
    }
}

/* Dense rows of which one in a hundred is positive, along columns of unlike size: the
 * curvature is that of few rows, which the moments of all do not show. */
static void a_rare_class_by_rows(void **state)
{
    (void)state;
    const size_t n = 6000, d = 30;
    struct rng r = rng_begin(5, RNG_PROBE, 8);
    float *x = numbers(n * d, sizeof *x);
    int32_t *y = numbers(n, sizeof *y);
    for (size_t i = 0; i < n; i++) {
        const double common = rng_normal(&r);
        y[i] = i % 100 == 0;
        for (size_t j = 0; j < d; j++) {
            const double shift = y[i] && j % 3 == 0 ? 1.0 : 0.0;
            x[i * d + j] = (float)((common + rng_normal(&r) + shift) / (double)(1 + j));
        }
    }
    struct data k = data_of(n, d, x, y);
    struct logreg_opts o = logreg_defaults();
    o.l2 = 1e-5;
    struct logreg m = fit(&k, &o, true);
    assert_int_equal(m.short_of, 0);
    check_conditions(&k, &o, &m, 2e-5);
    assert_true(m.passes < 30); /* 38 with the inputs' moments alone */
    logreg_deinit(&m);
    data_free(&k);
}

/* A start at the minimum needs no step. */
static void starts(void **state)
{
    (void)state;
    struct errinfo e;
    struct data k = codes(300, 40, 4, 9);
    struct logreg_opts o = logreg_defaults();
    o.l1 = 0.01;
    o.l2 = 1e-6;
    struct logreg m = fit(&k, &o, false);
    o.start = &m;
    struct logreg again = fit(&k, &o, false);
    assert_true(again.passes <= 1 && m.passes > 3);
    assert_int_equal(again.short_of, 0);
    const struct logreg_x dense = {.n = 300, .d = 40, .dense = k.x, .ld = 40};
    const struct logreg_y y = {.C = 1, .start = k.label_start, .id = k.label};
    struct logreg none;
    check_error(logreg_fit(&dense, &y, &o, NULL, &none, &e), ERR_USAGE, &e, "dense");
    logreg_deinit(&m);
    logreg_deinit(&again);
    data_free(&k);
}

/* Stopped too early, a unit is counted, with its gap; its weights are what it had. */
static void a_fit_that_stops_short(void **state)
{
    (void)state;
    struct data k = codes(400, 30, 4, 3);
    for (int dense = 0; dense < 2; dense++) {
        struct logreg_tally tally = {0};
        struct logreg_opts o = logreg_defaults();
        o.l1 = dense ? 0.0 : 0.01;
        o.l2 = 1e-3;
        o.max_passes = 2;
        struct logreg m = fit(&k, &o, dense == 1);
        assert_int_equal(m.fitted, 1);
        assert_int_equal(m.short_of, 1);
        assert_true(m.gap > o.tol && isfinite(m.gap));
        logreg_count(&tally, &m);
        logreg_deinit(&m);
        o.max_passes = 2000;
        m = fit(&k, &o, dense == 1);
        logreg_count(&tally, &m);
        logreg_count_few(&tally, 1e-3);
        logreg_count(NULL, &m);
        assert_int_equal(atomic_load(&tally.fits), 3);
        assert_int_equal(atomic_load(&tally.short_of), 2);
        logreg_deinit(&m);
    }
    data_free(&k);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(minima_are_scikit_learns),
        cmocka_unit_test(few_columns_are_scikit_learns),
        cmocka_unit_test(columns_of_the_same_numbers),
        cmocka_unit_test(a_set_of_many_columns),
        cmocka_unit_test(columns_that_are_screened),
        cmocka_unit_test(a_rare_class_by_rows),
        cmocka_unit_test(starts),
        cmocka_unit_test(a_fit_that_stops_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
