/* The measures of a run while it trains (measure/measure.h): the values of a row of
 * metrics.csv, and finding a measure by what a user types. */
#ifndef SAETOP_TRAIN_METRIC_H
#define SAETOP_TRAIN_METRIC_H

#include "lm/ce_doubt.h"
#include "measure/measure.h"

/* A column of metrics.csv by its name, its label, or a unique beginning of either; -1.
 */
int metric_find(const char *name);

/* The doubt to show beside measure m of v [METRIC_COUNT]; NULL: none. */
const struct ce_doubt *metric_doubt(const double *v, enum metric m);

/* One row of metrics.csv: NaN where nothing was measured. */
struct metric_row {
    double v[METRIC_COUNT];
};
struct metric_row metric_row_empty(void);

#endif
