/* `saetop eval` of SAEs without a text: on known features (source=synthetic) or on
 * activations made elsewhere (source=activations). */
#ifndef SAETOP_SRC_EVAL_TEXTLESS_H
#define SAETOP_SRC_EVAL_TEXTLESS_H

#include "base/str.h"
#include "eval_arms.h"
#include "train/rundir.h"

/* Evaluate one saved run, or two (n = 2) and their paired differences, first minus
 * second. The result goes to `out` as text or JSON, and to `file` or, if that is NULL,
 * to the eval.json of the run `dir`, unless that is NULL too. ERR_USAGE if the runs
 * differ in their source, or in the features or activations it gives. */
struct textless_eval {
    const struct run_record *run[2];
    const char *name[2]; /* their names, before remarks on stderr */
    size_t n;
    int64_t seed; /* of intervals */
    int64_t rows; /* held-out rows, of activations */
    int64_t threads;
    bool json;
    const char *file, *dir;
};
enum err eval_textless_runs(const struct textless_eval *a, struct str *out,
                            struct errinfo *e) ERR_CHECKED;

/* Do as eval_arms, for n runs (1 or more) on the same activations made elsewhere. Their
 * fields are borrowed. */
struct textless_arm {
    const struct run_record *run;
    const char *dir;
};
enum err eval_textless_arms(const struct textless_arm *arm, size_t n, int64_t threads,
                            const struct eval_watch *watch, struct str *json,
                            bool *lost, struct errinfo *e) ERR_CHECKED;

#endif
