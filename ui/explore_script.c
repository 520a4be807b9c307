/* Plays a script into the explorer: see explore.h for what a line may be. */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "ui/explore_priv.h"
#include "ui/script.h"

#include <stdio.h>
#include <string.h>

#define SCRIPT_MAX ((size_t)1 << 20)

struct script {
    char *path, *text;
    struct script_reader reader;
    struct script_line line; /* the one being played; SCRIPT_END: all have been */
    bool waits;              /* for what `line` says */
    int64_t until;           /* for SCRIPT_WAIT_MS, by clock_ns */
    int calm;                /* turns in a row without anything outstanding */
    bool opened;             /* the session is past loading */
    uint64_t own, heard; /* messages of the interface and the session, as looked at */
    size_t posted;       /* commands that the loop had sent when last looked at */
    size_t asked;        /* the line that sent the latest of them */
};

enum err script_open(const char *path, struct script **out, struct errinfo *e)
{
    struct script *s = NULL;
    TRY(mem_new(&s, 1, sizeof *s, "script", e));
    enum err rc = file_read(path, SCRIPT_MAX, &s->text, &s->reader.len, e);
    s->reader.text = s->text;
    s->path = rc == OK ? mem_strdup(path) : NULL;
    if (rc == OK && !s->path) {
        rc = err_set(e, ERR_NOMEM, "%s: out of memory", path);
    }
    if (rc != OK) {
        script_free(s);
        return rc;
    }
    *out = s;
    return OK;
}

void script_free(struct script *s)
{
    if (s) {
        mem_free(s->path);
        mem_free(s->text);
        mem_free(s);
    }
}

/* ---- what went wrong ---- */

static enum err fail_line(const struct script *s, size_t line, const char *why,
                          struct errinfo *e)
{
    return err_set(e, ERR_IO, "%s: line %zu: %s", s->path, line, why);
}

/* Assign errors to lines of the script: the interface's belong to the line being
 * played, the session's to the latest line that sent it a command. Messages while it
 * opens its inputs belong to no line. */
static enum err check_said(struct script *s, const struct loop *l, struct errinfo *e)
{
    const struct session_view *v = &l->v;
    if (l->posted != s->posted) {
        s->posted = l->posted;
        s->asked = s->line.number;
    }
    const bool own = l->app.said != s->own && l->app.message_bad && l->app.message[0];
    const bool session = v->said != s->heard && v->message_bad && s->opened;
    s->own = l->app.said;
    s->heard = v->said;
    s->opened = s->opened || v->state != SESSION_LOADING;
    if (own) {
        return fail_line(s, s->line.number, l->app.message, e);
    }
    return session ? fail_line(s, s->asked, v->message, e) : OK;
}

/* ---- waiting ---- */

/* Nothing is outstanding, twice in a row: what has just come may have made the app ask
 * for more, and the view may be from before the command that was just done. */
static bool is_calm(const struct script *s)
{
    return s->calm >= 2;
}

/* Fail if training will never reach what is waited for, unless a command under way may
 * still change that. */
static enum err check_comes(const struct script *s, const struct loop *l,
                            struct errinfo *e)
{
    const struct session_view *v = &l->v;
    if (v->state == SESSION_LOADING || v->state == SESSION_TRAINING || !is_calm(s)) {
        return OK;
    }
    char why[160];
    snprintf(why, sizeof why,
             "the wait has no end: the run is at step %lld of %lld, %s",
             (long long)v->step, (long long)v->steps, session_state_name(v->state));
    return fail_line(s, s->line.number, why, e);
}

/* Whether what is waited for has come. */
static bool has_come(struct script *s, const struct loop *l)
{
    const struct session_view *v = &l->v;
    s->calm = loop_idle(l) && v->state != SESSION_LOADING ? s->calm + 1 : 0;
    switch (s->line.kind) {
    case SCRIPT_END: /* what was last asked for still has to be answered */
    case SCRIPT_WAIT_IDLE: return is_calm(s);
    case SCRIPT_WAIT_STEP: return v->state != SESSION_LOADING && v->step >= s->line.n;
    case SCRIPT_WAIT_DONE: return v->state == SESSION_DONE && is_calm(s);
    case SCRIPT_WAIT_MS: return clock_ns() >= s->until;
    case SCRIPT_KEYS:
    case SCRIPT_COMMAND:
    case SCRIPT_SIZE: break;
    }
    return true;
}

/* ---- playing ---- */

static enum err type_keys(struct script *s, struct loop *l, struct errinfo *e)
{
    struct errinfo why;
    for (size_t at = 0; s->line.text[at] && !l->quit;) {
        uint32_t key = 0;
        if (script_key(s->line.text, &at, &key, &why) != OK) {
            return fail_line(s, s->line.number, why.msg, e);
        }
        loop_event(l, &(struct event){.kind = EVENT_KEY, .key = key});
        TRY(check_said(s, l, e));
    }
    return OK;
}

static enum err resize(const struct script *s, struct loop *l, struct errinfo *e)
{
    if (l->t) {
        return fail_line(s, s->line.number, "the terminal has a size of its own", e);
    }
    loop_event(l,
               &(struct event){.kind = EVENT_RESIZE, .w = s->line.w, .h = s->line.h});
    loop_draw(l);
    return OK;
}

static enum err play_line(struct script *s, struct loop *l, struct errinfo *e)
{
    switch (s->line.kind) {
    case SCRIPT_KEYS: return type_keys(s, l, e);
    case SCRIPT_COMMAND: loop_command(l, s->line.text); return check_said(s, l, e);
    case SCRIPT_SIZE: return resize(s, l, e);
    case SCRIPT_END:
    case SCRIPT_WAIT_IDLE:
    case SCRIPT_WAIT_STEP:
    case SCRIPT_WAIT_DONE:
    case SCRIPT_WAIT_MS: break;
    }
    s->waits = true;
    s->calm = 0;
    s->until = clock_ns() + s->line.n * 1000000;
    return OK;
}

enum err script_step(struct script *s, struct loop *l, int *due_ms, struct errinfo *e)
{
    struct errinfo why;
    TRY(check_said(s, l, e));
    while (!l->quit) {
        if (s->waits && !has_come(s, l)) {
            *due_ms = 20;
            const bool of_run =
                s->line.kind == SCRIPT_WAIT_STEP || s->line.kind == SCRIPT_WAIT_DONE;
            return of_run ? check_comes(s, l, e) : OK;
        }
        if (s->waits && s->line.kind == SCRIPT_END) {
            break;
        }
        s->waits = false;
        if (script_next(&s->reader, &s->line, &why) != OK) {
            return fail_line(s, s->line.number, why.msg, e);
        }
        TRY(play_line(s, l, e));
    }
    *due_ms = -1;
    return OK;
}
