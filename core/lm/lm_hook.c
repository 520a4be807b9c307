#include "lm/lm.h"

#include <stdio.h>
#include <string.h>

static const char prefix[] = "blocks.";
static const char pre_end[] = ".hook_resid_pre";
static const char post_end[] = ".hook_resid_post";

/* Digits at *s, at most nine of them, without a leading zero; false if there are none.
 */
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
    h.post = good && strcmp(s, post_end) == 0;
    if (!good || (!h.post && strcmp(s, pre_end) != 0)) {
        return err_set(e, ERR_USAGE,
                       "hook '%.80s': expected blocks.N.hook_resid_pre or "
                       "blocks.N.hook_resid_post, N 0 to %zu",
                       name, cfg->n_layer - 1);
    }
    if (h.block >= cfg->n_layer) {
        return err_set(e, ERR_USAGE, "hook '%.80s': the model's blocks are 0 to %zu",
                       name, cfg->n_layer - 1);
    }
    h.depth = h.block + (h.post ? 1 : 0);
    *out = h;
    return OK;
}

void lm_hook_name(struct lm_hook h, char out[64])
{
    (void)snprintf(out, 64, "%s%zu%s", prefix, h.block, h.post ? post_end : pre_end);
}
