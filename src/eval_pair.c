#include "eval_pair.h"

#include "base/mem.h"
#include "eval/latent_stats.h"

#include <string.h>
enum err eval_check_pair(const char *const run[2], const struct settings *x,
                         const struct settings *y, struct errinfo *e)
{
    const struct {
        const char *key, *x, *y;
    } same[] = {{setting_key.model, x->model, y->model},
                {setting_key.corpus, x->corpus, y->corpus},
                {setting_key.ood, x->ood, y->ood},
                {setting_key.concepts, x->concepts, y->concepts},
                {setting_key.activations, x->activations, y->activations},
                {setting_key.hook, x->hook, y->hook}};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        if (strcmp(same[i].x, same[i].y) != 0) {
            return err_set(e, ERR_USAGE,
                           "%s and %s: %s is '%.80s' and '%.80s', expected the same",
                           run[0], run[1], same[i].key, same[i].x, same[i].y);
        }
    }
    if (x->activations[0] && x->context != y->context) { /* other rows are held out */
        return err_set(e, ERR_USAGE,
                       "%s and %s: context is %lld and %lld, expected the same", run[0],
                       run[1], (long long)x->context, (long long)y->context);
    }
    return OK;
}

enum err eval_add_stability(const struct sae *x, const struct sae *y,
                            struct report *diff, struct errinfo *e)
{
    const struct sae *pair[2] = {x, y};
    static const char *const name[2] = {"stability.first_in_second",
                                        "stability.second_in_first"};
    if (x->D != y->D) {
        return OK;
    }
    for (size_t i = 0; i < 2; i++) {
        const struct sae *s = pair[i], *o = pair[1 - i];
        struct cosine_sums sums;
        double *each = NULL;
        TRY(mem_new(&each, s->F, sizeof *each, "stability", e));
        enum err rc = cosine_measure(s->W_dec, s->F, o->W_dec, o->F, s->D, false, true,
                                     each, &sums, e);
        if (rc == OK) {
            rc =
                report_ratio(diff, s->F, NULL, each, NULL, "latents", e, "%s", name[i]);
        }
        mem_free(each);
        TRY(rc);
    }
    return OK;
}
