/* The file in memory that curses draws on in place of the terminal. UI thread. */
#ifndef SAETOP_UI_TERM_PAPER_H
#define SAETOP_UI_TERM_PAPER_H

#include "ui/term_rgb.h"
#include "ui/term_tty.h"

#include <stdio.h>

/* Open an empty one; the caller owns it (fclose). ERR_IO. */
enum err paper_open(FILE **out, struct errinfo *e) ERR_CHECKED;

/* Send what was written on it to the terminal, its colour numbers turned into the
 * colours of the palette (NULL: left as they are), and empty it. */
void paper_take(FILE *paper, const struct rgb_palette *palette, struct tty *to);

#endif
