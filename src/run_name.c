#include "run_name.h"

#include "base/file.h"
#include "base/mem.h"
#include "state_dir.h"
#include "train/rundir.h"

#include <string.h>

/* Paths made from names on the line, whose other words live as long too. */
struct kept {
    struct kept *next;
    char path[RUNDIR_PATH];
};
static struct kept *kept;

bool run_name_find(const char *word, char *out, size_t cap)
{
    char runs[RUNDIR_PATH];
    struct errinfo unsaid;
    out[0] = '\0';
    return word[0] && word[0] != '/' && word[0] != '.' && !file_exists(word) &&
           state_dir("runs", runs, sizeof runs, &unsaid) == OK &&
           path_join(out, cap, runs, word, &unsaid) == OK && rundir_is(out);
}

enum err run_name_resolve(const char **word, struct errinfo *e)
{
    char path[RUNDIR_PATH];
    struct kept *k = NULL;
    if (run_name_find(*word, path, sizeof path)) {
        TRY(mem_new(&k, 1, sizeof *k, "a path", e));
        memcpy(k->path, path, sizeof path);
        k->next = kept;
        kept = k;
        *word = k->path;
    }
    return OK;
}

/* The same, where the word must be a run; what is wrong with a path is said by who
 * opens it. */
static enum err resolve_run(const char **word, struct errinfo *e)
{
    char path[RUNDIR_PATH];
    TRY(run_name_resolve(word, e));
    return run_name_find(*word, path, sizeof path) || !path[0] || strchr(*word, '/')
               ? OK
               : err_set(e, ERR_MISSING,
                         "%.200s: not found, expected a run or an SAE here, or a run "
                         "there: %s",
                         *word, path);
}

enum err run_names_resolve(const struct opts *o, struct opts_result *r,
                           struct errinfo *e)
{
    for (size_t i = 0; i < r->n_args && i < o->n_runs; i++) {
        TRY(resolve_run(&r->args[i], e));
    }
    for (size_t i = 0; i < o->n; i++) {
        const struct opt *row = &o->table[i];
        if (row->kind == OPT_STRING && strcmp(row->arg, "RUN") == 0 &&
            *(const char **)row->to) {
            TRY(resolve_run(row->to, e));
        }
    }
    return OK;
}
