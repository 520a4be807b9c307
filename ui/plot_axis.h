/* Ticks and numbers of plots. Any thread; pure. */
#ifndef SAETOP_UI_PLOT_AXIS_H
#define SAETOP_UI_PLOT_AXIS_H

#include <stdbool.h>
#include <stddef.h>

enum { AXIS_TICKS = 16 };

struct axis_ticks {
    double at[AXIS_TICKS]; /* ascending, inside the range */
    size_t n;
    double step; /* between linear ticks; 0: the ticks are logarithmic */
};

/* Choose ticks in [lo, hi], at multiples of 1, 2 or 5 times a power of ten or at every
 * nth of these: `want` or fewer, but at least two. With `log`, at powers of ten and 2
 * and 5 times these; linear ticks if the range holds fewer than two of those. None for
 * an empty or infinite range. */
void axis_ticks(struct axis_ticks *t, double lo, double hi, int want, bool log);
/* Write a tick's label in at most `width` columns, with just the digits that its step
 * needs and k, M, G; "" if it does not fit. */
void axis_label(char *out, size_t cap, double v, double step, int width);

#endif
