/* The measures of one frozen SAE. Definitions and thresholds are SAEBench 0.6's, with
 * the two forms of absorption named in src/README.md, "Measures". */
#ifndef SAETOP_EVAL_EVALUATE_H
#define SAETOP_EVAL_EVALUATE_H

#include "base/json.h"
#include "eval/evalset.h"
#include "sae/sae.h"

#define EVAL_MAX_MAIN  10 /* SAEBench's max_k_value */
#define EVAL_ABSORBERS 3

/* A value with a 95 % interval; NaN if it was not measured. */
struct estimate {
    double value, lo, hi;
};

/* Absorption over one family of concepts. */
struct absorption_family {
    struct estimate full;     /* mean full-absorption rate over eligible concepts */
    struct estimate fraction; /* mean absorption fraction */
    struct estimate recall; /* mean share of true positives where a main latent fires */
    double f1_best;         /* mean F1 of the best single latent (k-sparse, k = 1) */
    size_t eligible;        /* concepts counted */
    size_t true_positives;  /* their occurrences that the raw probe gets right */
};

/* 95 % over resamples of the concept's words, each with its own choice of latents:
 * about text, not seeds. */
struct concept_bounds {
    double lo, hi;
};

/* How well "the latent fires" tells a concept, on the sample's test occurrences, with
 * both classes weighted alike; precision 0 if it fires nowhere. */
struct firing_fit {
    float f1, precision, recall;
};

/* One concept of the result. One that is not eligible has only the probe's figures: no
 * main latent, and rates of NaN. Rates are over all held-out occurrences that the probe
 * gets right, with each word form counting alike; F1s are of the test part of the
 * sample. */
struct concept_result {
    int32_t concept;
    bool eligible;
    double probe_f1;
    size_t true_positives;              /* occurrences that the probe gets right, */
    size_t absorbed;                    /* and how many of them are fully absorbed */
    int32_t main_latent[EVAL_MAX_MAIN]; /* best first, -1 after the last */
    size_t n_main;
    struct firing_fit fit[EVAL_MAX_MAIN]; /* of each main latent; NaN after the last */
    double full, fraction, recall, f1_best;
    double firmness;   /* share of resamples that choose main_latent[0] (firmness.h), */
    double f1_heldout; /* see heldout.h, */
    double spread;     /* see spread.h; these three and the next line are NaN after
                          evaluate() alone */
    struct concept_bounds full_by, fraction_by, recall_by, f1_by;
    int32_t absorber[EVAL_ABSORBERS]; /* latents that fire instead most often, or -1 */
    double absorber_share[EVAL_ABSORBERS]; /* of the absorbed occurrences */
};

/* A concept of which nothing was measured. */
struct concept_result concept_result_none(int32_t concept);
/* Whether a latent is one of its main latents. */
bool concept_result_is_main(const struct concept_result *r, int32_t latent);
/* The share of the concept's uses that absorber i takes, each word form counting alike:
 * all absorbers together take `full`. */
double concept_result_taken(const struct concept_result *r, size_t i);

struct word_result;         /* words.h */
struct absorption_evidence; /* rule.h */

/* Where the time of an evaluation went, in seconds. */
struct eval_split {
    double encode;    /* the concept sample through the SAE */
    double fidelity;  /* reconstruction, and the model behind it */
    double selection; /* L1 and k-sparse probes: which latents are the main ones */
    double decision;  /* projections, absorption, intervals */
};

struct eval_result {
    int64_t step; /* of training, for eval.json; the caller fills it in */
    size_t rows, ce_rows, rows_ood, ce_rows_ood; /* rows of text behind the distances,
                                                    and behind the cross-entropies */
    double l0, l0_ood;
    double mse; /* mean over tokens of the squared distance, in distribution */
    double explained_variance, explained_variance_ood;
    double ce_clean, ce_sae, ce_zero; /* nats a token, in distribution */
    double ce_clean_ood, ce_sae_ood, ce_zero_ood;
    double ce_recovered, ce_recovered_ood;
    double dead_fraction; /* share of latents silent on all ID rows and the sample, */
    size_t dead_tokens;   /* and the tokens looked at */
    struct absorption_family leaf, super, letter; /* centred, class-balanced F1 */
    double absorption_saebench; /* NaN until evaluate_saebench fills it in */
    size_t saebench_eligible;   /* concepts counted in it */
    size_t resamples;           /* behind firmness; 0: none */
    size_t fits, fits_short;    /* probes fitted for leaf, super and letter, resamples'
                                   too, and those not at their certified minimum */
    size_t n_concepts;
    struct concept_result
        *concept;             /* [n_concepts], the first of struct concepts; owned */
    struct word_result *word; /* [n_words] of words.h, owned */
    size_t n_words;
    struct absorption_evidence *evidence; /* of the words, a reference; NULL unless the
                                             set keeps it */
    double seconds;
    struct eval_split split;
};

/* Evaluates an SAE; deterministic for any number of threads, apart from the times.
 * `cancel` may be NULL. h NULL: no cross-entropies, which take half of the time. Any
 * thread that owns `h` and `pool` meanwhile. ERR_USAGE if the SAE's width is not the
 * set's, ERR_CANCELLED, ERR_NOMEM. Release the result with eval_result_deinit. */
enum err evaluate(const struct eval_set *set, const struct sae *s, struct harvester *h,
                  struct pool *pool, const atomic_bool *cancel, struct eval_result *out,
                  struct errinfo *e) ERR_CHECKED;
/* The same, with the spread of each eligible concept, as from spread_measure: half as
 * long again. */
enum err evaluate_spread(const struct eval_set *set, const struct sae *s,
                         struct harvester *h, struct pool *pool,
                         const atomic_bool *cancel, struct eval_result *out,
                         struct errinfo *e) ERR_CHECKED;
/* Computes absorption as SAEBench does, over the leaf concepts of the set (if it has
 * none, over all but shapes, suffixes and languages), into r's absorption_saebench and
 * saebench_eligible: activations as they are, plain F1, probes by its optimizer for its
 * number of epochs. The probes are the set's own: `bank` from eval_saebench_bank, or
 * NULL to train them here, in seconds. Meaningful for samples of SAEBench's size, tens
 * of thousands of words: on a small one fifty epochs are too few steps for its L1 probe
 * to tell latents apart. */
struct probe_bank;
enum err evaluate_saebench(const struct eval_set *set, const struct probe_bank *bank,
                           const struct sae *s, struct pool *pool,
                           const atomic_bool *cancel, struct eval_result *r,
                           struct errinfo *e) ERR_CHECKED;
/* Trains those probes; released by probe_bank_deinit (evalset_priv.h). */
enum err eval_saebench_bank(const struct eval_set *set, struct pool *pool,
                            const atomic_bool *cancel, struct probe_bank *out,
                            struct errinfo *e) ERR_CHECKED;
/* The same on the heap, for several SAEs; the caller frees it. NULL is fine there. */
enum err saebench_bank_new(const struct eval_set *set, struct pool *pool,
                           const atomic_bool *cancel, struct probe_bank **out,
                           struct errinfo *e) ERR_CHECKED;
void saebench_bank_free(struct probe_bank *b);
void eval_result_deinit(struct eval_result *r);
/* Makes a deep copy. */
enum err eval_result_copy(const struct eval_result *r, struct eval_result *out,
                          struct errinfo *e) ERR_CHECKED;
/* Makes the object of eval.json as a tree; caller owns. What training measures, on few
 * rows, is under "live" with the number of rows; `saetop eval` puts figures of the same
 * names, from more rows, under its own measures (suite_tree). */
enum err eval_result_tree(const struct eval_result *r, const struct concepts *c,
                          cJSON **out, struct errinfo *e) ERR_CHECKED;
/* Writes eval.json: one object nested by measure. */
enum err eval_result_json(const struct eval_result *r, const struct concepts *c,
                          struct str *out, struct errinfo *e) ERR_CHECKED;

#endif
