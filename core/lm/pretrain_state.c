/* A stopped pretraining run as files: train_state.safetensors holds all that the next
 * step depends on; losses.csv is cut back to it. */
#include "base/file.h"
#include "base/hash.h"
#include "base/leftover.h"
#include "base/mem.h"
#include "base/safetensors.h"
#include "lm/pretrain_priv.h"
#include "num/blas.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATE_NAME "train_state.safetensors"
#define LOG_NAME   "losses.csv"
#define LOG_BYTES  (256u << 20)

/* ---- what must be the same on a resume ---- */

enum kind { SIZE, INT, REAL, SEED };
#define FIELD(name, kind)                                                              \
    {                                                                                  \
#name, offsetof(struct pretrain_config, name), kind                            \
    }
static const struct {
    const char *name;
    size_t at;
    enum kind kind;
} FIELDS[] = {
    FIELD(n_layer, SIZE),       FIELD(n_head, SIZE),     FIELD(d_model, SIZE),
    FIELD(n_ctx, SIZE),         FIELD(batch_rows, SIZE), FIELD(steps, INT),
    FIELD(warmup, INT),         FIELD(lr, REAL),         FIELD(lr_min_ratio, REAL),
    FIELD(beta1, REAL),         FIELD(beta2, REAL),      FIELD(eps, REAL),
    FIELD(weight_decay, REAL),  FIELD(clip, REAL),       FIELD(mask_rows, REAL),
    FIELD(mask_rate_max, REAL), FIELD(seed, SEED),
};
#define N_FIELDS (sizeof FIELDS / sizeof FIELDS[0])
/* Most entries: one for each field, the tokenizer, the kernels, one for each text. */
#define MAX_ENTRIES (N_FIELDS + 2 + PRETRAIN_MAX_TEXTS)

struct entries {
    char key[MAX_ENTRIES][32];
    char value[MAX_ENTRIES][256];
    struct st_meta_entry meta[MAX_ENTRIES];
    size_t n;
    size_t kernels; /* index of the one that may differ */
};

static void add_entry(struct entries *s, const char *key, const char *value)
{
    (void)snprintf(s->key[s->n], sizeof s->key[0], "%s", key);
    (void)snprintf(s->value[s->n], sizeof s->value[0], "%s", value);
    s->meta[s->n] = (struct st_meta_entry){s->key[s->n], s->value[s->n]};
    s->n++;
}

static void field_text(const struct pretrain_config *cfg, size_t i, char out[64])
{
    const void *p = (const char *)cfg + FIELDS[i].at;
    switch (FIELDS[i].kind) {
    case SIZE: (void)snprintf(out, 64, "%zu", *(const size_t *)p); break;
    case INT: (void)snprintf(out, 64, "%" PRId64, *(const int64_t *)p); break;
    case REAL: (void)snprintf(out, 64, "%.17g", *(const double *)p); break;
    case SEED: (void)snprintf(out, 64, "%" PRIu64, *(const uint64_t *)p); break;
    }
}

static enum err make_entries(const struct pretrainer *t, struct entries **out,
                             struct errinfo *e)
{
    struct str text;
    str_init(&text, 256u << 20);
    enum err rc = tok_print(t->model.tok, &text, e);
    if (rc == OK) {
        rc = str_err(&text, "tokenizer.json", e);
    }
    const uint64_t tok_hash = rc == OK ? hash_bytes(HASH_START, text.p, text.len) : 0;
    str_free(&text);
    TRY(rc);
    struct entries *s = NULL;
    TRY(mem_new(&s, 1, sizeof *s, "settings", e));
    char value[256];
    for (size_t i = 0; i < N_FIELDS; i++) {
        char number[64];
        field_text(&t->cfg, i, number);
        add_entry(s, FIELDS[i].name, number);
    }
    (void)snprintf(value, sizeof value, "%016" PRIx64, tok_hash);
    add_entry(s, "tokenizer", value);
    for (size_t i = 0; i < t->n_texts; i++) {
        char key[32];
        (void)snprintf(key, sizeof key, "text.%zu", i);
        (void)snprintf(value, sizeof value, "%.100s, weight %.17g, hash %016" PRIx64,
                       t->texts[i].name, t->texts[i].weight,
                       corpus_hash(t->texts[i].corpus));
        add_entry(s, key, value);
    }
    s->kernels = s->n;
    (void)snprintf(value, sizeof value, "%s, OpenBLAS %s", num_kern_name(),
                   num_blas_core());
    add_entry(s, "kernels", value);
    *out = s;
    return OK;
}

/* ---- save ---- */

static struct st_tensor floats(const char *name, const float *p, size_t count)
{
    return (struct st_tensor){.name = name,
                              .dtype = ST_F32,
                              .ndim = 1,
                              .shape = {count},
                              .data = p,
                              .bytes = count * sizeof *p};
}

static enum err save_state(const struct pretrainer *t, struct errinfo *e)
{
    char path[PRETRAIN_PATH];
    TRY(path_join(path, sizeof path, t->out, STATE_NAME, e));
    uint64_t cursors[PRETRAIN_MAX_TEXTS][3];
    for (size_t i = 0; i < t->n_texts; i++) {
        cursors[i][0] = t->at[i].doc;
        cursors[i][1] = t->at[i].offset;
        cursors[i][2] = t->at[i].row;
    }
    const int64_t counters[2] = {t->step, t->tokens};
    const struct st_tensor list[] = {
        floats("weights", t->model.w.arena, t->model.w.count),
        floats("m", t->m, t->model.w.count),
        floats("v", t->v, t->model.w.count),
        {.name = "cursors",
         .dtype = ST_U64,
         .ndim = 2,
         .shape = {t->n_texts, 3},
         .data = cursors,
         .bytes = t->n_texts * sizeof cursors[0]},
        {.name = "counters",
         .dtype = ST_I64,
         .ndim = 1,
         .shape = {2},
         .data = counters,
         .bytes = sizeof counters},
        {.name = "seconds",
         .dtype = ST_F64,
         .ndim = 1,
         .shape = {1},
         .data = &t->seconds,
         .bytes = sizeof t->seconds},
    };
    struct entries *s = NULL;
    TRY(make_entries(t, &s, e));
    const enum err rc =
        st_write(path, list, sizeof list / sizeof list[0], s->meta, s->n, e);
    mem_free(s);
    return rc;
}

enum err pretrain_begin(const struct pretrainer *t, struct errinfo *e)
{
    char path[PRETRAIN_PATH];
    struct entries *s = NULL;
    TRY(file_mkdirs(t->out, e));
    TRY(path_join(path, sizeof path, t->out, STATE_NAME, e));
    TRY(make_entries(t, &s, e));
    const enum err rc = st_write(path, NULL, 0, s->meta, s->n, e);
    mem_free(s);
    if (rc != OK) {
        (void)rmdir(t->out); /* fails where there are files, as it should */
    }
    return rc;
}

enum err pretrain_save(struct pretrainer *t, struct errinfo *e)
{
    char path[PRETRAIN_PATH];
    TRY(lm_save(&t->model, t->out, e));
    TRY(path_join(path, sizeof path, t->out, LOG_NAME, e));
    TRY(str_err(&t->log, LOG_NAME, e));
    TRY(file_write_text(path, t->log.p, e));
    /* Last: what it says is then true of the other files, or they are newer and are
     * brought back to it on a resume. */
    return save_state(t, e);
}

/* ---- what is there ---- */

/* Whether the folder holds nothing but an unfinished first train_state.safetensors. */
static bool is_empty(const char *out)
{
    DIR *d = opendir(out);
    bool empty = d != NULL;
    for (const struct dirent *f = d ? readdir(d) : NULL; f; f = readdir(d)) {
        empty = empty && (strcmp(f->d_name, ".") == 0 || strcmp(f->d_name, "..") == 0 ||
                          leftover_is(f->d_name, STATE_NAME));
    }
    if (d) {
        closedir(d);
    }
    return empty;
}

bool pretrain_may_begin(const char *out)
{
    char path[PRETRAIN_PATH];
    struct st_file *f = NULL;
    if (!file_exists(out) || is_empty(out)) {
        return true;
    }
    if (path_join(path, sizeof path, out, STATE_NAME, NULL) != OK ||
        st_open(path, &f, NULL) != OK) {
        return false;
    }
    /* An empty state, as pretrain_begin writes it. */
    const bool nothing = st_count(f) == 0 && st_meta(f, FIELDS[0].name) != NULL;
    st_close(f);
    return nothing;
}

/* ---- resume ---- */

static enum err compare(const struct st_file *f, const char *path,
                        const struct entries *s, char note[256], struct errinfo *e)
{
    note[0] = '\0';
    for (size_t i = 0; i < s->n; i++) {
        const char *was = st_meta(f, s->key[i]);
        if (was && strcmp(was, s->value[i]) == 0) {
            continue;
        }
        if (i != s->kernels) {
            return err_set(e, ERR_USAGE,
                           "%s: %s: found %.120s, expected %.120s as now asked", path,
                           s->key[i], was ? was : "nothing", s->value[i]);
        }
        (void)snprintf(
            note, 256,
            "begun with %.80s, continued with %.80s: results differ in rounding",
            was ? was : "unknown kernels", s->value[i]);
    }
    char key[32];
    (void)snprintf(key, sizeof key, "text.%d",
                   (int)(s->n - N_FIELDS - 2)); /* the first that we do not have */
    if (st_meta(f, key)) {
        return err_set(e, ERR_USAGE, "%s: %s: found %.120s, expected no such text",
                       path, key, st_meta(f, key));
    }
    return OK;
}

/* Copies a tensor of 8-byte numbers of exactly that type and count. */
static enum err read_words(const struct st_file *f, const char *path, const char *name,
                           enum st_dtype dtype, size_t count, void *out,
                           struct errinfo *e)
{
    const struct st_tensor *t = st_find(f, name);
    if (!t || t->dtype != dtype || t->bytes != count * 8) {
        return err_set(e, ERR_FORMAT,
                       "%s: tensor %s: found %s, expected %zu numbers of 64 "
                       "bits",
                       path, name, t ? "another type or shape" : "nothing", count);
    }
    memcpy(out, t->data, t->bytes);
    return OK;
}

int64_t pretrain_saved_step(const char *out)
{
    char path[PRETRAIN_PATH];
    struct st_file *f = NULL;
    int64_t counters[2] = {0, 0};
    if (path_join(path, sizeof path, out, STATE_NAME, NULL) != OK ||
        st_open(path, &f, NULL) != OK) {
        return 0;
    }
    const enum err rc = read_words(f, path, "counters", ST_I64, 2, counters, NULL);
    st_close(f);
    return rc == OK && counters[0] > 0 ? counters[0] : 0;
}

static enum err read_state(struct pretrainer *t, const struct st_file *f,
                           const char *path, struct errinfo *e)
{
    const size_t count = t->model.w.count;
    uint64_t cursors[PRETRAIN_MAX_TEXTS][3];
    int64_t counters[2];
    TRY(st_read_f32(f, "weights", &count, 1, t->model.w.arena, e));
    TRY(st_read_f32(f, "m", &count, 1, t->m, e));
    TRY(st_read_f32(f, "v", &count, 1, t->v, e));
    TRY(read_words(f, path, "cursors", ST_U64, 3 * t->n_texts, cursors, e));
    TRY(read_words(f, path, "counters", ST_I64, 2, counters, e));
    TRY(read_words(f, path, "seconds", ST_F64, 1, &t->seconds, e));
    if (counters[0] < 0 || counters[0] > t->cfg.steps || counters[1] < 0) {
        return err_set(e, ERR_FORMAT, "%s: step: found %lld, expected 0 to %lld", path,
                       (long long)counters[0], (long long)t->cfg.steps);
    }
    t->step = counters[0];
    t->tokens = counters[1];
    for (size_t i = 0; i < t->n_texts; i++) {
        const struct pack_pos pos = {
            .doc = cursors[i][0], .offset = cursors[i][1], .row = cursors[i][2]};
        TRY(pack_seek(t->pack[i], pos, e));
    }
    return OK;
}

/* Reads losses.csv without the rows after the state's step. */
static enum err read_log(struct pretrainer *t, struct errinfo *e)
{
    char path[PRETRAIN_PATH];
    char *text = NULL;
    TRY(path_join(path, sizeof path, t->out, LOG_NAME, e));
    TRY(file_read_text(path, LOG_BYTES, &text, e));
    str_clear(&t->log);
    bool header = true;
    for (const char *line = text; *line;) {
        const size_t n = strcspn(line, "\n");
        if (header || strtoll(line, NULL, 10) <= t->step) {
            str_addn(&t->log, line, n);
            str_addc(&t->log, '\n');
        }
        header = false;
        line += n + (line[n] ? 1 : 0);
    }
    mem_free(text);
    return str_err(&t->log, path, e);
}

enum err pretrain_resume(struct pretrainer *t, char note[256], struct errinfo *e)
{
    char path[PRETRAIN_PATH];
    struct st_file *f = NULL;
    struct entries *s = NULL;
    TRY(path_join(path, sizeof path, t->out, STATE_NAME, e));
    if (!file_exists(path)) {
        return err_set(e, ERR_MISSING, "%s: not found: nothing to resume", path);
    }
    TRY(st_open(path, &f, e));
    enum err rc = make_entries(t, &s, e);
    if (rc == OK) {
        rc = compare(f, path, s, note, e);
    }
    if (rc == OK) {
        rc = read_state(t, f, path, e);
    }
    mem_free(s);
    st_close(f);
    return rc == OK ? read_log(t, e) : rc;
}
