/* The whole evaluation of one SAE: every measure of the table in suite.c, into one
 * report. A measure that can't be made is listed as left out and the rest goes on. */
#ifndef SAETOP_EVAL_SUITE_H
#define SAETOP_EVAL_SUITE_H

#include "eval/probe_sheet.h"
#include "lm/lm.h"
#include "text/mask.h"

/* All borrowed. Owner thread of h and pool. */
struct suite_inputs {
    const struct eval_set *set;
    const struct acts_set *ood; /* OOD rows; NULL: none */
    const struct concepts *concepts;
    const struct sae *sae;
    const struct lm *lm;
    size_t depth; /* of the hook */
    struct harvester *h;
    struct pool *pool;
    const struct mask_spec *mask; /* NULL: robustness is left out */
    const char *const *probes;    /* files of sentence tasks */
    size_t n_probes;
    struct probe_ks ks;
    size_t rows; /* of text for reconstruction and losses */
    const atomic_bool *cancel;
};

#define SUITE_PARTS_MAX 16
struct suite_times {
    size_t n;
    const char *part[SUITE_PARTS_MAX];
    double seconds[SUITE_PARTS_MAX];
};

/* Run all measures; *result is what evaluate() gave (release it). times may be NULL.
 * Errors: ERR_NOMEM, ERR_CANCELLED, and those of evaluate(). */
enum err suite_run(const struct suite_inputs *in, struct report *r,
                   struct eval_result *result, struct suite_times *times,
                   struct errinfo *e) ERR_CHECKED;
/* eval.json: the report, and what eval_result_tree has that it has not. */
enum err suite_tree(const struct report *r, const struct eval_result *result,
                    const struct concepts *c, cJSON **out,
                    struct errinfo *e) ERR_CHECKED;

#endif
