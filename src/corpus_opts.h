/* Corpora and their rows, as command lines name them. Owner thread. */
#ifndef SAETOP_SRC_CORPUS_OPTS_H
#define SAETOP_SRC_CORPUS_OPTS_H

#include "acts/token_rows.h"
#include "lm/lm.h"
#include "opts.h"
#include "text/corpus.h"

/* Open the corpus of --corpus, or for NULL the bundled grammar; corpus_free. */
enum err corpus_named(const char *spec, int64_t seed, struct corpus **out,
                      struct errinfo *e) ERR_CHECKED;
/* Parse the value of --split. */
enum err corpus_split_named(const char *word, enum corpus_split *out,
                            struct errinfo *e) ERR_CHECKED;

/* Which rows of a corpus, and how they are masked. */
struct row_opts {
    const char *corpus, *split;
    int64_t rows, from, context; /* context 0: a run's default */
    int64_t seed;
    double rate;
    bool tail;
};
#define ROW_OPTS_DEFAULT                                                               \
    {                                                                                  \
        .split = "train", .rows = 1, .seed = 1                                         \
    }

/* Their rows of a table of options. */
// clang-format off
#define ROW_OPTS(r)                                                                    \
    {"rows", OPT_INT, &(r)->rows, "N", "how many", 1, 65536, NULL},                    \
    {"from", OPT_INT, &(r)->from, "K", "the first one", 0, 1e9, NULL},                 \
    {"split", OPT_STRING, &(r)->split, "NAME",                                         \
     "train or heldout, whose rows end with its text", 0, 0, NULL},                    \
    {"context", OPT_INT, &(r)->context, "N",                                           \
     "tokens of a row; 0: as in a run, 128 or the model's context if that is less",    \
     0, 1e6, NULL},                                                                    \
    {"tail", OPT_FLAG, &(r)->tail, NULL,                                               \
     "hold back the text's tail, as a run with ood=tail does", 0, 0, NULL},            \
    {"mask-rate", OPT_REAL, &(r)->rate, "P", "share of the tokens masked", 0, 1, NULL}, \
    {"seed", OPT_INT, &(r)->seed, "S", "of the order of the text and of the masks", 0, 9007199254740991, NULL}
// clang-format on

/* Read the rows that the options name, for that model, without masks. Remarks on the
 * corpus go to stderr, as does a line if it has fewer rows. token_rows_free. */
enum err row_opts_read(const struct row_opts *o, const struct lm *m,
                       struct token_rows **out, struct errinfo *e) ERR_CHECKED;

#endif
