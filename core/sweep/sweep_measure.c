#include "sweep/sweep_measure.h"

#include <math.h>

const struct measure *sweep_measure_def(size_t m)
{
    return measure_swept(m);
}

const char *sweep_measure_label(size_t m)
{
    const struct measure *d = measure_swept(m);
    return d->among ? d->among : d->label;
}

struct sweep_set sweep_set_of(enum source_kind source)
{
    return source == SOURCE_SYNTHETIC
               ? (struct sweep_set){SWEEP_MEASURE_COUNT, SWEEP_MEASURES_ALL,
                                    SWEEP_TRUTH_L0, false}
               : (struct sweep_set){0, SWEEP_MEASURE_COUNT, SWEEP_L0_CLEAN, true};
}

void sweep_result_from(struct sweep_result *out, const struct report *r)
{
    for (size_t m = 0; m < SWEEP_MEASURES_ALL; m++) {
        const struct figure *f = report_find(r, measure_swept(m)->path);
        out->v[m] = f ? f->v.value : (double)NAN;
    }
}
