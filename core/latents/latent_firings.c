/* Firings as they are read: in the order of positions, 8 bytes each. */
#include "base/mem.h"
#include "latents/latent_table_priv.h"

#include <string.h>

/* Firings at some positions, in arrays of just their size. */
struct firings_part {
    size_t first, n; /* positions */
    size_t *start;   /* [n+1] */
    int32_t *latent; /* [start[n]] */
    float *act;
};

static void part_deinit(struct firings_part *p)
{
    mem_free(p->start);
    mem_free(p->latent);
    mem_free(p->act);
}

static enum err part_init(struct firings_part *p, size_t first, size_t n, size_t fires,
                          struct errinfo *e)
{
    enum err rc = OK;
    *p = (struct firings_part){.first = first, .n = n};
    TRY_OUT(rc, mem_new(&p->start, n + 1, sizeof *p->start, "firings", e));
    TRY_OUT(rc, mem_new(&p->latent, fires, sizeof *p->latent, "firings", e));
    TRY_OUT(rc, mem_new(&p->act, fires, sizeof *p->act, "firings", e));
    return OK;
out:
    part_deinit(p);
    return rc;
}

void latent_firings_deinit(struct latent_firings *f)
{
    for (size_t i = 0; i < f->n_parts; i++) {
        part_deinit(&f->part[i]);
    }
    mem_free(f->part);
    *f = (struct latent_firings){0};
}

/* Takes the codes at tokens that are not special; tokens: how many those are. */
static void take_codes(struct firings_part *p, const struct sae_codes *codes,
                       const uint8_t *special, double unit, size_t *tokens)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        p->start[i] = n;
        *tokens += !special[i];
        for (size_t k = codes->start[i]; k < codes->start[i + 1] && !special[i]; k++) {
            p->latent[n] = codes->id[k];
            p->act[n++] = (float)((double)codes->val[k] * unit);
        }
    }
    p->start[p->n] = n;
}

enum err latent_firings_read(struct latent_firings *f, const struct sae *s,
                             const struct acts_set *set, size_t n, size_t most,
                             struct pool *pool, struct sae_codes *codes,
                             struct errinfo *e)
{
    const size_t first = f->positions;
    const uint8_t *special = set->special + first;
    TRY(sae_encode(s, set->x + first * set->D, n, pool, codes, e));
    size_t kept = 0, fires = 0;
    while (kept < n && f->n + fires < most) {
        fires += special[kept] ? 0 : codes->start[kept + 1] - codes->start[kept];
        kept++;
    }
    TRY(mem_grow(&f->part, &f->cap, f->n_parts + 1, sizeof *f->part, SIZE_MAX, e));
    struct firings_part *p = &f->part[f->n_parts];
    TRY(part_init(p, first, kept, fires, e));
    take_codes(p, codes, special, sae_saved_unit(s), &f->tokens);
    f->n += fires;
    f->positions += kept;
    f->n_parts++;
    return OK;
}

void latent_firings_sort(const struct latent_firings *f, size_t F, size_t *start,
                         uint32_t *at, float *act)
{
    for (size_t i = 0; i < f->n_parts; i++) {
        const struct firings_part *p = &f->part[i];
        for (size_t k = 0; k < p->start[p->n]; k++) {
            start[p->latent[k]]++;
        }
    }
    size_t n = 0;
    for (size_t j = 0; j <= F; j++) { /* where the next one of each goes */
        const size_t own = start[j];
        start[j] = n;
        n += own;
    }
    for (size_t i = 0; i < f->n_parts; i++) {
        const struct firings_part *p = &f->part[i];
        for (size_t r = 0; r < p->n; r++) {
            for (size_t k = p->start[r]; k < p->start[r + 1]; k++) {
                const size_t to = start[p->latent[k]]++;
                at[to] = (uint32_t)(p->first + r);
                act[to] = p->act[k];
            }
        }
    }
    memmove(start + 1, start, F * sizeof *start);
    start[0] = 0;
}

size_t latent_firings_bytes(const struct latent_firings *f)
{
    const struct firings_part *p = f->part;
    return f->cap * sizeof *p + f->n * (sizeof *p->latent + sizeof *p->act) +
           (f->positions + f->n_parts) * sizeof *p->start;
}
