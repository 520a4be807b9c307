/* A run directory that anybody made. The bytes are triples: a place of the list below,
 * what to put there, and which content a regular file has; the first byte says whether
 * a whole run is there to begin with. It is opened and listed as a reader does, who
 * must change nothing at all, then as a writer, who must change nothing outside of it
 * and lose no file that is somebody's own; called something, and moved away and back.
 */
#include "../small_run.h"
#include "base/hash.h"
#include "base/mem.h"
#include "run/run_trash.h"
#include "train/rundir_priv.h"

#include <dirent.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MINE    "mine" /* content of a file of somebody's own */
#define PLACES  64     /* at most, of one input */
#define CONTENT 256

static const char *const folders[] = {
    "",
    ".saving/",
    ".saved/",
    "checkpoints/",
    "checkpoints/best/",
    "checkpoints/step-8/",
    "checkpoints/.new-best/",
    "checkpoints/.old-best/",
    "checkpoints/.new-step-8/",
    "checkpoints/.old-step-8/",
};
/* Names from OWN on are not those of a run's own files. */
static const char *const leaves[] = {
    "",
    "cfg.json",
    "sae_weights.safetensors",
    "trainer_state.safetensors",
    "metrics.csv",
    "events.csv",
    "eval.json",
    "config.json",
    ".lock",
    "labels.csv",
    "presets.json",
    "label.txt",
    "cfg.json.tmp-7",
    "notes.md",
    "plots",
};
#define N_FOLDERS (sizeof folders / sizeof folders[0])
#define N_LEAVES  (sizeof leaves / sizeof leaves[0])
#define OWN       13

/* The files of a save, made once. */
static struct {
    char *data;
    size_t len;
} whole[SAVE_FILES];

static char top[64]; /* of this input */

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void path_of(char out[512], const char *name)
{
    (void)snprintf(out, 512, "%s/%s", top, name);
}

static void make_top(void)
{
    (void)snprintf(top, sizeof top, "/dev/shm/saetop-fuzz-XXXXXX");
    if (!mkdtemp(top)) {
        (void)snprintf(top, sizeof top, "/tmp/saetop-fuzz-XXXXXX");
        require(mkdtemp(top) != NULL);
    }
}

/* ---- trees ---- */

typedef void visit_fn(const char *path, const struct stat *st, void *user);

/* Depth first, a folder after what is in it; nothing is followed. */
static void walk(const char *path, visit_fn *visit, void *user)
{
    struct stat st;
    if (lstat(path, &st) != 0) {
        return;
    }
    DIR *d = S_ISDIR(st.st_mode) ? opendir(path) : NULL;
    for (const struct dirent *f = d ? readdir(d) : NULL; f; f = readdir(d)) {
        char below[512];
        const int n = snprintf(below, sizeof below, "%s/%s", path, f->d_name);
        if (n > 0 && (size_t)n < sizeof below && strcmp(f->d_name, ".") != 0 &&
            strcmp(f->d_name, "..") != 0) {
            walk(below, visit, user);
        }
    }
    if (d) {
        (void)closedir(d);
    }
    visit(path, &st, user);
}

static void remove_one(const char *path, const struct stat *st, void *user)
{
    (void)user;
    require((S_ISDIR(st->st_mode) ? rmdir(path) : unlink(path)) == 0);
}

/* Order does not count: the sum of a hash for each. */
static void add_hash(const char *path, const struct stat *st, void *user)
{
    const uint64_t facts[3] = {st->st_mode, st->st_ino, (uint64_t)st->st_mtim.tv_nsec};
    uint64_t h = hash_bytes(HASH_START, path, strlen(path)), content = 0;
    if (S_ISREG(st->st_mode) && file_hash(path, &content, NULL) == OK) {
        h = hash_bytes(h, &content, sizeof content);
    }
    *(uint64_t *)user += hash_bytes(h, facts, sizeof facts);
}

static uint64_t state_of(const char *path)
{
    uint64_t sum = 0;
    walk(path, add_hash, &sum);
    return sum;
}

static void count_mine(const char *path, const struct stat *st, void *user)
{
    char *data = NULL;
    size_t len = 0;
    const char *name = path_base(path);
    if (strcmp(name, "notes.md") != 0 && strcmp(name, "plots") != 0) {
        return;
    }
    if (S_ISREG(st->st_mode) && file_read(path, CONTENT, &data, &len, NULL) == OK) {
        *(size_t *)user += strcmp(data, MINE) == 0;
        mem_free(data);
    }
}

/* ---- building it ---- */

static void load_whole(void)
{
    struct errinfo e;
    make_top();
    require(small_run(top, 3, &e) == OK);
    for (size_t i = 0; i < SAVE_FILES; i++) {
        char path[512];
        path_of(path, save_files[i]);
        require(file_read(path, 1u << 20, &whole[i].data, &whole[i].len, &e) == OK);
    }
    walk(top, remove_one, NULL);
}

static void write_bytes(const char *path, const void *data, size_t n)
{
    FILE *f = fopen(path, "wbx"); /* not file_write: it is what is tested */
    if (f) {
        (void)fwrite(data, 1, n, f);
        (void)fclose(f);
    }
}

static void write_whole(const char *dir)
{
    for (size_t i = 0; i < SAVE_FILES; i++) {
        char path[RUNDIR_PATH + 64];
        (void)snprintf(path, sizeof path, "%s/%s", dir, save_files[i]);
        write_bytes(path, whole[i].data, whole[i].len);
    }
}

/* A regular file: as a save has it, somebody's own, or of the input's bytes. */
static void put_file(const char *path, size_t leaf, const uint8_t *data, size_t n)
{
    const size_t i = leaf - 1;
    if (leaf >= OWN) {
        write_bytes(path, MINE, strlen(MINE));
    } else if (leaf > 0 && i < SAVE_FILES && data[2] % 2 == 0) {
        write_bytes(path, whole[i].data, whole[i].len);
    } else {
        write_bytes(path, data, n);
    }
}

/* The folders on the way to path, in which nothing may be a link. */
static bool make_parents(const char *folder)
{
    char path[512];
    const char *slash = strchr(folder, '/');
    for (; slash; slash = strchr(slash + 1, '/')) {
        struct stat st;
        (void)snprintf(path, sizeof path, "%s/run/%.*s", top, (int)(slash - folder),
                       folder);
        (void)mkdir(path, 0700);
        if (lstat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
            return false;
        }
    }
    return true;
}

/* n: bytes of data, 3 or more. */
static void put(const uint8_t *data, size_t n)
{
    char path[512], other[512];
    const char *folder = folders[data[0] % N_FOLDERS];
    const size_t leaf = data[0] / N_FOLDERS % N_LEAVES;
    if (!make_parents(leaf ? folder : "")) {
        return;
    }
    (void)snprintf(path, sizeof path, "%s/run/%s%s", top, folder, leaves[leaf]);
    if (path[strlen(path) - 1] == '/') {
        path[strlen(path) - 1] = '\0'; /* the folder itself */
    }
    if (leaf > 0 || folder[0]) {
        walk(path, remove_one, NULL);
    }
    switch (data[1] % 8) {
    case 0:
        path_of(other, "canary");
        (void)symlink(other, path);
        break;
    case 1:
        path_of(other, "victim");
        (void)symlink(other, path);
        break;
    case 2: (void)symlink("../nothing", path); break;
    case 3: (void)mkfifo(path, 0600); break;
    case 4:
        path_of(other, "canary");
        (void)link(other, path);
        break;
    case 5: (void)mkdir(path, 0700); break;
    case 6:
        (void)mkdir(path, 0700);
        write_whole(path);
        break;
    default: put_file(path, leaf, data, n < CONTENT ? n : CONTENT); break;
    }
}

static void build(const uint8_t *data, size_t size)
{
    char path[512];
    path_of(path, "canary");
    write_bytes(path, "precious", 8);
    path_of(path, "victim");
    require(mkdir(path, 0700) == 0);
    path_of(path, "victim/cfg.json");
    write_bytes(path, "precious", 8);
    path_of(path, "victim/a.txt");
    write_bytes(path, "precious", 8);
    path_of(path, "run");
    require(mkdir(path, 0700) == 0);
    if (size > 0 && data[0] % 2 == 0) {
        write_whole(path);
    }
    for (size_t i = 1; i + 3 <= size && i < 3 * PLACES; i += 3) {
        put(data + i, size - i);
    }
}

/* ---- using it ---- */

static void require_line(enum err rc, const struct errinfo *e)
{
    require(rc == OK || (e->msg[0] && !strchr(e->msg, '\n')));
}

static enum err read_run(const char *run)
{
    struct errinfo e = {0};
    struct run_record r = {0};
    const enum err rc = rundir_load(run, &r, &e);
    require_line(rc, &e);
    if (rc == OK) {
        run_record_deinit(&r);
    }
    return rc;
}

/* The folder that it is in: always a list, with remarks of one line. */
static void list_runs(void)
{
    struct errinfo e = {0};
    struct run_list *l = NULL;
    require(run_list_look(top, NULL, &l, &e) == OK);
    for (size_t i = 0; i < l->n; i++) {
        const struct run_row *r = &l->row[i];
        require(!strchr(r->remark, '\n') && !strchr(r->remark, '\x1b'));
        require(r->opens || r->remark[0]);
        require(r->conditions <= CONDITIONS_MAX && r->bytes >= 0);
    }
    run_list_unref(l);
}

/* Called something, and into the trash and back. */
static void handle_run(const char *run)
{
    struct errinfo e = {0};
    char as[RUN_NAME_MAX] = "";
    require_line(rundir_set_label(run, "a label", &e), &e);
    const enum err rc = run_trash_put(top, "run", as, &e);
    require_line(rc, &e);
    if (rc == OK) {
        require(run_trash_take(top, as, "run", &e) == OK);
    }
}

static enum err save(const char *run, struct errinfo *e)
{
    char saving[RUNDIR_PATH];
    TRY(save_begin(run, saving, e));
    write_whole(saving);
    TRY(save_end(run, e));
    TRY(rundir_keep(run, "step-8", e));
    return rundir_keep(run, "best", e);
}

static void write_run(const char *run)
{
    struct errinfo e = {0};
    int lock = -1;
    enum err rc = rundir_lock(run, &lock, &e);
    require_line(rc, &e);
    if (rc != OK) {
        return;
    }
    rc = save(run, &e);
    require_line(rc, &e);
    rundir_unlock(run, lock);
    require(rc != OK || read_run(run) == OK);
    require_line(rundir_write_eval(run, "{}", &e), &e);
}

static void require_precious(const char *name)
{
    char path[512], *data = NULL;
    size_t len = 0;
    path_of(path, name);
    require(file_read(path, 100, &data, &len, NULL) == OK && len == 8 &&
            memcmp(data, "precious", 8) == 0);
    mem_free(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char run[512], victim[512];
    size_t mine = 0, left = 0;
    if (!whole[0].data) {
        load_whole();
    }
    make_top();
    build(data, size);
    path_of(run, "run");
    path_of(victim, "victim");
    const uint64_t all = state_of(top), others = state_of(victim);
    (void)read_run(run);
    list_runs();
    require(state_of(top) == all);
    walk(run, count_mine, &mine);
    write_run(run);
    handle_run(run);
    walk(run, count_mine, &left);
    require(state_of(victim) == others && left == mine);
    require_precious("canary");
    walk(top, remove_one, NULL);
    return 0;
}
