/* model.safetensors.index.json of any bytes beside two good shards: the model's weights
 * are refused in a line, or every file that the index names for them is one in the
 * model's own directory. */
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/safetensors.h"
#include "lm/lm.h"
#include "lm/lm_config.h"
#include "lm/lm_tensor.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[] = "/tmp/saetop-fuzz-XXXXXX";
static char files[6][96];
static struct lm_config cfg;

static void must(bool good)
{
    if (!good) {
        abort();
    }
}

/* Tensors from..to of zeros. */
static void write_shard(const char *path, const struct lm_weights *w, size_t from,
                        size_t to)
{
    struct st_tensor list[32];
    char names[32][96];
    struct errinfo e;
    for (size_t i = from; i < to; i++) {
        const struct lm_tensor t = lm_tensor_at(&cfg, w, i);
        snprintf(names[i], sizeof names[i], "%s", t.name);
        list[i] = (struct st_tensor){names[i], ST_F32,
                                     t.ndim,   {t.shape[0], t.shape[1]},
                                     t.p,      t.count * sizeof(float)};
    }
    must(st_write(path, list + from, to - from, NULL, 0, &e) == OK);
}

static void clean(void)
{
    for (size_t i = 0; i < 6; i++) {
        (void)remove(files[i]);
    }
    (void)rmdir(dir);
}

/* The directory, with a shard of all in a folder below and a link to nothing. There is
 * no tokenizer: opening the model stops there once the weights are read. */
static void begin(void)
{
    static const char *const names[6] = {
        "config.json",     "model.safetensors.index.json", "a", "b", "link",
        "sub.safetensors",
    };
    struct errinfo e;
    struct lm_weights w;
    struct str text;
    must(mkdtemp(dir) != NULL);
    for (size_t i = 0; i < 6; i++) {
        snprintf(files[i], sizeof files[i], "%s/%s", dir, names[i]);
    }
    cfg = (struct lm_config){.family = lm_family_find("gpt2"),
                             .n_layer = 1,
                             .n_head = 1,
                             .d_model = 2,
                             .d_ff = 8,
                             .n_ctx = 2,
                             .vocab = 3,
                             .ln_eps = 1e-5f};
    must(lm_weights_init(&w, &cfg, &e) == OK);
    str_init(&text, LM_CONFIG_BYTES);
    lm_config_print(&cfg, NULL, &text);
    must(file_write_text(files[0], text.p, &e) == OK);
    write_shard(files[2], &w, 0, 3);
    write_shard(files[3], &w, 3, lm_tensor_count(&cfg));
    must(symlink("/nowhere/at/all", files[4]) == 0);
    str_free(&text);
    lm_weights_deinit(&w);
    (void)atexit(clean);
}

/* Checks the index's file of every tensor of the model. An index that names the
 * tokenizer's file as a shard must have been refused. */
static void check_index(const uint8_t *data, size_t size)
{
    struct errinfo e;
    cJSON *root = NULL;
    must(json_parse((const char *)data, size, "index", &root, &e) == OK);
    const cJSON *map = cJSON_GetObjectItemCaseSensitive(root, "weight_map");
    for (size_t i = 0; i < lm_tensor_count(&cfg); i++) {
        char full[128];
        const struct lm_tensor t = lm_tensor_at(&cfg, NULL, i);
        const cJSON *v = cJSON_GetObjectItemCaseSensitive(map, t.name);
        snprintf(full, sizeof full, "transformer.%s", t.name);
        v = v ? v : cJSON_GetObjectItemCaseSensitive(map, full);
        if (cJSON_IsString(v) && strcmp(v->valuestring, "tokenizer.json") == 0) {
            break;
        }
        must(cJSON_IsString(v) &&
             (strcmp(v->valuestring, "a") == 0 || strcmp(v->valuestring, "b") == 0));
    }
    cJSON_Delete(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool begun;
    struct errinfo e = {0};
    struct lm *m = NULL;
    char end[96];
    if (!begun) {
        begin();
        begun = true;
    }
    FILE *f = fopen(files[1], "wb");
    must(f && fwrite(data, 1, size, f) == size && fclose(f) == 0);
    must(lm_load(dir, &m, &e) != OK && e.msg[0] != '\0');
    snprintf(end, sizeof end, "%s/tokenizer.json: ", dir);
    if (e.code == ERR_MISSING && strncmp(e.msg, end, strlen(end)) == 0) {
        check_index(data, size);
    }
    return 0;
}
