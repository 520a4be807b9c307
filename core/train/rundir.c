#include "train/rundir.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/number.h"
#include "lm/lm_name.h"
#include "num/blas.h"
#include "train/rundir_priv.h"
#include "train/settings_arch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FORMAT_VERSION 1

static enum err create(const char *dir, bool of_arm, struct errinfo *e)
{
    char parent[RUNDIR_PATH];
    const size_t up = (size_t)(path_base(dir) - dir);
    if (!dir[0] || dir[strlen(dir) - 1] == '/') {
        return err_set(e, ERR_USAGE, "'%s': expected the name of a new directory", dir);
    }
    if (file_exists(dir)) {
        return save_is_trace(dir, of_arm)
                   ? OK
                   : err_set(e, ERR_EXISTS, "%s: exists already; name a new directory",
                             dir);
    }
    if (up > 1 && up < sizeof parent) {
        snprintf(parent, sizeof parent, "%.*s", (int)up - 1, dir);
        TRY(file_mkdirs(parent, e));
    }
    return mkdir(dir, 0777) == 0 ? OK : file_fail(e, dir, "create", errno);
}

enum err rundir_create(const char *dir, struct errinfo *e)
{
    return create(dir, false, e);
}

enum err rundir_create_arm(const char *dir, const struct arm_place *p,
                           struct errinfo *e)
{
    char own[RUNDIR_PATH];
    TRY(arm_place_dir(dir, p, own, sizeof own, e));
    TRY(arm_place_check(dir, p, true, e));
    return create(own, true, e);
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
        const struct setting_origin from = settings_origin(s, &t[i]);
        if (from.by != GIVEN_BY_NOBODY) {
            ok = cJSON_AddStringToObject(obj, t[i].key, from.name) != NULL;
        }
    }
    return ok;
}

static bool add_inputs(cJSON *root, const struct inputs *in)
{
    cJSON *obj = cJSON_AddObjectToObject(root, "inputs");
    const struct inputs_hashes h = inputs_hashes(in);
    return obj && add_hash(obj, "model", h.model) &&
           add_hash(obj, "corpus", h.corpus) &&
           (!in->ood || add_hash(obj, "ood", h.ood)) &&
           (!h.concepts || add_hash(obj, "concepts", h.concepts));
}

/* Returns this arm's settings: with its own masking, which commands may have
 * changed. */
static struct settings arm_settings(const struct arm *a)
{
    struct settings s = a->set;
    s.mask_rate = a->schedule.start;
    s.mask_rate_end = a->schedule.end;
    s.mask_schedule = (int)a->schedule.kind;
    return s;
}

/* Members of config.json besides settings and inputs. */
struct config_facts {
    int64_t step;
    double scale, mask_rate;
    const char *imported; /* format of the files it came from; NULL: trained here */
    const struct arm_names *names; /* NULL or without a name: by itself */
};

static bool add_names(cJSON *root, const struct arm_names *n)
{
    return !n || !n->condition[0] ||
           (cJSON_AddStringToObject(root, "arm", arm_name_shown(n->name)) &&
            cJSON_AddStringToObject(root, "condition", n->condition));
}

static bool add_facts(cJSON *root, const struct config_facts *c,
                      const struct inputs *in)
{
    return cJSON_AddStringToObject(root, "saetop", SAETOP_VERSION) &&
           cJSON_AddNumberToObject(root, "format", FORMAT_VERSION) &&
           (!c->imported || cJSON_AddStringToObject(root, "imported", c->imported)) &&
           add_names(root, c->names) &&
           cJSON_AddNumberToObject(root, "step", (double)c->step) &&
           cJSON_AddNumberToObject(root, "scale", c->scale) &&
           cJSON_AddNumberToObject(root, "mask_rate", c->mask_rate) &&
           cJSON_AddNumberToObject(root, "mask_token_id", in->mask_token) &&
           cJSON_AddStringToObject(root, "blas", num_blas_core()) &&
           cJSON_AddStringToObject(root, "kernels", num_kern_name()) &&
           (!in->lm ||
            cJSON_AddStringToObject(root, "products", linear_name(in->lm->kind)));
}

static enum err save_config(const char *dir, const struct settings *s,
                            const struct inputs *in, const struct config_facts *c,
                            struct errinfo *e)
{
    char path[RUNDIR_PATH];
    struct str text;
    TRY(path_join(path, sizeof path, dir, "config.json", e));
    str_init(&text, 1u << 22);
    cJSON *root = cJSON_CreateObject();
    enum err rc = err_set(e, ERR_NOMEM, "%s: out of memory", path);
    cJSON *set = root ? cJSON_AddObjectToObject(root, "settings") : NULL;
    if (set && add_facts(root, c, in) && add_inputs(root, in) && add_origins(root, s)) {
        rc = settings_add_json(s, set, e);
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

/* ---- saving ---- */

/* Adds the widths of Matryoshka's prefixes for cfg.json; h keeps them. */
static enum err add_groups(const struct settings *s, const struct sae *sae,
                           struct sae_hyper *h, struct sae_meta *meta,
                           struct errinfo *e)
{
    if ((sae_arch_has(sae->arch) & SAE_HAS_GROUPS) == 0) {
        return OK;
    }
    TRY(sae_groups_parse(s->groups, "", false, sae->F, h, e));
    meta->groups = h->groups;
    meta->width = h->width;
    return OK;
}

#define NAME_CAP 128

static const char *model_name(const struct lm *m, char out[NAME_CAP])
{
    return lm_name(m, out, NAME_CAP)[0] ? out : path_base(m->dir);
}

/* Names what made the activations, for other tools. */
static const char *source_name(const struct inputs *in, char out[NAME_CAP])
{
    return in->lm                               ? model_name(in->lm, out)
           : in->synth                          ? "synthetic"
           : shards_facts(in->shards)->model[0] ? shards_facts(in->shards)->model
                                                : "activations";
}

static enum err write_files(const char *dir, const struct arm *a,
                            const struct history *h, const char *eval_json,
                            const struct arm_names *names, struct errinfo *e)
{
    static const struct arm_names none;
    const struct inputs *in = a->in;
    char name[NAME_CAP];
    struct sae_hyper hyper = {0};
    struct sae_meta meta = {
        .model_name = source_name(in, name),
        .hook_name = in->set.hook,
        .dataset = in->lm       ? path_base(in->set.corpus)
                   : in->shards ? path_base(in->set.activations)
                                : "synthetic",
        .context_size = (size_t)in->set.context,
        .step = arm_steps_done(a),
        .prepend_bos = in->lm && tok_bos(in->lm->tok) >= 0,
        .says_bos = in->lm != NULL,
    };
    struct sae *frozen = NULL;
    TRY(add_groups(&a->set, a->sae, &hyper, &meta, e));
    TRY(arm_freeze(a, &frozen, e));
    const enum err saved = sae_save(frozen, &meta, dir, e);
    sae_free(frozen);
    TRY(saved);
    TRY(runstate_save(dir, a, names ? names : &none, e));
    TRY(history_save(h, dir, e));
    if (eval_json) {
        char path[RUNDIR_PATH];
        TRY(path_join(path, sizeof path, dir, "eval.json", e));
        TRY(file_write_text(path, eval_json, e));
    }
    const struct settings set = arm_settings(a);
    const struct config_facts facts = {.step = arm_steps_done(a),
                                       .scale = (double)a->sae->scale,
                                       .mask_rate = arm_rate_set(a),
                                       .names = names};
    return save_config(dir, &set, in, &facts, e);
}

static enum err write_save(const char *dir, const struct arm *a,
                           const struct history *h, const char *eval_json,
                           const struct arm_names *names, struct errinfo *e)
{
    char saving[RUNDIR_PATH];
    TRY(save_begin(dir, saving, e));
    const enum err rc = write_files(saving, a, h, eval_json, names, e);
    if (rc != OK) {
        save_abort(dir);
    }
    return rc;
}

enum err rundir_save(const char *dir, const struct arm *a, const struct history *h,
                     const char *eval_json, const struct arm_names *names,
                     struct errinfo *e)
{
    TRY(write_save(dir, a, h, eval_json, names, e));
    return save_end(dir, e);
}

enum err rundir_hold(const char *dir, const struct arm *a, const struct history *h,
                     const char *eval_json, const struct arm_names *names,
                     struct errinfo *e)
{
    TRY(write_save(dir, a, h, eval_json, names, e));
    return save_hold(dir, e);
}

static enum err import_files(const char *dir, const struct run_record *r,
                             const char *format, const struct inputs *in,
                             struct errinfo *e)
{
    char name[NAME_CAP];
    struct sae_hyper hyper = {0};
    struct sae_meta meta = foreign_sae_meta(&r->from);
    const struct config_facts facts = {.step = r->step,
                                       .scale = (double)r->sae->scale,
                                       .mask_rate = r->mask_rate,
                                       .imported = format};
    meta.model_name = meta.model_name ? meta.model_name : model_name(in->lm, name);
    meta.hook_name = r->set.hook;
    meta.step = r->step;
    TRY(add_groups(&r->set, r->sae, &hyper, &meta, e));
    TRY(sae_save(r->sae, &meta, dir, e));
    TRY(history_save(&r->history, dir, e));
    /* Save the settings as asked for: "auto" stays, since nobody knows how it was
     * trained. */
    return save_config(dir, &r->set, in, &facts, e);
}

enum err rundir_write_eval(const char *dir, const char *json, struct errinfo *e)
{
    char path[RUNDIR_PATH];
    int lock = -1;
    TRY(path_join(path, sizeof path, dir, "eval.json", e));
    const enum err locked = rundir_lock(dir, &lock, e);
    if (locked != OK && locked != ERR_USAGE) {
        return locked;
    }
    const enum err rc = file_write_text(path, json, e);
    rundir_unlock(dir, lock);
    return rc;
}

enum err rundir_import(const char *dir, const struct run_record *r, const char *format,
                       const struct inputs *in, struct errinfo *e)
{
    char saving[RUNDIR_PATH];
    TRY(save_begin(dir, saving, e));
    const enum err rc = import_files(saving, r, format, in, e);
    if (rc != OK) {
        save_abort(dir);
        return rc;
    }
    return save_end(dir, e);
}

/* ---- reading ---- */

static bool has_file(const char *dir, const char *name)
{
    char path[RUNDIR_PATH];
    struct stat st;
    return rundir_file(dir, name, path, NULL) == OK && lstat(path, &st) == 0;
}

bool rundir_is(const char *dir)
{
    const char *name = path_base(dir);
    if (name[0] == '.' && name[1] && strcmp(name, "..") != 0) {
        return false;
    }
    /* A file of any kind counts: errors in it are reported when it is opened. */
    return has_file(dir, "config.json") && has_file(dir, "sae_weights.safetensors");
}

enum err rundir_whole(const char *dir, struct errinfo *e)
{
    static const char weights[] = "sae_weights.safetensors";
    if (has_file(dir, weights) || !has_file(dir, "config.json") ||
        !has_file(dir, "metrics.csv")) {
        return OK;
    }
    return err_set(e, ERR_MISSING, "%s/%s: not found, expected the weights of this run",
                   dir, weights);
}

static enum err read_hash(struct json_at at, const cJSON *obj, const char *key,
                          uint64_t *out, struct errinfo *e)
{
    const char *text = NULL;
    TRY(json_str(at, obj, key, true, &text, e));
    if (strncmp(text, "fnv1a64:", 8) != 0 || !number_hash(text + 8, out)) {
        return err_set(
            e, ERR_FORMAT,
            "%s: inputs.%s: found \"%.40s\", expected fnv1a64:<16 hex digits>", at.file,
            key, text);
    }
    return OK;
}

static enum err read_config(const char *path, struct run_record *r, struct errinfo *e)
{
    cJSON *root = NULL;
    TRY(json_load(path, 1u << 22, &root, e));
    const struct json_at at = {path, ""};
    const cJSON *set = NULL, *inputs = NULL;
    const char *imported = NULL;
    int64_t format = 0;
    enum err rc = OK;
    settings_init(&r->set);
    TRY_OUT(rc, json_int(at, root, "format", true, 1, FORMAT_VERSION, &format, e));
    TRY_OUT(rc, json_int(at, root, "step", true, 0, INT64_MAX / 4, &r->step, e));
    TRY_OUT(rc, json_num(at, root, "mask_rate", true, 0, 1, &r->mask_rate, e));
    TRY_OUT(rc, json_str(at, root, "imported", false, &imported, e));
    r->imported = imported != NULL;
    TRY_OUT(rc, json_obj(at, root, "settings", true, &set, e));
    TRY_OUT(rc, settings_from_json(&r->set, set, path, e));
    if (!sae_arch_find(r->set.arch)) {
        rc = err_set(e, ERR_FORMAT,
                     "%s: settings.arch: found \"%.60s\", expected one of: %s", path,
                     r->set.arch, sae_arch_names());
        goto out;
    }
    TRY_OUT(rc, json_obj(at, root, "inputs", true, &inputs, e));
    TRY_OUT(rc, read_hash(at, inputs, "model", &r->model_hash, e));
    TRY_OUT(rc, read_hash(at, inputs, "corpus", &r->corpus_hash, e));
out:
    cJSON_Delete(root);
    return rc;
}

/* Checks that there is a directory with nothing in it that is not a run's. */
static enum err look_at(const char *dir, struct errinfo *e)
{
    struct folder run;
    const enum err opened = folder_open(dir, &run, e);
    if (opened != OK) {
        return opened == ERR_MISSING
                   ? err_set(e, ERR_MISSING, "%s: no such run directory", dir)
                   : opened;
    }
    const enum err rc = rundir_check(&run, e);
    folder_close(&run);
    return rc;
}

static enum err sae_once(const char *dir, struct sae **out, struct foreign_meta *meta,
                         struct errinfo *e)
{
    char cfg[RUNDIR_PATH], weights[RUNDIR_PATH];
    TRY(rundir_file(dir, "cfg.json", cfg, e));
    TRY(rundir_file(dir, "sae_weights.safetensors", weights, e));
    return foreign_load_saelens(dir, cfg, weights, out, meta, e);
}

static enum err history_once(const char *dir, struct history *out, struct errinfo *e)
{
    char metrics[RUNDIR_PATH], events[RUNDIR_PATH];
    TRY(rundir_file(dir, "metrics.csv", metrics, e));
    TRY(rundir_file(dir, "events.csv", events, e));
    return history_load_files(metrics, events, out, e);
}

static enum err load_once(const char *dir, struct run_record *out, struct errinfo *e)
{
    char path[RUNDIR_PATH];
    struct run_record r = {0};
    TRY(look_at(dir, e));
    TRY(rundir_file(dir, "config.json", path, e));
    TRY(read_config(path, &r, e));
    enum err rc = sae_once(dir, &r.sae, &r.from, e);
    if (rc == OK) {
        rc = history_once(dir, &r.history, e);
    }
    if (rc != OK) {
        run_record_deinit(&r);
        return rc;
    }
    *out = r;
    return OK;
}

/* From config.json: each save writes a new file, which stays the same file when moved
 * into place. */
uint64_t rundir_save_id(const char *dir)
{
    char path[RUNDIR_PATH];
    struct stat st;
    const bool there =
        rundir_file(dir, "config.json", path, NULL) == OK && lstat(path, &st) == 0;
    return there ? (uint64_t)st.st_ino ^ (uint64_t)st.st_mtim.tv_nsec << 32 : 0;
}

/* Whether what was read, with result rc, is all from one save: another process may have
 * saved meanwhile, or moved a file between its lookup and opening. Attempt i = 10 is
 * the last: a file that is then missing is missing. */
static bool is_of_one_save(const char *dir, uint64_t id, enum err rc, int i)
{
    return i == 10 || (rc != ERR_MISSING && rundir_save_id(dir) == id);
}

static enum err config_once(const char *dir, struct run_record *out, struct errinfo *e)
{
    char path[RUNDIR_PATH];
    TRY(look_at(dir, e));
    TRY(rundir_file(dir, "config.json", path, e));
    return read_config(path, out, e);
}

enum err rundir_load_config(const char *dir, struct run_record *out, struct errinfo *e)
{
    for (int i = 0;; i++) {
        const uint64_t before = rundir_save_id(dir);
        *out = (struct run_record){0};
        const enum err rc = config_once(dir, out, e);
        if (is_of_one_save(dir, before, rc, i)) {
            return rc;
        }
    }
}

enum err rundir_load(const char *dir, struct run_record *out, struct errinfo *e)
{
    for (int i = 0;; i++) {
        struct run_record r = {0};
        const uint64_t before = rundir_save_id(dir);
        const enum err rc = load_once(dir, &r, e);
        if (is_of_one_save(dir, before, rc, i)) {
            if (rc == OK) {
                *out = r;
            }
            return rc;
        }
        run_record_deinit(&r);
    }
}

enum err rundir_load_sae(const char *dir, struct sae **out, struct foreign_meta *meta,
                         struct errinfo *e)
{
    for (int i = 0;; i++) {
        struct sae *s = NULL;
        const uint64_t before = rundir_save_id(dir);
        enum err rc = look_at(dir, e);
        if (rc == OK) {
            rc = sae_once(dir, &s, meta, e);
        }
        if (is_of_one_save(dir, before, rc, i)) {
            if (rc == OK) {
                *out = s;
            }
            return rc;
        }
        sae_free(s);
    }
}

enum err run_record_fit(struct run_record *r, const char *dir, const struct inputs *in,
                        struct errinfo *e)
{
    if (r->sae->D != inputs_width(in)) {
        return err_set(e, ERR_FORMAT,
                       "%s: the SAE reads %zu dimensions, the model has %zu", dir,
                       r->sae->D, inputs_width(in));
    }
    /* A target from a file may be for several architectures. */
    if (r->target_l0 <= 0 ||
        !setting_applies(sae_arch_name(r->sae->arch), setting_key.calibrate_l0)) {
        return OK;
    }
    const enum err rc =
        sae_calibrate(r->sae, in->clean, in->n_clean, r->target_l0, in->pool, e);
    return rc == OK ? OK : err_prefix(e, rc, "%s", dir);
}

static const char *made_how(const struct run_record *r)
{
    return r->imported ? "imported for" : "trained on";
}

void run_record_shards_remarks(const struct run_record *r, const struct shards *from,
                               struct remarks *out)
{
    if (r->corpus_hash && r->corpus_hash != shards_facts(from)->hash) {
        remarks_add(out, "%s other activations than %s holds now", made_how(r),
                    shards_facts(from)->dir);
    }
}

/* Whether the hash is another model's; another tool's SAE has no hash. */
static bool is_other_model(const struct run_record *r, const struct lm *m)
{
    return r->model_hash && r->model_hash != m->hash;
}

static void add_other_text(const struct run_record *r, const struct inputs *in,
                           struct remarks *out)
{
    if (r->set.activations[0]) { /* no text has their hash */
        remarks_add(out,
                    "%s activations made elsewhere; whether they are of %s is not "
                    "known",
                    made_how(r), in->lm->dir);
        return;
    }
    if (r->corpus_hash && !(in->corpus && corpus_is(in->corpus, r->corpus_hash))) {
        remarks_add(out, "%s another text than %s is now%s", made_how(r),
                    corpus_spec(in->corpus), inputs_text_doubt(in->corpus));
    }
}

/* Adds remarks where an imported SAE's files name another model or other rows than used
 * here; for a run of our own, hashes tell. */
static void add_foreign(const struct run_record *r, const struct lm *m,
                        struct remarks *out)
{
    char name[NAME_CAP];
    const bool begins = tok_bos(m->tok) >= 0;
    if (lm_names_differ(r->from.model, lm_name(m, name, NAME_CAP))) {
        remarks_add(out, "made for the model %s, and runs on %s (%s)", r->from.model,
                    name, m->dir);
    }
    if (r->from.says_bos && r->from.prepend_bos != begins) {
        remarks_add(out, "made for rows %s BOS (prepend_bos), and these have %s",
                    begins ? "without" : "that begin with", begins ? "one" : "none");
    }
}

void run_record_model_remarks(const struct run_record *r, const struct lm *m,
                              struct remarks *out)
{
    if (is_other_model(r, m)) {
        remarks_add(out, "%s another model than %s is now", made_how(r), m->dir);
    }
    if (r->imported) {
        add_foreign(r, m, out);
    }
}

bool run_record_says_k(const struct run_record *r)
{
    return !r->imported || r->from.says_k;
}

void run_record_remarks(const struct run_record *r, const struct inputs *in,
                        struct remarks *out)
{
    if (in->shards) {
        run_record_shards_remarks(r, in->shards, out);
    }
    /* A synthetic source has no model and no text. */
    if (in->lm && !is_other_model(r, in->lm)) {
        add_other_text(r, in, out);
    }
    if (in->lm) {
        run_record_model_remarks(r, in->lm, out);
    }
}

void run_record_deinit(struct run_record *r)
{
    sae_free(r->sae);
    history_free(&r->history);
    r->sae = NULL;
}
