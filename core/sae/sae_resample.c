#include "sae/sae_resample.h"

#include "base/mem.h"
#include "base/rng.h"
#include "num/vec.h"

#include <math.h>
#include <string.h>

/* A row and its key. */
struct draw {
    double key;
    size_t row;
};

/* Returns the vector [D] that a latent restarted at row b is made from. */
static const float *origin(const struct sae_resample *r, size_t b)
{
    const struct sae_step_f32 *s = r->step;
    return (r->form == SAE_RESAMPLE_INPUT ? s->x : s->a) + b * s->D;
}

/* Draws n rows, by weight and without replacement: those with the greatest keys u^(1/w)
 * (Efraimidis, Spirakis 2006), compared as log(u) / w. Writes them to out, greatest
 * first. */
static size_t draw_rows(const struct sae_resample *r, struct draw *out, size_t n)
{
    const struct sae_step_f32 *s = r->step;
    size_t have = 0;
    for (size_t b = 0; b < s->B; b++) {
        const double w = sqrt(vec_sumsq_f32(s->D, s->err + b * s->D));
        const double u = 1.0 - rng_unit_at(r->seed, RNG_RESAMPLE, r->key, (uint64_t)b);
        if (!(w > 0) || !(vec_sumsq_f32(s->D, origin(r, b)) > 0)) {
            continue;
        }
        const struct draw d = {.key = log(u) / w, .row = b};
        size_t at = have < n ? have++ : n;
        if (at == n) { /* full: in only if greater than the last */
            if (d.key <= out[n - 1].key) {
                continue;
            }
            at = n - 1;
        }
        while (at > 0 && out[at - 1].key < d.key) {
            out[at] = out[at - 1];
            at--;
        }
        out[at] = d;
    }
    return have;
}

static bool is_dead(const struct sae_resample *r, size_t j)
{
    return r->silent[j] > r->silent_after;
}

static double living_norm(const struct sae_resample *r)
{
    double sum = 0;
    size_t n = 0;
    for (size_t j = 0; j < r->w->F; j++) {
        if (!is_dead(r, j)) {
            sum += sqrt(vec_sumsq_f32(r->w->D, r->w->W_enc + j * r->w->D));
            n++;
        }
    }
    return n > 0 ? sum / (double)n : 1.0;
}

static void restart(const struct sae_resample *r, size_t j, const float *from,
                    double norm)
{
    const size_t D = r->w->D;
    const double length = sqrt(vec_sumsq_f32(D, from));
    const double kept = r->form == SAE_RESAMPLE_INPUT ? length : 1.0;
    const double enc = r->step->arch->tied ? 1.0 : 0.2 * norm * kept;
    for (size_t d = 0; d < D; d++) {
        const double u = (double)from[d] / length;
        r->w->W_dec[j * D + d] = (float)u;
        r->w->W_enc[j * D + d] = (float)(enc * u);
    }
    r->w->b_enc[j] = 0.0f;
    struct sae_params_f32 *const moments[] = {r->m, r->v};
    for (size_t i = 0; i < 2; i++) {
        memset(moments[i]->W_dec + j * D, 0, D * sizeof(float));
        memset(moments[i]->W_enc + j * D, 0, D * sizeof(float));
        moments[i]->b_enc[j] = 0.0f;
    }
    r->silent[j] = 0;
}

enum err sae_resample(const struct sae_resample *r, struct errinfo *e)
{
    const struct sae_step_f32 *s = r->step;
    size_t n = 0;
    for (size_t j = 0; j < s->F; j++) {
        n += is_dead(r, j);
    }
    n = n < s->B ? n : s->B;
    if (n == 0) {
        return OK;
    }
    struct draw *rows;
    TRY(mem_new(&rows, n, sizeof *rows, "rows to start latents from", e));
    const size_t drawn = draw_rows(r, rows, n);
    const double norm = living_norm(r);
    size_t next = 0;
    for (size_t j = 0; j < s->F && next < drawn; j++) {
        if (is_dead(r, j)) {
            restart(r, j, origin(r, rows[next++].row), norm);
        }
    }
    mem_free(rows);
    return OK;
}
