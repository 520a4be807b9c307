/* Model directories in Hugging Face layout: config.json, model.safetensors (or
 * sharded), tokenizer.json. Names and orientation of GPT-2's tensors as in
 * transformers. */
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/safetensors.h"
#include "lm/lm.h"
#include "lm/lm_config.h"
#include "lm/lm_tensor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_CAP    4096
#define INDEX_BYTES (64u << 20)
#define MAX_SHARDS  1000

/* ---- config.json ---- */

static enum err load_config(const char *dir, struct lm_config *out, struct errinfo *e)
{
    char path[PATH_CAP];
    char *text = NULL;
    size_t len = 0;
    TRY(path_join(path, sizeof path, dir, "config.json", e));
    TRY(file_read(path, LM_CONFIG_BYTES, &text, &len, e));
    const enum err rc = lm_config_parse(text, len, path, out, e);
    mem_free(text);
    return rc;
}

/* ---- the weights, in one file or several ---- */

struct shards {
    const char *dir;
    char *name[MAX_SHARDS]; /* file names; the files are opened as they are needed */
    struct st_file *file[MAX_SHARDS];
    size_t n;
    cJSON *index;        /* the whole of model.safetensors.index.json, or NULL */
    const cJSON **entry; /* [entries] members of its weight_map, by name */
    size_t entries;
    char index_path[PATH_CAP];
};

static void shards_close(struct shards *s)
{
    for (size_t i = 0; i < s->n; i++) {
        st_close(s->file[i]);
        mem_free(s->name[i]);
    }
    mem_free(s->entry);
    cJSON_Delete(s->index);
    mem_free(s);
}

/* The open file of that name; a name from an index must stay in the directory, where it
 * may be a link, as in the cache of the Hugging Face hub. */
static enum err shard_open(struct shards *s, const char *name,
                           const struct st_file **out, struct errinfo *e)
{
    for (size_t i = 0; i < s->n; i++) {
        if (strcmp(s->name[i], name) == 0) {
            *out = s->file[i];
            return OK;
        }
    }
    if (strchr(name, '/') || name[0] == '.' || name[0] == '\0') {
        return err_set(
            e, ERR_FORMAT,
            "%s: weight_map: found file \"%.60s\", expected a plain file name",
            s->index_path, name);
    }
    if (s->n == MAX_SHARDS) {
        return err_set(e, ERR_LIMIT, "%s: weight_map: more than %d files",
                       s->index_path, MAX_SHARDS);
    }
    char path[PATH_CAP];
    TRY(path_join(path, sizeof path, s->dir, name, e));
    struct st_file *file = NULL;
    TRY(st_open(path, &file, e));
    char *copy = mem_strdup(name);
    if (!copy) {
        st_close(file);
        return err_set(e, ERR_NOMEM, "%s: out of memory", path);
    }
    s->name[s->n] = copy;
    s->file[s->n++] = file;
    *out = file;
    return OK;
}

static int compare_entry(const void *a, const void *b)
{
    const cJSON *const *x = a, *const *y = b;
    return strcmp((*x)->string, (*y)->string);
}

/* Each tensor's file, in the order of names, so that they can be searched. */
static enum err index_open(struct shards *s, struct errinfo *e)
{
    const cJSON *map = NULL, *v = NULL;
    TRY(json_load(s->index_path, INDEX_BYTES, &s->index, e));
    TRY(json_obj((struct json_at){s->index_path, ""}, s->index, "weight_map", true,
                 &map, e));
    size_t n = 0;
    cJSON_ArrayForEach(v, map)
    {
        n++;
    }
    TRY(mem_new(&s->entry, n, sizeof *s->entry, s->index_path, e));
    cJSON_ArrayForEach(v, map)
    {
        if (!cJSON_IsString(v)) {
            return err_set(e, ERR_FORMAT,
                           "%s: weight_map.%.80s: expected the name of a file",
                           s->index_path, v->string);
        }
        s->entry[s->entries++] = v;
    }
    qsort(s->entry, n, sizeof *s->entry, compare_entry);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(s->entry[i - 1]->string, s->entry[i]->string) == 0) {
            return err_set(e, ERR_FORMAT,
                           "%s: weight_map.%.80s: found twice, expected once",
                           s->index_path, s->entry[i]->string);
        }
    }
    return OK;
}

/* The file of a tensor, or NULL. */
static const char *index_find(const struct shards *s, char *name)
{
    const cJSON key = {.string = name};
    const cJSON *at = &key;
    const cJSON **found = s->entries > 0 ? bsearch(&at, s->entry, s->entries,
                                                   sizeof *s->entry, compare_entry)
                                         : NULL;
    return found ? (*found)->valuestring : NULL;
}

static enum err shards_open(const char *dir, struct shards **out, struct errinfo *e)
{
    char path[PATH_CAP];
    struct shards *s = NULL;
    const struct st_file *single = NULL;
    TRY(mem_new(&s, 1, sizeof *s, "list of weight files", e));
    s->dir = dir;
    enum err rc = path_join(s->index_path, sizeof s->index_path, dir,
                            "model.safetensors.index.json", e);
    if (rc != OK) {
        goto out;
    }
    TRY_OUT(rc, path_join(path, sizeof path, dir, "model.safetensors", e));
    if (!file_exists(path) && file_exists(s->index_path)) {
        TRY_OUT(rc, index_open(s, e));
    } else {
        TRY_OUT(rc, shard_open(s, "model.safetensors", &single, e));
    }
    *out = s;
    return OK;
out:
    shards_close(s);
    return rc;
}

static const char *const PREFIXES[] = {"", "transformer."};
#define N_PREFIXES (sizeof PREFIXES / sizeof PREFIXES[0])

/* The file that holds tensor `name` with or without the prefix, and its full name. */
static enum err shards_find(struct shards *s, const char *name,
                            const struct st_file **file, char full[96],
                            struct errinfo *e)
{
    for (size_t i = 0; i < N_PREFIXES; i++) {
        (void)snprintf(full, 96, "%s%s", PREFIXES[i], name);
        if (!s->index) {
            if (st_find(s->file[0], full)) {
                *file = s->file[0];
                return OK;
            }
            continue;
        }
        const char *in = index_find(s, full);
        if (in) {
            return shard_open(s, in, file, e);
        }
    }
    return err_set(e, ERR_FORMAT,
                   "%s%s%s: no tensor %s, with or without \"transformer.\"",
                   s->index ? s->index_path : s->dir, s->index ? "" : "/",
                   s->index ? "" : s->name[0], name);
}

static void shape_text(const size_t *shape, size_t ndim, char out[128])
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < ndim && used < 100; i++) {
        used +=
            (size_t)snprintf(out + used, 128 - used, "%s%zu", i ? ", " : "", shape[i]);
    }
}

/* Whether every tensor is there in its shape, before anything of that size is
 * allocated: what the configuration claims is then bounded by the size of the files. */
static enum err check_shapes(struct shards *s, const struct lm_config *cfg,
                             struct errinfo *e)
{
    const size_t n = lm_tensor_count(cfg);
    for (size_t i = 0; i < n; i++) {
        const struct lm_tensor want = lm_tensor_at(cfg, NULL, i);
        const struct st_file *file = NULL;
        char full[96];
        TRY(shards_find(s, want.name, &file, full, e));
        const struct st_tensor *t = st_find(file, full);
        bool same = t && t->ndim == want.ndim;
        for (size_t d = 0; same && d < want.ndim; d++) {
            same = t->shape[d] == want.shape[d];
        }
        if (!same) {
            char found[128] = "nothing";
            char expected[128];
            if (t) {
                shape_text(t->shape, t->ndim, found);
            }
            shape_text(want.shape, want.ndim, expected);
            return err_set(e, ERR_FORMAT,
                           "%s: tensor %s: found shape [%s], expected [%s] from "
                           "config.json",
                           s->dir, full, found, expected);
        }
    }
    return OK;
}

static enum err read_tensors(struct shards *s, struct lm *m, struct errinfo *e)
{
    const size_t n = lm_tensor_count(&m->cfg);
    for (size_t i = 0; i < n; i++) {
        const struct lm_tensor t = lm_tensor_at(&m->cfg, &m->w, i);
        const struct st_file *file = NULL;
        char full[96];
        TRY(shards_find(s, t.name, &file, full, e));
        TRY(st_read_f32(file, full, t.shape, t.ndim, t.p, e));
    }
    return OK;
}

/* ---- load ---- */

static uint64_t model_hash(const struct lm *m)
{
    const uint64_t sizes[] = {m->cfg.n_layer, m->cfg.n_head, m->cfg.d_model,
                              m->cfg.d_ff,    m->cfg.n_ctx,  m->cfg.vocab};
    uint64_t h =
        hash_bytes(HASH_START, m->cfg.family->name, strlen(m->cfg.family->name));
    h = hash_bytes(h, sizes, sizeof sizes);
    h = hash_bytes(h, &m->cfg.ln_eps, sizeof m->cfg.ln_eps);
    return hash_bytes(h, m->w.arena, m->w.count * sizeof *m->w.arena);
}

static enum err load_into(const char *dir, struct lm *m, struct errinfo *e)
{
    TRY(load_config(dir, &m->cfg, e));
    struct shards *s = NULL;
    TRY(shards_open(dir, &s, e));
    enum err rc = check_shapes(s, &m->cfg, e);
    if (rc == OK) {
        rc = lm_weights_init(&m->w, &m->cfg, e);
    }
    if (rc == OK) {
        rc = read_tensors(s, m, e);
    }
    shards_close(s);
    TRY(rc);
    TRY(tok_load_dir(dir, &m->tok, e));
    if (tok_vocab(m->tok) > m->cfg.vocab) {
        return err_set(e, ERR_FORMAT,
                       "%s: tokenizer: found %zu ids, expected at most vocab_size %zu",
                       dir, tok_vocab(m->tok), m->cfg.vocab);
    }
    m->dir = mem_strdup(dir);
    if (!m->dir) {
        return err_set(e, ERR_NOMEM, "%s: out of memory", dir);
    }
    m->hash = model_hash(m);
    return OK;
}

enum err lm_load(const char *dir, struct lm **out, struct errinfo *e)
{
    if (!file_is_dir(dir)) {
        return err_set(e, ERR_MISSING,
                       "%s: %s, expected a model directory with config.json, "
                       "model.safetensors and tokenizer.json",
                       dir, file_exists(dir) ? "not a directory" : "not found");
    }
    struct lm *m = NULL;
    TRY(mem_new(&m, 1, sizeof *m, "model", e));
    const enum err rc = load_into(dir, m, e);
    if (rc != OK) {
        lm_free(m);
        return rc;
    }
    *out = m;
    return OK;
}

void lm_free(struct lm *m)
{
    if (!m) {
        return;
    }
    lm_weights_deinit(&m->w);
    tok_free(m->tok);
    mem_free(m->dir);
    mem_free(m);
}

/* ---- save ---- */

static enum err save_config(const struct lm *m, const char *dir, struct errinfo *e)
{
    char path[PATH_CAP];
    TRY(path_join(path, sizeof path, dir, "config.json", e));
    struct str s;
    str_init(&s, LM_CONFIG_BYTES);
    lm_config_print(&m->cfg, m->tok, &s);
    enum err rc = str_err(&s, path, e);
    if (rc == OK) {
        rc = file_write_text(path, s.p, e);
    }
    str_free(&s);
    return rc;
}

static enum err save_weights(const struct lm *m, const char *dir, struct errinfo *e)
{
    char path[PATH_CAP];
    TRY(path_join(path, sizeof path, dir, "model.safetensors", e));
    const size_t n = lm_tensor_count(&m->cfg);
    struct st_tensor *list = NULL;
    char(*names)[96] = NULL;
    TRY(mem_new(&list, n, sizeof *list, "list of tensors", e));
    enum err rc = mem_new(&names, n, sizeof *names, "list of tensor names", e);
    if (rc == OK) {
        for (size_t i = 0; i < n; i++) {
            const struct lm_tensor t = lm_tensor_at(&m->cfg, &m->w, i);
            (void)snprintf(names[i], sizeof names[i], "transformer.%s", t.name);
            list[i] = (struct st_tensor){.name = names[i],
                                         .dtype = ST_F32,
                                         .ndim = t.ndim,
                                         .shape = {t.shape[0], t.shape[1]},
                                         .data = t.p,
                                         .bytes = t.count * sizeof *t.p};
        }
        /* transformers refuses a file that does not say which framework wrote it. */
        const struct st_meta_entry meta = {"format", "pt"};
        rc = st_write(path, list, n, &meta, 1, e);
    }
    mem_free(names);
    mem_free(list);
    return rc;
}

enum err lm_save(const struct lm *m, const char *dir, struct errinfo *e)
{
    TRY(file_mkdirs(dir, e));
    TRY(tok_save(m->tok, dir, m->cfg.n_ctx, e));
    TRY(save_weights(m, dir, e));
    return save_config(m, dir, e);
}
