#include "eval/saebench_out.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/newfile.h"
#include "eval/reconstruct.h"
#include "measure/measure.h"
#include "num/stats.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TEXT_BYTES ((size_t)64 << 20)

struct out {
    const struct report *r;
    const struct eval_result *result;
    const struct concepts *c;
    const struct saebench_meta *m;
    const char *dir;
};

static double value(const struct out *o, const char *path)
{
    const struct figure *f = report_find(o->r, path);
    return f != NULL ? f->v.value : (double)NAN;
}

/* -1 is what SAEBench writes for what it did not measure. */
static void put(cJSON *to, const char *key, double v)
{
    (void)cJSON_AddNumberToObject(to, key, isfinite(v) ? v : -1.0);
}

/* The name of a metric of theirs, and the path of our figure for it. */
struct pair {
    const char *theirs, *ours;
};

static void put_all(const struct out *o, cJSON *metrics, const char *category,
                    const struct pair *p, size_t n)
{
    cJSON *to = cJSON_AddObjectToObject(metrics, category);
    for (size_t i = 0; i < n; i++) {
        put(to, p[i].theirs, value(o, p[i].ours));
    }
}
#define PUT_ALL(o, metrics, category, p)                                               \
    put_all(o, metrics, category, p, sizeof(p) / sizeof *(p))

/* ---- the frame ---- */

static cJSON *frame(const struct out *o, const char *type)
{
    const struct saebench_meta *m = o->m;
    char id[160];
    cJSON *root = cJSON_CreateObject();
    cJSON *config = cJSON_CreateObject();
    (void)snprintf(id, sizeof id, "%.60s_%.60s_%lld", m->release, m->id,
                   (long long)m->epoch_millis);
    (void)cJSON_AddStringToObject(root, "eval_type_id", type);
    (void)cJSON_AddStringToObject(config, "model_name", m->model);
    (void)cJSON_AddNumberToObject(config, "random_seed", (double)m->seed);
    (void)cJSON_AddStringToObject(config, "llm_dtype", "float32");
    if (strcmp(type, "absorption_first_letter") != 0) {
        (void)cJSON_AddNumberToObject(config, "context_length", (double)m->context);
    }
    (void)cJSON_AddItemToObject(root, "eval_config", config);
    (void)cJSON_AddStringToObject(root, "eval_id", id);
    (void)cJSON_AddNumberToObject(root, "datetime_epoch_millis",
                                  (double)m->epoch_millis);
    return root;
}

static void add_tail(const struct out *o, cJSON *root, cJSON *details)
{
    const struct saebench_meta *m = o->m;
    (void)cJSON_AddItemToObject(root, "eval_result_details", details);
    (void)cJSON_AddStringToObject(root, "sae_bench_commit_hash", "");
    (void)cJSON_AddStringToObject(root, "sae_lens_id", m->id);
    (void)cJSON_AddStringToObject(root, "sae_lens_release_id", m->release);
    (void)cJSON_AddStringToObject(root, "sae_lens_version", "");
    cJSON *cfg = cJSON_AddObjectToObject(root, "sae_cfg_dict");
    (void)cJSON_AddStringToObject(cfg, "architecture", m->arch);
    (void)cJSON_AddStringToObject(cfg, "model_name", m->model);
    (void)cJSON_AddStringToObject(cfg, "hook_name", m->hook);
    (void)cJSON_AddNumberToObject(cfg, "hook_layer", (double)m->layer);
    (void)cJSON_AddNumberToObject(cfg, "d_in", (double)m->D);
    (void)cJSON_AddNumberToObject(cfg, "d_sae", (double)m->F);
    (void)cJSON_AddNumberToObject(cfg, "k", m->k);
    (void)cJSON_AddNumberToObject(cfg, "training_steps", (double)m->step);
    cJSON *more = cJSON_AddObjectToObject(root, "eval_result_unstructured");
    (void)cJSON_AddStringToObject(more, "made_by", m->version);
}

/* The benchmarks that may be written, named as SAEBench's own folders. */
enum benchmark { CORE, ABSORPTION, SPARSE_PROBING, TPP, SCR, BENCHMARKS };
static const char *const folders[BENCHMARKS] = {"core", "absorption", "sparse_probing",
                                                "tpp", "scr"};

/* Makes the path of a benchmark's folder, and of its file. */
static enum err place_of(const struct saebench_meta *m, const char *root,
                         enum benchmark p, char dir[4096], char path[4096],
                         struct errinfo *e)
{
    char name[256];
    (void)snprintf(name, sizeof name, "%.100s_%.100s_eval_results.json", m->release,
                   m->id);
    TRY(path_join(dir, 4096, root, folders[p], e));
    return path_join(path, 4096, dir, name, e);
}

enum err saebench_check(const struct saebench_meta *m, const char *dir,
                        const char *way_on, struct errinfo *e)
{
    for (enum benchmark p = 0; p < BENCHMARKS; p++) {
        char folder[4096], path[4096];
        TRY(place_of(m, dir, p, folder, path, e));
        TRY(newfile_check(path, way_on, e));
    }
    return OK;
}

/* Takes root over. */
static enum err write_file(const struct out *o, enum benchmark p, cJSON *root,
                           struct errinfo *e)
{
    char dir[4096], path[4096];
    struct str text;
    enum err rc = OK;
    str_init(&text, TEXT_BYTES);
    TRY_OUT(rc, place_of(o->m, o->dir, p, dir, path, e));
    TRY_OUT(rc, file_mkdirs(dir, e));
    TRY_OUT(rc, json_print(root, &text, e));
    TRY_OUT(rc, file_write_text(path, text.p, e));
out:
    cJSON_Delete(root);
    str_free(&text);
    return rc;
}

/* ---- core ---- */

#define ID "fidelity.in_distribution."

/* Number of positions in a figure's rows, special ones included, as SAEBench counts
 * them. */
static double positions(const struct out *o, const char *path)
{
    const struct figure *f = report_find(o->r, path);
    return f != NULL ? (double)(f->n * o->m->context) : 0.0;
}

/* Writes the metrics of "core" under SAEBench's names. */
static void put_core(const struct out *o, cJSON *q)
{
    static const struct pair behaviour[] = {{"kl_div_score", ID "kl_score"},
                                            {"kl_div_with_ablation", ID "kl_zero"},
                                            {"kl_div_with_sae", ID "kl_sae"}};
    static const struct pair performance[] = {{"ce_loss_score", ID "ce_recovered"},
                                              {"ce_loss_with_ablation", ID "ce_zero"},
                                              {"ce_loss_with_sae", ID "ce_sae"},
                                              {"ce_loss_without_sae", ID "ce_clean"}};
    static const struct pair quality[] = {
        {"explained_variance", ID "explained_variance_saebench"},
        {"explained_variance_legacy", ID "explained_variance_legacy"},
        {"mse", ID "mse_saebench"},
        {"cossim", ID "cosine"}};
    static const struct pair shrinkage[] = {
        {"l2_norm_in", ID "norm_in"},
        {"l2_norm_out", ID "norm_out"},
        {"l2_ratio", ID "shrinkage"},
        {"relative_reconstruction_bias", ID "bias_saebench"}};
    static const struct pair sparsity[] = {{"l0", ID "l0"}, {"l1", ID "l1"}};
    static const struct pair misc[] = {
        {"freq_over_1_percent", "latents.dense_1_percent"},
        {"freq_over_10_percent", "latents.dense_10_percent"},
        {"normalized_freq_over_1_percent", "latents.dense_1_percent_share"},
        {"normalized_freq_over_10_percent", "latents.dense_10_percent_share"},
        {"average_max_encoder_cosine_sim", "latents.max_encoder_cosine"},
        {"average_max_decoder_cosine_sim", "latents.max_decoder_cosine"}};
    PUT_ALL(o, q, "model_behavior_preservation", behaviour);
    PUT_ALL(o, q, "model_performance_preservation", performance);
    PUT_ALL(o, q, "reconstruction_quality", quality);
    PUT_ALL(o, q, "shrinkage", shrinkage);
    PUT_ALL(o, q, "sparsity", sparsity);
    cJSON *tokens = cJSON_AddObjectToObject(q, "token_stats");
    put(tokens, "total_tokens_eval_reconstruction", positions(o, ID "ce_clean"));
    put(tokens, "total_tokens_eval_sparsity_variance", positions(o, ID "mse"));
    PUT_ALL(o, q, "misc_metrics", misc);
    put(cJSON_GetObjectItem(q, "misc_metrics"), "frac_alive",
        1.0 - value(o, measure_at(METRIC_DEAD_CLEAN)->path));
}

static enum err write_core(const struct out *o, struct errinfo *e)
{
    cJSON *root = frame(o, "core");
    cJSON *config = cJSON_GetObjectItem(root, "eval_config");
    (void)cJSON_AddNumberToObject(config, "batch_size_prompts", SAEBENCH_BATCH);
    (void)cJSON_AddBoolToObject(config, "exclude_special_tokens_from_reconstruction",
                                true);
    cJSON *q = cJSON_AddObjectToObject(root, "eval_result_metrics");
    put_core(o, q);
    add_tail(o, root, cJSON_CreateArray());
    cJSON *more = cJSON_GetObjectItem(root, "eval_result_unstructured");
    put(more, "explained_variance_r2", value(o, ID "explained_variance"));
    (void)cJSON_AddStringToObject(
        more, "explained_variance_note",
        "explained_variance follows SAEBench 0.6.0's formula, "
        "which inflates; explained_variance_r2 is 1 - error / "
        "variance");
    return write_file(o, CORE, root, e);
}

/* ---- absorption of first letters ---- */

static void add_letter(const struct concept_result *q, const char *name, cJSON *details)
{
    cJSON *d = cJSON_CreateObject();
    const char letter[2] = {name[strlen(name) - 1], '\0'}; /* "letter a" */
    (void)cJSON_AddStringToObject(d, "first_letter", letter);
    put(d, "mean_absorption_fraction", q->fraction);
    put(d, "full_absorption_rate", q->full);
    put(d, "num_full_absorption", (double)q->absorbed);
    put(d, "num_probe_true_positives", (double)q->true_positives);
    put(d, "num_split_features", (double)q->n_main);
    (void)cJSON_AddItemToArray(details, d);
}

static enum err write_absorption(const struct out *o, size_t *written,
                                 struct errinfo *e)
{
    static const char *const name[3] = {"absorption_fraction_score",
                                        "full_absorption_score", "num_split_features"};
    double v[3][64];
    char key[64];
    size_t n = 0;
    cJSON *details = cJSON_CreateArray();
    for (size_t i = 0; i < o->result->n_concepts; i++) {
        const struct concept_result *q = &o->result->concept[i];
        const struct concept_def *d = &o->c->def[q->concept];
        if (!q->eligible || d->kind != CONCEPT_LETTER || n == 64) {
            continue;
        }
        v[0][n] = q->fraction;
        v[1][n] = q->full;
        v[2][n++] = (double)q->n_main;
        add_letter(q, d->name, details);
    }
    if (n == 0) {
        cJSON_Delete(details);
        return OK;
    }
    cJSON *root = frame(o, "absorption_first_letter");
    cJSON *q = cJSON_AddObjectToObject(root, "eval_result_metrics");
    cJSON *mean = cJSON_AddObjectToObject(q, "mean");
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(key, sizeof key, "mean_%s", name[i]);
        put(mean, key, stats_mean(n, v[i]));
    }
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(key, sizeof key, "std_dev_%s", name[i]);
        put(mean, key, stats_sd(n, v[i]));
    }
    add_tail(o, root, details);
    (*written)++;
    return write_file(o, ABSORPTION, root, e);
}

/* ---- what has tasks ---- */

/* The value of a figure for a task, found among the units by its number. */
static double of_task(const struct figure *f, int32_t task)
{
    for (size_t i = 0; f != NULL && i < f->n; i++) {
        if (f->id[i] == task) {
            return f->x[i] / f->w[i];
        }
    }
    return (double)NAN;
}

/* Puts a metric of theirs into the mean (task -1) or a task's details. */
static void put_task(const struct out *o, cJSON *to, const char *theirs,
                     const char *ours, int32_t task)
{
    const struct figure *f = report_find(o->r, ours);
    if (f != NULL) {
        put(to, theirs, task < 0 ? f->v.value : of_task(f, task));
    }
}

static void put_probing(const struct out *o, cJSON *to, bool sae, int32_t task)
{
    static const int ks[] = {1, 2, 5, 10, 20, 50, 100};
    const char *who = sae ? "sae" : "llm";
    char theirs[64], ours[96];
    (void)snprintf(theirs, sizeof theirs, "%s_test_accuracy", who);
    (void)snprintf(ours, sizeof ours, "probing.sentences.%s.accuracy",
                   sae ? "sae" : "raw");
    put_task(o, to, theirs, ours, task);
    for (size_t i = 0; i < sizeof ks / sizeof *ks; i++) {
        (void)snprintf(theirs, sizeof theirs, "%s_top_%d_test_accuracy", who, ks[i]);
        (void)snprintf(ours, sizeof ours, "probing.sentences.%sk%d.accuracy",
                       sae ? "" : "raw_", ks[i]);
        put_task(o, to, theirs, ours, task);
    }
}

/* Name of task i as the report lists them. */
static const char *task_name(const struct out *o, int32_t task)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(o->r->lists, "probing_tasks");
    const cJSON *name =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(list, task), "task");
    return cJSON_IsString(name) ? name->valuestring : "";
}

static enum err write_probing(const struct out *o, const struct figure *f,
                              struct errinfo *e)
{
    cJSON *root = frame(o, "sparse_probing");
    cJSON *q = cJSON_AddObjectToObject(root, "eval_result_metrics");
    cJSON *details = cJSON_CreateArray();
    put_probing(o, cJSON_AddObjectToObject(q, "llm"), false, -1);
    put_probing(o, cJSON_AddObjectToObject(q, "sae"), true, -1);
    for (size_t i = 0; i < f->n; i++) {
        cJSON *d = cJSON_CreateObject();
        (void)cJSON_AddStringToObject(d, "dataset_name", task_name(o, f->id[i]));
        put_probing(o, d, false, f->id[i]);
        put_probing(o, d, true, f->id[i]);
        (void)cJSON_AddItemToArray(details, d);
    }
    add_tail(o, root, details);
    return write_file(o, SPARSE_PROBING, root, e);
}

static void put_perturb(const struct out *o, cJSON *to, bool tpp, int32_t task)
{
    static const int ns[] = {2, 5, 10, 20, 50, 100, 500};
    static const struct pair part[] = {{"total_metric", "total"},
                                       {"intended_diff_only", "intended"},
                                       {"unintended_diff_only", "unintended"}};
    static const struct pair scr[] = {
        {"metric", ""}, {"dir1", ".dir1"}, {"dir2", ".dir2"}};
    char theirs[64], ours[64];
    for (size_t i = 0; i < sizeof ns / sizeof *ns; i++) {
        for (size_t k = 0; tpp && k < 3; k++) {
            (void)snprintf(theirs, sizeof theirs, "tpp_threshold_%d_%s", ns[i],
                           part[k].theirs);
            (void)snprintf(ours, sizeof ours, "tpp.n%d.%s", ns[i], part[k].ours);
            put_task(o, to, theirs, ours, task);
        }
        for (size_t k = 0; !tpp && k < 3; k++) {
            (void)snprintf(theirs, sizeof theirs, "scr_%s_threshold_%d", scr[k].theirs,
                           ns[i]);
            (void)snprintf(ours, sizeof ours, "scr%s.n%d", scr[k].ours, ns[i]);
            put_task(o, to, theirs, ours, task);
        }
    }
}

static enum err write_perturb(const struct out *o, const struct figure *f, bool tpp,
                              struct errinfo *e)
{
    cJSON *root = frame(o, tpp ? "tpp" : "scr");
    cJSON *q = cJSON_AddObjectToObject(root, "eval_result_metrics");
    cJSON *details = cJSON_CreateArray();
    put_perturb(o, cJSON_AddObjectToObject(q, tpp ? "tpp_metrics" : "scr_metrics"), tpp,
                -1);
    for (size_t i = 0; i < f->n; i++) {
        cJSON *d = cJSON_CreateObject();
        (void)cJSON_AddStringToObject(d, "dataset_name", task_name(o, f->id[i]));
        put_perturb(o, d, tpp, f->id[i]);
        (void)cJSON_AddItemToArray(details, d);
    }
    add_tail(o, root, details);
    return write_file(o, tpp ? TPP : SCR, root, e);
}

enum err saebench_write(const struct report *r, const struct eval_result *result,
                        const struct concepts *c, const struct saebench_meta *m,
                        const char *dir, size_t *written, struct errinfo *e)
{
    const struct out o = {.r = r, .result = result, .c = c, .m = m, .dir = dir};
    const struct figure *probing = report_find(r, "probing.sentences.sae.accuracy");
    const struct figure *tpp = report_find(r, "tpp.n2.total");
    const struct figure *scr = report_find(r, "scr.n2");
    *written = 0;
    if (report_find(r, ID "l0") != NULL) {
        TRY(write_core(&o, e));
        (*written)++;
    }
    TRY(write_absorption(&o, written, e));
    if (probing != NULL) {
        TRY(write_probing(&o, probing, e));
        (*written)++;
    }
    if (tpp != NULL) {
        TRY(write_perturb(&o, tpp, true, e));
        (*written)++;
    }
    if (scr != NULL) {
        TRY(write_perturb(&o, scr, false, e));
        (*written)++;
    }
    return OK;
}
