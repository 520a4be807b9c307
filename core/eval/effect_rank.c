#include "eval/effect_rank.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Turns the sums of the codes of training texts in and out of the class, [2, F], into
 * the difference of their means. */
static void class_gap(const struct sentence_task *t, const uint8_t *y, double *sum)
{
    const size_t F = t->t.F;
    double pos = 0.0;
    for (size_t i = 0; i < t->t.n_train; i++) {
        double *to = sum + (y[i] ? 0 : F);
        pos += y[i];
        for (size_t k = t->start[i]; k < t->start[i + 1]; k++) {
            to[t->id[k]] += (double)t->val[k];
        }
    }
    const double neg = (double)t->t.n_train - pos;
    for (size_t j = 0; j < F; j++) {
        sum[j] = sum[j] / pos - sum[F + j] / neg;
    }
}

struct ranked {
    double effect;
    int32_t latent;
};

static int by_effect(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->effect > y->effect || x->effect < y->effect) {
        return x->effect > y->effect ? -1 : 1;
    }
    return (x->latent > y->latent) - (x->latent < y->latent);
}

enum err effect_rank_init(struct effect_rank *out, const struct sentence_task *t,
                          const uint8_t *y, const double *effect_of,
                          enum effect_kind kind, struct errinfo *e)
{
    const size_t F = t->t.F;
    double *gap = NULL;
    struct ranked *at = NULL;
    enum err rc = OK;
    *out = (struct effect_rank){.F = F};
    TRY_OUT(rc, mem_new(&gap, 2 * F, sizeof *gap, "effects", e));
    TRY_OUT(rc, mem_new(&at, F, sizeof *at, "effects", e));
    TRY_OUT(rc, mem_new(&out->latent, F, sizeof *out->latent, "effects", e));
    TRY_OUT(rc, mem_new(&out->effect, F, sizeof *out->effect, "effects", e));
    class_gap(t, y, gap);
    for (size_t j = 0; j < F; j++) {
        const double effect =
            (kind == EFFECT_SIZE ? gap[j] : fmax(gap[j], 0.0)) * effect_of[j];
        at[j] =
            (struct ranked){kind == EFFECT_SIZE ? fabs(effect) : effect, (int32_t)j};
    }
    qsort(at, F, sizeof *at, by_effect);
    for (size_t j = 0; j < F; j++) {
        out->latent[j] = at[j].latent;
        out->effect[j] = at[j].effect;
        out->nonzero += at[j].effect < 0.0 || at[j].effect > 0.0 ? 1 : 0;
    }
out:
    mem_free(gap);
    mem_free(at);
    if (rc != OK) {
        effect_rank_deinit(out);
    }
    return rc;
}

void effect_rank_deinit(struct effect_rank *r)
{
    mem_free(r->latent);
    mem_free(r->effect);
    *r = (struct effect_rank){0};
}

void effect_rank_first(const struct effect_rank *r, size_t n, uint8_t *gone)
{
    const size_t k = n < r->nonzero ? n : r->nonzero;
    memset(gone, 0, r->F);
    for (size_t i = 0; i < k; i++) {
        gone[r->latent[i]] = 1;
    }
}
