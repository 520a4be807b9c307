/* The parts of lm_back.h: gradients of norms, activations, attention, for n rows each.
 * Internal to core/lm. */
#ifndef SAETOP_LM_LM_BACK_PARTS_H
#define SAETOP_LM_LM_BACK_PARTS_H

#include "lm/lm_pass.h"

/* dx [n, width] += the gradient at the input x of lm_norm_rows, from dy at its output.
 * b only tells the kind of norm, as there. */
void lm_norm_back(const struct lm_config *c, size_t n, size_t width, const float *x,
                  const float *w, const float *b, const float *dy, float *dx);

/* dfc [n, fc width] from dy [n, d_ff] after lm_activate, whose input was fc. */
void lm_activate_back(const struct lm_config *c, size_t n, const float *fc,
                      const float *dy, float *dfc);

/* dqkv [T, qkv width] from dz [T, n_head * d_head]: back through lm_attend, whose
 * queries, keys and values are in a (at 0, with ld_q and ld_kv those of qkv; scores:
 * scratch [2 * LM_ATT_ROWS, T]; out is not used). */
void lm_attend_back(const struct lm_config *c, const struct lm_attention *a,
                    const float *dz, float *dqkv);

/* Turns dqkv after lm_turn into that before it, at qkv. one_head [d_head]: scratch. */
void lm_turn_back(const struct lm_config *c, const struct lm_layer *w,
                  const struct lm_turns *turns, bool local, size_t T, const float *qkv,
                  float *one_head, float *dqkv);

#endif
