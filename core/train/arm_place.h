/* Names and directories of the arms of a run: the first is in the run's own directory
 * RUN, the others are in RUN/arms/NAME, so that a run is moved and deleted whole.
 * Earlier versions saved the others beside the run, at RUN-NAME: such arms stay there.
 * In a checkpoint of the run, RUN/checkpoints/C, an arm is at
 * RUN/arms/NAME/checkpoints/C. Any thread. */
#ifndef SAETOP_TRAIN_ARM_PLACE_H
#define SAETOP_TRAIN_ARM_PLACE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define RUN_ARMS_MAX  64 /* arms in a run */
#define RUN_ARMS_DIR  "arms"
#define ARM_NAME_MAX  48 /* bytes of a name, with its NUL */
#define ARM_NAME_TWIN "twin"
#define ARM_NAME_FIRST                                                                 \
    "first" /* the first arm's name in texts; it has none in a folder */

struct arm_place {
    char name[ARM_NAME_MAX]; /* "" for the first */
    bool beside;             /* at RUN-NAME */
};

/* Checks that the len bytes of text may name an arm other than the first: 1 to 47
 * letters, digits, '-', '_' and '.', starting with a letter or a digit, not ending with
 * '.', and not "first". ERR_USAGE says where (`where`: "also") and what was found. */
enum err arm_name_check(const char *text, size_t len, const char *where,
                        struct errinfo *e) ERR_CHECKED;
/* Returns whether two names are the same in a folder, even one that ignores case. */
bool arm_name_same(const char *a, const char *b);
/* Returns `name`, or "first" for "". */
const char *arm_name_shown(const char *name);

/* Returns the length of RUN in the path RUN/checkpoints/NAME, or of any other path
 * without slashes at its end. */
size_t arm_run_len(const char *dir);
/* Writes the directory of an arm of the run or checkpoint `dir`. ERR_LIMIT. */
enum err arm_place_dir(const char *dir, const struct arm_place *p, char *out,
                       size_t cap, struct errinfo *e) ERR_CHECKED;
/* Checks that each folder from the run to that directory is missing or a folder, and no
 * link; `make`: makes the missing ones, except the last. */
enum err arm_place_check(const char *dir, const struct arm_place *p, bool make,
                         struct errinfo *e) ERR_CHECKED;

/* A list of places as text, "twin;also1" or "-twin" for one beside the run. */
#define ARM_PLACES_TEXT (RUN_ARMS_MAX * (ARM_NAME_MAX + 2))
void arm_places_print(const struct arm_place *p, size_t n, char out[ARM_PLACES_TEXT]);
/* Reads such a list into out[RUN_ARMS_MAX - 1]. ERR_FORMAT, naming `file`, for an
 * invalid name, for a name twice, and for too many. */
enum err arm_places_read(const char *text, const char *file, struct arm_place *out,
                         size_t *n, struct errinfo *e) ERR_CHECKED;

#endif
