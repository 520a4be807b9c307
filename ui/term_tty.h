/* The terminal as a device: its modes, bytes from it, and bytes to it that never hold
 * the program up. UI thread, unless a function says otherwise.
 *
 * A terminal need not take what it is sent (Ctrl-S, a pty that nobody reads, a line
 * that hangs), and a write would then wait for ever, signals or not. So the device is
 * opened anew, for a file description of our own: O_NONBLOCK on the one we were given
 * would also affect the shell and others that share it, and would stay if we are
 * killed. Bytes that do not fit wait here until the device takes them. */
#ifndef SAETOP_UI_TERM_TTY_H
#define SAETOP_UI_TERM_TTY_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

struct tty {
    int in, out; /* our own descriptors, -1: not open */
    struct termios before;
    struct str waiting; /* to be sent; the first `sent` bytes have been */
    size_t sent;
    int64_t moved_ns; /* when the terminal last took something, or was first to */
    bool stalled;     /* it took nothing for TTY_STALL_MS, or memory was out */
};

enum { TTY_STALL_MS = 1000, TTY_HUSH_MS = 100 };
/* Ends whatever sequence was cut short, on all terminals. */
#define TTY_CANCEL "\030"

/* Open anew the terminals behind in_fd and out_fd. ERR_IO; then nothing is open. */
enum err tty_open(struct tty *t, int in_fd, int out_fd, struct errinfo *e) ERR_CHECKED;
void tty_close(struct tty *t);

/* Set raw modes: bytes as they come, no echo, no flow control, output unchanged; the
 * keys that are signals (Ctrl-C, Ctrl-Z) stay so. */
void tty_set_raw(const struct tty *t);
/* Set the modes it was opened with. */
void tty_set_before(const struct tty *t);

/* Read at most n bytes without waiting. Returns their number, 0: none, -1: the terminal
 * is gone. */
int tty_read(const struct tty *t, uint8_t *bytes, size_t n);

/* Send bytes when there is room, after those that already wait. */
void tty_put(struct tty *t, const char *bytes, size_t n);
void tty_puts(struct tty *t, const char *bytes);
/* Send what there is room for; true if nothing is left waiting. */
bool tty_flush(struct tty *t);
bool tty_waits(const struct tty *t);
/* tty_flush, waiting for room for at most ms. */
bool tty_flush_within(struct tty *t, int ms);
/* Forget what waits; a sequence that this cuts short is ended. */
void tty_drop(struct tty *t);
/* Send all that waits as the last of a screen, as tty_send_last does; false if the
 * terminal takes none of it: the rest is forgotten. */
bool tty_drain(struct tty *t);

/* Write all of bytes[n] to any descriptor; false if it takes none for TTY_STALL_MS.
 * Async-signal-safe; any thread. */
bool tty_send(int fd, const char *bytes, size_t n);
/* The same for the bytes that restore the terminal. If it takes nothing, the bytes that
 * still wait in the device are dropped to make room. */
bool tty_send_last(int fd, const char *bytes, size_t n);
/* From now on, until tty_open, let no thread's output out: only what tty_send_last
 * sends next reaches the terminal. Waits at most TTY_HUSH_MS for a write under way.
 * Async-signal-safe; any thread. */
void tty_hush(void);
/* Turn descriptors 1 and 2 to /dev/null if they are a terminal without room. */
void tty_give_up(void);

#endif
