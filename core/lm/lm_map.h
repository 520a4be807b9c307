/* Products of rows with a model's matrices, forward and back, for the gradient
 * (lm_back.h): a few rows of weights as floats at a time, whatever form they are held
 * in. Internal to core/lm. Any thread. */
#ifndef SAETOP_LM_LM_MAP_H
#define SAETOP_LM_LM_MAP_H

#include "lm/lm_store.h"

/* Rows of weights that are floats together. */
#define LM_MAP_ROWS ((size_t)128)

/* A linear map, y = x W^T for W [out, in]. */
struct lm_map {
    struct linear_map w;
    size_t in, out;
    bool in_out;    /* rows are inputs: [in, out] */
    float *scratch; /* [LM_MAP_ROWS, the longer of in and out]; borrowed, in use by one
                       map at a time */
};
/* The map of a slot of a block; and that of the logits, whose rows are tokens. After
 * lm_need. */
struct lm_map lm_map_of(const struct lm *m, size_t block, enum lm_slot slot,
                        float *scratch);
struct lm_map lm_map_head(const struct lm *m, float *scratch);

/* y [n, out] = x [n, in] W^T + b; b [out] may be NULL. O(n in out). */
void lm_map_forward(const struct lm_map *w, size_t n, const float *x, const float *b,
                    float *y);
/* dx [n, in] = dy [n, out] W. */
void lm_map_back(const struct lm_map *w, size_t n, const float *dy, float *dx);
/* Rows first .. first + n - 1 as they are held, at most LM_MAP_ROWS, as floats: in
 * scratch. */
const float *lm_map_rows(const struct lm_map *w, size_t first, size_t n);

#endif
