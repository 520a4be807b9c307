#include "ui/actions.h"

#include "ui/glyph.h"
#include "ui/screen.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct action_def defs[ACTION_COUNT] = {
#define ACTION_DEF(id, run, may) [ACTION_##id] = {run, may},
    ACTION_LIST(ACTION_DEF)
#undef ACTION_DEF
};

const struct action_def *action_def(enum action id)
{
    return &defs[id];
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

/* ---- whether ---- */

const char *may_always(const struct app *a, const struct session_view *v)
{
    (void)a;
    (void)v;
    return NULL;
}

const char *may_undo(const struct app *a, const struct session_view *v)
{
    (void)v;
    return a->undo.done ? NULL : "nothing to undo";
}

const char *may_redo(const struct app *a, const struct session_view *v)
{
    (void)v;
    return a->undo.done < a->undo.n ? NULL : "nothing to redo";
}

const char *may_export(const struct app *a, const struct session_view *v)
{
    if (a->screen == SCREEN_LATENTS && !latents_table(a, v)) {
        return "no table of latents yet";
    }
    if (a->screen == SCREEN_DETAIL && !v->detail) {
        return "no latent described yet";
    }
    if (a->screen == SCREEN_TRAIN && !v->arm[0].series[METRIC_LOSS].n) {
        return "nothing measured yet";
    }
    return NULL;
}

/* ---- screens and windows ---- */

void act_quit(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    app_leave(a, v);
}

void act_back(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    if (a->screen == SCREEN_TRAIN || app_is_live_card(a)) {
        app_leave(a, v);
    } else {
        app_go(a, v, a->screen == SCREEN_DETAIL ? SCREEN_LATENTS : SCREEN_TRAIN);
    }
}

void act_cancel(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    if (a->help.open) {
        help_close(a);
    } else if (a->screen == SCREEN_TRAIN) {
        if (isfinite(a->train.cursor)) {
            a->train.cursor = (double)NAN;
        } else {
            a->train.zoomed = false;
        }
    } else if (!app_is_live_card(a)) {
        app_go(a, v, a->screen == SCREEN_DETAIL ? SCREEN_LATENTS : SCREEN_TRAIN);
    }
}

void act_help(struct app *a, const struct session_view *v, const char *args)
{
    help_open(a, v, args);
}

void act_help_filter(struct app *a, const struct session_view *v, const char *args)
{
    if (!a->help.open) {
        help_open(a, v, args);
    } else if (args[0]) {
        help_set_filter(a, v, args);
    } else {
        app_open_prompt(a, PROMPT_HELP_FILTER, "", a->help.filter);
    }
}

void act_prompt(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    app_open_prompt(a, PROMPT_COMMAND, args, "");
}

void act_screen(struct app *a, const struct session_view *v, const char *args)
{
    for (int s = 0; s < SCREEN_COUNT; s++) {
        int64_t n = 0;
        if (!strcmp(screen_at((enum screen_id)s)->name, args) ||
            (arg_integer(args, &n) && n == s + 1)) {
            app_go(a, v, (enum screen_id)s);
            return;
        }
    }
    app_say(a, true, "screen: expected train, latents or detail");
}

/* Panes that Tab goes through. */
static int panes_of(const struct app *a)
{
    if (a->screen != SCREEN_TRAIN) {
        return screen_at(a->screen)->panes;
    }
    return layout_kind(a->w, a->h) == LAYOUT_WIDE ? 7 : 4;
}

void act_pane(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    const int n = panes_of(a);
    int *focus = &a->focus[a->screen];
    int64_t number = 0;
    if (!strcmp(args, "+")) {
        *focus = (*focus + 1) % n;
    } else if (!strcmp(args, "-")) {
        *focus = (*focus + n - 1) % n;
    } else if (arg_integer(args, &number) && number >= 1 && number <= n) {
        *focus = (int)number - 1;
    } else {
        app_say(a, true, "focus: expected 1 to %d", n);
    }
}

void act_move(struct app *a, const struct session_view *v, const char *args)
{
    if (a->help.open) {
        help_move(a, v, args);
    } else {
        screen_at(a->screen)->move(a, v, args);
    }
}

void act_enter(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    if (a->help.open) {
        help_enter(a, v);
    } else {
        screen_at(a->screen)->enter(a, v);
    }
}

/* ---- undo ---- */

static void apply_undo(struct app *a, const struct session_view *v,
                       const struct undo_step *s, bool back)
{
    const struct latent_table *t = NULL;
    switch (s->kind) {
    case UNDO_RATE:
        app_set_rate(a, v, s->arm, back ? s->rate_before : s->rate_after, 0);
        break;
    case UNDO_MARK:
        t = v->arm[s->arm].table;
        if (t) {
            latents_mark(a, s->arm, s->latent, t->F);
        }
        break;
    case UNDO_FILTER: latents_set_filter(a, v, back ? s->before : s->after); break;
    case UNDO_LABEL:
        app_set_label(a, s->arm, s->latent, back ? s->before : s->after);
        break;
    case UNDO_LAYOUT: app_set_layout(a, v, back ? &s->was : &s->is); break;
    }
}

static const char *undo_name(enum undo_kind kind)
{
    static const char *const names[] = {[UNDO_RATE] = "a masking rate",
                                        [UNDO_MARK] = "a mark",
                                        [UNDO_FILTER] = "a filter",
                                        [UNDO_LABEL] = "a label",
                                        [UNDO_LAYOUT] = "a change of the layout"};
    return names[kind];
}

void act_undo(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    const struct undo_step *s = undo_back(&a->undo);
    if (s) {
        apply_undo(a, v, s, true);
        app_say(a, false, "undone: %s   (Ctrl-R does it again)", undo_name(s->kind));
    }
}

void act_redo(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    const struct undo_step *s = undo_forward(&a->undo);
    if (s) {
        apply_undo(a, v, s, false);
        app_say(a, false, "done again: %s", undo_name(s->kind));
    }
}

/* ---- the program ---- */

void act_redraw(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    (void)args;
    app_ask(a, REQUEST_REDRAW);
}

void act_suspend(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    (void)args;
    app_ask(a, REQUEST_SUSPEND);
}

static bool set_option(struct app *a, const struct session_view *v, const char *name,
                       const char *value)
{
    int found = -1;
    if (!strcmp(name, "theme") && (found = theme_find(value)) >= 0) {
        a->theme = (enum theme_id)found;
    } else if (!strcmp(name, "glyphs") && (found = glyph_tier_find(value)) >= 0) {
        a->tier = (enum glyph_tier)found;
    } else if (!strcmp(name, "mouse") &&
               (!strcmp(value, "on") || !strcmp(value, "off"))) {
        a->mouse = value[1] == 'n';
    } else if (!strcmp(name, "smooth")) {
        act_smooth(a, v, value);
    } else {
        return false;
    }
    return true;
}

void act_set(struct app *a, const struct session_view *v, const char *args)
{
    char name[16], value[24];
    const int n = sscanf(args, "%15s %23s", name, value);
    if (n <= 0) {
        app_say(a, false, "theme %s   glyphs %s   mouse %s   smooth %.2f",
                theme_name(a->theme), glyph_tier_name(a->tier), a->mouse ? "on" : "off",
                a->train.smooth);
        return;
    }
    if (n != 2 || !set_option(a, v, name, value)) {
        app_say(
            a, true,
            "set: expected theme dark|light|contrast|mono, glyphs braille|block|ascii, "
            "mouse on|off or smooth 0..0.99");
        return;
    }
    app_ask(a, REQUEST_LOOK);
}

void act_shot(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    if (!args[0]) {
        app_say(a, true, "shot: expected a file name");
        return;
    }
    struct app_request *r = app_ask(a, REQUEST_SHOT);
    if (r) {
        snprintf(r->path, sizeof r->path, "%s", args);
    }
}

void act_events(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    help_open_list(a, v, HELP_EVENTS);
}

void act_messages(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    help_open_list(a, v, HELP_MESSAGES);
}

void act_save_config(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    if (!args[0]) {
        app_say(a, true, "save-config: expected a file name");
        return;
    }
    struct command *c = app_emit(a, COMMAND_SAVE_CONFIG);
    if (c) {
        snprintf(c->text, sizeof c->text, "%.1000s", args);
    }
}

/* Without a name, offer one to be accepted or changed. */
void act_export(struct app *a, const struct session_view *v, const char *args)
{
    const size_t n = strlen(args);
    if (args[0] && (n < 5 || strcmp(args + n - 4, ".csv") != 0)) {
        app_say(a, true, "export: found '%.60s', expected a name ending in .csv", args);
        return;
    }
    if (args[0]) {
        struct app_request *r = app_ask(a, REQUEST_EXPORT);
        if (r) {
            snprintf(r->path, sizeof r->path, "%s", args);
        }
        return;
    }
    char name[96];
    if (a->screen == SCREEN_LATENTS) {
        const struct latent_table *t = latents_table(a, v);
        snprintf(name, sizeof name, "latents-%c-%lld.csv",
                 v->arm[a->latents.arm].letter, (long long)(t ? t->step : 0));
    } else if (a->screen == SCREEN_DETAIL) {
        snprintf(name, sizeof name, "latent-%d.csv", v->detail->latent);
    } else {
        snprintf(name, sizeof name, "curves-%lld.csv", (long long)v->step);
    }
    app_open_prompt(a, PROMPT_COMMAND, "export ", name);
}
