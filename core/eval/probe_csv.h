/* The CSV files of sentence tasks: task,text,label,split and perhaps spurious. Sizes
 * and text are not trusted. Owner thread. */
#ifndef SAETOP_EVAL_PROBE_CSV_H
#define SAETOP_EVAL_PROBE_CSV_H

#include "base/csvfile.h"

#include <stddef.h>
#include <stdint.h>

#define PROBE_TASKS_MAX 4096 /* in a file */

/* One task: its training rows, then its test rows, then those out of distribution, each
 * in the file's order. */
struct probe_rows {
    const char *name; /* in the table */
    size_t n, n_train, n_test, n_ood, cap;
    size_t *row;       /* [n] of the table */
    uint8_t *y;        /* [n] */
    uint8_t *spurious; /* [n], or NULL: the file has no such column */
};
struct probe_csv {
    struct csv_table *csv;
    size_t text; /* column */
    size_t n;
    struct probe_rows *task;
};

/* Loads a file of up to 64 MB and a million rows. ERR_FORMAT names file and row: a
 * label that is not 0 or 1, a split that is none of train, test and ood. An OOD row may
 * leave `spurious` empty. ERR_LIMIT for too many tasks. */
enum err probe_csv_load(const char *path, struct probe_csv *out,
                        struct errinfo *e) ERR_CHECKED;
/* The same from memory; `name` begins error lines. */
enum err probe_csv_parse(const char *data, size_t len, const char *name,
                         struct probe_csv *out, struct errinfo *e) ERR_CHECKED;
void probe_csv_deinit(struct probe_csv *p);
/* The text of row i of a task; valid as long as p is. */
const char *probe_csv_text(const struct probe_csv *p, const struct probe_rows *t,
                           size_t i);

#endif
