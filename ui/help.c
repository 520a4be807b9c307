#include "ui/help.h"

#include "base/utf8.h"
#include "ui/cmdline.h"
#include "ui/layout.h"
#include "ui/pane.h"
#include "ui/steer.h"
#include "ui/text.h"
#include "ui/topics.h"
#include "ui/word_match.h"

#include <stdio.h>
#include <string.h>

/* ---- lines ---- */

enum line_kind {
    LINE_HEAD,
    LINE_KEY,
    LINE_KEY_MORE,    /* the words of the entry above go on */
    LINE_KEY_COMMAND, /* ... or its command, where that has no room beside them */
    LINE_WHY,
    LINE_METRIC,
    LINE_METRIC_MORE,
    LINE_COLUMN, /* a column of the latents */
    LINE_COLUMN_MORE,
    LINE_TOPIC,
    LINE_COLUMN_TOPIC,
    LINE_TEXT,
    LINE_EVENT, /* with the beginning of its text */
    LINE_EVENT_MORE,
    LINE_MESSAGE,
    LINE_MESSAGE_MORE,
    LINE_GAP
};

struct help_line {
    enum line_kind kind;
    size_t index;     /* in the keymap, metrics, columns or topics */
    const char *text; /* for heads, reasons and wrapped text; not NUL-terminated */
    size_t len;
    bool ends; /* of an entry: its command stands at the right */
};

enum { LINES_MAX = 1536, OWN_MAX = 1 << 16 };
struct help_lines {
    struct help_line line[LINES_MAX];
    size_t n;
    char head[SCREENS_MAX][48]; /* of the screens */
    char own[OWN_MAX];          /* texts with the names of keys put in */
    size_t n_own;
    struct word_match match; /* what is added now */
};

/* A text with its keys as they are on a screen; it lives as long as the lines. */
static const char *words_of(struct help_lines *l, const struct screen_table *t,
                            const struct screen_def *screen, const char *text)
{
    char *own = l->own + l->n_own;
    const size_t room = sizeof l->own - l->n_own;
    if (!strchr(text, KEY_OF_BEGINS) || room < 2) {
        return text;
    }
    keymap_text(t, screen, text, own, room);
    l->n_own += strlen(own) + 1;
    return own;
}

/* A copy that lives as long as the lines; NULL: there is no room. */
static const char *keep(struct help_lines *l, const char *text)
{
    char *own = l->own + l->n_own;
    const size_t room = sizeof l->own - l->n_own, n = strlen(text) + 1;
    if (n > room) {
        return NULL;
    }
    memcpy(own, text, n);
    l->n_own += n;
    return own;
}

static void add(struct help_lines *l, enum line_kind kind, size_t index,
                const char *text, size_t len)
{
    if (l->n < LINES_MAX) {
        l->line[l->n++] = (struct help_line){kind, index, text, len, false};
    }
}

static bool wanted(struct help_lines *l, const char *x, const char *y, const char *z)
{
    const char *const text[] = {x, y, z};
    return match_wants(&l->match, text, 1, text, 3);
}

static void add_head(struct help_lines *l, const char *text, size_t before)
{
    /* Put in only if something follows: `before` is where the section began. */
    if (l->n == before && l->n + 2 < LINES_MAX) {
        if (before) {
            add(l, LINE_GAP, 0, "", 0);
        }
        add(l, LINE_HEAD, 0, text, strlen(text));
    }
}

/* Wrap text to w columns: the first line of kind `first`, the others of kind `more`.
 * ASCII and wide text alike by bytes of UTF-8 heads. */
static void add_wrapped(struct help_lines *l, enum line_kind first, enum line_kind more,
                        size_t index, const char *text, size_t n, int w)
{
    enum line_kind kind = first;
    do {
        const size_t cut = text_fit(text, n, w > 8 ? w : 8);
        add(l, kind, index, text, cut);
        kind = more;
        text += cut;
        n -= cut;
        while (n && *text == ' ') {
            text++;
            n--;
        }
    } while (n > 0);
}

enum { KEY_COLUMN = 12, METRIC_COLUMN = 26 };

/* Print the left column of an entry: its keys, or the command. Returns the columns
 * used. */
static int key_lead(const struct screen_table *t, const struct key_entry *k, char *out,
                    size_t cap)
{
    char args[120];
    key_names(k, out, cap);
    if (!out[0]) {
        keymap_args(t, k->action, args, sizeof args);
        snprintf(out, cap, ":%s%s%s", k->action->command, args[0] ? " " : "", args);
    }
    const int used = canvas_text_width(out) + (k->key[0] ? 1 : 2);
    return used > KEY_COLUMN ? used : KEY_COLUMN;
}

/* Write the command that an entry's key stands for, with what it takes. */
static void key_command(const struct screen_table *t, const struct key_entry *k,
                        char *out, size_t cap)
{
    char args[120] = "";
    if (!k->preset[0]) {
        keymap_args(t, k->action, args, sizeof args);
    }
    const char *rest = k->preset[0] ? k->preset : args;
    snprintf(out, cap, ":%s%s%s", k->action->command, rest[0] ? " " : "", rest);
}

/* Add the command behind an entry's words: at the end of their last line, else below.
 */
static void add_key_command(struct help_lines *l, const struct screen_table *t,
                            size_t i, int room, int w)
{
    const struct key_entry *k = keymap_at(t, i);
    char command[192], words[256];
    key_command(t, k, command, sizeof command);
    struct help_line *last = &l->line[l->n - 1];
    snprintf(words, sizeof words, "%.*s", (int)(last->len < 255 ? last->len : 255),
             last->text);
    last->ends = canvas_text_width(words) + 2 + canvas_text_width(command) <= room;
    const char *own = last->ends ? NULL : keep(l, command);
    if (own) {
        add_wrapped(l, LINE_KEY_COMMAND, LINE_KEY_COMMAND, i, own, strlen(own),
                    w - 1 - KEY_COLUMN);
    }
}

/* Add an entry and, if its words are longer than the line, lines that go on with
 * them. */
static void add_key_lines(struct help_lines *l, const struct screen_table *t, size_t i,
                          const char *help, int w)
{
    const struct key_entry *k = keymap_at(t, i);
    const size_t len = strlen(help);
    char lead[192];
    const int at = key_lead(t, k, lead, sizeof lead);
    const int room = w - 1 - at;
    if (canvas_text_width(help) <= room) {
        add(l, LINE_KEY, i, help, len);
    } else if (room >= 24) {
        add_wrapped(l, LINE_KEY, LINE_KEY_MORE, i, help, len, room);
    } else { /* a long command: the words below it */
        add(l, LINE_KEY, i, "", 0);
        add_wrapped(l, LINE_KEY_MORE, LINE_KEY_MORE, i, help, len, w - 1 - KEY_COLUMN);
    }
    if (k->key[0] && l->n < LINES_MAX) {
        add_key_command(l, t, i, room, w);
    }
}

/* Whether an entry is to be added now; `help`: its words. */
static bool key_wanted(struct help_lines *l, const struct app *a,
                       const struct key_entry *k, const char *help)
{
    char names[64], key[KEYMAP_KEYS][32], args[120], command[160];
    const char *name[KEYMAP_KEYS + 2] = {k->action->command, command};
    key_names(k, names, sizeof names);
    for (size_t i = 0; i < KEYMAP_KEYS && k->key[i]; i++) {
        key_name(k->key[i], key[i], sizeof key[i]);
        name[2 + i] = key[i];
    }
    keymap_args(a->screens, k->action, args, sizeof args);
    snprintf(command, sizeof command, ":%s %s", k->action->command, args);
    const char *const text[] = {names, command, help};
    return match_wants(&l->match, name, KEYMAP_KEYS + 2, text, 3);
}

/* Add entries. Those that cannot be run in a run opened from disk come together at the
 * end, under one reason: `owner` NULL adds these. */
static void add_keys(struct help_lines *l, const struct app *a,
                     const struct session_view *v, const struct screen_def *owner,
                     const char *title, int w)
{
    const struct screen_table *t = a->screens;
    const size_t before = l->n, count = keymap_count(t);
    for (size_t i = 0; i < count; i++) {
        const struct key_entry *k = keymap_at(t, i);
        const char *why = action_may(k->action, a, v);
        const bool apart =
            v->state == SESSION_BROWSING && steer_is_over_for(k->action, a, v);
        if (!owner ? !apart : keymap_owner(t, i) != owner || apart) {
            continue;
        }
        const size_t unused = l->n_own;
        const char *help = words_of(l, t, keymap_owner(t, i), k->help);
        if (!key_wanted(l, a, k, help)) {
            l->n_own = unused;
            continue;
        }
        add_head(l, title, before);
        add_key_lines(l, t, i, help, w);
        if (why && !apart) {
            why = words_of(l, t, keymap_owner(t, i), why);
            add(l, LINE_WHY, i, why, strlen(why));
        }
    }
}

/* Whether a topic has the title looked for; a single character is rather a key. */
static bool is_titled(struct help_lines *l, const struct app *a, const struct topic *t)
{
    const char *const title[] = {t->title};
    return strlen(a->help.filter) > 1 && match_answers(&l->match, title, 1);
}

/* Add topics that match the filter: those whose title does, or the others. */
static void add_topics(struct help_lines *l, const struct app *a, int w, bool titled)
{
    for (size_t i = 0; i < topics_count(); i++) {
        const struct topic *t = topics_at(i);
        const size_t unused = l->n_own;
        const char *text = words_of(l, a->screens, a->screens->everywhere, t->text);
        if (is_titled(l, a, t) != titled || !wanted(l, t->title, text, "topic")) {
            l->n_own = unused;
            continue;
        }
        if (l->n) {
            add(l, LINE_GAP, 0, "", 0);
        }
        add(l, LINE_TOPIC, i, t->title, strlen(t->title));
        for (const char *p = text; *p;) {
            const size_t n = strcspn(p, "\n");
            add_wrapped(l, LINE_TEXT, LINE_TEXT, 0, p, n, w - 4);
            p += n + (p[n] == '\n' ? 1 : 0);
        }
    }
}

static void add_measures(struct help_lines *l, const struct app *a, int w)
{
    const size_t before = l->n;
    const char *head = words_of(l, a->screens, a->screens->help,
                                "measures (" KEY_OF("open") ": in the pane in focus)");
    for (size_t i = 0; pane_metric(i) >= 0; i++) {
        const size_t m = (size_t)pane_metric(i);
        const struct measure *def = measure_at((enum metric)m);
        const char *const text[] = {def->label, def->column, def->help};
        if (match_wants(&l->match, text, 2, text, 3)) {
            add_head(l, head, before);
            add_wrapped(l, LINE_METRIC, LINE_METRIC_MORE, m, def->help,
                        strlen(def->help), w - METRIC_COLUMN);
        }
    }
}

static bool column_wanted(struct help_lines *l, const struct latent_column *c)
{
    const char *const text[] = {c->title, c->name, c->help, c->more, "column"};
    return match_wants(&l->match, text, 2, text, 5);
}

static void add_columns(struct help_lines *l, const struct app *a, int w)
{
    const size_t before = l->n;
    const struct latent_column *c = NULL;
    const char *head = words_of(
        l, a->screens, a->screens->help,
        "columns and filter words of Latents (" KEY_OF("open") ": sort by it)");
    for (size_t i = 0; (c = latent_column_at(i)) != NULL; i++) {
        if (column_wanted(l, c)) {
            add_head(l, head, before);
            add_wrapped(l, LINE_COLUMN, LINE_COLUMN_MORE, i, c->help, strlen(c->help),
                        w - METRIC_COLUMN);
        }
    }
}

static void add_column_topics(struct help_lines *l, int w)
{
    const struct latent_column *c = NULL;
    for (size_t i = 0; (c = latent_column_at(i)) != NULL; i++) {
        if (c->more && column_wanted(l, c)) {
            add(l, LINE_GAP, 0, "", 0);
            add(l, LINE_COLUMN_TOPIC, i, c->title, strlen(c->title));
            add_wrapped(l, LINE_TEXT, LINE_TEXT, 0, c->more, strlen(c->more), w - 4);
        }
    }
}

/* ---- events and messages ---- */

enum { EVENT_COLUMN = 26, MESSAGE_COLUMN = 10 };

static void add_events(struct help_lines *l, const struct session_view *v, int w)
{
    for (size_t i = v->n_events; i-- > 0;) {
        const struct event_view *ev = &v->event[i];
        if (wanted(l, ev->kind, ev->text, "")) {
            add_wrapped(l, LINE_EVENT, LINE_EVENT_MORE, i, ev->text, strlen(ev->text),
                        w - EVENT_COLUMN);
        }
        i -= event_group(v, i) - 1;
    }
}

static const struct message *message_at(const struct app *a, size_t i)
{
    return &a->log.at[i % MESSAGES];
}

/* A message, with how often it came; it lives as long as the lines. */
static const char *message_text(struct help_lines *l, const struct message *m)
{
    char text[sizeof m->text + 32];
    snprintf(text, sizeof text, "%s  (%zu times)", m->text, m->times);
    const char *own = m->times > 1 ? keep(l, text) : NULL;
    return own ? own : m->text;
}

static void add_messages(struct help_lines *l, const struct app *a, int w)
{
    const size_t n = a->log.n;
    for (size_t i = n; i-- > 0 && n - i <= MESSAGES;) {
        const char *text = message_text(l, message_at(a, i));
        if (wanted(l, text, "", "")) {
            add_wrapped(l, LINE_MESSAGE, LINE_MESSAGE_MORE, i, text, strlen(text),
                        w - MESSAGE_COLUMN);
        }
    }
}

static void draw_event(const struct session_view *v, struct canvas *c, int x, int y,
                       size_t i)
{
    const struct event_view *ev = &v->event[i];
    char step[32];
    text_thousands(step, sizeof step, ev->step);
    const int used = canvas_text_width(step);
    canvas_text(c, x + (used < 7 ? 7 - used : 0), y, used, step, ROLE_DIM, 0);
    event_letters(v, i, c, x + 8, y);
    const int letters = event_letters_w(v);
    canvas_text(c, x + 9 + letters, y, EVENT_COLUMN - 10 - letters, ev->kind,
                ROLE_EVENT, 0);
}

static void draw_message(const struct app *a, struct canvas *c, int x, int y, int w,
                         const struct help_line *line, const char *text)
{
    const struct message *m = message_at(a, line->index);
    if (line->kind == LINE_MESSAGE) {
        char step[32];
        text_thousands(step, sizeof step, m->step);
        const int used = canvas_text_width(step);
        canvas_text(c, x + (used < 8 ? 8 - used : 0), y, used, step, ROLE_DIM, 0);
    }
    canvas_text(c, x + MESSAGE_COLUMN, y, w - MESSAGE_COLUMN, text,
                m->bad ? ROLE_BAD : ROLE_TEXT, 0);
}

/* ---- all lines ---- */

/* Add all that is wanted of the rank, or all that there is. */
static void add_all(struct help_lines *l, const struct app *a,
                    const struct session_view *v, int w)
{
    const struct screen_table *t = a->screens;
    add_topics(l, a, w, true);
    for (size_t i = 0; i < t->n; i++) {
        if (t->row[i] == a->screen) {
            add_keys(l, a, v, t->row[i], l->head[i], w);
        }
    }
    add_keys(l, a, v, t->everywhere, "everywhere", w);
    if (l->match.rank == WORDS_NAME) { /* few; other screens' keys may be many */
        add_measures(l, a, w);
        add_columns(l, a, w);
    }
    for (size_t i = 0; i < t->n; i++) {
        if (t->row[i] != a->screen) {
            add_keys(l, a, v, t->row[i], l->head[i], w);
        }
    }
    if (l->match.rank != WORDS_NAME) {
        add_measures(l, a, w);
        add_columns(l, a, w);
    }
    add_topics(l, a, w, false);
    add_column_topics(l, w);
    if (v->state == SESSION_BROWSING) {
        add_keys(l, a, v, NULL,
                 v->step < v->planned
                     ? "not here: this run does not train; :resume trains it on"
                     : "not here: this run has ended; :extend STEPS trains it on",
                 w);
    }
}

static void build(struct help_lines *l, const struct app *a,
                  const struct session_view *v, int w, enum match_by by)
{
    const struct screen_table *t = a->screens;
    l->n = l->n_own = 0;
    match_begin(&l->match, a->help.filter, by);
    if (a->help.kind == HELP_EVENTS) {
        add_events(l, v, w);
        return;
    }
    if (a->help.kind == HELP_MESSAGES) {
        add_messages(l, a, w);
        return;
    }
    for (size_t i = 0; i < t->n; i++) {
        snprintf(l->head[i], sizeof l->head[i], "%s %s",
                 t->row[i] == a->screen ? "this screen:" : "on", t->row[i]->title);
    }
    /* What is only near is in no order of rank. */
    l->match.rank =
        a->help.filter[0] && by != MATCH_NEAR ? WORDS_NAME : MATCH_EVERY_RANK;
    do {
        add_all(l, a, v, w);
    } while (++l->match.rank < WORDS_RANKS);
}

/* ---- state ---- */

static struct rect inside(const struct app *a)
{
    return rect_inset(layout_help(a->w, a->h), 1, 1);
}

static void rebuild(struct app *a, const struct session_view *v, struct help_lines *l)
{
    const struct rect in = inside(a);
    const bool phrase = strchr(a->help.filter, ' ') != NULL;
    build(l, a, v, in.w - 2, phrase ? MATCH_PHRASE : MATCH_WORDS);
    if (!l->n && phrase) {
        build(l, a, v, in.w - 2, MATCH_WORDS);
    }
    if (!l->n && a->help.filter[0]) {
        build(l, a, v, in.w - 2, MATCH_NEAR);
    }
    list_set(&a->help.list, l->n, in.h);
}

void help_open(struct app *a, const struct session_view *v, const char *filter)
{
    a->help.open = true;
    a->help.kind = HELP_KEYS;
    a->help.list = (struct list_view){0};
    help_set_filter(a, v, filter);
}

void help_open_list(struct app *a, const struct session_view *v, enum help_kind kind)
{
    help_open(a, v, "");
    a->help.kind = kind;
    help_set_filter(a, v, "");
}

void help_close(struct app *a)
{
    a->help.open = false;
}

void help_set_filter(struct app *a, const struct session_view *v, const char *text)
{
    struct help_lines l;
    snprintf(a->help.filter, sizeof a->help.filter, "%.*s", HELP_FILTER_CAP - 1, text);
    rebuild(a, v, &l);
    list_home(&a->help.list);
}

void help_move(struct app *a, const struct session_view *v, const char *direction)
{
    struct help_lines l;
    rebuild(a, v, &l);
    list_by_name(&a->help.list, direction);
}

/* Tab: the next section. */
static void next_section(struct app *a, const struct session_view *v, bool forward)
{
    struct help_lines l;
    rebuild(a, v, &l);
    size_t i = a->help.list.cursor;
    for (size_t steps = 0; steps < l.n; steps++) {
        i = forward ? (i + 1) % l.n : (i + l.n - 1) % l.n;
        if (l.line[i].kind == LINE_HEAD || l.line[i].kind == LINE_TOPIC ||
            l.line[i].kind == LINE_COLUMN_TOPIC) {
            list_go(&a->help.list, i);
            return;
        }
    }
}

/* Run entry i of the keymap on its own screen. */
static void run_key(struct app *a, const struct session_view *v, size_t i)
{
    const struct screen_table *t = a->screens;
    const struct key_entry *k = keymap_at(t, i);
    const struct screen_def *owner = keymap_owner(t, i);
    const char *why = action_may(k->action, a, v);
    if (why) {
        app_say(a, true, "%s: %s", k->action->command, why);
        return;
    }
    help_close(a);
    if (owner != t->help && owner != t->everywhere && owner != a->screen) {
        app_go(a, v, owner);
    }
    cmdline_choose(a, v, k);
}

/* Run a command with its arguments on the screen of that name. */
static void run_there(struct app *a, const struct session_view *v, const char *screen,
                      const char *command, const char *args)
{
    const struct screen_def *where = screen_find(a->screens, screen);
    char line[80];
    help_close(a);
    if (where) {
        app_go(a, v, where);
        snprintf(line, sizeof line, "%s %s", command, args);
        app_run(a, v, line);
    }
}

static void sort_by(struct app *a, const struct session_view *v,
                    const struct latent_column *c)
{
    if (!(c->flags & IN_TABLE)) {
        app_say(a, true, "%s is no column of the table: %s", c->title,
                c->flags & IN_FILTER ? KEY_OF("filter") " filters by it"
                                     : "the export has it");
        return;
    }
    run_there(a, v, "latents", "sort", c->name);
}

/* Point at an event's step on the first screen that can. */
static void point_at(struct app *a, const struct session_view *v, int64_t step)
{
    help_close(a);
    for (size_t i = 0; i < a->screens->n; i++) {
        const struct screen_def *screen = a->screens->row[i];
        if (screen->point) {
            app_go(a, v, screen);
            screen->point(a, v, step);
            return;
        }
    }
}

void help_enter(struct app *a, const struct session_view *v)
{
    struct help_lines l;
    rebuild(a, v, &l);
    if (a->help.list.cursor >= l.n) {
        return;
    }
    const struct help_line *line = &l.line[a->help.list.cursor];
    if (line->kind == LINE_KEY || line->kind == LINE_KEY_MORE ||
        line->kind == LINE_KEY_COMMAND || line->kind == LINE_WHY) {
        run_key(a, v, line->index);
    } else if (line->kind == LINE_EVENT || line->kind == LINE_EVENT_MORE) {
        point_at(a, v, v->event[line->index].step);
    } else if (line->kind == LINE_METRIC || line->kind == LINE_METRIC_MORE) {
        run_there(a, v, "train", "pane", measure_at((enum metric)line->index)->column);
    } else if (line->kind == LINE_COLUMN || line->kind == LINE_COLUMN_MORE) {
        sort_by(a, v, latent_column_at(line->index));
    }
}

void help_key(struct app *a, const struct session_view *v, uint32_t key)
{
    const struct key_entry *k = keymap_find_key(a->screens, a->screens->help, key);
    const bool closes = k && (!strcmp(k->action->command, "help") ||
                              !strcmp(k->action->command, "back"));
    if (key == KEY_ESC_ && a->help.filter[0]) {
        help_set_filter(a, v, "");
    } else if (key == KEY_TAB_ || key == KEY_SHIFT_TAB) {
        next_section(a, v, key == KEY_TAB_);
    } else if (closes || keymap_fixed_in_help(key)) {
        help_close(a);
    } else if (k && k->action->in_help) {
        app_dispatch(a, v, k, k->preset);
    }
}

/* ---- drawing ---- */

static void draw_key(struct canvas *c, int x, int y, int w,
                     const struct screen_table *t, const struct key_entry *k,
                     const char *words)
{
    char lead[192];
    const int at = key_lead(t, k, lead, sizeof lead);
    canvas_text(c, x, y, w, lead, ROLE_KEY, k->key[0] ? ATTR_BOLD : 0);
    canvas_text(c, x + at, y, w - at, words, ROLE_TEXT, 0);
}

/* The command at the right of the last line of an entry's words. */
static void draw_key_end(struct canvas *c, int x, int y, int w,
                         const struct screen_table *t, const struct key_entry *k)
{
    char command[192];
    key_command(t, k, command, sizeof command);
    const int n = canvas_text_width(command);
    canvas_text(c, x + w - n, y, n, command, ROLE_DIM, 0);
}

/* The column where an entry's words begin, so that its further lines are below them. */
static int words_column(const struct screen_table *t, const struct key_entry *k, int w)
{
    char lead[192];
    const int at = key_lead(t, k, lead, sizeof lead);
    return w - at >= 24 ? at : KEY_COLUMN;
}

static void draw_line(const struct app *a, const struct session_view *v,
                      struct canvas *c, int x, int y, int w,
                      const struct help_line *line)
{
    char text[256], why[256];
    snprintf(text, sizeof text, "%.*s", (int)(line->len < 255 ? line->len : 255),
             line->text);
    int at = 0;
    if (line->ends) {
        draw_key_end(c, x + 1, y, w - 1, a->screens,
                     keymap_at(a->screens, line->index));
    }
    switch (line->kind) {
    case LINE_HEAD: canvas_text(c, x, y, w, text, ROLE_FOCUS, ATTR_BOLD); break;
    case LINE_KEY:
        draw_key(c, x + 1, y, w - 1, a->screens, keymap_at(a->screens, line->index),
                 text);
        break;
    case LINE_KEY_MORE:
        at = words_column(a->screens, keymap_at(a->screens, line->index), w - 1);
        canvas_text(c, x + 1 + at, y, w - 1 - at, text, ROLE_TEXT, 0);
        break;
    case LINE_KEY_COMMAND:
        canvas_text(c, x + 1 + KEY_COLUMN, y, w - 1 - KEY_COLUMN, text, ROLE_DIM, 0);
        break;
    case LINE_WHY:
        text_reason(text, why, sizeof why);
        canvas_textf(c, x + 1 + KEY_COLUMN, y, w - 1 - KEY_COLUMN, ROLE_WARN, 0,
                     "not now: %s", why);
        break;
    case LINE_METRIC:
    case LINE_COLUMN:
        canvas_text(c, x + 1, y, 24,
                    line->kind == LINE_METRIC
                        ? measure_at((enum metric)line->index)->label
                        : latent_column_at(line->index)->title,
                    ROLE_VALUE, 0);
        canvas_text(c, x + METRIC_COLUMN, y, w - METRIC_COLUMN, text, ROLE_TEXT, 0);
        break;
    case LINE_METRIC_MORE:
    case LINE_COLUMN_MORE:
        canvas_text(c, x + METRIC_COLUMN, y, w - METRIC_COLUMN, text, ROLE_TEXT, 0);
        break;
    case LINE_TOPIC: canvas_text(c, x, y, w, text, ROLE_FOCUS, ATTR_BOLD); break;
    case LINE_COLUMN_TOPIC:
        canvas_textf(c, x, y, w, ROLE_FOCUS, ATTR_BOLD, "the column %s", text);
        break;
    case LINE_TEXT: canvas_text(c, x + 2, y, w - 2, text, ROLE_TEXT, 0); break;
    case LINE_EVENT:
        draw_event(v, c, x, y, line->index);
        canvas_text(c, x + EVENT_COLUMN, y, w - EVENT_COLUMN, text, ROLE_TEXT, 0);
        break;
    case LINE_EVENT_MORE:
        canvas_text(c, x + EVENT_COLUMN, y, w - EVENT_COLUMN, text, ROLE_TEXT, 0);
        break;
    case LINE_MESSAGE:
    case LINE_MESSAGE_MORE: draw_message(a, c, x, y, w, line, text); break;
    case LINE_GAP: break;
    }
}

/* Why a list is empty. */
static const char *why_no_line(const struct app *a)
{
    if (a->help.filter[0]) {
        return "no line has that; Esc shows all";
    }
    return a->help.kind == HELP_MESSAGES
               ? "no messages yet; " KEY_OF("events") " on Train has the run's events"
               : "nothing yet";
}

void help_view(struct app *a, const struct session_view *v, struct canvas *c)
{
    struct help_lines l;
    rebuild(a, v, &l);
    const struct rect r =
        rect_intersect(layout_help(a->w, a->h), (struct rect){0, 0, c->w, c->h});
    char title[160], value[32];
    static const char *const names[] = {[HELP_KEYS] = "help",
                                        [HELP_EVENTS] = "events, newest first",
                                        [HELP_MESSAGES] =
                                            "messages of this session, newest first"};
    const bool near = l.match.near[0] != '\0';
    snprintf(title, sizeof title, "%s%s%s%s%s%s", names[a->help.kind],
             a->help.filter[0] ? " / " : "", a->help.filter, near ? ": near '" : "",
             l.match.near, near ? "'" : "");
    const struct list_view *list = &a->help.list;
    snprintf(value, sizeof value, "%zu/%zu", l.n ? list->cursor + 1 : 0, l.n);
    canvas_fill(c, r, ' ', ROLE_TEXT, 0);
    const struct rect in = canvas_box(c, r, title, value, true);
    app_hit(a, r, HIT_OVERLAY, 0);
    const struct rect old = canvas_clip(c, in);
    if (!l.n) {
        app_text(a, c, in.x + 1, in.y, in.w - 2, why_no_line(a), ROLE_DIM);
    }
    for (int i = 0; i < in.h && list->top + (size_t)i < l.n; i++) {
        const size_t at = list->top + (size_t)i;
        draw_line(a, v, c, in.x + 1, in.y + i, in.w - 2, &l.line[at]);
        if (at == list->cursor) {
            canvas_tint(c, (struct rect){in.x, in.y + i, in.w, 1}, ROLE_SELECT, 0);
        }
        app_hit(a, (struct rect){in.x, in.y + i, in.w, 1}, HIT_HELP_LINE, i);
    }
    canvas_unclip(c, old);
    const struct layout_frame f = layout_frame(c->w, c->h);
    canvas_fill(c, f.hints, ' ', ROLE_TEXT, 0);
#define MOVES   KEY_OF("move down") " " KEY_OF("move up") " scroll"
#define FILTERS KEY_OF("help-filter") " filter"
#define OPENS   KEY_OF("open")
    static const char *const hints[] = {
        [HELP_KEYS] = MOVES "  Tab section  " FILTERS "  " OPENS " run it  Esc close",
        [HELP_EVENTS] = MOVES "  " FILTERS "  " OPENS " cursor there  Esc close",
        [HELP_MESSAGES] = MOVES "  " FILTERS "  Esc close"};
    char words[160];
    keymap_text(a->screens, a->screens->help, hints[a->help.kind], words, sizeof words);
    canvas_text(c, f.hints.x + 1, f.hints.y, f.hints.w - 1, words, ROLE_DIM, 0);
}
