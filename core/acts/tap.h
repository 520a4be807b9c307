/* Copies of what a pass of the model has at hooks. Any thread with a workspace of its
 * own. */
#ifndef SAETOP_ACTS_TAP_H
#define SAETOP_ACTS_TAP_H

#include "lm/lm.h"

/* An edit that changes nothing and copies the activations at `hook` of all rows of a
 * pass into x [B*T, width of the hook], which is borrowed for the pass. */
struct lm_edit tap_of(struct lm_hook hook, float *x);

/* What a tap copies must not depend on the taps beside it. Where who looks changes the
 * last bits of what follows (lm_hook_is_neutral), runs rows ids [B,T] for that tap
 * alone and takes it out of tap [n]; returns how many are left, first in tap, to share
 * one pass. A pass up to the hook for each that is taken out. */
size_t tap_apart(const struct lm *m, struct lm_ws *ws, const int32_t *ids, size_t B,
                 size_t T, struct lm_edit *tap, size_t n);

#endif
