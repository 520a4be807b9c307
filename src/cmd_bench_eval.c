/* saetop bench eval: where the time of an evaluation goes. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "cmd.h"
#include "cmd_bench.h"
#include "num/stats.h"
#include "run/engine.h"
#include "run/evaluator.h"
#include "run_opts.h"
#include "train/settings_synth.h"

#include <string.h>

#define OUTPUT_BYTES ((size_t)1 << 20)

enum stage {
    STAGE_ENCODE,
    STAGE_FIDELITY,
    STAGE_SELECTION,
    STAGE_DECISION,
    STAGE_ALL,
    STAGES
};

static const char *const stage_name[STAGES] = {"encode", "fidelity", "selection",
                                               "decision", "all"};

struct eval_times {
    double set;                    /* making the evaluation set */
    size_t n;                      /* how many evaluations */
    double *seconds;               /* [STAGES, n] */
    struct suite_times once, each; /* of the whole evaluation */
};

/* Which parts of the evaluation to time. */
struct suite_args {
    const char *only; /* NULL: all sections */
    int64_t rows;
};

static enum err time_evaluations(struct engine *g, const struct eval_set *set,
                                 struct eval_times *t, struct errinfo *e)
{
    for (size_t i = 0; i < t->n; i++) {
        struct eval_result r;
        TRY(evaluate(set, g->arm[0].arm->sae, g->in->h, g->in->pool, NULL, &r, e));
        const double stage[STAGES] = {r.split.encode, r.split.fidelity,
                                      r.split.selection, r.split.decision, r.seconds};
        for (size_t p = 0; p < STAGES; p++) {
            t->seconds[p * t->n + i] = stage[p];
        }
        eval_result_deinit(&r);
    }
    return OK;
}

/* Time the whole evaluation, as `saetop eval` runs it. */
static enum err time_suite(struct engine *g, const struct suite_args *a,
                           struct eval_times *t, struct errinfo *e)
{
    struct evaluator_opts o = evaluator_defaults();
    struct evaluator *v = NULL;
    struct eval_result q = {0};
    struct report r;
    o.rows = (size_t)a->rows;
    if (a->only != NULL && suite_sections_parse(a->only, &o.sections, e) != OK) {
        return err_prefix(e, ERR_USAGE, "--only");
    }
    TRY(evaluator_new(g->in, &o, NULL, &v, e));
    const struct suite_job job = {.sae = g->arm[0].arm->sae,
                                  .h = g->in->h,
                                  .pool = g->in->pool,
                                  .sections = SUITE_ALL};
    report_init(&r, 0);
    const enum err rc = evaluator_run(v, &job, &r, &q, &t->each, e);
    t->once = *evaluator_times(v);
    report_deinit(&r);
    eval_result_deinit(&q);
    evaluator_free(v);
    return rc;
}

/* Train some steps first: random weights fire where trained ones would not. */
static enum err time_eval(const struct settings *set, int64_t steps,
                          const struct suite_args *suite, struct eval_times *t,
                          struct errinfo *e)
{
    struct inputs *in = NULL;
    struct engine *g = NULL;
    struct eval_set *s = NULL;
    enum err rc = OK;
    TRY(settings_need_text(set, "bench eval", e));
    TRY(inputs_new(set, NULL, &in, e));
    TRY(engine_new(in, &g, e));
    for (int64_t i = 0; i < steps; i++) {
        TRY_OUT(rc, engine_step(g, e));
    }
    const int64_t begun = clock_ns();
    TRY_OUT(rc, engine_eval_set(g->in, g->in->h, g->in->pool, NULL, &s, e));
    t->set = clock_seconds_since(begun);
    TRY_OUT(rc, mem_new(&t->seconds, t->n, STAGES * sizeof *t->seconds, "times", e));
    TRY_OUT(rc, time_evaluations(g, s, t, e));
    TRY_OUT(rc, time_suite(g, suite, t, e));
out:
    eval_set_free(s);
    engine_free(g);
    return rc;
}

/* Add the least and the median of each section: other work on the machine only adds to
 * times. */
static void add_times(struct eval_times *t, bool json, struct str *out)
{
    str_addf(out,
             json ? "{\"part\":\"set\",\"ms_min\":%.2f}\n"
                  : "evaluation set, once a run  %8.2f ms\n",
             1e3 * t->set);
    for (size_t p = 0; p < STAGES; p++) {
        double *x = t->seconds + p * t->n;
        stats_sort(t->n, x);
        str_addf(out,
                 json ? "{\"part\":\"%s\",\"ms_min\":%.2f,\"ms_median\":%.2f,"
                        "\"evaluations\":%zu}\n"
                      : "%-10s min %8.2f ms  median %8.2f ms  (%zu evaluations)\n",
                 stage_name[p], 1e3 * x[0], 1e3 * stats_quantile_sorted(t->n, x, 0.5),
                 t->n);
    }
}

/* Add the time of each section of the evaluation: of the part made once for all SAEs,
 * or of the part made for each SAE. */
static void add_suite(const struct suite_times *t, bool once, bool json,
                      struct str *out)
{
    double sum = 0.0;
    for (size_t i = 0; i <= t->n; i++) {
        const char *section = i < t->n ? t->section[i] : "all";
        const double seconds = i < t->n ? t->seconds[i] : sum;
        str_addf(out,
                 json ? "{\"part\":\"suite%s.%s\",\"ms_min\":%.2f}\n"
                      : "suite, %s  %-20s %8.2f ms\n",
                 once ? (json ? "_once" : "once    ") : (json ? "" : "each SAE"),
                 section, 1e3 * seconds);
        sum += seconds;
    }
}

int cmd_bench_eval(int argc, char **argv)
{
    bool json = false;
    int64_t steps = 300;
    int64_t evaluations = 10;
    struct suite_args suite = {.rows = 64};
    const struct opt own[] = {
        {"json", OPT_FLAG, &json, NULL, "one JSON object a part", 0, 0, NULL},
        {"bench-steps", OPT_INT, &steps, "N", "steps trained first", 0, 1e6, NULL},
        {"evaluations", OPT_INT, &evaluations, "N",
         "evaluations timed of those that training makes", 1, 10000, NULL},
        {"only", OPT_STRING, &suite.only, "STAGES",
         "of the whole evaluation, as in saetop eval (default: all)", 0, 0, NULL},
        {"rows", OPT_INT, &suite.rows, "N",
         "rows of text for its reconstruction and losses", 1, 65536, NULL},
    };
    struct run_opts ro;
    const struct opts o = {
        .name = "bench eval",
        .usage = "[OPTIONS]",
        .about =
            "Time of each part of an evaluation of one SAE: of those that training "
            "makes, then once of the whole that saetop eval makes.",
    };
    struct opts_result parsed;
    struct errinfo e = {0};
    struct settings set;
    struct str out;
    int status = 0;
    if (!run_opts_begin(&ro, o, own, sizeof own / sizeof own[0], argc, argv, &parsed,
                        &status)) {
        return status;
    }
    struct eval_times t = {.n = (size_t)evaluations};
    enum err rc = run_opts_settings(&ro, &set, &e);
    if (rc == OK) {
        rc = time_eval(&set, steps, &suite, &t, &e);
    }
    if (rc != OK) {
        mem_free(t.seconds);
        return cmd_fail(rc, &e);
    }
    str_init(&out, OUTPUT_BYTES);
    add_times(&t, json, &out);
    add_suite(&t.once, true, json, &out);
    add_suite(&t.each, false, json, &out);
    mem_free(t.seconds);
    return json ? cmd_print(&out) : cmd_print_text(&out);
}
