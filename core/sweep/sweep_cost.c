#include "sweep/sweep_cost.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/room.h"
#include "base/str.h"
#include "run/evaluator.h"
#include "run/run_cost.h"
#include "sweep/run_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An engine to run, and for how many of its steps. */
struct item {
    struct sweep_batch batch;
    size_t kind;
    double steps;
};

/* Engines whose steps cost the same: they differ only in seeds, rates of masks and
 * length. */
struct kind {
    uint64_t key, bench;
    struct sweep_batch
        like; /* the one of the highest rate: a rate needs a mask token */
    double rate;
    bool search; /* its arms are alike */
    size_t threads;
    size_t bytes, bench_bytes;
    double step_seconds; /* NaN: not known */
};

/* Engines that run side by side: searches, then batches. */
struct phase {
    struct item *item; /* [n] */
    size_t n, jobs;
};

struct costing {
    struct sweep_work w; /* for asking about the plan; nothing in it runs */
    struct kind *kind;   /* [n_kinds] */
    size_t n_kinds, cap;
    struct phase search, batch;
    bool timed;
    size_t room;
};

/* ---- kinds ---- */

static bool costs_nothing(const char *key)
{
    const char *const keys[] = {setting_key.seed, setting_key.seed_weights,
                                setting_key.mask_rate, setting_key.steps};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(keys[i], key) == 0) {
            return true;
        }
    }
    return false;
}

static enum err kind_key(const struct costing *c, const struct item *x, uint64_t *out,
                         struct errinfo *e)
{
    size_t n = 0;
    const struct setting_def *def = settings_table(&n);
    struct settings s;
    struct str text;
    enum err rc = OK;
    uint64_t h = hash_bytes(HASH_START, &x->batch.n, sizeof x->batch.n);
    str_init(&text, SETTING_VALUE_MAX);
    for (size_t a = 0; a < x->batch.n && rc == OK; a++) {
        rc = sweep_run_settings(&c->w, x->batch.cell[a], &s, e);
        for (size_t i = 0; i < n && rc == OK; i++) {
            if (!costs_nothing(def[i].key)) {
                str_clear(&text);
                settings_print(&s, &def[i], &text);
                h = hash_bytes(h, text.p, text.len + 1);
            }
        }
    }
    str_free(&text);
    *out = h;
    return rc;
}

static enum err find_kind(struct costing *c, struct item *x, bool search,
                          struct errinfo *e)
{
    const double rate = c->w.plan->cell[x->batch.cell[0]].mask_rate;
    uint64_t key = 0;
    TRY(kind_key(c, x, &key, e));
    for (x->kind = 0; x->kind < c->n_kinds; x->kind++) {
        struct kind *k = &c->kind[x->kind];
        if (k->key == key && k->search == search) {
            if (rate > k->rate) {
                k->rate = rate;
                k->like = x->batch;
            }
            return OK;
        }
    }
    TRY(mem_grow(&c->kind, &c->cap, c->n_kinds + 1, sizeof *c->kind, SWEEP_CELLS_MAX,
                 e));
    c->kind[c->n_kinds++] = (struct kind){.key = key,
                                          .like = x->batch,
                                          .rate = rate,
                                          .search = search,
                                          .threads = c->w.threads,
                                          .step_seconds = (double)NAN};
    return OK;
}

/* ---- what there is to do ---- */

static enum err steps_of(const struct costing *c, size_t cell, double *out,
                         struct errinfo *e)
{
    struct settings s;
    TRY(sweep_cell_settings(c->w.plan, &c->w.plan->cell[cell], &s, e));
    *out = (double)s.steps;
    return OK;
}

/* Adds the searches that will train, counted as the arms of a round for about two
 * rounds. */
static enum err add_searches(struct costing *c, const bool *todo, size_t *condition,
                             struct errinfo *e)
{
    const struct sweep_plan *p = c->w.plan;
    const size_t n = sweep_find_searches(&c->w, todo, condition);
    struct phase *ph = &c->search;
    TRY(mem_new(&ph->item, n, sizeof *ph->item, "sweep", e));
    for (size_t i = 0; i < n; i++) {
        const double arm_steps = sweep_search_left(&c->w, condition[i]);
        struct item *x = &ph->item[ph->n];
        if (arm_steps > 0) {
            *x =
                (struct item){.batch.n = SWEEP_TRIES, .steps = arm_steps / SWEEP_TRIES};
            for (size_t a = 0; a < SWEEP_TRIES; a++) {
                x->batch.cell[a] = p->condition[condition[i]].cell[0];
            }
            ph->n++;
        }
    }
    ph->jobs = sweep_choose_jobs(&c->w, ph->n);
    for (size_t i = 0; i < ph->n; i++) {
        TRY(find_kind(c, &ph->item[i], true, e));
    }
    return OK;
}

/* Makes a batch of each cell to do, or batches as sweep_run groups them. */
static enum err make_batches(const struct costing *c, const bool *todo, bool alone,
                             struct sweep_batch **out, size_t *n, struct errinfo *e)
{
    if (!alone) {
        return sweep_make_batches(c->w.plan, todo, out, n, e);
    }
    TRY(mem_new(out, c->w.plan->n_cells, sizeof **out, "sweep", e));
    *n = 0;
    for (size_t i = 0; i < c->w.plan->n_cells; i++) {
        if (todo[i]) {
            (*out)[(*n)++] = (struct sweep_batch){.cell = {i}, .n = 1};
        }
    }
    return OK;
}

static enum err add_batches(struct costing *c, const bool *todo, bool alone,
                            struct errinfo *e)
{
    struct sweep_batch *batch = NULL;
    struct phase *ph = &c->batch;
    enum err rc = OK;
    TRY(make_batches(c, todo, alone, &batch, &ph->n, e));
    TRY_OUT(rc, mem_new(&ph->item, ph->n, sizeof *ph->item, "sweep", e));
    ph->jobs = sweep_choose_jobs(&c->w, ph->n);
    for (size_t i = 0; i < ph->n; i++) {
        struct item *x = &ph->item[i];
        x->batch = batch[i];
        TRY_OUT(rc, steps_of(c, batch[i].cell[0], &x->steps, e));
        x->steps += SWEEP_MEASURE_STEPS; /* of each arm */
        TRY_OUT(rc, find_kind(c, x, false, e));
    }
out:
    mem_free(batch);
    return rc;
}

/* ---- what a kind takes ---- */

static enum err look(struct costing *c, struct kind *k, const struct settings *set,
                     struct inputs *in, struct run_shape *shape, struct errinfo *e)
{
    struct run_cost cost = run_cost_of(shape, 1);
    struct errinfo why = {0};
    k->bytes = run_engine_bytes(shape);
    k->bench = sweep_bench_key(set);
    k->bench_bytes = sweep_bench_bytes(in);
    if (!c->timed || !in->lm || k->bytes > c->room) {
        return OK;
    }
    TRY(inputs_read(in, e));
    const enum err rc = run_cost_time(in, shape, RUN_COST_BRIEF, &cost, &why);
    k->step_seconds = rc == OK ? cost.seconds : (double)NAN;
    /* A run whose loss is not finite is left undone, and the others go on. */
    return rc == OK || rc == ERR_NUMERIC ? OK : err_set(e, rc, "%s", why.msg);
}

static enum err measure_kind(struct costing *c, struct kind *k, struct errinfo *e)
{
    struct arm_plan *arms = NULL;
    struct run_shape *shape = NULL;
    struct inputs *in = NULL;
    enum err rc = OK;
    c->w.threads = k->threads;
    TRY_OUT(rc, arm_plans_like(&c->w.plan->base, k->like.n, &arms, e));
    for (size_t a = 0; a < k->like.n; a++) {
        TRY_OUT(rc, sweep_run_settings(&c->w, k->like.cell[a], &arms[a].set, e));
        if (k->search) { /* one of them is timed */
            snprintf(arms[a].condition, sizeof arms[a].condition, "search");
        }
    }
    TRY_OUT(rc, mem_new(&shape, 1, sizeof *shape, "arms", e));
    TRY_OUT(rc, inputs_open(&arms[0].set, NULL, &in, e));
    TRY_OUT(rc, run_shape_of_plans(in, arms, k->like.n, shape, e));
    rc = look(c, k, &arms[0].set, in, shape, e);
    run_shape_deinit(shape);
out:
    inputs_free(in);
    mem_free(shape);
    mem_free(arms);
    return rc;
}

/* ---- all of it ---- */

static int largest_first(const void *a, const void *b)
{
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x < y) - (x > y);
}

/* Returns the bytes with `jobs` engines of the phase at once: the largest ones. */
static size_t phase_bytes(const struct costing *c, const struct phase *ph,
                          const size_t *largest, size_t jobs)
{
    size_t sum = run_process_bytes();
    for (size_t i = 0; i < jobs && i < ph->n; i++) {
        sum = run_room(sum, largest[i]);
    }
    for (size_t i = 0; ph == &c->batch && i < c->n_kinds; i++) {
        bool first = true; /* first with its bench, which is shared */
        for (size_t k = 0; k < i; k++) {
            first = first && c->kind[k].bench != c->kind[i].bench;
        }
        sum = first ? run_room(sum, c->kind[i].bench_bytes) : sum;
    }
    return sum;
}

static enum err add_bytes(const struct costing *c, const struct phase *ph,
                          struct sweep_cost *out, struct errinfo *e)
{
    size_t *largest = NULL;
    TRY(mem_new(&largest, ph->n + 1, sizeof *largest, "sweep", e));
    for (size_t i = 0; i < ph->n; i++) {
        largest[i] = c->kind[ph->item[i].kind].bytes;
    }
    qsort(largest, ph->n, sizeof *largest, largest_first);
    size_t fit = ph->jobs;
    const size_t bytes = phase_bytes(c, ph, largest, ph->jobs);
    const size_t one = phase_bytes(c, ph, largest, 1);
    while (fit > 0 && phase_bytes(c, ph, largest, fit) > c->room) {
        fit--;
    }
    out->bytes = bytes > out->bytes ? bytes : out->bytes;
    out->one = one > out->one ? one : out->one;
    out->fit = fit < out->fit ? fit : out->fit;
    mem_free(largest);
    return OK;
}

static double phase_steps(const struct phase *ph)
{
    double sum = 0;
    for (size_t i = 0; i < ph->n; i++) {
        sum += ph->item[i].steps;
    }
    return sum;
}

/* Gives each engine in turn to the job that is free first; returns when the last
 * ends. */
static double phase_seconds(const struct costing *c, const struct phase *ph)
{
    double until[SWEEP_JOBS_MAX] = {0}, last = 0;
    for (size_t i = 0; i < ph->n; i++) {
        size_t t = 0;
        for (size_t j = 1; j < ph->jobs; j++) {
            t = until[j] < until[t] ? j : t;
        }
        until[t] += ph->item[i].steps * c->kind[ph->item[i].kind].step_seconds;
        if (isnan(until[t])) {
            return until[t];
        }
        last = fmax(last, until[t]);
    }
    return last;
}

static enum err sum_up(struct costing *c, struct sweep_cost *out, struct errinfo *e)
{
    out->groups = c->batch.n;
    out->jobs = out->fit = c->batch.jobs;
    out->room = c->room;
    for (size_t i = 0; i < c->n_kinds; i++) {
        TRY(measure_kind(c, &c->kind[i], e));
    }
    if (c->search.n) {
        TRY(add_bytes(c, &c->search, out, e));
    }
    TRY(add_bytes(c, &c->batch, out, e));
    out->steps = phase_steps(&c->search) + phase_steps(&c->batch);
    out->seconds = phase_seconds(c, &c->search) + phase_seconds(c, &c->batch);
    return OK;
}

enum err sweep_cost_of(const struct sweep_plan *p, const struct sweep_options *o,
                       const struct sweep_result *results, bool alone, bool timed,
                       struct sweep_cost *out, struct errinfo *e)
{
    struct sweep_result *own = NULL;
    bool *todo = NULL;
    size_t *condition = NULL;
    enum err rc = OK;
    struct costing c = {.w = {.plan = p, .o = o},
                        .timed = timed,
                        .room = run_room((size_t)clock_own_bytes(), room_bytes())};
    memset(out, 0, sizeof *out);
    TRY_OUT(rc, mem_new(&own, p->n_cells, sizeof *own, "sweep", e));
    TRY_OUT(rc, mem_new(&c.w.found, p->n_conditions, sizeof *c.w.found, "sweep", e));
    TRY_OUT(rc, mem_new(&todo, p->n_cells, sizeof *todo, "sweep", e));
    TRY_OUT(rc, mem_new(&condition, p->n_conditions, sizeof *condition, "sweep", e));
    memcpy(own, results, p->n_cells * sizeof *own);
    c.w.results = own;
    TRY_OUT(rc, sweep_find_todo(&c.w, todo, &out->runs, e));
    if (out->runs > 0) {
        TRY_OUT(rc, add_searches(&c, todo, condition, e));
        TRY_OUT(rc, add_batches(&c, todo, alone, e));
        out->threads = c.w.threads;
        TRY_OUT(rc, sum_up(&c, out, e));
    }
out:
    mem_free(c.search.item);
    mem_free(c.batch.item);
    mem_free(c.kind);
    mem_free(c.w.found);
    mem_free(own);
    mem_free(todo);
    mem_free(condition);
    return rc;
}

/* ---- of saved runs ---- */

static enum err measuring_of(struct inputs *in, size_t n, bool timed,
                             struct measuring_cost *out, struct errinfo *e)
{
    const struct evaluator_opts o = evaluator_defaults();
    struct arm_plan *arms = NULL;
    struct run_shape *shape = NULL;
    enum err rc = OK;
    TRY_OUT(rc, arm_plans_like(&in->set, 1, &arms, e));
    TRY_OUT(rc, mem_new(&shape, 1, sizeof *shape, "arms", e));
    TRY_OUT(rc, run_shape_of_plans(in, arms, 1, shape, e));
    struct run_cost cost = run_cost_of(shape, 1);
    const size_t own = (size_t)clock_own_bytes();
    out->bytes = own + run_process_bytes() +
                 evaluator_bytes(in, &o, pool_threads(in->pool)) +
                 run_measuring_bytes(shape);
    out->room = run_room(own, room_bytes());
    out->seconds = (double)NAN;
    if (timed && cost.bytes <= out->room) {
        rc = inputs_read(in, e);
        rc = rc == OK ? run_cost_time(in, shape, RUN_COST_BRIEF, &cost, e) : rc;
        out->seconds =
            rc == OK ? (double)(n * SWEEP_MEASURE_STEPS) * cost.seconds : (double)NAN;
    }
    run_shape_deinit(shape);
out:
    mem_free(shape);
    mem_free(arms);
    return rc;
}

enum err sweep_cost_measuring(const struct settings *like, size_t n, bool timed,
                              struct measuring_cost *out, struct errinfo *e)
{
    struct inputs *in = NULL;
    TRY(inputs_open(like, NULL, &in, e));
    const enum err rc = measuring_of(in, n, timed, out, e);
    inputs_free(in);
    return rc;
}

/* ---- in words ---- */

enum err sweep_cost_check(const struct sweep_cost *c, struct errinfo *e)
{
    if (c->bytes <= c->room) {
        return OK;
    }
    if (c->fit > 0) {
        return err_set(
            e, ERR_LIMIT,
            "sweep: groups of runs side by side need about %s of memory, %s are there: "
            "--jobs %zu fits",
            NUMBER_BYTES((double)c->bytes), NUMBER_BYTES((double)c->room), c->fit);
    }
    return err_set(
        e, ERR_LIMIT,
        "sweep: one group of runs at a time needs about %s of memory, %s are "
        "there: take a smaller --width, --set fill_rows= or "
        "--set eval.concept_rows=",
        NUMBER_BYTES((double)c->one), NUMBER_BYTES((double)c->room));
}

static const char *roughly(const struct sweep_cost *c)
{
    return isfinite(c->seconds) ? ", measuring counted roughly" : "";
}

void sweep_cost_takes(const struct sweep_cost *c, char *out, size_t cap)
{
    char what[160];
    cost_takes(c->seconds, c->bytes, c->room, what, sizeof what);
    snprintf(out, cap,
             "%s%s; %zu run%s in %zu group%s of the same text and masks, %zu at once "
             "on %zu thread%s each",
             what, roughly(c), c->runs, plural_s(c->runs), c->groups,
             plural_s(c->groups), c->jobs, c->threads, plural_s(c->threads));
}

void sweep_cost_takes_each(const struct sweep_cost *c, char *out, size_t cap)
{
    char what[160];
    cost_takes(c->seconds / (double)c->runs, c->one, c->room, what, sizeof what);
    snprintf(out, cap, "a run takes %s on %zu thread%s here%s", what, c->threads,
             plural_s(c->threads), roughly(c));
}
