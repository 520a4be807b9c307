/* What a sweep records of each run: one table, from which come the columns of
 * results.csv and the rows of the report. Any thread. */
#ifndef SAETOP_SWEEP_MEASURE_H
#define SAETOP_SWEEP_MEASURE_H

#include "eval/report.h"

#include <stdint.h>

/* X(column, label, paper, digits, figure of eval/report.h, about)
 * paper: which way masking moves it in the paper's report: 1 higher, -1 lower, 0 it
 * says nothing of it. digits: decimals in the report. about: what it is, in a line. */
#define SWEEP_MEASURES(X)                                                              \
    X(l0_clean, "L0, clean", 0, 2, "fidelity.in_distribution.l0",                      \
      "active latents of a token of unmasked text")                                    \
    X(explained_variance, "explained variance", -1, 4,                                 \
      "fidelity.in_distribution.explained_variance",                                   \
      "share of the variance of activations that the SAE gives back; 1 is all")        \
    X(explained_variance_ood, "explained variance OOD", 0, 4,                          \
      "fidelity.out_of_distribution.explained_variance",                               \
      "the same on text of a kind that no SAE was trained on")                         \
    X(ce_recovered, "CE recovered", -1, 4, "fidelity.in_distribution.ce_recovered",    \
      "how much of the model's cross-entropy survives the SAE in its place: 0 as "     \
      "with nothing there, 1 as with the activations themselves")                      \
    X(ce_recovered_ood, "CE recovered OOD", 0, 4,                                      \
      "fidelity.out_of_distribution.ce_recovered", "the same on OOD text")             \
    X(absorption_semantic, "absorption, semantic", -1, 3, "absorption.leaf.full",      \
      "how often the latents of a category are silent on one of its words while "      \
      "another latent stands in for them (full absorption, SAEBench's rule)")          \
    X(absorption_super, "absorption, super-categories", -1, 3,                         \
      "absorption.super.full", "the same for categories of categories")                \
    X(absorption_letter, "absorption, first letters", -1, 3, "absorption.letter.full", \
      "the same for the first letters of words")                                       \
    X(absorption_saebench, "absorption, SAEBench's form", -1, 3,                       \
      "absorption.saebench",                                                           \
      "the semantic one with activations not centred and F1 not balanced, as "         \
      "SAEBench has it")                                                               \
    X(absorption_fraction, "absorption fraction", -1, 3, "absorption.leaf.fraction",   \
      "the share of a category's direction that other latents supply")                 \
    X(main_latent_recall, "main-latent recall", 0, 3,                                  \
      "absorption.leaf.main_latent_recall",                                            \
      "how often a latent of the category fires on its words")                         \
    X(f1_best_latent, "F1 of the best latent", 0, 3, "absorption.leaf.f1_best_latent", \
      "how well the one best latent alone tells a category")                           \
    X(f1_heldout, "F1, choice held out", 0, 3, "absorption.leaf.f1_heldout",           \
      "the latent of greatest F1 on one half of a category's words: its F1 on the "    \
      "other half; no probe has a part in it")                                         \
    X(best_latent_firmness, "firmness of the best latent", 0, 3,                       \
      "absorption.leaf.best_latent_firmness",                                          \
      "share of 50 resamples of the words that choose the same best latent")           \
    X(probing_k1, "probing k=1", 1, 3, "probing.leaf.k1.accuracy",                     \
      "balanced accuracy of a probe on the best latent")                               \
    X(probing_k1_ood, "probing k=1 OOD", 1, 3, "probing.leaf.k1.accuracy_ood",         \
      "the same probe on OOD text")                                                    \
    X(probing_k5, "probing k=5", 1, 3, "probing.leaf.k5.accuracy",                     \
      "balanced accuracy of a probe on the five best latents")                         \
    X(probing_k5_ood, "probing k=5 OOD", 1, 3, "probing.leaf.k5.accuracy_ood",         \
      "the same probe on OOD text")                                                    \
    X(probing_k5_gap, "probing k=5, OOD gap", -1, 3, "probing.leaf.k5.gap",            \
      "what the probe on five latents loses on OOD text")                              \
    X(robustness, "robustness to masked context", 0, 3, "robustness.mean",             \
      "how little a latent changes when words around it are masked: 1 not at all")     \
    X(dead_fraction, "dead latents", 0, 3, "latents.dead",                             \
      "share of the latents that never fire on the text of the evaluation")

enum sweep_measure {
#define SWEEP_MEASURE_ENUM(column, ...) SWEEP_##column,
    SWEEP_MEASURES(SWEEP_MEASURE_ENUM)
#undef SWEEP_MEASURE_ENUM
        SWEEP_MEASURE_COUNT
};

struct sweep_measure_def {
    const char *column, *label, *path, *about;
    int paper, digits;
};
const struct sweep_measure_def *sweep_measure_def(size_t m);

/* One run of a sweep. NaN: not measured. */
struct sweep_result {
    bool done; /* false: nothing else holds */
    double v[SWEEP_MEASURE_COUNT];
    double sparsity; /* the setting that a search for match_l0 found; NaN: none */
    bool matched;    /* clean L0 came within the tolerance of match_l0 */
    double steps, seconds, tokens_read, vectors;
};

/* The measures of a finished evaluation. */
void sweep_result_from(struct sweep_result *out, const struct report *r);

#endif
