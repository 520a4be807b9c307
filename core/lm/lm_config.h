/* config.json of a model directory. Internal to core/lm and to tests. Any thread. */
#ifndef SAETOP_LM_LM_CONFIG_H
#define SAETOP_LM_LM_CONFIG_H

#include "lm/lm.h"

#define LM_CONFIG_BYTES (1u << 20) /* the largest file that is read */

/* Read len bytes of config.json; `name` begins error lines. Every size is within limits
 * and the number of weights does not overflow; nothing of those sizes is allocated. A
 * model_type or a trait that this program does not compute is ERR_FORMAT. */
enum err lm_config_parse(const char *text, size_t len, const char *name,
                         struct lm_config *out, struct errinfo *e) ERR_CHECKED;

/* Whether a configuration is of GPT-2's form and nothing beside: what pretraining makes
 * and lm_config_print can say. */
bool lm_config_is_plain(const struct lm_config *c);

/* Append the text of config.json as transformers reads it; lm_config_parse gives the
 * same configuration back. Of a plain one only. tok (for the ids of its special tokens)
 * may be NULL. */
void lm_config_print(const struct lm_config *c, const struct tok *tok, struct str *out);

#endif
