/* A tokenizer's tokens in what commands print. An id that it does not have is "". */
#ifndef SAETOP_SRC_TOKEN_OUT_H
#define SAETOP_SRC_TOKEN_OUT_H

#include "base/str.h"
#include "text/tok.h"

void token_out_json(const struct tok *t, int32_t id, struct str *out); /* a string */
void token_out_text(const struct tok *t, int32_t id, struct str *out); /* escaped */

/* Append text from a file, escaped, in `width` columns, cut if longer; `space` replaces
 * a space. token_out_cell does this for a token, with a middle dot for a space as on
 * the screens. */
void token_out_clip(const char *p, size_t len, size_t width, const char *space,
                    struct str *out);
void token_out_cell(const struct tok *t, int32_t id, size_t width, struct str *out);

#endif
