/* [full] The activation cache with models of every family, from both kinds of files.
 * One run keeps the activations of several hooks in several blocks; sources that read
 * them from there, and runs, are to the bit those of the model. */
#include "base/mem.h"
#include "num/blas.h"
#include "unit/run_engine.h"
#include "unit/sample_settings.h"

#include <dirent.h>

/* Two fills and a half; masked and clean rows. */
#define BATCHES 10
#define BATCH   32

/* The first is the hook of the run that fills the caches. */
static const char *const hooks[] = {
    "blocks.0.hook_resid_post",     "blocks.0.mlp.hook_in",
    "blocks.0.mlp.hook_post",       "blocks.1.attn.hook_z",
    "blocks.1.ln2.hook_normalized", "blocks.1.hook_attn_out",
    "blocks.1.hook_mlp_out",        "blocks.1.hook_mlp_in",
    "blocks.1.hook_resid_post",
};
#define HOOKS (sizeof hooks / sizeof *hooks)

static struct settings settings_of(const char *model, const char *hook)
{
    struct settings s = sample_settings(4);
    s.batch = BATCH;
    s.fill_rows = 4;
    s.mask_rate = 0.3;
    s.mask_positions = POSITIONS_MIX;
    s.concepts[0] = '\0';
    (void)snprintf(s.model, sizeof s.model, "%s", model);
    (void)snprintf(s.hook, sizeof s.hook, "%s", hook);
    return s;
}

/* The first batches that a run of these settings trains on, [*floats]: caller owns.
 * *seconds: what the model took for them. */
static float *batches(const struct settings *set, size_t *floats, double *seconds)
{
    struct errinfo e;
    struct inputs *in = NULL;
    struct acts_source *s = NULL;
    assert_ok(inputs_new(set, NULL, &in, &e), &e);
    assert_ok(inputs_source(in, set, &s, &e), &e);
    source_set_rate(s, set->mask_rate);
    const size_t each = BATCH * inputs_width(in);
    float *out = mem_alloc(BATCHES * each, sizeof *out);
    assert_non_null(out);
    for (size_t i = 0; i < BATCHES; i++) {
        const float *x = NULL;
        assert_ok(source_next(s, &x, &e), &e);
        memcpy(out + i * each, x, each * sizeof *x);
    }
    *floats = BATCHES * each;
    *seconds = source_stats(s).seconds_model;
    source_free(s);
    inputs_free(in);
    return out;
}

static void keep_all(const char *model, const char *dir)
{
    struct settings set = settings_of(model, hooks[0]);
    size_t n = 0, used = 0;
    double seconds;
    (void)snprintf(set.cache, sizeof set.cache, "%s", dir);
    for (size_t i = 1; i < HOOKS; i++) {
        used += (size_t)snprintf(set.cache_hooks + used, sizeof set.cache_hooks - used,
                                 "%s%s", i > 1 ? "," : "", hooks[i]);
    }
    mem_free(batches(&set, &n, &seconds));
    assert_true(seconds > 0);
}

static void check_batches(const char *model, const char *hook, const char *dir)
{
    struct settings set = settings_of(model, hook);
    size_t n = 0, kept_n = 0;
    double seconds, kept_seconds;
    float *x = batches(&set, &n, &seconds);
    (void)snprintf(set.cache, sizeof set.cache, "%s", dir);
    float *kept = batches(&set, &kept_n, &kept_seconds);
    assert_int_equal(kept_n, n);
    if (kept_seconds > 0 || memcmp(x, kept, n * sizeof *x) != 0) {
        fail_msg("%s: %s: %s", model, hook,
                 kept_seconds > 0 ? "the model ran" : "other activations");
    }
    mem_free(x);
    mem_free(kept);
}

static void check_run(const char *model, const char *hook, const char *dir)
{
    struct settings set = settings_of(model, hook);
    struct engine *without = start_engine(&set);
    run_engine_to(without, set.steps);
    (void)snprintf(set.cache, sizeof set.cache, "%s", dir);
    struct engine *with = start_engine(&set);
    run_engine_to(with, set.steps);
    assert_true(source_stats(with->arm[0].arm->source).seconds_model <= 0);
    assert_same_sae(without->arm[0].arm->sae, with->arm[0].arm->sae);
    engine_free(without);
    engine_free(with);
}

/* Each model of a folder of fixtures; how many there are. */
static size_t each_model(const char *folder, void (*see)(const char *model))
{
    char path[512], model[512];
    size_t n = 0;
    DIR *d = opendir(tmp_path(path, getenv("SAETOP_FIXTURES"), folder));
    assert_non_null(d);
    for (const struct dirent *f = readdir(d); f; f = readdir(d)) {
        if (f->d_name[0] != '.' && lm_may_be(tmp_path(model, path, f->d_name)) &&
            strcmp(f->d_name, "blocks.gguf") != 0) { /* tensors alone */
            see(model);
            n++;
        }
    }
    closedir(d);
    return n;
}

static void check_model(const char *model)
{
    char dir[256];
    tmp_make(dir, sizeof dir);
    keep_all(model, dir);
    for (size_t i = 0; i < HOOKS; i++) {
        check_batches(model, hooks[i], dir);
    }
    check_run(model, hooks[1 + strlen(model) % (HOOKS - 1)], dir);
    tmp_drop(dir);
}

static void every_family_is_kept(void **state)
{
    (void)state;
    assert_true(each_model("models", check_model) >= 12);
    assert_true(each_model("gguf", check_model) >= 8);
}

/* The same weights under another configuration are another model: what is kept of the
 * one is not taken for the other's. */
static void another_configuration_is_another_model(void **state)
{
    (void)state;
    static const char *const changes[][2] = {
        {"gpt2", "s/gelu_new/relu/"},
        {"gpt_neox",
         "s/\"use_parallel_residual\": true/\"use_parallel_residual\": false/"},
        {"llama", "s/\"rope_theta\": 10000.0/\"rope_theta\": 500.0/"},
        {"gemma2",
         "s/\"attn_logit_softcapping\": [0-9.]*/\"attn_logit_softcapping\": 1.5/"},
    };
    static const char hook[] = "blocks.1.mlp.hook_post";
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char dir[256], model[512], command[2048];
        size_t n = 0;
        double seconds;
        tmp_make(dir, sizeof dir);
        tmp_path(model, dir, "model");
        (void)snprintf(command, sizeof command,
                       "cp -r '%s/models/%s' '%s' && chmod -R u+w '%s'",
                       getenv("SAETOP_FIXTURES"), changes[i][0], model, model);
        assert_int_equal(system(command), 0);
        struct settings set = settings_of(model, hook);
        (void)snprintf(set.cache, sizeof set.cache, "%s", dir);
        float *before = batches(&set, &n, &seconds);
        (void)snprintf(command, sizeof command, "sed -i '%s' '%s/config.json'",
                       changes[i][1], model);
        assert_int_equal(system(command), 0);
        float *after = batches(&set, &n, &seconds);
        if (seconds <= 0 || memcmp(before, after, n * sizeof *after) == 0) {
            fail_msg("%s: %s: activations of before", changes[i][0], changes[i][1]);
        }
        mem_free(before);
        mem_free(after);
        check_batches(model, hook, dir);
        (void)snprintf(command, sizeof command, "rm -r '%s'", model);
        assert_int_equal(system(command), 0);
        tmp_drop(dir);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_family_is_kept),
        cmocka_unit_test(another_configuration_is_another_model),
    };
    num_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
