/* Robustness of latents under masking of other tokens (our own measure): how much the
 * activation at a position changes when tokens elsewhere in the row are masked. */
#ifndef SAETOP_EVAL_ROBUST_H
#define SAETOP_EVAL_ROBUST_H

#include "eval/report.h"
#include "text/mask.h"

#define ROBUST_RATE 0.3 /* of the masking */
#define ROBUST_LEAST                                                                   \
    20 /* positions a latent must fire at to have a value of its own                   \
        */

/* Of latent j over the set's first `rows` rows, at positions that are neither masked
 * nor special:
 *     1 - sum |f_j(masked text) - f_j(clean text)| / sum (f_j(masked) + f_j(clean))
 * 1: untouched by what stands around it; 0: it fires in wholly different places. Adds
 * robustness.mean over latents that fire at ROBUST_LEAST positions of either text
 * (units: latents), robustness.weighted (all latents' sums together) and the list
 * "robustness" by latent (null: fires too seldom). The masks are those of training,
 * drawn with the report's seed at ROBUST_RATE. */
enum err robust_measure(const struct acts_set *set, size_t rows,
                        const struct mask_spec *mask, const struct sae *s,
                        struct harvester *h, struct pool *pool, struct report *r,
                        struct errinfo *e) ERR_CHECKED;

#endif
