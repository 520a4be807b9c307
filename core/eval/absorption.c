#include "eval/absorption.h"

#include "eval/rule.h"

/* SAEBench's thresholds, beside those of rule.h. */
#define SILENT 1e-8 /* an activation below this is none */
#define FRACTION_COS                                                                   \
    0.1 /* of a direction with the probe's, for a share in the fraction */
#define FRACTION_COUNT 3 /* absorbers that may share */

/* Projections of an occurrence's latents on a probe's direction. */
struct reading {
    double main_sum;               /* projection of the main latents */
    double others[FRACTION_COUNT]; /* greatest ones of aligned others, descending */
    bool main_fires;
    int32_t top; /* latent of the greatest projection, -1: none fires */
    double top_projection, top_cos;
};

static void note_other(struct reading *g, double projection)
{
    size_t at = FRACTION_COUNT;
    while (at > 0 && projection > g->others[at - 1]) {
        if (at < FRACTION_COUNT) {
            g->others[at] = g->others[at - 1];
        }
        at--;
    }
    if (at < FRACTION_COUNT) {
        g->others[at] = projection;
    }
}

/* The projection of a latent is its share of xhat along the direction: activation times
 * W_dec row . p. With decoder rows of unit length, as SAEBench requires, that is its
 * activation times the cosine. */
static struct reading read_codes(const struct absorption_view *v, size_t row,
                                 const uint8_t *is_main)
{
    struct reading g = {.top = -1};
    const float *undo = v->codes->undo;
    const double unit = undo != NULL ? (double)undo[2 * row] : 1.0 / v->scale;
    for (size_t i = v->codes->start[row]; i < v->codes->start[row + 1]; i++) {
        const int32_t j = v->codes->id[i];
        const double act = (double)v->codes->val[i];
        const double along = (double)v->along[j];
        const double length = (double)v->length[j];
        const double cosine = length > 0.0 ? along / length : 0.0;
        const double projection = act * along * unit;
        if (is_main[j]) {
            g.main_sum += projection;
            g.main_fires = g.main_fires || act >= SILENT;
        } else if (cosine >= FRACTION_COS && projection > 0.0) {
            note_other(&g, projection);
        }
        if (g.top < 0 || projection > g.top_projection) {
            g.top = j;
            g.top_projection = projection;
            g.top_cos = cosine;
        }
    }
    return g;
}

static double others_sum(const struct reading *g)
{
    double others = 0.0;
    for (size_t i = 0; i < FRACTION_COUNT; i++) {
        others += g->others[i];
    }
    return others;
}

static double fraction(const struct reading *g, double p)
{
    const double others = others_sum(g);
    if (!(p > 0.0) || g->main_sum >= p || others / p < RULE_SHARE) {
        return 0.0;
    }
    if (g->main_sum <= 0.0) {
        return 1.0;
    }
    const double missing = p - g->main_sum;
    const double absorbed = others < missing ? others : missing;
    return absorbed / (absorbed + g->main_sum);
}

struct absorption_outcome absorption_decide(const struct absorption_view *v, size_t row,
                                            double p, const uint8_t *is_main)
{
    const struct reading g = read_codes(v, row, is_main);
    const double share = g.top >= 0 && p > 0.0 ? g.top_projection / p : 0.0;
    const bool full = !g.main_fires && share >= RULE_SHARE && g.top_cos >= RULE_COSINE;
    return (struct absorption_outcome){.fires = g.main_fires,
                                       .absorber = full ? g.top : -1,
                                       .share = (float)share,
                                       .fraction = (float)fraction(&g, p),
                                       .top = g.top,
                                       .cosine = (float)g.top_cos,
                                       .main = p > 0.0 ? (float)(g.main_sum / p) : 0.0F,
                                       .others = p > 0.0 ? (float)(others_sum(&g) / p)
                                                         : 0.0F};
}
