/* Normalizers of tokenizer.json, which change a text before it is cut into words.
 * Included only in core/text. */
#ifndef SAETOP_TEXT_TOK_NORM_H
#define SAETOP_TEXT_TOK_NORM_H

#include "base/err.h"
#include "base/str.h"

#include <cjson/cJSON.h>

#include <stdbool.h>
#include <stddef.h>

/* A sequence of steps; immutable, any thread. */
struct norm;
/* Reads the member "normalizer" of root: NFC, NFD, NFKC, NFKD, Lowercase, Strip,
 * Prepend, Replace, and Sequence of them. *out stays NULL where there is nothing to do;
 * caller owns. ERR_FORMAT with the place and the type found. */
enum err norm_new(const cJSON *root, const char *file, struct norm **out,
                  struct errinfo *e) ERR_CHECKED;
void norm_free(struct norm *n); /* NULL is fine */

/* Buffers and split states of one caller; caller owns. */
struct norm_state;
enum err norm_state_new(const struct norm *n, struct norm_state **out,
                        struct errinfo *e) ERR_CHECKED;
void norm_state_free(struct norm_state *st); /* NULL is fine */

/* Gives the text after all steps, borrowed from st until the next call; invalid UTF-8
 * stays as it is. *cut: something was removed at its start. O(len), plus what Replace's
 * patterns need. */
enum err norm_apply(const struct norm *n, struct norm_state *st, const char *text,
                    size_t len, const char **out, size_t *n_out, bool *cut,
                    struct errinfo *e) ERR_CHECKED;

#endif
