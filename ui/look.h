/* How the explorer looks: what `:set` and the user's configuration set. Any thread. */
#ifndef SAETOP_UI_LOOK_H
#define SAETOP_UI_LOOK_H

#include <stdbool.h>

struct look {
    int theme; /* enum theme_id; in each field -1: not set */
    int tier;  /* enum glyph_tier */
    int mouse; /* 0 or 1 */
};

/* Set "theme", "glyphs" or "mouse" to the value of that name; false: there is no such
 * name or value. */
bool look_set(struct look *l, const char *name, const char *value);

#endif
