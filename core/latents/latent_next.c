/* What the model expects after a latent's contexts, with and without the latent. */
#include "base/mem.h"
#include "latents/latent_table_priv.h"

#include <math.h>
#include <string.h>

/* Takes what the latent adds out of x [n,D], raw activations of tokens ids [n]. *fires:
 * whether there was anything. */
static enum err silence(const struct sae *s, const struct tok *tok, int32_t latent,
                        const int32_t *ids, size_t n, float *x, bool *fires,
                        struct errinfo *e)
{
    const float *row = s->W_dec + (size_t)latent * s->D;
    struct sae_codes codes = {0};
    const enum err rc = sae_encode(s, x, n, NULL, &codes, e);
    *fires = false;
    for (size_t i = 0; rc == OK && i < n; i++) {
        const float code = sae_codes_at(&codes, i, latent);
        if (!(code > 0.0f) || acts_is_special(tok, ids[i])) {
            continue;
        }
        const float share = (float)((double)code * sae_codes_unit(&codes, s, i));
        for (size_t k = 0; k < s->D; k++) {
            x[i * s->D + k] -= share * row[k];
        }
        *fires = true;
    }
    sae_codes_deinit(&codes);
    return rc;
}

static struct latent_next of_model(struct lm_next next)
{
    return (struct latent_next){next.id,
                                next.id >= 0 ? (float)exp((double)next.logp) : 0.0f};
}

/* room: [T,D]. */
static enum err ask_context(struct latent_context *c, const struct latent_detail *d,
                            const struct sae *s, const struct acts_set *set,
                            const struct lm *m, struct harvester *h, float *room,
                            struct errinfo *e)
{
    const size_t at = c->row * set->T, n = c->pos + 1;
    const struct harvest_begun row[2] = {{set->ids + at, set->x + at * set->D, n},
                                         {set->ids + at, room, n}};
    struct lm_next next[2];
    bool fires = false;
    memcpy(room, row[0].x, n * set->D * sizeof *room);
    TRY(silence(s, m->tok, d->latent, row[0].ids, n, room, &fires, e));
    TRY(harvest_next(h, row, fires ? 2 : 1, next, e));
    c->next = of_model(next[0]);
    c->next_without = of_model(next[fires ? 1 : 0]);
    return OK;
}

enum err latent_detail_next(struct latent_detail *d, const struct sae *s,
                            const struct acts_set *set, const struct lm *m,
                            struct harvester *h, size_t first, size_t n,
                            const atomic_bool *cancel, struct errinfo *e)
{
    float *room = NULL;
    enum err rc = OK;
    TRY(mem_new(&room, set->T, set->D * sizeof *room, "a context", e));
    for (size_t i = first; i < d->n_contexts && i - first < n && rc == OK; i++) {
        rc = latent_poll(cancel, e);
        if (rc == OK) {
            rc = ask_context(&d->context[i], d, s, set, m, h, room, e);
        }
    }
    mem_free(room);
    return rc;
}
