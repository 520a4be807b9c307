/* saetop bench eval: where the time of an evaluation goes. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "cmd.h"
#include "cmd_bench.h"
#include "num/stats.h"
#include "run_opts.h"
#include "session/engine.h"
#include "train/settings_synth.h"

#include <string.h>

#define OUTPUT_BYTES ((size_t)1 << 20)

enum part {
    PART_ENCODE,
    PART_FIDELITY,
    PART_SELECTION,
    PART_DECISION,
    PART_ALL,
    PARTS
};

static const char *const part_name[PARTS] = {"encode", "fidelity", "selection",
                                             "decision", "all"};

struct eval_times {
    double set;      /* making the evaluation set */
    size_t n;        /* evaluations */
    double *seconds; /* [PARTS, n] */
};

static enum err time_evaluations(struct engine *g, const struct eval_set *set,
                                 struct eval_times *t, struct errinfo *e)
{
    for (size_t i = 0; i < t->n; i++) {
        struct eval_result r;
        TRY(evaluate(set, g->arm[0].arm->sae, g->in->h, g->in->pool, NULL, &r, e));
        const double part[PARTS] = {r.split.encode, r.split.fidelity, r.split.selection,
                                    r.split.decision, r.seconds};
        for (size_t p = 0; p < PARTS; p++) {
            t->seconds[p * t->n + i] = part[p];
        }
        eval_result_deinit(&r);
    }
    return OK;
}

/* Some steps of training first: random weights fire where no trained ones would. */
static enum err time_eval(const struct settings *set, int64_t steps,
                          struct eval_times *t, struct errinfo *e)
{
    struct inputs *in = NULL;
    struct engine *g = NULL;
    struct eval_set *s = NULL;
    enum err rc = OK;
    TRY(settings_need_text(set, "bench eval", e));
    TRY(inputs_new(set, &in, e));
    TRY(engine_new(in, &g, e));
    for (int64_t i = 0; i < steps; i++) {
        TRY_OUT(rc, engine_step(g, e));
    }
    const int64_t begun = clock_ns();
    TRY_OUT(rc, engine_eval_set(g->in, g->in->h, g->in->pool, NULL, &s, e));
    t->set = clock_seconds_since(begun);
    TRY_OUT(rc, mem_new(&t->seconds, t->n, PARTS * sizeof *t->seconds, "times", e));
    TRY_OUT(rc, time_evaluations(g, s, t, e));
out:
    eval_set_free(s);
    engine_free(g);
    return rc;
}

/* Least and median of each part: what else the machine does only adds. */
static void add_times(struct eval_times *t, bool json, struct str *out)
{
    str_addf(out,
             json ? "{\"part\":\"set\",\"ms_min\":%.2f}\n"
                  : "evaluation set, once a run  %8.2f ms\n",
             1e3 * t->set);
    for (size_t p = 0; p < PARTS; p++) {
        double *x = t->seconds + p * t->n;
        stats_sort(t->n, x);
        str_addf(out,
                 json ? "{\"part\":\"%s\",\"ms_min\":%.2f,\"ms_median\":%.2f,"
                        "\"evaluations\":%zu}\n"
                      : "%-10s min %8.2f ms  median %8.2f ms  (%zu evaluations)\n",
                 part_name[p], 1e3 * x[0], 1e3 * stats_quantile_sorted(t->n, x, 0.5),
                 t->n);
    }
}

int cmd_bench_eval(int argc, char **argv)
{
    bool json = false;
    int64_t steps = 300;
    int64_t evaluations = 10;
    const struct opt own[] = {
        {"json", OPT_FLAG, &json, NULL, "one JSON object a part", 0, 0, NULL},
        {"bench-steps", OPT_INT, &steps, "N", "steps trained first", 0, 1e6, NULL},
        {"evaluations", OPT_INT, &evaluations, "N", "evaluations timed", 1, 10000,
         NULL},
    };
    struct run_opts ro;
    const struct opts o = {
        .name = "bench eval",
        .usage = "[OPTIONS]",
        .about = "Time of each part of an evaluation of one SAE.",
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
        rc = time_eval(&set, steps, &t, &e);
    }
    if (rc != OK) {
        mem_free(t.seconds);
        return cmd_fail(rc, &e);
    }
    str_init(&out, OUTPUT_BYTES);
    add_times(&t, json, &out);
    mem_free(t.seconds);
    return cmd_print(&out);
}
