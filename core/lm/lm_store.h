/* Weights, taken from a model's files block by block when they are first needed.
 * Internal to core/lm and to tests.
 *
 * Vectors (norms, biases) are held as floats, matrices in the type of their file: a
 * product makes floats of them a piece at a time (num/linear.h). Matrices that lie in a
 * large file as they are wanted stay there, in a mapping (lm_source.h); where their
 * rows are put into another order (gpt_neox, the queries and keys of a llama's GGUF),
 * or their type is changed, they are read. Where the matrices of all blocks take no
 * more than LM_PACKED_BYTES as a product wants them, and no more than a quarter of the
 * memory that there is when the model is opened, or no more than in the file, they are
 * made into that once. The bits are the same either way. */
#ifndef SAETOP_LM_LM_STORE_H
#define SAETOP_LM_LM_STORE_H

#include "lm/lm.h"
#include "num/linear.h"

#define LM_PACKED_BYTES ((size_t)1 << 30)

/* Weights by place; NULL, and a matrix of 0 rows, where the model has none. */
struct lm_layer {
    const float *at[LM_SLOTS];
    struct linear_map
        map[LM_SLOTS]; /* matrices; of embeddings, one row a token, a place */
};

/* The weights of a block, and those outside of blocks: borrowed from m, after lm_need.
 * Any thread. */
struct lm_layer lm_layer_of(const struct lm *m, size_t block);
struct lm_layer lm_ends_of(const struct lm *m);
/* The matrix of the logits: after lm_need with the head. */
struct linear_map lm_head_of(const struct lm *m);

/* lm_need of blocks from..to-1 and, with `head`, what is behind the last one. */
enum err lm_need_blocks(const struct lm *m, size_t from, size_t to, bool head,
                        struct errinfo *e) ERR_CHECKED;
/* Hold matrices packed, or not, whatever the rule: before anything is read. */
void lm_store_pack(const struct lm *m, bool packed);
/* Map files of more than so many bytes, whatever the rule: before anything is read. */
void lm_store_map_above(const struct lm *m, size_t bytes);
/* Bytes of weights that stand in mappings: lm_need has been called. */
size_t lm_store_mapped(const struct lm *m);
/* All tensors of a gpt2 from its files into w. */
enum err lm_store_plain(const struct lm *m, struct lm_weights *w,
                        struct errinfo *e) ERR_CHECKED;

/* Open the weights of m->dir, a directory or a GGUF file: every tensor of m->cfg must
 * be there in its shape, and every tensor that is there must have a place in it. A head
 * beside a tied flag is used if it differs from the embedding, as the reference does
 * (m->cfg.own_head is set). m->hash is set. */
enum err lm_store_open(struct lm *m, struct errinfo *e) ERR_CHECKED;
void lm_store_close(struct lm_store *s); /* NULL is fine */

#endif
