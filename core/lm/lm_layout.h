/* The order of a model's weights in its arena: wte, wpe, the blocks, ln_f weight and
 * bias, without gaps. Internal to core/lm. */
#ifndef SAETOP_LM_LM_LAYOUT_H
#define SAETOP_LM_LM_LAYOUT_H

/* X(member of struct lm_block and struct lm_net_block, number of weights), in order. D
 * and FF must be defined where it is expanded. */
#define LM_BLOCK_LAYOUT(X)                                                             \
    X(ln1_w, D)                                                                        \
    X(ln1_b, D)                                                                        \
    X(qkv_w, D * 3 * D)                                                                \
    X(qkv_b, 3 * D)                                                                    \
    X(proj_w, D *D)                                                                    \
    X(proj_b, D)                                                                       \
    X(ln2_w, D)                                                                        \
    X(ln2_b, D)                                                                        \
    X(fc_w, D *FF)                                                                     \
    X(fc_b, FF)                                                                        \
    X(out_w, FF *D)                                                                    \
    X(out_b, D)

#endif
