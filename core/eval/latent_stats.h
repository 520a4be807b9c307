/* Statistics of the latents themselves: how often they fire and how their directions
 * lie. Cut-offs are SAEBench's and SAELens's. */
#ifndef SAETOP_EVAL_LATENT_STATS_H
#define SAETOP_EVAL_LATENT_STATS_H

#include "eval/report.h"

/* Adds to the report, below "latents.": from the codes of the set's tokens that are not
 * special dead, below_1e-5, below_1e-6 (shares by density), dense_1_percent and
 * dense_10_percent (with _share: of all firing), mean_log10_density of the living, the
 * histogram log10_density (list: counts by decade from 1e-7 on, dead first), and
 * consistency (mean over the living of firings / rows they fire in). From the weights
 * encoder_norm, encoder_decoder_cosine, max_decoder_cosine and max_encoder_cosine (mean
 * over latents of the greatest cosine to another), and for hedging decoder_cosine_abs
 * (mean |cosine| of pairs) and decoder_cosine_negative (mean of the negative part). Of
 * an SAE wider than LATENT_PAIRS the pairs are those of its first LATENT_PAIRS latents
 * with all. ERR_NOMEM. O(n D F + min(F, LATENT_PAIRS) F D). */
#define LATENT_PAIRS ((size_t)4096)
enum err latent_stats(const struct acts_set *set, const struct sae *s,
                      struct pool *pool, struct report *r,
                      struct errinfo *e) ERR_CHECKED;

/* Copies w [n,D] with rows scaled to unit length; zero rows stay. Release with
 * mem_free. */
enum err unit_rows(const float *w, size_t n, size_t D, float **out,
                   struct errinfo *e) ERR_CHECKED;

/* Mean over the rows of a [n,D] of the greatest |cosine| with a row of b [m,D]: MMCS
 * (sign kept where `sign`). skip: rows of the same number are not compared. NaN for n
 * or m 0. Adds mean |cosine| and mean negative part over all pairs where not NULL. */
struct cosine_sums {
    double best, abs, negative;
};
enum err cosine_measure(const float *a, size_t n, const float *b, size_t m, size_t D,
                        bool skip, bool sign, double *each, struct cosine_sums *out,
                        struct errinfo *e) ERR_CHECKED;

#endif
