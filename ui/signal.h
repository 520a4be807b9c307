/* Signals as events, and a terminal that is whole again after a crash. Process-wide
 * state, as signals are: open and close from the main thread.
 *
 * A handler only notes the signal and writes a byte into a pipe; the loop polls sig_fd
 * and asks sig_take. Crash signals (SEGV, BUS, FPE, ILL, ABRT, QUIT), in whatever
 * thread they come, put the terminal back with write and tcsetattr and then go to the
 * handler that was there before. */
#ifndef SAETOP_UI_SIGNAL_H
#define SAETOP_UI_SIGNAL_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum sig_bit {
    SIG_BIT_INT = 1,
    SIG_BIT_TERM = 2,
    SIG_BIT_HUP = 4,
    SIG_BIT_WINCH = 8, /* taken by term_event */
    SIG_BIT_CONT = 16, /* taken by term_event */
    SIG_BIT_TSTP = 32, /* taken by term_event, which stops the process */
    SIG_BIT_QUITS = SIG_BIT_INT | SIG_BIT_TERM | SIG_BIT_HUP,
};

/* Catch the signals above; counted, so that each sig_open needs a sig_close. `bits`
 * says which (a program without a screen asks for SIG_BIT_QUITS alone). */
enum err sig_open(unsigned bits, struct errinfo *e) ERR_CHECKED;
void sig_close(void); /* the last one puts the previous handlers back */
/* Readable when a signal came; -1 when not open. */
int sig_fd(void);
/* Which of `bits` came since they were last taken; empties the pipe. */
unsigned sig_take(unsigned bits);
/* As if these signals had come. */
void sig_post(unsigned bits);
/* Stop this process as SIGTSTP by default does; returns when it goes on. */
void sig_stop_self(void);

struct termios;

/* From now on a crash writes bytes[n] (copied, at most SIG_RESTORE_CAP) to fd, sets
 * `modes` (copied) on tty_fd, points stderr back at err_fd (or -1) and shows there the
 * end of log_fd (or -1). Arming again replaces all. */
enum { SIG_RESTORE_CAP = 512 };
enum err sig_crash_arm(int fd, const char *bytes, size_t n, int tty_fd,
                       const struct termios *modes, int err_fd, int log_fd,
                       struct errinfo *e) ERR_CHECKED;
void sig_crash_disarm(void);
/* Do now what a crash would do to the terminal; once per arming, later calls do
 * nothing. Async-signal-safe; any thread. */
void sig_restore_terminal(void);

#endif
