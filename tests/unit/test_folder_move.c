/* [wrap renameat2] A move that replaces nothing (core/base/folder.h), on a file system
 * that has no such rename: the same, and its errors are its own. */
#include "base/file.h"
#include "base/folder.h"
#include "unit/check.h"

#include <errno.h>

int __wrap_renameat2(int from, const char *name, int to, const char *as,
                     unsigned flags);
int __wrap_renameat2(int from, const char *name, int to, const char *as, unsigned flags)
{
    (void)from;
    (void)name;
    (void)to;
    (void)as;
    (void)flags;
    errno = EINVAL;
    return -1;
}

static void moves_replace_nothing(void **state)
{
    (void)state;
    struct errinfo e;
    struct folder f, inner;
    char dir[256], path[512];
    tmp_make(dir, sizeof dir);
    assert_ok(folder_open(dir, &f, &e), &e);
    assert_ok(folder_make_in(&f, "a", &inner, &e), &e);
    assert_ok(file_write_text(tmp_path(path, dir, "x"), "x", &e), &e);
    assert_ok(folder_move_new(&f, "x", &inner, "y", &e), &e);
    assert_false(file_exists(path));
    assert_ok(file_write_text(path, "x", &e), &e);
    check_error(folder_move_new(&f, "x", &inner, "y", &e), ERR_EXISTS, &e,
                "a/y: exists already");
    assert_true(file_exists(path));
    /* Into itself, and what is not there. */
    check_error(folder_move_new(&f, "a", &inner, "b", &e), ERR_IO, &e,
                strerror(EINVAL));
    check_error(folder_move_new(&f, "none", &inner, "b", &e), ERR_MISSING, &e, "b");
    assert_ok(folder_unlink(&inner, "y", &e), &e);
    folder_close(&inner);
    assert_ok(folder_rmdir(&f, "a", &e), &e);
    folder_close(&f);
    tmp_drop(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(moves_replace_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
