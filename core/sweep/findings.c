/* What the tables of a sweep are made from. */
#include "base/mem.h"
#include "sweep/table_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- lists of words ---- */

void word_list_deinit(struct word_list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        mem_free(l->word[i]);
    }
    mem_free(l->word);
    *l = (struct word_list){0};
}

bool word_list_has(const struct word_list *l, const char *word)
{
    for (size_t i = 0; i < l->n; i++) {
        if (strcmp(l->word[i], word) == 0) {
            return true;
        }
    }
    return false;
}

enum err word_list_add(struct word_list *l, const char *word, struct errinfo *e)
{
    if (word_list_has(l, word)) {
        return OK;
    }
    TRY(mem_grow(&l->word, &l->cap, l->n + 1, sizeof *l->word, SWEEP_CELLS_MAX, e));
    l->word[l->n] = mem_strdup(word);
    if (!l->word[l->n]) {
        return err_set(e, ERR_NOMEM, "sweep: out of memory");
    }
    l->n++;
    return OK;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void word_list_sort(struct word_list *l)
{
    if (l->n > 1) {
        qsort(l->word, l->n, sizeof *l->word, by_text);
    }
}

enum err keys_of_plan(const struct sweep_plan *p, struct word_list *out,
                      struct errinfo *e)
{
    for (size_t i = 0; i < p->n_cells; i++) {
        const struct sweep_cell *c = &p->cell[i];
        for (size_t j = 0; j < c->n_pairs; j++) {
            TRY(word_list_add(out, c->pair[j].key, e));
        }
    }
    word_list_sort(out);
    return OK;
}

enum err values_in_arm(const struct sweep_plan *p, size_t arm, const char *key,
                       struct word_list *out, struct errinfo *e)
{
    const struct sweep_arm *a = &p->arm[arm];
    enum err rc = OK;
    struct str text;
    str_init(&text, TEXT_BYTES);
    for (size_t i = 0; rc == OK && i < a->n_cells; i++) {
        str_clear(&text);
        sweep_cell_print(p, &p->cell[a->cell[i]], key, &text);
        rc = str_err(&text, "sweep", e);
        rc = rc == OK ? word_list_add(out, text.p, e) : rc;
    }
    str_free(&text);
    return rc;
}

/* ---- findings ---- */

const struct sweep_effect *effect_at(const struct findings *f, size_t arm, size_t m)
{
    return &f->effect[arm * SWEEP_MEASURE_COUNT + m];
}

const struct sweep_effect *average_at(const struct findings *f, size_t part, size_t m)
{
    return &f->average[part * SWEEP_MEASURE_COUNT + m];
}

static enum err fill(struct findings *f, struct errinfo *e)
{
    const struct sweep_plan *p = f->plan;
    for (size_t i = 0; i < p->n_cells; i++) {
        f->finished += f->results[i].done ? 1 : 0;
    }
    for (size_t a = 0; a < p->n_arms; a++) {
        f->complete[a] = sweep_arm_complete(p, f->results, a);
        f->compared[a] = sweep_arm_compared(p, f->results, a);
        if (f->compared[a]) {
            TRY(sweep_effects(p, f->results, a, &f->effect[a * SWEEP_MEASURE_COUNT],
                              e));
        }
    }
    for (size_t q = 0; q < p->n_parts; q++) {
        TRY(sweep_average(p, f->results, q, &f->average[q * SWEEP_MEASURE_COUNT], e));
    }
    return OK;
}

enum err findings_init(struct findings *f, const struct sweep_plan *p,
                       const struct sweep_result *results, struct errinfo *e)
{
    *f = (struct findings){.plan = p, .results = results};
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&f->effect, p->n_arms, SWEEP_MEASURE_COUNT * sizeof *f->effect,
                        "effects", e));
    TRY_OUT(rc, mem_new(&f->average, p->n_parts,
                        SWEEP_MEASURE_COUNT * sizeof *f->average, "effects", e));
    TRY_OUT(rc, mem_new(&f->complete, p->n_arms, sizeof *f->complete, "arms", e));
    TRY_OUT(rc, mem_new(&f->compared, p->n_arms, sizeof *f->compared, "arms", e));
    TRY_OUT(rc, fill(f, e));
    return OK;
out:
    findings_deinit(f);
    return rc;
}

void findings_deinit(struct findings *f)
{
    mem_free(f->effect);
    mem_free(f->average);
    mem_free(f->complete);
    mem_free(f->compared);
    *f = (struct findings){0};
}

size_t arm_mean(const struct findings *f, size_t arm, size_t m, double *mean,
                double *sd)
{
    const struct sweep_arm *a = &f->plan->arm[arm];
    double sum = 0.0, squares = 0.0;
    size_t n = 0;
    for (size_t i = 0; i < a->n_cells; i++) {
        const double v = f->results[a->cell[i]].v[m];
        if (isfinite(v)) {
            sum += v;
            n++;
        }
    }
    *mean = n ? sum / (double)n : (double)NAN;
    for (size_t i = 0; i < a->n_cells; i++) {
        const double d = f->results[a->cell[i]].v[m] - *mean;
        squares += isfinite(d) ? d * d : 0.0;
    }
    *sd = n > 1 ? sqrt(squares / (double)(n - 1)) : (double)NAN;
    return n;
}

size_t main_part(const struct findings *f)
{
    const struct sweep_plan *p = f->plan;
    size_t planned = SWEEP_NONE;
    for (size_t q = 0; q < p->n_parts; q++) {
        for (size_t i = 0; i < p->part[q].n_arms; i++) {
            const size_t arm = p->part[q].arm[i];
            if (f->compared[arm]) {
                return q;
            }
            if (planned == SWEEP_NONE && p->arm[arm].baseline != SWEEP_NONE) {
                planned = q;
            }
        }
    }
    return planned;
}
