#include "ui/app.h"

#include "ui/screen.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- life ---- */

void app_init(struct app *a, int w, int h, enum glyph_tier tier, enum theme_id theme)
{
    memset(a, 0, sizeof *a);
    a->w = w;
    a->h = h;
    a->tier = tier;
    a->theme = theme;
    a->mouse = true;
    a->train.metric[0] = METRIC_LOSS;
    a->train.metric[1] = METRIC_L0;
    a->train.metric[2] = METRIC_ABSORPTION;
    a->train.metric[3] = METRIC_EV;
    a->train.log_y[0] = true;
    a->train.smooth = 0.6;
    a->train.cursor = (double)NAN;
    a->latents.at = -1;
    a->latents.sort = a->latents.scatter_y = latent_column_nth(AT_FIRST, 0);
    a->detail.latent = -1;
    a->detail.interval = INTERVAL_TOP;
    a->detail.heat_row = true;
    for (size_t i = 0; i < 2; i++) {
        a->latents.asked_eval[i] = -2;
        a->train.asked_rate[i] = a->train.rate_on[i] = (double)NAN;
    }
}

void app_deinit(struct app *a)
{
    for (size_t i = 0; i < PROMPT_KINDS; i++) {
        line_history_deinit(&a->history[i]);
    }
    latents_deinit(&a->latents);
}

/* ---- saying and asking ---- */

void app_say(struct app *a, bool bad, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(a->message, sizeof a->message, fmt, ap);
    va_end(ap);
    a->message_bad = bad;
    a->said++;
}

const char *app_saying(const struct app *a, const struct session_view *v, bool *bad)
{
    if (a->message[0]) {
        *bad = a->message_bad;
        return a->message;
    }
    *bad = v->message_bad;
    return v->message[0] && v->said != a->heard ? v->message : NULL;
}

static void dismiss(struct app *a, const struct session_view *v)
{
    a->message[0] = '\0';
    a->heard = v->said;
}

struct command *app_emit(struct app *a, enum command_kind kind)
{
    if (a->n_commands == APP_COMMANDS) {
        app_say(a, true, "too many commands at once");
        return NULL;
    }
    struct command *c = &a->command[a->n_commands++];
    memset(c, 0, sizeof *c);
    c->kind = kind;
    c->latent = -1;
    return c;
}

struct app_request *app_ask(struct app *a, enum app_request_kind kind)
{
    if (a->n_requests == APP_REQUESTS) {
        return NULL;
    }
    struct app_request *r = &a->request[a->n_requests++];
    memset(r, 0, sizeof *r);
    r->kind = kind;
    r->screen = a->screen;
    return r;
}

void app_hit(struct app *a, struct rect r, enum hit_kind kind, int arg)
{
    if (a->n_hits < APP_HITS && r.w > 0 && r.h > 0) {
        a->hit[a->n_hits++] = (struct hit){r, kind, arg};
    }
}

void app_go(struct app *a, const struct session_view *v, enum screen_id screen)
{
    if (screen != a->screen) {
        a->last_screen = a->screen;
        a->screen = screen;
    }
    help_close(a);
    screen_at(screen)->sync(a, v);
}

bool app_is_live_card(const struct app *a)
{
    return layout_kind(a->w, a->h) < LAYOUT_FULL;
}

bool app_is_moving(const struct session_view *v)
{
    return v->state == SESSION_LOADING || v->state == SESSION_TRAINING;
}

/* ---- layout ---- */

_Static_assert((int)LAYOUT_PANES == (int)PANES, "one layout");

struct layout_choice app_layout(const struct app *a)
{
    struct layout_choice l;
    memset(&l, 0, sizeof l); /* compared as bytes */
    for (int i = 0; i < PANES; i++) {
        l.metric[i] = a->train.metric[i];
        l.log_y[i] = a->train.log_y[i];
    }
    l.smooth = a->train.smooth;
    l.unit = (int)a->train.unit;
    l.zoomed = a->train.zoomed;
    l.numbers = a->train.numbers;
    l.sort = a->latents.sort;
    l.reverse = a->latents.reverse;
    l.scatter = a->latents.scatter;
    l.scatter_y = a->latents.scatter_y;
    l.lens = a->detail.lens;
    l.heat_row = a->detail.heat_row;
    l.wrap = a->detail.wrap;
    return l;
}

void app_set_layout(struct app *a, const struct session_view *v,
                    const struct layout_choice *l)
{
    for (int i = 0; i < PANES; i++) {
        a->train.metric[i] = l->metric[i];
        a->train.log_y[i] = l->log_y[i];
    }
    a->train.smooth = l->smooth;
    if ((int)a->train.unit != l->unit) { /* places on the axis are of another unit */
        a->train.unit = (enum x_unit)l->unit;
        a->train.x_lo = a->train.x_hi = 0;
        a->train.cursor = (double)NAN;
    }
    a->train.zoomed = l->zoomed;
    a->train.numbers = l->numbers;
    a->latents.sort = l->sort;
    a->latents.reverse = l->reverse;
    a->latents.scatter = l->scatter;
    a->latents.scatter_y = l->scatter_y;
    a->latents.stale = true;
    latents_order(a, v);
    a->detail.lens = l->lens;
    a->detail.heat_row = l->heat_row;
    a->detail.wrap = l->wrap;
}

/* ---- dispatch ---- */

void app_dispatch(struct app *a, const struct session_view *v,
                  const struct key_entry *k, const char *args)
{
    const struct action_def *def = action_def(k->action);
    const char *reason = def->may(a, v);
    if (reason) {
        app_say(a, true, "%s: %s", k->command, reason);
        return;
    }
    if (k->action == ACTION_UNDO || k->action == ACTION_REDO) {
        def->run(a, v, args);
        return;
    }
    /* Whatever changes the layout can be undone, without each having to say so; what
     * runs another command has left the step to that one. */
    const size_t depth = a->undo.pushed;
    struct undo_step step = {.kind = UNDO_LAYOUT, .was = app_layout(a)};
    def->run(a, v, args);
    step.is = app_layout(a);
    if (a->undo.pushed == depth && memcmp(&step.was, &step.is, sizeof step.is) != 0) {
        undo_push(&a->undo, &step);
    }
}

void app_choose(struct app *a, const struct session_view *v, const struct key_entry *k)
{
    if (k->key[0] || !k->args[0] || k->args[0] == '[') {
        app_dispatch(a, v, k, k->preset);
        return;
    }
    char line[64]; /* it needs an argument: typed at the prompt */
    snprintf(line, sizeof line, "%s ", k->command);
    app_open_prompt(a, PROMPT_COMMAND, line, "");
}

void app_run(struct app *a, const struct session_view *v, const char *line)
{
    while (*line == ' ' || *line == ':') {
        line++;
    }
    const size_t n = strcspn(line, " ");
    if (!n) {
        return;
    }
    const struct key_entry *k = keymap_find_command(a->screen, line, n);
    if (!k) {
        app_say(a, true, "unknown command: %.*s   (? lists them)",
                (int)(n < 60 ? n : 60), line);
        return;
    }
    const char *args = line + n;
    while (*args == ' ') {
        args++;
    }
    app_dispatch(a, v, k, args);
}

/* ---- prompts ---- */

void app_open_prompt(struct app *a, enum prompt_kind kind, const char *text,
                     const char *offer)
{
    a->prompt = kind;
    a->latents.find_from = a->latents.list.cursor;
    a->detail.find_from = a->detail.context;
    snprintf(a->latents.filter_was, sizeof a->latents.filter_was, "%s",
             a->latents.filter);
    line_begin(
        &a->line, text, &a->history[kind],
        kind == PROMPT_COMMAND || kind == PROMPT_FILTER ? cmdline_complete : NULL, a);
    line_offer(&a->line, offer);
}

/* Look from where the prompt was opened, so that a text typed in pieces ends where it
 * would have ended at once. */
static void find_from_start(struct app *a, const struct session_view *v,
                            const char *text)
{
    struct latents_state *l = &a->latents;
    if (a->screen == SCREEN_DETAIL) {
        snprintf(a->detail.find, sizeof a->detail.find, "%.255s", text);
        a->detail.context = a->detail.find_from;
        if (text[0]) {
            detail_find(a, v, true, true);
        }
        return;
    }
    snprintf(l->find, sizeof l->find, "%.255s", text);
    list_go(&l->list, l->find_from);
    l->at = l->shown ? l->order[l->list.cursor] : -1;
    if (text[0]) {
        latents_find(a, v, true, true);
    }
}

/* While typing: the cursor, the filter and the help list follow. */
static void preview(struct app *a, const struct session_view *v)
{
    if (a->prompt == PROMPT_FILTER) {
        latents_set_filter(a, v, a->line.text);
    } else if (a->prompt == PROMPT_HELP_FILTER) {
        help_set_filter(a, v, a->line.text);
    } else if (a->prompt == PROMPT_FIND) {
        find_from_start(a, v, a->line.text);
    }
}

static void push_filter_undo(struct app *a)
{
    struct undo_step step = {.kind = UNDO_FILTER};
    snprintf(step.before, sizeof step.before, "%.*s", UNDO_TEXT - 1,
             a->latents.filter_was);
    snprintf(step.after, sizeof step.after, "%.*s", UNDO_TEXT - 1, a->latents.filter);
    if (strcmp(step.before, step.after) != 0) {
        undo_push(&a->undo, &step);
    }
}

static void accept_prompt(struct app *a, const struct session_view *v)
{
    const enum prompt_kind kind = a->prompt;
    char text[LINE_CAP];
    memcpy(text, a->line.text, a->line.len + 1);
    if (kind == PROMPT_FILTER && !latents_set_filter(a, v, text)) {
        app_say(a, true, "filter: %s (column %zu)", a->latents.filter_error,
                a->latents.filter_error_at + 1);
        return; /* stays open */
    }
    a->prompt = PROMPT_NONE;
    switch (kind) {
    case PROMPT_COMMAND: app_run(a, v, text); break;
    case PROMPT_FIND: find_from_start(a, v, text); break;
    case PROMPT_FILTER:
        push_filter_undo(a);
        latents_say_waiting(a, v);
        break;
    case PROMPT_NOTE:
        if (text[0]) {
            struct command *c = app_emit(a, COMMAND_NOTE);
            if (c) {
                snprintf(c->text, sizeof c->text, "%.1000s", text);
            }
        }
        break;
    case PROMPT_LABEL: app_label(a, v, text); break;
    case PROMPT_HELP_FILTER: help_set_filter(a, v, text); break;
    case PROMPT_NONE:
    case PROMPT_KINDS: break;
    }
}

static void cancel_prompt(struct app *a, const struct session_view *v)
{
    if (a->prompt == PROMPT_FIND) {
        find_from_start(a, v, "");
    } else if (a->prompt == PROMPT_FILTER) {
        latents_set_filter(a, v, a->latents.filter_was);
    } else if (a->prompt == PROMPT_HELP_FILTER) {
        help_set_filter(a, v, "");
    }
    a->latents.filter_error[0] = '\0';
    a->prompt = PROMPT_NONE;
}

static void prompt_key(struct app *a, const struct session_view *v, uint32_t key)
{
    if (key == KEY_F1_) {
        cancel_prompt(a, v);
        help_open(a, v, "");
        return;
    }
    switch (line_key(&a->line, key)) {
    case LINE_ACCEPT: accept_prompt(a, v); break;
    case LINE_CANCEL: cancel_prompt(a, v); break;
    case LINE_CHANGED: preview(a, v); break;
    case LINE_MOVED:
    case LINE_IGNORED: break;
    }
}

/* ---- events ---- */

/* A key that does nothing here, but something on another screen. */
static void say_elsewhere(struct app *a, uint32_t key)
{
    const struct key_entry *k = keymap_find_elsewhere(key);
    char name[32];
    if (k) {
        key_name(key, name, sizeof name);
        app_say(a, false, "%s is a key of %s; here :%s%s%s does it", name,
                screen_at(k->screen)->title, k->command, k->preset[0] ? " " : "",
                k->preset);
    }
}

static void normal_key(struct app *a, const struct session_view *v, uint32_t key)
{
    if (app_is_live_card(a) && !card_takes(key)) {
        return;
    }
    const enum screen_id screen = app_is_live_card(a) ? SCREEN_TRAIN : a->screen;
    const struct key_entry *k = keymap_find_key(screen, key);
    if (k) {
        app_dispatch(a, v, k, k->preset);
    } else {
        say_elsewhere(a, key);
    }
}

static void key_event(struct app *a, const struct session_view *v, uint32_t key)
{
    dismiss(a, v);
    if (a->prompt != PROMPT_NONE) {
        prompt_key(a, v, key);
    } else if (a->help.open) {
        help_key(a, v, key);
    } else if (a->leaving != STAYING) {
        leave_key(a, v, key);
    } else {
        normal_key(a, v, key);
    }
}

/* Text, never keys: without a box for it, it goes nowhere. */
static void paste_event(struct app *a, const struct session_view *v,
                        const struct event *ev)
{
    a->message[0] = '\0';
    if (a->prompt == PROMPT_NONE) {
        app_say(a, true, "pasted text ignored: no text box is open");
        return;
    }
    bool whole = true;
    if (line_paste(&a->line, ev->text, ev->text_n, &whole) == LINE_CHANGED) {
        preview(a, v);
    }
    if (!whole || ev->cut) {
        app_say(a, true, "pasted text cut to what the line holds");
    }
}

/* What the pointer is on; NULL: nothing that reacts. */
static const struct hit *hit_at(const struct app *a, int x, int y)
{
    for (size_t i = a->n_hits; i-- > 0;) {
        if (rect_holds(a->hit[i].r, x, y)) {
            return &a->hit[i];
        }
    }
    return NULL;
}

static void mouse_on_frame(struct app *a, const struct session_view *v,
                           const struct hit *hit)
{
    const struct key_entry *k = NULL;
    if (hit->kind == HIT_TAB) {
        app_go(a, v, (enum screen_id)hit->a);
    } else if (hit->kind == HIT_HELP) {
        help_open(a, v, "");
    } else if (hit->kind == HIT_HINT && (k = keymap_at((size_t)hit->a)) != NULL) {
        app_choose(a, v, k);
    } else if (hit->kind == HIT_PANE) {
        a->focus[a->screen] = hit->a;
    }
}

static void mouse_in_help(struct app *a, const struct session_view *v,
                          const struct hit *hit, const struct event *ev)
{
    if (ev->mouse == MOUSE_WHEEL_UP || ev->mouse == MOUSE_WHEEL_DOWN) {
        list_wheel(&a->help.list, ev->mouse == MOUSE_WHEEL_UP ? -3 : 3);
    } else if (hit && hit->kind == HIT_HELP_LINE && ev->mouse == MOUSE_PRESS) {
        const size_t was = a->help.list.cursor;
        if (list_click(&a->help.list, hit->a) && a->help.list.cursor == was) {
            help_enter(a, v);
        }
    } else if (ev->mouse == MOUSE_PRESS && (!hit || hit->kind != HIT_OVERLAY)) {
        help_close(a);
    }
}

static void mouse_event(struct app *a, const struct session_view *v,
                        const struct event *given)
{
    const struct hit *hit = hit_at(a, given->x, given->y);
    /* Only curves know a double click; elsewhere it is a second one. */
    struct event own = *given;
    if (own.mouse == MOUSE_DOUBLE && (!hit || hit->kind != HIT_PLOT)) {
        own.mouse = MOUSE_PRESS;
    }
    const struct event *ev = &own;
    if (ev->mouse == MOUSE_PRESS) {
        dismiss(a, v);
        a->has_pressed = hit != NULL;
        if (hit) {
            a->pressed = *hit;
        }
    }
    if (a->leaving != STAYING || a->prompt != PROMPT_NONE) {
        return; /* a question is answered by key */
    }
    if (a->help.open) {
        mouse_in_help(a, v, hit, ev);
        return;
    }
    if (!hit) {
        return;
    }
    const struct hit on = *hit; /* what follows may draw or change the list */
    if (ev->mouse == MOUSE_PRESS) {
        mouse_on_frame(a, v, &on);
    }
    if (!app_is_live_card(a)) {
        screen_at(a->screen)->mouse(a, v, &on, ev);
    }
}

static void keep_message(struct app *a, const struct session_view *v, const char *text,
                         bool bad)
{
    struct message_log *log = &a->log;
    if (!text[0]) {
        return;
    }
    struct message *m = &log->at[log->n++ % MESSAGES];
    m->step = v->step;
    m->bad = bad;
    snprintf(m->text, sizeof m->text, "%s", text);
}

/* What this event made the interface or the session say: once, whatever comes while the
 * words still stand. The latest words are those that are shown. */
static void keep_messages(struct app *a, const struct session_view *v)
{
    const bool own = a->log.own != a->said;
    if (a->log.heard != v->said) {
        a->log.heard = v->said;
        keep_message(a, v, v->message, v->message_bad);
        a->message[0] = own ? a->message[0] : '\0';
    }
    if (own) {
        a->log.own = a->said;
        keep_message(a, v, a->message, a->message_bad);
    }
}

void app_update(struct app *a, const struct session_view *v, const struct event *ev)
{
    a->view = v;
    keep_messages(a, v); /* what was said between events */
    switch (ev->kind) {
    case EVENT_KEY: key_event(a, v, ev->key); break;
    case EVENT_MOUSE: mouse_event(a, v, ev); break;
    case EVENT_PASTE: paste_event(a, v, ev); break;
    case EVENT_RESIZE:
        a->w = ev->w;
        a->h = ev->h;
        break;
    case EVENT_LAPSE: dismiss(a, v); break;
    case EVENT_TICK:
    case EVENT_FOCUS:
    case EVENT_NONE: break;
    }
    for (int s = 0; s < SCREEN_COUNT; s++) {
        screen_at((enum screen_id)s)->sync(a, v);
    }
    leave_follow(a, v);
    keep_messages(a, v);
    a->view = NULL;
}

/* ---- drawing ---- */

/* How far the run is, at the end of the row `r` of which `used` columns are taken. */
static void prompt_progress(const struct session_view *v, struct canvas *c,
                            struct rect r, int used)
{
    char text[112];
    status_progress(v, r.w - used - 4, text, sizeof text);
    const int w = canvas_text_width(text);
    canvas_text(c, r.x + r.w - 1 - w, r.y, w, text, ROLE_TEXT, 0);
}

/* Cut text that is wider than w where its last part that fits ends: at a semicolon,
 * colon or comma. */
static void fit_clauses(char *text, int w)
{
    for (size_t n = strlen(text); n > 0 && canvas_text_width(text) > w;) {
        do {
            n--;
        } while (n > 0 && !(strchr(";:,", text[n]) && text[n + 1] == ' '));
        if (n > 0) {
            text[n] = '\0';
        }
    }
}

/* The last row while something is typed; above it, one line about it. */
static void prompt_view(const struct app *a, const struct session_view *v,
                        struct canvas *c, struct layout_frame f)
{
    static const char *const signs[PROMPT_KINDS] = {
        [PROMPT_NONE] = "",         [PROMPT_COMMAND] = ":",
        [PROMPT_FIND] = "/",        [PROMPT_FILTER] = "&",
        [PROMPT_NOTE] = "note: ",   [PROMPT_LABEL] = "label: ",
        [PROMPT_HELP_FILTER] = "/",
    };
    if (a->prompt == PROMPT_NONE) {
        return;
    }
    const struct rect r = f.hints.h ? f.hints : f.body;
    line_draw(c, r.x, r.y, r.w, signs[a->prompt], &a->line);
    if (a->line.cycling && f.status.h) {
        candidates_view(a, c, f.status);
        return;
    }
    char help[200] = "";
    const bool broken = a->prompt == PROMPT_FILTER && a->latents.filter_error[0];
    if (broken) {
        snprintf(help, sizeof help, "%s (column %zu)", a->latents.filter_error,
                 a->latents.filter_error_at + 1);
    } else {
        cmdline_help(a, a->line.text, help, sizeof help);
    }
    if (help[0] && f.status.h) {
        fit_clauses(help, f.status.w - 2);
        canvas_fill(c, f.status, ' ', ROLE_TEXT, 0);
        canvas_text(c, f.status.x + 1, f.status.y, f.status.w - 1, help,
                    broken ? ROLE_BAD : ROLE_DIM, 0);
        prompt_progress(v, c, f.status, canvas_text_width(help));
    }
}

/* What is being opened, once and whole, over the empty panes. */
static void loading_view(const struct session_view *v, struct canvas *c)
{
    if (v->state != SESSION_LOADING) {
        return;
    }
    const struct rect r = layout_dialog(c->w, c->h, 62, 5);
    canvas_fill(c, r, ' ', ROLE_TEXT, 0);
    const struct rect in = canvas_box(c, r, "one moment", NULL, true);
    canvas_textf(c, in.x + 1, in.y, in.w - 2, ROLE_TEXT, 0, "loading: %s", v->loading);
    canvas_text(c, in.x + 1, in.y + 2, in.w - 2,
                "? explains keys, measures and ideas meanwhile", ROLE_DIM, 0);
}

void app_view(struct app *a, const struct session_view *v, struct canvas *c)
{
    a->n_hits = 0;
    canvas_clear(c);
    const enum layout_kind kind = layout_kind(c->w, c->h);
    const struct layout_frame f = layout_frame(c->w, c->h);
    if (kind < LAYOUT_FULL) {
        card_view(a, v, c);
    } else {
        tabs_view(a, c, f.tabs);
        screen_at(a->screen)->view(a, v, c, f.body, kind == LAYOUT_WIDE);
        loading_view(v, c);
        status_view(a, v, c, f.status);
        if (!a->help.open) {
            hints_view(a, v, c, f.hints);
        }
    }
    if (a->help.open) {
        help_view(a, v, c);
    }
    leave_view(a, v, c);
    say_view(a, v, c, f);
    prompt_view(a, v, c, f);
}
