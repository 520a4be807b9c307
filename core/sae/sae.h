/* A sparse autoencoder: parameters, architecture, inference.
 *
 *   h = (x - b_dec) W_enc^T + b_enc      f = select(h)      xhat = f W_dec + b_dec
 *
 * Letters: B rows (activations), D model width, F latents, K active latents per row (on
 * average where they are selected over a batch: then it need not be whole). Both
 * matrices have one row per latent, [F,D]: the encoder product costs the same, and
 * everything after it touches only the rows of active latents. Inputs are first
 * normalised, and reconstructions scaled back: by the constant `scale`, or row by
 * row. */
#ifndef SAETOP_SAE_SAE_H
#define SAETOP_SAE_SAE_H

#include "base/err.h"
#include "base/pool.h"
#include "sae/sae_hyper.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sae_arch; /* a row of the table in sae_arch.c; see sae_arch.h */
const struct sae_arch *
sae_arch_find(const char *name); /* "topk", "batchtopk", ...; or NULL */
const char *sae_arch_name(const struct sae_arch *a);
/* Returns "topk, batchtopk, ...", for messages and help. */
const char *sae_arch_names(void);

/* The features of an architecture that have settings, as bits. */
enum {
    SAE_HAS_K = 1,         /* k active latents */
    SAE_HAS_AUXK = 2,      /* the auxiliary loss on dead latents */
    SAE_HAS_THRESHOLD = 4, /* an inference threshold, a running average */
    SAE_HAS_GROUPS = 8,    /* prefixes of latents */
    SAE_HAS_L1 = 16,       /* a penalty on activations */
    SAE_HAS_LP = 32,       /* with an exponent */
    SAE_HAS_RESAMPLE = 64, /* may resample dead latents */
    SAE_HAS_GATE = 128,    /* with an error of its own */
    SAE_HAS_JUMP = 256,    /* learned thresholds, and an L0 loss */
    SAE_HAS_ANNEAL = 512,  /* an exponent that falls during training */
};
unsigned sae_arch_has(const struct sae_arch *a);
/* Returns whether it selects over a batch: k is then an average and need not be
 * whole. */
bool sae_arch_by_batch(const struct sae_arch *a);
/* Returns whether W_enc is W_dec at all times. */
bool sae_arch_is_tied(const struct sae_arch *a);

/* The values of "auto"; an architecture's file names their sources. */
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

/* How inputs are normalised: SAELens' normalize_activations. */
enum sae_norm {
    SAE_NORM_SCALE,    /* times `scale`: expected_average_only_in, or none at 1 */
    SAE_NORM_CONSTANT, /* constant_norm_rescale: each row to the norm sqrt(D) */
    SAE_NORM_LAYER,    /* layer_norm: each row to mean 0, deviation 1 (N - 1) */
};

struct sae {
    const struct sae_arch *arch;
    size_t D, F;
    double k; /* whole where each row has k; see sae_arch_by_batch */
    enum sae_norm norm;
    float scale;      /* c = sqrt(D) / mean ||x|| on clean text; 1 with another norm */
    bool apply_b_dec; /* encode x - b_dec; else x itself */
    bool is_free;     /* decoder rows are not unit vectors; see sae_fold */
    double threshold; /* of batch architectures at inference; a running average */
    float *arena;     /* all parameters, `count` floats */
    size_t count;
    float *W_enc; /* [F,D] */
    float *W_dec; /* [F,D] */
    float *b_enc; /* [F] */
    float *b_dec; /* [D] */
    float *extra; /* [.,F] vectors that the architecture adds, in its order */
};

/* Makes an SAE. k: above 0 and at most F, whole for an architecture that selects from
 * each row. */
enum err sae_new(const struct sae_arch *arch, size_t D, size_t F, double k,
                 struct sae **out, struct errinfo *e) ERR_CHECKED;
void sae_free(struct sae *s);
/* Makes a frozen, folded copy for evaluation, browsing and saving. Caller owns. */
enum err sae_copy(const struct sae *s, struct sae **out, struct errinfo *e) ERR_CHECKED;
/* Makes a copy that is the same bit for bit. */
enum err sae_clone(const struct sae *s, struct sae **out,
                   struct errinfo *e) ERR_CHECKED;
/* Divides decoder rows by their norms n_j and multiplies encoder rows, biases and
 * thresholds by n_j: the output stays the same (SAELens' fold_W_dec_norm). No-op unless
 * is_free; a row of zeros gets a direction and an encoder that never fires. */
void sae_fold(struct sae *s);

/* Subtracts from each row of W_enc its mean, so that codes of x become those that the
 * SAE gave for x minus its mean over dimensions. For an SAE trained on centred
 * activations, as TransformerLens gives them if it centres writing weights; the files
 * do not say. The part due to b_dec's own mean stays in the biases. */
void sae_centre(struct sae *s);

/* Sets random decoder rows of norm 1, W_enc = W_dec, the rest zero
 * (dictionary_learning's start). Depends only on seed, D, F. */
void sae_init_weights(struct sae *s, uint64_t seed);
/* Call after that: multiplies both matrices by decoder_norm, and sets the latents'
 * thresholds from h. */
void sae_init_arch(struct sae *s, double decoder_norm, const struct sae_hyper *h);
/* Normalises rows of raw x [n,D] to y [n,D] (may be x) as `norm` says; `scale` is read
 * only for SAE_NORM_SCALE. `undo` [n,2] (may be NULL) gets the inverse for each row: x
 * = y undo[0] + undo[1]. Any thread. O(n D). */
void sae_normalise(enum sae_norm norm, float scale, size_t D, const float *x, size_t n,
                   float *y, float *undo);
/* Sets b_dec to the geometric median (Weiszfeld) of x [n,D], already normalised. */
enum err sae_init_bias(struct sae *s, const float *x, size_t n,
                       struct errinfo *e) ERR_CHECKED;

/* Codes of B rows, compressed: row b's active latents are id/val[start[b]..start[b+1]),
 * ids ascending, val > 0, in units of normalised x. */
struct sae_codes {
    size_t rows;
    size_t *start; /* [rows+1] */
    int32_t *id;
    float *val;
    size_t cap;  /* of id and val */
    float *undo; /* [rows,2] from sae_normalise; NULL: divide by scale */
};
void sae_codes_deinit(struct sae_codes *c);
/* Returns a latent's code in a row; 0: it is silent. O(log codes of the row). */
float sae_codes_at(const struct sae_codes *c, size_t row, int32_t latent);
/* Returns the factor that converts the codes of a row to units of raw x. */
static inline double sae_codes_unit(const struct sae_codes *c, const struct sae *s,
                                    size_t row)
{
    return c->undo != NULL ? (double)c->undo[2 * row] : 1.0 / (double)s->scale;
}
/* Returns the factor from codes to those of the saved SAE, which SAELens' encode gives
 * on raw x: a scale is folded on saving, while normalisation row by row stays with the
 * SAE, whose codes are then in units of the normalised row too. */
static inline double sae_saved_unit(const struct sae *s)
{
    return 1.0 / (double)s->scale;
}
/* Converts all codes to units of raw x, in place; they can no longer be decoded. */
void sae_codes_raw(struct sae_codes *c, const struct sae *s);

/* Encodes raw x [B,D] for inference: per-row top k, the fixed threshold of a batch
 * architecture, or what else the architecture does. `s` must be folded if its selection
 * depends on norms (k). Deterministic, any thread, work split over `pool` (may be
 * NULL). `out` is reused if it has room; zero it before the first use. O(B D F). */
enum err sae_encode(const struct sae *s, const float *x, size_t B, struct pool *pool,
                    struct sae_codes *out, struct errinfo *e) ERR_CHECKED;
/* Reconstructs raw xhat [B,D] from codes. O(B K D). */
void sae_decode(const struct sae *s, const struct sae_codes *c, float *xhat);

/* Changes the inference threshold so that the mean L0 on raw x [n,D] is target. The one
 * threshold of a batch architecture becomes the (target n + 1)-th greatest of all
 * pre-activations, or 0 if fewer are positive. JumpReLU's thresholds are all multiplied
 * by one factor: the (target n + 1)-th greatest ratio of pre-activation to threshold.
 * That is what another weight of its L0 loss would do to first order (a threshold theta
 * removes what is worth theta^2 or less), it keeps the learned ratios, and with equal
 * thresholds it gives the result of a batch architecture; a threshold of 0 counts as
 * the least positive one. ERR_USAGE for an architecture without a threshold or a target
 * outside 0..F. */
enum err sae_calibrate(struct sae *s, const float *x, size_t n, double target,
                       struct pool *pool, struct errinfo *e) ERR_CHECKED;

/* Where a saved SAE belongs; strings borrowed. NULL and 0: not known. */
struct sae_meta {
    const char *model_name, *hook_name, *dataset;
    size_t context_size;
    int64_t step;
    bool prepend_bos, says_bos; /* not known unless says_bos */
    size_t groups;              /* Matryoshka's prefixes, as in sae_hyper; 0: none, */
    const size_t *width;        /* [groups] or not known */
};
/* Writes cfg.json and sae_weights.safetensors as SAELens loads them: norms and scale
 * folded in, W_enc transposed to [D,F], a batch architecture as jumprelu with its
 * threshold. The scale only changes the biases and the threshold (see sae_save.c): with
 * a unit decoder both matrices are saved bit for bit; SAELens' activations are ours /
 * scale. Makes `dir` if needed. Writes each file atomically. */
enum err sae_save(const struct sae *s, const struct sae_meta *meta, const char *dir,
                  struct errinfo *e) ERR_CHECKED;
/* Loads such a directory, saved by any tool: foreign_load (foreign.h) with the layout
 * known. Decoder norms are folded, so that rows have unit norm; scale is 1. An SAE that
 * saetop saved gets back its scale, and its matrices to the bit. Sizes are checked
 * against the file before memory is taken. ERR_MISSING, ERR_FORMAT, ERR_LIMIT name file
 * and place. */
enum err sae_load(const char *dir, struct sae **out, struct errinfo *e) ERR_CHECKED;

#endif
