/* What distinguishes one SAE architecture from another, as rows of a table.
 *
 * A step (sae_step.h) is the same for all: encode row blocks, select, decode and
 * compare, gradients by latent, update. An architecture brings the functions in `struct
 * sae_ops` for float and double, and says how its SAEs select at inference and how they
 * are saved. To add one: a file sae_NAME.c that defines sae_arch_NAME (see sae_topk.c,
 * the shortest), and one line in SAE_ARCHES. Internal to core/sae and to tests. */
#ifndef SAETOP_SAE_ARCH_H
#define SAETOP_SAE_ARCH_H

#include "sae/sae.h"

/* In the order of help texts. */
#define SAE_ARCHES(X)                                                                  \
    X(topk)                                                                            \
    X(batchtopk)

enum sae_infer {
    SAE_INFER_TOPK,      /* the k greatest positive pre-activations of a row */
    SAE_INFER_THRESHOLD, /* all above `threshold` */
};

struct sae_ops_f32; /* sae_step.h */
struct sae_ops_f64;

struct sae_arch {
    const char *name;      /* in configurations and on the command line */
    const char *save_name; /* `architecture` in SAELens' cfg.json, as it is saved */
    enum sae_infer infer;
    size_t extra;        /* parameter vectors [F] beyond W_enc, W_dec, b_enc, b_dec */
    bool collects_batch; /* selects over a whole batch: needs a sae_collect */
    const struct sae_ops_f32 *f32;
    const struct sae_ops_f64 *f64;
};

/* All rows of the table; returns how many. */
size_t sae_arch_all(const struct sae_arch *const **out);

/* Check the text of a cfg.json as sae_load does; for fuzzing. */
enum err sae_cfg_check(const char *text, size_t len, const char *name,
                       struct errinfo *e) ERR_CHECKED;

/* Blocks that work is dealt out in, fixed so that sums do not depend on threads: rows
 * that are encoded together (enough for BLAS to pay off its packing of W_enc, few
 * enough for the pre-activations to stay near the CPU), and latents. */
#define SAE_LATENT_BLOCK ((size_t)128)
size_t sae_block_rows(size_t F);

/* What a step found; sums and means in double. */
struct sae_loss {
    double loss; /* mse + aux_coef * aux */
    double mse;  /* mean over rows of ||xhat - x||^2 */
    double aux;  /* AuxK, normalised; 0 without dead latents */
    double l0;
    double explained_variance; /* 1 - sum ||x - xhat||^2 / sum ||x - mean x||^2 */
    double least;              /* least selected activation; 0: none was */
};

/* Floats of a parameter arena; ERR_LIMIT if the sizes are out of range. */
enum err sae_param_count(const struct sae_arch *arch, size_t D, size_t F, size_t *out,
                         struct errinfo *e) ERR_CHECKED;

#endif
