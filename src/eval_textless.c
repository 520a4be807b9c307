#include "eval_textless.h"

#include "base/file.h"
#include "base/pool.h"
#include "eval/acts_bench.h"
#include "eval/truth.h"
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

static enum err measure_on_acts(const struct run_record *run,
                                const struct textless_eval *a, struct pool *pool,
                                struct report *r, struct errinfo *e)
{
    struct shards *from = NULL;
    struct acts_bench *bench = NULL;
    enum err rc = OK;
    TRY_OUT(rc, settings_shards_open(&run->set, &from, e));
    if (shards_width(from) != run->sae->D) {
        rc = err_set(e, ERR_FORMAT, "%s: found %zu dimensions, the SAE reads %zu",
                     shards_dir(from), shards_width(from), run->sae->D);
        goto out;
    }
    TRY_OUT(rc, acts_bench_new(from, (size_t)a->rows, pool, NULL, &bench, e));
    rc = acts_bench_report(bench, run->sae, pool, NULL, r, e);
out:
    acts_bench_free(bench);
    shards_free(from);
    return rc;
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

static enum err measure_run(const struct run_record *run, const struct textless_eval *a,
                            struct pool *pool, struct report *r, struct errinfo *e)
{
    report_init(r, (uint64_t)a->seed);
    return run->set.source == SOURCE_ACTIVATIONS ? measure_on_acts(run, a, pool, r, e)
                                                 : measure_on_features(run, pool, r, e);
}

/* Whether two runs have to have the same value of a setting to be compared: feature by
 * feature, or row by row. */
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
        str_addf(out, "%s%s, k %.10g, mask rate %g, seed %lld, step %lld\n",
                 i > 0 ? "\n" : "", s->arch, s->k, a->run[i]->mask_rate,
                 (long long)s->seed, (long long)a->run[i]->step);
        report_table(&r[i], out);
    }
    if (a->n > 1) {
        str_add(out, "\nfirst less second\n");
        report_table(diff, out);
    }
}

static enum err print_runs(const struct textless_eval *a, const struct report *r,
                           const struct report *diff, struct str *out,
                           struct errinfo *e)
{
    static const char *const key[] = {"first", "second"};
    struct str text;
    cJSON *root = NULL;
    enum err rc = OK;
    str_init(&text, TEXT_BYTES);
    if (a->n == 1) {
        TRY_OUT(rc, report_json(r, &text, e));
    } else {
        root = cJSON_CreateObject();
        TRY_OUT(rc, add_tree(root, key[0], &r[0], e));
        TRY_OUT(rc, add_tree(root, key[1], &r[1], e));
        TRY_OUT(rc, add_tree(root, "first_less_second", diff, e));
        TRY_OUT(rc, json_print(root, &text, e));
    }
    if (a->json) {
        str_add(out, text.p);
    } else {
        table_runs(a, r, diff, out);
    }
    if (a->file) {
        rc = file_write_named_text(a->file, text.p, e);
    } else if (a->dir) {
        rc = rundir_write_eval(a->dir, text.p, e);
    }
out:
    cJSON_Delete(root);
    str_free(&text);
    return rc;
}

enum err eval_textless_runs(const struct textless_eval *a, struct str *out,
                            struct errinfo *e)
{
    struct report r[2] = {{0}}, diff;
    struct pool *pool = NULL;
    enum err rc = OK;
    report_init(&diff, (uint64_t)a->seed);
    TRY_OUT(rc, num_ready(e));
    TRY_OUT(rc, pool_new(a->threads > 0 ? (size_t)a->threads : pool_cpus(), &pool, e));
    if (a->n > 1) {
        TRY_OUT(rc, check_same(&a->run[0]->set, &a->run[1]->set, e));
    }
    for (size_t i = 0; i < a->n; i++) {
        TRY_OUT(rc, measure_run(a->run[i], a, pool, &r[i], e));
    }
    if (a->n > 1) {
        TRY_OUT(rc, report_compare(&r[0], &r[1], &diff, e));
    }
    rc = print_runs(a, r, &diff, out, e);
out:
    report_deinit(&r[0]);
    report_deinit(&r[1]);
    report_deinit(&diff);
    pool_free(pool);
    return rc;
}
