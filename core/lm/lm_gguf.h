/* A model in a GGUF file: its family, sizes and names of tensors, as llama.cpp writes
 * them. Internal to core/lm and to tests. Owner thread, but for the families.
 *
 * Differences from Hugging Face's files (llama.cpp's convert_hf_to_gguf.py):
 *   - rows of q and k of `llama` are in the order of pairs that turn together
 *   - norms of gemma have their 1 already
 *   - GPT-2's maps are [out, in]; GPT-NeoX's q, k and v are one below the other
 *   - the vocabulary may be shorter: rows without a token are left out */
#ifndef SAETOP_LM_LM_GGUF_H
#define SAETOP_LM_LM_GGUF_H

#include "base/gguf.h"
#include "lm/lm.h"

/* The family of general.architecture with the names and the form that its tensors have
 * in GGUF files; `name` is that of Hugging Face. NULL if it is not computed. */
const struct lm_family *lm_gguf_family(const char *architecture);
/* The i-th architecture that is, for messages; NULL behind the last. */
const char *lm_gguf_architecture(size_t i);

/* The configuration from a file's keys, and, where only they tell, from its tensors:
 * vocabulary, biases, a head of its own, factors of rope. ERR_FORMAT for parts that are
 * not computed (experts, other kinds of rope scaling). Sizes are within
 * lm_weight_count. */
enum err lm_gguf_config(const struct gguf *g, struct lm_config *out,
                        struct errinfo *e) ERR_CHECKED;

/* The tokenizer inside (tok_from_arrays): what a file of this form leaves out is as in
 * llama.cpp. *out: caller owns. One copy of its numbers while it is made. */
enum err lm_gguf_tok(const struct gguf *g, struct tok **out,
                     struct errinfo *e) ERR_CHECKED;

#endif
