/* Inputs that cannot be used: the line names the file that the fault is in. */
#include "base/mem.h"
#include "base/safetensors.h"
#include "check.h"
#include "lm/lm.h"
#include "num/blas.h"
#include "sample_settings.h"
#include "tiny.h"
#include "train/run_open.h"

/* Weights that are finite, and activations that are not. */
static void activations_that_overflow(void **state)
{
    (void)state;
    struct errinfo e = {0};
    char dir[128], path[SETTING_TEXT_MAX];
    struct settings set = sample_settings(10);
    struct inputs *in = NULL;
    struct lm *m = NULL;
    tmp_make(dir, sizeof dir);
    assert_ok(settings_path(&set, set.model, path, sizeof path, &e), &e);
    assert_ok(lm_load(path, &m, &e), &e);
    assert_ok(lm_weights_read(m, &m->w, &e), &e);
    for (size_t i = 0; i < m->w.count; i++) {
        m->w.arena[i] *= 1e30f;
    }
    assert_ok(lm_save(m, dir, &e), &e);
    lm_free(m);
    assert_ok(settings_set(&set, "model", dir, from_user("command line"), &e), &e);
    check_error(inputs_new(&set, NULL, &in, &e), ERR_NUMERIC, &e, "not finite");
    assert_non_null(strstr(e.msg, dir));
    assert_non_null(strstr(e.msg, ".grammar.json"));
    assert_null(in);
    tmp_drop(dir);
}

/* Values that only the model or the architecture shows to be wrong. */
static void settings_of_a_file(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value;
    } cases[] = {{"arch", "perceptron"},
                 {"k", "600"},
                 {"context", "60000"},
                 {"hook", "blocks.99.hook_resid_post"},
                 {"checkpoint.best", "luck"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct errinfo e = {0};
        struct settings set = sample_settings(10);
        struct inputs *in = NULL;
        const char *key = cases[i].key;
        assert_ok(
            settings_set(&set, key, cases[i].value, from_file("run/config.json"), &e),
            &e);
        check_error(inputs_new(&set, NULL, &in, &e), ERR_USAGE, &e,
                    "run/config.json: ");
        assert_non_null(strstr(e.msg, key));
        assert_ok(
            settings_set(&set, key, cases[i].value, from_user("command line"), &e), &e);
        check_error(inputs_new(&set, NULL, &in, &e), ERR_USAGE, &e, key);
        assert_null(strstr(e.msg, "config.json"));
    }
}

/* Another tool's SAE without a latent. */
static void no_latents(void **state)
{
    (void)state;
    struct errinfo e = {0};
    char dir[128], path[512];
    static const float bias[8];
    const struct st_tensor t[] = {{"W_enc", ST_F32, 2, {8, 0}, bias, 0},
                                  {"W_dec", ST_F32, 2, {0, 8}, bias, 0},
                                  {"b_enc", ST_F32, 1, {0}, bias, 0},
                                  {"b_dec", ST_F32, 1, {8}, bias, sizeof bias}};
    struct sae *s = NULL;
    tmp_make(dir, sizeof dir);
    assert_ok(
        st_write(tmp_path(path, dir, "sae_weights.safetensors"), t, 4, NULL, 0, &e),
        &e);
    assert_ok(file_write_text(tmp_path(path, dir, "cfg.json"),
                              "{\"architecture\": \"standard\", \"d_in\": 8, "
                              "\"d_sae\": 0, \"metadata\": {}}",
                              &e),
              &e);
    const enum err rc = sae_load(dir, &s, &e);
    assert_int_not_equal(rc, OK);
    if (!strstr(e.msg, dir)) {
        fail_msg("%s", e.msg);
    }
    assert_null(s);
    tmp_drop(dir);
}

/* The precision of products: what the model is run with, what that gives, and what
 * another number of threads gives. */
static void precision_of_products(void **state)
{
    (void)state;
    enum { ROWS = 5, T = 16 };
    static const char *const words[] = {"f32", "bf16", "auto"};
    struct errinfo e = {0};
    int32_t ids[ROWS * T];
    float *x[3][2];
    size_t n = 0;
    for (size_t i = 0; i < 6; i++) {
        struct settings set = sample_settings(10);
        struct inputs *in = NULL;
        assert_ok(
            settings_set(&set, "lm.precision", words[i / 2], from_user("test"), &e),
            &e);
        assert_ok(settings_set(&set, "context", "16", from_user("test"), &e), &e);
        assert_ok(
            settings_set(&set, "threads", i % 2 ? "3" : "1", from_user("test"), &e),
            &e);
        assert_ok(inputs_new(&set, NULL, &in, &e), &e);
        const bool rounded = i / 2 == 1 || (i / 2 == 2 && linear_has_bf16());
        assert_int_equal(in->lm->kind, rounded ? LINEAR_BF16 : LINEAR_F32);
        for (size_t t = 0; t < ROWS * T; t++) {
            ids[t] = (int32_t)(5 * t % in->lm->cfg.vocab);
        }
        n = ROWS * T * harvest_D(in->h);
        x[i / 2][i % 2] = mem_alloc(n, sizeof(float));
        assert_non_null(x[i / 2][i % 2]);
        harvest_rows(in->h, ids, ROWS, x[i / 2][i % 2]);
        inputs_free(in);
    }
    const size_t bytes = n * sizeof(float);
    assert_memory_not_equal(x[0][0], x[1][0], bytes);
    assert_memory_equal(x[2][0], x[linear_has_bf16() ? 1 : 0][0], bytes);
    for (size_t i = 0; i < 3; i++) {
        assert_memory_equal(x[i][0], x[i][1], bytes);
        mem_free(x[i][0]);
        mem_free(x[i][1]);
    }
}

/* A model deeper than the bundled one is read in its middle, where nobody named a hook,
 * and that is said; all arms have it. */
static void a_deep_model_is_read_in_its_middle(void **state)
{
    (void)state;
    static const char *const forms[] = {" dog", " cat"};
    struct errinfo e = {0};
    char dir[128];
    struct lm *m = tiny_lm_of(tiny_tok(forms, 2), 8, 32, 6);
    tmp_make(dir, sizeof dir);
    assert_ok(lm_save(m, dir, &e), &e);
    lm_free(m);
    for (int named = 0; named < 2; named++) {
        struct settings set = sample_settings(10), arm;
        struct inputs *in = NULL;
        static const char *const pairs[][2] = {
            {"ood", ""}, {"concepts", ""}, {"mask.rate", "0"}};
        for (size_t i = 0; i < 3; i++) {
            assert_ok(
                settings_set(&set, pairs[i][0], pairs[i][1], from_user("test"), &e),
                &e);
        }
        assert_ok(settings_set(&set, "model", dir, from_user("test"), &e), &e);
        if (named) {
            assert_ok(settings_set(&set, "hook", "blocks.1.hook_mlp_out",
                                   from_user("test"), &e),
                      &e);
        }
        assert_ok(inputs_new(&set, NULL, &in, &e), &e);
        const char *hook = named ? "blocks.1.hook_mlp_out" : "blocks.2.hook_resid_post";
        assert_string_equal(in->set.hook, hook);
        arm = in->asked;
        inputs_resolve(in, &arm);
        assert_string_equal(arm.hook, hook);
        bool said = false;
        for (size_t i = 0; i < in->remarks.n; i++) {
            said = said || strstr(in->remarks.line[i], "the middle of 6 blocks");
        }
        assert_int_equal(said, !named);
        inputs_free(in);
    }
    tmp_drop(dir);
}

/* One of a single block has no second, behind which others are read. */
static void a_model_of_one_block(void **state)
{
    (void)state;
    static const char *const forms[] = {" dog", " cat"};
    static const char *const pairs[][2] = {
        {"ood", ""}, {"concepts", ""}, {"mask.rate", "0"}};
    struct errinfo e = {0};
    char dir[128];
    struct settings set = sample_settings(10);
    struct inputs *in = NULL;
    struct lm *m = tiny_lm_of(tiny_tok(forms, 2), 8, 32, 1);
    tmp_make(dir, sizeof dir);
    assert_ok(lm_save(m, dir, &e), &e);
    lm_free(m);
    for (size_t i = 0; i < 3; i++) {
        assert_ok(settings_set(&set, pairs[i][0], pairs[i][1], from_user("test"), &e),
                  &e);
    }
    assert_ok(settings_set(&set, "model", dir, from_user("test"), &e), &e);
    assert_ok(inputs_new(&set, NULL, &in, &e), &e);
    assert_string_equal(in->set.hook, "blocks.0.hook_resid_post");
    inputs_free(in);
    tmp_drop(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activations_that_overflow),
        cmocka_unit_test(a_deep_model_is_read_in_its_middle),
        cmocka_unit_test(a_model_of_one_block),
        cmocka_unit_test(settings_of_a_file),
        cmocka_unit_test(no_latents),
        cmocka_unit_test(precision_of_products),
    };
    num_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
