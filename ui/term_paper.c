#define _GNU_SOURCE /* memfd_create */
#include "ui/term_paper.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum err paper_open(FILE **out, struct errinfo *e)
{
    const int fd = memfd_create("saetop-frame", MFD_CLOEXEC);
    FILE *paper = fd >= 0 ? fdopen(fd, "r+") : NULL;
    if (paper) {
        *out = paper;
        return OK;
    }
    const int why = errno;
    if (fd >= 0) {
        close(fd);
    }
    return err_set(e, ERR_IO, "no memory to draw in: %s", strerror(why));
}

void paper_take(FILE *paper, struct tty *to)
{
    char bytes[16384];
    const int fd = fileno(paper);
    fflush(paper);
    off_t at = 0;
    for (ssize_t n; (n = pread(fd, bytes, sizeof bytes, at)) > 0; at += n) {
        tty_put(to, bytes, (size_t)n);
    }
    if (ftruncate(fd, 0) == 0) {
        lseek(fd, 0, SEEK_SET);
    }
}
