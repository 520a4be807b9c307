/* Which caches of activations an arm reads from: a mixed arm from two, those that
 * others of its masking and without masks have, since its passes are theirs. */
#include "num/blas.h"
#include "train/inputs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CLEAN "none"

/* How an arm masks, as far as its activations depend on it. */
static void describe_masks(const struct inputs *in, const struct settings *s, char *out,
                           size_t cap)
{
    const bool constant = s->mask_schedule == MASK_CONSTANT;
    if (s->mask_rate <= 0 && (constant || s->mask_rate_end <= 0)) {
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
                     const char *masks, char *out, size_t cap)
{
    snprintf(
        out, cap,
        "model %016" PRIx64 " corpus %016" PRIx64 " hook %.200s context %" PRId64
        " fill_rows %" PRId64 " seed %" PRId64 " kernels %s %s products %s masks %s",
        in->lm->hash, corpus_hash(in->corpus), s->hook, s->context, s->fill_rows,
        s->seed, num_kern_name(), num_blas_core(), linear_name(in->lm->kind), masks);
}

static enum err open_cache(struct inputs *in, const struct settings *s,
                           const char *masks, struct acts_cache **out,
                           struct errinfo *e)
{
    char what[1200];
    describe(in, s, masks, what, sizeof what);
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
    TRY(acts_cache_open(s->cache, what, n, inputs_width(in),
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
    TRY(open_cache(in, s, masks, &out->cache, e));
    return out->mix ? open_cache(in, s, CLEAN, &out->clean_cache, e) : OK;
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
