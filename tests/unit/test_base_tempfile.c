/* Temporary files: where TMPDIR says, without a name. */
#include "base/tempfile.h"
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void assert_empty(const char *dir)
{
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (const struct dirent *f = readdir(d); f; f = readdir(d)) {
        assert_true(f->d_name[0] == '.');
    }
    closedir(d);
}

static void in_tmpdir_without_a_name(void **state)
{
    (void)state;
    struct errinfo e = {0};
    struct stat there, st;
    char dir[256], byte = 'x';
    int fd = -1;
    tmp_make(dir, sizeof dir);
    assert_int_equal(setenv("TMPDIR", dir, 1), 0);
    assert_ok(tempfile_open(&fd, &e), &e);
    assert_empty(dir);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(stat(dir, &there), 0);
    assert_true(S_ISREG(st.st_mode) && st.st_nlink == 0 && st.st_dev == there.st_dev);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(pwrite(fd, &byte, 1, 0), 1);
    assert_int_equal(pread(fd, &byte, 1, 0), 1);
    close(fd);
    tmp_drop(dir);
    /* The folder does not exist any more. */
    check_error(tempfile_open(&fd, &e), ERR_MISSING, &e, dir);
    assert_int_equal(setenv("TMPDIR", "", 1), 0);
    assert_ok(tempfile_open(&fd, &e), &e);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(in_tmpdir_without_a_name)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
