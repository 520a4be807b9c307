/* What is measured of a run: one table, from which come the columns of metrics.csv, the
 * panes of the Train screen and the help on each measure. */
#ifndef SAETOP_TRAIN_METRIC_H
#define SAETOP_TRAIN_METRIC_H

#include "lm/ce_doubt.h"

#include <stdint.h>

/* X(id, column, short label, better: 1 higher, -1 lower, 0 neither, what it is)
 * The first ones are the columns that other tools read, in that order; append only. */
#define METRIC_LIST(X)                                                                 \
    X(STEP, "step", "step", 0, "optimizer steps done")                                 \
    X(TOKENS, "tokens", "tokens", 0, "activations trained on")                         \
    X(SECONDS, "seconds", "time", 0, "seconds of training, pauses left out")           \
    X(MASK_RATE, "mask_rate", "mask rate", 0, "masking rate of the text in use")       \
    X(LOSS, "loss", "loss", -1,                                                        \
      "what a step lowers: the error (of prefixes too), penalty and AuxK of the "      \
      "training batch, on text masked as the arm is")                                  \
    X(MSE, "mse", "mse", -1, "squared error of a scaled activation, summed over d")    \
    X(AUX_LOSS, "aux_loss", "aux loss", -1,                                            \
      "AuxK: what dead latents could repair; of gated the gate's own error")           \
    X(SPARSITY_LOSS, "sparsity_loss", "sparsity loss", -1,                             \
      "penalty of architectures that have one; TopK has none")                         \
    X(L0, "l0", "L0", 0, "active latents a token, in the training batch")              \
    X(EV, "explained_variance", "explained variance", 1,                               \
      "share of the variance of held-out activations that the SAE explains")           \
    X(CE_REC, "ce_recovered", "CE recovered", 1,                                       \
      "share of the model's skill left with the SAE spliced in: 1 all, 0 as if "       \
      "erased (in the explorer of 4 held-out rows: eval.ce_rows)")                     \
    X(ABSORPTION, "absorption", "absorption", -1,                                      \
      "share of words where a category's own latent is silent and another stands in")  \
    X(ABS_FRACTION, "absorption_fraction", "absorption fraction", -1,                  \
      "how much of the category's direction the other latents carry")                  \
    X(DEAD, "dead_fraction", "dead latents", -1, "latents silent for a while")         \
    X(LR, "lr", "learning rate", 0, "Adam's learning rate")                            \
    X(TOK_S, "tokens_per_second", "tokens/s", 0, "model positions a second, all arms") \
    X(MASKED, "masked_fraction", "masked share", 0, "input tokens really masked")      \
    X(READ, "tokens_read", "tokens read", 0, "model positions run, all kinds")         \
    X(EV_OOD, "explained_variance_ood", "explained variance OOD", 1,                   \
      "explained variance on the other register's text")                               \
    X(CE_REC_OOD, "ce_recovered_ood", "CE recovered OOD", 1,                           \
      "CE recovered on the other register's text (as many rows)")                      \
    X(RECALL, "main_latent_recall", "main-latent recall", 1,                           \
      "share of a category's words on which one of its main latents fires")            \
    X(ELIGIBLE, "eligible_concepts", "eligible concepts", 0,                           \
      "categories that the raw activations tell apart well enough to count")           \
    X(TRUE_POS, "true_positives", "true positives", 0,                                 \
      "words that absorption was measured on")                                         \
    X(EV_BATCH, "explained_variance_batch", "explained variance, batch", 1,            \
      "explained variance of the training batch")                                      \
    X(L0_CLEAN, "l0_clean", "L0 clean", 0, "active latents a token of unmasked text")  \
    X(ABS_LO, "absorption_lo", "absorption low", 0, "95 % interval, lower end")        \
    X(ABS_HI, "absorption_hi", "absorption high", 0, "95 % interval, upper end")       \
    X(ABS_SUPER, "absorption_super", "absorption super", -1,                           \
      "absorption over super-categories (animal, food, ...)")                          \
    X(ABS_LETTER, "absorption_letter", "absorption letter", -1,                        \
      "absorption over first letters")                                                 \
    X(ABS_SAEBENCH, "absorption_saebench", "absorption SAEBench", -1,                  \
      "absorption by SAEBench's own settings, to the letter")                          \
    X(F1_BEST, "f1_best_latent", "best-latent F1", 1,                                  \
      "mean F1 of the single latent that tells a category best")                       \
    X(GRAD, "grad_norm", "grad norm", 0, "gradient norm before the clip")

enum metric {
#define METRIC_ENUM(id, column, label, better, help) METRIC_##id,
    METRIC_LIST(METRIC_ENUM)
#undef METRIC_ENUM
        METRIC_COUNT
};

struct metric_def {
    const char *column, *label, *help;
    int better;
};
const struct metric_def *metric_def(enum metric m);
/* By column, by label, or by a unique beginning of either; -1. */
int metric_find(const char *name);

/* What is to be said beside measure m of v [METRIC_COUNT]; NULL: nothing. */
const struct ce_doubt *metric_doubt(const double *v, enum metric m);

/* One row of metrics.csv: NaN where nothing was measured. */
struct metric_row {
    double v[METRIC_COUNT];
};
struct metric_row metric_row_empty(void);

#endif
