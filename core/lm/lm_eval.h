/* The cross-entropy of a language model on held-out text. */
#ifndef SAETOP_LM_LM_EVAL_H
#define SAETOP_LM_LM_EVAL_H

#include "base/pool.h"
#include "lm/lm.h"
#include "text/corpus.h"

/* Tokens in a row: the model's context, at most 1024. */
size_t lm_eval_context(const struct lm *m);

/* Mean nats per predicted token on `rows` held-out rows of that many tokens (fewer if
 * the text has no more; *used, which may be NULL, says how many), with inputs replaced
 * by the mask token at rate p (targets are the true next tokens, at masked positions
 * too; BOS is no target). The same seed gives the same rows and masks. ERR_USAGE if p >
 * 0 and the tokenizer has no mask token. Owner thread; uses `pool`, but does not depend
 * on its threads. O(rows T D (D + V)). */
enum err lm_evaluate(const struct lm *m, const struct corpus *c, size_t rows, double p,
                     uint64_t seed, struct pool *pool, double *nll, size_t *used,
                     struct errinfo *e) ERR_CHECKED;

#endif
