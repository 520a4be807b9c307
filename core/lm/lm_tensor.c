#include "lm/lm_tensor.h"

#include <assert.h>
#include <stdio.h>

enum dim { DIM_NONE, DIM_V, DIM_CTX, DIM_D, DIM_3D, DIM_FF };

struct row {
    const char *name;
    size_t at; /* of the pointer in struct lm_weights or struct lm_block */
    enum dim dim[2];
    enum lm_init init;
};

#define TOP(field)   offsetof(struct lm_weights, field)
#define BLOCK(field) offsetof(struct lm_block, field)
// clang-format off
static const struct row HEAD[] = {
    {"wte.weight",  TOP(wte),   {DIM_V, DIM_D},      LM_INIT_NORMAL},
    {"wpe.weight",  TOP(wpe),   {DIM_CTX, DIM_D},    LM_INIT_NORMAL},
};
static const struct row BLOCKS[] = {
    {"ln_1.weight",        BLOCK(ln1_w),  {DIM_D, DIM_NONE},  LM_INIT_ONE},
    {"ln_1.bias",          BLOCK(ln1_b),  {DIM_D, DIM_NONE},  LM_INIT_ZERO},
    {"attn.c_attn.weight", BLOCK(qkv_w),  {DIM_D, DIM_3D},    LM_INIT_NORMAL},
    {"attn.c_attn.bias",   BLOCK(qkv_b),  {DIM_3D, DIM_NONE}, LM_INIT_ZERO},
    {"attn.c_proj.weight", BLOCK(proj_w), {DIM_D, DIM_D},     LM_INIT_RESIDUAL},
    {"attn.c_proj.bias",   BLOCK(proj_b), {DIM_D, DIM_NONE},  LM_INIT_ZERO},
    {"ln_2.weight",        BLOCK(ln2_w),  {DIM_D, DIM_NONE},  LM_INIT_ONE},
    {"ln_2.bias",          BLOCK(ln2_b),  {DIM_D, DIM_NONE},  LM_INIT_ZERO},
    {"mlp.c_fc.weight",    BLOCK(fc_w),   {DIM_D, DIM_FF},    LM_INIT_NORMAL},
    {"mlp.c_fc.bias",      BLOCK(fc_b),   {DIM_FF, DIM_NONE}, LM_INIT_ZERO},
    {"mlp.c_proj.weight",  BLOCK(out_w),  {DIM_FF, DIM_D},    LM_INIT_RESIDUAL},
    {"mlp.c_proj.bias",    BLOCK(out_b),  {DIM_D, DIM_NONE},  LM_INIT_ZERO},
};
static const struct row TAIL[] = {
    {"ln_f.weight", TOP(lnf_w), {DIM_D, DIM_NONE},   LM_INIT_ONE},
    {"ln_f.bias",   TOP(lnf_b), {DIM_D, DIM_NONE},   LM_INIT_ZERO},
};
// clang-format on
#define N(table) (sizeof(table) / sizeof((table)[0]))

size_t lm_tensor_count(const struct lm_config *cfg)
{
    return N(HEAD) + N(BLOCKS) * cfg->n_layer + N(TAIL);
}

static size_t dim_size(const struct lm_config *cfg, enum dim d)
{
    switch (d) {
    case DIM_V: return cfg->vocab;
    case DIM_CTX: return cfg->n_ctx;
    case DIM_D: return cfg->d_model;
    case DIM_3D: return 3 * cfg->d_model;
    case DIM_FF: return cfg->d_ff;
    case DIM_NONE: break;
    }
    return 1;
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
    const size_t in_blocks = N(BLOCKS) * cfg->n_layer;
    const struct row *row;
    const void *base = w;
    struct lm_tensor t = {0};
    if (i < N(HEAD)) {
        row = &HEAD[i];
        (void)snprintf(t.name, sizeof t.name, "%s", row->name);
    } else if (i < N(HEAD) + in_blocks) {
        const size_t layer = (i - N(HEAD)) / N(BLOCKS);
        row = &BLOCKS[(i - N(HEAD)) % N(BLOCKS)];
        base = w ? &w->block[layer] : NULL;
        (void)snprintf(t.name, sizeof t.name, "h.%zu.%s", layer, row->name);
    } else {
        row = &TAIL[i - N(HEAD) - in_blocks];
        (void)snprintf(t.name, sizeof t.name, "%s", row->name);
    }
    t.ndim = row->dim[1] == DIM_NONE ? 1 : 2;
    t.shape[0] = dim_size(cfg, row->dim[0]);
    t.shape[1] = dim_size(cfg, row->dim[1]);
    t.count = t.shape[0] * t.shape[1];
    t.p = base ? pointer_at(base, row->at) : NULL;
    t.init = row->init;
    return t;
}
