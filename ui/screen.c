#include "ui/screen.h"

#include <stdio.h>
#include <string.h>

const struct screen_def *screen_find(const struct screen_table *t, const char *name)
{
    for (size_t i = 0; i < t->n; i++) {
        if (!strcmp(t->row[i]->name, name)) {
            return t->row[i];
        }
    }
    return NULL;
}

void screen_names(const struct screen_table *t, const char *more, char *out, size_t cap)
{
    const size_t n = t->n + (more ? 1U : 0U);
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < n && len < cap; i++) {
        const char *between = !i ? "" : i + 1 < n ? ", " : " or ";
        len += (size_t)snprintf(out + len, cap - len, "%s%s", between,
                                i < t->n ? t->row[i]->name : more);
    }
}
