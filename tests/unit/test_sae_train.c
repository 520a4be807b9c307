/* [threads] The trainer: gives the same bytes for any thread count, schedules, refuses
 * what is not finite. */
#include "num/blas.h"
#include "unit/sae_world.h"

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
            run(t, &w, 1000, 45, pool); /* AuxK acts from step 30 */
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

/* Counts and averages of the trainer, on weights that stand still. */
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

    /* A latent is dead after exactly dead_after silent steps. */
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
    const struct sae_need need = sae_trainer_needs(t);
    struct sae_need before = {0, 0};
    assert_int_equal(need.numbers, s->count);
    assert_true(need.bytes > 4 * s->count * sizeof(float));
    assert_ok(sae_train_needs(sae_arch_find(arch), 16, 64, 4, &c, 256, &before, &e),
              &e);
    assert_true(before.numbers == need.numbers && before.bytes == need.bytes);
    sae_trainer_free(t);
    sae_free(s);
    return need.bytes;
}

/* The estimate includes the arrays that a setting adds to a step. */
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
        cmocka_unit_test(threads_give_the_same_bytes),
        cmocka_unit_test(counts_and_averages),
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
