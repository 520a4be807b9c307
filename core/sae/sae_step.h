/* Loss and gradients of one batch, and the update from them, written once and compiled
 * for float and double (num/real.h). Internal to core/sae and to tests.
 *
 * Parallel over fixed blocks of rows, then of latents; a block writes only its own
 * results, and sums over blocks run in block order, so the bits do not depend on the
 * threads. */
#include "num/product.h"
#include "num/real.h"
#include "num/topk.h"
#include "sae/sae_arch.h"
#include "sae/sae_collect.h"
#include "sae/sae_times.h"

#if (defined(REAL_F64) && !defined(SAETOP_SAE_STEP_F64)) ||                            \
    (!defined(REAL_F64) && !defined(SAETOP_SAE_STEP_F32))
#ifdef REAL_F64
#define SAETOP_SAE_STEP_F64
#else
#define SAETOP_SAE_STEP_F32
#endif

#ifndef SAETOP_SAE_STEP_ENUMS
#define SAETOP_SAE_STEP_ENUMS
/* Sums over rows that a row block leaves in block_sums. */
enum sae_sum {
    SAE_SUM_A,   /* ||a||^2 */
    SAE_SUM_ERR, /* ||xhat - x||^2 */
    SAE_SUM_AUX, /* ||aux_err||^2 */
    SAE_SUM_AUX_CENTRED,
    SAE_SUM_PREFIX,  /* weighted squared errors of Matryoshka's prefixes */
    SAE_SUM_PENALTY, /* entries: the penalty at now.p, and at now.next_p */
    SAE_SUM_NEXT,
    SAE_SUM_ACTIVE, /* entries: how many are active */
    SAE_SUMS
};
/* Column sums [D] that a row block leaves in block_cols. */
enum sae_col { SAE_COL_A, SAE_COL_ERR, SAE_COL_OUT, SAE_COLS };
/* Column sums [F] of entries; an architecture's own come after. */
enum { SAE_ENTRY_GRAD, SAE_ENTRY_FIRES, SAE_ENTRY_OWN };
/* Room for the listed entries of a row where few are expected above a value. */
#define SAE_ABOVE_ROOM(k, F) ((size_t)(8 * (k)) + 256 + (F) / 16)
/* How entries are computed: SAE_PATH_AUTO goes by the density of the last step. */
enum sae_path { SAE_PATH_AUTO, SAE_PATH_SPARSE, SAE_PATH_DENSE };
#endif

struct adam;

/* Parameters, or their gradients or moments: pointers into one arena, in this order. */
struct R(sae_params) {
    size_t D, F, count;
    real *arena;
    real *W_enc, *W_dec; /* [F,D] */
    real *b_enc;         /* [F] */
    real *b_dec;         /* [D] */
    real *extra;         /* [arch->extra, F] */
};
/* Points into an arena of sae_param_count reals (borrowed). */
struct R(sae_params)
    R(sae_params_at)(const struct sae_arch *arch, size_t D, size_t F, real *arena);

/* Active (row, latent) pairs: by row as selected, then regrouped by latent. */
struct R(sae_pairs) {
    size_t cap;
    size_t *first; /* [B] where a row's pairs start */
    size_t *n;     /* [B] how many pairs it has */
    int32_t *id;   /* [cap] latents, ascending within a row */
    real *val;     /* [cap] activations; > 0 except in entries near a threshold */
    real *pre;     /* [cap] pre-activations, for `entries`; else NULL */
    real *grad;    /* [cap] gradient at the pre-activation, up to `scale` of regroup */
    /* By latent j: start[j] .. start[j + 1], rows ascending. */
    size_t *start; /* [F + 1] */
    int32_t *row;  /* [cap] */
    real *row_val, *row_grad;
    real *row_pre; /* [cap] if the gate trains the decoder, else NULL */
};

/* Scratch of one worker. */
struct R(sae_worker) {
    real *h;                       /* [slice_rows, F] pre-activations */
    real *rows;                    /* [block_rows, D] for the product; or NULL */
    struct R(product_found) found; /* of a block; arrays NULL where not used */
    real *above;                   /* [block_rows] */
    real *gate;     /* [block_rows, F] Gated on the dense path; else NULL */
    int32_t *id;    /* [F] */
    real *val;      /* [F] */
    real *gathered; /* [2 F] */
    struct R(topk_guess) guess, aux_guess;
    struct sae_times times; /* not yet collected by sae_step_times */
};

struct R(sae_step) {
    const struct sae_arch *arch;
    const struct R(sae_ops) *ops;
    struct sae_hyper hyper;
    size_t D, F, B;
    size_t k;          /* per row, where each row has k */
    size_t aux_k;      /* latents per row that AuxK may use, or per row and group */
    size_t aux_room;   /* the most that a row may have in all */
    size_t block_rows; /* fixed by F, not by threads */
    size_t slice_rows; /* rows of a block that are encoded and selected from at a
                          time */
    size_t row_blocks, latent_blocks;
    bool is_gated;    /* the gate has a reconstruction of its own, */
    bool gate_trains; /* which also trains W_dec and b_dec */

    /* The current batch, borrowed. */
    const struct R(sae_params) *w;
    struct R(sae_params) *g;
    const real *x; /* [B,D] */
    struct sae_now now;
    const int32_t *dead; /* [n_dead] for AuxK, ascending */
    size_t n_dead;
    const size_t *width; /* [hyper.groups] */

    struct R(product_weights) encoder; /* W_enc and b_enc, and W_enc packed */
    real *sieve;                       /* the encoder's, where it pays; or NULL */
    /* The same for at most dead_room dead latents, for AuxK where pre-activations are
     * not stored. */
    struct R(product_weights) dead_encoder;
    real *dead_W, *dead_b;
    size_t dead_room;
    real *a;       /* [B,D] x - b_dec, or x */
    real *scale;   /* [B] norms of rows of a, which selected values grow with */
    real *err;     /* [B,D] xhat - x */
    real *aux_err; /* [sae_aux_targets,B,D] the error that AuxK leaves; or [B,D] the
                      gate's own error */
    real *suffix;  /* [groups,B,D] sums of weighted errors of prefix g and all wider
                      ones */
    struct R(sae_pairs) main, aux;
    size_t *place;                    /* [row_blocks, F] for regroup */
    real err_scale, aux_scale;        /* the gradient at xhat is err_scale err, at ehat
                                         aux_scale aux_err */
    double *mean_err;                 /* [D] */
    double aux_share[SAE_GROUPS_MAX]; /* the weight of each group's AuxK */
    real *block_cols;                 /* [row_blocks, SAE_COLS, D] */
    double *block_sums;               /* [row_blocks, SAE_SUMS] */
    real *latent_cols;                /* [latent_blocks, D] the gradient of b_dec
                                         through a */
    double *latent_sums;              /* [latent_blocks] */

    real *norm;      /* [F] n_j of a free decoder, or NULL */
    real *norm_grad; /* [F] gradient of penalties at n_j, for `entries` */
    real *through;   /* [F] sums over rows of gradients at pre-activations */
    int32_t *fires;  /* [F] rows in which a latent is active */

    /* Entries. */
    real *cols;   /* [row_blocks, SAE_ENTRY_OWN + entries->sums, F] */
    real *vector; /* [2, F] made from the weights by `begin` */
    real *arena;  /* pairs or dense buffers, never both */
    real *dense_val, *dense_grad, *dense_gate; /* [B,F] into arena */
    enum sae_path path;
    bool is_dense;
    double
        density; /* share of entries active in the last step; part of a run's state */

    struct R(sae_worker) *worker;
    size_t workers;
    bool timed;     /* phases are timed */
    bool projects;  /* sae_step_project is to follow: do its part while gradients are in
                       cache, which then are no longer those of the loss */
    bool projected; /* sae_step_grad did that */
    struct R(sae_collect) collect; /* if arch->collects_batch */
};

/* An architecture's part of a step. */
struct R(sae_ops) {
    /* Called before the rows are encoded, maybe a second time. May be NULL. */
    void (*begin)(struct R(sae_step) *s);
    /* Selects from h [rows,F], the pre-activations of rows from row0 on: fills s->main,
     * or notes candidates. Any worker. */
    void (*scan)(struct R(sae_step) *s, size_t worker, size_t row0, size_t rows,
                 const real *h);
    /* If rows need only entries above some value, sets above [rows] for rows from row0
     * on; false: not yet known. May be NULL. */
    bool (*expect)(const struct R(sae_step) *s, size_t worker, size_t row0, size_t rows,
                   real *above);
    /* Like scan for one row, but from its n entries above `above`, which it may change;
     * false: it needs all entries. */
    bool (*take)(struct R(sae_step) *s, size_t worker, size_t row, size_t n,
                 int32_t *id, real *val);
    /* Completes s->main after the last row; false: encode again. May be NULL. */
    bool (*settle)(struct R(sae_step) *s);
    /* Decodes rows from row0 on: fills s->err, and s->main.grad of their pairs.
     * R(sae_decode_rows) unless the loss is not the squared error. Any worker. */
    void (*decode)(struct R(sae_step) *s, size_t worker, size_t row0, size_t rows);
    /* Writes gradients of latents j0 .. j1 to s->g, s->through and s->fires.
     * R(sae_latent_grads) as a rule. Any worker. */
    void (*latents)(struct R(sae_step) *s, size_t j0, size_t j1);
    /* Set where each activation is a function of its pre-activation: scan, settle,
     * decode and latents are then those of sae_entries.c. */
    const struct R(sae_entries) *entries;
};

/* Returns those of an architecture; in double precision only for tests
 * (tests/twins). */
const struct R(sae_ops) *R(sae_ops_of)(const struct sae_arch *arch);

/* The active entries of one row. */
struct R(sae_row) {
    size_t n;
    const int32_t *id; /* [n] latents, ascending; NULL: all F */
    const real *pre;   /* [n] pre-activations */
    const real *val;   /* [n] activations */
    real *grad; /* [n] in: gradient of the error at the activation; out: of the whole
                   loss at the pre-activation */
    const real *gate_grad; /* [n] gradient at the gate's activation, if is_gated */
    real *cols;            /* [.,F] column sums of the row's block, to add to */
    double penalty, next_penalty; /* out: of the row, unweighted */
};

/* An architecture in which each activation is a function of its pre-activation:
 * standard, gated, jumprelu and the like. Computed sparsely, over lists of the active
 * entries, or densely when many are; the functions below serve both. */
struct R(sae_entries) {
    size_t sums; /* number of column sums from SAE_ENTRY_OWN on that `back` adds to */
    /* Makes s->vector from the weights, before a batch. May be NULL. */
    void (*begin)(struct R(sae_step) *s);
    /* Finds the entries of h [F] with a value or a gradient; returns how many. wk->id:
     * ascending; wk->val: their pre-activations. NULL: the positive ones. */
    size_t (*pick)(const struct R(sae_step) *s, struct R(sae_worker) *wk,
                   const real *h);
    /* Computes activations val [n] from pre-activations pre [n] of latents id (NULL:
     * all F). */
    void (*activate)(const struct R(sae_step) *s, size_t n, const int32_t *id,
                     const real *pre, real *val);
    /* Computes the gradients of a row. */
    void (*back)(const struct R(sae_step) *s, struct R(sae_row) *r);
    /* Computes gradients of vectors of latents j0 .. j1 from column sums
     * (R(sae_entry_sum)): s->g->extra, and s->g->b_enc where it is not s->through. May
     * be NULL. */
    void (*finish)(struct R(sae_step) *s, size_t j0, size_t j1);
    /* Returns the weighted sparsity loss. NULL: it is now.coef out->penalty. */
    double (*sparsity)(const struct R(sae_step) *s, const struct sae_loss *out);
    /* Returns a last part of the loss, weighted, which needs the latents' gradients;
     * *aux: unweighted. May be NULL. */
    double (*late)(struct R(sae_step) *s, double *aux);
};

/* Makes a step. h: copied; h->aux_k 0 without AuxK; h->k is read only where the
 * architecture has it. */
enum err R(sae_step_new)(const struct sae_arch *arch, size_t D, size_t F,
                         const struct sae_hyper *h, size_t B, struct R(sae_step) **out,
                         struct errinfo *e) ERR_CHECKED;
void R(sae_step_free)(struct R(sae_step) *s);

/* Computes loss and gradients g of w on x [B,D], with `now`. Allocates only when the
 * pool has more threads than before. Afterwards s->fires holds how often latents were
 * active. */
enum err R(sae_step_grad)(struct R(sae_step) *s, const struct R(sae_params) *w,
                          const real *x, const struct sae_now *now, struct pool *pool,
                          struct R(sae_params) *g, struct sae_loss *out,
                          struct errinfo *e) ERR_CHECKED;

/* With a unit decoder, removes from g.W_dec the components along the rows of w.W_dec.
 * Returns the norm of the whole gradient. */
double R(sae_step_project)(struct R(sae_step) *s, const struct R(sae_params) *w,
                           struct R(sae_params) *g, struct pool *pool);
/* Does one step of Adam (grad_scale of `adam` clips), and restores what must hold for
 * the weights: unit decoder rows, tied matrices, thresholds of 0 or more. */
void R(sae_step_adam)(struct R(sae_step) *s, const struct adam *adam,
                      const struct R(sae_params) *g, struct R(sae_params) *w,
                      struct R(sae_params) *m, struct R(sae_params) *v,
                      struct pool *pool);

/* The part of sae_step_project for latents j0 .. j1, block `block`. Any worker. */
void R(sae_project_latents)(struct R(sae_step) *s, const struct R(sae_params) *w,
                            struct R(sae_params) *g, size_t block, size_t j0,
                            size_t j1);

/* Returns a watch for the work of `worker`; it stands still unless the step is
 * timed. */
struct sae_watch R(sae_step_watch)(struct R(sae_step) *s, size_t worker);
/* Adds what the workers measured to `to`, and starts again from 0. */
void R(sae_step_times)(struct R(sae_step) *s, struct sae_times *to);

/* ---- shared by architectures ---- */

void R(sae_decode_rows)(struct R(sae_step) *s, size_t worker, size_t row0, size_t rows);
void R(sae_latent_grads)(struct R(sae_step) *s, size_t j0, size_t j1);
/* Writes b_dec - x to y [D]: the start of a reconstruction minus its target. */
void R(sae_err_begin)(const struct R(sae_step) *s, size_t row, real *y);
/* y += sum of weight[i] x[row[i]] over the pairs of latent j; weight: row_val or
 * another array in the order of latents. */
void R(sae_add_rows)(const struct R(sae_pairs) *p, size_t j, const real *weight,
                     const real *x, size_t D, real *y);
/* y = scale times that sum. */
void R(sae_sum_rows)(const struct R(sae_pairs) *p, size_t j, const real *weight,
                     const real *x, size_t D, real scale, real *y);
/* Sorts pairs by latent, rows in order; multiplies gradients by scale. O(pairs +
 * row_blocks F). */
void R(sae_regroup)(struct R(sae_step) *s, struct R(sae_pairs) *p, real scale,
                    struct pool *pool);
/* Return sums over all row blocks. */
double R(sae_total)(const struct R(sae_step) *s, enum sae_sum which);
double R(sae_total_col)(const struct R(sae_step) *s, enum sae_col which, size_t d);

/* With a free decoder a selection compares h n, but codes are h: the first returns a
 * row of h [F] rescaled in the worker's scratch (h itself with a unit decoder), the
 * second scales pairs of rows from row0 on back. */
const real *R(sae_scaled_row)(struct R(sae_step) *s, size_t worker, const real *h);
void R(sae_unscale_pairs)(struct R(sae_step) *s, size_t row0, size_t rows);

/* The selection over a batch: BatchTopK and Matryoshka. */
void R(sae_batch_begin)(struct R(sae_step) *s);
void R(sae_batch_scan)(struct R(sae_step) *s, size_t worker, size_t row0, size_t rows,
                       const real *h);
bool R(sae_batch_settle)(struct R(sae_step) *s);

bool R(sae_batch_expect)(const struct R(sae_step) *s, size_t worker, size_t row0,
                         size_t rows, real *above);
bool R(sae_batch_take)(struct R(sae_step) *s, size_t worker, size_t row, size_t n,
                       int32_t *id, real *val);

/* Encodes rows from row0 on and selects from them without storing pre-activations;
 * false: nothing was done. Any worker. */
bool R(sae_encode_above)(struct R(sae_step) *s, size_t worker, size_t row0,
                         size_t rows);
enum err R(sae_above_new)(struct R(sae_worker) *w, const struct R(sae_step) *s,
                          struct errinfo *e) ERR_CHECKED;
/* The memory for that which all workers share, and what it does at the start of a
 * batch. */
enum err R(sae_above_init)(struct R(sae_step) *s, struct errinfo *e) ERR_CHECKED;
void R(sae_above_deinit)(struct R(sae_step) *s);
void R(sae_above_begin)(struct R(sae_step) *s);

/* AuxK: the first chooses a row's dead latents while their pre-activations are there,
 * that of s->dead[i] in h[place[i]], or in h[i] for place NULL; the second returns the
 * loss, and leaves weighted gradients in s->aux. */
void R(sae_aux_select)(struct R(sae_step) *s, struct R(sae_worker) *wk, size_t row,
                       const real *h, const int32_t *place);
double R(sae_aux_run)(struct R(sae_step) *s, double coef, struct pool *pool);

/* Entries (sae_entries.c). */
enum err R(sae_entries_new)(struct R(sae_step) *s, struct errinfo *e) ERR_CHECKED;
void R(sae_entries_begin)(struct R(sae_step) *s);
void R(sae_entries_scan)(struct R(sae_step) *s, size_t worker, size_t row0, size_t rows,
                         const real *h);
bool R(sae_entries_settle)(struct R(sae_step) *s);
void R(sae_entries_decode)(struct R(sae_step) *s, size_t worker, size_t row0,
                           size_t rows);
void R(sae_entries_dense)(struct R(sae_step) *s, size_t worker, size_t row0,
                          size_t rows);
void R(sae_entries_latents)(struct R(sae_step) *s, size_t j0, size_t j1);
double R(sae_entry_sum)(const struct R(sae_step) *s, size_t which, size_t j);
/* ReLU with the penalty sum (f n)^p, or its p-th root. */
extern const struct R(sae_entries) R(sae_lp_entries);

/* The functions that architectures of a kind share: those of entries, with their own
 * gradients of latents; those that select over the batch, with their own decoding. */
#ifndef SAE_OPS_OF_ENTRIES
#define SAE_OPS_OF_ENTRIES(entries_, latents_)                                         \
    {                                                                                  \
        .begin = R(sae_entries_begin), .scan = R(sae_entries_scan),                    \
        .settle = R(sae_entries_settle), .decode = R(sae_entries_decode),              \
        .latents = (latents_), .entries = (entries_)                                   \
    }
#define SAE_OPS_OF_BATCH(decode_)                                                      \
    {                                                                                  \
        .begin = R(sae_batch_begin), .scan = R(sae_batch_scan),                        \
        .expect = R(sae_batch_expect), .take = R(sae_batch_take),                      \
        .settle = R(sae_batch_settle), .decode = (decode_),                            \
        .latents = R(sae_latent_grads)                                                 \
    }
#endif

#endif
