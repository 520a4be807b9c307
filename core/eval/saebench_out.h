/* Writes an evaluation as SAEBench 0.6 does, so that its tables and plots can read
 * it. */
#ifndef SAETOP_EVAL_SAEBENCH_OUT_H
#define SAETOP_EVAL_SAEBENCH_OUT_H

#include "eval/report.h"

/* Identity of the SAE in these files. Strings borrowed. */
struct saebench_meta {
    const char *model, *hook, *release, *id; /* release and id name the files */
    const char *arch, *version;
    int64_t epoch_millis, step;
    size_t D, F, context, layer;
    double k;
    uint64_t seed;
};

/* ERR_EXISTS, with `way_on` at the end of its line, if one of the files that
 * saebench_write might write exists. */
enum err saebench_check(const struct saebench_meta *m, const char *dir,
                        const char *way_on, struct errinfo *e) ERR_CHECKED;

/* Writes DIR/core, absorption, sparse_probing, tpp and scr, each with one file
 * RELEASE_ID_eval_results.json, atomically; DIR is made if need be. `absorption` holds
 * the first letters. Measures missing from the report are not written; *written: how
 * many were. core/eval/README.md defines every metric: distances are SAEBench's own,
 * batch by batch (see reconstruct.h); the correct explained variance is under
 * eval_result_unstructured with the reason. Accuracies are of our own sentence tasks,
 * under their names. */
enum err saebench_write(const struct report *r, const struct eval_result *result,
                        const struct concepts *c, const struct saebench_meta *m,
                        const char *dir, size_t *written,
                        struct errinfo *e) ERR_CHECKED;

#endif
