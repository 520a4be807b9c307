/* Copies of a model's activations at hooks, taken during a pass. Any thread with a
 * workspace of its own. */
#ifndef SAETOP_ACTS_TAP_H
#define SAETOP_ACTS_TAP_H

#include "lm/lm.h"

/* Returns an edit that changes nothing and copies the activations at `hook` of all rows
 * of a pass into x [B*T, width of the hook], which it borrows for the pass. */
struct lm_edit tap_of(struct lm_hook hook, float *x);

/* Keeps what a tap copies independent of the taps beside it. Where looking at a hook
 * changes the last bits of what follows (not lm_hook_is_neutral), runs rows ids [B,T]
 * for that tap alone and takes it out of tap [n]. Returns how many are left, first in
 * tap, to share one pass. Costs a pass up to the hook for each one taken out. */
size_t tap_apart(const struct lm *m, struct lm_ws *ws, const int32_t *ids, size_t B,
                 size_t T, struct lm_edit *tap, size_t n);

#endif
