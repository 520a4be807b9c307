#include "ui/app.h"

#include "base/fuzzy.h"
#include "base/mem.h"
#include "ui/text.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

static enum err open_slots(struct app *a, struct errinfo *e)
{
    const struct screen_table *t = a->screens;
    TRY(mem_new(&a->slot, t->n, sizeof *a->slot, "screens", e));
    for (size_t i = 0; i < t->n; i++) {
        const struct screen_def *s = t->row[i];
        if (s->state_size) {
            unsigned char *state = NULL;
            TRY(mem_new(&state, s->state_size, 1, "a screen", e));
            a->slot[i].state = state;
        }
        if (s->init) {
            s->init(a->slot[i].state);
        }
    }
    return OK;
}

enum err app_init(struct app *a, const struct screen_table *screens, int w, int h,
                  enum glyph_tier tier, enum theme_id theme, struct errinfo *e)
{
    assert(screens->n >= 1 && screens->n <= SCREENS_MAX);
    memset(a, 0, sizeof *a);
    a->screens = screens;
    a->screen = screens->row[0];
    a->w = w;
    a->h = h;
    a->tier = tier;
    a->theme = theme;
    a->mouse = true;
    a->smooth = 0.6;
    for (size_t i = 0; i < VIEW_CONDS; i++) {
        a->steer.asked_rate[i] = a->steer.rate_on[i] = (double)NAN;
    }
    TRY(open_slots(a, e));
    a->slot[0].opened = true;
    return OK;
}

void app_deinit(struct app *a)
{
    for (size_t i = 0; i < APP_HISTORIES; i++) {
        line_history_deinit(&a->history[i].lines);
    }
    for (size_t i = 0; a->slot && i < a->screens->n; i++) {
        if (a->slot[i].state && a->screens->row[i]->deinit) {
            a->screens->row[i]->deinit(a->slot[i].state);
        }
        mem_free(a->slot[i].state);
    }
    mem_free(a->slot);
    a->slot = NULL;
}

/* ---- screens ---- */

static struct screen_slot *slot_of(const struct app *a, const struct screen_def *screen)
{
    size_t i = 0;
    while (i + 1 < a->screens->n && a->screens->row[i] != screen) {
        i++;
    }
    assert(a->screens->row[i] == screen);
    return &a->slot[i];
}

void *app_state(const struct app *a, const struct screen_def *screen)
{
    return slot_of(a, screen)->state;
}

bool app_is_silenced(const struct app *a, int32_t latent)
{
    return a->screens->is_silenced && a->screens->is_silenced(a, latent);
}

void app_come_back(struct app *a, const struct screen_def *screen)
{
    slot_of(a, a->screen)->back = screen;
}

const struct screen_def *app_up(const struct app *a)
{
    const struct screen_def *back = slot_of(a, a->screen)->back;
    return back ? back : a->screen->up;
}

int *app_focus(const struct app *a, const struct screen_def *screen)
{
    return &slot_of(a, screen)->focus;
}

int app_panes(const struct app *a, const struct screen_def *screen)
{
    const bool wide = layout_kind(a->w, a->h) == LAYOUT_WIDE;
    return wide ? screen->panes_wide : screen->panes;
}

void app_go(struct app *a, const struct session_view *v,
            const struct screen_def *screen)
{
    a->screen = screen;
    slot_of(a, screen)->opened = true;
    slot_of(a, screen)->back = NULL;
    if (screen->base) {
        slot_of(a, screen->base)->opened = true;
    }
    a->help.open = false;
    a->finder.open = false;
    if (screen->sync) {
        screen->sync(a, v, true);
    }
}

bool app_has_opened(const struct app *a, const struct screen_def *screen)
{
    return slot_of(a, screen)->opened;
}

const struct screen_def *app_home(const struct app *a)
{
    return a->screens->row[0];
}

const struct screen_def *app_screen_that(const struct app *a,
                                         bool (*is)(const struct screen_def *))
{
    size_t i = 0;
    if (is(a->screen)) {
        return a->screen;
    }
    while (!is(a->screens->row[i])) {
        i++;
    }
    return a->screens->row[i];
}

bool app_is_live_card(const struct app *a)
{
    return layout_kind(a->w, a->h) < LAYOUT_FULL;
}

void app_hit(struct app *a, struct rect r, int kind, int arg)
{
    if (a->n_hits < APP_HITS && r.w > 0 && r.h > 0) {
        a->hit[a->n_hits++] = (struct hit){r, kind, arg};
    }
}

bool app_pressed_on(const struct app *a, const struct hit *hit)
{
    return a->has_pressed && a->pressed.kind == hit->kind && a->pressed.a == hit->a;
}

/* ---- saying and asking ---- */

void app_words(const struct app *a, const char *text, char *out, size_t cap)
{
    const struct screen_def *on = app_is_live_card(a) ? app_home(a) : a->screen;
    keymap_text(a->screens, on, text, out, cap);
}

int app_text(const struct app *a, struct canvas *c, int x, int y, int max_cols,
             const char *text, enum role role)
{
    char words[400];
    app_words(a, text, words, sizeof words);
    return canvas_text(c, x, y, max_cols, words, role, 0);
}

void app_say(struct app *a, bool bad, const char *fmt, ...)
{
    va_list ap;
    char text[sizeof a->message];
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    app_words(a, text, a->message, sizeof a->message);
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

void app_dismiss(struct app *a, const struct session_view *v)
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

/* ---- prompts ---- */

struct line_history *app_history(struct app *a, const char *word)
{
    for (size_t i = 0; word && i < APP_HISTORIES; i++) {
        struct prompt_history *h = &a->history[i];
        h->of = h->of ? h->of : word;
        if (!strcmp(h->of, word)) {
            return &h->lines;
        }
    }
    return NULL;
}

/* Completion by the words of the prompt that is open. */
static bool complete(void *ctx, const char *text, size_t cursor, size_t nth, char *out,
                     size_t cap, size_t *start)
{
    const struct app *a = ctx;
    size_t at = cursor;
    while (at > 0 && !strchr(" !|&", text[at - 1])) {
        at--;
    }
    const size_t typed = cursor - at;
    const char *word = NULL;
    for (size_t i = 0; (word = a->prompt->word(a, text, at, i)) != NULL; i++) {
        if (!strncmp(word, text + at, typed) && nth-- == 0) {
            snprintf(out, cap, "%s", word);
            *start = at;
            return true;
        }
    }
    return false;
}

void app_open_prompt(struct app *a, const struct prompt_def *prompt, const char *text,
                     const char *offer)
{
    a->prompt = prompt;
    line_begin(&a->line, text, app_history(a, prompt->history),
               prompt->word ? complete : NULL, a);
    line_offer(&a->line, offer);
}

/* ---- layout and undo ---- */

struct layouts {
    unsigned char of[SCREENS_MAX][SCREEN_LAYOUT];
};

static void take_layouts(const struct app *a, struct layouts *l)
{
    memset(l, 0, sizeof *l);
    for (size_t i = 0; i < a->screens->n; i++) {
        if (a->screens->row[i]->layout) {
            a->screens->row[i]->layout(a, l->of[i]);
        }
    }
}

static void undo_layout(struct app *a, const struct session_view *v,
                        const struct undo_step *s, bool back)
{
    s->screen->set_layout(a, v, back ? s->was : s->is);
}

static void which_layout(const struct app *a, const struct undo_step *s, bool back,
                         char *out, size_t cap)
{
    (void)a;
    (void)back;
    out[0] = '\0';
    if (s->screen->say_layout) {
        s->screen->say_layout(s->was, s->is, out, cap);
    }
}

static const struct undo_kind layout_kind_of_undo = {"a change of the layout",
                                                     undo_layout, which_layout};

/* Push a step for each screen whose layout has changed. */
static void push_layouts(struct app *a, const struct layouts *was)
{
    struct layouts is;
    take_layouts(a, &is);
    for (size_t i = 0; i < a->screens->n; i++) {
        if (memcmp(was->of[i], is.of[i], SCREEN_LAYOUT) != 0) {
            struct undo_step step = {.kind = &layout_kind_of_undo,
                                     .screen = a->screens->row[i]};
            memcpy(step.was, was->of[i], SCREEN_LAYOUT);
            memcpy(step.is, is.of[i], SCREEN_LAYOUT);
            undo_push(&a->undo, &step);
        }
    }
}

/* "a label #12, now dog", "a change of the layout of Train" */
static void undo_text(const struct app *a, const struct undo_step *s, bool back,
                      char *out, size_t cap)
{
    const size_t n =
        (size_t)snprintf(out, cap, "%s%s%s%s", s->kind->name, s->screen ? " of " : "",
                         s->screen ? s->screen->title : "",
                         s->kind->which && s->kind->name[0] ? " " : "");
    if (s->kind->which && n < cap) {
        s->kind->which(a, s, back, out + n, cap - n);
    }
}

void app_undo(struct app *a, const struct session_view *v, bool back)
{
    const struct undo_step *s = back ? undo_back(&a->undo) : undo_forward(&a->undo);
    if (!s) {
        return;
    }
    const uint64_t said = a->said;
    s->kind->apply(a, v, s, back);
    if (a->said == said || !a->message_bad) { /* otherwise it could not, and said why */
        char what[2 * UNDO_TEXT];
        undo_text(a, s, back, what, sizeof what);
        app_say(a, false,
                back ? "undone: %s   (" KEY_OF("redo") " does it again)"
                     : "done again: %s",
                what);
    }
}

/* ---- commands ---- */

const char *action_may(const struct action *action, const struct app *a,
                       const struct session_view *v)
{
    return action->may ? action->may(a, v) : NULL;
}

void app_dispatch(struct app *a, const struct session_view *v,
                  const struct key_entry *k, const char *args)
{
    const char *reason = action_may(k->action, a, v);
    if (reason) {
        char text[sizeof a->message];
        text_reason(reason, text, sizeof text);
        app_say(a, true, "%s: %s", k->action->command, text);
        return;
    }
    /* Any command that changes the layout becomes a step of undo here, so that commands
     * need not do it themselves. One that ran another command has its step already, and
     * undo itself makes none. */
    const size_t pushed = a->undo.pushed, done = a->undo.done;
    struct layouts was;
    take_layouts(a, &was);
    k->action->run(a, v, args);
    if (a->undo.pushed == pushed && a->undo.done == done) {
        push_layouts(a, &was);
    }
}

/* Write the command that may have been meant by an unknown word: the one that takes it
 * as an argument ("set theme" for "theme"), or one that is spelt nearly so. */
static bool command_meant(const struct app *a, const char *word, char *out, size_t cap)
{
    enum { WORDS = 64 }; /* an action's fixed words are far fewer; some list runs */
    char near[FUZZY_NEAR_MAX];
    int best = FUZZY_NONE;
    for (size_t i = 0; i < keymap_count(a->screens); i++) {
        const struct action *does = keymap_at(a->screens, i)->action;
        char text[40];
        snprintf(text, sizeof text, "%s ", does->command);
        for (size_t k = 0; does->word && k < WORDS; k++) {
            const char *arg = does->word(a, text, k);
            if (!arg) {
                break;
            }
            if (!strcmp(arg, word)) {
                snprintf(out, cap, "%s%s", text, arg);
                return true;
            }
        }
        const int quality = fuzzy_loose(word, does->command, near);
        if (quality > best) {
            best = quality;
            snprintf(out, cap, "%s", does->command);
        }
    }
    return best > FUZZY_NONE;
}

static void say_unknown(struct app *a, const char *line, size_t n)
{
    char word[61], meant[80];
    snprintf(word, sizeof word, "%.*s", (int)(n < 60 ? n : 60), line);
    if (command_meant(a, word, meant, sizeof meant)) {
        app_say(a, true, "unknown command: %s; did you mean :%s?", word, meant);
    } else {
        app_say(a, true, "unknown command: %s   (" KEY_OF("help") " lists them)", word);
    }
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
    const struct key_entry *k = keymap_find_command(a->screens, a->screen, line, n);
    if (!k) {
        say_unknown(a, line, n);
        return;
    }
    const char *args = line + n;
    while (*args == ' ') {
        args++;
    }
    if (keymap_is_elsewhere(a->screens, a->screen, k, args)) {
        char screens[160];
        keymap_screens_of_command(a->screens, k->action->command, screens,
                                  sizeof screens);
        app_say(a, true, "%s is a command of %s: go there first", k->action->command,
                screens);
        return;
    }
    char taken[120];
    keymap_args(a->screens, k->action, taken, sizeof taken);
    if (*args && !taken[0]) {
        app_say(a, true, "%s takes nothing: found '%.60s'", k->action->command, args);
        return;
    }
    app_dispatch(a, v, k, args);
}

bool arg_integer(const char *text, int64_t *out)
{
    char *end = NULL;
    errno = 0;
    const long long n = strtoll(text, &end, 10);
    if (end == text || *end || errno) {
        return false;
    }
    *out = n;
    return true;
}

bool arg_number(const char *text, double *out)
{
    char *end = NULL;
    const double d = strtod(text, &end);
    if (end == text || *end || !isfinite(d)) {
        return false;
    }
    *out = d;
    return true;
}
