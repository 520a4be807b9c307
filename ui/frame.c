#include "ui/frame.h"

#include "ui/cmdline.h"
#include "ui/finder.h"
#include "ui/help.h"
#include "ui/leave.h"
#include "ui/livecard.h"
#include "ui/startcard.h"
#include "ui/statusline.h"
#include "ui/steer.h"
#include "ui/text.h"
#include "ui/whichkey.h"

#include <stdio.h>
#include <string.h>

/* ---- the prompt ---- */

/* Preview the effect of a line while it is typed. */
static void preview(struct app *a, const struct session_view *v)
{
    if (a->prompt->preview) {
        a->prompt->preview(a, v, a->line.text);
    }
}

static void accept_prompt(struct app *a, const struct session_view *v)
{
    const struct prompt_def *p = a->prompt;
    char text[LINE_CAP];
    memcpy(text, a->line.text, a->line.len + 1);
    if (p->check && !p->check(a, v, text)) {
        return; /* stays open */
    }
    a->prompt = NULL;
    p->accept(a, v, text);
}

static void cancel_prompt(struct app *a, const struct session_view *v)
{
    const struct prompt_def *p = a->prompt;
    a->prompt = NULL;
    if (p->cancel) {
        p->cancel(a, v);
    }
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

/* Say what a key that does nothing here does on other screens. What can be done from
 * here is offered with its command. */
static void say_elsewhere(struct app *a, const struct session_view *v, uint32_t key)
{
    const struct screen_def *owner = NULL;
    const struct key_entry *k = keymap_find_elsewhere(a->screens, key, &owner);
    char name[32], screens[160];
    key_name(key, name, sizeof name);
    keymap_screens_of_key(a->screens, key, screens, sizeof screens);
    if (screens[0] && !(k && !action_may(k->action, a, v))) {
        app_say(a, false, "%s is a key of %s", name, screens);
    } else if (!k) {
        app_say(a, false, "%s does nothing   (" KEY_OF("help") " lists the keys)",
                name);
    } else {
        app_say(a, false, "%s is a key of %s; here :%s%s%s does it", name, owner->title,
                k->action->command, k->preset[0] ? " " : "", k->preset);
    }
}

static void refused_error(const struct app *a, char *out, size_t cap)
{
    snprintf(out, cap, "%s   (Esc)", a->refused);
}

static void refused_accept(struct app *a, const struct session_view *v,
                           const char *text)
{
    (void)v, (void)text;
    app_say(a, true, "%s", a->refused);
}

/* The prompt shown in place of one that is refused now. */
static const struct prompt_def prompt_refused = {
    .sign = "", .error = refused_error, .accept = refused_accept};

/* A user who presses a key that opens a prompt types on before reading why it is
 * refused: the letters then go into a line that does nothing, instead of one by one to
 * the screen. */
static bool refuse_text(struct app *a, const struct session_view *v,
                        const struct key_entry *k)
{
    char args[120];
    const char *why = action_may(k->action, a, v);
    keymap_args(a->screens, k->action, args, sizeof args);
    if (!why || k->preset[0] || !(strstr(args, "TEXT") || strstr(args, "EXPRESSION"))) {
        return false;
    }
    char reason[160];
    app_words(a, why, reason, sizeof reason);
    snprintf(a->refused, sizeof a->refused, "%s: %s", k->action->command, reason);
    app_open_prompt(a, &prompt_refused, "", "");
    return true;
}

/* Whether a screen's text box may have a key. */
static bool is_for_text(const struct key_entry *k, uint32_t key)
{
    const bool letter = key >= ' ' && key < KEY_FIRST_SPECIAL;
    return letter || !k || !k->action->leads_out;
}

static void press(struct app *a, const struct session_view *v,
                  const struct key_entry *k)
{
    if (!refuse_text(a, v, k)) {
        app_dispatch(a, v, k, k->preset);
    }
}

/* Say that the card of a small terminal does not take a key. */
static void say_too_small(struct app *a, uint32_t key)
{
    char name[32];
    key_name(key, name, sizeof name);
    app_say(a, false, "%s needs %dx%d; this is %dx%d", name, FULL_W, FULL_H, a->w,
            a->h);
}

static void normal_key(struct app *a, const struct session_view *v, uint32_t key)
{
    const bool card = app_is_live_card(a);
    const struct screen_def *screen = card ? app_home(a) : a->screen;
    const struct key_entry *k = keymap_find_key(a->screens, screen, key);
    if (card && !(k && k->action->in_card)) {
        say_too_small(a, key);
        return;
    }
    if (!card && a->screen->type && is_for_text(k, key) && a->screen->type(a, v, key)) {
        return;
    }
    if (k) {
        press(a, v, k);
    } else if (keymap_begins(a->screens, screen, key)) {
        a->after = key;
    } else {
        say_elsewhere(a, v, key);
    }
}

/* Handle the second key of two. */
static void second_key(struct app *a, const struct session_view *v, uint32_t after,
                       uint32_t key)
{
    const uint32_t both = KEY_THEN(after, key);
    const struct key_entry *k = keymap_find_key(a->screens, a->screen, both);
    char first[24], names[48];
    const struct key_entry *alone = keymap_find_key(a->screens, a->screen, key);
    if (k) {
        press(a, v, k);
    } else if (!is_for_text(alone, key)) { /* F1 always helps */
        normal_key(a, v, key);
    } else if (key != KEY_ESC_) {
        key_name(after, first, sizeof first);
        key_name(both, names, sizeof names);
        app_say(a, true, "%s does nothing; what may follow %s is shown after a pause",
                names, first);
    }
}

static void forget_first_key(struct app *a)
{
    a->after = 0;
    a->which = false;
}

static void key_event(struct app *a, const struct session_view *v, uint32_t key)
{
    const uint32_t after = a->after;
    app_dismiss(a, v);
    forget_first_key(a);
    if (a->prompt) {
        prompt_key(a, v, key);
    } else if (a->finder.open) {
        finder_key(a, v, key);
    } else if (a->help.open) {
        help_key(a, v, key);
    } else if (a->leaving != STAYING) {
        leave_key(a, v, key);
    } else if (after) {
        second_key(a, v, after, key);
    } else {
        normal_key(a, v, key);
    }
}

/* A paste is text, never keys: without a box for it, it goes nowhere. */
static void paste_event(struct app *a, const struct session_view *v,
                        const struct event *ev)
{
    a->message[0] = '\0';
    if (a->finder.open && !a->prompt) {
        finder_paste(a, v, ev);
        return;
    }
    const bool free =
        !a->prompt && !a->help.open && a->leaving == STAYING && !app_is_live_card(a);
    if (free && a->screen->paste &&
        a->screen->paste(a, v, ev->text, ev->text_n, ev->cut)) {
        return;
    }
    if (!a->prompt) {
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

/* The area under the pointer; NULL: none that reacts. */
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
        app_go(a, v, a->screens->row[hit->a]);
    } else if (hit->kind == HIT_HELP) {
        help_open(a, v, "");
    } else if (hit->kind == HIT_FIND) {
        app_run(a, v, action_finder.command);
    } else if (hit->kind == HIT_HINT &&
               (k = keymap_at(a->screens, (size_t)hit->a)) != NULL) {
        cmdline_choose(a, v, k);
    } else if (hit->kind == HIT_PANE) {
        *app_focus(a, a->screen) = hit->a;
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
    /* Only curves take a double click; elsewhere it counts as a second click. */
    struct event own = *given;
    if (own.mouse == MOUSE_DOUBLE && (!hit || hit->kind != HIT_PLOT)) {
        own.mouse = MOUSE_PRESS;
    }
    const struct event *ev = &own;
    if (ev->mouse == MOUSE_PRESS) {
        app_dismiss(a, v);
        a->has_pressed = hit != NULL;
        if (hit) {
            a->pressed = *hit;
        }
    }
    if (ev->mouse == MOUSE_PRESS) {
        forget_first_key(a);
    }
    if (a->leaving != STAYING || a->prompt) {
        return; /* a question is answered by key */
    }
    if (a->finder.open) {
        finder_mouse(a, v, hit, ev);
        return;
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
    if (!app_is_live_card(a) && a->screen->mouse) {
        a->screen->mouse(a, v, &on, ev);
    }
}

static void keep_message(struct app *a, const struct session_view *v, const char *text,
                         bool bad)
{
    struct message_log *log = &a->log;
    if (!text[0]) {
        return;
    }
    struct message *last = log->n ? &log->at[(log->n - 1) % MESSAGES] : NULL;
    const bool again = last && last->bad == bad && !strcmp(last->text, text);
    struct message *m = again ? last : &log->at[log->n++ % MESSAGES];
    m->times = again ? m->times + 1 : 1;
    m->step = v->step;
    m->bad = bad;
    snprintf(m->text, sizeof m->text, "%s", text);
}

/* Keep the messages that came with this event, each once, even if later events come
 * while it is still shown. The last one is the one shown. */
static void keep_messages(struct app *a, const struct session_view *v)
{
    const bool own = a->log.own != a->said;
    if (a->log.heard != v->said) {
        /* All messages since: an answer is not lost to the one that followed it. */
        uint64_t n = v->said > VIEW_SAID ? v->said - VIEW_SAID : 0;
        for (n = n > a->log.heard ? n : a->log.heard; n < v->said; n++) {
            const struct said_view *one = &v->spoken[(n + 1) % VIEW_SAID];
            keep_message(a, v, one->text, one->bad);
        }
        a->log.heard = v->said;
        a->message[0] = own ? a->message[0] : '\0';
    }
    if (own) {
        a->log.own = a->said;
        keep_message(a, v, a->message, a->message_bad);
    }
}

/* Call sync of the opened screens, in the order of the table. */
static void sync_screens(struct app *a, const struct session_view *v)
{
    for (size_t i = 0; i < a->screens->n; i++) {
        const struct screen_def *s = a->screens->row[i];
        const bool searched = a->finder.open && s->found != NULL;
        const bool shown = s == a->screen || s == a->screen->base || searched;
        if (s->sync && (shown || a->slot[i].opened)) {
            s->sync(a, v, shown);
        }
        int *focus = &a->slot[i].focus;
        *focus = *focus < app_panes(a, s) ? *focus : 0;
    }
}

void app_update(struct app *a, const struct session_view *v, const struct event *ev)
{
    keep_messages(a, v); /* what was said between events */
    switch (ev->kind) {
    case EVENT_KEY: key_event(a, v, ev->key); break;
    case EVENT_MOUSE: mouse_event(a, v, ev); break;
    case EVENT_PASTE: paste_event(a, v, ev); break;
    case EVENT_RESIZE:
        if (a->w != ev->w || a->h != ev->h) { /* it was said of another picture */
            a->message[0] = '\0';
        }
        a->w = ev->w;
        a->h = ev->h;
        break;
    case EVENT_LAPSE: app_dismiss(a, v); break;
    case EVENT_PAUSE: a->which = a->after != 0; break;
    case EVENT_TICK:
    case EVENT_FOCUS:
    case EVENT_NONE: break;
    }
    steer_sync(a, v);
    sync_screens(a, v);
    if (ev->kind != EVENT_KEY && ev->kind != EVENT_MOUSE) { /* they look themselves */
        finder_sync(a, v);
    }
    leave_follow(a, v);
    keep_messages(a, v);
}

/* ---- drawing ---- */

/* Draw how far the run is at the end of row `r`, of which `used` columns are taken. */
static void prompt_progress(const struct session_view *v, struct canvas *c,
                            struct rect r, int used)
{
    char text[112];
    status_progress(v, r.w - used - 4, text, sizeof text);
    const int w = canvas_text_width(text);
    canvas_text(c, r.x + r.w - 1 - w, r.y, w, text, ROLE_TEXT, 0);
}

enum { PROMPT_ROWS = 4, PROMPT_WORDS = 320 };

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

/* Draw what is wrong with what is typed, in as many rows as it needs, the last of them
 * `last`. Returns the columns that it takes there. */
static int prompt_wrong(struct canvas *c, struct rect last, const char *text)
{
    const char *row[PROMPT_ROWS];
    size_t n = 0, left = strlen(text);
    for (; left > 0 && n < PROMPT_ROWS; n++) {
        const size_t cut = text_fit(text, left, last.w - 2);
        row[n] = text;
        text += cut;
        left -= cut;
    }
    for (size_t i = 0; i < n; i++) {
        const int len = (int)((i + 1 < n ? row[i + 1] : text + left) - row[i]);
        const struct rect r = {last.x, last.y - (int)(n - 1 - i), last.w, 1};
        canvas_fill(c, r, ' ', ROLE_TEXT, 0);
        canvas_textf(c, r.x + 1, r.y, r.w - 1, ROLE_BAD, 0, "%.*s", len,
                     row[i] + strspn(row[i], " "));
    }
    return n ? canvas_text_width(row[n - 1]) : 0;
}

/* Draw the last row while something is typed, and above it a line about it. */
static void prompt_view(const struct app *a, const struct session_view *v,
                        struct canvas *c, struct layout_frame f)
{
    if (!a->prompt) {
        return;
    }
    const struct rect r = f.hints.h ? f.hints : f.body;
    line_draw(c, r.x, r.y, r.w, a->prompt->sign, &a->line);
    if (a->line.cycling && f.status.h) {
        candidates_view(a, c, f.status);
        return;
    }
    char help[PROMPT_WORDS] = "";
    if (a->prompt->error) {
        a->prompt->error(a, help, sizeof help);
    }
    if (help[0] && f.status.h) {
        prompt_progress(v, c, f.status, prompt_wrong(c, f.status, help));
        return;
    }
    prompt_help(a, help, sizeof help);
    if (help[0] && f.status.h) {
        fit_clauses(help, f.status.w - 2);
        canvas_fill(c, f.status, ' ', ROLE_TEXT, 0);
        canvas_text(c, f.status.x + 1, f.status.y, f.status.w - 1, help, ROLE_DIM, 0);
        prompt_progress(v, c, f.status, canvas_text_width(help));
    }
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
        a->screen->view(a, v, c, f.body, kind == LAYOUT_WIDE);
        const struct rect whole = {0, 0, c->w, c->h};
        startcard_loading(
            a, v, c,
            a->screen->card ? a->screen->card(a, f.body, kind == LAYOUT_WIDE) : whole);
        status_view(a, v, a->screen, c, f.status);
        if (!a->help.open && !a->finder.open) {
            hints_view(a, v, a->screen, c, f.hints);
        }
    }
    if (a->finder.open) {
        finder_view(a, v, c);
    } else if (a->help.open) {
        help_view(a, v, c);
    }
    which_view(a, v, c, f);
    leave_view(a, v, c);
    say_view(a, v, c, f);
    prompt_view(a, v, c, f);
}
