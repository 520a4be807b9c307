#include "sweep/cellfile.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/number.h"
#include "num/blas.h"
#include "text/corpus.h"

#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT_VERSION 1
#define FILE_BYTES     ((size_t)1 << 20)
#define PATH_BYTES     4096

/* The inputs that cells of one sweep share, by the settings that name them and by their
 * names in the files. */
static const struct {
    const char *key;
    size_t offset;
} inputs_table[] = {
    {"model", offsetof(struct sweep_made, model)},
    {"corpus", offsetof(struct sweep_made, corpus)},
    {"ood", offsetof(struct sweep_made, ood)},
    {"concepts", offsetof(struct sweep_made, concepts)},
};
enum { N_INPUTS = sizeof inputs_table / sizeof *inputs_table };

static uint64_t hash_at(const struct sweep_made *m, size_t i)
{
    uint64_t h = 0;
    memcpy(&h, (const char *)m + inputs_table[i].offset, sizeof h);
    return h;
}

void sweep_made_of(struct sweep_made *m, const struct inputs *in)
{
    *m = (struct sweep_made){.model = in->lm ? in->lm->hash : 0,
                             .corpus = in->corpus ? corpus_hash(in->corpus) : 0,
                             .ood = in->ood ? corpus_hash(in->ood) : 0,
                             .concepts = in->concepts_hash};
    snprintf(m->kernels, sizeof m->kernels, "%s", num_kern_name());
}

/* Whether two cells name the same input for `key`. */
static bool same_name(const struct sweep_plan *p, size_t a, size_t b, const char *key)
{
    const char *x = sweep_cell_value(&p->cell[a], key);
    const char *y = sweep_cell_value(&p->cell[b], key);
    return x == y || (x && y && strcmp(x, y) == 0);
}

static bool same_names(const struct sweep_plan *p, size_t a, size_t b)
{
    bool same = true;
    for (size_t i = 0; i < N_INPUTS; i++) {
        same = same && same_name(p, a, b, inputs_table[i].key);
    }
    return same;
}

enum err sweep_made_check(const struct sweep_plan *p,
                          const struct sweep_result *results,
                          const struct sweep_made *made, size_t cell,
                          const struct sweep_made *m, struct errinfo *e)
{
    for (size_t o = 0; o < p->n_cells; o++) {
        if (o == cell || !results[o].done || !same_names(p, o, cell)) {
            continue;
        }
        for (size_t i = 0; i < N_INPUTS; i++) {
            if (hash_at(&made[o], i) != hash_at(m, i)) {
                return err_set(e, ERR_USAGE,
                               "%s and %s: the %s has changed between these two runs; "
                               "use another --out for the new one",
                               p->cell[o].name, p->cell[cell].name,
                               inputs_table[i].key);
            }
        }
        return OK; /* which has been compared with the rest */
    }
    return OK;
}

/* ---- writing ---- */

/* Adds a number exact to the last bit, which cJSON's own are not. */
static void add_number(cJSON *obj, const char *key, double v)
{
    struct str text;
    str_init(&text, 64);
    json_add_number(&text, v);
    (void)cJSON_AddRawToObject(obj, key, text.len ? text.p : "null");
    str_free(&text);
}

void sweep_made_write(cJSON *root, const struct sweep_made *m)
{
    char text[32];
    cJSON *made = cJSON_AddObjectToObject(root, "made_with");
    for (size_t i = 0; i < N_INPUTS; i++) {
        snprintf(text, sizeof text, "%016" PRIx64, hash_at(m, i));
        (void)cJSON_AddStringToObject(made, inputs_table[i].key, text);
    }
    (void)cJSON_AddStringToObject(made, "kernels", m->kernels);
}

static cJSON *cell_tree(const struct sweep_cell *c, const struct sweep_result *r,
                        const struct sweep_made *m)
{
    cJSON *root = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(root, "saetop", SAETOP_VERSION);
    (void)cJSON_AddNumberToObject(root, "format", FORMAT_VERSION);
    (void)cJSON_AddStringToObject(root, "cell", c->name);
    cJSON *set = cJSON_AddObjectToObject(root, "settings");
    for (size_t i = 0; i < c->n_pairs; i++) {
        (void)cJSON_AddStringToObject(set, c->pair[i].key, c->pair[i].value);
    }
    sweep_made_write(root, m);
    add_number(root, "steps", r->steps);
    add_number(root, "vectors", r->vectors);
    add_number(root, "tokens_read", r->tokens_read);
    add_number(root, "seconds", r->seconds);
    add_number(root, "sparsity", r->sparsity);
    (void)cJSON_AddBoolToObject(root, "matched", r->on_target);
    cJSON *v = cJSON_AddObjectToObject(root, "measures");
    const struct sweep_set measures = sweep_set_of(c->source);
    for (size_t i = measures.first; i < measures.end; i++) {
        add_number(v, sweep_measure_def(i)->result, r->v[i]);
    }
    return root;
}

static enum err cell_path(const char *dir, const char *name, char *out, size_t cap,
                          struct errinfo *e)
{
    char file[SWEEP_NAME_MAX + 16];
    snprintf(file, sizeof file, "cells/%s.json", name);
    return path_join(out, cap, dir, file, e);
}

enum err sweep_cell_save(const char *dir, const struct sweep_cell *c,
                         const struct sweep_result *r, const struct sweep_made *m,
                         struct errinfo *e)
{
    char path[PATH_BYTES];
    struct str text;
    TRY(cell_path(dir, c->name, path, sizeof path, e));
    cJSON *root = cell_tree(c, r, m);
    str_init(&text, FILE_BYTES);
    enum err rc = json_print(root, &text, e);
    rc = rc == OK ? file_write_text(path, text.p, e) : rc;
    cJSON_Delete(root);
    str_free(&text);
    return rc;
}

/* ---- reading ---- */

/* Reads a number that may be null. */
static enum err read_number(struct json_at at, const cJSON *obj, const char *key,
                            double *out, struct errinfo *e)
{
    *out = (double)NAN;
    return json_num(at, obj, key, false, -1e300, 1e300, out, e);
}

enum err sweep_made_read(struct json_at at, const cJSON *root, struct sweep_made *m,
                         struct errinfo *e)
{
    const cJSON *made = NULL;
    const char *text = "";
    TRY(json_obj(at, root, "made_with", true, &made, e));
    at.path = "made_with";
    for (size_t i = 0; i < N_INPUTS; i++) {
        uint64_t h = 0;
        TRY(json_str(at, made, inputs_table[i].key, true, &text, e));
        if (!number_hash(text, &h)) {
            return err_set(e, ERR_FORMAT,
                           "%s: made_with.%s: found '%.40s', expected 16 hex digits",
                           at.file, inputs_table[i].key, text);
        }
        memcpy((char *)m + inputs_table[i].offset, &h, sizeof h);
    }
    TRY(json_str(at, made, "kernels", true, &text, e));
    snprintf(m->kernels, sizeof m->kernels, "%s", text);
    return OK;
}

static enum err read_tree(const cJSON *root, const char *path, const char *name,
                          struct sweep_result *r, struct sweep_made *m,
                          struct errinfo *e)
{
    struct json_at at = {path, ""};
    const struct {
        const char *key;
        double *to;
    } number[] = {{"steps", &r->steps},
                  {"vectors", &r->vectors},
                  {"tokens_read", &r->tokens_read},
                  {"seconds", &r->seconds},
                  {"sparsity", &r->sparsity}};
    const cJSON *v = NULL;
    const char *cell = "";
    int64_t format = 0;
    TRY(json_int(at, root, "format", true, FORMAT_VERSION, FORMAT_VERSION, &format, e));
    TRY(json_str(at, root, "cell", true, &cell, e));
    if (strcmp(cell, name) != 0) {
        return err_set(e, ERR_FORMAT, "%s: found the cell '%s', expected '%s'", path,
                       cell, name);
    }
    TRY(sweep_made_read(at, root, m, e));
    for (size_t i = 0; i < sizeof number / sizeof *number; i++) {
        TRY(read_number(at, root, number[i].key, number[i].to, e));
    }
    TRY(json_bool(at, root, "matched", true, &r->on_target, e));
    TRY(json_obj(at, root, "measures", true, &v, e));
    at.path = "measures";
    for (size_t i = 0; i < SWEEP_MEASURES_ALL; i++) {
        TRY(read_number(at, v, sweep_measure_def(i)->result, &r->v[i], e));
    }
    r->done = true;
    return OK;
}

enum err sweep_cell_parse(const char *text, size_t len, const char *path,
                          const char *name, struct sweep_result *r,
                          struct sweep_made *m, struct errinfo *e)
{
    cJSON *root = NULL;
    struct sweep_result fresh = {0};
    struct sweep_made made = {0};
    TRY(json_parse(text, len, path, &root, e));
    const enum err rc = read_tree(root, path, name, &fresh, &made, e);
    cJSON_Delete(root);
    TRY(rc);
    *r = fresh;
    *m = made;
    return OK;
}

enum err sweep_cells_load(const char *dir, const struct sweep_plan *p,
                          struct sweep_result *results, struct sweep_made *made,
                          struct errinfo *e)
{
    char path[PATH_BYTES];
    for (size_t i = 0; i < p->n_cells; i++) {
        char *text = NULL;
        size_t len = 0;
        TRY(cell_path(dir, p->cell[i].name, path, sizeof path, e));
        if (results[i].done || !file_exists(path)) {
            continue;
        }
        TRY(file_read(path, FILE_BYTES, &text, &len, e));
        const enum err rc = sweep_cell_parse(text, len, path, p->cell[i].name,
                                             &results[i], &made[i], e);
        mem_free(text);
        TRY(rc);
        TRY(sweep_made_check(p, results, made, i, &made[i], e));
    }
    return OK;
}

static bool in_plan(const struct sweep_plan *p, const char *file)
{
    const size_t n = strlen(file) - strlen(".json");
    for (size_t i = 0; i < p->n_cells; i++) {
        if (strlen(p->cell[i].name) == n && memcmp(p->cell[i].name, file, n) == 0) {
            return true;
        }
    }
    return false;
}

size_t sweep_cells_others(const char *dir, const struct sweep_plan *p)
{
    char path[PATH_BYTES];
    struct errinfo e;
    size_t n = 0;
    DIR *d =
        path_join(path, sizeof path, dir, "cells", &e) == OK ? opendir(path) : NULL;
    if (!d) {
        return 0;
    }
    for (struct dirent *f = readdir(d); f; f = readdir(d)) {
        n += path_has_suffix(f->d_name, ".json") && !in_plan(p, f->d_name) ? 1 : 0;
    }
    (void)closedir(d);
    return n;
}
