#define _XOPEN_SOURCE 700 /* S_ISDIR, fstatat */
/* Lists the runs of a folder. */
#include "run/run_list.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "eval/kept.h"
#include "run/run_arms.h"
#include "run/run_trash.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define EVAL_BYTES ((size_t)4 << 20) /* largest eval.json read for a list */
#define WALK_DEPTH 8
#define WALK_FILES 100000
#define LINKS_MAX  4096 /* most files with several names that are counted once */

/* ---- life ---- */

struct run_list *run_list_ref(struct run_list *l)
{
    atomic_fetch_add(&l->refs, 1);
    return l;
}

void run_list_unref(struct run_list *l)
{
    if (l && atomic_fetch_sub(&l->refs, 1) == 1) {
        mem_free(l->row);
        mem_free(l);
    }
}

const struct run_row *run_list_find(const struct run_list *l, const char *name)
{
    size_t low = 0, high = l->n;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        const int r = strcmp(l->row[mid].name, name);
        if (r == 0) {
            return &l->row[mid];
        }
        low = r < 0 ? mid + 1 : low;
        high = r < 0 ? high : mid;
    }
    return NULL;
}

/* ---- size on disk ---- */

struct walk {
    int64_t bytes;
    size_t files, links;
    ino_t link[LINKS_MAX]; /* files seen that have several names */
};

/* Whether the file counts: only the first of several names does. */
static bool is_first_name(struct walk *w, const struct stat *st)
{
    for (size_t i = 0; i < w->links && st->st_nlink > 1; i++) {
        if (w->link[i] == st->st_ino) {
            return false;
        }
    }
    if (st->st_nlink > 1 && w->links < LINKS_MAX) {
        w->link[w->links++] = st->st_ino;
    }
    return true;
}

struct walk_in {
    struct walk *w;
    int depth;
};

static enum err add_entry(const struct folder *f, const char *name, mode_t mode,
                          void *user, struct errinfo *e)
{
    const struct walk_in *in = user;
    struct walk_in deeper = {in->w, in->depth + 1};
    struct folder sub;
    struct stat st;
    if (in->w->files++ >= WALK_FILES ||
        fstatat(f->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return OK;
    }
    if (!S_ISDIR(mode)) {
        in->w->bytes += is_first_name(in->w, &st) ? (int64_t)st.st_blocks * 512 : 0;
        return OK;
    }
    in->w->bytes += (int64_t)st.st_blocks * 512;
    if (in->depth < WALK_DEPTH && folder_open_in(f, name, &sub, NULL) == OK) {
        const enum err rc = folder_each(&sub, add_entry, &deeper, e);
        folder_close(&sub);
        return rc;
    }
    return OK;
}

static int64_t bytes_of(const char *dir)
{
    struct walk *w = NULL;
    struct folder f;
    if (mem_new(&w, 1, sizeof *w, dir, NULL) != OK) {
        return 0;
    }
    if (folder_open(dir, &f, NULL) == OK) {
        struct walk_in in = {w, 0};
        const enum err rc = folder_each(&f, add_entry, &in, NULL);
        (void)rc; /* what could be counted */
        folder_close(&f);
    }
    const int64_t bytes = w->bytes;
    mem_free(w);
    return bytes;
}

/* ---- figures ---- */

/* Reads the figures of eval.json if it is of this step. The file is optional: one that
 * can't be read counts as none. */
static void eval_figures(const char *dir, int64_t step, double out[RUN_FIGURES])
{
    char path[RUNDIR_PATH];
    cJSON *root = NULL;
    if (rundir_file(dir, "eval.json", path, NULL) != OK || !file_exists(path) ||
        json_load(path, EVAL_BYTES, &root, NULL) != OK) {
        return;
    }
    const double of = kept_value(root, measure_at(METRIC_STEP)->column);
    for (size_t i = 0; i < RUN_FIGURES && fabs(of - (double)step) < 0.5; i++) {
        out[i] = kept_value(root, measure_at(run_figure(i))->path);
    }
    cJSON_Delete(root);
}

static enum err arm_figures(const char *dir, const struct run_record *r,
                            double out[RUN_FIGURES], char *note, struct errinfo *e)
{
    char metrics[RUNDIR_PATH], events[RUNDIR_PATH];
    struct metric_row last;
    bool some = false;
    TRY(rundir_file(dir, "metrics.csv", metrics, e));
    TRY(rundir_file(dir, "events.csv", events, e));
    TRY(history_last(metrics, events, &last, note, RUN_NOTE_MAX + 1, e));
    for (size_t i = 0; i < RUN_FIGURES; i++) {
        out[i] = last.v[run_figure(i)];
        some = some || isfinite(out[i]);
    }
    if (!some) {
        eval_figures(dir, r->step, out);
    }
    return OK;
}

/* ---- one run ---- */

/* The records and figures of a run's arms, the first arm's first. */
struct arms_read {
    struct run_arms found;
    size_t n; /* that could be read */
    const char *dir[RUN_ARMS_MAX];
    struct run_record record[RUN_ARMS_MAX];
    double figure[RUN_ARMS_MAX][RUN_FIGURES];
};

static void remark(struct run_row *row, const char *text)
{
    struct remarks r = {0};
    if (!row->remark[0]) { /* the first that is found */
        remarks_add(&r, "%s", text);
        (void)snprintf(row->remark, sizeof row->remark, "%s", r.line[0]);
    }
}

static void add_arm(struct arms_read *a, const char *dir, struct run_row *row)
{
    struct errinfo e = {0};
    char note[RUN_NOTE_MAX + 1];
    enum err rc = rundir_load_config(dir, &a->record[a->n], &e);
    for (size_t f = 0; f < RUN_FIGURES; f++) {
        a->figure[a->n][f] = (double)NAN; /* where its files can't be read */
    }
    if (rc == OK) {
        rc = arm_figures(dir, &a->record[a->n], a->figure[a->n],
                         a->n > 0 ? note : row->note, &e);
        a->dir[a->n++] = dir; /* its settings are there */
    }
    if (rc != OK) {
        remark(row, e.msg);
    }
}

/* Adds a condition with its figures: the means over those of its n arms that have
 * them. */
static void add_condition(const struct arms_read *a, size_t n,
                          const struct conditions *c, size_t k,
                          struct run_condition *out)
{
    size_t has[RUN_FIGURES] = {0};
    *out = (struct run_condition){.letter = c->at[k].letter,
                                  .mask_rate = a->record[c->at[k].arm].mask_rate};
    for (size_t i = 0; i < n; i++) {
        out->seeds += c->of[i] == k;
        for (size_t f = 0; f < RUN_FIGURES; f++) {
            const bool is = c->of[i] == k && isfinite(a->figure[i][f]);
            out->figure[f] += is ? a->figure[i][f] : 0;
            has[f] += is;
        }
    }
    for (size_t f = 0; f < RUN_FIGURES; f++) {
        out->figure[f] = has[f] ? out->figure[f] / (double)has[f] : (double)NAN;
    }
}

/* Groups the arms into conditions; if that fails the row has only the first arm. */
static void group(const struct arms_read *a, struct run_row *row)
{
    const struct settings *set[RUN_ARMS_MAX];
    const char *name[RUN_ARMS_MAX];
    struct conditions c;
    struct errinfo e = {0};
    size_t n = a->n;
    for (size_t i = 0; i < n; i++) {
        set[i] = &a->record[i].set;
        name[i] = a->dir[i];
    }
    enum err rc = conditions_of(set, name, n, &c, &e);
    if (rc != OK) {
        remark(row, e.msg);
        n = 1;
        rc = conditions_of(set, name, n, &c, NULL);
    }
    for (size_t k = 0; rc == OK && k < c.n; k++) {
        add_condition(a, n, &c, k, &row->condition[k]);
    }
    if (rc == OK) {
        row->conditions = c.n;
        conditions_deinit(&c);
    }
}

static void take_first(const struct run_record *r, struct run_row *row)
{
    row->opens = true;
    row->step = r->step;
    row->steps = r->set.steps;
    row->k = r->set.k;
    row->width = r->set.width;
    row->imported = r->imported;
    (void)snprintf(row->arch, sizeof row->arch, "%.31s", r->set.arch);
}

static void read_arms(const char *dir, struct arms_read *a, struct run_row *row)
{
    struct errinfo e = {0};
    struct remarks missing = {0};
    const enum err rc = run_arms(dir, &a->found, &missing, &e);
    for (size_t i = 0; i < a->found.n; i++) {
        add_arm(a, a->found.dir[i], row);
        if (a->n == 0) {
            return; /* its remark says why */
        }
    }
    if (missing.n > 0 || rc != OK) {
        remark(row, rc != OK ? e.msg : missing.line[0]);
    }
    if (a->n > 0) {
        take_first(&a->record[0], row);
        row->arms = a->n;
        group(a, row);
    }
}

static enum err read_run(const char *dir, struct run_row *row, struct errinfo *e)
{
    struct errinfo why = {0};
    struct arms_read *a = NULL;
    if (rundir_whole(dir, &why) != OK) {
        remark(row, why.msg);
        return OK;
    }
    TRY(mem_new(&a, 1, sizeof *a, "arms of a run", e));
    read_arms(dir, a, row);
    mem_free(a);
    if (row->opens && rundir_label(dir, row->label, &why) != OK) {
        remark(row, why.msg);
    }
    return OK;
}

/* ---- what has changed ---- */

static uint64_t hash_stat(uint64_t h, const char *dir, const char *name, int64_t *saved)
{
    char path[RUNDIR_PATH];
    struct stat st;
    if (rundir_file(dir, name, path, NULL) != OK || lstat(path, &st) != 0) {
        return hash_bytes(h, name, strlen(name));
    }
    const int64_t at[4] = {(int64_t)st.st_ino, (int64_t)st.st_mtim.tv_sec,
                           (int64_t)st.st_mtim.tv_nsec, (int64_t)st.st_size};
    *saved = at[1];
    return hash_bytes(h, at, sizeof at);
}

/* Returns the stamp of the files of one arm; *saved: when config.json was written. */
static uint64_t stamp_arm(const char *dir, int64_t *saved)
{
    static const char *const more[] = {"sae_weights.safetensors", "metrics.csv",
                                       "events.csv", "eval.json", "label.txt"};
    int64_t unused = 0;
    uint64_t h = hash_stat(HASH_START, dir, "config.json", saved);
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        h = hash_stat(h, dir, more[i], &unused);
    }
    return h;
}

static enum err stamp_entry(const struct folder *f, const char *name, mode_t mode,
                            void *user, struct errinfo *e)
{
    uint64_t *sum = user;
    char dir[RUNDIR_PATH];
    int64_t unused = 0;
    (void)e;
    if (S_ISDIR(mode) && path_join(dir, sizeof dir, f->path, name, NULL) == OK) {
        const uint64_t h = stamp_arm(dir, &unused);
        *sum += hash_bytes(h, name, strlen(name)); /* in whatever order they come */
    }
    return OK;
}

/* Returns the stamp of all files that a row is made from: those of all arms in the
 * run's directory. *saved: when the first arm's config.json was written. */
static uint64_t stamp_of(const char *dir, int64_t *saved)
{
    struct folder run, arms;
    uint64_t sum = 0;
    const uint64_t h = stamp_arm(dir, saved);
    if (folder_open(dir, &run, NULL) == OK) {
        if (folder_open_in(&run, RUN_ARMS_DIR, &arms, NULL) == OK) {
            const enum err rc = folder_each(&arms, stamp_entry, &sum, NULL);
            (void)rc; /* what could be looked at */
            folder_close(&arms);
        }
        folder_close(&run);
    }
    return hash_bytes(h, &sum, sizeof sum);
}

/* ---- the folder ---- */

struct looking {
    struct run_list *l;
    size_t cap;
    const struct run_list *before;
    bool full;
};

static enum err add_run(struct looking *g, const char *dir, const char *name,
                        struct errinfo *e)
{
    struct run_list *l = g->l;
    int64_t saved = 0;
    const uint64_t stamp = stamp_of(dir, &saved);
    const struct run_row *old = g->before ? run_list_find(g->before, name) : NULL;
    TRY(mem_grow(&l->row, &g->cap, l->n + 1, sizeof *l->row, RUN_LIST_MAX, e));
    struct run_row *row = &l->row[l->n];
    if (old && old->stamp == stamp) {
        *row = *old;
    } else {
        *row = (struct run_row){.stamp = stamp, .saved = saved};
        (void)snprintf(row->name, sizeof row->name, "%s", name);
        TRY(read_run(dir, row, e));
        row->bytes = bytes_of(dir);
    }
    row->holder = rundir_holder(dir);
    l->n++;
    return OK;
}

static enum err add_link(struct looking *g, const char *name, struct errinfo *e)
{
    struct run_list *l = g->l;
    TRY(mem_grow(&l->row, &g->cap, l->n + 1, sizeof *l->row, RUN_LIST_MAX, e));
    struct run_row *row = &l->row[l->n++];
    *row = (struct run_row){.conditions = 0};
    (void)snprintf(row->name, sizeof row->name, "%s", name);
    remark(row, "a symbolic link: not followed; name it to open what is behind it");
    return OK;
}

static enum err visit(const struct folder *f, const char *name, mode_t mode, void *user,
                      struct errinfo *e)
{
    struct looking *g = user;
    char dir[RUNDIR_PATH];
    if (name[0] == '.' || !(S_ISDIR(mode) || S_ISLNK(mode))) {
        return OK;
    }
    if (g->l->n == RUN_LIST_MAX) {
        g->full = true;
        return OK;
    }
    if (path_join(dir, sizeof dir, f->path, name, NULL) != OK ||
        strlen(name) >= RUN_NAME_MAX) {
        remarks_add(&g->l->remarks, "%.80s...: path too long", name);
        return OK;
    }
    if (S_ISLNK(mode)) {
        return add_link(g, name, e);
    }
    const bool is_run = rundir_is(dir) || rundir_whole(dir, NULL) != OK;
    return is_run ? add_run(g, dir, name, e) : OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct run_row *)a)->name, ((const struct run_row *)b)->name);
}

/* Lists a folder of runs, and counts those in its trash. */
static enum err look_in(struct looking *g, struct errinfo *e)
{
    struct folder f;
    const enum err opened = folder_open(g->l->dir, &f, e);
    if (opened != OK) {
        return opened == ERR_MISSING
                   ? err_set(e, ERR_MISSING, "%s: no such folder", g->l->dir)
                   : opened;
    }
    const enum err rc = folder_each(&f, visit, g, e);
    g->l->trashed = run_trash_count(&f);
    folder_close(&f);
    return rc;
}

/* Lists a run by itself, as the only row of the folder that it is in. */
static enum err look_at_one(struct looking *g, const char *dir, struct errinfo *e)
{
    const char *name = path_base(dir);
    const size_t up = (size_t)(name - dir);
    const bool dots = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
    (void)snprintf(g->l->dir, sizeof g->l->dir, "%.*s", up > 1 ? (int)up - 1 : 1,
                   up > 0 ? dir : ".");
    if (dots) {
        (void)snprintf(g->l->dir, sizeof g->l->dir, "%s", dir);
        name = ".";
    }
    return add_run(g, dir, name, e);
}

static uint64_t version_of(const struct run_list *l)
{
    uint64_t h = hash_bytes(HASH_START, &l->trashed, sizeof l->trashed);
    for (size_t i = 0; i < l->n; i++) {
        const struct run_row *r = &l->row[i];
        h = hash_bytes(h, r->name, strlen(r->name) + 1);
        h = hash_bytes(h, &r->stamp, sizeof r->stamp);
        h = hash_bytes(h, &r->holder, sizeof r->holder);
    }
    return h;
}

static enum err look(struct looking *g, const char *dir, struct errinfo *e)
{
    struct run_list *l = g->l;
    const size_t len = strlen(dir);
    const size_t cut = len > 1 && dir[len - 1] == '/' ? len - 1 : len;
    if (cut >= sizeof l->dir) {
        return err_set(e, ERR_LIMIT, "%.80s...: path too long", dir);
    }
    (void)snprintf(l->dir, sizeof l->dir, "%.*s", (int)cut, dir);
    if (rundir_is(l->dir)) {
        char one[RUNDIR_PATH];
        (void)snprintf(one, sizeof one, "%s", l->dir);
        return look_at_one(g, one, e);
    }
    return look_in(g, e);
}

enum err run_list_none(const char *dir, struct run_list **out, struct errinfo *e)
{
    struct run_list *l = NULL;
    TRY(mem_new(&l, 1, sizeof *l, "a list of runs", e));
    atomic_init(&l->refs, 1);
    (void)snprintf(l->dir, sizeof l->dir, "%s", dir);
    *out = l;
    return OK;
}

enum err run_list_look(const char *dir, const struct run_list *before,
                       struct run_list **out, struct errinfo *e)
{
    struct looking g = {.before = before};
    TRY(run_list_none(dir, &g.l, e));
    const enum err rc = look(&g, dir, e);
    if (rc != OK) {
        run_list_unref(g.l);
        return rc;
    }
    if (g.full) {
        remarks_add(&g.l->remarks, "%s: more than %d runs, which are not listed", dir,
                    RUN_LIST_MAX);
    }
    if (g.l->n > 1) {
        qsort(g.l->row, g.l->n, sizeof *g.l->row, by_name);
    }
    g.l->version = version_of(g.l);
    *out = g.l;
    return OK;
}
