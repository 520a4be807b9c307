#include "train/rundir.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/safetensors.h"
#include "num/blas.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FORMAT_VERSION 1
#define STATE_ARRAYS   24

enum err rundir_create(const char *dir, struct errinfo *e)
{
    char parent[4096];
    const size_t up = (size_t)(path_base(dir) - dir);
    if (!dir[0] || dir[strlen(dir) - 1] == '/') {
        return err_set(e, ERR_USAGE, "'%s': expected the name of a new directory", dir);
    }
    if (file_exists(dir)) {
        return err_set(e, ERR_EXISTS, "%s: exists already; name a new directory", dir);
    }
    if (up > 1 && up < sizeof parent) {
        snprintf(parent, sizeof parent, "%.*s", (int)up - 1, dir);
        TRY(file_mkdirs(parent, e));
    }
    if (mkdir(dir, 0777) != 0) {
        const enum err code = errno == EEXIST ? ERR_EXISTS : ERR_IO;
        return err_set(e, code, "%s: cannot create: %s", dir, strerror(errno));
    }
    return OK;
}

/* ---- config.json ---- */

static bool add_hash(cJSON *obj, const char *key, uint64_t hash)
{
    char text[32];
    snprintf(text, sizeof text, "fnv1a64:%016" PRIx64, hash);
    return cJSON_AddStringToObject(obj, key, text) != NULL;
}

static bool add_origins(cJSON *root, const struct settings *s)
{
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    cJSON *obj = cJSON_AddObjectToObject(root, "origins");
    bool ok = obj != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        if (strcmp(s->origin[i], "default") != 0) {
            ok = cJSON_AddStringToObject(obj, t[i].key, s->origin[i]) != NULL;
        }
    }
    return ok;
}

static bool add_inputs(cJSON *root, const struct inputs *in)
{
    cJSON *obj = cJSON_AddObjectToObject(root, "inputs");
    return obj && add_hash(obj, "model", in->lm->hash) &&
           add_hash(obj, "corpus", corpus_hash(in->corpus)) &&
           (!in->ood || add_hash(obj, "ood", corpus_hash(in->ood)));
}

/* The settings as this arm has them: its own masking, which commands may have changed.
 */
static struct settings arm_settings(const struct arm *a)
{
    struct settings s = a->in->set;
    s.mask_rate = a->schedule.start;
    s.mask_rate_end = a->schedule.end;
    s.mask_schedule = (int)a->schedule.kind;
    return s;
}

static enum err save_config(const char *dir, const struct arm *a, struct errinfo *e)
{
    char path[4096];
    struct str text;
    TRY(path_join(path, sizeof path, dir, "config.json", e));
    str_init(&text, 1u << 22);
    cJSON *root = cJSON_CreateObject();
    enum err rc = err_set(e, ERR_NOMEM, "%s: out of memory", path);
    cJSON *set = root ? cJSON_AddObjectToObject(root, "settings") : NULL;
    const bool ok = set && cJSON_AddStringToObject(root, "saetop", SAETOP_VERSION) &&
                    cJSON_AddNumberToObject(root, "format", FORMAT_VERSION) &&
                    cJSON_AddNumberToObject(root, "step", (double)arm_steps_done(a)) &&
                    cJSON_AddNumberToObject(root, "scale", (double)a->sae->scale) &&
                    cJSON_AddNumberToObject(root, "mask_rate", arm_rate_set(a)) &&
                    cJSON_AddNumberToObject(root, "mask_token_id", a->in->mask_token) &&
                    cJSON_AddStringToObject(root, "blas", num_blas_core()) &&
                    cJSON_AddStringToObject(root, "kernels", num_kern_name()) &&
                    add_inputs(root, a->in) && add_origins(root, &a->in->set);
    if (ok) {
        const struct settings own = arm_settings(a);
        rc = settings_add_json(&own, set, e);
    }
    if (rc == OK) {
        rc = json_print(root, &text, e);
    }
    if (rc == OK) {
        rc = file_write_text(path, text.p, e);
    }
    cJSON_Delete(root);
    str_free(&text);
    return rc;
}

/* ---- trainer_state.safetensors ---- */

static struct st_tensor tensor_f32(const char *name, const float *p, size_t rows,
                                   size_t cols)
{
    return (struct st_tensor){
        .name = name,
        .dtype = ST_F32,
        .ndim = rows ? 2 : 1,
        .shape = {rows ? rows : cols, rows ? cols : 0},
        .data = p,
        .bytes = (rows ? rows : 1) * cols * sizeof(float),
    };
}

static enum err save_state(const char *dir, const struct arm *a, struct errinfo *e)
{
    char path[4096], step[32], rate[32], scale[32];
    TRY(path_join(path, sizeof path, dir, "trainer_state.safetensors", e));
    const struct sae *s = a->sae;
    struct sae_state_array arrays[STATE_ARRAYS];
    struct st_tensor t[STATE_ARRAYS + 8];
    size_t n = 0;
    t[n++] = tensor_f32("W_enc", s->W_enc, s->F, s->D);
    t[n++] = tensor_f32("W_dec", s->W_dec, s->F, s->D);
    t[n++] = tensor_f32("b_enc", s->b_enc, 0, s->F);
    t[n++] = tensor_f32("b_dec", s->b_dec, 0, s->D);
    t[n++] = (struct st_tensor){.name = "threshold",
                                .dtype = ST_F64,
                                .ndim = 1,
                                .shape = {1},
                                .data = &s->threshold,
                                .bytes = sizeof s->threshold};
    const struct stream_pos pos = stream_tell(a->stream);
    const int64_t where[] = {
        (int64_t)pos.fill_start.doc, (int64_t)pos.fill_start.offset,
        (int64_t)pos.fill_start.row, (int64_t)pos.fill,
        (int64_t)pos.served,         (int64_t)pos.tokens_read,
        (int64_t)pos.vectors_served};
    t[n++] = (struct st_tensor){.name = "stream_position",
                                .dtype = ST_I64,
                                .ndim = 1,
                                .shape = {sizeof where / sizeof where[0]},
                                .data = where,
                                .bytes = sizeof where};
    const size_t count = sae_trainer_state(a->trainer, arrays, STATE_ARRAYS);
    for (size_t i = 0; i < count && i < STATE_ARRAYS; i++) {
        t[n++] = (struct st_tensor){.name = arrays[i].name,
                                    .dtype = arrays[i].is_i64 ? ST_I64 : ST_F32,
                                    .ndim = 1,
                                    .shape = {arrays[i].count},
                                    .data = arrays[i].data,
                                    .bytes = arrays[i].bytes};
    }
    snprintf(step, sizeof step, "%" PRId64, arm_steps_done(a));
    snprintf(rate, sizeof rate, "%.17g", pos.rate);
    snprintf(scale, sizeof scale, "%.9g", (double)s->scale);
    const struct st_meta_entry meta[] = {{"step", step},
                                         {"rate_in_use", rate},
                                         {"scale", scale},
                                         {"saetop", SAETOP_VERSION}};
    return st_write(path, t, n, meta, sizeof meta / sizeof meta[0], e);
}

enum err rundir_save(const char *dir, const struct arm *a, const struct history *h,
                     const char *eval_json, struct errinfo *e)
{
    const struct inputs *in = a->in;
    const struct sae_meta meta = {
        .model_name = path_base(in->lm->dir),
        .hook_name = in->set.hook,
        .dataset = path_base(in->set.corpus),
        .context_size = (size_t)in->set.context,
        .step = arm_steps_done(a),
        .prepend_bos = tok_bos(in->lm->tok) >= 0,
    };
    struct sae *frozen = NULL;
    TRY(arm_freeze(a, &frozen, e));
    const enum err saved = sae_save(frozen, &meta, dir, e);
    sae_free(frozen);
    TRY(saved);
    TRY(save_state(dir, a, e));
    TRY(history_save(h, dir, e));
    if (eval_json) {
        char path[4096];
        TRY(path_join(path, sizeof path, dir, "eval.json", e));
        TRY(file_write_text(path, eval_json, e));
    }
    return save_config(dir, a, e);
}

/* ---- reading ---- */

bool rundir_is(const char *dir)
{
    char path[4096];
    if (path_join(path, sizeof path, dir, "config.json", NULL) != OK ||
        !file_exists(path)) {
        return false;
    }
    return path_join(path, sizeof path, dir, "sae_weights.safetensors", NULL) == OK &&
           file_exists(path);
}

static enum err read_hash(struct json_at at, const cJSON *obj, const char *key,
                          uint64_t *out, struct errinfo *e)
{
    const char *text = NULL;
    TRY(json_str(at, obj, key, true, &text, e));
    if (strncmp(text, "fnv1a64:", 8) != 0) {
        return err_set(e, ERR_FORMAT, "%s: inputs.%s: expected fnv1a64:<16 hex digits>",
                       at.file, key);
    }
    *out = strtoull(text + 8, NULL, 16);
    return OK;
}

static enum err read_config(const char *path, struct run_record *r, struct errinfo *e)
{
    cJSON *root = NULL;
    TRY(json_load(path, 1u << 22, &root, e));
    const struct json_at at = {path, ""};
    const cJSON *set = NULL, *inputs = NULL;
    int64_t format = 0;
    enum err rc = OK;
    settings_init(&r->set);
    TRY_OUT(rc, json_int(at, root, "format", true, 1, FORMAT_VERSION, &format, e));
    TRY_OUT(rc, json_int(at, root, "step", true, 0, INT64_MAX / 4, &r->step, e));
    TRY_OUT(rc, json_num(at, root, "mask_rate", true, 0, 1, &r->mask_rate, e));
    TRY_OUT(rc, json_obj(at, root, "settings", true, &set, e));
    TRY_OUT(rc, settings_from_json(&r->set, set, path, e));
    TRY_OUT(rc, json_obj(at, root, "inputs", true, &inputs, e));
    TRY_OUT(rc, read_hash(at, inputs, "model", &r->model_hash, e));
    TRY_OUT(rc, read_hash(at, inputs, "corpus", &r->corpus_hash, e));
out:
    cJSON_Delete(root);
    return rc;
}

enum err rundir_load(const char *dir, struct run_record *out, struct errinfo *e)
{
    char path[4096];
    struct run_record r = {0};
    if (!file_is_dir(dir)) {
        return err_set(e, ERR_MISSING, "%s: no such run directory", dir);
    }
    TRY(path_join(path, sizeof path, dir, "config.json", e));
    TRY(read_config(path, &r, e));
    enum err rc = sae_load(dir, &r.sae, e);
    if (rc == OK) {
        rc = history_load(dir, &r.history, e);
    }
    if (rc != OK) {
        run_record_deinit(&r);
        return rc;
    }
    *out = r;
    return OK;
}

void run_record_deinit(struct run_record *r)
{
    sae_free(r->sae);
    history_free(&r->history);
    r->sae = NULL;
}
