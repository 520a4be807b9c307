/* The grid of one part of a sweep's file: axes with their values, and seeds. */
#include "base/mem.h"
#include "base/number.h"
#include "sweep/plan_priv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define VALUES_MAX 256
#define SEEDS_MAX  1000

static bool is_yes_no(const char *text)
{
    return strcmp(text, "yes") == 0 || strcmp(text, "no") == 0;
}

/* Converts a value of one of the sweep's controls to its stored form. */
static enum err control_value(const char *where, const char *key, const char *text,
                              struct str *out, struct errinfo *e)
{
    double v = 0.0;
    if (strcmp(key, SWEEP_EQUAL_UNMASKED) == 0) {
        str_add(out, text);
        return is_yes_no(text)
                   ? OK
                   : err_set(e, ERR_USAGE, "%s: %s: found '%s', expected yes or no",
                             where, key, text);
    }
    if (!number_real(text, &v) || v < 0.0 || v > 1e6) {
        return err_set(e, ERR_USAGE,
                       "%s: %s: found '%s', expected a number from 0 to 1e6", where,
                       key, text);
    }
    str_addf(out, "%.10g", v);
    return OK;
}

bool sweep_is_control(const char *key)
{
    return strcmp(key, SWEEP_MATCH_L0) == 0 || strcmp(key, SWEEP_EQUAL_UNMASKED) == 0;
}

/* Returns ERR_USAGE, with the reason, for a key that cannot be an axis of a sweep. */
static enum err check_key(const char *where, const char *key, struct errinfo *e)
{
    const struct {
        const char *key, *why;
    } fixed[] = {
        {setting_key.seed, "it has a list of its own, \"seeds\""},
        {setting_key.source, "its measures are others; sweep it apart"},
        {setting_key.twin, "pairs come from mask.rate 0 beside another rate"},
        {setting_key.also, "each value of an axis is a run already"},
        {setting_key.seed_count,
         "a sweep has a list of seeds, \"seeds\", of text and weights"},
        {setting_key.threads, "results do not depend on it; use --threads"},
    };
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        if (strcmp(fixed[i].key, key) == 0) {
            return err_set(e, ERR_USAGE, "%s: %s can't be an axis: %s", where, key,
                           fixed[i].why);
        }
    }
    return OK;
}

/* Makes a number or string of the file into a text for settings_set. */
static enum err item_text(const char *where, const char *key, const cJSON *item,
                          char *out, size_t cap, struct errinfo *e)
{
    if (cJSON_IsNumber(item)) {
        snprintf(out, cap, "%.17g", item->valuedouble);
        return OK;
    }
    if (cJSON_IsString(item) && strlen(item->valuestring) < cap) {
        snprintf(out, cap, "%s", item->valuestring);
        return OK;
    }
    return err_set(e, ERR_FORMAT,
                   "%s: %s: expected a number, a text or a list of those", where, key);
}

/* Checks and adds one value of an axis. */
static enum err add_value(const struct settings *base, const char *where,
                          struct axis *a, const cJSON *item, struct errinfo *e)
{
    char text[SETTING_TEXT_MAX];
    struct str canonical;
    enum err rc = OK;
    str_init(&canonical, SETTING_VALUE_MAX);
    TRY_OUT(rc, item_text(where, a->key, item, text, sizeof text, e));
    if (sweep_is_control(a->key)) {
        TRY_OUT(rc, control_value(where, a->key, text, &canonical, e));
    } else {
        struct settings s = *base;
        TRY_OUT(rc, settings_set(&s, a->key, text, from_program(where), e));
        settings_print(&s, setting_find(a->key), &canonical);
    }
    TRY_OUT(rc, str_err(&canonical, "sweep", e));
    TRY_OUT(rc, sweep_copy_text(&a->value[a->n], canonical.len ? canonical.p : "", e));
    a->n++;
out:
    str_free(&canonical);
    return rc;
}

enum err grid_add_axis(struct grid *g, const struct settings *base, const char *where,
                       const cJSON *item, struct errinfo *e)
{
    const size_t n = cJSON_IsArray(item) ? (size_t)cJSON_GetArraySize(item) : 1;
    if (g->n == SWEEP_AXES_MAX || n == 0 || n > VALUES_MAX) {
        return err_set(e, ERR_LIMIT,
                       "%s: %s: found %zu values on axis %zu, expected 1 to %d on at "
                       "most %d axes",
                       where, item->string, n, g->n + 1, VALUES_MAX, SWEEP_AXES_MAX);
    }
    TRY(check_key(where, item->string, e));
    for (size_t i = 0; i < g->n; i++) {
        if (strcmp(g->axis[i].key, item->string) == 0) {
            return err_set(e, ERR_USAGE, "%s: %s is given twice", where, item->string);
        }
    }
    struct axis *a = &g->axis[g->n++];
    TRY(sweep_copy_text(&a->key, item->string, e));
    TRY(mem_new(&a->value, n, sizeof *a->value, "sweep", e));
    if (!cJSON_IsArray(item)) {
        return add_value(base, where, a, item, e);
    }
    const cJSON *v = NULL;
    cJSON_ArrayForEach(v, item)
    {
        TRY(add_value(base, where, a, v, e));
    }
    return OK;
}

enum err grid_set_seeds(struct grid *g, const char *where, const cJSON *item,
                        struct errinfo *e)
{
    const bool list = cJSON_IsArray(item);
    const double count = list                   ? cJSON_GetArraySize(item)
                         : cJSON_IsNumber(item) ? item->valuedouble
                                                : 0.0;
    const double most = setting_find(setting_key.seed)->max;
    if (!(count >= 1 && count <= SEEDS_MAX) || count != floor(count)) {
        return err_set(e, ERR_USAGE,
                       "%s: seeds: expected a list of seeds, or how many: 1 to %d",
                       where, SEEDS_MAX);
    }
    TRY(mem_new(&g->seed, (size_t)count, sizeof *g->seed, "sweep", e));
    for (size_t i = 0; i < (size_t)count; i++) {
        const cJSON *s = list ? cJSON_GetArrayItem(item, (int)i) : NULL;
        const double v = !list               ? (double)i + 1
                         : cJSON_IsNumber(s) ? s->valuedouble
                                             : -1;
        if (!(v >= 0 && v <= most) || v != floor(v)) {
            return err_set(e, ERR_USAGE,
                           "%s: seeds: entry %zu: expected an integer from 0 to %.0f",
                           where, i + 1, most);
        }
        g->seed[g->n_seeds++] = (uint64_t)v;
    }
    return OK;
}

void grid_deinit(struct grid *g)
{
    for (size_t i = 0; i < g->n; i++) {
        for (size_t v = 0; v < g->axis[i].n; v++) {
            mem_free(g->axis[i].value[v]);
        }
        mem_free(g->axis[i].value);
        mem_free(g->axis[i].key);
    }
    mem_free(g->seed);
}
