/* A model in a GGUF file: its family, its sizes and the names of its tensors, as
 * llama.cpp writes them. Internal to core/lm and to tests. Owner thread, except for the
 * families.
 *
 * Differences from Hugging Face's files (llama.cpp's convert_hf_to_gguf.py):
 *   - rows of q and k of `llama` are ordered by pairs that turn together
 *   - norms of gemma include their 1
 *   - GPT-2's maps are [out, in]; GPT-NeoX's q, k and v are stacked
 *   - the vocabulary may be shorter: rows without a token are left out */
#ifndef SAETOP_LM_LM_GGUF_H
#define SAETOP_LM_LM_GGUF_H

#include "base/gguf.h"
#include "lm/lm.h"

/* The family of general.architecture, with the names and form that its tensors have in
 * GGUF files; `name` is Hugging Face's. NULL if it is not computed. */
const struct lm_family *lm_gguf_family(const char *architecture);
/* The i-th architecture that is computed, for messages; NULL after the last. */
const char *lm_gguf_architecture(size_t i);

/* The configuration from a file's keys, and, where only they tell, from its tensors:
 * vocabulary, biases, a head of its own, factors of rope. ERR_FORMAT for parts that are
 * not computed (experts, other kinds of rope scaling). Sizes are within
 * lm_weight_count. */
enum err lm_gguf_config(const struct gguf *g, struct lm_config *out,
                        struct errinfo *e) ERR_CHECKED;

/* The tokenizer inside (tok_from_arrays); what such a file leaves out is as in
 * llama.cpp. *out: caller owns. Copies its numbers once in the making. */
enum err lm_gguf_tok(const struct gguf *g, struct tok **out,
                     struct errinfo *e) ERR_CHECKED;

#endif
