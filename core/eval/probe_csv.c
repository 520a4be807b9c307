#include "eval/probe_csv.h"

#include "base/mem.h"

#include <string.h>

#define ROWS_MAX    1000000
#define FILE_LIMITS ((struct csv_limits){64u << 20, ROWS_MAX, 1u << 20})

/* The columns of a file. */
struct columns {
    const char *path;
    const struct csv_table *csv;
    size_t task, label, split;
    int spurious; /* -1: none */
};

enum { TRAIN, TEST, OOD, SPLITS };

static enum err split_of(const struct columns *f, size_t row, int *out,
                         struct errinfo *e)
{
    static const char *const name[SPLITS] = {"train", "test", "ood"};
    const char *text = csv_at(f->csv, row, f->split);
    for (int i = 0; i < SPLITS; i++) {
        if (strcmp(text, name[i]) == 0) {
            *out = i;
            return OK;
        }
    }
    return err_set(e, ERR_FORMAT,
                   "%s: row %zu: split is '%.40s', expected train, test or ood",
                   f->path, row + 2, text);
}

static enum err binary(const struct columns *f, size_t row, size_t col,
                       const char *what, uint8_t *out, struct errinfo *e)
{
    const char *text = csv_at(f->csv, row, col);
    if ((text[0] != '0' && text[0] != '1') || text[1] != '\0') {
        return err_set(e, ERR_FORMAT, "%s: row %zu: %s is '%.40s', expected 0 or 1",
                       f->path, row + 2, what, text);
    }
    *out = text[0] == '1';
    return OK;
}

static enum err add_to_task(struct probe_csv *p, const char *name, size_t row,
                            int split, const char *path, struct errinfo *e)
{
    size_t at = 0;
    while (at < p->n && strcmp(p->task[at].name, name) != 0) {
        at++;
    }
    if (at == PROBE_TASKS_MAX) {
        return err_set(e, ERR_LIMIT, "%s: more than %d tasks", path, PROBE_TASKS_MAX);
    }
    if (at == p->n) {
        p->task[p->n++] = (struct probe_rows){.name = name};
    }
    struct probe_rows *t = &p->task[at];
    TRY(mem_grow(&t->row, &t->cap, t->n + 1, sizeof *t->row, ROWS_MAX, e));
    t->row[t->n++] = row;
    t->n_train += split == TRAIN;
    t->n_test += split == TEST;
    t->n_ood += split == OOD;
    return OK;
}

/* Groups rows by task, training ones first. */
static enum err group_rows(struct probe_csv *p, const struct columns *f,
                           struct errinfo *e)
{
    for (int part = 0; part < SPLITS; part++) {
        for (size_t i = 0; i < f->csv->rows; i++) {
            int split = 0;
            TRY(split_of(f, i, &split, e));
            if (split == part) {
                TRY(add_to_task(p, csv_at(f->csv, i, f->task), i, split, f->path, e));
            }
        }
    }
    return OK;
}

static enum err read_labels(const struct columns *f, struct probe_rows *t,
                            struct errinfo *e)
{
    TRY(mem_new(&t->y, t->n, sizeof *t->y, "labels", e));
    if (f->spurious >= 0) {
        TRY(mem_new(&t->spurious, t->n, sizeof *t->spurious, "labels", e));
    }
    for (size_t i = 0; i < t->n; i++) {
        const size_t row = t->row[i];
        TRY(binary(f, row, f->label, "label", &t->y[i], e));
        if (f->spurious < 0) {
            continue;
        }
        /* Empty out of distribution: nothing is asked of it there. */
        const bool asked = i < t->n_train + t->n_test ||
                           csv_at(f->csv, row, (size_t)f->spurious)[0] != '\0';
        if (asked) {
            TRY(binary(f, row, (size_t)f->spurious, "spurious", &t->spurious[i], e));
        }
    }
    return OK;
}

static enum err read_table(struct probe_csv *p, const char *path, struct errinfo *e)
{
    struct columns f = {.path = path, .csv = p->csv};
    TRY(csv_need_col(p->csv, path, "task", &f.task, e));
    TRY(csv_need_col(p->csv, path, "text", &p->text, e));
    TRY(csv_need_col(p->csv, path, "label", &f.label, e));
    TRY(csv_need_col(p->csv, path, "split", &f.split, e));
    f.spurious = csv_col(p->csv, "spurious");
    TRY(mem_new(&p->task, PROBE_TASKS_MAX, sizeof *p->task, "tasks", e));
    TRY(group_rows(p, &f, e));
    for (size_t i = 0; i < p->n; i++) {
        TRY(read_labels(&f, &p->task[i], e));
    }
    return OK;
}

/* Takes the table over. */
static enum err from_table(struct csv_table *csv, const char *path,
                           struct probe_csv *out, struct errinfo *e)
{
    struct probe_csv p = {.csv = csv};
    const enum err rc = read_table(&p, path, e);
    if (rc != OK) {
        probe_csv_deinit(&p);
        return rc;
    }
    *out = p;
    return OK;
}

enum err probe_csv_load(const char *path, struct probe_csv *out, struct errinfo *e)
{
    const struct csv_limits limits = FILE_LIMITS;
    struct csv_table *csv = NULL;
    TRY(csv_load(path, &limits, &csv, e));
    return from_table(csv, path, out, e);
}

enum err probe_csv_parse(const char *data, size_t len, const char *name,
                         struct probe_csv *out, struct errinfo *e)
{
    const struct csv_limits limits = FILE_LIMITS;
    struct csv_table *csv = NULL;
    TRY(csv_parse_table(data, len, name, &limits, &csv, e));
    return from_table(csv, name, out, e);
}

void probe_csv_deinit(struct probe_csv *p)
{
    for (size_t i = 0; i < p->n; i++) {
        mem_free(p->task[i].row);
        mem_free(p->task[i].y);
        mem_free(p->task[i].spurious);
    }
    mem_free(p->task);
    csv_free_table(p->csv);
    *p = (struct probe_csv){0};
}

const char *probe_csv_text(const struct probe_csv *p, const struct probe_rows *t,
                           size_t i)
{
    return csv_at(p->csv, t->row[i], p->text);
}
