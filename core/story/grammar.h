/* Story grammars: a lexicon, sentence templates and document plans read from one JSON
 * file, compiled to op lists, and turned into documents on demand.
 *
 * A grammar is immutable once loaded: any thread may read it. Text is a function of
 * only (grammar, register, seed, index), in integer arithmetic, so it is the same on
 * every machine. Words, categories and forms are named by indexes that are stable for
 * one file. Strings handed out are borrowed and live as long as the grammar. */
#ifndef SAETOP_STORY_GRAMMAR_H
#define SAETOP_STORY_GRAMMAR_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In concepts.csv, the root of the grammatical classes; not itself a concept. */
#define GRAMMAR_CLASSES "grammar"

struct grammar;

/* Load a grammar file, or parse len bytes of one; `name` starts error lines, which give
 * the JSON path of the fault. ERR_MISSING, ERR_IO, ERR_FORMAT, ERR_LIMIT, ERR_NOMEM.
 * All checks are done here: generating from a loaded grammar fails only with ERR_NOMEM,
 * or with ERR_LIMIT of the output. *out: caller owns, grammar_free. */
enum err grammar_load(const char *path, struct grammar **out,
                      struct errinfo *e) ERR_CHECKED;
enum err grammar_parse(const char *buf, size_t len, const char *name,
                       struct grammar **out, struct errinfo *e) ERR_CHECKED;
void grammar_free(struct grammar *g); /* NULL is fine */

/* Returns a hash of what shapes the text: the members of the file that documents are
 * made from, but not its layout, its "probes" or other members. Same hash, register and
 * seed: same documents. */
uint64_t grammar_hash(const struct grammar *g);

/* ---- registers and documents ---- */

size_t grammar_register_count(const struct grammar *g);
const char *grammar_register_name(const struct grammar *g, size_t reg);
/* Returns the index of the register of that name, or -1. */
int grammar_register_find(const struct grammar *g, const char *name);

/* Appends document `index` of register `reg` to out: sentences joined by one space, no
 * newline, ASCII. reg < grammar_register_count. No allocation but out's. ~10 MB/s. */
enum err grammar_document(const struct grammar *g, size_t reg, uint64_t seed,
                          uint64_t index, struct str *out,
                          struct errinfo *e) ERR_CHECKED;

/* The meaning of a document, for labels: its sentences, and each word shown in it. */
struct grammar_sentence {
    size_t start, len; /* bytes within the document's text */
    size_t first, n;   /* its mentions */
};
struct grammar_mention {
    uint32_t word; /* lexicon index */
    uint32_t form; /* the form or attribute shown: GRAMMAR_FORM_BASE ... */
};
struct grammar_trace {
    struct grammar_sentence *sentence;
    struct grammar_mention *mention;
    size_t sentences, mentions;
    size_t sentence_cap, mention_cap;
};
/* Does grammar_document and also fills tr (zeroed before first use; emptied here;
 * offsets count from the document's start in out). Release with grammar_trace_free. */
enum err grammar_document_traced(const struct grammar *g, size_t reg, uint64_t seed,
                                 uint64_t index, struct str *out,
                                 struct grammar_trace *tr,
                                 struct errinfo *e) ERR_CHECKED;
void grammar_trace_free(struct grammar_trace *tr);

/* ---- lexicon ---- */

/* Forms of a word, the first attributes of the table; NULL where a word lacks one. */
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

/* Categories are in file order. parent -1: none. Words of a category are
 * consecutive. */
const char *grammar_category_name(const struct grammar *g, size_t cat);
int grammar_category_parent(const struct grammar *g, size_t cat);
size_t grammar_category_words(const struct grammar *g, size_t cat, size_t *first);
int grammar_category_find(const struct grammar *g, const char *name);

const char *grammar_word(const struct grammar *g, size_t word);
size_t grammar_word_category(const struct grammar *g, size_t word);
/* Returns a form, or an attribute by its index; NULL where the word has none. */
const char *grammar_word_form(const struct grammar *g, size_t word, size_t form);
/* Returns whether that attribute is a surface form of the word (a plural, a verb form,
 * or a column that its category lists under "forms"), not a fact about it. */
bool grammar_is_surface(const struct grammar *g, size_t word, size_t form);
/* Returns the index of an attribute by name, or -1. */
int grammar_attribute_find(const struct grammar *g, const char *name);

/* Calls cb once for each distinct word that text of this grammar can contain: lexicon
 * forms, facts, words of templates and single letters; also with a capital where it can
 * begin a sentence. A word is a run of ASCII letters, or of digits; no punctuation. The
 * order is stable. A cb result other than OK ends the walk and is returned. O(words log
 * words). */
typedef enum err (*grammar_form_fn)(void *user, const char *form, size_t len);
enum err grammar_forms(const struct grammar *g, grammar_form_fn cb, void *user,
                       struct errinfo *e) ERR_CHECKED;

/* Appends a concepts.csv to out: header `concept,parent,word`, one row per surface form
 * of each word of each leaf category; then, under the parent GRAMMAR_CLASSES, the
 * grammatical classes: function words and punctuation from a closed list, as far as
 * text of this grammar can contain them, words that begin sentences, and the lexicon's
 * parts of speech. ERR_FORMAT: a category has the name of a class. */
enum err grammar_concepts(const struct grammar *g, struct str *out,
                          struct errinfo *e) ERR_CHECKED;

/* ---- probe sets ---- */

/* The file's "probes", in order. */
size_t grammar_probe_count(const struct grammar *g);
const char *grammar_probe_name(const struct grammar *g, size_t probe);
/* Appends one probe set to out as CSV: header `task,text,label,split`, and `spurious`
 * where the task has it. Splits train and test come from the probe's register "in",
 * split ood from its register "ood"; classes (and spurious cells, in train) are
 * balanced; no text is repeated. Tasks with a spurious attribute are made from
 * documents of their own, so that they share next to no text; the others share theirs.
 * Same seed, same rows. ERR_FORMAT when the grammar's text does not give enough
 * rows. */
enum err grammar_probe_csv(const struct grammar *g, size_t probe, uint64_t seed,
                           struct str *out, struct errinfo *e) ERR_CHECKED;

#endif
