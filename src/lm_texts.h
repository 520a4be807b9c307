/* The corpora named on a command line, opened, with their weights. Owner thread. */
#ifndef SAETOP_SRC_LM_TEXTS_H
#define SAETOP_SRC_LM_TEXTS_H

#include "lm/pretrain.h"
#include "opts.h"

struct lm_texts {
    struct pretrain_text text[OPT_LIST_MAX]; /* names and corpora are owned here */
    size_t n;
};

/* Open each FILE[,WEIGHT] (weight 1 if none is given; "samples/..." is found from any
 * directory). A text has the name of its register, else of its file; a second one of
 * the same name gets "_2". Remarks on a text (corpus_remarks) go to standard error.
 * Release with lm_texts_close, after an error too. */
enum err lm_texts_open(struct lm_texts *t, const struct opt_list *specs, uint64_t seed,
                       struct errinfo *e) ERR_CHECKED;
/* Open both registers of the bundled grammar, or all that it has. */
enum err lm_texts_open_bundled(struct lm_texts *t, uint64_t seed,
                               struct errinfo *e) ERR_CHECKED;
void lm_texts_close(struct lm_texts *t);

/* List every surface form of every lexicon word of the grammars among the texts, with a
 * space before it: what a tokenizer trained on them must have as whole tokens. Words of
 * templates are left to their frequency. Sorted, each once. *out [*n]: the caller owns
 * it (lm_texts_free_forms). NULL and 0 if no text is a grammar. */
enum err lm_texts_forms(const struct lm_texts *t, char ***out, size_t *n,
                        struct errinfo *e) ERR_CHECKED;
void lm_texts_free_forms(char **forms, size_t n);

#endif
