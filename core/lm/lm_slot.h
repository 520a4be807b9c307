/* The sizes of a model's weights by slot. Internal to core/lm and to tests. Any
 * thread. */
#ifndef SAETOP_LM_LM_SLOT_H
#define SAETOP_LM_LM_SLOT_H

#include "lm/lm.h"

/* Outputs of the fused map of queries, keys and values; and of z over all heads. */
static inline size_t lm_qkv_width(const struct lm_config *c)
{
    return (c->n_head + 2 * lm_kv_heads(c)) * lm_head_dim(c);
}
static inline size_t lm_z_width(const struct lm_config *c)
{
    return c->n_head * lm_head_dim(c);
}
/* Outputs of the MLP's first linear map. */
static inline size_t lm_fc_width(const struct lm_config *c)
{
    return c->family->gated ? 2 * c->d_ff : c->d_ff;
}

/* Rows and columns of a slot as [out, in]; a vector has 1 column. False if this model
 * has no such weights. */
bool lm_slot_size(const struct lm_config *c, enum lm_slot slot, size_t *rows,
                  size_t *cols);
bool lm_slot_is_matrix(enum lm_slot slot);
/* Finds the rows first..first+n-1 that `which` means in a slot of `rows` rows. */
void lm_rows_of(const struct lm_config *c, enum lm_rows which, size_t rows,
                size_t *first, size_t *n);
/* The shape of this tensor in files; returns ndim, 0 if the model has none. */
size_t lm_tensor_shape(const struct lm_config *c, const struct lm_tensor_name *t,
                       size_t shape[2]);
/* Writes the name of tensor t in block `block`, without prefix. */
void lm_tensor_text(const struct lm_tensor_name *t, size_t block, char out[96]);

#endif
