/* The numbers of a small SAE as a tool's file may have them, and what a naive forward
 * of them gives. */
#ifndef SAETOP_TESTS_UNIT_TINY_SAE_H
#define SAETOP_TESTS_UNIT_TINY_SAE_H

#include "base/rng.h"
#include "check.h"
#include "sae/sae_tensors.h"

#include <math.h>

#define D 6
#define F 11
#define N 40

/* ---- the naive forward, in double ---- */

static inline void normalise(const struct sae_tensors *t, const float *x, double *y,
                             double *times, double *plus)
{
    double mean = 0, norm2 = 0, var = 0;
    for (size_t d = 0; d < D; d++) {
        mean += (double)x[d] / D;
    }
    for (size_t d = 0; d < D; d++) {
        y[d] = (double)x[d] - (t->centre ? mean : 0);
        norm2 += y[d] * y[d];
        var += ((double)x[d] - mean) * ((double)x[d] - mean) / (D - 1);
    }
    *plus = t->norm == SAE_NORM_LAYER ? mean : 0;
    const double deviation = sqrt(var);
    const double by = t->norm == SAE_NORM_SCALE      ? t->scale
                      : t->norm == SAE_NORM_CONSTANT ? sqrt((double)D) / sqrt(norm2)
                                                     : 1 / (deviation + 1e-5);
    *times = t->norm == SAE_NORM_LAYER ? deviation : 1 / by;
    for (size_t d = 0; d < D; d++) {
        y[d] = (y[d] - *plus) * by;
    }
}

static inline void forward(const struct sae_tensors *t, const float *x, double *xhat)
{
    double y[D], h[F], f[F], n[F], times, plus;
    normalise(t, x, y, &times, &plus);
    for (size_t j = 0; j < F; j++) {
        h[j] = (double)t->b_enc[j];
        n[j] = 0;
        for (size_t d = 0; d < D; d++) {
            const double a = y[d] - (t->apply_b_dec ? (double)t->b_dec[d] : 0);
            h[j] += a * (double)t->W_enc[j * D + d];
            n[j] += (double)t->W_dec[j * D + d] * (double)t->W_dec[j * D + d];
        }
        n[j] = t->rescale ? sqrt(n[j]) : 1;
    }
    for (size_t j = 0; j < F; j++) {
        size_t greater = 0;
        for (size_t i = 0; i < F; i++) {
            greater += h[i] * n[i] > h[j] * n[j];
        }
        bool on = h[j] > 0;
        f[j] = h[j];
        if (t->select == TENSORS_TOPK) {
            on = on && (double)greater < t->k;
        } else if (t->select == TENSORS_JUMP) {
            on = on && h[j] > (double)t->threshold[j];
        } else if (t->select == TENSORS_GATED) {
            f[j] = exp((double)t->r_mag[j]) * (h[j] - (double)t->b_enc[j]) +
                   (double)t->b_mag[j];
            on = on && f[j] > 0;
        }
        f[j] = on ? f[j] : 0;
    }
    for (size_t d = 0; d < D; d++) {
        xhat[d] = (double)t->b_dec[d];
        for (size_t j = 0; j < F; j++) {
            xhat[d] += f[j] * (double)t->W_dec[j * D + d];
        }
        xhat[d] = xhat[d] * times + plus;
    }
}

/* ---- numbers ---- */

static inline struct sae_tensors *numbers(enum tensors_select select, bool unit)
{
    struct errinfo e;
    struct sae_tensors *t;
    struct rng r = rng_begin(5, RNG_SAMPLE, (uint64_t)select);
    assert_ok(sae_tensors_new(select, D, F, &t, &e), &e);
    for (size_t i = 0; i < F * D; i++) {
        t->W_enc[i] = (float)rng_normal(&r) * 0.5f;
        t->W_dec[i] = (float)rng_normal(&r);
    }
    for (size_t j = 0; j < F; j++) {
        double norm2 = 0;
        for (size_t d = 0; d < D; d++) {
            norm2 += (double)t->W_dec[j * D + d] * (double)t->W_dec[j * D + d];
        }
        for (size_t d = 0; unit && d < D; d++) {
            t->W_dec[j * D + d] /= (float)sqrt(norm2);
        }
        t->b_enc[j] = (float)rng_normal(&r) * 0.3f;
        if (t->threshold) {
            t->threshold[j] = 0.3f + 0.05f * (float)j;
        }
        if (t->b_mag) {
            t->b_mag[j] = (float)rng_normal(&r) * 0.3f;
            t->r_mag[j] = (float)rng_normal(&r) * 0.3f;
        }
    }
    for (size_t d = 0; d < D; d++) {
        t->b_dec[d] = (float)rng_normal(&r) * 0.5f;
    }
    t->k = 4;
    return t;
}

static inline void same_threshold(struct sae_tensors *t, float theta)
{
    for (size_t j = 0; j < F; j++) {
        t->threshold[j] = theta;
    }
}

/* A matrix [F,D] as [D,F]. */
static inline float *turned(const float *w)
{
    static float out[4][F * D];
    static size_t next;
    float *o = out[next++ % 4];
    for (size_t j = 0; j < F; j++) {
        for (size_t d = 0; d < D; d++) {
            o[d * F + j] = w[j * D + d];
        }
    }
    return o;
}

#endif
