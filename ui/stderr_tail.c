#include "ui/stderr_tail.h"

#include "base/tempfile.h"
#include "ui/term_tty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TAIL_BYTES = 4096 };

enum err stderr_tail_begin(struct stderr_tail *s, struct errinfo *e)
{
    *s = (struct stderr_tail){-1, -1};
    if (!isatty(STDERR_FILENO)) {
        return OK;
    }
    int file = -1;
    TRY(tempfile_open(&file, e));
    const int log = fcntl(file, F_DUPFD_CLOEXEC, 3);
    const int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    close(file);
    if (log < 0 || saved < 0 || dup2(log, STDERR_FILENO) < 0) {
        const int why = errno;
        if (log >= 0) {
            close(log);
        }
        if (saved >= 0) {
            close(saved);
        }
        return err_set(e, ERR_IO, "stderr cannot be redirected: %s", strerror(why));
    }
    *s = (struct stderr_tail){saved, log};
    return OK;
}

void stderr_tail_pause(const struct stderr_tail *s)
{
    if (s->saved >= 0) {
        dup2(s->saved, STDERR_FILENO);
    }
}

void stderr_tail_continue(const struct stderr_tail *s)
{
    if (s->saved >= 0) {
        dup2(s->log, STDERR_FILENO);
    }
}

void stderr_tail_end(struct stderr_tail *s)
{
    if (s->saved < 0) {
        return;
    }
    fflush(stderr);
    dup2(s->saved, STDERR_FILENO);
    stderr_tail_copy(s->log, STDERR_FILENO);
    close(s->saved);
    close(s->log);
    *s = (struct stderr_tail){-1, -1};
}

/* Replace ASCII controls, and C1 ones in two bytes; bytes of other sequences stay. */
static void disarm_text(unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if ((p[i] < 0x20 && p[i] != '\n' && p[i] != '\t') || p[i] == 0x7F) {
            p[i] = '?';
        } else if (p[i] >= 0x80 && p[i] < 0xA0 && i > 0 && p[i - 1] == 0xC2) {
            p[i - 1] = p[i] = '?';
        } else if (p[i] >= 0x80 && p[i] < 0xA0 && (i == 0 || p[i - 1] < 0x80)) {
            p[i] = '?';
        }
    }
}

void stderr_tail_copy(int log_fd, int out_fd)
{
    unsigned char text[TAIL_BYTES + 1];
    const off_t size = lseek(log_fd, 0, SEEK_END);
    if (size <= 0) {
        return;
    }
    const off_t from = size > TAIL_BYTES ? size - TAIL_BYTES : 0;
    const ssize_t got = pread(log_fd, text, TAIL_BYTES, from);
    if (got <= 0) {
        return;
    }
    size_t n = (size_t)got;
    size_t start = 0;
    if (from > 0) { /* begin with a whole line, if there is one */
        while (start < n && text[start] != '\n') {
            start++;
        }
        start = start + 1 < n ? start + 1 : 0;
    }
    disarm_text(text + start, n - start);
    if (text[n - 1] != '\n') {
        text[n++] = '\n';
    }
    (void)tty_send(out_fd, (const char *)text + start, n - start);
}
