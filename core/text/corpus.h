/* Corpora: deterministic sources of documents from a file or a story grammar. A corpus
 * is immutable once open; corpus_doc may be called from any thread. */
#ifndef SAETOP_TEXT_CORPUS_H
#define SAETOP_TEXT_CORPUS_H

#include "base/err.h"
#include "base/remarks.h"
#include "base/str.h"
#include "text/tok.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct corpus;
struct grammar;

/* The splits share no document. HELDOUT does not depend on the seed: runs of all seeds,
 * and the model's pretraining, keep clear of the same text. */
enum corpus_split { CORPUS_TRAIN, CORPUS_HELDOUT };

/* Open a corpus. spec is a path by whose ending it is read:
 *   .txt .text .md, none   documents separated by blank lines, and by <|endoftext|>,
 *                          <|end_of_text|> or <|eos|>; only by these where one stands
 *                          alone on a line. A text without either is cut into pieces
 *                          of about 4 KB at line or word ends, a short one at lines,
 *                          else sentences, else words
 *   .csv                   the column `text`; "#name" or "#number" after the path takes
 *                          another
 *   .jsonl                 an object a line with `text`, or `input_ids` in every line;
 *                          "#key" takes another, of either kind
 *   .npy                   token ids, whole numbers: a row a document, or one dimension
 *                          cut into documents of 1,024
 *   .bin                   token ids of 16 bits, or "#uint32", cut likewise; what looks
 *                          like 32 bits needs "#uint16" or "#uint32"
 *   .grammar.json          a generator, unbounded; "#name" takes that register of the
 *                          grammar, else its first
 * The same with .gz (not the generator) is unpacked into the temporary folder. A folder
 * stands for the files in it at any depth, a pattern (*, ?, [) for those that match, in
 * the order of the bytes of their paths; other endings, hidden files and links are
 * passed over. "-" is standard input, text or, if it begins with {, JSON lines.
 * Of a finite corpus about 5 % is held out, chosen by a hash of the document's number
 * (by position where there are fewer than 40), at least one document. Errors:
 * ERR_MISSING, ERR_FORMAT (with the line), ERR_LIMIT, ERR_USAGE (unknown ending or
 * register), ERR_CANCELLED: `cancel`, which may be NULL, is polled while files are
 * read, once, at some hundred MB a second. *out: caller owns, corpus_free. Memory: an
 * index of 24 bytes a document; documents are read when they are asked for. */
enum err corpus_open(const char *spec, uint64_t seed, const atomic_bool *cancel,
                     struct corpus **out, struct errinfo *e) ERR_CHECKED;
void corpus_free(struct corpus *c); /* NULL is fine */

/* A text of one's own has no text of another kind beside it: its tail, the last 5 % of
 * the documents, can be held back from both splits and stand in that place. */
enum corpus_part {
    CORPUS_BODY, /* all but the tail, split as before */
    CORPUS_TAIL  /* the tail alone, which is both splits */
};
/* Documents below which there is none, and the split is by position. */
#define CORPUS_FEW 40
/* Whether there is enough text for one: that many documents, no generator, and a file
 * that can be opened twice, which standard input cannot. */
bool corpus_has_tail(const struct corpus *c);
/* Keep that part of one that has a tail, before others have it. corpus_hash of the body
 * stays that of the whole. */
void corpus_keep(struct corpus *c, enum corpus_part part);

/* Remarks on its bytes, in lines that name the file: markers between
 * documents, bytes that are no UTF-8. Borrowed. */
const struct remarks *corpus_remarks(const struct corpus *c);

/* The spec it was opened with, and the register's name ("" unless a grammar). */
const char *corpus_spec(const struct corpus *c);
/* The file's name alone, escaped for a terminal. */
const char *corpus_name(const struct corpus *c);
const char *corpus_register(const struct corpus *c);
/* Hash of what shapes its text, for a run's record: the file's bytes, of a grammar
 * grammar_hash and the register. */
uint64_t corpus_hash(const struct corpus *c);
/* Whether a hash that a run recorded is this text's: corpus_hash, or that of all bytes
 * of the file, which earlier versions recorded of a grammar too. */
bool corpus_is(const struct corpus *c, uint64_t recorded);
/* The grammar behind it, or NULL; borrowed. */
const struct grammar *corpus_grammar(const struct corpus *c);

bool corpus_is_finite(const struct corpus *c);
/* Documents of a split; 0 for a generator. */
uint64_t corpus_count(const struct corpus *c, enum corpus_split split);
/* Whether documents are token ids (corpus_doc_ids) rather than text (corpus_doc). */
bool corpus_has_ids(const struct corpus *c);
/* The largest id in a corpus of token ids, -1 for text; *line where it stands. */
int32_t corpus_max_id(const struct corpus *c, size_t *line);

/* Document `index` of a split in file order (taken modulo the count where finite) into
 * out, which is cleared first. Any bytes may be in it. A generator gives the same text
 * for the same seed, register, split and index. ERR_USAGE on a corpus of ids; ERR_IO
 * where the file was cut short or the document's bytes changed since it was opened. */
enum err corpus_doc(const struct corpus *c, enum corpus_split split, uint64_t index,
                    struct str *out, struct errinfo *e) ERR_CHECKED;
/* The same for a corpus of token ids: out is emptied first. ERR_USAGE on one of
 * text. */
enum err corpus_doc_ids(const struct corpus *c, enum corpus_split split, uint64_t index,
                        struct tok_ids *out, struct errinfo *e) ERR_CHECKED;

/* Which document stands at a position of the endless reading order: for a finite corpus
 * epoch position / count in an order of its own (a counter-based permutation by seed
 * and epoch; HELDOUT by epoch alone), so that the state of a reader is its position;
 * for a generator the position itself. O(1), no memory. */
uint64_t corpus_at(const struct corpus *c, enum corpus_split split, uint64_t position);

#endif
