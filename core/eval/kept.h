/* The member "units" of an eval.json, which spares measuring again: the units behind
 * the figures that have verdicts (verdict.h):
 *
 *     {"fidelity.in_distribution.l1": {"unit": "concepts", "id": [u], "sum": [u],
 *                               "weight": [u]}, ...}
 *
 * Two such files give the same paired differences as two evaluations. Any thread. */
#ifndef SAETOP_EVAL_KEPT_H
#define SAETOP_EVAL_KEPT_H

#include "eval/report.h"

/* Adds the member to `root`. ERR_NOMEM. O(units). */
enum err kept_add(const struct report *r, cJSON *root, struct errinfo *e) ERR_CHECKED;

/* Reads it back into `out`, which report_init has begun: the figures with their values
 * and, unless out->reps is 0, intervals; only the value for a figure without units in
 * the file. A file without the member, as training writes it, is ERR_MISSING. `file` is
 * for error lines; its content is not trusted. ERR_FORMAT names what is wrong;
 * ERR_NOMEM. */
enum err kept_read(const cJSON *root, const char *file, struct report *out,
                   struct errinfo *e) ERR_CHECKED;

/* Returns a figure of an eval.json by its path (measure_at): a number, or the "value"
 * of an object. NaN if it has none. */
double kept_value(const cJSON *root, const char *path);

#endif
