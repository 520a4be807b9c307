/* The concepts of one SAE as an evaluation found them, for screens. Immutable once
 * made, shared by reference count; any thread. */
#ifndef SAETOP_EVAL_CONCEPT_TABLE_H
#define SAETOP_EVAL_CONCEPT_TABLE_H

#include "eval/rule.h"

struct concept_table {
    atomic_int refs;
    int64_t step;               /* of training, of the evaluation */
    bool lacks_words;           /* read from an eval.json that predates words */
    size_t n;                   /* concepts: the first ones of struct concepts */
    struct concept_result *row; /* [n] */
    size_t n_words;
    struct word_result *word; /* [n_words] concepts ascending, words of one by token */
    size_t *word_start;       /* [n+1] words of concept c: word_start[c].. */
    struct absorption_evidence *evidence; /* of the words; NULL: not kept */
    struct absorption_rule rule;          /* that judged them */
    struct concept_table *plain; /* the same by the default rule; NULL: this is it */
};

/* Copies what r found; *out: the caller's reference. O(concepts + words). */
enum err concept_table_new(const struct eval_result *r, struct concept_table **out,
                           struct errinfo *e) ERR_CHECKED;
/* Reads the eval.json at `path`, whose concepts are found in c by name and kind; a
 * concept of c that is not in it is not eligible. Latents are 0..F-1. The verdicts of
 * words follow from their counts and WORD_LEAST. *out NULL: there is no such file, or
 * it lists no concepts. ERR_FORMAT names the place in the file. */
enum err concept_table_load(const char *path, const struct concepts *c, size_t F,
                            struct concept_table **out, struct errinfo *e) ERR_CHECKED;
/* The same from the tree of such a file; `path` begins error lines. */
enum err concept_table_read(const cJSON *root, const char *path,
                            const struct concepts *c, size_t F,
                            struct concept_table **out, struct errinfo *e) ERR_CHECKED;
/* Judges the same evaluation by another rule; gives t itself, with one more reference,
 * if that is its rule already or it has no evidence. *out: the caller's reference.
 * ERR_NOMEM. O(occurrences), some milliseconds. */
enum err concept_table_judge(struct concept_table *t,
                             const struct absorption_rule *rule,
                             struct concept_table **out, struct errinfo *e) ERR_CHECKED;
struct concept_table *concept_table_ref(struct concept_table *t);
void concept_table_unref(struct concept_table *t); /* NULL is fine */

#endif
