/* saetop train: the explorer's trainer without a screen. */
#include "base/clock.h"
#include "base/duration.h"
#include "base/json.h"
#include "base/number.h"
#include "cmd.h"
#include "progress.h"
#include "run/engine.h"
#include "run_opts.h"
#include "stop.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

struct train_args {
    const char *out, *resume;
    bool json, quiet;
};

struct reporter {
    const struct train_args *args;
    const struct engine *g; /* NULL until there is one */
    struct progress bar;
};

/* ---- what is said on the way ---- */

/* The arm with its condition and seed, if the run has several arms. */
static const struct engine_arm *one_of_several(const struct reporter *r, size_t arm)
{
    return r->g && r->g->n_arms > 1 ? &r->g->arm[arm] : NULL;
}

/* Writes the letters of an arm's condition as in the explorer: conditions in the order
 * of their first arms. */
static const char *letters_of(const struct reporter *r, size_t arm,
                              char out[CONDITION_LETTERS])
{
    size_t n = 0;
    for (size_t i = 0; r->g && i <= arm; i++) {
        size_t first = 0;
        while (strcmp(r->g->arm[first].condition, r->g->arm[i].condition) != 0) {
            first++;
        }
        if (!strcmp(r->g->arm[i].condition, r->g->arm[arm].condition)) {
            break;
        }
        n += first == i ? 1 : 0;
    }
    return condition_letters(n, out);
}

/* "A", of several "B (twin, seed 5)". */
#define WHO_MAX (CONDITION_LETTERS + ARM_NAME_MAX + 40)
static const char *who(const struct reporter *r, size_t arm, char out[WHO_MAX])
{
    char letters[CONDITION_LETTERS];
    const struct engine_arm *a = one_of_several(r, arm);
    size_t len = (size_t)snprintf(out, WHO_MAX, "%s", letters_of(r, arm, letters));
    if (a) {
        snprintf(out + len, WHO_MAX - len, " (%s, seed %llu)", a->condition,
                 (unsigned long long)settings_weights_seed(&a->arm->set));
    }
    return out;
}

/* Add ,"letter":"B","name":"twin","condition":"twin","seed":1 */
static void add_json_arm(const struct reporter *r, size_t arm, struct str *s)
{
    char letters[CONDITION_LETTERS];
    const struct engine_arm *a = one_of_several(r, arm);
    str_addf(s, ",\"letter\":\"%s\"", letters_of(r, arm, letters));
    if (a) {
        str_addf(s, ",\"name\":\"%s\",\"condition\":\"%s\",\"seed\":%llu",
                 arm_name_shown(a->place.name), a->condition,
                 (unsigned long long)settings_weights_seed(&a->arm->set));
    }
}

static void print_json_row(const struct reporter *r, size_t arm,
                           const struct metric_row *row)
{
    struct str s;
    str_init(&s, 1u << 16);
    str_add(&s, "{\"event\":\"row\"");
    add_json_arm(r, arm, &s);
    for (int m = 0; m < METRIC_COUNT; m++) {
        if (isfinite(row->v[m])) {
            json_add_member(&s, measure_at((enum metric)m)->column, row->v[m]);
        }
    }
    str_add(&s, "}\n");
    (void)fputs(s.p, stdout);
    (void)fflush(stdout);
    str_free(&s);
}

/* Write "12.3k tokens/s, 40 s left", from the steps so far, evaluations included. */
static const char *pace_text(const struct engine *g, char *out, size_t cap)
{
    char eta[32];
    const int64_t step = engine_step_count(g);
    const double left = g->seconds / (double)step * (double)(g->steps - step);
    snprintf(out, cap, "%s tokens/s, %s left", NUMBER_COUNT(g->tokens_per_second),
             duration_text(left, DURATION_WORDS, eta));
    return out;
}

static void print_evaluation(const struct reporter *r, size_t arm,
                             const struct metric_row *row)
{
    char name[WHO_MAX];
    (void)printf("%s step %.0f", who(r, arm, name), row->v[METRIC_STEP]);
    for (int i = 1; measure_line(i) >= 0; i++) {
        const enum metric m = (enum metric)measure_line(i);
        const struct measure *d = measure_at(m);
        const double v = row->v[m];
        const struct ce_doubt *doubt = metric_doubt(row->v, m);
        if (isfinite(v) || doubt) {
            (void)printf("  %s %s", d->tag, NUMBER(NUMBER_PLAIN, 0, d->digits, v));
        }
        if (doubt) {
            (void)printf(" (%s)", doubt->brief);
        }
        if (d->low && isfinite(row->v[d->low])) {
            (void)printf(" [%.*f, %.*f over concepts]", d->digits, row->v[d->low],
                         d->digits, row->v[d->high]);
        }
    }
    if (r->g && arm + 1 == r->g->n_arms && !engine_done(r->g)) {
        char pace[96];
        (void)printf("  %s", pace_text(r->g, pace, sizeof pace));
    }
    (void)printf("\n");
    (void)fflush(stdout);
}

static void on_row(void *user, size_t arm, const struct metric_row *row)
{
    struct reporter *r = user;
    if (r->args->json) {
        print_json_row(r, arm, row);
    } else if (isfinite(row->v[METRIC_EV]) && !r->args->quiet) {
        progress_clear(&r->bar);
        print_evaluation(r, arm, row);
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
        cmd_say(stdout, "%s", text);
    }
    (void)fflush(stdout);
}

static void on_event(void *user, size_t arm, const struct run_event *ev)
{
    struct reporter *r = user;
    char text[400], name[WHO_MAX];
    if (r->args->json) {
        print_event(r, ev->kind, ev->detail);
    } else if (strcmp(ev->kind, ENGINE_DIVERGED) == 0) {
        snprintf(text, sizeof text, "%s diverged by step %lld: %.200s",
                 who(r, arm, name), (long long)ev->step, ev->detail);
        print_event(r, "warning", text);
    }
}

static void draw_progress(struct reporter *r, const struct engine *g)
{
    char pace[96], text[160];
    const int64_t step = engine_step_count(g);
    if (r->args->json || !progress_due(&r->bar)) {
        return;
    }
    snprintf(text, sizeof text, "step %lld/%lld  %s", (long long)step,
             (long long)g->steps, pace_text(g, pace, sizeof pace));
    progress_draw(&r->bar, (double)step, (double)g->steps, text);
}

/* Say for each arm of several how it differs from the first. */
static void say_arms(struct reporter *r, const struct engine *g)
{
    for (size_t i = 0; g->n_arms > 1 && i < g->n_arms; i++) {
        char letters[CONDITION_LETTERS];
        const struct engine_arm *a = &g->arm[i];
        struct str differs, s;
        str_init(&differs, 1u << 14);
        str_init(&s, 1u << 15);
        arm_differs(&g->arm[0].arm->set, &a->arm->set, &differs);
        const char *how = differs.len ? differs.p : "";
        if (r->args->json) {
            str_add(&s, "{\"event\":\"arm\"");
            add_json_arm(r, i, &s);
            str_add(&s, ",\"differs\":");
            json_add_string(&s, how, strlen(how));
            str_add(&s, "}\n");
            (void)fputs(s.p, stdout);
        } else if (!r->args->quiet) {
            cmd_say(stdout, "%s %s: condition %s%s%s%s, seed of weights %llu",
                    letters_of(r, i, letters), arm_name_shown(a->place.name),
                    a->condition, how[0] ? " (" : "", how, how[0] ? ")" : "",
                    (unsigned long long)settings_weights_seed(&a->arm->set));
        }
        str_free(&differs);
        str_free(&s);
    }
}

/* Say what the run takes, as `saetop doctor` does; only memory if time is not measured,
 * or memory first if it is short. */
static void on_cost(void *user, const struct inputs *in, const struct run_cost *cost)
{
    struct cost_line line[COST_LINES];
    char text[sizeof line->label + 2 + sizeof line->text];
    if (!cost->timed && in->lm && cost->bytes <= cost->room) {
        return; /* all of it is said in a moment, with the time */
    }
    const size_t n = run_cost_lines(cost, in, line);
    for (size_t i = 0; i < n; i++) {
        snprintf(text, sizeof text, "%.11s%s%.499s", line[i].label,
                 line[i].label[0] ? ": " : "", line[i].text);
        print_event(user, line[i].warns ? "warning" : "estimate", text);
    }
}

static void say_start(struct reporter *r, const struct engine *g)
{
    const struct inputs *in = g->in;
    char text[3 * SETTING_TEXT_MAX];
    say_arms(r, g);
    for (size_t i = 0; i < in->remarks.n; i++) {
        print_event(r, "warning", in->remarks.line[i]);
    }
    if (g->warning[0]) {
        print_event(r, "warning", g->warning);
    }
    if (r->args->resume) {
        snprintf(text, sizeof text,
                 engine_done(g) ? "%s is done at step %lld; --steps N plans more"
                                : "%s goes on from step %lld",
                 g->dir, (long long)engine_step_count(g));
        print_event(r, "resumed", text);
    }
}

/* Warn of a full disk before the run rather than at its save. A save holds weights, two
 * moments and the SAE, and is written beside the one before. */
static void say_disk(struct reporter *r, const struct engine *g)
{
    const struct settings *set = &g->in->set;
    const int64_t apart =
        set->checkpoint_keep ? set->checkpoint_keep : set->checkpoint_every;
    const double kept = set->checkpoint_every ? (double)(g->steps / apart) : 0;
    double all = 0, most = 0;
    struct statvfs fs;
    char text[300];
    for (size_t a = 0; a < g->n_arms; a++) {
        const double one = 16.0 * (double)g->arm[a].arm->sae->count;
        all += one;
        most = fmax(most, one);
    }
    const double need = all * (1 + kept) + most;
    if (statvfs(g->dir, &fs) != 0) {
        return;
    }
    const double free = (double)fs.f_bavail * (double)fs.f_frsize;
    if (free < need) {
        snprintf(text, sizeof text,
                 "%.200s: %.1f MB are free on its disk, saves and checkpoints of this "
                 "run need about %.1f MB",
                 g->dir, free / 1e6, need / 1e6);
        print_event(r, "warning", text);
    }
}

static void say_cache(struct reporter *r, const struct inputs *in)
{
    uint64_t got = 0, put = 0;
    char text[400];
    for (size_t i = 0; i < in->n_caches; i++) {
        uint64_t g = 0, p = 0;
        acts_cache_counts(in->cache[i], &g, &p);
        got += g;
        put += p;
    }
    if (in->n_caches) {
        snprintf(text, sizeof text,
                 "cache: %llu buffers read from %.200s, %llu written",
                 (unsigned long long)got, in->set.cache, (unsigned long long)put);
        print_event(r, "cache", text);
    }
    if (inputs_cache_fault(in)) {
        print_event(r, "warning", inputs_cache_fault(in));
    }
}

/* Say if a run was useless: one whose loss grows without limit, or whose penalty leaves
 * nothing, stays finite and ends like others, and so does one on a text that the SAE
 * cannot serve. */
static void say_useless(struct reporter *r, const struct engine *g)
{
    static const enum metric recovered[] = {METRIC_CE_REC, METRIC_CE_REC_OOD};
    char text[400];
    for (size_t a = 0; a < g->n_arms; a++) {
        char name[WHO_MAX];
        const struct history *h = &g->arm[a].history;
        const struct metric_row row =
            h->rows > 0 ? h->row[h->rows - 1] : metric_row_empty();
        if (row.v[METRIC_EV] < 0) {
            snprintf(text, sizeof text,
                     "%s explains less of the held-out text than its mean does "
                     "(explained variance %.3g): too high a --lr, too strong a "
                     "penalty, or too few steps",
                     who(r, a, name), row.v[METRIC_EV]);
            print_event(r, "warning", text);
        }
        for (size_t i = 0; i < 2; i++) {
            const struct ce_doubt *doubt = metric_doubt(row.v, recovered[i]);
            if (doubt) {
                snprintf(text, sizeof text, "%s, %s: %s", who(r, a, name),
                         measure_at(recovered[i])->label, doubt->long_text);
                print_event(r, "warning", text);
            }
        }
    }
}

/* ---- the run ---- */

static enum err save(struct reporter *r, struct engine *g, struct errinfo *e)
{
    char text[2 * SETTING_TEXT_MAX + 200], others[SETTING_TEXT_MAX + 40] = "";
    TRY(engine_save(g, r->args->out, e));
    if (g->n_arms > 1) {
        snprintf(others, sizeof others,
                 g->arm[1].place.beside ? " and beside it"
                                        : "; the other arms in %s/%s",
                 g->dir, RUN_ARMS_DIR);
    }
    snprintf(text, sizeof text, "saved at step %lld in %s%s%s",
             (long long)engine_step_count(g), r->args->out, others,
             engine_done(g) ? "" : "; train --resume goes on");
    print_event(r, "saved", text);
    return OK;
}

static enum err steps(struct reporter *r, struct engine *g, struct errinfo *e)
{
    while (!engine_done(g) && !stop_asked()) {
        const enum err rc = engine_step(g, e);
        if (rc != OK) {
            /* The weights are the last good ones: keep them, and say what happened. If
             * that fails too, the save before remains. */
            struct errinfo second = {0};
            progress_clear(&r->bar);
            const enum err saved = save(r, g, &second);
            (void)saved;
            return rc;
        }
        draw_progress(r, g);
    }
    progress_clear(&r->bar);
    return save(r, g, e);
}

/* Train the steps, with evaluation on the way. */
static enum err train(struct reporter *r, struct engine *g, struct errinfo *e)
{
    struct eval_set *eval = NULL;
    r->g = g;
    say_start(r, g);
    say_disk(r, g);
    enum err rc = engine_eval_set(g->in, g->in->h, g->in->pool, g->cancel, &eval, e);
    g->eval_set = eval;
    if (rc == OK) {
        rc = engine_catch_up(g, e);
    }
    if (rc == OK || rc == ERR_CANCELLED) {
        rc = steps(r, g, e);
    }
    g->eval_set = NULL;
    eval_set_free(eval);
    say_cache(r, g->in);
    say_useless(r, g);
    return rc;
}

static enum err begin(struct reporter *r, struct train_args *a,
                      const struct run_opts *ro, const struct settings *set,
                      struct engine **g, struct errinfo *e)
{
    struct settings given;
    const struct engine_setup s = {
        .set = set,
        .dir = a->out,
        .lock = true,
        .resume = a->resume,
        .given = &given,
        .cancel = stop_flag(),
        .watch = {.user = r, .row = on_row, .event = on_event},
        .cost = on_cost,
        .user = r,
    };
    if (!a->resume && !a->out) {
        return err_set(e, ERR_USAGE,
                       "train: --out DIR is needed: where the run is saved");
    }
    if (a->resume && a->out) {
        return err_set(e, ERR_USAGE,
                       "train: --resume goes on in its own directory, without --out");
    }
    TRY(run_opts_given(ro, &given, e));
    TRY(engine_open(&s, g, e));
    a->out = (*g)->dir;
    return OK;
}

int cmd_train(int argc, char **argv)
{
    struct train_args a = {0};
    const struct opt own[] = {
        {"out", OPT_STRING, &a.out, "DIR", "run directory to make", 0, 0, NULL},
        {"resume", OPT_STRING, &a.resume, "RUN",
         "go on with a run that was stopped or interrupted, to the same weights as if "
         "it had not been; --steps may plan more",
         0, 0, NULL},
        {"json", OPT_FLAG, &a.json, NULL, "a line of JSON for each row and event", 0, 0,
         NULL},
        {"quiet", OPT_FLAG, &a.quiet, NULL, "say nothing but errors", 0, 0, NULL},
    };
    struct run_opts ro;
    const struct opts o = {
        .name = "train",
        .usage = "--out DIR | --resume RUN [OPTIONS]",
        .about = "Train an SAE on a language model's activations. Without --model and "
                 "--corpus, on the bundled sample. Ctrl-C saves; --resume goes on.",
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
    struct reporter r = {.args = &a};
    struct engine *g = NULL;
    progress_init(&r.bar, a.quiet || a.json);
    stop_install();
    if (rc == OK) {
        rc = begin(&r, &a, &ro, &set, &g, &e);
    }
    if (rc == OK) {
        rc = train(&r, g, &e);
    }
    progress_clear(&r.bar);
    engine_free(g);
    return rc != OK ? cmd_fail(rc, &e) : stop_status();
}
