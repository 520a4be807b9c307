/* Effects of the conditions on concepts, on the screen: the means over seeds that the
 * table shows, the differences and their verdicts. */
#include "base/mem.h"
#include "base/number.h"
#include "ui/screens/concepts_priv.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- the tables as one ---- */

/* Arms of the two conditions that have been evaluated. */
struct shown_arms {
    size_t n, n_concepts;
    const struct concept_table *table[VIEW_ARMS];
    size_t of[VIEW_ARMS], seed[VIEW_ARMS];
};

static struct shown_arms shown_arms(const struct session_view *v)
{
    struct shown_arms s = {.n = 0};
    uint64_t weights[VIEW_ARMS];
    for (size_t k = 0; k < arms_of(v); k++) {
        for (size_t i = 0; i < v->cond[k].n_seeds; i++) {
            const struct arm_view *arm = &v->arm[v->cond[k].arm[i]];
            if (!arm->concepts || s.n == VIEW_ARMS) {
                continue;
            }
            size_t same = 0;
            while (same < s.n && weights[same] != arm->weights) {
                same++;
            }
            weights[s.n] = arm->weights;
            s.seed[s.n] = same;
            s.of[s.n] = k;
            s.table[s.n++] = arm->concepts;
            s.n_concepts = arm->concepts->n;
        }
    }
    return s;
}

static bool is_new(const struct concepts_state *s, const struct shown_arms *a,
                   bool so_far)
{
    return a->n != s->n_effects || so_far != s->so_far ||
           memcmp(a->table, s->effects_of, a->n * sizeof *a->table) != 0;
}

/* How many concepts of each family Holm's adjustment is over. */
static void count_tested(struct concepts_state *s, const int *family)
{
    for (size_t c = 0; c < s->effects.concepts && s->effects.conditions > 1; c++) {
        for (size_t f = 0; f < CONCEPT_FIGURES && family[c] >= 0; f++) {
            s->tested[family[c]][f] += concept_effect(&s->effects, c, 0, f)->d.n > 1;
        }
    }
}

static enum err compute(struct concepts_state *s, const struct session_view *v,
                        const struct shown_arms *a)
{
    double *x = NULL;
    int *family = NULL;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&x, a->n * a->n_concepts, CONCEPT_FIGURES * sizeof *x,
                        "concepts", NULL));
    TRY_OUT(rc, mem_new(&family, a->n_concepts, sizeof *family, "concepts", NULL));
    for (size_t c = 0; c < a->n_concepts; c++) {
        family[c] = c < v->names.n_concepts ? (int)v->names.concept_kind[c] : -1;
        for (size_t i = 0; i < a->n; i++) {
            const struct concept_result *r =
                c < a->table[i]->n ? &a->table[i]->row[c] : NULL;
            for (size_t f = 0; f < CONCEPT_FIGURES; f++) {
                x[(i * a->n_concepts + c) * CONCEPT_FIGURES + f] =
                    r && r->eligible ? concept_figures[f].of(r) : (double)NAN;
            }
        }
    }
    const struct concept_arms in = {.n = a->n,
                                    .concepts = a->n_concepts,
                                    .x = x,
                                    .family = family,
                                    .conditions = arms_of(v),
                                    .baseline = verdict_baseline(NULL, arms_of(v)),
                                    .of = a->of,
                                    .seed = a->seed,
                                    .planned = v->seeds_planned,
                                    .so_far = s->so_far};
    TRY_OUT(rc, concept_effects_of(&in, &s->effects, NULL));
    count_tested(s, family);
out:
    mem_free(x);
    mem_free(family);
    return rc;
}

void concepts_compare(struct concepts_state *s, const struct session_view *v)
{
    const struct shown_arms a = shown_arms(v);
    const bool so_far = v->step < v->planned;
    if (!is_new(s, &a, so_far)) {
        return;
    }
    concept_effects_deinit(&s->effects);
    s->so_far = so_far;
    memset(s->tested, 0, sizeof s->tested);
    s->n_effects = a.n;
    memcpy(s->effects_of, a.table, sizeof s->effects_of);
    if (a.n == 0 || compute(s, v, &a) != OK) {
        s->effects = (struct concept_effects){0};
    }
}

/* ---- what is shown of it ---- */

const struct verdict_row *concepts_effect(const struct concepts_state *s,
                                          const struct concept_column *col,
                                          int32_t concept)
{
    const bool any = col->figure >= 0 && concept >= 0 &&
                     (size_t) concept < s->effects.concepts &&
                     s->effects.conditions > 1;
    return any ? concept_effect(&s->effects, (size_t) concept, 0, (size_t)col->figure)
               : NULL;
}

double concepts_value(const struct concepts_state *s, const struct session_view *v,
                      const struct concept_column *col, enum concept_side side,
                      int32_t concept)
{
    if (col->figure < 0) { /* of the seed that is shown */
        const struct concept_result *r =
            side == SIDE_DIFFERENCE ? NULL : concepts_result(v, (size_t)side, concept);
        return r && r->eligible && concepts_has_latent(r) ? (double)r->main_latent[0]
                                                          : (double)NAN;
    }
    if (concept < 0 || (size_t) concept >= s->effects.concepts) {
        return (double)NAN;
    }
    if (side == SIDE_DIFFERENCE) {
        const struct verdict_row *r = concepts_effect(s, col, concept);
        return r ? r->d.by.mean : (double)NAN;
    }
    return (size_t)side < s->effects.conditions
               ? concept_value(&s->effects, (size_t) concept, (size_t)side,
                               (size_t)col->figure)
                     ->mean
               : (double)NAN;
}

size_t concepts_seeds(const struct concepts_state *s)
{
    size_t most = 0;
    for (size_t c = 0; c < s->effects.concepts && s->effects.conditions > 1; c++) {
        for (size_t f = 0; f < CONCEPT_FIGURES; f++) {
            const size_t n = concept_effect(&s->effects, c, 0, f)->d.n;
            most = n > most ? n : most;
        }
    }
    return most;
}

char concepts_mark(const struct verdict_row *r)
{
    return r ? verdict_mark(r) : ' ';
}

void concepts_effect_text(const struct concepts_state *s,
                          const struct concept_column *col, int32_t concept, char *out,
                          size_t cap)
{
    const struct verdict_row *r = concepts_effect(s, col, concept);
    out[0] = '\0';
    if (!r || r->d.n == 0) {
        return;
    }
    const char *direction = verdict_direction(r->verdict);
    const int digits = concept_figures[col->figure].digits < 2 ? 1 : 2;
    size_t len = (size_t)snprintf(out, cap, "%s %s", col->title,
                                  NUMBER(NUMBER_SIGNED, 0, digits, r->d.by.mean));
    if (isfinite(r->d.by.low) && isfinite(r->d.by.high) && len < cap) {
        len += (size_t)snprintf(out + len, cap - len, " [%s, %s]",
                                NUMBER(NUMBER_SIGNED, 0, digits, r->d.by.low),
                                NUMBER(NUMBER_SIGNED, 0, digits, r->d.by.high));
    }
    if (len < cap && verdict_but_for_holm(r)) {
        snprintf(out + len, cap - len, " ~ leaves 0 out alone, not among %zu (Holm)",
                 s->tested[s->family][col->figure]);
    } else if (len < cap) {
        snprintf(out + len, cap - len, " %s%s%s", verdict_row_text(r),
                 direction ? " " : "", direction ? direction : "");
    }
}
