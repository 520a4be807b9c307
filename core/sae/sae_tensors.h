/* An SAE as another tool's file describes it, before anything is folded: what all
 * formats share, and where each differs. Internal to core/sae and to tests.
 *
 *   y = normalise(x)      a = y - b_dec, or y      h = a W_enc^T + b_enc
 *   f = select(h)         yhat = f W_dec + b_dec   xhat = yhat put back
 *
 * Letters as in sae.h. */
#ifndef SAETOP_SAE_TENSORS_H
#define SAETOP_SAE_TENSORS_H

#include "base/json.h"
#include "base/tensorfile.h"
#include "sae/foreign.h"

enum tensors_select {
    TENSORS_RELU,  /* f = ReLU(h) */
    TENSORS_TOPK,  /* ReLU(h) of the k greatest h (h n_j if `rescale`) */
    TENSORS_JUMP,  /* h where h > threshold, which is 0 or more */
    TENSORS_GATED, /* ReLU(exp(r_mag) (h - b_enc) + b_mag) where h > 0 */
};

/* saetop's notes with an SAE that it saves, for undoing the folding. */
struct sae_own {
    const struct sae_arch *arch; /* NULL: made elsewhere */
    double scale, threshold;     /* in the units of its training */
};

struct sae_tensors {
    const char *format; /* its name in the table in foreign.c */
    char kind[48];      /* the file's own name for the architecture */
    enum tensors_select select;
    enum sae_norm norm; /* y = scale x, or by row; deviations are with N - 1 */
    double scale;       /* 1 unless norm is SAE_NORM_SCALE */
    size_t D, F;
    double k;             /* whole with TENSORS_TOPK */
    enum elem stored;     /* element type of W_dec in the file */
    bool apply_b_dec;     /* a = y - b_dec */
    bool is_batch;        /* JUMP: one threshold, a running average, not learned */
    bool rescale;         /* TOPK: chosen by h n_j, n_j the norm of decoder row j */
    bool centre;          /* inputs are x minus its mean, as from TransformerLens'
                             processed models */
    float *arena;         /* all that follow, in an SAE's order */
    float *W_enc, *W_dec; /* [F,D] */
    float *b_enc, *b_dec; /* [F], [D] */
    float *threshold;     /* [F] JUMP, else NULL */
    float *r_mag, *b_mag; /* [F] GATED, else NULL */
    struct sae_own own;
    struct foreign_meta meta;
};

/* Makes room for an SAE, zeroed, scale 1, b_dec subtracted. Call when D and F are known
 * to be those of tensors in a file. ERR_LIMIT when they are beyond what an SAE may
 * have. */
enum err sae_tensors_new(enum tensors_select select, size_t D, size_t F,
                         struct sae_tensors **out, struct errinfo *e) ERR_CHECKED;
void sae_tensors_free(struct sae_tensors *t); /* NULL is fine */

/* The layout of a matrix in a file. */
enum tensors_order { ROWS_LATENTS /* [F,D] */, ROWS_DIMENSIONS /* [D,F] */ };

/* Reads D and F of a matrix. ERR_FORMAT if it is missing or no matrix, ERR_LIMIT if no
 * SAE can have these sizes. */
enum err sae_tensors_sizes(const struct tensorfile *f, const char *name,
                           enum tensors_order order, size_t *D, size_t *F,
                           struct errinfo *e) ERR_CHECKED;
/* Read a matrix of t's sizes to out [F,D], or a vector; elements must be finite. For
 * W_dec the element type is noted. */
enum err sae_tensors_matrix(struct sae_tensors *t, struct tensorfile *f,
                            const char *name, enum tensors_order order, float *out,
                            struct errinfo *e) ERR_CHECKED;
enum err sae_tensors_vector(struct tensorfile *f, const char *name, size_t n,
                            float *out, struct errinfo *e) ERR_CHECKED;
/* Refuses what is not understood: ERR_FORMAT for a tensor not in `known`, which ends
 * with a NULL; a name that ends in '*' stands for all with that beginning. */
enum err sae_tensors_known(const struct tensorfile *f, const char *const *known,
                           struct errinfo *e) ERR_CHECKED;

/* Checks a size from a file against that of the tensors: ERR_FORMAT names both. */
enum err sae_tensors_agree(const char *path, const char *key, int64_t found,
                           size_t tensors, struct errinfo *e) ERR_CHECKED;

/* Takes n widths of Matryoshka's prefixes, which must ascend to F; adds a missing F.
 * More than SAE_GROUPS_MAX are neither read nor kept. ERR_FORMAT names file and key. */
enum err sae_tensors_widths(struct foreign_meta *m, const char *path, const char *key,
                            const int64_t *width, size_t n, size_t F,
                            struct errinfo *e) ERR_CHECKED;

/* Makes the SAE as saetop runs it: rows of unit norm, everything folded that can be.
 * `t` is used up: its arena becomes the SAE's. ERR_FORMAT, with `path`, where saetop
 * has no matching architecture. */
enum err sae_tensors_to_sae(struct sae_tensors *t, const char *path, struct sae **out,
                            struct errinfo *e) ERR_CHECKED;

/* ---- what a format brings: a file foreign_NAME.c and a line in foreign.c ---- */

struct foreign_format {
    const char *name;  /* "saelens" */
    const char *about; /* how it is recognised, for help */
    bool (*is)(const char *path);
    enum err (*load)(const char *path, struct sae_tensors **out, struct errinfo *e);
    /* Parses and checks only its configuration; NULL: it has none. For fuzzing. */
    enum err (*check)(const cJSON *root, const char *path, struct errinfo *e);
};

/* Gives all rows of the table; returns how many. */
size_t foreign_all(const struct foreign_format *const **out);
/* Reads `path` in whatever format it has. */
enum err foreign_tensors(const char *path, struct sae_tensors **out,
                         struct errinfo *e) ERR_CHECKED;

#define FOREIGN_CFG_MAX ((size_t)4 << 20)

#endif
