/* Settings: one table behind flags, files and config.json. */
#include "train/metric.h"
#include "train/settings.h"
#include "train/settings_arch.h"
#include "unit/check.h"

#include <math.h>
#include <string.h>

static void defaults_are_inside_their_own_ranges(void **state)
{
    (void)state;
    struct settings s;
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    settings_init(&s);
    for (size_t i = 0; i < n; i++) {
        struct errinfo e = {0};
        assert_int_equal(
            settings_set(&s, t[i].key, t[i].def, from_program("default"), &e), OK);
        assert_string_equal(settings_origin(&s, &t[i]).name, "default");
    }
    assert_int_equal(s.k, 4);
    assert_int_equal(s.mask_kind, 0);
    assert_string_equal(s.hook, "blocks.1.hook_resid_post");
}

static void keys_and_flags_are_unique(void **state)
{
    (void)state;
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    for (size_t i = 0; i < n; i++) {
        assert_ptr_equal(setting_find(t[i].key), &t[i]);
        for (size_t j = 0; j < i; j++) {
            assert_true(!t[i].flag || !t[j].flag || strcmp(t[i].flag, t[j].flag) != 0);
        }
    }
}

/* Words and values of a setting are one to one, so that each is printed as it is read.
 */
static void words_are_one_to_one(void **state)
{
    (void)state;
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    for (size_t i = 0; i < n; i++) {
        const bool has = t[i].type == SETTING_IS_ENUM || t[i].type == SETTING_IS_BOOL;
        assert_int_equal(t[i].words != NULL, has);
        for (const struct setting_word *a = t[i].words; a && a->word; a++) {
            for (const struct setting_word *b = t[i].words; b < a; b++) {
                assert_string_not_equal(a->word, b->word);
                assert_int_not_equal(a->value, b->value);
            }
        }
    }
}

static void wrong_values_say_what_is_expected(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *says;
    } cases[] = {
        {"width", "four", "expected an integer"},
        {"width", "0", "an integer from 1 to 4194304"},
        {"seed", "-3", "from 0 to 9007199254740991"},
        {"steps", "-1", "from 1 to 1000000000"},
        /* Times the batch it has to stay a number of activations. */
        {"mask.schedule_steps", "4000000000000000000", "from 0 to 1000000000"},
        {"width", "4.5", "found '4.5'"},
        {"k", "four", "expected a number"},
        {"k", "0", "from 0.01 to 65536"},
        {"mask.rate", "1.5", "from 0 to 0.95"},
        {"mask.rate", "nan", "found 'nan'"},
        {"mask.kind", "tokens", "token|random|unigram"},
        {"mask.ratte", "0.3", "the nearest is 'mask.rate'"},
    };
    struct settings s;
    settings_init(&s);
    const struct settings before = s;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct errinfo e = {0};
        assert_int_equal(
            settings_set(&s, cases[i].key, cases[i].value, from_program("here"), &e),
            ERR_USAGE);
        if (!strstr(e.msg, cases[i].says)) {
            fail_msg("'%s' does not say '%s'", e.msg, cases[i].says);
        }
    }
    assert_memory_equal(&s, &before, sizeof s);
}

static void files_may_nest_and_are_checked(void **state)
{
    (void)state;
    struct settings s;
    struct errinfo e = {0};
    cJSON *obj = cJSON_Parse("{\"about\": \"x\", \"k\": 8, \"mask\": {\"rate\": 0.1,"
                             "\"kind\": \"random\"}, \"adam.eps\": 1e-9}");
    settings_init(&s);
    assert_int_equal(settings_from_json(&s, obj, "f.json", &e), OK);
    assert_int_equal(s.k, 8);
    assert_true(fabs(s.mask_rate - 0.1) < 1e-12);
    assert_int_equal(s.mask_kind, 1);
    assert_true(fabs(s.adam_eps - 1e-9) < 1e-20);
    assert_string_equal(settings_origin(&s, setting_find("k")).name, "f.json");
    assert_int_equal(settings_origin(&s, setting_find("k")).by, GIVEN_BY_FILE);
    cJSON_Delete(obj);
    static const char *const bad[] = {"{\"k\": [1]}",
                                      "{\"nope\": 1}",
                                      "[1]",
                                      "{\"mask\": {\"rate\": true}}",
                                      "{\"width\": {}}",
                                      "{\"cache\": {}}",
                                      "{\"nope\": {}}",
                                      "{\"width\": \"64\"}",
                                      "{\"model\": 5}",
                                      "{\"about\": {}}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        obj = cJSON_Parse(bad[i]);
        assert_int_not_equal(settings_from_json(&s, obj, "f.json", &e), OK);
        assert_non_null(strstr(e.msg, "f.json"));
        cJSON_Delete(obj);
    }
}

/* Every setting against every kind of JSON value: only its own is taken. */
static void kinds_of_values(void **state)
{
    (void)state;
    static const char *const kinds[] = {"null",     "true",     "false",      "[]",
                                        "{}",       "[1]",      "7.5",        "\"8\"",
                                        "\"auto\"", "\"none\"", "{\"x\": 1}", "1e999"};
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    for (size_t i = 0; i < n; i++) {
        const bool number = t[i].type == SETTING_IS_INT || t[i].type == SETTING_IS_NUM;
        const bool open = strcmp(t[i].def, "auto") == 0;
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            struct settings s;
            struct errinfo e = {0};
            char text[256];
            settings_init(&s);
            const struct settings before = s;
            snprintf(text, sizeof text, "{\"%s\": %s}", t[i].key, kinds[k]);
            cJSON *obj = cJSON_Parse(text);
            if (!obj) {
                continue; /* as 1e999 may be */
            }
            const cJSON *v = obj->child;
            const enum err rc = settings_from_json(&s, obj, "f.json", &e);
            const bool is_auto = open && strcmp(kinds[k], "\"auto\"") == 0;
            const bool may =
                cJSON_IsString(v) ? !number || is_auto : number && cJSON_IsNumber(v);
            if (rc == OK && !may) {
                fail_msg("%s is taken", text);
            }
            if (rc != OK) {
                assert_memory_equal(&s, &before, offsetof(struct settings, origin));
                if (!strstr(e.msg, "f.json: ") || !strstr(e.msg, t[i].key)) {
                    fail_msg("%s: %s", text, e.msg);
                }
            } else if (t[i].type == SETTING_IS_NUM && cJSON_IsNumber(v)) {
                const char *field = (const char *)&s + t[i].offset;
                assert_true(isfinite(*(const double *)field));
            }
            cJSON_Delete(obj);
        }
    }
}

static void json_round_trip(void **state)
{
    (void)state;
    struct settings a, b;
    struct errinfo e = {0};
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    settings_init(&a);
    assert_int_equal(
        settings_set(&a, "seed", "4503599627370497", from_program("x"), &e), OK);
    assert_int_equal(
        settings_set(&a, "lr", "0.00123456789012345", from_program("x"), &e), OK);
    assert_int_equal(settings_set(&a, "k", "3.2", from_program("x"), &e), OK);
    assert_int_equal(settings_set(&a, "corpus", "a \"b\"\n.txt", from_program("x"), &e),
                     OK);
    cJSON *obj = cJSON_CreateObject();
    assert_int_equal(settings_add_json(&a, obj, &e), OK);
    settings_init(&b);
    assert_int_equal(settings_from_json(&b, obj, "x", &e), OK);
    cJSON_Delete(obj);
    assert_memory_equal(&a, &b, offsetof(struct settings, origin));
    assert_true(n > 30);
    (void)t;
}

/* Settings of a command line replace members of a file, each as its own type. */
static void given_settings_over_a_file(void **state)
{
    (void)state;
    struct settings a, b;
    struct errinfo e = {0};
    settings_init(&a);
    assert_int_equal(settings_set(&a, "width", "64", from_program("x"), &e), OK);
    assert_int_equal(settings_set(&a, "l0", "auto", from_program("x"), &e), OK);
    assert_int_equal(settings_set(&a, "corpus", "", from_program("x"), &e), OK);
    assert_int_equal(settings_set(&a, "mask.kind", "random", from_program("x"), &e),
                     OK);
    cJSON *obj = cJSON_Parse("{\"width\": 128, \"seed\": 7}");
    assert_int_equal(settings_put_given(&a, obj, &e), OK);
    assert_int_equal(cJSON_GetArraySize(obj), 5);
    settings_init(&b);
    if (settings_from_json(&b, obj, "x", &e) != OK) {
        fail_msg("%s", e.msg);
    }
    cJSON_Delete(obj);
    assert_int_equal(b.width, 64);
    assert_int_equal(b.seed, 7);
    assert_int_equal(b.mask_kind, a.mask_kind);
}

static void k_fits_the_architecture(void **state)
{
    (void)state;
    static const struct {
        const char *arch, *k, *batch, *says; /* says NULL: it fits */
        const char *shown;
    } cases[] = {
        {"batchtopk", "3.2", "1024", NULL, "k=3.2"},
        {"matryoshka", "0.5", "1024", NULL, "k=0.5"},
        {"matryoshka", "4", "1024", NULL, "k=4"},
        {"matryoshka", "4.0", "1024", NULL, "k=4"},
        {"topk", "16", "1024", NULL, "k=16"},
        {"jumprelu", "3.2", "1024", NULL, "step l0=4"},
        {"topk", "3.2", "1024", "k is 3.2, expected a whole number", ""},
        {"topk", "0.5", "1024", "k is 0.5, expected a whole number", ""},
        {"batchtopk", "0.01", "49", "k is 0.01, nothing of a batch of 49", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct settings s;
        struct errinfo e = {0};
        char shown[64];
        settings_init(&s);
        assert_ok(settings_set(&s, "arch", cases[i].arch, from_program("x"), &e), &e);
        assert_ok(settings_set(&s, "k", cases[i].k, from_program("x"), &e), &e);
        assert_ok(settings_set(&s, "batch", cases[i].batch, from_program("x"), &e), &e);
        if (cases[i].says) {
            check_error(settings_check_arch(&s, &e), ERR_USAGE, &e, cases[i].says);
            continue;
        }
        assert_ok(settings_check_arch(&s, &e), &e);
        settings_resolve(&s, 128, 128);
        settings_sparsity(&s, shown, sizeof shown);
        assert_string_equal(shown, cases[i].shown);
    }
}

static void auto_values_scale_with_the_run(void **state)
{
    (void)state;
    struct settings s;
    settings_init(&s);
    s.steps = 500;
    settings_resolve(&s, 64, 128);
    assert_int_equal(s.lr_warmup, 16);
    assert_int_equal(s.dead_after, 33);
    assert_int_equal(s.eval_every, 50);
    assert_int_equal(s.context, 64);
    assert_int_equal(s.aux_k, 64);
    settings_init(&s);
    s.steps = 100000;
    settings_resolve(&s, 1024, 128);
    assert_int_equal(s.lr_warmup, 50);
    assert_int_equal(s.dead_after, 1000);
    assert_int_equal(s.context, 128);
}

/* A number left open is "auto" until the architecture says what that is. */
static void auto_values_are_the_architectures(void **state)
{
    (void)state;
    static const struct {
        const char *arch, *key, *value;
    } cases[] = {
        {"topk", "lr", "0.002"},
        {"topk", "decoder", "unit"},
        {"topk", "dead", "auxk"},
        {"topk", "l1", "auto"},
        {"standard", "decoder", "free"},
        {"standard", "decoder_init", "0.1"},
        {"standard", "dead", "leave"},
        {"standard", "sparsity.warmup", "30"},
        {"jumprelu", "l1", "auto"},
        {"jumprelu", "jumprelu.target_l0", "4"},
        {"jumprelu", "jumprelu.bandwidth", "2"},
        {"jumprelu", "jumprelu.threshold", "1"},
        {"nothing", "lr", "auto"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct settings s;
        struct errinfo e = {0};
        struct str text;
        str_init(&text, 1000);
        settings_init(&s);
        settings_print(&s, setting_find("lr"), &text);
        assert_string_equal(text.p, "auto");
        assert_int_equal(settings_set(&s, "arch", cases[i].arch, from_program("x"), &e),
                         OK);
        s.steps = 600;
        settings_resolve(&s, 64, 128);
        str_free(&text);
        str_init(&text, 1000);
        settings_print(&s, setting_find(cases[i].key), &text);
        if (strcmp(text.p, cases[i].value) != 0) {
            fail_msg("%s of %s is %s", cases[i].key, cases[i].arch, text.p);
        }
        str_free(&text);
    }
}

static void keys_of_other_architectures_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *arch, *key, *value;
    } wrong[] = {
        {"topk", "l1", "2"},
        {"standard", "k", "8"},
        {"standard", "aux.coef", "0"},
        {"gated", "lp", "0.5"},
        {"topk", "l0", "auto"},
        {"batchtopk", "matryoshka.loss", "sum"},
        {"standard", "dead", "auxk"},
        {"topk", "dead", "resample"},
        {"nothing", "k", "8"},
        {"jumprelu", "k", "8"},
        {"jumprelu", "jumprelu.target_l0", "8"},
        {"jumprelu", "jumprelu.tanh_scale", "2"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct settings s;
        struct errinfo e = {0};
        settings_init(&s);
        assert_int_equal(
            settings_set(&s, "arch", wrong[i].arch, from_user("command line"), &e), OK);
        assert_int_equal(settings_set(&s, wrong[i].key, wrong[i].value,
                                      from_user("command line"), &e),
                         OK);
        assert_int_equal(settings_check_arch(&s, &e), ERR_USAGE);
        assert_non_null(strstr(e.msg, wrong[i].arch));
        /* From a file it is ignored, but for the architecture's own name. */
        settings_init(&s);
        assert_int_equal(
            settings_set(&s, "arch", wrong[i].arch, from_file("f.json"), &e), OK);
        assert_int_equal(
            settings_set(&s, wrong[i].key, wrong[i].value, from_file("f.json"), &e),
            OK);
        assert_int_equal(settings_check_arch(&s, &e) == OK,
                         strcmp(wrong[i].arch, "nothing") != 0);
    }
}

static void exponents_fall_forwards(void **state)
{
    (void)state;
    struct settings s;
    struct errinfo e = {0};
    settings_init(&s);
    assert_ok(settings_set(&s, "arch", "p_anneal", from_program("x"), &e), &e);
    s.anneal_from = s.anneal_to = 0.5;
    assert_ok(settings_check_arch(&s, &e), &e);
    s.anneal_from = 0.6;
    check_error(settings_check_arch(&s, &e), ERR_USAGE, &e,
                "p_anneal.to is 0.5, expected p_anneal.from (0.6) or more");
}

/* Settings that each apply, but not beside one another. */
static void settings_that_exclude_each_other(void **state)
{
    (void)state;
    static const struct {
        const char *arch, *key[2], *value[2];
    } wrong[] = {
        {"matryoshka", {"matryoshka.aux", "aux.form"}, {"groups", "normalised"}},
        {"jumprelu", {"jumprelu.ste_to_input", "jumprelu.loss"}, {"yes", "quadratic"}},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct settings s;
        struct sae_train_config c;
        struct errinfo e = {0};
        settings_init(&s);
        assert_int_equal(
            settings_set(&s, "arch", wrong[i].arch, from_file("f.json"), &e), OK);
        for (size_t k = 0; k < 2; k++) {
            assert_int_equal(settings_set(&s, wrong[i].key[k], wrong[i].value[k],
                                          from_file("f.json"), &e),
                             OK);
        }
        settings_resolve(&s, 128, 64);
        assert_int_equal(settings_train_config(&s, &c, &e), ERR_USAGE);
        assert_non_null(strstr(e.msg, wrong[i].key[0]));
    }
}

/* Every architecture's defaults make a trainer's configuration. */
static void defaults_fit_every_architecture(void **state)
{
    (void)state;
    static const char *const archs[] = {"topk",  "batchtopk", "matryoshka", "standard",
                                        "gated", "jumprelu",  "p_anneal",   "tied"};
    for (size_t i = 0; i < sizeof archs / sizeof archs[0]; i++) {
        struct settings s;
        struct errinfo e = {0};
        struct sae_train_config c;
        struct sae *sae = NULL;
        struct sae_trainer *t = NULL;
        settings_init(&s);
        assert_int_equal(settings_set(&s, "arch", archs[i], from_program("x"), &e), OK);
        settings_resolve(&s, 64, 128);
        assert_int_equal(settings_check_arch(&s, &e), OK);
        assert_int_equal(settings_train_config(&s, &c, &e), OK);
        assert_int_equal(c.hyper.groups, i == 2 ? 5 : 0);
        assert_int_equal(
            sae_new(sae_arch_find(s.arch), 16, (size_t)s.width, s.k, &sae, &e), OK);
        assert_int_equal(sae_trainer_new(sae, &c, 8, &t, &e), OK);
        sae_trainer_free(t);
        sae_free(sae);
    }
}

/* A resume may change what src/README.md says it may: log, evaluation, checkpoints,
 * threads. */
static void what_does_not_shape_a_run_is_free(void **state)
{
    (void)state;
    static const char *const begin[] = {"threads", "log.", "eval.", "checkpoint."};
    size_t n = 0, found = 0;
    const struct setting_def *t = settings_table(&n);
    for (size_t i = 0; i < n; i++) {
        for (size_t b = 0; b < sizeof begin / sizeof begin[0]; b++) {
            if (strncmp(t[i].key, begin[b], strlen(begin[b])) == 0) {
                assert_int_equal(t[i].scope, SETTING_OF_FREE);
                found++;
            }
        }
    }
    assert_true(found >= 9);
    assert_int_equal(setting_find("k")->scope, SETTING_OF_ARM);
    assert_int_equal(setting_find("seed")->scope, SETTING_OF_RUN);
}

static void sample_paths_are_found_elsewhere(void **state)
{
    (void)state;
    struct settings s;
    struct errinfo e = {0};
    char out[256];
    settings_init(&s);
    snprintf(s.samples_dir, sizeof s.samples_dir, "/nowhere/share");
    assert_int_equal(settings_path(&s, "samples/x.json#part", out, sizeof out, &e), OK);
    assert_string_equal(out, "/nowhere/share/x.json#part");
    assert_int_equal(settings_path(&s, "mine.txt", out, sizeof out, &e), OK);
    assert_string_equal(out, "mine.txt");
}

static void metrics_are_found_by_their_beginning(void **state)
{
    (void)state;
    assert_int_equal(metric_find("loss"), METRIC_LOSS);
    assert_int_equal(metric_find("explained variance OOD"), METRIC_EV_OOD);
    assert_int_equal(metric_find("ce_recovered_o"), METRIC_CE_REC_OOD);
    assert_int_equal(metric_find("a"), -1); /* more than one */
    assert_int_equal(metric_find(""), -1);
    assert_int_equal(metric_find("nothing like it"), -1);
    const struct metric_row r = metric_row_empty();
    assert_true(isnan(r.v[METRIC_STEP]) && isnan(r.v[METRIC_GRAD]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_inside_their_own_ranges),
        cmocka_unit_test(keys_and_flags_are_unique),
        cmocka_unit_test(words_are_one_to_one),
        cmocka_unit_test(wrong_values_say_what_is_expected),
        cmocka_unit_test(files_may_nest_and_are_checked),
        cmocka_unit_test(kinds_of_values),
        cmocka_unit_test(json_round_trip),
        cmocka_unit_test(given_settings_over_a_file),
        cmocka_unit_test(k_fits_the_architecture),
        cmocka_unit_test(auto_values_scale_with_the_run),
        cmocka_unit_test(auto_values_are_the_architectures),
        cmocka_unit_test(keys_of_other_architectures_are_refused),
        cmocka_unit_test(exponents_fall_forwards),
        cmocka_unit_test(settings_that_exclude_each_other),
        cmocka_unit_test(defaults_fit_every_architecture),
        cmocka_unit_test(what_does_not_shape_a_run_is_free),
        cmocka_unit_test(sample_paths_are_found_elsewhere),
        cmocka_unit_test(metrics_are_found_by_their_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
