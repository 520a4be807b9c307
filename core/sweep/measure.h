/* What a sweep records of each run: the measures of results.csv (measure/measure.h).
 * Any thread. */
#ifndef SAETOP_SWEEP_MEASURE_H
#define SAETOP_SWEEP_MEASURE_H

#include "eval/report.h"
#include "measure/measure.h"

#include <stdint.h>

#define SWEEP_MEASURE_COUNT ((size_t)MEASURES_SWEPT)
/* Where a measure stands among them; below 0: it does not. */
#define SWEEP_PLACE(id, place, ...) SWEEP_##id = (place),
enum sweep_measure { MEASURES_LIVE(SWEEP_PLACE) MEASURES_FINAL(SWEEP_PLACE) };
#undef SWEEP_PLACE
const struct measure *sweep_measure_def(size_t m);
/* Its label beside those of other forms of the same. */
const char *sweep_measure_label(size_t m);

/* One run of a sweep. NaN: not measured. */
struct sweep_result {
    bool done; /* false: nothing else holds */
    double v[MEASURES_SWEPT];
    double sparsity; /* the setting that a search for match_l0 found; NaN: none */
    bool matched;    /* clean L0 came within the tolerance of match_l0 */
    double steps, seconds, tokens_read, vectors;
};

/* The measures of a finished evaluation. */
void sweep_result_from(struct sweep_result *out, const struct report *r);

#endif
