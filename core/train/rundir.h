/* The run directory: how an arm is written and read back.
 *
 *   config.json                            every effective setting and its origin,
 *                                          versions, hashes of the inputs
 *   cfg.json, sae_weights.safetensors      the SAE, as SAELens loads it
 *   trainer_state.safetensors              all that a resume needs (runstate.h)
 *   metrics.csv, events.csv                what was measured and done
 *   eval.json                              the last evaluation, if there was one
 *   label.txt                              what a person calls the run (rundir_label)
 *   checkpoints/best, checkpoints/step-N   earlier states of the same form
 *   arms/NAME                              the run's other arms, each such a directory
 *
 * A save is whole or not at all: its files are written into DIR/.saving, which is then
 * renamed .saved, and moved into place from there. A process killed before the rename
 * leaves the old save, one killed after it the new one: the next writer moves what is
 * left into place. Files that saetop did not write stay where they are.
 *
 * Each arm of a run has a directory, and the first arm's names the others
 * (trainer_state, arm_place.h). So that it never names one without a save, the first
 * save of another arm is held: kept whole in .held, which does not count until the
 * first arm's own save names the arm, and then counts as its save. The next to open the
 * run releases it, which is a rename.
 *
 * A run directory may come from anybody, and an archive keeps links. So nothing outside
 * it is ever written, moved or removed: where a name of the table is not the regular
 * file or directory that belongs there, reading and writing are refused in a line that
 * names it. The path of the directory itself may be a link.
 *
 * A reader (rundir_load, rundir_load_sae, rundir_file) makes, moves, empties and
 * removes nothing and takes no lock, as it may have no right to, and the files may not
 * be what they seem. Nor does it wait: of a save still in .saved it reads the files
 * there, and the others in place. Only rundir_lock makes a writer. */
#ifndef SAETOP_TRAIN_RUNDIR_H
#define SAETOP_TRAIN_RUNDIR_H

#include "base/folder.h"
#include "base/remarks.h"
#include "sae/foreign.h"
#include "train/arm.h"
#include "train/history.h"
#include "train/runstate.h"

#define RUNDIR_PATH 4096

/* Makes a new, empty run directory (and its parents). ERR_EXISTS when something is
 * there, so that nothing is overwritten by mistake; traces of a process killed before
 * its first save do not count. */
enum err rundir_create(const char *dir, struct errinfo *e) ERR_CHECKED;
/* The same for another arm of the run `dir`, which the caller has locked and which does
 * not name the arm yet: a held save there does not count either. ERR_FORMAT for a link
 * on the way. */
enum err rundir_create_arm(const char *dir, const struct arm_place *p,
                           struct errinfo *e) ERR_CHECKED;

/* Locks a run directory for writing until rundir_unlock or the end of the process,
 * however it ends; then completes or clears away an interrupted save. ERR_USAGE when
 * another process has it; ERR_IO where it cannot be written to; ERR_FORMAT when
 * something in it belongs to no run: nothing has been touched then. */
enum err rundir_lock(const char *dir, int *lock, struct errinfo *e) ERR_CHECKED;
void rundir_unlock(const char *dir, int lock);

/* Writes everything of an arm into dir, which the caller has locked. eval_json NULL: an
 * existing one stays. `names` says what the run calls the arm, and which others a
 * resume also opens; NULL: the arm is by itself. */
enum err rundir_save(const char *dir, const struct arm *a, const struct history *h,
                     const char *eval_json, const struct arm_names *names,
                     struct errinfo *e) ERR_CHECKED;

/* rundir_hold does the same for another arm while its run does not name it yet: the
 * save is held. Later call one of the two: release makes it the save of dir, and does
 * nothing if none is held; drop removes it. */
enum err rundir_hold(const char *dir, const struct arm *a, const struct history *h,
                     const char *eval_json, const struct arm_names *names,
                     struct errinfo *e) ERR_CHECKED;
enum err rundir_release(const char *dir, struct errinfo *e) ERR_CHECKED;
void rundir_drop(const char *dir);

/* Returns the living process that the run's lock names; 0: none. For display: only
 * rundir_lock tells whether the lock is free. Takes no lock and does not wait. */
long rundir_holder(const char *dir);

/* Reads the label that a person gave the run, one line; "" if there is none. ERR_FORMAT
 * for a label.txt that is not a label. */
#define RUN_LABEL_MAX 200 /* bytes */
enum err rundir_label(const char *dir, char out[RUN_LABEL_MAX + 1],
                      struct errinfo *e) ERR_CHECKED;
/* Sets the label; "" removes it. The run may be unlocked, or locked by another process.
 * ERR_USAGE for a text that is too long or not one line. */
enum err rundir_set_label(const char *dir, const char *text,
                          struct errinfo *e) ERR_CHECKED;

/* Moves the run from/name to to/as, on the same file system, with its other arms.
 * ERR_USAGE for a run that a process has locked, or whose arms lie beside it;
 * ERR_EXISTS where something has that name; ERR_FORMAT if it is not a directory, or not
 * a run's. Follows no links. */
enum err rundir_move(const struct folder *from, const char *name,
                     const struct folder *to, const char *as,
                     struct errinfo *e) ERR_CHECKED;

/* Replaces eval.json. The run may be unlocked, or locked by another process: a save
 * still in .saved is completed first; with one under way, either eval.json may
 * remain. */
enum err rundir_write_eval(const char *dir, const char *json,
                           struct errinfo *e) ERR_CHECKED;

/* Keeps the files of the last save as dir/checkpoints/NAME, in place of an older one of
 * that name; files that a user put into the older one are moved into it. Costs no space
 * where the file system has hard links. */
enum err rundir_keep(const char *dir, const char *name, struct errinfo *e) ERR_CHECKED;

/* Returns whether dir holds a run: a config.json and SAE weights. A directory whose
 * name begins with a dot is none: it may be half of one. */
bool rundir_is(const char *dir);
/* Returns ERR_MISSING where dir is a run (config.json and metrics.csv) without its SAE
 * weights, as a copy that was cut short leaves it; OK for a run and for what never was
 * one. */
enum err rundir_whole(const char *dir, struct errinfo *e) ERR_CHECKED;

/* A run read back for browsing. */
struct run_record {
    struct settings set;
    struct sae *sae;
    struct history history;
    int64_t step;
    double mask_rate; /* the rate set when it was saved */
    uint64_t model_hash, corpus_hash;
    double target_l0;         /* threshold.target_l0 that the user asks for; 0: none */
    bool imported;            /* not trained by saetop */
    struct foreign_meta from; /* what the SAE's files say about it */
};
/* Reads config.json, the SAE and the histories, all from one save even while another
 * process saves. Errors name the file. */
enum err rundir_load(const char *dir, struct run_record *out,
                     struct errinfo *e) ERR_CHECKED;
void run_record_deinit(struct run_record *r);

/* Loads only settings, step, mask rate, hashes and `imported`, from config.json
 * alone. */
enum err rundir_load_config(const char *dir, struct run_record *out,
                            struct errinfo *e) ERR_CHECKED;
/* Returns a number that differs from one save to the next; 0: there is no save. Cost:
 * two lstats. */
uint64_t rundir_save_id(const char *dir);

/* Loads only the SAE, as foreign_load does. */
enum err rundir_load_sae(const char *dir, struct sae **out, struct foreign_meta *meta,
                         struct errinfo *e) ERR_CHECKED;
/* Writes where the file `name` of the last save is: in .saved if it is still there,
 * else in dir, whether or not it exists. Another process may move it right after. */
enum err rundir_file(const char *dir, const char *name, char out[RUNDIR_PATH],
                     struct errinfo *e) ERR_CHECKED;

/* Writes a record into dir, which the caller has locked, as a run that opens without
 * further options: its settings, hashes of the inputs that they name (`in`), its
 * history. `format`: what the SAE's files were. It has no trainer_state. */
enum err rundir_import(const char *dir, const struct run_record *r, const char *format,
                       const struct inputs *in, struct errinfo *e) ERR_CHECKED;

/* Checks the record's SAE against the inputs opened for it: ERR_FORMAT for another
 * width. Then sets its thresholds for target_l0 on their clean activations. */
enum err run_record_fit(struct run_record *r, const char *dir, const struct inputs *in,
                        struct errinfo *e) ERR_CHECKED;
/* Returns whether the SAE's k is its own, for sae_remarks. */
bool run_record_says_k(const struct run_record *r);
/* Adds remarks on differences between the record and the inputs: another model or text
 * than in training, another model than the SAE's files name, rows that begin
 * differently. The lines do not name the record. Remarks on the SAE alone:
 * sae_remarks. */
void run_record_remarks(const struct run_record *r, const struct inputs *in,
                        struct remarks *out);
/* Adds only those about the model, where no text is open. */
void run_record_model_remarks(const struct run_record *r, const struct lm *m,
                              struct remarks *out);
/* Adds a remark where the folder of activations has changed since training. */
void run_record_shards_remarks(const struct run_record *r, const struct shards *from,
                               struct remarks *out);

#endif
