#include "measure/measure.h"

#include <assert.h>
#include <string.h>

static const struct measure table[MEASURE_COUNT] = {
#define MEASURE_ROW(id, place, ...) [METRIC_##id] = {__VA_ARGS__},
    MEASURES_LIVE(MEASURE_ROW) MEASURES_FINAL(MEASURE_ROW) MEASURES_TRUTH(MEASURE_ROW)
#undef MEASURE_ROW
};

static const int swept[MEASURE_COUNT] = {
#define MEASURE_PLACE(id, place, ...) [METRIC_##id] = (place),
    MEASURES_LIVE(MEASURE_PLACE) MEASURES_FINAL(MEASURE_PLACE)
#undef MEASURE_PLACE
#define MEASURE_PLACE(id, place, ...) [METRIC_##id] = MEASURES_SWEPT + (place),
        MEASURES_TRUTH(MEASURE_PLACE)
#undef MEASURE_PLACE
};

const struct measure *measure_at(enum metric m)
{
    assert((size_t)m < MEASURE_COUNT);
    return &table[m];
}

/* The id of the row whose int at `offset` is `place`; -1: none. */
static int with_place(size_t offset, int place)
{
    for (int m = 0; m < MEASURE_COUNT; m++) {
        int at = 0;
        memcpy(&at, (const char *)&table[m] + offset, sizeof at);
        if (at == place && place > 0) {
            return m;
        }
    }
    return -1;
}

int measure_pane(int place)
{
    return with_place(offsetof(struct measure, pane), place);
}

int measure_box(int place)
{
    return with_place(offsetof(struct measure, box), place);
}

int measure_line(int place)
{
    return with_place(offsetof(struct measure, line), place);
}

const struct measure *measure_swept(size_t place)
{
    for (size_t m = 0; m < MEASURE_COUNT; m++) {
        if (swept[m] >= 0 && (size_t)swept[m] == place) {
            return &table[m];
        }
    }
    return NULL;
}

const char *measure_leaf(enum metric m)
{
    const char *dot = strrchr(table[m].path, '.');
    return dot ? dot + 1 : table[m].path;
}
