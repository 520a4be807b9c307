#include "ui/picture.h"

#include "base/utf8.h"

static void add_style(struct str *out, enum theme_id theme, const struct cell *cell)
{
    const struct role_style *s = theme_style(theme, (enum role)cell->role);
    uint8_t attr = s->attr | (uint8_t)(cell->attr & (ATTR_BOLD | ATTR_UNDERLINE));
    attr ^= cell->attr & ATTR_REVERSE; /* as in the terminal: twice is plain */
    str_add(out, "\033[0");
    str_add(out, attr & ATTR_BOLD ? ";1" : "");
    str_add(out, attr & ATTR_UNDERLINE ? ";4" : "");
    str_add(out, attr & ATTR_REVERSE ? ";7" : "");
    if (s->fg256 >= 0) {
        str_addf(out, ";38;5;%d", s->fg256);
    }
    if (s->bg256 >= 0) {
        str_addf(out, ";48;5;%d", s->bg256);
    }
    str_addc(out, 'm');
}

void picture_ansi(const struct canvas *c, enum theme_id theme, struct str *out)
{
    for (int y = 0; y < c->h; y++) {
        const struct cell *row = &c->cell[(size_t)y * (size_t)c->w];
        const struct cell *last = NULL;
        for (int x = 0; x < c->w; x++) {
            char utf8[4];
            if (row[x].width == 0) {
                continue;
            }
            if (!last || last->role != row[x].role || last->attr != row[x].attr) {
                add_style(out, theme, &row[x]);
            }
            last = &row[x];
            str_addn(out, utf8, utf8_put(row[x].cp, utf8));
        }
        str_add(out, "\033[0m\n");
    }
}
