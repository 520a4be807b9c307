/* [full] The saves of a run of three arms, cut off at every change that they make to
 * the folders: killed there, or refused as on a full disk. Whatever is left goes on or
 * is begun again, and ends with the same bytes, checkpoints too. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* syscall */
#endif
#include "base/mem.h"
#include "num/blas.h"
#include "train/rundir_priv.h"
#include "train/settings_synth.h"
#include "unit/run_engine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the changes ---- */

enum fate { NOTHING, KILLED, REFUSED };
static enum fate fate;
static bool no_links;      /* as on a file system without hard links */
static size_t changes, at; /* made so far; the one that has the fate */

static bool refuse(void)
{
    changes++;
    if (fate == KILLED && changes == at) {
        kill(getpid(), SIGKILL);
    }
    errno = ENOSPC;
    return fate == REFUSED && changes == at;
}

int mkdir(const char *path, mode_t mode)
{
    return refuse() ? -1 : (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int mkdirat(int dir, const char *path, mode_t mode)
{
    return refuse() ? -1 : (int)syscall(SYS_mkdirat, dir, path, mode);
}

int renameat(int a, const char *from, int b, const char *to)
{
    return refuse() ? -1 : (int)syscall(SYS_renameat2, a, from, b, to, 0);
}

int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int linkat(int a, const char *from, int b, const char *to, int flags)
{
    if (no_links) {
        errno = EPERM;
        return -1;
    }
    return refuse() ? -1 : (int)syscall(SYS_linkat, a, from, b, to, flags);
}

int unlinkat(int dir, const char *path, int flags)
{
    return refuse() ? -1 : (int)syscall(SYS_unlinkat, dir, path, flags);
}

/* ---- the run ---- */

static struct settings three_arms(void)
{
    struct settings s;
    struct errinfo e;
    /* clang-format off */
    static const char *const set[][2] = {
        {"source", "synthetic"},       {"synthetic.d", "8"},
        {"synthetic.parents", "2"},    {"synthetic.children", "2"},
        {"synthetic.others", "2"},     {"synthetic.eval_rows", "100"},
        {"k", "2"},                    {"width", "16"},
        {"steps", "6"},                {"batch", "16"},
        {"eval.every", "3"},           {"threads", "1"},
        {"twin", "unmasked"},          {"also", "k=3"},
        {"checkpoint.every", "2"},     {"checkpoint.keep", "4"}};
    /* clang-format on */
    settings_init(&s);
    for (size_t i = 0; i < sizeof set / sizeof set[0]; i++) {
        assert_ok(settings_set(&s, set[i][0], set[i][1], from_program("test"), &e), &e);
    }
    assert_ok(settings_synth_defaults(&s, &e), &e);
    return s;
}

/* Save the other arms beside the run, as earlier versions did. */
static bool beside;

/* Begin the run or go on with it, to its end. */
static enum err train(const char *run, struct errinfo *e)
{
    const struct settings set = three_arms();
    struct inputs *in = NULL;
    struct engine *g = NULL;
    enum err rc = OK;
    if (rundir_is(run)) {
        rc = engine_resume(run, NULL, "", NULL, &g, e);
    } else {
        rc = inputs_new(&set, NULL, &in, e);
        rc = rc == OK ? engine_new(in, &g, e) : rc;
        for (size_t i = 1; rc == OK && i < 3; i++) {
            g->arm[i].place.beside = beside;
        }
        rc = rc == OK ? engine_save(g, run, e) : rc;
    }
    while (rc == OK && !engine_done(g)) {
        rc = engine_step(g, e);
    }
    rc = rc == OK ? engine_save(g, run, e) : rc;
    engine_free(g);
    return rc;
}

/* The same in a process of its own, which has `what` at change number `n`; its wait
 * status. */
static int train_until(const char *run, enum fate what, size_t n)
{
    int status = 0;
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct errinfo e = {0};
        num_init();
        fate = what;
        at = n;
        changes = 0;
        const enum err rc = train(run, &e);
        _exit(rc == OK ? 0 : 1);
    }
    (void)waitpid(pid, &status, 0);
    return status;
}

static void remove_all(const char *dir)
{
    char command[900];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
}

static const char *const places[2][3] = {{"", "/arms/twin", "/arms/also1"},
                                         {"", "-twin", "-also1"}};
static const char *const parts[] = {"", "/checkpoints/step-4", "/checkpoints/best"};
#define ARMS  (sizeof places[0] / sizeof places[0][0])
#define PARTS (sizeof parts / sizeof parts[0])

static void assert_same_run(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < ARMS * PARTS; i++) {
        char path[2][700], *data[2] = {NULL};
        size_t len[2] = {0};
        const char *const run[2] = {a, b};
        struct errinfo e;
        for (size_t r = 0; r < 2; r++) {
            snprintf(path[r], sizeof path[r], "%s%s%s/sae_weights.safetensors", run[r],
                     places[beside][i / PARTS], parts[i % PARTS]);
            assert_ok(file_read(path[r], 1u << 20, &data[r], &len[r], &e), &e);
        }
        if (len[0] != len[1] || memcmp(data[0], data[1], len[0]) != 0) {
            fail_msg("change %zu: %s differs", n, path[1]);
        }
        mem_free(data[0]);
        mem_free(data[1]);
    }
}

/* No part of a save, no lock and no temporary stays. */
static void assert_tidy(const char *dir, size_t n)
{
    char command[700];
    snprintf(command, sizeof command,
             "find '%s' -name '.[a-z]*' -o -name '*.tmp-*' | grep .", dir);
    if (system(command) == 0) {
        fail_msg("change %zu: left behind", n);
    }
}

/* More than a run makes. */
#define MOST 440

static void each_change(enum fate what, size_t stride)
{
    char whole_dir[256], dir[256], whole[512], run[512];
    struct errinfo e = {0};
    tmp_make_in_memory(whole_dir, sizeof whole_dir);
    tmp_make_in_memory(dir, sizeof dir);
    tmp_path(whole, whole_dir, "run");
    tmp_path(run, dir, "run");
    assert_int_equal(train_until(whole, NOTHING, 0), 0);
    size_t met = 0;
    for (size_t n = 1; n <= MOST; n += stride) {
        const int status = train_until(run, what, n);
        const bool got = what == KILLED ? WIFSIGNALED(status) : status != 0;
        met += got ? 1 : 0;
        const enum err rc = train(run, &e);
        if (rc != OK) {
            fail_msg("change %zu: %s", n, e.msg);
        }
        assert_same_run(whole, run, n);
        assert_tidy(dir, n);
        char command[900];
        snprintf(command, sizeof command, "rm -rf '%s'*", run);
        assert_int_equal(system(command), 0);
    }
    print_message("%zu of %d ended the process\n", met, MOST);
    assert_true(met > 100 / stride && met < MOST / stride); /* all were met */
    remove_all(dir);
    remove_all(whole_dir);
}

static void killed_at_each_change(void **state)
{
    (void)state;
    each_change(KILLED, 1);
}

/* Runs from before arms lay within them. */
static void killed_with_arms_beside(void **state)
{
    (void)state;
    beside = true;
    each_change(KILLED, 5);
    beside = false;
}

static void refused_at_each_change(void **state)
{
    (void)state;
    each_change(REFUSED, 1);
}

/* ---- states by hand ---- */

static void write_note(const char *dir)
{
    char path[700];
    struct errinfo e;
    snprintf(path, sizeof path, "%s/notes.md", dir);
    assert_ok(file_write_text(path, "mine\n", &e), &e);
}

/* A held arm is replaced when its run is begun again, and only then. */
static void what_is_held_is_of_the_run_that_it_is_in(void **state)
{
    (void)state;
    char dir[256], run[512], twin[512], arms[512], path[1800];
    struct errinfo e = {0};
    const struct settings set = three_arms();
    struct engine *g = start_engine(&set);
    const struct arm_place place = {.name = ARM_NAME_TWIN};
    int lock = -1;
    tmp_make_in_memory(dir, sizeof dir);
    tmp_path(run, dir, "run");
    tmp_path(twin, dir, "run/arms/twin");
    snprintf(path, sizeof path, "%s/" RUN_HELD, twin);
    assert_ok(rundir_create(run, &e), &e);
    assert_ok(rundir_create_arm(run, &place, &e), &e);
    assert_ok(rundir_lock(twin, &lock, &e), &e);
    assert_ok(rundir_hold(twin, g->arm[1].arm, &g->arm[1].history, NULL, NULL, &e), &e);
    rundir_unlock(twin, lock);
    assert_true(file_is_dir(path));
    assert_false(rundir_is(twin));
    check_error(rundir_create(twin, &e), ERR_EXISTS, &e, "twin: exists already");
    assert_ok(rundir_create(run, &e), &e);
    assert_ok(rundir_create_arm(run, &place, &e), &e);
    assert_ok(rundir_lock(twin, &lock, &e), &e); /* leaves it alone */
    rundir_unlock(twin, lock);
    assert_true(file_is_dir(path));
    write_note(twin);
    check_error(engine_save(g, run, &e), ERR_EXISTS, &e, "run: exists already");
    assert_true(file_is_dir(path));
    snprintf(path, sizeof path, "%s/notes.md", twin);
    assert_int_equal(file_size(path), 5);
    assert_int_equal(unlink(path), 0);
    tmp_path(arms, dir, "run/arms");
    write_note(arms);
    check_error(engine_save(g, run, &e), ERR_EXISTS, &e, "run: exists already");
    snprintf(path, sizeof path, "%s/arms/notes.md", run);
    assert_int_equal(unlink(path), 0);
    assert_ok(engine_save(g, run, &e), &e);
    assert_true(rundir_is(run) && rundir_is(twin));

    /* A held arm that is older than the save there is dropped for it. */
    engine_free(g);
    snprintf(path, sizeof path, "cp -r '%s' '%s/x' && mv '%s/x' '%s/" RUN_HELD "'",
             twin, dir, dir, twin);
    assert_int_equal(system(path), 0);
    g = NULL;
    assert_ok(engine_resume(run, NULL, "", NULL, &g, &e), &e);
    assert_int_equal(g->n_arms, 3);
    engine_free(g);
    snprintf(path, sizeof path, "%s/" RUN_HELD, twin);
    assert_false(file_exists(path));
    assert_true(rundir_is(twin));
    remove_all(dir);
}

/* A run whose second arm cannot be made leaves nothing. */
static void what_is_made_in_vain_is_removed(void **state)
{
    (void)state;
    char dir[256], run[512], path[700];
    struct errinfo e = {0};
    const struct settings set = three_arms();
    struct engine *g = start_engine(&set);
    tmp_make_in_memory(dir, sizeof dir);
    tmp_path(run, dir, "run");
    /* run, arms, arms/twin, arms/also1: the fourth finds arms there. */
    static const size_t refused[] = {1, 2, 3, 5};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        fate = REFUSED;
        at = refused[i];
        changes = 0;
        assert_int_not_equal(engine_save(g, run, &e), OK);
        fate = NOTHING;
        assert_false(file_exists(run));
    }
    /* Nor does one that was locked and never saved. */
    const struct arm_place first = {.name = ""}, twin = {.name = ARM_NAME_TWIN};
    struct dirlocks c = {0};
    assert_ok(dirlocks_make(&c, run, &first, &e), &e);
    assert_ok(dirlocks_make(&c, run, &twin, &e), &e);
    snprintf(path, sizeof path, "%s/arms/twin/.lock", run);
    assert_true(file_exists(path));
    dirlocks_release(&c, 0);
    assert_false(file_exists(run));
    engine_free(g);
    remove_all(dir);
}

static int64_t step_of(const char *dir)
{
    struct run_record r = {0};
    struct errinfo e;
    assert_ok(rundir_load(dir, &r, &e), &e);
    const int64_t step = r.step;
    run_record_deinit(&r);
    return step;
}

/* A checkpoint that somebody went on with is not taken back by a resume. */
static void a_resume_keeps_what_is_missing_only(void **state)
{
    (void)state;
    char dir[256], run[512], kept[3][700];
    struct errinfo e = {0};
    const struct settings set = three_arms();
    struct engine *g = start_engine(&set);
    tmp_make_in_memory(dir, sizeof dir);
    tmp_path(run, dir, "run");
    for (size_t i = 0; i < 3; i++) {
        snprintf(kept[i], sizeof kept[i], "%s%s%s", run, places[0][i], parts[1]);
    }
    assert_ok(engine_save(g, run, &e), &e);
    run_engine_to(g, 4);
    engine_free(g);
    remove_all(kept[2]); /* as if the process had been killed before it kept it */
    struct engine *late = NULL;
    assert_ok(engine_resume(run, NULL, "", NULL, &late, &e), &e);
    engine_free(late);
    assert_int_equal(step_of(kept[2]), 4);
    late = NULL;
    assert_ok(engine_resume(kept[0], NULL, "", NULL, &late, &e), &e);
    run_engine_to(late, 5);
    assert_ok(engine_save(late, kept[0], &e), &e);
    engine_free(late);
    late = NULL;
    assert_ok(engine_resume(run, NULL, "", NULL, &late, &e), &e);
    engine_free(late);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(step_of(kept[i]), 5);
    }
    remove_all(dir);
}

/* Where a file system has no hard links, checkpoints are copies. */
static void checkpoints_without_links(void **state)
{
    (void)state;
    char dir[256], linked[512], copied[512];
    struct errinfo e = {0};
    struct stat st;
    tmp_make_in_memory(dir, sizeof dir);
    tmp_path(linked, dir, "linked");
    tmp_path(copied, dir, "copied");
    assert_ok(train(linked, &e), &e);
    no_links = true;
    assert_ok(train(copied, &e), &e);
    no_links = false;
    assert_same_run(linked, copied, 0);
    char path[700];
    snprintf(path, sizeof path, "%s/checkpoints/best/config.json", copied);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_nlink, 1);
    remove_all(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_held_is_of_the_run_that_it_is_in),
        cmocka_unit_test(what_is_made_in_vain_is_removed),
        cmocka_unit_test(a_resume_keeps_what_is_missing_only),
        cmocka_unit_test(checkpoints_without_links),
        cmocka_unit_test(killed_at_each_change),
        cmocka_unit_test(killed_with_arms_beside),
        cmocka_unit_test(refused_at_each_change),
    };
    num_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
