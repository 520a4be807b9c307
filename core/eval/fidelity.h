/* How well an SAE reconstructs, by distance and by the loss of the model behind it:
 * sums over each row of text, and the figures made from these sums. The live evaluation
 * (evaluate.h) and the report of `saetop eval` (reconstruct.h) both use it, so that the
 * same rows give the same figures. */
#ifndef SAETOP_EVAL_FIDELITY_H
#define SAETOP_EVAL_FIDELITY_H

#include "acts/harvest.h"
#include "sae/sae.h"

#include <stdatomic.h>

/* Activations at the hook: the model's own, zeros, or the SAE's reconstruction. */
enum fidelity_arm { FIDELITY_CLEAN, FIDELITY_ZERO, FIDELITY_SAE, FIDELITY_ARMS };

/* Sums over the tokens of a row that are not special. */
struct fidelity_sums {
    double tokens;
    double active;              /* latents that fire */
    double error, variance;     /* ||x - xhat||^2, ||x - mean||^2 */
    double predicted;           /* positions with a next token, special or not */
    double loss[FIDELITY_ARMS]; /* over these, in nats */
};

/* Writes to mean [D], zeroed before, the mean of the tokens of rows first .. end-1 that
 * are not special; returns how many they are. */
size_t fidelity_mean(const struct acts_set *a, size_t first, size_t end, double *mean);
/* Adds a row's tokens and their distances from mean [D]. */
void fidelity_add_spread(struct fidelity_sums *s, const struct acts_set *a, size_t row,
                         const double *mean);
/* Adds the error of xhat [T, D] for a row, and the latents that fire in it: those of
 * codes from number `at` on. */
void fidelity_add_error(struct fidelity_sums *s, const struct acts_set *a, size_t row,
                        const struct sae_codes *codes, size_t at, const float *xhat);
/* Writes to x [T, D] the activations of a row to run the model on: `with` at each
 * token, `stride` numbers further on for each (0: the same [D] for all), and the
 * model's own at special tokens. x may be `with`. */
void fidelity_splice(const struct acts_set *a, size_t row, const float *with,
                     size_t stride, float *x);

/* A figure is sum x / sum w over rows. */
enum fidelity_figure {
    FIDELITY_L0,  /* mean number of active latents */
    FIDELITY_MSE, /* mean ||x - xhat||^2 */
    FIDELITY_EV,  /* 1 - sum ||x - xhat||^2 / sum ||x - mean||^2 */
    FIDELITY_CE_CLEAN,
    FIDELITY_CE_ZERO,
    FIDELITY_CE_SAE,      /* nats a token */
    FIDELITY_CE_RECOVERED /* (zero - sae) / (zero - clean) */
};
/* Writes x and w [n] of each row; all x are NaN if the figure says nothing, which is if
 * erasing the activations costs the model nothing. */
void fidelity_ratio(const struct fidelity_sums *row, size_t n, enum fidelity_figure f,
                    double *x, double *w);
/* Returns the figure; NaN if there is nothing to measure on. */
double fidelity_value(const struct fidelity_sums *row, size_t n,
                      enum fidelity_figure f);

/* ---- live ---- */

/* Rows whose reconstruction is measured, with the sums that no SAE affects. */
struct fidelity_rows {
    const struct acts_set *set; /* its first `rows` rows; NULL: none */
    size_t rows;
    size_t ce_rows; /* the first of them, for cross-entropies; 0: not measured */
    size_t tokens;  /* tokens that are not special */
    struct fidelity_sums *known; /* [rows] */
    double ce_clean, ce_zero;
};
/* Makes them, with cross-entropies of the first ce_rows rows; h NULL: none. `set` is
 * borrowed, and may be NULL. ERR_NUMERIC if activations are not finite; ERR_NOMEM,
 * ERR_CANCELLED, those of harvest_nll. Call fidelity_rows_deinit even after an
 * error. */
enum err fidelity_rows_init(struct fidelity_rows *f, const struct acts_set *set,
                            size_t rows, size_t ce_rows, struct harvester *h,
                            const atomic_bool *cancel, struct errinfo *e) ERR_CHECKED;
void fidelity_rows_deinit(struct fidelity_rows *f);

/* NaN if there is nothing to measure on. */
struct fidelity {
    double l0, mse, explained_variance, ce_sae, ce_recovered;
};
/* Measures an SAE. Sets fired [F] to 1 for each latent that fires on a token that is
 * not special. h NULL: no cross-entropies. O(rows T (F D + the rest of the model)). */
enum err fidelity_measure(const struct fidelity_rows *f, const struct sae *s,
                          struct harvester *h, struct pool *pool,
                          const atomic_bool *cancel, uint8_t *fired,
                          struct fidelity *out, struct errinfo *e) ERR_CHECKED;

#endif
