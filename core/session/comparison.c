#include "session/comparison.h"

#include "base/mem.h"

struct comparison *comparison_ref(struct comparison *c)
{
    (void)atomic_fetch_add(&c->refs, 1);
    return c;
}

void comparison_unref(struct comparison *c)
{
    if (c == NULL || atomic_fetch_sub(&c->refs, 1) > 1) {
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        for (size_t m = 0; m < METRIC_COUNT; m++) {
            compare_curve_deinit(&c->side[i].curve[m]);
        }
        latent_table_unref(c->side[i].table);
        sae_free(c->side[i].sae);
    }
    latent_pairs_unref(c->pairs);
    mem_free(c->said);
    mem_free(c);
}
