/* Kernels of both tables against libm in double, products against loops, statistics
 * against closed forms and published tables. */
#include "base/mem.h"
#include "base/rng.h"
#include "num/blas.h"
#include "num/kern.h"
#include "num/stats.h"
#include "num/vec.h"
#define REAL_F64
#include "num/vec.h"
#include "unit/check.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Lengths around every vector width and block. */
static const size_t lengths[] = {1,  2,  3,  7,  8,   9,   15,   16,   17,   31,
                                 32, 33, 63, 64, 127, 128, 1023, 1024, 1025, 6144};
#define LENGTHS (sizeof lengths / sizeof *lengths)

static size_t tables(const struct kern *out[2])
{
    out[0] = kern_get_portable();
    out[1] = kern_get_avx2();
    return out[1] != NULL ? 2 : 1;
}

/* Arrays of exactly n, so that the address sanitizer sees a step beyond. */
static float *floats(size_t n, double spread, uint64_t seed)
{
    float *x = mem_alloc(n, sizeof *x);
    assert_non_null(x);
    struct rng r = rng_begin(seed, RNG_INIT, n);
    for (size_t i = 0; i < n; i++) {
        x[i] = (float)(spread * rng_normal(&r));
    }
    return x;
}

static double *widened(size_t n, const float *x)
{
    double *y = mem_alloc(n, sizeof *y);
    assert_non_null(y);
    for (size_t i = 0; i < n; i++) {
        y[i] = (double)x[i];
    }
    return y;
}

static void assert_near(double got, double want, double tolerance)
{
    if (isnan(got) || isnan(want)
            ? isnan(got) != isnan(want)
            : !(got <= want + tolerance && got >= want - tolerance)) {
        fail_msg("found %.17g, expected %.17g within %g", got, want, tolerance);
    }
}

static void all_near(size_t n, const float *got, const double *want, double absolute,
                     double relative)
{
    for (size_t i = 0; i < n; i++) {
        assert_near((double)got[i], want[i], absolute + relative * fabs(want[i]));
    }
}

/* ---- elementwise ---- */

static void test_exp(void **state)
{
    (void)state;
    const struct kern *k[2];
    for (size_t t = 0, n = tables(k); t < n; t++) {
        double worst = 0.0;
        for (int i = 0; i < 200000; i++) {
            const float x = (float)(-87.3 + (double)i * (88.7 + 87.3) / 200000.0);
            float y;
            k[t]->exp(1, &x, &y);
            worst = fmax(worst, fabs((double)y / exp((double)x) - 1.0));
        }
        assert_true(worst <= 2e-7);
        const float in[] = {0.0f,    -0.0f,           88.73f,          100.0f,
                            3e38f,   (float)INFINITY, -90.0f,          -103.97f,
                            -104.5f, -3e38f,          -(float)INFINITY};
        float out[sizeof in / sizeof *in];
        for (size_t i = 0; i < 3001; i++) {
            const double x = -708.0 + 1416.9 * (double)i / 3000.0;
            double y[2] = {x, NAN};
            k[t]->exp_f64(2, y, y);
            assert_true(fabs(y[0] / exp(x) - 1.0) < 1e-15 && isnan(y[1]));
        }
        k[t]->exp(sizeof in / sizeof *in, in, out);
        assert_true(out[0] == 1.0f && out[1] == 1.0f);
        for (size_t i = 2; i < 6; i++) {
            assert_true(isinf(out[i]) && out[i] > 0.0f);
        }
        assert_near((double)out[6], exp(-90.0), 1.5e-45);
        assert_near((double)out[7], exp((double)in[7]), 1.5e-45);
        for (size_t i = 8; i < 11; i++) {
            assert_true(out[i] == 0.0f);
        }
    }
}

/* Losses, slopes and curvatures of rows of two classes. */
static void test_logit(void **state)
{
    (void)state;
    const double weight[2] = {0.25, 3.0};
    static double s[1100], z[1100], r[1100], h[1100];
    const struct kern *k[2];
    for (size_t t = 0, tabs = tables(k); t < tabs; t++) {
        for (size_t n = 0; n < 1100; n = n < 9 ? n + 1 : 2 * n - 1) {
            double loss = 0.0, pull[2] = {0.0, 0.0};
            struct logit_sums sum;
            for (size_t i = 0; i < n; i++) {
                s[i] = i % 3 == 1 ? -weight[1] : weight[0];
                z[i] = i % 7 == 0 ? 0.0 : 800.0 * sin((double)i) / (double)(1 + i % 90);
            }
            k[t]->logit(n, weight, s, z, r, h, &sum);
            for (size_t i = 0; i < n; i++) {
                const size_t c = s[i] < 0.0;
                const double u = c ? -z[i] : z[i];
                const double e = exp(-fabs(u)), p = (u > 0.0 ? 1.0 : e) / (1.0 + e);
                loss += weight[c] * (log1p(e) + fmax(u, 0.0));
                pull[c] += weight[c] * p;
                assert_near(r[i], s[i] * p, 1e-15 * weight[c]);
                assert_near(h[i], weight[c] * e / ((1.0 + e) * (1.0 + e)), 1e-15);
            }
            assert_near(sum.loss, loss, 1e-13 * (loss + 1.0));
            assert_near(sum.pull[0], pull[0], 1e-13 * (pull[0] + 1.0));
            assert_near(sum.pull[1], pull[1], 1e-13 * (pull[1] + 1.0));
        }
    }
}

/* NaN in any lane comes out in that lane and in no other. */
static void test_nan_lanes(void **state)
{
    (void)state;
    const struct kern *k[2];
    for (size_t t = 0, n = tables(k); t < n; t++) {
        for (size_t at = 0; at < 19; at++) {
            float x[19] = {0}, y[19], dy[19];
            for (size_t i = 0; i < 19; i++) {
                dy[i] = 1.0f;
            }
            x[at] = nanf("");
            k[t]->exp(19, x, y);
            for (size_t i = 0; i < 19; i++) {
                assert_true(isnan(y[i]) ? i == at : y[i] == 1.0f && i != at);
            }
            k[t]->gelu(19, x, y);
            for (size_t i = 0; i < 19; i++) {
                assert_true(isnan(y[i]) ? i == at : y[i] == 0.0f && i != at);
            }
            k[t]->gelu_back(19, x, dy, y);
            for (size_t i = 0; i < 19; i++) {
                assert_true(isnan(y[i]) ? i == at : y[i] == 0.5f && i != at);
            }
            assert_true(isnan(k[t]->sum(19, x)) && isnan(k[t]->sumsq(19, x)));
            assert_true(isnan(k[t]->dot(19, x, dy)) && isnan(k[t]->lse(19, x)));
            double lse;
            k[t]->softmax(19, 1.0f, x, &lse);
            assert_true(isnan(lse));
            for (size_t i = 0; i < 19; i++) {
                assert_true(isnan(x[i]));
            }
        }
    }
}

static double gelu_ref(double x)
{
    return 0.5 * x * (1.0 + tanh(sqrt(2.0 / acos(-1.0)) * (x + 0.044715 * x * x * x)));
}

static void test_gelu(void **state)
{
    (void)state;
    const struct kern *k[2];
    for (size_t t = 0, n = tables(k); t < n; t++) {
        for (int i = -20000; i <= 20000; i++) {
            const float x = (float)i * 1e-3f, one = 1.0f;
            float y, dx;
            k[t]->gelu(1, &x, &y);
            k[t]->gelu_back(1, &x, &one, &dx);
            const double xd = (double)x, h = 1e-5;
            assert_near((double)y, gelu_ref(xd), 2e-7 + 3e-7 * fabs(xd));
            assert_near((double)dx, (gelu_ref(xd + h) - gelu_ref(xd - h)) / (2.0 * h),
                        2e-6);
        }
        const float in[] = {0.0f, 1e30f, -1e30f, -100.0f, 100.0f};
        const float dy[] = {2.0f, 2.0f, 2.0f, 2.0f, 2.0f};
        const float want[] = {0.0f, 1e30f, 0.0f, 0.0f, 100.0f};
        const float slope[] = {1.0f, 2.0f, 0.0f, 0.0f, 2.0f};
        float y[5], dx[5];
        k[t]->gelu(5, in, y);
        k[t]->gelu_back(5, in, dy, dx);
        for (size_t i = 0; i < 5; i++) {
            assert_true(y[i] == want[i]);
            assert_true(dx[i] == slope[i]);
        }
    }
}

/* Over twelve decades of their small side, too. */
static void test_other_activations(void **state)
{
    (void)state;
    const struct kern *k[2];
    for (size_t t = 0, n = tables(k); t < n; t++) {
        for (int i = -12000; i <= 12000; i++) {
            const float x = (float)i * 1e-3f;
            const double xd = (double)x;
            const double gelu = 0.5 * xd * erfc(-xd * 0.70710678118654752);
            const double silu = xd / (1.0 + exp(-xd));
            float y, z;
            k[t]->gelu_erf(1, &x, &y);
            k[t]->silu(1, &x, &z);
            assert_near((double)y, gelu, 1e-30 + (x > -8 ? 4e-6 : 2e-5) * fabs(gelu));
            assert_near((double)z, silu, 1e-30 + 5e-7 * fabs(silu));
        }
        const float in[] = {0.0f, 1e30f, -1e30f, -100.0f, 100.0f, NAN};
        const float want[] = {0.0f, 1e30f, 0.0f, 0.0f, 100.0f};
        float y[6], z[6];
        k[t]->gelu_erf(6, in, y);
        k[t]->silu(6, in, z);
        for (size_t i = 0; i < 5; i++) {
            assert_true(y[i] == want[i]);
            assert_true(fabsf(z[i] - want[i]) <= 1e-35f);
        }
        assert_true(isnan(y[5]) && isnan(z[5]));
    }
}

static void test_linear_kernels(void **state)
{
    (void)state;
    const struct kern *k[2];
    for (size_t t = 0, nt = tables(k); t < nt; t++) {
        for (size_t l = 0; l < LENGTHS; l++) {
            const size_t n = lengths[l];
            float *a = floats(n, 1.0, 1), *b = floats(n, 1.0, 2),
                  *y = floats(n, 1.0, 3);
            double *ad = widened(n, a), *bd = widened(n, b), *yd = widened(n, y);
            const double wide = sqrt((double)n);
            assert_near((double)k[t]->dot(n, a, b), vec_dot_f64(n, ad, bd),
                        1e-6 * wide);
            assert_near(k[t]->sum(n, a), vec_sum_f64(n, ad), 1e-6 * wide);
            assert_near(k[t]->sumsq(n, a), vec_sumsq_f64(n, ad), 1e-6 * (double)n);
            k[t]->axpy(n, 0.7f, a, y);
            vec_axpy_f64(n, (double)0.7f, ad, yd);
            all_near(n, y, yd, 1e-6, 0.0);
            k[t]->scale(n, -3.0f, y);
            vec_scale_f64(n, -3.0, yd);
            all_near(n, y, yd, 5e-6, 0.0);
            k[t]->add(n, a, b, y);
            vec_add_f64(n, ad, bd, yd);
            all_near(n, y, yd, 0.0, 1e-7);
            mem_free(a);
            mem_free(b);
            mem_free(y);
            mem_free(ad);
            mem_free(bd);
            mem_free(yd);
        }
        assert_true(k[t]->sum(0, NULL) == 0.0 && k[t]->dot(0, NULL, NULL) == 0.0f);
    }
}

/* Chosen rows, with one chosen twice, for widths around every unrolling. */
static void test_row_kernels(void **state)
{
    (void)state;
    enum { ROWS = 5, N = 4 };
    static const int32_t id[N] = {3, 0, 4, 3};
    static const float w[N] = {0.5f, -2.0f, 1.0f, 3.0f};
    const struct kern *k[2];
    for (size_t t = 0, nt = tables(k); t < nt; t++) {
        for (size_t D = 1; D <= 150; D++) {
            const size_t ld = D + 3;
            float *x = floats((ROWS - 1) * ld + D, 1.0, 1), *y = floats(D, 1.0, 2);
            double *want = widened(D, y);
            float out[N];
            k[t]->rows_dot(N, id, x, ld, D, y, out);
            for (size_t i = 0; i < N; i++) {
                double dot = 0.0;
                for (size_t d = 0; d < D; d++) {
                    dot += (double)x[(size_t)id[i] * ld + d] * (double)y[d];
                }
                assert_near((double)out[i], dot, 2e-5);
            }
            k[t]->rows_axpy(N, id, w, x, ld, D, y);
            for (size_t d = 0; d < D; d++) {
                for (size_t i = 0; i < N; i++) {
                    want[d] += (double)w[i] * (double)x[(size_t)id[i] * ld + d];
                }
            }
            all_near(D, y, want, 1e-5, 0.0);
            mem_free(x);
            mem_free(y);
            mem_free(want);
        }
    }
}

/* ---- softmax and norm ---- */

static void test_softmax(void **state)
{
    (void)state;
    const struct kern *k[2];
    for (size_t t = 0, nt = tables(k); t < nt; t++) {
        for (size_t l = 0; l < LENGTHS; l++) {
            const size_t n = lengths[l];
            float *x = floats(n, 20.0, 4), *g = floats(n, 1.0, 5);
            double *want = widened(n, x), *gd = widened(n, g), lse, lse_want;
            assert_near(k[t]->lse(n, x), vec_lse_f64(n, want), 2e-6);
            k[t]->softmax(n, 0.37f, x, &lse);
            vec_softmax_f64(n, (double)0.37f, want, &lse_want);
            all_near(n, x, want, 1e-30, 4e-6); /* |x| to 30: its rounding shows */
            assert_near(lse, lse_want, 2e-6);
            k[t]->softmax_back(n, 0.37f, x, g);
            vec_softmax_back_f64(n, (double)0.37f, want, gd);
            all_near(n, g, gd, 1e-6, 1e-5);
            mem_free(x);
            mem_free(g);
            mem_free(want);
            mem_free(gd);
        }
    }
}

static void test_softmax_edges(void **state)
{
    (void)state;
    const struct kern *k[2];
    for (size_t t = 0, nt = tables(k); t < nt; t++) {
        double lse;
        float far[11] = {-1e30f, -1e30f, 1e30f, 0.0f};
        assert_near(k[t]->lse(11, far), 1e30, 1e24);
        k[t]->softmax(11, 1.0f, far, NULL);
        for (size_t i = 0; i < 11; i++) {
            assert_true(far[i] == (i == 2 ? 1.0f : 0.0f));
        }
        float one[1] = {-77.0f};
        k[t]->softmax(1, 1.0f, one, &lse);
        assert_true(one[0] == 1.0f);
        assert_near(lse, -77.0, 1e-12);
        float same[13];
        for (size_t i = 0; i < 13; i++) {
            same[i] = -3e38f;
        }
        k[t]->softmax(13, 1.0f, same, NULL);
        for (size_t i = 0; i < 13; i++) {
            assert_near((double)same[i], 1.0 / 13.0, 1e-8);
        }
        /* Positions shut out by -inf are exactly 0. */
        float shut[9] = {0};
        shut[1] = shut[8] = -(float)INFINITY;
        k[t]->softmax(9, 1.0f, shut, NULL);
        assert_true(shut[1] == 0.0f && shut[8] == 0.0f);
        assert_near((double)shut[0], 1.0 / 7.0, 1e-7);
        const float none[3] = {-(float)INFINITY, -(float)INFINITY, -(float)INFINITY};
        assert_true(isinf(k[t]->lse(3, none)) && k[t]->lse(3, none) < 0.0);
    }
}

static void test_layernorm(void **state)
{
    (void)state;
    const struct kern *k[2];
    for (size_t t = 0, nt = tables(k); t < nt; t++) {
        for (size_t l = 0; l < LENGTHS; l++) {
            const size_t n = lengths[l];
            float *v[7]; /* x, w, b, dy, dx, dw, db */
            double *d[7];
            for (size_t i = 0; i < 7; i++) {
                v[i] = floats(n, 1.0, 10 + i);
                d[i] = widened(n, v[i]);
            }
            float *y = floats(n, 0.0, 1), mean, rstd;
            double *yd = widened(n, y), mean_d, rstd_d;
            k[t]->layernorm(n, 1e-5f, v[0], v[1], v[2], y, &mean, &rstd);
            vec_layernorm_f64(n, 1e-5, d[0], d[1], d[2], yd, &mean_d, &rstd_d);
            assert_near((double)mean, mean_d, 1e-6);
            assert_near((double)rstd, rstd_d, 1e-5 * rstd_d);
            if (n > 1) { /* else rstd is 1 / sqrt(eps) and rounding is all there is */
                all_near(n, y, yd, 2e-5, 0.0);
                k[t]->layernorm_back(n, v[0], v[1], mean, rstd, v[3], v[4], v[5], v[6]);
                vec_layernorm_back_f64(n, d[0], d[1], mean_d, rstd_d, d[3], d[4], d[5],
                                       d[6]);
                for (size_t i = 4; i < 7; i++) {
                    all_near(n, v[i], d[i], 1e-4, 1e-5);
                }
            }
            for (size_t i = 0; i < 7; i++) {
                mem_free(v[i]);
                mem_free(d[i]);
            }
            mem_free(y);
            mem_free(yd);
        }
        /* A constant row has no direction: the bias alone. */
        const float x[5] = {3, 3, 3, 3, 3}, w[5] = {1, 1, 1, 1, 1},
                    b[5] = {1, 2, 3, 4, 5};
        float y[5];
        k[t]->layernorm(5, 1e-5f, x, w, b, y, NULL, NULL);
        assert_memory_equal(y, b, sizeof b);
    }
}

/* The double layer norm's gradient, which the float one is compared with, against
 * finite differences. */
static void test_layernorm_gradient(void **state)
{
    (void)state;
    enum { N = 6 };
    const double w[N] = {1, -2, 0.5, 3, 1, 0.1}, b[N] = {0},
                 dy[N] = {1, 2, -1, 0.5, 3, -2};
    double x[N] = {0.3, -1, 2, 0.7, -0.4, 1.1}, y[N], mean, rstd;
    double dx[N] = {0}, dw[N] = {0}, db[N] = {0};
    vec_layernorm_f64(N, 1e-5, x, w, b, y, &mean, &rstd);
    vec_layernorm_back_f64(N, x, w, mean, rstd, dy, dx, dw, db);
    for (size_t i = 0; i < N; i++) {
        const double h = 1e-6, at = x[i];
        x[i] = at + h;
        vec_layernorm_f64(N, 1e-5, x, w, b, y, NULL, NULL);
        const double up = vec_dot_f64(N, y, dy);
        x[i] = at - h;
        vec_layernorm_f64(N, 1e-5, x, w, b, y, NULL, NULL);
        assert_near(dx[i], (up - vec_dot_f64(N, y, dy)) / (2.0 * h), 1e-7);
        x[i] = at;
    }
}

/* ---- optimizer ---- */

static void test_adam(void **state)
{
    (void)state;
    enum { N = 37, STEPS = 20 };
    const struct kern *k[2];
    for (size_t t = 0, nt = tables(k); t < nt; t++) {
        float *w = floats(N, 1.0, 1), m[N] = {0}, v[N] = {0}, g[N];
        double *wd = widened(N, w), md[N] = {0}, vd[N] = {0};
        for (int64_t s = 1; s <= STEPS; s++) {
            const struct adam a = adam_factors(1e-2, 0.9, 0.99, 1e-8, 0.1, 0.5, s);
            for (size_t i = 0; i < N; i++) {
                g[i] = sinf((float)(7 * i + (size_t)s)) * (i % 3 == 0 ? 100.0f : 1e-3f);
                if (i == 5) {
                    g[i] = 0.0f; /* only the decay moves it */
                }
                /* AdamW as its paper writes it. */
                const double gi = 0.5 * (double)g[i];
                md[i] = 0.9 * md[i] + 0.1 * gi;
                vd[i] = 0.99 * vd[i] + 0.01 * gi * gi;
                const double mh = md[i] / (1.0 - pow(0.9, (double)s));
                const double vh = vd[i] / (1.0 - pow(0.99, (double)s));
                wd[i] -= 1e-2 * 0.1 * wd[i];
                wd[i] -= 1e-2 * mh / (sqrt(vh) + 1e-8);
            }
            k[t]->adam(N, &a, g, w, m, v);
        }
        all_near(N, w, wd, 1e-5, 1e-5);
        all_near(N, m, md, 1e-7, 1e-5);
        all_near(N, v, vd, 1e-10, 1e-4);
        mem_free(w);
        mem_free(wd);
    }
}

/* ---- tables and products ---- */

static void test_names(void **state)
{
    (void)state;
    assert_true(strlen(num_blas_core()) > 0);
    assert_string_equal(kern_get_portable()->name, "portable");
    assert_string_equal(num_kern_name(), kern_get_avx2() != NULL ? "avx2" : "portable");
    const float x[3] = {1, 2, 3};
    assert_true(vec_dot_f32(3, x, x) == 14.0f);
}

/* Every transposition, with leading dimensions wider than the matrices. */
static void test_gemm(void **state)
{
    (void)state;
    enum { M = 7, N = 9, K = 5, LD = 13 };
    float *a = floats(LD * LD, 1.0, 1), *b = floats(LD * LD, 1.0, 2);
    double *ad = widened(LD * LD, a), *bd = widened(LD * LD, b);
    for (int ta = 0; ta < 2; ta++) {
        for (int tb = 0; tb < 2; tb++) {
            float *c = floats(LD * LD, 1.0, 3);
            double *cd = widened(LD * LD, c), *want = widened(LD * LD, c);
            gemm_f32(ta ? TRANS : NO_TRANS, tb ? TRANS : NO_TRANS, M, N, K, 0.5f, a, LD,
                     b, LD, 2.0f, c, LD);
            gemm_f64(ta ? TRANS : NO_TRANS, tb ? TRANS : NO_TRANS, M, N, K, 0.5, ad, LD,
                     bd, LD, 2.0, cd, LD);
            for (size_t i = 0; i < M; i++) {
                for (size_t j = 0; j < N; j++) {
                    double s = 0.0;
                    for (size_t l = 0; l < K; l++) {
                        s += ad[ta ? l * LD + i : i * LD + l] *
                             bd[tb ? j * LD + l : l * LD + j];
                    }
                    want[i * LD + j] = 0.5 * s + 2.0 * want[i * LD + j];
                }
            }
            for (size_t i = 0; i < LD * LD; i++) { /* the rest untouched */
                assert_near(cd[i], want[i], 1e-13);
                assert_near((double)c[i], want[i], 1e-5);
            }
            mem_free(c);
            mem_free(cd);
            mem_free(want);
        }
    }
    mem_free(a);
    mem_free(b);
    mem_free(ad);
    mem_free(bd);
    /* Nothing to do is fine; sizes beyond BLAS's int give NaN, not a wrong product. */
    float c[2] = {1, 2};
    gemm_f32(NO_TRANS, NO_TRANS, 0, 2, 3, 1, NULL, 3, NULL, 2, 0, c, 2);
    assert_true(c[0] == 1.0f);
    gemm_f32(NO_TRANS, NO_TRANS, 1, 2, (size_t)1 << 31, 1, NULL, 3, NULL, 2, 0, c, 2);
    assert_true(isnan(c[0]) && isnan(c[1]));
    double d[1] = {1};
    gemm_f64(NO_TRANS, NO_TRANS, 1, 1, 1, 1, NULL, (size_t)1 << 31, NULL, 2, 0, d, 1);
    assert_true(isnan(d[0]));
}

/* Without address space for a buffer OpenBLAS would ask for it for ever. In a child, of
 * a process that has taken no product yet. */
static void test_no_space(void **state)
{
    (void)state;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit little = {(rlim_t)1 << 26, (rlim_t)1 << 26};
        struct errinfo e = {0};
        float a[4] = {1, 2, 3, 4}, c[4] = {0};
        bool ok = setrlimit(RLIMIT_AS, &little) == 0;
        ok &= num_ready(&e) == ERR_NOMEM && strstr(e.msg, "ulimit -v") != NULL;
        gemm_f32(NO_TRANS, NO_TRANS, 2, 2, 2, 1, a, 2, a, 2, 0, c, 2);
        _exit(ok && isnan(c[0]) && isnan(c[3]) ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    struct errinfo e = {0};
    assert_ok(num_ready(&e), &e);
}

/* ---- statistics ---- */

static void test_description(void **state)
{
    (void)state;
    double x[] = {2, 4, 4, 4, 5, 5, 7, 9};
    assert_near(stats_mean(8, x), 5.0, 1e-15);
    assert_near(stats_sd(8, x), sqrt(32.0 / 7.0), 1e-15);
    assert_true(isnan(stats_mean(0, x)) && isnan(stats_sd(1, x)));
    double y[] = {3, (double)NAN, 1, 2, (double)INFINITY, -1};
    stats_sort(6, y);
    assert_true(y[0] < 0.0 && y[3] > 2.5 && isinf(y[4]) && isnan(y[5]));
    /* numpy.quantile([1, 2, 4, 8], [0, .1, .5, .9, 1]) */
    const double z[] = {1, 2, 4, 8};
    assert_near(stats_quantile_sorted(4, z, 0.0), 1.0, 0.0);
    assert_near(stats_quantile_sorted(4, z, 0.1), 1.3, 1e-15);
    assert_near(stats_quantile_sorted(4, z, 0.5), 3.0, 1e-15);
    assert_near(stats_quantile_sorted(4, z, 0.9), 6.8, 1e-14);
    assert_near(stats_quantile_sorted(4, z, 1.0), 8.0, 0.0);
    assert_true(isnan(stats_quantile_sorted(0, z, 0.5)));
}

static void test_student(void **state)
{
    (void)state;
    /* Published tables. */
    static const struct {
        double p, df, t;
    } known[] = {
        {0.975, 3, 3.182446305284263},    {0.975, 4, 2.776445105197799},
        {0.975, 5, 2.570581835636314},    {0.975, 9, 2.262157162740992},
        {0.975, 10, 2.228138851964939},   {0.975, 30, 2.042272456301238},
        {0.95, 3, 2.353363434801823},     {0.995, 10, 3.169272672616872},
        {0.975, 1000, 1.962339080792078},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        assert_near(stats_t_quantile(known[i].p, known[i].df), known[i].t, 1e-9);
        assert_near(stats_t_quantile(1.0 - known[i].p, known[i].df), -known[i].t, 1e-9);
    }
    /* Closed forms for 1 and 2 degrees of freedom, and the way back for others. */
    for (int i = 1; i < 400; i++) {
        const double p = (double)i / 400.0;
        const double t1 = tan(acos(-1.0) * (p - 0.5));
        const double t2 = (2.0 * p - 1.0) / sqrt(2.0 * p * (1.0 - p));
        assert_near(stats_t_quantile(p, 1), t1, 1e-10 * (1.0 + fabs(t1)));
        assert_near(stats_t_quantile(p, 2), t2, 1e-10 * (1.0 + fabs(t2)));
        assert_near(stats_t_cdf(stats_t_quantile(p, 6.5), 6.5), p, 1e-12);
        assert_near(stats_t_cdf(stats_t_quantile(p, 300), 300), p, 1e-12);
    }
    /* The normal limit, and the far tail: P(T > t) = (1/2 - atan(t)/pi) for 1. */
    assert_near(stats_t_quantile(0.975, 1e6), 1.959964 + 2.37e-6, 2e-6);
    assert_near(stats_t_cdf(-1e6, 1) * acos(-1.0) * 1e6, 1.0, 1e-9);
    assert_near(stats_t_quantile(0.5, 4), 0.0, 0.0);
    assert_true(isinf(stats_t_quantile(1.0, 4)) && isinf(stats_t_quantile(0.0, 4)));
    assert_true(isnan(stats_t_quantile(1.5, 4)) && isnan(stats_t_quantile(0.5, 0)));
    assert_true(isnan(stats_t_cdf((double)NAN, 3)));
}

static void test_intervals(void **state)
{
    (void)state;
    const double a[] = {1, 2, 3, 4}, b[] = {2, 3, 5, 6};
    /* differences 1 1 2 2: mean 1.5, sd sqrt(1/3), t(.975, 3) = 3.18245 */
    const struct stats_interval r = stats_paired_t(4, a, b, 0.95);
    const double half = 3.182446305284263 * sqrt(1.0 / 3.0) / 2.0;
    assert_near(r.mean, 1.5, 1e-15);
    assert_near(r.low, 1.5 - half, 1e-9);
    assert_near(r.high, 1.5 + half, 1e-9);
    const struct stats_interval s = stats_t_interval(4, a, 0.95);
    assert_near(s.high, 2.5 + 3.182446305284263 * sqrt(5.0 / 3.0) / 2.0, 1e-9);
    assert_true(isnan(stats_t_interval(1, a, 0.95).low));
    /* t = 1.5 / (sqrt(1/3) / 2) = 5.196: p = 2 P(T > t) */
    assert_near(stats_paired_p(4, a, b), 2.0 * stats_t_cdf(-3.0 * sqrt(3.0), 3), 1e-15);
    assert_near(stats_paired_p(4, a, a), 1.0, 0.0);
    assert_true(isnan(stats_paired_p(1, a, b)));
}

static void test_bootstrap(void **state)
{
    (void)state;
    enum { N = 200, CLUSTERS = 50 };
    struct errinfo e;
    struct stats_interval r, again, apart;
    double x[N];
    int32_t cluster[N], own[N];
    struct rng g = rng_begin(5, RNG_SAMPLE, 0);
    double shift = 0.0;
    for (int32_t i = 0; i < N; i++) {
        shift = i % 4 == 0 ? rng_normal(&g) : shift;
        x[i] = shift + 0.1 * rng_normal(&g);
        cluster[i] = i / 4;
        own[i] = i;
    }
    assert_ok(stats_bootstrap(N, x, NULL, cluster, CLUSTERS, 2000, 0.95, 1, &r, &e),
              &e);
    assert_ok(stats_bootstrap(N, x, NULL, cluster, CLUSTERS, 2000, 0.95, 1, &again, &e),
              &e);
    assert_ok(stats_bootstrap(N, x, NULL, own, N, 2000, 0.95, 1, &apart, &e), &e);
    assert_memory_equal(&r, &again, sizeof r);
    assert_near(r.mean, stats_mean(N, x), 1e-12);
    /* Clusters of four alike values: half as wide if they are taken for independent. */
    const double width = r.high - r.low;
    double mean[CLUSTERS];
    for (size_t i = 0; i < CLUSTERS; i++) {
        mean[i] = stats_mean(4, x + 4 * i);
    }
    const double theory = 2.0 * 1.96 * stats_sd(CLUSTERS, mean) / sqrt(CLUSTERS);
    assert_near(width, theory, 0.1 * theory);
    assert_near((apart.high - apart.low) / width, 0.5, 0.07);
    /* Weights: a ratio of sums. Empty clusters do not take part. */
    const double y[] = {1, 3}, weight[] = {2, 4};
    const int32_t two[] = {0, 4};
    assert_ok(stats_bootstrap(2, y, weight, two, 6, 500, 0.95, 1, &r, &e), &e);
    assert_near(r.mean, 4.0 / 6.0, 1e-15);
    assert_near(r.low, 0.5, 1e-15);
    assert_near(r.high, 0.75, 1e-15);
    assert_ok(stats_bootstrap(1, y, NULL, two, 1, 500, 0.95, 1, &r, &e), &e);
    assert_true(isnan(r.low) && isnan(r.high));
    assert_near(r.mean, 1.0, 0.0);
    check_error(stats_bootstrap(2, y, NULL, two, 4, 10, 0.95, 1, &r, &e), ERR_USAGE, &e,
                "cluster 4 of value 1");
}

/* 95 % intervals of few clusters hold the mean in about 95 % of samples: quantiles of
 * the draws alone do in 88 % at 8 and 92 % at 16. */
static void test_bootstrap_covers(void **state)
{
    (void)state;
    enum { MOST = 16, SAMPLES = 1500, REPS = 400 };
    static const size_t size[] = {8, MOST};
    struct errinfo e;
    for (size_t k = 0; k < 2; k++) {
        const size_t n = size[k];
        double x[MOST];
        int32_t own[MOST];
        size_t held = 0;
        for (uint64_t sample = 0; sample < SAMPLES; sample++) {
            struct rng g = rng_begin(17, RNG_SAMPLE, sample);
            struct stats_interval r;
            for (size_t i = 0; i < n; i++) {
                x[i] = rng_normal(&g);
                own[i] = (int32_t)i;
            }
            assert_ok(stats_bootstrap(n, x, NULL, own, n, REPS, 0.95, sample, &r, &e),
                      &e);
            held += r.low <= 0.0 && r.high >= 0.0;
        }
        assert_near((double)held / SAMPLES, 0.95, 0.02);
    }
}

static void test_holm(void **state)
{
    (void)state;
    struct errinfo e;
    /* R: p.adjust(c(.01, .04, .03, .005), "holm") = .03 .06 .06 .02 */
    double p[] = {0.01, 0.04, (double)NAN, 0.03, 0.005}, out[5];
    assert_ok(stats_holm(5, p, out, &e), &e);
    assert_near(out[0], 0.03, 1e-15);
    assert_near(out[1], 0.06, 1e-15);
    assert_true(isnan(out[2]));
    assert_near(out[3], 0.06, 1e-15);
    assert_near(out[4], 0.02, 1e-15);
    double big[] = {0.9, 0.6};
    assert_ok(stats_holm(2, big, big, &e), &e); /* in place, capped at 1 */
    assert_near(big[0], 1.0, 0.0);
    assert_near(big[1], 1.0, 0.0);
    assert_ok(stats_holm(0, NULL, NULL, &e), &e);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_space), /* first: see there */
        cmocka_unit_test(test_exp),
        cmocka_unit_test(test_logit),
        cmocka_unit_test(test_nan_lanes),
        cmocka_unit_test(test_gelu),
        cmocka_unit_test(test_other_activations),
        cmocka_unit_test(test_linear_kernels),
        cmocka_unit_test(test_row_kernels),
        cmocka_unit_test(test_softmax),
        cmocka_unit_test(test_softmax_edges),
        cmocka_unit_test(test_layernorm),
        cmocka_unit_test(test_layernorm_gradient),
        cmocka_unit_test(test_adam),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_gemm),
        cmocka_unit_test(test_description),
        cmocka_unit_test(test_student),
        cmocka_unit_test(test_intervals),
        cmocka_unit_test(test_bootstrap),
        cmocka_unit_test(test_bootstrap_covers),
        cmocka_unit_test(test_holm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
