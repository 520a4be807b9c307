/* Fixture of the tests of chat templates: the families of fixtures/chat.json, each with
 * its tokenizer. */
#ifndef SAETOP_TESTS_CHAT_FIXTURE_H
#define SAETOP_TESTS_CHAT_FIXTURE_H

#include "base/json.h"
#include "text/tok.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A JSON file of the fixtures; NULL, with e, where it can't be read. cJSON_Delete. */
static inline cJSON *chat_fixture_load(const char *name, struct errinfo *e)
{
    char path[512];
    cJSON *root = NULL;
    (void)snprintf(path, sizeof path, "%.300s/%.100s", getenv("SAETOP_FIXTURES"), name);
    return json_load(path, 4u << 20, &root, e) == OK ? root : NULL;
}

static inline const char *chat_fixture_text(const cJSON *obj, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(obj, key)->valuestring;
}

/* The family's tokenizer: a small one with special tokens added. NULL, with e, for
 * none; tok_free. */
static inline struct tok *chat_fixture_tok(const cJSON *family, struct errinfo *e)
{
    char path[128];
    struct tok *t = NULL;
    (void)snprintf(path, sizeof path, "tokenizers/%.60s/tokenizer.json",
                   chat_fixture_text(family, "base"));
    cJSON *root = chat_fixture_load(path, e);
    if (!root) {
        return NULL;
    }
    cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "added_tokens");
    const cJSON *one = NULL;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(family, "added"))
    {
        cJSON *add = cJSON_Duplicate(one, true);
        cJSON_AddBoolToObject(add, "special", true);
        cJSON_AddItemToArray(list, add);
    }
    char *json = cJSON_PrintUnformatted(root);
    const enum err rc = tok_parse(json, strlen(json), "tokenizer.json", &t, e);
    cJSON_free(json);
    cJSON_Delete(root);
    return rc == OK ? t : NULL;
}

#endif
