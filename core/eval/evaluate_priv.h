/* The evaluation of one SAE on one sample of words; internal to core/eval. */
#ifndef SAETOP_EVAL_EVALUATE_PRIV_H
#define SAETOP_EVAL_EVALUATE_PRIV_H

#include "eval/absorption.h"

/* ERR_USAGE if the SAE's width is not the set's. */
enum err eval_check_width(const struct eval_set *set, const struct sae *s,
                          struct errinfo *e) ERR_CHECKED;

struct eval_job {
    const struct eval_set *set;
    const struct sae *s;
    struct pool *pool;
    const atomic_bool *cancel;
    const struct logreg *start; /* where the L1 probes start; NULL: at zero */
    struct logreg *keep;        /* takes their weights; NULL: not kept */
    bool fits, spread;          /* find these of the latents chosen too */
    bool model_units; /* codes as from an SAE whose decoder rows have unit length in the
                         model's own space: what SAEBench sees */
    struct sae_codes codes; /* of the concept sample ... */
    double scale;           /* ... divide them by this for the model's units */
    struct code_columns columns;
    float *length;            /* [F] norms of decoder rows */
    struct absorption_ws *ws; /* one for each worker */
    struct logreg_tally tally;
};
/* Encodes the set's sample, then eval_job_open. */
enum err eval_job_init(struct eval_job *j, struct errinfo *e) ERR_CHECKED;
/* The same with j->codes already filled: makes their columns, then eval_job_begin. */
enum err eval_job_open(struct eval_job *j, struct errinfo *e) ERR_CHECKED;
/* Makes only what eval_decide needs: scale, lengths of decoder rows, a workspace for
 * each worker. */
enum err eval_job_begin(struct eval_job *j, struct errinfo *e) ERR_CHECKED;
void eval_job_deinit(struct eval_job *j);
/* Writes to r the main latents of concepts 0..bank->C-1 and their F1, the rest as for a
 * concept with nothing decided. Adds the seconds to split. */
enum err eval_job_select(struct eval_job *j, const struct probe_bank *bank,
                         struct concept_result *r, struct eval_split *split,
                         struct errinfo *e) ERR_CHECKED;

/* A choice of main latents, and how often each word form counts. */
struct eval_choice {
    const struct concept_result *r; /* [C] */
    const uint32_t *times;          /* [forms]; NULL: once */
};
/* Weighted means over a concept's true positives; NaN if it has none. */
struct eval_rates {
    double full, fraction, recall;
};
/* Applies the rule to all held-out occurrences of the bank's eligible concepts, under n
 * choices: rates [n, C]. outcome [occurrences of the bank], which may be NULL: those of
 * the first choice, also where the probe is wrong; occurrences of other concepts stay
 * as they are. */
enum err eval_decide(const struct eval_job *j, const struct probe_bank *bank, size_t n,
                     const struct eval_choice *choice, struct eval_rates *rates,
                     struct absorption_outcome *outcome, struct errinfo *e) ERR_CHECKED;

/* Judges the words of the set's eligible concepts by the outcomes of all occurrences of
 * its bank; F latents. *out [*n]: mem_free. evidence: takes a reference to what they
 * follow from; NULL: not kept. Deterministic. O(occurrences log). */
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
/* Takes the latents of greatest weight, ties to the lower number, and their shares of
 * the sum; -1 after the last. Returns how many; the tally is empty again. */
size_t absorbers_take(struct absorber_tally *t, int32_t latent[EVAL_ABSORBERS],
                      double share[EVAL_ABSORBERS]);

#endif
