/* Sentence tasks: CSV files with the columns task,text,label,split and maybe spurious,
 * each text as the mean over its tokens of what stands at the hook. */
#ifndef SAETOP_EVAL_PROBE_SET_H
#define SAETOP_EVAL_PROBE_SET_H

#include "acts/harvest.h"
#include "eval/probe_sheet.h"
#include "lm/lm.h"
#include "sae/sae.h"

/* One task; rows as in struct probe_table: train, test, ood, each in the file's order.
 */
struct sentence_task {
    char *name;
    struct probe_table t; /* means over tokens of activations and of codes */
    float *raw;
    size_t *start;
    int32_t *id;
    float *val;
    uint8_t *y;        /* [n] */
    uint8_t *spurious; /* [n], or NULL: the file has no such column */
};
struct sentence_sets {
    size_t n;
    struct sentence_task *task;
};

/* Read a file and run the model, `depth` blocks of it, and the SAE over its texts (BOS
 * first where the model has one, cut at T tokens; special tokens are left out of the
 * means, which are taken after encoding). Tasks are added to *out, zeroed before the
 * first call. Files of up to 64 MB. ERR_FORMAT names file and row: a label that is not
 * 0 or 1, a split that is none of train, test and ood. A text without a token is a row
 * of zeros.
 */
enum err sentence_sets_add(struct sentence_sets *out, const char *path,
                           const struct sae *sae, const struct lm *lm, size_t depth,
                           size_t T, struct pool *pool, struct errinfo *e) ERR_CHECKED;
void sentence_sets_deinit(struct sentence_sets *s);

/* Tasks whose training or test rows have one class only are taken out of the sets and
 * listed as left out. */
enum err sentence_sets_check(struct sentence_sets *s, struct report *r,
                             struct errinfo *e) ERR_CHECKED;

/* Sparse probing of every task, below "probing.sentences"; units are tasks. */
enum err probe_sentences(const struct sentence_sets *s, const struct probe_ks *ks,
                         struct pool *pool, const atomic_bool *cancel, struct report *r,
                         struct errinfo *e) ERR_CHECKED;

#endif
