/* A model's activations at several hooks on rows of tokens, kept for checks from
 * outside. Owner thread. */
#ifndef SAETOP_ACTS_CAPTURE_H
#define SAETOP_ACTS_CAPTURE_H

#include "acts/token_rows.h"
#include "base/pool.h"
#include "lm/lm.h"

#include <stdbool.h>

/* Most hooks of a capture. */
#define CAPTURE_HOOKS 64
/* Most bytes that its arrays may take. */
#define CAPTURE_MAX ((size_t)2 << 30)

struct capture {
    size_t hooks;
    float **x;     /* [hooks] of [rows,T,width of the hook], on the masked rows */
    float *nll;    /* [rows,T-1]: -log p of the row's own next token, masked or not */
    float *logits; /* [rows,T,V], or NULL */
};

/* Runs the model over r->fed. Each part has the same bits as without the others, and at
 * a hook those that harvest_rows gives. ERR_USAGE for rows longer than the model's
 * context; ERR_LIMIT above CAPTURE_MAX. *out: caller owns. Costs one pass of the model,
 * and one more up to each hook that is not neutral (lm_hook_is_neutral). The result
 * does not depend on the pool, which may be NULL. */
enum err capture_new(const struct lm *m, const struct token_rows *r,
                     const struct lm_hook *hooks, size_t n, bool logits,
                     struct pool *pool, struct capture **out,
                     struct errinfo *e) ERR_CHECKED;
void capture_free(struct capture *c); /* NULL is fine */

#endif
