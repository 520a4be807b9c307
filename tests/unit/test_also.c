/* Further arms of one harvest: each the same as if it were trained alone, and the model
 * is run once where masks agree. */
#include "num/blas.h"
#include "train/also.h"
#include "unit/run_engine.h"
#include "unit/sample_settings.h"

#include <string.h>

#define STEPS 14

static void run(struct engine *g)
{
    struct errinfo e;
    while (!engine_done(g)) {
        assert_ok(engine_step(g, &e), &e);
    }
}

static void every_arm_is_as_if_alone(void **state)
{
    (void)state;
    static const char also[] =
        "k=8,mask-rate=0.1;width=96;arch=batchtopk,k=3.2,mask-rate=0.1;"
        "arch=matryoshka,k=2.6,mask.positions=mix;seed.weights=9;"
        "seed.weights=9,mask-rate=0.1";
    struct errinfo e;
    char dir[256], path[512], command[700];
    struct settings set = sample_settings(STEPS);
    set.fill_rows = 4;
    set.twin = TWIN_UNMASKED;
    snprintf(set.also, sizeof set.also, "%s", also);
    struct engine *g = start_engine(&set);
    assert_int_equal(g->n_arms, 8);
    assert_string_equal(g->arm[4].suffix, "-also3");
    run(g);
    for (size_t i = 0; i < 8; i++) {
        struct settings own = set;
        own.also[0] = '\0';
        own.twin = TWIN_NONE;
        if (i == 1) {
            assert_ok(twin_settings(&set, &own, &e), &e);
        } else if (i > 1) {
            assert_ok(also_settings(&set, i - 2, &own, &e), &e);
        }
        own.threads = 1;
        struct engine *alone = start_engine(&own);
        run(alone);
        assert_same_sae(g->arm[i].arm->sae, alone->arm[0].arm->sae);
        engine_free(alone);
    }
    /* Arm 3 has the first one's masks, arm 4 those of arm 2, arm 5 mixes what the first
     * two have, 6 and 7 are 0 and 2 with other weights: none of them ran the model. */
    for (size_t i = 0; i < 8; i++) {
        const double seconds = source_stats(g->arm[i].arm->source).seconds_model;
        assert_true((seconds > 0) == (i < 3));
    }

    /* They are saved beside each other and go on together. */
    tmp_make(dir, sizeof dir);
    tmp_path(path, dir, "run");
    assert_ok(engine_extend(g, STEPS + 5, &e), &e);
    assert_ok(engine_save(g, path, &e), &e);
    claims_release(&g->claims, 0);
    struct engine *late = NULL;
    assert_ok(engine_resume(path, NULL, getenv("SAETOP_SAMPLES"), NULL, &late, &e), &e);
    assert_int_equal(late->n_arms, 8);
    run(g);
    run(late);
    for (size_t i = 0; i < 8; i++) {
        assert_same_sae(g->arm[i].arm->sae, late->arm[i].arm->sae);
    }
    engine_free(late);
    engine_free(g);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
}

/* threshold.target_l0 is of the run, and an arm without a threshold is saved too. */
static void only_thresholds_are_calibrated(void **state)
{
    (void)state;
    struct errinfo e;
    struct inputs *in = NULL;
    struct engine *g = NULL;
    char dir[256], path[512], command[700];
    struct settings set = sample_settings(3);
    set.calibrate_l0 = 4;
    assert_ok(settings_set(&set, "arch", "batchtopk", from_program("test"), &e), &e);
    snprintf(set.also, sizeof set.also, "arch=topk");
    g = start_engine(&set);
    run(g);
    tmp_make(dir, sizeof dir);
    tmp_path(path, dir, "run");
    assert_ok(engine_save(g, path, &e), &e);
    snprintf(path, sizeof path, "%s/run-also1", dir);
    assert_true(rundir_is(path));
    engine_free(g);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);

    set.also[0] = '\0';
    set.calibrate_l0 = (double)set.width + 1;
    check_error(inputs_new(&set, &in, &e), ERR_USAGE, &e, "threshold.target_l0 is");
}

/* seed sets both seeds; seed.weights is of first weights, prefixes drawn, what
 * resampling draws, and the order of batches, and of nothing else. */
static void weights_have_a_seed_of_their_own(void **state)
{
    (void)state;
    struct errinfo e;
    struct settings set = sample_settings(3);
    struct engine *g[4] = {NULL};
    set.fill_rows = 4;
    for (size_t i = 0; i < 4; i++) {
        struct settings own = set;
        const struct {
            const char *key, *text;
        } given[] = {{"seed", i == 3 ? "8" : "7"},
                     {"seed.weights", i == 0   ? "auto"
                                      : i == 2 ? "8"
                                               : "7"}};
        for (size_t k = 0; k < 2; k++) {
            assert_ok(settings_set(&own, given[k].key, given[k].text,
                                   from_program("test"), &e),
                      &e);
        }
        g[i] = start_engine(&own);
        assert_int_equal(g[i]->arm[0].arm->set.seed_weights, i == 2 ? 8 : 7);
        run(g[i]);
    }
    const struct arm *a = g[0]->arm[0].arm;
    assert_same_sae(a->sae, g[1]->arm[0].arm->sae);
    for (size_t i = 2; i < 4; i++) {
        const struct sae *b = g[i]->arm[0].arm->sae;
        assert_true(memcmp(a->sae->arena, b->arena, b->count * sizeof *b->arena) != 0);
    }
    assert_string_equal(g[0]->arm[0].history.event[0].detail,
                        g[1]->arm[0].history.event[0].detail);
    assert_non_null(
        strstr(g[2]->arm[0].history.event[0].detail, "seed 7, of weights 8"));
    /* The same text under other weights: b_dec begins at its median. */
    assert_true(g[0]->in->scale == g[2]->in->scale);
    for (size_t i = 0; i < 4; i++) {
        engine_free(g[i]);
    }
}

/* n further arms that differ in their seed of weights. */
static void list_seeds(char *out, size_t cap, size_t n)
{
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        len += (size_t)snprintf(out + len, cap - len, "%sseed.weights=%zu",
                                i ? ";" : "", i + 2);
        assert_true(len < cap);
    }
}

static void what_arms_share_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *also, *says;
    } cases[] = {
        {"seed=2", "seed is the same for all arms"},
        {"model=x", "train it apart"},
        {"normalize_activations=none", "normalize_activations is the same"},
        {"batch=12", "batch is the same"},
        {"kk=8", "the nearest is 'k'"},
        {"k", "expected key=value"},
        {"k=8,mask-rate=2", "mask.rate: found '2'"},
        {";k=8", "expected key=value,"},
        {"k=8,5", "k: found '8,5'"},
        {"k=8,", "k: found '8,'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct errinfo e = {0};
        struct settings set, out;
        settings_init(&set);
        snprintf(set.also, sizeof set.also, "%s", cases[i].also);
        check_error(also_settings(&set, 0, &out, &e), ERR_USAGE, &e, cases[i].says);
    }
    /* A comma within a value. */
    static const char *const lists[] = {
        "arch=matryoshka,matryoshka.groups=64,256,k=8;width=96",
        "matryoshka.groups=64,256,k=8,arch=matryoshka",
        "k=8,arch=matryoshka,matryoshka.groups=64,256",
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        struct errinfo e = {0};
        struct settings set, out;
        settings_init(&set);
        snprintf(set.also, sizeof set.also, "%s", lists[i]);
        assert_ok(also_settings(&set, 0, &out, &e), &e);
        assert_string_equal(out.groups, "64,256");
        assert_string_equal(out.arch, "matryoshka");
        assert_true(out.k > 7.5 && out.k < 8.5);
    }
    assert_int_equal(also_count(""), 0);
    assert_int_equal(also_count("k=8"), 1);
    assert_int_equal(also_count("k=8;k=9,lr=1;k=10"), 3);

    struct errinfo e = {0};
    struct inputs *in = NULL;
    struct engine *g = NULL;
    struct settings set = sample_settings(10);
    list_seeds(set.also, sizeof set.also, RUN_ARMS_MAX);
    assert_ok(inputs_new(&set, &in, &e), &e);
    check_error(engine_new(in, &g, &e), ERR_USAGE, &e,
                "found 65 arms, expected 64 at most");
}

static void arms_beyond_the_alphabet_have_two_letters(void **state)
{
    (void)state;
    static const struct {
        size_t i;
        const char *name;
    } cases[] = {{0, "A"}, {25, "Z"}, {26, "AA"}, {51, "AZ"}, {52, "BA"}, {63, "BL"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char name[ARM_LETTERS];
        assert_string_equal(arm_letters(cases[i].i, name), cases[i].name);
    }
}

/* As many as there may be: all are stepped, measured, saved, and go on. */
static void a_run_has_64_arms(void **state)
{
    (void)state;
    struct errinfo e;
    char dir[256], path[512], command[700];
    struct settings set = sample_settings(4);
    struct engine *late = NULL;
    set.fill_rows = 4;
    list_seeds(set.also, sizeof set.also, RUN_ARMS_MAX - 1);
    struct engine *g = start_engine(&set);
    assert_int_equal(g->n_arms, RUN_ARMS_MAX);
    tmp_make(dir, sizeof dir);
    tmp_path(path, dir, "run");
    run_engine_to(g, 2);
    assert_ok(engine_save(g, path, &e), &e);
    claims_release(&g->claims, 0);
    assert_ok(engine_resume(path, NULL, getenv("SAETOP_SAMPLES"), NULL, &late, &e), &e);
    assert_int_equal(late->n_arms, RUN_ARMS_MAX);
    run(g);
    run(late);
    for (size_t i = 0; i < RUN_ARMS_MAX; i++) {
        assert_same_sae(g->arm[i].arm->sae, late->arm[i].arm->sae);
        assert_true(g->arm[i].history.rows > 0);
        assert_true((source_stats(g->arm[i].arm->source).seconds_model > 0) == (i < 1));
    }
    check_error(engine_set_mask(g, 64, 0.1, 0, &e), ERR_USAGE, &e, "there is no arm");
    engine_free(late);
    engine_free(g);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_arm_is_as_if_alone),
        cmocka_unit_test(weights_have_a_seed_of_their_own),
        cmocka_unit_test(only_thresholds_are_calibrated),
        cmocka_unit_test(what_arms_share_is_refused),
        cmocka_unit_test(arms_beyond_the_alphabet_have_two_letters),
        cmocka_unit_test(a_run_has_64_arms),
    };
    num_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
