/* Which files of a folder are shards, and what their heads say. */
#include "acts/shards_priv.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/npy.h"
#include "base/number.h"
#include "base/safetensors.h"
#include "text/mask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_FILES 100000
#define MAX_D     65536
#define MAX_T     65536
#define HASHED    ((size_t)4096) /* bytes at each end of a part */
#define NPY       ".npy"
#define ST        ".safetensors"
#define ALL_PARTS (-1) /* of a file that may hold any */

/* ---- names ---- */

struct found {
    char *name;  /* owned */
    size_t stem; /* bytes of it */
    int part;
};

struct list {
    struct found *at;
    size_t n, cap;
};

static void list_free(struct list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        mem_free(l->at[i].name);
    }
    mem_free(l->at);
}

/* "X.tokens.npy" is the part tokens of X, "X.npy" its activations; "tokens.npy" is the
 * part of an X without a name. */
static void split_npy(struct found *f)
{
    f->part = SHARDS_CLEAN;
    for (int p = 0; p < SHARDS_PARTS; p++) {
        const char *part = shards_part_name((enum shards_part)p);
        const size_t n = strlen(part);
        const bool bare = f->stem == n;
        if ((bare || (f->stem > n + 1 && f->name[f->stem - n - 1] == '.')) &&
            memcmp(f->name + f->stem - n, part, n) == 0) {
            f->stem -= bare ? n : n + 1;
            f->part = p;
            return;
        }
    }
}

static enum err visit(const struct folder *dir, const char *name, mode_t mode,
                      void *user, struct errinfo *e)
{
    struct list *l = user;
    const bool npy = path_has_suffix(name, NPY);
    if (name[0] == '.' || (!npy && !path_has_suffix(name, ST))) {
        return OK;
    }
    if (!S_ISREG(mode)) { /* a run on some of the files would not say so */
        return err_set(e, ERR_FORMAT,
                       "%s/%s: found %s, expected a regular file: put the file itself "
                       "there",
                       dir->path, name, S_ISLNK(mode) ? "a link" : "another kind");
    }
    TRY(mem_grow(&l->at, &l->cap, l->n + 1, sizeof *l->at, MAX_FILES, e));
    struct found *f = &l->at[l->n];
    *f = (struct found){.name = mem_strdup(name), .part = ALL_PARTS};
    if (!f->name) {
        return err_set(e, ERR_NOMEM, "out of memory for a path");
    }
    l->n++;
    f->stem = strlen(name) - strlen(npy ? NPY : ST);
    if (npy) {
        split_npy(f);
    }
    return OK;
}

static int compare_stem(const struct found *x, const struct found *y)
{
    const size_t n = x->stem < y->stem ? x->stem : y->stem;
    const int c = memcmp(x->name, y->name, n);
    return c != 0 ? c : (x->stem > y->stem) - (x->stem < y->stem);
}

static int by_stem(const void *a, const void *b)
{
    const int c = compare_stem(a, b);
    return c != 0 ? c
                  : strcmp(((const struct found *)a)->name,
                           ((const struct found *)b)->name);
}

/* ---- what is said of all ---- */

static enum err disagree(const char *file, const char *key, const char *found,
                         const char *expected, struct errinfo *e)
{
    return err_set(e, ERR_FORMAT,
                   "%s: %s: found %.60s, expected %.60s as in the files before", file,
                   key, found, expected);
}

static enum err say_text(char have[SHARDS_TEXT], const char *file, const char *key,
                         const char *value, struct errinfo *e)
{
    if (strlen(value) >= SHARDS_TEXT) {
        return err_set(e, ERR_FORMAT, "%s: %s: found %zu bytes, expected fewer than %d",
                       file, key, strlen(value), SHARDS_TEXT);
    }
    if (have[0] && strcmp(have, value) != 0) {
        return disagree(file, key, value, have, e);
    }
    (void)snprintf(have, SHARDS_TEXT, "%s", value);
    return OK;
}

static enum err say_rate(struct shards *s, const char *file, double rate,
                         struct errinfo *e)
{
    char found[32], expected[32];
    if (!(rate >= 0 && rate <= MASK_RATE_MAX)) {
        return err_set(e, ERR_FORMAT, "%s: mask_rate: found %g, expected 0 to %g", file,
                       rate, MASK_RATE_MAX);
    }
    if (rate < s->facts.mask_rate || rate > s->facts.mask_rate) { /* neither, of NaN */
        (void)snprintf(found, sizeof found, "%g", rate);
        (void)snprintf(expected, sizeof expected, "%g", s->facts.mask_rate);
        return disagree(file, "mask_rate", found, expected, e);
    }
    s->facts.mask_rate = rate;
    return OK;
}

static enum err say_meta(struct shards *s, const char *file, const struct st_file *f,
                         struct errinfo *e)
{
    const char *model = st_meta(f, "model"), *hook = st_meta(f, "hook");
    const char *text = st_meta(f, "mask_rate");
    double rate = 0;
    if (text && !number_real(text, &rate)) {
        return err_set(e, ERR_FORMAT, "%s: mask_rate: found %.60s, expected a number",
                       file, text);
    }
    TRY(model ? say_text(s->facts.model, file, "model", model, e) : OK);
    TRY(hook ? say_text(s->facts.hook, file, "hook", hook, e) : OK);
    return text ? say_rate(s, file, rate, e) : OK;
}

/* Reads the folder's own file, if there is one. */
static enum err read_about(struct shards *s, struct errinfo *e)
{
    char path[FOLDER_PATH];
    cJSON *tree = NULL;
    const char *model = "", *hook = "";
    enum err rc;
    TRY(path_join(path, sizeof path, s->dir, SHARDS_ABOUT, e));
    if (!file_exists(path)) {
        return OK;
    }
    const struct json_at at = {path, ""};
    TRY(json_load(path, 1u << 20, &tree, e));
    TRY_OUT(rc, json_str(at, tree, "model", false, &model, e));
    TRY_OUT(rc, json_str(at, tree, "hook", false, &hook, e));
    TRY_OUT(rc, json_num(at, tree, "mask_rate", false, 0, MASK_RATE_MAX,
                         &s->facts.mask_rate, e));
    TRY_OUT(rc, say_text(s->facts.model, path, "model", model, e));
    rc = say_text(s->facts.hook, path, "hook", hook, e);
out:
    cJSON_Delete(tree);
    return rc;
}

/* ---- a head ---- */

static enum err part_new(struct shard *d, enum shards_part part, const char *path,
                         const struct infile *in, struct shard_part **out,
                         struct errinfo *e)
{
    struct shard_part *p = &d->part[part];
    if (p->path) {
        return err_set(e, ERR_FORMAT, "%s: %s: found in %s as well, expected once",
                       path, shards_part_name(part), path_base(p->path));
    }
    p->path = mem_strdup(path);
    p->file = in;
    p->len = infile_len(in);
    *out = p;
    return p->path ? OK : err_set(e, ERR_NOMEM, "out of memory for a path");
}

/* Checks type and number of dimensions; *p has them if they are right. */
static enum err take_shape(struct shard_part *p, enum shards_part part, bool known,
                           enum elem elem, const size_t *shape, size_t ndim,
                           struct errinfo *e)
{
    char text[200];
    const bool floats = shards_part_is_floats(part);
    const bool flags = elem == ELEM_U8 || elem == ELEM_BOOL;
    const bool ids = !elem_is_float(elem) && elem != ELEM_BOOL;
    if (!known || !(floats                 ? elem_is_float(elem)
                    : part == SHARDS_FLAGS ? flags
                                           : ids)) {
        return err_set(e, ERR_FORMAT, "%s: %s: found %s, expected %s", p->path,
                       shards_part_name(part), known ? elem_name(elem) : "another type",
                       floats                 ? "F32, F16, BF16 or F64"
                       : part == SHARDS_FLAGS ? "BOOL or U8"
                                              : "integers");
    }
    const size_t least = floats ? 2 : 1;
    if (ndim != least && ndim != least + 1) {
        return err_set(e, ERR_FORMAT, "%s: %s: found shape %s, expected %s", p->path,
                       shards_part_name(part), shape_text(shape, ndim, text),
                       floats ? "[n, D] or [rows, T, D]" : "[n] or [rows, T]");
    }
    p->elem = elem;
    p->ndim = ndim;
    memcpy(p->shape, shape, ndim * sizeof *shape);
    return OK;
}

static enum err take_tensors(struct shard *d, const char *path, const struct infile *in,
                             const struct infile_bytes *b, const struct st_file *f,
                             struct errinfo *e)
{
    for (int part = 0; part < SHARDS_PARTS; part++) {
        const struct st_tensor *t =
            st_find(f, shards_part_name((enum shards_part)part));
        struct shard_part *p = NULL;
        enum elem elem = ELEM_F32;
        if (t) {
            TRY(part_new(d, (enum shards_part)part, path, in, &p, e));
            p->at = (size_t)((const uint8_t *)t->data - b->p);
            const bool known = st_elem(t->dtype, &elem);
            TRY(take_shape(p, (enum shards_part)part, known, elem, t->shape, t->ndim,
                           e));
        }
    }
    return OK;
}

static enum err read_st(struct shards *s, struct shard *d, const char *path,
                        const struct infile *in, struct errinfo *e)
{
    struct infile_bytes b = {0};
    struct st_file *f = NULL;
    enum err rc;
    TRY(infile_map(in, &b, e));
    TRY_OUT(rc, st_parse(b.p, b.len, path, &f, e));
    TRY_OUT(rc, take_tensors(d, path, in, &b, f, e));
    rc = say_meta(s, path, f, e);
out:
    st_close(f);
    infile_release(&b);
    return rc;
}

static enum err read_npy_head(const struct infile *in, const char *path,
                              struct npy *out, struct errinfo *e)
{
    uint8_t first[NPY_PREFIX];
    uint8_t *head = NULL;
    size_t n = 0;
    const size_t len = infile_len(in);
    const size_t some = len < sizeof first ? len : sizeof first;
    TRY(infile_get(in, 0, first, some, e));
    TRY(npy_header_size(first, some, path, &n, e));
    n = n < len ? n : len;
    TRY(mem_new(&head, n, 1, path, e));
    enum err rc = infile_get(in, 0, head, n, e);
    rc = rc == OK ? npy_parse(head, n, path, out, e) : rc;
    mem_free(head);
    return rc;
}

static enum err read_npy(struct shard *d, enum shards_part part, const char *path,
                         const struct infile *in, struct errinfo *e)
{
    struct shard_part *p = NULL;
    struct npy h;
    TRY(read_npy_head(in, path, &h, e));
    const size_t bytes = h.count * elem_size(h.elem), len = infile_len(in);
    if (bytes != len - h.header) {
        return err_set(e, ERR_FORMAT,
                       "%s: found %zu bytes behind the header, expected %zu for its "
                       "shape",
                       path, len - h.header, bytes);
    }
    if (h.fortran && h.ndim > 1) {
        return err_set(e, ERR_FORMAT,
                       "%s: fortran_order: found True, expected False: save "
                       "numpy.ascontiguousarray(x)",
                       path);
    }
    TRY(part_new(d, part, path, in, &p, e));
    p->at = h.header;
    return take_shape(p, part, true, h.elem, h.shape, h.ndim, e);
}

/* Reads a file's head. *in: the open file; caller owns. */
static enum err read_head(struct shards *s, struct shard *d, const struct found *f,
                          struct infile **in, struct errinfo *e)
{
    char path[FOLDER_PATH];
    TRY(path_join(path, sizeof path, s->dir, f->name, e));
    TRY(infile_open(path, in, e));
    return f->part == ALL_PARTS ? read_st(s, d, path, *in, e)
                                : read_npy(d, (enum shards_part)f->part, path, *in, e);
}

/* ---- a shard ---- */

/* Checks that activations are [n,D] or [rows,T,D], and the others of that shape without
 * D. */
static enum err check_shapes(struct shard *d, struct errinfo *e)
{
    const struct shard_part *c = &d->part[SHARDS_CLEAN];
    char found[200], expected[200];
    for (int part = 0; part < SHARDS_PARTS; part++) {
        const struct shard_part *p = &d->part[part];
        const size_t ndim = c->ndim - !shards_part_is_floats((enum shards_part)part);
        if (p->path &&
            (p->ndim != ndim || memcmp(p->shape, c->shape, ndim * sizeof *p->shape))) {
            return err_set(e, ERR_FORMAT,
                           "%s: %s: found shape %s, expected %s, as activations have "
                           "it",
                           p->path, shards_part_name((enum shards_part)part),
                           shape_text(p->shape, p->ndim, found),
                           shape_text(c->shape, ndim, expected));
        }
    }
    d->n = c->shape[0] * (c->ndim == 3 ? c->shape[1] : 1);
    return OK;
}

/* Checks a shard against the first. */
static enum err check_agrees(const struct shards *s, const struct shard *d,
                             struct errinfo *e)
{
    const struct shard_part *c = &d->part[SHARDS_CLEAN];
    const size_t D = c->shape[c->ndim - 1];
    if (D != s->facts.D) {
        return err_set(e, ERR_FORMAT,
                       "%s: activations: found %zu dimensions, expected %zu as in %s",
                       c->path, D, s->facts.D,
                       path_base(s->shard[0].part[SHARDS_CLEAN].path));
    }
    for (int part = 0; part < SHARDS_PARTS; part++) {
        const bool first = s->shard[0].part[part].path != NULL;
        if (first != (d->part[part].path != NULL)) {
            return err_set(e, ERR_FORMAT, "%s: %s: found %s, expected %s as in %s",
                           c->path, shards_part_name((enum shards_part)part),
                           first ? "none" : "it", first ? "it" : "none",
                           path_base(s->shard[0].part[SHARDS_CLEAN].path));
        }
    }
    return OK;
}

static enum err begin(struct shards *s, const struct shard *d, struct errinfo *e)
{
    const struct shard_part *c = &d->part[SHARDS_CLEAN];
    s->facts.D = c->shape[c->ndim - 1];
    s->text_T = c->ndim == 3 ? c->shape[1] : 0;
    if (s->facts.D < 1 || s->facts.D > MAX_D || s->text_T > MAX_T) {
        return err_set(e, ERR_LIMIT,
                       "%s: activations: found rows of %zu vectors of %zu dimensions, "
                       "expected at most %d and 1 to %d",
                       c->path, s->text_T, s->facts.D, MAX_T, MAX_D);
    }
    return OK;
}

/* Adds a part to the hash of all (shards_facts.hash). */
static enum err hash_part(struct shards *s, const struct shard *d,
                          const struct shard_part *p, struct errinfo *e)
{
    uint8_t bytes[HASHED];
    size_t all = elem_size(p->elem);
    for (size_t i = 0; i < p->ndim; i++) {
        all *= p->shape[i];
    }
    const size_t n = all < HASHED ? all : HASHED;
    const char *name = path_base(p->path);
    const uint64_t facts[] = {p->len, p->at, (uint64_t)p->elem, d->n};
    s->facts.hash = hash_bytes(s->facts.hash, name, strlen(name));
    s->facts.hash = hash_bytes(s->facts.hash, facts, sizeof facts);
    TRY(infile_get(p->file, p->at, bytes, n, e));
    s->facts.hash = hash_bytes(s->facts.hash, bytes, n);
    TRY(infile_get(p->file, p->at + all - n, bytes, n, e));
    s->facts.hash = hash_bytes(s->facts.hash, bytes, n);
    return OK;
}

static enum err hash_parts(struct shards *s, const struct shard *d, struct errinfo *e)
{
    for (int part = 0; part < SHARDS_PARTS; part++) {
        TRY(d->part[part].path ? hash_part(s, d, &d->part[part], e) : OK);
    }
    return OK;
}

/* Reads the heads of the files of one stem and checks them against those before; the
 * files stay open in file [n]. */
static enum err read_heads(struct shards *s, struct shard *d, const struct found *f,
                           size_t n, struct infile **file, struct errinfo *e)
{
    for (size_t i = 0; i < n; i++) {
        TRY(read_head(s, d, &f[i], &file[i], e));
    }
    const struct shard_part *c = &d->part[SHARDS_CLEAN];
    if (!c->path) {
        return err_set(e, ERR_FORMAT, "%s/%s: %s: found none, expected one", s->dir,
                       f[0].name, shards_part_name(SHARDS_CLEAN));
    }
    TRY(check_shapes(d, e));
    TRY(s->facts.files == 1 ? begin(s, d, e) : check_agrees(s, d, e));
    const size_t T = c->ndim == 3 ? c->shape[1] : 0;
    s->text_T = T == s->text_T ? T : 0;
    return OK;
}

/* Reads the files of one stem, each opened once. */
static enum err read_shard(struct shards *s, const struct found *f, size_t n,
                           struct errinfo *e)
{
    struct infile **file = NULL;
    TRY(mem_grow(&s->shard, &s->cap, s->facts.files + 1, sizeof *s->shard, MAX_FILES,
                 e));
    struct shard *d = &s->shard[s->facts.files++];
    TRY(mem_new(&file, n, sizeof *file, "files of a shard", e));
    enum err rc = read_heads(s, d, f, n, file, e);
    rc = rc == OK ? hash_parts(s, d, e) : rc;
    for (size_t i = 0; i < n; i++) {
        infile_close(file[i]);
    }
    for (int part = 0; part < SHARDS_PARTS; part++) {
        d->part[part].file = NULL;
    }
    mem_free(file);
    return rc;
}

static enum err read_all(struct shards *s, const struct list *l, struct errinfo *e)
{
    for (size_t i = 0; i < l->n;) {
        size_t end = i + 1;
        while (end < l->n && compare_stem(&l->at[i], &l->at[end]) == 0) {
            end++;
        }
        TRY(read_shard(s, &l->at[i], end - i, e));
        i = end;
    }
    return OK;
}

enum err shards_find(struct shards *s, struct errinfo *e)
{
    struct folder dir;
    struct list l = {0};
    TRY(folder_open(s->dir, &dir, e));
    enum err rc = folder_each(&dir, visit, &l, e);
    folder_close(&dir);
    if (rc == OK && l.n == 0) {
        rc = err_set(e, ERR_FORMAT,
                     "%s: found no " ST " or " NPY " in it, expected shards of "
                     "activations",
                     s->dir);
    }
    if (rc == OK) {
        qsort(l.at, l.n, sizeof *l.at, by_stem);
        rc = read_about(s, e);
    }
    rc = rc == OK ? read_all(s, &l, e) : rc;
    list_free(&l);
    return rc;
}
