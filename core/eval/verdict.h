/* Verdicts: what the paired differences of two conditions establish, for each of a
 * fixed list of measures. Any thread. */
#ifndef SAETOP_EVAL_VERDICT_H
#define SAETOP_EVAL_VERDICT_H

#include "lm/ce_doubt.h"
#include "measure/measure.h"
#include "num/paired.h"

#include <math.h>
#include <stdbool.h>

#define VERDICT_ALPHA 0.05
#define VERDICT_LEVEL (1.0 - VERDICT_ALPHA)

/* Lists of measures; Holm's adjustment is over each list separately. */
enum verdict_list {
    VERDICT_PRIMARY, /* shown first */
    VERDICT_OTHERS,
    VERDICT_BARE, /* what activations alone give beside explained variance: shown first
                     when there is no model, otherwise only with --all */
    VERDICT_LISTS
};
/* X(id of a row of measure/measure.h, margin, list, range)
 * margin: a difference within it either way is too small to matter; 0 for L0, whose
 * scale is the run's own (verdict_l0_apart).
 * range: no difference can be greater: shares differ by at most 1, spread, which is 1
 * to 10 latents, by 9; explained variance and CE recovered are at most 1 but have no
 * lower bound. Squared error has no row: on the same activations its difference is that
 * of explained variance, times their variance. */
#define VERDICT_MEASURES(X)                                                            \
    X(EV, 0.01, PRIMARY, (double)INFINITY)                                             \
    X(CE_REC, 0.01, PRIMARY, (double)INFINITY)                                         \
    X(ABSORPTION, 0.01, PRIMARY, 1)                                                    \
    X(RECALL, 0.02, PRIMARY, 1)                                                        \
    X(F1_BEST, 0.02, PRIMARY, 1)                                                       \
    X(F1_HELDOUT, 0.02, PRIMARY, 1)                                                    \
    X(PROBING_K1, 0.005, PRIMARY, 1)                                                   \
    X(PROBING_K5, 0.005, PRIMARY, 1)                                                   \
    X(EV_OOD, 0.01, OTHERS, (double)INFINITY)                                          \
    X(CE_REC_OOD, 0.01, OTHERS, (double)INFINITY)                                      \
    X(ABS_FRACTION, 0.01, OTHERS, 1)                                                   \
    X(SPREAD, 0.5, OTHERS, 9)                                                          \
    X(ABS_SUPER, 0.01, OTHERS, 1)                                                      \
    X(ABS_LETTER, 0.01, OTHERS, 1)                                                     \
    X(PROBING_K1_OOD, 0.005, OTHERS, 1)                                                \
    X(PROBING_K5_OOD, 0.005, OTHERS, 1)                                                \
    X(L0_CLEAN, 0, BARE, (double)INFINITY)                                             \
    X(DEAD_CLEAN, 0.01, BARE, 1)                                                       \
    X(COSINE, 0.01, BARE, 2)                                                           \
    X(SHRINKAGE, 0.01, BARE, 1)

enum verdict_measure {
#define VERDICT_ENUM(id, ...) VERDICT_OF_##id,
    VERDICT_MEASURES(VERDICT_ENUM)
#undef VERDICT_ENUM
        VERDICT_MEASURE_COUNT
};
struct verdict_measure_def {
    enum metric metric;
    double margin;
    enum verdict_list list;
    double range;
};
/* m below VERDICT_MEASURE_COUNT. */
const struct verdict_measure_def *verdict_measure_def(size_t m);
const struct measure *verdict_measure(size_t m);
/* Its name in results.csv, or the last part of its path; and its name for people. */
const char *verdict_measure_name(size_t m);
const char *verdict_measure_label(size_t m);

enum verdict {
    VERDICT_NOT_MEASURED, /* in no pair */
    VERDICT_ONE_SEED,     /* one pair: nothing can be said of seeds */
    VERDICT_SAME,         /* no pair differs */
    VERDICT_SMALL,        /* too small to matter: the interval lies inside the margin,
                             whether it holds 0 or not */
    VERDICT_LOWER,        /* established: Holm-adjusted p below VERDICT_ALPHA */
    VERDICT_HIGHER,       /* the same */
    VERDICT_OPEN,         /* not established */
};
/* "not measured", "not established: one seed", "the same", "too small to matter",
 * "established", "established", "not established"; "lower", "higher" or NULL. */
const char *verdict_text(enum verdict v);
const char *verdict_direction(enum verdict v);
/* The same in a word, "small", "unclear", "lower"; "-" if it was not measured. */
const char *verdict_brief(enum verdict v);

/* Returns which of n conditions is the baseline: each difference is of another
 * condition minus it. Of two it is the second, so that the difference is A - B, the
 * first named minus the second. Of more it is the unmasked one, if there is exactly
 * one; else the second, B. All screens and commands that compare conditions use it.
 * unmasked [n] is read only if n is more than two. */
size_t verdict_baseline(const bool *unmasked, size_t n);

/* Returns the random control of condition `of` among n: the first random one that is
 * equal to it in all beyond the decoder. beyond [n]: conditions_beyond_decoder. Returns
 * n if there is none, and for a random condition. */
size_t verdict_control(const bool *random, const uint64_t *beyond, size_t n, size_t of);

/* Whether clean L0 differs by more than 5 % of b, so that a difference in measures that
 * depend on L0 may not be the condition's doing. */
bool verdict_l0_apart(double a, double b);

/* One measure of one comparison. */
struct verdict_row {
    size_t measure;  /* enum verdict_measure */
    double margin;   /* the measure's own, or what a user asks for */
    struct paired d; /* as paired_of gives it at VERDICT_LEVEL */
    /* Found by verdict_judge: */
    double p_holm;
    double smallest; /* |mean| that as many pairs of this spread would have established,
                        the other rows being as they are; NaN without a spread */
    enum verdict verdict;
    bool so_far; /* set by verdict_so_far: its direction is no verdict yet */
};
/* Begins a row on measure m with n pairs of values, of which those with both finite
 * count; verdict_judge finds the rest. n up to VERDICT_PAIRS. */
#define VERDICT_PAIRS 64
void verdict_row_of(size_t m, double margin, size_t n, const double *before,
                    const double *after, size_t first, struct verdict_row *out);
/* The doubt about CE recovered of one side (0: the condition compared, 1: its baseline)
 * that the difference cannot show. NULL: none. */
const struct ce_doubt *verdict_doubt(const struct verdict_row *row, size_t side);
/* Whether a judged row is open though its own interval excludes 0, since Holm asks more
 * of one among several. */
bool verdict_but_for_holm(const struct verdict_row *row);
/* verdict_text of a row; "so far" for a direction before the end of the plan. */
const char *verdict_row_text(const struct verdict_row *row);
/* The mark of a row in every table: '*' established, '~' but for Holm, '=' small; ' '
 * none. */
char verdict_mark(const struct verdict_row *row);
#define VERDICT_MARKS "* established  ~ clear only taken alone (Holm)  = small"
#define VERDICT_MARKS_SO_FAR                                                           \
    "so far, nothing established  ~ clear only taken alone (Holm)"
/* Says in a line what the row comes to: why it is small or not established, and the
 * smallest difference that would have been established. "" if there is nothing to
 * say. */
#define VERDICT_WHY 160
void verdict_why(const struct verdict_row *row, char out[VERDICT_WHY]);
/* Whether the measure can differ by as much as `smallest`; false without one. */
bool verdict_in_reach(const struct verdict_row *row);
/* Whether a judged row, of a condition minus a random control, finds the condition
 * "within random": at least two pairs, and no difference established. */
bool verdict_is_within(const struct verdict_row *row);
/* For rows of arms that have not reached the end of their plan. What is established now
 * may pass, so such a row keeps its direction but has neither mark nor why. A
 * difference that is small, or none, may grow, so "too small to matter" and "the same"
 * become open, without a smallest difference. */
void verdict_so_far(struct verdict_row *row, size_t n);
/* Judges n rows, with Holm over each list of measures (verdict_list). `first`: as given
 * to paired_of. The 95 % intervals are each measure's own, so one may exclude 0 where
 * Holm leaves it open; being inside the margin is a pair of one-sided tests at 2.5 %
 * each (equivalence), not adjusted. O(n^2). ERR_NOMEM. */
enum err verdict_judge(struct verdict_row *row, size_t n, size_t first,
                       struct errinfo *e) ERR_CHECKED;

/* The same without the smallest difference, the costly part, which stays NaN. O(n log
 * n). */
enum err verdict_decide(struct verdict_row *row, size_t n,
                        struct errinfo *e) ERR_CHECKED;

#endif
