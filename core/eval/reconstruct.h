/* Reconstruction in full: distances, sizes and directions, and what the model behind
 * the hook makes of it, row by row of text so that the figures have intervals.
 * fidelity.h counts what the live evaluation measures too. Formulas: SAEBench 0.6 core,
 * dictionary_learning. */
#ifndef SAETOP_EVAL_RECONSTRUCT_H
#define SAETOP_EVAL_RECONSTRUCT_H

#include "eval/fidelity.h"
#include "eval/report.h"
#include "lm/lm.h"

/* Rows of a batch in SAEBench (batch_size_prompts), in order: figures named after it
 * are means over batches of what it computes in each. */
#define SAEBENCH_BATCH 16

/* Inputs of the measures on one kind of text. Borrowed. */
struct reconstruct_job {
    const struct acts_set *set; /* clean rows */
    size_t rows;                /* the first ones, for distances */
    size_t ce_rows;             /* ... for the model's losses; 0: not measured */
    const struct lm *lm;        /* NULL: as ce_rows 0 */
    struct lm_hook hook;
};

/* Results of a row with zeros or the text's mean in place of its activations: the loss
 * with the mean, and the divergences of both from the clean distribution. */
struct reconstruct_row {
    double ce_mean, kl_zero, kl_mean;
};
/* A text made ready: any number of SAEs can be measured on it, from any threads. */
struct reconstruct_text {
    struct reconstruct_job j;    /* no more rows than there are */
    double *mean;                /* [D] mean of its tokens */
    double *batch_mean;          /* [batches, D] the same of each SAEBENCH_BATCH rows */
    float *stand_in;             /* [2, D] zeros, and the mean */
    struct fidelity_sums *known; /* [rows] sums that no SAE affects */
    struct reconstruct_row *row; /* [ce_rows] likewise */
};
/* Makes the text ready. O(ce_rows T D V), three runs of the model behind the hook.
 * ERR_NOMEM, ERR_CANCELLED. */
enum err reconstruct_text_init(struct reconstruct_text *t,
                               const struct reconstruct_job *j, struct pool *pool,
                               const atomic_bool *cancel,
                               struct errinfo *e) ERR_CHECKED;
void reconstruct_text_deinit(struct reconstruct_text *t);

/* Adds to the report, below "fidelity.NAME.": l0, l1 (mean sum of activations, in the
 * model's units), mse, mse_per_dimension, mse_saebench (mean over tokens of the squared
 * error / the tokens of its batch, as SAEBench 0.6.0 divides it), explained_variance (1
 * - error / variance over the whole text), explained_variance_saebench (1 - R / (S -
 * (S/D)^2) with R the mean squared error and S the mean square, both means of batches:
 * SAEBench 0.6.0's own, which inflates), explained_variance_legacy (mean over tokens of
 * 1 - error / square of the distance to its batch's mean), cosine, shrinkage (mean
 * |xhat| / |x|), norm_in and norm_out (mean lengths), tokens, bias (mean |xhat|^2 /
 * mean x.xhat), bias_saebench (mean of that of the batches); and with the model
 * ce_clean, ce_sae, ce_zero, ce_mean, ce_increase (sae
 * - clean), ce_recovered, ce_recovered_mean (against mean ablation), kl_sae, kl_zero,
 * kl_mean (of the clean distribution), and kl_score = (kl_zero - kl_sae) / kl_zero.
 * Activations at special tokens stay as they are in every arm. ERR_NOMEM,
 * ERR_CANCELLED. O(ce_rows T D V), two runs of what is behind the hook. */
enum err reconstruct_measure(const struct reconstruct_text *t, const struct sae *sae,
                             const char *name, struct pool *pool,
                             const atomic_bool *cancel, struct report *r,
                             struct errinfo *e) ERR_CHECKED;

/* Returns SAEBench 0.6.0's explained variance from mean squared error and mean square,
 * summed over D dimensions; NaN if its denominator is not positive. */
double explained_variance_saebench(double error, double square, size_t D);

#endif
