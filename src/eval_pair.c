#include "eval_pair.h"

#include "base/mem.h"
#include "eval/latent_stats.h"
#include "run/conditions.h"

enum err eval_check_pair(const char *const run[2], const struct settings *x,
                         const struct settings *y, struct errinfo *e)
{
    struct difference d[SETTING_MAX];
    const size_t n = conditions_differences(x, y, d, SETTING_MAX);
    for (size_t i = 0; i < n; i++) {
        if (d[i].kind == DIFFERENCE_INPUTS) {
            return err_set(e, ERR_USAGE,
                           "%s and %s: %s is '%s' and '%s', expected the same", run[0],
                           run[1], d[i].key, d[i].value[0], d[i].value[1]);
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
