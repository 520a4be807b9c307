/* saetop train: the explorer's trainer without a screen. */
#include "base/clock.h"
#include "base/json.h"
#include "cmd.h"
#include "progress.h"
#include "run_opts.h"
#include "session/engine.h"
#include "stop.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The length of a run is guessed from this many steps, after the first fill. */
#define ESTIMATE_STEPS 20

struct train_args {
    const char *out;
    bool json, quiet;
};

struct reporter {
    const struct train_args *args;
    struct progress bar;
};

/* ---- what is said on the way ---- */

static void print_json_row(size_t arm, const struct metric_row *row)
{
    struct str s;
    str_init(&s, 1u << 16);
    str_addf(&s, "{\"event\":\"row\",\"arm\":\"%c\"", 'A' + (int)arm);
    for (int m = 0; m < METRIC_COUNT; m++) {
        if (isfinite(row->v[m])) {
            str_addf(&s, ",\"%s\":", metric_def((enum metric)m)->column);
            json_add_number(&s, row->v[m]);
        }
    }
    str_add(&s, "}\n");
    (void)fputs(s.p, stdout);
    (void)fflush(stdout);
    str_free(&s);
}

/* What the line after an evaluation shows, in this order. */
static const struct {
    const char *name;
    enum metric metric;
    int digits;
} shown[] = {
    {"loss", METRIC_LOSS, 2},
    {"L0", METRIC_L0_CLEAN, 2},
    {"EV", METRIC_EV, 4},
    {"EV ood", METRIC_EV_OOD, 4},
    {"CE rec", METRIC_CE_REC, 4},
    {"CE rec ood", METRIC_CE_REC_OOD, 4},
    {"absorption", METRIC_ABSORPTION, 3},
    {"recall", METRIC_RECALL, 3},
    {"dead", METRIC_DEAD, 3},
};

static void print_evaluation(size_t arm, const struct metric_row *row)
{
    (void)printf("%c step %.0f", 'A' + (int)arm, row->v[METRIC_STEP]);
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        const double v = row->v[shown[i].metric];
        if (isfinite(v)) {
            (void)printf("  %s %.*f", shown[i].name, shown[i].digits, v);
        }
        if (shown[i].metric == METRIC_ABSORPTION && isfinite(row->v[METRIC_ABS_LO])) {
            (void)printf(" [%.3f, %.3f]", row->v[METRIC_ABS_LO], row->v[METRIC_ABS_HI]);
        }
    }
    (void)printf("\n");
    (void)fflush(stdout);
}

static void on_row(void *user, size_t arm, const struct metric_row *row)
{
    struct reporter *r = user;
    if (r->args->json) {
        print_json_row(arm, row);
    } else if (isfinite(row->v[METRIC_EV]) && !r->args->quiet) {
        progress_clear(&r->bar);
        print_evaluation(arm, row);
    }
}

static void print_event(struct reporter *r, const char *kind, const char *text)
{
    progress_clear(&r->bar);
    if (r->args->json) {
        struct str s;
        str_init(&s, 1u << 14);
        str_addf(&s, "{\"event\":\"%s\",\"text\":", kind);
        json_add_string(&s, text, strlen(text));
        str_add(&s, "}\n");
        (void)fputs(s.p, stdout);
        str_free(&s);
    } else if (!r->args->quiet) {
        (void)printf("%s\n", text);
    }
    (void)fflush(stdout);
}

static void on_event(void *user, size_t arm, const struct run_event *ev)
{
    struct reporter *r = user;
    (void)arm;
    if (r->args->json) {
        print_event(r, ev->kind, ev->detail);
    }
}

static void draw_progress(struct reporter *r, const struct engine *g)
{
    char eta[32], rate[32], text[160];
    const int64_t step = engine_step_count(g);
    if (r->args->json || !progress_due(&r->bar)) {
        return;
    }
    const double left = g->seconds / (double)step * (double)(g->steps - step);
    snprintf(text, sizeof text, "step %lld/%lld  %s tokens/s  %s left", (long long)step,
             (long long)g->steps, count_text(g->tokens_per_second, rate),
             duration_text(left, eta));
    progress_draw(&r->bar, (double)step, (double)g->steps, text);
}

static void say_start(struct reporter *r, const struct inputs *in, size_t arms)
{
    char text[3 * SETTING_TEXT_MAX], warning[300];
    const struct settings *s = &in->set;
    snprintf(
        text, sizeof text,
        "%s k=%lld, %lld latents on %s; %lld steps of %lld, %zu arm%s, %lld threads; "
        "about %.0f MB",
        s->arch, (long long)s->k, (long long)s->width, s->hook, (long long)s->steps,
        (long long)s->batch, arms, arms > 1 ? "s" : "", (long long)s->threads,
        (double)inputs_bytes(in, arms) / 1e6);
    print_event(r, "estimate", text);
    if (inputs_warning(in, warning, sizeof warning)) {
        print_event(r, "warning", warning);
    }
}

static void say_duration(struct reporter *r, const struct engine *g)
{
    char text[120], total[32];
    (void)duration_text(g->seconds / ESTIMATE_STEPS * (double)g->steps, total);
    snprintf(text, sizeof text, "about %s in all", total);
    print_event(r, "estimate", text);
}

/* ---- the run ---- */

static enum err save(struct reporter *r, struct engine *g, struct errinfo *e)
{
    char text[1200];
    TRY(engine_save(g, r->args->out, e));
    snprintf(text, sizeof text, "saved at step %lld in %s%s",
             (long long)engine_step_count(g), r->args->out,
             g->n_arms > 1 ? " and its -twin" : "");
    print_event(r, "saved", text);
    return OK;
}

static enum err steps(struct reporter *r, struct engine *g, struct errinfo *e)
{
    while (!engine_done(g) && !stop_asked()) {
        const enum err rc = engine_step(g, e);
        if (rc != OK) {
            /* The weights are the last good ones: keep them, and say what happened. */
            struct errinfo second = {0};
            progress_clear(&r->bar);
            const enum err saved = save(r, g, &second);
            return saved == OK ? rc : err_prefix(e, rc, "%s", second.msg);
        }
        if (engine_step_count(g) == ESTIMATE_STEPS && g->steps > 10 * ESTIMATE_STEPS) {
            say_duration(r, g);
        }
        draw_progress(r, g);
    }
    progress_clear(&r->bar);
    return save(r, g, e);
}

/* Remove the directories again that nothing was saved in. */
static void unclaim(const char *out, size_t arms)
{
    for (size_t a = 0; a < arms; a++) {
        char dir[SETTING_TEXT_MAX];
        if (engine_arm_dir(out, a, dir, sizeof dir, NULL) == OK) {
            (void)rmdir(dir); /* fails where there are files, as it should */
        }
    }
}

/* Make every directory of the run before the work, not after it; none when one of them
 * cannot be made. */
static enum err claim(const char *out, size_t arms, struct errinfo *e)
{
    for (size_t a = 0; a < arms; a++) {
        char dir[SETTING_TEXT_MAX];
        TRY(engine_arm_dir(out, a, dir, sizeof dir, e));
        const enum err rc = rundir_create(dir, e);
        if (rc != OK) {
            unclaim(out, a);
            return rc;
        }
    }
    return OK;
}

static enum err train(struct reporter *r, const struct settings *set, struct errinfo *e)
{
    struct inputs *in = NULL;
    struct engine *g = NULL;
    struct eval_set *eval = NULL;
    const size_t arms = set->twin == TWIN_NONE ? 1 : 2;
    TRY(claim(r->args->out, arms, e));
    enum err rc = inputs_new(set, &in, e);
    if (rc == OK) {
        rc = engine_new(in, &g, e);
    }
    for (size_t a = 0; rc == OK && a < g->n_arms; a++) {
        rc = engine_arm_dir(r->args->out, a, g->arm[a].dir, sizeof g->arm[a].dir, e);
    }
    if (rc == OK) {
        g->watch = (struct engine_watch){.user = r, .row = on_row, .event = on_event};
        say_start(r, in, g->n_arms);
        rc = engine_eval_set(in, in->h, in->pool, NULL, &eval, e);
    }
    if (rc == OK) {
        g->eval_set = eval;
        rc = steps(r, g, e);
    }
    progress_clear(&r->bar);
    engine_free(g);
    eval_set_free(eval);
    if (rc != OK) {
        unclaim(r->args->out, arms);
    }
    return rc;
}

int cmd_train(int argc, char **argv)
{
    struct train_args a = {0};
    const struct opt own[] = {
        {"out", OPT_STRING, &a.out, "DIR", "run directory to make", 0, 0, NULL},
        {"json", OPT_FLAG, &a.json, NULL, "a line of JSON for each row and event", 0, 0,
         NULL},
        {"quiet", OPT_FLAG, &a.quiet, NULL, "say nothing but errors", 0, 0, NULL},
    };
    struct run_opts ro;
    const struct opts o = {
        .name = "train",
        .usage = "--out DIR [OPTIONS]",
        .about = "Train an SAE on a language model's activations. Without --model and "
                 "--corpus, on the bundled sample.",
    };
    struct opts_result parsed;
    struct errinfo e = {0};
    int status = 0;
    if (!run_opts_begin(&ro, o, own, sizeof own / sizeof own[0], argc, argv, &parsed,
                        &status)) {
        return status;
    }
    struct settings set;
    enum err rc = run_opts_settings(&ro, &set, &e);
    if (rc == OK && ro.print_config) {
        struct str s;
        str_init(&s, 1u << 20);
        run_opts_print(&set, &s);
        return cmd_print(&s);
    }
    if (rc == OK && !a.out) {
        rc = err_set(&e, ERR_USAGE,
                     "train: --out DIR is needed: where the run is saved");
    }
    struct reporter r = {.args = &a};
    progress_init(&r.bar, a.quiet || a.json);
    if (rc == OK) {
        rc = train(&r, &set, &e);
    }
    return rc != OK ? cmd_fail(rc, &e) : stop_status();
}
