/* Roles to colours. Data only. */
#ifndef SAETOP_UI_THEME_H
#define SAETOP_UI_THEME_H

#include "ui/canvas.h"

enum theme_id { THEME_DARK, THEME_LIGHT, THEME_CONTRAST, THEME_MONO, THEME_COUNT };

struct role_style {
    int16_t fg256, bg256; /* xterm-256 index, -1: the terminal's own */
    int16_t fg8, bg8;     /* one of the 8 basic colours, -1 likewise */
    uint8_t attr;         /* added with colour */
    uint8_t mono_attr;    /* without colour: ATTR_* */
};

const char *theme_name(enum theme_id id);
int theme_find(const char *name); /* -1 */
const struct role_style *theme_style(enum theme_id id, enum role role);
/* The same for a terminal with true colour, 0xRRGGBB: the colour that the 256
 * approximate, or their own entry. -1: the terminal's own colour. */
void theme_true(enum theme_id id, enum role role, int32_t *fg, int32_t *bg);

#endif
