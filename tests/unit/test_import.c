/* Another tool's SAE written as a run: it opens as it stands, with the same SAE, and
 * what does not fit the model is refused. */
#include "base/mem.h"
#include "check.h"
#include "num/blas.h"
#include "sample_settings.h"
#include "train/run_open.h"
#include "train/runstate.h"

#include <math.h>

#define HOOK  "blocks.2.hook_resid_pre"
#define WIDTH 24

/* A directory in SAELens' layout that does not say who saved it. */
static void make_sae(const char *dir, size_t D, const char *hook)
{
    struct errinfo e;
    struct sae *s = NULL;
    char path[512], *text = NULL, *note = NULL;
    size_t len = 0;
    const struct sae_meta meta = {.hook_name = hook, .model_name = "theirs"};
    assert_ok(sae_new(sae_arch_find("jumprelu"), D, WIDTH, 1, &s, &e), &e);
    sae_init_weights(s, 3);
    for (size_t j = 0; j < WIDTH; j++) {
        s->extra[j] = 0.1f + 0.05f * (float)(j % 5);
    }
    assert_ok(sae_save(s, &meta, dir, &e), &e);
    sae_free(s);
    tmp_path(path, dir, "cfg.json");
    assert_ok(file_read(path, 1 << 20, &text, &len, &e), &e);
    note = strstr(text, "\"saetop\"");
    assert_non_null(note);
    memcpy(note, "\"noted!\"", 8);
    assert_ok(file_write_text(path, text, &e), &e);
    mem_free(text);
}

/* Thresholds give 2.5 active latents on the text, in the ratios that they had. */
static void assert_calibrated(const struct sae *s, const struct inputs *in)
{
    struct errinfo e;
    struct sae_codes c = {0};
    const double n = (double)in->n_clean;
    assert_true(in->n_clean > 1000);
    assert_ok(sae_encode(s, in->clean, in->n_clean, NULL, &c, &e), &e);
    assert_true(fabs((double)c.start[in->n_clean] / n - 2.5) < 2 / n);
    assert_true(fabs((double)(s->extra[1] / s->extra[0]) - 1.5) < 1e-5);
    sae_codes_deinit(&c);
}

static void writes_a_run(void **state)
{
    (void)state;
    struct errinfo e;
    char from[128], to[128];
    struct remarks remarks = {0};
    struct settings set = sample_settings(10);
    struct run_record r = {0}, back = {0};
    struct run_state resumed = {0};
    struct inputs *in = NULL;
    int lock = -1;
    tmp_make(from, sizeof from);
    tmp_make(to, sizeof to);
    make_sae(from, 128, HOOK);
    assert_ok(
        settings_set(&set, "threshold.target_l0", "2.5", from_user("command line"), &e),
        &e);
    assert_ok(run_open(from, &set, &set, &r, &e), &e);
    assert_true(r.imported && !r.from.own);
    assert_string_equal(r.set.hook, HOOK);
    assert_ok(inputs_new(&r.set, NULL, &in, &e), &e);
    assert_ok(run_record_fit(&r, from, in, &e), &e);
    assert_calibrated(r.sae, in);
    assert_ok(rundir_create(to, &e), &e); /* it is there, but empty */
    assert_ok(rundir_lock(to, &lock, &e), &e);
    assert_ok(rundir_import(to, &r, "saelens", in, &e), &e);
    rundir_unlock(to, lock);

    assert_true(rundir_is(to));
    assert_ok(rundir_load(to, &back, &e), &e);
    assert_true(back.imported);
    assert_int_equal(back.step, 0);
    assert_int_equal(back.history.rows, 0);
    assert_string_equal(back.set.model, set.model);
    assert_string_equal(back.set.corpus, set.corpus);
    assert_string_equal(back.set.hook, HOOK);
    assert_string_equal(back.set.arch, "jumprelu");
    assert_int_equal(back.set.width, WIDTH);
    assert_true(isnan(back.set.lr)); /* how it was trained is not known */
    assert_memory_equal(back.sae->arena, r.sae->arena, r.sae->count * sizeof(float));
    assert_true(back.model_hash && back.corpus_hash);
    /* The run keeps what the imported files said. */
    run_record_remarks(&back, in, &remarks);
    assert_int_equal(remarks.n, 1);
    assert_non_null(strstr(remarks.line[0], "made for the model theirs, and runs on "
                                            "saetop-sample ("));
    snprintf(back.from.model, sizeof back.from.model, "org/Saetop_Sample");
    back.from.says_bos = true;
    back.from.prepend_bos = false;
    back.model_hash++;
    remarks.n = 0;
    run_record_remarks(&back, in, &remarks);
    assert_int_equal(remarks.n, 2);
    assert_non_null(strstr(remarks.line[0], "imported for another model"));
    assert_non_null(strstr(remarks.line[1], "made for rows without BOS"));
    check_error(runstate_open(to, &resumed, &e), ERR_MISSING, &e, "imported");
    run_record_deinit(&back);
    run_record_deinit(&r);

    /* An SAE of another width; a hook that is named wins over the files'. */
    make_sae(from, 96, "blocks.9.hook_resid_post");
    assert_ok(settings_set(&set, "hook", HOOK, from_user("command line"), &e), &e);
    assert_ok(run_open(from, &set, &set, &r, &e), &e);
    assert_string_equal(r.set.hook, HOOK);
    check_error(run_record_fit(&r, from, in, &e), ERR_FORMAT, &e,
                "the SAE reads 96 dimensions, the model has 128");
    run_record_deinit(&r);
    inputs_free(in);
    tmp_drop(from);
    tmp_drop(to);
}

static void hook_beyond_the_model(void **state)
{
    (void)state;
    struct errinfo e;
    char from[128];
    struct settings set = sample_settings(10);
    struct run_record r = {0};
    struct inputs *in = NULL;
    tmp_make(from, sizeof from);
    make_sae(from, 128, "blocks.9.hook_resid_post");
    assert_ok(run_open(from, &set, NULL, &r, &e), &e);
    check_error(inputs_new(&r.set, NULL, &in, &e), ERR_USAGE, &e, "blocks are 0 to 3");
    run_record_deinit(&r);
    tmp_drop(from);
}

/* A tool's Matryoshka groups become the setting that a run's own have. */
static void prefixes_are_a_setting(void **state)
{
    (void)state;
    struct errinfo e;
    char path[512];
    struct settings set = sample_settings(10);
    struct run_record r = {0};
    const char *fixtures = getenv("SAETOP_FIXTURES");
    assert_non_null(fixtures);
    assert_ok(run_open(tmp_path(path, fixtures, "formats/saelens_matryoshka"), &set,
                       NULL, &r, &e),
              &e);
    assert_string_equal(r.set.arch, "matryoshka");
    assert_string_equal(r.set.groups, "5,10,20");
    run_record_deinit(&r);
}

/* Codes of x are those of x less its mean before, of each kind of bias. */
static void centred_inputs(void **state)
{
    (void)state;
    static const char *const formats[] = {"saelens_gated", "saelens_jumprelu",
                                          "saelens_topk", "saelens_standard_no_b_dec"};
    const char *fixtures = getenv("SAETOP_FIXTURES");
    assert_non_null(fixtures);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct errinfo e;
        char path[512], name[128];
        struct sae *s = NULL;
        struct sae_codes want = {0}, got = {0};
        (void)snprintf(name, sizeof name, "formats/%s", formats[i]);
        assert_ok(foreign_load(tmp_path(path, fixtures, name), &s, NULL, &e), &e);
        float x[256], less[256];
        double mean = 0;
        assert_in_range(s->D, 1, 256);
        for (size_t d = 0; d < s->D; d++) {
            x[d] = (float)(5.0 + 3.0 * sin(1.7 * (double)(d + i)));
            mean += (double)x[d] / (double)s->D;
        }
        for (size_t d = 0; d < s->D; d++) {
            less[d] = (float)((double)x[d] - mean);
        }
        assert_ok(sae_encode(s, less, 1, NULL, &want, &e), &e);
        sae_centre(s);
        assert_ok(sae_encode(s, x, 1, NULL, &got, &e), &e);
        assert_int_equal(got.start[1], want.start[1]);
        assert_true(want.start[1] > 0);
        for (size_t k = 0; k < want.start[1]; k++) {
            assert_int_equal(got.id[k], want.id[k]);
            assert_true(fabsf(got.val[k] - want.val[k]) <=
                        1e-4f * (1 + fabsf(want.val[k])));
        }
        sae_codes_deinit(&want);
        sae_codes_deinit(&got);
        sae_free(s);
    }
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_a_run),
        cmocka_unit_test(hook_beyond_the_model),
        cmocka_unit_test(prefixes_are_a_setting),
        cmocka_unit_test(centred_inputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
