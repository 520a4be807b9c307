/* Directories that a command makes in one go: whole or not at all, and again after a
 * failure or a kill. */
#include "base/outdir.h"
#include "check.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LARGE 20000

enum doing { WRITE, KILLED_BEFORE, KILLED_BETWEEN };

/* A small file and a large one. */
static enum err write_two(void *user, const char *dir, struct errinfo *e)
{
    const enum doing *doing = user;
    static const char large[LARGE];
    char path[512];
    const struct file_piece part = {large, sizeof large};
    if (*doing == KILLED_BEFORE) {
        raise(SIGKILL);
    }
    TRY(path_join(path, sizeof path, dir, "small", e));
    TRY(file_write_text(path, "small", e));
    if (*doing == KILLED_BETWEEN) {
        raise(SIGKILL);
    }
    TRY(path_join(path, sizeof path, dir, "large", e));
    return file_write(path, &part, 1, e);
}

static void new_name(char out[512])
{
    tmp_make(out, 512);
    assert_int_equal(rmdir(out), 0);
}

/* How many names in its folder begin with that of out. */
static int beside(const char *out)
{
    char folder[512];
    int n = 0;
    snprintf(folder, sizeof folder, "%.*s", (int)(path_base(out) - out), out);
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (const struct dirent *f = readdir(d); f; f = readdir(d)) {
        n += strncmp(f->d_name, path_base(out), strlen(path_base(out))) == 0;
    }
    closedir(d);
    return n;
}

static void assert_whole(const char *out)
{
    char path[512];
    assert_int_equal(file_size(tmp_path(path, out, "small")), 5);
    assert_int_equal(file_size(tmp_path(path, out, "large")), LARGE);
    assert_int_equal(beside(out), 1);
    tmp_drop(out);
}

static void again_after_a_kill(void **state)
{
    (void)state;
    for (int doing = KILLED_BEFORE; doing <= KILLED_BETWEEN; doing++) {
        char out[512];
        struct errinfo e = {0};
        enum doing how = (enum doing)doing;
        int status = 0;
        new_name(out);
        const pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            _exit(outdir_write(out, write_two, &how, &e) == OK ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        assert_false(file_exists(out));
        assert_int_equal(beside(out), 1); /* what it had begun */
        how = WRITE;
        assert_ok(outdir_write(out, write_two, &how, &e), &e);
        assert_whole(out);
    }
}

static void again_after_a_full_disk(void **state)
{
    (void)state;
    char out[512];
    struct errinfo e = {0};
    struct rlimit was, tight;
    enum doing how = WRITE;
    new_name(out);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    tight = (struct rlimit){LARGE / 2, was.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    check_error(outdir_write(out, write_two, &how, &e), ERR_IO, &e, "can't write");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_int_equal(beside(out), 0); /* as if nothing had been */
    assert_ok(outdir_write(out, write_two, &how, &e), &e);
    assert_whole(out);
}

static void what_is_there_is_kept(void **state)
{
    (void)state;
    char out[512], path[512];
    struct errinfo e = {0};
    enum doing how = WRITE;
    tmp_make(out, sizeof out);
    assert_ok(file_write_text(tmp_path(path, out, "mine"), "text", &e), &e);
    check_error(outdir_write(out, write_two, &how, &e), ERR_EXISTS, &e,
                "exists already");
    assert_int_equal(file_size(path), 4);
    tmp_drop(out);
    tmp_make(out, sizeof out); /* an empty one is nothing */
    assert_ok(outdir_write(out, write_two, &how, &e), &e);
    assert_whole(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(again_after_a_kill),
        cmocka_unit_test(again_after_a_full_disk),
        cmocka_unit_test(what_is_there_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
