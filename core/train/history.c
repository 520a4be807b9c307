#include "train/history.h"

#include "base/csvfile.h"
#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_ROWS 50000000u
#define MAX_TEXT ((size_t)1 << 32)

void history_free(struct history *h)
{
    mem_free(h->row);
    mem_free(h->event);
    *h = (struct history){0};
}

enum err history_add_row(struct history *h, const struct metric_row *row,
                         struct errinfo *e)
{
    TRY(mem_grow(&h->row, &h->row_cap, h->rows + 1, sizeof *h->row, MAX_ROWS, e));
    h->row[h->rows++] = *row;
    return OK;
}

enum err history_add_event(struct history *h, const struct run_event *ev,
                           struct errinfo *e)
{
    TRY(mem_grow(&h->event, &h->event_cap, h->events + 1, sizeof *h->event, MAX_ROWS,
                 e));
    h->event[h->events++] = *ev;
    return OK;
}

enum err history_copy(const struct history *h, struct history *out, struct errinfo *e)
{
    struct history c = {0};
    enum err rc = mem_grow(&c.row, &c.row_cap, h->rows + 1, sizeof *c.row, MAX_ROWS, e);
    if (rc == OK) {
        rc = mem_grow(&c.event, &c.event_cap, h->events + 1, sizeof *c.event, MAX_ROWS,
                      e);
    }
    if (rc != OK) {
        history_free(&c);
        return rc;
    }
    if (h->rows) {
        memcpy(c.row, h->row, h->rows * sizeof *c.row);
    }
    if (h->events) {
        memcpy(c.event, h->event, h->events * sizeof *c.event);
    }
    c.rows = h->rows;
    c.events = h->events;
    *out = c;
    return OK;
}

void history_cut(struct history *h, int64_t step)
{
    size_t rows = 0, events = 0;
    for (size_t i = 0; i < h->rows; i++) {
        if (!(h->row[i].v[METRIC_STEP] > (double)step)) {
            h->row[rows++] = h->row[i];
        }
    }
    for (size_t i = 0; i < h->events; i++) {
        if (h->event[i].step <= step) {
            h->event[events++] = h->event[i];
        }
    }
    h->rows = rows;
    h->events = events;
}

/* ---- writing ---- */

static void add_metrics(const struct history *h, struct str *s)
{
    for (int m = 0; m < METRIC_COUNT; m++) {
        csv_add(s, measure_at((enum metric)m)->column, m == 0);
    }
    str_addc(s, '\n');
    for (size_t r = 0; r < h->rows; r++) {
        for (int m = 0; m < METRIC_COUNT; m++) {
            const double v = h->row[r].v[m];
            if (m) {
                str_addc(s, ',');
            }
            if (isfinite(v)) {
                /* Counts stay whole; measures have the digits of a float. */
                str_addf(s, fabs(v) < 9e15 && v == floor(v) ? "%.0f" : "%.9g", v);
            }
        }
        str_addc(s, '\n');
    }
}

static void add_events(const struct history *h, struct str *s)
{
    str_add(s, "step,seconds,kind,detail\n");
    for (size_t i = 0; i < h->events; i++) {
        const struct run_event *ev = &h->event[i];
        str_addf(s, "%lld,%.3f", (long long)ev->step, ev->seconds);
        csv_add(s, ev->kind, 0);
        csv_add(s, ev->detail, 0);
        str_addc(s, '\n');
    }
}

static enum err save_text(const char *dir, const char *name, struct str *s,
                          struct errinfo *e)
{
    char path[4096];
    TRY(str_err(s, name, e));
    TRY(path_join(path, sizeof path, dir, name, e));
    return file_write(path, &(struct file_piece){s->p, s->len}, 1, e);
}

enum err history_save(const struct history *h, const char *dir, struct errinfo *e)
{
    struct str s;
    str_init(&s, MAX_TEXT);
    add_metrics(h, &s);
    enum err rc = save_text(dir, "metrics.csv", &s, e);
    if (rc == OK) {
        str_clear(&s);
        add_events(h, &s);
        rc = save_text(dir, "events.csv", &s, e);
    }
    str_free(&s);
    return rc;
}

/* ---- reading ---- */

/* Reads a cell: NaN if empty; anything else must be a number. */
static enum err read_cell(const char *path, size_t row, const char *column,
                          const char *text, double *out, struct errinfo *e)
{
    *out = (double)NAN;
    if (!text[0]) {
        return OK;
    }
    char *end = NULL;
    const double v = strtod(text, &end);
    if (*end) {
        return err_set(e, ERR_FORMAT,
                       "%s: row %zu, %s: found '%.40s', expected a number", path,
                       row + 2, column, text);
    }
    *out = v;
    return OK;
}

static enum err read_metrics(const char *path, const struct csv_table *t,
                             struct history *h, struct errinfo *e)
{
    size_t step_col = 0;
    TRY(csv_need_col(t, path, measure_at(METRIC_STEP)->column, &step_col, e));
    for (size_t r = 0; r < t->rows; r++) {
        struct metric_row row = metric_row_empty();
        for (int m = 0; m < METRIC_COUNT; m++) {
            const char *column = measure_at((enum metric)m)->column;
            const int col = csv_col(t, column);
            if (col >= 0) {
                TRY(read_cell(path, r, column, csv_at(t, r, (size_t)col), &row.v[m],
                              e));
            }
        }
        TRY(history_add_row(h, &row, e));
    }
    return OK;
}

static enum err read_events(const char *path, const struct csv_table *t,
                            struct history *h, struct errinfo *e)
{
    size_t step = 0, seconds = 0, kind = 0, detail = 0;
    TRY(csv_need_col(t, path, "step", &step, e));
    TRY(csv_need_col(t, path, "seconds", &seconds, e));
    TRY(csv_need_col(t, path, "kind", &kind, e));
    TRY(csv_need_col(t, path, "detail", &detail, e));
    for (size_t r = 0; r < t->rows; r++) {
        struct run_event ev = {0};
        double v = 0;
        TRY(read_cell(path, r, "step", csv_at(t, r, step), &v, e));
        ev.step = v >= 0 && v < 9e15 ? (int64_t)v : 0;
        TRY(read_cell(path, r, "seconds", csv_at(t, r, seconds), &ev.seconds, e));
        snprintf(ev.kind, sizeof ev.kind, "%s", csv_at(t, r, kind));
        snprintf(ev.detail, sizeof ev.detail, "%s", csv_at(t, r, detail));
        TRY(history_add_event(h, &ev, e));
    }
    return OK;
}

typedef enum err read_fn(const char *path, const struct csv_table *t, struct history *h,
                         struct errinfo *e);

static enum err load_table(const char *path, read_fn *read, struct history *h,
                           struct errinfo *e)
{
    struct csv_table *t = NULL;
    const struct csv_limits lim = CSV_LIMITS_DEFAULT;
    TRY(csv_load(path, &lim, &t, e));
    const enum err rc = read(path, t, h, e);
    csv_free_table(t);
    return rc;
}

enum err history_load(const char *dir, struct history *out, struct errinfo *e)
{
    char metrics[4096], events[4096];
    TRY(path_join(metrics, sizeof metrics, dir, "metrics.csv", e));
    TRY(path_join(events, sizeof events, dir, "events.csv", e));
    return history_load_files(metrics, events, out, e);
}

enum err history_load_files(const char *metrics, const char *events,
                            struct history *out, struct errinfo *e)
{
    struct history h = {0};
    enum err rc = load_table(metrics, read_metrics, &h, e);
    if (rc == OK) {
        rc = load_table(events, read_events, &h, e);
    }
    if (rc != OK) {
        history_free(&h);
        return rc;
    }
    *out = h;
    return OK;
}

/* ---- the end alone ---- */

#define END_BYTES  ((size_t)256 << 10)
#define HEAD_BYTES ((size_t)16 << 10)

/* Appends n bytes from `at` on, fewer where the file ends. */
static enum err read_part(int fd, const char *path, size_t at, size_t n,
                          struct str *text, struct errinfo *e)
{
    const size_t before = text->len;
    size_t got = 0;
    char *to = str_extend(text, n);
    const int number = to ? file_read_at(fd, to, n, at, &got) : ENOMEM;
    str_cut(text, before + (number == 0 ? got : 0));
    return number == 0 ? OK : file_fail(e, path, "read", number);
}

/* Reads the header and the last whole lines of a long file of `size` bytes. */
static enum err read_ends(int fd, const char *path, size_t size, struct str *text,
                          struct errinfo *e)
{
    TRY(read_part(fd, path, 0, HEAD_BYTES, text, e));
    const char *end = memchr(text->p, '\n', text->len);
    if (!end) {
        return err_set(e, ERR_FORMAT, "%s: found a header of over %zu bytes", path,
                       HEAD_BYTES);
    }
    const size_t head = (size_t)(end - text->p) + 1;
    str_cut(text, head);
    TRY(read_part(fd, path, size - END_BYTES, END_BYTES, text, e));
    const char *line = memchr(text->p + head, '\n', text->len - head);
    const size_t from = line ? (size_t)(line - text->p) + 1 : text->len;
    memmove(text->p + head, text->p + from, text->len - from);
    str_cut(text, head + text->len - from);
    return OK;
}

static enum err load_end(const char *path, read_fn *read, struct history *h,
                         struct errinfo *e)
{
    struct csv_table *t = NULL;
    const struct csv_limits lim = CSV_LIMITS_DEFAULT;
    struct str text;
    size_t size = 0;
    int fd = -1;
    TRY(file_open_regular(path, &fd, &size, e));
    str_init(&text, HEAD_BYTES + 2 * END_BYTES);
    enum err rc = size <= HEAD_BYTES + END_BYTES
                      ? read_part(fd, path, 0, size, &text, e)
                      : read_ends(fd, path, size, &text, e);
    close(fd);
    rc = rc == OK ? csv_parse_table(text.p, text.len, path, &lim, &t, e) : rc;
    if (rc == OK) {
        rc = read(path, t, h, e);
        csv_free_table(t);
    }
    str_free(&text);
    return rc;
}

enum err history_last(const char *metrics, const char *events, struct metric_row *last,
                      char *note, size_t cap, struct errinfo *e)
{
    struct history h = {0};
    *last = metric_row_empty();
    note[0] = '\0';
    const enum err rc = load_end(metrics, read_metrics, &h, e);
    for (size_t r = 0; r < h.rows; r++) {
        for (int m = 0; m < METRIC_COUNT; m++) {
            last->v[m] = isfinite(h.row[r].v[m]) ? h.row[r].v[m] : last->v[m];
        }
    }
    const enum err told = load_end(events, read_events, &h, rc == OK ? e : NULL);
    for (size_t i = 0; i < h.events; i++) {
        if (strcmp(h.event[i].kind, "note") == 0) {
            snprintf(note, cap, "%s", h.event[i].detail);
        }
    }
    history_free(&h);
    return rc == OK ? told : rc;
}
