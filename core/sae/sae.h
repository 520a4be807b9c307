/* A sparse autoencoder: parameters, architecture, inference.
 *
 *   f = select(ReLU((x - b_dec) W_enc^T + b_enc))      xhat = f W_dec + b_dec
 *
 * Letters: B rows (activations), D model width, F latents, K active latents of a row.
 * Both matrices hold one row a latent, [F,D]: the encoder product costs the same, and
 * all that comes after it touches only the rows of active latents. Inputs are
 * multiplied by `scale` before anything else and reconstructions divided by it. */
#ifndef SAETOP_SAE_SAE_H
#define SAETOP_SAE_SAE_H

#include "base/err.h"
#include "base/pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sae_arch; /* one row of the table in sae_arch.c; see sae_arch.h */
const struct sae_arch *
sae_arch_find(const char *name); /* "topk", "batchtopk"; or NULL */
const char *sae_arch_name(const struct sae_arch *a);
/* "topk, batchtopk": for messages and help. */
const char *sae_arch_names(void);

struct sae {
    const struct sae_arch *arch;
    size_t D, F, k;
    float scale;      /* input normalisation, c = sqrt(D) / mean ||x|| on clean text */
    double threshold; /* inference threshold of batch architectures, running average */
    float *arena;     /* all parameters, `count` floats */
    size_t count;
    float *W_enc; /* [F,D] */
    float *W_dec; /* [F,D], rows of unit norm */
    float *b_enc; /* [F] */
    float *b_dec; /* [D] */
};

enum err sae_new(const struct sae_arch *arch, size_t D, size_t F, size_t k,
                 struct sae **out, struct errinfo *e) ERR_CHECKED;
void sae_free(struct sae *s);
/* A frozen copy for evaluation and browsing. Caller owns. */
enum err sae_copy(const struct sae *s, struct sae **out, struct errinfo *e) ERR_CHECKED;

/* Random unit decoder rows, W_enc = W_dec, biases zero. Depends on seed, D, F only. */
void sae_init_weights(struct sae *s, uint64_t seed);
/* b_dec = geometric median (Weiszfeld) of x [n,D], which is already scaled. */
enum err sae_init_bias(struct sae *s, const float *x, size_t n,
                       struct errinfo *e) ERR_CHECKED;

/* Codes of B rows, compressed: row b's active latents are id/val[start[b]..start[b+1]),
 * ids ascending, val > 0, in the unit of scale * x. */
struct sae_codes {
    size_t rows;
    size_t *start; /* [rows+1] */
    int32_t *id;
    float *val;
    size_t cap; /* of id and val */
};
void sae_codes_deinit(struct sae_codes *c);

/* Encode raw (unscaled) x [B,D] for inference: per-row top k, or the fixed threshold of
 * a batch architecture. Deterministic, any thread, work split over `pool` (may be
 * NULL). `out` is reused if it has room; zero it before the first use. O(B D F). */
enum err sae_encode(const struct sae *s, const float *x, size_t B, struct pool *pool,
                    struct sae_codes *out, struct errinfo *e) ERR_CHECKED;
/* Reconstruct raw xhat [B,D] from codes. O(B K D). */
void sae_decode(const struct sae *s, const struct sae_codes *c, float *xhat);

/* Replace the inference threshold so that the mean L0 on raw x [n,D] is target.
 * ERR_USAGE for an architecture without a threshold or a target outside 0..F. */
enum err sae_calibrate(struct sae *s, const float *x, size_t n, double target,
                       struct pool *pool, struct errinfo *e) ERR_CHECKED;

/* Where a saved SAE belongs; strings borrowed. */
struct sae_meta {
    const char *model_name, *hook_name, *dataset;
    size_t context_size;
    int64_t step;
    bool prepend_bos;
};
/* Write cfg.json and sae_weights.safetensors as SAELens loads them: scale folded in,
 * W_enc transposed to [D,F], a batch architecture as jumprelu with its threshold. The
 * scale goes through the biases and the threshold alone (see sae_file.c): both matrices
 * are saved bit for bit and decoder rows stay of unit norm; SAELens' activations are
 * ours / scale. Makes `dir` if need be. Each file atomically. */
enum err sae_save(const struct sae *s, const struct sae_meta *meta, const char *dir,
                  struct errinfo *e) ERR_CHECKED;
/* Load such a directory: topk, or jumprelu of uniform threshold. Decoder norms are
 * folded into the encoder (for topk only where that leaves the selection), so that rows
 * are of unit norm; scale is 1, or what it was if saetop saved it. Sizes are checked
 * against the file before memory is taken. ERR_MISSING, ERR_FORMAT, ERR_LIMIT name file
 * and place. */
enum err sae_load(const char *dir, struct sae **out, struct errinfo *e) ERR_CHECKED;

#endif
