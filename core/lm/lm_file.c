/* Model directories in Hugging Face layout: config.json, weights, tokenizer.json; and
 * GGUF files, which hold all of these. */
#include "base/file.h"
#include "base/infile.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/safetensors.h"
#include "lm/lm.h"
#include "lm/lm_config.h"
#include "lm/lm_gguf.h"
#include "lm/lm_store_priv.h"
#include "lm/lm_tensor.h"

#include <stdio.h>
#include <string.h>

#define PATH_CAP 4096

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

/* ---- load ---- */

/* Ids of the tokenizer without a row in the model are an error if they could occur: the
 * marks that are put into rows. Others are refused when a text has one. */
static enum err check_ids(const struct lm *m, const char *path, struct errinfo *e)
{
    const struct {
        const char *what;
        int32_t id;
    } marks[] = {{"BOS", tok_bos(m->tok)}, {"EOS", tok_eos(m->tok)}};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (marks[i].id >= 0 && (size_t)marks[i].id >= m->cfg.vocab) {
            return err_set(e, ERR_FORMAT,
                           "%s: found %d as the id of the %s token, expected less than "
                           "%zu, the rows of the embedding",
                           path, marks[i].id, marks[i].what, m->cfg.vocab);
        }
    }
    return OK;
}

/* Adds members of peft's adapter_config.json to the line that refuses it. */
static enum err say_adapter(const char *path, const cJSON *root, struct errinfo *e)
{
    const struct json_at at = {path, ""};
    const char *kind = "", *model = "";
    char what[160] = "";
    TRY(json_str(at, root, "peft_type", false, &kind, e));
    TRY(json_str(at, root, "base_model_name_or_path", false, &model, e));
    if (kind[0] || model[0]) {
        snprintf(what, sizeof what, " (%.40s%s%s%.100s)", kind,
                 kind[0] && model[0] ? " " : "", model[0] ? "of " : "", model);
    }
    return err_set(e, ERR_FORMAT,
                   "%s: found an adapter%s, expected a whole model: merge it in with "
                   "merge_and_unload of peft, and save what that gives",
                   path, what);
}

/* Refuses an adapter, alone or beside the weights that it changes (transformers applies
 * it then): to leave it out would compute another model. */
static enum err refuse_adapter(const char *dir, struct errinfo *e)
{
    char path[PATH_CAP];
    cJSON *root = NULL;
    TRY(path_join(path, sizeof path, dir, "adapter_config.json", e));
    if (!file_exists(path)) {
        return OK;
    }
    TRY(json_load(path, LM_CONFIG_BYTES, &root, e));
    const enum err rc = say_adapter(path, root, e);
    cJSON_Delete(root);
    return rc;
}

static enum err load_dir(const char *dir, struct lm *m, struct errinfo *e)
{
    TRY(refuse_adapter(dir, e));
    TRY(load_config(dir, &m->cfg, e));
    TRY(lm_store_open(m, e));
    return tok_load_dir(dir, &m->tok, e);
}

static enum err load_gguf(const char *path, struct lm *m, struct errinfo *e)
{
    struct gguf *g = NULL;
    TRY(gguf_open(path, &g, e));
    enum err rc = lm_gguf_config(g, &m->cfg, e);
    rc = rc == OK ? lm_store_open(m, e) : rc;
    rc = rc == OK ? lm_gguf_tok(g, &m->tok, e) : rc;
    gguf_close(g);
    return rc;
}

/* Whether a regular file begins like a GGUF file. */
static bool is_gguf(const char *path)
{
    struct infile *f = NULL;
    uint8_t magic[4] = {0};
    if (infile_open(path, &f, NULL) != OK) {
        return false;
    }
    const bool read = infile_get(f, 0, magic, sizeof magic, NULL) == OK;
    infile_close(f);
    return read && gguf_is(magic, sizeof magic);
}

bool lm_may_be(const char *path)
{
    return file_is_dir(path) || is_gguf(path);
}

bool lm_is_model(const char *path)
{
    struct json_at at = {path, ""};
    struct errinfo unsaid;
    char config[PATH_CAP];
    cJSON *root = NULL;
    const char *type = "";
    if (!file_is_dir(path)) {
        return is_gguf(path);
    }
    const bool is =
        path_join(config, sizeof config, path, "config.json", &unsaid) == OK &&
        json_load(config, LM_CONFIG_BYTES, &root, &unsaid) == OK &&
        json_str(at, root, "model_type", true, &type, &unsaid) == OK;
    cJSON_Delete(root);
    return is;
}

/* ERR_MISSING if path is a model of neither form. */
static enum err find_form(const char *path, bool *dir, struct errinfo *e)
{
    *dir = file_is_dir(path);
    if (lm_may_be(path)) {
        return OK;
    }
    return err_set(e, ERR_MISSING,
                   "%s: %s, expected a model directory with config.json, "
                   "model.safetensors and tokenizer.json, or a GGUF file",
                   path, file_exists(path) ? "not a directory" : "not found");
}

enum err lm_load_tok(const char *path, struct tok **out, struct errinfo *e)
{
    struct gguf *g = NULL;
    bool dir = false;
    TRY(find_form(path, &dir, e));
    if (dir) {
        return tok_load_dir(path, out, e);
    }
    TRY(gguf_open(path, &g, e));
    const enum err rc = lm_gguf_tok(g, out, e);
    gguf_close(g);
    return rc;
}

static enum err load_any(const char *path, struct lm *m, struct errinfo *e)
{
    bool dir = false;
    TRY(find_form(path, &dir, e));
    m->dir = mem_strdup(path);
    if (!m->dir) {
        return err_set(e, ERR_NOMEM, "%s: out of memory", path);
    }
    TRY(dir ? load_dir(path, m, e) : load_gguf(path, m, e));
    tok_set_rows(m->tok, m->cfg.vocab);
    return check_ids(m, path, e);
}

enum err lm_load(const char *path, struct lm **out, struct errinfo *e)
{
    struct lm *m = NULL;
    TRY(mem_new(&m, 1, sizeof *m, "model", e));
    const enum err rc = load_any(path, m, e);
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
    lm_store_close(m->store);
    tok_free(m->tok);
    mem_free(m->dir);
    mem_free(m);
}

void lm_set_kind(struct lm *m, enum linear_kind kind)
{
    m->kind = kind;
    if (m->store) {
        lm_store_settle(m);
    }
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
    char(*names)[128] = NULL;
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
    if (!m->w.arena || !lm_config_is_plain(&m->cfg)) {
        return err_set(e, ERR_USAGE, "%s: only a model that was trained here is saved",
                       dir);
    }
    TRY(file_mkdirs(dir, e));
    TRY(tok_save(m->tok, dir, m->cfg.n_ctx, e));
    TRY(save_weights(m, dir, e));
    return save_config(m, dir, e);
}
