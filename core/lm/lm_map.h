/* Products of gradients with a model's matrices, for the backward pass (lm_back.h). A
 * few rows of weights are made floats at a time, whatever form they are held in, with
 * the same values as in forward products. Internal to core/lm. Any thread. */
#ifndef SAETOP_LM_LM_MAP_H
#define SAETOP_LM_LM_MAP_H

#include "num/linear.h"

/* Rows of weights held as floats at a time. */
#define LM_MAP_ROWS ((size_t)128)

/* dx [n, in] = dy [n, out] W. `rows`: scratch of LM_MAP_ROWS times the greater of in
 * and out. O(n in out). */
void lm_map_back(const struct linear_map *w, size_t n, const float *dy, float *dx,
                 float *rows);
/* Writes rows first .. first + n - 1, at most LM_MAP_ROWS, as floats to rows [n,
 * linear_cols], whatever form they are held in. */
void lm_map_rows(const struct linear_map *w, size_t first, size_t n, float *rows);

#endif
