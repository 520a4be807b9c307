/* [threads] The whole evaluation on a small model: all sections together, its details,
 * refusals, several SAEs at once. */
#include "base/file.h"
#include "base/thread.h"
#include "eval/concept_table.h"
#include "eval/evalset_priv.h"
#include "eval/evaluate.h"
#include "eval/saebench_out.h"
#include "eval/suite.h"
#include "num/blas.h"
#include "unit/eval_bench.h"
#include "unit/eval_figures.h"
#include "unit/saebench_page.h"

#include <math.h>
#include <string.h>

/* ---- all of it ---- */

/* A number that went through a file, whose 15 digits may lose the last bit. */
static void check_written(double got, double want)
{
    check_near(got, want, 1e-15 * fabs(want));
}

static double number_at(const cJSON *o, const char *a, const char *b, const char *c)
{
    const cJSON *at = cJSON_GetObjectItem(cJSON_GetObjectItem(o, a), b);
    at = c != NULL ? cJSON_GetObjectItem(at, c) : at;
    assert_true(cJSON_IsNumber(at));
    return at->valuedouble;
}

/* The figures stand under SAEBench's names, those of a task in its details. */
static void check_saebench(const struct eval_bench *b, const struct report *r,
                           const struct eval_result *q)
{
    struct errinfo e;
    const struct saebench_meta m = {.model = "tiny",
                                    .hook = "blocks.0.hook_resid_post",
                                    .release = "saetop",
                                    .id = "a",
                                    .arch = "topk",
                                    .version = "saetop",
                                    .D = WIDTH,
                                    .F = 2 * WIDTH};
    char dir[512], path[600];
    size_t written = 0;
    tmp_path(dir, b->dir, "saebench");
    assert_ok(saebench_check(&m, dir, "name another", &e), &e);
    assert_ok(saebench_write(r, q, b->c, &m, dir, &written, &e), &e);
    assert_true(written >= 2);
    check_error(saebench_check(&m, dir, "name another", &e), ERR_EXISTS, &e,
                "core/saetop_a_eval_results.json exists already; name another");
    cJSON *o = NULL;
    (void)snprintf(path, sizeof path, "%s/core/saetop_a_eval_results.json", dir);
    assert_ok(json_load(path, 1 << 20, &o, &e), &e);
    assert_string_equal(cJSON_GetObjectItem(o, "eval_type_id")->valuestring, "core");
    check_written(number_at(o, "eval_result_metrics", "sparsity", "l0"),
                  value(r, "fidelity.in_distribution.l0"));
    check_written(number_at(o, "eval_result_metrics", "model_performance_preservation",
                            "ce_loss_without_sae"),
                  value(r, "fidelity.in_distribution.ce_clean"));
    check_written(
        number_at(o, "eval_result_unstructured", "explained_variance_r2", NULL),
        value(r, "fidelity.in_distribution.explained_variance"));
    cJSON_Delete(o);
    (void)snprintf(path, sizeof path, "%s/sparse_probing/saetop_a_eval_results.json",
                   dir);
    assert_ok(json_load(path, 1 << 20, &o, &e), &e);
    check_written(number_at(o, "eval_result_metrics", "sae", "sae_top_1_test_accuracy"),
                  value(r, "probing.sentences.k1.accuracy"));
    const cJSON *task =
        cJSON_GetArrayItem(cJSON_GetObjectItem(o, "eval_result_details"), 0);
    assert_string_equal(cJSON_GetObjectItem(task, "dataset_name")->valuestring, "pets");
    check_written(cJSON_GetObjectItem(task, "llm_test_accuracy")->valuedouble,
                  value(r, "probing.sentences.raw.accuracy")); /* the only task */
    cJSON_Delete(o);
    check_all_defined(dir);
    static const char *const folder[] = {"core", "absorption", "sparse_probing", "tpp",
                                         "scr"};
    for (size_t i = 0; i < 5; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, folder[i]);
        assert_true(!file_is_dir(path) || file_remove_dir(path, &e) == OK);
    }
    assert_ok(file_remove_dir(dir, &e), &e);
}

static struct suite_source suite_source_of(const struct eval_bench *b,
                                           const struct acts_set *ood,
                                           const char *const *probes, size_t n)
{
    return (struct suite_source){.set = b->set,
                                 .ood = ood,
                                 .concepts = b->c,
                                 .lm = b->m,
                                 .hook = {0, LM_RESID_POST},
                                 .probes = probes,
                                 .n_probes = n,
                                 .ks = {.n = 2, .k = {1, 5}},
                                 .rows = 8,
                                 .sections = SUITE_ALL};
}

/* Tokens of the live rows and of the sample of words, each once. */
static size_t live_tokens(const struct eval_set *s)
{
    const struct acts_set *a = eval_set_rows(s);
    size_t n = 0;
    for (size_t i = 0; i < a->n; i++) {
        bool counts = i < s->fid_id.rows * a->T && !a->special[i];
        for (size_t k = 0; k < s->sample.n && !counts; k++) {
            counts = s->sample.at[k] == i;
        }
        n += counts;
    }
    return n;
}

/* Measures on the rows of live evaluations are in an object of their own, with the
 * number of rows; no other has these names. */
static void check_live(const cJSON *tree, const struct eval_set *s)
{
    static const char *const once[] = {"in_distribution", "out_of_distribution", "mse",
                                       "dead_fraction", "seconds"};
    const cJSON *live = cJSON_GetObjectItem(tree, "live");
    for (size_t i = 0; i < sizeof once / sizeof *once; i++) {
        assert_null(cJSON_GetObjectItem(tree, once[i]));
    }
    assert_true(number_at(live, "in_distribution", "rows", NULL) > 0);
    assert_true(number_at(live, "in_distribution", "ce_rows", NULL) > 0);
    assert_true(number_at(live, "out_of_distribution", "rows", NULL) > 0);
    check_near(number_at(live, "latents", "tokens", NULL), (double)live_tokens(s), 0.0);
}

/* Sizes of the text at which what follows has to hold: whatever the words that chance
 * gives. */
static const size_t text_sizes[] = {20000, 30000, 40000, 50000};
enum { TEXT_SIZES = sizeof text_sizes / sizeof *text_sizes };

static double at(const cJSON *list, int i)
{
    return cJSON_GetArrayItem(list, i)->valuedouble;
}

static double mean_of_list(const cJSON *list)
{
    double sum = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        sum += item->valuedouble;
    }
    return sum / cJSON_GetArraySize(list);
}

/* A concept's figures can be computed from its details. */
static void check_concept_details(const cJSON *c, bool resampled)
{
    const cJSON *o = cJSON_GetObjectItem(c, "occurrences");
    const cJSON *w = cJSON_GetObjectItem(c, "l1_weights");
    const cJSON *latent = cJSON_GetObjectItem(w, "latent");
    const cJSON *weight = cJSON_GetObjectItem(w, "weight");
    const cJSON *main = cJSON_GetObjectItem(c, "main_latents");
    const cJSON *use = cJSON_GetObjectItem(o, "weight");
    const cJSON *fires = cJSON_GetObjectItem(o, "main_fires");
    const cJSON *part = cJSON_GetObjectItem(o, "fraction");
    const cJSON *by = cJSON_GetObjectItem(o, "absorber");
    double sum = 0, recall = 0, fraction = 0, full = 0;
    for (int i = 0; i < cJSON_GetArraySize(use); i++) {
        sum += at(use, i);
        recall += at(use, i) * at(fires, i);
        fraction += at(use, i) * at(part, i);
        full += at(by, i) >= 0 ? at(use, i) : 0;
    }
    check_near(cJSON_GetObjectItem(c, "full")->valuedouble, full / sum, 1e-9);
    check_near(cJSON_GetObjectItem(c, "fraction")->valuedouble, fraction / sum, 1e-6);
    check_near(cJSON_GetObjectItem(c, "main_latent_recall")->valuedouble, recall / sum,
               1e-9);
    double best = -1e9;
    int which = -1;
    for (int i = 0; i < cJSON_GetArraySize(weight); i++) {
        if (at(weight, i) > best) {
            best = at(weight, i);
            which = (int)at(latent, i);
        }
    }
    assert_int_equal(which, (int)at(main, 0));
    const double cut = cJSON_GetObjectItem(c, "probe_cut")->valuedouble;
    const cJSON *projection = cJSON_GetObjectItem(o, "projection");
    const cJSON *right = cJSON_GetObjectItem(o, "right");
    for (int i = 0; i < cJSON_GetArraySize(projection); i++) {
        assert_true(at(right, i) > 0 ? at(projection, i) > cut - 1e-4
                                     : at(projection, i) < cut + 1e-4);
    }
    assert_true(cJSON_HasObjectItem(c, "best_latent_firmness") == resampled);
}

static size_t check_absorption_details(const cJSON *root, const char *key)
{
    const cJSON *a = cJSON_GetObjectItem(root, key), *c;
    const bool resampled = cJSON_HasObjectItem(a, "resamples");
    size_t n = 0;
    assert_non_null(a);
    cJSON_ArrayForEach(c, cJSON_GetObjectItem(a, "concepts"))
    {
        if (cJSON_IsTrue(cJSON_GetObjectItem(c, "eligible"))) {
            check_concept_details(c, resampled);
            n++;
        }
    }
    return n;
}

/* Every figure follows from its units, and each measure left its section. */
static void check_details(const char *path, const struct report *r)
{
    struct errinfo e;
    cJSON *root = NULL;
    assert_ok(json_load(path, (size_t)1 << 26, &root, &e), &e);
    static const char *const parts[] = {
        "concepts", "in_distribution",         "out_of_distribution",
        "latents",  "probing_concepts_sample", "sentences",
        "scr"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        assert_true(cJSON_HasObjectItem(root, parts[i]));
    }
    const cJSON *figures = cJSON_GetObjectItem(root, "figures");
    assert_int_equal(cJSON_GetArraySize(figures), r->n);
    for (size_t i = 0; i < r->n; i++) {
        const cJSON *f = cJSON_GetArrayItem(figures, (int)i);
        const cJSON *sum = cJSON_GetObjectItem(f, "sum");
        const cJSON *weight = cJSON_GetObjectItem(f, "weight");
        assert_string_equal(cJSON_GetObjectItem(f, "figure")->valuestring,
                            r->fig[i].path);
        if (sum != NULL && !isnan(r->fig[i].v.value)) {
            check_near(r->fig[i].v.value, mean_of_list(sum) / mean_of_list(weight),
                       1e-9);
        }
    }
    assert_true(check_absorption_details(root, "absorption") > 0);
    assert_true(check_absorption_details(root, "absorption_saebench") > 0);
    cJSON_Delete(root);
}

/* The verdict on a token of a concept by the rule as src/README.md has it, from what
 * the details say of each of its occurrences. */
static const char *verdict_by_details(const cJSON *occurrences, int32_t token)
{
    const cJSON *of = cJSON_GetObjectItem(occurrences, "token");
    const cJSON *right = cJSON_GetObjectItem(occurrences, "right");
    const cJSON *fires = cJSON_GetObjectItem(occurrences, "main_fires");
    const cJSON *by = cJSON_GetObjectItem(occurrences, "absorber");
    int n = 0, hits = 0, held = 0, absorbed = 0;
    for (int i = 0; i < cJSON_GetArraySize(of); i++) {
        const bool is = (int32_t)at(of, i) == token;
        const bool hit = is && at(right, i) > 0;
        n += is;
        hits += hit;
        held += hit && at(fires, i) > 0;
        absorbed += hit && at(by, i) >= 0;
    }
    return n < 20                            ? "too rare"
           : hits < 0.5 * n                  ? "probe wrong"
           : held >= 0.5 * hits              ? "held"
           : absorbed >= 0.5 * (hits - held) ? "absorbed"
                                             : "missed";
}

/* The words of the screen Concepts agree with the details, occurrence by occurrence;
 * test_eval_parity checks these against SAEBench's rule. */
static void check_words(const char *path, const struct eval_result *q)
{
    struct errinfo e;
    cJSON *root = NULL;
    struct concept_table *t = NULL;
    assert_ok(json_load(path, (size_t)1 << 26, &root, &e), &e);
    assert_ok(concept_table_new(q, &t, &e), &e);
    const cJSON *list =
        cJSON_GetObjectItem(cJSON_GetObjectItem(root, "absorption"), "concepts");
    size_t occurrences = 0, shown = 0;
    for (size_t c = 0; c < t->n; c++) {
        const cJSON *o =
            cJSON_GetObjectItem(cJSON_GetArrayItem(list, (int)c), "occurrences");
        occurrences += (size_t)cJSON_GetArraySize(cJSON_GetObjectItem(o, "token"));
        for (size_t w = t->word_start[c]; w < t->word_start[c + 1]; w++) {
            shown += t->word[w].occurrences;
            assert_string_equal(word_verdict_name(t->word[w].verdict),
                                verdict_by_details(o, t->word[w].token));
        }
    }
    assert_true(t->n_words > 0);
    assert_int_equal(shown, occurrences);
    concept_table_unref(t);
    cJSON_Delete(root);
}

/* The interval of a mean over concepts is one computation, in the report of a final
 * evaluation, in training and in a comparison made from kept units. */
static void check_one_interval(const struct report *r, uint64_t seed,
                               const struct eval_result *q, const struct eval_set *set)
{
    const struct {
        const char *path;
        const struct estimate *live;
    } figure[] = {{"absorption.leaf.full", &q->leaf.full},
                  {"absorption.leaf.fraction", &q->leaf.fraction},
                  {"absorption.leaf.main_latent_recall", &q->leaf.recall},
                  {"absorption.leaf.f1_best_latent", NULL}};
    for (size_t i = 0; i < sizeof figure / sizeof *figure; i++) {
        const struct figure *f = report_find(r, figure[i].path);
        struct errinfo e;
        assert_true(f->n >= 2 && isfinite(f->v.lo) && isfinite(f->v.hi));
        for (size_t k = 0; k < 2; k++) {
            const struct estimate *want = k == 0 ? &f->v : figure[i].live;
            struct report again;
            report_init(&again, k == 0 ? seed : eval_set_config(set).seed);
            assert_ok(
                report_ratio(&again, f->n, f->id, f->x, f->w, "concepts", &e, "again"),
                &e);
            if (want != NULL) {
                check_near(again.fig[0].v.lo, want->lo, 1e-12);
                check_near(again.fig[0].v.hi, want->hi, 1e-12);
            }
            report_deinit(&again);
        }
    }
}

static void check_suite(size_t words)
{
    struct errinfo e;
    struct eval_bench b;
    char good[512], broken[512];
    eval_bench_init_of(&b, words, NULL);
    struct sae *s = identity_sae();
    struct acts_set *ood = NULL;
    assert_ok(acts_set_new(b.h, b.ood, CORPUS_HELDOUT, b.m->tok, 20, &ood, &e), &e);
    assert_ok(file_write_text(tmp_path(good, b.dir, "tasks.csv"), TASKS_CSV, &e), &e);
    tmp_path(broken, b.dir, "missing.csv");
    const char *const probes[2] = {broken, good};
    struct suite_bench *bench = NULL;
    const struct suite_source src = suite_source_of(&b, ood, probes, 2);
    assert_ok(suite_bench_new(&src, b.h, NULL, NULL, NULL, &bench, &e), &e);
    const struct suite_job job = {.sae = s, .h = b.h, .sections = SUITE_ALL};
    struct eval_result q[2];
    struct report r[2];
    struct str text[2];
    struct suite_times times;
    for (size_t i = 0; i < 2; i++) {
        cJSON *tree = NULL;
        report_init(&r[i], 9);
        if (i == 1) { /* details change nothing else */
            assert_ok(json_out_new(&r[i].details, &e), &e);
        }
        assert_ok(suite_run(bench, &job, &r[i], &q[i], &times, &e), &e);
        if (i == 1) {
            char path[512];
            assert_ok(json_out_write(r[i].details, tmp_path(path, b.dir, "d.json"), &e),
                      &e);
            json_out_free(r[i].details);
            check_details(path, &r[i]);
            check_words(path, &q[i]);
        }
        q[i].seconds = 0;
        memset(&q[i].split, 0, sizeof q[i].split);
        assert_ok(suite_tree(&r[i], &q[i], b.c, &tree, &e), &e);
        check_live(tree, b.set);
        str_init(&text[i], (size_t)1 << 24);
        assert_ok(json_print(tree, &text[i], &e), &e);
        cJSON_Delete(tree);
    }
    assert_string_equal(text[0].p, text[1].p); /* a function of its inputs */
    assert_int_equal(times.n, 10);
    check_near(value(&r[0], "fidelity.in_distribution.explained_variance"), 1.0, 1e-4);
    check_near(value(&r[0], "fidelity.out_of_distribution.cosine"), 1.0, 1e-4);
    /* No mask was given, one file is missing, one task has one class: each is named and
     * the others are there. */
    bool seen[3] = {false, false, false};
    for (size_t i = 0; i < r[0].gaps; i++) {
        seen[0] |= strstr(r[0].gap[i].why, "no mask token") != NULL;
        seen[1] |= strstr(r[0].gap[i].why, "missing.csv") != NULL;
        seen[2] |= strcmp(r[0].gap[i].what, "flat") == 0;
    }
    assert_true(seen[0] && seen[1] && seen[2]);
    assert_non_null(report_find(&r[0], "probing.sentences.k1.auc"));
    assert_non_null(report_find(&r[0], "latents.dead"));
    assert_non_null(strstr(text[0].p, "\"words\""));
    check_saebench(&b, &r[0], &q[0]);
    check_one_interval(&r[0], 9, &q[0], b.set);
    struct report same;
    report_init(&same, 9);
    assert_ok(report_compare(&r[0], &r[1], &same, &e), &e);
    for (size_t i = 0; i < same.n; i++) {
        const double v = same.fig[i].v.value;
        assert_true(isnan(v) || fabs(v) <= 1e-12);
    }
    report_deinit(&same);
    for (size_t i = 0; i < 2; i++) {
        str_free(&text[i]);
        report_deinit(&r[i]);
        eval_result_deinit(&q[i]);
    }
    suite_bench_free(bench);
    acts_set_free(ood);
    sae_free(s);
    eval_bench_deinit(&b);
}

static void test_suite(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEXT_SIZES; i++) {
        check_suite(text_sizes[i]);
    }
}

/* ---- normalisation of each row ---- */

static const char *const raw_unit[] = {"fidelity.", "probing.", "absorption.saebench",
                                       "tpp."};

static bool in_raw_units(const char *path)
{
    for (size_t i = 0; i < sizeof raw_unit / sizeof *raw_unit; i++) {
        if (strncmp(path, raw_unit[i], strlen(raw_unit[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* An SAE that normalises each row by itself, and one that divides all by one number:
 * both give back every activation, so in the model's units they are the same SAE, with
 * the same codes but for rounding. So are the minima of fits on these, and what is
 * counted by them; fits that stop short of it differ by where they stop. The margin is
 * some hundred times what rounding makes. Of layer normalisation the same holds for the
 * reconstruction. */
static void check_row_norm(size_t words)
{
    static const enum sae_norm norm[3] = {SAE_NORM_SCALE, SAE_NORM_CONSTANT,
                                          SAE_NORM_LAYER};
    struct errinfo e;
    struct eval_bench b;
    char good[512];
    eval_bench_init_of(&b, words, NULL);
    assert_ok(file_write_text(tmp_path(good, b.dir, "tasks.csv"), TASKS_CSV, &e), &e);
    const char *const probes[1] = {good};
    struct suite_source src = suite_source_of(&b, NULL, probes, 1);
    src.sections = 1U << SUITE_FIDELITY | 1U << SUITE_SAEBENCH | 1U << SUITE_CONCEPTS |
                   1U << SUITE_SENTENCES | 1U << SUITE_TPP;
    struct suite_bench *bench = NULL;
    assert_ok(suite_bench_new(&src, b.h, NULL, NULL, NULL, &bench, &e), &e);
    struct report r[3];
    for (size_t i = 0; i < 3; i++) {
        struct sae *s = identity_sae();
        struct eval_result q;
        s->norm = norm[i];
        s->scale = norm[i] == SAE_NORM_SCALE ? s->scale : 1.0f;
        const struct suite_job job = {.sae = s, .h = b.h, .sections = SUITE_ALL};
        report_init(&r[i], 2);
        assert_ok(suite_run(bench, &job, &r[i], &q, NULL, &e), &e);
        eval_result_deinit(&q);
        sae_free(s);
    }
    size_t compared = 0;
    for (size_t i = 0; i < r[0].n; i++) {
        const struct figure *f = &r[0].fig[i];
        if (in_raw_units(f->path) && !isnan(f->v.value)) {
            check_near(value(&r[1], f->path), f->v.value,
                       1e-4 * (1.0 + fabs(f->v.value)));
            compared++;
        }
    }
    assert_true(compared > 40);
    check_near(value(&r[2], "fidelity.in_distribution.explained_variance"), 1.0, 1e-4);
    check_near(value(&r[2], "fidelity.in_distribution.ce_recovered"), 1.0, 1e-3);
    for (size_t i = 0; i < 3; i++) {
        report_deinit(&r[i]);
    }
    suite_bench_free(bench);
    eval_bench_deinit(&b);
}

static void test_row_norm(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEXT_SIZES; i++) {
        check_row_norm(text_sizes[i]);
    }
}

/* ---- fits that are cut short ---- */

/* Where a fit did not reach its certificate, the table and eval.json say so, and of how
 * many; where all did, neither does. */
static void test_short_fits(void **state)
{
    (void)state;
    for (size_t passes = 0; passes < 2; passes++) { /* 0: as many as they take */
        struct errinfo e;
        struct eval_bench b;
        struct suite_bench *bench = NULL;
        struct eval_set *set = NULL;
        struct eval_result q;
        struct report r;
        struct str table, line;
        cJSON *tree = NULL;
        eval_bench_init(&b, NULL);
        struct eval_config cfg = b.set->cfg;
        cfg.fit_passes = passes;
        assert_ok(
            eval_set_new(&cfg, b.h, b.id, NULL, b.c, b.m->tok, NULL, NULL, &set, &e),
            &e);
        struct suite_source src = suite_source_of(&b, NULL, NULL, 0);
        src.set = set;
        src.sections = 1U << SUITE_ABSORPTION | 1U << SUITE_LIVE;
        assert_ok(suite_bench_new(&src, b.h, NULL, NULL, NULL, &bench, &e), &e);
        struct sae *s = identity_sae();
        const struct suite_job job = {.sae = s, .h = b.h, .sections = src.sections};
        report_init(&r, 1);
        assert_ok(suite_run(bench, &job, &r, &q, NULL, &e), &e);
        assert_ok(suite_tree(&r, &q, b.c, &tree, &e), &e);
        str_init(&table, 1 << 20);
        str_init(&line, 1 << 10);
        report_table(&r, &table);
        const cJSON *fits = cJSON_GetObjectItem(tree, "fits");
        const double count = cJSON_GetObjectItem(fits, "count")->valuedouble;
        const double amiss = cJSON_GetObjectItem(fits, "short_of_minimum")->valuedouble;
        assert_true(count > 0 && (amiss > 0) == (passes > 0));
        const cJSON *said = NULL, *gap = NULL;
        cJSON_ArrayForEach(gap, cJSON_GetObjectItem(tree, "left_out"))
        {
            if (strcmp(cJSON_GetObjectItem(gap, "what")->valuestring, "absorption") ==
                0) {
                said = gap;
            }
        }
        assert_true((said != NULL) == (passes > 0));
        if (said != NULL) {
            const char *why = cJSON_GetObjectItem(said, "why")->valuestring;
            assert_non_null(strstr(why, "the minimum of "));
            assert_non_null(strstr(why, "duality gap stayed above 1e-07"));
            str_add(&line, "left out: absorption: ");
            str_wrap(&line, why, line.len, 2);
            assert_non_null(strstr(table.p, line.p));
        } else {
            assert_null(strstr(table.p, "duality gap"));
        }
        str_free(&table);
        str_free(&line);
        cJSON_Delete(tree);
        report_deinit(&r);
        eval_result_deinit(&q);
        sae_free(s);
        suite_bench_free(bench);
        eval_set_free(set);
        eval_bench_deinit(&b);
    }
}

/* What a watch was told: as many things as were said beforehand, in order. */
struct told {
    size_t n, of;
    char last[64];
};
static void note(void *user, const char *what, size_t done, size_t n)
{
    struct told *t = user;
    assert_int_equal(done, t->n);
    assert_true(done < n && (done == 0 || n == t->of));
    t->n++;
    t->of = n;
    snprintf(t->last, sizeof t->last, "%s", what);
}

/* ---- sections ---- */

static void test_parts(void **state)
{
    (void)state;
    struct errinfo e;
    unsigned sections = 0;
    assert_ok(suite_sections_parse("fidelity,absorption,probing", &sections, &e), &e);
    assert_int_equal(sections, 1U << SUITE_LIVE | 1U << SUITE_FIDELITY |
                                   1U << SUITE_ABSORPTION | 1U << SUITE_SAEBENCH |
                                   1U << SUITE_CONCEPTS | 1U << SUITE_SENTENCES);
    assert_ok(suite_sections_parse("absorption.saebench", &sections, &e), &e);
    assert_int_equal(sections, 1U << SUITE_SAEBENCH);
    check_error(suite_sections_parse("tpp,absorb", &sections, &e), ERR_USAGE, &e,
                "'absorb'");
    check_error(suite_sections_parse("tpp,", &sections, &e), ERR_USAGE, &e, "''");
    /* A section alone gives what it gives among the others. */
    struct eval_bench b;
    eval_bench_init(&b, NULL);
    struct sae *s = identity_sae();
    struct suite_bench *bench = NULL;
    struct suite_source src = suite_source_of(&b, NULL, NULL, 0);
    struct told made = {.n = 0}, ran = {.n = 0};
    const struct suite_watch making = {note, &made}, running = {note, &ran};
    src.watch = &making;
    assert_ok(suite_bench_new(&src, b.h, NULL, NULL, NULL, &bench, &e), &e);
    assert_true(made.n > 1 && made.n == made.of);
    struct report all, one;
    struct eval_result q[2];
    struct suite_job job = {.sae = s, .h = b.h, .sections = SUITE_ALL};
    report_init(&all, 4);
    report_init(&one, 4);
    assert_ok(suite_run(bench, &job, &all, &q[0], NULL, &e), &e);
    job.sections = 1U << SUITE_FIDELITY | 1U << SUITE_CONCEPTS;
    job.watch = &running;
    assert_ok(suite_run(bench, &job, &one, &q[1], NULL, &e), &e);
    assert_int_equal(ran.n, 2);
    assert_int_equal(ran.of, 2);
    assert_string_equal(ran.last, "probing.concepts");
    assert_null(q[1].concept);
    assert_null(report_find(&one, "latents.dead"));
    assert_true(one.n > 20 && one.n < all.n);
    for (size_t i = 0; i < one.n; i++) {
        const struct figure *f = report_find(&all, one.fig[i].path);
        assert_memory_equal(&f->v, &one.fig[i].v, sizeof f->v);
    }
    cJSON *tree = NULL;
    assert_ok(suite_tree(&one, &q[1], b.c, &tree, &e), &e);
    assert_null(cJSON_GetObjectItem(tree, "concepts"));
    cJSON_Delete(tree);
    /* An SAE of another model. */
    struct sae *wide = NULL;
    assert_ok(sae_new(sae_arch_find("topk"), WIDTH + 1, 4, 2, &wide, &e), &e);
    job.sae = wide;
    check_error(suite_run(bench, &job, &one, &q[1], NULL, &e), ERR_USAGE, &e,
                "width 17, expected 16");
    report_deinit(&all);
    report_deinit(&one);
    eval_result_deinit(&q[0]);
    suite_bench_free(bench);
    sae_free(wide);
    sae_free(s);
    eval_bench_deinit(&b);
}

/* ---- several SAEs at once ---- */

struct eval_thread {
    const struct suite_bench *bench;
    const struct eval_bench *b;
    const struct sae *sae;
    size_t threads; /* of its pool */
    struct str text;
    struct errinfo e;
    enum err rc;
};

static enum err evaluate_one(struct eval_thread *t, struct errinfo *e)
{
    const struct lm_hook hook = {0, LM_RESID_POST};
    struct suite_job job = {.sae = t->sae, .sections = SUITE_ALL};
    struct report r;
    struct eval_result q = {0};
    cJSON *tree = NULL;
    enum err rc = OK;
    report_init(&r, 9);
    TRY_OUT(rc, pool_new(t->threads, &job.pool, e));
    TRY_OUT(rc, harvester_new(t->b->m, hook, CONTEXT, job.pool, &job.h, e));
    TRY_OUT(rc, suite_run(t->bench, &job, &r, &q, NULL, e));
    q.seconds = 0;
    memset(&q.split, 0, sizeof q.split);
    TRY_OUT(rc, suite_tree(&r, &q, t->b->c, &tree, e));
    TRY_OUT(rc, json_print(tree, &t->text, e));
out:
    cJSON_Delete(tree);
    eval_result_deinit(&q);
    report_deinit(&r);
    harvester_free(job.h);
    pool_free(job.pool);
    return rc;
}

static void *thread_main(void *ctx)
{
    struct eval_thread *t = ctx;
    t->rc = evaluate_one(t, &t->e);
    return NULL;
}

/* Two SAEs on one bench, in two threads with pools of their own: the bytes that one
 * thread makes of them one after the other. */
static void test_at_once(void **state)
{
    (void)state;
    struct errinfo e;
    struct eval_bench b;
    struct suite_bench *bench = NULL;
    struct acts_set *ood = NULL;
    char good[512];
    eval_bench_init(&b, NULL);
    assert_ok(acts_set_new(b.h, b.ood, CORPUS_HELDOUT, b.m->tok, 20, &ood, &e), &e);
    assert_ok(file_write_text(tmp_path(good, b.dir, "tasks.csv"), TASKS_CSV, &e), &e);
    const char *const probes[1] = {good};
    struct mask_vocab *vocab = NULL;
    assert_ok(mask_vocab_new(b.m->tok, NULL, &vocab, &e), &e);
    const struct mask_spec mask = {.kind = MASK_RANDOM, .vocab = vocab};
    struct suite_source src = suite_source_of(&b, ood, probes, 1);
    src.mask = &mask;
    assert_ok(suite_bench_new(&src, b.h, NULL, NULL, NULL, &bench, &e), &e);
    struct sae *s[2] = {identity_sae(), identity_sae()};
    for (size_t i = 0; i < s[1]->F * s[1]->D; i++) {
        s[1]->W_dec[i] *= 0.5f;
    }
    struct eval_thread alone[2], at_once[2];
    for (size_t i = 0; i < 2; i++) {
        alone[i] =
            (struct eval_thread){.bench = bench, .b = &b, .sae = s[i], .threads = 1};
        at_once[i] = alone[i];
        at_once[i].threads = 2;
        str_init(&alone[i].text, (size_t)1 << 24);
        str_init(&at_once[i].text, (size_t)1 << 24);
        (void)thread_main(&alone[i]);
    }
    pthread_t id[2];
    for (size_t i = 0; i < 2; i++) {
        assert_ok(thread_start(&id[i], thread_main, &at_once[i], &e), &e);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(id[i], NULL), 0);
        assert_ok(alone[i].rc, &alone[i].e);
        assert_ok(at_once[i].rc, &at_once[i].e);
        assert_string_equal(alone[i].text.p, at_once[i].text.p);
        str_free(&at_once[i].text);
    }
    assert_string_not_equal(alone[0].text.p, alone[1].text.p);
    for (size_t i = 0; i < 2; i++) {
        str_free(&alone[i].text);
        sae_free(s[i]);
    }
    mask_vocab_free(vocab);
    suite_bench_free(bench);
    acts_set_free(ood);
    eval_bench_deinit(&b);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_suite),      cmocka_unit_test(test_row_norm),
        cmocka_unit_test(test_short_fits), cmocka_unit_test(test_parts),
        cmocka_unit_test(test_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
