/* The chat template in a model's files. Any thread. */
#ifndef SAETOP_LM_LM_CHAT_H
#define SAETOP_LM_LM_CHAT_H

#include "lm/lm.h"
#include "text/chat.h"

/* Finds the family of the template in the model's files: chat_template.jinja, or the
 * member of tokenizer_config.json (of several the one called "default"), or GGUF's
 * tokenizer.chat_template. ERR_MISSING if there is none, as for a model that was not
 * trained to answer; ERR_FORMAT for an unknown one (chat_find). Reads the files. */
enum err lm_chat(const struct lm *m, const struct chat_family **out,
                 struct errinfo *e) ERR_CHECKED;

#endif
