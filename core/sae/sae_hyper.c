#include "sae/sae_hyper.h"

#include "base/number.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Reads the number at *text, up to a comma or the end; moves *text past the comma. */
static bool take_number(const char **text, double *out)
{
    char item[64];
    const size_t len = strcspn(*text, ",");
    if (len >= sizeof item) {
        return false;
    }
    memcpy(item, *text, len);
    item[len] = '\0';
    *text += len + ((*text)[len] ? 1 : 0);
    return number_real(item, out);
}

/* Reads numbers with commas between them; *n: how many. ERR_USAGE. */
static enum err numbers(const char *what, const char *text, double *out, size_t *n,
                        struct errinfo *e)
{
    const char *p = text;
    *n = 0;
    while (*p) {
        double v = 0;
        if (!take_number(&p, &v) || !(v > 0) || *n == SAE_GROUPS_MAX) {
            return err_set(e, ERR_USAGE,
                           "%s: found '%.80s', expected 1 to %d positive numbers with "
                           "commas between",
                           what, text, SAE_GROUPS_MAX);
        }
        out[(*n)++] = v;
    }
    return OK;
}

/* Makes groups of size int(share F), rounded as in dictionary_learning; the last takes
 * the rest. */
static enum err from_shares(const double *v, size_t n, size_t F, struct sae_hyper *h,
                            struct errinfo *e)
{
    double sum = 0;
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        sum += v[i];
        const size_t size = (size_t)(v[i] * (double)F);
        /* If there are few latents, each group takes at least one. */
        at += i + 1 < n ? (size > 0 ? size : 1) : 0;
        h->width[i] = i + 1 < n ? at : F;
    }
    if (fabs(sum - 1) > 1e-3 || (n > 1 && h->width[n - 2] >= F)) {
        return err_set(e, ERR_USAGE,
                       "matryoshka.groups: the shares add up to %g, expected 1 and a "
                       "latent or more for each of %zu groups of %zu",
                       sum, n, F);
    }
    h->groups = n;
    return OK;
}

static enum err from_widths(const double *v, size_t n, size_t F, struct sae_hyper *h,
                            struct errinfo *e)
{
    size_t last = 0;
    for (size_t i = 0; i < n; i++) {
        const double w = floor(v[i]);
        if (w < v[i] || w > (double)F || (size_t)w <= last) {
            return err_set(e, ERR_USAGE,
                           "matryoshka.groups: found the width %g, expected whole "
                           "numbers that rise to at most %zu",
                           v[i], F);
        }
        last = (size_t)w;
        h->width[i] = last;
    }
    if (last < F) {
        if (n == SAE_GROUPS_MAX) {
            return err_set(e, ERR_USAGE, "matryoshka.groups: more than %d groups",
                           SAE_GROUPS_MAX);
        }
        h->width[n++] = F;
    }
    h->groups = n;
    return OK;
}

enum err sae_groups_parse(const char *groups, const char *weights, bool mean, size_t F,
                          struct sae_hyper *h, struct errinfo *e)
{
    double v[SAE_GROUPS_MAX] = {0}, w[SAE_GROUPS_MAX] = {0};
    size_t n, given;
    struct sae_hyper out = *h;
    TRY(numbers("matryoshka.groups", groups, v, &n, e));
    TRY(numbers("matryoshka.weights", weights, w, &given, e));
    if (n == 0) {
        return err_set(e, ERR_USAGE, "matryoshka.groups: none, expected one or more");
    }
    bool shares = true;
    for (size_t i = 0; i < n; i++) {
        shares &= v[i] < 1;
    }
    TRY(shares ? from_shares(v, n, F, &out, e) : from_widths(v, n, F, &out, e));
    if (given > 0 && given != out.groups) {
        return err_set(e, ERR_USAGE,
                       "matryoshka.weights: found %zu, expected one for each of the "
                       "%zu prefixes",
                       given, out.groups);
    }
    const double G = (double)out.groups;
    for (size_t i = 0; i < out.groups; i++) {
        const double own = given > 0 ? w[i] : mean ? 1 / G : 1.0;
        out.weight[i] = mean ? own / G : own;
    }
    *h = out;
    return OK;
}
