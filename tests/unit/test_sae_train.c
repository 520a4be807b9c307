/* [threads] The trainer: learns a known dictionary, gives the same bytes for any thread
 * count, forks, schedules, refuses what is not finite. */
#include "base/mem.h"
#include "base/rng.h"
#include "check.h"
#include "num/blas.h"
#include "sae/sae_train.h"

#include <math.h>

/* Sparse sums of known unit directions: x = sum of c_i d_i, about `active` of `n` on.
 */
struct world {
    size_t D, n, rows;
    float *direction; /* [n,D] */
    float *x;         /* [rows,D] */
};

static struct world world_make(size_t D, size_t n, size_t rows, double active,
                               uint64_t seed)
{
    struct world w = {.D = D, .n = n, .rows = rows};
    struct rng r = rng_begin(seed, RNG_SAMPLE, 0);
    w.direction = mem_alloc(n * D, sizeof(float));
    w.x = mem_alloc(rows * D, sizeof(float));
    assert_non_null(w.direction);
    assert_non_null(w.x);
    for (size_t i = 0; i < n; i++) {
        double norm = 0;
        for (size_t d = 0; d < D; d++) {
            const double v = rng_normal(&r);
            w.direction[i * D + d] = (float)v;
            norm += v * v;
        }
        for (size_t d = 0; d < D; d++) {
            w.direction[i * D + d] /= (float)sqrt(norm);
        }
    }
    for (size_t b = 0; b < rows; b++) {
        for (size_t i = 0; i < n; i++) {
            if (rng_unit(&r) < active / (double)n) {
                const float c = 1.0f + (float)rng_unit(&r);
                for (size_t d = 0; d < D; d++) {
                    w.x[b * D + d] += c * w.direction[i * D + d];
                }
            }
        }
        for (size_t d = 0; d < D; d++) {
            w.x[b * D + d] += 0.3f; /* for b_dec */
        }
    }
    return w;
}

static void world_drop(struct world *w)
{
    mem_free(w->direction);
    mem_free(w->x);
}

static struct sae *sae_make(const char *arch, size_t D, size_t F, size_t k,
                            uint64_t seed)
{
    struct errinfo e;
    struct sae *s;
    assert_ok(sae_new(sae_arch_find(arch), D, F, k, &s, &e), &e);
    sae_init_weights(s, seed);
    return s;
}

static struct sae_trainer *trainer_make(struct sae *s, int64_t steps, size_t B)
{
    struct errinfo e;
    struct sae_trainer *t;
    struct sae_train_config c = sae_train_defaults(steps);
    c.lr = 5e-3;
    c.dead_after = 30;
    assert_ok(sae_trainer_new(s, &c, B, &t, &e), &e);
    return t;
}

/* Steps over the rows in turn. */
static struct sae_step_info run(struct sae_trainer *t, const struct world *w, size_t B,
                                int64_t steps, struct pool *pool)
{
    struct errinfo e;
    struct sae_step_info info = {0};
    for (int64_t i = 0; i < steps; i++) {
        const size_t batch = (size_t)sae_trainer_step_count(t) % (w->rows / B);
        assert_ok(sae_trainer_step(t, w->x + batch * B * w->D, pool, &info, &e), &e);
        assert_true(info.finite);
    }
    return info;
}

/* Mean over true directions of the best cosine among decoder rows. */
static double best_cosine(const struct sae *s, const struct world *w)
{
    double sum = 0;
    for (size_t i = 0; i < w->n; i++) {
        double best = 0;
        for (size_t j = 0; j < s->F; j++) {
            double cosine = 0;
            for (size_t d = 0; d < w->D; d++) {
                cosine +=
                    (double)w->direction[i * w->D + d] * (double)s->W_dec[j * w->D + d];
            }
            best = fmax(best, cosine);
        }
        sum += best;
    }
    return sum / (double)w->n;
}

static void learns(const char *arch, size_t k)
{
    struct errinfo e;
    struct world w = world_make(32, 48, 8192, 3, 5);
    struct sae *s = sae_make(arch, 32, 64, k, 1);
    assert_ok(sae_init_bias(s, w.x, 1024, &e), &e);
    struct sae_trainer *t = trainer_make(s, 1500, 512);
    const struct sae_step_info first = run(t, &w, 512, 1, NULL);
    const struct sae_step_info last = run(t, &w, 512, 1499, NULL);
    assert_true(last.loss < 0.1 * first.loss);
    assert_true(last.explained_variance > 0.9);
    assert_true(last.l0 <= (double)k + 1e-9);
    const double cosine = best_cosine(s, &w);
    if (cosine < 0.97) {
        fail_msg("%s: mean best cosine %.3f", arch, cosine);
    }
    for (size_t j = 0; j < s->F; j++) {
        double n = 0;
        for (size_t d = 0; d < s->D; d++) {
            n += (double)s->W_dec[j * s->D + d] * (double)s->W_dec[j * s->D + d];
        }
        assert_true(fabs(n - 1) < 1e-5);
    }
    sae_trainer_free(t);
    sae_free(s);
    world_drop(&w);
}

static void learns_topk(void **state)
{
    (void)state;
    learns("topk", 5); /* about 3 directions are on, at times more */
}

static void learns_batchtopk(void **state)
{
    (void)state;
    learns("batchtopk", 3);
}

/* Without AuxK more latents stay dead. */
static void auxk_revives(void **state)
{
    (void)state;
    struct world w = world_make(24, 64, 4096, 4, 6);
    double dead[2];
    for (int i = 0; i < 2; i++) {
        struct errinfo e;
        struct sae *s = sae_make("topk", 24, 96, 2, 3);
        /* A bias that keeps half of them silent. */
        for (size_t j = 0; j < 48; j++) {
            s->b_enc[j] = -1.0f;
        }
        struct sae_train_config c = sae_train_defaults(400);
        struct sae_trainer *t;
        c.dead_after = 20;
        c.aux_coef = i == 0 ? 0.0 : 1.0 / 32;
        assert_ok(sae_trainer_new(s, &c, 256, &t, &e), &e);
        dead[i] = run(t, &w, 256, 400, NULL).dead_fraction;
        sae_trainer_free(t);
        sae_free(s);
    }
    assert_true(dead[0] > 0.2);
    assert_true(dead[1] < 0.5 * dead[0]);
    world_drop(&w);
}

static void threads_give_the_same_bytes(void **state)
{
    (void)state;
    static const char *const archs[] = {"topk", "batchtopk"};
    struct world w = world_make(40, 80, 4000, 6, 7);
    for (size_t a = 0; a < 2; a++) {
        struct sae *ref = NULL;
        for (size_t threads = 1; threads <= 3; threads++) {
            struct errinfo e;
            struct pool *pool;
            struct sae *s = sae_make(archs[a], 40, 130, 4, 2);
            struct sae_trainer *t = trainer_make(s, 100, 1000);
            assert_ok(pool_new(threads, &pool, &e), &e);
            run(t, &w, 1000, 60, pool); /* AuxK acts from step 30 */
            sae_trainer_free(t);
            pool_free(pool);
            if (ref) {
                assert_memory_equal(ref->arena, s->arena, s->count * sizeof(float));
                assert_memory_equal(&ref->threshold, &s->threshold,
                                    sizeof s->threshold);
                sae_free(s);
            } else {
                ref = s;
            }
        }
        sae_free(ref);
    }
    world_drop(&w);
}

static void fork_continues(void **state)
{
    (void)state;
    struct errinfo e;
    struct world w = world_make(16, 32, 2048, 3, 8);
    struct sae *s = sae_make("batchtopk", 16, 48, 3, 4), *twin_sae;
    struct sae_trainer *t = trainer_make(s, 200, 256), *twin;
    run(t, &w, 256, 50, NULL);
    assert_ok(sae_trainer_fork(t, &twin_sae, &twin, &e), &e);
    assert_int_equal(sae_trainer_step_count(twin), 50);
    run(t, &w, 256, 60, NULL);
    run(twin, &w, 256, 60, NULL);
    assert_memory_equal(s->arena, twin_sae->arena, s->count * sizeof(float));
    assert_memory_equal(&s->threshold, &twin_sae->threshold, sizeof s->threshold);
    assert_true(s->threshold > 0);
    sae_trainer_free(t);
    sae_trainer_free(twin);
    sae_free(s);
    sae_free(twin_sae);
    world_drop(&w);
}

/* Weights, threshold, the named arrays and the step are the whole state. */
static void state_arrays_resume(void **state)
{
    (void)state;
    struct world w = world_make(16, 32, 2048, 3, 9);
    struct sae *a = sae_make("batchtopk", 16, 48, 3, 4);
    struct sae *b = sae_make("batchtopk", 16, 48, 3, 99);
    struct sae_trainer *ta = trainer_make(a, 200, 256), *tb = trainer_make(b, 200, 256);
    run(ta, &w, 256, 70, NULL);
    struct sae_state_array from[16], to[16];
    const size_t n = sae_trainer_state(ta, from, 16);
    assert_int_equal(sae_trainer_state(tb, to, 16), n);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(from[i].name, to[i].name);
        assert_int_equal(from[i].bytes, to[i].bytes);
        assert_int_equal(from[i].bytes, from[i].count * (from[i].is_i64 ? 8 : 4));
        memcpy(to[i].data, from[i].data, from[i].bytes);
    }
    memcpy(b->arena, a->arena, a->count * sizeof(float));
    b->threshold = a->threshold;
    sae_trainer_set_step_count(tb, sae_trainer_step_count(ta));
    run(ta, &w, 256, 50, NULL);
    run(tb, &w, 256, 50, NULL);
    assert_memory_equal(a->arena, b->arena, a->count * sizeof(float));
    assert_memory_equal(&a->threshold, &b->threshold, sizeof a->threshold);
    sae_trainer_free(ta);
    sae_trainer_free(tb);
    sae_free(a);
    sae_free(b);
    world_drop(&w);
}

static void schedule(void **state)
{
    (void)state;
    struct sae_train_config c = sae_train_defaults(1000);
    assert_int_equal(c.warmup, 50);
    assert_int_equal(c.dead_after, 100);
    c.lr = 1.0;
    assert_true(fabs(sae_lr_at(&c, 0) - 0.02) < 1e-12);
    assert_true(fabs(sae_lr_at(&c, 49) - 1.0) < 1e-12);
    assert_true(fabs(sae_lr_at(&c, 799) - 1.0) < 1e-12);
    assert_true(fabs(sae_lr_at(&c, 900) - 0.5) < 1e-12);
    assert_true(fabs(sae_lr_at(&c, 999) - 0.005) < 1e-12);
    assert_true(sae_lr_at(&c, 1000) <= 0.0);
    c.decay_from = 1.0;
    assert_true(fabs(sae_lr_at(&c, 1200) - 1.0) < 1e-12);
}

static void not_finite_changes_nothing(void **state)
{
    (void)state;
    struct errinfo e;
    struct world w = world_make(16, 32, 512, 3, 10);
    struct sae *s = sae_make("topk", 16, 48, 3, 4), *before;
    struct sae_trainer *t = trainer_make(s, 100, 256);
    struct sae_step_info info;
    run(t, &w, 256, 10, NULL);
    assert_ok(sae_copy(s, &before, &e), &e);
    w.x[77] = NAN;
    assert_ok(sae_trainer_step(t, w.x, NULL, &info, &e), &e);
    assert_false(info.finite);
    assert_memory_equal(s->arena, before->arena, s->count * sizeof(float));
    assert_int_equal(sae_trainer_step_count(t), 10);
    w.x[77] = 1e30f; /* finite, but its square is not */
    assert_ok(sae_trainer_step(t, w.x, NULL, &info, &e), &e);
    assert_false(info.finite);
    assert_memory_equal(s->arena, before->arena, s->count * sizeof(float));
    w.x[77] = 0.0f;
    assert_ok(sae_trainer_step(t, w.x, NULL, &info, &e), &e);
    assert_true(info.finite);
    sae_trainer_free(t);
    sae_free(s);
    sae_free(before);
    world_drop(&w);
}

static void settings_and_sizes(void **state)
{
    (void)state;
    struct errinfo e;
    struct sae *s = NULL;
    struct sae_trainer *t = NULL;
    check_error(sae_new(sae_arch_find("topk"), 8, 16, 17, &s, &e), ERR_USAGE, &e,
                "k = 17");
    check_error(sae_new(sae_arch_find("topk"), 8, 0, 1, &s, &e), ERR_LIMIT, &e,
                "0 latents");
    s = sae_make("topk", 8, 16, 2, 1);
    struct sae_train_config c = sae_train_defaults(100);
    c.beta2 = 1.0;
    check_error(sae_trainer_new(s, &c, 16, &t, &e), ERR_USAGE, &e, "out of range");
    c = sae_train_defaults(100);
    check_error(sae_trainer_new(s, &c, 0, &t, &e), ERR_USAGE, &e, "batch 0");
    assert_null(t);
    assert_true(sae_trainer_bytes(s->arch, 128, 512, 4, 1024) >
                4 * 2 * 128 * 512 * sizeof(float));
    check_error(sae_init_bias(s, NULL, 0, &e), ERR_USAGE, &e, "no activations");
    sae_free(s);
}

/* The geometric median of points on a line is their median. */
static void bias_is_the_median(void **state)
{
    (void)state;
    struct errinfo e;
    struct sae *s = sae_make("topk", 2, 4, 1, 1);
    const float x[] = {0, 0, 1, 0, 2, 0, 3, 0, 100, 0};
    assert_ok(sae_init_bias(s, x, 5, &e), &e);
    assert_true(fabs((double)s->b_dec[0] - 2.0) < 0.01 && fabsf(s->b_dec[1]) < 1e-6f);
    const float same[] = {4, 5, 4, 5, 4, 5};
    assert_ok(sae_init_bias(s, same, 3, &e), &e);
    assert_true(fabsf(s->b_dec[0] - 4) < 1e-5f && fabsf(s->b_dec[1] - 5) < 1e-5f);
    const float bad[] = {1, NAN};
    check_error(sae_init_bias(s, bad, 1, &e), ERR_NUMERIC, &e, "column");
    sae_free(s);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns_topk),
        cmocka_unit_test(learns_batchtopk),
        cmocka_unit_test(auxk_revives),
        cmocka_unit_test(threads_give_the_same_bytes),
        cmocka_unit_test(fork_continues),
        cmocka_unit_test(state_arrays_resume),
        cmocka_unit_test(schedule),
        cmocka_unit_test(not_finite_changes_nothing),
        cmocka_unit_test(settings_and_sizes),
        cmocka_unit_test(bias_is_the_median),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
