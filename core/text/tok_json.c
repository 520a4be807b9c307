/* tokenizer.json: what all kinds share. */
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "text/tok_chars.h"
#include "text/tok_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

static int by_id(const void *a, const void *b)
{
    const struct tok_added *x = a;
    const struct tok_added *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

/* In this order, since the default of the last follows from the first. */
static const struct {
    const char *key;
    enum tok_flag flag;
} added_flags[] = {{"special", TOK_SPECIAL},
                   {"single_word", TOK_SINGLE_WORD},
                   {"lstrip", TOK_LSTRIP},
                   {"rstrip", TOK_RSTRIP},
                   {"normalized", TOK_NORMALIZED}};
#define N_ADDED_FLAGS (sizeof added_flags / sizeof *added_flags)

static enum err read_added(const cJSON *item, const char *file, size_t i,
                           struct tok_added *out, struct errinfo *e)
{
    char path[64];
    (void)snprintf(path, sizeof path, "added_tokens[%zu]", i);
    if (!cJSON_IsObject(item)) {
        return err_set(e, ERR_FORMAT, "%s: %s: expected an object", file, path);
    }
    const struct json_at at = {file, path};
    int64_t id = 0;
    TRY(json_int(at, item, "id", true, 0, (int64_t)TOK_MAX_VOCAB - 1, &id, e));
    TRY(json_str(at, item, "content", true, &out->text, e));
    out->id = (int32_t)id;
    if (strlen(out->text) > TOK_MAX_PIECE) {
        return err_set(e, ERR_LIMIT, "%s: %s.content: %zu bytes, expected at most %zu",
                       file, path, strlen(out->text), TOK_MAX_PIECE);
    }
    out->flags = TOK_ADDED;
    for (size_t k = 0; k < N_ADDED_FLAGS; k++) {
        /* The library's default of "normalized": true for tokens that are not
         * special. */
        bool on = added_flags[k].flag == TOK_NORMALIZED &&
                  !(out->flags & (uint32_t)TOK_SPECIAL);
        TRY(json_bool(at, item, added_flags[k].key, false, &on, e));
        out->flags |= on ? (uint32_t)added_flags[k].flag : 0u;
    }
    return OK;
}

enum err tok_json_added(const cJSON *root, const char *file, struct tok_added **out,
                        size_t *n, struct errinfo *e)
{
    const cJSON *list = NULL;
    TRY(json_arr((struct json_at){file, ""}, root, "added_tokens", false, &list, e));
    const int size = list ? cJSON_GetArraySize(list) : 0;
    struct tok_added *added = NULL;
    TRY(mem_new(&added, (size_t)size, sizeof *added, "added tokens", e));
    enum err rc = OK;
    size_t i = 0;
    for (const cJSON *item = list ? list->child : NULL; item; item = item->next, i++) {
        TRY_OUT(rc, read_added(item, file, i, &added[i], e));
    }
    if (i > 0) {
        qsort(added, i, sizeof *added, by_id);
    }
    for (size_t k = 1; k < i; k++) {
        if (added[k].id == added[k - 1].id) {
            rc = err_set(e, ERR_FORMAT, "%s: added_tokens: id %d stands twice", file,
                         (int)added[k].id);
            goto out;
        }
    }
    *out = added;
    *n = i;
    return OK;
out:
    mem_free(added);
    return rc;
}

enum err tok_json_pattern(struct json_at at, const cJSON *spec, struct tok_pattern *out,
                          struct errinfo *e)
{
    static const char *const keys[] = {"Regex", "String"};
    const cJSON *pattern = NULL;
    TRY(json_obj(at, spec, "pattern", true, &pattern, e));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *text = NULL;
        TRY(json_str(at, pattern, keys[i], false, &text, e));
        if (text) {
            *out = (struct tok_pattern){text, i == 1};
            return OK;
        }
    }
    return err_set(e, ERR_FORMAT, "%s: %s.pattern: expected a Regex or a String",
                   at.file, at.path);
}

enum err tok_json_mark(struct json_at at, const cJSON *spec, const char **out,
                       struct errinfo *e)
{
    const char *mark = "";
    TRY(json_str(at, spec, "replacement", true, &mark, e));
    uint32_t c = UTF8_INVALID;
    if (!*mark || utf8_next(mark, strlen(mark), &c) != strlen(mark) ||
        c == UTF8_INVALID) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s.replacement: found \"%.60s\", expected one character",
                       at.file, at.path, mark);
    }
    *out = mark;
    return OK;
}

enum err tok_parse_tree(const cJSON *root, const char *name, struct tok **out,
                        struct errinfo *e)
{
    if (!cJSON_IsObject(root)) {
        return err_set(e, ERR_FORMAT, "%s: expected a JSON object", name);
    }
    const cJSON *model = NULL;
    TRY(json_obj((struct json_at){name, ""}, root, "model", true, &model, e));
    /* Files of the library's first years have no type; merges tell BPE. */
    const char *type =
        cJSON_GetObjectItemCaseSensitive(model, "merges") ? "BPE" : "unknown";
    TRY(json_str((struct json_at){name, "model"}, model, "type", false, &type, e));
    const struct tok_kind *kind = tok_kind_find(type);
    if (!kind) {
        struct str names;
        str_init(&names, 256);
        tok_kind_names(&names);
        const enum err rc =
            err_set(e, ERR_FORMAT, "%s: model.type: found \"%.60s\", expected %s", name,
                    type, names.p);
        str_free(&names);
        return rc;
    }
    struct tok *t = NULL;
    TRY(kind->parse(root, name, &t, e));
    const enum err rc = tok_json_around(t, root, name, e);
    if (rc != OK) {
        tok_free(t);
        return rc;
    }
    *out = t;
    return OK;
}

enum err tok_parse(const char *json, size_t len, const char *name, struct tok **out,
                   struct errinfo *e)
{
    if (len > TOK_MAX_JSON) {
        return err_set(e, ERR_LIMIT, "%s: %zu bytes, expected at most %zu", name, len,
                       TOK_MAX_JSON);
    }
    if (!text_is_valid(json, len)) {
        return err_set(e, ERR_FORMAT, "%s: not valid UTF-8, expected JSON", name);
    }
    cJSON *root = NULL;
    TRY(json_parse(json, len, name, &root, e));
    const enum err rc = tok_parse_tree(root, name, out, e);
    cJSON_Delete(root);
    return rc;
}

enum err tok_load(const char *path, struct tok **out, struct errinfo *e)
{
    char *text = NULL;
    size_t len = 0;
    TRY(file_read(path, TOK_MAX_JSON, &text, &len, e));
    const enum err rc = tok_parse(text, len, path, out, e);
    mem_free(text);
    return rc;
}

/* ---- writing ---- */

enum err tok_print(const struct tok *t, struct str *out, struct errinfo *e)
{
    str_add(out, "{\n  \"version\": \"1.0\",\n  \"truncation\": null,\n"
                 "  \"padding\": null,\n  \"added_tokens\": [");
    const char *comma = "\n";
    for (size_t id = 0; id < t->vocab; id++) {
        const struct tok_entry *en = &t->entry[id];
        if (!(en->flags & (uint32_t)TOK_ADDED)) {
            continue;
        }
        str_addf(out, "%s    {\"id\": %zu, \"content\": ", comma, id);
        json_add_string(out, tok_added_text(t, en).p, tok_added_text(t, en).len);
        for (size_t k = 1; k <= N_ADDED_FLAGS; k++) { /* "special" last */
            const size_t i = k % N_ADDED_FLAGS;
            str_addf(out, ", \"%s\": %s", added_flags[i].key,
                     en->flags & (uint32_t)added_flags[i].flag ? "true" : "false");
        }
        str_addc(out, '}');
        comma = ",\n";
    }
    str_add(out, "\n  ]");
    TRY(t->kind->print(t, out, e));
    str_add(out, "\n}\n");
    return str_err(out, "tokenizer.json", e);
}

enum err tok_print_settings(const struct tok *t, size_t max_tokens, struct str *out,
                            struct errinfo *e)
{
    static const struct {
        const char *key;
        enum tok_role role;
    } roles[] = {{"bos_token", TOK_BOS},
                 {"eos_token", TOK_EOS},
                 {"pad_token", TOK_PAD},
                 {"mask_token", TOK_MASK}};
    /* A class of a model's own, such as GPT-2's, would make a tokenizer of its own from
     * the vocabulary: words merged that ignore_merges keeps whole, and a token added.
     * The text of a special token is split like any other, as in tok_encode. */
    str_addf(out,
             "{\n  \"tokenizer_class\": \"PreTrainedTokenizerFast\",\n"
             "  \"model_max_length\": %zu,\n"
             "  \"clean_up_tokenization_spaces\": false,\n"
             "  \"split_special_tokens\": true",
             max_tokens);
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        const int32_t id = t->role[roles[i].role];
        if (id >= 0) {
            const struct tok_entry *en = &t->entry[id];
            str_addf(out, ",\n  \"%s\": ", roles[i].key);
            json_add_string(out, tok_added_text(t, en).p, tok_added_text(t, en).len);
        }
    }
    str_add(out, "\n}\n");
    return str_err(out, "tokenizer_config.json", e);
}

static enum err write_text(enum err rc, struct str *text, const char *path,
                           struct errinfo *e)
{
    if (rc == OK) {
        const struct file_piece part = {text->p, text->len};
        rc = file_write(path, &part, 1, e);
    }
    str_free(text);
    return rc;
}

enum err tok_save(const struct tok *t, const char *dir, size_t max_tokens,
                  struct errinfo *e)
{
    char path[4096];
    struct str out;
    str_init(&out, TOK_MAX_JSON);
    TRY(path_join(path, sizeof path, dir, "tokenizer.json", e));
    TRY(write_text(tok_print(t, &out, e), &out, path, e));
    TRY(path_join(path, sizeof path, dir, "tokenizer_config.json", e));
    return write_text(tok_print_settings(t, max_tokens, &out, e), &out, path, e);
}
