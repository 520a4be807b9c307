/* Training a byte-level BPE tokenizer (Sennrich et al. 2016 on bytes, as GPT-2's). */
#ifndef SAETOP_TEXT_BPE_TRAIN_H
#define SAETOP_TEXT_BPE_TRAIN_H

#include "base/err.h"
#include "text/tok.h"

#include <stdbool.h>
#include <stddef.h>

/* The next document: true with *text and *len (borrowed until the next call), false at
 * the end or, with *rc set, on an error. */
typedef bool bpe_next_fn(void *ctx, const char **text, size_t *len, enum err *rc,
                         struct errinfo *e);

struct bpe_train_opts {
    size_t vocab; /* entries wanted: 260 .. 1,000,000; 256 bytes, 4 specials */
    const char *const *forms; /* [n_forms] texts that must each become one token, as
                                 they stand: " dog", "Dog"; NULL if none */
    size_t n_forms;
};

/* Train on every document that `next` gives. Ids: <|bos|> 0, <|eos|> 1, <|pad|> 2,
 * <|mask|> 3, the 256 bytes, the required forms, then what merges make. With forms the
 * tokenizer has `ignore_merges`, as Llama 3's: a word that is an entry is that entry,
 * whatever the merges. So a form costs one entry (made of merges, the bundled grammar's
 * 4,650 forms need 2,600 entries more for their parts), and no merge can break it.
 * Merges end at the wanted size, or where no pair is left that occurs twice: the
 * vocabulary may then be smaller. Depends on the documents' words and on the forms
 * alone. *out: caller owns. ERR_USAGE (sizes; a form that the word pattern splits;
 * forms that do not fit), with the form named; ERR_FORMAT when there is no text. 10 MB
 * take a second. Owner thread. */
enum err bpe_train(const struct bpe_train_opts *o, bpe_next_fn *next, void *ctx,
                   struct tok **out, struct errinfo *e) ERR_CHECKED;

#endif
