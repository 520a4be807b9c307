/* State of a trainer: forks and resumes go on as if never interrupted, tuned trainers
 * as if made so, a random decoder stays, and impossible states are refused. */
#include "num/blas.h"
#include "unit/sae_world.h"

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

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fork_continues),
        cmocka_unit_test(state_arrays_resume),
        cmocka_unit_test(a_random_decoder_stays),
        cmocka_unit_test(tuned_trainers_go_on),
        cmocka_unit_test(states_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
