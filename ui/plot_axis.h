/* Ticks and numbers of plots. Any thread; pure. */
#ifndef SAETOP_UI_PLOT_AXIS_H
#define SAETOP_UI_PLOT_AXIS_H

#include <stdbool.h>
#include <stddef.h>

enum { AXIS_TICKS = 16 };

struct axis_ticks {
    double at[AXIS_TICKS]; /* ascending, inside the range */
    size_t n;
    double step; /* between linear ticks; 0: logarithmic ones */
};

/* Ticks at 1, 2 or 5 times a power of ten in [lo, hi], or every nth of them, as many as
 * fit `want` or fewer, but two at least. With `log`, powers of ten and their 2 and 5
 * folds; linear ones where the range holds fewer than two of those. None for an empty
 * or infinite range. */
void axis_ticks(struct axis_ticks *t, double lo, double hi, int want, bool log);
/* A tick's label in at most `width` columns: just the digits that its step needs, with
 * k, M, G; "" when it does not fit. */
void axis_label(char *out, size_t cap, double v, double step, int width);

#endif
