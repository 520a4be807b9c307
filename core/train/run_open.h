/* Opens a path for browsing: a run of saetop's own, or an SAE that another tool made.
 * Owner thread. */
#ifndef SAETOP_TRAIN_RUN_OPEN_H
#define SAETOP_TRAIN_RUN_OPEN_H

#include "train/rundir.h"

/* Whether there is either; from the files' names, mostly. */
bool run_is_openable(const char *path);

/* ERR_USAGE with a line that the path is a model (lm_is_model), and what takes one. */
enum err run_say_model(const char *path, struct errinfo *e) ERR_CHECKED;

/* rundir_load for a run directory. For an SAE of another tool (sae/foreign.h) a record
 * without history at step 0, of the settings `set`: its files do not say which model
 * and text to read, only, at best, the hook, which is taken unless the user has named
 * one, as `named` tells (may be NULL). ERR_USAGE if neither does. set->centre counts
 * for it alone. A run on activations made elsewhere is one on the model and the corpus
 * that `named` has, where it has both. threshold.target_l0 is taken from `named` alone,
 * for either. */
enum err run_open(const char *path, const struct settings *set,
                  const struct settings *named, struct run_record *out,
                  struct errinfo *e) ERR_CHECKED;

/* The SAE alone, of either; one of another tool with sae_centre where `centre`; meta
 * may be NULL. */
enum err run_open_sae(const char *path, bool centre, struct sae **out,
                      struct foreign_meta *meta, struct errinfo *e) ERR_CHECKED;

#endif
