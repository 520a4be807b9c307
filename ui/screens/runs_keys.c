/* The keys of Runs, and what they do. */
#include "ui/leave.h"
#include "ui/screens/runs_priv.h"

#include <stdio.h>
#include <string.h>

const char *runs_may_browse(const struct app *a, const struct session_view *v)
{
    (void)v;
    return !a->runs.list || a->runs.list->n == 0 ? "no runs are listed" : NULL;
}

static const char *may_choose(const struct app *a, const struct session_view *v)
{
    (void)v;
    return runs_here(a) ? NULL : "no run is chosen";
}

/* ---- opening ---- */

void runs_open(struct app *a, const struct session_view *v, bool resume)
{
    const struct run_row *r = runs_here(a);
    char path[RUNDIR_PATH];
    if (!r) {
        app_say(a, false, "no run is chosen");
        return;
    }
    runs_path(a, r, path);
    if (!r->opens) {
        app_say(a, true, "%.300s", r->remark);
    } else if (runs_is_open(a, v, r)) {
        app_go(a, v, &screen_train);
        if (resume) {
            app_run(a, v, "resume");
        } else {
            app_say(a, false, "it is open here");
        }
    } else if (resume && r->imported) {
        app_say(a, true,
                "%.200s: an SAE of another tool, which has no state to go on from",
                r->name);
    } else if (resume && r->holder > 0) {
        app_say(a, true,
                "%.200s: process %ld has it open; " KEY_OF("open") " follows it",
                r->name, r->holder);
    } else {
        leave_for(a, v, path, resume);
    }
}

static void train_on(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    runs_open(a, v, true);
}

/* Write the path of a run to be compared to out; false, with a message, if it cannot be
 * opened. */
static bool path_to_compare(struct app *a, const char *name, char out[RUNDIR_PATH])
{
    const struct run_row *r = run_list_find(a->runs.list, name);
    if (!r || !r->opens) {
        app_say(a, true, "%.300s", r ? r->remark : "it is gone");
        return false;
    }
    runs_path(a, r, out);
    return true;
}

static void compare_paths(struct app *a, const struct session_view *v, const char *text)
{
    if (strlen(text) >= COMPARE_PATH) {
        app_say(a, true, "compare: found paths of %zu bytes, expected under %d",
                strlen(text), COMPARE_PATH);
    } else { /* by its command, as Compare leads here itself */
        char line[COMPARE_PATH + 16];
        snprintf(line, sizeof line, "compare %s", text);
        app_run(a, v, line);
    }
}

/* Compare two marked runs with each other, or, if one of them is open here, the other
 * with it. */
static void compare_marked(struct app *a, const struct session_view *v)
{
    struct runs_state *s = runs_own(a);
    char path[2][RUNDIR_PATH], both[2 * RUNDIR_PATH];
    for (size_t i = 0; i < 2; i++) {
        if (!path_to_compare(a, s->mark[i], path[i])) {
            return;
        }
    }
    const bool first = runs_same_path(path[0], v->arm[0].dir);
    const bool second = runs_same_path(path[1], v->arm[0].dir);
    snprintf(both, sizeof both, "%s%s%s", first ? "" : path[0],
             first || second ? "" : "\n", second ? "" : path[1]);
    compare_paths(a, v, both);
}

/* Two marked runs; else this one with the run that is open. */
void runs_compare(struct app *a, const struct session_view *v)
{
    const struct run_row *r = runs_here(a);
    char path[RUNDIR_PATH];
    if (runs_own(a)->n_marks == 2) {
        compare_marked(a, v);
    } else if (!r) {
        app_say(a, false, "no run is chosen");
    } else if (!path_to_compare(a, r->name, path)) {
        return;
    } else if (runs_is_open(a, v, r)) {
        app_say(a, true,
                "%.200s is open here; choose another run to compare it with, or mark "
                "two",
                r->name);
    } else {
        compare_paths(a, v, path);
    }
}

static void compare_run(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    runs_compare(a, v);
}

/* ---- order ---- */

/* The column beside the one sorted by, skipping those that no table shows. */
static int beside(int at, bool right)
{
    int n = 0;
    while (run_column_at((size_t)n)) {
        n++;
    }
    do {
        at = (at + (right ? 1 : n - 1)) % n;
    } while (run_column_at((size_t)at)->rank == 0);
    return at;
}

static void sort(struct app *a, const struct session_view *v, const char *args)
{
    struct runs_state *s = runs_own(a);
    (void)v;
    if (!strcmp(args, "+") || !strcmp(args, "-")) {
        s->sort = beside(s->sort, args[0] == '+');
        s->reverse = false;
    } else {
        const int at = run_column_find(args);
        if (at == RUN_LIST_NONE) {
            char names[256];
            run_column_names(names, sizeof names);
            app_say(a, true, "sort: expected %s", names);
            return;
        }
        s->reverse = at == s->sort && !s->reverse;
        s->sort = at;
    }
    s->stale = true;
    s->at[0] = '\0';
    list_home(&s->list);
    runs_order_rows(a);
}

static struct list_view *rows(const struct app *a)
{
    return &runs_own(a)->list;
}

static void go_to_row(struct app *a, const struct session_view *v, size_t row)
{
    (void)v;
    list_go(rows(a), row);
    runs_go(a, "");
}

static void reverse(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    (void)args;
    runs_own(a)->reverse = !runs_own(a)->reverse;
    runs_own(a)->stale = true;
    runs_order_rows(a);
    go_to_row(a, NULL, 0);
}

/* ---- find ---- */

/* Go to the next run with the text, after the cursor (`here`: or at it); false: none
 * has it. */
static bool go_to_text(struct app *a, bool forward, bool here)
{
    struct runs_state *s = runs_own(a);
    for (size_t by = here ? 0 : 1; by <= s->n && s->n > 0 && s->find[0]; by++) {
        const size_t from = s->list.cursor;
        const size_t at =
            forward ? (from + by) % s->n : (from + s->n - by % s->n) % s->n;
        const struct run_row *r = &a->runs.list->row[s->order[at]];
        if (runs_has_text(r, s->find)) {
            runs_go(a, r->name);
            return true;
        }
    }
    return false;
}

static char *find_text(const struct app *a)
{
    return runs_own(a)->find;
}

static void find_keep(struct app *a)
{
    struct runs_state *s = runs_own(a);
    memcpy(s->find_from, s->at, sizeof s->find_from);
}

static void find_back(struct app *a, const struct session_view *v)
{
    (void)v;
    runs_order_rows(a);
    runs_go(a, runs_own(a)->find_from);
}

static void find_look(struct app *a, const struct session_view *v, bool forward,
                      bool here)
{
    (void)v;
    if (!go_to_text(a, forward, here)) {
        app_say(a, true, "/%.60s  in no run's name, label, note or architecture",
                runs_own(a)->find);
    }
}

const struct find_use runs_find = {
    .text = find_text,
    .keep = find_keep,
    .back = find_back,
    .look = find_look,
    .may = runs_may_browse,
    .may_next = runs_may_browse,
    .help = "in names, labels, notes and architectures; " FIND_GOES_ON,
};

/* ---- filter ---- */

static struct filter_line *filter_here(const struct app *a)
{
    return &runs_own(a)->filter;
}

static const char *filter_word(size_t i)
{
    const struct run_column *c = run_column_at(i);
    return c ? run_column_name(c) : NULL;
}

static const struct prompt_def filter_prompt = {
    .history = "filter",
    .help = "topk  !x  a|b  /regex/  k>8  step<500  label=\"a b\"  saved=2026-03",
    FILTER_PROMPT};

const struct filter_use runs_filter = {.line = filter_here,
                                       .set = runs_set_filter,
                                       .rows = rows,
                                       .go = go_to_row,
                                       .may = runs_may_browse,
                                       .word = filter_word,
                                       .prompt = &filter_prompt};

/* ---- marks ---- */

static void mark(struct app *a, const struct session_view *v, const char *args)
{
    struct runs_state *s = runs_own(a);
    const struct run_row *r = runs_here(a);
    size_t n = 0;
    (void)v;
    (void)args;
    for (size_t i = 0; i < s->n_marks; i++) {
        if (strcmp(s->mark[i], r->name) != 0) {
            memmove(s->mark[n++], s->mark[i], sizeof s->mark[0]);
        }
    }
    if (n == s->n_marks && n == RUNS_MARKS) {
        app_say(a, true, "mark: found %d marks, expected no more", RUNS_MARKS);
    } else if (n == s->n_marks) {
        snprintf(s->mark[n++], sizeof s->mark[0], "%s", r->name);
    }
    s->n_marks = n;
    list_move(&s->list, 1);
    r = runs_here(a);
    snprintf(s->at, sizeof s->at, "%s", r->name);
}

/* ---- orders ---- */

/* Give an order; `again`: by undo or redo. */
static void order(struct app *a, enum run_order_kind kind, const char *name,
                  const char *text, bool again)
{
    struct app_request *r = app_ask(a, REQUEST_ORDER);
    if (!r) {
        app_say(a, true, "too many requests at once; try again");
        return;
    }
    r->order.kind = kind;
    r->order.again = again;
    snprintf(r->order.name, sizeof r->order.name, "%s", name);
    snprintf(r->order.text, sizeof r->order.text, "%s", text);
}

/* Steps of undo are about the folder in which they were made. */
static uint64_t folder_id(const struct app *a)
{
    const char *dir = runs_folder(a);
    uint64_t h = 14695981039346656037ULL;
    for (; *dir; dir++) {
        h = (h ^ (unsigned char)*dir) * 1099511628211ULL;
    }
    return h;
}

static bool is_here(struct app *a, const struct undo_step *s)
{
    uint64_t id = 0;
    memcpy(&id, s->was, sizeof id);
    if (id != folder_id(a)) {
        app_say(a, true, "%s: made in another folder; :folder goes there",
                s->kind->name);
        return false;
    }
    return true;
}

static void apply_label(struct app *a, const struct session_view *v,
                        const struct undo_step *s, bool back)
{
    (void)v;
    if (is_here(a, s)) {
        order(a, RUN_ORDER_LABEL, s->of, back ? s->before : s->after, true);
    }
}
static void apply_rename(struct app *a, const struct session_view *v,
                         const struct undo_step *s, bool back)
{
    (void)v;
    if (is_here(a, s)) {
        order(a, RUN_ORDER_RENAME, back ? s->after : s->before,
              back ? s->before : s->after, true);
    }
}
static void apply_trash(struct app *a, const struct session_view *v,
                        const struct undo_step *s, bool back)
{
    (void)v;
    if (is_here(a, s)) {
        order(a, back ? RUN_ORDER_RESTORE : RUN_ORDER_TRASH, s->of, s->after, true);
    }
}

static void which_run(const struct app *a, const struct undo_step *s, bool back,
                      char *out, size_t cap)
{
    (void)a;
    (void)back;
    snprintf(out, cap, "(%s)", s->of);
}

static const struct undo_kind label_undo = {"a run's label", apply_label, which_run};
static const struct undo_kind rename_undo = {"a run's name", apply_rename, which_run};
static const struct undo_kind trash_undo = {"a deleted run", apply_trash, which_run};

static void push_order(struct app *a, const struct undo_kind *kind, const char *of,
                       const char *before, const char *after)
{
    const uint64_t id = folder_id(a);
    struct undo_step step = {.kind = kind};
    memcpy(step.was, &id, sizeof id);
    snprintf(step.of, sizeof step.of, "%s", of);
    snprintf(step.before, sizeof step.before, "%s", before);
    snprintf(step.after, sizeof step.after, "%s", after);
    undo_push(&a->undo, &step);
}

/* Say what was done, and push the step that takes it back. */
static void say_done(struct app *a, const struct run_answer *answer)
{
    const struct run_order *o = &answer->order;
    const char *name = o->name, *text = o->text;
    const struct undo_kind *kind = NULL;
    const char *before = name;
    switch (o->kind) {
    case RUN_ORDER_LABEL:
        app_say(a, false, text[0] ? "%.100s is called: %.200s" : "%.100s: no label",
                name, text);
        kind = &label_undo;
        before = answer->before;
        break;
    case RUN_ORDER_RENAME:
        app_say(a, false, "%.180s is %.180s now", name, text);
        kind = &rename_undo;
        snprintf(runs_own(a)->wanted, RUN_NAME_MAX, "%s", text);
        break;
    case RUN_ORDER_TRASH:
        app_say(a, false,
                "deleted: %.200s, into " RUN_TRASH
                "; " KEY_OF("undo") " brings it back",
                name);
        kind = &trash_undo;
        break;
    case RUN_ORDER_RESTORE:
        app_say(a, false, "back again: %.200s", name);
        snprintf(runs_own(a)->wanted, RUN_NAME_MAX, "%s", name);
        break;
    }
    if (kind && !o->again) {
        push_order(a, kind, name, before, text);
    }
}

void runs_take_answer(struct app *a)
{
    const struct run_answer *answer = &a->runs.answer;
    if (answer->done) {
        say_done(a, answer);
    } else {
        app_say(a, true, "%s", answer->why);
    }
}

/* ---- label, name, trash ---- */

static void accept_label(struct app *a, const struct session_view *v, const char *text)
{
    const struct run_row *r = runs_here(a);
    (void)v;
    text += strspn(text, " ");
    if (strlen(text) > RUN_LABEL_MAX) {
        app_say(a, true, "label: found %zu bytes, expected at most %d", strlen(text),
                RUN_LABEL_MAX);
    } else if (r && strcmp(r->label, text) != 0) {
        order(a, RUN_ORDER_LABEL, r->name, text, false);
    }
}

static const struct prompt_def label_prompt = {
    .sign = "label: ",
    .history = "label",
    .help = "what you call the run; leave it empty to remove the label",
    .accept = accept_label,
};

static void label(struct app *a, const struct session_view *v, const char *args)
{
    if (args[0]) {
        accept_label(a, v, args);
    } else {
        app_open_prompt(a, &label_prompt, "", runs_here(a)->label);
    }
}

static void rename_run(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    if (!args[0] || strlen(args) >= RUN_NAME_MAX) {
        app_say(a, true, "rename: expected the new name of its directory");
    } else if (strcmp(args, runs_here(a)->name) != 0) {
        order(a, RUN_ORDER_RENAME, runs_here(a)->name, args, false);
    }
}

_Static_assert((int)RUNS_MARKS <= (int)RUNS_ORDERS &&
                   (int)RUNS_MARKS < (int)APP_REQUESTS,
               "there is room to ask for all marked runs at once");
/* Whether deleting the same runs was asked just before; if not, it is now. */
static bool is_sure(struct app *a)
{
    struct runs_state *s = runs_own(a);
    const char *name = runs_here(a)->name;
    const bool sure = s->asked > 0 && s->asked == s->n_marks + 1 &&
                      (s->n_marks > 0 || strcmp(s->asked_of, name) == 0);
    s->asked = sure ? 0 : s->n_marks + 1;
    snprintf(s->asked_of, sizeof s->asked_of, "%s", name);
    if (!sure && s->n_marks > 0) {
        app_say(a, false,
                KEY_OF("delete ask") " again moves %zu marked run%s to " RUN_TRASH
                                     "; " KEY_OF("undo") " brings them back",
                s->n_marks, plural_s(s->n_marks));
    } else if (!sure) {
        app_say(a, false,
                KEY_OF("delete ask") " again moves %.200s to " RUN_TRASH
                                     "; " KEY_OF("undo") " brings it back",
                name);
    }
    return sure;
}

static void delete_runs(struct app *a, const struct session_view *v, const char *args)
{
    struct runs_state *s = runs_own(a);
    (void)v;
    if (!strcmp(args, "ask") && !is_sure(a)) {
        return;
    }
    for (size_t i = 0; i < s->n_marks; i++) {
        order(a, RUN_ORDER_TRASH, s->mark[i], "", false);
    }
    if (s->n_marks == 0) {
        order(a, RUN_ORDER_TRASH, runs_here(a)->name, "", false);
    }
}

/* ---- the folder ---- */

static void look_again(struct app *a)
{
    struct app_request *r = app_ask(a, REQUEST_RUNS);
    if (r && strlen(runs_folder(a)) < sizeof r->path) {
        snprintf(r->path, sizeof r->path, "%.*s", (int)sizeof r->path - 1,
                 runs_folder(a));
    }
}

static void folder(struct app *a, const struct session_view *v, const char *args)
{
    struct runs_state *s = runs_own(a);
    (void)v;
    if (strlen(args) >= LINE_CAP) {
        app_say(a, true, "folder: found a path of %zu bytes, expected under %d",
                strlen(args), LINE_CAP);
        return;
    }
    snprintf(s->folder, sizeof s->folder, "%.*s", LINE_CAP - 1, args);
    s->n_marks = 0;
    s->at[0] = '\0';
    look_again(a);
}

static void refresh(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    (void)args;
    look_again(a);
}

/* ---- the table of keys ---- */

static const char *column_word(const struct app *a, const char *text, size_t i)
{
    (void)a;
    (void)text;
    return filter_word(i);
}

/* clang-format off */
#define ACTION static const struct action
ACTION action_sort = {.command = "sort", .args = "COLUMN|+|-", .run = sort, .may = runs_may_browse, .word = column_word};
ACTION action_reverse = {.command = "reverse", .args = "", .run = reverse, .may = runs_may_browse};
ACTION action_clear = {.command = "clear-filter", .args = "", .run = filter_use_clear, .may = filter_use_may_clear, .hides = true};
ACTION action_mark = {.command = "mark", .args = "", .run = mark, .may = may_choose};
ACTION action_label = {.command = "label", .args = "[TEXT]", .run = label, .may = may_choose};
ACTION action_train_on = {.command = "train-on", .args = "", .run = train_on, .may = may_choose};
ACTION action_compare = {.command = "compare-run", .args = "", .run = compare_run, .may = may_choose};
ACTION action_rename = {.command = "rename", .args = "NAME", .run = rename_run, .may = may_choose};
ACTION action_delete = {.command = "delete", .args = "[ask]", .run = delete_runs, .may = may_choose};
ACTION action_folder = {.command = "folder", .args = "[DIR]", .run = folder};
ACTION action_refresh = {.command = "refresh", .args = "", .run = refresh};
#undef ACTION

/* In the order in which help shows them. */
static const struct key_entry keys[] = {
    {{'T'}, &action_train_on, "", "train on", "train the run on; " KEY_OF("open") " opens it to be browsed", 2},
    {{'c'}, &action_compare, "", "compare", "compare this run with the one that is open, or two marked runs", 3},
    {{'<'}, &action_sort, "-", "sort", "sort by the column to the left", 5},
    {{'>'}, &action_sort, "+", "sort", "sort by the column to the right", 5},
    {{'r'}, &action_reverse, "", "reverse", "reverse the order", 7},
    {{'/'}, &action_find, "", "find", "find in names, labels, notes and architectures", 4},
    {{'n'}, &action_find_next, "+", NULL, "next find", 0},
    {{'N'}, &action_find_next, "-", NULL, "previous find", 0},
    {{'&'}, &action_filter, "", "filter", "show only runs that match: topk  !x  a|b  /regex/  k>8  saved=2026-03", 6},
    {{'\\'}, &action_clear, "", "clear", "clear the filter", 6},
    {{' '}, &action_mark, "", "mark", "mark or unmark the run, for " KEY_OF("delete ask") " and " KEY_OF("compare-run"), 8},
    {{';'}, &action_label, "", "label", "name the run; the name is kept in its directory", 3},
    {{0}, &action_rename, "", NULL, "rename its directory within the folder", 0},
    {{'d'}, &action_delete, "ask", "delete", "move the marked runs, or this one, to the folder's .trash, if pressed again; " KEY_OF("undo") " brings them back", 4},
    {{0}, &action_folder, "", NULL, "list the runs of another folder; without DIR: where runs are saved", 0},
    {{'R'}, &action_refresh, "", NULL, "read the folder now; it is read every two seconds anyway", 0},
};
/* clang-format on */

const struct key_list runs_keys = {keys, sizeof keys / sizeof keys[0]};
