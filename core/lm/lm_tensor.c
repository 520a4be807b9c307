#include "lm/lm_tensor.h"

#include "lm/lm_slot.h"

#include <assert.h>
#include <stdio.h>

/* Where a slot's pointer is in GPT-2's structs, and how training initialises it. */
struct place {
    size_t at; /* of the pointer in struct lm_weights or struct lm_block */
    enum lm_init init;
};

#define TOP(field)   offsetof(struct lm_weights, field)
#define BLOCK(field) offsetof(struct lm_block, field)
// clang-format off
static const struct place places[LM_OUT_B + 1] = {
    [LM_EMBED]    = {TOP(wte),      LM_INIT_NORMAL},
    [LM_POSITION] = {TOP(wpe),      LM_INIT_NORMAL},
    [LM_FINAL_W]  = {TOP(lnf_w),    LM_INIT_ONE},
    [LM_FINAL_B]  = {TOP(lnf_b),    LM_INIT_ZERO},
    [LM_NORM1_W]  = {BLOCK(ln1_w),  LM_INIT_ONE},
    [LM_NORM1_B]  = {BLOCK(ln1_b),  LM_INIT_ZERO},
    [LM_QKV_W]    = {BLOCK(qkv_w),  LM_INIT_NORMAL},
    [LM_QKV_B]    = {BLOCK(qkv_b),  LM_INIT_ZERO},
    [LM_PROJ_W]   = {BLOCK(proj_w), LM_INIT_RESIDUAL},
    [LM_PROJ_B]   = {BLOCK(proj_b), LM_INIT_ZERO},
    [LM_NORM2_W]  = {BLOCK(ln2_w),  LM_INIT_ONE},
    [LM_NORM2_B]  = {BLOCK(ln2_b),  LM_INIT_ZERO},
    [LM_FC_W]     = {BLOCK(fc_w),   LM_INIT_NORMAL},
    [LM_FC_B]     = {BLOCK(fc_b),   LM_INIT_ZERO},
    [LM_OUT_W]    = {BLOCK(out_w),  LM_INIT_RESIDUAL},
    [LM_OUT_B]    = {BLOCK(out_b),  LM_INIT_ZERO},
};
// clang-format on

/* Number of tensors in GPT-2's table before the blocks, in each block, and after
 * them. */
#define HEAD   ((size_t)2)
#define BLOCKS ((size_t)12)
#define TAIL   ((size_t)2)

size_t lm_tensor_count(const struct lm_config *cfg)
{
    return HEAD + BLOCKS * cfg->n_layer + TAIL;
}

/* The pointer `at` bytes into a struct of pointers. */
static float *pointer_at(const void *base, size_t at)
{
    return *(float *const *)(const void *)((const char *)base + at);
}

struct lm_tensor lm_tensor_at(const struct lm_config *cfg, const struct lm_weights *w,
                              size_t i)
{
    assert(i < lm_tensor_count(cfg));
    const size_t in_blocks = BLOCKS * cfg->n_layer;
    size_t block = 0, row = i;
    if (i >= HEAD + in_blocks) {
        row = i - in_blocks + BLOCKS;
    } else if (i >= HEAD) {
        block = (i - HEAD) / BLOCKS;
        row = HEAD + (i - HEAD) % BLOCKS;
    }
    const struct lm_tensor_name *name = &cfg->family->tensor[row];
    const struct place *place = &places[name->slot];
    const void *base = NULL;
    struct lm_tensor t = {
        .slot = name->slot, .block = block, .shape = {1, 1}, .init = place->init};
    if (w) {
        base = name->slot < LM_BLOCK_SLOTS ? (const void *)w : &w->block[block];
    }
    lm_tensor_text(name, block, t.name);
    t.ndim = lm_tensor_shape(cfg, name, t.shape);
    t.count = t.shape[0] * t.shape[1];
    t.p = base ? pointer_at(base, place->at) : NULL;
    return t;
}
