/* saetop eval: every measure of a trained SAE, or of two and their differences. */
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "browse.h"
#include "cmd.h"
#include "eval/perturb.h"
#include "eval/saebench_out.h"
#include "eval/splitting.h"
#include "eval/suite.h"
#include "eval_arms.h"
#include "eval_meta.h"
#include "eval_pair.h"
#include "eval_summary.h"
#include "eval_textless.h"
#include "measure/measure.h"
#include "progress.h"
#include "run/conditions.h"
#include "run/evaluator.h"
#include "run/run_arms.h"
#include "run_name.h"
#include "sae/sae_remarks.h"
#include "state_dir.h"
#include "train/rundir.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define OUTPUT_BYTES ((size_t)256 << 20)

struct eval_args {
    const char *run[2]; /* the second is NULL for one run */
    bool json, all, force;
    const char *out, *details;
    const char *to, *dir;  /* --to saebench DIR */
    const char *k, *only;  /* only NULL: all sections */
    struct run_opts named; /* model, text, ... in place of what a run recorded */
    const char *model, *corpus, *ood, *concepts, *hook, *config;
    const char *cache; /* NULL: in the program's state folder; "none" */
    struct opt_list probes;
    int64_t rows, seed, threads;
    double split;
    int lost; /* the exit status for places that could not be written */
    struct progress bar;
};

static struct eval_args eval_args_defaults(void)
{
    return (struct eval_args){
        .k = "1,2,5", .rows = EVAL_ROWS, .seed = EVAL_SEED, .split = SPLITTING_COSINE};
}

/* Note a place that could not be written: what was measured for it is still printed,
 * and the command fails at its end. */
static void note_lost(struct eval_args *a, enum err rc, const struct errinfo *e)
{
    if (rc != OK) {
        a->lost = cmd_fail(rc, e);
    }
}

struct eval_run {
    struct run_record record;
    struct report report;
    struct eval_result result;
    struct suite_times times;
    struct json_out *details; /* NULL: not asked for */
};

static void run_close(struct eval_run *r)
{
    run_record_deinit(&r->record);
    report_deinit(&r->report);
    eval_result_deinit(&r->result);
    json_out_free(r->details);
}

/* ---- running ---- */

static void show(struct eval_args *a, const char *doing, const char *what, size_t done,
                 size_t n)
{
    char text[96];
    (void)snprintf(text, sizeof text, "%s: %s, %zu of %zu", doing, what, done + 1, n);
    progress_draw(&a->bar, (double)done, (double)n, text);
}

/* Show what is being made for all runs, or what is being measured of a run. */
static void show_making(void *user, const char *what, size_t done, size_t n)
{
    show(user, "preparing", what, done, n);
}
static void show_measuring(void *user, const char *what, size_t done, size_t n)
{
    show(user, "measuring", what, done, n);
}

/* Open the evaluator of both runs, by the settings of the first. */
static enum err open_evaluator(struct eval_args *a, struct eval_run *r,
                               struct evaluator **out, struct errinfo *e)
{
    const struct suite_watch watch = {show_making, a};
    struct evaluator_opts o = evaluator_defaults();
    char state[4096];
    struct settings given;
    struct errinfo none;
    if (a->cache != NULL) {
        o.cache = strcmp(a->cache, "none") != 0 ? a->cache : NULL;
    } else if (state_dir("probes", state, sizeof state, &none) == OK) {
        o.cache = state;
    }
    o.probes = a->probes.at;
    o.n_probes = a->probes.n;
    TRY(run_opts_given(&a->named, &given, e));
    o.concepts_named = settings_given(&given, setting_key.concepts);
    o.rows = (size_t)a->rows;
    o.seed = (uint64_t)a->seed;
    if (probe_ks_parse(a->k, &o.ks, e) != OK) {
        return err_prefix(e, ERR_USAGE, "--probe-k");
    }
    if (a->only != NULL && suite_sections_parse(a->only, &o.sections, e) != OK) {
        return err_prefix(e, ERR_USAGE, "--only");
    }
    r->record.set.threads = a->threads;
    o.sae = r->record.sae;
    o.sae_name = a->run[0];
    o.watch = &watch;
    const enum err rc = evaluator_open(&r->record.set, &o, NULL, out, e);
    progress_clear(&a->bar);
    return rc;
}

/* Put remarks on the run and its inputs on stderr and into "remarks" of the object. */
static enum err add_remarks(const char *dir, const struct inputs *in,
                            struct eval_run *r, struct errinfo *e)
{
    const struct figure *l0 =
        report_find(&r->report, measure_at(METRIC_L0_CLEAN)->path);
    const struct figure *dead =
        report_find(&r->report, measure_at(METRIC_DEAD_CLEAN)->path);
    const struct sae_measured m = {.l0 = l0 ? l0->v.value : (double)NAN,
                                   .dead = dead ? dead->v.value : (double)NAN};
    struct remarks remarks = {0};
    run_record_remarks(&r->record, in, &remarks);
    sae_remarks(r->record.sae, run_record_says_k(&r->record), &m, &remarks);
    cmd_remarks(dir, &remarks);
    return report_remarks(&r->report, &remarks, e);
}

static enum err evaluate_run(struct eval_args *a, const struct evaluator *v,
                             const char *dir, struct eval_run *r, struct errinfo *e)
{
    const struct inputs *in = evaluator_inputs(v);
    const struct suite_watch watch = {show_measuring, a};
    const struct suite_job job = {.sae = r->record.sae,
                                  .h = in->h,
                                  .pool = in->pool,
                                  .sections = SUITE_ALL,
                                  .watch = &watch};
    report_init(&r->report, (uint64_t)a->seed);
    TRY(run_record_fit(&r->record, dir, in, e));
    r->report.details = r->details;
    const enum err rc = evaluator_run(v, &job, &r->report, &r->result, &r->times, e);
    progress_clear(&a->bar);
    TRY(rc);
    r->result.step = r->record.step;
    return add_remarks(dir, in, r, e);
}

/* ---- output ---- */

static void add_cache(cJSON *root, const struct evaluator *v)
{
    size_t got = 0, put = 0;
    cJSON *cache = cJSON_AddObjectToObject(root, "raw_probe_cache");
    evaluator_cached(v, &got, &put);
    (void)cJSON_AddNumberToObject(cache, "read", (double)got);
    (void)cJSON_AddNumberToObject(cache, "written", (double)put);
    if (evaluator_cache_fault(v) != NULL) {
        (void)cJSON_AddStringToObject(cache, "fault", evaluator_cache_fault(v));
    }
}

/* How it was evaluated. split: that of a pair, NULL of one run. */
static enum err add_asked(cJSON *root, const struct eval_args *a, const double *split,
                          struct errinfo *e)
{
    const struct eval_asked asked = {.named = &a->named,
                                     .probes = &a->probes,
                                     .probe_k = a->k,
                                     .only = a->only,
                                     .split = split};
    (void)cJSON_AddNumberToObject(cJSON_GetObjectItemCaseSensitive(root, "seeds"),
                                  "evaluation", (double)eval_defaults().seed);
    return eval_meta_add_options(root, &asked, e);
}

static enum err add_meta(cJSON *root, const struct eval_args *a, const char *dir,
                         const struct eval_run *r, struct errinfo *e)
{
    eval_meta_add(root, dir, &r->record, a->rows, a->seed);
    cJSON *times = cJSON_AddObjectToObject(root, "part_seconds");
    for (size_t i = 0; i < r->times.n; i++) {
        (void)cJSON_AddNumberToObject(times, r->times.section[i], r->times.seconds[i]);
    }
    return add_asked(root, a, NULL, e);
}

/* Write a run's results where they go besides standard output. */
static enum err write_place(const struct eval_args *a, const char *dir,
                            const struct str *text, struct errinfo *e)
{
    if (a->out != NULL && a->run[1] == NULL) {
        return file_write_named_text(a->out, text->p, e);
    }
    /* An evaluation of some sections, or with another model or text, must not replace
     * the run's full one; and directories of other tools are not written to. */
    if (a->only != NULL || a->named.n_flags > 0 || a->config != NULL ||
        !rundir_is(dir)) {
        return OK;
    }
    return rundir_write_eval(dir, text->p, e);
}

/* Write the run's eval.json; its text goes to *text. */
static enum err write_run(struct eval_args *a, const struct evaluator *v,
                          const char *dir, const struct eval_run *r, struct str *text,
                          struct errinfo *e)
{
    cJSON *root = NULL;
    TRY(suite_tree(&r->report, &r->result, evaluator_inputs(v)->concepts, &root, e));
    add_cache(root, v);
    enum err rc = add_meta(root, a, dir, r, e);
    rc = rc == OK ? json_print(root, text, e) : rc;
    cJSON_Delete(root);
    TRY(rc);
    note_lost(a, write_place(a, dir, text, e), e);
    return OK;
}

/* Name the run as in SAEBench's files; *m borrows `run`. */
static void name_run(const struct eval_args *a, char run[4096], struct saebench_meta *m)
{
    (void)snprintf(run, 4096, "%s", a->run[0]);
    for (size_t n = strlen(run); n > 1 && run[n - 1] == '/'; n--) {
        run[n - 1] = '\0';
    }
    m->release = "saetop";
    m->id = path_base(run);
}

/* Write the same results in SAEBench's form, into the folder of --to. */
static enum err write_saebench(const struct eval_args *a, const struct evaluator *v,
                               const struct eval_run *r, struct str *out,
                               struct errinfo *e)
{
    const struct settings *s = &r->record.set;
    struct timespec now = {0};
    size_t written = 0;
    char dir[4096];
    (void)clock_gettime(CLOCK_REALTIME, &now);
    struct saebench_meta m = {
        .model = path_base(s->model),
        .hook = s->hook,
        .arch = s->arch,
        .version = "saetop " SAETOP_VERSION,
        .epoch_millis = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000,
        .step = r->record.step,
        .D = r->record.sae->D,
        .F = r->record.sae->F,
        .k = r->record.sae->k,
        .context = harvest_T(evaluator_inputs(v)->h),
        .layer = evaluator_inputs(v)->hook.block,
        .seed = (uint64_t)a->seed,
    };
    name_run(a, dir, &m);
    TRY(saebench_write(&r->report, &r->result, evaluator_inputs(v)->concepts, &m,
                       a->dir, &written, e));
    if (!a->json) {
        str_addf(out, "%zu result%s in SAEBench's form in ", written,
                 plural_s(written));
        utf8_escape(out, a->dir, strlen(a->dir));
        str_addc(out, '\n');
    }
    return OK;
}

static void add_header(const struct eval_run *r, const char *letter, const char *dir,
                       struct str *out)
{
    const struct settings *s = &r->record.set;
    struct str text;
    str_init(&text, 2 * RUNDIR_PATH);
    str_add(&text, letter);
    utf8_escape(&text, dir, strlen(dir));
    str_addf(&text, ": step %lld, %s, k %.10g, mask rate %g, ",
             (long long)r->record.step, s->arch, s->k, r->record.mask_rate);
    eval_meta_say_seeds(s, &text);
    str_wrap(out, text.len > 0 ? text.p : "", 0, 3);
    str_free(&text);
}

#define INTERVALS "intervals are 95 % bootstraps over the units named after n"

/* Whether the whole table is printed: with --all, or for the measures that --only
 * names. */
static bool prints_all(const struct eval_args *a)
{
    return a->all || a->only != NULL;
}

static void add_table(const struct report *r, struct str *out)
{
    report_table(r, out);
    const cJSON *input = cJSON_GetObjectItemCaseSensitive(r->lists, SUITE_LETTER_INPUT);
    const cJSON *why =
        cJSON_GetObjectItemCaseSensitive(r->lists, SUITE_LETTER_INPUT "_why");
    if (cJSON_IsString(input)) {
        struct str text;
        str_init(&text, 4096);
        str_addf(&text, "first letters were asked by: %s%s%s%s", input->valuestring,
                 cJSON_IsString(why) ? " (" : "",
                 cJSON_IsString(why) ? why->valuestring : "",
                 cJSON_IsString(why) ? ")" : "");
        str_addc(out, '\n');
        str_wrap(out, text.len > 0 ? text.p : "", 0, 2);
        str_free(&text);
    }
    if (report_find(r, "tpp.n2.total") != NULL || report_find(r, "scr.n2") != NULL) {
        str_addc(out, '\n');
        str_wrap(out, "tpp, scr: " PERTURB_CAVEAT, 0, 2);
    }
}

/* Whether a run has no text, so that nothing that needs one is measured. */
static bool is_textless(const struct run_record *r)
{
    return r->set.source != SOURCE_MODEL;
}

/* Refuse options that such a run has no use for: it has no sections to choose from, no
 * details and no form of SAEBench's. */
static enum err check_textless(const struct eval_args *a, const char *dir,
                               struct errinfo *e)
{
    const struct {
        const char *name;
        bool given;
    } of_text[] = {{"--details", a->details != NULL},
                   {"--only", a->only != NULL},
                   {"--to", a->to != NULL},
                   {"--probes", a->probes.n > 0}};
    for (size_t i = 0; i < sizeof of_text / sizeof *of_text; i++) {
        if (of_text[i].given) {
            return err_set(e, ERR_USAGE,
                           "%s: %s is a run without a text, expected one on text",
                           of_text[i].name, dir);
        }
    }
    return OK;
}

static enum err eval_textless(const struct eval_args *a, const struct run_record *x,
                              const struct run_record *y, struct str *out,
                              struct errinfo *e)
{
    const struct textless_eval s = {.run = {x, y},
                                    .name = {a->run[0], a->run[1]},
                                    .n = y != NULL ? 2 : 1,
                                    .seed = a->seed,
                                    .rows = a->rows,
                                    .threads = a->threads,
                                    .json = a->json,
                                    .file = a->out,
                                    .dir = y == NULL ? a->run[0] : NULL};
    TRY(check_textless(a, is_textless(x) ? a->run[0] : a->run[1], e));
    return eval_textless_runs(&s, out, e);
}

static void say_text(struct json_out *o, const char *key, const char *value)
{
    json_out_text(o, key, value, strlen(value));
}

/* Begin the details with the run, model and seeds; the measures add their own. */
static enum err begin_details(const struct eval_args *a, const struct evaluator *v,
                              struct eval_run *r, struct errinfo *e)
{
    const struct settings *s = &r->record.set;
    const struct eval_config c = eval_set_config(evaluator_set(v));
    if (a->details == NULL) {
        return OK;
    }
    TRY(json_out_new(&r->details, e));
    struct json_out *o = r->details;
    say_text(o, "format", "saetop details 1");
    say_text(o, "run", a->run[0]);
    say_text(o, "model", s->model);
    say_text(o, "hook", s->hook);
    json_out_object(o, "evaluation");
    json_out_number(o, "seed", (double)c.seed);
    json_out_number(o, "interval_seed", (double)a->seed);
    json_out_number(o, "interval_draws", REPORT_REPS);
    json_out_number(o, "rows", (double)a->rows);
    json_out_number(o, "live_rows", (double)c.fidelity_rows);
    json_out_number(o, "min_probe_f1", c.min_probe_f1);
    json_out_number(o, "min_positives", (double)c.min_positives);
    json_out_number(o, "word_least", (double)c.word_least);
    json_out_end(o);
    return OK;
}

static void print_one(const struct eval_args *a, const struct eval_run *r,
                      struct str *out)
{
    add_header(r, "", a->run[0], out);
    str_add(out, INTERVALS "\n");
    if (prints_all(a)) {
        str_addc(out, '\n');
        add_table(&r->report, out);
    } else {
        eval_summary_one(&r->report, out);
    }
}

/* Say that of a run with several arms only the first, the SAE of its own directory, is
 * evaluated. */
static enum err say_first_arm(const char *dir, struct errinfo *e)
{
    struct run_arms *arms = NULL;
    struct remarks unsaid = {0};
    struct errinfo none;
    TRY(mem_new(&arms, 1, sizeof *arms, "arms", e));
    if (run_arms(dir, arms, &unsaid, &none) == OK && arms->n > 1) {
        cmd_say(stderr, "saetop: %s: the first of its %zu arms; all of them:", dir,
                arms->n);
        cmd_say(stderr, "saetop:   saetop verdict %s", dir);
        cmd_say(stderr, "saetop: another: saetop eval %s", arms->dir[1]);
    }
    mem_free(arms);
    return OK;
}

static enum err eval_one(struct eval_args *a, struct str *out, struct errinfo *e)
{
    struct evaluator *v = NULL;
    struct eval_run r = {0};
    struct str text;
    enum err rc = OK;
    str_init(&text, OUTPUT_BYTES);
    TRY_OUT(rc, browse_record(a->run[0], &a->named, &r.record, e));
    if (is_textless(&r.record)) {
        rc = eval_textless(a, &r.record, NULL, out, e);
        goto out;
    }
    TRY_OUT(rc, say_first_arm(a->run[0], e));
    TRY_OUT(rc, open_evaluator(a, &r, &v, e));
    TRY_OUT(rc, begin_details(a, v, &r, e));
    TRY_OUT(rc, evaluate_run(a, v, a->run[0], &r, e));
    TRY_OUT(rc, write_run(a, v, a->run[0], &r, &text, e));
    if (r.details != NULL) {
        note_lost(a, json_out_write(r.details, a->details, e), e);
    }
    if (a->json) {
        str_add(out, text.p);
    } else {
        print_one(a, &r, out);
    }
    if (a->to != NULL) {
        TRY_OUT(rc, write_saebench(a, v, &r, out, e));
    }
out:
    str_free(&text);
    run_close(&r);
    evaluator_free(v);
    return rc;
}

/* ---- for other commands ---- */

static enum err eval_arm(struct eval_args *a, struct evaluator **v, struct str *json,
                         struct errinfo *e)
{
    struct eval_run r = {0};
    enum err rc = browse_record(a->run[0], &a->named, &r.record, e);
    if (rc == OK && *v == NULL) {
        rc = open_evaluator(a, &r, v, e);
    }
    rc = rc == OK ? evaluate_run(a, *v, a->run[0], &r, e) : rc;
    rc = rc == OK ? write_run(a, *v, a->run[0], &r, json, e) : rc;
    run_close(&r);
    return rc;
}

enum err eval_arms(const char *const *run, size_t n, int64_t threads,
                   const struct eval_watch *watch, struct str *json, bool *lost,
                   struct errinfo *e)
{
    struct eval_args a = eval_args_defaults();
    struct evaluator *v = NULL;
    enum err rc = OK;
    a.threads = threads;
    progress_init(&a.bar, watch->quiet);
    for (size_t i = 0; i < n && rc == OK; i++) {
        watch->begin(watch->user, run[i], i, n);
        a.run[0] = run[i];
        rc = eval_arm(&a, &v, &json[i], e);
    }
    *lost = a.lost != 0;
    evaluator_free(v);
    return rc;
}

/* ---- two runs ---- */

static void print_pair_text(const struct eval_args *a, const struct eval_run *r,
                            const struct report *diff, struct str *out)
{
    struct condition_changes changes[2][CHANGE_KINDS];
    conditions_changes(&r[0].record.history, changes[0]);
    conditions_changes(&r[1].record.history, changes[1]);
    const struct eval_pair p = {.set = {&r[0].record.set, &r[1].record.set},
                                .step = {r[0].record.step, r[1].record.step},
                                .changes = {changes[0], changes[1]},
                                .report = {&r[0].report, &r[1].report},
                                .difference = diff};
    add_header(&r[0], "A ", a->run[0], out);
    add_header(&r[1], "B ", a->run[1], out);
    if (prints_all(a)) {
        str_add(
            out,
            "A-B, the first less the second, over the units that both have;\n" INTERVALS
            ";\none that holds 0 establishes no difference\n\n");
        add_table(diff, out);
    } else {
        eval_summary_two(&p, out);
    }
}

static enum err print_pair(struct eval_args *a, const struct eval_run *r,
                           const struct report *diff, struct str *out,
                           struct errinfo *e)
{
    if (!a->json) {
        print_pair_text(a, r, diff, out);
    }
    if (!a->json && a->out == NULL) {
        return OK;
    }
    cJSON *root = NULL;
    struct str text;
    TRY(report_tree(diff, &root, e));
    (void)cJSON_AddStringToObject(root, "first", a->run[0]);
    (void)cJSON_AddStringToObject(root, "second", a->run[1]);
    (void)cJSON_AddStringToObject(root, "differences", "first less second");
    (void)eval_meta_add_seeds(root, a->rows, a->seed);
    str_init(&text, OUTPUT_BYTES);
    enum err rc = add_asked(root, a, &a->split, e);
    rc = rc == OK ? json_print(root, &text, e) : rc;
    cJSON_Delete(root);
    if (rc == OK && a->out != NULL) {
        note_lost(a, file_write_named_text(a->out, text.p, e), e);
    }
    if (rc == OK && a->json) {
        str_add(out, text.p);
    }
    str_free(&text);
    return rc;
}

static enum err eval_pair(struct eval_args *a, struct str *out, struct errinfo *e)
{
    struct evaluator *v = NULL;
    struct eval_run r[2];
    struct report diff;
    struct str text;
    enum err rc = OK;
    memset(r, 0, sizeof r);
    str_init(&text, OUTPUT_BYTES);
    report_init(&diff, (uint64_t)a->seed);
    for (size_t i = 0; i < 2; i++) {
        TRY_OUT(rc, browse_record(a->run[i], &a->named, &r[i].record, e));
    }
    if (is_textless(&r[0].record) || is_textless(&r[1].record)) {
        rc = eval_textless(a, &r[0].record, &r[1].record, out, e);
        goto out;
    }
    TRY_OUT(rc, say_first_arm(a->run[0], e));
    TRY_OUT(rc, say_first_arm(a->run[1], e));
    TRY_OUT(rc, eval_check_pair(a->run, &r[0].record.set, &r[1].record.set, e));
    TRY_OUT(rc, open_evaluator(a, &r[0], &v, e));
    for (size_t i = 0; i < 2; i++) {
        TRY_OUT(rc, evaluate_run(a, v, a->run[i], &r[i], e));
        str_clear(&text);
        TRY_OUT(rc, write_run(a, v, a->run[i], &r[i], &text, e));
    }
    TRY_OUT(rc, eval_add_stability(r[0].record.sae, r[1].record.sae, &diff, e));
    if (r[0].record.sae->D == r[1].record.sae->D) {
        TRY_OUT(rc, splitting_measure(r[0].record.sae, r[1].record.sae, a->split, &diff,
                                      e));
    }
    TRY_OUT(rc, report_compare(&r[0].report, &r[1].report, &diff, e));
    TRY_OUT(rc, print_pair(a, r, &diff, out, e));
out:
    str_free(&text);
    report_deinit(&diff);
    run_close(&r[0]);
    run_close(&r[1]);
    evaluator_free(v);
    return rc;
}

/* `eval RUN --to saebench DIR`: take the argument after the run as the folder. */
static enum err take_to(struct eval_args *a, struct errinfo *e)
{
    if (a->to == NULL) {
        return OK;
    }
    if (strcmp(a->to, "saebench") != 0 || a->run[1] == NULL) {
        return err_set(e, ERR_USAGE,
                       "--to: found '%.40s', expected: eval RUN --to "
                       "saebench DIR",
                       a->to);
    }
    a->dir = a->run[1];
    a->run[1] = NULL;
    if (a->force) {
        return OK;
    }
    struct saebench_meta m = {0};
    char run[4096];
    name_run(a, run, &m);
    return saebench_check(&m, a->dir, "--force writes over it", e);
}

/* Take the options that replace settings which runs recorded. */
static void take_names(struct eval_args *a)
{
    const struct {
        const char *key, *value;
    } given[] = {{setting_key.model, a->model},
                 {setting_key.corpus, a->corpus},
                 {setting_key.ood, a->ood},
                 {setting_key.concepts, a->concepts},
                 {setting_key.hook, a->hook}};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        run_opts_name(&a->named, given[i].key, given[i].value);
    }
    a->named.config = a->config;
}

static enum err run_line(struct eval_args *a, const struct opts_result *parsed,
                         struct str *out, struct errinfo *e)
{
    if (parsed->n_args < 1) {
        return err_set(e, ERR_USAGE, "eval: expected a run or an SAE");
    }
    a->run[0] = parsed->args[0];
    a->run[1] = parsed->n_args > 1 ? parsed->args[1] : NULL;
    TRY(take_to(a, e));
    TRY(a->run[1] ? run_name_resolve(&a->run[1], e) : OK);
    TRY(run_opts_check_centre(&a->named, parsed->args, (size_t)parsed->n_args, e));
    TRY(a->out ? file_check_named(a->out, e) : OK);
    TRY(a->details ? file_check_named(a->details, e) : OK);
    if (a->details != NULL && a->run[1] != NULL) {
        return err_set(e, ERR_USAGE, "--details is of one run");
    }
    take_names(a);
    return a->run[1] != NULL ? eval_pair(a, out, e) : eval_one(a, out, e);
}

/* Say where options are now that `eval --source synthetic` once had. */
static const char *of_sweep(const char *name)
{
    static const char *const had[] = {"source", "seeds", "mask-rates"};
    for (size_t i = 0; i < sizeof had / sizeof *had; i++) {
        if (strcmp(name, had[i]) == 0) {
            return "known features are trained on and measured by: saetop sweep "
                   "--source synthetic --out DIR --seeds N --mask-rates X,X,...";
        }
    }
    return NULL;
}

/* Print all results there are, even after an error. Returns the exit status. */
static int evaluate_line(struct eval_args *a, const struct opts_result *parsed)
{
    struct errinfo e = {0};
    struct str out;
    str_init(&out, OUTPUT_BYTES);
    progress_init(&a->bar, a->json);
    const enum err rc = run_line(a, parsed, &out, &e);
    const int status = a->json ? cmd_print(&out) : cmd_print_text(&out);
    if (rc != OK) {
        return cmd_fail(rc, &e);
    }
    return status != EXIT_SUCCESS ? status : a->lost;
}

int cmd_eval(int argc, char **argv)
{
    struct eval_args args = eval_args_defaults(), *const a = &args;
    const struct opt table[] = {
        {"json", OPT_FLAG, &a->json, NULL, "one object, nested by measure", 0, 0, NULL},
        {"all", OPT_FLAG, &a->all, NULL,
         "print every figure, and not a summary of 16 lines; what --only names is "
         "printed whole anyway",
         0, 0, NULL},
        {"out", OPT_NEW, &a->out, "FILE",
         "write the object there (default: eval.json of the run)", 0, 0, NULL},
        {"details", OPT_NEW, &a->details, "FILE",
         "write there, as JSON, what the figures of one run are made from: rows, "
         "probes, each word's decision, latents taken out",
         0, 0, NULL},
        {OPT_FORCE_NAME, OPT_FLAG, &a->force, NULL,
         "write over files of --out and --details", 0, 0, NULL},
        {"to", OPT_STRING, &a->to, "saebench DIR",
         "write the results of one run in SAEBench's form too; --force: over files that "
         "are there",
         0, 0, NULL},
        {"model", OPT_STRING, &a->model, "DIR",
         "model, in place of the run's own; other tools' SAEs do not say theirs "
         "(default: the bundled one), ...",
         0, 0, NULL},
        {"corpus", OPT_STRING, &a->corpus, "FILE", "... text, ...", 0, 0, NULL},
        {"ood", OPT_STRING, &a->ood, "FILE", "... out-of-distribution text, ...", 0, 0,
         NULL},
        {"concepts", OPT_STRING, &a->concepts, "FILE", "... concepts, ...", 0, 0, NULL},
        {"hook", OPT_STRING, &a->hook, "HOOK",
         "... and where the SAE reads: blocks.N.hook_resid_post or another hook (saetop train -h)",
         0, 0, NULL},
        run_opts_centre(&a->named),
        {"config", OPT_STRING, &a->config, "FILE",
         "these and other settings of a run, as JSON", 0, 0, NULL},
        {"probes", OPT_LIST, &a->probes, "FILE",
         "sentence tasks: a CSV file or a folder of them; may be repeated (default: "
         "the bundled ones for the bundled model)",
         0, 0, NULL},
        {"only", OPT_STRING, &a->only, "PARTS",
         "of the evaluation, such as fidelity,absorption,probing; eval.json stays as it "
         "is (default: all)",
         0, 0, NULL},
        {"cache", OPT_STRING, &a->cache, "DIR",
         "where fitted probes on raw activations are kept for further evaluations; "
         "none: nowhere (default: saetop/probes in the user's state folder)",
         0, 0, NULL},
        {"probe-k", OPT_STRING, &a->k, "LIST", "inputs of the sparse probes", 0, 0,
         NULL},
        {"rows", OPT_INT, &a->rows, "N",
         "rows of text for reconstruction and the model's losses", 1, 65536, NULL},
        {"split-cosine", OPT_REAL, &a->split, "X",
         "of two SAEs: a latent of the second nearer than this to one of the first is "
         "its child",
         -1, 1, NULL},
        {"seed", OPT_INT, &a->seed, "S", "seed of intervals and masks", 0,
         9007199254740991, NULL},
        {"threads", OPT_INT, &a->threads, "T",
         "threads; 0: as many as the process may use", 0, 1024, NULL},
    };
    const struct opts o = {
        .name = "eval",
        .usage = "RUN|SAE [RUN|SAE] [OPTIONS]",
        .about =
            "Measure a trained SAE: fidelity, latents, absorption, sparse probing "
            "in and out of distribution, TPP, SCR, robustness. The run's eval.json "
            "is written anew. With two runs: both, and the paired differences, the "
            "first less the second.",
        .table = table,
        .n = sizeof table / sizeof *table,
        .elsewhere = of_sweep,
        .min_args = 0,
        .max_args = 2,
        .n_runs = 1, /* the second may be --to saebench's folder */
    };
    struct opts_result parsed;
    int status = 0;
    return cmd_begin(&o, argc, argv, &parsed, &status) ? evaluate_line(a, &parsed)
                                                       : status;
}
