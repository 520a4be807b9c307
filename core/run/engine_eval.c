/* When the arms of a run are evaluated, and what that puts into their rows. */
#include "base/clock.h"
#include "eval/heldout.h"
#include "run/engine_priv.h"

#include <math.h>
#include <string.h>

enum err engine_eval_set(const struct inputs *in, struct harvester *h,
                         struct pool *pool, const atomic_bool *cancel,
                         struct eval_set **out, struct errinfo *e)
{
    struct eval_config c = eval_defaults();
    *out = NULL;
    if (!in->lm) {
        return OK;
    }
    c.fidelity_rows = (size_t)in->set.eval_rows;
    c.ce_rows = (size_t)in->set.eval_ce_rows;
    c.concept_rows = (size_t)in->set.concept_rows;
    return eval_set_new(&c, h, in->corpus, in->ood, in->concepts, in->lm->tok, pool,
                        cancel, out, e);
}

bool engine_can_evaluate(const struct engine *g)
{
    return g->eval_set || !g->in->lm;
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

/* Notes whether this evaluation is the best by the measure asked for. */
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

/* Whether an arm's cross-entropies are measured now. Where evaluation is kept within a
 * share of the time, they are measured for one seed in turn, and for all at the last
 * step; the order follows evaluations, so that all conditions have the same seed's. */
static bool in_turn(const struct engine *g, const struct engine_arm *a)
{
    size_t n = 0;
    const size_t at = engine_seed_of(g, a, &n);
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

/* Adds a point to the arm's concepts over training. */
static enum err remember(struct engine_arm *a, struct errinfo *e)
{
    struct concept_table *t = NULL;
    struct concept_history *h = NULL;
    if (a->eval.n_concepts == 0) {
        return OK;
    }
    TRY(concept_table_new(&a->eval, &t, e));
    const enum err rc = concept_history_with(a->over, t, &h, e);
    concept_table_unref(t);
    TRY(rc);
    concept_history_unref(a->over);
    a->over = h;
    return OK;
}

static enum err evaluate_text(struct engine *g, struct engine_arm *a,
                              const struct sae *frozen, struct metric_row *row,
                              struct errinfo *e)
{
    struct eval_result fresh = {0};
    struct harvester *h = in_turn(g, a) ? g->in->h : NULL;
    /* Spread takes half as long again: at the end, and where it was asked for. */
    enum err rc =
        engine_done(g) || g->asked
            ? evaluate_spread(g->eval_set, frozen, h, g->in->pool, g->cancel, &fresh, e)
            : evaluate(g->eval_set, frozen, h, g->in->pool, g->cancel, &fresh, e);
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
    return remember(a, e);
}

static struct estimate truth_value(const struct report *r, enum metric m)
{
    const struct figure *f = report_find(r, measure_at(m)->path);
    return f ? f->v : (struct estimate){(double)NAN, (double)NAN, (double)NAN};
}

/* Fills the measures that mean the same on known features as on text. */
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
    report_deinit(&a->report);
    a->report = fresh;
    fill_truth(row, &fresh);
    return OK;
}

/* Makes the full report, at the end and where asked for. */
static enum err report_acts(struct engine *g, struct engine_arm *a,
                            const struct sae *frozen, struct errinfo *e)
{
    struct report fresh;
    report_init(&fresh, (uint64_t)g->in->set.seed);
    const enum err rc =
        acts_bench_report(g->acts, frozen, g->in->pool, g->cancel, &fresh, e);
    if (rc != OK) {
        report_deinit(&fresh);
        return rc;
    }
    report_deinit(&a->report);
    a->report = fresh;
    return OK;
}

static enum err evaluate_acts(struct engine *g, struct engine_arm *a,
                              const struct sae *frozen, struct metric_row *row,
                              struct errinfo *e)
{
    struct fidelity f;
    if (!g->acts) {
        TRY(acts_bench_new(g->in->shards, (size_t)g->in->set.eval_rows, g->in->pool,
                           g->cancel, &g->acts, e));
    }
    TRY(acts_bench_live(g->acts, frozen, g->in->pool, g->cancel, &f, e));
    if (engine_done(g) || g->asked) {
        TRY(report_acts(g, a, frozen, e));
    }
    row->v[METRIC_EV] = f.explained_variance;
    row->v[METRIC_L0_CLEAN] = f.l0;
    return OK;
}

static enum err evaluate_one(struct engine *g, struct engine_arm *a,
                             struct metric_row *row, struct errinfo *e)
{
    struct sae *frozen = NULL;
    TRY(arm_freeze(a->arm, &frozen, e));
    const enum err rc = g->in->synth    ? evaluate_truth(g, a, frozen, row, e)
                        : g->in->shards ? evaluate_acts(g, a, frozen, row, e)
                                        : evaluate_text(g, a, frozen, row, e);
    sae_free(frozen);
    TRY(rc);
    a->evaluated = true;
    a->arm->state.owes_eval = 0;
    note_best(g, a, row);
    return OK;
}

/* Evaluates each arm with which[] set into its row. */
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

enum err engine_evaluate_arms(struct engine *g, const bool *which,
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

/* Finds whether an evaluation is due by the pace; a change of its interval becomes an
 * event. */
static enum err paced_due(struct engine *g, bool *due, struct errinfo *e)
{
    const int64_t every = g->in->set.eval_every;
    *due = eval_pace_due(&g->pace, engine_step_count(g), every);
    if (*due && eval_pace_news(&g->pace, every)) {
        return engine_event(
            g, ENGINE_ALL_ARMS, e, "eval-interval",
            "evaluating about every %.0f s from now on, so that it takes "
            "a fifth of the time at most",
            g->pace.told);
    }
    return OK;
}

enum err engine_eval_due(struct engine *g, bool *due, struct errinfo *e)
{
    const int64_t step = engine_step_count(g);
    *due = false;
    if (!engine_can_evaluate(g)) {
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
    if (g->stretch_eval || !engine_can_evaluate(g)) {
        return -1;
    }
    const int64_t every = g->in->set.eval_every;
    const int64_t next = (engine_step_count(g) / every + 1) * every;
    return next < g->steps ? next : g->steps;
}
