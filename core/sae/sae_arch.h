/* The table of SAE architectures: a row says how one differs from the others.
 *
 * A step (sae_step.h) is the same for all: encode row blocks, select, decode and
 * compare, gradients by latent, update. An architecture provides the functions in
 * `struct sae_ops`, and says which settings it has, how its SAEs select at inference
 * and how they are saved. To add one: a file sae_NAME.c that defines sae_NAME_ops in
 * terms of `real` (num/real.h; tests have it in double as well) and sae_arch_NAME (see
 * sae_topk.c for a selection, sae_standard.c for an activation that is a function of
 * each pre-activation), and one line in SAE_ARCHES. Internal to core/sae and to
 * tests. */
#ifndef SAETOP_SAE_ARCH_H
#define SAETOP_SAE_ARCH_H

#include "sae/sae.h"
#include "sae/sae_hyper.h"

/* In the order of help texts. */
#define SAE_ARCHES(X)                                                                  \
    X(matryoshka)                                                                      \
    X(batchtopk)                                                                       \
    X(topk)                                                                            \
    X(standard)                                                                        \
    X(gated)                                                                           \
    X(jumprelu)                                                                        \
    X(p_anneal)                                                                        \
    X(tied)

enum sae_infer {
    SAE_INFER_TOPK,      /* the k greatest positive pre-activations of a row */
    SAE_INFER_THRESHOLD, /* all above `threshold` */
    SAE_INFER_RELU,      /* all positive ones */
    SAE_INFER_JUMP,      /* all above the latent's own threshold, extra[0] */
    SAE_INFER_GATED,     /* those whose gate is positive; see sae_gated.c */
};

/* Parameter vectors [F] beyond W_enc, W_dec, b_enc, b_dec. */
#define SAE_EXTRA_MAX 2
struct sae_vector {
    const char *name; /* of the tensor in SAELens' file */
    bool folds;       /* grows with the norm of its decoder row */
};

struct sae_ops_f32; /* sae_step.h */

struct sae_arch {
    const char *name;      /* in configurations and on the command line */
    const char *save_name; /* `architecture` in SAELens' cfg.json when saved */
    unsigned has;          /* bits SAE_HAS_ of sae.h */
    struct sae_auto defaults;
    enum sae_infer infer;
    size_t extra; /* how many of vector[] */
    struct sae_vector vector[SAE_EXTRA_MAX];
    const char *b_enc_name; /* NULL: "b_enc" */
    bool collects_batch;    /* selects over a whole batch: needs a sae_collect */
    bool tied;              /* W_enc is W_dec */
    const struct sae_ops_f32 *ops;
};

/* Defaults are for inputs of norm sqrt(D) and runs of 500 to 5,000 steps: learning
 * rates are ten times those published for 10^5 steps (dictionary_learning's TopK: 2e-4
 * / sqrt(F / 16384); SAELens' standard: 5e-5 to 3e-4), and weights of penalties give an
 * L0 of five to thirty on the bundled sample (SAELens' tutorials: 5).
 *
 * Defaults of TopK and its relatives, and of architectures with a penalty and a unit
 * decoder. */
#define SAE_TOPK_DEFAULTS                                                              \
    {                                                                                  \
        .lr = 2e-3, .beta1 = 0.9, .clip = 1.0, .decoder_norm = 1.0,                    \
        .decoder = SAE_DECODER_UNIT, .dead = SAE_DEAD_AUXK                             \
    }
#define SAE_PENALTY_DEFAULTS(coef_, coef_warmup_)                                      \
    {                                                                                  \
        .lr = 2e-3, .beta1 = 0.9, .coef = (coef_), .coef_warmup = (coef_warmup_),      \
        .clip = 1.0, .decoder_norm = 1.0, .decoder = SAE_DECODER_UNIT,                 \
        .dead = SAE_DEAD_LEAVE                                                         \
    }

/* Returns whether an SAE of F latents can have k active ones per row. */
bool sae_k_fits(const struct sae_arch *arch, double k, size_t F);
/* Returns the most active latents of B rows: B k, or for a selection over a batch
 * round(k B). */
size_t sae_active_at_most(const struct sae_arch *arch, double k, size_t B);
/* Returns whether so few of F latents are selected that a step sieves them
 * (num/product.h). */
bool sae_sieves(const struct sae_arch *arch, double k, size_t D, size_t F);
/* Returns up to how many dead latents a step need not encode all F for them: their own
 * product is small, and fits a slice of a block's pre-activations. */
size_t sae_dead_room(size_t F);

/* Blocks of work, fixed so that sums do not depend on threads: latents, and rows that
 * are encoded together (enough to pay off reading W_enc, and a multiple of what the
 * product takes at a time). */
#define SAE_LATENT_BLOCK ((size_t)128)
size_t sae_block_rows(size_t F);

/* What a step measures; sums and means in double. */
struct sae_loss {
    double loss;     /* what was differentiated: the weighted sum of the parts below */
    double mse;      /* mean over rows of ||xhat - x||^2 */
    double aux;      /* AuxK, or the gate's own error; 0 without */
    double sparsity; /* the penalty times its weight; 0 without */
    double penalty, next_penalty; /* mean over rows, unweighted, at now.p and
                                     now.next_p */
    double l0;
    double explained_variance; /* 1 - sum ||x - xhat||^2 / sum ||x - mean x||^2 */
    double least;              /* least selected activation; 0: none was */
};

/* Makes an SAE around existing parameters: an arena of its size or more, laid out as by
 * sae_params_at, which the SAE takes over; on error it stays the caller's. */
enum err sae_new_around(const struct sae_arch *arch, size_t D, size_t F, double k,
                        float *arena, struct sae **out, struct errinfo *e) ERR_CHECKED;

/* Computes the floats of a parameter arena; ERR_LIMIT if the sizes are out of range. */
enum err sae_param_count(const struct sae_arch *arch, size_t D, size_t F, size_t *out,
                         struct errinfo *e) ERR_CHECKED;

#endif
