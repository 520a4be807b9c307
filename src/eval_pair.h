/* Two runs that are evaluated side by side. Owner thread. */
#ifndef SAETOP_SRC_EVAL_PAIR_H
#define SAETOP_SRC_EVAL_PAIR_H

#include "eval/report.h"
#include "sae/sae.h"
#include "train/settings.h"

/* Check that runs of settings x and y can be compared, which takes one text and one
 * model. ERR_USAGE, naming the runs, if they differ in what DIFFERENCE_INPUTS has. */
enum err eval_check_pair(const char *const run[2], const struct settings *x,
                         const struct settings *y, struct errinfo *e) ERR_CHECKED;
/* Add "stability.first_in_second" and the reverse: the mean best decoder cosine of
 * latents, which tells how far two SAEs found the same directions. Nothing is added if
 * their input widths differ. O(F_x F_y D). ERR_NOMEM. */
enum err eval_add_stability(const struct sae *x, const struct sae *y,
                            struct report *diff, struct errinfo *e) ERR_CHECKED;

#endif
