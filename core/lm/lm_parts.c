/* Operations on single rows: norms, caps, activations. */
#include "lm/lm_pass.h"
#include "num/kern.h"
#include "num/vec.h"

#include <math.h>

#define PIECE ((size_t)256)

double lm_mean(const struct lm_config *c, size_t n, const float *x)
{
    return c->family->norm == LM_LAYERNORM ? vec_sum_f32(n, x) / (double)n : 0.0;
}

static void rms_row(size_t n, float eps, const float *x, const float *w, float *y)
{
    const double square = vec_sumsq_f32(n, x) / (double)n;
    const float scale = (float)(1.0 / sqrt(square + (double)eps));
    for (size_t i = 0; i < n; i++) {
        y[i] = x[i] * scale * w[i];
    }
}

void lm_norm_rows(const struct lm_config *c, size_t n, size_t width, const float *x,
                  const float *w, const float *b, float *y)
{
    for (size_t i = 0; i < n; i++) {
        if (b != NULL) {
            vec_layernorm_f32(width, c->ln_eps, x + i * width, w, b, y + i * width,
                              NULL, NULL);
        } else {
            rms_row(width, c->ln_eps, x + i * width, w, y + i * width);
        }
    }
}

void lm_normalize_rows(const struct lm_config *c, size_t n, size_t width,
                       const float *x, float *y)
{
    for (size_t i = 0; i < n; i++, x += width, y += width) {
        const float mean = (float)lm_mean(c, width, x);
        double square = 0.0;
        for (size_t d = 0; d < width; d++) {
            const double off = (double)x[d] - (double)mean;
            square += off * off;
        }
        const float scale =
            (float)(1.0 / sqrt(square / (double)width + (double)c->ln_eps));
        for (size_t d = 0; d < width; d++) {
            y[d] = (x[d] - mean) * scale;
        }
    }
}

void lm_scale_rows(size_t n, size_t width, const float *x, const float *w,
                   const float *b, float *y)
{
    for (size_t i = 0; i < n; i++, x += width, y += width) {
        for (size_t d = 0; d < width; d++) {
            y[d] = b ? x[d] * w[d] + b[d] : x[d] * w[d];
        }
    }
}

/* y = 1 / (1 + e^-(k x)), a piece at a time. */
static void sigmoid(size_t n, float k, const float *x, float *y)
{
    for (size_t i = 0; i < n; i++) {
        y[i] = -k * x[i];
    }
    vec_exp_f32(n, y, y);
    for (size_t i = 0; i < n; i++) {
        y[i] = 1.0f / (1.0f + y[i]);
    }
}

void lm_cap(size_t n, float cap, float *x)
{
    float s[PIECE];
    for (size_t i0 = 0; i0 < n; i0 += PIECE) {
        const size_t m = n - i0 < PIECE ? n - i0 : PIECE;
        sigmoid(m, 2.0f / cap, x + i0, s); /* tanh(u) = 2 sigmoid(2 u) - 1 */
        for (size_t i = 0; i < m; i++) {
            x[i0 + i] = cap * (2.0f * s[i] - 1.0f);
        }
    }
}

static void activate(enum lm_act act, size_t n, const float *x, float *y)
{
    switch (act) {
    case LM_GELU_TANH: vec_gelu_f32(n, x, y); break;
    case LM_GELU: kern_get()->gelu_erf(n, x, y); break;
    case LM_SILU: kern_get()->silu(n, x, y); break;
    case LM_RELU:
        for (size_t i = 0; i < n; i++) {
            y[i] = x[i] > 0.0f ? x[i] : 0.0f;
        }
        break;
    }
}

void lm_activate(const struct lm_config *c, size_t n, float *fc)
{
    const size_t F = c->d_ff;
    if (!c->family->gated) {
        activate(c->act, n * F, fc, fc);
        return;
    }
    for (size_t i = 0; i < n; i++) { /* a row moves to the front, onto rows done */
        float *gate = fc + i * 2 * F, *up = gate + F, *y = fc + i * F;
        activate(c->act, F, gate, gate);
        for (size_t j = 0; j < F; j++) {
            y[j] = gate[j] * up[j];
        }
    }
}
