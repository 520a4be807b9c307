/* Added tokens: texts that are tokens by themselves anywhere in a text. Included only
 * in core/text. */
#ifndef SAETOP_TEXT_TOK_ADDED_H
#define SAETOP_TEXT_TOK_ADDED_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tok;

/* Tokens that are searched for together: in the text as given, or in the normalized
 * text. */
struct added_set {
    int32_t *id;       /* [n] in the order of their texts */
    const char **text; /* [n]; borrowed from the tokenizer or from `own` */
    size_t *len;
    size_t n;
    struct str own;
    bool is_start[256]; /* first bytes of the texts */
};

/* Makes t->added[0] and [1]; needs the entries and the normalizer. */
enum err added_make(struct tok *t, struct errinfo *e) ERR_CHECKED;
void added_free(struct added_set *s);

/* Takes a text between added tokens: text[len], which begins at byte `at` of the
 * whole. */
typedef enum err added_text_fn(void *ctx, const char *text, size_t len, size_t at,
                               struct errinfo *e);
/* Takes an added token that was found. */
typedef enum err added_token_fn(void *ctx, int32_t id, struct errinfo *e);

/* Cuts text[len] at the tokens of the set, as the reference does: at the leftmost, and
 * the longest of those; a special token is skipped as text, with what lies within it;
 * single_word, lstrip and rstrip are those of the tokens. O(len times the longest
 * token) at worst. */
enum err added_cut(const struct tok *t, const struct added_set *s, const char *text,
                   size_t len, added_text_fn *on_text, added_token_fn *on_token,
                   void *ctx, struct errinfo *e) ERR_CHECKED;

#endif
