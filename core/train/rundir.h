/* The run directory: what is written of an arm, and read back.
 *
 *   config.json                 every effective setting and its origin, versions,
 * hashes cfg.json, sae_weights.safetensors   the SAE, as SAELens loads it
 *   trainer_state.safetensors   unfolded weights, optimizer, position in the text
 *   metrics.csv, events.csv     what was measured and done
 *   eval.json                   the last evaluation, if there was one
 *
 * Each file is written whole or not at all (write, fsync, rename). */
#ifndef SAETOP_TRAIN_RUNDIR_H
#define SAETOP_TRAIN_RUNDIR_H

#include "train/arm.h"
#include "train/history.h"

/* Make a new, empty run directory (and its parents). ERR_EXISTS when something is
 * there, so that nothing is ever overwritten by mistake. */
enum err rundir_create(const char *dir, struct errinfo *e) ERR_CHECKED;

/* Write everything of an arm into dir, which must exist. eval_json may be NULL. */
enum err rundir_save(const char *dir, const struct arm *a, const struct history *h,
                     const char *eval_json, struct errinfo *e) ERR_CHECKED;

/* A run read back for browsing. */
struct run_record {
    struct settings set;
    struct sae *sae;
    struct history history;
    int64_t step;
    double mask_rate; /* set when it was saved */
    uint64_t model_hash, corpus_hash;
};
/* Read config.json, the SAE and the histories. Errors name the file. */
enum err rundir_load(const char *dir, struct run_record *out,
                     struct errinfo *e) ERR_CHECKED;
void run_record_deinit(struct run_record *r);

/* Whether dir looks like a run directory (it has config.json and sae_weights). */
bool rundir_is(const char *dir);

#endif
