/* What an eval.json says about its run and how that was evaluated, which tells whether
 * a kept one still holds. Owner thread. */
#ifndef SAETOP_SRC_EVAL_META_H
#define SAETOP_SRC_EVAL_META_H

#include "base/json.h"
#include "train/rundir.h"

/* Add "run", "step" (unless it is there), "arch", "k", "mask_rate", "rows" and "seeds"
 * (training, weights, intervals) to the object. */
void eval_meta_add(cJSON *root, const char *dir, const struct run_record *r,
                   int64_t rows, int64_t seed);
/* Whether an eval.json has these values for the run as it is now. */
bool eval_meta_holds(const cJSON *root, const struct run_record *r, int64_t rows,
                     int64_t seed);

/* The same for the activations it was made on, "activations_hash". */
void eval_meta_add_files(cJSON *root, uint64_t hash);
bool eval_meta_holds_files(const cJSON *root, uint64_t hash);

#endif
