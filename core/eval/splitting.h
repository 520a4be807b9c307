/* Feature splitting between two SAEs of one model and hook: latents of the first whose
 * direction several latents of the second share. */
#ifndef SAETOP_EVAL_SPLITTING_H
#define SAETOP_EVAL_SPLITTING_H

#include "eval/report.h"
#include "sae/sae.h"

/* Cosine of decoder rows above which one is the other's child. */
#define SPLITTING_COSINE 0.7
#define SPLITTING_NAMED  16 /* children named for each latent, the nearest */

/* Adds to the report, over the latents of `parent`: splitting.children (mean number of
 * latents of `child` whose decoder cosine with it is above the cut), splitting.split
 * (share that have two or more), splitting.lost (share that have none), and the list
 * "splitting_latents": [{"latent", "children": [{"latent", "cosine"}, ...]}, ...] of
 * those with two or more. Both of one width D, else ERR_USAGE. O(F1 F2 D). */
enum err splitting_measure(const struct sae *parent, const struct sae *child,
                           double cut, struct report *r, struct errinfo *e) ERR_CHECKED;

#endif
