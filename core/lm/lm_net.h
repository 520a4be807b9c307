/* GPT-2 in training, forward and backward, written once and compiled for float and
 * double (num/real.h). Internal to core/lm and to tests. GPT-2: x += attn(ln1 x); x +=
 * mlp(ln2 x); logits = ln_f(x) wte^T; gelu_new; causal; scale 1/sqrt(d_head). */
#include "lm/lm.h"
#include "num/real.h"

#if (defined(REAL_F64) && !defined(SAETOP_LM_NET_F64)) ||                              \
    (!defined(REAL_F64) && !defined(SAETOP_LM_NET_F32))
#ifdef REAL_F64
#define SAETOP_LM_NET_F64
#else
#define SAETOP_LM_NET_F32
#endif

/* Weights as `real`, laid out as the arena of struct lm_weights (same order, same
 * count). */
struct R(lm_net_block) {
    real *ln1_w, *ln1_b, *qkv_w, *qkv_b, *proj_w, *proj_b;
    real *ln2_w, *ln2_b, *fc_w, *fc_b, *out_w, *out_b;
};
struct R(lm_net_weights) {
    real *arena;
    size_t count;
    real *wte, *wpe;
    struct R(lm_net_block) *block;
    real *lnf_w, *lnf_b;
    bool owned; /* deinit frees the arena */
};
/* Point *w into an arena of lm_weight_count(cfg) reals: a borrowed one (in float, that
 * of a struct lm_weights) or, for NULL, a zeroed one of its own, as for gradients. */
enum err R(lm_net_weights_init)(struct R(lm_net_weights) *w,
                                const struct lm_config *cfg, real *arena,
                                struct errinfo *e) ERR_CHECKED;
void R(lm_net_weights_deinit)(struct R(lm_net_weights) *w);

/* Activations kept for the backward pass, for up to `rows` rows of T. */
struct R(lm_net);
enum err R(lm_net_new)(const struct lm_config *cfg, size_t rows, size_t T,
                       struct R(lm_net) **out, struct errinfo *e) ERR_CHECKED;
void R(lm_net_free)(struct R(lm_net) *n);

/* Run forward over ids [B,T] with targets [B,T] (-1: no loss there). Writes the sum of
 * -log p to *loss_sum, the number of targets to *count. */
void R(lm_net_loss)(struct R(lm_net) *n, const struct R(lm_net_weights) *w,
                    const int32_t *ids, const int32_t *targets, size_t B, size_t T,
                    double *loss_sum, size_t *count);
/* Add the gradient of scale * loss_sum of the last lm_net_loss to g. */
void R(lm_net_backward)(struct R(lm_net) *n, const struct R(lm_net_weights) *w,
                        real scale, struct R(lm_net_weights) *g);

#endif
