#include "train/settings.h"

#include "base/file.h"
#include "base/nearest.h"
#include "base/number.h"
#include "train/setting_words.h"
#include "train/settings_arch.h"
#include "train/settings_synth.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows that only a test has. */
#ifndef SETTING_LIST_TOY
#define SETTING_LIST_TOY(X)
#endif

/* Expansions of the list's columns: min, max and words; bits of architectures. */
#define LIMITS_NO_LIMITS     0, 0, NULL
#define LIMITS_RANGE(lo, hi) (double)(lo), (double)(hi), NULL
#define LIMITS_WORDS(field)  0, 0, words_of_##field
#define LIMITS_YES_NO        0, 0, words_of_bool
/* scope and tunable */
#define SCOPE_RUN     SETTING_OF_RUN, false
#define SCOPE_ARM     SETTING_OF_ARM, false
#define SCOPE_TUNABLE SETTING_OF_ARM, true
#define SCOPE_FREE    SETTING_OF_FREE, false
enum {
    NEEDS_ANY = 0,
    NEEDS_ANNEAL = SAE_HAS_ANNEAL,
    NEEDS_GATE = SAE_HAS_GATE,
    NEEDS_AUXK = SAE_HAS_AUXK,
    NEEDS_GROUPS = SAE_HAS_GROUPS,
    NEEDS_JUMP = SAE_HAS_JUMP,
    NEEDS_K_OR_JUMP = SAE_HAS_K | SAE_HAS_JUMP,
    NEEDS_L1 = SAE_HAS_L1,
    NEEDS_L1_OR_JUMP = SAE_HAS_L1 | SAE_HAS_JUMP,
    NEEDS_LP = SAE_HAS_LP,
    NEEDS_RESAMPLE = SAE_HAS_RESAMPLE,
    NEEDS_THRESHOLD = SAE_HAS_THRESHOLD,
    NEEDS_THRESHOLD_OR_JUMP = SAE_HAS_THRESHOLD | SAE_HAS_JUMP,
};

static const struct setting_def table[] = {
#define SETTING_ROW(t, f, k, fl, d, limits, scope, needs, h)                           \
    {SETTING_IS_##t,                                                                   \
     offsetof(struct settings, f),                                                     \
     sizeof((struct settings *)NULL)->f,                                               \
     k,                                                                                \
     fl,                                                                               \
     d,                                                                                \
     h,                                                                                \
     LIMITS_##limits,                                                                  \
     SCOPE_##scope,                                                                    \
     NEEDS_##needs},
    SETTING_LIST(SETTING_ROW) SETTING_LIST_TOY(SETTING_ROW)
#undef SETTING_ROW
};
enum { TABLE_LEN = sizeof table / sizeof table[0] };
_Static_assert(TABLE_LEN <= SETTING_MAX, "room for every setting's origin");

const struct setting_keys setting_key = {
#define SETTING_KEY(t, f, k, fl, d, limits, scope, needs, h) .f = (k),
    SETTING_LIST(SETTING_KEY)
#undef SETTING_KEY
};

const struct setting_def *settings_table(size_t *n)
{
    *n = TABLE_LEN;
    return table;
}

const struct setting_def *setting_find(const char *key)
{
    for (size_t i = 0; i < TABLE_LEN; i++) {
        if (strcmp(table[i].key, key) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

static const char *nearest_key(const char *key)
{
    const char *keys[TABLE_LEN];
    for (size_t i = 0; i < TABLE_LEN; i++) {
        keys[i] = table[i].key;
    }
    return nearest_name(key, keys, TABLE_LEN);
}

/* ---- values ---- */

static void *field(struct settings *s, const struct setting_def *d)
{
    return (char *)s + d->offset;
}

static const void *field_const(const struct settings *s, const struct setting_def *d)
{
    return (const char *)s + d->offset;
}

bool setting_is_number(const struct setting_def *d)
{
    return d->type == SETTING_IS_INT || d->type == SETTING_IS_NUM;
}

void setting_words(const struct setting_def *d, struct str *out)
{
    for (const struct setting_word *w = d->words; w && w->word; w++) {
        str_add(out, w == d->words ? "" : "|");
        str_add(out, w->word);
    }
}

static const char *word_of(const struct setting_def *d, int value)
{
    const struct setting_word *w = d->words;
    while (w->word && w->value != value) {
        w++;
    }
    return w->word ? w->word : "";
}

static enum err set_word(void *out, const struct setting_def *d, const char *text,
                         const char *origin, struct errinfo *e)
{
    for (const struct setting_word *w = d->words; w->word; w++) {
        if (strcmp(w->word, text) == 0) {
            if (d->type == SETTING_IS_BOOL) {
                *(bool *)out = w->value != 0;
            } else {
                *(int *)out = w->value;
            }
            return OK;
        }
    }
    char hint[NEAREST_HINT];
    struct str words;
    str_init(&words, SETTING_TEXT_MAX);
    setting_words(d, &words);
    const char *list = words.len ? words.p : "another word";
    const enum err rc =
        err_set(e, ERR_USAGE, "%s: %s: found '%s', expected %s%s", origin, d->key, text,
                list, nearest_hint(text, list, hint));
    str_free(&words);
    return rc;
}

/* Whether a number may be left open: NaN, or -1 where only 0 and more are allowed. */
static bool may_be_auto(const struct setting_def *d)
{
    return strcmp(d->def, "auto") == 0;
}

static enum err set_number(void *out, const struct setting_def *d, const char *text,
                           const char *origin, struct errinfo *e)
{
    const bool whole = d->type == SETTING_IS_INT;
    if (may_be_auto(d) && strcmp(text, "auto") == 0) {
        if (whole) {
            *(int64_t *)out = -1;
        } else {
            *(double *)out = (double)NAN;
        }
        return OK;
    }
    int64_t i = 0;
    double v = 0;
    const bool read = whole ? number_whole(text, &i) : number_real(text, &v);
    v = whole ? (double)i : v;
    if (!read || v < d->min || v > d->max) {
        return err_set(e, ERR_USAGE,
                       whole
                           ? "%s: %s: found '%s', expected an integer from %.0f to %.0f"
                           : "%s: %s: found '%s', expected a number from %g to %g",
                       origin, d->key, text, d->min, d->max);
    }
    if (whole) {
        *(int64_t *)out = i;
    } else {
        *(double *)out = v;
    }
    return OK;
}

/* ---- where a value came from ---- */

/* Returns the number of an origin, which is stored once. */
static uint8_t origin_number(struct settings *s, struct setting_origin from)
{
    size_t i = 0;
    while (i < s->n_origins &&
           (s->giver[i] != from.by || strcmp(s->origin_name[i], from.name) != 0)) {
        i++;
    }
    if (i == s->n_origins) {
        /* More than a command line can make: the last place is shared. */
        i = i < SETTING_ORIGINS ? s->n_origins++ : SETTING_ORIGINS - 1;
        s->giver[i] = from.by;
        snprintf(s->origin_name[i], sizeof s->origin_name[i], "%s", from.name);
    }
    return (uint8_t)i;
}

struct setting_origin settings_origin(const struct settings *s,
                                      const struct setting_def *d)
{
    const size_t i = s->origin[d - table];
    return (struct setting_origin){s->giver[i], s->origin_name[i]};
}

bool settings_given(const struct settings *s, const char *key)
{
    return settings_origin(s, setting_find(key)).by != GIVEN_BY_NOBODY;
}

bool settings_named(const struct settings *s, const char *key)
{
    return settings_origin(s, setting_find(key)).by == GIVEN_BY_USER;
}

enum err settings_blame(const struct settings *s, const char *key, enum err rc,
                        struct errinfo *e)
{
    const struct setting_origin from = settings_origin(s, setting_find(key));
    return rc != OK && from.by == GIVEN_BY_FILE ? err_prefix(e, rc, "%s", from.name)
                                                : rc;
}

enum err settings_set(struct settings *s, const char *key, const char *text,
                      struct setting_origin from, struct errinfo *e)
{
    const struct setting_def *d = setting_find(key);
    if (!d) {
        const char *near = nearest_key(key);
        return err_set(e, ERR_USAGE,
                       near ? "%s: no setting '%s'; the nearest is '%s'"
                            : "%s: no setting '%s'; see --print-config",
                       from.name, key, near);
    }
    switch (d->type) {
    case SETTING_IS_STR:
        if (strlen(text) >= d->size) {
            return err_set(e, ERR_LIMIT,
                           "%s: %s: found %zu bytes, expected %zu at most", from.name,
                           key, strlen(text), d->size - 1);
        }
        snprintf(field(s, d), d->size, "%s", text);
        break;
    case SETTING_IS_BOOL:
    case SETTING_IS_ENUM: TRY(set_word(field(s, d), d, text, from.name, e)); break;
    case SETTING_IS_INT:
    case SETTING_IS_NUM: TRY(set_number(field(s, d), d, text, from.name, e)); break;
    }
    s->origin[d - table] = origin_number(s, from);
    return OK;
}

void settings_init(struct settings *s)
{
    *s = (struct settings){0};
    for (size_t i = 0; i < TABLE_LEN; i++) {
        struct errinfo e;
        const enum err rc =
            settings_set(s, table[i].key, table[i].def,
                         (struct setting_origin){GIVEN_BY_NOBODY, "default"}, &e);
        (void)rc; /* a default out of its own range is caught by a test */
    }
}

static bool is_auto(const struct setting_def *d, const void *field)
{
    return may_be_auto(d) &&
           ((d->type == SETTING_IS_NUM && isnan(*(const double *)field)) ||
            (d->type == SETTING_IS_INT && *(const int64_t *)field < 0));
}

void settings_print(const struct settings *s, const struct setting_def *d,
                    struct str *out)
{
    const void *p = field_const(s, d);
    if (is_auto(d, p)) {
        str_add(out, "auto");
        return;
    }
    switch (d->type) {
    case SETTING_IS_STR: str_add(out, p); break;
    case SETTING_IS_INT: str_addf(out, "%lld", (long long)*(const int64_t *)p); break;
    case SETTING_IS_NUM: str_addf(out, "%.10g", *(const double *)p); break;
    case SETTING_IS_BOOL: str_add(out, word_of(d, *(const bool *)p)); break;
    case SETTING_IS_ENUM: str_add(out, word_of(d, *(const int *)p)); break;
    }
}

/* ---- JSON ---- */

/* Whether an item fits: a number for a number, or "auto" where it may be left open;
 * else a text. */
static bool fits(const struct setting_def *d, const cJSON *item)
{
    const bool number = setting_is_number(d);
    return cJSON_IsString(item)
               ? !number || (may_be_auto(d) && strcmp(item->valuestring, "auto") == 0)
               : number && cJSON_IsNumber(item);
}

static enum err set_from_item(struct settings *s, const char *key, const cJSON *item,
                              const char *file, struct errinfo *e)
{
    const struct setting_def *d = setting_find(key);
    char text[64] = "", found[128];
    if (d && !fits(d, item)) {
        const bool number = setting_is_number(d);
        return err_set(e, ERR_FORMAT, "%s: %s: found %s, expected %s%s", file, key,
                       json_found(item, found), number ? "a number" : "a text",
                       number && may_be_auto(d) ? " or \"auto\"" : "");
    }
    if (cJSON_IsNumber(item)) {
        const double v = item->valuedouble;
        snprintf(text, sizeof text, fabs(v) < 1e15 && v == floor(v) ? "%.0f" : "%.17g",
                 v);
    }
    return settings_set(s, key, cJSON_IsString(item) ? item->valuestring : text,
                        from_file(file), e);
}

/* Whether there are settings "NAME.…". */
static bool is_group(const char *name)
{
    const size_t n = strlen(name);
    for (size_t i = 0; i < TABLE_LEN; i++) {
        if (strncmp(table[i].key, name, n) == 0 && table[i].key[n] == '.') {
            return true;
        }
    }
    return false;
}

static enum err set_group(struct settings *s, const cJSON *group, const char *file,
                          struct errinfo *e)
{
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, group)
    {
        char key[128];
        snprintf(key, sizeof key, "%s.%s", group->string, item->string);
        TRY(set_from_item(s, key, item, file, e));
    }
    return OK;
}

enum err settings_from_json(struct settings *s, const cJSON *obj, const char *file,
                            struct errinfo *e)
{
    if (!cJSON_IsObject(obj)) {
        return err_set(e, ERR_FORMAT, "%s: expected an object of settings", file);
    }
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, obj)
    {
        if (strcmp(item->string, "about") == 0) {
            if (!cJSON_IsString(item)) {
                char found[128];
                return err_set(e, ERR_FORMAT, "%s: about: found %s, expected a text",
                               file, json_found(item, found));
            }
        } else if (cJSON_IsObject(item) && is_group(item->string) &&
                   (item->child || !setting_find(item->string))) {
            TRY(set_group(s, item, file, e));
        } else {
            TRY(set_from_item(s, item->string, item, file, e));
        }
    }
    return OK;
}

enum err settings_load(struct settings *s, const char *path, struct errinfo *e)
{
    cJSON *tree = NULL;
    TRY(json_load(path, 1u << 20, &tree, e));
    const enum err rc = settings_from_json(s, tree, path, e);
    cJSON_Delete(tree);
    return rc;
}

static enum err add_json(const struct settings *s, const struct setting_def *d,
                         cJSON *obj, struct errinfo *e)
{
    const void *p = field_const(s, d);
    const cJSON *made = NULL;
    if (is_auto(d, p)) {
        made = cJSON_AddStringToObject(obj, d->key, "auto");
    } else if (d->type == SETTING_IS_INT) {
        made = cJSON_AddNumberToObject(obj, d->key, (double)*(const int64_t *)p);
    } else if (d->type == SETTING_IS_NUM) {
        made = cJSON_AddNumberToObject(obj, d->key, *(const double *)p);
    } else {
        struct str text;
        str_init(&text, SETTING_VALUE_MAX);
        settings_print(s, d, &text);
        made = text.err == OK
                   ? cJSON_AddStringToObject(obj, d->key, text.len ? text.p : "")
                   : NULL;
        str_free(&text);
    }
    return made ? OK : err_set(e, ERR_NOMEM, "out of memory for the settings");
}

enum err settings_add_json(const struct settings *s, cJSON *obj, struct errinfo *e)
{
    for (size_t i = 0; i < TABLE_LEN; i++) {
        TRY(add_json(s, &table[i], obj, e));
    }
    return OK;
}

enum err settings_put_given(const struct settings *s, cJSON *obj, struct errinfo *e)
{
    for (size_t i = 0; i < TABLE_LEN; i++) {
        if (settings_given(s, table[i].key)) {
            cJSON_DeleteItemFromObjectCaseSensitive(obj, table[i].key);
            TRY(add_json(s, &table[i], obj, e));
        }
    }
    return OK;
}

/* ---- paths ---- */

static bool begins_samples(const char *text)
{
    return strncmp(text, "samples/", 8) == 0;
}

/* Whether the file of "path" or "path#part" exists. */
static bool spec_exists(const char *text)
{
    char path[SETTING_TEXT_MAX];
    snprintf(path, sizeof path, "%.*s", (int)strcspn(text, "#"), text);
    return file_exists(path);
}

enum err settings_path(const struct settings *s, const char *text, char *out,
                       size_t cap, struct errinfo *e)
{
    if (begins_samples(text) && s->samples_dir[0] && !spec_exists(text)) {
        return path_join(out, cap, s->samples_dir, text + 8, e);
    }
    if (strlen(text) >= cap) {
        return err_set(e, ERR_LIMIT, "%.60s...: path too long", text);
    }
    snprintf(out, cap, "%s", text);
    return OK;
}

/* ---- what "auto" means ---- */

static int64_t clamp(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

uint64_t settings_weights_seed(const struct settings *s)
{
    return (uint64_t)(s->seed_weights < 0 ? s->seed : s->seed_weights);
}

void settings_resolve(struct settings *s, size_t n_ctx, size_t d_model)
{
    s->seed_weights = (int64_t)settings_weights_seed(s);
    if (!s->lr_warmup) {
        s->lr_warmup = clamp(s->steps / 30, 1, 50);
    }
    if (!s->dead_after) {
        s->dead_after = clamp(s->steps / 15, 20, 1000);
    }
    if (!s->eval_every) {
        s->eval_every = clamp(s->steps / 10, 1, s->steps);
    }
    if (!s->context) {
        s->context = n_ctx < 128 ? (int64_t)n_ctx : 128;
    }
    if (!s->aux_k) {
        s->aux_k = clamp((int64_t)d_model / 2, 1, s->width);
    }
    settings_resolve_arch(s);
}

static bool prints_as(const struct settings *a, const struct settings *b,
                      const struct setting_def *d)
{
    struct str x, y;
    str_init(&x, 2 * SETTING_TEXT_MAX);
    str_init(&y, 2 * SETTING_TEXT_MAX);
    settings_print(a, d, &x);
    settings_print(b, d, &y);
    const bool same = strcmp(x.len ? x.p : "", y.len ? y.p : "") == 0;
    str_free(&x);
    str_free(&y);
    return same;
}

void settings_unresolve(struct settings *s, size_t n_ctx, size_t d_model)
{
    const struct settings was = *s;
    for (size_t i = 0; i < TABLE_LEN; i++) {
        struct settings open = was;
        struct errinfo e;
        const struct setting_def *d = &table[i];
        const struct setting_origin from = settings_origin(&was, d);
        if (d->scope != SETTING_OF_ARM ||
            settings_set(&open, d->key, d->def, from, &e) != OK) {
            continue;
        }
        settings_resolve(&open, n_ctx, d_model);
        if (prints_as(&open, &was, d)) {
            const enum err rc = settings_set(s, d->key, d->def, from, &e);
            (void)rc; /* as above */
        }
    }
}
