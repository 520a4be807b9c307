/* Rows of tokens as a run reads them, with its masks but no model, for checks from
 * outside. Owner thread. */
#ifndef SAETOP_ACTS_TOKEN_ROWS_H
#define SAETOP_ACTS_TOKEN_ROWS_H

#include "base/err.h"
#include "text/corpus.h"
#include "text/mask.h"
#include "text/tok.h"

#include <stddef.h>
#include <stdint.h>

struct token_rows {
    size_t rows, T, n; /* n = rows * T */
    uint64_t first;    /* number of the first row */
    size_t fresh;      /* positions of the last row whose text is in no earlier row */
    int32_t *ids;      /* [rows,T] */
    int32_t *fed;      /* [rows,T] with masks: what the model reads */
    uint8_t *masked;   /* [rows,T] 1 where the model reads another token */
};

/* Called for each row skipped before the first one asked for, with how many are done
 * and how many there are, so that a caller can show progress. */
struct token_rows_watch {
    void (*passed)(void *user, uint64_t done, uint64_t of);
    void *user;
};

/* Reads rows from .. from + rows - 1 of a split, without masks, packed as training and
 * evaluation pack them: those of HELDOUT end with its text (pack_rows_once). ERR_USAGE
 * if they end before `from`; errors of the packer. `watch` may be NULL. *out: caller
 * owns. O(from + rows): the text on the way is read and tokenized. */
enum err token_rows_read(const struct corpus *c, enum corpus_split split,
                         const struct tok *tok, size_t T, uint64_t from, size_t rows,
                         const struct token_rows_watch *watch, struct token_rows **out,
                         struct errinfo *e) ERR_CHECKED;
/* Takes ids[n], n >= 1, as row 0. */
enum err token_rows_of(const int32_t *ids, size_t n, struct token_rows **out,
                       struct errinfo *e) ERR_CHECKED;
void token_rows_free(struct token_rows *r); /* NULL is fine */

/* Masks the rows anew, at rate p, with the id `token` (mask.h). */
enum err token_rows_mask(struct token_rows *r, const struct tok *tok, int32_t token,
                         double p, uint64_t seed, struct errinfo *e) ERR_CHECKED;

#endif
