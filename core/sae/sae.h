/* A sparse autoencoder: parameters, architecture, inference.
 *
 *   h = (x - b_dec) W_enc^T + b_enc      f = select(h)      xhat = f W_dec + b_dec
 *
 * Letters: B rows (activations), D model width, F latents, K active latents of a row
 * (on average where they are selected over a batch: it need not be whole). Both
 * matrices hold one row a latent, [F,D]: the encoder product costs the same, and all
 * that comes after it touches only the rows of active latents. Inputs are normalised
 * before anything else and reconstructions put back: by `scale`, a constant, or row by
 * row. */
#ifndef SAETOP_SAE_SAE_H
#define SAETOP_SAE_SAE_H

#include "base/err.h"
#include "base/pool.h"
#include "sae/sae_hyper.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sae_arch; /* one row of the table in sae_arch.c; see sae_arch.h */
const struct sae_arch *
sae_arch_find(const char *name); /* "topk", "batchtopk", ...; or NULL */
const char *sae_arch_name(const struct sae_arch *a);
/* "topk, batchtopk, ...": for messages and help. */
const char *sae_arch_names(void);

/* The settings that an architecture has, as bits. */
enum {
    SAE_HAS_K = 1,         /* k active latents */
    SAE_HAS_AUXK = 2,      /* the auxiliary loss on dead latents */
    SAE_HAS_THRESHOLD = 4, /* an inference threshold that is a running average */
    SAE_HAS_GROUPS = 8,    /* prefixes of latents */
    SAE_HAS_L1 = 16,       /* a penalty on activations */
    SAE_HAS_LP = 32,       /* with an exponent */
    SAE_HAS_RESAMPLE = 64, /* may resample dead latents */
    SAE_HAS_GATE = 128,    /* with an error of its own */
    SAE_HAS_JUMP = 256,    /* thresholds that are learned, and an L0 loss */
    SAE_HAS_ANNEAL = 512,  /* an exponent that falls in training */
};
unsigned sae_arch_has(const struct sae_arch *a);
/* Whether it selects over a batch: k is an average there, and need not be whole. */
bool sae_arch_by_batch(const struct sae_arch *a);
/* Whether W_enc is W_dec at all times. */
bool sae_arch_is_tied(const struct sae_arch *a);

/* The values that "auto" stands for; an architecture's file names their sources. */
struct sae_auto {
    double lr, beta1;
    double coef;         /* weight of the sparsity loss */
    double coef_warmup;  /* its warm-up, as a share of the run */
    double clip;         /* of the global gradient norm */
    double decoder_norm; /* of decoder rows at the start */
    enum sae_decoder decoder;
    enum sae_dead dead;
};
const struct sae_auto *sae_arch_auto(const struct sae_arch *a);

/* How inputs are normalised, SAELens' normalize_activations. */
enum sae_norm {
    SAE_NORM_SCALE,    /* times `scale`: expected_average_only_in, or none at 1 */
    SAE_NORM_CONSTANT, /* constant_norm_rescale: each row to the norm sqrt(D) */
    SAE_NORM_LAYER,    /* layer_norm: each row to mean 0, deviation 1 (N - 1) */
};

struct sae {
    const struct sae_arch *arch;
    size_t D, F;
    double k; /* whole where each row has its k; see sae_arch_by_batch */
    enum sae_norm norm;
    float scale;      /* c = sqrt(D) / mean ||x|| on clean text; 1 with another norm */
    bool apply_b_dec; /* h = (x - b_dec) W_enc^T + b_enc; else of x itself */
    bool is_free;     /* decoder rows are not of unit norm; see sae_fold */
    double threshold; /* inference threshold of batch architectures, running average */
    float *arena;     /* all parameters, `count` floats */
    size_t count;
    float *W_enc; /* [F,D] */
    float *W_dec; /* [F,D] */
    float *b_enc; /* [F] */
    float *b_dec; /* [D] */
    float *extra; /* [.,F] vectors that the architecture adds, in its order */
};

/* k: above 0 and at most F, whole for an architecture that selects from each row. */
enum err sae_new(const struct sae_arch *arch, size_t D, size_t F, double k,
                 struct sae **out, struct errinfo *e) ERR_CHECKED;
void sae_free(struct sae *s);
/* A frozen copy for evaluation, browsing and saving: folded. Caller owns. */
enum err sae_copy(const struct sae *s, struct sae **out, struct errinfo *e) ERR_CHECKED;
/* The same with every bit as it is. */
enum err sae_clone(const struct sae *s, struct sae **out,
                   struct errinfo *e) ERR_CHECKED;
/* Decoder rows over their norms n_j; encoder rows, biases and thresholds times n_j: the
 * output stays what it was (SAELens' fold_W_dec_norm). No-op unless is_free; a row of
 * zeros gets a direction and an encoder that never fires. */
void sae_fold(struct sae *s);

/* Subtract from each row of W_enc its mean, so that codes of x become those that the
 * SAE gave for x less its mean over dimensions. For an SAE that was trained on centred
 * activations, as TransformerLens gives them if it centres writing weights; the files'
 * configuration tells. The part of b_dec's own mean stays in the biases. */
void sae_centre(struct sae *s);

/* Random decoder rows of norm 1, W_enc = W_dec, the rest zero (dictionary_learning's
 * start). Depends on seed, D, F only. */
void sae_init_weights(struct sae *s, uint64_t seed);
/* Then apply the settings: both matrices times the first norm of decoder rows,
 * thresholds of latents from h. */
void sae_init_arch(struct sae *s, double decoder_norm, const struct sae_hyper *h);
/* Normalise rows of raw x [n,D] to y [n,D] (may be x) as `norm` says; `scale` counts
 * only for SAE_NORM_SCALE. `undo` [n,2] (may be NULL) gets what puts a row back: x = y
 * undo[0] + undo[1]. Any thread. O(n D). */
void sae_normalise(enum sae_norm norm, float scale, size_t D, const float *x, size_t n,
                   float *y, float *undo);
/* b_dec = geometric median (Weiszfeld) of x [n,D], which is already normalised. */
enum err sae_init_bias(struct sae *s, const float *x, size_t n,
                       struct errinfo *e) ERR_CHECKED;

/* Codes of B rows, compressed: row b's active latents are id/val[start[b]..start[b+1]),
 * ids ascending, val > 0, in the unit of normalised x. */
struct sae_codes {
    size_t rows;
    size_t *start; /* [rows+1] */
    int32_t *id;
    float *val;
    size_t cap;  /* of id and val */
    float *undo; /* [rows,2] as of sae_normalise; NULL: divide by scale */
};
void sae_codes_deinit(struct sae_codes *c);
/* A latent's code in a row; 0: it is silent. O(log of those of the row). */
float sae_codes_at(const struct sae_codes *c, size_t row, int32_t latent);
/* The factor from the codes of a row to the unit of raw x. */
static inline double sae_codes_unit(const struct sae_codes *c, const struct sae *s,
                                    size_t row)
{
    return c->undo != NULL ? (double)c->undo[2 * row] : 1.0 / (double)s->scale;
}
/* The factor from codes to those of the saved SAE, as SAELens' encode gives them on raw
 * x: a scale is folded on saving, while a normalisation row by row stays with the SAE,
 * and its codes are in the unit of the normalised row there too. */
static inline double sae_saved_unit(const struct sae *s)
{
    return 1.0 / (double)s->scale;
}
/* Convert all codes to the unit of raw x, in place; they can't be decoded any more. */
void sae_codes_raw(struct sae_codes *c, const struct sae *s);

/* Encode raw x [B,D] for inference: per-row top k, the fixed threshold of a batch
 * architecture, or what the architecture does. `s` is folded if its selection depends
 * on norms (k). Deterministic, any thread, work split over `pool` (may be
 * NULL). `out` is reused if it has room; zero it before the first use. O(B D F). */
enum err sae_encode(const struct sae *s, const float *x, size_t B, struct pool *pool,
                    struct sae_codes *out, struct errinfo *e) ERR_CHECKED;
/* Reconstruct raw xhat [B,D] from codes. O(B K D). */
void sae_decode(const struct sae *s, const struct sae_codes *c, float *xhat);

/* Change the inference threshold so that the mean L0 on raw x [n,D] is target. Of a
 * batch architecture the one: it becomes the (target n + 1)-th greatest of all their
 * pre-activations, or 0 if fewer are positive. Of JumpReLU all, times one factor: the
 * (target n + 1)-th greatest of pre-activations over thresholds. That is what another
 * weight of its L0 loss would do to first order (a threshold theta takes what is worth
 * theta^2 or less), keeps the ratios that were learned, and where all are equal gives
 * what a batch architecture gets; one of 0 counts as the least that is not. ERR_USAGE
 * for an architecture without a threshold or a target outside 0..F. */
enum err sae_calibrate(struct sae *s, const float *x, size_t n, double target,
                       struct pool *pool, struct errinfo *e) ERR_CHECKED;

/* Where a saved SAE belongs; strings borrowed. NULL and 0 for what is not known. */
struct sae_meta {
    const char *model_name, *hook_name, *dataset;
    size_t context_size;
    int64_t step;
    bool prepend_bos, says_bos; /* not known without says_bos */
    size_t groups;       /* Matryoshka's prefixes, as sae_hyper has them; 0: none, or */
    const size_t *width; /* [groups] not known */
};
/* Write cfg.json and sae_weights.safetensors as SAELens loads them: norms and scale
 * folded in, W_enc transposed to [D,F], a batch architecture as jumprelu with its
 * threshold. The scale goes through the biases and the threshold alone (see
 * sae_save.c): with a unit decoder both matrices are saved bit for bit; SAELens'
 * activations are ours / scale. Makes `dir` if need be. Each file atomically. */
enum err sae_save(const struct sae *s, const struct sae_meta *meta, const char *dir,
                  struct errinfo *e) ERR_CHECKED;
/* Load such a directory, saved by any tool: foreign_load (foreign.h) with the layout
 * known. Decoder norms are folded, so that rows have unit norm; scale is 1. An SAE that
 * saetop saved has its scale again, and its matrices to the bit. Sizes are checked
 * against the file before memory is taken. ERR_MISSING, ERR_FORMAT, ERR_LIMIT name file
 * and place. */
enum err sae_load(const char *dir, struct sae **out, struct errinfo *e) ERR_CHECKED;

#endif
