#include "base/mem.h"
#include "lm/lm_pass.h"
#include "lm/lm_slot.h"

#include <assert.h>

enum err lm_cache_new(const struct lm *m, size_t room, struct lm_cache **out,
                      struct errinfo *e)
{
    static const char what[] = "keys and values";
    const struct lm_config *c = &m->cfg;
    const size_t kv = lm_kv_heads(c) * lm_head_dim(c);
    struct lm_cache *k = NULL;
    enum err rc = OK;
    if (room < 1 || room > c->n_ctx) {
        return err_set(e, ERR_LIMIT, "%s of %zu positions, expected 1 to %zu", what,
                       room, c->n_ctx);
    }
    TRY(mem_new(&k, 1, sizeof *k, what, e));
    k->room = room;
    k->blocks = c->n_layer;
    TRY_OUT(rc, mem_new(&k->k, c->n_layer, sizeof *k->k, what, e));
    TRY_OUT(rc, mem_new(&k->v, c->n_layer, sizeof *k->v, what, e));
    for (size_t b = 0; b < c->n_layer; b++) {
        TRY_OUT(rc, mem_new(&k->k[b], room, kv * sizeof(float), what, e));
        TRY_OUT(rc, mem_new(&k->v[b], room, kv * sizeof(float), what, e));
    }
    TRY_OUT(rc, mem_new(&k->scores, room, LM_ATT_ROWS * sizeof(float), what, e));
    TRY_OUT(rc, lm_turns_init(&k->turns, c, room, e));
    *out = k;
    return OK;
out:
    lm_cache_free(k);
    return rc;
}

void lm_cache_free(struct lm_cache *c)
{
    if (!c) {
        return;
    }
    for (size_t b = 0; b < c->blocks; b++) {
        if (c->k) {
            mem_free(c->k[b]);
        }
        if (c->v) {
            mem_free(c->v[b]);
        }
    }
    lm_turns_deinit(&c->turns);
    mem_free(c->k);
    mem_free(c->v);
    mem_free(c->scores);
    mem_free(c);
}

size_t lm_cache_len(const struct lm_cache *c)
{
    return c->n;
}

void lm_cache_cut(struct lm_cache *c, size_t n)
{
    assert(n <= c->n);
    c->n = n;
}
