#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700 /* sigaltstack */
#endif
#include "ui/signal.h"

#include "base/leave_signals.h"
#include "ui/stderr_tail.h"
#include "ui/term_tty.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* ---- the table ---- */

enum what {
    NOTHING, /* not caught: harmless, or cannot be */
    TELL,    /* an event for the loop: to save and leave, or of another kind */
    IGNORE,  /* a write then fails, and its caller says so */
    FAULT,   /* restore and return: it happens again and goes to the earlier handler */
    CRASH,   /* restore, then send it again to the earlier handler */
    DIE,     /* the same, unless somebody (a profiler) uses it for something else */
};

static const struct row {
    int number;
    enum what what;
    unsigned bit;
} table[] = {
#define LEAVE_ROW(name) {SIG##name, TELL, SIG_BIT_##name},
    LEAVE_SIGNALS(LEAVE_ROW)
#undef LEAVE_ROW
        {SIGWINCH, TELL, SIG_BIT_WINCH},
    {SIGCONT, TELL, SIG_BIT_CONT},
    {SIGTSTP, TELL, SIG_BIT_TSTP},
    {SIGPIPE, IGNORE, 0},
    {SIGXFSZ, IGNORE, 0},
    {SIGSEGV, FAULT, 0},
    {SIGBUS, FAULT, 0},
    {SIGFPE, FAULT, 0},
    {SIGILL, FAULT, 0},
    {SIGABRT, CRASH, 0},
    {SIGQUIT, CRASH, 0},
    {SIGTRAP, CRASH, 0},
    {SIGSYS, CRASH, 0},
    {SIGALRM, DIE, 0},
    {SIGVTALRM, DIE, 0},
    {SIGPROF, DIE, 0},
    {SIGPOLL, DIE, 0}, /* SIGIO */
#ifdef SIGSTKFLT
    {SIGSTKFLT, DIE, 0},
#endif
};
enum { ROWS = sizeof table / sizeof table[0], SIGNALS = 128 };

static enum what what_does(int number)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (table[i].number == number) {
            return table[i].what;
        }
    }
    return number >= SIGRTMIN && number <= SIGRTMAX ? DIE : NOTHING;
}

/* Process-wide, as signal handlers are; written by the main thread. */
static struct sigaction previous[SIGNALS];
static bool taken[SIGNALS];

/* Whether a signal may be caught: nohup and shells without job control mean it when
 * they ignore one. */
static bool may_take(enum what what, const struct sigaction *was)
{
    const bool with_info = (unsigned)was->sa_flags & (unsigned)SA_SIGINFO;
    const bool ignored = !with_info && was->sa_handler == SIG_IGN;
    const bool by_default = !with_info && was->sa_handler == SIG_DFL;
    return what == FAULT || (what == DIE || what == IGNORE ? by_default : !ignored);
}

static void take(int number, enum what what, const struct sigaction *act)
{
    struct sigaction was;
    if (number >= SIGNALS || taken[number] || sigaction(number, NULL, &was) != 0 ||
        !may_take(what, &was)) {
        return;
    }
    taken[number] = sigaction(number, act, &previous[number]) == 0;
}

static void give_back(int number)
{
    if (number < SIGNALS && taken[number]) {
        taken[number] = false;
        sigaction(number, &previous[number], NULL);
    }
}

/* ---- signals as events ---- */

static atomic_uint pending; /* set by handlers */
static int wake[2] = {-1, -1};
static int opens;

static void post_byte(void)
{
    const char byte = 0;
    /* If the pipe is full, it is readable already. */
    const ssize_t n = write(wake[1], &byte, 1);
    (void)n;
}

static void on_signal(int number)
{
    const int saved = errno;
    for (size_t i = 0; i < ROWS; i++) {
        if (table[i].number == number) {
            atomic_fetch_or(&pending, table[i].bit);
        }
    }
    post_byte();
    errno = saved;
}

enum err sig_open(unsigned bits, struct errinfo *e)
{
    if (opens == 0) {
        if (pipe(wake) != 0) {
            return err_set(e, ERR_IO, "no pipe for signals: %s", strerror(errno));
        }
        for (int i = 0; i < 2; i++) {
            fcntl(wake[i], F_SETFD, FD_CLOEXEC);
            fcntl(wake[i], F_SETFL, fcntl(wake[i], F_GETFL) | O_NONBLOCK);
        }
        atomic_store(&pending, 0u);
    }
    opens++;
    struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&act.sa_mask);
    for (size_t i = 0; i < ROWS; i++) {
        if (table[i].bit & bits) {
            take(table[i].number, TELL, &act);
        }
    }
    return OK;
}

void sig_close(void)
{
    if (opens == 0 || --opens > 0) {
        return;
    }
    for (size_t i = 0; i < ROWS; i++) {
        if (table[i].what == TELL) {
            give_back(table[i].number);
        }
    }
    close(wake[0]);
    close(wake[1]);
    wake[0] = wake[1] = -1;
}

int sig_fd(void)
{
    return wake[0];
}

void sig_post(unsigned bits)
{
    atomic_fetch_or(&pending, bits);
    post_byte();
}

unsigned sig_take(unsigned bits)
{
    char bytes[64];
    while (wake[0] >= 0 && read(wake[0], bytes, sizeof bytes) > 0) {
    }
    const unsigned before = atomic_fetch_and(&pending, ~bits);
    if (before & ~bits) { /* other signals are still pending */
        post_byte();
    }
    return before & bits;
}

bool sig_waits(unsigned bits)
{
    return atomic_load(&pending) & bits;
}

int sig_status(unsigned bits)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (table[i].bit & bits & SIG_BIT_QUITS) {
            return 128 + table[i].number;
        }
    }
    return 0;
}

void sig_hold_ttou(sigset_t *mask)
{
    sigset_t ttou;
    sigemptyset(&ttou);
    sigaddset(&ttou, SIGTTOU);
    pthread_sigmask(SIG_BLOCK, &ttou, mask);
}

void sig_stop_self(void)
{
    struct sigaction act = {.sa_handler = SIG_DFL};
    struct sigaction ours;
    sigset_t stop, mask;
    sigemptyset(&act.sa_mask);
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    sigaction(SIGTSTP, &act, &ours);
    pthread_sigmask(SIG_UNBLOCK, &stop, &mask);
    raise(SIGTSTP);
    /* ... stopped; SIGCONT goes on here. */
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    sigaction(SIGTSTP, &ours, NULL);
}

/* ---- deaths ---- */

enum { STACK_BYTES = 65536, WAIT_MS = 3000 };

enum { DISARMED, ARMED, RESTORING, RESTORED };
static atomic_int crash_state; /* who changes ARMED to RESTORING does the work */
static struct {
    int fd, tty_fd, err_fd, log_fd;
    char bytes[SIG_RESTORE_CAP];
    size_t n;
    struct termios modes;
} crash; /* written before crash_state becomes ARMED, constant until DISARMED */
static bool crash_handlers;
static char crash_stack[STACK_BYTES]; /* for an overflow of the main thread's stack */
static bool crash_stack_used;

void sig_restore_terminal(void)
{
    int armed = ARMED;
    const int saved = errno;
    if (!atomic_compare_exchange_strong(&crash_state, &armed, RESTORING)) {
        const struct timespec ms = {.tv_nsec = 1000000};
        for (int i = 0; i < WAIT_MS && atomic_load(&crash_state) == RESTORING; i++) {
            nanosleep(&ms, NULL);
        }
        errno = saved;
        return;
    }
    sigset_t mask;
    sig_hold_ttou(&mask);
    tty_hush(); /* the thread that draws may be another one, and goes on */
    (void)tty_send_last(crash.fd, crash.bytes, crash.n);
    tcsetattr(crash.tty_fd, TCSANOW, &crash.modes);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    if (crash.err_fd >= 0) {
        dup2(crash.err_fd, STDERR_FILENO);
        if (crash.log_fd >= 0) {
            stderr_tail_copy(crash.log_fd, STDERR_FILENO);
        }
    }
    atomic_store(&crash_state, RESTORED);
    errno = saved;
}

static void on_death(int number, siginfo_t *info, void *context)
{
    (void)context;
    sig_restore_terminal();
    sigaction(number, &previous[number], NULL);
    /* A fault happens again when we return, and goes to the previous handler with all
     * its details; a signal that was sent or raised has to be raised again. */
    if (info->si_code <= 0 || what_does(number) != FAULT) {
        raise(number);
    }
}

static void take_deaths(void)
{
    struct sigaction act = {.sa_sigaction = on_death,
                            .sa_flags = SA_SIGINFO | SA_ONSTACK};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    /* No second signal in this thread while the terminal is restored. */
    sigfillset(&act.sa_mask);
    sigemptyset(&ignore.sa_mask);
    for (int number = 1; number <= SIGRTMAX; number++) {
        const enum what what = what_does(number);
        if (what >= IGNORE) {
            take(number, what, what == IGNORE ? &ignore : &act);
        }
    }
}

static void install_crash_handlers(void)
{
    stack_t now;
    if (sigaltstack(NULL, &now) == 0 && (now.ss_flags & SS_DISABLE)) {
        const stack_t ours = {.ss_sp = crash_stack, .ss_size = sizeof crash_stack};
        crash_stack_used = sigaltstack(&ours, NULL) == 0;
    }
    take_deaths();
    crash_handlers = true;
}

enum err sig_crash_arm(int fd, const char *bytes, size_t n, int tty_fd,
                       const struct termios *modes, int err_fd, int log_fd,
                       struct errinfo *e)
{
    if (n > SIG_RESTORE_CAP) {
        return err_set(e, ERR_LIMIT, "%zu bytes to restore the terminal: at most %d", n,
                       SIG_RESTORE_CAP);
    }
    atomic_store(&crash_state, DISARMED);
    crash.fd = fd;
    crash.tty_fd = tty_fd;
    crash.err_fd = err_fd;
    crash.log_fd = log_fd;
    memcpy(crash.bytes, bytes, n);
    crash.n = n;
    crash.modes = *modes;
    if (!crash_handlers) {
        install_crash_handlers();
    }
    atomic_store(&crash_state, ARMED);
    return OK;
}

void sig_crash_disarm(void)
{
    atomic_store(&crash_state, DISARMED);
    if (!crash_handlers) {
        return;
    }
    crash_handlers = false;
    for (int number = 1; number <= SIGRTMAX; number++) {
        if (what_does(number) >= IGNORE) {
            give_back(number);
        }
    }
    if (crash_stack_used) {
        const stack_t none = {.ss_flags = SS_DISABLE};
        sigaltstack(&none, NULL);
        crash_stack_used = false;
    }
}
