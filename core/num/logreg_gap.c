#include "num/logreg_priv.h"

#include <math.h>

struct logreg_gap logreg_gap_begin(double l1, double l2, double greatest, double loss,
                                   double slope_b, double b, double heavier)
{
    struct logreg_gap k = {.l1 = l1, .l2 = l2, .loss = loss};
    k.moves = fabs(slope_b) * greatest;
    k.lost = heavier > 0.0 ? fabs(slope_b) / heavier : 0.0;
    k.inner = slope_b * b;
    return k;
}

void logreg_gap_add(struct logreg_gap *k, double slope, double w)
{
    const double size = fabs(slope) + k->moves;
    const double penalty = k->l1 * fabs(w) + 0.5 * k->l2 * w * w;
    k->penalty += penalty;
    k->inner += slope * w;
    k->steepest = size > k->steepest ? size : k->steepest;
    if (size > k->l1) {
        const double over = size - k->l1;
        k->conjugate += k->l2 > 0.0 ? over * over / (2.0 * k->l2) : (double)INFINITY;
    }
}

double logreg_gap_value(const struct logreg_gap *k)
{
    const double entropy = k->loss - k->inner;
    const double as_is = k->penalty + k->inner + k->lost * entropy + k->conjugate;
    if (!(k->l1 > 0.0)) {
        return as_is;
    }
    const double t = k->steepest > k->l1 ? k->l1 / k->steepest : 1.0;
    const double scaled = k->loss + k->penalty - t * (1.0 - k->lost) * entropy;
    return scaled < as_is ? scaled : as_is;
}

enum err logreg_greatest(const struct logreg_x *x, double *out, struct errinfo *e)
{
    double most = 0.0;
    for (size_t i = 0; i < x->n; i++) {
        const float *v = x->dense != NULL ? x->dense + i * x->ld : x->val + x->start[i];
        const size_t n = x->dense != NULL ? x->d : x->start[i + 1] - x->start[i];
        for (size_t j = 0; j < n; j++) {
            const double size = fabs((double)v[j]);
            if (!isfinite(size)) {
                return err_set(e, ERR_NUMERIC,
                               "logistic regression: input %zu is not finite",
                               x->dense != NULL ? j : (size_t)x->id[x->start[i] + j]);
            }
            most = size > most ? size : most;
        }
    }
    *out = most;
    return OK;
}
