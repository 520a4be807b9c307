/* A run directory of a few kilobytes, without a model or training, for tests and fuzz
 * targets: the files that a reader needs, and a trainer_state that is not a valid
 * one. */
#ifndef SAETOP_TESTS_SMALL_RUN_H
#define SAETOP_TESTS_SMALL_RUN_H

#include "base/file.h"
#include "base/json.h"
#include "sae/sae.h"
#include "train/rundir.h"

#include <stdio.h>

static inline enum err small_run_config(const char *dir, int64_t step,
                                        struct errinfo *e)
{
    char path[RUNDIR_PATH];
    struct settings set;
    struct str text;
    settings_init(&set);
    str_init(&text, 1u << 20);
    cJSON *root = cJSON_CreateObject();
    (void)cJSON_AddNumberToObject(root, "format", 1);
    (void)cJSON_AddNumberToObject(root, "step", (double)step);
    (void)cJSON_AddNumberToObject(root, "mask_rate", 0);
    cJSON *inputs = cJSON_AddObjectToObject(root, "inputs");
    (void)cJSON_AddStringToObject(inputs, "model", "fnv1a64:0000000000000001");
    (void)cJSON_AddStringToObject(inputs, "corpus", "fnv1a64:0000000000000002");
    enum err rc = settings_add_json(&set, cJSON_AddObjectToObject(root, "settings"), e);
    rc = rc == OK ? json_print(root, &text, e) : rc;
    rc = rc == OK ? path_join(path, sizeof path, dir, "config.json", e) : rc;
    rc = rc == OK ? file_write_text(path, text.p, e) : rc;
    cJSON_Delete(root);
    str_free(&text);
    return rc;
}

/* Every file that a save writes, of that step, into dir, which is there. */
static inline enum err small_run(const char *dir, int64_t step, struct errinfo *e)
{
    char path[RUNDIR_PATH];
    struct sae *s = NULL;
    struct history h = {0};
    struct metric_row row = metric_row_empty();
    const struct sae_meta meta = {.model_name = "none", .hook_name = "none"};
    row.v[METRIC_STEP] = (double)step;
    TRY(sae_new(sae_arch_find("topk"), 4, 8, 2, &s, e));
    sae_init_weights(s, 1);
    s->b_dec[0] = (float)step; /* tells a save by its weights */
    enum err rc = sae_save(s, &meta, dir, e);
    sae_free(s);
    rc = rc == OK ? history_add_row(&h, &row, e) : rc;
    rc = rc == OK ? history_save(&h, dir, e) : rc;
    history_free(&h);
    TRY(rc);
    TRY(path_join(path, sizeof path, dir, "trainer_state.safetensors", e));
    TRY(file_write_text(path, "none", e));
    TRY(path_join(path, sizeof path, dir, "eval.json", e));
    TRY(file_write_text(path, "{}", e));
    return small_run_config(dir, step, e);
}

#endif
