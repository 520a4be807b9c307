#include "lm/lm_chat.h"

#include "base/file.h"
#include "base/gguf.h"
#include "base/json.h"
#include "base/mem.h"

#include <string.h>

#define MOST_BYTES ((size_t)64 << 20)

static enum err none(const char *path, struct errinfo *e)
{
    return err_set(e, ERR_MISSING,
                   "%s: no chat template: a model that was not trained to answer",
                   path);
}

static enum err of_gguf(const char *path, const struct chat_family **out,
                        struct errinfo *e)
{
    struct gguf *g = NULL;
    const char *text = NULL;
    TRY(gguf_open(path, &g, e));
    enum err rc = gguf_text(g, "tokenizer.chat_template", false, &text, e);
    if (rc == OK) {
        rc = text ? chat_find(text, path, out, e) : none(path, e);
    }
    gguf_close(g);
    return rc;
}

/* The template of a tokenizer_config.json; NULL: none. */
static const char *member(const cJSON *config)
{
    const cJSON *t = cJSON_GetObjectItemCaseSensitive(config, "chat_template");
    const cJSON *list = cJSON_IsArray(t) ? t : NULL, *one = NULL;
    cJSON_ArrayForEach(one, list)
    {
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(one, "name");
        if (cJSON_IsString(name) && strcmp(name->valuestring, "default") == 0) {
            t = cJSON_GetObjectItemCaseSensitive(one, "template");
            break;
        }
    }
    return cJSON_IsString(t) ? t->valuestring : NULL;
}

static enum err of_config(const char *path, const struct chat_family **out,
                          struct errinfo *e)
{
    cJSON *config = NULL;
    TRY(json_load(path, MOST_BYTES, &config, e));
    const char *text = member(config);
    const enum err rc = text ? chat_find(text, path, out, e) : none(path, e);
    cJSON_Delete(config);
    return rc;
}

enum err lm_chat(const struct lm *m, const struct chat_family **out, struct errinfo *e)
{
    char path[4096];
    char *text = NULL;
    if (!m->dir) {
        return none("model", e);
    }
    if (!file_is_dir(m->dir)) {
        return of_gguf(m->dir, out, e);
    }
    TRY(path_join(path, sizeof path, m->dir, "chat_template.jinja", e));
    if (file_exists(path)) {
        TRY(file_read_text(path, MOST_BYTES, &text, e));
        const enum err rc = chat_find(text, path, out, e);
        mem_free(text);
        return rc;
    }
    TRY(path_join(path, sizeof path, m->dir, "tokenizer_config.json", e));
    return file_exists(path) ? of_config(path, out, e) : none(m->dir, e);
}
