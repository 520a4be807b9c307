/* Chooses the caches of activations that an arm reads from: a mixed arm reads from two,
 * those of other arms with its masking and with no masks, since its passes are the same
 * as theirs. */
#include "num/blas.h"
#include "train/arm.h"
#include "train/inputs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CLEAN "none"

/* Describes how an arm masks, as far as its activations depend on it. */
static void describe_masks(const struct inputs *in, const struct settings *s, char *out,
                           size_t cap)
{
    const struct mask_schedule masks = arm_schedule(s);
    const bool constant = masks.kind == MASK_CONSTANT;
    if (mask_never(&masks)) {
        snprintf(out, cap, CLEAN);
        return;
    }
    const int64_t steps = s->mask_schedule_steps ? s->mask_schedule_steps : s->steps;
    snprintf(out, cap, "kind %d token %d rate %.17g to %.17g schedule %d over %" PRId64,
             s->mask_kind, in->mask_token, s->mask_rate,
             constant ? s->mask_rate : s->mask_rate_end, s->mask_schedule,
             constant ? INT64_C(0) : steps * s->batch);
}

static void describe(const struct inputs *in, const struct settings *s,
                     struct lm_hook hook, const char *masks, char *out, size_t cap)
{
    char name[64];
    lm_hook_name(hook, name);
    snprintf(out, cap,
             "model %016" PRIx64 " corpus %016" PRIx64 " hook %.200s context %" PRId64
             " fill_rows %" PRId64 " seed %" PRId64
             " kernels %s %s products %s masks %s%s",
             in->lm->hash, corpus_hash(in->corpus), name, s->context, s->fill_rows,
             s->seed, num_kern_name(), num_blas_core(), linear_name(in->lm->kind),
             masks, strcmp(in->set.ood, OOD_TAIL) == 0 ? " tail held back" : "");
}

static enum err open_cache(struct inputs *in, const struct settings *s,
                           struct lm_hook hook, const char *masks,
                           struct acts_cache **out, struct errinfo *e)
{
    char what[1200];
    describe(in, s, hook, masks, what, sizeof what);
    for (size_t i = 0; i < in->n_caches; i++) {
        if (strcmp(acts_cache_what(in->cache[i]), what) == 0) {
            *out = in->cache[i];
            return OK;
        }
    }
    if (in->n_caches == INPUTS_CACHES) {
        return OK; /* it does without */
    }
    const size_t n = (size_t)(s->fill_rows * s->context);
    TRY(acts_cache_open(s->cache, what, n, lm_hook_width(&in->lm->cfg, hook),
                        (enum cache_dtype)s->cache_dtype, out, e));
    in->cache[in->n_caches++] = *out;
    return OK;
}

enum err inputs_caches(struct inputs *in, const struct settings *s,
                       struct stream_config *out, struct errinfo *e)
{
    char masks[300];
    out->cache = NULL;
    out->clean_cache = NULL;
    if (!s->cache[0]) {
        return OK;
    }
    describe_masks(in, s, masks, sizeof masks);
    TRY(open_cache(in, s, in->hook, masks, &out->cache, e));
    for (size_t i = 0; i < out->n_kept; i++) {
        TRY(open_cache(in, s, in->kept[i], masks, &out->kept[i].cache, e));
    }
    if (!out->mix) {
        return OK;
    }
    TRY(open_cache(in, s, in->hook, CLEAN, &out->clean_cache, e));
    for (size_t i = 0; i < out->n_kept; i++) {
        TRY(open_cache(in, s, in->kept[i], CLEAN, &out->kept[i].clean_cache, e));
    }
    return OK;
}

enum err inputs_kept(struct inputs *in, struct errinfo *e)
{
    const struct settings *s = &in->set;
    const char *p = s->cache_hooks + strspn(s->cache_hooks, ", ");
    if (p[0] && !s->cache[0]) {
        return err_set(e, ERR_USAGE,
                       "%s: found hooks to keep, but no %s to keep them in",
                       setting_key.cache_hooks, setting_key.cache);
    }
    while (p[0]) {
        const size_t n = strcspn(p, ", ");
        char name[SETTING_TEXT_MAX];
        struct lm_hook hook;
        (void)snprintf(name, sizeof name, "%.*s", (int)n, p);
        TRY(lm_hook_parse(name, &in->lm->cfg, &hook, e));
        if (in->n_kept == STREAM_KEPT_MAX) {
            return err_set(e, ERR_LIMIT, "%s: found more than %d hooks",
                           setting_key.cache_hooks, STREAM_KEPT_MAX);
        }
        TRY(lm_need(in->lm, lm_hook_depth(hook), e));
        in->kept[in->n_kept++] = hook;
        p += n + strspn(p + n, ", ");
    }
    return OK;
}

const char *inputs_cache_fault(const struct inputs *in)
{
    for (size_t i = 0; i < in->n_caches; i++) {
        if (acts_cache_fault(in->cache[i])) {
            return acts_cache_fault(in->cache[i]);
        }
    }
    return NULL;
}
