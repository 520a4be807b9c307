/* The runs in a folder, a row each, for `saetop runs` and the explorer's Runs: what
 * people compare runs by, read without loading weights. One table of columns names it
 * all; the measures among them come from the table of measures. A list is an immutable
 * snapshot: any thread may read it. */
#ifndef SAETOP_RUN_RUN_LIST_H
#define SAETOP_RUN_RUN_LIST_H

#include "base/remarks.h"
#include "run/conditions.h"
#include "train/rundir.h"

#include <stdatomic.h>

#define RUN_LIST_MAX  10000 /* runs in a folder */
#define RUN_NAME_MAX  256   /* bytes of a directory's name, with its NUL */
#define RUN_NOTE_MAX  200
#define RUN_FIGURES   3
#define RUN_LIST_NONE (-1)

/* Returns the measure of a row's figure i, i < RUN_FIGURES. */
enum metric run_figure(size_t i);

/* One condition of a run. Each figure is the mean over those of its seeds that have it,
 * from the end of metrics.csv or, if training measured nothing (an imported SAE), from
 * eval.json; NaN: not measured. */
struct run_condition {
    char letter;
    double mask_rate; /* of its first seed, as last saved */
    size_t seeds;
    double figure[RUN_FIGURES];
};

struct run_row {
    char name[RUN_NAME_MAX];  /* of its directory */
    char remark[REMARK_TEXT]; /* why it could not be read, or what is odd; "":
                                 nothing */
    bool opens;               /* it could be read */
    int64_t step, steps;      /* done and planned */
    char arch[32];
    double k;
    int64_t width;
    bool imported;
    size_t arms, conditions;
    struct run_condition condition[CONDITIONS_MAX];
    char label[RUN_LABEL_MAX + 1], note[RUN_NOTE_MAX + 1];
    int64_t bytes;  /* on disk, of all in the directory; a file with two names counts
                       once */
    int64_t saved;  /* seconds since 1970 of the last save */
    long holder;    /* the process that is training it (rundir_holder); 0: none */
    uint64_t stamp; /* changes when the run changes on disk */
};

struct run_list {
    atomic_int refs;
    char dir[RUNDIR_PATH];
    size_t n;
    struct run_row *row;    /* sorted by name */
    size_t trashed;         /* runs in its trash (run_trash.h) */
    struct remarks remarks; /* on the folder, and on entries that are no directories */
    uint64_t version;       /* differs between two lists that differ in anything */
};

/* Lists the runs in the folder `dir`, or the one run that `dir` is. Writes and locks
 * nothing, and follows no link but `dir` itself; skips directories without a
 * config.json and names that start with a dot. A fault in a run becomes its remark and
 * stops nothing. `before`: an older list of the same folder, from which unchanged runs
 * are taken; may be NULL. ERR_MISSING, ERR_FORMAT where `dir` is no folder; ERR_NOMEM.
 * Cost: a stat of each file of a run; for a changed run its config.json and the ends of
 * its histories, a few milliseconds per arm. Release with run_list_unref. */
enum err run_list_look(const char *dir, const struct run_list *before,
                       struct run_list **out, struct errinfo *e) ERR_CHECKED;
/* Makes the empty list of a folder that does not exist yet. */
enum err run_list_none(const char *dir, struct run_list **out,
                       struct errinfo *e) ERR_CHECKED;
struct run_list *run_list_ref(struct run_list *l);
void run_list_unref(struct run_list *l); /* NULL is fine */
/* Returns the row of that name, or NULL. O(log n) */
const struct run_row *run_list_find(const struct run_list *l, const char *name);

/* ---- columns ---- */

enum run_cell {
    RUN_CELL_TEXT,
    RUN_CELL_COUNT,
    RUN_CELL_REAL,
    RUN_CELL_BYTES,
    RUN_CELL_DATE
};
struct run_column {
    int measure;       /* enum metric; -1: not a measure, named here: */
    const char *name;  /* its name in commands, JSON and CSV, */
    const char *title; /* and the heading of its column */
    enum run_cell cell;
    int width, most; /* least width of a column of text; most that any grows to */
    int rank;        /* order of columns in a table, from 1; 0: not in it */
    double (*number)(const struct run_row *row); /* NaN: not known; NULL: a column of
                                                    text */
    /* Returns the text shown in place of the number, or for a column without one, in
     * room[cap] or elsewhere; "": none. NULL: the number is shown. */
    const char *(*text)(const struct run_row *row, char *room, size_t cap);
};
const struct run_column *run_column_at(size_t i); /* NULL beyond the last */
int run_column_find(const char *name);            /* RUN_LIST_NONE: unknown */
const char *run_column_name(const struct run_column *c);
const char *run_column_title(const struct run_column *c);
/* Writes all names: "name, step, ...". */
void run_column_names(char *out, size_t cap);
/* Writes a cell as shown to people, not escaped: "0.812", "1.4 MB", "2026-03-01 12:30"
 * in local time, "-" for what is not known. Returns out. */
#define RUN_CELL_ROOM 256
const char *run_cell_show(const struct run_column *c, const struct run_row *r,
                          char out[RUN_CELL_ROOM]);

/* Returns the column that lists are sorted by at first: the date. */
int run_column_default(void);
/* Writes the order of the rows into order[l->n]: texts from A on, numbers and dates
 * from the largest; `reverse`: the other way. Unknown values come last; equal rows are
 * in the order of their names. If memory runs out, all are in the order of their
 * names. */
void run_list_order(const struct run_list *l, int column, bool reverse, int32_t *order);

#endif
