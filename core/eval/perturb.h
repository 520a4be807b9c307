/* TPP and SCR: what removing the latents of one concept does to its probe and those of
 * others, by SAEBench 0.6's definitions. An audit by reseeding (arXiv:2605.18229) found
 * both to fail at their canonical settings, so they are no ground for ranking SAEs. */
#ifndef SAETOP_EVAL_PERTURB_H
#define SAETOP_EVAL_PERTURB_H

#include "eval/probe_set.h"

/* Why these figures are marked as unreliable. */
#define PERTURB_CAVEAT                                                                 \
    "unreliable for ranking: an audit by reseeding (arXiv:2605.18229) finds TPP and "  \
    "SCR to fail at their canonical settings"

/* Reports targeted probe perturbation, below tpp.nN for N = 2, 5, 10, 20, 50, 100, 500
 * latents (up to the width): total, intended and unintended; units are tasks. Probes
 * are linear on the mean activation of a text, L1 1e-3. The latents of task i are its
 * first N by effect (eval/effect_rank.h). Taking them out of every text lowers accuracy
 * on i's own test texts (intended) and on those of each other task (their mean:
 * unintended); total is the difference. Needs two tasks. */
enum err perturb_tpp(const struct sentence_sets *s, const struct sae *sae,
                     const atomic_bool *cancel, struct report *r,
                     struct errinfo *e) ERR_CHECKED;
/* Reports spurious correlation removal, below scr.nN; units are the tasks with a
 * spurious column. A probe is trained on the training texts where label and spurious
 * agree; the score is (accuracy after taking out the N latents of greatest |effect| for
 * the unwanted one - before) / (accuracy of a probe trained on all - before), 0 if the
 * denominator is below 0.001. scr.dir1.nN: spurious is unwanted and the label asked;
 * scr.dir2.nN: the other way round. scr.nN is dir1 if the biased probe follows spurious
 * more than the label, dir2 if less, and left out if as much, as SAEBench decides
 * it. */
enum err perturb_scr(const struct sentence_sets *s, const struct sae *sae,
                     const atomic_bool *cancel, struct report *r,
                     struct errinfo *e) ERR_CHECKED;

#endif
