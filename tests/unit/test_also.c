/* Further arms of one harvest: each the same as if it were trained alone, and the model
 * is run once where masks agree. */
#include "base/mem.h"
#include "num/blas.h"
#include "train/also.h"
#include "unit/run_engine.h"
#include "unit/sample_settings.h"

#include <math.h>
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
    set.context = 128;
    set.fill_rows = 4;
    set.twin = TWIN_UNMASKED;
    snprintf(set.also, sizeof set.also, "%s", also);
    struct engine *g = start_engine(&set);
    assert_int_equal(g->n_arms, 8);
    assert_string_equal(g->arm[4].place.name, "also3");
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

    /* They are saved in one directory and go on together. */
    tmp_make(dir, sizeof dir);
    tmp_path(path, dir, "run");
    assert_ok(engine_extend(g, STEPS + 5, &e), &e);
    assert_ok(engine_save(g, path, &e), &e);
    dirlocks_release(&g->locks, 0);
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

/* The decoder that a condition began with, by its seed. */
static void assert_random(const struct arm *a)
{
    struct errinfo e;
    struct sae *start = NULL;
    assert_ok(sae_new(a->sae->arch, a->sae->D, a->sae->F, a->sae->k, &start, &e), &e);
    sae_init_weights(start, settings_weights_seed(&a->set));
    assert_memory_equal(a->sae->W_dec, start->W_dec,
                        start->F * start->D * sizeof(float));
    sae_free(start);
}

/* A random control learns an encoder for a decoder that stays; it is saved as any SAE
 * and goes on to the same bits. What cannot be is refused in one line. */
static void a_random_control_keeps_its_decoder(void **state)
{
    (void)state;
    struct errinfo e;
    char dir[256], path[512], command[700];
    struct settings set = sample_settings(STEPS);
    set.seed_count = 2;
    set.decoder_init = 0.5; /* of the first; a random one is of norm 1 */
    assert_ok(settings_set(&set, "dead", "resample", from_user("test"), &e), &e);
    snprintf(set.arch, sizeof set.arch, "standard");
    snprintf(set.also, sizeof set.also, ALSO_RANDOM ";other:arch=gated,decoder=random");
    struct engine *g = start_engine(&set);
    assert_int_equal(g->n_arms, 6);
    assert_string_equal(g->arm[1].place.name, "random");
    assert_int_equal(g->arm[1].arm->set.dead, DEAD_LEAVE);
    run(g);
    tmp_make(dir, sizeof dir);
    tmp_path(path, dir, "run");
    assert_ok(engine_extend(g, STEPS + 5, &e), &e);
    assert_ok(engine_save(g, path, &e), &e);
    dirlocks_release(&g->locks, 0);
    struct engine *late = NULL;
    assert_ok(engine_resume(path, NULL, getenv("SAETOP_SAMPLES"), NULL, &late, &e), &e);
    run(g);
    run(late);
    for (size_t i = 0; i < 6; i++) {
        assert_same_sae(g->arm[i].arm->sae, late->arm[i].arm->sae);
        if (i % 3 > 0) {
            assert_random(late->arm[i].arm);
        }
    }
    engine_free(late);
    engine_free(g);

    struct sae *saved = NULL;
    tmp_path(path, dir, "run/arms/random.s2");
    assert_ok(sae_load(path, &saved, &e), &e);
    for (size_t j = 0; j < saved->F; j++) {
        double n = 0;
        for (size_t d = 0; d < saved->D; d++) {
            n += (double)saved->W_dec[j * saved->D + d] *
                 (double)saved->W_dec[j * saved->D + d];
        }
        assert_true(fabs(n - 1) < 1e-5);
    }
    sae_free(saved);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);

    static const struct {
        const char *also, *says;
    } wrong[] = {
        {"random:decoder=random,arch=tied", "decoder=random: arch tied"},
        {"random:decoder=random,dead=resample", "dead=resample: it moves"},
        {"random:decoder=random,decoder_init=0.1", "decoder_init is 0.1, expected 1"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct inputs *in = NULL;
        snprintf(set.also, sizeof set.also, "%s", wrong[i].also);
        assert_ok(inputs_new(&set, NULL, &in, &e), &e);
        check_error(engine_new(in, &g, &e), ERR_USAGE, &e, wrong[i].says);
    }
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
    snprintf(path, sizeof path, "%s/run/arms/also1", dir);
    assert_true(rundir_is(path));
    engine_free(g);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);

    set.also[0] = '\0';
    set.calibrate_l0 = (double)set.width + 1;
    check_error(inputs_new(&set, NULL, &in, &e), ERR_USAGE, &e,
                "threshold.target_l0 is");
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
    assert_ok(inputs_new(&set, NULL, &in, &e), &e);
    check_error(engine_new(in, &g, &e), ERR_USAGE, &e,
                "found 65 arms, expected 64 at most");
}

/* The setting has room for as many named arms as a run may have. */
static void all_arms_have_room(void **state)
{
    (void)state;
    struct errinfo e = {0};
    struct settings set = sample_settings(10), back;
    struct arm_plan *arms = NULL;
    size_t n = 0;
    struct str text;
    str_init(&text, 1u << 16);
    for (size_t i = 1; i < RUN_ARMS_MAX; i++) {
        str_addf(&text, "%sname_of_arm_%zu:k=%zu,mask.rate=0.5", i > 1 ? ";" : "", i,
                 i);
    }
    assert_true(text.len > SETTING_TEXT_MAX);
    assert_ok(settings_set(&set, "also", text.p, from_user("test"), &e), &e);
    assert_ok(arm_plans_of(&set, &arms, &n, &e), &e);
    assert_int_equal(n, RUN_ARMS_MAX);
    assert_string_equal(arms[n - 1].name, "name_of_arm_63");
    assert_true(arms[n - 1].set.k > 62 && arms[n - 1].set.k < 64);
    /* The text is in config.json and is read back. */
    cJSON *root = cJSON_CreateObject();
    settings_init(&back);
    assert_ok(settings_add_json(&set, root, &e), &e);
    assert_string_equal(cJSON_GetObjectItem(root, "also")->valuestring, text.p);
    assert_ok(settings_from_json(&back, root, "config.json", &e), &e);
    assert_string_equal(back.also, text.p);
    cJSON_Delete(root);
    mem_free(arms);
    str_free(&text);
}

/* ---- names ---- */

static void expect_names(const char *also, bool twin, const char *const *names,
                         const char *const *conditions, size_t n)
{
    struct errinfo e = {0};
    struct settings set;
    struct arm_plan *arm = NULL;
    size_t found = 0;
    settings_init(&set);
    set.twin = twin ? TWIN_UNMASKED : TWIN_NONE;
    assert_ok(settings_set(&set, "mask.rate", "0.3", from_user("test"), &e), &e);
    snprintf(set.also, sizeof set.also, "%s", also);
    assert_ok(arm_plans_of(&set, &arm, &found, &e), &e);
    assert_int_equal(found, n);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(arm[i].name, names[i]);
        assert_string_equal(arm[i].condition, conditions[i]);
    }
    mem_free(arm);
}

/* A name stands before a ':' that comes before any '='; who is given none gets one that
 * is free; arms that differ in their seed of weights alone are of one condition. */
static void arms_have_names_and_conditions(void **state)
{
    (void)state;
    static const char *const a[] = {"", "twin", "few", "also2", "also3"},
                             *const ac[] = {"first", "twin", "few", "first", "few"};
    expect_names("few:k=2;seed.weights=2;k=2,seed.weights=2", true, a, ac, 5);
    static const char *const b[] = {"", "also2", "also3", "also4", "x.y_z-1"},
                             *const bc[] = {"first", "also2", "also3", "first",
                                            "x.y_z-1"};
    expect_names("also2:k=2;k=8;seed.weights=5;x.y_z-1:k=16", false, b, bc, 5);
    /* A value may hold a ':', and the twin's settings another arm's name. */
    static const char *const c[] = {"", "twin", "also1"}, *const cc[] = {
                                                              "first", "twin", "twin"};
    expect_names("mask-rate=0,seed.weights=3", true, c, cc, 3);
    struct errinfo e = {0};
    struct settings set, out;
    settings_init(&set);
    snprintf(set.also, sizeof set.also, "m:matryoshka.groups=1:2,64,k=8");
    assert_ok(also_settings(&set, 0, &out, &e), &e);
    assert_string_equal(out.groups, "1:2,64");
    snprintf(set.also, sizeof set.also, "matryoshka.groups=a:b");
    assert_ok(also_settings(&set, 0, &out, &e), &e);
    assert_string_equal(out.groups, "a:b");
    static const struct {
        const char *also, *says;
    } cases[] = {
        {":k=8", "found the name ''"},
        {"a b:k=8", "found the name 'a b'"},
        {"../x:k=8", "found the name '../x'"},
        {"-x:k=8", "found the name '-x'"},
        {".x:k=8", "found the name '.x'"},
        {"x.:k=8", "found the name 'x.'"},
        {"First:k=8", "not 'first'"},
        {"x:", "expected key=value"},
        {"x:y:k=8", "no setting 'y:k'"},
        {"a:k=8;b:k=4;A:k=2", "found two arms named 'A'"},
        {"twin:k=8", "found two arms named 'twin'"},
        {"abcdefghijklmnopqrstuvwxyz0123456789abcdefghijkl:k=8", "up to 47"},
    };
    set.twin = TWIN_UNMASKED;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arm_plan *arm = NULL;
        size_t n = 0;
        snprintf(set.also, sizeof set.also, "%s", cases[i].also);
        check_error(arm_plans_of(&set, &arm, &n, &e), ERR_USAGE, &e, cases[i].says);
    }
}

/* Conditions times seeds, the conditions of a seed after each other. */
static void each_condition_has_its_seeds(void **state)
{
    (void)state;
    static const char *const names[] = {"",       "twin", "few",     "s2",    "twin.s2",
                                        "few.s2", "s3",   "twin.s3", "few.s3"},
                             *const of[] = {"first", "twin",  "few",  "first", "twin",
                                            "few",   "first", "twin", "few"};
    struct errinfo e = {0};
    struct settings set;
    struct arm_plan *arm = NULL;
    size_t n = 0;
    settings_init(&set);
    assert_true(arm_plans_single(&set));
    set.seed = 7;
    set.seed_count = 3;
    assert_false(arm_plans_single(&set));
    set.twin = TWIN_UNMASKED;
    assert_ok(settings_set(&set, "mask.rate", "0.3", from_user("test"), &e), &e);
    snprintf(set.also, sizeof set.also, "few:k=2,seed.weights=40");
    assert_ok(arm_plans_of(&set, &arm, &n, &e), &e);
    assert_int_equal(n, 9);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(arm[i].name, names[i]);
        assert_string_equal(arm[i].condition, of[i]);
        assert_int_equal(settings_weights_seed(&arm[i].set),
                         (i % 3 == 2 ? 40 : 7) + i / 3);
        assert_int_equal(arm[i].set.seed, 7);
        assert_true((arm[i].set.k < 3) == (i % 3 == 2));
        assert_true((arm[i].set.mask_rate > 0) == (i % 3 != 1));
        assert_true(i == 0 || arm_plans_single(&arm[i].set));
    }
    mem_free(arm);
    assert_int_equal(arm_plans_seeds(&set), 3);
    set.seed_count = 1; /* listed by hand: planned all the same */
    snprintf(set.also, sizeof set.also,
             "seed.weights=8;seed.weights=9;seed.weights=10;k=2");
    assert_int_equal(arm_plans_seeds(&set), 4);
    static const struct {
        const char *also;
        int64_t seeds;
        const char *says;
    } cases[] = {
        {"s2:k=8", 2, "found two arms named 's2'"},
        {"again:seed.weights=8", 2, "the arms again and s2 have the same"},
        {"abcdefghijklmnopqrstuvwxyz0123456789abcdefghijk:k=8", 2,
         "too long for '.s2'"},
        {"k=8", 22, "found 66 arms, expected 64"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(set.also, sizeof set.also, "%s", cases[i].also);
        set.seed_count = cases[i].seeds;
        check_error(arm_plans_of(&set, &arm, &n, &e), ERR_USAGE, &e, cases[i].says);
    }
}

static void what_differs_is_said(void **state)
{
    (void)state;
    struct errinfo e = {0};
    struct settings a, b;
    struct str text;
    settings_init(&a);
    b = a;
    str_init(&text, 1000);
    arm_differs(&a, &b, &text);
    assert_int_equal(text.len, 0);
    assert_ok(settings_set(&b, "k", "8", from_user("test"), &e), &e);
    assert_ok(settings_set(&b, "mask.rate", "0.25", from_user("test"), &e), &e);
    assert_ok(settings_set(&b, "seed.weights", "5", from_user("test"), &e), &e);
    arm_differs(&a, &b, &text);
    assert_string_equal(text.p, "k=8,mask.rate=0.25");
    str_free(&text);
}

/* The directory of an arm, of a run and of its checkpoint. */
static void arms_have_their_places(void **state)
{
    (void)state;
    static const struct {
        const char *dir;
        struct arm_place p;
        const char *path;
    } cases[] = {
        {"runs/r", {"", false}, "runs/r"},
        {"runs/r//", {"twin", false}, "runs/r/arms/twin"},
        {"r", {"twin", true}, "r-twin"},
        {"r/checkpoints/step-8/", {"", false}, "r/checkpoints/step-8"},
        {"r/checkpoints/best", {"k8", false}, "r/arms/k8/checkpoints/best"},
        {"r/checkpoints/best", {"also1", true}, "r-also1/checkpoints/best"},
        {"r/arms/twin", {"x", false}, "r/arms/twin/arms/x"},
    };
    struct errinfo e = {0};
    char path[512], text[ARM_PLACES_TEXT];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_ok(arm_place_dir(cases[i].dir, &cases[i].p, path, sizeof path, &e), &e);
        assert_string_equal(path, cases[i].path);
    }
    check_error(arm_place_dir("0123456789", &cases[1].p, path, 20, &e), ERR_LIMIT, &e,
                "path too long");
    /* As many arms as a run may have, all with the longest name, come back from their
     * text. */
    struct arm_place all[RUN_ARMS_MAX], back[RUN_ARMS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < RUN_ARMS_MAX; i++) {
        all[i] = (struct arm_place){.beside = i % 2 == 1};
        snprintf(all[i].name, sizeof all[i].name, "%047zu", i);
    }
    arm_places_print(all, RUN_ARMS_MAX - 1, text);
    assert_ok(arm_places_read(text, "test", back, &n, &e), &e);
    assert_int_equal(n, RUN_ARMS_MAX - 1);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(back[i].name, all[i].name);
        assert_int_equal(back[i].beside, all[i].beside);
    }
    arm_places_print(all, RUN_ARMS_MAX, text);
    check_error(arm_places_read(text, "test", back, &n, &e), ERR_FORMAT, &e,
                "more than 64 arms");
}

static void conditions_beyond_the_alphabet_have_two_letters(void **state)
{
    (void)state;
    static const struct {
        size_t i;
        const char *name;
    } cases[] = {{0, "A"}, {25, "Z"}, {26, "AA"}, {51, "AZ"}, {52, "BA"}, {63, "BL"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char name[CONDITION_LETTERS];
        assert_string_equal(condition_letters(cases[i].i, name), cases[i].name);
    }
}

/* As many arms as a run may have are stepped, measured and saved, and go on. */
static void a_run_has_64_arms(void **state)
{
    (void)state;
    struct errinfo e;
    char dir[256], path[512], command[700];
    struct settings set = sample_settings(4);
    struct engine *late = NULL;
    set.context = 128;
    set.fill_rows = 4;
    list_seeds(set.also, sizeof set.also, RUN_ARMS_MAX - 1);
    struct engine *g = start_engine(&set);
    assert_int_equal(g->n_arms, RUN_ARMS_MAX);
    tmp_make(dir, sizeof dir);
    tmp_path(path, dir, "run");
    run_engine_to(g, 2);
    assert_ok(engine_save(g, path, &e), &e);
    dirlocks_release(&g->locks, 0);
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
        cmocka_unit_test(all_arms_have_room),
        cmocka_unit_test(every_arm_is_as_if_alone),
        cmocka_unit_test(weights_have_a_seed_of_their_own),
        cmocka_unit_test(only_thresholds_are_calibrated),
        cmocka_unit_test(a_random_control_keeps_its_decoder),
        cmocka_unit_test(what_arms_share_is_refused),
        cmocka_unit_test(arms_have_names_and_conditions),
        cmocka_unit_test(each_condition_has_its_seeds),
        cmocka_unit_test(what_differs_is_said),
        cmocka_unit_test(arms_have_their_places),
        cmocka_unit_test(conditions_beyond_the_alphabet_have_two_letters),
        cmocka_unit_test(a_run_has_64_arms),
    };
    num_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
