#include "lm/lm_config_priv.h"

#include <stdio.h>
#include <string.h>

#define MAX_WINDOW (1 << 24)

static void set_local(struct lm_config *c, size_t block)
{
    c->local[block / 64] |= (uint64_t)1 << block % 64;
}

/* Reads one block's kind from its name. */
static enum err take_kind(const struct config_file *f, const char *key, const cJSON *v,
                          size_t block, struct lm_config *c, struct errinfo *e)
{
    static const struct {
        const char *name;
        bool local;
    } kinds[] = {{"full_attention", false},
                 {"global", false},
                 {"sliding_attention", true},
                 {"local", true}};
    for (size_t i = 0; cJSON_IsString(v) && i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(v->valuestring, kinds[i].name) == 0) {
            if (kinds[i].local) {
                set_local(c, block);
            }
            return OK;
        }
    }
    char found[128];
    return err_set(e, ERR_FORMAT,
                   "%s: %s: found %s for block %zu, expected full_attention or "
                   "sliding_attention",
                   f->at.file, key, json_found(v, found), block);
}

static enum err wrong_length(const struct config_file *f, const char *key, size_t n,
                             const struct lm_config *c, struct errinfo *e)
{
    return err_set(e, ERR_FORMAT, "%s: %s: found %zu block%s, expected %zu (%s)",
                   f->at.file, key, n, plural_s(n), c->n_layer, c->family->keys.layers);
}

/* Reads a list of one kind per block. */
static enum err take_list(const struct config_file *f, const char *key,
                          const cJSON *list, struct lm_config *c, struct errinfo *e)
{
    size_t n = 0;
    const cJSON *v = NULL;
    cJSON_ArrayForEach(v, list)
    {
        if (n < c->n_layer) {
            TRY(take_kind(f, key, v, n, c, e));
        }
        n++;
    }
    return n == c->n_layer ? OK : wrong_length(f, key, n, c, e);
}

/* gpt_neo: [[["global", "local"], 12], ..]: a list of names, repeated that many
 * times. */
static enum err take_types(const struct config_file *f, struct lm_config *c,
                           struct errinfo *e)
{
    static const char key[] = "attention_types";
    const cJSON *list = NULL, *group = NULL;
    size_t n = 0;
    TRY(json_arr(f->at, f->obj, "attention_layers", false, &list, e));
    if (list) {
        return take_list(f, "attention_layers", list, c, e);
    }
    TRY(json_arr(f->at, f->obj, key, true, &list, e));
    cJSON_ArrayForEach(group, list)
    {
        const cJSON *names = cJSON_GetArrayItem(group, 0);
        const cJSON *times = cJSON_GetArrayItem(group, 1);
        const int each = cJSON_GetArraySize(names);
        if (!cJSON_IsArray(names) || !cJSON_IsNumber(times) || each < 1 ||
            !(times->valuedouble >= 1 && times->valuedouble <= LM_LAYERS_MAX)) {
            return err_set(e, ERR_FORMAT, "%s: %s: expected [[names, times], ..]",
                           f->at.file, key);
        }
        for (int t = 0; t < (int)times->valuedouble && n < c->n_layer; t++) {
            const cJSON *v = NULL;
            cJSON_ArrayForEach(v, names)
            {
                if (n < c->n_layer) {
                    TRY(take_kind(f, key, v, n, c, e));
                }
                n++;
            }
        }
    }
    return n == c->n_layer ? OK : wrong_length(f, key, n, c, e);
}

/* Takes the family's own pattern, if no list says it. */
static enum err take_pattern(const struct config_file *f, struct lm_config *c,
                             struct errinfo *e)
{
    int64_t nth = 6, upper = 28;
    TRY(json_int(f->at, f->obj, "sliding_window_pattern", false, 1, LM_LAYERS_MAX, &nth,
                 e));
    TRY(json_int(f->at, f->obj, "max_window_layers", false, 0, 1 << 20, &upper, e));
    for (size_t i = 0; i < c->n_layer; i++) {
        const enum lm_pattern p = c->family->pattern;
        if (p == LM_ALL_LOCAL || (p == LM_UPPER && i >= (size_t)upper) ||
            (p == LM_ALTERNATE && i % 2 == 0) ||
            (p == LM_EVERY_NTH && (i + 1) % (size_t)nth != 0)) {
            set_local(c, i);
        }
    }
    return OK;
}

enum err lm_config_layers(const struct config_file *f, struct lm_config *c,
                          struct errinfo *e)
{
    const enum lm_pattern p = c->family->pattern;
    const char *key = p == LM_TYPES_LIST ? "window_size" : "sliding_window";
    int64_t window = (int64_t)c->family->window;
    bool used = p != LM_UPPER;
    const cJSON *list = NULL;
    if (p == LM_ALL_GLOBAL) {
        return OK;
    }
    if (p == LM_UPPER) {
        TRY(json_bool(f->at, f->obj, "use_sliding_window", false, &used, e));
    }
    if (!used || cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(f->obj, key))) {
        return OK;
    }
    TRY(json_int(f->at, f->obj, key, false, 1, MAX_WINDOW, &window, e));
    c->window = (size_t)window;
    if (p == LM_TYPES_LIST) {
        return take_types(f, c, e);
    }
    TRY(json_arr(f->at, f->obj, "layer_types", false, &list, e));
    /* all of mistral's layers are as sliding_window says */
    return list && p != LM_ALL_LOCAL ? take_list(f, "layer_types", list, c, e)
                                     : take_pattern(f, c, e);
}
