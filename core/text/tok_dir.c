/* The tokenizer of a model directory: its files, and which tokens begin, end, pad and
 * mask. */
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "text/tok_arrays.h"
#include "text/tok_chars.h"
#include "text/tok_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_CAP        4096
#define MAX_CONFIG_JSON ((size_t)64 << 20)

/* ---- the small files ---- */

/* Files that say which tokens are special; each NULL where the file is missing. */
struct configs {
    cJSON *tokenizer; /* tokenizer_config.json */
    cJSON *special;   /* special_tokens_map.json */
    cJSON *model;     /* config.json */
};

/* Loads all of a file in UTF-8; release with mem_free. */
static enum err load_text(const char *path, size_t max, const char *expected,
                          char **text, size_t *len, struct errinfo *e)
{
    TRY(file_read(path, max, text, len, e));
    if (text_is_valid(*text, *len)) {
        return OK;
    }
    mem_free(*text);
    return err_set(e, ERR_FORMAT, "%s: not valid UTF-8, expected %s", path, expected);
}

static enum err load_json(const char *path, size_t max, cJSON **out, struct errinfo *e)
{
    char *text = NULL;
    size_t len = 0;
    TRY(load_text(path, max, "JSON", &text, &len, e));
    const enum err rc = json_parse(text, len, path, out, e);
    mem_free(text);
    return rc;
}

static enum err load_config(const char *dir, const char *name, cJSON **out,
                            struct errinfo *e)
{
    char path[PATH_CAP];
    TRY(path_join(path, sizeof path, dir, name, e));
    if (!file_exists(path)) {
        return OK;
    }
    TRY(load_json(path, MAX_CONFIG_JSON, out, e));
    return cJSON_IsObject(*out)
               ? OK
               : err_set(e, ERR_FORMAT, "%s: expected a JSON object", path);
}

static void configs_free(struct configs *c)
{
    cJSON_Delete(c->tokenizer);
    cJSON_Delete(c->special);
    cJSON_Delete(c->model);
}

static enum err configs_load(const char *dir, struct configs *c, struct errinfo *e)
{
    TRY(load_config(dir, "tokenizer_config.json", &c->tokenizer, e));
    TRY(load_config(dir, "special_tokens_map.json", &c->special, e));
    return load_config(dir, "config.json", &c->model, e);
}

static const struct {
    enum tok_role role;
    const char *text, *id; /* members by which files name it */
} roles[] = {{TOK_BOS, "bos_token", "bos_token_id"},
             {TOK_EOS, "eos_token", "eos_token_id"},
             {TOK_PAD, "pad_token", "pad_token_id"},
             {TOK_MASK, "mask_token", "mask_token_id"}};
#define N_ROLES (sizeof roles / sizeof *roles)

/* Returns the text of "bos_token": a text, or an added token's "content"; NULL for
 * none. */
static const char *named(const cJSON *config, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(config, key);
    v = cJSON_IsObject(v) ? cJSON_GetObjectItemCaseSensitive(v, "content") : v;
    return cJSON_IsString(v) && *v->valuestring ? v->valuestring : NULL;
}

/* Returns "bos_token_id": an id, or the first of several; -1 for none. */
static int32_t id_of(const struct tok *t, const cJSON *config, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(config, key);
    v = cJSON_IsArray(v) ? v->child : v;
    size_t len = 0;
    if (!cJSON_IsNumber(v) || !(v->valuedouble >= 0) ||
        v->valuedouble >= (double)t->vocab ||
        !tok_piece_view(t, (int32_t)v->valuedouble, &len)) {
        return -1;
    }
    return (int32_t)v->valuedouble;
}

/* Sets roles from the tokenizer's own files, then the model's; where neither names a
 * token in the vocabulary, the one that tok_finish found by the usual names stays. */
static void set_roles(struct tok *t, const struct configs *c)
{
    for (size_t i = 0; i < N_ROLES; i++) {
        const cJSON *own[] = {c->tokenizer, c->special};
        int32_t id = -1;
        for (size_t k = 0; k < 2 && id < 0; k++) {
            const char *text = named(own[k], roles[i].text);
            id = text ? tok_added_id(t, text) : -1;
        }
        id = id >= 0 ? id : id_of(t, c->model, roles[i].id);
        t->role[roles[i].role] = id >= 0 ? id : t->role[roles[i].role];
    }
}

/* ---- vocab.json and merges.txt ---- */

/* Whether a line is two words with a blank between them. */
static bool is_merge(const char *line, size_t n)
{
    const char *gap = memchr(line, ' ', n);
    const size_t first = gap ? (size_t)(gap - line) : n;
    return first > 0 && first + 1 < n && !memchr(line, '\0', n) &&
           !memchr(gap + 1, ' ', n - first - 1) && n <= 2 * TOK_MAX_PIECE;
}

/* Loads the lines of merges.txt, except its head, as an array. */
static enum err load_merges(const char *path, cJSON *list, struct errinfo *e)
{
    char *text = NULL;
    size_t len = 0;
    TRY(load_text(path, TOK_MAX_JSON, "lines of \"a b\"", &text, &len, e));
    enum err rc = OK;
    size_t number = 0;
    for (char *line = text; line < text + len && rc == OK;) {
        char *end = memchr(line, '\n', (size_t)(text + len - line));
        char *next = end ? end + 1 : text + len;
        size_t n = (size_t)((end ? end : next) - line);
        n -= n > 0 && line[n - 1] == '\r';
        number++;
        const bool head = number == 1 && n >= 8 && memcmp(line, "#version", 8) == 0;
        if (n > 0 && !head) {
            if (!is_merge(line, n)) {
                rc = err_set(e, ERR_FORMAT, "%s: line %zu: expected \"a b\"", path,
                             number);
                break;
            }
            char *copy = mem_alloc(n + 1, 1);
            if (copy) {
                memcpy(copy, line, n);
            }
            cJSON *item = copy ? cJSON_CreateString(copy) : NULL;
            mem_free(copy);
            if (!item || !cJSON_AddItemToArray(list, item)) {
                cJSON_Delete(item);
                rc = err_set(e, ERR_NOMEM, "%s: out of memory", path);
            }
        }
        line = next;
    }
    mem_free(text);
    return rc;
}

static bool is_id(const cJSON *v)
{
    return cJSON_IsNumber(v) && v->valuedouble >= 0 &&
           v->valuedouble < (double)TOK_MAX_VOCAB && !(fmod(v->valuedouble, 1.0) > 0);
}

/* Loads added_tokens.json, an id for each text; NULL where it is missing. */
static enum err load_extra(const char *dir, cJSON **out, struct errinfo *e)
{
    char path[PATH_CAP], found[128];
    TRY(load_config(dir, "added_tokens.json", out, e));
    TRY(path_join(path, sizeof path, dir, "added_tokens.json", e));
    for (const cJSON *v = *out ? (*out)->child : NULL; v; v = v->next) {
        if (!is_id(v)) {
            return err_set(e, ERR_FORMAT,
                           "%s: %.60s: found %s, expected an integer from 0 to %zu",
                           path, v->string, json_found(v, found), TOK_MAX_VOCAB - 1);
        }
    }
    return OK;
}

static bool add_token(cJSON *list, const char *text, double id, bool special)
{
    cJSON *item = cJSON_CreateObject();
    if (!item || !cJSON_AddItemToArray(list, item)) {
        cJSON_Delete(item);
        return false;
    }
    return cJSON_AddNumberToObject(item, "id", id) &&
           cJSON_AddStringToObject(item, "content", text) &&
           cJSON_AddBoolToObject(item, "special", special);
}

/* Makes added_tokens as in a tokenizer.json: those of added_tokens.json, and the
 * special ones that the configurations name, including GPT-2's <|endoftext|>. */
static bool add_tokens(const struct configs *c, const cJSON *vocab, const cJSON *extra,
                       cJSON *list)
{
    const cJSON *own[] = {c->tokenizer, c->special};
    const char *special[2 * N_ROLES + 1] = {"<|endoftext|>"};
    size_t n = 1;
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < N_ROLES; i++) {
            const char *text = named(own[k], roles[i].text);
            bool is_new = text != NULL;
            for (size_t j = 0; j < n && is_new; j++) {
                is_new = strcmp(special[j], text) != 0;
            }
            if (is_new) {
                special[n++] = text;
            }
        }
    }
    for (size_t i = 0; i < n; i++) {
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(extra, special[i]);
        id = id ? id : cJSON_GetObjectItemCaseSensitive(vocab, special[i]);
        if (cJSON_IsNumber(id) && !add_token(list, special[i], id->valuedouble, true)) {
            return false;
        }
    }
    for (const cJSON *v = extra ? extra->child : NULL; v; v = v->next) {
        bool is_special = false;
        for (size_t i = 0; i < n; i++) {
            is_special |= strcmp(special[i], v->string) == 0;
        }
        if (!is_special && !add_token(list, v->string, v->valuedouble, false)) {
            return false;
        }
    }
    return true;
}

struct claim {
    int32_t id;
    bool extra;
    const char *text;
};

static int by_id(const void *a, const void *b)
{
    const struct claim *x = a, *y = b;
    return x->id != y->id ? (x->id > y->id) - (x->id < y->id)
                          : (int)x->extra - (int)y->extra;
}

/* Refuses ids of added_tokens.json that another text has, there or in the
 * vocabulary. */
static enum err check_extra(const char *dir, const cJSON *vocab, const cJSON *extra,
                            struct errinfo *e)
{
    const cJSON *const from[] = {vocab, extra};
    struct claim *claim = NULL;
    size_t n = 0;
    enum err rc = OK;
    if (!extra) {
        return OK;
    }
    TRY(mem_new(&claim,
                (size_t)cJSON_GetArraySize(vocab) + (size_t)cJSON_GetArraySize(extra),
                sizeof *claim, "added tokens", e));
    for (size_t k = 0; k < 2; k++) {
        for (const cJSON *v = from[k]->child; v; v = v->next) {
            if (v->string && is_id(v)) {
                claim[n++] = (struct claim){(int32_t)v->valuedouble, k == 1, v->string};
            }
        }
    }
    if (n > 0) {
        qsort(claim, n, sizeof *claim, by_id);
    }
    for (size_t i = 1; i < n && rc == OK; i++) {
        const struct claim *a = &claim[i - 1], *b = &claim[i];
        if (a->id == b->id && b->extra && strcmp(a->text, b->text) != 0) {
            rc = err_set(e, ERR_FORMAT,
                         "%s/added_tokens.json: id %d is \"%.60s\", but \"%.60s\"%s",
                         dir, (int)b->id, b->text, a->text,
                         a->extra ? ", too" : " in vocab.json");
        }
    }
    mem_free(claim);
    return rc;
}

/* Makes *root, the tokenizer.json equivalent to the old files. */
static enum err old_files(const char *dir, const struct configs *c, cJSON *extra,
                          cJSON *root, struct errinfo *e)
{
    char path[PATH_CAP];
    cJSON *model = cJSON_AddObjectToObject(root, "model");
    cJSON *merges = cJSON_AddArrayToObject(model, "merges");
    cJSON *added = cJSON_AddArrayToObject(root, "added_tokens");
    cJSON *vocab = NULL;
    if (!merges || !added) {
        return err_set(e, ERR_NOMEM, "%s: out of memory", dir);
    }
    TRY(path_join(path, sizeof path, dir, "merges.txt", e));
    TRY(load_merges(path, merges, e));
    TRY(path_join(path, sizeof path, dir, "vocab.json", e));
    TRY(load_json(path, TOK_MAX_JSON, &vocab, e));
    const enum err rc = check_extra(dir, vocab, extra, e);
    const bool ok = rc == OK && add_tokens(c, vocab, extra, added);
    if (!cJSON_AddItemToObject(model, "vocab", vocab)) {
        cJSON_Delete(vocab);
        return err_set(e, ERR_NOMEM, "%s: out of memory", dir);
    }
    TRY(rc);
    return ok ? OK : err_set(e, ERR_NOMEM, "%s: out of memory", dir);
}

static enum err load_old(const char *dir, const struct configs *c, struct tok **out,
                         struct errinfo *e)
{
    char path[PATH_CAP];
    /* Qwen2's class has a pattern and a normalizer of its own; others that have such
     * files have GPT-2's. */
    const char *class = named(c->tokenizer, "tokenizer_class");
    const bool is_qwen = class && strncmp(class, "Qwen", 4) == 0;
    cJSON *root = NULL, *extra = NULL;
    enum err rc = OK;
    TRY_OUT(rc, load_extra(dir, &extra, e));
    TRY_OUT(rc, arrays_parts(is_qwen ? "qwen2" : "gpt-2", dir, &root, e));
    TRY_OUT(rc, old_files(dir, c, extra, root, e));
    TRY_OUT(rc, path_join(path, sizeof path, dir, "vocab.json", e));
    rc = tok_parse_tree(root, path, out, e);
out:
    cJSON_Delete(root);
    cJSON_Delete(extra);
    return rc;
}

/* ---- the directory ---- */

static enum err no_tokenizer(const char *dir, struct errinfo *e)
{
    char path[PATH_CAP];
    TRY(path_join(path, sizeof path, dir, "tokenizer.model", e));
    return err_set(e, ERR_MISSING,
                   "%s: found no tokenizer.json, nor vocab.json and merges.txt%s", dir,
                   file_exists(path)
                       ? "; tokenizer.model alone is not read: save it with "
                         "transformers, which writes tokenizer.json"
                       : "");
}

static enum err load_files(const char *dir, const struct configs *c, struct tok **out,
                           struct errinfo *e)
{
    static const char *const old[] = {"vocab.json", "merges.txt"};
    char path[PATH_CAP];
    TRY(path_join(path, sizeof path, dir, "tokenizer.json", e));
    if (file_exists(path)) {
        return tok_load(path, out, e);
    }
    for (size_t i = 0; i < 2; i++) {
        TRY(path_join(path, sizeof path, dir, old[i], e));
        if (!file_exists(path)) {
            return no_tokenizer(dir, e);
        }
    }
    return load_old(dir, c, out, e);
}

enum err tok_load_dir(const char *dir, struct tok **out, struct errinfo *e)
{
    struct configs c = {0};
    struct tok *t = NULL;
    enum err rc = OK;
    TRY_OUT(rc, configs_load(dir, &c, e));
    TRY_OUT(rc, load_files(dir, &c, &t, e));
    set_roles(t, &c);
    *out = t;
out:
    configs_free(&c);
    return rc;
}
