#include "ui/actions.h"

#include "session/session.h"
#include "ui/cmdline.h"
#include "ui/copy.h"
#include "ui/export.h"
#include "ui/finder.h"
#include "ui/help.h"
#include "ui/leave.h"
#include "ui/look.h"
#include "ui/steer.h"

#include <stdio.h>
#include <string.h>

/* ---- screens and windows ---- */

static void quit(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    leave_start(a, v);
}

static void back(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    if (a->screen->close && a->screen->close(a, v)) {
        return;
    }
    if (!app_up(a) || app_is_live_card(a)) {
        leave_start(a, v);
    } else {
        app_go(a, v, app_up(a));
    }
}

/* Where there is nowhere to go back to, `back` leaves the program. */
static const char *back_hint(const struct app *a)
{
    return app_up(a) && !app_is_live_card(a) ? "back" : NULL;
}

static void cancel(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    if (a->help.open) {
        help_close(a);
    } else if (a->screen->cancel && a->screen->cancel(a, v)) {
        return;
    } else if (app_up(a) && !app_is_live_card(a)) {
        app_go(a, v, app_up(a));
    }
}

static void help(struct app *a, const struct session_view *v, const char *args)
{
    help_open(a, v, args);
}

static void close_filter(struct app *a, const struct session_view *v)
{
    help_set_filter(a, v, "");
}

static const struct prompt_def help_prompt = {
    .sign = "/",
    .history = "help",
    .preview = help_set_filter,
    .accept = help_set_filter,
    .cancel = close_filter,
};

static void help_filter(struct app *a, const struct session_view *v, const char *args)
{
    if (!a->help.open) {
        help_open(a, v, args);
    } else if (args[0]) {
        help_set_filter(a, v, args);
    } else {
        app_open_prompt(a, &help_prompt, "", a->help.filter);
    }
}

static void prompt(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    app_open_prompt(a, &prompt_command, args, "");
}

static void go(struct app *a, const struct session_view *v, const char *args)
{
    const struct screen_def *s = screen_find(a->screens, args);
    for (size_t i = 0; !s && args[0] && !args[1] && i < a->screens->n; i++) {
        const bool its_key = keymap_go(a->screens, i)->key[0] == (uint32_t)args[0];
        s = its_key ? a->screens->row[i] : NULL;
    }
    if (s) {
        app_go(a, v, s);
        return;
    }
    char names[200];
    screen_names(a->screens, NULL, names, sizeof names);
    app_say(a, true, "screen: expected %s", names);
}

static void focus(struct app *a, const struct session_view *v, const char *args)
{
    const int n = app_panes(a, a->screen);
    int *at = app_focus(a, a->screen);
    int64_t number = 0;
    (void)v;
    if (n == 1) {
        app_say(a, false, "there is only one pane here");
    } else if (!strcmp(args, "+")) {
        *at = (*at + 1) % n;
    } else if (!strcmp(args, "-")) {
        *at = (*at + n - 1) % n;
    } else if (arg_integer(args, &number) && number >= 1 && number <= n) {
        *at = (int)number - 1;
    } else {
        app_say(a, true, "focus: expected 1 to %d", n);
    }
}

static void move(struct app *a, const struct session_view *v, const char *args)
{
    if (a->help.open) {
        help_move(a, v, args);
    } else if (a->screen->move) {
        a->screen->move(a, v, args);
    }
}

static void enter(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    if (a->help.open) {
        help_enter(a, v);
    } else if (a->screen->enter) {
        a->screen->enter(a, v);
    }
}

static void events(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    help_open_list(a, v, HELP_EVENTS);
}

static void messages(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    help_open_list(a, v, HELP_MESSAGES);
}

/* ---- undo ---- */

static const char *may_undo(const struct app *a, const struct session_view *v)
{
    (void)v;
    return a->undo.done ? NULL : "nothing to undo";
}

static const char *may_redo(const struct app *a, const struct session_view *v)
{
    (void)v;
    return a->undo.done < a->undo.n ? NULL : "nothing to redo";
}

static void undo(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    app_undo(a, v, true);
}

static void redo(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    app_undo(a, v, false);
}

/* ---- the program ---- */

static void redraw(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    (void)args;
    app_ask(a, REQUEST_REDRAW);
}

static void suspend(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    (void)args;
    app_ask(a, REQUEST_SUSPEND);
}

static void smooth(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    static const double levels[] = {0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.98};
    enum { LEVELS = sizeof levels / sizeof levels[0] };
    double *at = &a->smooth;
    double value = 0;
    if (!strcmp(args, "+")) {
        int i = 0;
        while (i < LEVELS - 1 && levels[i] <= *at + 1e-9) {
            i++;
        }
        *at = levels[i];
    } else if (!strcmp(args, "-")) {
        int i = LEVELS - 1;
        while (i > 0 && levels[i] >= *at - 1e-9) {
            i--;
        }
        *at = levels[i];
    } else if (arg_number(args, &value) && value >= 0 && value <= 0.99) {
        *at = value;
    } else {
        app_say(a, true, "smooth: expected 0 to 0.99");
        return;
    }
    app_say(a, false, *at > 0 ? "smoothing %.2f (moving average)" : "no smoothing",
            *at);
}

const struct action action_smooth = {
    .command = "smooth", .args = "0..0.99|+|-", .run = smooth};

static bool set_option(struct app *a, const struct session_view *v, const char *name,
                       const char *value)
{
    struct look l = {(int)a->theme, (int)a->tier, a->mouse};
    if (!strcmp(name, "smooth")) {
        action_smooth.run(a, v, value);
        return true;
    }
    if (!look_set(&l, name, value)) {
        return false;
    }
    a->theme = (enum theme_id)l.theme;
    a->tier = (enum glyph_tier)l.tier;
    a->mouse = l.mouse != 0;
    return true;
}

static void set(struct app *a, const struct session_view *v, const char *args)
{
    char name[16], value[24];
    const int n = sscanf(args, "%15s %23s", name, value);
    if (n <= 0) {
        app_say(a, false, "theme %s   glyphs %s   mouse %s   smooth %.2f",
                theme_name(a->theme), glyph_tier_name(a->tier), a->mouse ? "on" : "off",
                a->smooth);
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

static void shot(struct app *a, const struct session_view *v, const char *args)
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

static void save_config(struct app *a, const struct session_view *v, const char *args)
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

static const char *may_export(const struct app *a, const struct session_view *v)
{
    if (!a->screen->export_text) {
        return "this screen has nothing to write";
    }
    return a->screen->may_export ? a->screen->may_export(a, v) : NULL;
}

/* Export to a file; without a name, offer one to accept or change. */
static void export(struct app *a, const struct session_view *v, const char *args)
{
    if (args[0] && !export_knows(args)) {
        app_say(a, true, "export: found '%.60s', expected NAME" EXPORT_FORMS, args);
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
    if (a->screen->export_name) {
        a->screen->export_name(a, v, name, sizeof name);
    } else {
        snprintf(name, sizeof name, "%s.csv", a->screen->name);
    }
    app_open_prompt(a, &prompt_command, "export ", name);
}

/* ---- settings of the run ---- */

static const char *setting_word(const struct app *a, const char *text, size_t i)
{
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    (void)a;
    (void)text;
    return i < n ? t[i].key : NULL;
}

/* Say what a setting is, and its value if the run records it. */
static void say_setting(struct app *a, const struct session_view *v, const char *args)
{
    const struct setting_def *d = setting_find(args);
    const char *value = NULL;
    if (!d) {
        app_say(a, true, "setting: found '%.60s', expected a key; Tab lists them",
                args);
        return;
    }
    for (size_t i = 0; i < v->n_facts; i++) {
        value = !strcmp(v->fact[i].name, d->key) ? v->fact[i].value : value;
    }
    app_say(a, false, "%s %s %s: %s", d->key, value ? "is" : "is by default",
            value ? value : d->def, d->help);
}

/* ---- seeds ---- */

static size_t most_seeds(const struct session_view *v)
{
    size_t most = 1;
    for (size_t c = 0; c < v->n_conds; c++) {
        most = v->cond[c].n_seeds > most ? v->cond[c].n_seeds : most;
    }
    return most;
}

static const char *may_choose_seed(const struct app *a, const struct session_view *v)
{
    (void)a;
    return most_seeds(v) > 1 ? NULL : "each condition has one seed; --seeds N";
}

/* Choose the seed whose latents and concepts are shown. */
static void choose_seed(struct app *a, const struct session_view *v, const char *args)
{
    const int64_t n = (int64_t)most_seeds(v);
    int64_t next = (int64_t)v->seed + 2;
    if (args[0] && (!arg_integer(args, &next) || next < 1 || next > n)) {
        app_say(a, true, "seed: expected 1 to %lld", (long long)n);
        return;
    }
    struct command *c = app_emit(a, COMMAND_SEED);
    if (c) {
        c->at = next > n ? 0 : next - 1;
        app_say(a, false, "latents and concepts of seed %lld of %lld of each condition",
                (long long)c->at + 1, (long long)n);
    }
}

/* ---- words of arguments ---- */

ACTION_WORDS(move_word, "down", "up", "left", "right", "first", "last", "page-down",
             "page-up", "half-down", "half-up", "far-left", "far-right")
ACTION_WORDS(option_word, "theme", "glyphs", "mouse", "smooth")
ACTION_WORDS(theme_word, "dark", "light", "contrast", "mono")
ACTION_WORDS(glyph_word, "braille", "block", "ascii")
ACTION_WORDS(mouse_word, "on", "off")

/* The ith option, or value that may follow `set NAME `. */
static const char *set_word(const struct app *a, const char *text, size_t i)
{
    return !strncmp(text, "set theme ", 10)    ? theme_word(a, text, i)
           : !strncmp(text, "set glyphs ", 11) ? glyph_word(a, text, i)
           : !strncmp(text, "set mouse ", 10)  ? mouse_word(a, text, i)
           : !strncmp(text, "set smooth ", 11) ? NULL
                                               : option_word(a, text, i);
}

static const char *screen_word(const struct app *a, const char *text, size_t i)
{
    (void)text;
    return i < a->screens->n ? a->screens->row[i]->name : NULL;
}

/* ---- the table ---- */

const struct action action_screen = {.command = "screen",
                                     .args = "",
                                     .takes_screen = true,
                                     .run = go,
                                     .word = screen_word};
const struct action action_events = {
    .command = "events", .args = "", .run = events, .reach = REACH_ALL};
const struct action action_back = {.command = "back",
                                   .args = "",
                                   .run = back,
                                   .hint = back_hint,
                                   .in_help = true,
                                   .in_card = true};

/* clang-format off */
#define ACTION static const struct action
const struct action action_focus = {.command = "focus", .args = "N|+|-", .run = focus};
ACTION action_move = {.command = "move", .args = "DIRECTION", .run = move, .word = move_word, .in_help = true};
const struct action action_enter = {.command = "open", .args = "", .run = enter, .in_help = true};
ACTION action_cancel = {.command = "cancel", .args = "", .run = cancel, .in_card = true};
ACTION action_quit = {.command = "q", .args = "", .run = quit, .in_help = true, .in_card = true};
ACTION action_help = {.command = "help", .args = "[TEXT]", .run = help, .in_help = true, .in_card = true, .leads_out = true};
ACTION action_prompt = {.command = "prompt", .args = "", .run = prompt, .in_help = true, .in_card = true};
ACTION action_undo = {.command = "undo", .args = "", .run = undo, .may = may_undo, .in_card = true};
ACTION action_redo = {.command = "redo", .args = "", .run = redo, .may = may_redo, .in_card = true};
ACTION action_export = {.command = "export", .args = "FILE.csv|json|md|svg|ansi|txt", .run = export, .may = may_export};
ACTION action_redraw = {.command = "redraw", .args = "", .run = redraw, .in_help = true, .in_card = true};
ACTION action_suspend = {.command = "suspend", .args = "", .run = suspend, .in_help = true, .in_card = true};
const struct action action_seed = {.command = "seed", .args = "[N]", .run = choose_seed, .may = may_choose_seed};
ACTION action_setting = {.command = "setting", .args = "KEY", .run = say_setting, .word = setting_word};
ACTION action_messages = {.command = "messages", .args = "", .run = messages};
ACTION action_save_config = {.command = "save-config", .args = "FILE.json", .run = save_config, .may = may_ask};
ACTION action_shot = {.command = "shot", .args = "FILE.txt", .run = shot};
ACTION action_set = {.command = "set", .args = "theme|glyphs|mouse|smooth VALUE", .run = set, .word = set_word};
ACTION action_help_filter = {.command = "help-filter", .args = "TEXT", .run = help_filter, .in_help = true};
#undef ACTION

static const struct key_entry help_keys[] = {
    {{'/'}, &action_help_filter, "", "filter", "show only lines that contain a text", 1},
};

/* A reserved letter (m masking, y log axis, z zoom, ; note, e export, u undo, p to the
 * prompt, t steering, a silencing) means the same on every screen. Keys of one line that do the same stand
 * together. */
static const struct key_entry keys[] = {
    {{KEY_TAB_}, &action_focus, "+", NULL, "next pane", 0},
    {{KEY_SHIFT_TAB}, &action_focus, "-", NULL, "previous pane", 0},
    {{'j', KEY_DOWN_}, &action_move, "down", NULL, "down", 0},
    {{'k', KEY_UP_}, &action_move, "up", NULL, "up", 0},
    {{'h', KEY_LEFT_}, &action_move, "left", NULL, "left; on Train the cursor in the curves", 0},
    {{'l', KEY_RIGHT_}, &action_move, "right", NULL, "right", 0},
    {{KEY_SHIFT_LEFT}, &action_move, "far-left", NULL, "ten columns to the left", 0},
    {{KEY_SHIFT_RIGHT}, &action_move, "far-right", NULL, "ten columns to the right", 0},
    {{'g', KEY_HOME_}, &action_move, "first", NULL, "to the beginning", 0},
    {{'G', KEY_END_}, &action_move, "last", NULL, "to the end", 0},
    {{KEY_CTRL('d')}, &action_move, "half-down", NULL, "half a page down", 0},
    {{KEY_CTRL('u')}, &action_move, "half-up", NULL, "half a page up", 0},
    {{KEY_CTRL('f'), KEY_PGDN}, &action_move, "page-down", NULL, "a page down", 0},
    {{KEY_CTRL('b'), KEY_PGUP}, &action_move, "page-up", NULL, "a page up", 0},
    {{KEY_ENTER_, KEY_CTRL('m')}, &action_enter, "", NULL,
     "open what is selected: a latent, a pane, a line of help", 0},
    {{KEY_ESC_}, &action_cancel, "", NULL, "cancel; then up one level", 0},
    {{'q'}, &action_back, "", "leave", "back; on Train: quit", 12},
    {{'Q'}, &action_quit, "", NULL, "quit; asks while there is something to lose", 0},
    {{'?', KEY_F1_}, &action_help, "", NULL, "keys, commands and topics; " KEY_OF("help-filter") " filters, " KEY_OF("open") " runs", 0},
    {{KEY_CTRL('p')}, &action_finder, "", NULL,
     "go to a latent, concept, screen, command, setting or topic by typing what is known of it", 0},
    {{':'}, &action_prompt, "", "cmd", "command line: Tab completes, Up recalls", 90},
    {{'u'}, &action_undo, "", NULL,
     "undo a mark, label, filter, layout, change of a prompt, masking or :tune (as a new event)", 0},
    {{KEY_CTRL('r')}, &action_redo, "", NULL, "redo", 0},
    {{'e'}, &action_export, "", "export",
     "write what is shown: .csv, .json, .md; .svg the plots; .txt, .ansi the picture", 50},
    {{';'}, &action_note, "", "note", "a note at this step, kept with the run", 60},
    {{'#'}, &action_seed, "", NULL,
     "whose latents and concepts are shown: the next seed of weights, of each condition", 0},
    {{KEY_CTRL('l')}, &action_redraw, "", NULL, "draw the whole screen again", 0},
    {{KEY_CTRL('z')}, &action_suspend, "", NULL, "stop the program, training as well; fg goes on", 0},
    {{KEY_THEN('Y', 'Y'), KEY_THEN('Y', 'y')}, &action_copy, "", NULL, "copy what is under the cursor to the clipboard", 0},
    {{KEY_THEN('Y', 'r')}, &action_copy, "run", NULL, "copy the directory of the run", 0},
    {{KEY_THEN('Y', 's')}, &action_copy, "screen", NULL, "copy this screen as text", 0},
    {{KEY_THEN('Y', 'm')}, &action_copy, "message", NULL, "copy what was said last", 0},
    {{'M'}, &action_messages, "", NULL, "what was said so far, each message whole", 0},
    {{0}, &action_setting, "", NULL, "what a setting of the run is, and its value", 0},
    {{0}, &action_save_config, "", NULL,
     "write the settings for --config to read", 0},
    {{0}, &action_shot, "", NULL, "write this screen as text", 0},
    {{0}, &action_set, "", NULL,
     "set theme dark|light|contrast|mono, glyphs braille|block|ascii, mouse on|off", 0},
};
/* clang-format on */

const struct screen_def keys_of_help = {
    .name = "help", .title = "Help", .keys = KEY_LIST(help_keys)};
const struct screen_def keys_of_everywhere = {
    .name = "everywhere", .title = "Everywhere", .keys = KEY_LIST(keys)};
