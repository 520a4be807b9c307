/* Opens a path for browsing: a run of saetop's own, or an SAE made by another tool.
 * Owner thread. */
#ifndef SAETOP_TRAIN_RUN_OPEN_H
#define SAETOP_TRAIN_RUN_OPEN_H

#include "train/rundir.h"

/* Returns whether there is either, mostly from the files' names. */
bool run_is_openable(const char *path);

/* Returns ERR_USAGE, with a line saying that the path is a model (lm_is_model) and what
 * takes one. */
enum err run_say_model(const char *path, struct errinfo *e) ERR_CHECKED;

/* Opens a run directory as rundir_load does. An SAE of another tool (sae/foreign.h)
 * becomes a record without history at step 0, with the settings `set`: its files do not
 * name the model and text, only, at best, the hook, which is taken unless the user
 * named one (in `named`, which may be NULL). ERR_USAGE if neither does. Only there does
 * set->centre count. A run on activations made elsewhere becomes one on the model and
 * corpus of `named`, where that has both. Either takes threshold.target_l0 from `named`
 * only. */
enum err run_open(const char *path, const struct settings *set,
                  const struct settings *named, struct run_record *out,
                  struct errinfo *e) ERR_CHECKED;

/* Opens only the SAE of either; that of another tool with sae_centre where `centre`.
 * meta may be NULL. */
enum err run_open_sae(const char *path, bool centre, struct sae **out,
                      struct foreign_meta *meta, struct errinfo *e) ERR_CHECKED;

#endif
