/* Signals as events, and a terminal that is restored however the program dies. The
 * state is process-wide, as signals are: open and close from the main thread.
 *
 * A table in signal.c says what each signal does. For those that ask to leave or tell
 * something, the handler only notes the signal and writes a byte into a pipe; the loop
 * polls sig_fd and asks sig_take. All others that would end the program, in whatever
 * thread they arrive, first restore the terminal with write and tcsetattr, then go to
 * the handler that was there before or end the program as they would have. */
#ifndef SAETOP_UI_SIGNAL_H
#define SAETOP_UI_SIGNAL_H

#include "base/err.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

enum sig_bit {
    SIG_BIT_INT = 1,
    SIG_BIT_TERM = 2,
    SIG_BIT_HUP = 4,
    SIG_BIT_WINCH = 8, /* taken by term_event */
    SIG_BIT_CONT = 16, /* taken by term_event */
    SIG_BIT_TSTP = 32, /* taken by term_event, which stops the process */
    SIG_BIT_USR1 = 64, /* a batch system's warning, like the next two */
    SIG_BIT_USR2 = 128,
    SIG_BIT_XCPU = 256,
    SIG_BIT_PWR = 512,
    SIG_BIT_QUITS = SIG_BIT_INT | SIG_BIT_TERM | SIG_BIT_HUP | SIG_BIT_USR1 |
                    SIG_BIT_USR2 | SIG_BIT_XCPU | SIG_BIT_PWR,
};

/* Catch the signals above; counted, so that each sig_open needs a sig_close. `bits`
 * says which (a program without a screen asks for SIG_BIT_QUITS alone). */
enum err sig_open(unsigned bits, struct errinfo *e) ERR_CHECKED;
void sig_close(void); /* the last one puts the previous handlers back */
/* Readable once a signal came; -1 when not open. */
int sig_fd(void);
/* Which of `bits` came since they were last taken; empties the pipe. */
unsigned sig_take(unsigned bits);
/* Whether any of `bits` came and was not taken yet. */
bool sig_waits(unsigned bits);
/* Block SIGTTOU in this thread: restoring the terminal would stop a process in the
 * background instead of letting it end. Give *mask to pthread_sigmask(SIG_SETMASK)
 * afterwards. */
void sig_hold_ttou(sigset_t *mask);
/* The exit status after leaving because of `bits`: 128 plus a signal's number, 0 for
 * none. */
int sig_status(unsigned bits);
/* Act as if these signals had come. */
void sig_post(unsigned bits);
/* Stop this process as SIGTSTP does by default; returns when it continues. */
void sig_stop_self(void);

struct termios;

/* From now on, dying writes bytes[n] (copied, at most SIG_RESTORE_CAP) to fd, sets
 * `modes` (copied) on tty_fd, points stderr back at err_fd (-1: no) and shows the end
 * of log_fd (-1: no) there. Arming again replaces all of this. */
enum { SIG_RESTORE_CAP = 512 };
enum err sig_crash_arm(int fd, const char *bytes, size_t n, int tty_fd,
                       const struct termios *modes, int err_fd, int log_fd,
                       struct errinfo *e) ERR_CHECKED;
void sig_crash_disarm(void);
/* Do now what dying would do to the terminal; once per arming. Later calls wait until
 * that is done, so that a second signal does not end the program in the middle of it.
 * Takes a second or two at most. Async-signal-safe; any thread. */
void sig_restore_terminal(void);

#endif
