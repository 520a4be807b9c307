#include "ui/finder.h"

#include "base/fuzzy.h"
#include "session/session.h"
#include "ui/cmdline.h"
#include "ui/help.h"
#include "ui/rows.h"
#include "ui/text.h"
#include "ui/topics.h"
#include "ui/typed_keys.h"
#include "ui/word_search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- what there is ---- */

/* Words about a thing count for less than its name. */
#define BY_HELP 0.6
/* Added for concepts and screens: there is one of a name, and many latents that match
 * it. Twice for a concept typed whole, which comes before the latent that tells it. */
#define BY_NAME       15.0
#define LOOSE_BY_NAME 1.6
/* A word's stem, or another word for the same thing: in its name, or in words about it.
 */
#define NAME_BY_SENSE 45.0
#define HELP_BY_SENSE 12.0
#define LOOK_HELP     "how the screens look"
enum { FEW = 3 };

/* How good a thing is as an answer. */
struct worth {
    double score; /* 0: it is none */
    char near[FUZZY_NEAR_MAX];
};

static struct worth worth_of_name(const char *typed, const char *name)
{
    struct worth v = {.score = (double)fuzzy_score(typed, name, true)};
    if (!(v.score > 0.0)) {
        v.score = (double)fuzzy_loose(typed, name, v.near);
    }
    return v;
}

static struct worth worth_of(const struct words *w, const char *name, const char *more)
{
    const double own = (double)fuzzy_score(w->typed, name, true);
    const double about = BY_HELP * (double)fuzzy_score(w->typed, more, false);
    const char *const text[] = {name, more};
    const double sense = words_answer(w, text, 1)   ? NAME_BY_SENSE
                         : words_answer(w, text, 2) ? HELP_BY_SENSE
                                                    : 0.0;
    const double best = own > about ? own : about;
    struct worth v = {.score = best > sense ? best : sense};
    v = v.score > 0.0 ? v : worth_of_name(w->typed, name);
    if (!(v.score > 0.0) && words_near(w, text, 2, v.near)) {
        v.score = BY_HELP * FUZZY_NEAR;
    }
    return v;
}

/* Adds to an answer; a loose one is raised among those of its quality. */
static struct worth raised(struct worth v, double by)
{
    if (v.near[0]) {
        v.score *= by > 0.0 ? LOOSE_BY_NAME : 1.0;
    } else {
        v.score += v.score > 0.0 ? by : 0.0;
    }
    return v;
}

static struct finder_item *add(struct finder_state *f, const char *kind, struct worth v)
{
    if (!(v.score > 0.0) || f->n == FINDER_ITEMS) {
        return NULL;
    }
    struct finder_item *item = &f->item[f->n++];
    memset(item, 0, sizeof *item);
    item->kind = kind;
    item->score = v.score;
    snprintf(item->near, sizeof item->near, "%s", v.near);
    return item;
}

static void name_it(struct finder_item *item, const char *text, const char *more,
                    const char *command)
{
    snprintf(item->text, sizeof item->text, "%.*s", (int)sizeof item->text - 1, text);
    snprintf(item->more, sizeof item->more, "%.*s", (int)sizeof item->more - 1, more);
    snprintf(item->command, sizeof item->command, "%.*s", (int)sizeof item->command - 1,
             command);
}

static void add_screens(struct app *a, const struct words *w)
{
    for (size_t i = 0; i < a->screens->n; i++) {
        const struct screen_def *s = a->screens->row[i];
        const struct key_entry *go = keymap_go(a->screens, i);
        struct finder_item *item =
            add(&a->finder, "screen",
                w->typed[0] ? raised(worth_of(w, s->title, go->help), BY_NAME)
                            : (struct worth){.score = 1});
        char command[64];
        if (item) {
            snprintf(command, sizeof command, "%s %s", go->action->command, s->name);
            const size_t n = strlen(s->title); /* said once: "Train: curves" */
            const bool again = !strncmp(go->help, s->title, n) && go->help[n] == ':';
            name_it(item, s->title, go->help + (again ? n + 2 : 0), command);
            item->key = go;
        }
    }
}

/* The item to fill with a command of that name, which is listed once, however many
 * screens have it; NULL: the one listed is as good. */
static struct finder_item *add_command(struct finder_state *f, const char *name,
                                       struct worth v)
{
    for (size_t i = 0; i < f->n; i++) {
        struct finder_item *item = &f->item[i];
        if (!strcmp(item->kind, "command") && !strcmp(item->command, name)) {
            const bool better = v.score > item->score;
            item->score = better ? v.score : item->score;
            return better ? item : NULL;
        }
    }
    return add(f, "command", v);
}

/* Whether a command answers by its name or help; else it does by its arguments. */
static bool is_said(const struct words *w, const struct finder_item *item,
                    const char *name, const char *help)
{
    const char *const said[] = {name, help};
    return item->near[0]
               ? strstr(name, item->near) || strstr(help, item->near)
               : fuzzy_score(w->typed, name, true) || words_answer(w, said, 2);
}

/* Add the keymap entries that a person would look for: not those that move. */
static void add_commands(struct app *a, const struct words *w)
{
    const struct screen_table *t = a->screens;
    const size_t n = keymap_count(t);
    for (size_t i = 0; w->typed[0] && i < n; i++) {
        const struct key_entry *k = keymap_at(t, i);
        const struct screen_def *owner = keymap_owner(t, i);
        char name[120], line[120], help[KEYMAP_HELP], args[120] = "";
        char about[sizeof help + sizeof args + 2];
        keymap_text(t, owner, k->help, help, sizeof help);
        if (!k->preset[0]) {
            keymap_args(t, k->action, args, sizeof args);
        }
        snprintf(about, sizeof about, "%s%s%s", args, args[0] ? "  " : "", help);
        snprintf(name, sizeof name, "%s%s%s", k->action->command,
                 k->preset[0] ? " " : "", k->preset);
        const bool here = owner == a->screen || owner == t->everywhere;
        if (k->action->takes_screen || k->action == &action_finder) {
            continue;
        }
        struct finder_item *item = add_command(
            &a->finder, name, raised(worth_of(w, name, about), here ? 0.0 : -2.0));
        if (item) {
            snprintf(line, sizeof line, ":%.100s", name);
            name_it(item, line, is_said(w, item, name, help) ? help : about, name);
            item->key = k;
            item->on = owner == t->everywhere || owner == t->help ? NULL : owner;
        }
    }
}

/* What opening a concept shows, or why it cannot yet say which latents tell it. */
static const char *concept_offer(const struct session_view *v)
{
    for (size_t i = 0; i < v->n_arms; i++) {
        if (v->arm[i].concepts) {
            return "its words, and who carries it";
        }
    }
    return v->no_model ? "not evaluated, and no model here"
           : v->state == SESSION_BROWSING
               ? "not evaluated yet: opening it here does so"
               : "not evaluated yet: the first evaluation does";
}

static void add_concepts(struct app *a, const struct session_view *v, const char *typed)
{
    const struct screen_def *on = screen_find(a->screens, "concepts");
    for (size_t i = 0; typed[0] && on && i < v->names.n_concepts; i++) {
        const char *name = v->names.concept_name[i];
        const struct worth worth = worth_of_name(typed, name);
        const bool whole = worth.score >= FUZZY_WHOLE;
        struct finder_item *item =
            add(&a->finder, "concept", raised(worth, whole ? 2 * BY_NAME : BY_NAME));
        char command[FINDER_COMMAND], more[80];
        if (item) {
            snprintf(command, sizeof command, "find %.100s", name);
            snprintf(more, sizeof more, "%s: %s",
                     concept_kind_name(v->names.concept_kind[i]), concept_offer(v));
            name_it(item, name, more, command);
            item->on = on;
        }
    }
}

static void add_settings(struct app *a, const struct words *w)
{
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    for (size_t i = 0; w->typed[0] && i < n; i++) {
        struct finder_item *item =
            add(&a->finder, "setting", raised(worth_of(w, t[i].key, t[i].help), -5.0));
        char command[FINDER_COMMAND];
        if (item) {
            snprintf(command, sizeof command, "setting %s", t[i].key);
            name_it(item, t[i].key, t[i].help, command);
        }
    }
}

/* Add what `:set` may set of the screens, with its values: "theme light". */
static void add_looks(struct app *a, const struct words *w)
{
    const struct key_entry *k = keymap_find_command(a->screens, a->screen, "set", 3);
    const char *name = NULL, *value = NULL;
    for (size_t i = 0; w->typed[0] && k && (name = k->action->word(a, "set ", i));
         i++) {
        char line[FINDER_COMMAND];
        snprintf(line, sizeof line, "set %s ", name);
        for (size_t n = 0; (value = k->action->word(a, line, n)); n++) {
            char text[64], command[FINDER_COMMAND];
            snprintf(text, sizeof text, "%s %s", name, value);
            snprintf(command, sizeof command, "set %s", text);
            const bool whole = !strcasecmp(w->typed, value);
            struct finder_item *item =
                add(&a->finder, "setting",
                    raised(worth_of(w, text, LOOK_HELP), whole ? 3 * BY_NAME : 0.0));
            if (item) {
                name_it(item, text, LOOK_HELP, command);
            }
        }
    }
}

static void add_topics(struct app *a, const struct words *w)
{
    for (size_t i = 0; w->typed[0] && i < topics_count(); i++) {
        const struct topic *t = topics_at(i);
        char text[TOPIC_MAX];
        keymap_text(a->screens, a->screens->everywhere, t->text, text, sizeof text);
        struct finder_item *item =
            add(&a->finder, "topic", raised(worth_of(w, t->title, text), -1.0));
        char command[FINDER_COMMAND];
        if (item) {
            snprintf(command, sizeof command, "help %s", t->title);
            name_it(item, t->title, "read it", command);
        }
    }
}

static void add_of_screens(struct app *a, const struct session_view *v,
                           const char *typed)
{
    struct finder_state *f = &a->finder;
    const size_t before = f->n;
    for (size_t i = 0; i < a->screens->n; i++) {
        const struct screen_def *s = a->screens->row[i];
        if (s->found) {
            f->n += s->found(a, v, typed, f->item + f->n, FINDER_ITEMS - f->n);
        }
    }
    f->unasked = typed[0] ? 0 : f->n - before;
}

static void add_recent(struct app *a)
{
    struct finder_state *f = &a->finder;
    for (size_t i = 0; i < f->n_recent && f->n < FINDER_ITEMS; i++) {
        f->item[f->n] = f->recent[i];
        f->item[f->n++].score = 1e6 - (double)i;
    }
}

/* ---- looking ---- */

/* The best first; no two are equal. */
static int by_score(const void *x, const void *y)
{
    const struct finder_item *a = x, *b = y;
    if (a->score > b->score || a->score < b->score) {
        return a->score > b->score ? -1 : 1;
    }
    return 0;
}

static struct rect window(const struct app *a)
{
    const struct rect r = layout_help(a->w, a->h);
    const int w = layout_least(r.w, 110);
    return layout_box(r.x + (r.w - w) / 2, r.y, w, r.h);
}

/* Rows of the list, below the line and a rule. */
static int page(const struct app *a)
{
    return window(a).h - 4;
}

/* How an item answers: as typed, loosely, loosely by words about it alone. */
enum { FIRM, LOOSE, LOOSE_BY_HELP, HOW };

static int how_of(const struct finder_item *item)
{
    return !item->near[0] ? FIRM : item->score >= FUZZY_NEAR ? LOOSE : LOOSE_BY_HELP;
}

/* Keep the looser answers only where few others are. */
static void drop_loose(struct finder_state *f)
{
    size_t n[HOW] = {0}, kept = 0;
    int most = FIRM;
    for (size_t i = 0; i < f->n; i++) {
        n[how_of(&f->item[i])]++;
    }
    for (size_t all = n[FIRM]; all < FEW && most < LOOSE_BY_HELP; all += n[most]) {
        most++;
    }
    for (size_t i = 0; i < f->n; i++) {
        if (how_of(&f->item[i]) <= most) {
            f->item[kept++] = f->item[i];
        }
    }
    f->n = kept;
}

static void look(struct app *a, const struct session_view *v)
{
    struct finder_state *f = &a->finder;
    const char *typed = f->line.text;
    struct words w;
    words_begin(&w, typed);
    f->n = 0;
    if (!typed[0]) {
        add_recent(a);
    }
    /* There are few screens; latents are many and leave room (FOUND_MAX) for the rest.
     */
    add_screens(a, &w);
    add_of_screens(a, v, typed);
    add_concepts(a, v, typed);
    add_commands(a, &w);
    add_topics(a, &w);
    add_settings(a, &w);
    add_looks(a, &w);
    drop_loose(f);
    for (size_t i = 0; i < f->n; i++) { /* a stable order, whatever qsort does */
        f->item[i].score -= 1e-6 * (double)i;
    }
    if (f->n > 0) {
        qsort(f->item, f->n, sizeof *f->item, by_score);
    }
    list_set(&f->list, f->n, page(a));
}

static struct finder_seen seen_now(const struct session_view *v)
{
    struct finder_seen s;
    memset(&s, 0, sizeof s);
    s.arms = v->n_arms;
    s.concepts = v->names.n_concepts;
    for (size_t i = 0; i < VIEW_ARMS; i++) {
        s.table[i] = v->arm[i].table;
        s.labels[i] = v->arm[i].labels;
        s.evaluated[i] = v->arm[i].concepts;
    }
    return s;
}

static void look_anew(struct app *a, const struct session_view *v)
{
    a->finder.seen = seen_now(v);
    a->finder.stale = false;
    look(a, v);
    list_home(&a->finder.list);
}

void finder_sync(struct app *a, const struct session_view *v)
{
    struct finder_state *f = &a->finder;
    const struct finder_seen now = seen_now(v);
    if (!f->open) {
        return;
    }
    if (f->stale || memcmp(&now, &f->seen, sizeof now) != 0) {
        f->seen = now;
        f->stale = false;
        look(a, v);
    }
    list_set(&f->list, f->n, page(a));
}

/* ---- going ---- */

void finder_remember(struct app *a, const struct finder_item *item)
{
    struct finder_state *f = &a->finder;
    size_t at = 0;
    while (at < f->n_recent && strcmp(f->recent[at].command, item->command) != 0) {
        at++;
    }
    const struct finder_item own = *item;
    f->n_recent += at == f->n_recent && f->n_recent < FINDER_RECENT ? 1U : 0U;
    at = at < f->n_recent ? at : f->n_recent - 1;
    memmove(f->recent + 1, f->recent, at * sizeof *f->recent);
    f->recent[0] = own;
    f->recent[0].near[0] = '\0';
}

void finder_close(struct app *a)
{
    a->finder.open = false;
}

static void enter(struct app *a, const struct session_view *v)
{
    struct finder_state *f = &a->finder;
    if (f->list.cursor >= f->n) {
        app_say(a, false, "nothing found for '%.60s'", f->line.text);
        return;
    }
    const struct finder_item item = f->item[f->list.cursor];
    finder_close(a);
    if (!item.leads_on) {
        finder_remember(a, &item);
    }
    if (item.on && item.on != a->screen) {
        app_go(a, v, item.on);
    }
    if (item.key && !item.key->action->takes_screen) {
        cmdline_choose(a, v, item.key);
    } else {
        app_run(a, v, item.command);
    }
}

/* ---- keys ---- */

static void open(struct app *a, const struct session_view *v, const char *args)
{
    a->help.open = false;
    a->finder.open = true;
    line_begin(&a->finder.line, args, NULL, NULL, NULL);
    look_anew(a, v);
}

const struct action action_finder = {
    .command = "go", .args = "[TEXT]", .run = open, .in_help = true, .leads_out = true};

/* The direction in which a key moves in the list; NULL: it is for the line. */
static const char *direction_of(uint32_t key)
{
    const enum edit edit = typed_edit(key, TYPED_FINDER);
    return edit == EDIT_UP          ? "up"
           : edit == EDIT_DOWN      ? "down"
           : edit == EDIT_PAGE_UP   ? "page-up"
           : edit == EDIT_PAGE_DOWN ? "page-down"
                                    : NULL;
}

void finder_key(struct app *a, const struct session_view *v, uint32_t key)
{
    struct finder_state *f = &a->finder;
    const char *direction = direction_of(key);
    if (key == KEY_F1_) {
        finder_close(a);
        help_open(a, v, "");
        return;
    }
    if (direction) {
        list_by_name(&f->list, direction);
        return;
    }
    switch (line_key(&f->line, key)) {
    case LINE_ACCEPT: enter(a, v); break;
    case LINE_CANCEL: finder_close(a); break;
    case LINE_CHANGED: look_anew(a, v); break;
    case LINE_MOVED:
    case LINE_IGNORED: break;
    }
}

void finder_paste(struct app *a, const struct session_view *v, const struct event *ev)
{
    bool whole = true;
    if (line_paste(&a->finder.line, ev->text, ev->text_n, &whole) == LINE_CHANGED) {
        look_anew(a, v);
    }
    if (!whole || ev->cut) {
        app_say(a, true, "pasted text cut to what the line holds");
    }
}

void finder_mouse(struct app *a, const struct session_view *v, const struct hit *hit,
                  const struct event *ev)
{
    struct list_view *list = &a->finder.list;
    if (ev->mouse == MOUSE_WHEEL_UP || ev->mouse == MOUSE_WHEEL_DOWN) {
        list_wheel(list, ev->mouse == MOUSE_WHEEL_UP ? -3 : 3);
    } else if (hit && hit->kind == HIT_FINDER_LINE && ev->mouse == MOUSE_PRESS) {
        const size_t was = list->cursor;
        if (list_click(list, hit->a) && list->cursor == was) {
            enter(a, v);
        }
    } else if (ev->mouse == MOUSE_PRESS && (!hit || hit->kind != HIT_OVERLAY)) {
        finder_close(a);
    }
}

/* ---- drawing ---- */

enum { KIND_W = 9, TEXT_W = 14, BRIEF = 8 };
enum { SAID = FUZZY_NEAR_MAX + 170 }; /* bytes */

/* What is said of an item, behind its name. */
static void say(const struct finder_item *item, char out[SAID])
{
    snprintf(out, SAID, "%s%s%s%s", item->near[0] ? "near '" : "", item->near,
             item->near[0] ? "'  " : "", item->more);
}

/* Columns for names in a list of w columns: those of the longest one shown of which
 * more is said than a name may run on beside, at most half. */
static int names_width(const struct finder_state *f, int w)
{
    const int half = (w - KIND_W) / 2;
    int most = layout_least(TEXT_W, half);
    for (size_t i = 0; i < list_visible(&f->list); i++) {
        const struct finder_item *item = &f->item[f->list.top + i];
        char said[SAID];
        say(item, said);
        const int name = canvas_text_width(item->text);
        if (name > most && canvas_text_width(said) > BRIEF) {
            most = layout_least(name, half);
        }
    }
    return most;
}

/* Returns whether there was room for all that is said of it. */
static bool draw_item(struct canvas *c, struct rect r, const struct finder_item *item,
                      int text_w, bool on)
{
    char keys[32] = "";
    int end = r.x + r.w;
    if (item->key && item->key->key[0]) {
        key_name(item->key->key[0], keys, sizeof keys);
        const int w = canvas_text_width(keys);
        end -= w + 1;
        canvas_text(c, end, r.y, w, keys, ROLE_KEY, 0);
    }
    canvas_text(c, r.x + 1, r.y, KIND_W - 2, item->kind, ROLE_DIM, 0);
    int x = r.x + KIND_W;
    char more[SAID];
    say(item, more);
    /* A longer name runs on if little is said about it. */
    const int said = canvas_text_width(more);
    const int name_w = said <= BRIEF ? end - x - 2 - said : text_w;
    const int used =
        canvas_text(c, x, r.y, name_w, item->text, ROLE_VALUE, on ? ATTR_BOLD : 0);
    x += (used > text_w ? used : text_w) + 1;
    (void)text_words(c, x, r.y, end - x - 1, more, ROLE_DIM);
    if (on) {
        canvas_tint(c, r, ROLE_SELECT, ATTR_BOLD);
    }
    return said <= end - x - 1;
}

/* Draw in a row what there was no room for beside an item's name. */
static void draw_more(struct canvas *c, struct rect r, const struct finder_item *item)
{
    canvas_fill(c, r, ' ', ROLE_TEXT, 0);
    (void)text_words(c, r.x + 1, r.y, r.w - 1, item->more, ROLE_TEXT);
}

/* Returns the item under the cursor if it is cut. */
static const struct finder_item *draw_list(struct app *a, struct canvas *c,
                                           struct rect r)
{
    const struct finder_state *f = &a->finder;
    const int text_w = names_width(f, r.w);
    const struct finder_item *cut = NULL;
    if (!f->n) {
        canvas_text(c, r.x + 1, r.y, r.w - 2,
                    "nothing found; try a token, a label, #12, a kind or a concept",
                    ROLE_DIM, 0);
        canvas_text(c, r.x + 1, r.y + 1, r.h > 1 ? r.w - 2 : 0,
                    "here, prompt: latents that fire on the text in Prompt, once it "
                    "was answered",
                    ROLE_DIM, 0);
    }
    for (int i = 0; i < r.h && f->list.top + (size_t)i < f->n; i++) {
        const size_t at = f->list.top + (size_t)i;
        const struct rect row = {r.x, r.y + i, r.w, 1};
        const bool on = at == f->list.cursor;
        if (!draw_item(c, row, &f->item[at], text_w, on) && on) {
            cut = &f->item[at];
        }
        app_hit(a, row, HIT_FINDER_LINE, i);
    }
    rows_bar(c, &f->list, r.x + r.w - 1, r.y, r.h);
    return cut;
}

void finder_view(struct app *a, const struct session_view *v, struct canvas *c)
{
    const struct rect r = rect_intersect(window(a), (struct rect){0, 0, c->w, c->h});
    char value[48];
    snprintf(value, sizeof value, "%s%zu",
             v->table_busy ? "latents are being described  " : "", a->finder.n);
    canvas_fill(c, r, ' ', ROLE_TEXT, 0);
    const char *title = a->finder.line.text[0] ? "go to"
                        : a->finder.unasked
                            ? "go to: recent, what fires in Prompt, screens"
                            : "go to: recent, screens";
    const struct rect in = canvas_box(c, r, title, value, true);
    app_hit(a, r, HIT_OVERLAY, 0);
    const struct rect old = canvas_clip(c, in);
    canvas_fill(c, (struct rect){in.x, in.y + 1, in.w, 1}, 0x2500, ROLE_BORDER, 0);
    const struct finder_item *cut =
        draw_list(a, c, (struct rect){in.x, in.y + 2, in.w, in.h - 2});
    line_draw(c, in.x + 1, in.y, in.w - 2, "> ", &a->finder.line);
    canvas_unclip(c, old);
    const struct layout_frame frame = layout_frame(c->w, c->h);
    if (cut) {
        draw_more(c, frame.status, cut);
    }
    canvas_fill(c, frame.hints, ' ', ROLE_TEXT, 0);
    canvas_text(c, frame.hints.x + 1, frame.hints.y, frame.hints.w - 1,
                "type to look   Up Down choose   Enter goes   Esc closes", ROLE_DIM, 0);
}
