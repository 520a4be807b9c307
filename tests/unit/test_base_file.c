/* Files: limits, atomic writing, what stays when writing fails, and paths that are not
 * files. */
#include "base/hash.h"
#include "base/leftover.h"
#include "base/mem.h"
#include "unit/file_kinds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[256];

static int setup(void **state)
{
    (void)state;
    tmp_make(dir, sizeof dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tmp_drop(dir);
    return 0;
}

static size_t entries(const char *path)
{
    DIR *d = opendir(path);
    assert_non_null(d);
    size_t n = 0;
    while (readdir(d)) {
        n++;
    }
    closedir(d);
    return n - 2; /* . and .. */
}

static void check_content(const char *path, const char *want)
{
    struct errinfo e;
    char *data = NULL;
    size_t len = 0;
    assert_ok(file_read(path, 1000, &data, &len, &e), &e);
    assert_int_equal(len, strlen(want));
    assert_string_equal(data, want);
    mem_free(data);
}

static void test_write_read(void **state)
{
    (void)state;
    struct errinfo e;
    char path[512];
    tmp_path(path, dir, "a.txt");
    assert_int_equal(file_size(path), -1);
    assert_false(file_exists(path));
    assert_ok(file_write_text(path, "one", &e), &e);
    check_content(path, "one");
    const struct file_piece parts[] = {{"tw", 2}, {NULL, 0}, {"o", 1}, {"!", 1}};
    assert_ok(file_write(path, parts, 4, &e), &e);
    check_content(path, "two!");
    assert_int_equal(file_size(path), 4);
    assert_true(file_exists(path));
    assert_false(file_is_dir(path));
    assert_ok(file_write(path, NULL, 0, &e), &e);
    check_content(path, "");
    assert_int_equal(entries(dir), 1);
}

static void test_read_errors(void **state)
{
    (void)state;
    struct errinfo e;
    char path[512];
    char *data = NULL;
    const uint8_t *map = NULL;
    size_t len = 77;
    uint64_t hash = 5;
    tmp_path(path, dir, "none");
    check_error(file_read(path, 10, &data, &len, &e), ERR_MISSING, &e,
                "none: can't open");
    check_error(file_map(path, &map, &len, &e), ERR_MISSING, &e, "none");
    check_error(file_hash(path, &hash, &e), ERR_MISSING, &e, "none");
    check_error(file_read(dir, 10, &data, &len, &e), ERR_FORMAT, &e, "a directory");
    tmp_path(path, dir, "b");
    assert_ok(file_write_text(path, "12345", &e), &e);
    check_error(file_read(path, 4, &data, &len, &e), ERR_LIMIT, &e,
                "found 5 bytes, expected at most 4");
    assert_null(data);
    assert_null(map);
    assert_int_equal(len, 77);
    assert_int_equal(hash, 5);
    assert_ok(file_read(path, 5, &data, &len, &e), &e);
    mem_free(data);
    assert_ok(file_write_text(path, "", &e), &e);
    check_error(file_map(path, &map, &len, &e), ERR_FORMAT, &e, "empty");
    /* A pipe must be refused, not waited for. */
    char pipe_path[512];
    tmp_path(pipe_path, dir, "pipe");
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    check_error(file_read(pipe_path, 5, &data, &len, &e), ERR_FORMAT, &e, "pipe");
    unlink(pipe_path);
}

static int read_without_right(const char *path)
{
    struct errinfo e;
    char *data;
    size_t len;
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) {
        return 77;
    }
    return file_read(path, 100, &data, &len, &e) == ERR_DENIED &&
                   strstr(e.msg, "can't open: Permission denied")
               ? 0
               : 1;
}

/* What a user can mend is no failure of the machine: status 2. */
static void test_no_right_and_circles(void **state)
{
    (void)state;
    struct errinfo e;
    char path[512], *data;
    size_t len;
    int status = -1;
    assert_int_equal(symlink("circle", tmp_path(path, dir, "circle")), 0);
    check_error(file_read(path, 100, &data, &len, &e), ERR_USAGE, &e,
                "circle: can't open: Too many levels");
    assert_int_equal(unlink(path), 0);
    assert_ok(file_write_text(tmp_path(path, dir, "closed"), "x", &e), &e);
    assert_int_equal(chmod(path, 0), 0);
    const pid_t child = fork();
    if (child == 0) {
        _exit(read_without_right(path));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(unlink(path), 0);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(err_exit_status(ERR_DENIED), 2);
}

static void test_read_text(void **state)
{
    (void)state;
    char path[512];
    struct errinfo e;
    char *text = NULL;
    const struct file_piece good = {"a\nb", 3};
    const struct file_piece bad = {"a\nb\0c", 5};
    tmp_path(path, dir, "text");
    assert_ok(file_write(path, &good, 1, &e), &e);
    assert_ok(file_read_text(path, 10, &text, &e), &e);
    assert_string_equal(text, "a\nb");
    mem_free(text);
    text = NULL;
    assert_ok(file_write(path, &bad, 1, &e), &e);
    check_error(file_read_text(path, 10, &text, &e), ERR_FORMAT, &e,
                "text: line 2: found a NUL byte");
    assert_null(text);
}

static void test_map_hash(void **state)
{
    (void)state;
    struct errinfo e;
    char path[512];
    tmp_path(path, dir, "foobar");
    assert_ok(file_write_text(path, "foobar", &e), &e);
    const uint8_t *map = NULL;
    size_t len = 0;
    assert_ok(file_map(path, &map, &len, &e), &e);
    assert_int_equal(len, 6);
    assert_memory_equal(map, "foobar", 6);
    file_unmap(map, len);
    file_unmap(NULL, 0);
    /* the published FNV-1a test vectors */
    assert_true(hash_bytes(HASH_START, "", 0) == 0xcbf29ce484222325u);
    assert_true(hash_bytes(HASH_START, "a", 1) == 0xaf63dc4c8601ec8cu);
    assert_true(hash_bytes(hash_bytes(HASH_START, "foo", 3), "bar", 3) ==
                0x85944171f73967e8u);
    uint64_t hash = 0;
    assert_ok(file_hash(path, &hash, &e), &e);
    assert_true(hash == 0x85944171f73967e8u);
    /* longer than a chunk */
    char *big = mem_alloc(50001, 1);
    assert_non_null(big);
    memset(big, 'x', 50000);
    assert_ok(file_write_text(path, big, &e), &e);
    assert_ok(file_hash(path, &hash, &e), &e);
    assert_true(hash == hash_bytes(HASH_START, big, 50000));
    mem_free(big);
}

static void test_failed_write_leaves_all(void **state)
{
    (void)state;
    struct errinfo e;
    char path[512];
    char below[512];
    tmp_path(path, dir, "keep");
    assert_ok(file_write_text(path, "precious", &e), &e);
    const size_t before = entries(dir);

    /* the parent is a file; the parent does not exist */
    tmp_path(below, path, "x");
    check_error(file_write_text(below, "new", &e), ERR_MISSING, &e,
                "keep/x: can't write");
    tmp_path(below, dir, "nowhere/x");
    check_error(file_write_text(below, "new", &e), ERR_MISSING, &e, "nowhere/x");

    /* the target is a directory: everything works but the rename */
    tmp_path(below, dir, "sub");
    assert_ok(file_mkdirs(below, &e), &e);
    check_error(file_write_text(below, "new", &e), ERR_FORMAT, &e,
                "sub: can't write: found a directory");
    assert_int_equal(entries(dir), before + 1);
    assert_int_equal(rmdir(below), 0);

    /* the disk is full, as far as this process can tell, in the middle of writing */
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    struct rlimit tight = {4096, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    static char big[20000];
    const struct file_piece part = {big, sizeof big};
    const enum err rc = file_write(path, &part, 1, &e);
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, handler);
    check_error(rc, ERR_IO, &e, "keep: can't write: File too large");
    check_content(path, "precious");
    assert_int_equal(entries(dir), before);

    if (geteuid() != 0) {
        assert_int_equal(chmod(dir, 0500), 0);
        const enum err denied = file_write_text(path, "new", &e);
        chmod(dir, 0700);
        check_error(denied, ERR_DENIED, &e, "keep: can't write: Permission denied");
        check_content(path, "precious");
        assert_int_equal(entries(dir), before);
    }
}

/* ---- paths that are not regular files ---- */

static mode_t mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode;
}

/* Only regular files are replaced: anything else at the path stays, and no temporary is
 * left. */
static void test_own_files_are_regular(void **state)
{
    (void)state;
    char path[512], victim[512];
    struct errinfo e;
    char *data = NULL;
    size_t len = 0;
    int fd = -1;
    tmp_path(victim, dir, "victim");
    tmp_path(path, dir, "place");
    check_error(file_read_own(path, 100, &data, &len, &e), ERR_MISSING, &e, "place");
    assert_ok(file_write_text(victim, "precious", &e), &e);
    check_error(file_read_own(victim, 7, &data, &len, &e), ERR_LIMIT, &e,
                "found 8 bytes, expected at most 7");
    assert_ok(file_read_own(victim, 8, &data, &len, &e), &e);
    assert_int_equal(len, 8);
    assert_string_equal(data, "precious");
    mem_free(data);
    for (enum file_kind_of kind = 0; kind < N_KINDS; kind++) {
        const char *name = kind_name(kind);
        if (kind == KIND_REGULAR || !make_kind(kind, path, victim, dir)) {
            continue;
        }
        const mode_t mode = mode_of(path);
        const size_t before = entries(dir);
        check_error(file_write_text(path, "x", &e), ERR_FORMAT, &e, name);
        assert_non_null(strstr(e.msg, "place: "));
        check_error(file_open_own(path, O_RDONLY, &fd, &e), ERR_FORMAT, &e, name);
        check_error(file_open_own(path, O_RDWR | O_CREAT, &fd, &e), ERR_FORMAT, &e,
                    name);
        check_error(file_read_own(path, 100, &data, &len, &e), ERR_FORMAT, &e, name);
        assert_int_equal(mode_of(path), mode);
        assert_int_equal(entries(dir), before);
        check_content(victim, "precious");
        assert_int_equal(remove(path), 0);
    }
    /* Written in place it would change under its other name too. */
    assert_int_equal(link(victim, path), 0);
    check_error(file_open_own(path, O_RDWR, &fd, &e), ERR_FORMAT, &e, "2 names");
    assert_ok(file_open_own(path, O_RDONLY, &fd, &e), &e);
    close(fd);
    assert_ok(file_write_text(path, "new", &e), &e);
    check_content(victim, "precious");
    unlink(path);
    assert_int_equal(symlink("nowhere", path), 0);
    check_error(file_open_own(path, O_RDWR | O_CREAT, &fd, &e), ERR_FORMAT, &e, "link");
    check_error(file_remove_dir(path, &e), ERR_MISSING, &e, "place");
    unlink(path);
    unlink(victim);
}

/* Not through a link, whose folder is somebody else's. */
static void test_own_folders(void **state)
{
    (void)state;
    char path[512], victim[512], below[512];
    struct errinfo e;
    tmp_path(victim, dir, "victim");
    tmp_path(path, dir, "place");
    assert_ok(file_mkdir_own(dir, "victim", &e), &e);
    assert_ok(file_mkdir_own(dir, "victim", &e), &e);
    assert_ok(file_write_text(tmp_path(below, victim, "a"), "1", &e), &e);
    assert_int_equal(symlink("victim", path), 0);
    check_error(file_mkdir_own(dir, "place", &e), ERR_FORMAT, &e, "symbolic link");
    check_error(file_remove_dir(path, &e), ERR_MISSING, &e, "place");
    check_content(below, "1");
    unlink(path);
    assert_ok(file_write_text(path, "", &e), &e);
    check_error(file_mkdir_own(dir, "place", &e), ERR_FORMAT, &e, "regular file");
    unlink(path);
    assert_ok(file_remove_dir(victim, &e), &e);
}

/* ---- outputs that the user named ---- */

static void test_named_output(void **state)
{
    (void)state;
    static const enum file_kind_of refused[] = {KIND_FOLDER, KIND_LINK_TO_FOLDER,
                                                KIND_SOCKET, KIND_BLOCK_DEVICE};
    char path[512], victim[512], got[16] = "";
    struct errinfo e;
    const size_t before = entries(dir);
    tmp_path(victim, dir, "victim");
    tmp_path(path, dir, "nowhere/place");
    check_error(file_check_named(path, &e), ERR_MISSING, &e, "nowhere/place: can't");
    tmp_path(path, dir, "place");
    assert_ok(file_check_named(path, &e), &e);
    assert_ok(file_write_named_text(path, "one", &e), &e);
    assert_ok(file_check_named(path, &e), &e);
    assert_false(file_is_stream(path));
    assert_int_equal(chmod(path, 0640), 0);
    assert_ok(file_write_named_text(path, "two", &e), &e);
    check_content(path, "two");
    assert_int_equal(mode_of(path) & 0777, 0640);
    unlink(path);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (make_kind(refused[i], path, victim, dir)) {
            const mode_t mode = mode_of(path);
            check_error(file_check_named(path, &e), ERR_FORMAT, &e,
                        "place: can't write: found a ");
            check_error(file_write_named_text(path, "x", &e), ERR_FORMAT, &e,
                        "place: can't write: found a ");
            assert_int_equal(mode_of(path), mode);
            assert_int_equal(remove(path), 0);
        }
    }
    /* The link stays; what it leads to is replaced. */
    assert_ok(file_write_text(victim, "old", &e), &e);
    assert_int_equal(symlink("victim", path), 0);
    assert_ok(file_write_named_text(path, "new", &e), &e);
    assert_true(S_ISLNK(mode_of(path)));
    check_content(victim, "new");
    unlink(victim);
    check_error(file_check_named(path, &e), ERR_FORMAT, &e, "leads nowhere");
    check_error(file_write_named_text(path, "x", &e), ERR_FORMAT, &e, "leads nowhere");
    unlink(path);
    if (make_kind(KIND_CHAR_DEVICE, path, victim, dir)) {
        assert_true(file_is_stream(path));
        assert_ok(file_write_named_text(path, "gone", &e), &e);
        assert_true(S_ISCHR(mode_of(path)));
        unlink(path);
    }
    assert_true(make_kind(KIND_FIFO, path, victim, dir));
    check_error(file_write_named_text(path, "x", &e), ERR_IO, &e, "nothing reads");
    const int fd = open(path, O_RDONLY | O_NONBLOCK);
    assert_ok(file_write_named_text(path, "through", &e), &e);
    assert_int_equal(read(fd, got, sizeof got), 7);
    assert_memory_equal(got, "through", 7);
    close(fd);
    assert_true(S_ISFIFO(mode_of(path)));
    unlink(path);
    assert_int_equal(entries(dir), before);
}

/* A file that standard output is appended to (>>) keeps its contents. */
static void test_standard_output(void **state)
{
    (void)state;
    char path[512];
    struct errinfo e;
    tmp_path(path, dir, "log");
    assert_ok(file_write_text(path, "before,", &e), &e);
    fflush(stdout);
    const int kept = dup(STDOUT_FILENO), fd = open(path, O_WRONLY | O_APPEND);
    assert_true(kept >= 0 && fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0);
    const bool is_stream = file_is_stream("/dev/stdout");
    const enum err rc = file_write_named_text("/dev/stdout", "after", &e);
    char other[64];
    snprintf(other, sizeof other, "/dev/fd/%d", fd);
    assert_true(dup2(kept, STDOUT_FILENO) >= 0);
    close(kept);
    assert_ok(rc, &e);
    assert_true(is_stream);
    assert_ok(file_write_named_text(other, ",last", &e), &e);
    assert_false(file_is_stream("/dev/fd/99999999999"));
    close(fd);
    check_content(path, "before,after,last");
    unlink(path);
}

/* path.tmp-PID, with `more` after it; its name in out. */
static int stale(char out[600], const char *path, long pid, const char *more)
{
    snprintf(out, 600, "%s.tmp-%ld%s", path, pid, more);
    const int fd = open(out, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    return fd;
}

/* The number of a process that has ended. */
static long dead_process(void)
{
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(0);
    }
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return (long)pid;
}

/* A temporary that another process took for a leftover, before it was marked as being
 * written or at this moment, is given up. */
static void test_taken_temporary(void **state)
{
    (void)state;
    char path[512], name[600];
    tmp_path(path, dir, "c");
    int fd = stale(name, path, (long)getpid(), "");
    const int other = open(name, O_RDONLY);
    assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
    assert_false(leftover_hold(fd, name));
    close(other);
    assert_true(leftover_hold(fd, name));
    close(fd);
    fd = stale(name, path, (long)getpid(), "");
    unlink(name);
    assert_false(leftover_hold(fd, name));
    close(fd);
}

/* A file that got the number of standard output would hold what is printed. */
static void test_closed_streams(void **state)
{
    (void)state;
    char path[512];
    tmp_path(path, dir, "closed.txt");
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char byte = 0;
        for (int fd = 0; fd <= 2; fd++) {
            close(fd);
        }
        file_take_standard();
        const bool apart = open(path, O_RDWR | O_CREAT, 0600) > 2;
        const bool deaf = write(1, "x", 1) < 0 && write(2, "x", 1) < 0;
        _exit(apart && deaf && read(0, &byte, 1) < 0 ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    file_take_standard(); /* nothing is closed here: all stays as it is */
    assert_true(fcntl(STDOUT_FILENO, F_GETFL) >= 0);
}

/* Temporaries that killed processes left beside a file are removed by the next write.
 * One that is being written now, or a file of a similar name, stays. */
static void test_stale_temporary(void **state)
{
    (void)state;
    struct errinfo e;
    char path[512], own[600], dead[600], again[600], alive[600], held[600];
    char kept[5][600];
    const long gone = dead_process();
    tmp_path(path, dir, "c");
    close(stale(own, path, (long)getpid(), ""));
    close(stale(dead, path, gone, ""));
    close(stale(again, path, gone, "-3"));
    close(stale(alive, path, (long)getppid(), ""));
    const int writer = stale(held, path, gone, "-4");
    assert_true(leftover_hold(writer, held)); /* as a process elsewhere does */
    close(stale(kept[0], path, gone, "x"));
    close(stale(kept[1], path, gone, "-"));
    tmp_path(kept[2], dir, "c.tmp-");
    close(open(kept[2], O_CREAT | O_WRONLY, 0600));
    snprintf(kept[3], 600, "%s.tmp-%ld-5", path, gone);
    assert_int_equal(symlink(kept[2], kept[3]), 0);
    snprintf(kept[4], 600, "%s.tmp-%ld-6", path, gone);
    assert_int_equal(mkfifo(kept[4], 0600), 0);

    assert_ok(file_write_text(path, "new", &e), &e);
    check_content(path, "new");
    assert_false(file_exists(own) || file_exists(dead) || file_exists(again));
    assert_true(file_exists(alive) && file_exists(held));
    for (size_t i = 0; i < 5; i++) {
        assert_true(file_exists(kept[i]));
    }
    for (size_t i = 0; i < 5; i++) {
        unlink(kept[i]);
    }
    close(writer);
    assert_ok(file_write_text(path, "newer", &e), &e);
    assert_false(file_exists(held));
    unlink(alive);
    assert_true(leftover_is("c.tmp-12", "c") && leftover_is("c.tmp-12-1", "c"));
    assert_false(leftover_is("c.tmp-0", "c") || leftover_is("cc.tmp-12", "c") ||
                 leftover_is("c.tmp-99999999999", "c"));
}

static void test_long_path(void **state)
{
    (void)state;
    struct errinfo e;
    char path[6000];
    memset(path, 'x', sizeof path);
    path[5999] = '\0';
    check_error(file_write_text(path, "", &e), ERR_LIMIT, &e, "path longer than");
    path[4000] = '\0'; /* fits, and is the system's to refuse */
    assert_int_equal(file_write_text(path, "", &e), ERR_USAGE);
}

static void test_mkdirs_remove(void **state)
{
    (void)state;
    struct errinfo e;
    char deep[512];
    char path[512];
    tmp_path(deep, dir, "p/q//r/");
    assert_ok(file_mkdirs(deep, &e), &e);
    assert_true(file_is_dir(deep));
    assert_ok(file_mkdirs(deep, &e), &e);
    assert_ok(file_mkdirs("/", &e), &e);
    check_error(file_mkdirs("", &e), ERR_USAGE, &e, "empty path");

    tmp_path(path, deep, "f");
    assert_ok(file_write_text(path, "1", &e), &e);
    char below[512];
    tmp_path(below, path, "g");
    check_error(file_mkdirs(below, &e), ERR_EXISTS, &e, "can't create the directory");

    /* what holds more than files stays whole */
    tmp_path(path, dir, "p/q/file");
    assert_ok(file_write_text(path, "1", &e), &e);
    tmp_path(path, dir, "p/q");
    check_error(file_remove_dir(path, &e), ERR_FORMAT, &e, "r: not a regular file");
    assert_int_equal(entries(path), 2);
    assert_ok(file_remove_dir(deep, &e), &e);
    assert_ok(file_remove_dir(path, &e), &e);
    check_error(file_remove_dir(path, &e), ERR_MISSING, &e, "can't open");
    tmp_path(path, dir, "p");
    assert_int_equal(symlink("elsewhere", tmp_path(below, path, "link")), 0);
    check_error(file_remove_dir(path, &e), ERR_FORMAT, &e, "link");
    unlink(below);
    assert_ok(file_remove_dir(path, &e), &e);
}

static void test_paths(void **state)
{
    (void)state;
    struct errinfo e;
    char out[8];
    assert_ok(path_join(out, sizeof out, "ab", "cd", &e), &e);
    assert_string_equal(out, "ab/cd");
    assert_ok(path_join(out, sizeof out, "ab/", "cd", &e), &e);
    assert_string_equal(out, "ab/cd");
    assert_ok(path_join(out, sizeof out, "", "cd", &e), &e);
    assert_string_equal(out, "cd");
    assert_ok(path_join(out, sizeof out, "abc", "def", &e), &e); /* exactly fits */
    assert_string_equal(out, "abc/def");
    check_error(path_join(out, sizeof out, "abc", "defg", &e), ERR_LIMIT, &e,
                "abc/defg");
    assert_string_equal(path_base("a/b/c.txt"), "c.txt");
    assert_string_equal(path_base("c.txt"), "c.txt");
    assert_string_equal(path_base("a/"), "");
    assert_true(path_has_suffix("a.csv", ".csv"));
    assert_false(path_has_suffix("a.CSV", ".csv"));
    assert_false(path_has_suffix("sv", ".csv"));
    assert_true(path_has_suffix("x", ""));
}

static void *read_late(void *arg)
{
    char *got = arg; /* the descriptor, then room */
    poll(NULL, 0, 200);
    for (size_t n = 0; n < 300000;) {
        const ssize_t r = read(*(int *)arg, got + sizeof(int) + n, 300000 - n);
        assert_true(r > 0);
        n += (size_t)r;
    }
    return NULL;
}

/* More than a pipe holds, into one that does not block. */
static void test_write_all_waits(void **state)
{
    (void)state;
    int ends[2];
    pthread_t reader;
    char *sent = test_malloc(300000), *got = test_malloc(sizeof(int) + 300000);
    memset(sent, 'x', 300000);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    memcpy(got, &ends[0], sizeof(int));
    assert_int_equal(pthread_create(&reader, NULL, read_late, got), 0);
    assert_int_equal(file_write_all(ends[1], sent, 300000), 0);
    assert_int_equal(pthread_join(reader, NULL), 0);
    assert_memory_equal(got + sizeof(int), sent, 300000);
    close(ends[1]);
    assert_int_equal(file_write_all(ends[1], sent, 1), EBADF);
    close(ends[0]);
    test_free(sent);
    test_free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write_all_waits),
        cmocka_unit_test(test_write_read),
        cmocka_unit_test(test_read_errors),
        cmocka_unit_test(test_no_right_and_circles),
        cmocka_unit_test(test_read_text),
        cmocka_unit_test(test_map_hash),
        cmocka_unit_test(test_failed_write_leaves_all),
        cmocka_unit_test(test_own_files_are_regular),
        cmocka_unit_test(test_own_folders),
        cmocka_unit_test(test_named_output),
        cmocka_unit_test(test_standard_output),
        cmocka_unit_test(test_taken_temporary),
        cmocka_unit_test(test_closed_streams),
        cmocka_unit_test(test_stale_temporary),
        cmocka_unit_test(test_long_path),
        cmocka_unit_test(test_mkdirs_remove),
        cmocka_unit_test(test_paths),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
