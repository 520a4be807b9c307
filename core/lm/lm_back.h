/* The gradient of a sum of logits with respect to the activations at a hook, through
 * the rest of the model, for every family; weights get none. Only the input of each
 * block is kept; the rest is computed again on the way back. */
#ifndef SAETOP_LM_LM_BACK_H
#define SAETOP_LM_LM_BACK_H

#include "lm/lm.h"

/* Scratch for rows of up to T tokens at this hook, after lm_need of the whole model.
 * Owner thread. ERR_LIMIT, ERR_NOMEM, and errors of lm_need. */
struct lm_back;
enum err lm_back_new(const struct lm *m, struct lm_hook hook, size_t T,
                     struct lm_back **out, struct errinfo *e) ERR_CHECKED;
void lm_back_free(struct lm_back *b); /* NULL is fine */

/* A row of tokens, and the sum asked of it: over v of weight[v] * logit[v] after its
 * last position. What it points to is borrowed until the next lm_back_value. */
struct lm_aim {
    const int32_t *fed; /* [T] within the vocabulary, T at most that of lm_back_new */
    size_t T;
    const float *weight; /* [V]; entries that are 0 cost nothing */
};
/* Returns the sum of logits with x [T, width] at the hook: one pass of the model. */
double lm_back_value(struct lm_back *b, const struct lm_aim *aim, const float *x);
/* Writes its gradient dx [T, width] at the x of the last lm_back_value. Costs about
 * three passes through what is behind the hook. */
void lm_back_gradient(struct lm_back *b, float *dx);

#endif
