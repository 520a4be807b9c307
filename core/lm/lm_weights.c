#include "base/mem.h"
#include "lm/lm_layout.h"
#include "lm/lm_slot.h"
#include "lm/lm_store.h"
#include "lm/lm_tensor.h"

#include <string.h>

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

enum err lm_weights_read(const struct lm *m, struct lm_weights *out, struct errinfo *e)
{
    if (!m->cfg.family->in_out || m->cfg.own_head) {
        return err_set(e, ERR_USAGE, "%s: not of GPT-2's form", m->dir ? m->dir : "");
    }
    TRY(lm_weights_init(out, &m->cfg, e));
    if (!m->store) {
        memcpy(out->arena, m->w.arena, out->count * sizeof *out->arena);
        return OK;
    }
    const enum err rc = lm_store_plain(m, out, e);
    if (rc != OK) {
        lm_weights_deinit(out);
    }
    return rc;
}
