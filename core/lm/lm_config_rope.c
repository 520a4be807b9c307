#include "lm/lm_config_priv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Reads kind and factors from obj, which newer files call rope_parameters and older
 * ones rope_scaling. The base stays if obj has none. */
static enum err take(const struct config_file *f, const char *key, const cJSON *obj,
                     const struct lm_config *c, struct lm_rope *r, double *share,
                     struct errinfo *e)
{
    const struct json_at at = {f->at.file, key};
    const char *kind = "default";
    TRY(json_str(at, obj, "type", false, &kind, e));
    TRY(json_str(at, obj, "rope_type", false, &kind, e));
    TRY(json_num(at, obj, "rope_theta", false, 1.0, 1e12, &r->base, e));
    TRY(json_num(at, obj, "partial_rotary_factor", false, 0.0, 1.0, share, e));
    if (strcmp(kind, "default") == 0) {
        r->kind = LM_ROPE_PLAIN;
        return OK;
    }
    const bool linear = strcmp(kind, "linear") == 0;
    if (!linear && strcmp(kind, "llama3") != 0) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s.rope_type: found \"%.40s\", expected default, linear "
                       "or llama3",
                       f->at.file, key, kind);
    }
    r->kind = linear ? LM_ROPE_LINEAR : LM_ROPE_LLAMA3;
    TRY(json_num(at, obj, "factor", true, 1e-3, 1e6, &r->factor, e));
    if (linear) {
        return OK;
    }
    r->context = (double)c->n_ctx;
    TRY(json_num(at, obj, "low_freq_factor", true, 1e-6, 1e6, &r->low, e));
    TRY(json_num(at, obj, "high_freq_factor", true, 1e-6, 1e6, &r->high, e));
    TRY(json_num(at, obj, "original_max_position_embeddings", false, 1, 1e9,
                 &r->context, e));
    return r->high > r->low
               ? OK
               : err_set(e, ERR_FORMAT,
                         "%s: %s.high_freq_factor: found %g, expected more than "
                         "low_freq_factor (%g)",
                         f->at.file, key, r->high, r->low);
}

enum err lm_config_rope(const struct config_file *f, struct lm_config *c,
                        struct errinfo *e)
{
    const struct lm_family *a = c->family;
    double share = a->rotary_share, local = a->base_local > 0 ? a->base_local : a->base;
    struct lm_rope *r = c->rope;
    const cJSON *all = NULL, *full = NULL, *sliding = NULL, *scaling = NULL;
    r[0].base = a->base;
    TRY(json_num(f->at, f->obj, "rope_theta", false, 1.0, 1e12, &r[0].base, e));
    TRY(json_num(f->at, f->obj, "rotary_emb_base", false, 1.0, 1e12, &r[0].base, e));
    TRY(json_num(f->at, f->obj, "rotary_pct", false, 0.0, 1.0, &share, e));
    TRY(json_num(f->at, f->obj, "partial_rotary_factor", false, 0.0, 1.0, &share, e));
    local = a->base_local > 0 ? local : r[0].base;
    TRY(json_num(f->at, f->obj, "rope_local_base_freq", false, 1.0, 1e12, &local, e));
    r[1] = (struct lm_rope){.base = local};
    TRY(json_obj(f->at, f->obj, "rope_scaling", false, &scaling, e));
    TRY(json_obj(f->at, f->obj, "rope_parameters", false, &all, e));
    if (all) {
        const struct json_at at = {f->at.file, "rope_parameters"};
        TRY(json_obj(at, all, "full_attention", false, &full, e));
        TRY(json_obj(at, all, "sliding_attention", false, &sliding, e));
    }
    if (full || sliding) {
        if (full) {
            TRY(take(f, "rope_parameters.full_attention", full, c, &r[0], &share, e));
        }
        if (sliding) {
            TRY(take(f, "rope_parameters.sliding_attention", sliding, c, &r[1], &share,
                     e));
        }
    } else if (all || scaling) {
        TRY(take(f, all ? "rope_parameters" : "rope_scaling", all ? all : scaling, c,
                 &r[0], &share, e));
        r[1] = a->base_local > 0 ? r[1] : r[0];
    }
    c->rotary = (size_t)((double)lm_head_dim(c) * share);
    if (c->rotary % 2 != 0 || c->rotary < 2) {
        return err_set(e, ERR_FORMAT,
                       "%s: a share of %g of heads of %zu turns: found %zu numbers, "
                       "expected an even number, 2 or more",
                       f->at.file, share, lm_head_dim(c), c->rotary);
    }
    return OK;
}
