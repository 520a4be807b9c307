/* Loss and gradients of one batch, and the update from them, written once and compiled
 * for float and double (num/real.h). Internal to core/sae and to tests.
 *
 * Parallel over fixed blocks of rows, then of latents; a block writes only what is its
 * own, and sums over blocks run in block order, so the bits do not depend on the
 * threads. */
#include "num/real.h"
#include "num/topk.h"
#include "sae/sae_arch.h"
#include "sae/sae_collect.h"

#if (defined(REAL_F64) && !defined(SAETOP_SAE_STEP_F64)) ||                            \
    (!defined(REAL_F64) && !defined(SAETOP_SAE_STEP_F32))
#ifdef REAL_F64
#define SAETOP_SAE_STEP_F64
#else
#define SAETOP_SAE_STEP_F32
#endif

struct adam;

/* Parameters, or gradients or moments of them: pointers into one arena, in this order.
 */
struct R(sae_params) {
    size_t D, F, count;
    real *arena;
    real *W_enc, *W_dec; /* [F,D] */
    real *b_enc;         /* [F] */
    real *b_dec;         /* [D] */
    real *extra;         /* [arch->extra, F] */
};
/* Point into an arena of sae_param_count reals (borrowed). */
struct R(sae_params)
    R(sae_params_at)(const struct sae_arch *arch, size_t D, size_t F, real *arena);

/* Active (row, latent) pairs: by row as selected, then regrouped by latent. */
struct R(sae_pairs) {
    size_t cap;
    size_t *first; /* [B] where a row's pairs begin */
    size_t *n;     /* [B] how many it has */
    int32_t *id;   /* [cap] latents, rising within a row */
    real *val;     /* [cap] activations, > 0 */
    real *grad;    /* [cap] gradient at the pre-activation, up to `scale` of regroup */
    /* By latent j: start[j] .. start[j + 1], rows rising. */
    size_t *start; /* [F + 2] */
    int32_t *row;  /* [cap] */
    real *row_val, *row_grad;
};

/* Scratch of one worker. */
struct R(sae_worker) {
    real *h;              /* [block_rows, F] pre-activations */
    int32_t *id;          /* [F] */
    real *val, *gathered; /* [F] */
    struct R(topk_guess) guess, aux_guess;
};

struct R(sae_step) {
    const struct sae_arch *arch;
    const struct R(sae_ops) * ops;
    size_t D, F, k, B;
    size_t aux_k;      /* latents of a row that AuxK may use */
    size_t block_rows; /* fixed by F, not by threads */
    size_t row_blocks, latent_blocks;

    /* The batch at hand, borrowed. */
    const struct R(sae_params) * w;
    struct R(sae_params) * g;
    const real *x;       /* [B,D] */
    const int32_t *dead; /* [n_dead], rising */
    size_t n_dead;

    real *a;       /* [B,D] x - b_dec */
    real *err;     /* [B,D] xhat - x */
    real *aux_err; /* [B,D] what AuxK leaves of the error */
    struct R(sae_pairs) main, aux;
    real err_scale, aux_scale; /* gradient at xhat is err_scale err, at ehat aux_scale
                                  aux_err */
    double *mean_err;          /* [D] */
    real *block_cols;          /* [row_blocks, 2, D] column sums of a and err */
    double *block_sums;        /* [row_blocks, 4] sums of squares: enum in sae_step.c */
    real *latent_cols;   /* [latent_blocks, D] what b_dec gets through x - b_dec */
    double *latent_sums; /* [latent_blocks] sums of squares of gradients */

    struct R(sae_worker) * worker;
    size_t workers;
    struct R(sae_collect) collect; /* if arch->collects_batch */
};

/* What an architecture does in a step. */
struct R(sae_ops) {
    /* Before the rows are encoded, maybe a second time. May be NULL. */
    void (*begin)(struct R(sae_step) * s);
    /* Select from h [rows,F], pre-activations of rows from row0: fill s->main, or note
     * candidates. Any worker. */
    void (*scan)(struct R(sae_step) * s, size_t worker, size_t row0, size_t rows,
                 const real *h);
    /* Complete s->main after the last row; false: encode again. May be NULL. */
    bool (*settle)(struct R(sae_step) * s);
    /* Decode rows from row0: s->err, and s->main.grad of their pairs. Any worker.
     * R(sae_decode_rows) unless the loss is another than the squared error. */
    void (*decode)(struct R(sae_step) * s, size_t row0, size_t rows);
    /* Gradients of latents j0 .. j1 in s->g. Any worker. R(sae_latent_grads) as a rule.
     */
    void (*latents)(struct R(sae_step) * s, size_t j0, size_t j1);
};

enum err R(sae_step_new)(const struct sae_arch *arch, size_t D, size_t F, size_t k,
                         size_t B, size_t aux_k, struct R(sae_step) * *out,
                         struct errinfo *e) ERR_CHECKED;
void R(sae_step_free)(struct R(sae_step) * s);

/* Loss and gradients g of w on x [B,D]. AuxK with weight aux_coef on the n_dead latents
 * `dead`, rising; 0 or no dead latents: none. Allocates only when the pool has more
 * threads than before. Afterwards s->main holds the codes. */
enum err R(sae_step_grad)(struct R(sae_step) * s, const struct R(sae_params) * w,
                          const real *x, const int32_t *dead, size_t n_dead,
                          double aux_coef, struct pool *pool, struct R(sae_params) * g,
                          struct sae_loss *out, struct errinfo *e) ERR_CHECKED;

/* Remove from g.W_dec what points along the rows of w.W_dec, which are of unit norm,
 * and return the norm of the whole gradient. */
double R(sae_step_project)(struct R(sae_step) * s, const struct R(sae_params) * w,
                           struct R(sae_params) * g, struct pool *pool);
/* One step of Adam (grad_scale of `adam` clips) and decoder rows to unit norm again. */
void R(sae_step_adam)(struct R(sae_step) * s, const struct adam *adam,
                      const struct R(sae_params) * g, struct R(sae_params) * w,
                      struct R(sae_params) * m, struct R(sae_params) * v,
                      struct pool *pool);

/* Shared by architectures. */
void R(sae_decode_rows)(struct R(sae_step) * s, size_t row0, size_t rows);
void R(sae_latent_grads)(struct R(sae_step) * s, size_t j0, size_t j1);

#endif
