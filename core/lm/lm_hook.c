#include "lm/lm_slot.h"

#include <stdio.h>
#include <string.h>

static const char prefix[] = "blocks.";
static const char *const site_names[LM_SITES] = {
    [LM_RESID_PRE] = ".hook_resid_pre", [LM_Z] = ".attn.hook_z",
    [LM_ATTN_OUT] = ".hook_attn_out",   [LM_RESID_MID] = ".hook_resid_mid",
    [LM_MLP_IN] = ".hook_mlp_in",       [LM_LN2] = ".ln2.hook_normalized",
    [LM_MLP_NORMED] = ".mlp.hook_in",   [LM_MLP_POST] = ".mlp.hook_post",
    [LM_MLP_OUT] = ".hook_mlp_out",     [LM_RESID_POST] = ".hook_resid_post",
};

/* Reads digits at *s, at most nine, without a leading zero; false if there are none. */
static bool parse_number(const char **s, size_t *out)
{
    size_t n = 0, digits = 0;
    const char *p = *s;
    while (*p >= '0' && *p <= '9' && digits < 9) {
        n = 10 * n + (size_t)(*p - '0');
        p++;
        digits++;
    }
    if (digits == 0 || (digits > 1 && **s == '0')) {
        return false;
    }
    *s = p;
    *out = n;
    return true;
}

static bool parse_site(const char *s, enum lm_site *out)
{
    for (enum lm_site i = 0; i < LM_SITES; i++) {
        if (strcmp(s, site_names[i]) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

enum err lm_hook_parse(const char *name, const struct lm_config *cfg,
                       struct lm_hook *out, struct errinfo *e)
{
    struct lm_hook h = {0};
    const char *s = name;
    bool good = strncmp(s, prefix, sizeof prefix - 1) == 0;
    if (good) {
        s += sizeof prefix - 1;
        good = parse_number(&s, &h.block);
    }
    if (!good || !parse_site(s, &h.site)) {
        return err_set(
            e, ERR_USAGE,
            "hook '%.80s': expected blocks.N.hook_resid_pre, "
            ".hook_resid_mid, .hook_resid_post, .hook_attn_out, "
            ".hook_mlp_in, .hook_mlp_out, .attn.hook_z, .ln2.hook_normalized, "
            ".mlp.hook_in or .mlp.hook_post, N 0 to %zu",
            name, cfg->n_layer - 1);
    }
    if (h.block >= cfg->n_layer) {
        return err_set(e, ERR_USAGE, "hook '%.80s': the model's blocks are 0 to %zu",
                       name, cfg->n_layer - 1);
    }
    if (h.site == LM_RESID_MID && cfg->parallel) {
        return err_set(e, ERR_USAGE,
                       "hook '%.80s': attention and MLP of this model read the same "
                       "input: there is nothing between them",
                       name);
    }
    *out = h;
    return OK;
}

void lm_hook_name(struct lm_hook h, char out[64])
{
    (void)snprintf(out, 64, "%s%zu%s", prefix, h.block, site_names[h.site]);
}

size_t lm_hook_width(const struct lm_config *cfg, struct lm_hook h)
{
    return h.site == LM_Z          ? lm_z_width(cfg)
           : h.site == LM_MLP_POST ? cfg->d_ff
                                   : cfg->d_model;
}

bool lm_hook_has_lens(struct lm_hook h)
{
    return h.site < LM_MLP_IN || h.site > LM_MLP_NORMED;
}

bool lm_hook_is_neutral(struct lm_hook h)
{
    return h.site != LM_ATTN_OUT && h.site != LM_LN2 && h.site != LM_MLP_OUT;
}

size_t lm_hook_depth(struct lm_hook h)
{
    return h.block + (h.site == LM_RESID_PRE ? 0 : 1);
}

struct lm_hook lm_behind(size_t n)
{
    return n > 0 ? (struct lm_hook){n - 1, LM_RESID_POST} : (struct lm_hook){0};
}
