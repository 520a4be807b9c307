/* The measurements of a run and the changes made to it: the rows of metrics.csv and of
 * events.csv. Owner thread. */
#ifndef SAETOP_TRAIN_HISTORY_H
#define SAETOP_TRAIN_HISTORY_H

#include "base/err.h"
#include "train/metric.h"

#include <stddef.h>
#include <stdint.h>

struct run_event {
    int64_t step;
    double seconds;
    char kind[24]; /* start, mask, pause, resume, fork, extend, save, note, lr, ... */
    char detail[1024];
};

struct history {
    struct metric_row *row;
    size_t rows, row_cap;
    struct run_event *event;
    size_t events, event_cap;
};

void history_free(struct history *h);
enum err history_add_row(struct history *h, const struct metric_row *row,
                         struct errinfo *e) ERR_CHECKED;
enum err history_add_event(struct history *h, const struct run_event *ev,
                           struct errinfo *e) ERR_CHECKED;
/* Makes a deep copy, for a forked twin. *out is overwritten. */
enum err history_copy(const struct history *h, struct history *out,
                      struct errinfo *e) ERR_CHECKED;

/* Drops what came after `step`, for a run that is resumed there. */
void history_cut(struct history *h, int64_t step);

/* Writes metrics.csv and events.csv in dir, each atomically. */
enum err history_save(const struct history *h, const char *dir,
                      struct errinfo *e) ERR_CHECKED;
/* Reads them back; columns may be missing or unknown, cells must be numbers or
 * empty. */
enum err history_load(const char *dir, struct history *out,
                      struct errinfo *e) ERR_CHECKED;
/* The same for two files at any path. */
enum err history_load_files(const char *metrics, const char *events,
                            struct history *out, struct errinfo *e) ERR_CHECKED;

/* Reads only the end of a run's history, for lists of runs: the last value of each
 * measure, and the detail of the last "note" event ("" if none), cut to note[cap]. In a
 * long file, looks at the last 256 KiB. A file that is missing or no history is an
 * error; the other is read all the same. */
enum err history_last(const char *metrics, const char *events, struct metric_row *last,
                      char *note, size_t cap, struct errinfo *e) ERR_CHECKED;

#endif
