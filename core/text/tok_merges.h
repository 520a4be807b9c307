/* Merges as files write them: pairs of keys. Included only in core/text. */
#ifndef SAETOP_TEXT_TOK_MERGES_H
#define SAETOP_TEXT_TOK_MERGES_H

#include "text/tok.h"
#include "text/tok_bpe.h"

/* A table of ids by their keys. */
struct bpe_keys;
/* Makes one with room for n keys. *out: caller owns. */
enum err bpe_keys_new(size_t n, struct bpe_keys **out, struct errinfo *e) ERR_CHECKED;
/* Adds a key; if it is there already, the first id stays. The text is borrowed. */
void bpe_keys_put(struct bpe_keys *k, struct tok_text key, int32_t id);
void bpe_keys_free(struct bpe_keys *k); /* NULL is fine */

/* The place of a merge, for error lines: "FILE: LIST[I]". */
struct bpe_merge_at {
    const char *file, *list;
    size_t i;
};
/* Finds the merge of two keys; ERR_FORMAT where one is unknown. */
enum err bpe_keys_pair(const struct bpe_keys *k, struct tok_text a, struct tok_text b,
                       struct bpe_merge_at at, struct bpe_merge *out,
                       struct errinfo *e) ERR_CHECKED;
/* The same for "a b". */
enum err bpe_keys_merge(const struct bpe_keys *k, struct tok_text both,
                        struct bpe_merge_at at, struct bpe_merge *out,
                        struct errinfo *e) ERR_CHECKED;

#endif
