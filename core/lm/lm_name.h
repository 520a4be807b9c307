/* Names of models, as far as they are known: an SAE's files say which one it was made
 * for. Any thread. */
#ifndef SAETOP_LM_LM_NAME_H
#define SAETOP_LM_LM_NAME_H

#include "lm/lm.h"

/* The model's name in out[cap], which is returned: config.json's _name_or_path, or that
 * of the directory, which in a cache of the Hugging Face hub is models--ORG--NAME.
 * "" if neither tells one model from another ("model", "checkpoint-500"). */
const char *lm_name(const struct lm *m, char *out, size_t cap);

/* Whether both are known and stand for different models: owners, case and punctuation
 * are no difference, nor are TransformerLens' own names for a few. */
bool lm_names_differ(const char *a, const char *b);

#endif
