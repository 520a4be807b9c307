#include "base/mem.h"
#include "lm/lm.h"
#include "lm/lm_layout.h"

#include <stdbool.h>
#include <stdint.h>

#define WEIGHTS_MAX ((uint64_t)1 << 33)

/* Each dimension below 2^31 (as in BLAS and in ids), and their products within 64 bits
 * because every one is checked against WEIGHTS_MAX on the way. */
enum err lm_weight_count(const struct lm_config *cfg, size_t *out, struct errinfo *e)
{
    const struct {
        const char *name;
        size_t value;
    } sizes[] = {
        {"n_layer", cfg->n_layer}, {"n_head", cfg->n_head}, {"n_embd", cfg->d_model},
        {"n_inner", cfg->d_ff},    {"n_ctx", cfg->n_ctx},   {"vocab_size", cfg->vocab},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (sizes[i].value < 1 || sizes[i].value > INT32_MAX) {
            return err_set(e, ERR_LIMIT, "%s is %zu, expected 1 to %d", sizes[i].name,
                           sizes[i].value, INT32_MAX);
        }
    }
    if (cfg->family == NULL) {
        return err_set(e, ERR_USAGE, "the model has no family");
    }
    if (cfg->d_model % cfg->n_head != 0) {
        return err_set(e, ERR_FORMAT, "n_embd %zu is not a multiple of n_head %zu",
                       cfg->d_model, cfg->n_head);
    }
    /* Factors below 2^31: no term of these leaves 64 bits but the sum of blocks, which
     * is capped before it is multiplied. */
    const uint64_t D = cfg->d_model, FF = cfg->d_ff;
    const uint64_t rows = (uint64_t)cfg->vocab + cfg->n_ctx + 2;
    const bool wide = D > 1u << 16 || FF > 1u << 24 || cfg->n_layer > 1u << 16;
    const uint64_t block = wide ? 0 : 4 * D * D + 2 * D * FF + 9 * D + FF;
    if (wide || rows * D > WEIGHTS_MAX || block > WEIGHTS_MAX ||
        rows * D + cfg->n_layer * block > WEIGHTS_MAX) {
        return err_set(e, ERR_LIMIT,
                       "%zu blocks of width %zu and %zu with vocabulary %zu: more than "
                       "2^33 weights",
                       cfg->n_layer, cfg->d_model, cfg->d_ff, cfg->vocab);
    }
    *out = (size_t)(rows * D + cfg->n_layer * block);
    return OK;
}

static void point(struct lm_weights *w, const struct lm_config *cfg)
{
    const size_t D = cfg->d_model, FF = cfg->d_ff;
    float *p = w->arena;
    w->wte = p;
    p += cfg->vocab * D;
    w->wpe = p;
    p += cfg->n_ctx * D;
#define POINT(member, size)                                                            \
    b->member = p;                                                                     \
    p += size;
    for (size_t i = 0; i < cfg->n_layer; i++) {
        struct lm_block *b = &w->block[i];
        LM_BLOCK_LAYOUT(POINT)
    }
    w->lnf_w = p;
    w->lnf_b = p + D;
}

enum err lm_weights_init(struct lm_weights *w, const struct lm_config *cfg,
                         struct errinfo *e)
{
    struct lm_weights new = {0};
    enum err rc = OK;
    TRY(lm_weight_count(cfg, &new.count, e));
    TRY(mem_new(&new.arena, new.count, sizeof *new.arena, "the model's weights", e));
    TRY_OUT(rc, mem_new(&new.block, cfg->n_layer, sizeof *new.block, "its blocks", e));
    point(&new, cfg);
    *w = new;
    return OK;
out:
    lm_weights_deinit(&new);
    return rc;
}

void lm_weights_deinit(struct lm_weights *w)
{
    mem_free(w->arena);
    mem_free(w->block);
    *w = (struct lm_weights){0};
}
