/* The evaluation of one SAE on one sample of words; internal to core/eval. */
#ifndef SAETOP_EVAL_EVALUATE_PRIV_H
#define SAETOP_EVAL_EVALUATE_PRIV_H

#include "eval/absorption.h"

/* ERR_USAGE for an SAE of another width than the set's. */
enum err eval_check_width(const struct eval_set *set, const struct sae *s,
                          struct errinfo *e) ERR_CHECKED;

struct eval_job {
    const struct eval_set *set;
    const struct sae *s;
    struct pool *pool;
    const atomic_bool *cancel;
    const struct logreg *start; /* where the L1 probes begin; NULL: at zero */
    struct logreg *keep;        /* takes their weights; NULL: nobody does */
    bool fits, spread;          /* of the latents chosen these too */
    bool model_units; /* codes as an SAE would give them whose decoder rows have unit
                         length in the model's own space: what SAEBench sees */
    struct sae_codes codes; /* of the concept sample ... */
    double scale;           /* ... which divided by this are in the model's units */
    struct code_columns columns;
    float *length;            /* [F] norms of decoder rows */
    struct absorption_ws *ws; /* one a worker */
    struct logreg_tally tally;
};
/* Encode the set's sample and open. */
enum err eval_job_init(struct eval_job *j, struct errinfo *e) ERR_CHECKED;
/* The same where j->codes is filled already: make its columns, then eval_job_begin. */
enum err eval_job_open(struct eval_job *j, struct errinfo *e) ERR_CHECKED;
/* Only what eval_decide needs: scale, lengths of decoder rows, a workspace for each
 * worker. */
enum err eval_job_begin(struct eval_job *j, struct errinfo *e) ERR_CHECKED;
void eval_job_deinit(struct eval_job *j);
/* The main latents of concepts 0..bank->C-1 and their F1 into r, the rest as for a
 * concept of which nothing is decided. The seconds are added to split. */
enum err eval_job_select(struct eval_job *j, const struct probe_bank *bank,
                         struct concept_result *r, struct eval_split *split,
                         struct errinfo *e) ERR_CHECKED;

/* A choice of main latents, and how often each word form counts. */
struct eval_choice {
    const struct concept_result *r; /* [C] */
    const uint32_t *times;          /* [forms]; NULL: once */
};
/* Weighted means over a concept's true positives; NaN where it has none. */
struct eval_rates {
    double full, fraction, recall;
};
/* The rule on all held-out occurrences of the bank's eligible concepts, under n
 * choices: rates [n, C]. outcome [occurrences of the bank] of the first choice, of
 * those that are not right too; those of other concepts stay as they are. May be NULL.
 */
enum err eval_decide(const struct eval_job *j, const struct probe_bank *bank, size_t n,
                     const struct eval_choice *choice, struct eval_rates *rates,
                     struct absorption_outcome *outcome, struct errinfo *e) ERR_CHECKED;

/* The words of the set's eligible concepts, by the outcomes of all occurrences of its
 * bank; F latents. *out [*n]: mem_free. evidence: takes what they follow from, a
 * reference; NULL: nobody does. Deterministic. O(occurrences log). */
enum err eval_words(const struct eval_set *set,
                    const struct absorption_outcome *outcome, size_t F,
                    struct word_result **out, size_t *n,
                    struct absorption_evidence **evidence,
                    struct errinfo *e) ERR_CHECKED;

/* Which latents absorb, by weight. */
struct absorber_tally {
    size_t F;
    double *weight; /* [F] */
    double sum;
};
enum err absorbers_init(struct absorber_tally *t, size_t F,
                        struct errinfo *e) ERR_CHECKED;
void absorbers_deinit(struct absorber_tally *t);
/* latent -1: none. */
void absorbers_add(struct absorber_tally *t, int32_t latent, double weight);
/* Those of greatest weight, ties to the lower number, and their shares of all; -1 after
 * the last. Returns how many; the tally is empty again. */
size_t absorbers_take(struct absorber_tally *t, int32_t latent[EVAL_ABSORBERS],
                      double share[EVAL_ABSORBERS]);

#endif
