/* A concept's figures over training, in place of its words. */
#include "base/mem.h"
#include "ui/event_lines.h"
#include "ui/plot.h"
#include "ui/screens/concepts_priv.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>

enum { EVENTS = 64 };

/* The curve of a condition: the mean over its seeds at each step that the first seed
 * has, with the least and the greatest. */
struct curve {
    double x[HISTORY_POINTS], y[HISTORY_POINTS];
    double lo[HISTORY_POINTS], hi[HISTORY_POINTS];
    size_t n;
};

/* The arm's value at a step; NaN: it was not measured then. */
static double value_at(const struct concept_history *h, int64_t step, size_t concept,
                       size_t f)
{
    size_t i = 0;
    while (i < h->n && h->step[i] < step) {
        i++;
    }
    return i < h->n && h->step[i] == step && concept < h->n_concepts
               ? concept_history_at(h, i, concept, f)
               : (double)NAN;
}

static void fill(struct curve *k, const struct session_view *v, size_t cond,
                 size_t concept, size_t f)
{
    const struct cond_view *of = &v->cond[cond];
    const struct concept_history *first = v->arm[of->arm[0]].over;
    k->n = 0;
    for (size_t i = 0; first && i < first->n; i++) {
        double sum = 0.0, n = 0.0, lo = (double)INFINITY, hi = -(double)INFINITY;
        for (size_t s = 0; s < of->n_seeds; s++) {
            const struct concept_history *h = v->arm[of->arm[s]].over;
            const double y = h ? value_at(h, first->step[i], concept, f) : (double)NAN;
            if (isfinite(y)) {
                sum += y;
                n += 1.0;
                lo = fmin(lo, y);
                hi = fmax(hi, y);
            }
        }
        k->x[k->n] = (double)first->step[i];
        k->y[k->n] = n > 0.0 ? sum / n : (double)NAN;
        k->lo[k->n] = n > 0.0 ? lo : (double)NAN;
        k->hi[k->n] = n > 0.0 ? hi : (double)NAN;
        k->n++;
    }
}

static size_t events_of(const struct session_view *v, double out[EVENTS])
{
    size_t n = 0;
    for (size_t i = v->n_events; i-- > 0 && n < EVENTS;) {
        if (event_is_drawn(&v->event[i])) {
            out[n++] = (double)v->event[i].step;
        }
    }
    return n;
}

void concepts_draw_curves(struct app *a, const struct session_view *v, struct canvas *c,
                          struct rect r)
{
    const struct concepts_state *s = concepts_own(a);
    const struct concept_column *col = &concept_columns[s->curve];
    double events[EVENTS];
    char title[96], value[48] = "";
    char empty[64];
    struct curve *curve = mem_alloc(2, sizeof *curve);
    app_words(a,
              concept_figures[col->figure].as == VERDICT_OF_SPREAD
                  ? "measured at the last step, and by " KEY_OF("refresh")
                  : "a point comes with each evaluation",
              empty, sizeof empty);
    struct plot_spec spec = {.y_min = (double)NAN,
                             .y_max = (double)NAN,
                             .cursor_x = (double)NAN,
                             .event_x = events,
                             .empty = empty};
    for (size_t k = 0; curve && s->at >= 0 && k < arms_of(v); k++) {
        fill(&curve[k], v, k, (size_t)s->at, (size_t)col->figure);
        const bool band = v->cond[k].n_seeds > 1;
        spec.series[spec.n_series++] =
            (struct plot_series){.x = curve[k].x,
                                 .y = curve[k].y,
                                 .n = curve[k].n,
                                 .lo = band ? curve[k].lo : NULL,
                                 .hi = band ? curve[k].hi : NULL,
                                 .role = arm_role(k),
                                 .faint = arm_faint(k),
                                 .letter = v->cond[k].letter,
                                 .name = v->cond[k].label};
    }
    spec.n_events = events_of(v, events);
    snprintf(title, sizeof title, "%s of %.48s over training", col->title,
             s->at >= 0 ? v->names.concept_name[s->at] : "");
    spec.title = title;
    plot_draw(c, rect_inset(r, 1, 1), &spec, NULL);
    if (v->cond[0].n_seeds > 1) {
        snprintf(value, sizeof value, "mean, least and greatest of seeds");
    }
    canvas_box(c, r, title, value, *app_focus(a, &screen_concepts) == CONCEPTS_WORDS);
    app_hit(a, r, HIT_PANE, CONCEPTS_WORDS);
    mem_free(curve);
}
