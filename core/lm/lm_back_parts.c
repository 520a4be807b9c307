#include "lm/lm_back_parts.h"

#include "lm/lm_slot.h"
#include "num/vec.h"

#include <math.h>
#include <string.h>

/* ---- norms ---- */

/* y = (x - mean) r w: dx += r (g - mean g - xhat mean(g xhat)), g = dy w. */
static void layer_back(size_t n, float eps, const float *x, const float *w,
                       const float *dy, float *dx)
{
    double mean = vec_sum_f32(n, x) / (double)n, square = 0, g_mean = 0, g_x = 0;
    for (size_t i = 0; i < n; i++) {
        square += ((double)x[i] - mean) * ((double)x[i] - mean);
    }
    const double r = 1.0 / sqrt(square / (double)n + (double)eps);
    for (size_t i = 0; i < n; i++) {
        const double g = (double)dy[i] * (double)w[i];
        g_mean += g / (double)n;
        g_x += g * ((double)x[i] - mean) * r / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        const double g = (double)dy[i] * (double)w[i];
        dx[i] += (float)(r * (g - g_mean - ((double)x[i] - mean) * r * g_x));
    }
}

/* y = x r w: dx += r g - x r^3 mean(g x). */
static void rms_back(size_t n, float eps, const float *x, const float *w,
                     const float *dy, float *dx)
{
    const double r = 1.0 / sqrt(vec_sumsq_f32(n, x) / (double)n + (double)eps);
    double g_x = 0;
    for (size_t i = 0; i < n; i++) {
        g_x += (double)dy[i] * (double)w[i] * (double)x[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        const double g = (double)dy[i] * (double)w[i];
        dx[i] += (float)(r * g - (double)x[i] * r * r * r * g_x);
    }
}

void lm_norm_back(const struct lm_config *c, size_t n, size_t width, const float *x,
                  const float *w, const float *b, const float *dy, float *dx)
{
    for (size_t i = 0; i < n; i++) {
        const size_t at = i * width;
        if (b) {
            layer_back(width, c->ln_eps, x + at, w, dy + at, dx + at);
        } else {
            rms_back(width, c->ln_eps, x + at, w, dy + at, dx + at);
        }
    }
}

/* ---- activations ---- */

/* Gives y = act(x) and its slope. */
static void act_and_slope(enum lm_act act, double x, double *y, double *slope)
{
    static const double root_2_pi = 0.79788456080286535588; /* sqrt(2 / pi) */
    switch (act) {
    case LM_GELU_TANH: {
        const double t = tanh(root_2_pi * (x + 0.044715 * x * x * x));
        const double du = root_2_pi * (1.0 + 3.0 * 0.044715 * x * x);
        *y = 0.5 * x * (1.0 + t);
        *slope = 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * du;
        return;
    }
    case LM_GELU: {
        const double phi = 0.5 * erfc(-x * 0.70710678118654752440);
        *y = x * phi;
        *slope = phi + x * 0.5 * root_2_pi * exp(-0.5 * x * x);
        return;
    }
    case LM_SILU: {
        const double s = 1.0 / (1.0 + exp(-x));
        *y = x * s;
        *slope = s * (1.0 + x * (1.0 - s));
        return;
    }
    case LM_RELU:
        *y = x > 0 ? x : 0;
        *slope = x > 0 ? 1 : 0;
        return;
    }
}

void lm_activate_back(const struct lm_config *c, size_t n, const float *fc,
                      const float *dy, float *dfc)
{
    const size_t F = c->d_ff;
    const bool gated = c->family->gated;
    double y = 0, slope = 0;
    for (size_t i = 0; i < n; i++) {
        const float *x = fc + i * (gated ? 2 * F : F);
        float *dx = dfc + i * (gated ? 2 * F : F);
        for (size_t j = 0; j < F; j++) {
            const double d = (double)dy[i * F + j];
            act_and_slope(c->act, (double)x[j], &y, &slope);
            dx[j] = (float)(d * slope * (gated ? (double)x[F + j] : 1.0));
            if (gated) {
                dx[F + j] = (float)(d * y);
            }
        }
    }
}

/* ---- attention ---- */

/* Gradients of one head; several heads of queries add to the same head of keys. */
struct head_back {
    const float *q, *k, *v, *dz;
    float *dq, *dk, *dv;
    size_t ld, ld_z;
};

/* Turns ds [cols], the gradient at the weights' input behind the cap, into that at
 * query times key; s: those products. */
static void uncap(size_t cols, float scale, float cap, const float *s, float *ds)
{
    for (size_t j = 0; j < cols; j++) {
        const double t = tanh((double)s[j] * (double)scale / (double)cap);
        ds[j] = (float)((double)ds[j] * (1.0 - t * t) * (double)scale);
    }
}

/* Goes back through queries t0 .. t1 - 1 of a head, whose weights are p [t1 - t0, a->T]
 * for keys from j0. */
static void rows_back(const struct lm_config *c, const struct lm_attention *a,
                      const struct head_back *h, size_t t0, size_t t1, size_t j0)
{
    const size_t dh = lm_head_dim(c), rows = t1 - t0, cols = t1 - j0;
    const float scale = lm_attend_scale(c);
    const float *dz = h->dz + t0 * h->ld_z;
    float *p = a->scores, *s = a->scores + LM_ATT_ROWS * a->T;
    gemm_f32(TRANS, NO_TRANS, cols, dh, rows, 1.0f, p, a->T, dz, h->ld_z, 1.0f,
             h->dv + j0 * h->ld, h->ld);
    gemm_f32(NO_TRANS, TRANS, rows, cols, dh, 1.0f, dz, h->ld_z, h->v + j0 * h->ld,
             h->ld, 0.0f, s, a->T);
    for (size_t i = 0; i < rows; i++) {
        vec_softmax_back_f32(cols, c->attn_cap > 0 ? 1.0f : scale, p + i * a->T,
                             s + i * a->T);
    }
    if (c->attn_cap > 0) {
        /* The weights are used up: the products that were capped, in their place. */
        gemm_f32(NO_TRANS, TRANS, rows, cols, dh, 1.0f, h->q + t0 * h->ld, h->ld,
                 h->k + j0 * h->ld, h->ld, 0.0f, p, a->T);
        for (size_t i = 0; i < rows; i++) {
            uncap(cols, scale, c->attn_cap, p + i * a->T, s + i * a->T);
        }
    }
    gemm_f32(NO_TRANS, NO_TRANS, rows, dh, cols, 1.0f, s, a->T, h->k + j0 * h->ld,
             h->ld, 0.0f, h->dq + t0 * h->ld, h->ld);
    gemm_f32(TRANS, NO_TRANS, cols, dh, rows, 1.0f, s, a->T, h->q + t0 * h->ld, h->ld,
             1.0f, h->dk + j0 * h->ld, h->ld);
}

void lm_attend_back(const struct lm_config *c, const struct lm_attention *a,
                    const float *dz, float *dqkv)
{
    const size_t dh = lm_head_dim(c), q = lm_z_width(c), kv = lm_kv_heads(c) * dh;
    const size_t each = c->n_head / lm_kv_heads(c);
    memset(dqkv, 0, a->T * lm_qkv_width(c) * sizeof *dqkv);
    for (size_t head = 0; head < c->n_head; head++) {
        const size_t at_kv = head / each * dh;
        const struct head_back h = {.q = a->q + head * dh,
                                    .k = a->k + at_kv,
                                    .v = a->v + at_kv,
                                    .dz = dz + head * dh,
                                    .dq = dqkv + head * dh,
                                    .dk = dqkv + q + at_kv,
                                    .dv = dqkv + q + kv + at_kv,
                                    .ld = a->ld_q,
                                    .ld_z = q};
        for (size_t t0 = 0; t0 < a->T; t0 += LM_ATT_ROWS) {
            const size_t t1 = t0 + LM_ATT_ROWS < a->T ? t0 + LM_ATT_ROWS : a->T;
            const size_t j0 = lm_attend_weights(c, a, head, t0, t1);
            rows_back(c, a, &h, t0, t1, j0);
        }
    }
}

void lm_turn_back(const struct lm_config *c, const struct lm_layer *w,
                  const struct lm_turns *turns, bool local, size_t T, const float *qkv,
                  float *one_head, float *dqkv)
{
    const size_t dh = lm_head_dim(c), ld = lm_qkv_width(c), half = c->rotary / 2;
    const float *table = turns->at[local ? 1 : 0];
    for (size_t t = 0; t < T; t++) {
        for (size_t h = 0; h < c->n_head + lm_kv_heads(c); h++) {
            const size_t at = t * ld + h * dh;
            float *d = dqkv + at;
            for (size_t i = 0; i < half; i++) {
                const float co = table[t * c->rotary + i];
                const float si = table[t * c->rotary + half + i];
                const float a = d[i], b = d[i + half];
                d[i] = a * co + b * si;
                d[i + half] = b * co - a * si;
            }
            if (c->family->qk_norms) {
                const float *norm = w->at[h < c->n_head ? LM_Q_NORM : LM_K_NORM];
                memcpy(one_head, d, dh * sizeof *d);
                memset(d, 0, dh * sizeof *d);
                lm_norm_back(c, 1, dh, qkv + at, norm, NULL, one_head, d);
            }
        }
    }
}
