/* Inference against loops: codes, reconstruction, calibration, threads. [threads] */
#include "base/mem.h"
#include "base/rng.h"
#include "check.h"
#include "num/blas.h"
#include "sae/sae.h"

#include <math.h>

#define D 24
#define F 150

static struct sae *sae_make(const char *arch, double k)
{
    struct errinfo e;
    struct sae *s;
    assert_ok(sae_new(sae_arch_find(arch), D, F, k, &s, &e), &e);
    sae_init_weights(s, 1);
    struct rng r = rng_begin(2, RNG_SAMPLE, 0);
    for (size_t j = 0; j < F; j++) {
        s->b_enc[j] = (float)rng_normal(&r) * 0.3f;
    }
    for (size_t d = 0; d < D; d++) {
        s->b_dec[d] = (float)rng_normal(&r);
    }
    s->scale = 0.37f;
    return s;
}

static float *rows_make(size_t n, uint64_t seed)
{
    struct rng r = rng_begin(seed, RNG_SAMPLE, 1);
    float *x = mem_alloc(n * D, sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n * D; i++) {
        x[i] = (float)rng_normal(&r) * 4.0f;
    }
    return x;
}

/* Pre-activation of latent j on raw x. */
static double pre(const struct sae *s, const float *x, size_t j)
{
    double h = (double)s->b_enc[j];
    for (size_t d = 0; d < D; d++) {
        const double a = (double)s->scale * (double)x[d] - (double)s->b_dec[d];
        h += a * (double)s->W_enc[j * D + d];
    }
    return h;
}

/* How many latents are above h_j at a row. */
static size_t rank_of(const struct sae *s, const float *x, double h)
{
    size_t n = 0;
    for (size_t j = 0; j < F; j++) {
        n += pre(s, x, j) > h + 1e-4;
    }
    return n;
}

static void check_codes(const struct sae *s, const struct sae_codes *c, const float *x)
{
    for (size_t b = 0; b < c->rows; b++) {
        size_t positive = 0;
        for (size_t j = 0; j < F; j++) {
            positive += pre(s, x + b * D, j) > s->threshold + 1e-4;
        }
        const size_t n = c->start[b + 1] - c->start[b];
        if (strcmp(sae_arch_name(s->arch), "topk") == 0) {
            const size_t k = (size_t)s->k;
            assert_true(n <= k && n >= (positive < k ? positive : k));
        } else {
            assert_true(n >= positive);
        }
        for (size_t i = c->start[b]; i < c->start[b + 1]; i++) {
            assert_true(i == c->start[b] || c->id[i] > c->id[i - 1]);
            const double h = pre(s, x + b * D, (size_t)c->id[i]);
            assert_true(c->val[i] > 0 && fabs(h - (double)c->val[i]) < 1e-4);
            assert_true(rank_of(s, x + b * D, h) <
                        (s->threshold > 0 ? F : (size_t)s->k));
        }
    }
}

static void codes_match_loops(void **state)
{
    (void)state;
    struct errinfo e;
    struct sae_codes c = {0};
    float *x = rows_make(600, 3);
    struct sae *s = sae_make("topk", 7);
    const size_t sizes[] = {1, 600, 0, 33};
    for (size_t i = 0; i < 4; i++) { /* one sae_codes for all */
        assert_ok(sae_encode(s, x, sizes[i], NULL, &c, &e), &e);
        assert_int_equal(c.rows, sizes[i]);
        check_codes(s, &c, x);
    }
    sae_free(s);
    s = sae_make("batchtopk", 7);
    s->threshold = 0.9;
    assert_ok(sae_encode(s, x, 600, NULL, &c, &e), &e);
    check_codes(s, &c, x);
    sae_codes_deinit(&c);
    sae_free(s);
    mem_free(x);
}

static void decode_matches_loops(void **state)
{
    (void)state;
    struct errinfo e;
    struct sae_codes c = {0};
    float *x = rows_make(40, 4), *xhat = mem_alloc(40 * D, sizeof *xhat);
    struct sae *s = sae_make("topk", 5);
    assert_ok(sae_encode(s, x, 40, NULL, &c, &e), &e);
    sae_decode(s, &c, xhat);
    for (size_t b = 0; b < 40; b++) {
        for (size_t d = 0; d < D; d++) {
            double sum = (double)s->b_dec[d];
            for (size_t i = c.start[b]; i < c.start[b + 1]; i++) {
                sum += (double)c.val[i] * (double)s->W_dec[(size_t)c.id[i] * D + d];
            }
            assert_true(fabs(sum / (double)s->scale - (double)xhat[b * D + d]) < 1e-4);
        }
    }
    sae_codes_deinit(&c);
    sae_free(s);
    mem_free(x);
    mem_free(xhat);
}

static void threads_give_the_same_codes(void **state)
{
    (void)state;
    struct errinfo e;
    float *x = rows_make(1500, 5);
    static const char *const archs[] = {"topk", "batchtopk", "gated", "jumprelu",
                                        "standard"};
    for (size_t a = 0; a < 5; a++) {
        struct sae *s = sae_make(archs[a], 6);
        struct sae_codes one = {0}, many = {0};
        struct pool *pool;
        assert_ok(pool_new(3, &pool, &e), &e);
        if (a == 1) {
            assert_ok(sae_calibrate(s, x, 1500, 6.0, pool, &e), &e);
        }
        assert_ok(sae_encode(s, x, 1500, NULL, &one, &e), &e);
        assert_ok(sae_encode(s, x, 1500, pool, &many, &e), &e);
        assert_memory_equal(one.start, many.start, 1501 * sizeof *one.start);
        assert_memory_equal(one.id, many.id, one.start[1500] * sizeof *one.id);
        assert_memory_equal(one.val, many.val, one.start[1500] * sizeof *one.val);
        pool_free(pool);
        sae_codes_deinit(&one);
        sae_codes_deinit(&many);
        sae_free(s);
    }
    mem_free(x);
}

static void calibration_hits_the_target(void **state)
{
    (void)state;
    struct errinfo e;
    struct sae *s = sae_make("batchtopk", 6);
    float *x = rows_make(1000, 6);
    const double targets[] = {0.5, 6.0, 20.25};
    struct sae_codes c = {0};
    for (size_t i = 0; i < 3; i++) {
        assert_ok(sae_calibrate(s, x, 1000, targets[i], NULL, &e), &e);
        assert_ok(sae_encode(s, x, 1000, NULL, &c, &e), &e);
        assert_true(fabs((double)c.start[1000] / 1000 - targets[i]) < 1e-9);
    }
    /* More than there are positive: all of them. */
    assert_ok(sae_calibrate(s, x, 1000, (double)F, NULL, &e), &e);
    assert_true(s->threshold <= 0.0);
    check_error(sae_calibrate(s, x, 1000, 0.0, NULL, &e), ERR_USAGE, &e, "target");
    check_error(sae_calibrate(s, x, 0, 4.0, NULL, &e), ERR_USAGE, &e, "target");
    sae_codes_deinit(&c);
    sae_free(s);
    s = sae_make("topk", 6);
    check_error(sae_calibrate(s, x, 1000, 4.0, NULL, &e), ERR_USAGE, &e,
                "no threshold");
    sae_free(s);
    mem_free(x);
}

/* JumpReLU: all thresholds times one factor. */
static void calibration_scales_thresholds(void **state)
{
    (void)state;
    struct errinfo e;
    struct sae *s = sae_make("jumprelu", 6), *b = sae_make("batchtopk", 6);
    float *x = rows_make(1000, 6), theta[F];
    const double targets[] = {0.5, 6.0, 20.25};
    struct sae_codes c = {0};
    struct rng r = rng_begin(11, RNG_SAMPLE, 0);
    for (size_t i = 0; i < 3; i++) {
        /* The same for all: what a batch architecture gets. */
        for (size_t j = 0; j < F; j++) {
            s->extra[j] = 0.25f;
        }
        assert_ok(sae_calibrate(b, x, 1000, targets[i], NULL, &e), &e);
        assert_ok(sae_calibrate(s, x, 1000, targets[i], NULL, &e), &e);
        assert_true(fabs((double)s->extra[F / 2] - b->threshold) < 1e-6);
        for (size_t j = 0; j < F; j++) {
            s->extra[j] = theta[j] = 0.2f + 0.8f * (float)rng_unit(&r);
        }
        assert_ok(sae_calibrate(s, x, 1000, targets[i], NULL, &e), &e);
        assert_ok(sae_encode(s, x, 1000, NULL, &c, &e), &e);
        /* To one code: a product rounds. */
        assert_true(fabs((double)c.start[1000] / 1000 - targets[i]) < 1.5e-3);
        for (size_t j = 1; j < F; j++) {
            const double ratio = (double)s->extra[j] / (double)s->extra[0];
            assert_true(fabs(ratio - (double)theta[j] / (double)theta[0]) < 1e-5);
        }
    }
    /* A threshold of 0 counts as the smallest one above 0, so that any target can be
     * reached. */
    for (size_t j = 0; j < F; j++) {
        s->extra[j] = j < 20 ? 0.0f : 0.3f + 0.1f * (float)(j % 4);
    }
    assert_ok(sae_calibrate(s, x, 1000, 0.5, NULL, &e), &e);
    assert_ok(sae_encode(s, x, 1000, NULL, &c, &e), &e);
    assert_true(fabs((double)c.start[1000] / 1000 - 0.5) < 1.5e-3);
    assert_true(fabs((double)(s->extra[3] / s->extra[20]) - 1) < 1e-6);
    memset(s->extra, 0, F * sizeof *s->extra);
    assert_ok(sae_calibrate(s, x, 1000, 6, NULL, &e), &e);
    assert_ok(sae_calibrate(b, x, 1000, 6, NULL, &e), &e);
    assert_true(fabs((double)s->extra[7] - b->threshold) < 1e-6);
    sae_codes_deinit(&c);
    sae_free(s);
    sae_free(b);
    mem_free(x);
}

/* A row of its own norm: the codes are those of normalised rows, and reconstructions
 * come back to where the rows were. */
/* The 1e-5 of a layer norm counts in rows that hardly vary, and a row of one value is
 * divided by it alone; a row of zeros keeps its norm. */
static void flat_rows_are_normalised(void **state)
{
    (void)state;
    float y[4], undo[2];
    const float flat[] = {5.0f, 5.0f, 5.0f, 5.0f}, zero[4] = {0};
    const float steep[] = {3e-5f, -3e-5f, 3e-5f, -3e-5f};
    sae_normalise(SAE_NORM_LAYER, 1.0f, 4, steep, 1, y, undo);
    const double deviation = 3e-5 * sqrt(4.0 / 3.0);
    assert_true(fabs((double)y[0] - 3e-5 / (deviation + 1e-5)) < 1e-5);
    assert_true(fabs((double)undo[0] / deviation - 1) < 1e-5);
    sae_normalise(SAE_NORM_LAYER, 1.0f, 4, flat, 1, y, undo);
    assert_true(fabsf(y[0]) <= 0 && fabsf(undo[0]) <= 0 && fabsf(undo[1] - 5) <= 0);
    sae_normalise(SAE_NORM_CONSTANT, 1.0f, 4, zero, 1, y, undo);
    assert_true(fabsf(y[3]) <= 0 && fabsf(undo[0] - 1) <= 0);
}

static void rows_are_normalised(void **state)
{
    (void)state;
    struct errinfo e;
    static const enum sae_norm norms[] = {SAE_NORM_CONSTANT, SAE_NORM_LAYER};
    struct sae *s = sae_make("standard", 6);
    float *x = rows_make(300, 8), *y = mem_alloc(300 * D, sizeof *y);
    float *a = mem_alloc(300 * D, sizeof *a), *b = mem_alloc(300 * D, sizeof *b);
    struct sae_codes ca = {0}, cb = {0};
    for (size_t i = 0; i < 2; i++) {
        s->norm = norms[i];
        s->scale = 1.0f;
        assert_ok(sae_encode(s, x, 300, NULL, &ca, &e), &e);
        sae_decode(s, &ca, a);
        s->norm = SAE_NORM_SCALE;
        sae_normalise(norms[i], 1.0f, D, x, 300, y, NULL);
        assert_ok(sae_encode(s, y, 300, NULL, &cb, &e), &e);
        sae_decode(s, &cb, b);
        assert_memory_equal(ca.start, cb.start, 301 * sizeof *ca.start);
        assert_memory_equal(ca.id, cb.id, ca.start[300] * sizeof *ca.id);
        assert_non_null(ca.undo);
        assert_null(cb.undo);
        for (size_t r = 0; r < 300; r++) {
            double sum = 0, sumsq = 0, mean = 0, spread = 0;
            for (size_t d = 0; d < D; d++) {
                sum += (double)y[r * D + d];
                sumsq += (double)y[r * D + d] * (double)y[r * D + d];
                mean += (double)x[r * D + d] / D;
            }
            for (size_t d = 0; d < D; d++) {
                spread += ((double)x[r * D + d] - mean) * ((double)x[r * D + d] - mean);
            }
            const double norm = i == 0 ? sqrt(D) : sqrt(D - 1);
            assert_true(fabs(sqrt(sumsq) - norm) < 1e-3);
            assert_true(i == 0 || fabs(sum) < 1e-4);
            for (size_t d = 0; d < D; d++) {
                const size_t at = r * D + d;
                const double unit = i == 0 ? (double)x[at] / (double)y[at]
                                           : sqrt(spread / (D - 1)) + 1e-5;
                const double want = (double)b[at] * unit + (i == 0 ? 0 : mean);
                assert_true(fabs((double)a[at] - want) < 1e-3 * fmax(1, fabs(want)));
            }
        }
    }
    sae_codes_deinit(&ca);
    sae_codes_deinit(&cb);
    sae_free(s);
    mem_free(x);
    mem_free(y);
    mem_free(a);
    mem_free(b);
}

static void weights_depend_on_the_seed(void **state)
{
    (void)state;
    struct sae *a = sae_make("topk", 4), *b = sae_make("batchtopk", 9);
    assert_memory_equal(a->W_enc, b->W_enc, D * F * sizeof(float));
    assert_memory_equal(a->W_enc, a->W_dec, D * F * sizeof(float));
    sae_init_weights(b, 2);
    assert_memory_not_equal(a->W_enc, b->W_enc, D * F * sizeof(float));
    assert_true(fabsf(b->b_enc[3]) <= 0.0f);
    sae_free(a);
    sae_free(b);
    sae_free(NULL);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_match_loops),
        cmocka_unit_test(decode_matches_loops),
        cmocka_unit_test(threads_give_the_same_codes),
        cmocka_unit_test(calibration_hits_the_target),
        cmocka_unit_test(calibration_scales_thresholds),
        cmocka_unit_test(flat_rows_are_normalised),
        cmocka_unit_test(rows_are_normalised),
        cmocka_unit_test(weights_depend_on_the_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
