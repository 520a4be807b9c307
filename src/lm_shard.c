#include "lm_shard.h"

#include "acts/harvest.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/safetensors.h"
#include "lm/lm_name.h"

#include <stdio.h>
#include <string.h>

struct kept {
    size_t n, D;
    float *x[2]; /* clean, masked; [n,D] */
    int64_t *ids;
    uint8_t *masked;
};

static void kept_deinit(struct kept *k)
{
    mem_free(k->x[0]);
    mem_free(k->x[1]);
    mem_free(k->ids);
    mem_free(k->masked);
}

/* Keep what training reads of the rows, in their order. */
static enum err keep(const struct lm_shard *s, struct kept *k, struct errinfo *e)
{
    const struct token_rows *r = s->rows;
    k->D = lm_hook_width(&s->m->cfg, s->hook);
    TRY(mem_new(&k->x[0], r->n, k->D * sizeof(float), "activations", e));
    TRY(mem_new(&k->x[1], s->masked ? r->n : 0, k->D * sizeof(float), "activations",
                e));
    TRY(mem_new(&k->ids, r->n, sizeof *k->ids, "token ids", e));
    TRY(mem_new(&k->masked, r->n, 1, "masks", e));
    for (size_t i = 0; i < r->n; i++) {
        if (acts_is_special(s->m->tok, r->ids[i])) {
            continue;
        }
        for (size_t side = 0; side < (s->masked ? 2 : 1); side++) {
            const struct capture *c = side ? s->masked : s->clean;
            memcpy(k->x[side] + k->n * k->D, c->x[0] + i * k->D, k->D * sizeof(float));
        }
        k->ids[k->n] = r->ids[i];
        k->masked[k->n++] = r->masked[i];
    }
    return k->n > 0 ? OK
                    : err_set(e, ERR_USAGE,
                              "found special tokens alone, whose activations are left "
                              "out");
}

static struct st_tensor tensor(const char *name, enum st_dtype dtype, const void *data,
                               size_t size, size_t n, size_t D)
{
    return (struct st_tensor){.name = name,
                              .dtype = dtype,
                              .ndim = D ? 2 : 1,
                              .shape = {n, D},
                              .data = data,
                              .bytes = n * (D ? D : 1) * size};
}

enum err lm_shard_write(const char *path, const struct lm_shard *s, struct errinfo *e)
{
    char name[128], hook[64], rate[32];
    struct kept k = {.n = 0};
    struct st_tensor t[4];
    size_t n = 0;
    lm_hook_name(s->hook, hook);
    (void)snprintf(rate, sizeof rate, "%.17g", s->rate);
    const char *model = lm_name(s->m, name, sizeof name);
    const struct st_meta_entry meta[] = {
        {"model", model[0] ? model : path_base(s->m->dir)},
        {"hook", hook},
        {"mask_rate", rate}};
    enum err rc = keep(s, &k, e);
    if (rc == OK) {
        t[n++] = tensor("activations", ST_F32, k.x[0], sizeof(float), k.n, k.D);
        if (s->masked) {
            t[n++] =
                tensor("activations_masked", ST_F32, k.x[1], sizeof(float), k.n, k.D);
            t[n++] = tensor("masked", ST_U8, k.masked, 1, k.n, 0);
        }
        t[n++] = tensor("tokens", ST_I64, k.ids, sizeof *k.ids, k.n, 0);
        rc = st_write_named(path, t, n, meta, s->masked ? 3 : 2, e);
    }
    kept_deinit(&k);
    return rc;
}
