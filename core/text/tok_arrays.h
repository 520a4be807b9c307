/* Tokenizer parts that GGUF files and old directories give by a name alone. Included in
 * core/text only. */
#ifndef SAETOP_TEXT_TOK_ARRAYS_H
#define SAETOP_TEXT_TOK_ARRAYS_H

#include "base/err.h"

#include <cjson/cJSON.h>

/* normalizer and pre_tokenizer, as tokenizer.json has them, of the models that the name
 * (tokenizer.ggml.pre) stands for. *out: caller owns. ERR_FORMAT with the names that
 * are known; `file` begins the line. */
enum err arrays_parts(const char *pre, const char *file, cJSON **out,
                      struct errinfo *e) ERR_CHECKED;

#endif
