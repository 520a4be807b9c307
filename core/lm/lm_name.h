/* Names of models, as far as they are known: an SAE's files say which model it was made
 * for. Any thread. */
#ifndef SAETOP_LM_LM_NAME_H
#define SAETOP_LM_LM_NAME_H

#include "lm/lm.h"

/* Writes the model's name to out[cap] and returns it: config.json's _name_or_path, or
 * the name of its directory, which in a Hugging Face hub cache is models--ORG--NAME. ""
 * if neither tells one model from another ("model", "checkpoint-500"). */
const char *lm_name(const struct lm *m, char *out, size_t cap);

/* Whether both names are known and mean different models: owner, case and punctuation
 * make no difference, nor do TransformerLens' own names for a few models. */
bool lm_names_differ(const char *a, const char *b);

#endif
