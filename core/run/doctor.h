/* Measures, in seconds, the cost of a run on a model and a text before there is a run:
 * for `saetop doctor`. Owner thread. */
#ifndef SAETOP_RUN_DOCTOR_H
#define SAETOP_RUN_DOCTOR_H

#include "run/run_cost.h"
#include "train/rundir.h"

struct doctor {
    struct inputs *in; /* owned; read but not started (no run); in->text is set */
    struct run_cost cost;
};

/* Opens all that `set` names and measures it: some rows of the text through the model
 * up to the hook, a few through all of it, clean and masked, and a few steps of the
 * SAEs (run_cost_time). Errors are those of the inputs and of the arms; they name what
 * is not supported or does not fit. ERR_USAGE for a source that is no model,
 * ERR_NUMERIC where the activations are not finite. Release with doctor_deinit. Takes
 * some seconds. */
enum err doctor_look(const struct settings *set, struct doctor *out,
                     struct errinfo *e) ERR_CHECKED;
void doctor_deinit(struct doctor *d);

/* Whether an SAE on disk fits the activations of the inputs' model. */
struct sae_fit {
    char path[RUNDIR_PATH];
    char what[160]; /* "run, topk, 512 latents at blocks.1.hook_resid_post" */
    char why[512];  /* why it does not fit, or what is odd; "" */
    bool fits;
};
/* Checks one SAE: a run by its config.json, another tool's SAE by its files, which are
 * read. Any error in them becomes `why`. */
void sae_fit_look(const char *path, const struct inputs *in, struct sae_fit *out);
/* Checks the SAEs in the folder `dir`, one level deep, in the order of their names, at
 * most `most`; skips entries that are no SAE. *out [*n]: caller owns, mem_free; empty
 * where the folder does not exist. */
enum err sae_fit_list(const char *dir, const struct inputs *in, size_t most,
                      struct sae_fit **out, size_t *n, struct errinfo *e) ERR_CHECKED;

#endif
