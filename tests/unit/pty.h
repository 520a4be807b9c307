/* A terminal for tests: a pseudo-terminal whose other end is read by a thread and shown
 * by libvterm. */
#ifndef SAETOP_TESTS_UNIT_PTY_H
#define SAETOP_TESTS_UNIT_PTY_H

#include "unit/check.h"

#include <vterm.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* Sent by the test after a frame; what came before it has been shown when it is seen.
 * No terminal description contains it. */
enum { PTY_MARK = 0x05 };

struct pty {
    int master, slave;
    pthread_t reader;
    pthread_mutex_t mu;
    pthread_cond_t changed;
    VTerm *vt; /* guarded by mu, with all below */
    VTermScreen *screen;
    size_t bytes; /* received, without marks */
    size_t marks;
    bool ended;
    bool alternate, cursor;
    int mouse;
};

static inline int pty_property(VTermProp prop, VTermValue *v, void *user)
{
    struct pty *p = user;
    if (prop == VTERM_PROP_ALTSCREEN) {
        p->alternate = v->boolean;
    } else if (prop == VTERM_PROP_CURSORVISIBLE) {
        p->cursor = v->boolean;
    } else if (prop == VTERM_PROP_MOUSE) {
        p->mouse = v->number;
    }
    return 1;
}

/* Bytes at the end of b[n] that begin a UTF-8 sequence without ending it. libvterm
 * decodes one that is split between two writes wrongly. */
static inline size_t pty_begun(const char *b, size_t n)
{
    for (size_t back = 1; back <= 3 && back <= n; back++) {
        const unsigned char c = (unsigned char)b[n - back];
        if (c >= 0xC0) {
            return back < (c >= 0xF0 ? 4u : c >= 0xE0 ? 3u : 2u) ? back : 0;
        }
        if (c < 0x80) {
            break;
        }
    }
    return 0;
}

/* Show b[n], counting marks; how many bytes at its end wait for more. */
static inline size_t pty_feed(struct pty *p, const char *b, size_t n)
{
    size_t from = 0;
    for (size_t i = 0; i < n; i++) {
        if (b[i] == PTY_MARK) {
            vterm_input_write(p->vt, b + from, i - from);
            p->bytes += i - from;
            p->marks++;
            from = i + 1;
        }
    }
    const size_t rest = pty_begun(b + from, n - from);
    vterm_input_write(p->vt, b + from, n - from - rest);
    p->bytes += n - from - rest;
    return rest;
}

static inline void *pty_read(void *arg)
{
    struct pty *p = arg;
    char buf[4096];
    size_t kept = 0;
    for (;;) {
        const ssize_t n = read(p->master, buf + kept, sizeof buf - kept);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        pthread_mutex_lock(&p->mu);
        /* With the last writer gone a read fails; the test still looks at the screen.
         */
        p->ended = n <= 0;
        if (n > 0) {
            const size_t all = kept + (size_t)n;
            kept = pty_feed(p, buf, all);
            memmove(buf, buf + all - kept, kept);
        }
        pthread_cond_broadcast(&p->changed);
        const bool stop = p->ended;
        pthread_mutex_unlock(&p->mu);
        if (stop) {
            return NULL;
        }
    }
}

static inline void pty_set_size(struct pty *p, int w, int h)
{
    const struct winsize ws = {.ws_row = (unsigned short)h,
                               .ws_col = (unsigned short)w};
    assert_int_equal(ioctl(p->master, TIOCSWINSZ, &ws), 0);
    if (p->vt) {
        pthread_mutex_lock(&p->mu);
        vterm_set_size(p->vt, h, w);
        pthread_mutex_unlock(&p->mu);
    }
}

/* Open both ends. The reader starts with pty_start, after any fork. */
static inline void pty_open(struct pty *p, int w, int h)
{
    memset(p, 0, sizeof *p);
    p->master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(p->master >= 0);
    assert_int_equal(grantpt(p->master), 0);
    assert_int_equal(unlockpt(p->master), 0);
    p->slave = open(ptsname(p->master), O_RDWR | O_NOCTTY);
    assert_true(p->slave >= 0);
    pty_set_size(p, w, h);
}

static inline void pty_start(struct pty *p, int w, int h)
{
    static const VTermScreenCallbacks callbacks = {.settermprop = pty_property};
    p->vt = vterm_new(h, w);
    assert_non_null(p->vt);
    vterm_set_utf8(p->vt, 1);
    p->screen = vterm_obtain_screen(p->vt);
    vterm_screen_set_callbacks(p->screen, &callbacks, p);
    vterm_screen_enable_altscreen(p->screen, 1);
    p->cursor = true;
    vterm_screen_reset(p->screen, 1);
    pthread_mutex_init(&p->mu, NULL);
    pthread_cond_init(&p->changed, NULL);
    assert_int_equal(pthread_create(&p->reader, NULL, pty_read, p), 0);
}

/* Wait until all that was written to the slave so far is on the screen. */
static inline void pty_sync(struct pty *p)
{
    const char mark = PTY_MARK;
    pthread_mutex_lock(&p->mu);
    const size_t want = p->marks + 1;
    pthread_mutex_unlock(&p->mu);
    assert_int_equal(write(p->slave, &mark, 1), 1);
    pthread_mutex_lock(&p->mu);
    while (p->marks < want && !p->ended) {
        pthread_cond_wait(&p->changed, &p->mu);
    }
    pthread_mutex_unlock(&p->mu);
}

static inline size_t pty_bytes(struct pty *p)
{
    pty_sync(p);
    return p->bytes;
}

/* Whether the screen holds this ASCII text in one of its rows. */
static inline bool pty_shows(struct pty *p, const char *text)
{
    bool found = false;
    pthread_mutex_lock(&p->mu);
    int h, w;
    vterm_get_size(p->vt, &h, &w);
    for (int y = 0; y < h && !found; y++) {
        char row[1024] = "";
        for (int x = 0; x < w && x < 1023; x++) {
            VTermScreenCell cell;
            vterm_screen_get_cell(p->screen, (VTermPos){.row = y, .col = x}, &cell);
            const uint32_t cp = cell.chars[0];
            row[x] = cp >= 0x20 && cp < 0x7F ? (char)cp : cp ? '?' : ' ';
        }
        found = strstr(row, text) != NULL;
    }
    pthread_mutex_unlock(&p->mu);
    return found;
}

/* Whether what is pasted would be marked as such. */
static inline bool pty_marks_paste(struct pty *p)
{
    char bytes[256];
    pthread_mutex_lock(&p->mu);
    while (vterm_output_read(p->vt, bytes, sizeof bytes) > 0) {
    }
    vterm_keyboard_start_paste(p->vt);
    const bool marks = vterm_output_read(p->vt, bytes, sizeof bytes) > 0;
    pthread_mutex_unlock(&p->mu);
    return marks;
}

static inline void pty_close(struct pty *p)
{
    close(p->slave);
    pthread_join(p->reader, NULL); /* ends as no writer is left */
    close(p->master);
    vterm_free(p->vt);
    pthread_mutex_destroy(&p->mu);
    pthread_cond_destroy(&p->changed);
}

/* Modes of the terminal that must come back: compare with what was before. */
static inline void pty_check_modes(struct pty *p, const struct termios *before)
{
    struct termios now;
    assert_int_equal(tcgetattr(p->slave, &now), 0);
    assert_int_equal(now.c_iflag, before->c_iflag);
    assert_int_equal(now.c_oflag, before->c_oflag);
    assert_int_equal(now.c_cflag, before->c_cflag);
    assert_int_equal(now.c_lflag, before->c_lflag);
    assert_memory_equal(now.c_cc, before->c_cc, sizeof now.c_cc);
}

static inline void pty_check_restored(struct pty *p, const struct termios *before)
{
    pty_sync(p);
    assert_false(p->alternate);
    assert_true(p->cursor);
    assert_int_equal(p->mouse, VTERM_PROP_MOUSE_NONE);
    assert_false(pty_marks_paste(p));
    pty_check_modes(p, before);
}

#endif
