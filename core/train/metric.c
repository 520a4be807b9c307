#include "train/metric.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const struct metric_def defs[METRIC_COUNT] = {
#define METRIC_DEF(id, column, label, better, help) {column, label, help, better},
    METRIC_LIST(METRIC_DEF)
#undef METRIC_DEF
};

const struct metric_def *metric_def(enum metric m)
{
    return &defs[m];
}

int metric_find(const char *name)
{
    int found = -1;
    const size_t n = strlen(name);
    for (int m = 0; m < METRIC_COUNT; m++) {
        if (strcmp(defs[m].column, name) == 0 || strcmp(defs[m].label, name) == 0) {
            return m;
        }
        const int begins = strncmp(defs[m].column, name, n) == 0 ||
                           strncmp(defs[m].label, name, n) == 0;
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
    /* Evaluated, and yet without a share: erasing costs nothing on this text. */
    const bool evaluated = isfinite(v[m == METRIC_CE_REC ? METRIC_EV : METRIC_EV_OOD]);
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
