#include "run/engine.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/room.h"
#include "eval/heldout.h"
#include "train/settings_arch.h"

#include <math.h>
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

static enum err start_arm(struct engine *g, size_t i, const struct arm_plan *plan,
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
        TRY(start_arm(g, i, &arms[i], e));
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
        report_deinit(&g->arm[a].truth);
    }
    saebench_bank_free(g->saebench);
    heldout_words_free(g->words);
    truth_set_free(g->truth);
    claims_release(&g->claims, 0);
    inputs_free(g->in);
    mem_free(g);
}

/* ---- evaluation ---- */

enum err engine_eval_set(const struct inputs *in, struct harvester *h,
                         struct pool *pool, const atomic_bool *cancel,
                         struct eval_set **out, struct errinfo *e)
{
    struct eval_config c = eval_defaults();
    *out = NULL;
    if (in->synth) {
        return OK;
    }
    c.fidelity_rows = (size_t)in->set.eval_rows;
    c.ce_rows = (size_t)in->set.eval_ce_rows;
    c.concept_rows = (size_t)in->set.concept_rows;
    return eval_set_new(&c, h, in->corpus, in->ood, in->concepts, in->lm->tok, pool,
                        cancel, out, e);
}

/* Whether an arm can be evaluated now. */
static bool can_evaluate(const struct engine *g)
{
    return g->eval_set || g->in->synth;
}

static void fill_eval(struct metric_row *row, const struct eval_result *r)
{
    const struct absorption_family *f = &r->leaf;
    row->v[METRIC_EV] = r->explained_variance;
    row->v[METRIC_EV_OOD] = r->explained_variance_ood;
    row->v[METRIC_CE_REC] = r->ce_recovered;
    row->v[METRIC_CE_REC_OOD] = r->ce_recovered_ood;
    row->v[METRIC_L0_CLEAN] = r->l0;
    row->v[METRIC_ABSORPTION] = f->full.value;
    row->v[METRIC_ABS_LO] = f->full.lo;
    row->v[METRIC_ABS_HI] = f->full.hi;
    row->v[METRIC_ABS_FRACTION] = f->fraction.value;
    row->v[METRIC_RECALL] = f->recall.value;
    row->v[METRIC_F1_BEST] = f->f1_best;
    row->v[METRIC_ELIGIBLE] = (double)f->eligible;
    row->v[METRIC_TRUE_POS] = (double)f->true_positives;
    row->v[METRIC_ABS_SUPER] = r->super.full.value;
    row->v[METRIC_ABS_LETTER] = r->letter.full.value;
    row->v[METRIC_ABS_SAEBENCH] = r->absorption_saebench;
}

/* Whether this evaluation is the best by the measure that is asked for. */
static void note_best(const struct engine *g, struct engine_arm *a,
                      const struct metric_row *row)
{
    const int m = metric_find(g->in->set.checkpoint_best);
    const int better = m >= 0 ? measure_at((enum metric)m)->better : 0;
    const double v = m >= 0 ? row->v[m] : (double)NAN;
    struct arm_state *s = &a->arm->state;
    if (better && isfinite(v) && !(better * v <= better * s->best)) {
        s->best = v;
        a->is_best = true;
    }
}

/* Its number among the seeds of its condition, and how many these are. */
static size_t seed_of(const struct engine *g, const struct engine_arm *a, size_t *n)
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

/* Whether an arm's cross-entropies are measured now. Where evaluation is kept within a
 * share of the time they are of one seed in turn, at the last step of all; the order is
 * that of evaluations, so that conditions have them of one seed. */
static bool in_turn(const struct engine *g, const struct engine_arm *a)
{
    size_t n = 0;
    const size_t at = seed_of(g, a, &n);
    return !g->stretch_eval || engine_done(g) || g->evals % n == at;
}

static enum err measure_words(struct engine *g, const struct sae *frozen,
                              struct eval_result *r, struct errinfo *e)
{
    if (!g->words) {
        TRY(heldout_words_new(g->eval_set, g->in->concepts, &g->words, e));
    }
    return heldout_words_measure(g->words, frozen, g->in->pool, g->cancel, r, e);
}

static enum err evaluate_text(struct engine *g, struct engine_arm *a,
                              const struct sae *frozen, struct metric_row *row,
                              struct errinfo *e)
{
    struct eval_result fresh = {0};
    struct harvester *h = in_turn(g, a) ? g->in->h : NULL;
    enum err rc = evaluate(g->eval_set, frozen, h, g->in->pool, g->cancel, &fresh, e);
    if (rc == OK) {
        rc = measure_words(g, frozen, &fresh, e);
    }
    /* SAEBench's own form has probes of its own, which take seconds: at the end. */
    if (rc == OK && engine_done(g) && !g->saebench) {
        rc = saebench_bank_new(g->eval_set, g->in->pool, g->cancel, &g->saebench, e);
    }
    if (rc == OK && engine_done(g)) {
        rc = evaluate_saebench(g->eval_set, g->saebench, frozen, g->in->pool, g->cancel,
                               &fresh, e);
    }
    if (rc != OK) {
        eval_result_deinit(&fresh);
        return rc;
    }
    eval_result_deinit(&a->eval);
    a->eval = fresh;
    a->eval.step = arm_steps_done(a->arm);
    fill_eval(row, &fresh);
    return OK;
}

static struct estimate truth_value(const struct report *r, enum metric m)
{
    const struct figure *f = report_find(r, measure_at(m)->path);
    return f ? f->v : (struct estimate){(double)NAN, (double)NAN, (double)NAN};
}

/* What has the same meaning on known features as on text. */
static void fill_truth(struct metric_row *row, const struct report *r)
{
    const struct estimate absorption = truth_value(r, METRIC_TRUTH_ABSORPTION);
    const struct figure *f = report_find(r, measure_at(METRIC_TRUTH_ABSORPTION)->path);
    row->v[METRIC_EV] = truth_value(r, METRIC_TRUTH_EV).value;
    row->v[METRIC_L0_CLEAN] = truth_value(r, METRIC_TRUTH_L0).value;
    row->v[METRIC_ABSORPTION] = absorption.value;
    row->v[METRIC_ABS_LO] = absorption.lo;
    row->v[METRIC_ABS_HI] = absorption.hi;
    row->v[METRIC_RECALL] = 1.0 - truth_value(r, METRIC_TRUTH_SILENT).value;
    row->v[METRIC_ELIGIBLE] = f ? (double)f->n : (double)NAN;
}

static enum err evaluate_truth(struct engine *g, struct engine_arm *a,
                               const struct sae *frozen, struct metric_row *row,
                               struct errinfo *e)
{
    const struct settings *set = &g->in->set;
    struct report fresh;
    if (!g->truth) {
        TRY(truth_set_new(g->in->synth, (size_t)set->synth_eval_rows, &g->truth, e));
    }
    report_init(&fresh, (uint64_t)set->seed);
    const enum err rc = truth_measure(g->truth, frozen, g->in->pool, &fresh, e);
    if (rc != OK) {
        report_deinit(&fresh);
        return rc;
    }
    report_deinit(&a->truth);
    a->truth = fresh;
    fill_truth(row, &fresh);
    return OK;
}

static enum err evaluate_one(struct engine *g, struct engine_arm *a,
                             struct metric_row *row, struct errinfo *e)
{
    struct sae *frozen = NULL;
    TRY(arm_freeze(a->arm, &frozen, e));
    const enum err rc = g->in->synth ? evaluate_truth(g, a, frozen, row, e)
                                     : evaluate_text(g, a, frozen, row, e);
    sae_free(frozen);
    TRY(rc);
    a->evaluated = true;
    a->arm->state.owes_eval = 0;
    note_best(g, a, row);
    return OK;
}

/* Evaluate each arm of the set into its row. */
static enum err evaluate_each(struct engine *g, const bool *which,
                              struct metric_row *rows, struct errinfo *e)
{
    for (size_t a = 0; a < g->n_arms; a++) {
        if (which[a]) {
            g->arm[a].arm->state.owes_eval = 1;
        }
    }
    for (size_t a = 0; a < g->n_arms; a++) {
        if (which[a]) {
            TRY(evaluate_one(g, &g->arm[a], &rows[a], e));
        }
    }
    return OK;
}

static enum err evaluate_arms(struct engine *g, const bool *which,
                              struct metric_row *rows, struct errinfo *e)
{
    const int64_t begin = clock_ns();
    if (g->watch.evaluating) {
        g->watch.evaluating(g->watch.user, true);
    }
    const enum err rc = evaluate_each(g, which, rows, e);
    if (g->watch.evaluating) {
        g->watch.evaluating(g->watch.user, false);
    }
    TRY(rc);
    const double seconds = clock_seconds_since(begin);
    g->evals++;
    g->seconds += seconds;
    eval_pace_evaluated(&g->pace, engine_step_count(g), seconds);
    return OK;
}

/* Whether one is due that keeps the pace; a change of its interval is an event. */
static enum err paced_due(struct engine *g, bool *due, struct errinfo *e)
{
    const int64_t every = g->in->set.eval_every;
    *due = eval_pace_due(&g->pace, engine_step_count(g), every);
    if (*due && eval_pace_news(&g->pace, every)) {
        return engine_event(g, ENGINE_ALL_ARMS, e, "eval-interval",
                            "an evaluation about every %.0f s keeps it within a fifth "
                            "of the time",
                            g->pace.told);
    }
    return OK;
}

static enum err eval_due(struct engine *g, bool *due, struct errinfo *e)
{
    const int64_t step = engine_step_count(g);
    *due = false;
    if (!can_evaluate(g)) {
        for (size_t a = 0; engine_done(g) && a < g->n_arms; a++) {
            g->arm[a].arm->state.owes_eval = 1; /* it comes when the set is there */
        }
        return OK;
    }
    if (engine_done(g)) {
        *due = true;
        return OK;
    }
    if (g->stretch_eval) {
        return paced_due(g, due, e);
    }
    *due = step % g->in->set.eval_every == 0;
    return OK;
}

int64_t engine_next_eval(const struct engine *g)
{
    if (g->stretch_eval || !can_evaluate(g)) {
        return -1;
    }
    const int64_t every = g->in->set.eval_every;
    const int64_t next = (engine_step_count(g) / every + 1) * every;
    return next < g->steps ? next : g->steps;
}

/* ---- rows ---- */

static uint64_t tokens_read(const struct engine *g)
{
    uint64_t sum = 0;
    for (size_t a = 0; a < g->n_arms; a++) {
        sum += source_stats(g->arm[a].arm->source).tokens_read;
    }
    return sum;
}

/* Model positions a second since the last row, all arms together. */
static void update_rate(struct engine *g)
{
    const uint64_t tokens = tokens_read(g);
    const double passed = g->seconds - g->row_seconds;
    /* The buffer is filled in bursts: a rate over less than half a second says little,
     * so the window stays open until then. */
    if (passed > 0.5 && tokens > g->row_tokens) {
        g->tokens_per_second = (double)(tokens - g->row_tokens) / passed;
        g->row_seconds = g->seconds;
        g->row_tokens = tokens;
    }
}

/* An error twice the variance of the activations is no use to anybody. */
#define DIVERGED_EV   (-1.0)
#define DIVERGED_ROWS 2

/* Tell once of an arm whose error grows, as with too high a learning rate: the loss
 * stays finite, and nothing else ends it. Before it has explained any the first quarter
 * of the run is its own. */
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
    if (!can_evaluate(g)) {
        return err_set(e, ERR_USAGE, "the evaluation set is still being made");
    }
    empty_rows(rows);
    for (size_t a = 0; a < RUN_ARMS_MAX; a++) {
        all[a] = true;
    }
    TRY(evaluate_arms(g, all, rows, e));
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

/* A mask change that was asked for at a step that has come. */
static enum err apply_pending(struct engine *g, size_t a, struct errinfo *e)
{
    const struct arm_state *s = &g->arm[a].arm->state;
    if (s->pending && arm_steps_done(g->arm[a].arm) >= s->pending_at) {
        return engine_set_mask(g, a, s->pending_rate, 0, e);
    }
    return OK;
}

/* One step of every arm that is not ahead of the others. */
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
    TRY(eval_due(g, &evaluate_now, e));
    if (evaluate_now) {
        const enum err rc = evaluate_arms(g, stepped, rows, e);
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

/* ---- interventions ---- */

enum err engine_set_mask(struct engine *g, size_t arm, double rate, int64_t at,
                         struct errinfo *e)
{
    char name[ARM_LETTERS];
    if (arm >= g->n_arms) {
        return err_set(e, ERR_USAGE, "there is no arm %s",
                       arm < RUN_ARMS_MAX ? arm_letters(arm, name) : "of that number");
    }
    if (!(rate >= 0 && rate <= MASK_RATE_MAX)) {
        return err_set(e, ERR_USAGE, "mask rate: found %g, expected 0 to %g", rate,
                       MASK_RATE_MAX);
    }
    TRY(inputs_can_mask(g->in, rate, e));
    if (engine_done(g) || at > g->steps) {
        return err_set(e, ERR_USAGE, "the run ends at step %lld; :extend it first",
                       (long long)g->steps);
    }
    struct arm *a = g->arm[arm].arm;
    if (at > arm_steps_done(a)) {
        a->state.pending = 1;
        a->state.pending_rate = rate;
        a->state.pending_at = at;
        return engine_event(g, arm, e, "mask-planned", "p = %.2f from step %lld", rate,
                            (long long)at);
    }
    const double before = arm_rate_set(a);
    const int64_t from = arm_set_rate(a, rate);
    return engine_event(g, arm, e, "mask",
                        "p %.2f -> %.2f, trained on from step %lld (%lld steps of lag)",
                        before, rate, (long long)from,
                        (long long)(from - arm_steps_done(a) - 1));
}

/* A twin of arm `from` as arm `to`; "s2" gives "twin.s2". */
static enum err fork_arm(struct engine *g, size_t from, size_t to, double rate,
                         struct errinfo *e)
{
    const struct engine_arm *a = &g->arm[from];
    struct engine_arm b = {.condition = ARM_NAME_TWIN};
    const int len = snprintf(b.place.name, sizeof b.place.name, "%s%s%s", ARM_NAME_TWIN,
                             a->place.name[0] ? "." : "", a->place.name);
    if (len < 0 || (size_t)len >= sizeof b.place.name) {
        return err_set(e, ERR_USAGE, "the name '%s' is too long for a twin's",
                       a->place.name);
    }
    TRY(history_copy(&a->history, &b.history, e));
    const enum err rc = arm_fork(a->arm, rate, &b.arm, e);
    if (rc != OK) {
        history_free(&b.history);
        return rc;
    }
    g->arm[to] = b;
    return OK;
}

static void drop_arms(struct engine *g, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        arm_free(g->arm[i].arm);
        history_free(&g->arm[i].history);
        g->arm[i] = (struct engine_arm){.arm = NULL};
    }
}

enum err engine_fork(struct engine *g, struct errinfo *e)
{
    const size_t n = g->n_arms;
    for (size_t i = 1; i < n; i++) {
        if (strcmp(g->arm[i].condition, g->arm[0].condition) != 0) {
            return err_set(
                e, ERR_USAGE,
                "there is a twin already; a fork makes one condition into two");
        }
    }
    if (2 * n > RUN_ARMS_MAX) {
        return err_set(e, ERR_USAGE, "a fork of %zu arms makes more than %d", n,
                       RUN_ARMS_MAX);
    }
    const double rate =
        arm_rate_set(g->arm[0].arm) > 0 ? 0 : g->arm[0].arm->state.rate_when_on;
    TRY(inputs_can_mask(g->in, rate, e));
    for (size_t i = 0; i < n; i++) {
        const enum err rc = fork_arm(g, i, n + i, rate, e);
        if (rc != OK) { /* no half of a condition */
            drop_arms(g, n, n + i);
            return rc;
        }
    }
    g->n_arms = 2 * n;
    g->row_tokens = tokens_read(g);
    g->row_seconds = g->seconds;
    return engine_event(g, ENGINE_ALL_ARMS, e, "fork", "twin B from here, p = %.2f",
                        rate);
}

bool engine_is_level(const struct engine *g)
{
    for (size_t a = 1; a < g->n_arms; a++) {
        if (arm_steps_done(g->arm[a].arm) != arm_steps_done(g->arm[0].arm)) {
            return false;
        }
    }
    return true;
}

/* What changed the course of an arm on the way, as a kind of event; NULL: nothing. */
static const char *changed_by(const struct engine_arm *a)
{
    static const char *const kinds[] = {"mask", "mask-planned", "lr", "extend", "fork"};
    for (size_t i = 0; i < a->history.events; i++) {
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            if (!strcmp(a->history.event[i].kind, kinds[k])) {
                return kinds[k];
            }
        }
    }
    return NULL;
}

static enum err check_add_seed(const struct engine *g, size_t conditions,
                               struct errinfo *e)
{
    for (size_t a = 0; a < g->n_arms; a++) {
        const char *kind = changed_by(&g->arm[a]);
        if (kind) {
            return err_set(
                e, ERR_USAGE,
                "this run was changed on the way (%s): a seed that begins now "
                "would be of another condition; start anew with --seeds",
                kind);
        }
    }
    if (!engine_is_level(g)) {
        return err_set(e, ERR_USAGE, "the last seed added is still at step %lld",
                       (long long)engine_step_count(g));
    }
    if (g->n_arms + conditions > RUN_ARMS_MAX) {
        return err_set(e, ERR_USAGE, "found %zu arms, expected %d at most",
                       g->n_arms + conditions, RUN_ARMS_MAX);
    }
    const size_t needed = conditions * engine_arm_bytes(g, 0), room = room_bytes();
    if (needed > room) {
        return err_set(e, ERR_LIMIT,
                       "%zu more arms need about %.0f MB, %.0f MB of memory are there",
                       conditions, (double)needed / 1e6, (double)room / 1e6);
    }
    return OK;
}

/* The next seed of the condition that arm `first` begins. */
static enum err plan_seed(const struct engine *g, size_t first, struct arm_plan *out,
                          struct errinfo *e)
{
    const struct engine_arm *a = &g->arm[first];
    struct arm_plan of = {.set = a->arm->set};
    size_t n = 0;
    (void)seed_of(g, a, &n);
    memcpy(of.name, a->place.name, sizeof of.name);
    memcpy(of.condition, a->condition, sizeof of.condition);
    TRY(arm_plan_next_seed(&of, n, out, e));
    for (size_t i = 0; i < g->n_arms; i++) {
        if (arm_name_same(g->arm[i].place.name, out->name)) {
            return err_set(e, ERR_USAGE, "there is an arm named '%s' already",
                           out->name);
        }
    }
    return OK;
}

/* The first arms of the conditions; how many. */
static size_t first_arms(const struct engine *g, size_t out[RUN_ARMS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < g->n_arms; i++) {
        size_t seeds = 0;
        if (seed_of(g, &g->arm[i], &seeds) == 0) {
            out[n++] = i;
        }
    }
    return n;
}

enum err engine_add_seed(struct engine *g, struct errinfo *e)
{
    size_t first[RUN_ARMS_MAX];
    const size_t had = g->n_arms, conditions = first_arms(g, first);
    struct arm_plan *plan = NULL;
    TRY(check_add_seed(g, conditions, e));
    TRY(mem_new(&plan, conditions, sizeof *plan, "arms", e));
    enum err rc = OK;
    for (size_t i = 0; i < conditions && rc == OK; i++) {
        rc = plan_seed(g, first[i], &plan[i], e);
    }
    if (rc == OK) {
        rc = engine_event(g, ENGINE_ALL_ARMS, e, "seed-added",
                          "weights %llu, from step 0; the others wait here",
                          (unsigned long long)settings_weights_seed(&plan[0].set));
    }
    for (size_t i = 0; i < conditions && rc == OK; i++) {
        rc = start_arm(g, had + i, &plan[i], e);
    }
    mem_free(plan);
    if (rc != OK) {
        g->n_arms = had;
        drop_arms(g, had, had + conditions);
    }
    return rc;
}

enum err engine_check_extend(int64_t planned, int64_t steps, struct errinfo *e)
{
    const double most = setting_find(setting_key.steps)->max;
    return steps > planned && (double)steps <= most
               ? OK
               : err_set(e, ERR_USAGE,
                         "extend: found %lld, expected more than the %lld planned, "
                         "%.0f at most",
                         (long long)steps, (long long)planned, most);
}

enum err engine_extend(struct engine *g, int64_t steps, struct errinfo *e)
{
    TRY(engine_check_extend(g->steps, steps, e));
    g->steps = steps;
    g->in->set.steps = steps;
    for (size_t a = 0; a < g->n_arms; a++) {
        arm_extend(g->arm[a].arm, steps);
    }
    return engine_event(g, ENGINE_ALL_ARMS, e, "extend", "to %lld steps",
                        (long long)steps);
}

enum err engine_set_lr(struct engine *g, double lr, struct errinfo *e)
{
    if (!(lr > 0 && lr <= 10)) {
        return err_set(e, ERR_USAGE, "lr: found %g, expected more than 0, 10 at most",
                       lr);
    }
    for (size_t a = 0; a < g->n_arms; a++) {
        arm_set_lr(g->arm[a].arm, lr);
    }
    g->in->set.lr = lr;
    return engine_event(g, ENGINE_ALL_ARMS, e, "lr", "%g", lr);
}
