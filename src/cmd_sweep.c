/* saetop sweep: a grid of runs, measured, and compared by pairs of seeds. */
#include "base/clock.h"
#include "base/duration.h"
#include "base/file.h"
#include "base/json.h"
#include "base/leftover.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/outdir.h"
#include "cmd.h"
#include "progress.h"
#include "run/run_shape.h"
#include "run_opts.h"
#include "stop.h"
#include "sweep/cellfile.h"
#include "sweep/run.h"
#include "sweep/sweep_cost.h"
#include "sweep/sweep_table.h"
#include "sweep_plan_opts.h"
#include "sweep_script.h"
#include "train/rundir.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define PATH_BYTES   4096
#define OUTPUT_BYTES ((size_t)256 << 20)

struct sweep_args {
    const char *out, *cell, *plan; /* plan "": commands; "slurm"; NULL: not asked for */
    bool collect, keep, json, quiet;
    int64_t jobs;
    struct sweep_plan_opts grid;
};

struct reporter {
    const struct sweep_args *args;
    const struct sweep_plan *plan;
    struct progress bar;
    int64_t begin;
    size_t n_done, n_failed, n_before; /* cells of this call; done before it */
    int status;                        /* to end with, unless 0 */
    struct sweep_cost cost; /* runs 0: nothing is to do, or it is not known */
};

/* ---- what is said on the way ---- */

static void print_event(struct reporter *r, const char *kind, const char *text)
{
    struct str s;
    progress_clear(&r->bar);
    if (r->args->json) {
        str_init(&s, 1u << 16);
        str_addf(&s, "{\"event\":\"%s\",\"text\":", kind);
        json_add_string(&s, text, strlen(text));
        str_add(&s, "}\n");
        (void)fputs(s.p, stdout);
        str_free(&s);
    } else if (!r->args->quiet) {
        cmd_say(stdout, "%s", text);
    }
    (void)fflush(stdout);
}

static void print_json_cell(const struct sweep_cell *c, const struct sweep_result *r)
{
    struct str s;
    str_init(&s, 1u << 16);
    str_add(&s, "{\"event\":\"cell\",\"cell\":");
    json_add_string(&s, c->name, strlen(c->name));
    str_addf(&s, ",\"seed\":%llu,\"mask_rate\":%.10g", (unsigned long long)c->seed,
             c->mask_rate);
    const struct sweep_set set = sweep_set_of(c->source);
    for (size_t m = set.first; m < set.end; m++) {
        json_add_member(&s, sweep_measure_def(m)->result, r->v[m]);
    }
    str_add(&s, "}\n");
    (void)fputs(s.p, stdout);
    str_free(&s);
}

static void on_done(void *user, size_t cell, const struct sweep_result *v)
{
    struct reporter *r = user;
    const struct sweep_cell *c = &r->plan->cell[cell];
    char text[512];
    r->n_done++;
    if (r->args->json) {
        print_json_cell(c, v);
        (void)fflush(stdout);
        return;
    }
    const bool known = c->source == SOURCE_SYNTHETIC;
    snprintf(text, sizeof text,
             "%zu/%zu  %s seed %llu: L0 %s%s  EV %s  %s %s  absorption %s",
             r->n_before + r->n_done, r->plan->n_cells,
             r->plan->condition[c->condition].label, (unsigned long long)c->seed,
             NUMBER(NUMBER_PLAIN, 0, 2, v->v[sweep_set_of(c->source).l0]),
             v->on_target ? "" : " (not matched)",
             NUMBER(NUMBER_PLAIN, 0, 3, v->v[known ? SWEEP_TRUTH_EV : SWEEP_EV]),
             known ? "F1" : "OOD",
             NUMBER(NUMBER_PLAIN, 0, 3, v->v[known ? SWEEP_TRUTH_F1 : SWEEP_EV_OOD]),
             NUMBER(NUMBER_PLAIN, 0, 3,
                    v->v[known ? SWEEP_TRUTH_ABSORPTION : SWEEP_ABSORPTION]));
    print_event(r, "cell", text);
}

static void on_failed(void *user, size_t cell, const char *why)
{
    struct reporter *r = user;
    char text[700];
    r->n_failed++;
    snprintf(text, sizeof text, "%s: failed: %s", r->plan->cell[cell].name, why);
    print_event(r, "failed", text);
}

static void on_found(void *user, size_t condition, const char *key, double value,
                     double l0)
{
    struct reporter *r = user;
    char text[512];
    snprintf(text, sizeof text, "%s: %s %.4g gives L0 %.2f",
             r->plan->condition[condition].label, key, value, l0);
    print_event(r, "match", text);
}

static void on_warned(void *user, const char *text)
{
    print_event(user, "warning", text);
}

static void on_progress(void *user, double done, double total)
{
    struct reporter *r = user;
    char eta[32] = "?", text[200];
    if (r->args->json || !progress_due(&r->bar)) {
        return;
    }
    if (done > 0.0) {
        (void)duration_text(clock_seconds_since(r->begin) / done *
                                fmax(total - done, 0.0),
                            DURATION_WORDS, eta);
    }
    snprintf(text, sizeof text, "runs %zu/%zu  %s left", r->n_before + r->n_done,
             r->plan->n_cells, eta);
    progress_draw(&r->bar, done, total, text);
}

/* ---- the directory ---- */

/* Check that an existing directory is a sweep's, or holds no more than one killed
 * before it wrote its plan. */
static enum err check_dir(const char *dir, struct errinfo *e)
{
    char path[PATH_BYTES];
    bool empty = true;
    TRY(path_join(path, sizeof path, dir, "sweep.json", e));
    if (!file_exists(dir) || file_exists(path)) {
        return OK;
    }
    DIR *d = opendir(dir);
    if (!d) {
        return file_fail(e, dir, "open", errno);
    }
    for (struct dirent *f = readdir(d); f; f = readdir(d)) {
        empty &= strcmp(f->d_name, ".") == 0 || strcmp(f->d_name, "..") == 0 ||
                 strcmp(f->d_name, ".lock") == 0 ||
                 leftover_is(f->d_name, "sweep.json");
    }
    (void)closedir(d);
    return empty ? OK
                 : err_set(e, ERR_EXISTS,
                           "%s: is no sweep (it has no sweep.json); name a new "
                           "directory",
                           dir);
}

struct plan_file {
    const struct sweep_plan *plan;
    cJSON *tree;
};

static enum err write_plan(void *user, const char *dir, struct errinfo *e)
{
    const struct plan_file *f = user;
    return sweep_plan_save(dir, f->plan, f->tree, e);
}

/* Make a new directory with its plan, or not at all: one without would begin another
 * sweep when it is named alone, to be continued. */
static enum err make_dir(const char *out, const struct sweep_plan *p, cJSON *tree,
                         struct errinfo *e)
{
    char dir[PATH_BYTES];
    struct plan_file f = {p, tree};
    const int n = snprintf(dir, sizeof dir, "%s", out);
    if (n < 0 || (size_t)n >= sizeof dir) {
        return err_set(e, ERR_LIMIT, "%.80s...: path too long", out);
    }
    for (size_t len = (size_t)n; len > 1 && dir[len - 1] == '/'; len--) {
        dir[len - 1] = '\0'; /* a slash, which tab completion adds */
    }
    return outdir_write(dir, write_plan, &f, e);
}

static enum err write_file(const char *dir, const char *name, enum err made,
                           struct str *text, struct errinfo *e)
{
    char path[PATH_BYTES];
    enum err rc = made;
    rc = rc == OK ? path_join(path, sizeof path, dir, name, e) : rc;
    rc = rc == OK ? file_write_text(path, text->len ? text->p : "", e) : rc;
    str_clear(text);
    return rc;
}

static enum err write_tables(const char *dir, const struct sweep_plan *p,
                             const struct sweep_result *results, struct errinfo *e)
{
    struct str text;
    enum err rc = OK;
    str_init(&text, OUTPUT_BYTES);
    TRY_OUT(rc,
            write_file(dir, "results.csv", sweep_csv(p, results, &text, e), &text, e));
    TRY_OUT(rc, write_file(dir, "results.json", sweep_json(p, results, &text, e), &text,
                           e));
    TRY_OUT(rc, write_file(dir, "report.md", sweep_markdown(p, results, &text, e),
                           &text, e));
out:
    str_free(&text);
    return rc;
}

/* ---- what it does ---- */

/* Take over the cells of another sweep's directory. */
static enum err collect_from(struct reporter *r, const char *from,
                             struct sweep_result *results, struct sweep_made *made,
                             struct errinfo *e)
{
    const struct sweep_plan *p = r->plan;
    char path[PATH_BYTES], text[PATH_BYTES + 200];
    bool *had = NULL;
    size_t n = 0;
    enum err rc = OK;
    TRY(path_join(path, sizeof path, from, "cells", e));
    if (!file_is_dir(path)) {
        return err_set(e, ERR_MISSING, "%s: no such folder, expected finished runs",
                       path);
    }
    TRY(mem_new(&had, p->n_cells, sizeof *had, "sweep", e));
    for (size_t i = 0; i < p->n_cells; i++) {
        had[i] = results[i].done;
    }
    TRY_OUT(rc, sweep_cells_load(from, p, results, made, e));
    for (size_t i = 0; i < p->n_cells; i++) {
        if (results[i].done && !had[i]) {
            n++;
            TRY_OUT(rc, sweep_cell_save(r->args->out, &p->cell[i], &results[i],
                                        &made[i], e));
        }
    }
    snprintf(text, sizeof text, "%zu run%s from %s, which has %zu of other plans", n,
             plural_s(n), from, sweep_cells_others(from, p));
    print_event(r, "collected", text);
out:
    mem_free(had);
    return rc;
}

static enum err collect(struct reporter *r, const struct opts_result *parsed,
                        struct sweep_result *results, struct sweep_made *made,
                        struct errinfo *e)
{
    TRY(file_mkdir_own(r->args->out, "cells", e));
    for (size_t d = 0; d < parsed->n_args; d++) {
        TRY(collect_from(r, parsed->args[d], results, made, e));
    }
    return OK;
}

/* Say which finished runs the plan does not have: they are in no table. */
static void say_others(struct reporter *r)
{
    char text[200];
    const size_t others = sweep_cells_others(r->args->out, r->plan);
    if (others) {
        snprintf(text, sizeof text,
                 "%zu finished runs in cells/ are not of this plan and are left alone",
                 others);
        print_event(r, "plan", text);
    }
}

/* Say, before the runs, how large an effect this many seeds can establish. */
static void say_power(struct reporter *r)
{
    const struct sweep_power w = sweep_power_of(r->plan);
    char text[400];
    if (w.pairs == 0) {
        return; /* nothing is compared */
    }
    if (w.pairs == 1) {
        snprintf(
            text, sizeof text,
            "one seed establishes nothing: differences are paired by seed; --seeds "
            "takes more");
    } else {
        snprintf(
            text, sizeof text,
            "%zu pairs of seeds establish a difference of one measure by itself "
            "from %.2f times the spread of its pairs on, the first of %zu measures "
            "after the adjustment from %.2f times; %zu pairs from %.2f and %.2f",
            w.pairs, w.one, w.measures, w.adjusted, 2 * w.pairs, w.one_twice,
            w.adjusted_twice);
    }
    print_event(r, "power", text);
}

static void say_start(struct reporter *r, const struct sweep_result *results)
{
    const struct sweep_plan *p = r->plan;
    char text[400];
    for (size_t i = 0; i < p->n_cells; i++) {
        r->n_before += results[i].done ? 1 : 0;
    }
    snprintf(
        text, sizeof text,
        "%zu run%s, %zu condition%s, %zu part%s; %zu done already; Ctrl-C saves, the same "
        "command goes on",
        p->n_cells, plural_s(p->n_cells), p->n_conditions, plural_s(p->n_conditions),
        p->n_parts, plural_s(p->n_parts), r->n_before);
    print_event(r, "plan", text);
    if (r->n_before < p->n_cells) {
        say_power(r);
    }
}

static enum err say_end(struct reporter *r, const struct sweep_result *results,
                        struct errinfo *e)
{
    struct str s;
    char text[PATH_BYTES + 100];
    progress_clear(&r->bar);
    if (!r->args->json && !r->args->quiet) {
        str_init(&s, OUTPUT_BYTES);
        const enum err rc = sweep_summary(r->plan, results, &s, e);
        if (rc != OK) {
            str_free(&s);
            return rc;
        }
        (void)cmd_print_text(&s);
    }
    snprintf(text, sizeof text, "report.md, results.csv and results.json in %s",
             r->args->out);
    print_event(r, "tables", text);
    return OK;
}

/* Say memory and time, as `train` does. */
static void say_cost(struct reporter *r)
{
    char takes[300], text[400];
    const struct sweep_cost *c = &r->cost;
    if (c->runs == 0) {
        return;
    }
    sweep_cost_takes(c, takes, sizeof takes);
    snprintf(text, sizeof text, "takes: %s", takes);
    print_event(r, "estimate", text);
    if ((double)c->bytes * RUN_BYTES_WITHIN > (double)c->room) {
        char less[64] = "";
        if (c->one < c->bytes) {
            snprintf(less, sizeof less, "; --jobs 1 takes about %s",
                     NUMBER_BYTES((double)c->one));
        }
        snprintf(text, sizeof text,
                 "memory: it may run short: the peak can be %.1f times that%s",
                 RUN_BYTES_WITHIN, less);
        print_event(r, "warning", text);
    }
}

static struct sweep_options options_of(const struct sweep_args *a)
{
    return (struct sweep_options){.dir = a->out,
                                  .jobs = a->plan ? 1 : (size_t)a->jobs,
                                  .keep = a->keep,
                                  .only = a->cell,
                                  .cancel = stop_flag()};
}

/* Find what the work takes before a folder is made or anything is trained, and refuse
 * it if it does not fit. With --plan the runs are for other machines, which may have
 * what this one lacks. */
static enum err look_at_cost(struct reporter *r, struct errinfo *e)
{
    const struct sweep_args *a = r->args;
    const struct sweep_options o = options_of(a);
    struct sweep_result *results = NULL;
    struct sweep_made *made = NULL;
    struct errinfo why = {0};
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&results, r->plan->n_cells, sizeof *results, "sweep", e));
    TRY_OUT(rc, mem_new(&made, r->plan->n_cells, sizeof *made, "sweep", e));
    TRY_OUT(rc, sweep_cells_load(a->out, r->plan, results, made, e));
    rc =
        sweep_cost_of(r->plan, &o, results, a->plan != NULL, !a->quiet, &r->cost, &why);
    if (rc != OK && a->plan) {
        r->cost.runs = 0;
        rc = OK;
    } else if (rc != OK) {
        (void)err_set(e, rc, "%s", why.msg);
    } else if (!a->plan) {
        rc = sweep_cost_check(&r->cost, e);
    }
out:
    mem_free(results);
    mem_free(made);
    return rc;
}

static enum err run(struct reporter *r, struct sweep_result *results, struct errinfo *e)
{
    const struct sweep_args *a = r->args;
    struct sweep_options o = options_of(a);
    struct errinfo second = {0};
    o.watch = (struct sweep_watch){.user = r,
                                   .done = on_done,
                                   .failed = on_failed,
                                   .found = on_found,
                                   .warned = on_warned,
                                   .progress = on_progress};
    say_start(r, results);
    say_cost(r);
    memset(results, 0, r->plan->n_cells * sizeof *results);
    r->begin = clock_ns();
    const enum err rc = sweep_run(r->plan, &o, results, e);
    if (a->cell) {
        return rc; /* --collect makes the tables */
    }
    if (rc == ERR_CANCELLED) {
        print_event(r, "stopped", "stopped and saved; the same command goes on");
    }
    /* Write the tables of what there is so far, even after an error. */
    enum err tables = write_tables(a->out, r->plan, results, &second);
    tables = tables == OK ? say_end(r, results, &second) : tables;
    return rc == OK && tables != OK ? err_set(e, tables, "%s", second.msg) : rc;
}

static enum err print_script(struct reporter *r, const struct sweep_result *results,
                             struct str *text, struct errinfo *e)
{
    char takes[300] = "";
    if (r->cost.runs) {
        sweep_cost_takes_each(&r->cost, takes, sizeof takes);
    }
    if (r->args->plan[0]) {
        TRY(sweep_script_slurm(r->args->out, r->plan, results, takes, text, e));
    } else {
        sweep_script_lines(r->args->out, r->plan, results, takes, text);
    }
    r->status = cmd_print_text(text);
    return OK;
}

static enum err do_sweep(struct reporter *r, const struct opts_result *parsed,
                         struct errinfo *e)
{
    const struct sweep_args *a = r->args;
    const struct sweep_plan *p = r->plan;
    struct sweep_result *results = NULL;
    struct sweep_made *made = NULL;
    struct str text;
    enum err rc = OK;
    str_init(&text, OUTPUT_BYTES);
    TRY_OUT(rc, mem_new(&results, p->n_cells, sizeof *results, "sweep", e));
    TRY_OUT(rc, mem_new(&made, p->n_cells, sizeof *made, "sweep", e));
    TRY_OUT(rc, sweep_cells_load(a->out, p, results, made, e));
    if (!a->plan) {
        say_others(r);
    }
    if (a->plan) {
        TRY_OUT(rc, print_script(r, results, &text, e));
    } else if (a->collect) {
        TRY_OUT(rc, collect(r, parsed, results, made, e));
        TRY_OUT(rc, write_tables(a->out, p, results, e));
        TRY_OUT(rc, say_end(r, results, e));
    } else {
        rc = run(r, results, e);
    }
out:
    str_free(&text);
    mem_free(results);
    mem_free(made);
    return rc;
}

static bool has_cell(const struct sweep_plan *p, const char *name)
{
    for (size_t i = 0; i < p->n_cells; i++) {
        if (strcmp(p->cell[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Check the plan: an existing sweep may go on, or grow by runs of the same kind;
 * another plan in its place is refused. */
static enum err check_plan(struct reporter *r, struct errinfo *e)
{
    const struct sweep_plan *p = r->plan;
    struct sweep_plan *old = NULL;
    char text[200];
    size_t gone = 0;
    TRY(sweep_plan_saved(r->args->out, &p->base, &old, e));
    for (size_t i = 0; i < old->n_cells; i++) {
        gone += has_cell(p, old->cell[i].name) ? 0 : 1;
    }
    const size_t had = old->n_cells;
    sweep_plan_free(old);
    if (gone) {
        return err_set(
            e, ERR_USAGE,
            "%s: holds another sweep, %zu of whose %zu run%s this plan "
            "lacks; sweep --out %s alone goes on with it, another plan needs "
            "another --out",
            r->args->out, gone, had, plural_s(had), r->args->out);
    }
    if (p->n_cells > had && !r->args->plan) {
        snprintf(text, sizeof text,
                 "the sweep that is there grows from %zu run%s to %zu", had,
                 plural_s(had), p->n_cells);
        print_event(r, "plan", text);
    }
    return OK;
}

/* Run in the directory, locked unless a single cell is asked for. */
static enum err in_dir(struct reporter *r, const struct opts_result *parsed,
                       cJSON *tree, struct errinfo *e)
{
    const struct sweep_args *a = r->args;
    int lock = -1;
    if (a->cell) {
        TRY(look_at_cost(r, e));
        return do_sweep(r, parsed, e);
    }
    const bool fresh = !file_exists(a->out);
    if (fresh) {
        TRY(look_at_cost(r, e));
        TRY(make_dir(a->out, r->plan, tree, e));
    }
    TRY(rundir_lock(a->out, &lock, e));
    enum err rc = OK;
    if (!fresh && !a->collect) {
        rc = check_plan(r, e);
        rc = rc == OK ? look_at_cost(r, e) : rc;
    }
    rc = rc == OK && !a->collect ? sweep_plan_save(a->out, r->plan, tree, e) : rc;
    rc = rc == OK ? do_sweep(r, parsed, e) : rc;
    rundir_unlock(a->out, lock);
    return rc;
}

static enum err open_and_run(const struct sweep_args *a, struct run_opts *ro,
                             const struct opts_result *parsed, struct reporter *r,
                             struct errinfo *e)
{
    struct sweep_plan *p = NULL;
    cJSON *tree = NULL;
    const char *file = !a->collect && parsed->n_args ? parsed->args[0] : NULL;
    if (!a->out) {
        return err_set(e, ERR_USAGE,
                       "sweep: --out DIR is needed: where the results are kept");
    }
    if (!a->collect && parsed->n_args > 1) {
        return err_set(e, ERR_USAGE, "sweep: found '%s', expected one plan file",
                       parsed->args[1]);
    }
    TRY(check_dir(a->out, e));
    TRY(sweep_plan_open(&a->grid, ro, file, a->out, a->cell || a->collect, &p, &tree,
                        e));
    r->plan = p;
    const enum err rc = in_dir(r, parsed, tree, e);
    cJSON_Delete(tree);
    sweep_plan_free(p);
    return rc;
}

/* Run a sweep; returns the exit status. */
static int sweep(const struct sweep_args *a, struct run_opts *ro,
                 const struct opts_result *parsed)
{
    struct errinfo e = {0};
    struct reporter r = {.args = a};
    progress_init(&r.bar, a->quiet || a->json || a->plan);
    stop_install();
    const enum err rc = open_and_run(a, ro, parsed, &r, &e);
    progress_clear(&r.bar);
    if (rc == ERR_CANCELLED && stop_asked()) {
        return stop_status();
    }
    if (rc != OK) {
        return cmd_fail(rc, &e);
    }
    return r.n_failed ? 1 : r.status ? r.status : stop_status();
}

int cmd_sweep(int argc, char **argv)
{
    struct sweep_args a = {0};
    const struct opt own[] = {
        {"out", OPT_STRING, &a.out, "DIR",
         "the sweep's directory; one that is there goes on where it was stopped", 0, 0,
         NULL},
        {"mask-rates", OPT_STRING, &a.grid.mask_rates, "X,X,...",
         "masking rates; 0 is what the others are compared with [0 and mask.rate]", 0,
         0, NULL},
        {"archs", OPT_STRING, &a.grid.archs, "NAME,...", "architectures", 0, 0, NULL},
        {"seeds", OPT_STRING, &a.grid.seeds, "N | N,N,...",
         "how many seeds of text and weights, from --seed on, or which [3]", 0, 0,
         NULL},
        {"match-l0", OPT_STRING, &a.grid.target_l0, "X,...",
         "search each condition's sparsity setting until its L0 on clean text is this",
         0, 0, NULL},
        {"controls", OPT_STRING, &a.grid.controls, "NAME,...",
         "the same grid again with masked positions dropped (drop), with only them "
         "from the masked pass (mix), with as many unmasked vectors as the unmasked "
         "condition (equal)",
         0, 0, NULL},
        {"jobs", OPT_INT, &a.jobs, "N", "runs at once; 0: as many as there are cores",
         0, 256, NULL},
        {"keep", OPT_FLAG, &a.keep, NULL,
         "keep each run in DIR/runs, for the explorer (a few MB each)", 0, 0, NULL},
        {"plan", OPT_WORD, &a.plan, "[slurm]",
         "train nothing: print a command for each run, or a script that sbatch takes, "
         "with what a run takes",
         0, 0, NULL},
        {"cell", OPT_STRING, &a.cell, "NAME", "only this run, as --plan names it", 0, 0,
         NULL},
        {"collect", OPT_FLAG, &a.collect, NULL,
         "train nothing: take the finished runs of the directories named, make the "
         "tables",
         0, 0, NULL},
        {"json", OPT_FLAG, &a.json, NULL, "a line of JSON for each run and event", 0, 0,
         NULL},
        {"quiet", OPT_FLAG, &a.quiet, NULL, "say nothing but errors", 0, 0, NULL},
    };
    struct run_opts ro;
    const struct opts o = {
        .name = "sweep",
        .usage = "--out DIR [PLAN.json] [OPTIONS]  |  --out DIR --collect [DIR...]",
        .about =
            "Train and measure a grid of SAEs and report the paired effect of masking; "
            "what it takes is said first. "
            "Every setting below may have several values, separated by commas: --k "
            "4,8,16 --set mask.kind=token,random. A PLAN.json holds several grids (see "
            "samples/claim/sweep.json). With --source synthetic SAEs are trained on "
            "known features (--set synthetic.NAME=VALUE) and held against the truth.",
        .max_args = OPT_LIST_MAX,
    };
    struct opts_result parsed;
    int status = 0;
    return run_opts_begin(&ro, o, own, sizeof own / sizeof own[0], argc, argv, &parsed,
                          &status)
               ? sweep(&a, &ro, &parsed)
               : status;
}
