/* [threads] The trainer: learns a known dictionary, gives the same bytes for any thread
 * count, forks, schedules, refuses what is not finite. */
#include "base/mem.h"
#include "base/rng.h"
#include "check.h"
#include "num/blas.h"
#include "sae/sae_schedule.h"

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

static struct sae *sae_make(const char *arch, size_t D, size_t F, double k,
                            uint64_t seed)
{
    struct errinfo e;
    struct sae *s;
    assert_ok(sae_new(sae_arch_find(arch), D, F, k, &s, &e), &e);
    sae_init_weights(s, seed);
    const struct sae_hyper h = {.init_threshold = 0.2};
    sae_init_arch(s, 1.0, &h);
    return s;
}

static struct sae_trainer *trainer_make(struct sae *s, int64_t steps, size_t B)
{
    struct errinfo e;
    struct sae_trainer *t;
    struct sae_train_config c = sae_train_defaults_of(s->arch, steps);
    c.lr = 5e-3;
    c.dead_after = 30;
    c.hyper.coef = 0.05;
    c.hyper.bandwidth = 0.5;
    c.hyper.pre_act = 0.01;
    c.resample_every = 20; /* where dead latents are resampled */
    c.draw_groups = true;
    if ((sae_arch_has(s->arch) & SAE_HAS_RESAMPLE) != 0) {
        c.dead = SAE_DEAD_RESAMPLE;
    }
    assert_ok(sae_trainer_new(s, &c, B, &t, &e), &e);
    return t;
}

#define ARCHES 8
static const char *const archs[ARCHES] = {"topk",     "batchtopk", "matryoshka",
                                          "standard", "gated",     "jumprelu",
                                          "p_anneal", "tied"};

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
    struct sae *s = sae_make(arch, 32, 64, (double)k, 1);
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

/* Those with a penalty find the directions too, with few latents active. */
static void learns_with_penalties(void **state)
{
    (void)state;
    static const struct {
        const char *arch;
        double coef;
        enum sae_jump_loss jump;
    } cases[] = {
        {"standard", 0.3, SAE_JUMP_STEP},      {"gated", 1.0, SAE_JUMP_STEP},
        {"p_anneal", 0.2, SAE_JUMP_STEP},      {"tied", 0.3, SAE_JUMP_STEP},
        {"jumprelu", 0.2, SAE_JUMP_TANH},      {"jumprelu", 0.2, SAE_JUMP_STEP},
        {"jumprelu", 3.0, SAE_JUMP_QUADRATIC},
    };
    struct world w = world_make(32, 48, 8192, 3, 5);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct errinfo e;
        struct sae *s = sae_make(cases[i].arch, 32, 64, 4, 1);
        struct sae_trainer *t;
        struct sae_train_config c = sae_train_defaults_of(s->arch, 800);
        assert_ok(sae_init_bias(s, w.x, 1024, &e), &e);
        c.lr = 5e-3;
        c.hyper.coef = cases[i].coef;
        c.hyper.jump_loss = cases[i].jump;
        c.hyper.bandwidth = 0.5;
        c.hyper.target_l0 = 4;
        assert_ok(sae_trainer_new(s, &c, 256, &t, &e), &e);
        const struct sae_step_info last = run(t, &w, 256, 800, NULL);
        sae_fold(s);
        const double cosine = best_cosine(s, &w);
        if (cosine < 0.9 || last.l0 > 12 || last.explained_variance < 0.8) {
            fail_msg("%s %d: cosine %.3f, L0 %.2f, explained %.3f", cases[i].arch,
                     (int)cases[i].jump, cosine, last.l0, last.explained_variance);
        }
        sae_trainer_free(t);
        sae_free(s);
    }
    world_drop(&w);
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
    struct world w = world_make(40, 80, 4000, 6, 7);
    for (size_t a = 0; a < ARCHES; a++) {
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
    struct world w = world_make(16, 32, 2048, 3, 8);
    for (size_t a = 0; a < ARCHES; a++) {
        struct errinfo e;
        const bool batch = sae_arch_by_batch(sae_arch_find(archs[a]));
        struct sae *s = sae_make(archs[a], 16, 48, batch ? 3.3 : 3, 4), *twin_sae;
        struct sae_trainer *t = trainer_make(s, 200, 256), *twin;
        run(t, &w, 256, 50, NULL);
        assert_ok(sae_trainer_fork(t, &twin_sae, &twin, &e), &e);
        assert_int_equal(sae_trainer_step_count(twin), 50);
        run(t, &w, 256, 60, NULL);
        run(twin, &w, 256, 60, NULL);
        assert_memory_equal(s->arena, twin_sae->arena, s->count * sizeof(float));
        assert_memory_equal(&s->threshold, &twin_sae->threshold, sizeof s->threshold);
        const bool averages = (sae_arch_has(s->arch) & SAE_HAS_THRESHOLD) != 0;
        assert_int_equal(s->threshold > 0, averages);
        sae_trainer_free(t);
        sae_trainer_free(twin);
        sae_free(s);
        sae_free(twin_sae);
    }
    world_drop(&w);
}

/* Weights, threshold, the named arrays and the step are the whole state. */
static void check_resume(const char *arch, const struct world *w)
{
    struct sae *a = sae_make(arch, 16, 48, 3, 4), *b = sae_make(arch, 16, 48, 3, 99);
    struct sae_trainer *ta = trainer_make(a, 200, 256), *tb = trainer_make(b, 200, 256);
    run(ta, w, 256, 73, NULL);
    struct sae_state_array from[16], to[16];
    const size_t n = sae_trainer_state(ta, from, 16);
    assert_int_equal(sae_trainer_state(tb, to, 16), n);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(from[i].name, to[i].name);
        assert_int_equal(from[i].bytes, to[i].bytes);
        assert_int_equal(from[i].bytes, from[i].count * (from[i].is_i64 ? 8 : 4));
        memcpy(to[i].data, from[i].data, from[i].bytes);
    }
    const size_t own = 2 * 16 * 48 + 48 + 16; /* W_enc, W_dec, b_enc, b_dec */
    memcpy(b->arena, a->arena, own * sizeof(float));
    b->threshold = a->threshold;
    sae_trainer_set_step_count(tb, sae_trainer_step_count(ta));
    run(ta, w, 256, 90, NULL);
    run(tb, w, 256, 90, NULL);
    assert_memory_equal(a->arena, b->arena, a->count * sizeof(float));
    assert_memory_equal(&a->threshold, &b->threshold, sizeof a->threshold);
    sae_trainer_free(ta);
    sae_trainer_free(tb);
    sae_free(a);
    sae_free(b);
}

static void state_arrays_resume(void **state)
{
    (void)state;
    struct world w = world_make(16, 32, 2048, 3, 9);
    for (size_t a = 0; a < ARCHES; a++) {
        check_resume(archs[a], &w);
    }
    world_drop(&w);
}

/* A trainer that was tuned goes on as one that is made anew with those settings and has
 * its state: whatever a step is made for follows them. */
static void check_tuned(const char *arch, const struct world *w)
{
    struct errinfo e;
    struct sae *a = sae_make(arch, 16, 48, 3, 4), *b = sae_make(arch, 16, 48, 3, 4);
    struct sae_trainer *ta = trainer_make(a, 200, 256), *tb = NULL;
    struct sae_train_config c = sae_train_defaults_of(a->arch, 200);
    struct sae_tuning tuning = {.k = 0};
    run(ta, w, 256, 41, NULL);
    c.lr = 2e-3;
    c.hyper.coef = 0.3;
    c.hyper.bandwidth = 0.5;
    c.aux_coef = 0.5;
    c.aux_k = 40;
    c.dead_after = 30;
    c.resample_every = 20;
    c.draw_groups = true;
    check_error(sae_trainer_prepare(ta, &c, 49, &tuning, &e), ERR_USAGE, &e, "k is 49");
    assert_ok(sae_trainer_prepare(ta, &c, 7, &tuning, &e), &e);
    sae_trainer_apply(ta, &tuning);
    sae_tuning_free(&tuning);
    assert_true(a->k == 7);

    struct sae_state_array from[16], to[16];
    b->k = 7;
    assert_ok(sae_trainer_new(b, &c, 256, &tb, &e), &e);
    const size_t n = sae_trainer_state(ta, from, 16);
    assert_int_equal(sae_trainer_state(tb, to, 16), n);
    for (size_t i = 0; i < n; i++) {
        memcpy(to[i].data, from[i].data, from[i].bytes);
    }
    memcpy(b->arena, a->arena, a->count * sizeof(float));
    b->threshold = a->threshold;
    sae_trainer_set_step_count(tb, sae_trainer_step_count(ta));
    const struct sae_step_info x = run(ta, w, 256, 60, NULL);
    const struct sae_step_info y = run(tb, w, 256, 60, NULL);
    assert_memory_equal(a->arena, b->arena, a->count * sizeof(float));
    assert_true(x.lr == y.lr && x.loss == y.loss && x.l0 == y.l0);
    if ((sae_arch_has(a->arch) & SAE_HAS_K) != 0) {
        assert_true(fabs(x.l0 - 7) < 0.5);
    }
    sae_trainer_free(ta);
    sae_trainer_free(tb);
    sae_free(a);
    sae_free(b);
}

static void tuned_trainers_go_on(void **state)
{
    (void)state;
    struct world w = world_make(16, 32, 2048, 3, 9);
    for (size_t a = 0; a < ARCHES; a++) {
        check_tuned(archs[a], &w);
    }
    world_drop(&w);
}

/* A random decoder keeps its bits whatever is trained, and takes no part in what is: it
 * does not count in the norm that is clipped, and has no moments. */
static void check_random(const char *arch, const struct world *w)
{
    struct errinfo e;
    struct sae *s[2];
    struct sae_trainer *t[2];
    struct sae_step_info first[2];
    for (int i = 0; i < 2; i++) {
        s[i] = sae_make(arch, 16, 48, 3, 4);
        struct sae_train_config c = sae_train_defaults_of(s[i]->arch, 200);
        c.hyper.decoder = i == 0 ? SAE_DECODER_RANDOM : SAE_DECODER_UNIT;
        c.hyper.coef = 0.05;
        c.dead_after = 20; /* AuxK acts, too */
        assert_ok(sae_trainer_new(s[i], &c, 256, &t[i], &e), &e);
        first[i] = run(t[i], w, 256, 1, NULL);
    }
    assert_true(first[0].grad_norm < first[1].grad_norm);
    struct sae *start = sae_make(arch, 16, 48, 3, 4);
    const size_t bytes = start->F * start->D * sizeof(float);
    const struct sae_step_info last = run(t[0], w, 256, 150, NULL);
    assert_true(last.explained_variance > first[0].explained_variance);
    assert_memory_equal(s[0]->W_dec, start->W_dec, bytes);
    assert_true(memcmp(s[1]->W_dec, start->W_dec, bytes) != 0);
    assert_true(memcmp(s[0]->W_enc, start->W_enc, bytes) != 0);
    assert_true(memcmp(s[0]->b_dec, start->b_dec, start->D * sizeof(float)) != 0);
    assert_false(s[0]->is_free);
    struct sae_state_array a[8];
    assert_true(sae_trainer_state(t[0], a, 8) >= 4);
    for (size_t i = 0; i < 2; i++) {
        const float *decoder = (const float *)a[i].data + start->F * start->D;
        for (size_t k = 0; k < start->F * start->D; k++) {
            assert_true(decoder[k] == 0);
        }
    }
    sae_free(start);
    for (int i = 0; i < 2; i++) {
        sae_trainer_free(t[i]);
        sae_free(s[i]);
    }
}

static void a_random_decoder_stays(void **state)
{
    (void)state;
    struct errinfo e;
    struct world w = world_make(16, 32, 2048, 3, 9);
    for (size_t a = 0; a < ARCHES; a++) {
        if (!sae_arch_is_tied(sae_arch_find(archs[a]))) {
            check_random(archs[a], &w);
        }
    }
    world_drop(&w);
    struct sae *s = sae_make("tied", 16, 48, 3, 4);
    struct sae_train_config c = sae_train_defaults_of(s->arch, 200);
    struct sae_trainer *t;
    c.hyper.decoder = SAE_DECODER_RANDOM;
    check_error(sae_trainer_new(s, &c, 256, &t, &e), ERR_USAGE, &e, "arch tied");
    sae_free(s);
    s = sae_make("standard", 16, 48, 3, 4);
    c.dead = SAE_DEAD_RESAMPLE;
    check_error(sae_trainer_new(s, &c, 256, &t, &e), ERR_USAGE, &e, "resampling");
    sae_free(s);
}

/* What the trainer itself counts and averages, on weights that stand still. */
static void counts_and_averages(void **state)
{
    (void)state;
    struct errinfo e;
    struct world w = world_make(16, 32, 256, 3, 10);
    struct sae_step_info info, tripled;
    struct sae_state_array a[8];

    /* The running threshold begins as the plain mean, not at 0. */
    struct sae *s = sae_make("batchtopk", 16, 48, 3, 4);
    struct sae_train_config c = sae_train_defaults_of(s->arch, 1000);
    struct sae_trainer *t;
    c.lr = 0;
    assert_ok(sae_trainer_new(s, &c, 256, &t, &e), &e);
    run(t, &w, 256, 1, NULL);
    const double first = s->threshold;
    assert_true(first > 0);
    run(t, &w, 256, 5, NULL);
    assert_true(fabs(s->threshold - first) < 1e-9);
    sae_trainer_free(t);
    sae_free(s);

    /* Dead after so many silent steps, not one more. */
    s = sae_make("standard", 16, 48, 3, 4);
    c = sae_train_defaults_of(s->arch, 1000);
    c.lr = 0;
    c.dead_after = 5;
    assert_ok(sae_trainer_new(s, &c, 256, &t, &e), &e);
    s->b_enc[3] = -50.0f;
    info = run(t, &w, 256, 4, NULL);
    assert_true(info.dead_fraction <= 0);
    info = run(t, &w, 256, 1, NULL);
    assert_true(fabs(info.dead_fraction - 1.0 / 48) < 1e-12);
    sae_trainer_free(t);
    sae_free(s);

    /* p-anneal's factor is in the loss. */
    s = sae_make("p_anneal", 16, 48, 3, 4);
    c = sae_train_defaults_of(s->arch, 1000);
    c.lr = 0;
    c.coef_warmup = 0;
    assert_ok(sae_trainer_new(s, &c, 256, &t, &e), &e);
    info = run(t, &w, 256, 1, NULL);
    assert_int_equal(sae_trainer_state(t, a, 8), 4);
    ((struct sae_schedule *)a[3].data)->factor = 3;
    tripled = run(t, &w, 256, 1, NULL);
    assert_true(info.sparsity_loss > 0);
    assert_true(fabs(tripled.sparsity_loss / info.sparsity_loss - 3) < 1e-6);
    sae_trainer_free(t);
    sae_free(s);
    world_drop(&w);
}

/* Arrays may come from a file: counts that index others, squares below 0. */
static void states_that_cannot_be_are_refused(void **state)
{
    (void)state;
    struct errinfo e;
    struct world w = world_make(16, 32, 512, 3, 10);
    struct sae *s = sae_make("p_anneal", 16, 48, 3, 4);
    struct sae_train_config c = sae_train_defaults_of(s->arch, 100);
    struct sae_trainer *t;
    struct sae_state_array a[8];
    assert_ok(sae_trainer_new(s, &c, 256, &t, &e), &e);
    run(t, &w, 256, 30, NULL);
    assert_int_equal(sae_trainer_state(t, a, 8), 4);
    assert_ok(sae_trainer_check_state(t, &e), &e);

    float *const moments[] = {a[0].data, a[1].data};
    const struct {
        size_t of;
        float value;
    } odd[] = {{0, NAN}, {0, INFINITY}, {1, NAN}, {1, -1.0f}};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        const float was = moments[odd[i].of][5];
        moments[odd[i].of][5] = odd[i].value;
        check_error(sae_trainer_check_state(t, &e), ERR_FORMAT, &e, "element 5");
        moments[odd[i].of][5] = was;
    }
    int64_t *silent = a[2].data;
    const int64_t never[] = {-1, 31, INT64_MAX};
    for (size_t i = 0; i < 3; i++) {
        const int64_t was = silent[7];
        silent[7] = never[i];
        check_error(sae_trainer_check_state(t, &e), ERR_FORMAT, &e, "of latent 7");
        silent[7] = was;
    }
    struct sae_schedule *schedule = a[3].data;
    double *const number[] = {
        &schedule->density, &schedule->p,      &schedule->next_p,     &schedule->factor,
        &schedule->updates, &schedule->queued, &schedule->queue[0][0]};
    for (size_t i = 0; i < sizeof number / sizeof number[0]; i++) {
        const double was = *number[i], bad[] = {NAN, INFINITY};
        for (size_t b = 0; b < 2; b++) {
            *number[i] = bad[b];
            check_error(sae_trainer_check_state(t, &e), ERR_FORMAT, &e, "schedule");
        }
        *number[i] = was;
    }
    schedule->queued = 11; /* more than there is room for */
    check_error(sae_trainer_check_state(t, &e), ERR_FORMAT, &e, "11 steps queued");
    schedule->queued = 0.5;
    check_error(sae_trainer_check_state(t, &e), ERR_FORMAT, &e, "0.5 steps queued");
    sae_trainer_free(t);
    sae_free(s);
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
    c.lr_schedule = SAE_LR_COSINE;
    assert_true(fabs(sae_lr_at(&c, 500) - 0.55) < 1e-12);
    assert_true(fabs(sae_lr_at(&c, 1000) - 0.1) < 1e-12);
    c.lr_schedule = SAE_LR_LINEAR;
    c.dead = SAE_DEAD_RESAMPLE; /* the warm-up begins anew */
    c.resample_every = 300;
    assert_true(fabs(sae_lr_at(&c, 300) - 0.02) < 1e-12);
    assert_true(fabs(sae_lr_at(&c, 350) - 1.0) < 1e-12);
    c.warmup_from_zero = true;
    assert_true(sae_lr_at(&c, 0) <= 0.0 && sae_lr_at(&c, 300) <= 0.0);
    assert_true(fabs(sae_lr_at(&c, 25) - 0.5) < 1e-12);
    assert_true(fabs(sae_lr_at(&c, 50) - 1.0) < 1e-12);
    c.coef_warmup = 200;
    assert_true(sae_coef_at(&c, 0) <= 0.0);
    assert_true(fabs(sae_coef_at(&c, 50) - 0.25) < 1e-12);
    assert_true(fabs(sae_coef_at(&c, 200) - 1.0) < 1e-12);
}

/* dictionary_learning's PAnnealTrainer, worked by hand: updates at steps 2, 5, 8 of
 * [2, 8]; the first sets p to 1 and no factor, the next use the mean of the history. */
static void exponents_anneal(void **state)
{
    (void)state;
    struct sae_schedule s;
    struct sae_train_config c = sae_train_defaults(10);
    c.anneal_from = 0.2;
    c.anneal_to = 0.8;
    c.anneal_updates = 3;
    c.p_end = 0.5;
    sae_schedule_init(&s, sae_arch_find("p_anneal"), &c);
    const double p[] = {1, 1, 1, 1, 1, 1, 0.75, 0.75, 0.75, 0.5, 0.5};
    const double next[] = {0, 0, 0, 0.75, 0.75, 0.75, 0.5, 0.5, 0.5, 0.5, 0.5};
    const double factor[] = {1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3};
    for (int64_t step = 0; step < 11; step++) {
        assert_true(fabs(s.p - p[step]) < 1e-12);
        assert_true(fabs(s.next_p - next[step]) < 1e-12);
        assert_true(fabs(s.factor - factor[step]) < 1e-12);
        /* Penalties of steps 3 to 5: 8 and 4; later ones so that all six give 1.5. */
        sae_schedule_anneal(&s, &c, step, step > 5 ? 10 : 8, step > 5 ? 8 : 4);
    }
}

/* Drawn prefixes rise, end at F, differ by step and depend on nothing else. */
static void prefixes_are_drawn(void **state)
{
    (void)state;
    struct errinfo e;
    struct sae_hyper h = {0};
    size_t differ = 0, last[SAE_GROUPS_MAX] = {0};
    assert_ok(sae_groups_parse("1,2,3,4,5", "", true, 6, &h, &e), &e);
    for (int64_t step = 0; step < 200; step++) {
        size_t a[SAE_GROUPS_MAX], b[SAE_GROUPS_MAX];
        if (step == 100) {
            assert_ok(sae_groups_parse(SAE_GROUPS_DEFAULT, "", true, 512, &h, &e), &e);
        }
        sae_schedule_widths(&h, 7, step, a);
        sae_schedule_widths(&h, 7, step, b);
        assert_memory_equal(a, b, h.groups * sizeof *a);
        assert_true(a[0] >= 1 && a[h.groups - 1] == h.width[h.groups - 1]);
        for (size_t i = 1; i < h.groups; i++) {
            assert_true(a[i] > a[i - 1]);
        }
        differ += memcmp(a, last, h.groups * sizeof *a) != 0;
        memcpy(last, a, h.groups * sizeof *a);
    }
    assert_true(differ > 100);
}

/* Latents that are dead start again from inputs, with moments of 0; with the others
 * alive a step leaves them as it should. */
static void dead_latents_are_resampled(void **state)
{
    (void)state;
    struct errinfo e;
    struct world w = world_make(16, 32, 512, 3, 10);
    struct sae *s = sae_make("standard", 16, 48, 3, 4);
    struct sae_train_config c = sae_train_defaults_of(s->arch, 100);
    struct sae_trainer *t;
    c.hyper.decoder = SAE_DECODER_UNIT;
    c.dead = SAE_DEAD_RESAMPLE;
    c.resample_every = 10;
    c.hyper.coef = 0.01;
    assert_ok(sae_trainer_new(s, &c, 256, &t, &e), &e);
    for (size_t j = 0; j < 20; j++) {
        s->b_enc[j] = -50.0f;
    }
    const struct sae_step_info before = run(t, &w, 256, 10, NULL);
    assert_true(s->b_enc[3] < -40.0f && before.l0 > 0);
    run(t, &w, 256, 1, NULL);
    struct sae_state_array array[8];
    assert_true(sae_trainer_state(t, array, 8) == 4);
    const int64_t *silent = array[2].data;
    const float *m = array[0].data, *v = array[1].data;
    double norm = 0;
    for (size_t j = 20; j < 48; j++) {
        double sum = 0;
        for (size_t d = 0; d < 16; d++) {
            sum += (double)s->W_enc[j * 16 + d] * (double)s->W_enc[j * 16 + d];
        }
        norm += sqrt(sum) / 28;
    }
    for (size_t j = 0; j < 20; j++) {
        double enc = 0, dec = 0, dot = 0;
        assert_true(fabsf(s->b_enc[j]) <= 0.0f && silent[j] == 0);
        for (size_t d = 0; d < 16; d++) {
            const size_t i = j * 16 + d;
            enc += (double)s->W_enc[i] * (double)s->W_enc[i];
            dec += (double)s->W_dec[i] * (double)s->W_dec[i];
            dot += (double)s->W_enc[i] * (double)s->W_dec[i];
            assert_true(fabsf(m[i]) + fabsf(v[i]) <= 0.0f);
        }
        assert_true(fabs(dec - 1) < 1e-5);
        assert_true(fabs(sqrt(enc) - 0.2 * norm) < 0.02 * norm);
        assert_true(fabs(dot - sqrt(enc)) < 1e-4);
    }
    const struct sae_step_info after = run(t, &w, 256, 30, NULL);
    assert_true(after.dead_fraction < 0.1);
    sae_trainer_free(t);
    sae_free(s);
    world_drop(&w);
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
    check_error(sae_new(sae_arch_find("topk"), 8, 16, 3.2, &s, &e), ERR_USAGE, &e,
                "k = 3.2, expected a whole number");
    check_error(sae_new(sae_arch_find("batchtopk"), 8, 16, 0, &s, &e), ERR_USAGE, &e,
                "k = 0, expected above 0");
    check_error(sae_new(sae_arch_find("topk"), 8, 0, 1, &s, &e), ERR_LIMIT, &e,
                "0 latents");
    s = sae_make("topk", 8, 16, 2, 1);
    struct sae_train_config c = sae_train_defaults(100);
    c.beta2 = 1.0;
    check_error(sae_trainer_new(s, &c, 16, &t, &e), ERR_USAGE, &e, "out of range");
    c = sae_train_defaults(100);
    check_error(sae_trainer_new(s, &c, 0, &t, &e), ERR_USAGE, &e, "batch 0");
    assert_null(t);
    check_error(sae_init_bias(s, NULL, 0, &e), ERR_USAGE, &e, "no activations");
    sae_free(s);
}

static size_t bytes_of(const char *arch, const struct sae_hyper *h)
{
    struct errinfo e;
    struct sae_trainer *t = NULL;
    struct sae *s = sae_make(arch, 16, 64, 4, 1);
    struct sae_train_config c = sae_train_defaults_of(sae_arch_find(arch), 100);
    c.hyper.gated_detach = h->gated_detach;
    c.hyper.groups = h->groups;
    for (size_t i = 0; i < h->groups; i++) {
        c.hyper.width[i] = h->width[i];
        c.hyper.weight[i] = 1;
    }
    assert_ok(sae_trainer_new(s, &c, 256, &t, &e), &e);
    const size_t bytes = sae_trainer_bytes(t);
    assert_true(bytes > 4 * s->count * sizeof(float));
    sae_trainer_free(t);
    sae_free(s);
    return bytes;
}

/* What a setting adds to a step's arrays is in the estimate. */
static void memory_follows_the_settings(void **state)
{
    (void)state;
    const size_t row = 256 * 16 * sizeof(float), entries = 256 * 64 * sizeof(float);
    const struct sae_hyper attached = {0}, none = {.gated_detach = true};
    const struct sae_hyper two = {.groups = 2, .width = {16, 64}};
    const struct sae_hyper three = {.groups = 3, .width = {16, 32, 64}};
    assert_int_equal(bytes_of("matryoshka", &three),
                     bytes_of("matryoshka", &two) + row);
    assert_int_equal(bytes_of("gated", &attached), bytes_of("gated", &none) + entries);
    assert_true(bytes_of("gated", &none) > bytes_of("standard", &none) + row);
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

static void groups_from_text(void **state)
{
    (void)state;
    struct errinfo e;
    struct sae_hyper h = {0};
    assert_ok(sae_groups_parse(SAE_GROUPS_DEFAULT, "", true, 512, &h, &e), &e);
    const size_t widths[] = {16, 48, 112, 240, 512};
    assert_int_equal(h.groups, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(h.width[i], widths[i]);
        assert_true(fabs(h.weight[i] - 1.0 / 25) < 1e-15);
    }
    assert_ok(sae_groups_parse("64,256", "1,2,3", false, 512, &h, &e), &e);
    assert_int_equal(h.groups, 3);
    assert_int_equal(h.width[2], 512);
    assert_true(fabs(h.weight[2] - 3) < 1e-15);
    assert_ok(sae_groups_parse("512", "", true, 512, &h, &e), &e);
    assert_int_equal(h.groups, 1);
    static const struct {
        const char *groups, *weights, *says;
    } bad[] = {
        {"0.5,0.4", "", "add up"}, {"64,32", "", "rise"},
        {"64,1024", "", "rise"},   {"2.5,8", "", "whole"},
        {"", "", "groups"},        {"a", "", "groups"},
        {"64,,", "", "groups"},    {"-1", "", "groups"},
        {"nan", "", "groups"},     {"64,256", "1,2", "expected one for each"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        check_error(sae_groups_parse(bad[i].groups, bad[i].weights, true, 512, &h, &e),
                    ERR_USAGE, &e, bad[i].says);
    }
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns_topk),
        cmocka_unit_test(learns_batchtopk),
        cmocka_unit_test(learns_with_penalties),
        cmocka_unit_test(auxk_revives),
        cmocka_unit_test(threads_give_the_same_bytes),
        cmocka_unit_test(fork_continues),
        cmocka_unit_test(state_arrays_resume),
        cmocka_unit_test(a_random_decoder_stays),
        cmocka_unit_test(tuned_trainers_go_on),
        cmocka_unit_test(counts_and_averages),
        cmocka_unit_test(states_that_cannot_be_are_refused),
        cmocka_unit_test(schedule),
        cmocka_unit_test(exponents_anneal),
        cmocka_unit_test(prefixes_are_drawn),
        cmocka_unit_test(dead_latents_are_resampled),
        cmocka_unit_test(not_finite_changes_nothing),
        cmocka_unit_test(settings_and_sizes),
        cmocka_unit_test(memory_follows_the_settings),
        cmocka_unit_test(bias_is_the_median),
        cmocka_unit_test(groups_from_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
