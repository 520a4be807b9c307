/* The rates of each concept over training, one point per evaluation. Immutable once
 * made, shared by reference count; any thread. */
#ifndef SAETOP_EVAL_CONCEPT_HISTORY_H
#define SAETOP_EVAL_CONCEPT_HISTORY_H

#include "eval/concept_effects.h"
#include "eval/concept_table.h"

/* Most points kept. If there would be more, every second one of the older half goes, so
 * that the beginning stays coarsely and the end in full: 24 bytes a concept and point,
 * at most 330 KB an arm with 107 concepts. */
#define HISTORY_POINTS 128

struct concept_history {
    atomic_int refs;
    size_t n_concepts, n;
    int64_t *step; /* [n] ascending */
    float *x;      /* [n, n_concepts, CONCEPT_FIGURES]; NaN: not measured */
};

/* Adds the point of t, by its default rule, to `was` (NULL: empty); it replaces a point
 * of the same step. If t is of a step before the last or of other concepts, it is left
 * out and *out is `was` with one more reference. *out: the caller's reference.
 * ERR_NOMEM. O(points x concepts). */
enum err concept_history_with(struct concept_history *was,
                              const struct concept_table *t,
                              struct concept_history **out,
                              struct errinfo *e) ERR_CHECKED;
/* Returns figure f of a concept at point i. */
double concept_history_at(const struct concept_history *h, size_t i, size_t concept,
                          size_t f);
/* Read a run's concept_history.csv: step, concept, kind and the figures by their names
 * in eval.json, with a row for each point and concept that was measured then. Only
 * points up to step `last` are read; concepts that c does not have are skipped. *out
 * NULL: no file, or no point in it. ERR_FORMAT names the row; the header is row 1. */
#define CONCEPT_HISTORY_FILE "concept_history.csv"
enum err concept_history_parse(const char *data, size_t len, const char *name,
                               const struct concepts *c, int64_t last,
                               struct concept_history **out,
                               struct errinfo *e) ERR_CHECKED;
enum err concept_history_load(const char *dir, const struct concepts *c, int64_t last,
                              struct concept_history **out,
                              struct errinfo *e) ERR_CHECKED;
/* Writes the history to a run's directory, whole or not at all; NULL: writes
 * nothing. */
enum err concept_history_save(const struct concept_history *h, const struct concepts *c,
                              const char *dir, struct errinfo *e) ERR_CHECKED;
struct concept_history *concept_history_ref(struct concept_history *h);
void concept_history_unref(struct concept_history *h); /* NULL is fine */

#endif
