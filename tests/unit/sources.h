/* The sources, for tests that look for what must not stand in them. */
#ifndef SAETOP_TESTS_SOURCES_H
#define SAETOP_TESTS_SOURCES_H

#include "base/file.h"
#include "unit/check.h"

#include <dirent.h>
#include <sys/stat.h>

/* Show each .c and .h under `dir` of the source tree; how many there are. */
static inline size_t sources_each(const char *dir,
                                  void (*see)(const char *file, const char *text))
{
    char path[1024];
    struct errinfo e;
    size_t files = 0;
    assert_ok(path_join(path, sizeof path, getenv("SAETOP_SOURCE"), dir, &e), &e);
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *f = readdir(d); f; f = readdir(d)) {
        char name[600];
        struct stat st;
        assert_ok(path_join(name, sizeof name, dir, f->d_name, &e), &e);
        assert_ok(path_join(path, sizeof path, getenv("SAETOP_SOURCE"), name, &e), &e);
        if (f->d_name[0] == '.' || stat(path, &st) != 0) {
            continue;
        }
        if (S_ISDIR(st.st_mode)) {
            files += sources_each(name, see);
        } else if (path_has_suffix(name, ".c") || path_has_suffix(name, ".h")) {
            char *text = NULL;
            size_t len = 0;
            assert_ok(file_read(path, (size_t)1 << 22, &text, &len, &e), &e);
            see(name, text);
            free(text);
            files++;
        }
    }
    (void)closedir(d);
    return files;
}

/* A name of `file` that stands for something else there, or belongs to somebody else.
 */
struct source_name {
    const char *file, *name;
};
static inline bool sources_excused(const struct source_name *list, size_t n,
                                   const char *file, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i].file, file) == 0 && strcmp(list[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

#endif
