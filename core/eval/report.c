#include "eval/report.h"

#include "base/mem.h"
#include "lm/ce_doubt.h"
#include "measure/measure.h"
#include "num/logreg.h"
#include "num/stats.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIGURES_MAX ((size_t)1 << 20)
#define PATH_LEN    192

void report_init(struct report *r, uint64_t seed)
{
    *r = (struct report){.seed = seed, .reps = REPORT_REPS};
}

void report_deinit(struct report *r)
{
    for (size_t i = 0; i < r->n; i++) {
        mem_free(r->fig[i].path);
        mem_free(r->fig[i].id);
        mem_free(r->fig[i].x);
        mem_free(r->fig[i].w);
    }
    for (size_t i = 0; i < r->gaps; i++) {
        mem_free(r->gap[i].what);
        mem_free(r->gap[i].why);
    }
    mem_free(r->fig);
    mem_free(r->gap);
    cJSON_Delete(r->lists);
    *r = (struct report){0};
}

/* Makes room for one more figure, with its path. */
static enum err add_figure(struct report *r, const char *path, struct figure **out,
                           struct errinfo *e)
{
    TRY(mem_grow(&r->fig, &r->cap, r->n + 1, sizeof *r->fig, FIGURES_MAX, e));
    struct figure *f = &r->fig[r->n];
    *f = (struct figure){.v = {NAN, NAN, NAN}};
    f->path = mem_strdup(path);
    if (f->path == NULL) {
        return err_set(e, ERR_NOMEM, "report: out of memory");
    }
    r->n++;
    *out = f;
    return OK;
}

#define FORMAT_PATH(path)                                                              \
    char text[PATH_LEN];                                                               \
    va_list args;                                                                      \
    va_start(args, path);                                                              \
    (void)vsnprintf(text, sizeof text, path, args);                                    \
    va_end(args)

enum err report_value(struct report *r, double value, struct errinfo *e,
                      const char *path, ...)
{
    FORMAT_PATH(path);
    struct figure *f = NULL;
    TRY(add_figure(r, text, &f, e));
    f->v.value = value;
    return OK;
}

enum err report_estimate(struct report *r, const struct estimate *v, size_t n,
                         const char *unit, struct errinfo *e, const char *path, ...)
{
    FORMAT_PATH(path);
    struct figure *f = NULL;
    TRY(add_figure(r, text, &f, e));
    f->v = *v;
    f->n = n;
    f->unit = unit;
    return OK;
}

/* Copies the units that have a value. */
static enum err keep_units(struct figure *f, size_t n, const int32_t *id,
                           const double *x, const double *w, struct errinfo *e)
{
    TRY(mem_new(&f->id, n, sizeof *f->id, "report", e));
    TRY(mem_new(&f->x, n, sizeof *f->x, "report", e));
    TRY(mem_new(&f->w, n, sizeof *f->w, "report", e));
    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i])) {
            continue;
        }
        f->id[f->n] = id != NULL ? id[i] : (int32_t)i;
        f->x[f->n] = x[i];
        f->w[f->n] = w != NULL ? w[i] : 1.0;
        f->n++;
    }
    return OK;
}

/* Estimates value and interval from the units. */
static enum err estimate_units(const struct report *r, struct figure *f,
                               struct errinfo *e)
{
    int32_t *cluster = NULL;
    struct stats_interval v;
    if (f->n == 0) {
        return OK;
    }
    TRY(mem_new(&cluster, f->n, sizeof *cluster, "report", e));
    for (size_t i = 0; i < f->n; i++) {
        cluster[i] = (int32_t)i;
    }
    const enum err rc =
        stats_bootstrap(f->n, f->x, f->w, cluster, f->n, r->reps, 0.95, r->seed, &v, e);
    mem_free(cluster);
    if (rc == OK) {
        f->v = (struct estimate){v.mean, v.low, v.high};
    }
    return rc;
}

enum err report_ratio(struct report *r, size_t n, const int32_t *id, const double *x,
                      const double *w, const char *unit, struct errinfo *e,
                      const char *path, ...)
{
    FORMAT_PATH(path);
    struct figure *f = NULL;
    TRY(add_figure(r, text, &f, e));
    f->unit = unit;
    TRY(keep_units(f, n, id, x, w, e));
    return estimate_units(r, f, e);
}

enum err report_left_out(struct report *r, struct errinfo *e, const char *what,
                         const char *why, ...)
{
    char line[512];
    va_list args;
    va_start(args, why);
    (void)vsnprintf(line, sizeof line, why, args);
    va_end(args);
    TRY(mem_grow(&r->gap, &r->gap_cap, r->gaps + 1, sizeof *r->gap, FIGURES_MAX, e));
    struct report_gap *g = &r->gap[r->gaps];
    g->what = mem_strdup(what);
    g->why = mem_strdup(line);
    r->gaps++;
    if (g->what == NULL || g->why == NULL) {
        return err_set(e, ERR_NOMEM, "report: out of memory");
    }
    return OK;
}

enum err report_fits(struct report *r, const char *what, size_t fits, size_t short_of,
                     struct errinfo *e)
{
    if (short_of == 0) {
        return OK;
    }
    return report_left_out(r, e, what,
                           "the minimum of %zu of %zu fits, whose duality gap stayed "
                           "above %g of the objective",
                           short_of, fits, LOGREG_TOL);
}

enum err report_list(struct report *r, const char *key, cJSON *list, struct errinfo *e)
{
    if (r->lists == NULL) {
        r->lists = cJSON_CreateObject();
    }
    if (list == NULL || r->lists == NULL ||
        !cJSON_AddItemToObject(r->lists, key, list)) {
        cJSON_Delete(list);
        return err_set(e, ERR_NOMEM, "report: out of memory");
    }
    return json_built(e); /* another thread may print it */
}

enum err report_remarks(struct report *r, const struct remarks *remarks,
                        struct errinfo *e)
{
    cJSON *list = remarks->n > 0 ? cJSON_CreateArray() : NULL;
    for (size_t i = 0; list != NULL && i < remarks->n; i++) {
        (void)cJSON_AddItemToArray(list, cJSON_CreateString(remarks->line[i]));
    }
    return remarks->n > 0 ? report_list(r, "remarks", list, e) : OK;
}

const struct figure *report_find(const struct report *r, const char *path)
{
    for (size_t i = 0; i < r->n; i++) {
        if (strcmp(r->fig[i].path, path) == 0) {
            return &r->fig[i];
        }
    }
    return NULL;
}

/* ---- JSON ---- */

static cJSON *number(double v)
{
    return isfinite(v) ? cJSON_CreateNumber(v) : cJSON_CreateNull();
}

static bool add(cJSON *to, const char *key, cJSON *item)
{
    if (item == NULL || !cJSON_AddItemToObject(to, key, item)) {
        cJSON_Delete(item);
        return false;
    }
    return true;
}

static cJSON *figure_item(const struct figure *f)
{
    if (f->n == 0 && f->unit == NULL) {
        return number(f->v.value);
    }
    cJSON *o = cJSON_CreateObject();
    cJSON *pair = cJSON_CreateArray();
    bool fine = o != NULL && pair != NULL && add(o, "value", number(f->v.value));
    cJSON *lo = number(f->v.lo);
    cJSON *hi = number(f->v.hi);
    fine = fine && cJSON_AddItemToArray(pair, lo);
    fine = fine && cJSON_AddItemToArray(pair, hi);
    if (!fine || !cJSON_AddItemToObject(o, "interval", pair)) {
        cJSON_Delete(pair);
        cJSON_Delete(o);
        return NULL;
    }
    if (!add(o, "n", number((double)f->n)) ||
        !add(o, "unit", cJSON_CreateString(f->unit))) {
        cJSON_Delete(o);
        return NULL;
    }
    return o;
}

/* Puts item at a path of names separated by points, making the objects that are
 * missing. */
static bool put_at(cJSON *root, const char *path, cJSON *item)
{
    char name[PATH_LEN];
    cJSON *at = root;
    const char *dot = strchr(path, '.');
    while (dot != NULL && at != NULL) {
        (void)snprintf(name, sizeof name, "%.*s", (int)(dot - path), path);
        cJSON *next = cJSON_GetObjectItemCaseSensitive(at, name);
        if (next == NULL) {
            next = cJSON_CreateObject();
            if (next != NULL && !cJSON_AddItemToObject(at, name, next)) {
                cJSON_Delete(next);
                next = NULL;
            }
        }
        at = next;
        path = dot + 1;
        dot = strchr(path, '.');
    }
    if (at == NULL || item == NULL) {
        cJSON_Delete(item);
        return false;
    }
    return add(at, path, item);
}

static bool put_gaps(cJSON *root, const struct report *r)
{
    cJSON *list = cJSON_CreateArray();
    if (!add(root, "left_out", list)) {
        return false;
    }
    for (size_t i = 0; i < r->gaps; i++) {
        cJSON *o = cJSON_CreateObject();
        if (o == NULL || !cJSON_AddItemToArray(list, o)) {
            cJSON_Delete(o);
            return false;
        }
        if (!add(o, "what", cJSON_CreateString(r->gap[i].what)) ||
            !add(o, "why", cJSON_CreateString(r->gap[i].why))) {
            return false;
        }
    }
    return true;
}

enum err report_tree(const struct report *r, cJSON **out, struct errinfo *e)
{
    cJSON *root = cJSON_CreateObject();
    bool fine = root != NULL;
    for (size_t i = 0; fine && i < r->n; i++) {
        fine = put_at(root, r->fig[i].path, figure_item(&r->fig[i]));
    }
    for (cJSON *l = r->lists != NULL ? r->lists->child : NULL; fine && l != NULL;
         l = l->next) {
        fine = add(root, l->string, cJSON_Duplicate(l, true));
    }
    if (!fine || !put_gaps(root, r)) {
        cJSON_Delete(root);
        return err_set(e, ERR_NOMEM, "eval.json: out of memory");
    }
    *out = root;
    return OK;
}

/* ---- the table ---- */

static void add_number(struct str *out, double v)
{
    if (isfinite(v)) {
        str_addf(out, " %9.4g", v);
    } else {
        str_addf(out, " %9s", "-");
    }
}

enum err report_json(const struct report *r, struct str *out, struct errinfo *e)
{
    cJSON *tree = NULL;
    TRY(report_tree(r, &tree, e));
    const enum err rc = json_print(tree, out, e);
    cJSON_Delete(tree);
    return rc;
}

/* The figure beside f, of the same measure and text. */
static double beside(const struct report *r, const struct figure *f, const char *name)
{
    char path[PATH_LEN];
    const char *dot = strrchr(f->path, '.');
    snprintf(path, sizeof path, "%.*s%s", dot ? (int)(dot + 1 - f->path) : 0, f->path,
             name);
    const struct figure *other = report_find(r, path);
    return other ? other->v.value : (double)NAN;
}

const char *report_doubt(const struct report *r, const struct figure *f)
{
    const char *dot = strrchr(f->path, '.');
    if (r->compares || !dot || strcmp(dot + 1, measure_leaf(METRIC_CE_REC)) != 0) {
        return NULL;
    }
    const struct ce_doubt *doubt =
        ce_doubt(f->v.value, beside(r, f, "ce_clean"), beside(r, f, "ce_zero"));
    return doubt ? doubt->long_text : NULL;
}

/* Whether it is a difference of exactly 0 with no interval around it: the same in
 * both. */
static bool is_same(const struct report *r, const struct figure *f)
{
    const double all[3] = {f->v.value, f->v.lo, f->v.hi};
    for (size_t i = 0; i < 3; i++) {
        if (all[i] < 0.0 || all[i] > 0.0) {
            return false;
        }
    }
    return r->compares && isfinite(f->v.value);
}

/* The length of the part of a path that lines share as their heading: its first two
 * names, or one if the path is shorter. */
static size_t heading_of(const char *path)
{
    const char *dot = strchr(path, '.');
    const char *second = dot != NULL ? strchr(dot + 1, '.') : NULL;
    return second != NULL ? (size_t)(second - path)
           : dot != NULL  ? (size_t)(dot - path)
                          : 0;
}

/* Writes "  name  value  [low, high]  n 64 rows" in 80 columns; a name too long for its
 * column gets a line of its own. */
static void add_line(const struct figure *f, const char *name, struct str *out)
{
    enum { NAME_W = 29 };
    if (strlen(name) > NAME_W) {
        str_addf(out, "  %s\n", name);
        name = "";
    }
    str_addf(out, "  %-*s", NAME_W, name);
    add_number(out, f->v.value);
    if (isfinite(f->v.lo) && isfinite(f->v.hi)) {
        str_addf(out, "  [%.4g, %.4g]", f->v.lo, f->v.hi);
    }
    if (f->unit != NULL) {
        str_addf(out, "  n %zu %s", f->n, f->unit);
    }
    str_addc(out, '\n');
}

void report_table(const struct report *r, struct str *out)
{
    size_t before = 0; /* length of the heading above */
    size_t same = 0;
    const char *above = "";
    for (size_t i = 0; i < r->n; i++) {
        const struct figure *f = &r->fig[i];
        if (is_same(r, f)) {
            same++;
            continue;
        }
        const size_t len = heading_of(f->path);
        if (len != before || strncmp(above, f->path, len) != 0) {
            str_addf(out, "%s%.*s\n", above[0] != '\0' ? "\n" : "", (int)len, f->path);
        }
        above = f->path;
        before = len;
        add_line(f, f->path + (len > 0 ? len + 1 : 0), out);
        if (report_doubt(r, f) != NULL) {
            str_add(out, "    ^ ");
            str_wrap(out, report_doubt(r, f), 6, 6);
        }
    }
    if (same > 0) {
        str_addf(out, "\nthe same in both: %zu figure%s\n", same, plural_s(same));
    }
    for (size_t i = 0; i < r->gaps; i++) {
        const char *what = r->gap[i].what;
        str_addf(out, "%sleft out: %s: ", i == 0 ? "\n" : "", what);
        str_wrap(out, r->gap[i].why, strlen("left out: ") + strlen(what) + 2, 2);
    }
}

/* ---- two of them ---- */

/* Takes differences over the units that both figures have; writes which those are to
 * of_a and of_b. */
static enum err pair_units(const struct figure *a, const struct figure *b,
                           struct figure *out, size_t *of_a, size_t *of_b,
                           struct errinfo *e)
{
    const size_t most = a->n < b->n ? a->n : b->n;
    TRY(mem_new(&out->id, most, sizeof *out->id, "comparison", e));
    TRY(mem_new(&out->x, most, sizeof *out->x, "comparison", e));
    TRY(mem_new(&out->w, most, sizeof *out->w, "comparison", e));
    size_t j = 0;
    for (size_t i = 0; i < a->n; i++) {
        while (j < b->n && b->id[j] < a->id[i]) {
            j++;
        }
        if (j == b->n || b->id[j] != a->id[i]) {
            continue;
        }
        of_a[out->n] = i;
        of_b[out->n] = j;
        out->id[out->n] = a->id[i];
        out->w[out->n] = a->w[i];
        /* On the same text both have the same weight; else b's value is scaled to a's
         * weight. */
        const bool alike = !(fabs(a->w[i] - b->w[j]) > 0.0);
        const double of = alike ? b->x[j] : b->x[j] / b->w[j] * a->w[i];
        out->x[out->n++] = a->x[i] - of;
    }
    return OK;
}

static enum err compare_units(const struct figure *a, const struct figure *b,
                              const struct report *r, struct figure *f,
                              struct errinfo *e)
{
    size_t *of_a = NULL, *of_b = NULL;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&of_a, a->n, sizeof *of_a, "comparison", e));
    TRY_OUT(rc, mem_new(&of_b, a->n, sizeof *of_b, "comparison", e));
    TRY_OUT(rc, pair_units(a, b, f, of_a, of_b, e));
    TRY_OUT(rc, estimate_units(r, f, e));
out:
    mem_free(of_a);
    mem_free(of_b);
    return rc;
}

static enum err compare_one(const struct figure *a, const struct figure *b,
                            struct report *out, struct errinfo *e)
{
    struct figure *f = NULL;
    TRY(add_figure(out, a->path, &f, e));
    f->v.value = a->v.value - b->v.value;
    f->unit = a->unit;
    if (a->id == NULL || b->id == NULL || a->unit != b->unit) {
        return OK;
    }
    return compare_units(a, b, out, f, e);
}

enum err report_compare(const struct report *a, const struct report *b,
                        struct report *out, struct errinfo *e)
{
    out->compares = true;
    for (size_t i = 0; i < a->n; i++) {
        const struct figure *same = report_find(b, a->fig[i].path);
        if (same != NULL) {
            TRY(compare_one(&a->fig[i], same, out, e));
        }
    }
    return OK;
}
