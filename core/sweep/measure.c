#include "sweep/measure.h"

#include <math.h>

static const struct sweep_measure_def table[SWEEP_MEASURE_COUNT] = {
#define SWEEP_MEASURE_ROW(column, label, paper, digits, path, about)                   \
    {#column, label, path, about, paper, digits},
    SWEEP_MEASURES(SWEEP_MEASURE_ROW)
#undef SWEEP_MEASURE_ROW
};

const struct sweep_measure_def *sweep_measure_def(size_t m)
{
    return &table[m];
}

void sweep_result_from(struct sweep_result *out, const struct report *r)
{
    for (size_t m = 0; m < SWEEP_MEASURE_COUNT; m++) {
        const struct figure *f = report_find(r, table[m].path);
        out->v[m] = f ? f->v.value : (double)NAN;
    }
}
