/* Products of gradients with a model's matrices, for the way back (lm_back.h): a few
 * rows of weights as floats at a time, whatever form they are held in, and as products
 * forward take them. Internal to core/lm. Any thread. */
#ifndef SAETOP_LM_LM_MAP_H
#define SAETOP_LM_LM_MAP_H

#include "num/linear.h"

/* Rows of weights that are floats together. */
#define LM_MAP_ROWS ((size_t)128)

/* dx [n, in] = dy [n, out] W. `rows`: scratch of LM_MAP_ROWS times the longer of in and
 * out. O(n in out). */
void lm_map_back(const struct linear_map *w, size_t n, const float *dy, float *dx,
                 float *rows);
/* Rows first .. first + n - 1 as they are held, at most LM_MAP_ROWS, as floats: into
 * rows [n, linear_cols]. */
void lm_map_rows(const struct linear_map *w, size_t first, size_t n, float *rows);

#endif
