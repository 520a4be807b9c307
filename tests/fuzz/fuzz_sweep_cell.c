/* Files of finished cells, and of searches for a setting: refused in a line, or
 * numbers, and settings of a next round that can be tried. */
#include "sweep/run_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void try_cell(const char *text, size_t len)
{
    struct errinfo e = {0};
    struct sweep_result r = {0};
    struct sweep_made m = {0};
    if (sweep_cell_parse(text, len, "fuzz", "cell", &r, &m, &e) != OK) {
        require(e.msg[0] && !strchr(e.msg, '\n') && !r.done);
        return;
    }
    for (size_t i = 0; i < SWEEP_MEASURE_COUNT; i++) {
        require(!isinf(r.v[i]));
    }
}

static void try_search(const char *text, size_t len, bool rises)
{
    struct errinfo e = {0};
    struct sweep_search s = {.key = rises ? "k" : "l1",
                             .rises = rises,
                             .target = 4,
                             .least = rises ? 1 : 1e-9,
                             .most = rises ? 64 : 1e6};
    double x[SWEEP_TRIES];
    if (sweep_search_parse(text, len, "fuzz", &s, &e) != OK) {
        require(e.msg[0] && !strchr(e.msg, '\n') && s.n == 0);
        return;
    }
    require(s.n > 0 && s.n <= s.rounds * SWEEP_TRIES);
    require(s.rounds < SWEEP_ROUNDS || s.finished); /* there is room to go on */
    sweep_search_next(&s, 4, 1.2, x);
    for (size_t i = 0; i < SWEEP_TRIES; i++) {
        require(x[i] >= s.least && x[i] <= s.most);
    }
    const struct sweep_tried found = sweep_search_found(&s);
    require(found.x >= s.least && found.x <= s.most && found.l0 >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_cell((const char *)data, size);
    try_search((const char *)data, size, true);
    try_search((const char *)data, size, false);
    return 0;
}
