/* Drawing that the rows of all lists share. UI thread. */
#ifndef SAETOP_UI_ROWS_H
#define SAETOP_UI_ROWS_H

#include "ui/canvas.h"
#include "ui/list.h"

/* Tint the first place where the text `find` stands in a cell's text, which was drawn
 * at x, y in w columns. */
void rows_tint_found(struct canvas *c, int x, int y, int w, const char *text,
                     const char *find);
/* Draw the thumb of a scroll bar in column x, whose track runs h cells down from y;
 * nothing if all is in sight. */
void rows_bar(struct canvas *c, const struct list_view *list, int x, int y, int h);
/* Draw a text flush right in the w columns from x on, cut at its end if it is
 * longer. */
void rows_right(struct canvas *c, int x, int y, int w, const char *text, enum role role,
                uint8_t attr);
/* Break n bytes of text at spaces into lines of at most r.w columns, draw those from
 * line `skip` on that fit into r, and return how many there are in all. */
int rows_wrapped(struct canvas *c, struct rect r, const char *text, size_t n,
                 enum role role, int skip);
/* Drop the last words that do not fit into `room` columns, of words with two spaces
 * between them; the first stays, to be cut. */
void rows_whole_words(char *text, int room);
/* As rows_wrapped, centred in r across and down; what does not fit is left out. */
void rows_centred(struct canvas *c, struct rect r, const char *text, enum role role);

#endif
