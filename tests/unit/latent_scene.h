/* A made-up world with a hand-built SAE and the table of its latents. */
#ifndef SAETOP_TESTS_UNIT_LATENT_SCENE_H
#define SAETOP_TESTS_UNIT_LATENT_SCENE_H

#include "latents/latent_table.h"
#include "unit/check.h"
#include "unit/world.h"

#include <math.h>

static inline void near(double got, double want, double within)
{
    if (!(fabs(got - want) <= within)) {
        fail_msg("found %.9g, expected %.9g +- %g", got, want, within);
    }
}

struct scene {
    struct acts_set *a;
    struct concepts *c;
    struct sae *s;
    struct latent_table *t;
};

static inline void scene_init(struct scene *k, int32_t absorbed, struct pool *pool)
{
    struct errinfo e;
    k->a = world_acts(128);
    k->c = world_concepts();
    k->s = world_sae(absorbed);
    assert_ok(latent_table_new(k->s, k->a, k->c, 77, pool, NULL, &k->t, &e), &e);
}

static inline void scene_deinit(struct scene *k)
{
    latent_table_unref(k->t);
    sae_free(k->s);
    concepts_free(k->c);
    acts_set_free(k->a);
}

#endif
