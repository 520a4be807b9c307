#include "eval/concept_history.h"

#include "base/csvfile.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
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

/* Copies the first n points of `was`, or fewer: see HISTORY_POINTS. */
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

/* ---- the file ---- */

static const struct csv_limits FILE_LIMITS = {64u << 20, 1000000, 4096};

struct columns {
    size_t step, concept, kind, figure[CONCEPT_FIGURES];
};

static enum err find_columns(const struct csv_table *t, const char *name,
                             struct columns *k, struct errinfo *e)
{
    TRY(csv_need_col(t, name, "step", &k->step, e));
    TRY(csv_need_col(t, name, "concept", &k->concept, e));
    TRY(csv_need_col(t, name, "kind", &k->kind, e));
    for (size_t f = 0; f < CONCEPT_FIGURES; f++) {
        TRY(csv_need_col(t, name, concept_figure_key(f), &k->figure[f], e));
    }
    return OK;
}

static enum err read_figures(const struct csv_table *t, const char *name, size_t row,
                             const struct columns *k, float *to, struct errinfo *e)
{
    for (size_t f = 0; f < CONCEPT_FIGURES; f++) {
        const struct concept_figure *d = &concept_figures[f];
        const char *text = csv_at(t, row, k->figure[f]);
        double v = (double)NAN;
        if (text[0] != '\0' && (!number_real(text, &v) || v < d->low || v > d->high)) {
            return err_set(e, ERR_FORMAT,
                           "%s: row %zu: found '%.40s', expected a %s "
                           "from %g to %g",
                           name, row + 2, text, concept_figure_key(f), d->low, d->high);
        }
        to[f] = (float)v;
    }
    return OK;
}

/* Finds the point of a row's step: the last one, or a new one. *has is false if it is
 * later than `last`. */
static enum err take_step(struct concept_history *h, const char *name, size_t row,
                          const char *text, int64_t last, bool *has, struct errinfo *e)
{
    int64_t step = -1;
    if (!number_whole(text, &step) || step < 0 ||
        (h->n > 0 && step < h->step[h->n - 1])) {
        return err_set(e, ERR_FORMAT,
                       "%s: row %zu: found '%.40s', expected a step, ascending", name,
                       row + 2, text);
    }
    *has = step <= last;
    if (!*has || (h->n > 0 && step == h->step[h->n - 1])) {
        return OK;
    }
    if (h->n == HISTORY_POINTS) {
        return err_set(e, ERR_FORMAT, "%s: row %zu: more than %d steps", name, row + 2,
                       HISTORY_POINTS);
    }
    const size_t width = h->n_concepts * CONCEPT_FIGURES;
    for (size_t i = 0; i < width; i++) {
        h->x[h->n * width + i] = NAN;
    }
    h->step[h->n++] = step;
    return OK;
}

static enum err read_rows(const struct csv_table *t, const char *name,
                          const struct concepts *c, int64_t last,
                          struct concept_history *h, struct errinfo *e)
{
    struct columns k;
    TRY(find_columns(t, name, &k, e));
    for (size_t row = 0; row < t->rows; row++) {
        bool has = false;
        TRY(take_step(h, name, row, csv_at(t, row, k.step), last, &has, e));
        const int i =
            concepts_named(c, csv_at(t, row, k.concept), csv_at(t, row, k.kind));
        if (has && i >= 0) {
            float *to =
                h->x + ((h->n - 1) * h->n_concepts + (size_t)i) * CONCEPT_FIGURES;
            TRY(read_figures(t, name, row, &k, to, e));
        }
    }
    return OK;
}

enum err concept_history_parse(const char *data, size_t len, const char *name,
                               const struct concepts *c, int64_t last,
                               struct concept_history **out, struct errinfo *e)
{
    struct csv_table *t = NULL;
    struct concept_history *h = NULL;
    enum err rc = OK;
    *out = NULL;
    TRY(csv_parse_table(data, len, name, &FILE_LIMITS, &t, e));
    TRY_OUT(rc, history_new(HISTORY_POINTS, c->n_probed, &h, e));
    TRY_OUT(rc, read_rows(t, name, c, last, h, e));
    if (h->n > 0) {
        *out = h;
        h = NULL;
    }
out:
    csv_free_table(t);
    concept_history_unref(h);
    return rc;
}

enum err concept_history_load(const char *dir, const struct concepts *c, int64_t last,
                              struct concept_history **out, struct errinfo *e)
{
    char path[4096];
    char *data = NULL;
    size_t len = 0;
    *out = NULL;
    TRY(path_join(path, sizeof path, dir, CONCEPT_HISTORY_FILE, e));
    if (!file_exists(path)) {
        return OK;
    }
    TRY(file_read(path, FILE_LIMITS.max_bytes, &data, &len, e));
    const enum err rc = concept_history_parse(data, len, path, c, last, out, e);
    mem_free(data);
    return rc;
}

static void add_row(const struct concept_history *h, size_t i, size_t concept,
                    const struct concepts *c, struct str *out)
{
    bool any = false;
    for (size_t f = 0; f < CONCEPT_FIGURES; f++) {
        any = any || isfinite(concept_history_at(h, i, concept, f));
    }
    if (!any) {
        return;
    }
    str_addf(out, "%" PRId64, h->step[i]);
    csv_add(out, c->def[concept].name, 0);
    csv_add(out, concept_kind_name(c->def[concept].kind), 0);
    for (size_t f = 0; f < CONCEPT_FIGURES; f++) {
        char text[32] = "";
        const double v = concept_history_at(h, i, concept, f);
        if (isfinite(v)) {
            (void)snprintf(text, sizeof text, "%.6f", v);
        }
        csv_add(out, text, 0);
    }
    str_addc(out, '\n');
}

enum err concept_history_save(const struct concept_history *h, const struct concepts *c,
                              const char *dir, struct errinfo *e)
{
    char path[4096];
    struct str text;
    if (h == NULL) {
        return OK;
    }
    TRY(path_join(path, sizeof path, dir, CONCEPT_HISTORY_FILE, e));
    str_init(&text, FILE_LIMITS.max_bytes);
    str_add(&text, "step,concept,kind");
    for (size_t f = 0; f < CONCEPT_FIGURES; f++) {
        csv_add(&text, concept_figure_key(f), 0);
    }
    str_addc(&text, '\n');
    for (size_t i = 0; i < h->n; i++) {
        for (size_t k = 0; k < h->n_concepts && k < c->n_probed; k++) {
            add_row(h, i, k, c, &text);
        }
    }
    enum err rc = str_err(&text, path, e);
    if (rc == OK) {
        rc = file_write_text(path, text.p, e);
    }
    str_free(&text);
    return rc;
}

/* ---- sharing ---- */

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
