/* Everything that is measured about an SAE: one table. A row is the only place that
 * names a measure and says where it stands in files and how it is shown; metrics.csv,
 * results.csv, the panes and boxes of Train, help and a sweep's report are made from
 * it. Any thread. */
#ifndef SAETOP_MEASURE_MEASURE_H
#define SAETOP_MEASURE_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

/* Traits of a measure: where its value comes from and what it needs. */
enum measure_trait {
    MEASURE_EVALUATED = 1, /* by an evaluation on held-out text, not at each step */
    MEASURE_NOISY = 2,     /* changes from step to step: shown smoothed */
    MEASURE_OOD = 4,       /* needs text out of distribution */
    MEASURE_CONCEPTS = 8,  /* needs concepts */
    MEASURE_ON_BATCH = 16, /* on the training batch, masked as it is */
};

/* A row of the table. Fields not set are 0 or NULL: none. */
struct measure {
    const char *column; /* in metrics.csv; NULL: not measured during training */
    const char *result; /* in results.csv: `column`, or another name that stays */
    const char *path;   /* in eval.json, as `saetop eval` writes it */
    const char *label;  /* for people, ASCII */
    const char *among;  /* the same beside other forms of the measure; NULL: label */
    const char *brief; /* the same in 10 columns, for the comparison of arms in Train */
    const char *tag;   /* the same in a line of `train` */
    const char *unit, *help;
    const char *about; /* help for a reader of a report; NULL: help */
    int better;        /* 1 higher, -1 lower, 0 neither */
    int paper;         /* which way masking moves it in arXiv:2604.06495; 0 not said */
    int digits;        /* decimals */
    unsigned traits;   /* enum measure_trait */
    int pane, box;     /* place among the panes and boxes of Train, from 1 */
    int line;          /* place in a line of `train`, from 1 */
    int low, high;     /* ids of its interval's ends; 0: no interval */
};

/* X(id, place in results.csv from 0 or NOT_SWEPT, fields of struct measure)
 * In three parts: what is measured during training, in the order of metrics.csv (append
 * only); what only `saetop eval` and sweeps measure; what is measured against known
 * features. */
#define NOT_SWEPT (-1)
/* clang-format off */
#define MEASURES_LIVE(X) \
    X(STEP, NOT_SWEPT, .column = "step", .label = "step", .unit = "steps", \
      .help = "optimizer steps done") \
    X(TOKENS, NOT_SWEPT, .column = "tokens", .label = "tokens", .unit = "vectors", \
      .help = "activations trained on") \
    X(SECONDS, NOT_SWEPT, .column = "seconds", .label = "time", .unit = "s", \
      .help = "seconds of training, pauses left out") \
    X(MASK_RATE, NOT_SWEPT, .column = "mask_rate", .label = "mask rate", \
      .unit = "share", .pane = 23, \
      .help = "masking rate of the text in use") \
    X(LOSS, NOT_SWEPT, .column = "loss", .label = "loss", .tag = "loss", .better = -1, \
      .digits = 2, .traits = MEASURE_NOISY | MEASURE_ON_BATCH, .pane = 1, .line = 1, \
      .help = "what a step lowers: the error (of prefixes too), penalty and AuxK of the " \
      "training batch, on text masked as the arm is") \
    X(MSE, NOT_SWEPT, .column = "mse", .label = "mse", .better = -1, \
      .traits = MEASURE_NOISY | MEASURE_ON_BATCH, .pane = 18, \
      .help = "squared error of a scaled activation, summed over d") \
    X(AUX_LOSS, NOT_SWEPT, .column = "aux_loss", .label = "aux loss", .better = -1, \
      .traits = MEASURE_NOISY | MEASURE_ON_BATCH, .pane = 19, \
      .help = "AuxK: what dead latents could repair; of gated the gate's own error") \
    X(SPARSITY_LOSS, NOT_SWEPT, .column = "sparsity_loss", .label = "sparsity loss", \
      .better = -1, .traits = MEASURE_NOISY | MEASURE_ON_BATCH, .pane = 20, \
      .help = "penalty of architectures that have one; TopK has none") \
    X(L0, NOT_SWEPT, .column = "l0", .label = "L0", .unit = "latents", .digits = 2, \
      .traits = MEASURE_NOISY | MEASURE_ON_BATCH, .pane = 2, \
      .help = "active latents a token, in the training batch") \
    X(EV, 1, .column = "explained_variance", .result = "explained_variance", \
      .path = "fidelity.in_distribution.explained_variance", \
      .label = "explained variance", .brief = "expl. var.", .tag = "EV", \
      .unit = "share", .better = 1, .paper = -1, .digits = 4, \
      .traits = MEASURE_EVALUATED, .pane = 4, .box = 1, .line = 3, \
      .help = "share of the variance of held-out activations that the SAE explains", \
      .about = "share of the variance of activations that the SAE gives back; 1 is all") \
    X(CE_REC, 3, .column = "ce_recovered", .result = "ce_recovered", \
      .path = "fidelity.in_distribution.ce_recovered", \
      .label = "CE recovered", .brief = "CE recov.", .tag = "CE rec", \
      .unit = "share", .better = 1, .paper = -1, .digits = 4, \
      .traits = MEASURE_EVALUATED, .pane = 6, .box = 3, .line = 5, \
      .help = "share of the model's skill left with the SAE spliced in: 1 all, 0 as if " \
      "erased (in the explorer of 4 held-out rows: eval.ce_rows)", \
      .about = "how much of the model's cross-entropy survives the SAE in its place: 0 " \
      "as with nothing there, 1 as with the activations themselves") \
    X(ABSORPTION, 5, .column = "absorption", .result = "absorption_semantic", \
      .path = "absorption.leaf.full", .label = "absorption", .among = "absorption, semantic", .brief = "absorption", \
      .tag = "absorption", .unit = "share", .better = -1, .paper = -1, .digits = 3, \
      .traits = MEASURE_EVALUATED | MEASURE_CONCEPTS, .pane = 3, .box = 6, .line = 7, \
      .low = METRIC_ABS_LO, .high = METRIC_ABS_HI, \
      .help = "share of words where a category's own latent is silent and another " \
      "stands in", \
      .about = "how often the latents of a category are silent on one of its words while " \
      "another latent stands in for them (full absorption, SAEBench's rule)") \
    X(ABS_FRACTION, 9, .column = "absorption_fraction", .result = "absorption_fraction", \
      .path = "absorption.leaf.fraction", .label = "absorption fraction", .brief = "abs. share", \
      .unit = "share", .better = -1, .paper = -1, .digits = 3, \
      .traits = MEASURE_EVALUATED | MEASURE_CONCEPTS, .pane = 10, \
      .help = "how much of the category's direction the other latents carry", \
      .about = "the share of a category's direction that other latents supply") \
    X(DEAD, NOT_SWEPT, .column = "dead_fraction", .label = "dead latents", .tag = "dead", \
      .unit = "share", .better = -1, .digits = 3, .pane = 17, .box = 7, .line = 9, \
      .help = "latents silent for a while") \
    X(LR, NOT_SWEPT, .column = "lr", .label = "learning rate", .pane = 25, \
      .help = "Adam's learning rate") \
    X(TOK_S, NOT_SWEPT, .column = "tokens_per_second", .label = "tokens/s", \
      .unit = "tokens/s", .traits = MEASURE_NOISY, .pane = 26, \
      .help = "model positions a second, all arms") \
    X(MASKED, NOT_SWEPT, .column = "masked_fraction", .label = "masked share", \
      .unit = "share", .traits = MEASURE_NOISY, .pane = 24, \
      .help = "input tokens really masked") \
    X(READ, NOT_SWEPT, .column = "tokens_read", .label = "tokens read", .unit = "tokens", \
      .help = "model positions run, all kinds") \
    X(EV_OOD, 2, .column = "explained_variance_ood", .result = "explained_variance_ood", \
      .path = "fidelity.out_of_distribution.explained_variance", \
      .label = "explained variance OOD", .brief = "EV on OOD", .tag = "EV ood", \
      .unit = "share", .better = 1, .digits = 4, \
      .traits = MEASURE_EVALUATED | MEASURE_OOD, .pane = 5, .box = 2, .line = 4, \
      .help = "explained variance on the other register's text", \
      .about = "the same on text of a kind that no SAE was trained on") \
    X(CE_REC_OOD, 4, .column = "ce_recovered_ood", .result = "ce_recovered_ood", \
      .path = "fidelity.out_of_distribution.ce_recovered", \
      .label = "CE recovered OOD", .brief = "CE rec OOD", .tag = "CE rec ood", \
      .unit = "share", .better = 1, .digits = 4, \
      .traits = MEASURE_EVALUATED | MEASURE_OOD, .pane = 7, .box = 4, .line = 6, \
      .help = "CE recovered on the other register's text (as many rows)", \
      .about = "the same on OOD text") \
    X(RECALL, 10, .column = "main_latent_recall", .result = "main_latent_recall", \
      .path = "absorption.leaf.main_latent_recall", .label = "main-latent recall", \
      .brief = "recall", .tag = "recall", .unit = "share", .better = 1, .digits = 3, \
      .traits = MEASURE_EVALUATED | MEASURE_CONCEPTS, .pane = 8, .box = 5, .line = 8, \
      .help = "share of a category's words on which one of its main latents fires", \
      .about = "how often a latent of the category fires on its words") \
    X(ELIGIBLE, NOT_SWEPT, .column = "eligible_concepts", \
      .path = "absorption.leaf.eligible_concepts", .label = "eligible concepts", \
      .unit = "concepts", .traits = MEASURE_EVALUATED | MEASURE_CONCEPTS, .pane = 14, \
      .help = "categories that the raw activations tell apart well enough to count") \
    X(TRUE_POS, NOT_SWEPT, .column = "true_positives", \
      .path = "absorption.leaf.true_positives", .label = "true positives", \
      .unit = "words", .traits = MEASURE_EVALUATED | MEASURE_CONCEPTS, .pane = 15, \
      .help = "words that absorption was measured on") \
    X(EV_BATCH, NOT_SWEPT, .column = "explained_variance_batch", \
      .label = "explained variance, batch", .unit = "share", .better = 1, \
      .traits = MEASURE_NOISY | MEASURE_ON_BATCH, .pane = 21, \
      .help = "explained variance of the training batch") \
    X(L0_CLEAN, 0, .column = "l0_clean", .result = "l0_clean", \
      .path = "fidelity.in_distribution.l0", .label = "L0, clean", .tag = "L0", \
      .unit = "latents", .digits = 2, .traits = MEASURE_EVALUATED, .pane = 16, .line = 2, \
      .help = "active latents a token of unmasked text", \
      .about = "active latents of a token of unmasked text") \
    X(ABS_LO, NOT_SWEPT, .column = "absorption_lo", .label = "absorption low", \
      .unit = "share", .help = "95 % interval, lower end") \
    X(ABS_HI, NOT_SWEPT, .column = "absorption_hi", .label = "absorption high", \
      .unit = "share", .help = "95 % interval, upper end") \
    X(ABS_SUPER, 6, .column = "absorption_super", .result = "absorption_super", \
      .path = "absorption.super.full", .label = "absorption, super-categories", .brief = "abs. super", .unit = "share", \
      .better = -1, .paper = -1, .digits = 3, \
      .traits = MEASURE_EVALUATED | MEASURE_CONCEPTS, .pane = 11, \
      .help = "absorption over super-categories (animal, food, ...)", \
      .about = "the same for categories of categories") \
    X(ABS_LETTER, 7, .column = "absorption_letter", .result = "absorption_letter", \
      .path = "absorption.letter.full", .label = "absorption, first letters", .brief = "abs.letter", .unit = "share", \
      .better = -1, .paper = -1, .digits = 3, \
      .traits = MEASURE_EVALUATED | MEASURE_CONCEPTS, .pane = 12, \
      .help = "absorption over first letters", \
      .about = "the same for the first letters of words") \
    X(ABS_SAEBENCH, 8, .column = "absorption_saebench", .result = "absorption_saebench", \
      .path = "absorption.saebench", .label = "absorption, SAEBench's form", .unit = "share", \
      .better = -1, .paper = -1, .digits = 3, \
      .traits = MEASURE_EVALUATED | MEASURE_CONCEPTS, .pane = 13, \
      .help = "absorption by SAEBench's own settings, to the letter", \
      .about = "the semantic one with activations not centred and F1 not balanced, as " \
      "SAEBench has it") \
    X(F1_BEST, 11, .column = "f1_best_latent", .result = "f1_best_latent", \
      .path = "absorption.leaf.f1_best_latent", .label = "F1 of the best latent", .brief = "best F1", .unit = "F1", \
      .better = 1, .digits = 3, .traits = MEASURE_EVALUATED | MEASURE_CONCEPTS, .pane = 9, \
      .help = "mean F1 of the single latent that tells a category best", \
      .about = "how well the one best latent alone tells a category") \
    X(GRAD, NOT_SWEPT, .column = "grad_norm", .label = "grad norm", \
      .traits = MEASURE_NOISY | MEASURE_ON_BATCH, .pane = 22, .box = 8, \
      .help = "gradient norm before the clip") \
    MEASURES_TOY(X)

#define MEASURES_FINAL(X) \
    X(F1_HELDOUT, 12, .result = "f1_heldout", .path = "absorption.leaf.f1_heldout", \
      .label = "F1, choice held out", .unit = "F1", .better = 1, .digits = 3, \
      .help = "the latent of greatest F1 on one half of a category's words: its F1 on " \
      "the other half; no probe has a part in it") \
    X(FIRMNESS, 13, .result = "best_latent_firmness", \
      .path = "absorption.leaf.best_latent_firmness", .label = "firmness of the best latent", \
      .unit = "share", .better = 1, .digits = 3, \
      .help = "share of 50 resamples of the words that choose the same best latent") \
    X(SPREAD, NOT_SWEPT, .path = "absorption.leaf.spread", \
      .label = "spread over latents", .unit = "latents", .better = -1, .digits = 2, \
      .help = "the fewest latents whose joint probe reaches 95 % of the F1 of ten") \
    X(MAIN_LATENTS, NOT_SWEPT, .path = "absorption.leaf.main_latents", \
      .label = "main latents", .unit = "latents", .digits = 2, \
      .help = "how many main latents a category has") \
    X(PROBING_K1, 14, .result = "probing_k1", .path = "probing.leaf.k1.accuracy", \
      .label = "probing k=1", .unit = "accuracy", .better = 1, .paper = 1, .digits = 3, \
      .help = "balanced accuracy of a probe on the best latent") \
    X(PROBING_K1_OOD, 15, .result = "probing_k1_ood", \
      .path = "probing.leaf.k1.accuracy_ood", .label = "probing k=1 OOD", \
      .unit = "accuracy", .better = 1, .paper = 1, .digits = 3, \
      .help = "the same probe on OOD text") \
    X(PROBING_K5, 16, .result = "probing_k5", .path = "probing.leaf.k5.accuracy", \
      .label = "probing k=5", .unit = "accuracy", .better = 1, .paper = 1, .digits = 3, \
      .help = "balanced accuracy of a probe on the five best latents") \
    X(PROBING_K5_OOD, 17, .result = "probing_k5_ood", \
      .path = "probing.leaf.k5.accuracy_ood", .label = "probing k=5 OOD", \
      .unit = "accuracy", .better = 1, .paper = 1, .digits = 3, \
      .help = "the same probe on OOD text") \
    X(PROBING_K5_GAP, 18, .result = "probing_k5_gap", .path = "probing.leaf.k5.gap", \
      .label = "probing k=5, OOD gap", .unit = "accuracy", .better = -1, .paper = -1, \
      .digits = 3, .help = "what the probe on five latents loses on OOD text") \
    X(ROBUSTNESS, 19, .result = "robustness", .path = "robustness.mean", \
      .label = "robustness to masked context", .unit = "share", .better = 1, .digits = 3, \
      .help = "how little a latent changes when words around it are masked: 1 not at " \
      "all") \
    X(DEAD_CLEAN, 20, .result = "dead_fraction", .path = "latents.dead", \
      .label = "dead latents", .unit = "share", .better = -1, .digits = 3, \
      .help = "share of the latents that never fire on the text of the evaluation") \
    X(COSINE, NOT_SWEPT, .path = "fidelity.in_distribution.cosine", .label = "cosine", \
      .unit = "cosine", .better = 1, .digits = 4, \
      .help = "mean cosine of an activation and what the SAE gives back") \
    X(SHRINKAGE, NOT_SWEPT, .path = "fidelity.in_distribution.shrinkage", \
      .label = "length given back", .unit = "share", .digits = 4, \
      .help = "mean length of what the SAE gives back, as a share of the activation's")

/* Measured on a synthetic source, against the features that its rows are made of
 * (eval/truth.h): the results of its sweeps, with places of their own. */
#define MEASURES_TRUTH(X) \
    X(TRUTH_L0, 0, .result = "truth_l0", .path = "truth.l0", .label = "L0, rows", \
      .unit = "latents", .digits = 2, .help = "active latents of a clean row") \
    X(TRUTH_EV, 1, .result = "truth_explained_variance", \
      .path = "truth.explained_variance", .label = "explained variance, rows", \
      .unit = "share", .better = 1, .digits = 4, \
      .help = "share of the variance of clean rows that the SAE gives back") \
    X(TRUTH_ABSORPTION, 2, .result = "truth_absorption", .path = "truth.absorption", \
      .label = "absorption, exact", .unit = "share", .better = -1, .digits = 3, \
      .help = "of the rows where a parent and a child are on, the share in which the " \
      "parent's latent is silent and one other supplies 0.4 of it") \
    X(TRUTH_SILENT, 3, .result = "truth_silent", .path = "truth.silent", \
      .label = "parent silent", .unit = "share", .better = -1, .digits = 3, \
      .help = "of these rows the share in which the parent's latent is silent") \
    X(TRUTH_MCC, 4, .result = "truth_mcc", .path = "truth.mcc", .label = "MCC", \
      .unit = "cosine", .better = 1, .digits = 3, \
      .help = "mean cosine of features and decoder rows, paired one to one") \
    X(TRUTH_MMCS, 5, .result = "truth_mmcs", .path = "truth.mmcs", .label = "MMCS", \
      .unit = "cosine", .better = 1, .digits = 3, \
      .help = "mean over features of the best cosine of any decoder row") \
    X(TRUTH_F1, 6, .result = "truth_f1", .path = "truth.f1", .label = "F1 of firing", \
      .unit = "F1", .better = 1, .digits = 3, \
      .help = "of a latent's firing against that of its best feature, mean over latents") \
    X(TRUTH_DEAD, 7, .result = "truth_dead", .path = "truth.dead", \
      .label = "dead latents, rows", .unit = "share", .better = -1, .digits = 3, \
      .help = "share of the latents that never fire on clean rows") \
    X(TRUTH_UNIQUE, 8, .result = "truth_uniqueness", .path = "truth.uniqueness", \
      .label = "uniqueness", .unit = "share", .better = 1, .digits = 3, \
      .help = "share of the features that are some latent's best")

/* A row that a test adds. */
#ifndef MEASURES_TOY
#define MEASURES_TOY(X)
#endif

#define MEASURE_ID(id, ...) METRIC_##id,
enum metric {
    MEASURES_LIVE(MEASURE_ID)
    METRIC_COUNT, /* columns of metrics.csv */
    METRIC_LAST = METRIC_COUNT - 1,
    MEASURES_FINAL(MEASURE_ID)
    MEASURES_TRUTH(MEASURE_ID)
    MEASURE_COUNT
};
#undef MEASURE_ID
/* clang-format on */

const struct measure *measure_at(enum metric m);

/* The id at `place` of the panes, the boxes or a line of `train`, from 1; -1: no more.
 * O(MEASURE_COUNT). */
int measure_pane(int place);
int measure_box(int place);
int measure_line(int place);
/* Returns the row at `place` of results.csv, from 0; NULL: no more. First those of
 * text, then those of a synthetic source. */
const struct measure *measure_swept(size_t place);
/* How many rows stand in results.csv for a sweep on text, and for one on known
 * features. */
#define MEASURE_SWEPT_ONE(id, place, ...) +((place) >= 0)
enum {
    MEASURES_SWEPT =
        0 MEASURES_LIVE(MEASURE_SWEPT_ONE) MEASURES_FINAL(MEASURE_SWEPT_ONE),
    MEASURES_SWEPT_TRUTH = 0 MEASURES_TRUTH(MEASURE_SWEPT_ONE)
};
#undef MEASURE_SWEPT_ONE

/* The last name of the measure's path (it must have one) in eval.json:
 * "explained_variance". */
const char *measure_leaf(enum metric m);

#endif
