#define _DEFAULT_SOURCE /* getloadavg */
/* saetop bench: sae | lm | ui | stream | eval | index. Figures, not tests: nothing here
 * fails for being slow. */
#include "cmd_bench.h"

#include "base/clock.h"
#include "base/json.h"
#include "run/engine.h"
#include "run_opts.h"
#include "state_dir.h"
#include "ui/explore.h"
#include "ui/screens/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT_BYTES ((size_t)1 << 20)

/* ---- ui ---- */

static void add_latency(const struct explore_latency *l, bool json, struct str *out)
{
    if (!json) {
        str_addf(
            out,
            "%-10s %4zu keys  p50 %6.2f ms  p95 %6.2f ms  %zu arm%s at %.0f tokens/s\n",
            l->typing ? "  typing" : l->screen, l->keys, l->p50_ms, l->p95_ms, l->arms,
            plural_s(l->arms), l->training_tok_s);
        if (l->typing) {
            str_addf(out, "  to all figures     p50 %6.2f ms  p95 %6.2f ms\n",
                     l->fresh_p50_ms, l->fresh_p95_ms);
        }
        return;
    }
    str_add(out, "{\"screen\":");
    json_add_string(out, l->screen, strlen(l->screen));
    str_addf(out, ",\"typing\":%s,\"keys\":%zu,\"key_to_frame_p50_ms\":",
             l->typing ? "true" : "false", l->keys);
    json_add_number(out, l->p50_ms);
    str_add(out, ",\"key_to_frame_p95_ms\":");
    json_add_number(out, l->p95_ms);
    if (l->typing) {
        str_add(out, ",\"key_to_figures_p50_ms\":");
        json_add_number(out, l->fresh_p50_ms);
        str_add(out, ",\"key_to_figures_p95_ms\":");
        json_add_number(out, l->fresh_p95_ms);
    }
    str_addf(out, ",\"arms\":%zu,\"tokens_per_second\":", l->arms);
    json_add_number(out, l->training_tok_s);
    str_add(out, "}\n");
}

/* What else the machine had to do: times of a busy one say little. */
static double load_of_machine(void)
{
    double load = 0.0;
    return getloadavg(&load, 1) == 1 ? load : (double)NAN;
}

static enum err bench_ui(const struct settings *set, int64_t keys, int64_t started,
                         bool json, struct str *out, struct errinfo *e)
{
    struct explore_config c = {.screens = &screen_table,
                               .session = {.set = *set, .stretch_eval = true},
                               .tier = GLYPH_BRAILLE,
                               .color = 1,
                               .started_ns = started};
    struct explore_latency l[EXPLORE_BENCH_MAX];
    size_t n = 0;
    double first_ms = 0;
    char runs[SETTING_TEXT_MAX];
    if (state_dir("runs", runs, sizeof runs, NULL) == OK) {
        c.session.runs_dir = runs; /* as the explorer lists them */
    }
    /* Longer than the measurement, so that training uses every core throughout. */
    c.session.set.steps = 1000000;
    c.session.set.twin = TWIN_UNMASKED;
    const double load = load_of_machine();
    TRY(explore_bench(&c, (size_t)keys, l, &n, &first_ms, e));
    if (json) {
        str_add(out, "{\"first_frame_ms\":");
        json_add_number(out, first_ms);
        str_add(out, ",\"load_before\":");
        json_add_number(out, load);
        str_add(out, "}\n");
    } else {
        str_addf(out, "first frame after %.1f ms; load of the machine before %.1f\n",
                 first_ms, load);
    }
    for (size_t i = 0; i < n; i++) {
        add_latency(&l[i], json, out);
    }
    return OK;
}

static int cmd_bench_ui(int argc, char **argv)
{
    const int64_t started = clock_ns();
    bool json = false;
    int64_t keys = 80;
    const struct opt own[] = {
        {"keys", OPT_INT, &keys, "N", "keys for each screen", 10, 10000, NULL},
        {"json", OPT_FLAG, &json, NULL, "an object a screen, one for the first frame",
         0, 0, NULL},
    };
    struct run_opts ro;
    const struct opts o = {
        .name = "bench ui",
        .usage = "[OPTIONS]",
        .about =
            "Time from a key to its frame on every screen, while training uses all "
            "cores, and from the start to the first frame. Typing in Prompt, in a text "
            "of 64 tokens, also until all its figures are of the text as typed. Two "
            "conditions train; --seeds 5 makes ten arms of them.",
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
    str_init(&out, OUTPUT_BYTES);
    enum err rc = run_opts_settings(&ro, &set, &e);
    if (rc == OK) {
        rc = bench_ui(&set, keys, started, json, &out, &e);
    }
    return cmd_end(rc, &e, &out, json);
}

/* ---- stream ---- */

struct stream_times {
    double wall, model; /* seconds */
    double sae;         /* of its steps, a mean over the threads */
    uint64_t tokens;
    int64_t steps;
    size_t arms;
};

/* Add what the arms have read, and the seconds in the model, to *t, times `sign`. */
static void add_reading(const struct engine *g, int sign, struct stream_times *t)
{
    for (size_t a = 0; a < g->n_arms; a++) {
        const struct stream_stats st = source_stats(g->arm[a].arm->source);
        t->tokens += sign > 0 ? st.tokens_read : 0 - st.tokens_read;
        t->model += sign * st.seconds_model;
    }
}

static enum err time_stream(const struct settings *set, int64_t steps,
                            struct stream_times *t, struct errinfo *e)
{
    struct inputs *in = NULL;
    struct engine *g = NULL;
    struct sae_times sae = {{0}};
    TRY(inputs_new(set, NULL, &in, e));
    TRY(engine_new(in, &g, e));
    enum err rc = engine_step(g, e); /* the first fill is not counted twice */
    *t = (struct stream_times){.steps = steps, .arms = g->n_arms};
    add_reading(g, -1, t);
    for (size_t a = 0; a < g->n_arms; a++) {
        sae_trainer_time(g->arm[a].arm->trainer, &sae);
    }
    const int64_t begin = clock_ns();
    for (int64_t i = 0; rc == OK && i < steps; i++) {
        rc = engine_step(g, e);
    }
    t->wall = clock_seconds_since(begin);
    add_reading(g, 1, t);
    for (size_t i = 0; i < SAE_PHASES; i++) {
        t->sae += 1e-9 * (double)sae.ns[i] / (double)in->set.threads;
    }
    engine_free(g);
    return rc;
}

static int cmd_bench_stream(int argc, char **argv)
{
    bool json = false;
    int64_t steps = 160;
    const struct opt own[] = {
        {"json", OPT_FLAG, &json, NULL, "one JSON object", 0, 0, NULL},
        {"bench-steps", OPT_INT, &steps, "N", "steps measured", 1, 1e6, NULL},
    };
    struct run_opts ro;
    const struct opts o = {
        .name = "bench stream",
        .usage = "[OPTIONS]",
        .about =
            "Tokens a second of the whole pipeline (text, masks, model, SAE), summed "
            "over the arms, and the shares of the model and of the SAE in the time. "
            "Ten arms: --seeds 5 --set twin=unmasked.",
    };
    struct opts_result parsed;
    struct errinfo e = {0};
    struct settings set;
    struct stream_times t = {0};
    struct str out;
    int status = 0;
    if (!run_opts_begin(&ro, o, own, sizeof own / sizeof own[0], argc, argv, &parsed,
                        &status)) {
        return status;
    }
    enum err rc = run_opts_settings(&ro, &set, &e);
    if (rc == OK) {
        rc = time_stream(&set, steps, &t, &e);
    }
    if (rc != OK) {
        return cmd_fail(rc, &e);
    }
    const double rate = (double)t.tokens / t.wall,
                 step_ms = 1e3 * t.wall / (double)t.steps;
    str_init(&out, OUTPUT_BYTES);
    str_addf(
        &out,
        json ? "{\"tokens_per_second\":%.0f,\"step_ms\":%.3f,\"model_share\":%.3f,"
               "\"sae_share\":%.3f,\"arms\":%zu,\"steps\":%lld}\n"
             : "%.0f tokens/s over all arms; %.2f ms a step, %.3f of it in the model, "
               "%.3f in the SAE; arms %zu, steps %lld\n",
        rate, step_ms, t.model / t.wall, t.sae / t.wall, t.arms, (long long)t.steps);
    return json ? cmd_print(&out) : cmd_print_text(&out);
}

static const struct subcommand table[] = {
    {"sae", cmd_bench_sae, "optimizer steps of each architecture"},
    {"lm", cmd_bench_lm, "tokens a second of the model alone"},
    {"ui", cmd_bench_ui, "key and frame latencies while training"},
    {"stream", cmd_bench_stream, "tokens a second from text to SAE"},
    {"eval", cmd_bench_eval, "the parts of an evaluation"},
    {"index", cmd_bench_index, "describing latents, and the index of firing tokens"},
};

int cmd_bench(int argc, char **argv)
{
    return commands_run("bench", table, sizeof table / sizeof table[0], argc, argv);
}
