#include "ask/ask_preset.h"

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FILE_BYTES ((size_t)8 << 20)

/* ---- memory ---- */

struct ask_presets *ask_presets_ref(struct ask_presets *p)
{
    atomic_fetch_add(&p->refs, 1);
    return p;
}

void ask_presets_unref(struct ask_presets *p)
{
    if (p && atomic_fetch_sub(&p->refs, 1) == 1) {
        for (size_t i = 0; i < p->n; i++) {
            mem_free(p->at[i].edit);
        }
        mem_free(p);
    }
}

/* Makes a set with room for `cap`, and none in it yet. */
static enum err presets_new(size_t cap, struct ask_presets **out, struct errinfo *e)
{
    struct ask_presets *p = NULL;
    TRY(mem_new(&p, 1, sizeof *p + cap * sizeof *p->at, "presets", e));
    atomic_init(&p->refs, 1);
    *out = p;
    return OK;
}

/* Appends a preset of n zeroed edits to p. */
static enum err add_empty(struct ask_presets *p, const char *name, int64_t step,
                          size_t n, struct errinfo *e)
{
    struct ask_preset *to = &p->at[p->n];
    *to = (struct ask_preset){.step = step, .n = n};
    snprintf(to->name, sizeof to->name, "%s", name);
    TRY(mem_new(&to->edit, n, sizeof *to->edit, "a preset", e));
    p->n++;
    return OK;
}

static enum err add_copy(struct ask_presets *p, const struct ask_preset *from,
                         struct errinfo *e)
{
    TRY(add_empty(p, from->name, from->step, from->n, e));
    memcpy(p->at[p->n - 1].edit, from->edit, from->n * sizeof *from->edit);
    return OK;
}

const struct ask_preset *ask_presets_find(const struct ask_presets *p, const char *name)
{
    for (size_t i = 0; p && i < p->n; i++) {
        if (strcmp(p->at[i].name, name) == 0) {
            return &p->at[i];
        }
    }
    return NULL;
}

/* ---- where a latent points ---- */

/* The signs come from a generator that is part of the file's format: they never
 * change. */
static void sums_of(const struct sae *s, int32_t latent, float sum[ASK_PRESET_SIGNS])
{
    const float *row = s->W_dec + (size_t)latent * s->D;
    double length = 0;
    for (size_t d = 0; d < s->D; d++) {
        length += (double)row[d] * (double)row[d];
    }
    for (size_t k = 0; k < ASK_PRESET_SIGNS; k++) {
        struct rng r = rng_begin(k + 1, RNG_SAMPLE, 0);
        double x = 0;
        for (size_t d = 0; d < s->D; d++) {
            x += rng_below(&r, 2) ? (double)row[d] : -(double)row[d];
        }
        sum[k] = length > 0 ? (float)(x / sqrt(length)) : 0.0f;
    }
}

static double cosine(const float *x, const float *y)
{
    double xy = 0, xx = 0, yy = 0;
    for (size_t k = 0; k < ASK_PRESET_SIGNS; k++) {
        xy += (double)x[k] * (double)y[k];
        xx += (double)x[k] * (double)x[k];
        yy += (double)y[k] * (double)y[k];
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : 0;
}

enum err ask_preset_fits(const struct ask_preset *p, const struct sae *s,
                         struct errinfo *e)
{
    for (size_t i = 0; i < p->n; i++) {
        const int32_t latent = p->edit[i].edit.latent;
        float now[ASK_PRESET_SIGNS];
        if ((size_t)latent >= s->F) {
            return err_set(e, ERR_USAGE,
                           "preset %s: latent %d: this SAE has %zu; it was saved of "
                           "another one",
                           p->name, (int)latent, s->F);
        }
        sums_of(s, latent, now);
        const double c = cosine(now, p->edit[i].sum);
        if (!(c >= ASK_PRESET_COSINE)) {
            return err_set(e, ERR_USAGE,
                           "preset %s: latent %d points elsewhere than where it was "
                           "saved, at step %lld (cosine about %.2f): another SAE, or "
                           "trained on",
                           p->name, (int)latent, (long long)p->step, c);
        }
    }
    return OK;
}

/* ---- changes ---- */

#define EXPECTED_NAME                                                                  \
    "expected 1 to 32 letters, digits, '-', '_', '.', and not save or drop"
_Static_assert(ASK_PRESET_NAME == 32, "the message says so");

static bool is_name(const char *text)
{
    const size_t n = strlen(text);
    return n >= 1 && n <= ASK_PRESET_NAME &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789-_.") == n &&
           strcmp(text, "save") != 0 && strcmp(text, "drop") != 0;
}

static enum err check_new(const char *name, const struct sae *s,
                          const struct ask_edit *edit, size_t n, struct errinfo *e)
{
    if (!is_name(name)) {
        return err_set(e, ERR_USAGE, "preset: found '%.40s', " EXPECTED_NAME, name);
    }
    if (n < 1 || n > ASK_PRESET_EDITS) {
        return err_set(e, ERR_USAGE,
                       "preset %s: found %zu silenced or steered latents, expected 1 "
                       "to %d",
                       name, n, ASK_PRESET_EDITS);
    }
    for (size_t i = 0; i < n; i++) {
        if (edit[i].latent < 0 || (size_t)edit[i].latent >= s->F) {
            return err_set(e, ERR_USAGE, "preset %s: latent %d, expected 0 to %zu",
                           name, (int)edit[i].latent, s->F - 1);
        }
    }
    return OK;
}

static enum err add_new(struct ask_presets *p, const char *name, const struct sae *s,
                        int64_t step, const struct ask_edit *edit, size_t n,
                        struct errinfo *e)
{
    TRY(add_empty(p, name, step, n, e));
    struct ask_preset_edit *to = p->at[p->n - 1].edit;
    for (size_t i = 0; i < n; i++) {
        to[i].edit = edit[i];
        sums_of(s, edit[i].latent, to[i].sum);
    }
    return OK;
}

/* All of old but the one of that name, up to or from its place on. */
static enum err add_others(struct ask_presets *p, const struct ask_presets *old,
                           const char *name, bool before, struct errinfo *e)
{
    for (size_t i = 0; old && i < old->n; i++) {
        const int order = strcmp(old->at[i].name, name);
        if (before ? order < 0 : order > 0) {
            TRY(add_copy(p, &old->at[i], e));
        }
    }
    return OK;
}

enum err ask_presets_with(const struct ask_presets *old, const char *name,
                          const struct sae *s, int64_t step,
                          const struct ask_edit *edit, size_t n,
                          struct ask_presets **out, struct errinfo *e)
{
    const size_t had = old ? old->n : 0;
    struct ask_presets *p = NULL;
    enum err rc = OK;
    TRY(check_new(name, s, edit, n, e));
    if (had >= ASK_PRESETS_MAX && !ask_presets_find(old, name)) {
        return err_set(e, ERR_USAGE, "preset %s: there are %zu, expected at most %d",
                       name, had, ASK_PRESETS_MAX);
    }
    TRY(presets_new(had + 1, &p, e));
    TRY_OUT(rc, add_others(p, old, name, true, e));
    TRY_OUT(rc, add_new(p, name, s, step, edit, n, e));
    TRY_OUT(rc, add_others(p, old, name, false, e));
    *out = p;
    return OK;
out:
    ask_presets_unref(p);
    return rc;
}

enum err ask_presets_without(const struct ask_presets *old, const char *name,
                             struct ask_presets **out, struct errinfo *e)
{
    struct ask_presets *p = NULL;
    enum err rc = OK;
    if (!ask_presets_find(old, name)) {
        return err_set(e, ERR_USAGE, "preset: none is called '%.40s'", name);
    }
    TRY(presets_new(old->n, &p, e));
    TRY_OUT(rc, add_others(p, old, name, true, e));
    TRY_OUT(rc, add_others(p, old, name, false, e));
    *out = p;
    return OK;
out:
    ask_presets_unref(p);
    return rc;
}

/* ---- reading ---- */

static enum err read_sums(struct json_at at, const cJSON *obj,
                          float sum[ASK_PRESET_SIGNS], struct errinfo *e)
{
    const cJSON *list = NULL, *x = NULL;
    size_t k = 0;
    TRY(json_arr(at, obj, "sums", true, &list, e));
    cJSON_ArrayForEach(x, list)
    {
        if (k == ASK_PRESET_SIGNS || !cJSON_IsNumber(x) ||
            !(fabs(x->valuedouble) < 1e6)) {
            k = SIZE_MAX;
            break;
        }
        sum[k++] = (float)x->valuedouble;
    }
    if (k != ASK_PRESET_SIGNS) {
        return err_set(e, ERR_FORMAT, "%s: %s.sums: expected %d numbers", at.file,
                       at.path, ASK_PRESET_SIGNS);
    }
    return OK;
}

static enum err read_edit(struct json_at at, const cJSON *obj,
                          struct ask_preset_edit *out, struct errinfo *e)
{
    const char *text = NULL;
    if (!cJSON_IsObject(obj)) {
        char found[128];
        return err_set(e, ERR_FORMAT, "%s: %s: found %s, expected an object", at.file,
                       at.path, json_found(obj, found));
    }
    TRY(json_str(at, obj, "edit", true, &text, e));
    struct errinfo why;
    if (ask_edit_parse(text, &out->edit, &why) != OK) {
        return err_set(e, ERR_FORMAT, "%s: %s: %s", at.file, at.path, why.msg);
    }
    return read_sums(at, obj, out->sum, e);
}

static enum err read_preset(struct json_at at, const cJSON *obj, struct ask_presets *p,
                            struct errinfo *e)
{
    const char *name = NULL;
    const cJSON *list = NULL;
    int64_t step = 0;
    char found[128];
    if (!cJSON_IsObject(obj)) {
        return err_set(e, ERR_FORMAT, "%s: %s: found %s, expected an object", at.file,
                       at.path, json_found(obj, found));
    }
    TRY(json_str(at, obj, "name", true, &name, e));
    TRY(json_int(at, obj, "step", true, 0, INT64_C(1) << 50, &step, e));
    TRY(json_arr(at, obj, "edits", true, &list, e));
    const int n = cJSON_GetArraySize(list);
    if (!is_name(name)) {
        return err_set(e, ERR_FORMAT, "%s: %s.name: found '%.40s', " EXPECTED_NAME,
                       at.file, at.path, name);
    }
    if (p->n > 0 && strcmp(p->at[p->n - 1].name, name) >= 0) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s.name: found '%s' behind '%s', expected each once, in "
                       "order",
                       at.file, at.path, name, p->at[p->n - 1].name);
    }
    if (n < 1 || n > ASK_PRESET_EDITS) {
        return err_set(e, ERR_FORMAT, "%s: %s.edits: found %d, expected 1 to %d",
                       at.file, at.path, n, ASK_PRESET_EDITS);
    }
    TRY(add_empty(p, name, step, (size_t)n, e));
    struct ask_preset_edit *to = p->at[p->n - 1].edit;
    const cJSON *x = NULL;
    cJSON_ArrayForEach(x, list)
    {
        char path[96];
        snprintf(path, sizeof path, "%s.edits[%zu]", at.path,
                 (size_t)(to - p->at[p->n - 1].edit));
        TRY(read_edit((struct json_at){at.file, path}, x, to++, e));
    }
    return OK;
}

static enum err read_tree(const cJSON *tree, const char *file, struct ask_presets **out,
                          struct errinfo *e)
{
    const struct json_at top = {file, ""};
    const cJSON *list = NULL, *x = NULL;
    struct ask_presets *p = NULL;
    enum err rc = OK;
    if (!cJSON_IsObject(tree)) {
        return err_set(e, ERR_FORMAT, "%s: expected an object", file);
    }
    TRY(json_arr(top, tree, "presets", true, &list, e));
    const int n = cJSON_GetArraySize(list);
    if (n > ASK_PRESETS_MAX) {
        return err_set(e, ERR_FORMAT, "%s: found %d presets, expected at most %d", file,
                       n, ASK_PRESETS_MAX);
    }
    TRY(presets_new((size_t)n, &p, e));
    cJSON_ArrayForEach(x, list)
    {
        char path[32];
        snprintf(path, sizeof path, "presets[%zu]", p->n);
        TRY_OUT(rc, read_preset((struct json_at){file, path}, x, p, e));
    }
    *out = p;
    return OK;
out:
    ask_presets_unref(p);
    return rc;
}

enum err ask_presets_parse(const char *text, size_t len, const char *file,
                           struct ask_presets **out, struct errinfo *e)
{
    cJSON *tree = NULL;
    TRY(json_parse(text, len, file, &tree, e));
    const enum err rc = read_tree(tree, file, out, e);
    cJSON_Delete(tree);
    return rc;
}

enum err ask_presets_load(const char *dir, struct ask_presets **out, struct errinfo *e)
{
    char path[4096];
    char *text = NULL;
    size_t len = 0;
    TRY(path_join(path, sizeof path, dir, ASK_PRESET_FILE, e));
    const enum err opened = file_read_own(path, FILE_BYTES, &text, &len, e);
    if (opened != OK) {
        return opened == ERR_MISSING ? presets_new(0, out, e) : opened;
    }
    const enum err rc = ask_presets_parse(text, len, path, out, e);
    mem_free(text);
    return rc;
}

/* ---- writing ---- */

static void print_preset(const struct ask_preset *p, struct str *out)
{
    str_addf(out, "  {\"name\": \"%s\", \"step\": %lld, \"edits\": [", p->name,
             (long long)p->step);
    for (size_t i = 0; i < p->n; i++) {
        str_add(out, i ? ",\n    {\"edit\": \"" : "\n    {\"edit\": \"");
        ask_edit_print(&p->edit[i].edit, out);
        str_add(out, "\", \"sums\": [");
        for (size_t k = 0; k < ASK_PRESET_SIGNS; k++) {
            str_addf(out, "%s%.4f", k ? ", " : "", (double)p->edit[i].sum[k]);
        }
        str_add(out, "]}");
    }
    str_add(out, "]}");
}

enum err ask_presets_save(const struct ask_presets *p, const char *dir,
                          struct errinfo *e)
{
    char path[4096];
    struct str text;
    TRY(path_join(path, sizeof path, dir, ASK_PRESET_FILE, e));
    if ((!p || p->n == 0) && !file_exists(path)) {
        return OK;
    }
    str_init(&text, FILE_BYTES);
    str_add(&text,
            "{\"about\": \"silenced and steered latents by name, for :preset and "
            "`saetop ask --preset`\",\n \"presets\": [");
    for (size_t i = 0; p && i < p->n; i++) {
        str_add(&text, i ? ",\n" : "\n");
        print_preset(&p->at[i], &text);
    }
    str_add(&text, "]}\n");
    enum err rc = str_err(&text, path, e);
    rc = rc == OK ? file_write_text(path, text.p, e) : rc;
    str_free(&text);
    return rc;
}
