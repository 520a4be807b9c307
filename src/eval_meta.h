/* What an eval.json says about its run and how that was evaluated, which tells whether
 * a kept one still holds. Owner thread. */
#ifndef SAETOP_SRC_EVAL_META_H
#define SAETOP_SRC_EVAL_META_H

#include "base/json.h"
#include "run_opts.h"
#include "train/rundir.h"

/* Add "run", "step" (unless it is there), "arch", "k", "mask_rate", "rows" and "seeds"
 * (training, weights, intervals) to the object. */
void eval_meta_add(cJSON *root, const char *dir, const struct run_record *r,
                   int64_t rows, int64_t seed);
/* What the user asked for that changes what is measured, or on what. Borrowed. */
struct eval_asked {
    const struct run_opts *named; /* settings in place of the run's own, --centre */
    const struct opt_list *probes;
    const char *probe_k;
    const char *only;    /* NULL: all */
    const double *split; /* for two SAEs; NULL: one */
};
/* Add "options": "probe_k", "centre", "split_cosine" for two SAEs, and where given
 * "only", "probes" and settings by their keys. Reads the file of --config. Errors of
 * run_opts_given. */
enum err eval_meta_add_options(cJSON *root, const struct eval_asked *a,
                               struct errinfo *e) ERR_CHECKED;
/* Append "training seed 1", or "training seed 1, of weights 2" as further arms of a run
 * have it. */
void eval_meta_say_seeds(const struct settings *s, struct str *out);
/* Add "rows" and "seeds" with intervals, for two runs compared; returns the latter. */
cJSON *eval_meta_add_seeds(cJSON *root, int64_t rows, int64_t seed);
/* Whether an eval.json has these values for the run as it is now. */
bool eval_meta_holds(const cJSON *root, const struct run_record *r, int64_t rows,
                     int64_t seed);

/* The same for the activations it was made on, "activations_hash". */
void eval_meta_add_files(cJSON *root, uint64_t hash);
bool eval_meta_holds_files(const cJSON *root, uint64_t hash);

#endif
