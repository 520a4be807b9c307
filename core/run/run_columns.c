#define _XOPEN_SOURCE 700 /* localtime_r */
/* The columns of a list of runs, their cells, and orders by them. */
#include "base/mem.h"
#include "base/number.h"
#include "run/run_list.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const enum metric figures[RUN_FIGURES] = {METRIC_L0_CLEAN, METRIC_EV,
                                                 METRIC_ABSORPTION};

enum metric run_figure(size_t i)
{
    return figures[i];
}

/* ---- values ---- */

static double figure_of(const struct run_row *r, size_t i)
{
    return r->conditions > 0 ? r->condition[0].figure[i] : (double)NAN;
}
static double known(const struct run_row *r, double v)
{
    return r->opens ? v : (double)NAN;
}
static double l0_of(const struct run_row *r)
{
    return figure_of(r, 0);
}
static double ev_of(const struct run_row *r)
{
    return figure_of(r, 1);
}
static double absorption_of(const struct run_row *r)
{
    return figure_of(r, 2);
}
static double step_of(const struct run_row *r)
{
    return known(r, (double)r->step);
}
static double steps_of(const struct run_row *r)
{
    return known(r, (double)r->steps);
}
static double rate_of(const struct run_row *r)
{
    return r->conditions > 0 ? r->condition[0].mask_rate : (double)NAN;
}
static double k_of(const struct run_row *r)
{
    return known(r, r->k);
}
static double arms_of_run(const struct run_row *r)
{
    return known(r, (double)r->arms);
}
static double bytes_of(const struct run_row *r)
{
    return r->bytes > 0 ? (double)r->bytes : (double)NAN;
}
static double saved_of(const struct run_row *r)
{
    return r->saved > 0 ? (double)r->saved : (double)NAN;
}

static const char *name_of(const struct run_row *r, char *room, size_t cap)
{
    (void)room;
    (void)cap;
    return r->name;
}
static const char *arch_of(const struct run_row *r, char *room, size_t cap)
{
    (void)room;
    (void)cap;
    return r->arch;
}
static const char *label_of(const struct run_row *r, char *room, size_t cap)
{
    (void)room;
    (void)cap;
    return r->label;
}
static const char *note_of(const struct run_row *r, char *room, size_t cap)
{
    (void)room;
    (void)cap;
    return r->note;
}
/* "900/1500" */
static const char *steps_text(const struct run_row *r, char *room, size_t cap)
{
    (void)snprintf(room, cap, "%lld/%lld", (long long)r->step, (long long)r->steps);
    return r->opens ? room : "";
}
/* Writes the rate of each condition in turn: "0.3 0". */
static const char *rates_text(const struct run_row *r, char *room, size_t cap)
{
    size_t len = 0;
    room[0] = '\0';
    for (size_t k = 0; k < r->conditions && len < cap; k++) {
        len += (size_t)snprintf(room + len, cap - len, "%s%.3g", k ? " " : "",
                                r->condition[k].mask_rate);
    }
    return room;
}
/* "2x5": conditions times seeds; "5+4" where these have different numbers. */
static const char *arms_text(const struct run_row *r, char *room, size_t cap)
{
    bool even = true;
    size_t len = 0;
    room[0] = '\0';
    for (size_t k = 1; k < r->conditions; k++) {
        even = even && r->condition[k].seeds == r->condition[0].seeds;
    }
    if (even && r->conditions > 0) {
        (void)snprintf(room, cap, "%zux%zu", r->conditions, r->condition[0].seeds);
    }
    for (size_t k = 0; !even && k < r->conditions && len < cap; k++) {
        len += (size_t)snprintf(room + len, cap - len, "%s%zu", k ? "+" : "",
                                r->condition[k].seeds);
    }
    return room;
}

/* ---- the table ---- */

/* clang-format off */
static const struct run_column columns[] = {
    {-1, "name", "name", RUN_CELL_TEXT, 16, 32, 1, NULL, name_of},
    {-1, "step", "step", RUN_CELL_COUNT, 14, 14, 2, step_of, steps_text},
    {-1, "steps", "planned", RUN_CELL_COUNT, 0, 0, 0, steps_of, NULL},
    {-1, "arch", "arch", RUN_CELL_TEXT, 9, 9, 11, NULL, arch_of},
    {-1, "mask_rate", "p", RUN_CELL_REAL, 7, 24, 3, rate_of, rates_text},
    {-1, "k", "k", RUN_CELL_REAL, 4, 4, 12, k_of, NULL},
    {-1, "arms", "arms", RUN_CELL_COUNT, 6, 6, 4, arms_of_run, arms_text},
    {METRIC_L0_CLEAN, NULL, NULL, RUN_CELL_REAL, 7, 9, 7, l0_of, NULL},
    {METRIC_EV, NULL, NULL, RUN_CELL_REAL, 7, 9, 5, ev_of, NULL},
    {METRIC_ABSORPTION, NULL, NULL, RUN_CELL_REAL, 11, 14, 6, absorption_of, NULL},
    {-1, "bytes", "size", RUN_CELL_BYTES, 8, 8, 8, bytes_of, NULL},
    {-1, "saved", "saved", RUN_CELL_DATE, 17, 17, 9, saved_of, NULL},
    {-1, "label", "label", RUN_CELL_TEXT, 12, 40, 10, NULL, label_of},
    {-1, "note", "note", RUN_CELL_TEXT, 12, 200, 13, NULL, note_of},
};
/* clang-format on */
enum { COLUMNS = sizeof columns / sizeof columns[0] };

const struct run_column *run_column_at(size_t i)
{
    return i < COLUMNS ? &columns[i] : NULL;
}

const char *run_column_name(const struct run_column *c)
{
    return c->measure < 0 ? c->name : measure_at((enum metric)c->measure)->column;
}

const char *run_column_title(const struct run_column *c)
{
    return c->measure < 0 ? c->title : measure_at((enum metric)c->measure)->tag;
}

int run_column_find(const char *name)
{
    for (int i = 0; i < COLUMNS; i++) {
        if (strcmp(run_column_name(&columns[i]), name) == 0) {
            return i;
        }
    }
    return RUN_LIST_NONE;
}

void run_column_names(char *out, size_t cap)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < COLUMNS && len < cap; i++) {
        len += (size_t)snprintf(out + len, cap - len, "%s%s", i ? ", " : "",
                                run_column_name(&columns[i]));
    }
}

int run_column_default(void)
{
    return run_column_find("saved");
}

/* ---- cells ---- */

static void show_date(double v, char *out, size_t cap)
{
    const time_t at = (time_t)v;
    struct tm tm;
    if (!localtime_r(&at, &tm) || strftime(out, cap, "%Y-%m-%d %H:%M", &tm) == 0) {
        (void)snprintf(out, cap, "-");
    }
}

static void show_number(const struct run_column *c, double v, char *out, size_t cap)
{
    const int digits = c->measure < 0 ? 0 : measure_at((enum metric)c->measure)->digits;
    if (!isfinite(v)) {
        (void)snprintf(out, cap, "-");
    } else if (c->cell == RUN_CELL_BYTES) {
        (void)snprintf(out, cap, "%s", NUMBER_BYTES(v));
    } else if (c->cell == RUN_CELL_DATE) {
        show_date(v, out, cap);
    } else if (c->measure < 0) {
        (void)snprintf(out, cap, "%.6g", v);
    } else {
        (void)snprintf(out, cap, "%s", NUMBER(NUMBER_PLAIN, 0, digits, v));
    }
}

const char *run_cell_show(const struct run_column *c, const struct run_row *r,
                          char out[RUN_CELL_ROOM])
{
    char room[RUN_CELL_ROOM] = "";
    if (c->text) {
        (void)snprintf(out, RUN_CELL_ROOM, "%s", c->text(r, room, sizeof room));
    } else {
        show_number(c, c->number(r), out, RUN_CELL_ROOM);
    }
    if (!out[0]) {
        (void)snprintf(out, RUN_CELL_ROOM, "-");
    }
    return out;
}

/* ---- orders ---- */

struct sorted {
    int32_t at;
    double key;       /* larger first; NaN last */
    const char *text; /* then by it, "" last */
};

static int by_key(const void *a, const void *b)
{
    const struct sorted *x = a, *y = b;
    if (isnan(x->key) != isnan(y->key)) {
        return isnan(x->key) ? 1 : -1;
    }
    if (x->key > y->key || x->key < y->key) {
        return x->key > y->key ? -1 : 1;
    }
    return (x->at > y->at) - (x->at < y->at);
}

static int by_text(const void *a, const void *b)
{
    const struct sorted *x = a, *y = b;
    if (!x->text[0] != !y->text[0]) {
        return x->text[0] ? -1 : 1;
    }
    const int r = strcmp(x->text, y->text);
    return r ? (int)x->key * r : (x->at > y->at) - (x->at < y->at);
}

void run_list_order(const struct run_list *l, int column, bool reverse, int32_t *order)
{
    const struct run_column *c = &columns[column];
    struct sorted *s = NULL;
    const bool room = mem_new(&s, l->n, sizeof *s, "an order of runs", NULL) == OK;
    for (size_t i = 0; i < l->n; i++) {
        order[i] = (int32_t)i;
    }
    if (!room) {
        return;
    }
    for (size_t i = 0; i < l->n; i++) {
        const double sign = reverse ? -1 : 1;
        char none[1];
        s[i] = (struct sorted){.at = (int32_t)i,
                               .key = c->number ? sign * c->number(&l->row[i]) : sign,
                               .text = c->number ? "" : c->text(&l->row[i], none, 0)};
    }
    if (l->n > 1) {
        qsort(s, l->n, sizeof *s, c->number ? by_key : by_text);
    }
    for (size_t i = 0; i < l->n; i++) {
        order[i] = s[i].at;
    }
    mem_free(s);
}
