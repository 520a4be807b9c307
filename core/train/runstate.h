/* trainer_state.safetensors: all that a resume starts from: the weights as trained
 * (unfolded), the optimizer, the place in the text, masking in use and planned, every
 * setting, and hashes of the inputs. Training on from it gives the same bytes as never
 * having stopped, on the same kernels, with any number of threads. */
#ifndef SAETOP_TRAIN_RUNSTATE_H
#define SAETOP_TRAIN_RUNSTATE_H

#include "train/arm.h"
#include "train/arm_place.h"

/* The name and condition of an arm, and the other arms to open with it, as a list of
 * places (arm_place.h). All "" in a run of one arm. */
struct arm_names {
    char name[ARM_NAME_MAX], condition[ARM_NAME_MAX];
    char others[ARM_PLACES_TEXT];
};

struct run_state {
    struct settings set; /* of the arm, resolved */
    struct arm_state arm;
    struct mask_schedule schedule;
    struct stream_pos pos;
    int64_t step;
    double lr;
    float scale;
    double threshold;
    uint64_t model_hash, corpus_hash, ood_hash, concepts_hash; /* 0: none */
    char kernels[96];
    struct arm_names names; /* as given to rundir_save */
    struct st_file *file;   /* the arrays, until runstate_close */
};

enum err runstate_save(const char *dir, const struct arm *a,
                       const struct arm_names *names, struct errinfo *e) ERR_CHECKED;

/* Reads and checks everything but the arrays. Errors name the file and what is in
 * it. */
enum err runstate_open(const char *dir, struct run_state *out,
                       struct errinfo *e) ERR_CHECKED;
void runstate_close(struct run_state *r);
/* Reads the other arms of the run `dir` into out[RUN_ARMS_MAX - 1]; false where it has
 * no readable state. */
bool runstate_arms(const char *dir, struct arm_place *out, size_t *n);

/* Returns ERR_USAGE when model or text are not those of the training. */
enum err runstate_check_inputs(const struct run_state *r, const char *dir,
                               const struct inputs *in, struct errinfo *e) ERR_CHECKED;
/* Returns the kernels then and now, in buf (RUNSTATE_KERNELS is enough), where the
 * state was made by other kernels or in another order of sums, so that bytes will
 * differ; else NULL. */
#define RUNSTATE_KERNELS 160
const char *runstate_other_kernels(const struct run_state *r, char *buf, size_t cap);

/* Makes an arm as the state left it. *out: caller owns. Runs the model over the text
 * that was in the buffer. */
enum err runstate_arm(const struct run_state *r, const char *dir, struct inputs *in,
                      struct arm **out, struct errinfo *e) ERR_CHECKED;

#endif
