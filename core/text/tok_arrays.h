/* Tokenizer parts that GGUF files and old directories give only by name. Included only
 * in core/text. */
#ifndef SAETOP_TEXT_TOK_ARRAYS_H
#define SAETOP_TEXT_TOK_ARRAYS_H

#include "base/err.h"

#include <cjson/cJSON.h>

/* Makes normalizer and pre_tokenizer, as in tokenizer.json, for the models that the
 * name (tokenizer.ggml.pre) stands for. *out: caller owns. ERR_FORMAT with the known
 * names; `file` starts the line. */
enum err arrays_parts(const char *pre, const char *file, cJSON **out,
                      struct errinfo *e) ERR_CHECKED;

#endif
