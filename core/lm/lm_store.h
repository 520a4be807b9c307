/* Weights, taken from a model's files block by block when first needed. Internal to
 * core/lm and to tests.
 *
 * Vectors (norms, biases) are held as floats, matrices in the type of their file: a
 * product turns them into floats a piece at a time (num/linear.h). Matrices that lie in
 * a large file in the form wanted stay there, in a mapping (lm_source.h); if their rows
 * need another order (gpt_neox, the queries and keys of a llama's GGUF) or their type
 * is changed, they are read. The matrices of all blocks are packed once, as a product
 * wants them, if that takes no more than in the file, or no more than LM_PACKED_BYTES
 * and a quarter of the memory free when the model is opened. The bits are the same
 * either way. */
#ifndef SAETOP_LM_LM_STORE_H
#define SAETOP_LM_LM_STORE_H

#include "lm/lm.h"
#include "num/linear.h"

#define LM_PACKED_BYTES ((size_t)1 << 30)

/* Weights by slot; NULL, and a matrix of 0 rows, if the model has none. */
struct lm_layer {
    const float *at[LM_SLOTS];
    struct linear_map map[LM_SLOTS]; /* matrices; embeddings have a row for each token
                                        or place */
};

/* The weights of a block, and those outside blocks: borrowed from m, after lm_need. Any
 * thread. */
struct lm_layer lm_layer_of(const struct lm *m, size_t block);
struct lm_layer lm_ends_of(const struct lm *m);
/* The matrix of the logits, after lm_need with the head. */
struct linear_map lm_head_of(const struct lm *m);

/* lm_need for blocks from..to-1 and, with `head`, for what comes after the last one. */
enum err lm_need_blocks(const struct lm *m, size_t from, size_t to, bool head,
                        struct errinfo *e) ERR_CHECKED;
/* Hold matrices packed, or not, whatever the rule says. Call before anything is
 * read. */
void lm_store_pack(const struct lm *m, bool packed);
/* Map files of more bytes than this, whatever the rule says. Call before anything is
 * read. */
void lm_store_map_above(const struct lm *m, size_t bytes);
/* Bytes of weights in mappings, after lm_need. */
size_t lm_store_mapped(const struct lm *m);
/* Read all tensors of a gpt2 from its files into w. */
enum err lm_store_plain(const struct lm *m, struct lm_weights *w,
                        struct errinfo *e) ERR_CHECKED;

/* Open the weights of m->dir, a directory or a GGUF file: every tensor of m->cfg must
 * be there in its shape, and every tensor that is there must have a place in it. A head
 * beside a tied flag is used if it differs from the embedding, as in the reference
 * (sets m->cfg.own_head). Sets m->hash. */
enum err lm_store_open(struct lm *m, struct errinfo *e) ERR_CHECKED;
void lm_store_close(struct lm_store *s); /* NULL is fine */

#endif
