/* Sentence tasks as the model sees them, before any SAE: texts as tokens, their
 * activations at the hook, and the probes that read the means of these. Made once for
 * all SAEs. */
#ifndef SAETOP_EVAL_SENTENCE_TEXT_H
#define SAETOP_EVAL_SENTENCE_TEXT_H

#include "acts/harvest.h"
#include "eval/probe_sheet.h"
#include "lm/lm.h"

/* Most bytes of activations kept, for all texts together; those of further tasks are
 * made anew for each SAE. */
#define SENTENCE_KEEP ((size_t)1 << 30)

/* One task; rows as in struct probe_table: train, test, ood, each in the file's
 * order. */
struct sentence_text {
    char *name;
    size_t n_train, n_test, n_ood;
    size_t *at;        /* [n+1] the tokens of row i are at[i]..at[i+1]-1, BOS first */
    int32_t *ids;      /* [at[n]] */
    float *x;          /* [at[n], D] activations at the hook; NULL: not kept */
    float *raw;        /* [n, D] their means over tokens that are not special */
    uint8_t *y;        /* [n] */
    uint8_t *spurious; /* [n], or NULL: the file has no such column */
};
struct sentence_texts {
    const struct lm *lm; /* borrowed */
    struct lm_hook hook;
    size_t T, D;
    size_t kept; /* bytes of activations; see SENTENCE_KEEP */
    size_t n;
    struct sentence_text *task;
    struct probe_sheet base; /* raw probes of the tasks, from sentence_texts_probe */
};

/* Starts without texts. They will be read up to the hook, cut at T tokens. */
void sentence_texts_init(struct sentence_texts *s, const struct lm *lm,
                         struct lm_hook hook, size_t T);
void sentence_texts_deinit(struct sentence_texts *s);
/* Reads a file (probe_csv.h) and runs the model on its texts (BOS first if the model
 * has one). A text without a token is a row of zeros. On an error the texts are as they
 * were. */
enum err sentence_texts_add(struct sentence_texts *s, const char *path,
                            struct pool *pool, struct errinfo *e) ERR_CHECKED;
/* Takes out tasks whose training or test rows have only one class, and lists them as
 * left out. */
enum err sentence_texts_check(struct sentence_texts *s, struct report *r,
                              struct errinfo *e) ERR_CHECKED;
/* Trains the probes that read raw activations, after the check; cache may be NULL. */
enum err sentence_texts_probe(struct sentence_texts *s, const struct probe_ks *ks,
                              struct probe_cache *cache, struct pool *pool,
                              const atomic_bool *cancel, struct errinfo *e) ERR_CHECKED;

/* Returns the rows of a task as a table without codes. */
struct probe_table sentence_table(const struct sentence_texts *s,
                                  const struct sentence_text *t);

/* Reads the activations of a task, some rows at a time, from what is kept or from the
 * model. One thread's; pool NULL: inline. */
struct sentence_reader {
    const struct sentence_texts *s;
    const struct sentence_text *t; /* set by sentence_read */
    size_t first;
    float *x; /* [the rows' tokens, D] */
    float *own;
    struct pool *pool;
    struct lm_ws **ws; /* [workers], or NULL: the model has not run yet */
};
#define SENTENCE_CHUNK 64 /* most rows at once */
void sentence_reader_init(struct sentence_reader *k, const struct sentence_texts *s,
                          struct pool *pool);
void sentence_reader_deinit(struct sentence_reader *k);
/* Reads rows first..first+n-1 of t; n <= SENTENCE_CHUNK. *x is valid until the next
 * call. */
enum err sentence_read(struct sentence_reader *k, const struct sentence_text *t,
                       size_t first, size_t n, const float **x,
                       struct errinfo *e) ERR_CHECKED;

#endif
