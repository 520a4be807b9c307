#include "base/clock.h"
#include "base/mem.h"
#include "eval/heldout.h"
#include "run/engine_priv.h"
#include "train/settings_arch.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int64_t engine_step_count(const struct engine *g)
{
    int64_t least = INT64_MAX;
    for (size_t a = 0; a < g->n_arms; a++) {
        const int64_t step = arm_steps_done(g->arm[a].arm);
        least = step < least ? step : least;
    }
    return g->n_arms ? least : 0;
}

bool engine_done(const struct engine *g)
{
    return engine_step_count(g) >= g->steps;
}

size_t engine_seed_of(const struct engine *g, const struct engine_arm *a, size_t *n)
{
    size_t at = 0;
    *n = 0;
    for (size_t i = 0; i < g->n_arms; i++) {
        if (!strcmp(g->arm[i].condition, a->condition)) {
            at = &g->arm[i] == a ? *n : at;
            (*n)++;
        }
    }
    return at;
}

/* ---- events ---- */

static enum err add_event(struct engine *g, size_t arm, const struct run_event *ev,
                          struct errinfo *e)
{
    TRY(history_add_event(&g->arm[arm].history, ev, e));
    if (g->watch.event) {
        g->watch.event(g->watch.user, arm, ev);
    }
    return OK;
}

enum err engine_event(struct engine *g, size_t arm, struct errinfo *e, const char *kind,
                      const char *fmt, ...)
{
    struct run_event ev = {.step = engine_step_count(g), .seconds = g->seconds};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(ev.detail, sizeof ev.detail, fmt, ap);
    va_end(ap);
    snprintf(ev.kind, sizeof ev.kind, "%s", kind);
    for (size_t a = 0; a < g->n_arms; a++) {
        if (arm == ENGINE_ALL_ARMS || arm == a) {
            TRY(add_event(g, a, &ev, e));
        }
    }
    return OK;
}

/* ---- start ---- */

enum err engine_start_arm(struct engine *g, size_t i, const struct arm_plan *plan,
                          struct errinfo *e)
{
    struct engine_arm *a = &g->arm[i];
    struct settings s = plan->set;
    inputs_resolve(g->in, &s);
    TRY(arm_new(g->in, &s, &a->arm, e));
    memcpy(a->place.name, plan->name, sizeof a->place.name);
    memcpy(a->condition, plan->condition, sizeof a->condition);
    g->n_arms++;
    char sparsity[64];
    settings_sparsity(&s, sparsity, sizeof sparsity);
    const uint64_t seed = settings_weights_seed(&s);
    char weights[40] = "";
    if (seed != (uint64_t)s.seed) {
        snprintf(weights, sizeof weights, ", of weights %llu",
                 (unsigned long long)seed);
    }
    return engine_event(g, i, e, "start", "%s %s width=%lld p=%.2f seed %lld%s", s.arch,
                        sparsity, (long long)s.width, a->arm->schedule.start,
                        (long long)s.seed, weights);
}

static enum err start_arms(struct engine *g, const struct arm_plan *arms, size_t n,
                           struct errinfo *e)
{
    if (n > RUN_ARMS_MAX) {
        return err_set(e, ERR_USAGE, "found %zu arms, expected %d at most", n,
                       RUN_ARMS_MAX);
    }
    for (size_t i = 0; i < n; i++) {
        TRY(engine_start_arm(g, i, &arms[i], e));
    }
    return OK;
}

enum err engine_new(struct inputs *in, struct engine **out, struct errinfo *e)
{
    struct arm_plan *arms = NULL;
    size_t n = 0;
    enum err rc = arm_plans_of(&in->asked, &arms, &n, e);
    if (rc != OK) {
        inputs_free(in);
        return rc;
    }
    rc = engine_new_arms(in, arms, n, out, e);
    mem_free(arms);
    return rc;
}

enum err engine_new_arms(struct inputs *in, const struct arm_plan *arms, size_t n,
                         struct engine **out, struct errinfo *e)
{
    struct engine *g = NULL;
    enum err rc = mem_new(&g, 1, sizeof *g, "engine", e);
    if (rc != OK) {
        inputs_free(in);
        return rc;
    }
    g->in = in;
    g->steps = in->set.steps;
    rc = start_arms(g, arms, n, e);
    if (rc != OK) {
        engine_free(g);
        return rc;
    }
    *out = g;
    return OK;
}

void engine_free(struct engine *g)
{
    if (!g) {
        return;
    }
    for (size_t a = 0; a < RUN_ARMS_MAX; a++) {
        arm_free(g->arm[a].arm);
        history_free(&g->arm[a].history);
        eval_result_deinit(&g->arm[a].eval);
        concept_history_unref(g->arm[a].over);
        report_deinit(&g->arm[a].report);
    }
    saebench_bank_free(g->saebench);
    heldout_words_free(g->words);
    truth_set_free(g->truth);
    acts_bench_free(g->acts);
    dirlocks_release(&g->locks, 0);
    inputs_free(g->in);
    mem_free(g);
}

/* ---- memory ---- */

void engine_shape(const struct engine *g, struct run_shape *out)
{
    memset(out, 0, sizeof *out);
    out->in = g->in;
    for (; out->n < g->n_arms; out->n++) {
        const struct engine_arm *a = &g->arm[out->n];
        out->arm[out->n] = arm_shape_of(a->arm, a->condition);
    }
}

size_t engine_bytes(const struct engine *g)
{
    struct run_shape shape;
    engine_shape(g, &shape);
    return run_bytes(&shape);
}

size_t engine_arm_bytes(const struct engine *g, size_t arm)
{
    const struct arm_shape shape = arm_shape_of(g->arm[arm].arm, g->arm[arm].condition);
    return run_arm_bytes(g->in, &shape);
}

/* ---- rows ---- */

uint64_t engine_tokens_read(const struct engine *g)
{
    uint64_t sum = 0;
    for (size_t a = 0; a < g->n_arms; a++) {
        sum += source_stats(g->arm[a].arm->source).tokens_read;
    }
    return sum;
}

/* Updates the model positions per second since the last row, of all arms together. */
static void update_rate(struct engine *g)
{
    const uint64_t tokens = engine_tokens_read(g);
    const double passed = g->seconds - g->row_seconds;
    /* The buffer is filled in bursts: a rate over less than half a second says little,
     * so the window stays open until then. */
    if (passed > 0.5 && tokens > g->row_tokens) {
        g->tokens_per_second = (double)(tokens - g->row_tokens) / passed;
        g->row_seconds = g->seconds;
        g->row_tokens = tokens;
    }
}

/* An error of twice the variance of the activations is past all use. */
#define DIVERGED_EV   (-1.0)
#define DIVERGED_ROWS 2

/* Records once that an arm's error grows, as with too high a learning rate: the loss
 * stays finite, and nothing else ends it. Before it has explained any variance, the
 * first quarter of the run does not count. */
static enum err note_diverged(struct engine *g, size_t arm,
                              const struct metric_row *row, struct errinfo *e)
{
    struct engine_arm *a = &g->arm[arm];
    const double ev = row->v[METRIC_EV_BATCH];
    a->was_good = a->was_good || ev > 0;
    a->diverged = a->diverged && !(ev > 0); /* it may again */
    a->worse = ev < DIVERGED_EV ? a->worse + 1 : 0;
    if (a->diverged || a->worse < DIVERGED_ROWS ||
        !(a->was_good || 4 * row->v[METRIC_STEP] > (double)g->steps)) {
        return OK;
    }
    a->diverged = true;
    return engine_event(g, arm, e, ENGINE_DIVERGED,
                        "explained variance of the batch %.3g, learning rate %.3g", ev,
                        row->v[METRIC_LR]);
}

static enum err add_rows(struct engine *g, const bool *which, struct metric_row *rows,
                         struct errinfo *e)
{
    update_rate(g);
    for (size_t a = 0; a < g->n_arms; a++) {
        if (!which[a]) {
            continue;
        }
        rows[a].v[METRIC_SECONDS] = g->seconds;
        if (g->tokens_per_second > 0) {
            rows[a].v[METRIC_TOK_S] = g->tokens_per_second;
        }
        TRY(history_add_row(&g->arm[a].history, &rows[a], e));
        if (g->watch.row) {
            g->watch.row(g->watch.user, a, &rows[a]);
        }
        TRY(note_diverged(g, a, &rows[a], e));
    }
    return OK;
}

static void empty_rows(struct metric_row rows[RUN_ARMS_MAX])
{
    for (size_t a = 0; a < RUN_ARMS_MAX; a++) {
        rows[a] = metric_row_empty();
    }
}

enum err engine_evaluate(struct engine *g, struct errinfo *e)
{
    struct metric_row rows[RUN_ARMS_MAX];
    bool all[RUN_ARMS_MAX];
    if (!engine_can_evaluate(g)) {
        return err_set(e, ERR_USAGE, "the evaluation set is still being made");
    }
    empty_rows(rows);
    for (size_t a = 0; a < RUN_ARMS_MAX; a++) {
        all[a] = true;
    }
    g->asked = true;
    const enum err rc = engine_evaluate_arms(g, all, rows, e);
    g->asked = false;
    TRY(rc);
    for (size_t a = 0; a < g->n_arms; a++) {
        rows[a].v[METRIC_STEP] = (double)arm_steps_done(g->arm[a].arm);
        rows[a].v[METRIC_MASK_RATE] = arm_rate_in_use(g->arm[a].arm);
    }
    return add_rows(g, all, rows, e);
}

enum err engine_catch_up(struct engine *g, struct errinfo *e)
{
    for (size_t a = 0; a < g->n_arms; a++) {
        if (g->arm[a].arm->state.owes_eval) {
            return engine_evaluate(g, e);
        }
    }
    return OK;
}

/* Applies a mask change whose step has come. */
static enum err apply_pending(struct engine *g, size_t a, struct errinfo *e)
{
    const struct arm_state *s = &g->arm[a].arm->state;
    if (s->pending && arm_steps_done(g->arm[a].arm) >= s->pending_at) {
        return engine_set_mask(g, a, s->pending_rate, 0, e);
    }
    return OK;
}

/* Does one step of every arm that is not ahead of the others. */
static enum err step_arms(struct engine *g, bool *stepped, struct metric_row *rows,
                          struct errinfo *e)
{
    const int64_t begin = clock_ns();
    const int64_t from = engine_step_count(g);
    for (size_t a = 0; a < g->n_arms; a++) {
        stepped[a] = arm_steps_done(g->arm[a].arm) == from;
        if (stepped[a]) {
            TRY(apply_pending(g, a, e));
        }
    }
    for (size_t a = 0; a < g->n_arms; a++) {
        if (stepped[a]) {
            TRY(arm_step(g->arm[a].arm, &rows[a], e));
        }
    }
    const double seconds = clock_seconds_since(begin);
    g->seconds += seconds;
    eval_pace_trained(&g->pace, engine_step_count(g), seconds);
    return OK;
}

enum err engine_step(struct engine *g, struct errinfo *e)
{
    struct metric_row rows[RUN_ARMS_MAX];
    bool stepped[RUN_ARMS_MAX] = {false};
    empty_rows(rows);
    TRY(step_arms(g, stepped, rows, e));

    const int64_t step = engine_step_count(g);
    bool evaluate_now = false;
    TRY(engine_eval_due(g, &evaluate_now, e));
    if (evaluate_now) {
        const enum err rc = engine_evaluate_arms(g, stepped, rows, e);
        if (rc != OK && rc != ERR_CANCELLED) {
            return rc; /* a cancelled one is owed: the step itself is done */
        }
    }
    if (evaluate_now || step == 1 || step % g->in->set.log_every == 0 ||
        engine_done(g)) {
        TRY(add_rows(g, stepped, rows, e));
    }
    return engine_checkpoint(g, e);
}
