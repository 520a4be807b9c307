#include "arm_evals.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "browse.h"
#include "cmd.h"
#include "eval/kept.h"
#include "eval_arms.h"
#include "eval_meta.h"
#include "eval_pair.h"
#include "eval_textless.h"
#include "progress.h"
#include "run/run_arms.h"
#include "run/run_cost.h"
#include "session/runs.h"
#include "sweep/sweep_cost.h"
#include "train/also.h"
#include "train/settings_shards.h"
#include "train/settings_synth.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define EVAL_BYTES ((size_t)64 << 20)

/* ---- opening ---- */

static enum err add_arm(struct arm_evals *a, const char *dir, struct errinfo *e)
{
    const struct run_opts none = {0};
    if (a->n == ARM_EVALS_MAX) {
        return err_set(e, ERR_USAGE, "%s: an arm beyond %d, expected no more", dir,
                       ARM_EVALS_MAX);
    }
    struct arm_eval *x = &a->arm[a->n];
    (void)snprintf(x->dir, sizeof x->dir, "%s", dir);
    TRY(browse_record(dir, &none, &x->record, e));
    a->n++;
    const bool files = x->record.set.source == SOURCE_ACTIVATIONS;
    if (files && a->needs_text) {
        return err_set(e, ERR_USAGE,
                       "%s: activations made elsewhere have no text with words of "
                       "concepts; saetop verdict compares such runs",
                       dir);
    }
    TRY(files ? OK : settings_need_text(&x->record.set, dir, e));
    const char *const pair[2] = {a->arm[0].dir, dir};
    return eval_check_pair(pair, &a->arm[0].record.set, &x->record.set, e);
}

/* Whether a run has already come as an arm of another, such as the twin beside an old
 * one. */
static bool had_as_arm(const struct arm_evals *a, const char *dir)
{
    bool r = false;
    for (size_t i = 0; i < a->n; i++) {
        r = r || (!a->arm[i].named && runs_same_dir(a->arm[i].dir, dir));
    }
    return r;
}

static enum err add_run(struct arm_evals *a, const char *run, struct errinfo *e)
{
    struct run_arms *arms = NULL;
    TRY(mem_new(&arms, 1, sizeof *arms, "arms", e));
    enum err rc = run_arms(run, arms, &a->remarks, e);
    if (rc == OK && had_as_arm(a, arms->dir[0])) {
        mem_free(arms);
        return OK;
    }
    for (size_t i = 0; i < arms->n && rc == OK; i++) {
        rc = add_arm(a, arms->dir[i], e);
        if (rc == OK) {
            a->arm[a->n - 1].named = i == 0;
        }
    }
    mem_free(arms);
    return rc;
}

static enum err group(struct arm_evals *a, struct errinfo *e)
{
    const struct settings *set[ARM_EVALS_MAX];
    const char *name[ARM_EVALS_MAX];
    bool so_far = false;
    for (size_t i = 0; i < a->n; i++) {
        set[i] = &a->arm[i].record.set;
        name[i] = a->arm[i].dir;
        if (a->arm[i].record.step < a->arm[i].record.set.steps && !so_far) {
            so_far = true;
            remarks_add(&a->remarks,
                        "so far: %s is at step %lld of %lld; what is small may grow",
                        name[i], (long long)a->arm[i].record.step,
                        (long long)a->arm[i].record.set.steps);
        }
        if (a->arm[i].record.step != a->arm[0].record.step) {
            remarks_add(&a->remarks, "%s is of step %lld, %s of step %lld",
                        a->arm[0].dir, (long long)a->arm[0].record.step, name[i],
                        (long long)a->arm[i].record.step);
        }
    }
    return conditions_of(set, name, a->n, &a->conditions, e);
}

/* ---- activations made elsewhere ---- */

/* Look at what the folder holds now, and which arms were trained on something else. */
static enum err look_at_files(struct arm_evals *a, struct errinfo *e)
{
    struct shards *from = NULL;
    a->textless = a->arm[0].record.set.source == SOURCE_ACTIVATIONS;
    if (!a->textless) {
        return OK;
    }
    TRY(settings_shards_open(&a->arm[0].record.set, &from, e));
    a->files_hash = shards_facts(from)->hash;
    for (size_t i = 0; i < a->n; i++) {
        struct remarks of = {0};
        run_record_shards_remarks(&a->arm[i].record, from, &of);
        for (size_t k = 0; k < of.n; k++) {
            remarks_add(&a->remarks, "%s: %s", a->arm[i].dir, of.line[k]);
        }
    }
    shards_free(from);
    return OK;
}

/* ---- evaluations ---- */

/* Whether a kept evaluation is what `saetop eval` would say of the run now. */
static bool holds(const struct arm_evals *a, const struct arm_eval *x,
                  const cJSON *root)
{
    if (!eval_meta_holds(root, &x->record, EVAL_ROWS, EVAL_SEED)) {
        return false;
    }
    return a->textless
               ? eval_meta_holds_files(root, a->files_hash)
               : cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(root, "concepts")) &&
                     cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(root, "words"));
}

/* Take the kept evaluation, if there is one that holds. One that can't be read is made
 * anew too: the file is ours to write. */
static void take_kept(const struct arm_evals *a, struct arm_eval *x)
{
    struct errinfo unsaid;
    char path[RUNDIR_PATH];
    cJSON *root = NULL;
    if (!rundir_is(x->dir) || rundir_file(x->dir, "eval.json", path, &unsaid) != OK ||
        !file_exists(path) || json_load(path, EVAL_BYTES, &root, &unsaid) != OK) {
        return;
    }
    if (holds(a, x, root)) {
        x->eval = root;
    } else {
        cJSON_Delete(root);
    }
}

/* The seconds that a kept evaluation took; 0: not recorded. */
static double seconds_of(const cJSON *root)
{
    double sum = 0.0;
    const cJSON *part = NULL;
    cJSON_ArrayForEach(part, cJSON_GetObjectItemCaseSensitive(root, "part_seconds"))
    {
        sum += cJSON_IsNumber(part) ? part->valuedouble : 0.0;
    }
    return sum;
}

/* Messages for whoever waits: beforehand how much there is to do, then a line for each
 * arm. */
struct waiting {
    const struct arm_evals *a;
    bool quiet;
    int64_t threads, began; /* began: ns */
};

/* What evaluating n arms takes: by those that were, else by steps that are timed. Where
 * it cannot be told that is no reason not to begin. */
static void say_takes(const struct waiting *w, size_t n)
{
    const struct arm_evals *a = w->a;
    struct settings like = a->arm[0].record.set;
    struct measuring_cost cost;
    struct errinfo unsaid;
    double each = 0.0;
    char what[160];
    for (size_t i = 0; i < a->n; i++) {
        each = fmax(each, a->arm[i].eval != NULL ? seconds_of(a->arm[i].eval) : 0.0);
    }
    like.threads = w->threads;
    if (a->textless ||
        sweep_cost_measuring(&like, n, each <= 0.0, &cost, &unsaid) != OK) {
        return;
    }
    cost.seconds = each > 0.0 ? (double)n * each : cost.seconds;
    cost_takes(cost.seconds, cost.bytes, cost.room, what, sizeof what);
    cmd_say(stderr, "saetop: %s, counted %s", what,
            each > 0.0 ? "by the last" : "roughly");
}

static void say_plan(const struct waiting *w, size_t n)
{
    cmd_say(stderr, "saetop: %zu of %zu arms to be evaluated and kept, at step %lld", n,
            w->a->n, (long long)w->a->arm[0].record.step);
    say_takes(w, n);
}

static void say_begin(void *user, const char *run, size_t i, size_t n)
{
    const struct waiting *w = user;
    char left[48] = "", time[32];
    if (i == 0) {
        say_plan(w, n);
    } else {
        const double each = clock_seconds_since(w->began) / (double)i;
        (void)snprintf(left, sizeof left, ", about %s left",
                       duration_text((double)(n - i) * each, DURATION_WORDS, time));
    }
    if (!w->quiet) {
        cmd_say(stderr, "saetop: evaluating %s (%zu of %zu%s)", run, i + 1, n, left);
    }
}

static enum err evaluate_missing(struct arm_evals *a, const struct arm_evals_opts *o,
                                 struct errinfo *e)
{
    const char *dir[ARM_EVALS_MAX];
    struct textless_arm files[ARM_EVALS_MAX];
    struct arm_eval *of[ARM_EVALS_MAX];
    struct str json[ARM_EVALS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < a->n; i++) {
        if (a->arm[i].eval == NULL) {
            str_init(&json[n], EVAL_BYTES);
            dir[n] = a->arm[i].dir;
            files[n] = (struct textless_arm){&a->arm[i].record, a->arm[i].dir};
            of[n++] = &a->arm[i];
        }
    }
    struct waiting w = {a, o->quiet, o->threads, clock_ns()};
    const struct eval_watch watch = {o->quiet, say_begin, &w};
    enum err rc =
        n == 0 ? OK
        : a->textless
            ? eval_textless_arms(files, n, o->threads, &watch, json, &a->lost, e)
            : eval_arms(dir, n, o->threads, &watch, json, &a->lost, e);
    for (size_t i = 0; i < n; i++) {
        if (rc == OK) {
            rc = json_parse(json[i].p, json[i].len, "eval.json", &of[i]->eval, e);
        }
        str_free(&json[i]);
    }
    return rc;
}

/* Open the arms; `least`: conditions there must be, checked before anything is
 * evaluated. */
static enum err open_all(const char *const *run, size_t n_runs, size_t least,
                         const struct arm_evals_opts *o, struct arm_evals *out,
                         struct errinfo *e)
{
    *out = (struct arm_evals){.needs_text = least < 2};
    TRY(mem_new(&out->arm, ARM_EVALS_MAX, sizeof *out->arm, "arms", e));
    for (size_t i = 0; i < n_runs; i++) {
        TRY(add_run(out, run[i], e));
    }
    TRY(group(out, e));
    if (out->conditions.n < least) {
        return err_set(e, ERR_USAGE,
                       "%s: all arms are of one condition, expected two or more to "
                       "compare: train with --set twin=unmasked, or name another run",
                       out->arm[0].dir);
    }
    TRY(look_at_files(out, e));
    for (size_t i = 0; i < out->n; i++) {
        if (!o->anew) {
            take_kept(out, &out->arm[i]);
        }
    }
    return evaluate_missing(out, o, e);
}

enum err arm_evals_open(const char *const *run, size_t n_runs,
                        const struct arm_evals_opts *o, struct arm_evals *out,
                        struct errinfo *e)
{
    return open_all(run, n_runs, 1, o, out, e);
}

enum err arm_evals_compare(const char *const *run, size_t n_runs,
                           const struct arm_evals_opts *o, struct arm_evals *out,
                           struct errinfo *e)
{
    return open_all(run, n_runs, 2, o, out, e);
}

void arm_evals_close(struct arm_evals *a)
{
    for (size_t i = 0; i < a->n; i++) {
        run_record_deinit(&a->arm[i].record);
        cJSON_Delete(a->arm[i].eval);
    }
    mem_free(a->arm);
    conditions_deinit(&a->conditions);
    *a = (struct arm_evals){0};
}

bool arm_evals_so_far(const struct arm_evals *a)
{
    bool r = false;
    for (size_t i = 0; i < a->n; i++) {
        r = r || a->arm[i].record.step < a->arm[i].record.set.steps;
    }
    return r;
}

size_t arm_evals_planned(const struct arm_evals *a)
{
    size_t runs = 0;
    for (size_t i = 0; i < a->n; i++) {
        runs += a->arm[i].named ? 1 : 0;
    }
    return runs == 1 ? arm_plans_seeds(&a->arm[0].record.set) : 0;
}

/* ---- output ---- */

/* Add the directories of the arms of condition k, or their seeds, as JSON strings. */
static void add_list(const struct arm_evals *a, size_t k, bool seeds, struct str *out)
{
    bool first = true;
    for (size_t i = 0; i < a->n; i++) {
        if (a->conditions.of[i] == k) {
            const char *text = seeds ? a->conditions.seed[i] : a->arm[i].dir;
            str_add(out, first ? "" : ", ");
            json_add_string(out, text, strlen(text));
            first = false;
        }
    }
}

void arm_evals_json(const struct arm_evals *a, struct str *out)
{
    str_add(out, "\"conditions\": [");
    for (size_t k = 0; k < a->conditions.n; k++) {
        const struct condition *c = &a->conditions.at[k];
        str_addf(out, "%s{\"name\": \"%c\", \"settings\": ", k > 0 ? ", " : "",
                 c->letter);
        json_add_string(out, c->settings, strlen(c->settings));
        str_add(out, ", \"runs\": [");
        add_list(a, k, false, out);
        str_add(out, "], \"seeds\": [");
        add_list(a, k, true, out);
        str_add(out, "]}");
    }
    str_add(out, "], \"remarks\": [");
    for (size_t i = 0; i < a->remarks.n; i++) {
        str_add(out, i > 0 ? ", " : "");
        json_add_string(out, a->remarks.line[i], strlen(a->remarks.line[i]));
    }
    str_add(out, "], ");
}

void arm_evals_text(const struct arm_evals *a, struct str *out)
{
    for (size_t k = 0; k < a->conditions.n; k++) {
        const struct condition *c = &a->conditions.at[k];
        size_t arms = 0;
        str_addf(out, "%c  %s  seed", c->letter, c->settings);
        for (size_t i = 0; i < a->n; i++) {
            if (a->conditions.of[i] == k) {
                str_addf(out, "%s %s", arms > 0 ? "," : "", a->conditions.seed[i]);
                arms++;
            }
        }
        str_add(out, "  ");
        utf8_escape(out, a->arm[c->arm].dir, strlen(a->arm[c->arm].dir));
        str_addf(out, "%s\n", arms > 1 ? ", ..." : "");
    }
}
