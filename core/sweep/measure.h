/* What a sweep records of each run: one table, from which come the columns of
 * results.csv and the rows of the report. Any thread. */
#ifndef SAETOP_SWEEP_MEASURE_H
#define SAETOP_SWEEP_MEASURE_H

#include "eval/report.h"

#include <stdint.h>

/* X(column, label, better: 1 higher, -1 lower, 0 neither, figure of eval/report.h) */
#define SWEEP_MEASURES(X)                                                              \
    X(l0_clean, "L0, clean", 0, "fidelity.in_distribution.l0")                         \
    X(explained_variance, "explained variance", 1,                                     \
      "fidelity.in_distribution.explained_variance")                                   \
    X(explained_variance_ood, "explained variance OOD", 1,                             \
      "fidelity.out_of_distribution.explained_variance")                               \
    X(ce_recovered, "CE recovered", 1, "fidelity.in_distribution.ce_recovered")        \
    X(ce_recovered_ood, "CE recovered OOD", 1,                                         \
      "fidelity.out_of_distribution.ce_recovered")                                     \
    X(absorption_semantic, "absorption, semantic", -1, "absorption.leaf.full")         \
    X(absorption_super, "absorption, super-categories", -1, "absorption.super.full")   \
    X(absorption_letter, "absorption, first letters", -1, "absorption.letter.full")    \
    X(absorption_saebench, "absorption, SAEBench's form", -1, "absorption.saebench")   \
    X(absorption_fraction, "absorption fraction", -1, "absorption.leaf.fraction")      \
    X(main_latent_recall, "main-latent recall", 1,                                     \
      "absorption.leaf.main_latent_recall")                                            \
    X(f1_best_latent, "F1 of the best latent", 1, "absorption.leaf.f1_best_latent")    \
    X(probing_k1, "probing k = 1", 1, "probing.leaf.k1.accuracy")                      \
    X(probing_k1_ood, "probing k = 1 OOD", 1, "probing.leaf.k1.accuracy_ood")          \
    X(probing_k5, "probing k = 5", 1, "probing.leaf.k5.accuracy")                      \
    X(probing_k5_ood, "probing k = 5 OOD", 1, "probing.leaf.k5.accuracy_ood")          \
    X(probing_k5_gap, "probing k = 5, OOD gap", -1, "probing.leaf.k5.gap")             \
    X(robustness, "robustness to masked context", 1, "robustness.mean")                \
    X(dead_fraction, "dead latents", -1, "latents.dead")

enum sweep_measure {
#define SWEEP_MEASURE_ENUM(column, label, better, path) SWEEP_##column,
    SWEEP_MEASURES(SWEEP_MEASURE_ENUM)
#undef SWEEP_MEASURE_ENUM
        SWEEP_MEASURE_COUNT
};

struct sweep_measure_def {
    const char *column, *label, *path;
    int better;
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
