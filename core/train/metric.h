/* The measures of a run while it trains (measure/measure.h): the values of a row of
 * metrics.csv, and the measure that a user's word means. */
#ifndef SAETOP_TRAIN_METRIC_H
#define SAETOP_TRAIN_METRIC_H

#include "lm/ce_doubt.h"
#include "measure/measure.h"

/* Finds a column of metrics.csv by its name, its label, or a unique beginning of
 * either; -1: none. */
int metric_find(const char *name);

/* Returns the doubt to show beside measure m of v [METRIC_COUNT], or NULL. */
const struct ce_doubt *metric_doubt(const double *v, enum metric m);

/* One row of metrics.csv; NaN: not measured. */
struct metric_row {
    double v[METRIC_COUNT];
};
struct metric_row metric_row_empty(void);

#endif
