/* Products of rows with a model's matrices, forward and back, for the gradient
 * (lm_back.h): through rows of weights as floats, whatever form they are held in.
 * Internal to core/lm. Any thread. */
#ifndef SAETOP_LM_LM_MAP_H
#define SAETOP_LM_LM_MAP_H

#include "lm/lm_store.h"

/* A linear map, y = x W^T for W [out, in]. */
struct lm_map {
    const float *w;
    size_t in, out;
    bool in_out; /* rows of w are inputs: [in, out] */
};
/* That of a slot of a block; those of the logits. After lm_need. */
struct lm_map lm_map_of(const struct lm *m, size_t block, enum lm_slot slot);
struct lm_map lm_map_head(const struct lm *m);

/* y [n, out] = x [n, in] W^T + b; b [out] may be NULL. O(n in out). */
void lm_map_forward(const struct lm_map *w, size_t n, const float *x, const float *b,
                    float *y);
/* dx [n, in] = dy [n, out] W. */
void lm_map_back(const struct lm_map *w, size_t n, const float *dy, float *dx);
/* Row r of a map whose rows are outputs, [in]: in the weights, or in scratch [in]. */
const float *lm_map_row(const struct lm_map *w, size_t r, float *scratch);

#endif
