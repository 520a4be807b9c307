#include "eval/kept.h"

#include "base/mem.h"
#include "eval/verdict.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define UNITS_MAX     65536
#define RESAMPLES_MAX 1024

/* ---- writing ---- */

static cJSON *number(double v)
{
    return isfinite(v) ? cJSON_CreateNumber(v) : cJSON_CreateNull();
}

/* The numbers as a member of `to`, or as an element where key is NULL. */
static bool add_numbers(cJSON *to, const char *key, const double *x, size_t n)
{
    cJSON *list = cJSON_CreateArray();
    bool fine = list != NULL;
    for (size_t i = 0; i < n && fine; i++) {
        fine = cJSON_AddItemToArray(list, number(x[i]));
    }
    fine = fine && (key != NULL ? cJSON_AddItemToObject(to, key, list)
                                : cJSON_AddItemToArray(to, list));
    if (!fine) {
        cJSON_Delete(list);
    }
    return fine;
}

static bool add_figure(cJSON *units, const struct figure *f)
{
    cJSON *o = cJSON_AddObjectToObject(units, f->path);
    cJSON *id = o != NULL ? cJSON_CreateIntArray(f->id, (int)f->n) : NULL;
    if (id == NULL || !cJSON_AddItemToObject(o, "id", id)) {
        cJSON_Delete(id);
        return false;
    }
    bool fine = cJSON_AddStringToObject(o, "unit", f->unit) != NULL &&
                add_numbers(o, "sum", f->x, f->n) &&
                add_numbers(o, "weight", f->w, f->n);
    cJSON *again =
        fine && f->resamples > 0 ? cJSON_AddArrayToObject(o, "resamples") : NULL;
    for (size_t i = 0; i < f->resamples && fine; i++) {
        fine = again != NULL && add_numbers(again, NULL, f->again + i * f->n, f->n);
    }
    return fine;
}

enum err kept_add(const struct report *r, cJSON *root, struct errinfo *e)
{
    cJSON *units = cJSON_AddObjectToObject(root, "units");
    bool fine = units != NULL;
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT && fine; m++) {
        const struct figure *f = report_find(r, verdict_measure(m)->path);
        if (f != NULL && f->n > 0 && f->id != NULL && f->n <= UNITS_MAX) {
            fine = add_figure(units, f);
        }
    }
    return fine ? OK : err_set(e, ERR_NOMEM, "eval.json: out of memory");
}

/* ---- reading ---- */

/* One figure while it is read back. */
struct unkept {
    struct json_at at;
    size_t n;
    int32_t *id;
    double *x, *w;
};

static enum err wrong(const struct unkept *k, const char *what, struct errinfo *e)
{
    return err_set(e, ERR_FORMAT, "%s: units.%s: %s", k->at.file, k->at.path, what);
}

/* n numbers of `list`, null being NaN where that may be; ERR_FORMAT for others. */
static enum err take(const struct unkept *k, const cJSON *list, bool nulls, double *out,
                     struct errinfo *e)
{
    size_t i = 0;
    if (!cJSON_IsArray(list)) {
        return wrong(k, "expected an array", e);
    }
    for (const cJSON *v = list->child; v != NULL; v = v->next) {
        const bool null = nulls && cJSON_IsNull(v);
        if (i == k->n || (!null && !(cJSON_IsNumber(v) && isfinite(v->valuedouble)))) {
            return wrong(k, "expected as many numbers as there are ids", e);
        }
        out[i++] = null ? (double)NAN : v->valuedouble;
    }
    return i == k->n ? OK : wrong(k, "expected as many numbers as there are ids", e);
}

static enum err take_ids(struct unkept *k, struct errinfo *e)
{
    for (size_t i = 0; i < k->n; i++) {
        const double v = k->x[i], least = i > 0 ? (double)k->id[i - 1] + 1.0 : 0.0;
        if (!(v >= least && v <= 2147483647.0 && v <= floor(v))) {
            return wrong(k, "expected ids that ascend", e);
        }
        k->id[i] = (int32_t)v;
    }
    return OK;
}

/* The kinds of units, as static text. */
static const char *unit_of(const char *name)
{
    static const char *const unit[] = {"rows", "concepts", "tasks", "words"};
    for (size_t i = 0; i < sizeof unit / sizeof *unit; i++) {
        if (strcmp(unit[i], name) == 0) {
            return unit[i];
        }
    }
    return NULL;
}

static enum err take_resamples(const struct unkept *k, const cJSON *list,
                               struct report *out, struct errinfo *e)
{
    const size_t reps = list != NULL ? (size_t)cJSON_GetArraySize(list) : 0;
    double *again = NULL;
    if (reps == 0) {
        return OK;
    }
    if (reps > RESAMPLES_MAX) {
        return wrong(k, "more than 1024 resamples", e);
    }
    enum err rc = mem_new(&again, reps, k->n * sizeof *again, "resamples", e);
    double *to = again;
    for (const cJSON *row = list->child; row != NULL && rc == OK; row = row->next) {
        rc = take(k, row, true, to, e);
        to += k->n;
    }
    rc = rc == OK ? report_resampled_units(out, reps, again, e) : rc;
    mem_free(again);
    return rc;
}

static enum err take_figure(struct unkept *k, const cJSON *o, struct report *out,
                            struct errinfo *e)
{
    const cJSON *ids = NULL, *again = NULL;
    const char *unit = NULL;
    double weight = 0.0;
    TRY(json_arr(k->at, o, "id", true, &ids, e));
    TRY(json_str(k->at, o, "unit", true, &unit, e));
    TRY(json_arr(k->at, o, "resamples", false, &again, e));
    k->n = (size_t)cJSON_GetArraySize(ids);
    if (k->n == 0 || k->n > UNITS_MAX || unit_of(unit) == NULL) {
        return wrong(k, "expected 1 to 65536 rows, concepts, tasks or words", e);
    }
    TRY(mem_new(&k->id, k->n, sizeof *k->id, "units", e));
    TRY(mem_new(&k->x, k->n, sizeof *k->x, "units", e));
    TRY(mem_new(&k->w, k->n, sizeof *k->w, "units", e));
    TRY(take(k, ids, false, k->x, e));
    TRY(take_ids(k, e));
    TRY(take(k, cJSON_GetObjectItemCaseSensitive(o, "sum"), false, k->x, e));
    TRY(take(k, cJSON_GetObjectItemCaseSensitive(o, "weight"), false, k->w, e));
    for (size_t i = 0; i < k->n; i++) {
        weight += k->w[i];
        if (!(k->w[i] >= 0.0)) {
            return wrong(k, "expected weights of 0 or more", e);
        }
    }
    if (!(weight > 0.0)) {
        return wrong(k, "expected a weight above 0", e);
    }
    TRY(report_ratio(out, k->n, k->id, k->x, k->w, unit_of(unit), e, "%s", k->at.path));
    return take_resamples(k, again, out, e);
}

enum err kept_read(const cJSON *root, const char *file, struct report *out,
                   struct errinfo *e)
{
    const cJSON *units = NULL;
    enum err rc = json_obj((struct json_at){file, ""}, root, "units", false, &units, e);
    if (rc == OK && units == NULL) {
        return err_set(e, ERR_MISSING, "%s: no units are kept in it", file);
    }
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT && rc == OK; m++) {
        struct unkept k = {.at = {file, verdict_measure(m)->path}};
        const cJSON *o = cJSON_GetObjectItemCaseSensitive(units, k.at.path);
        const double value = kept_value(root, k.at.path);
        if (o != NULL) {
            rc = take_figure(&k, o, out, e);
        } else if (isfinite(value)) {
            rc = report_value(out, value, e, "%s", k.at.path);
        }
        mem_free(k.id);
        mem_free(k.x);
        mem_free(k.w);
    }
    return rc;
}

double kept_value(const cJSON *root, const char *path)
{
    const cJSON *at = root;
    char name[64];
    for (const char *p = path; at != NULL && *p != '\0';) {
        const size_t n = strcspn(p, ".");
        (void)snprintf(name, sizeof name, "%.*s",
                       (int)(n < sizeof name ? n : sizeof name - 1), p);
        at = cJSON_GetObjectItemCaseSensitive(at, name);
        p += n + (p[n] == '.' ? 1 : 0);
    }
    at = cJSON_IsObject(at) ? cJSON_GetObjectItemCaseSensitive(at, "value") : at;
    return cJSON_IsNumber(at) ? at->valuedouble : (double)NAN;
}
