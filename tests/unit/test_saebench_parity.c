/* The core results that are written for SAEBench beside what its own functions compute
 * on the same activations (tests/ref/make_core_fixtures.py). */
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/safetensors.h"
#include "check.h"
#include "eval/latent_stats.h"
#include "eval/reconstruct.h"
#include "eval/saebench_out.h"

#include <math.h>

/* The same sizes as in the script. */
enum { ROWS = 40, LENGTH = 7, D = 12, F = 48, K = 5 };

static float *floats(struct st_file *f, const char *name)
{
    struct errinfo e;
    const struct st_tensor *t = st_find(f, name);
    assert_non_null(t);
    float *out = mem_alloc(t->bytes / sizeof *out, sizeof *out);
    assert_non_null(out);
    assert_ok(st_read_f32(f, name, t->shape, t->ndim, out, &e), &e);
    return out;
}

static void fill(struct st_file *f, const char *name, size_t n, float *to)
{
    float *from = floats(f, name);
    memcpy(to, from, n * sizeof *to);
    mem_free(from);
}

static struct sae *sae_of(struct st_file *f)
{
    struct errinfo e;
    struct sae *s = NULL;
    assert_ok(sae_new(sae_arch_find("topk"), D, F, K, &s, &e), &e);
    s->scale = 1.0F;
    fill(f, "W_enc", (size_t)F * D, s->W_enc);
    fill(f, "W_dec", (size_t)F * D, s->W_dec);
    fill(f, "b_enc", F, s->b_enc);
    fill(f, "b_dec", D, s->b_dec);
    return s;
}

/* Measures the SAE on the fixture's rows, without a model. */
static void measure(struct st_file *f, struct report *r)
{
    struct errinfo e;
    uint8_t special[ROWS * LENGTH];
    const int32_t *flag = st_find(f, "special")->data;
    for (size_t i = 0; i < sizeof special; i++) {
        special[i] = (uint8_t)flag[i];
    }
    float *x = floats(f, "x");
    struct sae *s = sae_of(f);
    const struct acts_set set = {.rows = ROWS,
                                 .T = LENGTH,
                                 .D = D,
                                 .n = ROWS * LENGTH,
                                 .special = special,
                                 .x = x};
    const struct reconstruct_job j = {.set = &set, .rows = ROWS};
    struct reconstruct_text text;
    assert_ok(reconstruct_text_init(&text, &j, NULL, NULL, &e), &e);
    assert_ok(reconstruct_measure(&text, s, "in_distribution", NULL, NULL, r, &e), &e);
    assert_ok(latent_stats(&set, s, NULL, r, &e), &e);
    reconstruct_text_deinit(&text);
    sae_free(s);
    mem_free(x);
}

static cJSON *written(const struct report *r)
{
    struct errinfo e;
    char dir[256], path[512];
    const struct eval_result none = {0};
    const struct saebench_meta m = {.model = "m",
                                    .hook = "h",
                                    .release = "r",
                                    .id = "i",
                                    .arch = "topk",
                                    .version = "v",
                                    .context = LENGTH};
    size_t n = 0;
    cJSON *o = NULL;
    tmp_make(dir, sizeof dir);
    assert_ok(saebench_write(r, &none, NULL, &m, dir, &n, &e), &e);
    assert_int_equal(n, 1);
    (void)snprintf(path, sizeof path, "%s/core/r_i_eval_results.json", dir);
    assert_ok(json_load(path, 1 << 20, &o, &e), &e);
    assert_ok(file_remove_dir(tmp_path(path, dir, "core"), &e), &e);
    tmp_drop(dir);
    return o;
}

static void core_is_what_saebench_says(void **state)
{
    (void)state;
    struct errinfo e;
    struct st_file *f = NULL;
    struct report r;
    char folder[512], path[512];
    const char *root = getenv("SAETOP_FIXTURES");
    assert_non_null(root);
    (void)tmp_path(path, tmp_path(folder, root, "eval"), "core.safetensors");
    assert_ok(st_open(path, &f, &e), &e);
    report_init(&r, 1);
    measure(f, &r);
    cJSON *o = written(&r);
    size_t compared = 0;
    const cJSON *category, *figure;
    cJSON_ArrayForEach(category, cJSON_GetObjectItem(o, "eval_result_metrics"))
    {
        cJSON_ArrayForEach(figure, category)
        {
            char name[96];
            (void)snprintf(name, sizeof name, "figure.%s", figure->string);
            if (st_find(f, name) == NULL) {
                continue; /* what needs the model, and counts of positions */
            }
            float *want = floats(f, name);
            const double size = fmax(1.0, fabs((double)*want));
            if (!(fabs(figure->valuedouble - (double)*want) <= 2e-5 * size)) {
                fail_msg("%s: found %.7g, expected %.7g", figure->string,
                         figure->valuedouble, (double)*want);
            }
            mem_free(want);
            compared++;
        }
    }
    assert_int_equal(compared, 17);
    const cJSON *tokens = cJSON_GetObjectItem(
        cJSON_GetObjectItem(o, "eval_result_metrics"), "token_stats");
    assert_int_equal(
        cJSON_GetObjectItem(tokens, "total_tokens_eval_sparsity_variance")->valueint,
        ROWS * LENGTH);
    cJSON_Delete(o);
    report_deinit(&r);
    st_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(core_is_what_saebench_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
