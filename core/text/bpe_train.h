/* Trains a byte-level BPE tokenizer (Sennrich et al. 2016 on bytes, as GPT-2's). */
#ifndef SAETOP_TEXT_BPE_TRAIN_H
#define SAETOP_TEXT_BPE_TRAIN_H

#include "base/err.h"
#include "text/tok.h"

#include <stdbool.h>
#include <stddef.h>

/* Gives the next document: true with *text and *len (borrowed until the next call), or
 * false at the end or, with *rc set, on an error. */
typedef bool bpe_next_fn(void *ctx, const char **text, size_t *len, enum err *rc,
                         struct errinfo *e);

struct bpe_train_opts {
    size_t vocab; /* entries wanted: 260 .. 1,000,000, of which 256 bytes and 4
                     special */
    const char *const *forms; /* [n_forms] texts that must each be one token, exactly as
                                 given: " dog", "Dog"; NULL if none */
    size_t n_forms;
};

/* Trains on every document that `next` gives. Ids: <|bos|> 0, <|eos|> 1, <|pad|> 2,
 * <|mask|> 3, the 256 bytes, the required forms, then the results of merges. With forms
 * the tokenizer has `ignore_merges`, like Llama 3's: a word that is an entry is that
 * entry, whatever the merges say. So a form costs one entry (built by merges, the
 * bundled grammar's 4,650 forms would need 2,600 further entries for their parts), and
 * no merge can break it. Merging stops at the wanted size, or when no pair is left that
 * occurs twice: the vocabulary may then be smaller. The result depends only on the
 * documents' words and the forms. *out: caller owns. ERR_USAGE (sizes; a form that the
 * word pattern splits; forms that do not fit), with the form named; ERR_FORMAT when
 * there is no text. About 10 MB a second. Owner thread. */
enum err bpe_train(const struct bpe_train_opts *o, bpe_next_fn *next, void *ctx,
                   struct tok **out, struct errinfo *e) ERR_CHECKED;

#endif
