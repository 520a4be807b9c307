#include "ui/look.h"

#include "ui/glyph.h"
#include "ui/theme.h"

#include <string.h>

bool look_set(struct look *l, const char *name, const char *value)
{
    int *to = NULL, found = -1;
    if (!strcmp(name, "theme")) {
        to = &l->theme;
        found = theme_find(value);
    } else if (!strcmp(name, "glyphs")) {
        to = &l->tier;
        found = glyph_tier_find(value);
    } else if (!strcmp(name, "mouse")) {
        to = &l->mouse;
        found = !strcmp(value, "on") ? 1 : !strcmp(value, "off") ? 0 : -1;
    }
    if (found < 0) {
        return false;
    }
    *to = found;
    return true;
}
