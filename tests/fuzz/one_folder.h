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
