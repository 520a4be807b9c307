/* The evaluation of one SAE on one sample of words; internal to core/eval. */
#ifndef SAETOP_EVAL_EVALUATE_PRIV_H
#define SAETOP_EVAL_EVALUATE_PRIV_H

#include "eval/absorption.h"

struct eval_job {
    const struct eval_set *set;
    const struct sae *s;
    struct pool *pool;
    const atomic_bool *cancel;
    const struct logreg *start; /* where the L1 probes begin; NULL: at zero */
    struct logreg *keep;        /* takes their weights; NULL: nobody does */
    struct sae_codes codes;     /* of the concept sample ... */
    double scale;               /* ... which divided by this are in the model's units */
    struct code_columns columns;
    float *length;            /* [F] norms of decoder rows */
    struct absorption_ws *ws; /* one a worker */
    struct logreg_tally tally;
};
/* Encode the set's sample and open. model_units: codes as an SAE would give them whose
 * decoder rows have unit length in the model's own space, which is what SAEBench sees.
 */
enum err eval_job_init(struct eval_job *j, bool model_units,
                       struct errinfo *e) ERR_CHECKED;
/* What follows from codes that are there already. */
enum err eval_job_open(struct eval_job *j, struct errinfo *e) ERR_CHECKED;
void eval_job_deinit(struct eval_job *j);
/* Concepts 0..bank->C-1 into r; the seconds of both halves are added to split. */
enum err eval_job_run(struct eval_job *j, const struct probe_bank *bank,
                      struct concept_result *r, struct eval_split *split,
                      struct errinfo *e) ERR_CHECKED;

#endif
