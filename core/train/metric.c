#include "train/metric.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

int metric_find(const char *name)
{
    int found = -1;
    const size_t n = strlen(name);
    for (int m = 0; m < METRIC_COUNT; m++) {
        const struct measure *d = measure_at((enum metric)m);
        if (strcmp(d->column, name) == 0 || strcmp(d->label, name) == 0) {
            return m;
        }
        const int begins =
            strncmp(d->column, name, n) == 0 || strncmp(d->label, name, n) == 0;
        if (begins) {
            found = found == -1 ? m : -2; /* -2: more than one */
        }
    }
    return found < 0 || n == 0 ? -1 : found;
}

const struct ce_doubt *metric_doubt(const double *v, enum metric m)
{
    if (m != METRIC_CE_REC && m != METRIC_CE_REC_OOD) {
        return NULL;
    }
    /* Evaluated, and yet without a share: erasing costs nothing on this text. Where
     * nothing but activations was there, no words of concepts were counted. What the
     * run is opened with now says nothing of that: a model may be named later. */
    const bool evaluated =
        isfinite(v[m == METRIC_CE_REC ? METRIC_EV : METRIC_EV_OOD]) &&
        isfinite(v[METRIC_TRUE_POS]);
    const double span = evaluated && !isfinite(v[m]) ? 0 : (double)NAN;
    return ce_doubt(v[m], 0, span);
}

struct metric_row metric_row_empty(void)
{
    struct metric_row r;
    for (int m = 0; m < METRIC_COUNT; m++) {
        r.v[m] = (double)NAN;
    }
    return r;
}
