/* Inside of a run directory; included only in core/train. */
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
#define RUN_LABELS      "labels.csv"   /* of latents/latent_labels.h, in no save */
#define RUN_PRESETS     "presets.json" /* of ask/ask_preset.h, likewise */
#define RUN_HISTORY     "concept_history.csv" /* of eval/concept_history.h, likewise */
#define RUN_LABEL       "label.txt"           /* the run's own, in no save */

/* Files that a save writes, in the order in which they are moved into place: readers
 * look at the last, config.json, to see whether a save came in between. */
#define SAVE_FILES 7
extern const char *const save_files[SAVE_FILES];
bool save_writes(const char *name);

/* Demand of everything in a run that has a name of the run's own that it is the regular
 * file or the directory that belongs there, or missing. ERR_FORMAT names it. Cost: an
 * lstat a name. */
enum err rundir_check(const struct folder *run, struct errinfo *e) ERR_CHECKED;

/* One save: begin gives the folder to write the files into; end puts them in place,
 * all or none (an error: none); hold leaves them whole in .held instead, in place of an
 * older one; abort forgets them. The caller holds the lock. */
enum err save_begin(const char *dir, char out[RUNDIR_PATH],
                    struct errinfo *e) ERR_CHECKED;
enum err save_end(const char *dir, struct errinfo *e) ERR_CHECKED;
enum err save_hold(const char *dir, struct errinfo *e) ERR_CHECKED;
void save_abort(const char *dir);

/* Whether dir holds what a process leaves that was killed before its first save was
 * whole, and nothing else: a lock, half a save, or not even these, and the same of the
 * other arms, which may be held; with `held` also a save that is held. */
bool save_is_trace(const char *dir, bool held);

#endif
