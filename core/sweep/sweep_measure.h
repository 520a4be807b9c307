/* The measures that a sweep records of each run: those of results.csv
 * (measure/measure.h). Any thread. */
#ifndef SAETOP_SWEEP_SWEEP_MEASURE_H
#define SAETOP_SWEEP_SWEEP_MEASURE_H

#include "eval/report.h"
#include "measure/measure.h"
#include "train/settings.h"

#include <stdint.h>

/* The number of measures of a sweep on text, and of all measures: those on known
 * features come after them. */
#define SWEEP_MEASURE_COUNT ((size_t)MEASURES_SWEPT)
#define SWEEP_MEASURES_ALL  ((size_t)(MEASURES_SWEPT + MEASURES_SWEPT_TRUTH))
/* The place of a measure among them; below 0: it has none. */
#define SWEEP_PLACE(id, place, ...) SWEEP_##id = (place),
enum sweep_measure { MEASURES_LIVE(SWEEP_PLACE) MEASURES_FINAL(SWEEP_PLACE) };
#undef SWEEP_PLACE
#define SWEEP_PLACE(id, place, ...) SWEEP_##id = MEASURES_SWEPT + (place),
enum sweep_truth { MEASURES_TRUTH(SWEEP_PLACE) };
#undef SWEEP_PLACE

/* The measures of a sweep on one source: places first to end - 1. */
struct sweep_set {
    size_t first, end;
    size_t l0;  /* the one that says how sparse a run is */
    bool paper; /* the table says what the paper reports on some of them */
};
struct sweep_set sweep_set_of(enum source_kind source);
const struct measure *sweep_measure_def(size_t m);
/* Returns its label next to those of other forms of the same measure. */
const char *sweep_measure_label(size_t m);

/* One run of a sweep. NaN: not measured. */
struct sweep_result {
    bool done; /* false: the rest is not set */
    double v[MEASURES_SWEPT + MEASURES_SWEPT_TRUTH];
    double sparsity; /* the setting that a search for match_l0 found; NaN: none */
    bool on_target;  /* clean L0 came within the tolerance of the target */
    double steps, seconds, tokens_read, vectors;
};

/* Takes the measures from a finished evaluation; NaN where it has none. */
void sweep_result_from(struct sweep_result *out, const struct report *r);

#endif
