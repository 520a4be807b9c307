/* Robustness of latents under masking of other tokens (our own measure): how much the
 * activation at a position changes when tokens elsewhere in the row are masked. */
#ifndef SAETOP_EVAL_ROBUST_H
#define SAETOP_EVAL_ROBUST_H

#include "eval/report.h"
#include "text/mask.h"

#define ROBUST_RATE 0.3 /* masking rate */
/* Positions at which a latent must fire to have a value of its own. */
#define ROBUST_LEAST 20

/* Rows of a text, and the same rows masked as in training, drawn with `seed` at
 * ROBUST_RATE, with the model's activations on them: made once for all SAEs. */
struct robust_text {
    const struct acts_set *set; /* borrowed; its first `rows` rows */
    size_t rows;
    uint8_t *masked; /* [rows*T] */
    int32_t *ids;    /* [rows*T] what the model read */
    float *x;        /* [rows*T, D] */
};
enum err robust_text_init(struct robust_text *t, const struct acts_set *set,
                          size_t rows, const struct mask_spec *mask, uint64_t seed,
                          struct harvester *h, struct errinfo *e) ERR_CHECKED;
void robust_text_deinit(struct robust_text *t);

/* Measures, for latent j, at positions that are neither masked nor special:
 *     1 - sum |f_j(masked text) - f_j(clean text)| / sum (f_j(masked) + f_j(clean))
 * 1: unaffected by what surrounds it; 0: it fires in wholly different places. Adds
 * robustness.mean over latents that fire at ROBUST_LEAST positions of either text
 * (units: latents), robustness.weighted (all latents' sums together) and the list
 * "robustness_of_latents" (null: fires too seldom). Any thread. */
enum err robust_measure(const struct robust_text *t, const struct sae *s,
                        struct pool *pool, struct report *r,
                        struct errinfo *e) ERR_CHECKED;

#endif
