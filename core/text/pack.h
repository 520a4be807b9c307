/* Packing: documents into rows of T tokens. A row is BOS and the next T - 1 tokens of
 * the endless stream document, EOS, document, EOS, ...; a document that does not fit
 * runs on in the next row. A tokenizer without BOS has EOS in its place, one without
 * EOS has BOS; with neither, rows are T tokens of the stream. Owner thread. */
#ifndef SAETOP_TEXT_PACK_H
#define SAETOP_TEXT_PACK_H

#include "base/err.h"
#include "text/corpus.h"
#include "text/tok.h"

#include <stddef.h>
#include <stdint.h>

struct pack;

/* Where a packer stands: all that a checkpoint needs. */
struct pack_pos {
    uint64_t doc;    /* position in the reading order (corpus_at), epochs counted on */
    uint64_t offset; /* tokens of that document, its EOS included, already given */
    uint64_t row;    /* number of the next row, from 0; masks are keyed by it */
};

/* Counted since pack_new; a seek does not undo it. */
struct pack_counts {
    uint64_t tokens; /* of documents, without BOS and EOS */
    uint64_t docs;
    uint64_t words; /* runs of bytes other than ASCII space; 0 for a corpus of ids */
    uint64_t bytes; /* of text; 0 for a corpus of ids */
};

/* Both borrowed until pack_free. T >= 2. ERR_FORMAT when a corpus of ids holds one that
 * the tokenizer does not have. Starts at {0, 0, 0}. */
enum err pack_new(const struct corpus *c, enum corpus_split split, const struct tok *t,
                  size_t T, struct pack **out, struct errinfo *e) ERR_CHECKED;
void pack_free(struct pack *p); /* NULL is fine */

size_t pack_width(const struct pack *p); /* T */

/* The next n rows into out[n,T]. After an error the packer stands where it stood.
 * Errors of the corpus; ERR_FORMAT when it has no token at all. */
enum err pack_rows(struct pack *p, size_t n, int32_t *out,
                   struct errinfo *e) ERR_CHECKED;

/* The same, but no text twice: after the row in which a finite split has been read once
 * there are no more. *rows, 1..n, is how many there are; of the last one the first
 * *fresh positions, BOS included, hold text not given before (T but there). For a
 * packer that stands at its start. */
enum err pack_rows_once(struct pack *p, size_t n, int32_t *out, size_t *rows,
                        size_t *fresh, struct errinfo *e) ERR_CHECKED;

/* The position, and a way to return to it: rows after a seek to a position of pack_tell
 * are those that followed it then, in any packer of the same corpus, split, tokenizer
 * and T. Reads the document there again. */
struct pack_pos pack_tell(const struct pack *p);
enum err pack_seek(struct pack *p, struct pack_pos pos, struct errinfo *e) ERR_CHECKED;

struct pack_counts pack_counted(const struct pack *p);
/* Tokens per word of what was read: about 1.3 where the tokenizer fits the text, 2.5 or
 * more where the text is foreign to it. 0 where there are no words. */
double pack_tokens_per_word(const struct pack_counts *c);

/* How often each id occurs in about `tokens` tokens of a split from its start, at most
 * one epoch, added to counts[tok_vocab(t)]; BOS and EOS of packing not counted. For
 * mask_vocab_new. */
enum err pack_unigram(const struct corpus *c, enum corpus_split split,
                      const struct tok *t, uint64_t tokens, uint64_t *counts,
                      struct errinfo *e) ERR_CHECKED;

#endif
