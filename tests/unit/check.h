/* For every unit test: cmocka behind the headers it wants, error assertions, and a
 * folder of the test's own. */
#ifndef SAETOP_TESTS_UNIT_CHECK_H
#define SAETOP_TESTS_UNIT_CHECK_H

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

/* A sanitizer's build is for finding faults: it keeps its asserts. */
#if defined(NDEBUG) && (defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__))
#error "a build with a sanitizer has to keep asserts: no NDEBUG"
#endif

#include "base/err.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fails the test with the error's line. */
#define assert_ok(expr, e)                                                             \
    do {                                                                               \
        const enum err got_ = (expr);                                                  \
        if (got_ != OK) {                                                              \
            fail_msg("%s: %s (%s)", #expr, err_text(got_), (e)->msg);                  \
        }                                                                              \
    } while (0)

/* The error `code` with `part` in its line. */
static inline void check_error(enum err got, enum err code, const struct errinfo *e,
                               const char *part)
{
    if (got != code || e->code != code || !strstr(e->msg, part)) {
        fail_msg("found %s \"%s\", expected %s \"%s\"", err_text(got), e->msg,
                 err_text(code), part);
    }
}

/* A new folder's name in out[cap]. */
static inline void tmp_make(char *out, size_t cap)
{
    const char *base = getenv("TMPDIR");
    const int n = snprintf(out, cap, "%s/saetop-test-XXXXXX", base ? base : "/tmp");
    assert_true(n > 0 && (size_t)n < cap);
    assert_non_null(mkdtemp(out));
}

/* The same in memory where that can be: for tests of moments or of many files, not of
 * disks. */
static inline void tmp_make_in_memory(char *out, size_t cap)
{
    snprintf(out, cap, "/dev/shm/saetop-test-XXXXXX");
    if (!mkdtemp(out)) {
        tmp_make(out, cap);
    }
}

/* Remove it; it must hold regular files only. */
static inline void tmp_drop(const char *dir)
{
    struct errinfo e;
    assert_ok(file_remove_dir(dir, &e), &e);
}

/* dir/name in a buffer of the caller's. */
static inline const char *tmp_path(char out[512], const char *dir, const char *name)
{
    struct errinfo e;
    assert_ok(path_join(out, 512, dir, name, &e), &e);
    return out;
}

#endif
