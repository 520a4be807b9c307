#include "eval_textless.h"

#include "base/file.h"
#include "base/pool.h"
#include "cmd.h"
#include "eval/acts_bench.h"
#include "eval/kept.h"
#include "eval/truth.h"
#include "eval_meta.h"
#include "num/blas.h"
#include "train/settings_shards.h"
#include "train/settings_synth.h"

#include <string.h>

#define TEXT_BYTES ((size_t)256 << 20)

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

/* What runs are measured on, opened once for all of them. */
struct textless {
    struct pool *pool;
    struct shards *from; /* NULL: known features, which each run makes anew */
    struct acts_bench *acts;
};

static void textless_close(struct textless *t)
{
    acts_bench_free(t->acts);
    shards_free(t->from);
    pool_free(t->pool);
}

static enum err textless_open(const struct settings *s, int64_t rows, int64_t threads,
                              struct textless *t, struct errinfo *e)
{
    TRY(num_ready(e));
    TRY(pool_new(threads > 0 ? (size_t)threads : pool_cpus(), &t->pool, e));
    if (s->source != SOURCE_ACTIVATIONS) {
        return OK;
    }
    TRY(settings_shards_open(s, &t->from, e));
    return acts_bench_new(t->from, (size_t)rows, t->pool, NULL, &t->acts, e);
}

/* Remark if the files are not those a run was trained on: figures then differ too. */
static enum err remark_on_files(const struct run_record *run, const char *name,
                                const struct shards *from, struct report *r,
                                struct errinfo *e)
{
    struct remarks remarks = {0};
    run_record_shards_remarks(run, from, &remarks);
    cmd_remarks(name, &remarks);
    return report_remarks(r, &remarks, e);
}

static enum err measure_on_acts(const struct textless *t, const struct run_record *run,
                                const char *name, struct report *r, struct errinfo *e)
{
    const struct shards_facts *f = shards_facts(t->from);
    if (f->D != run->sae->D) {
        return err_set(e, ERR_FORMAT, "%s: found %zu dimensions, the SAE reads %zu",
                       f->dir, f->D, run->sae->D);
    }
    TRY(remark_on_files(run, name, t->from, r, e));
    return acts_bench_report(t->acts, run->sae, t->pool, NULL, r, e);
}

static enum err measure_on_features(const struct run_record *run, struct pool *pool,
                                    struct report *r, struct errinfo *e)
{
    const struct synth_config c = settings_synth(&run->set);
    struct synth *source = NULL;
    struct truth_set *set = NULL;
    enum err rc = OK;
    TRY_OUT(rc, synth_new(&c, &source, e));
    TRY_OUT(rc, truth_set_new(source, (size_t)run->set.synth_eval_rows, &set, e));
    TRY_OUT(rc, truth_measure(set, run->sae, pool, r, e));
out:
    truth_set_free(set);
    synth_free(source);
    return rc;
}

static enum err measure_run(const struct textless *t, const struct run_record *run,
                            const char *name, struct report *r, struct errinfo *e)
{
    return t->from ? measure_on_acts(t, run, name, r, e)
                   : measure_on_features(run, t->pool, r, e);
}

/* Print the text of a run's eval.json. */
static enum err print_eval(const struct textless *t, const struct run_record *run,
                           const char *dir, int64_t rows, const struct report *r,
                           struct str *out, struct errinfo *e)
{
    cJSON *root = NULL;
    TRY(report_tree(r, &root, e));
    eval_meta_add(root, dir, run, rows, (int64_t)r->seed);
    if (t->from) {
        eval_meta_add_files(root, shards_facts(t->from)->hash);
    }
    enum err rc = kept_add(r, root, e);
    rc = rc == OK ? json_print(root, out, e) : rc;
    cJSON_Delete(root);
    return rc;
}

/* Whether two runs must agree in a setting to be compared, feature by feature or row by
 * row. */
static bool must_agree(const struct setting_def *d)
{
    const char *const more[] = {setting_key.source, setting_key.activations,
                                setting_key.context, setting_key.seed};
    bool r = setting_is_synth(d);
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        r = r || strcmp(d->key, more[i]) == 0;
    }
    return r;
}

static enum err check_same(const struct settings *a, const struct settings *b,
                           struct errinfo *e)
{
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    struct str x, y;
    enum err rc = OK;
    str_init(&x, SETTING_VALUE_MAX);
    str_init(&y, SETTING_VALUE_MAX);
    for (size_t i = 0; rc == OK && i < n; i++) {
        const char *key = t[i].key;
        if (!must_agree(&t[i])) {
            continue;
        }
        str_clear(&x);
        str_clear(&y);
        settings_print(a, &t[i], &x);
        settings_print(b, &t[i], &y);
        if (strcmp(x.p, y.p) != 0) {
            rc =
                err_set(e, ERR_USAGE, "%s is %s and %s, expected the same in both runs",
                        key, x.p, y.p);
        }
    }
    str_free(&x);
    str_free(&y);
    return rc;
}

static void table_runs(const struct textless_eval *a, const struct report *r,
                       const struct report *diff, struct str *out)
{
    for (size_t i = 0; i < a->n; i++) {
        const struct settings *s = &a->run[i]->set;
        str_addf(out, "%sstep %lld, %s, k %.10g, mask rate %g, ", i > 0 ? "\n" : "",
                 (long long)a->run[i]->step, s->arch, s->k, a->run[i]->mask_rate);
        eval_meta_say_seeds(s, out);
        str_addc(out, '\n');
        report_table(&r[i], out);
    }
    if (a->n > 1) {
        str_add(out, "\nfirst less second\n");
        report_table(diff, out);
    }
}

static enum err print_two(int64_t rows, const struct report *r,
                          const struct report *diff, struct str *out, struct errinfo *e)
{
    cJSON *root = cJSON_CreateObject();
    enum err rc = OK;
    (void)eval_meta_add_seeds(root, rows, (int64_t)diff->seed);
    TRY_OUT(rc, add_tree(root, "first", &r[0], e));
    TRY_OUT(rc, add_tree(root, "second", &r[1], e));
    TRY_OUT(rc, add_tree(root, "first_less_second", diff, e));
    rc = json_print(root, out, e);
out:
    cJSON_Delete(root);
    return rc;
}

static enum err print_runs(const struct textless_eval *a, const struct textless *t,
                           const struct report *r, const struct report *diff,
                           struct str *out, struct errinfo *e)
{
    struct str text;
    str_init(&text, TEXT_BYTES);
    enum err rc = a->n == 1 ? print_eval(t, a->run[0], a->name[0], a->rows, r, &text, e)
                            : print_two(a->rows, r, diff, &text, e);
    if (rc == OK && a->json) {
        str_add(out, text.p);
    } else if (rc == OK) {
        table_runs(a, r, diff, out);
    }
    if (rc == OK && a->file) {
        rc = file_write_named_text(a->file, text.p, e);
    } else if (rc == OK && a->dir) {
        rc = rundir_write_eval(a->dir, text.p, e);
    }
    str_free(&text);
    return rc;
}

enum err eval_textless_runs(const struct textless_eval *a, struct str *out,
                            struct errinfo *e)
{
    struct report r[2] = {{0}}, diff;
    struct textless t = {0};
    enum err rc = OK;
    report_init(&diff, (uint64_t)a->seed);
    if (a->n > 1) {
        TRY_OUT(rc, check_same(&a->run[0]->set, &a->run[1]->set, e));
    }
    TRY_OUT(rc, textless_open(&a->run[0]->set, a->rows, a->threads, &t, e));
    for (size_t i = 0; i < a->n; i++) {
        report_init(&r[i], (uint64_t)a->seed);
        TRY_OUT(rc, measure_run(&t, a->run[i], a->name[i], &r[i], e));
    }
    if (a->n > 1) {
        TRY_OUT(rc, report_compare(&r[0], &r[1], &diff, e));
    }
    rc = print_runs(a, &t, r, &diff, out, e);
out:
    report_deinit(&r[0]);
    report_deinit(&r[1]);
    report_deinit(&diff);
    textless_close(&t);
    return rc;
}

/* ---- for other commands ---- */

static enum err eval_arm(const struct textless *t, const struct textless_arm *arm,
                         struct str *json, bool *lost, struct errinfo *e)
{
    struct report r;
    report_init(&r, EVAL_SEED);
    enum err rc = measure_run(t, arm->run, arm->dir, &r, e);
    rc = rc == OK ? print_eval(t, arm->run, arm->dir, EVAL_ROWS, &r, json, e) : rc;
    report_deinit(&r);
    TRY(rc);
    rc = rundir_write_eval(arm->dir, json->p, e);
    if (rc != OK) {
        (void)cmd_fail(rc, e);
        *lost = true;
    }
    return OK;
}

enum err eval_textless_arms(const struct textless_arm *arm, size_t n, int64_t threads,
                            const struct eval_watch *watch, struct str *json,
                            bool *lost, struct errinfo *e)
{
    struct textless t = {0};
    enum err rc = textless_open(&arm[0].run->set, EVAL_ROWS, threads, &t, e);
    *lost = false;
    for (size_t i = 0; i < n && rc == OK; i++) {
        watch->begin(watch->user, arm[i].dir, i, n);
        rc = eval_arm(&t, &arm[i], &json[i], lost, e);
    }
    textless_close(&t);
    return rc;
}
