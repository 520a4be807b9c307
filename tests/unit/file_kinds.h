/* Everything that can stand at a path, made there, for tests. */
#ifndef SAETOP_TESTS_UNIT_FILE_KINDS_H
#define SAETOP_TESTS_UNIT_FILE_KINDS_H

#include "unit/check.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

/* X(kind, as messages name it) */
#define FILE_KINDS(X)                                                                  \
    X(LINK_TO_FILE, "symbolic link")                                                   \
    X(LINK_TO_FOLDER, "symbolic link")                                                 \
    X(LINK_TO_NOTHING, "symbolic link")                                                \
    X(FIFO, "FIFO")                                                                    \
    X(SOCKET, "socket")                                                                \
    X(FOLDER, "directory")                                                             \
    X(REGULAR, "regular file")                                                         \
    X(CHAR_DEVICE, "character device")                                                 \
    X(BLOCK_DEVICE, "block device")

#define ENUM(kind, name) KIND_##kind,
enum file_kind_of { FILE_KINDS(ENUM) N_KINDS };
#undef ENUM

static inline const char *kind_name(enum file_kind_of kind)
{
#define NAME(kind, name) name,
    static const char *const all[] = {FILE_KINDS(NAME)};
#undef NAME
    return all[kind];
}

/* A socket's name may have 107 bytes. */
static inline bool make_socket(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    const size_t n = strlen(path);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    bool made = fd >= 0 && n < sizeof a.sun_path;
    if (made) {
        memcpy(a.sun_path, path, n + 1);
        made = bind(fd, (const struct sockaddr *)&a, sizeof a) == 0;
    }
    close(fd);
    return made;
}

/* False where it may not be made: devices are root's. The links lead to file and
 * folder. */
static inline bool make_kind(enum file_kind_of kind, const char *path, const char *file,
                             const char *folder)
{
    struct errinfo e;
    switch (kind) {
    case KIND_LINK_TO_FILE: return symlink(file, path) == 0;
    case KIND_LINK_TO_FOLDER: return symlink(folder, path) == 0;
    case KIND_LINK_TO_NOTHING: return symlink("../nothing", path) == 0;
    case KIND_FIFO: return mkfifo(path, 0600) == 0;
    case KIND_SOCKET: return make_socket(path);
    case KIND_FOLDER: return mkdir(path, 0700) == 0;
    case KIND_REGULAR: return file_write_text(path, "", &e) == OK;
    case KIND_CHAR_DEVICE: return mknod(path, S_IFCHR | 0600, makedev(1, 3)) == 0;
    default: return mknod(path, S_IFBLK | 0600, makedev(7, 255)) == 0;
    }
}

#endif
