/* Runs: those on disk, one per line, and what can be done with a run as a whole. */
#include "base/csvfile.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/number.h"
#include "ui/actions.h"
#include "ui/export.h"
#include "ui/screens/runs_priv.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SORTED_DOWN "\xe2\x96\xbe"
#define RUN_TITLE   (RUNDIR_PATH + 32)

enum {
    TITLE_ROOM = 40, /* of the box, beside the folder in its title */
    SIGN_W = 1,      /* the cursor; a mark or a dot is in the space before a name */
    ABOUT_H = 9,     /* of the pane below */
    PLACES = 32
};

struct runs_state *runs_own(const struct app *a)
{
    return app_state(a, &screen_runs);
}

static void init(void *state)
{
    struct runs_state *s = state;
    s->sort = run_column_default();
    s->stale = true;
}

static void deinit(void *state)
{
    struct runs_state *s = state;
    mem_free(s->order);
    filter_line_deinit(&s->filter);
}

/* ---- rows ---- */

const char *runs_folder(const struct app *a)
{
    return runs_own(a)->folder[0] ? runs_own(a)->folder : a->runs_home;
}

const struct run_row *runs_here(const struct app *a)
{
    const struct runs_state *s = runs_own(a);
    const struct run_list *l = a->runs.list;
    return l && s->n > 0 && s->version == l->version ? &l->row[s->order[s->list.cursor]]
                                                     : NULL;
}

void runs_path(const struct app *a, const struct run_row *r, char out[RUNDIR_PATH])
{
    out[0] = '\0';
    if (path_join(out, RUNDIR_PATH, a->runs.list->dir, r->name, NULL) != OK) {
        out[0] = '\0';
    }
}

bool runs_is_open(const struct app *a, const struct session_view *v,
                  const struct run_row *r)
{
    char path[RUNDIR_PATH];
    runs_path(a, r, path);
    return path[0] && runs_same_path(path, v->arm[0].dir);
}

bool runs_is_marked(const struct app *a, const char *name)
{
    const struct runs_state *s = runs_own(a);
    for (size_t i = 0; i < s->n_marks; i++) {
        if (strcmp(s->mark[i], name) == 0) {
            return true;
        }
    }
    return false;
}

bool runs_has_text(const struct run_row *r, const char *text)
{
    return filter_text_in(r->name, text) || filter_text_in(r->label, text) ||
           filter_text_in(r->note, text) || filter_text_in(r->arch, text);
}

/* ---- filter ---- */

static int filter_field(const char *text, size_t len, bool *flag)
{
    char name[32];
    *flag = false;
    snprintf(name, sizeof name, "%.*s", (int)len, text);
    const int at = len < sizeof name ? run_column_find(name) : RUN_LIST_NONE;
    return at == RUN_LIST_NONE ? -1 : at;
}

static double filter_number(int field, const void *asked)
{
    return run_column_at((size_t)field)->number(asked);
}

/* Whether a field is compared as text: a date is, as it is read: saved=2026-03. */
static bool filter_is_text(int field)
{
    const struct run_column *c = run_column_at((size_t)field);
    return !c->number || c->cell == RUN_CELL_DATE;
}

static bool filter_has(struct filter_piece *p, int field, const void *asked)
{
    char room[RUN_CELL_ROOM];
    const struct run_column *c = run_column_at((size_t)field);
    return filter_piece_text(p, c->number ? run_cell_show(c, asked, room)
                                          : c->text(asked, room, sizeof room));
}

static bool filter_text(struct filter_piece *p, const void *asked)
{
    const struct run_row *r = asked;
    return filter_piece_text(p, r->name) || filter_piece_text(p, r->label) ||
           filter_piece_text(p, r->note) || filter_piece_text(p, r->arch);
}

static const struct filter_kind run_filter = {.field = filter_field,
                                              .words = run_column_names,
                                              .number = filter_number,
                                              .text = filter_text,
                                              .is_text = filter_is_text,
                                              .has = filter_has};

bool runs_set_filter(struct app *a, const struct session_view *v, const char *text)
{
    struct runs_state *s = runs_own(a);
    (void)v;
    if (!filter_line_set(&s->filter, &run_filter, text)) {
        return false;
    }
    s->stale = true;
    runs_order_rows(a);
    return true;
}

/* ---- order ---- */

/* Drop the marks of runs that are gone. */
static void drop_marks(struct runs_state *s, const struct run_list *l)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_marks; i++) {
        if (run_list_find(l, s->mark[i])) {
            memmove(s->mark[n++], s->mark[i], sizeof s->mark[0]);
        }
    }
    s->n_marks = n;
}

static void make_order(struct runs_state *s, const struct run_list *l)
{
    size_t n = 0;
    s->n = 0;
    if (mem_grow(&s->order, &s->cap, l->n + 1, sizeof *s->order, SIZE_MAX / 8, NULL) !=
        OK) {
        return;
    }
    run_list_order(l, s->sort, s->reverse, s->order);
    for (size_t i = 0; i < l->n; i++) {
        if (filter_line_holds(&s->filter, &l->row[s->order[i]])) {
            s->order[n++] = s->order[i];
        }
    }
    s->n = n;
}

void runs_go(struct app *a, const char *name)
{
    struct runs_state *s = runs_own(a);
    const struct run_list *l = a->runs.list;
    for (size_t i = 0; l && i < s->n; i++) {
        if (strcmp(l->row[s->order[i]].name, name) == 0) {
            list_go(&s->list, i);
        }
    }
    const struct run_row *r = runs_here(a);
    (void)snprintf(s->at, sizeof s->at, "%s", r ? r->name : "");
}

void runs_order_rows(struct app *a)
{
    struct runs_state *s = runs_own(a);
    const struct run_list *l = a->runs.list;
    char at[RUN_NAME_MAX];
    if (!l) {
        s->n = 0;
        list_set(&s->list, 0, s->list.page);
        return;
    }
    if (s->stale || s->version != l->version) {
        make_order(s, l);
        drop_marks(s, l);
        s->stale = false;
        s->version = l->version;
    }
    list_set(&s->list, s->n, s->list.page);
    const bool comes = s->wanted[0] && run_list_find(l, s->wanted);
    snprintf(at, sizeof at, "%s", comes ? s->wanted : s->at);
    s->wanted[0] = comes ? '\0' : s->wanted[0];
    runs_go(a, at);
}

/* Why a run could not be read, without its path, which is beside it. */
static const char *remark_of(const struct app *a, const struct run_row *r)
{
    char path[RUNDIR_PATH];
    runs_path(a, r, path);
    const size_t n = strlen(path);
    return n > 0 && strncmp(r->remark, path, n) == 0 && r->remark[n] == '/'
               ? r->remark + n + 1
               : r->remark;
}

/* ---- the table ---- */

struct place {
    const struct run_column *col;
    int at; /* of the column */
    int x, w;
};

/* Whether a run of the list has several conditions: figures then are A's. */
static bool has_conditions(const struct run_list *l)
{
    bool has = false;
    for (size_t i = 0; i < l->n; i++) {
        has = has || l->row[i].conditions > 1;
    }
    return has;
}

/* Write "EV", or "EV A" for several conditions, with a mark if rows are sorted by
 * it. */
static void head_of(const struct run_column *c, bool conditions, const char *mark,
                    char *out, size_t cap)
{
    snprintf(out, cap, "%s%s%s", run_column_title(c),
             conditions && c->measure >= 0 ? " A" : "", mark);
}

/* The columns that heading and cells need, with a space before them, up to the column's
 * limit. */
static int need_of(const struct run_list *l, const struct run_column *c,
                   bool conditions)
{
    char head[40], room[RUN_CELL_ROOM];
    head_of(c, conditions, SORTED_DOWN, head, sizeof head);
    int need = canvas_text_width(head) + 1;
    for (size_t i = 0; i < l->n && need < c->most; i++) {
        const struct run_row *row = &l->row[i];
        const bool has = row->opens || c == run_column_at(0);
        const int w = has ? canvas_text_width(run_cell_show(c, row, room)) + 1 : 0;
        need = w > need ? w : need;
    }
    return layout_least(need, c->most);
}

/* Widen columns of texts by what they need, in turns, until the room is used. */
static void widen(struct place *place, const int *need, size_t n, int room)
{
    bool wider = true;
    while (wider) {
        wider = false;
        for (size_t i = 0; i < n && room > 0; i++) {
            if (place[i].w < need[i]) {
                place[i].w++;
                room--;
                wider = true;
            }
        }
    }
}

/* Choose the columns that fit, by their rank; returns how many, in the table's order.
 * Numbers get what they need, and are never cut; texts get what is left. */
static size_t places_of(const struct run_list *l, struct rect r,
                        struct place out[PLACES])
{
    bool in[PLACES] = {false};
    int need[PLACES], least[PLACES], of[PLACES];
    const struct run_column *c = NULL;
    const bool conditions = has_conditions(l);
    size_t n = 0, columns = 0;
    int room = r.w - SIGN_W, x = r.x + SIGN_W;
    for (; columns < PLACES && (c = run_column_at(columns)) != NULL; columns++) {
        need[columns] = c->rank ? need_of(l, c, conditions) : 0;
        least[columns] = c->number ? need[columns] : c->width;
    }
    for (int rank = 1; rank <= (int)columns; rank++) {
        for (size_t i = 0; i < columns; i++) {
            if (run_column_at(i)->rank == rank && least[i] <= room) {
                in[i] = true;
                room -= least[i];
            }
        }
    }
    for (size_t i = 0; i < columns; i++) {
        if (in[i]) {
            of[n] = need[i];
            out[n++] = (struct place){run_column_at(i), (int)i, 0, least[i]};
        }
    }
    widen(out, of, n, room);
    for (size_t i = 0; i < n; i++) {
        out[i].x = x;
        x += out[i].w;
    }
    return n;
}

static void put_cell(struct canvas *c, const struct place *p, int y, const char *text,
                     enum role role, uint8_t attr)
{
    const int used = canvas_text_width(text);
    const int w = p->w - 1; /* a column of space before it */
    const bool right = p->col->number != NULL;
    canvas_text(c, p->x + 1 + (right && used < w ? w - used : 0), y, w, text, role,
                attr);
}

static void draw_header(struct app *a, struct canvas *c, int y,
                        const struct place *place, size_t n)
{
    const struct runs_state *s = runs_own(a);
    for (size_t i = 0; i < n; i++) {
        const struct place *p = &place[i];
        const bool on = s->sort == p->at;
        char title[40];
        head_of(p->col, has_conditions(a->runs.list),
                !on                                      ? ""
                : s->reverse == (p->col->number != NULL) ? "\xe2\x96\xb4"
                                                         : SORTED_DOWN,
                title, sizeof title);
        put_cell(c, p, y, title, on ? ROLE_FOCUS : ROLE_TITLE, ATTR_BOLD);
        app_hit(a, (struct rect){p->x, y, p->w, 1}, HIT_HEADER, p->at);
    }
}

static void draw_row(const struct app *a, const struct session_view *v,
                     struct canvas *c, struct rect r, const struct place *place,
                     size_t n, const struct run_row *row, bool cursor)
{
    char room[RUN_CELL_ROOM];
    const bool marked = runs_is_marked(a, row->name);
    const bool live = row->holder > 0 || runs_is_open(a, v, row);
    const enum role role = cursor ? ROLE_SELECT : row->opens ? ROLE_TEXT : ROLE_DIM;
    if (cursor) {
        canvas_fill(c, r, ' ', ROLE_SELECT, 0);
        canvas_put(c, r.x, r.y, 0x25B6, ROLE_SELECT, 0);
    }
    if (marked || live) {
        canvas_put(c, r.x + 1, r.y, marked ? '*' : 0x25CF,
                   cursor   ? ROLE_SELECT
                   : marked ? ROLE_KEY
                            : ROLE_GOOD,
                   0);
    }
    for (size_t i = 0; i < n; i++) {
        const struct place *p = &place[i];
        if (i > 0 && !row->opens) { /* the reason is shown in place of what it lacks */
            canvas_text(c, p->x + 1, r.y, r.x + r.w - p->x - 1, remark_of(a, row),
                        cursor ? ROLE_SELECT : ROLE_WARN, 0);
            return;
        }
        const bool is_name = i == 0 && row->opens && !cursor;
        put_cell(c, p, r.y, run_cell_show(p->col, row, room),
                 is_name ? ROLE_VALUE : role, 0);
    }
}

static void draw_none(const struct app *a, struct canvas *c, struct rect r)
{
    const struct runs_state *s = runs_own(a);
    const struct run_list *l = a->runs.list;
    const char *folder = runs_folder(a);
    const int y = r.y + r.h / 2 - 1, x = r.x + 2, w = r.w - 3;
    if (!folder[0]) {
        canvas_text(c, x, y, w,
                    "no folder for runs: neither XDG_STATE_HOME nor HOME is set",
                    ROLE_DIM, 0);
    } else if (a->runs.error[0]) {
        canvas_text(c, x, y, w, a->runs.error, ROLE_BAD, 0);
    } else if (!l) {
        canvas_textf(c, x, y, w, ROLE_DIM, 0, "reading %s ...", folder);
    } else if (l->n > 0) {
        canvas_textf(c, x, y, w, ROLE_DIM, 0, "no run passes the filter: %s",
                     s->filter.text);
    } else {
        canvas_textf(c, x, y - 1, w, ROLE_TEXT, 0, "no runs yet in %s", folder);
        app_text(
            a, c, x, y + 1, w,
            KEY_ON("train", "save") " on Train saves the run that is open here there;",
            ROLE_DIM);
        canvas_text(c, x, y + 2, w,
                    "saetop train --out DIR makes one, :folder DIR lists others",
                    ROLE_DIM, 0);
    }
}

/* Draw under the table where deleted runs are. */
static void draw_foot(const struct app *a, struct canvas *c, struct rect r)
{
    const struct run_list *l = a->runs.list;
    if (l && l->remarks.n > 0) {
        canvas_text(c, r.x + 1, r.y, r.w - 1, l->remarks.line[0], ROLE_WARN, 0);
    } else if (l && l->trashed > 0) {
        canvas_textf(c, r.x + 1, r.y, r.w - 1, ROLE_DIM, 0,
                     "%zu deleted in %s/" RUN_TRASH ", which nothing empties",
                     l->trashed, l->dir);
    }
}

/* Write "runs in /home/me/runs"; of a long path only its end: "runs in
 * ...t/state/saetop/runs". */
static void runs_title(const char *dir, bool choosing, int room, char *out, size_t cap)
{
    const char *from = dir;
    const char *dots = "";
    const char *what = choosing ? "compare with: runs" : "runs";
    room -= (int)(strlen(what) - strlen("runs"));
    while (*from && canvas_text_width(from) > room) {
        dots = "...";
        do {
            from++;
        } while (((unsigned char)*from & 0xC0) == 0x80);
    }
    snprintf(out, cap, dir[0] ? "%s in %s%s" : "%s", what, dots, from);
}

/* Write how many runs there are, and what they are sorted by if no column shows it. */
static void list_value(const struct runs_state *s, const struct run_list *l,
                       const struct place *place, size_t n, char *out, size_t cap)
{
    const struct run_column *sort = run_column_at((size_t)s->sort);
    size_t len = 0, i = 0;
    while (i < n && place[i].at != s->sort) {
        i++;
    }
    if (i == n && sort) {
        len = (size_t)snprintf(out, cap, "sorted by %s, ", run_column_title(sort));
    }
    snprintf(out + len, cap - len, s->n < l->n ? "%zu of %zu" : "%zu", s->n, l->n);
}

static void draw_list(struct app *a, const struct session_view *v, struct canvas *c,
                      struct rect r)
{
    struct runs_state *s = runs_own(a);
    const struct run_list *l = a->runs.list;
    struct place place[PLACES];
    size_t n = 0;
    char value[96] = "", title[RUN_TITLE];
    if (l && l->n > 0) {
        n = places_of(l, (struct rect){r.x + 1, r.y + 1, r.w - 2, r.h - 2}, place);
        list_value(s, l, place, n, value, sizeof value);
    }
    runs_title(l ? l->dir : "", s->choosing,
               layout_least(r.w - TITLE_ROOM, r.w - 20 - canvas_text_width(value)),
               title, sizeof title);
    const struct rect in = canvas_box(c, r, title, value, true);
    app_hit(a, r, HIT_PANE, 0);
    s->list.page = in.h - 2;
    list_set(&s->list, s->n, s->list.page);
    if (in.h >= 1) {
        draw_foot(a, c, (struct rect){in.x, in.y + in.h - 1, in.w, 1});
    }
    if (!s->n || in.h < 3) {
        draw_none(a, c, in);
        return;
    }
    draw_header(a, c, in.y, place, n);
    for (size_t i = 0; i < list_visible(&s->list); i++) {
        const size_t at = s->list.top + i;
        const struct rect row = {in.x, in.y + 1 + (int)i, in.w, 1};
        draw_row(a, v, c, row, place, n, &l->row[s->order[at]], at == s->list.cursor);
        app_hit(a, row, HIT_ROW, (int)i);
    }
}

/* ---- the run under the cursor ---- */

/* The run's present state, or its fault (*bad); false: it has finished, without a
 * fault. */
static bool state_of(const struct app *a, const struct session_view *v,
                     const struct run_row *r, char *out, size_t cap, bool *bad)
{
    *bad = r->remark[0] != '\0';
    if (*bad) {
        snprintf(out, cap, "%s", remark_of(a, r));
    } else if (runs_is_open(a, v, r)) {
        snprintf(out, cap, "open here");
    } else if (r->holder > 0) {
        snprintf(out, cap, "process %ld has it open%s", r->holder,
                 runs_own(a)->choosing
                     ? ""
                     : "; " KEY_OF("open") " opens it and follows its saves");
    } else if (r->imported) {
        snprintf(out, cap, "imported: trained by another tool");
    } else if (r->step < r->steps) {
        snprintf(out, cap,
                 "stopped before its end; " KEY_OF("train-on") " trains it on");
    } else {
        return false;
    }
    return true;
}

static void draw_condition(struct canvas *c, int x, int y, int w,
                           const struct run_condition *k, size_t at)
{
    const int end = x + w;
    x += canvas_textf(c, x, y, w, at < VIEW_CONDS ? arm_role(at) : ROLE_VALUE,
                      ATTR_BOLD, "%c", k->letter);
    x += canvas_textf(c, x, y, end - x, ROLE_TEXT, 0, "  p %.3g  %zu seed%s",
                      k->mask_rate, k->seeds, plural_s(k->seeds));
    for (size_t f = 0; f < RUN_FIGURES; f++) {
        const struct measure *m = measure_at(run_figure(f));
        x += canvas_textf(c, x, y, end - x, ROLE_DIM, 0, "  %s ", m->tag);
        x += canvas_text(c, x, y, end - x,
                         NUMBER(NUMBER_PLAIN, 0, m->digits, k->figure[f]), ROLE_VALUE,
                         0);
    }
}

static void draw_about(struct app *a, const struct session_view *v, struct canvas *c,
                       struct rect r)
{
    const struct run_row *row = runs_here(a);
    char path[RUNDIR_PATH], text[RUN_CELL_ROOM + REMARK_TEXT];
    bool bad = false;
    const struct rect in =
        canvas_box(c, r, row && row->label[0] ? row->label : "run", NULL, false);
    if (!row || in.h < 1) {
        return;
    }
    const int x = in.x + 1, w = in.w - 2, end = in.y + in.h;
    int y = in.y;
    runs_path(a, row, path);
    canvas_text(c, x, y++, w, path, ROLE_VALUE, 0);
    if (y < end && state_of(a, v, row, text, sizeof text, &bad)) {
        app_text(a, c, x, y++, w, text, bad ? ROLE_WARN : ROLE_GOOD);
    }
    if (y < end && row->opens) {
        canvas_textf(c, x, y++, w, ROLE_TEXT, 0, "%s k %.6g width %lld%s%s", row->arch,
                     row->k, (long long)row->width, row->note[0] ? "; note: " : "",
                     row->note);
    }
    for (size_t k = 0; k < row->conditions && y < end; k++) {
        draw_condition(c, x, y++, w, &row->condition[k], k);
    }
}

static void view(struct app *a, const struct session_view *v, struct canvas *c,
                 struct rect b, bool wide)
{
    runs_order_rows(a);
    const int about =
        runs_here(a) ? layout_least(wide ? ABOUT_H : ABOUT_H - 2, b.h / 3) : 0;
    draw_list(a, v, c, layout_box(b.x, b.y, b.w, b.h - about));
    if (about > 0) {
        draw_about(a, v, c, layout_box(b.x, b.y + b.h - about, b.w, about));
    }
}

/* ---- state ---- */

/* Let the folder be watched as long as this screen is shown. */
static void sync(struct app *a, const struct session_view *v, bool shown)
{
    struct runs_state *s = runs_own(a);
    (void)v;
    s->choosing = s->choosing && shown;
    if (s->looks != shown && runs_folder(a)[0]) {
        struct app_request *r = app_ask(a, REQUEST_RUNS);
        if (r) {
            snprintf(r->path, sizeof r->path, "%.*s", (int)sizeof r->path - 1,
                     shown ? runs_folder(a) : "");
            s->looks = shown;
        }
    }
    if (s->answers != a->runs.answers) {
        s->answers = a->runs.answers;
        runs_take_answer(a);
    }
    runs_order_rows(a);
}

static void moved(struct app *a)
{
    struct runs_state *s = runs_own(a);
    const struct run_row *r = runs_here(a);
    snprintf(s->at, sizeof s->at, "%s", r ? r->name : "");
    s->wanted[0] = '\0';
    s->asked = 0;
}

static void move(struct app *a, const struct session_view *v, const char *direction)
{
    (void)v;
    runs_order_rows(a);
    list_by_name(&runs_own(a)->list, direction);
    moved(a);
}

static void enter(struct app *a, const struct session_view *v)
{
    if (runs_own(a)->choosing) {
        runs_compare(a, v);
    } else {
        runs_open(a, v, false);
    }
}

void runs_choose(struct app *a, const struct session_view *v)
{
    const struct screen_def *from = a->screen;
    app_go(a, v, &screen_runs);
    app_come_back(a, from);
    runs_own(a)->choosing = true;
}

static void mouse(struct app *a, const struct session_view *v, const struct hit *hit,
                  const struct event *ev)
{
    struct runs_state *s = runs_own(a);
    const bool up = ev->mouse == MOUSE_WHEEL_UP;
    char line[64];
    if (up || ev->mouse == MOUSE_WHEEL_DOWN) {
        list_wheel(&s->list, up ? -3 : 3);
    } else if (ev->mouse == MOUSE_PRESS && hit->kind == HIT_ROW) {
        const size_t was = s->list.cursor;
        if (list_click(&s->list, hit->a) && s->list.cursor == was) {
            enter(a, v);
            return;
        }
    } else if (ev->mouse == MOUSE_PRESS && hit->kind == HIT_HEADER) {
        snprintf(line, sizeof line, "sort %s",
                 run_column_name(run_column_at((size_t)hit->a)));
        app_run(a, v, line);
        return;
    }
    moved(a);
}

static void status(const struct app *a, const struct session_view *v, char *out,
                   size_t cap)
{
    const struct runs_state *s = runs_own(a);
    const char *does =
        s->choosing ? KEY_OF("open") " compares  " : KEY_OF("open") " opens  ";
    int len = snprintf(out, cap, "%ssort %s%s", s->n ? does : "",
                       run_column_title(run_column_at((size_t)s->sort)),
                       s->reverse ? ", reversed" : "");
    (void)v;
    if (s->n_marks && len > 0 && (size_t)len < cap) {
        len += snprintf(out + len, cap - (size_t)len, "  %zu marked", s->n_marks);
    }
    if (s->filter.text[0] && len > 0 && (size_t)len < cap) {
        len += snprintf(out + len, cap - (size_t)len, "  &%.40s", s->filter.text);
    }
    if (s->find[0] && len > 0 && (size_t)len < cap) {
        snprintf(out + len, cap - (size_t)len, "  /%.40s", s->find);
    }
}

struct layout {
    int sort;
    bool reverse;
};
_Static_assert(sizeof(struct layout) <= SCREEN_LAYOUT, "undo has room for it");

static void layout(const struct app *a, void *out)
{
    struct layout *to = out;
    to->sort = runs_own(a)->sort;
    to->reverse = runs_own(a)->reverse;
}

static void set_layout(struct app *a, const struct session_view *v, const void *in)
{
    const struct layout *from = in;
    (void)v;
    runs_own(a)->sort = from->sort;
    runs_own(a)->reverse = from->reverse;
    runs_own(a)->stale = true;
    runs_order_rows(a);
}

/* ---- export ---- */

static void export_name(const struct app *a, const struct session_view *v, char *out,
                        size_t cap)
{
    (void)a;
    (void)v;
    snprintf(out, cap, "runs.csv");
}

static void add_cell(const struct run_column *c, const struct run_row *r, bool first,
                     struct str *out)
{
    char room[RUN_CELL_ROOM] = "";
    if (c->number) {
        export_number(out, c->number(r), first);
    } else {
        export_escaped(out, c->text(r, room, sizeof room), first);
    }
}

/* Append the rows shown, as sorted: every column, and the remark. */
static enum err export_text(const struct app *a, const struct session_view *v,
                            struct str *out, struct errinfo *e)
{
    const struct runs_state *s = runs_own(a);
    const struct run_column *c = NULL;
    (void)v;
    for (size_t i = 0; (c = run_column_at(i)) != NULL; i++) {
        csv_add(out, run_column_name(c), i == 0);
    }
    csv_add(out, "remark", false);
    str_addc(out, '\n');
    for (size_t row = 0; row < s->n; row++) {
        const struct run_row *r = &a->runs.list->row[s->order[row]];
        for (size_t i = 0; (c = run_column_at(i)) != NULL; i++) {
            add_cell(c, r, i == 0, out);
        }
        export_escaped(out, r->remark, false);
        str_addc(out, '\n');
    }
    return str_err(out, "export", e);
}

/* ---- copy ---- */

static bool copy(const struct app *a, const struct session_view *v, char *what,
                 size_t cap, struct str *out)
{
    char path[RUNDIR_PATH];
    const struct run_row *r = runs_here(a);
    (void)v;
    if (!r) {
        return false;
    }
    runs_path(a, r, path);
    snprintf(what, cap, "run's directory");
    str_add(out, path);
    return true;
}

const struct screen_def screen_runs = {
    .name = "runs",
    .title = "Runs",
    .go =
        {{'9'}, &action_screen, "runs", NULL, "Runs: open, compare (7, 8: unused)", 0},
    .up = &screen_train,
    .panes = 1,
    .panes_wide = 1,
    .keys = &runs_keys,
    .played = "jj>k<r rk",
    .state_size = sizeof(struct runs_state),
    .init = init,
    .deinit = deinit,
    .sync = sync,
    .view = view,
    .status = status,
    .move = move,
    .enter = enter,
    .mouse = mouse,
    .find = &runs_find,
    .filter = &runs_filter,
    .layout = layout,
    .set_layout = set_layout,
    .copy = copy,
    .may_export = runs_may_browse,
    .export_name = export_name,
    .export_text = export_text,
};
