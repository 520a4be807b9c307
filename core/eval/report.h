/* Results of `saetop eval`: figures by path ("fidelity.in_distribution.l1"), each with
 * the units that it is a mean over, so that two runs can be compared unit by unit. The
 * table, the JSON and the comparison are made from one report. Owner thread. */
#ifndef SAETOP_EVAL_REPORT_H
#define SAETOP_EVAL_REPORT_H

#include "base/err.h"
#include "base/json.h"
#include "base/json_out.h"
#include "base/remarks.h"
#include "base/str.h"
#include "eval/evaluate.h"

#define REPORT_REPS 1000 /* draws of a bootstrap */

struct figure {
    char *path;
    struct estimate v; /* value = sum x / sum w; the interval resamples units */
    size_t n;          /* units; 0: a plain number */
    const char *unit;  /* "rows", "concepts", "tasks": static text */
    int32_t *id;       /* [n] which units, ascending; NULL: not kept */
    double *x, *w;     /* [n] */
};

struct report_gap {
    char *what, *why;
};

struct report {
    uint64_t seed; /* for all intervals and draws */
    size_t reps;   /* draws of an interval, REPORT_REPS; 0: values alone */
    bool compares; /* its figures are differences between two reports */
    struct figure *fig;
    size_t n, cap;
    struct report_gap *gap; /* what was left out */
    size_t gaps, gap_cap;
    cJSON *lists; /* lists beside the figures: concepts, words, latents; may be NULL */
    struct json_out *details; /* takes what figures are made from (details.h); NULL: not
                                 asked for. Borrowed */
};
void report_init(struct report *r, uint64_t seed);
void report_deinit(struct report *r);

/* Adds a number without an interval. `path` is printf-formatted in all of these. */
enum err report_value(struct report *r, double value, struct errinfo *e,
                      const char *path, ...)
    __attribute__((format(printf, 4, 5))) ERR_CHECKED;
/* Adds an estimate made elsewhere over n units. */
enum err report_estimate(struct report *r, const struct estimate *v, size_t n,
                         const char *unit, struct errinfo *e, const char *path, ...)
    __attribute__((format(printf, 6, 7))) ERR_CHECKED;
/* Adds sum x / sum w over n units (w NULL: ones; id NULL: 0..n-1) with a bootstrap of
 * the units. Units whose x is NaN are left out; none left: NaN. */
enum err report_ratio(struct report *r, size_t n, const int32_t *id, const double *x,
                      const double *w, const char *unit, struct errinfo *e,
                      const char *path, ...)
    __attribute__((format(printf, 8, 9))) ERR_CHECKED;
/* Lists something that could not be measured, and why, in one line each. */
enum err report_left_out(struct report *r, struct errinfo *e, const char *what,
                         const char *why, ...)
    __attribute__((format(printf, 4, 5))) ERR_CHECKED;
/* Lists such a line if short_of of a measure's fits did not reach their certified
 * minimum (logreg.h). */
enum err report_fits(struct report *r, const char *what, size_t fits, size_t short_of,
                     struct errinfo *e) ERR_CHECKED;
/* Adds a list of its own under `key` of the JSON; taken over. NULL is ERR_NOMEM. */
enum err report_list(struct report *r, const char *key, cJSON *list,
                     struct errinfo *e) ERR_CHECKED;
/* Adds "remarks" to the JSON, if there are any. */
enum err report_remarks(struct report *r, const struct remarks *remarks,
                        struct errinfo *e) ERR_CHECKED;

const struct figure *report_find(const struct report *r,
                                 const char *path); /* or NULL */

/* Why a share of cross-entropy recovered does not mean what it says; NULL if it does,
 * or for another figure. */
const char *report_doubt(const struct report *r, const struct figure *f);

/* Makes the tree
 *     {"fidelity": {"in_distribution": {"l0": {"value", "interval", "n", "unit"}}},
 * ..., "left_out": [{"what", "why"}]}, plus the lists. Numbers that are NaN become
 * null. */
enum err report_tree(const struct report *r, cJSON **out,
                     struct errinfo *e) ERR_CHECKED;
/* Writes the text of report_tree. */
enum err report_json(const struct report *r, struct str *out,
                     struct errinfo *e) ERR_CHECKED;
/* Writes the same by measure, for people. Differences of exactly 0 are counted, not
 * listed. */
void report_table(const struct report *r, struct str *out);

/* Makes a report of the paired differences a - b of every figure that both have over
 * the same kind of units: over the units that both have, weighted as in a, with a
 * bootstrap of the units. Figures without units in common get the difference of the
 * values and no interval. */
enum err report_compare(const struct report *a, const struct report *b,
                        struct report *out, struct errinfo *e) ERR_CHECKED;

#endif
