/* Files of finished cells: refused in a line, or numbers. */
#include "sweep/cellfile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errinfo e = {0};
    struct sweep_result r = {0};
    struct sweep_made m = {0};
    if (sweep_cell_parse((const char *)data, size, "fuzz", "cell", &r, &m, &e) != OK) {
        if (!e.msg[0] || strchr(e.msg, '\n') || r.done) {
            abort();
        }
        return 0;
    }
    for (size_t i = 0; i < SWEEP_MEASURE_COUNT; i++) {
        if (isinf(r.v[i])) {
            abort();
        }
    }
    return 0;
}
