#include "ui/explore.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/newfile.h"
#include "ui/copy.h"
#include "ui/explore_priv.h"
#include "ui/export.h"
#include "ui/frame.h"
#include "ui/help.h"
#include "ui/signal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

/* 15 frames a second while something moves. */
#define FRAME_NS (INT64_C(66) * 1000 * 1000)
/* How long a message stays without a key: time to read a line. */
#define SAY_NS (INT64_C(8) * 1000 * 1000 * 1000)
/* How long the first key of two waits before the keys that may follow are shown. */
#define WHICH_NS (INT64_C(500) * 1000 * 1000)

/* ---- what the app wants ---- */

static void write_shot(struct loop *l, const char *path)
{
    struct errinfo e = {0};
    char *text = NULL;
    enum err rc = newfile_check(path, "choose another name", &e);
    if (rc == OK) {
        app_view(&l->app, &l->v, &l->c);
        rc = canvas_dump(&l->c, false, &text, &e);
    }
    if (rc == OK) {
        rc = file_write_named_text(path, text, &e);
    }
    mem_free(text);
    app_say(&l->app, rc != OK, rc == OK ? "written: %s" : "%s",
            rc == OK ? path : e.msg);
}

static void write_export(struct loop *l, const struct app_request *r)
{
    struct errinfo e = {0};
    struct plot_svg plots;
    plot_svg_init(&plots);
    l->c.plots = &plots;
    app_view(&l->app, &l->v, &l->c);
    l->c.plots = NULL;
    const struct export_picture picture = {&l->c, &plots};
    const enum err rc = export_file(&l->app, &l->v, r->screen, &picture, r->path, &e);
    app_say(&l->app, rc != OK, rc == OK ? "written: %s" : "%s",
            rc == OK ? r->path : e.msg);
    plot_svg_deinit(&plots);
}

/* Send what was copied to the terminal, and tell the user what it is. */
static void copy_out(struct loop *l)
{
    const struct copied *c = &l->app.copied;
    char told[300];
    if (l->t && term_copy(l->t, c->text, strlen(c->text))) {
        copy_told(c, told, sizeof told);
        app_say(&l->app, false, "%s", told);
    } else {
        app_say(&l->app, true, "copy: %s",
                l->t ? "this terminal has no clipboard" : "there is no terminal");
    }
}

static void copy_shot(struct loop *l)
{
    struct errinfo e = {0};
    char *text = NULL;
    app_view(&l->app, &l->v, &l->c);
    if (canvas_dump(&l->c, false, &text, &e) == OK) {
        copy_take(&l->app.copied, "screen", text, strlen(text));
        copy_out(l);
    } else {
        app_say(&l->app, true, "%s", e.msg);
    }
    mem_free(text);
}

static void do_request(struct loop *l, const struct app_request *r)
{
    switch (r->kind) {
    case REQUEST_QUIT: l->quit = true; break;
    case REQUEST_REDRAW:
        if (l->t) {
            term_redraw(l->t);
        }
        break;
    case REQUEST_SUSPEND:
        if (l->t) {
            sig_post(SIG_BIT_TSTP);
        }
        break;
    case REQUEST_LOOK:
        l->c.tier = l->app.tier;
        if (l->t) {
            term_set_theme(l->t, l->app.theme);
            term_set_mouse(l->t, l->app.mouse);
        }
        break;
    case REQUEST_EXPORT: write_export(l, r); break;
    case REQUEST_SHOT: write_shot(l, r->path); break;
    case REQUEST_RUNS: runs_look(l->runs, r->path); break;
    case REQUEST_ORDER:
        if (!runs_order(l->runs, &r->order)) {
            app_say(&l->app, true, "busy: too many orders are waiting");
        }
        break;
    case REQUEST_OPEN: l->opens = true; break;
    case REQUEST_COPY: copy_out(l); break;
    case REQUEST_COPY_SHOT: copy_shot(l); break;
    }
}

static void send_wishes(struct loop *l)
{
    for (size_t i = 0; i < l->app.n_commands; i++) {
        l->saved = l->saved || (l->app.command[i].kind == COMMAND_STOP &&
                                l->app.command[i].value > 0);
        if (!session_post(l->s, &l->app.command[i])) {
            app_say(&l->app, true, "busy: too many commands are waiting");
        }
    }
    l->posted += l->app.n_commands;
    l->app.n_commands = 0;
    const size_t n = l->app.n_requests;
    l->app.n_requests = 0;
    for (size_t i = 0; i < n; i++) {
        do_request(l, &l->app.request[i]);
    }
}

void loop_event(struct loop *l, const struct event *ev)
{
    app_update(&l->app, &l->v, ev);
    send_wishes(l);
    const struct screen_def *screen = l->app.screen;
    const bool waits = screen->waits && screen->waits(&l->app);
    l->urgent = l->urgent || (l->waits && !waits);
    l->waits = waits;
    l->dirty = true;
}

void loop_command(struct loop *l, const char *line)
{
    app_run(&l->app, &l->v, line);
    loop_event(l, &(struct event){.kind = EVENT_TICK});
}

/* ---- drawing ---- */

static bool fit_canvas(struct loop *l)
{
    l->c.mono = l->app.theme == THEME_MONO || (l->t && !term_wants_color(l->t));
    if (l->t) {
        int w, h;
        term_size(l->t, &w, &h);
        l->app.w = w;
        l->app.h = h;
    }
    struct errinfo e;
    return (l->c.w == l->app.w && l->c.h == l->app.h) ||
           canvas_resize(&l->c, l->app.w, l->app.h, &e) == OK;
}

void loop_draw(struct loop *l)
{
    if (!fit_canvas(l)) {
        return; /* no memory for this size: the old picture stays */
    }
    app_view(&l->app, &l->v, &l->c);
    if (l->t) {
        term_present(l->t, &l->c);
    }
    l->frame_ns = clock_ns();
    l->first_frame_ns = l->first_frame_ns ? l->first_frame_ns : l->frame_ns;
    l->frames++;
    l->answered = l->inputs;
    l->dirty = l->urgent = false;
}

/* ---- turning ---- */

static void take_input(struct loop *l)
{
    struct event ev;
    /* Take all there is, so that a burst of keys makes one frame. */
    while (l->t && !l->quit && term_event(l->t, &ev)) {
        loop_event(l, &ev);
        l->urgent = true;
        l->inputs++;
    }
    if (l->t) {
        l->signals |= sig_take(SIG_BIT_QUITS);
        l->quit = l->quit || l->signals;
    }
}

/* Time until the message shown goes away, in ms; -1: there is none. In a script without
 * a terminal it stays: pictures must not depend on the clock. */
static int saying_ms(struct loop *l)
{
    bool bad = false;
    if (!l->t || !app_saying(&l->app, &l->v, &bad)) {
        return -1;
    }
    const uint64_t said = l->app.said + l->v.said;
    if (said != l->said) {
        l->said = said;
        l->said_ns = clock_ns();
    }
    const int64_t left = l->said_ns + SAY_NS - clock_ns();
    return left > 0 ? (int)(left / 1000000) + 1 : 0;
}

/* Time until the keys that may follow are shown, in ms; -1: no key waits. */
static int which_ms(struct loop *l)
{
    if (!l->t || !l->app.after || l->app.which) {
        l->after = 0;
        return -1;
    }
    if (l->app.after != l->after) {
        l->after = l->app.after;
        l->after_ns = clock_ns();
    }
    const int64_t left = l->after_ns + WHICH_NS - clock_ns();
    return left > 0 ? (int)(left / 1000000) + 1 : 0;
}

static int sooner(int a_ms, int b_ms)
{
    return a_ms < 0 || (b_ms >= 0 && b_ms < a_ms) ? b_ms : a_ms;
}

static void take_session(struct loop *l)
{
    const enum session_state was = l->v.state;
    if (session_poll(l->s, &l->v)) {
        if (l->v.state != was) {
            loop_leave_failed(l);
        }
        loop_event(l, &(struct event){.kind = EVENT_TICK});
    }
}

void loop_turn(struct loop *l, int timeout_ms)
{
    struct pollfd fd[3 + TERM_FDS] = {
        {.fd = session_wake_fd(l->s), .events = POLLIN},
        {.fd = l->t ? sig_fd() : -1, .events = POLLIN},
        {.fd = runs_wake_fd(l->runs), .events = POLLIN},
        {.fd = -1},
        {.fd = -1},
    };
    const int input_due = l->t ? term_poll(l->t, fd + 3) : -1;
    if (l->dirty) {
        /* The next frame is due FRAME_NS after the last; a key's answer is due now. */
        const int64_t wait = l->frame_ns + FRAME_NS - clock_ns();
        timeout_ms =
            sooner(timeout_ms, l->urgent || wait <= 0 ? 0 : (int)(wait / 1000000) + 1);
    }
    timeout_ms = sooner(sooner(timeout_ms, input_due), saying_ms(l));
    timeout_ms = sooner(timeout_ms, which_ms(l));
    if (poll(fd, 3 + TERM_FDS, timeout_ms) < 0 && errno != EINTR) {
        l->quit = true;
        return;
    }
    take_input(l);
    take_session(l);
    loop_take_runs(l);
    if (l->opens && !l->quit) {
        loop_open_next(l);
    }
    if (saying_ms(l) == 0) {
        loop_event(l, &(struct event){.kind = EVENT_LAPSE});
    }
    if (which_ms(l) == 0) {
        loop_event(l, &(struct event){.kind = EVENT_PAUSE});
    }
    const bool due = l->urgent || clock_ns() - l->frame_ns >= FRAME_NS;
    if (l->dirty && due && !l->quit) {
        loop_draw(l);
    }
}

bool loop_idle(const struct loop *l)
{
    const bool leaving =
        l->app.leaving == LEAVE_SAVING || l->app.leaving == LEAVE_DISCARDING;
    return !l->opens && !leaving && session_outstanding(l->s) == 0 &&
           runs_outstanding(l->runs) == 0;
}

bool loop_failed(const struct loop *l)
{
    return l->v.state == SESSION_FAILED && l->v.n_conds == 0 && !l->from;
}

/* ---- beginning and end ---- */

static enum err open_terminal(struct loop *l, int out_fd, int in_fd,
                              const char *term_name, struct errinfo *e)
{
    const struct explore_config *cfg = l->cfg;
    const struct term_config tc = {.theme = cfg->theme,
                                   .tier = cfg->tier,
                                   .color = cfg->color,
                                   .mouse = cfg->mouse,
                                   .term_name = term_name,
                                   .out_fd = out_fd,
                                   .in_fd = in_fd};
    const char *note = NULL;
    TRY(term_open(&tc, &l->t, &note, e));
    l->app.tier = l->c.tier = term_tier(l->t);
    l->app.mouse = cfg->mouse;
    if (note) {
        app_say(&l->app, false, "%s", note);
    }
    return OK;
}

/* Go to the screen for the text or the second run that was given; else stay on the
 * first. */
static void open_first(struct loop *l)
{
    const struct explore_config *cfg = l->cfg;
    for (size_t i = 0; i < cfg->screens->n; i++) {
        const struct screen_def *screen = cfg->screens->row[i];
        if (cfg->text && screen->take_text) {
            screen->take_text(&l->app, cfg->text, cfg->text_n);
            app_go(&l->app, &l->v, screen);
        } else if (!cfg->text && cfg->session.other_run && screen->of_two_runs) {
            app_go(&l->app, &l->v, screen);
        }
    }
}

enum err loop_init(struct loop *l, const struct explore_config *cfg, bool headless,
                   int out_fd, int in_fd, const char *term_name, struct errinfo *e)
{
    memset(l, 0, sizeof *l);
    l->cfg = cfg;
    const int w = cfg->w > 0 ? cfg->w : FULL_W;
    const int h = cfg->h > 0 ? cfg->h : FULL_H;
    const enum glyph_tier tier =
        cfg->tier < 0 ? GLYPH_ASCII : (enum glyph_tier)cfg->tier;
    session_view_init(&l->v);
    enum err rc = app_init(&l->app, cfg->screens, w, h, tier, cfg->theme, e);
    if (rc == OK) {
        rc = canvas_init(&l->c, w, h, tier, e);
    }
    if (rc == OK && !headless) {
        rc = open_terminal(l, out_fd, in_fd, term_name, e);
    }
    /* The first frame needs no session, which reports later what it loads. */
    snprintf(l->v.loading, sizeof l->v.loading, "starting");
    l->session = cfg->session;
    l->v.steps = cfg->session.set.steps;
    if (rc == OK) {
        open_first(l);
        loop_draw(l);
        rc = runs_new(&l->runs, e);
    }
    if (rc == OK) {
        snprintf(l->app.runs_home, sizeof l->app.runs_home, "%s",
                 cfg->session.runs_dir ? cfg->session.runs_dir : "");
        rc = session_new(&l->session, &l->s, e);
    }
    if (rc != OK) {
        loop_deinit(l);
    }
    return rc;
}

void loop_deinit(struct loop *l)
{
    term_close(l->t);
    l->t = NULL;
    session_free(l->s);
    l->s = NULL;
    runs_free(l->runs);
    l->runs = NULL;
    script_free(l->script);
    session_view_deinit(&l->v);
    runs_view_deinit(&l->app.runs);
    app_deinit(&l->app);
    canvas_deinit(&l->c);
}

/* After a signal, save what there is. The terminal has been given back already. */
static void save_and_stop(struct loop *l)
{
    const bool live = l->v.state == SESSION_TRAINING || l->v.state == SESSION_PAUSED ||
                      l->v.state == SESSION_DONE;
    if (!live || l->v.step < 1) {
        return;
    }
    const struct command stop = {.kind = COMMAND_STOP, .value = 1, .latent = -1};
    l->saved = session_post(l->s, &stop);
    while (l->saved && l->v.state != SESSION_ENDED && l->v.state != SESSION_FAILED) {
        struct pollfd fd = {.fd = session_wake_fd(l->s), .events = POLLIN};
        (void)poll(&fd, 1, 200);
        /* Asked before the poll, so that what the last command said is in the view. */
        const bool idle = session_outstanding(l->s) == 0;
        session_poll(l->s, &l->v);
        if (idle) {
            return; /* answered and not ended: the save failed, the message says why */
        }
    }
}

/* Give the terminal back, save if a signal asks for it, and say where. */
static enum err finish(struct loop *l, int *status, struct errinfo *e)
{
    /* Another signal while saving must not be lost to the default action. */
    struct errinfo ignored;
    const bool guarded = l->signals && sig_open(SIG_BIT_QUITS, &ignored) == OK;
    const bool had_terminal = l->t != NULL;
    term_close(l->t);
    l->t = NULL;
    if (l->broken.code != OK) {
        *status = err_exit_status(l->broken.code);
        *e = l->broken;
        return l->broken.code;
    }
    if (l->signals) {
        save_and_stop(l);
    }
    FILE *out = l->cfg->out;
    /* If the save on the way out failed, its message is the error's line and not
     * printed here. */
    const bool lost = l->saved && l->signals && l->v.message_bad;
    if (l->saved && !lost && out && (had_terminal || l->signals)) {
        fprintf(out, "%s\n", l->v.message);
        if (l->v.state == SESSION_ENDED && l->v.arm[0].dir[0]) {
            fprintf(out, "saetop %s opens it again\n", l->v.arm[0].dir);
        }
        fflush(out);
    }
    const bool trained = l->v.state != SESSION_BROWSING && l->v.arm[0].dir[0];
    if (!l->saved && !l->signals && trained && out && had_terminal) {
        fprintf(out, "saetop %s opens it again\n", l->v.arm[0].dir);
        fflush(out);
    }
    if (guarded) {
        sig_close();
    }
    *status = sig_status(l->signals);
    if (lost && l->v.state != SESSION_FAILED) {
        return err_set(e, ERR_IO, "%s", l->v.message);
    }
    const bool chosen = l->from && l->v.n_conds == 0; /* said where it was chosen */
    if (l->v.state == SESSION_FAILED && !chosen) {
        const enum err rc = session_error(l->s);
        const enum err code = rc == OK ? ERR_IO : rc;
        *status = *status ? *status : err_exit_status(code);
        return err_set(e, code, "%s", l->v.message);
    }
    return OK;
}

/* ---- ways to run ---- */

static bool once_ready(const struct loop *l)
{
    const bool trained =
        l->v.state != SESSION_TRAINING || l->v.step >= l->cfg->once_step;
    return l->v.state != SESSION_LOADING && trained && session_outstanding(l->s) == 0;
}

static enum err run_once(const struct explore_config *cfg, int *status,
                         struct errinfo *e)
{
    struct loop l;
    const bool help = !strcmp(cfg->once, "help");
    const struct screen_def *screen =
        help ? cfg->screens->row[0] : screen_find(cfg->screens, cfg->once);
    if (!screen) {
        char names[200];
        screen_names(cfg->screens, "help", names, sizeof names);
        return err_set(e, ERR_USAGE, "--once: found %s, expected %s", cfg->once, names);
    }
    TRY(loop_init(&l, cfg, true, -1, -1, NULL, e));
    enum err rc = OK;
    while (!once_ready(&l) && l.v.state != SESSION_FAILED) {
        loop_turn(&l, 50);
    }
    app_go(&l.app, &l.v, screen);
    loop_event(&l, &(struct event){.kind = EVENT_TICK}); /* asks for table and detail */
    for (int calm = 0; calm < 3 && l.v.state != SESSION_FAILED;) {
        loop_turn(&l, 20);
        calm = loop_idle(&l) ? calm + 1 : 0;
        loop_event(&l, &(struct event){.kind = EVENT_TICK});
    }
    char *text = NULL;
    if (l.v.state == SESSION_FAILED) {
        rc = finish(&l, status, e);
    } else {
        if (help) {
            help_open(&l.app, &l.v, "");
        }
        app_view(&l.app, &l.v, &l.c);
        rc = canvas_dump(&l.c, false, &text, e);
        *status = 0;
    }
    if (rc == OK && text) {
        fputs(text, cfg->out);
        fflush(cfg->out);
    }
    mem_free(text);
    loop_deinit(&l);
    return rc;
}

/* Play the lines of the script that are due. Returns the time in ms until there may be
 * more, -1: no limit. Without a terminal the explorer ends with the script; in a
 * terminal the user takes over, and sees what failed. */
static int play(struct loop *l, enum err *rc, struct errinfo *e)
{
    int due = -1;
    if (!l->script) {
        return due;
    }
    *rc = script_step(l->script, l, &due, e);
    if (*rc == OK && due >= 0) {
        return due;
    }
    script_free(l->script);
    l->script = NULL;
    l->quit = l->quit || !l->t;
    if (*rc != OK) {
        app_say(&l->app, true, "%s", e->msg);
        l->dirty = true;
    }
    return -1;
}

enum err explore_run(const struct explore_config *cfg, int *status, struct errinfo *e)
{
    if (cfg->once) {
        return run_once(cfg, status, e);
    }
    struct script *script = NULL;
    if (cfg->script) {
        TRY(script_open(cfg->script, &script, e));
    }
    struct loop l;
    const bool headless = cfg->headless && script;
    const enum err rc = loop_init(&l, cfg, headless, 1, cfg->in_fd, NULL, e);
    if (rc != OK) {
        script_free(script);
        return rc;
    }
    l.script = script;
    struct errinfo why = {0};
    enum err played = OK;
    while (!l.quit && !loop_failed(&l)) {
        const int due = play(&l, &played, &why);
        if (!l.quit) {
            loop_turn(&l, due);
        }
    }
    const enum err end = finish(&l, status, e);
    loop_deinit(&l);
    return end == OK && played != OK ? err_set(e, played, "%s", why.msg) : end;
}
