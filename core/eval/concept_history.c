#include "eval/concept_history.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

static enum err history_new(size_t n, size_t concepts, struct concept_history **out,
                            struct errinfo *e)
{
    static const char what[] = "concepts over training";
    struct concept_history *h = NULL;
    enum err rc = OK;
    TRY(mem_new(&h, 1, sizeof *h, what, e));
    atomic_init(&h->refs, 1);
    h->n_concepts = concepts;
    TRY_OUT(rc, mem_new(&h->step, n, sizeof *h->step, what, e));
    TRY_OUT(rc, mem_new(&h->x, n * concepts, CONCEPT_FIGURES * sizeof *h->x, what, e));
    *out = h;
    return OK;
out:
    concept_history_unref(h);
    return rc;
}

static void add_point(struct concept_history *h, const struct concept_table *t)
{
    float *to = h->x + h->n * h->n_concepts * CONCEPT_FIGURES;
    for (size_t c = 0; c < h->n_concepts; c++) {
        for (size_t f = 0; f < CONCEPT_FIGURES; f++) {
            *to++ = t->row[c].eligible ? (float)concept_figures[f].of(&t->row[c]) : NAN;
        }
    }
    h->step[h->n++] = t->step;
}

/* The first n points of `was`, or fewer: see HISTORY_POINTS. */
static void copy_points(struct concept_history *h, const struct concept_history *was,
                        size_t n)
{
    const size_t width = h->n_concepts * CONCEPT_FIGURES;
    const bool thin = n == HISTORY_POINTS;
    for (size_t i = 0; i < n; i++) {
        if (thin && i < n / 2 && i % 2 == 1) {
            continue;
        }
        memcpy(h->x + h->n * width, was->x + i * width, width * sizeof *h->x);
        h->step[h->n++] = was->step[i];
    }
}

enum err concept_history_with(struct concept_history *was,
                              const struct concept_table *t,
                              struct concept_history **out, struct errinfo *e)
{
    const struct concept_table *plain = t->plain != NULL ? t->plain : t;
    struct concept_history *h = NULL;
    size_t n = was != NULL ? was->n : 0;
    if (n > 0 && (was->n_concepts != plain->n || was->step[n - 1] > plain->step)) {
        *out = concept_history_ref(was);
        return OK;
    }
    n -= n > 0 && was->step[n - 1] == plain->step ? 1 : 0;
    TRY(history_new(n + 1, plain->n, &h, e));
    copy_points(h, was, n);
    add_point(h, plain);
    *out = h;
    return OK;
}

double concept_history_at(const struct concept_history *h, size_t i, size_t concept,
                          size_t f)
{
    return (double)h->x[(i * h->n_concepts + concept) * CONCEPT_FIGURES + f];
}

struct concept_history *concept_history_ref(struct concept_history *h)
{
    atomic_fetch_add_explicit(&h->refs, 1, memory_order_relaxed);
    return h;
}

void concept_history_unref(struct concept_history *h)
{
    if (h != NULL &&
        atomic_fetch_sub_explicit(&h->refs, 1, memory_order_acq_rel) == 1) {
        mem_free(h->step);
        mem_free(h->x);
        mem_free(h);
    }
}
