/* Weights as floats, read from a model's files block by block when they are first
 * needed. Internal to core/lm and to tests. */
#ifndef SAETOP_LM_LM_STORE_H
#define SAETOP_LM_LM_STORE_H

#include "lm/lm.h"

/* Weights by place; NULL where the model has none. Maps are [out, in], or [in, out] in
 * a family of that. */
struct lm_layer {
    const float *at[LM_SLOTS];
};

/* Those of a block, and those of the model outside blocks: borrowed from m, made ready
 * by lm_need before. Any thread. */
struct lm_layer lm_layer_of(const struct lm *m, size_t block);
struct lm_layer lm_ends_of(const struct lm *m);
/* The matrix of the logits, [V, D]: after lm_need with the head. */
const float *lm_head_of(const struct lm *m);

/* lm_need of blocks from..to-1 and, with `head`, what is behind the last one. */
enum err lm_need_part(const struct lm *m, size_t from, size_t to, bool head,
                      struct errinfo *e) ERR_CHECKED;

/* Open the weights of m->dir, a directory or a GGUF file: every tensor of m->cfg must
 * be there in its shape, and every tensor that is there must have a place in it. A head
 * beside a tied flag is used if it differs from the embedding, as the reference does
 * (m->cfg.own_head is set). m->hash is set. */
enum err lm_store_open(struct lm *m, struct errinfo *e) ERR_CHECKED;
void lm_store_close(struct lm_store *s); /* NULL is fine */

#endif
