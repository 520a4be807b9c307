/* Which latents TPP and SCR take out: ranked by their effect on a probe, as in SAEBench
 * 0.6. */
#ifndef SAETOP_EVAL_EFFECT_RANK_H
#define SAETOP_EVAL_EFFECT_RANK_H

#include "eval/probe_set.h"

/* The effect of latent j: (mean code of the class - mean code of the rest, over
 * training texts) * (probe . decoder row). */
enum effect_kind {
    EFFECT_IN_CLASS, /* TPP: a difference of means below 0 counts as 0 */
    EFFECT_SIZE,     /* SCR: its absolute value */
};

/* All latents, greatest effect first; on a tie the lower number, which SAEBench leaves
 * to torch.topk. */
struct effect_rank {
    size_t F, nonzero; /* latents, and those whose effect is not 0 */
    int32_t *latent;   /* [F] */
    double *effect;    /* [F], in that order */
};

/* Ranks the latents. y [n]: 1 in the class; both classes occur in training. effect_of
 * [F]: probe . decoder row. ERR_NOMEM. */
enum err effect_rank_init(struct effect_rank *out, const struct sentence_task *t,
                          const uint8_t *y, const double *effect_of,
                          enum effect_kind kind, struct errinfo *e) ERR_CHECKED;
void effect_rank_deinit(struct effect_rank *r);

/* Sets gone [F] to 1 for the first min(n, nonzero) latents. With EFFECT_IN_CLASS these
 * are latents of effect above 0, once they run out those of 0, and last those below
 * 0. */
void effect_rank_first(const struct effect_rank *r, size_t n, uint8_t *gone);

#endif
