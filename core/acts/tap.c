#include "acts/tap.h"

#include <string.h>

static void keep(void *ctx, size_t row, size_t at, size_t n, size_t width, float *x)
{
    float *to = ctx;
    (void)at;
    memcpy(to + row * n * width, x, n * width * sizeof *x);
}

struct lm_edit tap_of(struct lm_hook hook, float *x)
{
    return (struct lm_edit){.hook = hook, .apply = keep, .ctx = x};
}

size_t tap_apart(const struct lm *m, struct lm_ws *ws, const int32_t *ids, size_t B,
                 size_t T, struct lm_edit *tap, size_t n)
{
    size_t left = 0;
    for (size_t i = 0; i < n; i++) {
        if (lm_hook_is_neutral(tap[i].hook)) {
            tap[left++] = tap[i];
        } else {
            lm_forward_to(m, ws, ids, B, T, tap[i].hook, tap[i].ctx);
        }
    }
    return left;
}
