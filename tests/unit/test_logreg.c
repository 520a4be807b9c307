/* [threads] Logistic regression: minima checked by their own conditions and by naive
 * solvers, dense against compressed inputs, threads against none. */
#include "base/mem.h"
#include "base/rng.h"
#include "num/blas.h"
#include "num/kern.h"
#include "num/logreg.h"
#include "unit/check.h"

#include <math.h>

enum { N = 700, D = 12, C = 40 };

/* A small problem with unequal classes; a third of the inputs are zero. */
struct toy {
    float x[N * D];
    size_t start[N + 1];
    int32_t id[N * D];
    float val[N * D];
    size_t label_start[N + 1];
    int32_t label[2 * N];
};

static struct toy *toy_new(void)
{
    struct toy *t = mem_alloc(1, sizeof *t);
    assert_non_null(t);
    struct rng r = rng_begin(5, RNG_PROBE, 1);
    size_t nnz = 0;
    size_t labels = 0;
    for (size_t i = 0; i < N; i++) {
        const int32_t c = (int32_t)rng_below(&r, C / 2);
        for (size_t j = 0; j < D; j++) {
            const double shift = (size_t)c % D == j ? 1.5 : 0.0;
            const double v = rng_unit(&r) < 0.33 ? 0.0 : rng_normal(&r) + shift;
            t->x[i * D + j] = (float)v;
            if (t->x[i * D + j] != 0.0F) {
                t->id[nnz] = (int32_t)j;
                t->val[nnz++] = t->x[i * D + j];
            }
        }
        t->start[i + 1] = nnz;
        /* A row is in its class and, by the sign of an input, in one of the others;
         * unit C - 1 has no row, and an id past the last unit is to be ignored. */
        t->label[labels++] = c;
        t->label[labels++] = t->x[i * D] > 0.0F ? C / 2 + c % 19 : C + 3;
        t->label_start[i + 1] = labels;
    }
    return t;
}

static struct logreg_x dense_of(const struct toy *t)
{
    return (struct logreg_x){.n = N, .d = D, .dense = t->x, .ld = D};
}

static struct logreg_x sparse_of(const struct toy *t)
{
    return (struct logreg_x){
        .n = N, .d = D, .start = t->start, .id = t->id, .val = t->val};
}

static struct logreg_y labels_of(const struct toy *t)
{
    return (struct logreg_y){.C = C, .start = t->label_start, .id = t->label};
}

static bool is_positive(const struct toy *t, size_t i, size_t c)
{
    return (size_t)t->label[2 * i] == c || (size_t)t->label[2 * i + 1] == c;
}

/* Loss of a unit and its smooth gradient [D+1], all in double, the plain way. */
static double naive(const struct toy *t, size_t c, const struct logreg_opts *o,
                    const double *w, double *grad)
{
    double pos = 0.0;
    for (size_t i = 0; i < N; i++) {
        pos += is_positive(t, i, c);
    }
    const double weight = o->balanced ? (N - pos) / pos : 1.0;
    double loss = 0.0;
    memset(grad, 0, (D + 1) * sizeof *grad);
    for (size_t i = 0; i < N; i++) {
        double z = w[D];
        for (size_t j = 0; j < D; j++) {
            z += w[j] * (double)t->x[i * D + j];
        }
        const bool y = is_positive(t, i, c);
        const double s = y ? weight : 1.0;
        loss += s * log(1.0 + exp(y ? -z : z)) / N;
        const double r = s * (1.0 / (1.0 + exp(-z)) - (y ? 1.0 : 0.0)) / N;
        for (size_t j = 0; j < D; j++) {
            grad[j] += r * (double)t->x[i * D + j];
        }
        grad[D] += r;
    }
    for (size_t j = 0; j < D; j++) {
        loss += 0.5 * o->l2 * w[j] * w[j] + o->l1 * fabs(w[j]);
        grad[j] += o->l2 * w[j];
    }
    return loss;
}

static void weights_of(const struct logreg *m, size_t c, double *w)
{
    for (size_t j = 0; j < D; j++) {
        w[j] = (double)m->w[c * D + j];
    }
    w[D] = (double)m->b[c];
}

static void fit(const struct logreg_x *x, const struct logreg_y *y,
                const struct logreg_opts *o, struct pool *pool, struct logreg *m)
{
    struct errinfo e;
    assert_ok(logreg_fit(x, y, o, pool, m, &e), &e);
}

static void test_gradient_is_zero(void **state)
{
    (void)state;
    struct toy *t = toy_new();
    const struct logreg_x x = dense_of(t);
    const struct logreg_y y = labels_of(t);
    for (int balanced = 0; balanced < 2; balanced++) {
        struct logreg_opts o = logreg_defaults();
        o.tol = 1e-5;
        o.l2 = 0.01;
        o.balanced = balanced == 1;
        struct logreg m;
        fit(&x, &y, &o, NULL, &m);
        for (size_t c = 0; c + 1 < C; c++) {
            double w[D + 1];
            double g[D + 1];
            weights_of(&m, c, w);
            naive(t, c, &o, w, g);
            for (size_t j = 0; j <= D; j++) {
                assert_true(fabs(g[j]) < 1e-4);
            }
        }
        logreg_deinit(&m);
    }
    mem_free(t);
}

/* Plain gradient descent, many steps, ends at the same point. */
static void test_against_naive_solver(void **state)
{
    (void)state;
    struct toy *t = toy_new();
    const struct logreg_x x = sparse_of(t);
    const struct logreg_y y = labels_of(t);
    struct logreg_opts o = logreg_defaults();
    o.tol = 1e-6;
    o.l2 = 0.05;
    struct logreg m;
    fit(&x, &y, &o, NULL, &m);
    for (size_t c = 0; c < C - 1; c += 13) {
        double w[D + 1] = {0};
        double g[D + 1];
        double got[D + 1];
        for (int step = 0; step < 4000; step++) {
            naive(t, c, &o, w, g);
            for (size_t j = 0; j <= D; j++) {
                w[j] -= 0.3 * g[j];
            }
        }
        weights_of(&m, c, got);
        for (size_t j = 0; j <= D; j++) {
            assert_true(fabs(got[j] - w[j]) < 2e-3 * (1.0 + fabs(w[j])));
        }
    }
    logreg_deinit(&m);
    mem_free(t);
}

/* With an L1 term: slope = -l1 sign(w) where w is not zero, at most l1 where it is. */
static void test_l1_conditions(void **state)
{
    (void)state;
    struct toy *t = toy_new();
    const struct logreg_x x = sparse_of(t);
    const struct logreg_y y = labels_of(t);
    struct logreg_opts o = logreg_defaults();
    o.tol = 1e-5;
    o.l1 = 0.1;
    struct logreg m;
    fit(&x, &y, &o, NULL, &m);
    size_t zeros = 0;
    size_t others = 0;
    for (size_t c = 0; c + 1 < C; c++) {
        double w[D + 1];
        double g[D + 1];
        weights_of(&m, c, w);
        naive(t, c, &o, w, g);
        for (size_t j = 0; j < D; j++) {
            if (w[j] > 0.0 || w[j] < 0.0) {
                others++;
                assert_true(fabs(g[j] + (w[j] > 0.0 ? o.l1 : -o.l1)) < 2e-3);
            } else {
                zeros++;
                assert_true(fabs(g[j]) < o.l1 + 2e-3);
            }
        }
        assert_true(fabs(g[D]) < 2e-3);
    }
    assert_true(zeros > C && others > C);
    logreg_deinit(&m);
    mem_free(t);
}

static void test_dense_and_sparse_agree(void **state)
{
    (void)state;
    struct toy *t = toy_new();
    const struct logreg_x dense = dense_of(t);
    const struct logreg_x sparse = sparse_of(t);
    const struct logreg_y y = labels_of(t);
    struct logreg_opts o = logreg_defaults();
    o.tol = 1e-6;
    o.l2 = 0.02;
    struct logreg a;
    struct logreg b;
    fit(&dense, &y, &o, NULL, &a);
    fit(&sparse, &y, &o, NULL, &b);
    for (size_t i = 0; i < C * D; i++) {
        assert_true(fabsf(a.w[i] - b.w[i]) < 2e-3F * (1.0F + fabsf(a.w[i])));
    }
    logreg_deinit(&a);
    logreg_deinit(&b);
    mem_free(t);
}

/* Bits do not depend on the pool; a unit without both classes stays zero. */
static void test_threads_and_empty_unit(void **state)
{
    (void)state;
    struct errinfo e;
    struct toy *t = toy_new();
    struct pool *pool = NULL;
    assert_ok(pool_new(3, &pool, &e), &e);
    const struct logreg_x x = sparse_of(t);
    const struct logreg_y y = labels_of(t);
    struct logreg_opts o = logreg_defaults();
    o.l1 = 0.01;
    const struct logreg_adam_opts adam = {.epochs = 3,
                                          .batch = 100,
                                          .lr = 0.01,
                                          .end_lr = 1e-5,
                                          .l1 = 0.01,
                                          .l2 = 1e-4,
                                          .seed = 9};
    struct logreg m[4];
    fit(&x, &y, &o, NULL, &m[0]);
    fit(&x, &y, &o, pool, &m[1]);
    assert_ok(logreg_adam(&x, &y, &adam, NULL, &m[2], &e), &e);
    assert_ok(logreg_adam(&x, &y, &adam, pool, &m[3], &e), &e);
    for (size_t i = 0; i < 4; i += 2) {
        assert_memory_equal(m[i].w, m[i + 1].w, (size_t)C * D * sizeof(float));
        assert_memory_equal(m[i].b, m[i + 1].b, C * sizeof(float));
        for (size_t j = 0; j < D; j++) {
            assert_true(fabsf(m[i].w[(C - 1) * D + j]) <= 0.0F);
        }
    }
    for (size_t i = 0; i < 4; i++) {
        logreg_deinit(&m[i]);
    }
    pool_free(pool);
    mem_free(t);
}

/* The Adam recipe in plain double, all units in one loop. */
static void naive_adam(const struct toy *t, const struct logreg_adam_opts *o, double *w)
{
    enum { P = D + 1 };
    static double m1[C * P];
    static double m2[C * P];
    static uint32_t order[N];
    double pos[C] = {0};
    double lr = o->lr;
    int step = 0;
    memset(m1, 0, sizeof m1);
    memset(m2, 0, sizeof m2);
    for (size_t c = 0; c < C; c++) {
        struct rng r = rng_begin(o->seed, RNG_PROBE, 1 + c);
        for (size_t j = 0; j < P; j++) {
            w[c * P + j] = (2.0 * rng_unit(&r) - 1.0) / sqrt((double)D);
        }
        for (size_t i = 0; i < N; i++) {
            pos[c] += is_positive(t, i, c);
        }
    }
    for (size_t epoch = 0; epoch < o->epochs; epoch++) {
        struct rng r = rng_begin(o->seed, RNG_SHUFFLE, epoch);
        for (size_t i = 0; i < N; i++) {
            order[i] = (uint32_t)i;
        }
        rng_permute(&r, order, N);
        for (size_t first = 0; first < N; first += o->batch) {
            const size_t end = first + o->batch < N ? first + o->batch : N;
            step++;
            for (size_t c = 0; c < C; c++) {
                double g[P] = {0};
                for (size_t k = first; k < end; k++) {
                    const float *x = t->x + (size_t)order[k] * D;
                    const bool y = is_positive(t, order[k], c);
                    double z = w[c * P + D];
                    for (size_t j = 0; j < D; j++) {
                        z += w[c * P + j] * (double)x[j];
                    }
                    const double s = y ? (N - pos[c]) / pos[c] : 1.0;
                    const double q = s * (1.0 / (1.0 + exp(-z)) - (y ? 1.0 : 0.0)) /
                                     ((double)(end - first) * C);
                    for (size_t j = 0; j < D; j++) {
                        g[j] += q * (double)x[j];
                    }
                    g[D] += q;
                }
                for (size_t j = 0; j < P; j++) {
                    double *v = &w[c * P + j];
                    g[j] += o->l2 * *v;
                    if (j < D) {
                        g[j] += o->l1 / C * ((*v > 0.0) - (*v < 0.0));
                    }
                    m1[c * P + j] = 0.9 * m1[c * P + j] + 0.1 * g[j];
                    m2[c * P + j] = 0.999 * m2[c * P + j] + 0.001 * g[j] * g[j];
                    *v -= lr * (m1[c * P + j] / (1.0 - pow(0.9, step))) /
                          (sqrt(m2[c * P + j] / (1.0 - pow(0.999, step))) + 1e-8);
                }
            }
        }
        lr *= pow(o->end_lr / o->lr, 1.0 / (double)o->epochs);
    }
}

static void test_adam_against_naive(void **state)
{
    (void)state;
    struct errinfo e;
    struct toy *t = toy_new();
    const struct logreg_x dense = dense_of(t);
    const struct logreg_y y = labels_of(t);
    const struct logreg_adam_opts o = {.epochs = 5,
                                       .batch = 64,
                                       .lr = 0.01,
                                       .end_lr = 1e-5,
                                       .l1 = 0.01,
                                       .l2 = 1e-3,
                                       .seed = 3};
    static double w[C * (D + 1)];
    struct logreg m;
    naive_adam(t, &o, w);
    assert_ok(logreg_adam(&dense, &y, &o, NULL, &m, &e), &e);
    for (size_t c = 0; c + 1 < C; c++) {
        for (size_t j = 0; j < D; j++) {
            assert_true(fabs((double)m.w[c * D + j] - w[c * (D + 1) + j]) < 2e-3);
        }
        assert_true(fabs((double)m.b[c] - w[c * (D + 1) + D]) < 2e-3);
    }
    logreg_deinit(&m);
    mem_free(t);
}

static void test_bad_inputs(void **state)
{
    (void)state;
    struct errinfo e;
    struct toy *t = toy_new();
    const struct logreg_x x = dense_of(t);
    const struct logreg_y y = labels_of(t);
    struct logreg m;
    struct logreg_opts o = logreg_defaults();
    atomic_bool cancel = true;
    check_error(logreg_fit(&x, &y, &o, NULL, &m, &e), ERR_USAGE, &e, "l1 0 and l2 0");
    o.l2 = 0.01;
    o.cancel = &cancel;
    check_error(logreg_fit(&x, &y, &o, NULL, &m, &e), ERR_CANCELLED, &e, "cancelled");
    o.cancel = NULL;
    t->x[17] = NAN;
    check_error(logreg_fit(&x, &y, &o, NULL, &m, &e), ERR_NUMERIC, &e, "input 5");
    struct logreg_adam_opts a = {.epochs = 1, .batch = 0};
    check_error(logreg_adam(&x, &y, &a, NULL, &m, &e), ERR_USAGE, &e, "batch");
    mem_free(t);
}

/* The kernel under both: sigmoid, its column sums and the loss, in each compilation. */
static void test_logistic_kernel(void **state)
{
    (void)state;
    enum { ROWS = 141, COLS = 19 };
    const struct kern *k[2] = {kern_get_portable(), kern_get_avx2()};
    float z[ROWS * COLS];
    float p[ROWS * COLS];
    struct rng r = rng_begin(6, RNG_PROBE, 3);
    for (size_t i = 0; i < (size_t)ROWS * COLS; i++) {
        z[i] = (float)(rng_normal(&r) * (i % 5 == 0 ? 60.0 : 3.0));
    }
    for (size_t t = 0; t < 2; t++) {
        double loss[COLS] = {0};
        double sum[COLS] = {0};
        if (k[t] == NULL) {
            continue;
        }
        k[t]->logistic(ROWS, COLS, z, p, loss, sum);
        for (size_t c = 0; c < COLS; c++) {
            double want_loss = 0.0;
            double want_sum = 0.0;
            for (size_t i = 0; i < ROWS; i++) {
                const double v = (double)z[i * COLS + c];
                const double sigmoid = 1.0 / (1.0 + exp(-v));
                want_loss += log1p(exp(-fabs(v))) + fmax(v, 0.0);
                want_sum += sigmoid;
                assert_true(fabs((double)p[i * COLS + c] - sigmoid) < 2e-7);
            }
            assert_true(fabs(loss[c] - want_loss) < 1e-5 * want_loss);
            assert_true(fabs(sum[c] - want_sum) < 1e-5 * want_sum);
        }
        k[t]->logistic(ROWS, COLS, z, p, NULL, sum);
    }
}

/* ---- few columns
 * --------------------------------------------------------------------- */

enum { M = 200, K = 3 };

static void few_data(float *x, uint8_t *y)
{
    struct rng r = rng_begin(8, RNG_PROBE, 2);
    for (size_t i = 0; i < M; i++) {
        y[i] = rng_unit(&r) < 0.2;
        for (size_t j = 0; j < K; j++) {
            const double v = rng_normal(&r) + (y[i] ? 0.5 * (double)j : 0.0);
            x[i * K + j] = i % 3 == 0 ? 0.0F : (float)v;
        }
    }
}

/* The gradient of scikit-learn's objective at the solution is zero. */
static void test_few_gradient(void **state)
{
    (void)state;
    float x[M * K];
    uint8_t y[M];
    few_data(x, y);
    double w[K] = {0};
    double b = 0.0;
    logreg_few(K, M, x, y, 0.0, 0.0, 1.0, w, &b);
    double pos = 0.0;
    for (size_t i = 0; i < M; i++) {
        pos += y[i];
    }
    double g[K + 1] = {w[0], w[1], w[2], 0.0};
    for (size_t i = 0; i < M; i++) {
        double z = b;
        for (size_t j = 0; j < K; j++) {
            z += w[j] * (double)x[i * K + j];
        }
        const double s = M / (2.0 * (y[i] ? pos : M - pos));
        const double r = s * (1.0 / (1.0 + exp(-z)) - (double)y[i]);
        for (size_t j = 0; j < K; j++) {
            g[j] += r * (double)x[i * K + j];
        }
        g[K] += r;
    }
    for (size_t j = 0; j <= K; j++) {
        assert_true(fabs(g[j]) < 1e-3);
    }
    assert_true(w[2] > w[0]);
}

/* All-zero rows given by number are the same as given. */
static void test_few_zero_rows(void **state)
{
    (void)state;
    float x[M * K];
    float packed[M * K];
    uint8_t y[M];
    uint8_t packed_y[M];
    few_data(x, y);
    double zero[2] = {0};
    size_t m = 0;
    for (size_t i = 0; i < M; i++) {
        if (i % 3 == 0) {
            zero[y[i]] += 1.0;
        } else {
            memcpy(packed + m * K, x + i * K, K * sizeof *x);
            packed_y[m++] = y[i];
        }
    }
    double w[2][K] = {{0}};
    double b[2] = {0};
    logreg_few(K, M, x, y, 0.0, 0.0, 1.0, w[0], &b[0]);
    logreg_few(K, m, packed, packed_y, zero[1], zero[0], 1.0, w[1], &b[1]);
    for (size_t j = 0; j < K; j++) {
        assert_true(fabs(w[0][j] - w[1][j]) < 1e-4);
    }
    assert_true(fabs(b[0] - b[1]) < 1e-4);
}

/* Separable classes stay finite (the penalty holds the weight), a far start comes back,
 * and one class only gives zero. */
static void test_few_edges(void **state)
{
    (void)state;
    const float x[4] = {5.0F, 6.0F, 4.0F, 9.0F};
    const uint8_t y[4] = {1, 1, 1, 1};
    double w = 0.0;
    double b = 0.0;
    logreg_few(1, 4, x, y, 0.0, 400.0, 1.0, &w, &b);
    assert_true(isfinite(w) && w > 0.1 && b < -1.0 && 4.0 * w + b > 0.0);
    double far = -40.0;
    double far_b = 60.0;
    logreg_few(1, 4, x, y, 0.0, 400.0, 1.0, &far, &far_b);
    assert_true(fabs(far - w) < 1e-3 && fabs(far_b - b) < 1e-2);
    logreg_few(1, 4, x, y, 3.0, 0.0, 1.0, &w, &b);
    assert_true(fabs(w) <= 0.0 && fabs(b) <= 0.0);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradient_is_zero),
        cmocka_unit_test(test_against_naive_solver),
        cmocka_unit_test(test_l1_conditions),
        cmocka_unit_test(test_dense_and_sparse_agree),
        cmocka_unit_test(test_threads_and_empty_unit),
        cmocka_unit_test(test_adam_against_naive),
        cmocka_unit_test(test_bad_inputs),
        cmocka_unit_test(test_logistic_kernel),
        cmocka_unit_test(test_few_gradient),
        cmocka_unit_test(test_few_zero_rows),
        cmocka_unit_test(test_few_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
