/* Lists the files that a corpus is made of. */
#define _DEFAULT_SOURCE /* glob */
#include "base/file.h"
#include "base/folder.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "text/corpus_priv.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DEEP 16 /* folders in folders */

static void name_file(struct corpus_file *f)
{
    const char *base = path_base(f->path);
    struct str name;
    str_init(&name, 4 * strlen(base) + 1);
    utf8_escape(&name, base, strlen(base));
    (void)snprintf(f->name, sizeof f->name, "%s", name.p);
    str_free(&name);
}

/* Adds a file; format NULL: standard input. */
static enum err add(struct corpus *c, const char *path,
                    const struct corpus_format *format, bool packed, struct errinfo *e)
{
    TRY(mem_grow(&c->file, &c->file_cap, c->n_files + 1, sizeof *c->file,
                 CORPUS_MAX_FILES, e));
    struct corpus_file *f = &c->file[c->n_files];
    *f = (struct corpus_file){.format = format, .packed = packed, .key = c->key};
    f->path = mem_strdup(path);
    if (!f->path) {
        return err_set(e, ERR_NOMEM, "out of memory for a path");
    }
    name_file(f);
    c->n_files++;
    return OK;
}

/* Counts a file that is no text, and remembers one that can be converted: the same one
 * in whatever order they are found. */
static enum err pass_over(struct corpus *c, const char *path, struct errinfo *e)
{
    size_t row, was;
    c->skipped++;
    if (!corpus_format_way(path, &row) ||
        (c->other && corpus_format_way(c->other, &was) &&
         (was < row || (was == row && strcmp(c->other, path) < 0)))) {
        return OK;
    }
    mem_free(c->other);
    c->other = mem_strdup(path);
    return c->other ? OK : err_set(e, ERR_NOMEM, "out of memory for a path");
}

/* Adds one of several files; skips and counts one that is not text. A grammar has no
 * end, so it must be the only file. */
static enum err add_one_of(struct corpus *c, const char *path, struct errinfo *e)
{
    bool packed = false;
    const struct corpus_format *format = corpus_format_find(path, &packed);
    if (!format || !format->open) {
        return pass_over(c, path, e);
    }
    TRY(add(c, path, format, packed, e));
    if (!format->key) {
        c->file[c->n_files - 1].key = NULL;
    }
    return OK;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct corpus_file *)a)->path,
                  ((const struct corpus_file *)b)->path);
}

static enum err several(struct corpus *c, struct errinfo *e)
{
    if (c->n_files == 0 && c->other) {
        struct errinfo said;
        (void)corpus_format_unknown(c->other, &said);
        return err_set(e, ERR_FORMAT, "found no text: %s", said.msg);
    }
    if (c->n_files == 0) {
        return err_set(e, ERR_FORMAT,
                       "%s: found no text in it (%zu file%s passed over)", c->path,
                       c->skipped, plural_s(c->skipped));
    }
    qsort(c->file, c->n_files, sizeof *c->file, by_path);
    return OK;
}

/* ---- a folder ---- */

struct walk {
    struct corpus *c;
    int depth;
};

static enum err visit(const struct folder *dir, const char *name, mode_t mode,
                      void *user, struct errinfo *e)
{
    struct walk *w = user;
    char path[FOLDER_PATH];
    if (name[0] == '.') {
        return OK;
    }
    TRY(path_join(path, sizeof path, dir->path, name, e));
    if (S_ISREG(mode)) {
        return add_one_of(w->c, path, e);
    }
    if (!S_ISDIR(mode)) {
        w->c->links++;
        return OK;
    }
    if (w->depth == DEEP) {
        return err_set(e, ERR_LIMIT, "%s: more than %d folders deep", path, DEEP);
    }
    struct folder in;
    TRY(folder_open_in(dir, name, &in, e));
    struct walk deeper = {w->c, w->depth + 1};
    const enum err rc = folder_each(&in, visit, &deeper, e);
    folder_close(&in);
    return rc;
}

static enum err list_folder(struct corpus *c, struct errinfo *e)
{
    struct folder dir;
    struct walk w = {c, 0};
    TRY(folder_open(c->path, &dir, e));
    const enum err rc = folder_each(&dir, visit, &w, e);
    folder_close(&dir);
    return rc == OK ? several(c, e) : rc;
}

/* ---- a pattern ---- */

static bool is_pattern(const char *path)
{
    return strpbrk(path, "*?[") != NULL;
}

static enum err list_pattern(struct corpus *c, struct errinfo *e)
{
    glob_t g = {0};
    const int found = glob(c->path, GLOB_NOSORT, NULL, &g);
    enum err rc = OK;
    if (found == GLOB_NOMATCH) {
        rc = err_set(e, ERR_MISSING, "%s: no file matches, expected a corpus", c->path);
    } else if (found != 0) {
        rc = err_set(e, ERR_IO, "%s: can't look for files of that pattern", c->path);
    }
    for (size_t i = 0; rc == OK && i < g.gl_pathc; i++) {
        if (!file_is_dir(g.gl_pathv[i])) {
            rc = add_one_of(c, g.gl_pathv[i], e);
        }
    }
    globfree(&g);
    return rc == OK ? several(c, e) : rc;
}

/* ---- */

enum err corpus_list(struct corpus *c, struct errinfo *e)
{
    if (strcmp(c->path, "-") == 0) {
        return add(c, "standard input", NULL, false, e);
    }
    if (file_is_dir(c->path)) {
        return list_folder(c, e);
    }
    if (!file_exists(c->path) && is_pattern(c->path)) {
        return list_pattern(c, e);
    }
    if (!file_exists(c->path)) {
        return err_set(e, ERR_MISSING, "%s: no such file, expected a corpus", c->path);
    }
    bool packed = false;
    const struct corpus_format *format = corpus_format_find(c->path, &packed);
    return format ? add(c, c->path, format, packed, e)
                  : corpus_format_unknown(c->path, e);
}
