/* Which latents TPP and SCR take out: ranked by what they do to a probe, as SAEBench
 * 0.6 ranks them. */
#ifndef SAETOP_EVAL_EFFECT_RANK_H
#define SAETOP_EVAL_EFFECT_RANK_H

#include "eval/probe_set.h"

/* The effect of latent j: (mean code of the class - mean code of the rest, over
 * training texts) * (probe . decoder row). */
enum effect_kind {
    EFFECT_IN_CLASS, /* TPP: a difference of means below 0 counts as 0 */
    EFFECT_SIZE,     /* SCR: its absolute value */
};

/* All latents, greatest effect first; among equal ones the lower number, an order that
 * SAEBench leaves to torch.topk. */
struct effect_rank {
    size_t F, nonzero; /* latents, and those whose effect is not 0 */
    int32_t *latent;   /* [F] */
    double *effect;    /* [F], in that order */
};

/* y [n]: 1 in the class; both classes occur in training. effect_of [F]: probe . decoder
 * row. ERR_NOMEM. */
enum err effect_rank_init(struct effect_rank *out, const struct sentence_task *t,
                          const uint8_t *y, const double *effect_of,
                          enum effect_kind kind, struct errinfo *e) ERR_CHECKED;
void effect_rank_deinit(struct effect_rank *r);

/* gone [F]: 1 for the first min(n, nonzero). So with EFFECT_IN_CLASS latents of effect
 * 0 are taken once those above 0 are used up, and ones below 0 last of all. */
void effect_rank_first(const struct effect_rank *r, size_t n, uint8_t *gone);

#endif
