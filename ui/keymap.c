#include "ui/keymap.h"

#include "base/utf8.h"
#include "ui/event.h"

#include <stdio.h>
#include <string.h>

#define CTRL(c) ((uint32_t)((c) - 'a' + 1))

/* Of one screen, in the order in which help shows them. A reserved letter (m masking, y
 * log axis, z zoom, ; note, e export, u undo; p t a later) means the same everywhere.
 * Keys of one line that do the same stand together; [ ] { } are lines of their own with
 * the command in common. */
/* clang-format off */
static const struct key_entry entries[] = {
    /* ---- Train ---- */
    {SCREEN_TRAIN, {' '}, ACTION_PAUSE, "pause", "", "", "pause",
     "pause training, or go on", 0},
    {SCREEN_TRAIN, {'m'}, ACTION_MASK_TOGGLE, "toggle-mask", "", "", "mask",
     "masking off, or on again at the rate it had, from the next harvest of text", 1},
    {SCREEN_TRAIN, {'['}, ACTION_RATE, "rate", "-0.05", "[+|-]STEP", "rate",
     "masking rate down by 0.05; 0 is off", 2},
    {SCREEN_TRAIN, {']'}, ACTION_RATE, "rate", "+0.05", "[+|-]STEP", "rate",
     "masking rate up by 0.05; from off, on again at the rate it had", 2},
    {SCREEN_TRAIN, {'{'}, ACTION_RATE, "rate", "-0.01", "[+|-]STEP", NULL,
     "masking rate down by 0.01", 0},
    {SCREEN_TRAIN, {'}'}, ACTION_RATE, "rate", "+0.01", "[+|-]STEP", NULL,
     "masking rate up by 0.01", 0},
    {SCREEN_TRAIN, {0}, ACTION_MASK, "mask", "", "P|on|off [at STEP]", NULL,
     "set the masking rate, now or at a step", 0},
    {SCREEN_TRAIN, {'b'}, ACTION_FORK, "fork", "", "", "fork A/B",
     "fork a twin B: same weights and text from here on, the opposite masking", 3},
    {SCREEN_TRAIN, {'c'}, ACTION_SAVE, "save", "", "[DIR]", "save",
     "save the run; with both arms the twin goes beside it", 4},
    {SCREEN_TRAIN, {0}, ACTION_EXTEND, "extend", "", "STEPS", NULL,
     "plan a longer run: the new last step; trains on a run that was opened to be "
     "browsed", 0},
    {SCREEN_TRAIN, {0}, ACTION_RESUME, "resume", "", "", NULL,
     "go on after a pause; train a run on that was opened to be browsed", 0},
    {SCREEN_TRAIN, {0}, ACTION_LR, "lr", "", "RATE", NULL, "set the learning rate", 0},
    {SCREEN_TRAIN, {0}, ACTION_EVALUATE, "evaluate", "", "", NULL,
     "measure on the held-out set now", 0},
    {SCREEN_TRAIN, {'y'}, ACTION_LOG_Y, "log", "", "[on|off]", "log",
     "logarithmic or linear y axis of the pane in focus", 5},
    {SCREEN_TRAIN, {'s'}, ACTION_SMOOTH, "smooth", "+", "0..0.99|+|-", "smooth",
     "smooth curves more; what was measured stays behind, dim", 6},
    {SCREEN_TRAIN, {'S'}, ACTION_SMOOTH, "smooth", "-", "0..0.99|+|-", NULL,
     "smooth curves less", 0},
    {SCREEN_TRAIN, {'.'}, ACTION_PANE_METRIC, "pane", "+", "[N] METRIC|+|-", "next measure",
     "next measure in the pane in focus; :pane 4 explained_variance_ood sets one", 7},
    {SCREEN_TRAIN, {','}, ACTION_PANE_METRIC, "pane", "-", "[N] METRIC|+|-", NULL,
     "previous measure in the pane in focus", 0},
    {SCREEN_TRAIN, {'x'}, ACTION_AXIS, "axis", "", "[step|tokens|time]", "x axis",
     "x axis: step, tokens or time", 9},
    {SCREEN_TRAIN, {'z'}, ACTION_ZOOM_PANE, "zoom", "", "", "zoom",
     "the pane in focus alone, or all again", 8},
    {SCREEN_TRAIN, {'+', '='}, ACTION_ZOOM_X, "zoom-x", "in", "in|out|all", NULL,
     "zoom the x axis of all panes in, around the cursor or the newest point", 0},
    {SCREEN_TRAIN, {'-'}, ACTION_ZOOM_X, "zoom-x", "out", "in|out|all", NULL,
     "zoom the x axis out", 0},
    {SCREEN_TRAIN, {'0'}, ACTION_ZOOM_X, "zoom-x", "all", "in|out|all", NULL,
     "the whole x axis again, cursor off", 0},
    {SCREEN_TRAIN, {'v'}, ACTION_ARM, "arm", "", "[A|B|both]", "arm",
     "which arm masking keys act on: A, B or both", 10},
    {SCREEN_TRAIN, {'E'}, ACTION_EVENTS, "events", "", "", "events",
     "all events of the run, each whole; Enter puts the cursor there", 11},
    {SCREEN_TRAIN, {'D'}, ACTION_NUMBERS, "numbers", "", "", NULL,
     "box of numbers: difference of the arms, or one arm's values and bests", 0},

    /* ---- Latents ---- */
    {SCREEN_LATENTS, {'<'}, ACTION_SORT, "sort", "-", "COLUMN|+|-", "sort",
     "sort by the column to the left", 2},
    {SCREEN_LATENTS, {'>'}, ACTION_SORT, "sort", "+", "COLUMN|+|-", "sort",
     "sort by the column to the right", 2},
    {SCREEN_LATENTS, {'r'}, ACTION_REVERSE, "reverse", "", "", "reverse",
     "reverse the order", 3},
    {SCREEN_LATENTS, {'/'}, ACTION_FIND, "find", "", "TEXT", "find",
     "find in numbers, matches, labels and top tokens; hides nothing", 4},
    {SCREEN_LATENTS, {'n'}, ACTION_FIND_NEXT, "find-next", "+", "+|-", NULL,
     "next find", 0},
    {SCREEN_LATENTS, {'N'}, ACTION_FIND_NEXT, "find-next", "-", "+|-", NULL,
     "previous find", 0},
    {SCREEN_LATENTS, {'&'}, ACTION_FILTER, "filter", "", "EXPRESSION", "filter",
     "show only latents for which it holds: dog  !x  a|b  /regex/  density>1e-4  dead", 5},
    {SCREEN_LATENTS, {'\\'}, ACTION_CLEAR_FILTER, "clear-filter", "", "", "clear",
     "clear the filter", 6},
    {SCREEN_LATENTS, {' '}, ACTION_MARK, "mark", "", "", "mark",
     "mark or unmark the latent; the filter knows `marked`", 7},
    {SCREEN_LATENTS, {';'}, ACTION_LABEL, "label", "", "[TEXT]", "label",
     "name the latent; kept with the run, known to / and &; an empty name takes it off", 8},
    {SCREEN_LATENTS, {'='}, ACTION_SCATTER, "scatter", "", "[MEASURE|+|-|off]", "scatter",
     "the latents as points: density against a measure; hjkl go from point to point", 9},
    {SCREEN_LATENTS, {'.'}, ACTION_SCATTER, "scatter", "+", "[MEASURE|+|-|off]", NULL,
     "next measure of the scatter; Tab after :scatter lists them", 0},
    {SCREEN_LATENTS, {','}, ACTION_SCATTER, "scatter", "-", "[MEASURE|+|-|off]", NULL,
     "previous measure of the scatter", 0},
    {SCREEN_LATENTS, {'R'}, ACTION_REFRESH, "refresh", "", "", "refresh",
     "describe the latents again, as of this step", 10},
    {SCREEN_LATENTS, {'v'}, ACTION_ARM, "arm", "", "[A|B|both]", "arm A/B",
     "latents of arm A or B", 11},

    /* ---- Detail ---- */
    {SCREEN_DETAIL, {'j', KEY_DOWN_}, ACTION_CONTEXT, "context", "+", "+|-|N",
     "context", "next context", 0},
    {SCREEN_DETAIL, {'k', KEY_UP_}, ACTION_CONTEXT, "context", "-", "+|-|N", NULL,
     "previous context", 0},
    {SCREEN_DETAIL, {'J', KEY_RIGHT_}, ACTION_LATENT, "latent", "+", "N|+|-", "latent",
     "next latent in the order of the table", 1},
    {SCREEN_DETAIL, {'K', KEY_LEFT_}, ACTION_LATENT, "latent", "-", "N|+|-", NULL,
     "previous latent in the order of the table", 0},
    {SCREEN_DETAIL, {'i'}, ACTION_INTERVAL, "interval", "", "[top|random|0..9]",
     "interval", "which contexts: the largest, a tenth of the range, or random ones", 2},
    {SCREEN_DETAIL, {'L'}, ACTION_LENS, "lens", "", "[norm|direct]", "lens",
     "logit lens through the final norm's scale, or of the unembedding alone", 3},
    {SCREEN_DETAIL, {'/'}, ACTION_FIND, "find", "", "TEXT", "find",
     "find a text in the contexts shown", 4},
    {SCREEN_DETAIL, {'n'}, ACTION_FIND_NEXT, "find-next", "+", "+|-", NULL,
     "next context with the text", 0},
    {SCREEN_DETAIL, {'N'}, ACTION_FIND_NEXT, "find-next", "-", "+|-", NULL,
     "previous context with the text", 0},
    {SCREEN_DETAIL, {'H'}, ACTION_HEAT_ROW, "heat", "", "", "heat row",
     "digits 0-9 under each token: its activation / largest", 6},
    {SCREEN_DETAIL, {'w'}, ACTION_WRAP, "wrap", "", "", "wrap",
     "wrap contexts, or cut them around the token", 7},
    {SCREEN_DETAIL, {' '}, ACTION_MARK, "mark", "", "", "mark",
     "mark or unmark the latent", 8},
    {SCREEN_DETAIL, {';'}, ACTION_LABEL, "label", "", "[TEXT]", "label",
     "name the latent; kept with the run; an empty name takes it off", 5},
    {SCREEN_DETAIL, {'R'}, ACTION_REFRESH, "refresh", "", "", "refresh",
     "describe the latent again, as of this step", 9},
    {SCREEN_DETAIL, {'v'}, ACTION_ARM, "arm", "", "[A|B|both]", "arm A/B",
     "the latent of that number in arm A or B", 10},

    /* ---- help ---- */
    {SCREEN_HELP, {'/'}, ACTION_HELP_FILTER, "help-filter", "", "TEXT", "filter",
     "show only lines that contain a text", 1},

    /* ---- everywhere ---- */
    {SCREEN_ANY, {'1'}, ACTION_SCREEN, "screen", "train", "train|latents|detail", NULL,
     "Train: curves and masking", 0},
    {SCREEN_ANY, {'2'}, ACTION_SCREEN, "screen", "latents", "train|latents|detail",
     NULL, "Latents: a table of what each one answers to", 0},
    {SCREEN_ANY, {'3'}, ACTION_SCREEN, "screen", "detail", "train|latents|detail", NULL,
     "Detail: one latent", 0},
    {SCREEN_ANY, {KEY_TAB_}, ACTION_PANE, "focus", "+", "N|+|-", NULL, "next pane", 0},
    {SCREEN_ANY, {KEY_SHIFT_TAB}, ACTION_PANE, "focus", "-", "N|+|-", NULL,
     "previous pane", 0},
    {SCREEN_ANY, {'j', KEY_DOWN_}, ACTION_MOVE, "move", "down", "DIRECTION", NULL,
     "down", 0},
    {SCREEN_ANY, {'k', KEY_UP_}, ACTION_MOVE, "move", "up", "DIRECTION", NULL, "up", 0},
    {SCREEN_ANY, {'h', KEY_LEFT_}, ACTION_MOVE, "move", "left", "DIRECTION", NULL,
     "left; on Train the cursor in the curves", 0},
    {SCREEN_ANY, {'l', KEY_RIGHT_}, ACTION_MOVE, "move", "right", "DIRECTION", NULL,
     "right", 0},
    {SCREEN_ANY, {KEY_SHIFT_LEFT}, ACTION_MOVE, "move", "far-left", "DIRECTION", NULL,
     "ten columns to the left", 0},
    {SCREEN_ANY, {KEY_SHIFT_RIGHT}, ACTION_MOVE, "move", "far-right", "DIRECTION", NULL,
     "ten columns to the right", 0},
    {SCREEN_ANY, {'g', KEY_HOME_}, ACTION_MOVE, "move", "first", "DIRECTION", NULL,
     "to the beginning", 0},
    {SCREEN_ANY, {'G', KEY_END_}, ACTION_MOVE, "move", "last", "DIRECTION", NULL,
     "to the end", 0},
    {SCREEN_ANY, {CTRL('d')}, ACTION_MOVE, "move", "half-down", "DIRECTION", NULL,
     "half a page down", 0},
    {SCREEN_ANY, {CTRL('u')}, ACTION_MOVE, "move", "half-up", "DIRECTION", NULL,
     "half a page up", 0},
    {SCREEN_ANY, {CTRL('f'), KEY_PGDN}, ACTION_MOVE, "move", "page-down", "DIRECTION",
     NULL, "a page down", 0},
    {SCREEN_ANY, {CTRL('b'), KEY_PGUP}, ACTION_MOVE, "move", "page-up", "DIRECTION",
     NULL, "a page up", 0},
    {SCREEN_ANY, {KEY_ENTER_, CTRL('m')}, ACTION_ENTER, "open", "", "", NULL,
     "open what is selected: a latent, a pane, a line of help", 0},
    {SCREEN_ANY, {KEY_ESC_}, ACTION_CANCEL, "cancel", "", "", NULL,
     "cancel; then up one level", 0},
    {SCREEN_ANY, {'q'}, ACTION_BACK, "back", "", "", "leave",
     "back; on Train: quit", 12},
    {SCREEN_ANY, {'Q'}, ACTION_QUIT, "q", "", "", NULL,
     "quit; asks while there is something to lose", 0},
    {SCREEN_ANY, {'?', KEY_F1_}, ACTION_HELP, "help", "", "[TEXT]", NULL,
     "keys, commands and topics; / filters, Enter runs", 0},
    {SCREEN_ANY, {':'}, ACTION_PROMPT, "prompt", "", "", "cmd",
     "command line: Tab completes, Up recalls", 90},
    {SCREEN_ANY, {'u'}, ACTION_UNDO, "undo", "", "", NULL,
     "undo a mark, label, filter, layout or masking change (as a new event)", 0},
    {SCREEN_ANY, {CTRL('r')}, ACTION_REDO, "redo", "", "", NULL, "redo", 0},
    {SCREEN_ANY, {'e'}, ACTION_EXPORT, "export", "", "FILE.csv", "export",
     "write what this screen shows as CSV, as filtered and sorted", 50},
    {SCREEN_ANY, {';'}, ACTION_NOTE, "note", "", "TEXT", "note",
     "a note at this step, kept with the run", 60},
    {SCREEN_ANY, {CTRL('l')}, ACTION_REDRAW, "redraw", "", "", NULL,
     "draw the whole screen again", 0},
    {SCREEN_ANY, {CTRL('z')}, ACTION_SUSPEND, "suspend", "", "", NULL,
     "stop the program, training as well; fg goes on", 0},
    {SCREEN_ANY, {'M'}, ACTION_MESSAGES, "messages", "", "", NULL,
     "what was said so far, each message whole", 0},
    {SCREEN_ANY, {0}, ACTION_SAVE_CONFIG, "save-config", "", "FILE.json", NULL,
     "write the settings for --config to read", 0},
    {SCREEN_ANY, {0}, ACTION_SHOT, "shot", "", "FILE.txt", NULL,
     "write this screen as text", 0},
    {SCREEN_ANY, {0}, ACTION_SET, "set", "", "theme|glyphs|mouse|smooth VALUE", NULL,
     "set theme dark|light|contrast|mono, glyphs braille|block|ascii, mouse on|off", 0},
};
/* clang-format on */
enum { ENTRIES = sizeof entries / sizeof entries[0] };

/* In some states of the run a key of Train does something else, or something else is
 * what to do next: the hint of an entry then is this one; NULL: none. An entry without
 * a key stands there as the command to type. */
static const struct {
    enum session_state state;
    enum action action;
    const char *preset;
    const char *hint;
    int priority;
} state_hints[] = {
    {SESSION_PAUSED, ACTION_PAUSE, "", "go on", 0},
    {SESSION_DONE, ACTION_PAUSE, "", NULL, 0},
    {SESSION_DONE, ACTION_MASK_TOGGLE, "", NULL, 0},
    {SESSION_DONE, ACTION_RATE, "-0.05", NULL, 0},
    {SESSION_DONE, ACTION_RATE, "+0.05", NULL, 0},
    {SESSION_DONE, ACTION_EXTEND, "", "trains on", 0},
    {SESSION_DONE, ACTION_SCREEN, "latents", "browse", 0},
    {SESSION_DONE, ACTION_SAVE, "", "save", 1},
    {SESSION_DONE, ACTION_BACK, "", "leave", 1},
    {SESSION_BROWSING, ACTION_RESUME, "", "trains on", 0},
    {SESSION_BROWSING, ACTION_EXTEND, "", "trains on", 0},
    {SESSION_BROWSING, ACTION_SCREEN, "latents", "browse", 0},
};

const char *keymap_hint(size_t i, enum screen_id screen, enum session_state state,
                        int *priority)
{
    enum { N = sizeof state_hints / sizeof state_hints[0] };
    const struct key_entry *k = &entries[i];
    for (size_t h = 0; screen == SCREEN_TRAIN && h < N; h++) {
        if (state_hints[h].state == state && state_hints[h].action == k->action &&
            !strcmp(state_hints[h].preset, k->preset)) {
            *priority = state_hints[h].priority;
            return state_hints[h].hint;
        }
    }
    *priority = k->priority;
    return k->hint;
}

size_t keymap_count(void)
{
    return ENTRIES;
}

const struct key_entry *keymap_at(size_t i)
{
    return i < ENTRIES ? &entries[i] : NULL;
}

static bool has_key(const struct key_entry *k, uint32_t key)
{
    for (size_t i = 0; i < KEYMAP_KEYS && k->key[i]; i++) {
        if (k->key[i] == key) {
            return true;
        }
    }
    return false;
}

const struct key_entry *keymap_find_key(enum screen_id screen, uint32_t key)
{
    const struct key_entry *any = NULL;
    for (size_t i = 0; i < ENTRIES; i++) {
        if (!has_key(&entries[i], key)) {
            continue;
        }
        if (entries[i].screen == screen) {
            return &entries[i];
        }
        if (entries[i].screen == SCREEN_ANY) {
            any = &entries[i];
        }
    }
    return any;
}

const struct key_entry *keymap_find_elsewhere(uint32_t key)
{
    for (size_t i = 0; i < ENTRIES; i++) {
        if (entries[i].screen < SCREEN_COUNT && has_key(&entries[i], key)) {
            return &entries[i];
        }
    }
    return NULL;
}

const struct key_entry *keymap_find_command(enum screen_id screen, const char *name,
                                            size_t n)
{
    const struct key_entry *best = NULL;
    int best_rank = 0; /* 3: this screen's, 2: global, 1: another's */
    for (size_t i = 0; i < ENTRIES; i++) {
        const struct key_entry *k = &entries[i];
        if (strlen(k->command) != n || memcmp(k->command, name, n) != 0) {
            continue;
        }
        const int rank = k->screen == screen ? 3 : k->screen == SCREEN_ANY ? 2 : 1;
        if (rank > best_rank) {
            best = k;
            best_rank = rank;
        }
    }
    return best;
}

/* ---- names ---- */

static const struct {
    uint32_t key;
    const char *name;
} special[] = {
    {' ', "Space"},
    {KEY_TAB_, "Tab"},
    {KEY_ENTER_, "Enter"},
    {KEY_ESC_, "Esc"},
    {KEY_UP_, "Up"},
    {KEY_DOWN_, "Down"},
    {KEY_LEFT_, "Left"},
    {KEY_RIGHT_, "Right"},
    {KEY_HOME_, "Home"},
    {KEY_END_, "End"},
    {KEY_PGUP, "PgUp"},
    {KEY_PGDN, "PgDn"},
    {KEY_DEL, "Del"},
    {KEY_SHIFT_TAB, "Shift-Tab"},
    {KEY_F1_, "F1"},
    {KEY_SHIFT_LEFT, "Shift-Left"},
    {KEY_DELETE_BACK, "Backspace"},
    {KEY_SHIFT_RIGHT, "Shift-Right"},
};
enum { SPECIAL = sizeof special / sizeof special[0] };

void key_name(uint32_t key, char *out, size_t cap)
{
    for (size_t i = 0; i < SPECIAL; i++) {
        if (special[i].key == key) {
            snprintf(out, cap, "%s", special[i].name);
            return;
        }
    }
    if (key < 32) {
        snprintf(out, cap, "Ctrl-%c", (char)('A' + (int)key - 1));
        return;
    }
    char utf8[5] = {0};
    if (key < KEY_FIRST_SPECIAL) {
        utf8[utf8_put(key, utf8)] = '\0';
    }
    snprintf(out, cap, "%s", utf8);
}

void key_names(const struct key_entry *k, char *out, size_t cap)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < KEYMAP_KEYS && k->key[i]; i++) {
        char name[24];
        if (k->key[i] == CTRL('m')) {
            continue; /* Enter by another name */
        }
        key_name(k->key[i], name, sizeof name);
        const int n = snprintf(out + len, cap - len, "%s%s", i ? " " : "", name);
        if (n < 0 || (size_t)n >= cap - len) {
            return;
        }
        len += (size_t)n;
    }
}

uint32_t key_from_name(const char *name)
{
    for (size_t i = 0; i < SPECIAL; i++) {
        if (!strcmp(special[i].name, name)) {
            return special[i].key;
        }
    }
    if (!strncmp(name, "Ctrl-", 5) && name[5] && !name[6]) {
        const char c = name[5];
        if (c >= 'A' && c <= 'Z') {
            return (uint32_t)(c - 'A' + 1);
        }
        if (c >= 'a' && c <= 'z') {
            return (uint32_t)(c - 'a' + 1);
        }
    }
    return 0;
}

static const char *const screen_names[] = {
    [SCREEN_TRAIN] = "train", [SCREEN_LATENTS] = "latents", [SCREEN_DETAIL] = "detail",
    [SCREEN_COUNT] = "",      [SCREEN_HELP] = "help",       [SCREEN_ANY] = "everywhere",
};

const char *screen_id_name(enum screen_id s)
{
    return screen_names[s];
}

/* ---- the page's table ---- */

/* A cell of a Markdown table: pipes escaped, as code. */
static void add_code(struct str *out, const char *text)
{
    str_add(out, "`");
    for (const char *p = text; *p; p++) {
        if (*p == '|') {
            str_addc(out, '\\');
        }
        str_addc(out, *p);
    }
    str_add(out, "`");
}

static void add_escaped(struct str *out, const char *text)
{
    for (const char *p = text; *p; p++) {
        if (*p == '|' || *p == '<') {
            str_addc(out, '\\');
        }
        str_addc(out, *p);
    }
}

static void add_entry(struct str *out, const struct key_entry *k)
{
    str_add(out, "| ");
    bool first = true;
    for (size_t i = 0; i < KEYMAP_KEYS && k->key[i]; i++) {
        char name[24];
        if (k->key[i] == CTRL('m')) {
            continue;
        }
        key_name(k->key[i], name, sizeof name);
        str_add(out, first ? "" : " ");
        add_code(out, name);
        first = false;
    }
    char command[96];
    const char *args = k->preset[0] ? k->preset : k->args;
    snprintf(command, sizeof command, ":%s%s%s", k->command, args[0] ? " " : "", args);
    str_add(out, " | ");
    add_code(out, command);
    str_add(out, " | ");
    add_escaped(out, k->help);
    str_add(out, " |\n");
}

void keymap_markdown(struct str *out)
{
    static const struct {
        enum screen_id screen;
        const char *title;
    } parts[] = {
        {SCREEN_TRAIN, "Train"}, {SCREEN_LATENTS, "Latents"}, {SCREEN_DETAIL, "Detail"},
        {SCREEN_HELP, "Help"},   {SCREEN_ANY, "Everywhere"},
    };
    for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
        str_addf(out, "%s**%s**\n\n| key | command | what it does |\n|---|---|---|\n",
                 p ? "\n" : "", parts[p].title);
        for (size_t i = 0; i < ENTRIES; i++) {
            if (entries[i].screen == parts[p].screen) {
                add_entry(out, &entries[i]);
            }
        }
    }
}
