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

/* Opens a corpus. spec is a path; its ending says how it is read:
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
 * Any of them but the generator may also end in .gz: it is unpacked into the temporary
 * folder. A folder stands for the files in it at any depth, a pattern (*, ?, [) for the
 * files that match, in the order of the bytes of their paths; other endings, hidden
 * files and links are skipped. "-" is standard input, text or, if it begins with {,
 * JSON lines. Of a finite corpus about 5 % is held out, at least one document, chosen
 * by a hash of the document's number (by position where there are fewer than 40).
 * Errors: ERR_MISSING, ERR_FORMAT (with the line), ERR_LIMIT, ERR_USAGE (unknown ending
 * or register), ERR_CANCELLED: `cancel`, which may be NULL, is polled while files are
 * read, which is done once, at some hundred MB a second. *out: caller owns,
 * corpus_free. Memory: an index of 24 bytes per document; documents are read when asked
 * for. */
enum err corpus_open(const char *spec, uint64_t seed, const atomic_bool *cancel,
                     struct corpus **out, struct errinfo *e) ERR_CHECKED;
void corpus_free(struct corpus *c); /* NULL is fine */

/* A user's own text comes without text of another kind. Its tail, the last 5 % of the
 * documents, can be held back from both splits and used in its place. */
enum corpus_part {
    CORPUS_BODY, /* all but the tail, split as before */
    CORPUS_TAIL  /* only the tail; both splits are it */
};
/* With fewer documents there is no tail, and the split is by position. */
#define CORPUS_FEW 40
/* Returns whether there can be a tail: CORPUS_FEW documents or more, no generator, and
 * a file that can be opened twice, which standard input cannot. */
bool corpus_has_tail(const struct corpus *c);
/* Reduces a corpus that has a tail to one part; call before others use it. The body
 * keeps the corpus_hash of the whole. */
void corpus_keep(struct corpus *c, enum corpus_part part);

/* Returns remarks on its bytes, in lines that name the file: markers between documents,
 * bytes that are not UTF-8. Borrowed. */
const struct remarks *corpus_remarks(const struct corpus *c);

/* Return the spec it was opened with, and the register's name ("" unless a grammar). */
const char *corpus_spec(const struct corpus *c);
/* Returns only the file's name, escaped for a terminal. */
const char *corpus_name(const struct corpus *c);
const char *corpus_register(const struct corpus *c);
/* Returns a hash of what shapes its text, for a run's record: the file's bytes, or for
 * a grammar grammar_hash and the register. */
uint64_t corpus_hash(const struct corpus *c);
/* Returns whether a hash that a run recorded is this text's: corpus_hash, or the hash
 * of all bytes of the file, which earlier versions recorded for grammars too. */
bool corpus_is(const struct corpus *c, uint64_t recorded);
/* Returns the grammar behind it, or NULL; borrowed. */
const struct grammar *corpus_grammar(const struct corpus *c);

bool corpus_is_finite(const struct corpus *c);
/* Returns the number of documents in a split; 0 for a generator. */
uint64_t corpus_count(const struct corpus *c, enum corpus_split split);
/* Returns whether documents are token ids (corpus_doc_ids) instead of text
 * (corpus_doc). */
bool corpus_has_ids(const struct corpus *c);
/* Returns the largest id in a corpus of token ids, -1 for text; *line: where it is. */
int32_t corpus_max_id(const struct corpus *c, size_t *line);

/* Reads document `index` of a split in file order (modulo the count where finite) into
 * out, which is cleared first. It may contain any bytes. A generator gives the same
 * text for the same seed, register, split and index. ERR_USAGE on a corpus of ids;
 * ERR_IO where the file was cut short or the document's bytes changed since it was
 * opened. */
enum err corpus_doc(const struct corpus *c, enum corpus_split split, uint64_t index,
                    struct str *out, struct errinfo *e) ERR_CHECKED;
/* The same for a corpus of token ids: out is emptied first. ERR_USAGE on one of
 * text. */
enum err corpus_doc_ids(const struct corpus *c, enum corpus_split split, uint64_t index,
                        struct tok_ids *out, struct errinfo *e) ERR_CHECKED;

/* Returns which document is at a position of the endless reading order. In a finite
 * corpus each epoch, position / count, has an order of its own (a counter-based
 * permutation by seed and epoch; for HELDOUT by epoch alone), so that a reader's state
 * is just its position; a generator's document is the position itself. O(1), no
 * memory. */
uint64_t corpus_at(const struct corpus *c, enum corpus_split split, uint64_t position);

#endif
