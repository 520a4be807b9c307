#include "measure/wants.h"

#define WANT_GIVES(id, lacks, gives) [WANT_##id] = (gives),
#define WANT_SAYS(id, lacks, gives)  [WANT_##id] = lacks ": " gives,

const char *want_gives(enum want w)
{
    static const char *const table[WANT_COUNT] = {WANTS(WANT_GIVES)};
    return table[w];
}

const char *want_says(enum want w)
{
    static const char *const table[WANT_COUNT] = {WANTS(WANT_SAYS)};
    return table[w];
}
