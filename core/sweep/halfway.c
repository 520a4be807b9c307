/* Batches that were stopped half way: DIR/work/HASH, as saved by the engine, and
 * HASH.cells, the names of the cells, in order. */
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "sweep/run_priv.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LIST_BYTES ((size_t)1 << 16)

/* Writes a path that only the same cells have. */
static enum err work_path(const struct sweep_work *w, const struct sweep_batch *b,
                          const char *suffix, char *out, size_t cap, struct errinfo *e)
{
    char name[64];
    uint64_t h = HASH_START;
    for (size_t i = 0; i < b->n; i++) {
        const char *cell = w->plan->cell[b->cell[i]].name;
        h = hash_bytes(h, cell, strlen(cell) + 1);
    }
    snprintf(name, sizeof name, "work/%016" PRIx64 "%s", h, suffix);
    return path_join(out, cap, w->o->dir, name, e);
}

enum err halfway_save(struct sweep_work *w, const struct sweep_batch *b,
                      struct engine *g, struct errinfo *e)
{
    char path[SWEEP_PATH];
    struct str list;
    str_init(&list, LIST_BYTES);
    for (size_t i = 0; i < b->n; i++) {
        str_addf(&list, "%s\n", w->plan->cell[b->cell[i]].name);
    }
    enum err rc = work_path(w, b, ".cells", path, sizeof path, e);
    rc = rc == OK ? file_write_text(path, list.p, e) : rc;
    str_free(&list);
    TRY(rc);
    TRY(work_path(w, b, "", path, sizeof path, e));
    return engine_save(g, path, e);
}

enum err halfway_dir(const struct sweep_work *w, const struct sweep_batch *b, char *out,
                     size_t cap, struct errinfo *e)
{
    return work_path(w, b, "", out, cap, e);
}

static void remove_run(const char *dir)
{
    struct errinfo e;
    if (file_is_dir(dir)) {
        const enum err rc = file_remove_dir(dir, &e);
        (void)rc; /* it stays; the next save there reports it */
    }
}

/* Removes arm i of the run at `dir`, inside it or, in an older save, beside it. */
static void remove_arm(const char *dir, size_t i, bool beside)
{
    struct arm_place p = {.beside = beside};
    struct errinfo e;
    char path[SWEEP_PATH];
    arm_name_also(i, p.name);
    if (arm_place_dir(dir, &p, path, sizeof path, &e) == OK &&
        arm_place_check(dir, &p, false, &e) == OK) {
        remove_run(path);
    }
}

void halfway_remove(const struct sweep_work *w, const struct sweep_batch *b)
{
    char path[SWEEP_PATH], arms[SWEEP_PATH];
    struct errinfo e;
    if (work_path(w, b, "", path, sizeof path, &e) == OK &&
        path_join(arms, sizeof arms, path, RUN_ARMS_DIR, &e) == OK) {
        for (size_t i = 1; i < SWEEP_BATCH_MAX; i++) {
            remove_arm(path, i, false);
            remove_arm(path, i, true);
        }
        remove_run(arms);
        remove_run(path);
    }
    if (work_path(w, b, ".cells", path, sizeof path, &e) == OK) {
        (void)remove(path);
    }
}

enum err halfway_open(struct sweep_work *w, const struct sweep_batch *b,
                      struct engine **out, struct errinfo *e)
{
    char path[SWEEP_PATH], text[32];
    struct settings given;
    bool there = false;
    *out = NULL;
    TRY(work_path(w, b, "", path, sizeof path, e));
    TRY(file_is_dir_own(path, &there, e));
    if (!there) {
        return OK;
    }
    settings_init(&given);
    snprintf(text, sizeof text, "%zu", w->threads);
    TRY(settings_set(&given, setting_key.threads, text, from_program("sweep"), e));
    const struct engine_setup s = {
        .set = &w->plan->base, .resume = path, .given = &given, .cancel = &w->stop};
    const enum err rc = engine_open(&s, out, e);
    if (rc != ERR_MISSING && rc != ERR_FORMAT) {
        return rc;
    }
    /* Half a save, as of a process killed between two arms: nothing else depends on it,
     * so begin anew. */
    sweep_tell_warning(w, e ? e->msg : "");
    halfway_remove(w, b);
    return OK;
}

/* ---- finding them again ---- */

static size_t find_cell(const struct sweep_plan *p, const char *name)
{
    for (size_t i = 0; i < p->n_cells; i++) {
        if (strcmp(p->cell[i].name, name) == 0) {
            return i;
        }
    }
    return SWEEP_NONE;
}

static bool has_cell(const struct sweep_batch *b, size_t cell)
{
    for (size_t i = 0; i < b->n; i++) {
        if (b->cell[i] == cell) {
            return true;
        }
    }
    return false;
}

/* Reads the batch from a list of names; false if the plan lacks one of them, or one
 * occurs twice. */
static bool read_list(const struct sweep_plan *p, char *text, struct sweep_batch *b)
{
    char *save = NULL;
    b->n = 0;
    for (char *name = strtok_r(text, "\n", &save); name;
         name = strtok_r(NULL, "\n", &save)) {
        const size_t i = find_cell(p, name);
        if (i == SWEEP_NONE || b->n == SWEEP_BATCH_MAX || has_cell(b, i)) {
            return false;
        }
        b->cell[b->n++] = i;
    }
    return b->n > 0;
}

/* Whether the batch has cells left, all of which are to be done now. */
static bool is_wanted(const struct sweep_work *w, const struct sweep_batch *b,
                      const bool *todo)
{
    bool some = false, all = true;
    for (size_t i = 0; i < b->n; i++) {
        some |= todo[b->cell[i]];
        all &= todo[b->cell[i]] || w->results[b->cell[i]].done;
    }
    return some && all;
}

static enum err take(struct sweep_work *w, const char *file, bool *todo,
                     struct sweep_batch *out, size_t *n, struct errinfo *e)
{
    char path[SWEEP_PATH], name[300], *text = NULL;
    struct sweep_batch b;
    size_t len = 0;
    snprintf(name, sizeof name, "work/%.255s", file);
    TRY(path_join(path, sizeof path, w->o->dir, name, e));
    TRY(file_read(path, LIST_BYTES, &text, &len, e));
    if (read_list(w->plan, text, &b) && is_wanted(w, &b, todo)) {
        for (size_t i = 0; i < b.n; i++) {
            todo[b.cell[i]] = false;
        }
        out[(*n)++] = b;
    }
    mem_free(text);
    return OK;
}

enum err halfway_take(struct sweep_work *w, bool *todo, struct sweep_batch *out,
                      size_t *n, struct errinfo *e)
{
    char path[SWEEP_PATH];
    enum err rc = OK;
    TRY(path_join(path, sizeof path, w->o->dir, "work", e));
    DIR *d = opendir(path);
    for (struct dirent *f = d ? readdir(d) : NULL; f && rc == OK; f = readdir(d)) {
        if (path_has_suffix(f->d_name, ".cells")) {
            rc = take(w, f->d_name, todo, out, n, e);
        }
    }
    if (d) {
        (void)closedir(d);
    }
    return rc;
}
