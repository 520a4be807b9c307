/* Evaluation as `saetop eval` does it, for other commands (cmd_eval.c). Owner
 * thread. */
#ifndef SAETOP_SRC_EVAL_ARMS_H
#define SAETOP_SRC_EVAL_ARMS_H

#include "base/str.h"

#include <stdbool.h>

#define EVAL_ROWS 64 /* rows of text for reconstruction, by default */
#define EVAL_SEED 0  /* seed of intervals and masks, likewise */

/* `begin` is called before each of n evaluations. quiet: no bar is drawn on the
 * terminal. */
struct eval_watch {
    bool quiet;
    void (*begin)(void *user, const char *run, size_t i, size_t n);
    void *user;
};
/* Evaluate n runs of one model and text, write the eval.json of each, and its text to
 * json[i] too. *lost: one could not be written, as stderr says. Errors of the
 * evaluation. */
enum err eval_arms(const char *const *run, size_t n, int64_t threads,
                   const struct eval_watch *watch, struct str *json, bool *lost,
                   struct errinfo *e) ERR_CHECKED;

#endif
