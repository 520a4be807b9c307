#define _GNU_SOURCE /* memfd_create */
#include "ui/term_paper.h"

#include <errno.h>
#include <stdbool.h>
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

/* How many of the bytes can be looked at: a sequence whose end has not come waits for
 * it. */
static size_t whole(const char *bytes, size_t n, bool more)
{
    for (size_t i = n > RGB_FROM ? n - RGB_FROM : 1; more && i < n; i++) {
        if (bytes[i] == '\033') {
            return i;
        }
    }
    return n;
}

static void put_turned(const struct rgb_palette *palette, struct tty *to,
                       const char *bytes, size_t n)
{
    size_t put = 0;
    for (size_t i = 0; i < n;) {
        const char *esc = memchr(bytes + i, '\033', n - i);
        if (!esc) {
            break;
        }
        char out[RGB_TO];
        size_t n_out = 0;
        i = (size_t)(esc - bytes);
        const size_t taken = rgb_turn(palette, esc, n - i, out, &n_out);
        if (taken) {
            tty_put(to, bytes + put, i - put);
            tty_put(to, out, n_out);
            put = i + taken;
        }
        i += taken ? taken : 1;
    }
    tty_put(to, bytes + put, n - put);
}

void paper_take(FILE *paper, const struct rgb_palette *palette, struct tty *to)
{
    char bytes[16384];
    const int fd = fileno(paper);
    fflush(paper);
    off_t at = 0;
    for (ssize_t n; (n = pread(fd, bytes, sizeof bytes, at)) > 0;) {
        if (palette) {
            const size_t ready = whole(bytes, (size_t)n, (size_t)n == sizeof bytes);
            put_turned(palette, to, bytes, ready);
            at += (off_t)ready;
        } else {
            tty_put(to, bytes, (size_t)n);
            at += n;
        }
    }
    if (ftruncate(fd, 0) == 0) {
        lseek(fd, 0, SEEK_SET);
    }
}
