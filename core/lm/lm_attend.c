#include "base/mem.h"
#include "lm/lm_pass.h"
#include "lm/lm_slot.h"
#include "num/vec.h"

#include <math.h>
#include <string.h>

/* ---- turning ---- */

/* How fast pair i of `half` turns, in radians a position; in float as in the reference,
 * since the rounding shows at far positions. Llama 3's scaling: long waves are slowed
 * by the factor, short ones stay, those between get a mix. */
static float speed(const struct lm_rope *r, size_t i, size_t half)
{
    const float plain = (float)(1.0 / pow(r->base, (double)i / (double)half));
    if (r->kind == LM_ROPE_PLAIN) {
        return plain;
    }
    if (r->kind == LM_ROPE_LINEAR) {
        return plain / (float)r->factor;
    }
    const double pi = 3.14159265358979323846;
    const double wave = 2.0 * pi / (double)plain;
    if (wave < r->context / r->high) {
        return plain;
    }
    if (wave > r->context / r->low) {
        return plain / (float)r->factor;
    }
    const double share = (r->context / wave - r->low) / (r->high - r->low);
    return (float)((1.0 - share) * (double)plain / r->factor + share * (double)plain);
}

static void fill_turns(const struct lm_config *c, const struct lm_rope *r, size_t n,
                       float *out)
{
    const size_t half = c->rotary / 2;
    for (size_t i = 0; i < half; i++) {
        const float s = speed(r, i, half);
        for (size_t t = 0; t < n; t++) {
            const float angle = (float)t * s;
            out[t * c->rotary + i] = (float)cos((double)angle);
            out[t * c->rotary + half + i] = (float)sin((double)angle);
        }
    }
}

enum err lm_turns_init(struct lm_turns *t, const struct lm_config *c, size_t n,
                       struct errinfo *e)
{
    *t = (struct lm_turns){.n = n};
    const int kinds = c->window > 0 ? 2 : 1;
    for (int i = 0; c->rotary > 0 && i < kinds; i++) {
        const enum err rc =
            mem_new(&t->at[i], n, c->rotary * sizeof(float), "angles of positions", e);
        if (rc != OK) {
            lm_turns_deinit(t);
            return rc;
        }
        fill_turns(c, &c->rope[i], n, t->at[i]);
    }
    return OK;
}

void lm_turns_deinit(struct lm_turns *t)
{
    mem_free(t->at[0]);
    mem_free(t->at[1]);
    *t = (struct lm_turns){0};
}

/* Turns pairs (i, i + half) of the first numbers of a head. */
static void turn_head(const float *turns, size_t half, float *x)
{
    for (size_t i = 0; i < half; i++) {
        const float a = x[i], b = x[i + half], c = turns[i], s = turns[half + i];
        x[i] = a * c - b * s;
        x[i + half] = b * c + a * s;
    }
}

void lm_turn(const struct lm_config *c, const struct lm_layer *w,
             const struct lm_turns *turns, bool local, size_t T, size_t at, float *qkv)
{
    const size_t dh = lm_head_dim(c), ld = lm_qkv_width(c), nq = c->n_head;
    const float *table = turns->at[local ? 1 : 0];
    if (!c->family->qk_norms && c->rotary == 0) {
        return;
    }
    for (size_t t = 0; t < T; t++) {
        for (size_t h = 0; h < nq + lm_kv_heads(c); h++) {
            float *x = qkv + t * ld + h * dh;
            if (c->family->qk_norms) {
                const float *norm = w->at[h < nq ? LM_Q_NORM : LM_K_NORM];
                lm_norm_rows(c, 1, dh, x, norm, NULL, x);
            }
            if (c->rotary > 0) {
                turn_head(table + (at + t) * c->rotary, c->rotary / 2, x);
            }
        }
    }
}

/* ---- attention ---- */

/* Turns the scores in `row`, of query row i to keys j0 .. i, into weights; keys outside
 * the window, and later keys, get 0. */
static void weigh(const struct lm_config *c, float scale, size_t j0, size_t from,
                  size_t i, size_t end, float *row)
{
    float *seen = row + (from - j0);
    const size_t n = i + 1 - from;
    memset(row, 0, (from - j0) * sizeof *row);
    if (c->attn_cap > 0) {
        vec_scale_f32(n, scale, seen);
        lm_cap(n, c->attn_cap, seen);
        scale = 1.0f;
    }
    vec_softmax_f32(n, scale, seen, NULL);
    memset(seen + n, 0, (end - i - 1) * sizeof *row);
}

/* The first position that the query at i sees. */
static size_t sees_from(const struct lm_config *c, bool local, size_t i)
{
    return local && i + 1 > c->window ? i + 1 - c->window : 0;
}

float lm_attend_scale(const struct lm_config *c)
{
    return c->attn_scale > 0 ? c->attn_scale
                             : (float)(1.0 / sqrt((double)lm_head_dim(c)));
}

/* Where a head's keys and values are among those of all heads. */
static size_t kv_at(const struct lm_config *c, size_t head)
{
    return head / (c->n_head / lm_kv_heads(c)) * lm_head_dim(c);
}

size_t lm_attend_weights(const struct lm_config *c, const struct lm_attention *a,
                         size_t head, size_t t0, size_t t1)
{
    const size_t dh = lm_head_dim(c), ld = a->at + a->T;
    const size_t j0 = sees_from(c, a->local, a->at + t0), j1 = a->at + t1;
    const float *q = a->q + head * dh, *k = a->k + kv_at(c, head);
    gemm_f32(NO_TRANS, TRANS, t1 - t0, j1 - j0, dh, 1.0f, q + t0 * a->ld_q, a->ld_q,
             k + j0 * a->ld_kv, a->ld_kv, 0.0f, a->scores, ld);
    for (size_t t = t0; t < t1; t++) {
        const size_t i = a->at + t;
        weigh(c, lm_attend_scale(c), j0, sees_from(c, a->local, i), i, j1,
              a->scores + (t - t0) * ld);
    }
    return j0;
}

static void attend_head(const struct lm_config *c, const struct lm_attention *a,
                        size_t head)
{
    const size_t dh = lm_head_dim(c), ld_out = lm_z_width(c), ld = a->at + a->T;
    const float *v = a->v + kv_at(c, head);
    float *out = a->out + head * dh;
    for (size_t t0 = 0; t0 < a->T; t0 += LM_ATT_ROWS) {
        const size_t t1 = t0 + LM_ATT_ROWS < a->T ? t0 + LM_ATT_ROWS : a->T;
        const size_t j0 = lm_attend_weights(c, a, head, t0, t1);
        gemm_f32(NO_TRANS, NO_TRANS, t1 - t0, dh, a->at + t1 - j0, 1.0f, a->scores, ld,
                 v + j0 * a->ld_kv, a->ld_kv, 0.0f, out + t0 * ld_out, ld_out);
    }
}

void lm_attend(const struct lm_config *c, const struct lm_attention *a)
{
    for (size_t h = 0; h < c->n_head; h++) {
        attend_head(c, a, h);
    }
}
