/* How the explorer looks: what `:set` and the user's configuration can set. Any thread.
 */
#ifndef SAETOP_UI_LOOK_H
#define SAETOP_UI_LOOK_H

#include <stdbool.h>

struct look {
    int theme; /* enum theme_id; each -1: not said */
    int tier;  /* enum glyph_tier */
    int mouse; /* 0 or 1 */
};

/* "theme", "glyphs" or "mouse" to a value by its name; false: no such one. */
bool look_set(struct look *l, const char *name, const char *value);

#endif
