/* The runs in a folder, a row each, for `saetop runs` and the explorer's Runs: what one
 * compares runs by, read without their weights. One table of columns names it all; the
 * measures among them come from the table of measures. A list is a snapshot that
 * nothing changes: any thread may read it. */
#ifndef SAETOP_RUN_RUN_LIST_H
#define SAETOP_RUN_RUN_LIST_H

#include "base/remarks.h"
#include "run/conditions.h"
#include "train/rundir.h"

#include <stdatomic.h>

#define RUN_LIST_MAX  10000 /* runs of a folder */
#define RUN_NAME_MAX  256   /* bytes of a directory's name, with its end */
#define RUN_NOTE_MAX  200
#define RUN_FIGURES   3
#define RUN_LIST_NONE (-1)

/* The measures of a list, as places of a row's figures. */
enum metric run_figure(size_t i);

/* One condition of a run. Each figure is the mean over those of its seeds that have it,
 * from the end of metrics.csv or, if training measured nothing (an imported SAE), from
 * eval.json; NaN: not measured. */
struct run_condition {
    char letter;
    double mask_rate; /* of its first seed when that was saved */
    size_t seeds;
    double figure[RUN_FIGURES];
};

struct run_row {
    char name[RUN_NAME_MAX];  /* of its directory */
    char remark[REMARK_TEXT]; /* why it could not be read, or what is odd; "" nothing */
    bool opens;               /* it could be read */
    int64_t step, steps;      /* done and planned */
    char arch[32];
    double k;
    int64_t width;
    bool imported;
    size_t arms, conditions;
    struct run_condition condition[CONDITIONS_MAX];
    char label[RUN_LABEL_MAX + 1], note[RUN_NOTE_MAX + 1];
    int64_t bytes; /* on disk, all that the directory holds, a file of two names once */
    int64_t saved; /* seconds since 1970 of the last save */
    long holder; /* the process that has it open to train it, rundir_holder; 0: none */
    uint64_t stamp; /* tells whether it is the same as when it was looked at */
};

struct run_list {
    atomic_int refs;
    char dir[RUNDIR_PATH];
    size_t n;
    struct run_row *row;    /* by name */
    size_t trashed;         /* runs in its trash (run_trash.h) */
    struct remarks remarks; /* of the folder, and of entries that are no directories */
    uint64_t version;       /* differs where anything in two looks differs */
};

/* Look at the folder `dir`, or at the one run that `dir` is. Nothing is written, locked
 * or followed but `dir` itself; directories without a config.json are passed over, and
 * so are names that begin with a dot. A fault of a run becomes its remark and stops
 * nothing. `before`, an older look at the same folder, may be NULL: what has not
 * changed since is taken from it. ERR_MISSING, ERR_FORMAT where `dir` is no folder;
 * ERR_NOMEM. Cost: a stat of each file of a run; for one that changed its config.json
 * and the ends of its histories, a few milliseconds an arm. Release with
 * run_list_unref. */
enum err run_list_look(const char *dir, const struct run_list *before,
                       struct run_list **out, struct errinfo *e) ERR_CHECKED;
/* An empty list of a folder that is not there yet. */
enum err run_list_none(const char *dir, struct run_list **out,
                       struct errinfo *e) ERR_CHECKED;
struct run_list *run_list_ref(struct run_list *l);
void run_list_unref(struct run_list *l); /* NULL is fine */
/* The row of that name; NULL: there is none. O(log n) */
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
    int measure;       /* enum metric; -1: it is none, and */
    const char *name;  /* is called so in commands, JSON and CSV, */
    const char *title; /* and at the head of its column */
    enum run_cell cell;
    int width, most; /* a column's, of text, at least; what any grows to as needed */
    int rank;        /* order of columns in a table, from 1; 0: not in it */
    double (*number)(const struct run_row *row); /* NaN: not known; NULL: a text */
    /* The text that people read in place of the number, or of a column without one:
     * into room[cap] or elsewhere; "" none. NULL: the number. */
    const char *(*text)(const struct run_row *row, char *room, size_t cap);
};
const struct run_column *run_column_at(size_t i); /* NULL beyond the last */
int run_column_find(const char *name);            /* RUN_LIST_NONE: unknown */
const char *run_column_name(const struct run_column *c);
const char *run_column_title(const struct run_column *c);
/* All names, "name, step, ...". */
void run_column_names(char *out, size_t cap);
/* A cell for people, not escaped: "0.812", "1.4 MB", "2026-03-01 12:30" in local time,
 * "-" for what is not known. In out, which is returned. */
#define RUN_CELL_ROOM 256
const char *run_cell_show(const struct run_column *c, const struct run_row *r,
                          char out[RUN_CELL_ROOM]);

/* Columns in which lists are sorted by themselves: the date. */
int run_column_default(void);
/* The rows in order into order[l->n]: texts from A on, of numbers and dates the largest
 * first; `reverse` the other way. Unknown values come last; equal rows are in the order
 * of their names. In the order of names alone if memory is out. */
void run_list_order(const struct run_list *l, int column, bool reverse, int32_t *order);

#endif
