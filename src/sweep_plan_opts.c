#include "sweep_plan_opts.h"

#include "base/file.h"
#include "base/json.h"
#include "base/number.h"

#include <stdio.h>
#include <string.h>

#define PLAN_BYTES    ((size_t)4 << 20)
#define PATH_BYTES    4096
#define DEFAULT_SEEDS 3

/* ---- lists of the command line ---- */

/* "a,b,c" as a list of texts. */
static cJSON *text_list(const char *text)
{
    char item[SETTING_TEXT_MAX];
    cJSON *list = cJSON_CreateArray();
    for (;;) {
        const size_t n = strcspn(text, ",");
        snprintf(item, sizeof item, "%.*s", (int)n, text);
        (void)cJSON_AddItemToArray(list, cJSON_CreateString(item));
        if (text[n] == '\0') {
            return list;
        }
        text += n + 1;
    }
}

/* Settings whose single value may have commas in it. */
static bool has_commas(const char *key)
{
    return strcmp(key, setting_key.also) == 0 || strncmp(key, "matryoshka.", 11) == 0;
}

/* Make an axis of the value of `key` if that is a list; it is no setting then. */
static void take_list(cJSON *axes, const char *key, const char **value)
{
    if (*value && strchr(*value, ',') && !has_commas(key)) {
        (void)cJSON_AddItemToObject(axes, key, text_list(*value));
        *value = NULL;
    }
}

static void take_lists(const struct sweep_plan_opts *g, struct run_opts *ro,
                       cJSON *axes)
{
    const struct {
        const char *key, *text;
    } option[] = {{setting_key.mask_rate, g->mask_rates},
                  {setting_key.arch, g->archs},
                  {SWEEP_MATCH_L0, g->target_l0}};
    for (size_t i = 0; i < sizeof option / sizeof *option; i++) {
        if (option[i].text) {
            (void)cJSON_AddItemToObject(axes, option[i].key, text_list(option[i].text));
        }
    }
    for (size_t i = 0; i < ro->n_flags; i++) {
        if (ro->flag_def[i]) {
            take_list(axes, ro->flag_def[i]->key, &ro->flag_value[i]);
        }
    }
    for (size_t i = 0; i < ro->n_set; i++) {
        take_list(axes, ro->set[i].name, &ro->set_value[i]);
    }
}

/* ---- a plan from the line ---- */

static enum err bad_seeds(const char *text, struct errinfo *e)
{
    return err_set(e, ERR_USAGE,
                   "--seeds: found '%s', expected a number or a list such as 1,2,7",
                   text);
}

/* Add seeds. "3": as many from `first` on; "1,7": these. */
static enum err add_seeds(const char *text, int64_t first, cJSON *tree,
                          struct errinfo *e)
{
    int64_t n = DEFAULT_SEEDS;
    const bool listed = text && strchr(text, ',');
    if (text && !listed && !number_whole(text, &n)) {
        return bad_seeds(text, e);
    }
    if (!listed && (first == 1 || n > SWEEP_CELLS_MAX)) {
        (void)cJSON_AddNumberToObject(tree, "seeds", (double)n);
        return OK;
    }
    cJSON *list = cJSON_AddArrayToObject(tree, "seeds");
    for (int64_t i = 0; !listed && i < n; i++) {
        (void)cJSON_AddItemToArray(list, cJSON_CreateNumber((double)(first + i)));
    }
    for (const char *p = text; listed && *p;
         p += strcspn(p, ",") + (strchr(p, ',') ? 1 : 0)) {
        char item[32];
        snprintf(item, sizeof item, "%.*s", (int)strcspn(p, ","), p);
        if (!number_whole(item, &n)) {
            return bad_seeds(text, e);
        }
        (void)cJSON_AddItemToArray(list, cJSON_CreateNumber((double)n));
    }
    return OK;
}

/* Add the part again under a control. */
static enum err add_control(cJSON *parts, const cJSON *axes, const char *name,
                            struct errinfo *e)
{
    const struct {
        const char *name, *key, *value, *about;
    } control[] = {
        {"drop", setting_key.mask_positions, "drop",
         "Masked positions are left out of training: only the context is masked."},
        {"mix", setting_key.mask_positions, "mix",
         "Masked positions from the masked pass, all others from the clean pass: no "
         "context is masked."},
        {"equal", SWEEP_EQUAL_UNMASKED, "yes",
         "More steps, so that as many unmasked vectors are trained on as without "
         "masking."},
    };
    for (size_t i = 0; i < sizeof control / sizeof *control; i++) {
        if (strcmp(control[i].name, name) == 0) {
            cJSON *part = cJSON_Duplicate(axes, true);
            cJSON_DeleteItemFromObject(part, control[i].key);
            (void)cJSON_AddStringToObject(part, "about", control[i].about);
            (void)cJSON_AddStringToObject(part, control[i].key, control[i].value);
            (void)cJSON_AddItemToObject(parts, name, part);
            return OK;
        }
    }
    return err_set(e, ERR_USAGE, "--controls: found '%s', expected drop, mix or equal",
                   name);
}

static enum err add_controls(cJSON *parts, const cJSON *axes, const char *text,
                             struct errinfo *e)
{
    cJSON *names = text_list(text);
    const cJSON *name = NULL;
    enum err rc = OK;
    cJSON_ArrayForEach(name, names)
    {
        rc = rc == OK ? add_control(parts, axes, name->valuestring, e) : rc;
    }
    cJSON_Delete(names);
    return rc;
}

/* Make one part with all axes; if none is of rates, with the base's rate beside 0.
 * Takes over `axes`. */
static enum err tree_of_line(const struct sweep_plan_opts *g, const struct settings *s,
                             cJSON *axes, cJSON *tree, struct errinfo *e)
{
    if (!cJSON_GetObjectItemCaseSensitive(axes, setting_key.mask_rate)) {
        const double rates[2] = {0.0, s->mask_rate};
        (void)cJSON_AddItemToObject(
            axes, setting_key.mask_rate,
            cJSON_CreateDoubleArray(rates, s->mask_rate > 0 ? 2 : 1));
    }
    cJSON *parts = cJSON_AddObjectToObject(tree, "parts");
    (void)cJSON_AddItemToObject(parts, "grid", axes);
    TRY(add_seeds(g->seeds, s->seed, tree, e));
    return g->controls ? add_controls(parts, axes, g->controls, e) : OK;
}

/* ---- what stands over what ---- */

/* Add the settings of the line; they replace those of the file. */
static enum err add_given(const struct run_opts *ro, cJSON *tree, struct errinfo *e)
{
    struct settings given;
    TRY(run_opts_given(ro, &given, e));
    cJSON *set = cJSON_GetObjectItemCaseSensitive(tree, "settings");
    set = set ? set : cJSON_AddObjectToObject(tree, "settings");
    return settings_put_given(&given, set, e);
}

enum err sweep_plan_save(const char *dir, const struct sweep_plan *p, cJSON *tree,
                         struct errinfo *e)
{
    char path[PATH_BYTES];
    struct str text;
    enum err rc = OK;
    cJSON_DeleteItemFromObjectCaseSensitive(tree, "settings");
    cJSON *set = cJSON_AddObjectToObject(tree, "settings");
    str_init(&text, PLAN_BYTES);
    TRY_OUT(rc, settings_add_json(&p->base, set, e));
    TRY_OUT(rc, json_print(tree, &text, e));
    TRY_OUT(rc, path_join(path, sizeof path, dir, "sweep.json", e));
    TRY_OUT(rc, file_write_text(path, text.p, e));
out:
    str_free(&text);
    return rc;
}

enum err sweep_plan_saved(const char *dir, const struct settings *base,
                          struct sweep_plan **out, struct errinfo *e)
{
    char path[PATH_BYTES];
    cJSON *tree = NULL;
    TRY(path_join(path, sizeof path, dir, "sweep.json", e));
    TRY(json_load(path, PLAN_BYTES, &tree, e));
    const enum err rc = sweep_plan_new(tree, path, base, out, e);
    cJSON_Delete(tree);
    return rc;
}

/* Read the tree of a plan file; a list on the line as well is an error. */
static enum err read_tree(const struct sweep_plan_opts *g, const char *file,
                          const cJSON *axes, cJSON **out, struct errinfo *e)
{
    return axes->child || g->seeds || g->controls
               ? err_set(
                     e, ERR_USAGE,
                     "%s holds the grid; a list on the line as well is one too many",
                     file)
               : json_load(file, PLAN_BYTES, out, e);
}

/* Take the source from the plan file: it decides the defaults of the rest, as the
 * line's does. */
static enum err take_source(const cJSON *tree, struct run_opts *ro, struct errinfo *e)
{
    struct settings given;
    const cJSON *set = cJSON_GetObjectItemCaseSensitive(tree, "settings");
    const cJSON *source = cJSON_GetObjectItemCaseSensitive(set, setting_key.source);
    TRY(run_opts_given(ro, &given, e));
    if (cJSON_IsString(source) && !settings_given(&given, setting_key.source)) {
        run_opts_name(ro, setting_key.source, source->valuestring);
    }
    return OK;
}

enum err sweep_plan_open(const struct sweep_plan_opts *g, struct run_opts *ro,
                         const char *file, const char *dir, bool begun,
                         struct sweep_plan **out, cJSON **tree, struct errinfo *e)
{
    char own[PATH_BYTES];
    struct settings base;
    cJSON *found = NULL;
    TRY(path_join(own, sizeof own, dir, "sweep.json", e));
    cJSON *axes = cJSON_CreateObject();
    take_lists(g, ro, axes);
    enum err rc = json_built(e);
    const bool bare = rc == OK && !axes->child && !g->seeds && !g->controls;
    if (begun || (!file && bare && file_exists(own))) {
        file = own;
    }
    rc = rc == OK && file ? read_tree(g, file, axes, &found, e) : rc;
    rc = rc == OK && file ? take_source(found, ro, e) : rc;
    rc = rc == OK ? run_opts_settings(ro, &base, e) : rc;
    if (rc == OK && !file) {
        found = cJSON_CreateObject();
        rc = tree_of_line(g, &base, axes, found, e);
        axes = NULL; /* taken over */
    }
    cJSON_Delete(axes);
    rc = rc == OK ? add_given(ro, found, e) : rc;
    rc = rc == OK ? json_built(e) : rc;
    rc = rc == OK ? sweep_plan_new(found, file ? file : "sweep", &base, out, e) : rc;
    if (rc != OK) {
        cJSON_Delete(found);
        return rc;
    }
    *tree = found;
    return OK;
}
