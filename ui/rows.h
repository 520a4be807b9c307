/* Drawing that rows of all lists share. UI thread. */
#ifndef SAETOP_UI_ROWS_H
#define SAETOP_UI_ROWS_H

#include "ui/canvas.h"
#include "ui/list.h"

/* Tint the first place where a find's text stands in a cell's text, which was drawn at
 * x, y in w columns. */
void rows_tint_found(struct canvas *c, int x, int y, int w, const char *text,
                     const char *find);
/* The thumb of a scroll bar in the column at x, whose track runs h cells down from y;
 * nothing where all is in sight. */
void rows_bar(struct canvas *c, const struct list_view *list, int x, int y, int h);
/* A text that ends with the last of w columns from x on, cut at its end where it is
 * longer. */
void rows_right(struct canvas *c, int x, int y, int w, const char *text, enum role role,
                uint8_t attr);
/* Text of n bytes in lines of at most r.w columns, broken at spaces: draws those from
 * `skip` on that fit into r, and returns how many there are in all. */
int rows_wrapped(struct canvas *c, struct rect r, const char *text, size_t n,
                 enum role role, int skip);
/* The same in the middle of r, up and down as well; what r has no room for is left
 * out. */
void rows_centred(struct canvas *c, struct rect r, const char *text, enum role role);

#endif
