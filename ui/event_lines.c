#include "ui/event_lines.h"

#include <string.h>

bool event_is_drawn(const struct event_view *ev)
{
    static const char *const quiet[] = {"start", "estimate", "pause", "resume",
                                        "save",  "done",     "eval",  "mask-planned"};
    bool drawn = true;
    for (size_t k = 0; k < sizeof quiet / sizeof quiet[0]; k++) {
        drawn = drawn && strncmp(ev->kind, quiet[k], strlen(quiet[k])) != 0;
    }
    return drawn;
}
