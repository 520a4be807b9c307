#include "eval/kept.h"

#include "base/mem.h"
#include "eval/verdict.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define UNITS_MAX 65536

/* ---- writing ---- */

static cJSON *number(double v)
{
    return isfinite(v) ? cJSON_CreateNumber(v) : cJSON_CreateNull();
}

/* Adds the numbers as a member of `to`. */
static bool add_numbers(cJSON *to, const char *key, const double *x, size_t n)
{
    cJSON *list = cJSON_CreateArray();
    bool fine = list != NULL;
    for (size_t i = 0; i < n && fine; i++) {
        fine = cJSON_AddItemToArray(list, number(x[i]));
    }
    fine = fine && cJSON_AddItemToObject(to, key, list);
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
    return cJSON_AddStringToObject(o, "unit", f->unit) != NULL &&
           add_numbers(o, "sum", f->x, f->n) && add_numbers(o, "weight", f->w, f->n);
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

/* A figure being read back. */
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

/* Takes n numbers of `list`; ERR_FORMAT for anything else. */
static enum err take(const struct unkept *k, const cJSON *list, double *out,
                     struct errinfo *e)
{
    size_t i = 0;
    if (!cJSON_IsArray(list)) {
        return wrong(k, "expected an array", e);
    }
    for (const cJSON *v = list->child; v != NULL; v = v->next) {
        if (i == k->n || !cJSON_IsNumber(v) || !isfinite(v->valuedouble)) {
            return wrong(k, "expected as many numbers as there are ids", e);
        }
        out[i++] = v->valuedouble;
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

static enum err take_figure(struct unkept *k, const cJSON *o, struct report *out,
                            struct errinfo *e)
{
    const cJSON *ids = NULL;
    const char *unit = NULL;
    double weight = 0.0;
    TRY(json_arr(k->at, o, "id", true, &ids, e));
    TRY(json_str(k->at, o, "unit", true, &unit, e));
    k->n = (size_t)cJSON_GetArraySize(ids);
    if (k->n == 0 || k->n > UNITS_MAX || unit_of(unit) == NULL) {
        return wrong(k, "expected 1 to 65536 rows, concepts, tasks or words", e);
    }
    TRY(mem_new(&k->id, k->n, sizeof *k->id, "units", e));
    TRY(mem_new(&k->x, k->n, sizeof *k->x, "units", e));
    TRY(mem_new(&k->w, k->n, sizeof *k->w, "units", e));
    TRY(take(k, ids, k->x, e));
    TRY(take_ids(k, e));
    TRY(take(k, cJSON_GetObjectItemCaseSensitive(o, "sum"), k->x, e));
    TRY(take(k, cJSON_GetObjectItemCaseSensitive(o, "weight"), k->w, e));
    for (size_t i = 0; i < k->n; i++) {
        weight += k->w[i];
        if (!(k->w[i] >= 0.0)) {
            return wrong(k, "expected weights of 0 or more", e);
        }
    }
    if (!(weight > 0.0)) {
        return wrong(k, "expected a weight above 0", e);
    }
    return report_ratio(out, k->n, k->id, k->x, k->w, unit_of(unit), e, "%s",
                        k->at.path);
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
