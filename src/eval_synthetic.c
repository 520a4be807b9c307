#include "eval_synthetic.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/pool.h"
#include "eval/truth.h"
#include "sae/sae_train.h"

#include <math.h>
#include <string.h>

#define TEXT_BYTES ((size_t)64 << 20)
#define START_ROWS 4096 /* clean rows behind the scale and the start of b_dec */

struct synthetic_args synthetic_defaults(void)
{
    return (struct synthetic_args){.source = synth_defaults(),
                                   .arch = "topk",
                                   .k = 3,
                                   .steps = 500,
                                   .batch = 512,
                                   .rows = 20000,
                                   .seed = 1,
                                   .lr = 2e-3};
}

/* What both arms share. */
struct bench {
    const struct synthetic_args *a;
    struct synth *source;
    struct truth_set *truth;
    struct pool *pool;
    float *x; /* [max(batch, START_ROWS), D] */
    float scale;
};

static size_t width_of(const struct bench *b)
{
    return b->a->width > 0 ? (size_t)b->a->width : synth_features(b->source);
}

static enum err bench_init(struct bench *b, struct errinfo *e)
{
    const size_t D = b->a->source.D;
    const size_t rows =
        (size_t)b->a->batch > START_ROWS ? (size_t)b->a->batch : (size_t)START_ROWS;
    struct synth_config c = b->a->source;
    c.seed = (uint64_t)b->a->seed;
    TRY(synth_new(&c, &b->source, e));
    TRY(truth_set_new(b->source, (size_t)b->a->rows, &b->truth, e));
    TRY(pool_new(b->a->threads > 0 ? (size_t)b->a->threads : pool_cpus(), &b->pool, e));
    TRY(mem_new(&b->x, rows, D * sizeof *b->x, "synthetic rows", e));
    synth_rows(b->source, 0.0, 0, START_ROWS, b->x, NULL);
    double length = 0.0;
    for (size_t i = 0; i < START_ROWS; i++) {
        double square = 0.0;
        for (size_t d = 0; d < D; d++) {
            square += (double)b->x[i * D + d] * (double)b->x[i * D + d];
        }
        length += sqrt(square) / START_ROWS;
    }
    if (!(length > 0.0)) {
        return err_set(e, ERR_USAGE, "synthetic source: every row is empty");
    }
    b->scale = (float)(sqrt((double)D) / length);
    return OK;
}

static void next_rows(struct bench *b, double rate, uint64_t first, size_t n)
{
    synth_rows(b->source, rate, first, n, b->x, NULL);
    for (size_t i = 0; i < n * b->a->source.D; i++) {
        b->x[i] *= b->scale;
    }
}

static enum err new_sae(struct bench *b, struct sae **out, struct errinfo *e)
{
    const struct sae_arch *arch = sae_arch_find(b->a->arch);
    struct sae *s = NULL;
    if (arch == NULL) {
        return err_set(e, ERR_USAGE, "--arch: found '%.40s', expected one of: %s",
                       b->a->arch, sae_arch_names());
    }
    if ((size_t)b->a->k > width_of(b)) {
        return err_set(e, ERR_USAGE, "--k: found %lld, more than the %zu latents",
                       (long long)b->a->k, width_of(b));
    }
    TRY(sae_new(arch, b->a->source.D, width_of(b), (double)b->a->k, &s, e));
    s->scale = b->scale;
    sae_init_weights(s, (uint64_t)b->a->seed);
    next_rows(b, 0.0, 0, START_ROWS);
    const enum err rc = sae_init_bias(s, b->x, START_ROWS, e);
    if (rc != OK) {
        sae_free(s);
        return rc;
    }
    *out = s;
    return OK;
}

static int64_t clamp(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

static enum err train(struct bench *b, double rate, struct sae *s, struct errinfo *e)
{
    const int64_t steps = b->a->steps;
    struct sae_train_config c = sae_train_defaults_of(s->arch, steps);
    struct sae_trainer *t = NULL;
    struct sae_step_info info = {.finite = true};
    enum err rc = OK;
    c.lr = b->a->lr;
    c.seed = (uint64_t)b->a->seed;
    c.warmup = clamp(steps / 30, 1, 50); /* as the settings of a run resolve them */
    c.dead_after = clamp(steps / 15, 20, 1000);
    sae_init_arch(s, 1.0, &c.hyper);
    TRY(sae_trainer_new(s, &c, (size_t)b->a->batch, &t, e));
    for (int64_t i = 0; i < steps && rc == OK; i++) {
        next_rows(b, rate, (uint64_t)(i * b->a->batch), (size_t)b->a->batch);
        rc = sae_trainer_step(t, b->x, b->pool, &info, e);
        if (rc == OK && !info.finite) {
            rc =
                err_set(e, ERR_NUMERIC, "training: the loss at step %lld is not finite",
                        (long long)i + 1);
        }
    }
    sae_trainer_free(t);
    return rc;
}

/* One arm: trained, frozen, measured. */
static enum err run_arm(struct bench *b, double rate, struct report *r,
                        struct errinfo *e)
{
    struct sae *s = NULL, *frozen = NULL;
    enum err rc = OK;
    report_init(r, (uint64_t)b->a->seed);
    TRY_OUT(rc, new_sae(b, &s, e));
    TRY_OUT(rc, train(b, rate, s, e));
    TRY_OUT(rc, sae_copy(s, &frozen, e));
    TRY_OUT(rc, truth_measure(b->truth, frozen, b->pool, r, e));
out:
    sae_free(s);
    sae_free(frozen);
    return rc;
}

/* ---- output ---- */

static void add_meta(cJSON *root, const struct bench *b)
{
    const struct synthetic_args *a = b->a;
    cJSON *o = cJSON_AddObjectToObject(root, "settings");
    (void)cJSON_AddStringToObject(o, "source", "synthetic");
    (void)cJSON_AddStringToObject(o, "arch", a->arch);
    (void)cJSON_AddNumberToObject(o, "width", (double)width_of(b));
    (void)cJSON_AddNumberToObject(o, "k", (double)a->k);
    (void)cJSON_AddNumberToObject(o, "steps", (double)a->steps);
    (void)cJSON_AddNumberToObject(o, "batch", (double)a->batch);
    (void)cJSON_AddNumberToObject(o, "lr", a->lr);
    (void)cJSON_AddNumberToObject(o, "seed", (double)a->seed);
    (void)cJSON_AddNumberToObject(o, "mask_rate", a->mask_rate);
    (void)cJSON_AddNumberToObject(o, "keep_parent", a->source.keep_parent);
    (void)cJSON_AddNumberToObject(o, "features", (double)synth_features(b->source));
    (void)cJSON_AddNumberToObject(o, "parents", (double)a->source.parents);
    (void)cJSON_AddNumberToObject(o, "children", (double)a->source.children);
    (void)cJSON_AddNumberToObject(o, "d", (double)a->source.D);
    (void)cJSON_AddNumberToObject(o, "rows", (double)a->rows);
}

static enum err add_tree(cJSON *root, const char *key, const struct report *r,
                         struct errinfo *e)
{
    cJSON *tree = NULL;
    TRY(report_tree(r, &tree, e));
    if (!cJSON_AddItemToObject(root, key, tree)) {
        cJSON_Delete(tree);
        return err_set(e, ERR_NOMEM, "report: out of memory");
    }
    return OK;
}

static enum err print_json(const struct bench *b, const struct report *r,
                           const struct report *diff, struct str *out,
                           struct errinfo *e)
{
    cJSON *root = cJSON_CreateObject();
    enum err rc = OK;
    add_meta(root, b);
    TRY_OUT(rc, add_tree(root, diff != NULL ? "masked" : "measures", &r[0], e));
    if (diff != NULL) {
        TRY_OUT(rc, add_tree(root, "unmasked", &r[1], e));
        TRY_OUT(rc, add_tree(root, "masked_less_unmasked", diff, e));
    }
    TRY_OUT(rc, json_print(root, out, e));
out:
    cJSON_Delete(root);
    return rc;
}

static void print_text(const struct bench *b, const struct report *r,
                       const struct report *diff, struct str *out)
{
    str_addf(out,
             "%s, k %lld, %zu latents on %zu known features, %lld steps, seed %lld\n",
             b->a->arch, (long long)b->a->k, width_of(b), synth_features(b->source),
             (long long)b->a->steps, (long long)b->a->seed);
    str_addf(out, "\nmask rate %g (parents stay with %g)\n", b->a->mask_rate,
             b->a->source.keep_parent);
    report_table(&r[0], out);
    if (diff != NULL) {
        str_add(out, "\nmask rate 0\n");
        report_table(&r[1], out);
        str_add(out, "\nmasked less unmasked, one seed; an interval that holds 0 "
                     "establishes no difference\n");
        report_table(diff, out);
    }
}

static enum err run_all(struct bench *b, struct report *r, struct report *diff,
                        struct str *out, struct errinfo *e)
{
    const struct synthetic_args *a = b->a;
    const bool twin = a->mask_rate > 0.0;
    struct str text;
    TRY(bench_init(b, e));
    TRY(run_arm(b, a->mask_rate, &r[0], e));
    if (twin) {
        TRY(run_arm(b, 0.0, &r[1], e));
        TRY(report_compare(&r[1], &r[0], diff, e));
    }
    if (!a->json) {
        print_text(b, r, twin ? diff : NULL, out);
    }
    if (!a->json && a->out == NULL) {
        return OK;
    }
    str_init(&text, TEXT_BYTES);
    enum err rc = print_json(b, r, twin ? diff : NULL, &text, e);
    if (rc == OK && a->out != NULL) {
        rc = file_write_text(a->out, text.p, e);
    }
    if (rc == OK && a->json) {
        str_add(out, text.p);
    }
    str_free(&text);
    return rc;
}

enum err eval_synthetic(const struct synthetic_args *a, struct str *out,
                        struct errinfo *e)
{
    struct bench b = {.a = a};
    struct report r[2], diff;
    memset(r, 0, sizeof r);
    report_init(&diff, (uint64_t)a->seed);
    const enum err rc = run_all(&b, r, &diff, out, e);
    report_deinit(&r[0]);
    report_deinit(&r[1]);
    report_deinit(&diff);
    mem_free(b.x);
    pool_free(b.pool);
    truth_set_free(b.truth);
    synth_free(b.source);
    return rc;
}
