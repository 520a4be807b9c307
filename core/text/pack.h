/* Packs documents into rows of T tokens. A row is BOS and the next T - 1 tokens of the
 * endless stream document, EOS, document, EOS, ...; a document that does not fit
 * continues in the next row. Without a BOS in the tokenizer, EOS takes its place, and
 * the other way round; with neither, rows are T tokens of the stream. Owner thread. */
#ifndef SAETOP_TEXT_PACK_H
#define SAETOP_TEXT_PACK_H

#include "base/err.h"
#include "text/corpus.h"
#include "text/tok.h"

#include <stddef.h>
#include <stdint.h>

struct pack;

/* The position of a packer: all that a checkpoint needs. */
struct pack_pos {
    uint64_t doc;    /* position in the reading order (corpus_at), over all epochs */
    uint64_t offset; /* tokens of that document already given, including its EOS */
    uint64_t row;    /* number of the next row, from 0; masks are keyed by it */
};

/* Counts since pack_new; a seek does not undo them. */
struct pack_counts {
    uint64_t tokens; /* of documents, without BOS and EOS */
    uint64_t docs;
    uint64_t words; /* runs of bytes other than ASCII space; 0 for a corpus of ids */
    uint64_t bytes; /* of text; 0 for a corpus of ids */
};

/* Makes a packer at {0, 0, 0}. Corpus and tokenizer are borrowed until pack_free. T >=
 * 2. ERR_FORMAT when a corpus of ids has one that the tokenizer lacks. */
enum err pack_new(const struct corpus *c, enum corpus_split split, const struct tok *t,
                  size_t T, struct pack **out, struct errinfo *e) ERR_CHECKED;
void pack_free(struct pack *p); /* NULL is fine */

size_t pack_width(const struct pack *p); /* T */

/* Writes the next n rows into out[n,T]. After an error the packer is where it was.
 * Errors of the corpus; ERR_FORMAT when it has no token at all. */
enum err pack_rows(struct pack *p, size_t n, int32_t *out,
                   struct errinfo *e) ERR_CHECKED;

/* The same, but gives no text twice: there are no rows after the one in which a finite
 * split has been read once. *rows, 1..n, is how many there are; the first *fresh
 * positions of the last one, including BOS, hold text not given before (T except at the
 * end). For a packer at its start. */
enum err pack_rows_once(struct pack *p, size_t n, int32_t *out, size_t *rows,
                        size_t *fresh, struct errinfo *e) ERR_CHECKED;

/* Return the position, and go back to one: the rows after a seek to a position of
 * pack_tell are those that followed it then, in any packer of the same corpus, split,
 * tokenizer and T. A seek reads the document there again. */
struct pack_pos pack_tell(const struct pack *p);
enum err pack_seek(struct pack *p, struct pack_pos pos, struct errinfo *e) ERR_CHECKED;

struct pack_counts pack_counted(const struct pack *p);
/* Returns tokens per word of what was read: about 1.3 where the tokenizer fits the
 * text, 2.5 or more where the text is foreign to it; 0 without words. */
double pack_tokens_per_word(const struct pack_counts *c);

/* Adds to counts[tok_vocab(t)] how often each id occurs in about the first `tokens`
 * tokens of a split, at most one epoch, without the BOS and EOS of packing. For
 * mask_vocab_new. */
enum err pack_unigram(const struct corpus *c, enum corpus_split split,
                      const struct tok *t, uint64_t tokens, uint64_t *counts,
                      struct errinfo *e) ERR_CHECKED;

#endif
