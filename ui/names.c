#include "ui/names.h"

#include <stdio.h>

void names_interval(int interval, char *out, size_t cap)
{
    if (interval == INTERVAL_TOP) {
        snprintf(out, cap, "top");
    } else if (interval == INTERVAL_RANDOM) {
        snprintf(out, cap, "random");
    } else if (interval == INTERVAL_ZERO) {
        snprintf(out, cap, "zero");
    } else {
        snprintf(out, cap, ".%d-%s of max", interval,
                 interval == 9 ? "1"
                               : (const char *[]){".1", ".2", ".3", ".4", ".5", ".6",
                                                  ".7", ".8", ".9"}[interval % 9]);
    }
}
