/* config.json of a model directory. Internal to core/lm and to tests. Any thread. */
#ifndef SAETOP_LM_LM_CONFIG_H
#define SAETOP_LM_LM_CONFIG_H

#include "lm/lm.h"

#define LM_CONFIG_BYTES (1u << 20) /* largest file read */

/* Read len bytes of config.json; `name` begins error lines. On success every size is
 * within limits and the number of weights does not overflow; nothing of those sizes is
 * allocated. ERR_FORMAT for a model_type or a trait that this program does not
 * compute. */
enum err lm_config_parse(const char *text, size_t len, const char *name,
                         struct lm_config *out, struct errinfo *e) ERR_CHECKED;

/* Whether a configuration is GPT-2's form and nothing else: what pretraining makes and
 * lm_config_print can write. */
bool lm_config_is_plain(const struct lm_config *c);

/* Append the text of config.json as transformers reads it; lm_config_parse gives the
 * same configuration back. Only for a plain one. tok (for the ids of its special
 * tokens) may be NULL. */
void lm_config_print(const struct lm_config *c, const struct tok *tok, struct str *out);

#endif
