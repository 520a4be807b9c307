/* The tensors of a model by name and shape, as a table that loading, saving and
 * pretraining walk. Internal to core/lm and to tests. Any thread. */
#ifndef SAETOP_LM_LM_TENSOR_H
#define SAETOP_LM_LM_TENSOR_H

#include "lm/lm.h"

enum lm_init {
    LM_INIT_NORMAL,   /* normal, 0.02 */
    LM_INIT_RESIDUAL, /* normal, 0.02 / sqrt(2 L): adds to the residual stream */
    LM_INIT_ZERO,
    LM_INIT_ONE,
};

struct lm_tensor {
    char name[96]; /* in the file, without the prefix "transformer." */
    enum lm_slot slot;
    size_t block; /* for a slot of a block */
    size_t ndim, shape[2], count;
    float *p; /* in the arena; NULL if no weights were given */
    enum lm_init init;
};

/* Number of tensors for this configuration: 12 per block and 4. */
size_t lm_tensor_count(const struct lm_config *cfg);

/* Tensor i of a GPT-2, in the order of the file. w may be NULL. */
struct lm_tensor lm_tensor_at(const struct lm_config *cfg, const struct lm_weights *w,
                              size_t i);

#endif
