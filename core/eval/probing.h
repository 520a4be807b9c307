/* Sparse probing: how well a few latents tell a class, beside the whole SAE, the raw
 * activations and a few raw dimensions. SAEBench 0.6's recipe: logistic regression with
 * C = 1 on the k inputs of greatest |mean of the class - mean of the rest| on the
 * training rows, tested on other rows. */
#ifndef SAETOP_EVAL_PROBING_H
#define SAETOP_EVAL_PROBING_H

#include "base/err.h"
#include "base/pool.h"
#include "num/logreg.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROBE_K_MAX 64 /* most inputs of a sparse probe */

/* Rows to train on, then to test on, then out-of-distribution ones. Borrowed. */
struct probe_table {
    size_t n_train, n_test, n_ood;
    size_t D, F;
    const float *raw;    /* [n, D] as the model made them */
    const size_t *start; /* [n+1] codes, compressed, in the model's units */
    const int32_t *id;
    const float *val;
    /* Classes of unequal size count alike: weights in the fit, accuracy and F1. If
     * false all rows count alike, as in SAEBench on balanced sets. */
    bool balanced;
    struct logreg_tally *tally; /* of the fits; NULL: not counted */
};
static inline size_t probe_rows(const struct probe_table *t)
{
    return t->n_train + t->n_test + t->n_ood;
}

/* What a probe reads. */
enum probe_input { PROBE_LATENTS, PROBE_RAW };

/* NaN unless there are rows of both classes. */
struct probe_result {
    double accuracy, f1, auc;
};
struct probe_scores {
    struct probe_result test, ood;
};

/* Finds the k inputs that differ most between the classes of y [n] (1: in the class),
 * best first, ties to the lower; *n of them (fewer if there are fewer inputs). */
enum err probe_rank(const struct probe_table *t, const uint8_t *y, enum probe_input in,
                    size_t k, int32_t *best, size_t *n, struct errinfo *e) ERR_CHECKED;
/* Trains on the k inputs `best`, to the certified minimum (logreg.h), and tests. */
enum err probe_columns(const struct probe_table *t, const uint8_t *y,
                       enum probe_input in, const int32_t *best, size_t k,
                       struct probe_scores *out, struct errinfo *e) ERR_CHECKED;

/* Trains on all inputs, C units at once, with C = 1, and tests each: out [C].
 * label_start [n+1] and label say which units a row belongs to. Raw inputs are centred
 * and scaled to mean square 1 on the training rows. SAEBench trains these by AdamW and
 * stops early by the test set; here it is the minimum of the regularised loss. */
enum err probe_full(const struct probe_table *t, size_t C, const size_t *label_start,
                    const int32_t *label, enum probe_input in, struct pool *pool,
                    const atomic_bool *cancel, struct probe_scores *out,
                    struct errinfo *e) ERR_CHECKED;
/* Writes AUC [C] on the OOD rows of raw probes trained on OOD rows, in two folds (even
 * and odd rows), as the mean of both: the oracle that out-of-distribution probing is
 * compared with. */
enum err probe_oracle(const struct probe_table *t, size_t C, const size_t *label_start,
                      const int32_t *label, struct pool *pool,
                      const atomic_bool *cancel, double *auc,
                      struct errinfo *e) ERR_CHECKED;

/* The labels of one unit, y [n], in the form that probe_full takes. */
struct probe_labels {
    size_t *start; /* [n+1] */
    int32_t *unit;
};
enum err probe_labels_init(struct probe_labels *l, const uint8_t *y, size_t n,
                           struct errinfo *e) ERR_CHECKED;
void probe_labels_deinit(struct probe_labels *l);

/* Scores decisions z [n] (z > 0: in the class) against y. */
enum err probe_score(size_t n, const double *z, const uint8_t *y, bool balanced,
                     struct probe_result *out, struct errinfo *e) ERR_CHECKED;

#endif
