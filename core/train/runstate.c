#include "train/runstate.h"

#include "base/elem.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/safetensors.h"
#include "num/blas.h"
#include "train/rundir_priv.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATE_FILE   "trainer_state.safetensors"
#define STATE_FORMAT "2"
#define ARRAYS_MAX   40 /* of an SAE's trainer */
#define TENSORS_MAX  (ARRAYS_MAX + 4)

/* ---- numbers in the header ---- */

/* Prints a number so that it reads back the same. */
static void print_double(double v, char out[32])
{
    snprintf(out, 32, "%.17g", v);
}
static void print_int64_t(int64_t v, char out[32])
{
    snprintf(out, 32, "%" PRId64, v);
}
static bool read_double(const char *text, double *out)
{
    char *end = NULL;
    *out = strtod(text, &end);
    return end != text && *end == '\0';
}
static bool read_int64_t(const char *text, int64_t *out)
{
    char *end = NULL;
    *out = strtoll(text, &end, 10);
    return end != text && *end == '\0';
}

/* The number of entries that put_all writes: 20, and those of the arm. */
#define ONE(type, field) +1
enum { META_MAX = 20 ARM_STATE_LIST(ONE) };
#undef ONE

struct header {
    struct st_meta_entry entry[META_MAX];
    char value[META_MAX][32];
    size_t n;
};

static void put_text(struct header *h, const char *key, const char *text)
{
    h->entry[h->n++] = (struct st_meta_entry){key, text};
}

static void put_double(struct header *h, const char *key, double v)
{
    print_double(v, h->value[h->n]);
    put_text(h, key, h->value[h->n]);
}

static void put_int64_t(struct header *h, const char *key, int64_t v)
{
    print_int64_t(v, h->value[h->n]);
    put_text(h, key, h->value[h->n]);
}

static void put_hash(struct header *h, const char *key, uint64_t v)
{
    snprintf(h->value[h->n], sizeof h->value[0], "%016" PRIx64, v);
    put_text(h, key, h->value[h->n]);
}

/* ---- saving ---- */

static void put_all(struct header *h, const struct arm *a, const char *settings,
                    const char *kernels, const struct arm_names *names)
{
    const struct inputs_hashes hashes = inputs_hashes(a->in);
    put_text(h, "format", STATE_FORMAT);
    put_text(h, "saetop", SAETOP_VERSION);
    put_text(h, "kernels", kernels);
    put_text(h, "arms", names->others);
    put_text(h, "arm", names->name);
    put_text(h, "condition", names->condition);
    put_text(h, "settings", settings);
    put_hash(h, "model_hash", hashes.model);
    put_hash(h, "corpus_hash", hashes.corpus);
    put_hash(h, "ood_hash", hashes.ood);
    put_hash(h, "concepts_hash", hashes.concepts);
    put_int64_t(h, "step", arm_steps_done(a));
    put_double(h, "lr", a->set.lr);
    put_double(h, "scale", (double)a->sae->scale);
    put_double(h, "threshold", a->sae->threshold);
    put_int64_t(h, "schedule_kind", a->schedule.kind);
    put_double(h, "schedule_start", a->schedule.start);
    put_double(h, "schedule_end", a->schedule.end);
    put_int64_t(h, "schedule_steps", a->schedule.steps);
    put_double(h, "rate_in_use", source_tell(a->source).rate);
#define PUT(type, field) put_##type(h, #field, a->state.field);
    ARM_STATE_LIST(PUT)
#undef PUT
}

static enum err settings_text(const struct settings *s, struct str *out,
                              struct errinfo *e)
{
    cJSON *root = cJSON_CreateObject();
    enum err rc = root ? settings_add_json(s, root, e)
                       : err_set(e, ERR_NOMEM, "out of memory for the settings");
    if (rc == OK) {
        rc = json_print(root, out, e);
    }
    cJSON_Delete(root);
    return rc;
}

static void kernels_text(const struct settings *s, char out[96])
{
    snprintf(out, 96, "%s, OpenBLAS %s, products %s", num_kern_name(), num_blas_core(),
             linear_name(inputs_linear_kind(s)));
}

/* Lists the tensors: weights, place in the text and the trainer's arrays, as many as
 * there are. */
static enum err list_tensors(const struct arm *a, const int64_t where[7],
                             struct st_tensor *t, size_t *n, struct errinfo *e)
{
    struct sae_state_array arrays[ARRAYS_MAX];
    const size_t count = sae_trainer_state(a->trainer, arrays, ARRAYS_MAX);
    if (count > ARRAYS_MAX) {
        return err_set(e, ERR_LIMIT, "%zu arrays of trainer state, at most %d", count,
                       ARRAYS_MAX);
    }
    t[(*n)++] = (struct st_tensor){
        "weights",       ST_F32,        1,
        {a->sae->count}, a->sae->arena, a->sae->count * sizeof(float)};
    t[(*n)++] = (struct st_tensor){"stream_position",  ST_I64, 1, {7}, where,
                                   7 * sizeof(int64_t)};
    for (size_t i = 0; i < count; i++) {
        t[(*n)++] = (struct st_tensor){arrays[i].name,
                                       arrays[i].is_i64 ? ST_I64 : ST_F32,
                                       1,
                                       {arrays[i].count},
                                       arrays[i].data,
                                       arrays[i].bytes};
    }
    return OK;
}

enum err runstate_save(const char *dir, const struct arm *a,
                       const struct arm_names *names, struct errinfo *e)
{
    char path[RUNDIR_PATH], kernels[96];
    struct st_tensor t[TENSORS_MAX];
    struct header h = {0};
    struct str settings;
    size_t n = 0;
    const struct stream_pos pos = source_tell(a->source);
    const int64_t where[7] = {
        (int64_t)pos.fill_start.doc, (int64_t)pos.fill_start.offset,
        (int64_t)pos.fill_start.row, (int64_t)pos.fill,
        (int64_t)pos.served,         (int64_t)pos.tokens_read,
        (int64_t)pos.vectors_served};
    TRY(path_join(path, sizeof path, dir, STATE_FILE, e));
    str_init(&settings, 1u << 20);
    kernels_text(&a->set, kernels);
    enum err rc = settings_text(&a->set, &settings, e);
    if (rc == OK) {
        rc = list_tensors(a, where, t, &n, e);
    }
    if (rc == OK) {
        put_all(&h, a, settings.p, kernels, names);
        rc = st_write(path, t, n, h.entry, h.n, e);
    }
    str_free(&settings);
    return rc;
}

/* ---- reading ---- */

/* Reads entries one after the other; keeps the error of the first that is missing or no
 * number. */
struct reader {
    const struct st_file *f;
    const char *path;
    struct errinfo *e;
    enum err rc;
};

static const char *get_text(struct reader *r, const char *key)
{
    const char *text = st_meta(r->f, key);
    if (!text && r->rc == OK) {
        r->rc = err_set(r->e, ERR_FORMAT, "%s: __metadata__ has no %s", r->path, key);
    }
    return text ? text : "";
}

static enum err bad_value(struct reader *r, const char *key, const char *text)
{
    return err_set(r->e, ERR_FORMAT, "%s: __metadata__.%s: found '%.40s'", r->path, key,
                   text);
}

#define READER(type)                                                                   \
    static void get_##type(struct reader *r, const char *key, type *out)               \
    {                                                                                  \
        const char *text = get_text(r, key);                                           \
        if (r->rc == OK && !read_##type(text, out)) {                                  \
            r->rc = bad_value(r, key, text);                                           \
        }                                                                              \
    }
READER(double)
READER(int64_t)
#undef READER

/* Reads a text of at most len bytes with its NUL; `older`: files from before it was
 * written lack it. */
static void get_limited(struct reader *r, const char *key, bool older, char *out,
                        size_t cap)
{
    const char *text = older && !st_meta(r->f, key) ? "" : get_text(r, key);
    const int n = snprintf(out, cap, "%s", text);
    if (r->rc == OK && (size_t)n >= cap) {
        r->rc = err_set(r->e, ERR_FORMAT,
                        "%s: __metadata__.%s: found %d bytes, expected fewer than %zu",
                        r->path, key, n, cap);
    }
}

/* Checks that `name` is a valid arm name or empty, as it is printed in lines and
 * JSON. */
static void check_name(struct reader *r, const char *key, const char *name)
{
    if (r->rc == OK && name[0] && strcmp(name, ARM_NAME_FIRST) != 0 &&
        arm_name_check(name, strlen(name), key, NULL) != OK) {
        r->rc = bad_value(r, key, name);
    }
}

static void get_names(struct reader *r, struct arm_names *out)
{
    get_limited(r, "arms", false, out->others, sizeof out->others);
    get_limited(r, "arm", true, out->name, sizeof out->name);
    get_limited(r, "condition", true, out->condition, sizeof out->condition);
    check_name(r, "arm", out->name);
    check_name(r, "condition", out->condition);
}

static void get_hash(struct reader *r, const char *key, uint64_t *out)
{
    const char *text = get_text(r, key);
    if (r->rc == OK && !number_hash(text, out)) {
        r->rc = bad_value(r, key, text);
    }
}

static void get_settings(struct reader *r, struct settings *out)
{
    const char *text = get_text(r, "settings");
    cJSON *root = NULL;
    settings_init(out);
    if (r->rc == OK) {
        r->rc = json_parse(text, strlen(text), r->path, &root, r->e);
    }
    if (r->rc == OK) {
        r->rc = settings_from_json(out, root, r->path, r->e);
    }
    out->seed_weights = (int64_t)settings_weights_seed(out); /* older files say none */
    cJSON_Delete(root);
}

/* Refuses numbers that no run can have, so that later code may trust them. */
static void check_ranges(struct reader *r, const struct run_state *s)
{
    const struct mask_schedule *m = &s->schedule;
    const struct arm_state *a = &s->arm;
    const bool rates = m->start >= 0 && m->start <= 1 && m->end >= 0 && m->end <= 1 &&
                       s->pos.rate >= 0 && s->pos.rate <= 1 && a->rate_when_on >= 0 &&
                       a->rate_when_on <= 1 && a->pending_rate >= 0 &&
                       a->pending_rate <= 1;
    const bool counts = s->step >= 0 && s->step < INT64_MAX / 4 && m->steps >= 0 &&
                        a->applies_from >= 0 && a->pending_at >= 0 &&
                        a->forked_at >= -1 && a->first_steps >= 1 &&
                        a->first_steps <= s->set.steps && s->step <= s->set.steps;
    const bool numbers = isfinite(s->lr) && s->lr >= 0 && isfinite(s->scale) &&
                         s->scale > 0 && isfinite(s->threshold) && a->seconds >= 0 &&
                         isfinite(a->seconds);
    if (r->rc == OK && !(rates && counts && numbers)) {
        r->rc =
            err_set(r->e, ERR_FORMAT,
                    "%s: __metadata__: a rate, step or scale is out of range", r->path);
    }
}

static void get_position(struct reader *r, struct stream_pos *out)
{
    int64_t w[7];
    const struct st_tensor *t = st_find(r->f, "stream_position");
    if (!t || t->dtype != ST_I64 || t->bytes != sizeof w) {
        r->rc = r->rc != OK
                    ? r->rc
                    : err_set(r->e, ERR_FORMAT,
                              "%s: stream_position: expected 7 integers", r->path);
        return;
    }
    memcpy(w, t->data, sizeof w);
    for (size_t i = 0; i < 7 && r->rc == OK; i++) {
        if (w[i] < 0) {
            r->rc = err_set(r->e, ERR_FORMAT, "%s: stream_position: found %lld",
                            r->path, (long long)w[i]);
        }
    }
    const double rate = out->rate;
    *out = (struct stream_pos){
        .fill_start = {(uint64_t)w[0], (uint64_t)w[1], (uint64_t)w[2]},
        .fill = (uint64_t)w[3],
        .served = (uint64_t)w[4],
        .rate = rate,
        .tokens_read = (uint64_t)w[5],
        .vectors_served = (uint64_t)w[6],
    };
}

static void read_all(struct reader *r, struct run_state *s)
{
    const char *format = get_text(r, "format");
    double scale = 0;
    int64_t kind = 0;
    if (r->rc == OK && strcmp(format, STATE_FORMAT) != 0) {
        r->rc = err_set(r->e, ERR_FORMAT, "%s: format: found '%.20s', expected %s",
                        r->path, format, STATE_FORMAT);
    }
    get_settings(r, &s->set);
    snprintf(s->kernels, sizeof s->kernels, "%s", get_text(r, "kernels"));
    get_names(r, &s->names);
    get_hash(r, "model_hash", &s->model_hash);
    get_hash(r, "corpus_hash", &s->corpus_hash);
    get_hash(r, "ood_hash", &s->ood_hash);
    get_hash(r, "concepts_hash", &s->concepts_hash);
    get_int64_t(r, "step", &s->step);
    get_double(r, "lr", &s->lr);
    get_double(r, "scale", &scale);
    get_double(r, "threshold", &s->threshold);
    get_int64_t(r, "schedule_kind", &kind);
    get_double(r, "schedule_start", &s->schedule.start);
    get_double(r, "schedule_end", &s->schedule.end);
    get_int64_t(r, "schedule_steps", &s->schedule.steps);
    get_double(r, "rate_in_use", &s->pos.rate);
#define GET(type, field) get_##type(r, #field, &s->arm.field);
    ARM_STATE_LIST(GET)
#undef GET
    get_position(r, &s->pos);
    s->scale = (float)scale;
    s->schedule.kind = kind == MASK_LINEAR   ? MASK_LINEAR
                       : kind == MASK_COSINE ? MASK_COSINE
                                             : MASK_CONSTANT;
    check_ranges(r, s);
}

enum err runstate_open(const char *dir, struct run_state *out, struct errinfo *e)
{
    char path[RUNDIR_PATH];
    TRY(rundir_file(dir, STATE_FILE, path, e));
    if (!file_exists(path)) {
        return err_set(e, ERR_MISSING,
                       "%s: not found, expected where training is to go on; an "
                       "imported SAE has none",
                       path);
    }
    struct run_state s = {0};
    TRY(st_open(path, &s.file, e));
    struct reader r = {.f = s.file, .path = path, .e = e, .rc = OK};
    read_all(&r, &s);
    if (r.rc != OK) {
        runstate_close(&s);
        return r.rc;
    }
    *out = s;
    return OK;
}

void runstate_close(struct run_state *r)
{
    st_close(r->file);
    r->file = NULL;
}

bool runstate_arms(const char *dir, struct arm_place *out, size_t *n)
{
    struct run_state s = {0};
    if (runstate_open(dir, &s, NULL) != OK) {
        return false;
    }
    const enum err rc = arm_places_read(s.names.others, dir, out, n, NULL);
    runstate_close(&s);
    return rc == OK;
}

/* ---- the same inputs ---- */

static bool same_text(const struct corpus *c, uint64_t was)
{
    return c ? corpus_is(c, was) : was == 0;
}

static bool same_rows(const struct inputs *in, uint64_t was)
{
    return in->shards ? shards_facts(in->shards)->hash == was
                      : same_text(in->corpus, was);
}

enum err runstate_check_inputs(const struct run_state *r, const char *dir,
                               const struct inputs *in, struct errinfo *e)
{
    const struct inputs_hashes h = inputs_hashes(in);
    const struct {
        const char *what;
        uint64_t was, is;
        bool same;
        const char *doubt;
    } all[] = {
        {in->set.model, r->model_hash, h.model, r->model_hash == h.model, ""},
        {in->shards ? in->set.activations : in->set.corpus, r->corpus_hash, h.corpus,
         same_rows(in, r->corpus_hash), inputs_text_doubt(in->corpus)},
        {in->set.ood, r->ood_hash, h.ood, same_text(in->ood, r->ood_hash),
         inputs_text_doubt(in->ood)},
        {in->set.concepts, r->concepts_hash, h.concepts, r->concepts_hash == h.concepts,
         ""},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (!all[i].same) {
            return err_set(e, ERR_USAGE,
                           "%s: %s has changed since: hash %016" PRIx64
                           ", the run recorded %016" PRIx64 "%s",
                           dir, all[i].what, all[i].is, all[i].was, all[i].doubt);
        }
    }
    return OK;
}

const char *runstate_other_kernels(const struct run_state *r, char *buf, size_t cap)
{
    char now[96];
    kernels_text(&r->set, now);
    if (strcmp(now, r->kernels) == 0) {
        return NULL;
    }
    snprintf(buf, cap, "its kernels were %.60s, here they are %.60s", r->kernels, now);
    return buf;
}

/* ---- an arm again ---- */

static enum err read_array(const struct st_file *f, const char *path, const char *name,
                           enum st_dtype dtype, size_t count, void *to, size_t bytes,
                           struct errinfo *e)
{
    const struct st_tensor *t = st_find(f, name);
    if (!t) {
        return err_set(e, ERR_FORMAT, "%s: no tensor %s", path, name);
    }
    if (t->dtype != dtype || t->ndim != 1 || t->shape[0] != count ||
        t->bytes != bytes) {
        return err_set(e, ERR_FORMAT, "%s: %s: found %zu bytes, expected %zu of %s",
                       path, name, t->bytes, bytes, dtype == ST_I64 ? "I64" : "F32");
    }
    memcpy(to, t->data, bytes);
    return dtype == ST_F32 ? elem_check_finite(path, name, &count, 1, to, e) : OK;
}

static enum err read_arrays(const struct run_state *r, const char *path, struct arm *a,
                            struct errinfo *e)
{
    struct sae_state_array arrays[ARRAYS_MAX];
    const size_t count = sae_trainer_state(a->trainer, arrays, ARRAYS_MAX);
    const size_t n = a->sae->count;
    TRY(read_array(r->file, path, "weights", ST_F32, n, a->sae->arena,
                   n * sizeof(float), e));
    for (size_t i = 0; i < count && i < ARRAYS_MAX; i++) {
        TRY(read_array(r->file, path, arrays[i].name,
                       arrays[i].is_i64 ? ST_I64 : ST_F32, arrays[i].count,
                       arrays[i].data, arrays[i].bytes, e));
    }
    const enum err rc = sae_trainer_check_state(a->trainer, e);
    return rc == OK ? OK : err_prefix(e, rc, "%s", path);
}

/* Makes the arm with the length first planned, from which everything that depends on
 * the length was derived. */
static enum err arm_as_started(const struct run_state *r, struct inputs *in,
                               struct arm **out, struct errinfo *e)
{
    struct settings set = r->set;
    set.steps = r->arm.first_steps;
    memcpy(set.samples_dir, in->set.samples_dir, sizeof set.samples_dir);
    return arm_new(in, &set, out, e);
}

/* Checks, before memory is taken for the width that the settings claim, that the file
 * has as many weights. */
static enum err check_width(const struct run_state *r, const char *path, size_t D,
                            struct errinfo *e)
{
    const struct st_tensor *t = st_find(r->file, "weights");
    const size_t floats = t ? t->bytes / sizeof(float) : 0;
    return (size_t)r->set.width <= floats / D / 2
               ? OK
               : err_set(e, ERR_FORMAT,
                         "%s: weights: found %zu numbers, too few for %lld latents of "
                         "%zu dimensions",
                         path, floats, (long long)r->set.width, D);
}

enum err runstate_arm(const struct run_state *r, const char *dir, struct inputs *in,
                      struct arm **out, struct errinfo *e)
{
    char path[RUNDIR_PATH];
    struct arm *a = NULL;
    TRY(path_join(path, sizeof path, dir, STATE_FILE, e));
    TRY(check_width(r, path, inputs_width(in), e));
    TRY(arm_as_started(r, in, &a, e));
    arm_extend(a, r->set.steps);
    arm_set_lr(a, r->lr);
    a->schedule = r->schedule;
    a->state = r->arm;
    a->sae->scale = r->scale;
    a->sae->threshold = r->threshold;
    sae_trainer_set_step_count(a->trainer, r->step);
    enum err rc = read_arrays(r, path, a, e);
    if (rc == OK) {
        rc = source_seek(a->source, &r->pos, e);
        rc = rc == ERR_FORMAT ? err_prefix(e, rc, "%s", dir) : rc;
    }
    if (rc != OK) {
        arm_free(a);
        return rc;
    }
    *out = a;
    return OK;
}
