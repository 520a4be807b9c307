/* A folder that a fuzz target keeps for all of its inputs, and removes at its end. */
#ifndef SAETOP_TESTS_FUZZ_ONE_FOLDER_H
#define SAETOP_TESTS_FUZZ_ONE_FOLDER_H

#include "base/file.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[32];

static inline void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static inline void folder_drop(void)
{
    const enum err rc = file_remove_dir(folder, NULL);
    (void)rc;
}

/* Make it, the first time: true then. */
static inline bool folder_make(void)
{
    if (folder[0]) {
        return false;
    }
    /* In memory where there is such a folder: a disk takes most of the time. */
    snprintf(folder, sizeof folder, "%s/saetop-fuzz-XXXXXX",
             file_is_dir("/dev/shm") ? "/dev/shm" : "/tmp");
    require(mkdtemp(folder) != NULL);
    atexit(folder_drop);
    return true;
}

/* Not file_write: an fsync for each input takes most of the time. */
static inline void folder_write(const char *path, const void *data, size_t len)
{
    FILE *f = fopen(path, "wb");
    require(f != NULL && fwrite(data, 1, len, f) == len && fclose(f) == 0);
}

/* Files of the folder that one input holds: each begins with its letter, at the start
 * of the input or behind a NUL and a colon, and ends where the next one begins. */
struct folder_file {
    char letter;
    const char *name; /* NULL: text, for folder_fill to give back */
};

/* Which file begins at data[at] behind a letter, n for none. */
static inline size_t folder_letter(const struct folder_file *list, size_t n,
                                   const uint8_t *data, size_t size, size_t at)
{
    size_t k = n;
    for (size_t i = 0; i < n && at < size; i++) {
        k = data[at] == (uint8_t)list[i].letter ? i : k;
    }
    return k;
}

/* Where the file that begins at data[at] ends, before the mark of the next. */
static inline size_t folder_file_end(const struct folder_file *list, size_t n,
                                     const uint8_t *data, size_t size, size_t at)
{
    while (at < size && (data[at] != '\0' || at + 2 >= size || data[at + 1] != ':' ||
                         folder_letter(list, n, data, size, at + 2) == n)) {
        at++;
    }
    return at;
}

/* The files of an input instead of those of the one before. *text, *len: the last text
 * in it, as it was where there is none. */
static inline void folder_fill(const struct folder_file *list, size_t n,
                               const uint8_t *data, size_t size, const char **text,
                               size_t *len)
{
    char path[256];
    for (size_t i = 0; i < n; i++) {
        if (list[i].name) {
            require(path_join(path, sizeof path, folder, list[i].name, NULL) == OK);
            (void)unlink(path);
        }
    }
    for (size_t at = 0; at < size;) {
        const size_t k = folder_letter(list, n, data, size, at);
        const size_t end = folder_file_end(list, n, data, size, at + 1);
        if (k < n && list[k].name) {
            require(path_join(path, sizeof path, folder, list[k].name, NULL) == OK);
            folder_write(path, data + at + 1, end - at - 1);
        } else if (k < n) {
            *text = (const char *)data + at + 1;
            *len = end - at - 1;
        }
        at = end + 2;
    }
}

/* Path of the one file in the folder, which is removed. */
static inline void folder_take(char out[256])
{
    DIR *d = opendir(folder);
    require(d != NULL);
    out[0] = '\0';
    for (const struct dirent *f = readdir(d); f; f = readdir(d)) {
        if (f->d_name[0] != '.') {
            require(!out[0] && path_join(out, 256, folder, f->d_name, NULL) == OK);
        }
    }
    closedir(d);
    require(out[0] && unlink(out) == 0);
}

/* A refusal is one line, and names the folder. */
static inline void folder_refused(const struct errinfo *e)
{
    require(e->msg[0] && !strchr(e->msg, '\n') && strstr(e->msg, folder));
}

#endif
