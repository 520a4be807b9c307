/* The cost of a run on a model and a text, measured in seconds before there is one: for
 * `saetop doctor`. Owner thread. */
#ifndef SAETOP_RUN_DOCTOR_H
#define SAETOP_RUN_DOCTOR_H

#include "run/run_cost.h"
#include "train/rundir.h"

struct doctor {
    struct inputs *in; /* owned; read, but not started: of no run. in->text is known */
    struct run_cost cost;
};

/* Open all that `set` names and measure it: some rows of the text through the model up
 * to the hook, a few through all of it, clean and with masks, and a few steps of the
 * SAEs (run_cost_time). Errors are those of the inputs and of the arms: what they name
 * is what is not supported, or does not fit. ERR_USAGE for a source that is no model,
 * ERR_NUMERIC where the activations are not finite. Release with doctor_deinit. Some
 * seconds. */
enum err doctor_look(const struct settings *set, struct doctor *out,
                     struct errinfo *e) ERR_CHECKED;
void doctor_deinit(struct doctor *d);

/* Whether an SAE on this disk reads what the inputs' model gives. */
struct sae_fit {
    char path[RUNDIR_PATH];
    char what[160]; /* "run, topk, 512 latents at blocks.1.hook_resid_post" */
    char why[512];  /* why it does not, or what is odd; "" */
    bool fits;
};
/* A run by what its config.json says, another tool's SAE by its files, which are
 * read. Any error of theirs is its `why`. */
void sae_fit_look(const char *path, const struct inputs *in, struct sae_fit *out);
/* Those in the folder `dir`, one level deep, in the order of their names, at most
 * `most`; entries that are no SAE are passed over. *out [*n]: caller owns, mem_free; in
 * a folder that is not there none. */
enum err sae_fit_list(const char *dir, const struct inputs *in, size_t most,
                      struct sae_fit **out, size_t *n, struct errinfo *e) ERR_CHECKED;

#endif
