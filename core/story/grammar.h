/* Story grammars: a lexicon, sentence templates and document plans read from one JSON
 * file, compiled to op lists, and turned into documents on demand.
 *
 * A grammar is immutable once loaded: any thread may read it. Text is a function of
 * (grammar, register, seed, index) alone, with integer arithmetic only, so it is the
 * same on every machine. Words, categories and forms are named by indexes that are
 * stable for one file. Strings handed out are borrowed and live as long as the grammar.
 */
#ifndef SAETOP_STORY_GRAMMAR_H
#define SAETOP_STORY_GRAMMAR_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In concepts.csv, the root of the grammatical classes; it is no concept itself. */
#define GRAMMAR_CLASSES "grammar"

struct grammar;

/* Load a grammar file, or parse len bytes of one; `name` begins error lines, which give
 * the JSON path of the fault. ERR_MISSING, ERR_IO, ERR_FORMAT, ERR_LIMIT, ERR_NOMEM.
 * Everything is checked here: a loaded grammar generates without errors other than
 * ERR_NOMEM and ERR_LIMIT of the output. *out: caller owns, grammar_free. */
enum err grammar_load(const char *path, struct grammar **out,
                      struct errinfo *e) ERR_CHECKED;
enum err grammar_parse(const char *buf, size_t len, const char *name,
                       struct grammar **out, struct errinfo *e) ERR_CHECKED;
void grammar_free(struct grammar *g); /* NULL is fine */

/* Hash of what shapes the text: the members of the file that documents are made from,
 * not its layout, its "probes" or others. The same hash, register and seed: the same
 * documents. */
uint64_t grammar_hash(const struct grammar *g);

/* ---- registers and documents ---- */

size_t grammar_register_count(const struct grammar *g);
const char *grammar_register_name(const struct grammar *g, size_t reg);
/* Index of the register of that name, or -1. */
int grammar_register_find(const struct grammar *g, const char *name);

/* Append document `index` of register `reg` to out: sentences joined by one space, no
 * newline, ASCII. reg < grammar_register_count. No allocation but out's. ~10 MB/s. */
enum err grammar_document(const struct grammar *g, size_t reg, uint64_t seed,
                          uint64_t index, struct str *out,
                          struct errinfo *e) ERR_CHECKED;

/* The meaning of a document, for labels: its sentences, and each word that it shows. */
struct grammar_sentence {
    size_t start, len; /* bytes within the document's text */
    size_t first, n;   /* its mentions */
};
struct grammar_mention {
    uint32_t word; /* lexicon index */
    uint32_t form; /* which form or attribute was shown; GRAMMAR_FORM_BASE ... */
};
struct grammar_trace {
    struct grammar_sentence *sentence;
    struct grammar_mention *mention;
    size_t sentences, mentions;
    size_t sentence_cap, mention_cap;
};
/* grammar_document that also fills tr (zeroed before first use; emptied here; offsets
 * count from where the document begins in out). Release with grammar_trace_free. */
enum err grammar_document_traced(const struct grammar *g, size_t reg, uint64_t seed,
                                 uint64_t index, struct str *out,
                                 struct grammar_trace *tr,
                                 struct errinfo *e) ERR_CHECKED;
void grammar_trace_free(struct grammar_trace *tr);

/* ---- lexicon ---- */

/* Forms of a word, the first attributes of the table; what a word lacks is NULL. */
enum grammar_form {
    GRAMMAR_FORM_BASE,
    GRAMMAR_FORM_PLURAL, /* nouns */
    GRAMMAR_FORM_S,      /* verbs: walks */
    GRAMMAR_FORM_PAST,   /* verbs: walked */
    GRAMMAR_FORM_ING,    /* verbs: walking */
    GRAMMAR_FORM_LETTER, /* the first letter, lower case */
    GRAMMAR_FORMS
};

struct grammar_stats {
    size_t categories; /* all, leaves and supers */
    size_t leaves;     /* categories that have words */
    size_t words;
    size_t templates;
    size_t groups;
    size_t documents; /* document plans over all registers */
    size_t attributes;
};
void grammar_stats(const struct grammar *g, struct grammar_stats *out);

/* Categories in file order. parent -1: none. Words of a category are consecutive. */
const char *grammar_category_name(const struct grammar *g, size_t cat);
int grammar_category_parent(const struct grammar *g, size_t cat);
size_t grammar_category_words(const struct grammar *g, size_t cat, size_t *first);
int grammar_category_find(const struct grammar *g, const char *name);

const char *grammar_word(const struct grammar *g, size_t word);
size_t grammar_word_category(const struct grammar *g, size_t word);
/* A form, or an attribute by its index; NULL where the word has none. */
const char *grammar_word_form(const struct grammar *g, size_t word, size_t form);
/* Whether that attribute is a surface form of the word (a plural, a verb form, or a
 * column that its category lists under "forms"), and not a fact about it. */
bool grammar_is_surface(const struct grammar *g, size_t word, size_t form);
/* Index of an attribute by name, or -1. */
int grammar_attribute_find(const struct grammar *g, const char *name);

/* Call cb once for each distinct word that text of this grammar can hold: lexicon
 * forms, facts, words of templates and single letters; with a capital where one can
 * begin a sentence. Runs of ASCII letters, or of digits; no punctuation. Order is
 * stable. A cb result other than OK ends the walk and is returned. O(words log words).
 */
typedef enum err (*grammar_form_fn)(void *user, const char *form, size_t len);
enum err grammar_forms(const struct grammar *g, grammar_form_fn cb, void *user,
                       struct errinfo *e) ERR_CHECKED;

/* concepts.csv: header `concept,parent,word`, one row per surface form of each word of
 * each leaf category; then, under the parent GRAMMAR_CLASSES, the grammatical classes:
 * function words and punctuation from a closed list, as far as text of this grammar can
 * hold them, words that begin sentences, and the lexicon's parts of speech. Appended to
 * out. ERR_FORMAT: a category has the name of a class. */
enum err grammar_concepts(const struct grammar *g, struct str *out,
                          struct errinfo *e) ERR_CHECKED;

/* ---- probe sets ---- */

/* The file's "probes", in order. */
size_t grammar_probe_count(const struct grammar *g);
const char *grammar_probe_name(const struct grammar *g, size_t probe);
/* One probe set as CSV, appended to out: header `task,text,label,split` and `spurious`
 * where the task has one. Splits train and test come from the register "in" of the
 * probe, split ood from its register "ood"; classes (and spurious cells, in train) are
 * balanced; no text is repeated. Tasks with a spurious attribute are made from
 * documents of their own, so that they share next to no text; the others share theirs.
 * Same seed, same rows. ERR_FORMAT when the grammar's text does not give enough rows.
 */
enum err grammar_probe_csv(const struct grammar *g, size_t probe, uint64_t seed,
                           struct str *out, struct errinfo *e) ERR_CHECKED;

#endif
