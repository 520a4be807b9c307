/* The keys of Latents, and what they do. */
#include "ui/screens/latents_priv.h"
#include "ui/steer.h"
#include "ui/text.h"

#include <stdio.h>
#include <string.h>

/* ---- whether ---- */

const char *latents_may_browse(const struct app *a, const struct session_view *v)
{
    return latents_table(a, v) ? NULL : "no table of latents yet";
}

const char *latents_may_label(const struct app *a, const struct session_view *v,
                              int32_t id)
{
    const char *why = latents_may_browse(a, v);
    return why                         ? why
           : id < 0                    ? "no latent is chosen"
           : v->state == SESSION_ENDED ? "the run has ended"
                                       : NULL;
}

static const char *may_label(const struct app *a, const struct session_view *v)
{
    return latents_may_label(a, v, latents_of(a)->at);
}

/* ---- the table ---- */

/* The column to the right of the one sorted by, or to the left, going around the
 * end. */
static int column_beside(const struct app *a, const struct session_view *v, bool right)
{
    const int sort = latents_of(a)->sort;
    int shown[64], n = 0, at = 0;
    for (size_t i = 0; latent_column_nth(IN_TABLE, i) >= 0 && n < 64; i++) {
        const int k = latent_column_nth(IN_TABLE, i);
        const struct latent_column *c = latent_column_at((size_t)k);
        /* Also a column that gave way for lack of room: it is shown while sorted by. */
        if (latents_column_offered(a, v, c) || k == sort) {
            at = k == sort ? n : at;
            shown[n++] = k;
        }
    }
    return shown[(at + (right ? 1 : n - 1)) % n];
}

static void sort(struct app *a, const struct session_view *v, const char *args)
{
    struct latents_state *l = latents_of(a);
    if (!strcmp(args, "+") || !strcmp(args, "-")) {
        l->sort = column_beside(a, v, args[0] == '+');
        l->reverse = false;
    } else {
        const int i = latent_column_find(args, strlen(args));
        if (i < 0 || !(latent_column_at((size_t)i)->flags & IN_TABLE)) {
            char words[240];
            latent_column_words(IN_TABLE, words, sizeof words);
            app_say(a, true, "no column %.40s: %s", args, words);
            return;
        }
        l->reverse = i == l->sort && !l->reverse;
        l->sort = i;
    }
    l->stale = true;
    latents_order(a, v);
    list_home(&l->list);
    l->at = l->shown ? l->order[0] : -1;
}

static struct list_view *rows(const struct app *a)
{
    return &latents_of(a)->list;
}

static void go_to_row(struct app *a, const struct session_view *v, size_t row)
{
    struct latents_state *l = latents_of(a);
    (void)v;
    list_go(&l->list, row);
    l->at = l->shown ? l->order[l->list.cursor] : l->at;
}

static void reverse(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    latents_of(a)->reverse = !latents_of(a)->reverse;
    latents_of(a)->stale = true;
    latents_order(a, v);
    go_to_row(a, v, 0);
}

/* ---- find ---- */

static char *find_text(const struct app *a)
{
    return latents_of(a)->find;
}

static void find_keep(struct app *a)
{
    latents_of(a)->find_from = latents_of(a)->list.cursor;
}

static void find_back(struct app *a, const struct session_view *v)
{
    struct latents_state *l = latents_of(a);
    (void)v;
    list_go(&l->list, l->find_from);
    l->at = l->shown ? l->order[l->list.cursor] : -1;
}

const struct find_use latents_find_use = {
    .text = find_text,
    .keep = find_keep,
    .back = find_back,
    .look = latents_find,
    .may = may_look,
    .may_next = latents_may_browse,
    .help = "a word, label or #number; Enter stays there, " FIND_GOES_ON,
};

/* ---- filter ---- */

static struct filter_line *filter_here(const struct app *a)
{
    return &latents_of(a)->filter;
}

static const struct prompt_def filter_prompt = {
    .history = "filter",
    .help = "dog  !x  a|b  /regex/  density>1e-4  f1>.5  kind=token  tokens=dog  dead",
    FILTER_PROMPT};

const struct filter_use latents_filter = {.line = filter_here,
                                          .set = latents_set_filter,
                                          .rows = rows,
                                          .go = go_to_row,
                                          .may = may_look,
                                          .empty = latents_say_empty,
                                          .word = latent_filter_word,
                                          .prompt = &filter_prompt};

/* ---- marks ---- */

static void apply_mark(struct app *a, const struct session_view *v,
                       const struct undo_step *s, bool back)
{
    const struct latent_table *t = v->arm[s->arm].table;
    (void)back;
    if (t) {
        latents_mark(a, (size_t)s->arm, s->latent, t->F);
    }
}

static void which_mark(const struct app *a, const struct undo_step *s, bool back,
                       char *out, size_t cap)
{
    (void)a;
    (void)back;
    snprintf(out, cap, "of #%d", s->latent);
}

static const struct undo_kind mark_undo = {"a mark", apply_mark, which_mark};

void latents_turn_mark(struct app *a, const struct session_view *v, int32_t id)
{
    const struct latent_table *t = latents_table(a, v);
    const size_t arm = latents_of(a)->arm;
    if (!t || id < 0 || (size_t)id >= t->F) {
        return;
    }
    const struct undo_step step = {.kind = &mark_undo, .arm = (int)arm, .latent = id};
    undo_push(&a->undo, &step);
    latents_mark(a, arm, id, t->F);
}

static void mark(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    latents_turn_mark(a, v, latents_of(a)->at);
}

/* ---- labels ---- */

static void set_label(struct app *a, size_t arm, int32_t latent, const char *text)
{
    struct command *c = app_emit(a, COMMAND_LABEL);
    if (c) {
        c->arm = arm;
        c->latent = latent;
        snprintf(c->text, sizeof c->text, "%.*s", LATENT_LABEL_MAX + 1, text);
    }
}

static void apply_label(struct app *a, const struct session_view *v,
                        const struct undo_step *s, bool back)
{
    (void)v;
    set_label(a, (size_t)s->arm, s->latent, back ? s->before : s->after);
}

static void which_label(const struct app *a, const struct undo_step *s, bool back,
                        char *out, size_t cap)
{
    (void)a;
    const char *now = back ? s->before : s->after;
    snprintf(out, cap, "of #%d (now %s)", s->latent, now[0] ? now : "none");
}

static const struct undo_kind label_undo = {"a label", apply_label, which_label};

static void call(struct app *a, const struct session_view *v, int32_t id,
                 const char *text)
{
    const size_t arm = latents_of(a)->arm;
    const char *old = latents_label(a, v, id);
    text += strspn(text, " ");
    if (strlen(text) > LATENT_LABEL_MAX) {
        app_say(a, true, "label: found %zu bytes, expected at most %d", strlen(text),
                LATENT_LABEL_MAX);
        return;
    }
    if (id < 0 || !strcmp(old, text)) {
        return;
    }
    struct undo_step step = {.kind = &label_undo, .arm = (int)arm, .latent = id};
    snprintf(step.before, sizeof step.before, "%s", old);
    snprintf(step.after, sizeof step.after, "%s", text);
    undo_push(&a->undo, &step);
    set_label(a, arm, id, text);
}

static void accept_label(struct app *a, const struct session_view *v, const char *text)
{
    call(a, v, latents_of(a)->labelled, text);
}

static const struct prompt_def label_prompt = {
    .sign = "label: ",
    .history = "label",
    .help = "what you call it; leave it empty to remove the label",
    .accept = accept_label,
};

void latents_call(struct app *a, const struct session_view *v, int32_t id,
                  const char *text)
{
    if (text[0]) {
        call(a, v, id, text);
    } else {
        latents_of(a)->labelled = id;
        app_open_prompt(a, &label_prompt, "", latents_label(a, v, id));
    }
}

static void label(struct app *a, const struct session_view *v, const char *args)
{
    latents_call(a, v, latents_of(a)->at, args);
}

/* ---- arms ---- */

static void choose_arm(struct app *a, const struct session_view *v, const char *args)
{
    struct latents_state *l = latents_of(a);
    const int n = (int)conds_of(v);
    int next = (l->cond + 1) % n;
    if (args[0] && (args[1] || args[0] < 'A' || args[0] >= 'A' + n)) {
        app_say(a, true, "arm: expected A to %c", 'A' + n - 1);
        return;
    }
    next = args[0] ? args[0] - 'A' : next;
    l->cond = next;
    l->arm = session_view_shown(v, (size_t)next);
    l->stale = true;
    if (a->screen->sync) {
        a->screen->sync(a, v, true);
    }
}

ACTION_WORDS(arm_word, "A", "B", "both")
const struct action action_latents_arm = {.command = "arm",
                                          .args = "[A|B|both]",
                                          .run = choose_arm,
                                          .may = may_choose_arm,
                                          .word = arm_word,
                                          .hides = true};

static void silence(struct app *a, const struct session_view *v, const char *args)
{
    char line[LINE_CAP + 32];
    /* As a command by name: it belongs to Prompt, a screen above this one. */
    if (args[0] || latents_of(a)->marked[latents_of(a)->arm]) {
        snprintf(line, sizeof line, "silence-latent %s", args[0] ? args : ALL_MARKED);
    } else {
        snprintf(line, sizeof line, "silence-latent %d", latents_of(a)->at);
    }
    app_run(a, v, line);
}

/* The hint when there is a set to silence, which is what one marks latents for. */
static const char *silence_hint(const struct app *a)
{
    const struct latents_state *l = latents_of(a);
    const uint8_t *mark = l->mark[l->arm];
    bool speaks = false;
    for (size_t i = 0; i < l->n_mark[l->arm] && !speaks; i++) {
        speaks = mark[i] && !app_is_silenced(a, (int32_t)i);
    }
    return l->marked[l->arm] == 0 ? NULL
           : speaks               ? "silence marked"
                                  : "let marked speak";
}

/* Why a context cannot be sent: the preview has contexts only once Detail has read
 * them. */
static const char *may_send(const struct app *a, const struct session_view *v)
{
    const struct latents_state *l = latents_of(a);
    const struct latent_detail *d = v->detail;
    return d && d->latent == l->at && v->detail_arm == l->arm && d->n_contexts
               ? NULL
               : KEY_OF("open") " reads the contexts of the latent first";
}

static void send_context(struct app *a, const struct session_view *v, const char *args)
{
    char line[32];
    const struct screen_def *here = a->screen;
    (void)args;
    snprintf(line, sizeof line, "send-latent %d",
             latents_of(a)->at); /* as silence does */
    app_run(a, v, line);
    if (a->screen != here) {
        app_come_back(a, here);
    }
}

/* ---- points ---- */

/* The nth measure that y can show; -1 beyond the last. */
static int scatter_measure(int nth)
{
    return latent_column_nth(IN_SCATTER, (size_t)nth);
}

/* Which of the scatter's measures a column is; MEASURE: none. */
static int measure_index(int column)
{
    int i = 0;
    while (scatter_measure(i) >= 0 && scatter_measure(i) != column) {
        i++;
    }
    return i;
}

static void scatter(struct app *a, const struct session_view *v, const char *args)
{
    struct latents_state *l = latents_of(a);
    int n = 0;
    while (scatter_measure(n) >= 0) {
        n++;
    }
    if (!args[0] || !strcmp(args, "off")) {
        l->scatter = !args[0] && !l->scatter;
        latents_order(a, v);
        if (l->scatter) {
            app_say(
                a, false,
                KEYS_THAT_MOVE
                " move from point to point, " KEY_OF("scatter +") " " KEY_OF(
                    "scatter -") " change the measure, " KEY_OF("scatter") " is the table again");
        }
        return;
    }
    int i = measure_index(l->scatter_y);
    if (!strcmp(args, "+") || !strcmp(args, "-")) {
        i = l->scatter ? (i + (args[0] == '+' ? 1 : n - 1)) % n : i;
    } else {
        const int column = latent_column_find(args, strlen(args));
        i = column < 0 ? n : measure_index(column);
    }
    if (i >= n) {
        char words[200];
        latent_column_words(IN_SCATTER, words, sizeof words);
        app_say(a, true, "no measure %.40s: %s or off", args, words);
        return;
    }
    l->scatter = true;
    l->scatter_y = scatter_measure(i);
}

static void refresh(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    latents_ask(a, v, true);
}

/* ---- the table of keys ---- */

ACTION_WORDS(silence_word, ALL_MARKED)

static const char *column_word(const struct app *a, const char *text, size_t i)
{
    const int at = latent_column_nth(IN_TABLE, i);
    (void)a;
    (void)text;
    return at >= 0 ? latent_column_word(latent_column_at((size_t)at)) : NULL;
}

/* The ith completion: a measure of the scatter; last what ends it. */
static const char *scatter_word(const struct app *a, const char *text, size_t i)
{
    const int at = latent_column_nth(IN_SCATTER, i);
    (void)a;
    (void)text;
    return at >= 0 ? latent_column_word(latent_column_at((size_t)at))
           : i == 0 || latent_column_nth(IN_SCATTER, i - 1) >= 0 ? "off"
                                                                 : NULL;
}

/* clang-format off */
#define ACTION static const struct action
ACTION action_sort = {.command = "sort", .args = "COLUMN|+|-", .run = sort, .word = column_word};
ACTION action_reverse = {.command = "reverse", .args = "", .run = reverse};
ACTION action_mark = {.command = "mark", .args = "", .run = mark, .may = latents_may_browse};
ACTION action_label = {.command = "label", .args = "[TEXT]", .run = label, .may = may_label};
ACTION action_scatter = {.command = "scatter", .args = "[MEASURE|+|-|off]", .run = scatter, .may = latents_may_browse, .word = scatter_word};
ACTION action_silence = {.command = "silence", .args = "[N|marked]", .run = silence, .hint = silence_hint, .reach = REACH_NAMED, .may = may_label, .word = silence_word};
ACTION action_send = {.command = "send", .args = "", .run = send_context, .may = may_send, .hides = true};
ACTION action_refresh = {.command = "refresh", .args = "", .run = refresh, .may = may_ask};
#undef ACTION

/* In the order in which help shows them. */
static const struct key_entry keys[] = {
    {{'<'}, &action_sort, "-", "sort", "sort by the column to the left", 2},
    {{'>'}, &action_sort, "+", "sort", "sort by the column to the right", 2},
    {{'r'}, &action_reverse, "", "reverse", "reverse the order", 3},
    {{'/'}, &action_find, "", "find",
     "find in numbers, matches, labels and top tokens; hides nothing", 4},
    {{'n'}, &action_find_next, "+", NULL, "next find", 0},
    {{'N'}, &action_find_next, "-", NULL, "previous find", 0},
    {{'&'}, &action_filter, "", "filter",
     "show only latents that match: dog  !x  a|b  /regex/  density>1e-4  dead", 5},
    {{'\\'}, &action_clear_filter, "", "clear", "clear the filter", 6},
    {{'a'}, &action_silence, "", "", "silence the marked latents in Prompt, or this one; or let them speak again", 6},
    {{'p'}, &action_send, "", "to prompt", "ask in Prompt about the strongest context of the latent, once it was opened", 6},
    {{' '}, &action_mark, "", "mark", "mark or unmark the latent, for " KEY_OF("silence") "; the filter knows `marked`", 7},
    {{';'}, &action_label, "", "label",
     "name the latent; the name is kept with the run, and known to " KEY_OF("find") " and " KEY_OF("filter") "; an empty name removes it", 8},
    {{'='}, &action_scatter, "", "scatter",
     "latents as points: density against a measure; " KEYS_THAT_MOVE " go from point to point", 9},
    {{'.'}, &action_scatter, "+", NULL,
     "next measure of the scatter; Tab after :scatter lists them", 0},
    {{','}, &action_scatter, "-", NULL, "previous measure of the scatter", 0},
    {{'R'}, &action_refresh, "", "refresh", "describe the latents as of this step", 55},
    {{'v'}, &action_latents_arm, "", "arm A/B", "the latents of condition A or B", 11},
};
/* clang-format on */
const struct key_list latents_keys = {keys, sizeof keys / sizeof keys[0]};
