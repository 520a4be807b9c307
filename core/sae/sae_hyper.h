/* Hyperparameters: all that the loss depends on besides the weights. One struct for all
 * architectures; a row of the table (sae_arch.h) says what applies and what "auto"
 * means.
 *
 * Letters as in sae.h; n_j is the norm of decoder row j, 1 for a unit decoder. */
#ifndef SAETOP_SAE_HYPER_H
#define SAETOP_SAE_HYPER_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Unit: gradients along a row are removed and rows renormalised after each step
 * (dictionary_learning). Free: nothing is constrained, penalties and selections include
 * n_j, and norms are folded before anything is shown or saved (SAELens). Random: rows
 * stay the unit vectors of the start, bit for bit, and the rest is trained as usual:
 * shows what a dictionary that learned nothing achieves (the frozen decoder of arXiv
 * 2602.14111). Not with tied weights, and dead latents are not resampled. */
enum sae_decoder { SAE_DECODER_UNIT, SAE_DECODER_FREE, SAE_DECODER_RANDOM };

/* The remedy for latents that have long been silent. */
enum sae_dead { SAE_DEAD_LEAVE, SAE_DEAD_AUXK, SAE_DEAD_RESAMPLE };

/* The direction of a latent that starts again (sae_resample.h). Centred: x - b_dec,
 * whatever its norm. Input: x itself, whose norm the encoder row keeps
 * (dictionary_learning). */
enum sae_resample_form { SAE_RESAMPLE_CENTRED, SAE_RESAMPLE_INPUT };

/* Normalised: ||ehat - e||^2 over ||e - mean e||^2, with the positive pre-activations
 * (dictionary_learning). Scaled: the plain squared error, times a factor that falls as
 * fewer are dead, with the greatest pre-activations whatever their sign (SAELens). */
enum sae_aux_form { SAE_AUX_NORMALISED, SAE_AUX_SCALED };

/* JumpReLU's sparsity loss: sum H(z - theta); sum tanh(c f n); (L0 / target - 1)^2 with
 * the batch's L0 (dictionary_learning); 2 / target (L0 - target)^2 with each row's
 * (SAELens). */
enum sae_jump_loss {
    SAE_JUMP_STEP,
    SAE_JUMP_TANH,
    SAE_JUMP_QUADRATIC,
    SAE_JUMP_QUADRATIC_ROWS
};

#define SAE_GROUPS_MAX 32

struct sae_hyper {
    double k; /* active latents per row; for BatchTopK on average */
    enum sae_decoder decoder;
    bool apply_b_dec;  /* encode x - b_dec, else x itself */
    double coef;       /* weight of the sparsity loss once warmed up */
    double lp;         /* its exponent p, 1: L1 */
    bool lp_root;      /* (sum (f n)^p)^(1/p) of a row; else sum (f n)^p */
    bool gated_detach; /* Gated: the gate's own reconstruction does not train W_dec,
                          b_dec */
    enum sae_aux_form aux_form;
    size_t aux_k; /* latents per row that AuxK may use; 0: none */
    /* Matryoshka: the dead latents of each group learn what their own prefix leaves,
     * aux_k of them per row; each group's loss falls as fewer of it are dead (SAELens'
     * use_matryoshka_aux_loss). Only with SAE_AUX_SCALED. */
    bool aux_by_group;

    enum sae_jump_loss jump_loss;
    bool jump_on_f;        /* the step function takes f instead of z; not by rows */
    bool ste_to_input;     /* z also gets the negated gradient of theta; not with the
                              quadratic loss of a whole batch */
    double bandwidth;      /* of the straight-through estimator */
    double tanh_scale;     /* c */
    double target_l0;      /* of the quadratic loss */
    double pre_act;        /* weight of ReLU(theta - z) n over dead latents; 0: none */
    double init_threshold; /* of every latent */

    /* Matryoshka: prefixes of the latents and the weights of their errors. */
    size_t groups;
    size_t width[SAE_GROUPS_MAX]; /* ascending, the last is F */
    double weight[SAE_GROUPS_MAX];
};

/* Returns how many errors AuxK learns: one, or one per group. */
static inline size_t sae_aux_targets(const struct sae_hyper *h)
{
    return h->aux_by_group && h->groups > 0 ? h->groups : 1;
}

/* Hyperparameters that may change from step to step. */
struct sae_now {
    double coef;         /* weight of the sparsity loss */
    double p, next_p;    /* exponent in use, and one whose penalty is also measured */
    double aux_coef;     /* weight of AuxK; 0: none */
    const int32_t *dead; /* [n_dead] dead latents, ascending */
    size_t n_dead;
    const size_t *width; /* [groups] instead of hyper.width; NULL: hyper.width */
};

/* dictionary_learning's and SAEBench's five groups. */
#define SAE_GROUPS_DEFAULT "0.03125,0.0625,0.125,0.25,0.53125"

/* Parses widths and weights of Matryoshka's prefixes: numbers with commas. `groups`:
 * the share of the latents of each group, all below 1, the last group taking the rest
 * ("0.25,0.25,0.5"); or widths of the prefixes, F added if missing ("64,256,1024").
 * `weights`: one per prefix; empty: 1 each, with `mean` 1/G each, G groups. With `mean`
 * all are also divided by G, as dictionary_learning does. ERR_USAGE says which and
 * why. */
enum err sae_groups_parse(const char *groups, const char *weights, bool mean, size_t F,
                          struct sae_hyper *h, struct errinfo *e) ERR_CHECKED;

#endif
