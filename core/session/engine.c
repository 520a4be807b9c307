#include "session/engine.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* In the explorer an evaluation comes about every two seconds, but never takes more
 * than a tenth of the time. */
#define EVAL_SECONDS 2.0
#define EVAL_SHARE   0.1
/* What masking is switched on to in a run that named no rate: the paper's. */
#define DEFAULT_RATE 0.3

int64_t engine_step_count(const struct engine *g)
{
    return g->n_arms ? arm_steps_done(g->arm[0].arm) : 0;
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
        if (arm == ENGINE_ARMS || arm == a) {
            TRY(add_event(g, a, &ev, e));
        }
    }
    return OK;
}

/* ---- start ---- */

static enum err start_arm(struct engine *g, const struct mask_schedule *schedule,
                          struct errinfo *e)
{
    struct engine_arm *a = &g->arm[g->n_arms];
    TRY(arm_new(g->in, schedule, &a->arm, e));
    a->forked_at = -1;
    a->rate_when_on = schedule->start > 0        ? schedule->start
                      : g->in->set.mask_rate > 0 ? g->in->set.mask_rate
                                                 : DEFAULT_RATE;
    a->applies_from = 1;
    g->n_arms++;
    const struct settings *s = &g->in->set;
    return engine_event(
        g, g->n_arms - 1, e, "start", "%s k=%lld width=%lld p=%.2f seed %lld", s->arch,
        (long long)s->k, (long long)s->width, schedule->start, (long long)s->seed);
}

enum err engine_new(struct inputs *in, struct engine **out, struct errinfo *e)
{
    struct engine *g = NULL;
    enum err rc = mem_new(&g, 1, sizeof *g, "engine", e);
    if (rc != OK) {
        inputs_free(in);
        return rc;
    }
    g->in = in;
    g->steps = in->set.steps;
    const struct mask_schedule own = arm_schedule(&in->set);
    const struct mask_schedule none = {.kind = MASK_CONSTANT};
    rc = start_arm(g, &own, e);
    if (rc == OK && in->set.twin == TWIN_UNMASKED) {
        rc = start_arm(g, &none, e);
    }
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
    for (size_t a = 0; a < ENGINE_ARMS; a++) {
        arm_free(g->arm[a].arm);
        history_free(&g->arm[a].history);
        eval_result_deinit(&g->arm[a].eval);
    }
    inputs_free(g->in);
    mem_free(g);
}

/* ---- evaluation ---- */

enum err engine_eval_set(const struct inputs *in, struct harvester *h,
                         struct pool *pool, const atomic_bool *cancel,
                         struct eval_set **out, struct errinfo *e)
{
    struct eval_config c = eval_defaults();
    c.fidelity_rows = (size_t)in->set.eval_rows;
    c.ce_rows = (size_t)in->set.eval_ce_rows;
    c.concept_rows = (size_t)in->set.concept_rows;
    return eval_set_new(&c, h, in->corpus, in->ood, in->concepts, in->lm->tok, pool,
                        cancel, out, e);
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

/* Evaluate each arm into its row. */
static enum err evaluate_each(struct engine *g, struct metric_row *rows,
                              struct errinfo *e)
{
    for (size_t a = 0; a < g->n_arms; a++) {
        struct engine_arm *arm = &g->arm[a];
        struct eval_result fresh = {0};
        enum err rc = evaluate(g->eval_set, arm->arm->sae, g->in->h, g->in->pool,
                               g->cancel, &fresh, e);
        /* SAEBench's own form trains probes anew, for seconds: once, at the end. */
        if (rc == OK && engine_done(g)) {
            rc = evaluate_saebench(g->eval_set, arm->arm->sae, g->in->pool, g->cancel,
                                   &fresh, e);
        }
        if (rc != OK) {
            eval_result_deinit(&fresh);
            return rc;
        }
        eval_result_deinit(&arm->eval);
        arm->eval = fresh;
        arm->evaluated = true;
        fill_eval(&rows[a], &fresh);
    }
    return OK;
}

static enum err evaluate_arms(struct engine *g, struct metric_row *rows,
                              struct errinfo *e)
{
    const int64_t begin = clock_ns();
    if (g->watch.evaluating) {
        g->watch.evaluating(g->watch.user, true);
    }
    const enum err rc = evaluate_each(g, rows, e);
    if (g->watch.evaluating) {
        g->watch.evaluating(g->watch.user, false);
    }
    TRY(rc);
    g->eval_cost = clock_seconds_since(begin);
    g->seconds += g->eval_cost;
    g->eval_at_seconds = g->seconds;
    return OK;
}

/* Whether the stretched interval has passed; a change of it by half is an event. */
static enum err stretched_due(struct engine *g, bool *due, struct errinfo *e)
{
    const double least = g->eval_cost * (1 / EVAL_SHARE - 1);
    const double interval = least > EVAL_SECONDS ? least : EVAL_SECONDS;
    *due = g->seconds - g->eval_at_seconds >= interval;
    if (*due && fabs(interval - g->eval_interval) > 0.5 * g->eval_interval) {
        g->eval_interval = interval;
        return engine_event(
            g, ENGINE_ARMS, e, "eval-interval",
            "an evaluation every %.0f s keeps it within a tenth of the time", interval);
    }
    return OK;
}

static enum err eval_due(struct engine *g, bool *due, struct errinfo *e)
{
    const int64_t step = engine_step_count(g);
    *due = false;
    if (!g->eval_set) {
        return OK;
    }
    if (engine_done(g)) {
        *due = true;
        return OK;
    }
    if (g->stretch_eval) {
        return stretched_due(g, due, e);
    }
    *due = step % g->in->set.eval_every == 0;
    return OK;
}

int64_t engine_next_eval(const struct engine *g)
{
    if (g->stretch_eval || !g->eval_set) {
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
        sum += stream_stats(g->arm[a].arm->stream).tokens_read;
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

static enum err add_rows(struct engine *g, struct metric_row *rows, struct errinfo *e)
{
    update_rate(g);
    for (size_t a = 0; a < g->n_arms; a++) {
        rows[a].v[METRIC_SECONDS] = g->seconds;
        if (g->tokens_per_second > 0) {
            rows[a].v[METRIC_TOK_S] = g->tokens_per_second;
        }
        TRY(history_add_row(&g->arm[a].history, &rows[a], e));
        if (g->watch.row) {
            g->watch.row(g->watch.user, a, &rows[a]);
        }
    }
    return OK;
}

enum err engine_evaluate(struct engine *g, struct errinfo *e)
{
    struct metric_row rows[ENGINE_ARMS] = {metric_row_empty(), metric_row_empty()};
    if (!g->eval_set) {
        return err_set(e, ERR_USAGE, "the evaluation set is still being made");
    }
    TRY(evaluate_arms(g, rows, e));
    for (size_t a = 0; a < g->n_arms; a++) {
        rows[a].v[METRIC_STEP] = (double)engine_step_count(g);
        rows[a].v[METRIC_MASK_RATE] = arm_rate_in_use(g->arm[a].arm);
    }
    return add_rows(g, rows, e);
}

/* Mask changes that were asked for at a step that has come. */
static enum err apply_pending(struct engine *g, struct errinfo *e)
{
    for (size_t a = 0; a < g->n_arms; a++) {
        struct engine_arm *arm = &g->arm[a];
        if (arm->pending && engine_step_count(g) >= arm->pending_at) {
            arm->pending = false;
            TRY(engine_set_mask(g, a, arm->pending_rate, 0, e));
        }
    }
    return OK;
}

enum err engine_step(struct engine *g, struct errinfo *e)
{
    struct metric_row rows[ENGINE_ARMS] = {metric_row_empty(), metric_row_empty()};
    const int64_t begin = clock_ns();
    TRY(apply_pending(g, e));
    for (size_t a = 0; a < g->n_arms; a++) {
        TRY(arm_step(g->arm[a].arm, &rows[a], e));
    }
    g->seconds += clock_seconds_since(begin);

    const int64_t step = engine_step_count(g);
    bool evaluate_now = false;
    TRY(eval_due(g, &evaluate_now, e));
    if (evaluate_now) {
        TRY(evaluate_arms(g, rows, e));
    }
    if (evaluate_now || step == 1 || step % g->in->set.log_every == 0 ||
        engine_done(g)) {
        TRY(add_rows(g, rows, e));
    }
    return OK;
}

/* ---- interventions ---- */

static enum err can_mask(const struct engine *g, double rate, struct errinfo *e)
{
    if (rate > 0 && g->in->set.mask_kind == MASK_TOKEN && g->in->mask_token < 0) {
        return err_set(
            e, ERR_USAGE, "%s",
            "this tokenizer has no mask token; start with --mask-token TEXT");
    }
    return OK;
}

enum err engine_set_mask(struct engine *g, size_t arm, double rate, int64_t at,
                         struct errinfo *e)
{
    if (arm >= g->n_arms) {
        return err_set(e, ERR_USAGE, "there is no arm %c", 'A' + (int)arm);
    }
    if (!(rate >= 0 && rate <= 0.95)) {
        return err_set(e, ERR_USAGE, "mask rate: found %g, expected 0 to 0.95", rate);
    }
    TRY(can_mask(g, rate, e));
    if (engine_done(g) || at > g->steps) {
        return err_set(e, ERR_USAGE, "the run ends at step %lld; :extend it first",
                       (long long)g->steps);
    }
    struct engine_arm *a = &g->arm[arm];
    if (at > engine_step_count(g)) {
        a->pending = true;
        a->pending_rate = rate;
        a->pending_at = at;
        return engine_event(g, arm, e, "mask-planned", "p = %.2f from step %lld", rate,
                            (long long)at);
    }
    const double before = arm_rate_set(a->arm);
    a->pending = false; /* what is set now stands until it is set again */
    a->applies_from = arm_set_rate(a->arm, rate);
    if (rate > 0) {
        a->rate_when_on = rate;
    }
    return engine_event(g, arm, e, "mask",
                        "p %.2f -> %.2f, trained on from step %lld (%lld steps of lag)",
                        before, rate, (long long)a->applies_from,
                        (long long)(a->applies_from - engine_step_count(g) - 1));
}

enum err engine_fork(struct engine *g, struct errinfo *e)
{
    if (g->n_arms == ENGINE_ARMS) {
        return err_set(e, ERR_USAGE,
                       "there is a twin already; a run has two arms at most");
    }
    struct engine_arm *a = &g->arm[0], *b = &g->arm[1];
    const double rate = arm_rate_set(a->arm) > 0 ? 0 : a->rate_when_on;
    struct arm *twin = NULL;
    struct history past = {0};
    TRY(can_mask(g, rate, e));
    TRY(history_copy(&a->history, &past, e));
    const enum err rc = arm_fork(a->arm, rate, &twin, e);
    if (rc != OK) {
        history_free(&past);
        return rc;
    }
    *b = (struct engine_arm){.arm = twin,
                             .history = past,
                             .rate_when_on = rate > 0 ? rate : a->rate_when_on,
                             .applies_from = engine_step_count(g) + 1,
                             .forked_at = engine_step_count(g)};
    g->n_arms = 2;
    g->row_tokens = tokens_read(g);
    g->row_seconds = g->seconds;
    return engine_event(g, ENGINE_ARMS, e, "fork", "twin B from here, p = %.2f", rate);
}

enum err engine_extend(struct engine *g, int64_t steps, struct errinfo *e)
{
    const double most = setting_find("steps")->max;
    if (steps <= g->steps || (double)steps > most) {
        return err_set(
            e, ERR_USAGE,
            "extend: found %lld, expected more than the %lld planned, %.0f at "
            "most",
            (long long)steps, (long long)g->steps, most);
    }
    g->steps = steps;
    g->in->set.steps = steps;
    for (size_t a = 0; a < g->n_arms; a++) {
        arm_extend(g->arm[a].arm, steps);
    }
    return engine_event(g, ENGINE_ARMS, e, "extend", "to %lld steps", (long long)steps);
}

enum err engine_set_lr(struct engine *g, double lr, struct errinfo *e)
{
    if (!(lr > 0 && lr <= 10)) {
        return err_set(e, ERR_USAGE, "lr: found %g, expected more than 0, 10 at most",
                       lr);
    }
    for (size_t a = 0; a < g->n_arms; a++) {
        sae_trainer_set_lr(g->arm[a].arm->trainer, lr);
    }
    g->in->set.lr = lr;
    return engine_event(g, ENGINE_ARMS, e, "lr", "%g", lr);
}

/* ---- saving ---- */

enum err engine_arm_dir(const char *dir, size_t arm, char *out, size_t cap,
                        struct errinfo *e)
{
    size_t len = strlen(dir);
    while (len > 1 && dir[len - 1] == '/') {
        len--; /* what tab completion adds */
    }
    const int n = snprintf(out, cap, "%.*s%s", (int)len, dir, arm ? "-twin" : "");
    return n >= 0 && (size_t)n < cap
               ? OK
               : err_set(e, ERR_LIMIT, "%.80s...: path too long", dir);
}

static enum err save_arm(struct engine *g, size_t i, const char *dir, struct errinfo *e)
{
    struct engine_arm *a = &g->arm[i];
    if (strcmp(a->dir, dir) != 0) {
        TRY(rundir_create(dir, e));
        snprintf(a->dir, sizeof a->dir, "%s", dir);
    }
    struct str json;
    str_init(&json, 1u << 24);
    enum err rc = OK;
    if (a->evaluated) {
        rc = eval_result_json(&a->eval, g->in->concepts, &json, e);
    }
    if (rc == OK) {
        rc = rundir_save(dir, a->arm, &a->history, a->evaluated ? json.p : NULL, e);
    }
    str_free(&json);
    return rc;
}

enum err engine_save(struct engine *g, const char *dir, struct errinfo *e)
{
    for (size_t a = 0; a < g->n_arms; a++) {
        char path[SETTING_TEXT_MAX];
        TRY(engine_arm_dir(dir, a, path, sizeof path, e));
        TRY(engine_event(g, a, e, "save", "%s", path));
        TRY(save_arm(g, a, path, e));
    }
    return OK;
}
