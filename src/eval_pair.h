/* Two runs that are evaluated beside each other. Owner thread. */
#ifndef SAETOP_SRC_EVAL_PAIR_H
#define SAETOP_SRC_EVAL_PAIR_H

#include "eval/report.h"
#include "sae/sae.h"
#include "train/settings.h"

/* ERR_USAGE, naming the runs, where x and y differ in what DIFFERENCE_INPUTS has:
 * runs are compared on one text through one model. */
enum err eval_check_pair(const char *const run[2], const struct settings *x,
                         const struct settings *y, struct errinfo *e) ERR_CHECKED;
/* Add "stability.first_in_second" and back: the mean best decoder cosine of latents,
 * how far two SAEs found the same directions. None where their widths of input differ.
 * O(F_x F_y D). ERR_NOMEM. */
enum err eval_add_stability(const struct sae *x, const struct sae *y,
                            struct report *diff, struct errinfo *e) ERR_CHECKED;

#endif
