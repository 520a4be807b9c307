#include "ui/term_tty.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WAITING_MAX = 64 << 20, ROOM = 256 };

static atomic_bool hushed;
static atomic_int writing; /* threads in a write that hushed did not stop */

/* ---- open and close ---- */

/* Open our own file description of the terminal behind fd. /dev/tty can be opened even
 * if the device belongs to another user (su), or has no name here (containers). */
static int open_anew(int fd)
{
    const int flags = O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
    const bool controls = tcgetsid(fd) == getsid(0);
    int anew = controls ? open("/dev/tty", flags) : -1;
    char name[256];
    if (anew < 0 && ttyname_r(fd, name, sizeof name) == 0) {
        anew = open(name, flags);
    }
    return anew;
}

enum err tty_open(struct tty *t, int in_fd, int out_fd, struct errinfo *e)
{
    *t = (struct tty){.in = open_anew(in_fd), .out = open_anew(out_fd)};
    atomic_store(&hushed, false);
    str_init(&t->waiting, WAITING_MAX);
    if (t->in >= 0 && t->out >= 0 && tcgetattr(t->in, &t->before) == 0) {
        return OK;
    }
    const int why = errno;
    tty_close(t);
    return err_set(e, ERR_IO, "the terminal cannot be opened: %s", strerror(why));
}

void tty_close(struct tty *t)
{
    if (t->in >= 0) {
        close(t->in);
    }
    if (t->out >= 0) {
        close(t->out);
    }
    str_free(&t->waiting);
    t->in = t->out = -1;
}

/* ---- modes ---- */

/* Does not use TCSADRAIN, which would wait for a terminal that takes nothing. */
void tty_set_raw(const struct tty *t)
{
    struct termios raw = t->before;
    raw.c_iflag &= ~(tcflag_t)(IXON | IXOFF | ICRNL | INLCR | IGNCR | ISTRIP);
    raw.c_oflag &= ~(tcflag_t)OPOST;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL | IEXTEN);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(t->in, TCSANOW, &raw);
}

void tty_set_before(const struct tty *t)
{
    const pid_t owner = tcgetpgrp(t->in);
    if (owner > 0 && owner != getpgrp()) {
        return; /* in the background: the shell has set its own modes */
    }
    tcsetattr(t->in, TCSANOW, &t->before);
}

/* ---- input ---- */

int tty_read(const struct tty *t, uint8_t *bytes, size_t n)
{
    for (;;) {
        const ssize_t got = read(t->in, bytes, n);
        if (got > 0) {
            return (int)got;
        }
        if (got < 0 && errno == EINTR) {
            continue;
        }
        return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : -1;
    }
}

/* ---- output ---- */

bool tty_waits(const struct tty *t)
{
    return t->waiting.len > t->sent;
}

void tty_put(struct tty *t, const char *bytes, size_t n)
{
    if (!tty_waits(t)) {
        t->moved_ns = clock_ns();
    }
    str_addn(&t->waiting, bytes, n);
}

void tty_puts(struct tty *t, const char *bytes)
{
    tty_put(t, bytes, strlen(bytes));
}

/* Like write(2), but as if there were no room once output is hushed. */
static ssize_t write_unless_hushed(int fd, const void *bytes, size_t n)
{
    ssize_t put = -1;
    atomic_fetch_add(&writing, 1);
    if (atomic_load(&hushed)) {
        errno = EAGAIN;
    } else {
        put = write(fd, bytes, n);
    }
    const int why = errno;
    atomic_fetch_sub(&writing, 1);
    errno = why;
    return put;
}

bool tty_flush(struct tty *t)
{
    while (tty_waits(t)) {
        const ssize_t put = write_unless_hushed(t->out, t->waiting.p + t->sent,
                                                t->waiting.len - t->sent);
        if (put > 0) {
            t->sent += (size_t)put;
            t->moved_ns = clock_ns();
        } else if (put < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            t->stalled = t->stalled ||
                         clock_ns() - t->moved_ns > TTY_STALL_MS * INT64_C(1000000);
            return false;
        } else if (put < 0 && errno != EINTR) {
            break; /* gone: reading says so */
        }
    }
    t->stalled = t->stalled || t->waiting.err != OK; /* no memory: some is missing */
    str_clear(&t->waiting);
    t->sent = 0;
    return true;
}

bool tty_flush_within(struct tty *t, int ms)
{
    const int64_t end = clock_ns() + ms * INT64_C(1000000);
    while (!tty_flush(t)) {
        struct pollfd p = {.fd = t->out, .events = POLLOUT};
        const int64_t left = end - clock_ns();
        if (left <= 0 || poll(&p, 1, (int)(left / 1000000) + 1) == 0) {
            return false;
        }
    }
    return true;
}

void tty_drop(struct tty *t)
{
    const bool cut = tty_waits(t);
    str_clear(&t->waiting);
    t->sent = 0;
    if (cut) {
        tty_puts(t, TTY_CANCEL);
    }
}

bool tty_send(int fd, const char *bytes, size_t n)
{
    int ms = TTY_STALL_MS;
    while (n > 0) {
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        const int ready = poll(&p, 1, ms);
        if (ready < 0 && errno == EINTR) {
            ms = ms > 10 ? ms - 10 : 0; /* not for ever, whatever happens */
            continue;
        }
        /* Little at a time, as a descriptor that is not ours may wait for room. */
        const ssize_t put = ready == 1 ? write(fd, bytes, n < ROOM ? n : ROOM) : 0;
        if (put <= 0) {
            return false;
        }
        bytes += put;
        n -= (size_t)put;
    }
    return true;
}

bool tty_send_last(int fd, const char *bytes, size_t n)
{
    return tty_send(fd, bytes, n) ||
           (tcflush(fd, TCOFLUSH) == 0 && tcflow(fd, TCOON) == 0 &&
            tty_send(fd, TTY_CANCEL, strlen(TTY_CANCEL)) && tty_send(fd, bytes, n));
}

bool tty_drain(struct tty *t)
{
    /* After a crash the handler has sent the last bytes already. */
    const bool sent =
        !tty_waits(t) || atomic_load(&hushed) ||
        tty_send_last(t->out, t->waiting.p + t->sent, t->waiting.len - t->sent);
    str_clear(&t->waiting);
    t->sent = 0;
    t->stalled = false;
    return sent;
}

void tty_hush(void)
{
    const struct timespec ms = {.tv_nsec = 1000000};
    atomic_store(&hushed, true);
    /* It would be for ever if the signal took this very thread from its write. */
    for (int i = 0; i < TTY_HUSH_MS && atomic_load(&writing) > 0; i++) {
        nanosleep(&ms, NULL);
    }
}

void tty_give_up(void)
{
    const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    for (int fd = STDOUT_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++) {
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        if (isatty(fd) && poll(&p, 1, 0) == 0) {
            dup2(null, fd);
        }
    }
    if (null >= 0) {
        close(null);
    }
}
