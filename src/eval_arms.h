/* Evaluation as by `saetop eval`, for other commands (cmd_eval.c). Owner thread. */
#ifndef SAETOP_SRC_EVAL_ARMS_H
#define SAETOP_SRC_EVAL_ARMS_H

#include "base/str.h"

#include <stdbool.h>

#define EVAL_ROWS 64 /* of text for reconstruction, unless somebody asks for others */
#define EVAL_SEED 0  /* of intervals and masks, likewise */

/* Called before each of n evaluations. quiet: no bar is drawn on the terminal. */
struct eval_watch {
    bool quiet;
    void (*begin)(void *user, const char *run, size_t i, size_t n);
    void *user;
};
/* Evaluate n runs of one model and text and write each one's eval.json, whose text goes
 * to json[i] too. *lost: one could not be written, which stderr says. Errors of the
 * evaluation. */
enum err eval_arms(const char *const *run, size_t n, int64_t threads,
                   const struct eval_watch *watch, struct str *json, bool *lost,
                   struct errinfo *e) ERR_CHECKED;

#endif
