/* The explorer's loop and runs on disk: opens another run in place of this one, and
 * follows what another process saves of it. */
#include "ui/explore_priv.h"

#include <stdio.h>
#include <string.h>

/* Begin a new interface for another run; its look, the messages and the histories of
 * prompts stay. */
static enum err begin_anew(struct loop *l, struct errinfo *e)
{
    struct app *old = &l->app, fresh;
    const enum err rc =
        app_init(&fresh, old->screens, old->w, old->h, old->tier, old->theme, e);
    if (rc != OK) {
        app_deinit(&fresh);
        return rc;
    }
    fresh.mouse = old->mouse;
    fresh.smooth = old->smooth;
    fresh.log = old->log;
    fresh.said = old->said;
    fresh.log.heard = 0;
    memcpy(fresh.history, old->history, sizeof fresh.history);
    memset(old->history, 0, sizeof old->history);
    fresh.runs = old->runs;
    fresh.runs.answers = 0; /* earlier ones were for the earlier screens */
    fresh.next = old->next;
    memcpy(fresh.runs_home, old->runs_home, sizeof fresh.runs_home);
    app_deinit(old);
    *old = fresh;
    return OK;
}

/* Keep the message on where the last session was saved: it has not been shown yet. */
static void keep_said(struct loop *l, char said[400])
{
    snprintf(said, 400, "%s", l->saved ? l->v.message : "");
    l->saved = false;
}

/* End the session and begin one with the run that was asked for. If it can't be opened
 * the new session says so, on the screen that it was asked from. */
void loop_open_next(struct loop *l)
{
    struct errinfo e = {0};
    char said[400];
    const struct screen_def *from = l->app.screen;
    l->opens = false;
    keep_said(l, said);
    if (begin_anew(l, &e) != OK) {
        app_say(&l->app, true, "%s", e.msg);
        return;
    }
    session_free(l->s);
    l->s = NULL;
    session_view_deinit(&l->v);
    session_view_init(&l->v);
    snprintf(l->v.loading, sizeof l->v.loading, "the run");
    l->from = from;
    l->saves = 0;
    l->holder = 0;
    l->session = l->cfg->session;
    l->session.open_run = l->app.next.path;
    l->session.resume = l->app.next.resume;
    l->session.given = NULL;
    l->session.other_run = NULL; /* it was named beside the first one */
    l->session.start_paused = false;
    if (said[0]) {
        app_say(&l->app, false, "%s", said);
    }
    if (session_new(&l->session, &l->s, &e) != OK) {
        l->broken = e;
        l->quit = true;
    }
    l->dirty = true;
}

/* Go back to where another run can be chosen. */
void loop_leave_failed(struct loop *l)
{
    if (l->from && l->v.state == SESSION_FAILED && l->v.n_conds == 0 &&
        l->app.screen == app_home(&l->app)) {
        app_go(&l->app, &l->v, l->from);
    }
}

/* Let the session take in what another process saves of the browsed run. */
static void follow(struct loop *l)
{
    const struct runs_view *r = &l->app.runs;
    const bool browsing = l->v.state == SESSION_BROWSING;
    if (browsing && r->holder && r->holder != l->holder) {
        app_say(&l->app, false,
                "process %ld has this run open; each of its saves is shown", r->holder);
    }
    if (browsing && r->saves != l->saves) {
        const struct command c = {.kind = COMMAND_FOLLOW, .latent = -1};
        (void)session_post(l->s, &c); /* if too many wait, the next save will do */
    }
    l->holder = r->holder;
    l->saves = r->saves;
}

void loop_take_runs(struct loop *l)
{
    while (runs_poll(l->runs, &l->app.runs)) {
        follow(l);
        loop_event(l, &(struct event){.kind = EVENT_TICK});
    }
    runs_watch(l->runs, l->v.state == SESSION_LOADING ? "" : l->v.arm[0].dir);
}
