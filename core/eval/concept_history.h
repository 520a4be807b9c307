/* The rates of each concept over training: a point an evaluation. Immutable once made,
 * shared by reference count; any thread. */
#ifndef SAETOP_EVAL_CONCEPT_HISTORY_H
#define SAETOP_EVAL_CONCEPT_HISTORY_H

#include "eval/concept_effects.h"
#include "eval/concept_table.h"

/* Points kept. Where there would be more, every second of the older half goes, so that
 * the beginning stays coarsely and the end in full: 24 bytes a concept and point, 330
 * KB an arm at most with 107 concepts. */
#define HISTORY_POINTS 128

struct concept_history {
    atomic_int refs;
    size_t n_concepts, n;
    int64_t *step; /* [n] ascending */
    float *x;      /* [n, n_concepts, CONCEPT_FIGURES]; NaN: not measured */
};

/* `was` (NULL: nothing yet) and the point of t, which takes the place of one of its
 * step; of an older step than the last, or of other concepts: `was` with one more
 * reference. What t says by its default rule counts. *out: the caller's reference.
 * ERR_NOMEM. O(points x concepts). */
enum err concept_history_with(struct concept_history *was,
                              const struct concept_table *t,
                              struct concept_history **out,
                              struct errinfo *e) ERR_CHECKED;
/* Figure f of a concept at point i. */
double concept_history_at(const struct concept_history *h, size_t i, size_t concept,
                          size_t f);
struct concept_history *concept_history_ref(struct concept_history *h);
void concept_history_unref(struct concept_history *h); /* NULL is fine */

#endif
