#include "base/duration.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

const char *duration_text(double seconds, enum duration_form form, char out[32])
{
    const bool brief = form == DURATION_BRIEF;
    if (!isfinite(seconds) || seconds < 0 || seconds > 1e9) {
        (void)snprintf(out, 32, "?");
        return out;
    }
    const long long s = llround(seconds);
    if (s >= 360000) {
        (void)snprintf(out, 32, "%.0f days", seconds / 86400);
    } else if (s >= 3600) {
        (void)snprintf(out, 32, "%lld%s%02lld%s", s / 3600, brief ? "h" : " h ",
                       s / 60 % 60, brief ? "m" : " min");
    } else if (s >= 60) {
        (void)snprintf(out, 32, "%lld%s%02lld%s", s / 60, brief ? "m" : " min ", s % 60,
                       brief ? "s" : " s");
    } else {
        (void)snprintf(out, 32, "%lld%s", s, brief ? "s" : " s");
    }
    return out;
}
