/* A run directory from anybody: whatever stands where its files belong, reading ends,
 * changes nothing at all, and names it; writing changes nothing outside of the run. */
#include "ask/ask_preset.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "eval/concept_history.h"
#include "latents/latent_labels.h"
#include "small_run.h"
#include "train/rundir_priv.h"
#include "unit/file_kinds.h"

#include <dirent.h>
#include <sys/wait.h>

/* A folder with a run in it, and beside the run what is none of its business. */
struct place {
    char top[256], run[512], file[512], folder[512];
};

static void remove_tree(const char *path)
{
    char command[600];
    snprintf(command, sizeof command, "chmod -R u+w '%s'; rm -rf '%s'", path, path);
    assert_int_equal(system(command), 0);
}

static void write_text(const char *dir, const char *name, const char *text)
{
    char path[RUNDIR_PATH];
    struct errinfo e;
    assert_ok(path_join(path, sizeof path, dir, name, &e), &e);
    assert_ok(file_write_text(path, text, &e), &e);
}

static void make_dir(const char *dir, const char *name)
{
    struct errinfo e;
    assert_ok(file_mkdir_own(dir, name, &e), &e);
}

static void place_make(struct place *p)
{
    struct errinfo e;
    tmp_make_in_memory(p->top, sizeof p->top);
    tmp_path(p->run, p->top, "run");
    tmp_path(p->file, p->top, "bashrc");
    tmp_path(p->folder, p->top, "victim");
    make_dir(p->top, "run");
    make_dir(p->top, "victim");
    write_text(p->top, "bashrc", "export X=1\n");
    write_text(p->folder, "a.txt", "1");
    write_text(p->folder, "config.json", "2");
    assert_ok(small_run(p->run, 3, &e), &e);
}

/* ---- all there is under a path, as text ---- */

static void describe(const char *path, const char *leave_out, struct str *out);

static void describe_folder(const char *path, const char *leave_out, struct str *out)
{
    struct dirent **list = NULL;
    const int n = scandir(path, &list, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        char below[RUNDIR_PATH];
        const char *name = list[i]->d_name;
        snprintf(below, sizeof below, "%s/%s", path, name);
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
            describe(below, leave_out, out);
        }
        free(list[i]);
    }
    free(list);
}

static void describe(const char *path, const char *leave_out, struct str *out)
{
    struct stat st;
    if (leave_out && strcmp(path, leave_out) == 0) {
        return;
    }
    assert_int_equal(lstat(path, &st), 0);
    str_addf(out, "%s %o %lld", path, (unsigned)st.st_mode, (long long)st.st_ino);
    if (S_ISREG(st.st_mode)) {
        uint64_t hash = 0;
        struct errinfo e;
        assert_ok(file_hash(path, &hash, &e), &e);
        str_addf(out, " %llx", (unsigned long long)hash);
    }
    str_add(out, "\n");
    if (S_ISDIR(st.st_mode)) {
        describe_folder(path, leave_out, out);
    }
}

/* Caller frees. */
static char *described(const char *path, const char *leave_out)
{
    struct str s;
    str_init(&s, 1u << 20);
    describe(path, leave_out, &s);
    char *text = strdup(s.p);
    assert_non_null(text);
    str_free(&s);
    return text;
}

/* ---- what can stand at a place ---- */

/* Put it at run/name, whose folders are made, in place of what is there. */
static bool put(const struct place *p, enum file_kind_of kind, const char *name)
{
    char path[1100], command[1200];
    struct errinfo e;
    snprintf(path, sizeof path, "%s/%.*s", p->run, (int)(path_base(name) - name), name);
    assert_ok(file_mkdirs(path, &e), &e);
    snprintf(path, sizeof path, "%s/%s", p->run, name);
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    assert_int_equal(system(command), 0);
    return make_kind(kind, path, p->file, p->folder);
}

/* ---- reading and writing ---- */

static enum err read_run(const char *run, struct errinfo *e)
{
    struct run_record r = {0};
    const enum err rc = rundir_load(run, &r, e);
    if (rc == OK) {
        run_record_deinit(&r);
    }
    return rc;
}

/* All that a process does that trains. */
static enum err write_run(const char *run, struct errinfo *e)
{
    int lock = -1;
    char saving[RUNDIR_PATH];
    TRY(rundir_lock(run, &lock, e));
    enum err rc = save_begin(run, saving, e);
    rc = rc == OK ? small_run(saving, 4, e) : rc;
    rc = rc == OK ? save_end(run, e) : rc;
    rc = rc == OK ? rundir_keep(run, "step-8", e) : rc;
    rc = rc == OK ? rundir_keep(run, "best", e) : rc;
    rundir_unlock(run, lock);
    return rc == OK ? rundir_write_eval(run, "{}", e) : rc;
}

static void assert_names(enum err rc, const struct errinfo *e, const char *name)
{
    check_error(rc, ERR_FORMAT, e, name);
    assert_null(strchr(e->msg, '\n'));
}

/* ---- the places ---- */

struct name {
    const char *name;
    bool is_folder; /* what belongs there */
    bool is_read;   /* a reader looks at it; else only a writer does */
};

static const struct name names[] = {
    {".lock", false, true},
    {".saving", true, true},
    {".saved", true, true},
    {"arms", true, true},
    {"checkpoints", true, true},
    {"checkpoints/best", true, true},
    {"checkpoints/step-8", true, true},
    {"checkpoints/.new-best", true, true},
    {"checkpoints/.old-best", true, true},
    {"checkpoints/.new-step-8", true, true},
    {"checkpoints/.old-step-8", true, true},
    {"config.json", false, true},
    {"cfg.json", false, true},
    {"sae_weights.safetensors", false, true},
    {"trainer_state.safetensors", false, true},
    {"metrics.csv", false, true},
    {"events.csv", false, true},
    {"eval.json", false, true},
    {"labels.csv", false, true},
    {"presets.json", false, true},
    {"concept_history.csv", false, true},
    {".saved/config.json", false, true},
    {".saved/sae_weights.safetensors", false, true},
    {".saving/cfg.json", false, false},
    {".saving/cfg.json.tmp-1", false, false},
    {"checkpoints/.new-best/cfg.json", false, false},
    {"checkpoints/.old-best/cfg.json", false, false},
    {"checkpoints/.old-step-8/events.csv", false, false},
};

static void check_place(const struct name *n, enum file_kind_of kind)
{
    struct place p;
    struct errinfo e = {0};
    place_make(&p);
    if (!put(&p, kind, n->name)) {
        print_message("%s: no %s may be made here\n", n->name, kind_name(kind));
        remove_tree(p.top);
        return;
    }
    const bool belongs = kind == (n->is_folder ? KIND_FOLDER : KIND_REGULAR);
    char *all = described(p.top, NULL), *others = described(p.top, p.run);
    const enum err rc = read_run(p.run, &e);
    if (!belongs && n->is_read) {
        assert_names(rc, &e, n->name);
    }
    char *after = described(p.top, NULL);
    assert_string_equal(after, all);
    free(after);

    const enum err written = write_run(p.run, &e);
    if (!belongs) {
        assert_names(written, &e, n->name);
    }
    after = described(p.top, p.run);
    assert_string_equal(after, others);
    free(after);
    free(all);
    free(others);
    remove_tree(p.top);
}

static void test_every_kind_at_every_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (enum file_kind_of kind = 0; kind < N_KINDS; kind++) {
            check_place(&names[i], kind);
        }
    }
}

/* ---- as they were found ---- */

static void check_links(const char *link, bool to_file)
{
    struct place p;
    struct errinfo e = {0};
    place_make(&p);
    assert_true(put(&p, to_file ? KIND_LINK_TO_FILE : KIND_LINK_TO_FOLDER, link));
    if (strcmp(link, ".saved") != 0) {
        assert_true(put(&p, KIND_FOLDER, ".saved"));
    }
    char *before = described(p.top, NULL);
    assert_names(read_run(p.run, &e), &e, link);
    assert_names(write_run(p.run, &e), &e, link);
    char *after = described(p.top, NULL);
    assert_string_equal(after, before);
    free(before);
    free(after);
    remove_tree(p.top);
}

/* A lock that leads to a file was emptied, .saved to a folder moved into the run,
 * .saving and .new-best to a folder removed with what was in it. */
static void test_links_from_an_archive(void **state)
{
    (void)state;
    check_links(".lock", true);
    check_links(".saved", false);
    check_links(".saving", false);
    check_links("checkpoints/.new-best", false);
}

/* ---- files of somebody's own ---- */

static void test_lock_of_others(void **state)
{
    (void)state;
    struct place p;
    struct errinfo e = {0};
    char path[1100];
    int lock = -1;
    place_make(&p);
    snprintf(path, sizeof path, "%s/.lock", p.run);
    assert_int_equal(link(p.file, path), 0);
    assert_names(rundir_lock(p.run, &lock, &e), &e, ".lock: found a file of 2 names");
    unlink(path);
    write_text(p.run, ".lock", "12 months\n");
    char *before = described(p.top, NULL);
    assert_names(rundir_lock(p.run, &lock, &e), &e, ".lock: found other text");
    char *after = described(p.top, NULL);
    assert_string_equal(after, before);
    write_text(p.run, ".lock", "999999\n"); /* of a process that was killed */
    assert_ok(rundir_lock(p.run, &lock, &e), &e);
    rundir_unlock(p.run, lock);
    assert_false(file_exists(path));
    free(before);
    free(after);
    remove_tree(p.top);
}

/* A folder of a save with a foreign file in it is left alone: neither that file nor any
 * beside it is moved or removed. */
static void test_strange_files_in_saves(void **state)
{
    (void)state;
    static const char *const folders[] = {".saved", ".saving", "checkpoints/.new-best"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        struct place p;
        struct errinfo e = {0};
        char path[1100];
        int lock = -1;
        place_make(&p);
        assert_true(put(&p, KIND_FOLDER, folders[i]));
        snprintf(path, sizeof path, "%s/%s", p.run, folders[i]);
        write_text(path, "thesis.tex", "years of work");
        write_text(path, "cfg.json", "{}");
        char *before = described(p.top, NULL);
        assert_names(rundir_lock(p.run, &lock, &e), &e,
                     "thesis.tex: no file of a save");
        char *after = described(p.top, NULL);
        assert_string_equal(after, before);
        free(before);
        free(after);
        remove_tree(p.top);
    }
}

static void test_a_checkpoint_keeps_what_others_put_there(void **state)
{
    (void)state;
    struct place p;
    struct errinfo e = {0};
    char best[1100], path[1200];
    char *text = NULL;
    size_t len = 0;
    place_make(&p);
    assert_ok(rundir_keep(p.run, "best", &e), &e);
    snprintf(best, sizeof best, "%s/checkpoints/best", p.run);
    write_text(best, "labels.csv", "latent,label\n0,mine\n");
    make_dir(best, "plots");
    write_text(best, "plots/a.svg", "<svg/>");
    assert_ok(write_run(p.run, &e), &e);
    snprintf(path, sizeof path, "%s/labels.csv", best);
    assert_ok(file_read(path, 100, &text, &len, &e), &e);
    assert_string_equal(text, "latent,label\n0,mine\n");
    mem_free(text);
    snprintf(path, sizeof path, "%s/plots/a.svg", best);
    assert_true(file_exists(path));
    snprintf(path, sizeof path, "%s/checkpoints/.old-best", p.run);
    assert_false(file_exists(path));
    struct run_record r = {0};
    assert_ok(rundir_load(best, &r, &e), &e);
    assert_int_equal(r.step, 4);
    run_record_deinit(&r);
    remove_tree(p.top);
}

/* The one link that is followed: the name that the user typed. */
static void test_a_run_named_by_a_link(void **state)
{
    (void)state;
    struct place p;
    struct errinfo e = {0};
    char name[512];
    place_make(&p);
    tmp_path(name, p.top, "alias");
    assert_int_equal(symlink("run", name), 0);
    write_text(p.run, "notes.md", "mine");
    assert_ok(read_run(name, &e), &e);
    assert_ok(write_run(name, &e), &e);
    assert_ok(read_run(name, &e), &e);
    assert_true(rundir_is(name));
    remove_tree(p.top);
}

/* ---- without the right to write ---- */

/* In a process without privileges: 0, or the number of the check that failed. */
static int read_only(const char *run)
{
    struct errinfo e = {0};
    int lock = -1;
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) {
        return 77;
    }
    if (read_run(run, &e) != OK) {
        fprintf(stderr, "%s\n", e.msg);
        return 1;
    }
    if (rundir_lock(run, &lock, &e) != ERR_DENIED || !strstr(e.msg, run)) {
        return 2;
    }
    return rundir_write_eval(run, "{}", &e) == ERR_DENIED && !strchr(e.msg, '\n') ? 0
                                                                                  : 3;
}

static void test_reading_needs_no_right_to_write(void **state)
{
    (void)state;
    struct place p;
    struct errinfo e = {0};
    int status = 0;
    char saving[RUNDIR_PATH], command[1200];
    place_make(&p);
    /* A waiting save that the reader has no right to finish. */
    assert_ok(save_begin(p.run, saving, &e), &e);
    assert_ok(small_run(saving, 5, &e), &e);
    snprintf(command, sizeof command,
             "cd '%s' && mv .saving .saved && mv .saved/cfg.json . && cd .. && "
             "chmod 755 . && chmod -R a+rX,a-w run",
             p.run);
    assert_int_equal(system(command), 0);
    char *before = described(p.top, NULL);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(read_only(p.run));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        print_message("the user may not be changed here\n");
    } else {
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    char *after = described(p.top, NULL);
    assert_string_equal(after, before);
    struct run_record r = {0};
    assert_ok(rundir_load(p.run, &r, &e), &e);
    assert_int_equal(r.step, 5);
    run_record_deinit(&r);
    free(before);
    free(after);
    remove_tree(p.top);
}

/* ---- while another process saves ---- */

#define SAVES 40

static int save_many(const char *run)
{
    struct errinfo e = {0};
    int lock = -1;
    enum err rc = rundir_lock(run, &lock, &e);
    for (int64_t i = 0; i < SAVES && rc == OK; i++) {
        char saving[RUNDIR_PATH];
        rc = save_begin(run, saving, &e);
        rc = rc == OK ? small_run(saving, 10 + i, &e) : rc;
        rc = rc == OK ? save_end(run, &e) : rc;
    }
    rundir_unlock(run, lock);
    return rc == OK ? 0 : 1;
}

static void test_a_reader_sees_one_save(void **state)
{
    (void)state;
    struct place p;
    struct errinfo e = {0};
    int status = 0;
    size_t reads = 0;
    place_make(&p);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(save_many(p.run));
    }
    for (int64_t last = 0; waitpid(pid, &status, WNOHANG) == 0; reads++) {
        struct run_record r = {0};
        assert_ok(rundir_load(p.run, &r, &e), &e);
        assert_true(r.step >= last);
        assert_int_equal((int64_t)r.sae->b_dec[0], r.step);
        assert_int_equal((int64_t)r.history.row[0].v[METRIC_STEP], r.step);
        last = r.step;
        run_record_deinit(&r);
    }
    assert_int_equal(status, 0);
    print_message("%zu readings\n", reads);
    remove_tree(p.top);
}

/* Files whose writers the folder of a run does not know, by the names that it goes by.
 */
static void test_names_that_stand_twice(void **state)
{
    (void)state;
    assert_string_equal(RUN_LABELS, LATENT_LABEL_FILE);
    assert_string_equal(RUN_PRESETS, ASK_PRESET_FILE);
    assert_string_equal(RUN_HISTORY, CONCEPT_HISTORY_FILE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_that_stand_twice),
        cmocka_unit_test(test_links_from_an_archive),
        cmocka_unit_test(test_every_kind_at_every_place),
        cmocka_unit_test(test_lock_of_others),
        cmocka_unit_test(test_strange_files_in_saves),
        cmocka_unit_test(test_a_checkpoint_keeps_what_others_put_there),
        cmocka_unit_test(test_a_run_named_by_a_link),
        cmocka_unit_test(test_reading_needs_no_right_to_write),
        cmocka_unit_test(test_a_reader_sees_one_save),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
