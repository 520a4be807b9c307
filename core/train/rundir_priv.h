/* Internals of the run directory; included only in core/train. */
#ifndef SAETOP_TRAIN_RUNDIR_PRIV_H
#define SAETOP_TRAIN_RUNDIR_PRIV_H

#include "base/folder.h"
#include "train/rundir.h"

#include <stdbool.h>
#include <stddef.h>

#define RUN_LOCK        ".lock"
#define RUN_SAVING      ".saving"
#define RUN_SAVED       ".saved"
#define RUN_HELD        ".held"
#define RUN_CHECKPOINTS "checkpoints"
#define RUN_ARMS        RUN_ARMS_DIR
#define RUN_LABELS      "labels.csv"   /* of latents/latent_labels.h, not in a save */
#define RUN_PRESETS     "presets.json" /* of ask/ask_preset.h, likewise */
#define RUN_HISTORY     "concept_history.csv" /* of eval/concept_history.h, likewise */
#define RUN_LABEL       "label.txt"           /* the run's own, not in a save */

/* Files that a save writes, in the order in which they are moved into place: readers
 * look at the last, config.json, to see whether a save came in between. */
#define SAVE_FILES 7
extern const char *const save_files[SAVE_FILES];
bool save_writes(const char *name);

/* Checks that everything in a run with a name of the run's own is the regular file or
 * directory that belongs there, or missing. ERR_FORMAT names it. Cost: one lstat per
 * name. */
enum err rundir_check(const struct folder *run, struct errinfo *e) ERR_CHECKED;

/* One save: begin returns the folder to write the files into; end puts them in place,
 * all or on an error none; hold leaves them whole in .held instead, in place of an
 * older one; abort drops them. The caller holds the lock. */
enum err save_begin(const char *dir, char out[RUNDIR_PATH],
                    struct errinfo *e) ERR_CHECKED;
enum err save_end(const char *dir, struct errinfo *e) ERR_CHECKED;
enum err save_hold(const char *dir, struct errinfo *e) ERR_CHECKED;
void save_abort(const char *dir);

/* Returns whether dir holds only what a process killed before its first whole save
 * leaves: a lock, half a save, or neither, and the same for the other arms, which may
 * be held; with `held` also a held save. */
bool save_is_trace(const char *dir, bool held);

#endif
