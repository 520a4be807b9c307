#include "eval_synthetic.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/pool.h"
#include "num/blas.h"
#include "num/stats.h"
#include "progress.h"
#include "run/engine.h"
#include "run_opts.h"
#include "train/settings_arch.h"
#include "train/settings_synth.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TEXT_BYTES ((size_t)256 << 20)
#define RATES_MAX  RUN_ARMS_MAX
#define LEVEL      0.95

/* Figures of the table over seeds. */
static const char *const SHOWN[] = {"absorption", "silent", "mcc",
                                    "mmcs",       "f1",     "explained_variance",
                                    "l0",         "dead",   "uniqueness"};
enum { SHOWN_N = sizeof SHOWN / sizeof SHOWN[0] };

/* SAEs of seeds x rates. */
struct grid {
    struct settings set;
    double rate[RATES_MAX];
    size_t rates, seeds, done;
    struct report *r; /* [seeds, rates] */
};

static const struct report *at(const struct grid *g, size_t seed, size_t rate)
{
    return &g->r[seed * g->rates + rate];
}

static void grid_deinit(struct grid *g)
{
    for (size_t i = 0; i < g->done; i++) {
        report_deinit(&g->r[i]);
    }
    mem_free(g->r);
}

/* ---- training ---- */

/* An arm a rate. */
static enum err arms_of_rates(const struct grid *g, const struct settings *base,
                              struct arm_plan **out, struct errinfo *e)
{
    struct arm_plan *arms = NULL;
    enum err rc = arm_plans_like(base, g->rates, &arms, e);
    for (size_t i = 0; rc == OK && i < g->rates; i++) {
        char rate[32];
        snprintf(rate, sizeof rate, "%.10g", g->rate[i]);
        rc = settings_set(&arms[i].set, setting_key.mask_rate, rate,
                          from_program("--mask-rates"), e);
    }
    if (rc != OK) {
        mem_free(arms);
        return rc;
    }
    *out = arms;
    return OK;
}

/* All rates of a seed, trained side by side. */
static enum err run_seed(struct grid *g, size_t i, struct progress *bar,
                         struct errinfo *e)
{
    struct settings s = g->set;
    struct arm_plan *arms = NULL;
    struct engine *en = NULL;
    enum err rc = OK;
    s.seed = g->set.seed + (int64_t)i;
    s.eval_every = s.steps; /* at the end alone */
    TRY(arms_of_rates(g, &s, &arms, e));
    const struct engine_setup how = {.set = &arms[0].set, .arms = arms, .n = g->rates};
    TRY_OUT(rc, engine_open(&how, &en, e));
    while (!engine_done(en)) {
        TRY_OUT(rc, engine_step(en, e));
        if (progress_due(bar)) {
            char text[64];
            const double step = (double)engine_step_count(en);
            snprintf(text, sizeof text, "seed %zu/%zu", i + 1, g->seeds);
            progress_draw(bar, (double)i + step / (double)s.steps, (double)g->seeds,
                          text);
        }
    }
    for (size_t a = 0; a < g->rates; a++) {
        g->r[g->done++] = en->arm[a].truth;
        en->arm[a].truth = (struct report){0};
    }
out:
    mem_free(arms);
    engine_free(en);
    return rc;
}

static enum err run_seeds(struct grid *g, struct errinfo *e)
{
    struct progress bar;
    enum err rc = OK;
    TRY(mem_new(&g->r, g->seeds * g->rates, sizeof *g->r, "reports", e));
    progress_init(&bar, false);
    for (size_t i = 0; rc == OK && i < g->seeds; i++) {
        rc = run_seed(g, i, &bar, e);
    }
    progress_clear(&bar);
    return rc;
}

/* ---- over seeds ---- */

/* One figure of all seeds at a rate, x [seeds]. */
static void collect(const struct grid *g, size_t rate, const char *name, double *x)
{
    char path[64];
    snprintf(path, sizeof path, "truth.%s", name);
    for (size_t i = 0; i < g->seeds; i++) {
        const struct figure *f = report_find(at(g, i, rate), path);
        x[i] = f ? f->v.value : (double)NAN;
    }
}

static void add_rates(const struct grid *g, size_t from, struct str *out)
{
    char text[32];
    str_addf(out, "%-20s", "");
    for (size_t r = from; r < g->rates; r++) {
        snprintf(text, sizeof text, "p = %g", g->rate[r]);
        str_addf(out, "  %-24s", text);
    }
    str_addc(out, '\n');
}

/* x and base are scratch of [seeds]. */
static void add_means(const struct grid *g, double *x, struct str *out)
{
    char text[2 * NUMBER_TEXT + 8];
    str_addf(out, "\nmean and standard deviation over %zu seeds\n", g->seeds);
    add_rates(g, 0, out);
    for (size_t m = 0; m < SHOWN_N; m++) {
        str_addf(out, "%-20s", SHOWN[m]);
        for (size_t r = 0; r < g->rates; r++) {
            collect(g, r, SHOWN[m], x);
            snprintf(text, sizeof text, "%s +- %s",
                     NUMBER(NUMBER_PLAIN, 0, 4, stats_mean(g->seeds, x)),
                     NUMBER(NUMBER_PLAIN, 0, 4, stats_sd(g->seeds, x)));
            str_addf(out, "  %-24s", text);
        }
        str_addc(out, '\n');
    }
}

static void add_differences(const struct grid *g, double *base, double *x,
                            struct str *out)
{
    char text[3 * NUMBER_TEXT + 8];
    str_addf(out,
             "\nless p = %g, paired by seed, 95 %% t interval; one that holds 0 "
             "establishes nothing\n",
             g->rate[0]);
    add_rates(g, 1, out);
    for (size_t m = 0; m < SHOWN_N; m++) {
        str_addf(out, "%-20s", SHOWN[m]);
        collect(g, 0, SHOWN[m], base);
        for (size_t r = 1; r < g->rates; r++) {
            collect(g, r, SHOWN[m], x);
            const struct stats_interval d = stats_paired_t(g->seeds, base, x, LEVEL);
            snprintf(text, sizeof text, "%s [%s, %s]",
                     NUMBER(NUMBER_SIGNED, 0, 3, d.mean),
                     NUMBER(NUMBER_SIGNED, 0, 3, d.low),
                     NUMBER(NUMBER_SIGNED, 0, 3, d.high));
            str_addf(out, "  %-24s", text);
        }
        str_addc(out, '\n');
    }
}

static void add_number(cJSON *o, const char *key, double v)
{
    (void)cJSON_AddItemToObject(
        o, key, isfinite(v) ? cJSON_CreateNumber(v) : cJSON_CreateNull());
}

static cJSON *summary(const struct grid *g, double *base, double *x)
{
    cJSON *root = cJSON_CreateObject();
    for (size_t m = 0; m < SHOWN_N; m++) {
        cJSON *list = cJSON_AddArrayToObject(root, SHOWN[m]);
        collect(g, 0, SHOWN[m], base);
        for (size_t r = 0; r < g->rates; r++) {
            cJSON *o = cJSON_CreateObject();
            collect(g, r, SHOWN[m], x);
            add_number(o, "mask_rate", g->rate[r]);
            add_number(o, "mean", stats_mean(g->seeds, x));
            add_number(o, "sd", stats_sd(g->seeds, x));
            if (r > 0) {
                const struct stats_interval d =
                    stats_paired_t(g->seeds, base, x, LEVEL);
                add_number(o, "difference", d.mean);
                add_number(o, "low", d.low);
                add_number(o, "high", d.high);
            }
            (void)cJSON_AddItemToArray(list, o);
        }
    }
    return root;
}

/* ---- output ---- */

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

static enum err add_runs(const struct grid *g, cJSON *root, struct errinfo *e)
{
    cJSON *list = cJSON_AddArrayToObject(root, "runs");
    for (size_t i = 0; i < g->done; i++) {
        cJSON *o = cJSON_CreateObject();
        (void)cJSON_AddNumberToObject(o, "seed",
                                      (double)g->set.seed + (double)(i / g->rates));
        (void)cJSON_AddNumberToObject(o, "mask_rate", g->rate[i % g->rates]);
        (void)cJSON_AddItemToArray(list, o);
        TRY(add_tree(o, "measures", &g->r[i], e));
    }
    return OK;
}

static enum err grid_json(const struct grid *g, double *base, double *x,
                          struct str *out, struct errinfo *e)
{
    cJSON *root = cJSON_CreateObject();
    cJSON *set = cJSON_AddObjectToObject(root, "settings");
    enum err rc = OK;
    TRY_OUT(rc, settings_add_json(&g->set, set, e));
    TRY_OUT(rc, add_runs(g, root, e));
    (void)cJSON_AddItemToObject(root, "summary", summary(g, base, x));
    TRY_OUT(rc, json_print(root, out, e));
out:
    cJSON_Delete(root);
    return rc;
}

/* One seed: what each rate has, and the differences with intervals over its parents,
 * features and latents. */
static enum err one_seed(const struct grid *g, struct str *out, struct errinfo *e)
{
    for (size_t r = 0; r < g->rates; r++) {
        str_addf(out, "\nmask rate %g\n", g->rate[r]);
        report_table(at(g, 0, r), out);
    }
    for (size_t r = 1; r < g->rates; r++) {
        struct report diff;
        report_init(&diff, (uint64_t)g->set.seed);
        const enum err rc = report_compare(at(g, 0, 0), at(g, 0, r), &diff, e);
        if (rc == OK) {
            str_addf(out,
                     "\nmask rate %g less mask rate %g, one seed; an interval that "
                     "holds 0 establishes no difference\n",
                     g->rate[r], g->rate[0]);
            report_table(&diff, out);
        }
        report_deinit(&diff);
        TRY(rc);
    }
    return OK;
}

static enum err grid_text(const struct grid *g, double *base, double *x,
                          struct str *out, struct errinfo *e)
{
    const struct settings *s = &g->set;
    const struct synth_config c = settings_synth(s);
    char sparsity[64];
    settings_sparsity(s, sparsity, sizeof sparsity);
    str_addf(out, "%s %s, %lld latents on %zu known features%s; %lld steps of %lld\n",
             s->arch, sparsity, (long long)s->width, synth_count(&c),
             c.mask_feature ? " (one is the mask's own)" : "", (long long)s->steps,
             (long long)s->batch);
    if (g->seeds == 1) {
        return one_seed(g, out, e);
    }
    add_means(g, x, out);
    if (g->rates > 1) {
        add_differences(g, base, x, out);
    }
    return OK;
}

/* Text or JSON into `out`, JSON into `file` as well. */
static enum err grid_print(const struct grid *g, bool json, const char *file,
                           struct str *out, struct errinfo *e)
{
    double *x = NULL;
    struct str text;
    enum err rc = OK;
    str_init(&text, TEXT_BYTES);
    TRY_OUT(rc, mem_new(&x, g->seeds, 2 * sizeof *x, "seeds", e));
    if (json || file) {
        TRY_OUT(rc, grid_json(g, x, x + g->seeds, &text, e));
    }
    if (json) {
        str_add(out, text.p);
    } else {
        TRY_OUT(rc, grid_text(g, x, x + g->seeds, out, e));
    }
    rc = file ? file_write_named_text(file, text.p, e) : OK;
out:
    mem_free(x);
    str_free(&text);
    return rc;
}

/* ---- the command ---- */

bool eval_names_source(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--source") == 0 || strncmp(argv[i], "--source=", 9) == 0) {
            return true;
        }
    }
    return false;
}

/* "0,0.3,0.5", ascending from where it likes. */
static enum err parse_rates(const char *text, struct grid *g, struct errinfo *e)
{
    const struct setting_def *d = setting_find(setting_key.mask_rate);
    for (const char *p = text;;) {
        char one[32];
        const size_t n = strcspn(p, ",");
        snprintf(one, sizeof one, "%.*s", (int)(n < sizeof one ? n : 0), p);
        double *v = &g->rate[g->rates];
        if (g->rates == RATES_MAX || !number_real(one, v) || *v < d->min ||
            *v > d->max) {
            return err_set(e, ERR_USAGE,
                           "--mask-rates: found '%.60s', expected up to %d numbers "
                           "from %g to %g, with commas",
                           text, RATES_MAX, d->min, d->max);
        }
        g->rates++;
        if (p[n] == '\0') {
            return OK;
        }
        p += n + 1;
    }
}

/* The rates that were asked for: a list, or 0 and the mask rate if one was named. */
static enum err find_rates(const char *list, struct grid *g, struct errinfo *e)
{
    if (g->set.source != SOURCE_SYNTHETIC) {
        return err_set(e, ERR_USAGE,
                       "--source: found 'model', expected synthetic; a run on a model "
                       "is measured by `saetop eval RUN`");
    }
    if (!arm_plans_single(&g->set)) {
        return err_set(e, ERR_USAGE,
                       "eval --source synthetic: arms come from --mask-rates; train "
                       "has twin, --also and seed.count");
    }
    if (list) {
        return parse_rates(list, g, e);
    }
    g->rates = 1;
    if (settings_given(&g->set, setting_key.mask_rate) && g->set.mask_rate > 0.0) {
        g->rate[g->rates++] = g->set.mask_rate;
    }
    return OK;
}

static enum err run_line(const struct run_opts *ro, struct grid *g, const char *rates,
                         bool json, const char *file, struct str *out,
                         struct errinfo *e)
{
    TRY(file ? file_check_named(file, e) : OK);
    TRY(run_opts_settings(ro, &g->set, e));
    TRY(find_rates(rates, g, e));
    TRY(run_seeds(g, e));
    return grid_print(g, json, file, out, e);
}

int eval_synthetic_main(int argc, char **argv)
{
    const char *rates = NULL, *file = NULL;
    int64_t seeds = 1;
    bool json = false, force = false;
    const struct opt own[] = {
        {"json", OPT_FLAG, &json, NULL, "one object", 0, 0, NULL},
        {"out", OPT_NEW, &file, "FILE", "write the object there", 0, 0, NULL},
        OPT_FORCE(&force),
        {"seeds", OPT_INT, &seeds, "N", "so many seeds, from --seed on", 1, 1000, NULL},
        {"mask-rates", OPT_STRING, &rates, "LIST",
         "train at each of these, differences from the first (default: 0 and "
         "--mask-rate)",
         0, 0, NULL},
    };
    struct run_opts ro;
    const struct opts o = {
        .name = "eval --source synthetic",
        .usage = "[OPTIONS]",
        .about =
            "Train SAEs on known features, without a model, and hold them against "
            "the truth: exact absorption, MCC, MMCS, F1 of each latent. Shapes and "
            "masking of the features: --set synthetic.NAME=VALUE. `saetop train "
            "--source synthetic` saves such a run.",
    };
    struct opts_result parsed;
    struct grid g = {0};
    struct errinfo e = {0};
    struct str out;
    int status = 0;
    if (!run_opts_begin(&ro, o, own, sizeof own / sizeof own[0], argc, argv, &parsed,
                        &status)) {
        return status;
    }
    g.seeds = (size_t)seeds;
    str_init(&out, TEXT_BYTES);
    const enum err rc = run_line(&ro, &g, rates, json, file, &out, &e);
    grid_deinit(&g);
    status = json ? cmd_print(&out) : cmd_print_text(&out);
    return rc != OK ? cmd_fail(rc, &e) : status;
}

/* ---- saved runs ---- */

static enum err measure_run(const struct run_record *run,
                            const struct synthetic_eval *a, struct pool *pool,
                            struct report *r, struct errinfo *e)
{
    const struct synth_config c = settings_synth(&run->set);
    struct synth *source = NULL;
    struct truth_set *set = NULL;
    enum err rc = OK;
    report_init(r, (uint64_t)a->seed);
    TRY_OUT(rc, synth_new(&c, &source, e));
    TRY_OUT(rc, truth_set_new(source, (size_t)run->set.synth_eval_rows, &set, e));
    TRY_OUT(rc, truth_measure(set, run->sae, pool, r, e));
out:
    truth_set_free(set);
    synth_free(source);
    return rc;
}

/* Two runs are compared feature by feature. */
static enum err check_same(const struct settings *a, const struct settings *b,
                           struct errinfo *e)
{
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    struct str x, y;
    enum err rc = OK;
    str_init(&x, 2 * SETTING_TEXT_MAX);
    str_init(&y, 2 * SETTING_TEXT_MAX);
    for (size_t i = 0; rc == OK && i < n; i++) {
        const char *key = t[i].key;
        if (!setting_is_synth(&t[i]) && strcmp(key, setting_key.seed) != 0) {
            continue;
        }
        str_clear(&x);
        str_clear(&y);
        settings_print(a, &t[i], &x);
        settings_print(b, &t[i], &y);
        if (strcmp(x.p, y.p) != 0) {
            rc = err_set(e, ERR_USAGE, "%s is %s and %s, expected the same features",
                         key, x.p, y.p);
        }
    }
    str_free(&x);
    str_free(&y);
    return rc;
}

static void table_runs(const struct synthetic_eval *a, const struct report *r,
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
        str_add(out, "\nsecond less first\n");
        report_table(diff, out);
    }
}

static enum err print_runs(const struct synthetic_eval *a, const struct report *r,
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
        TRY_OUT(rc, add_tree(root, "second_less_first", diff, e));
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

enum err eval_synthetic_runs(const struct synthetic_eval *a, struct str *out,
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
