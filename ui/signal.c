#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700 /* sigaltstack */
#endif
#include "ui/signal.h"

#include "ui/stderr_tail.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* ---- signals as events ---- */

static const struct {
    int number;
    unsigned bit;
} caught[] = {
    {SIGINT, SIG_BIT_INT},     {SIGTERM, SIG_BIT_TERM}, {SIGHUP, SIG_BIT_HUP},
    {SIGWINCH, SIG_BIT_WINCH}, {SIGCONT, SIG_BIT_CONT}, {SIGTSTP, SIG_BIT_TSTP},
};
enum { CAUGHT = sizeof caught / sizeof caught[0] };

/* Process-wide, as signal handlers are; written by the main thread, the pending set by
 * handlers. */
static atomic_uint pending;
static int wake[2] = {-1, -1};
static int opens;
static unsigned open_bits;
static struct sigaction previous[CAUGHT];

static void post_byte(void)
{
    const char byte = 0;
    /* A full pipe is readable already. */
    const ssize_t n = write(wake[1], &byte, 1);
    (void)n;
}

static void on_signal(int number)
{
    const int saved = errno;
    for (size_t i = 0; i < CAUGHT; i++) {
        if (caught[i].number == number) {
            atomic_fetch_or(&pending, caught[i].bit);
        }
    }
    post_byte();
    errno = saved;
}

static void catch_signal(size_t i)
{
    struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&act.sa_mask);
    sigaction(caught[i].number, &act, &previous[i]);
    /* nohup and shells without job control mean what they set. */
    if (previous[i].sa_handler == SIG_IGN && !(previous[i].sa_flags & SA_SIGINFO)) {
        sigaction(caught[i].number, &previous[i], NULL);
    }
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
        open_bits = 0;
        atomic_store(&pending, 0u);
    }
    opens++;
    for (size_t i = 0; i < CAUGHT; i++) {
        if (caught[i].bit & bits & ~open_bits) {
            catch_signal(i);
        }
    }
    open_bits |= bits;
    return OK;
}

void sig_close(void)
{
    if (opens == 0 || --opens > 0) {
        return;
    }
    for (size_t i = 0; i < CAUGHT; i++) {
        if (caught[i].bit & open_bits) {
            sigaction(caught[i].number, &previous[i], NULL);
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
    if (before & ~bits) { /* others wait for who asks for them */
        post_byte();
    }
    return before & bits;
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

/* ---- crashes ---- */

static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT};
enum { CRASHES = sizeof crashes / sizeof crashes[0], STACK_BYTES = 65536 };

enum { DISARMED, ARMED, RESTORED };
static atomic_int crash_state; /* who changes ARMED to RESTORED does the work */
static struct {
    int fd, tty_fd, err_fd, log_fd;
    char bytes[SIG_RESTORE_CAP];
    size_t n;
    struct termios modes;
} crash; /* written before crash_state becomes ARMED, constant until DISARMED */
static bool crash_handlers;
static struct sigaction crash_previous[CRASHES];
static char crash_stack[STACK_BYTES]; /* for an overflow of the main thread's stack */
static bool crash_stack_used;

void sig_restore_terminal(void)
{
    int armed = ARMED;
    if (!atomic_compare_exchange_strong(&crash_state, &armed, RESTORED)) {
        return;
    }
    const int saved = errno;
    for (size_t done = 0; done < crash.n;) {
        const ssize_t n = write(crash.fd, crash.bytes + done, crash.n - done);
        if (n <= 0) {
            break;
        }
        done += (size_t)n;
    }
    /* In the background tcsetattr would stop this process instead of ending it. */
    sigset_t ttou, mask;
    sigemptyset(&ttou);
    sigaddset(&ttou, SIGTTOU);
    pthread_sigmask(SIG_BLOCK, &ttou, &mask);
    tcsetattr(crash.tty_fd, TCSANOW, &crash.modes);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    if (crash.err_fd >= 0) {
        dup2(crash.err_fd, STDERR_FILENO);
        if (crash.log_fd >= 0) {
            stderr_tail_copy(crash.log_fd, STDERR_FILENO);
        }
    }
    errno = saved;
}

static void on_crash(int number, siginfo_t *info, void *context)
{
    (void)context;
    sig_restore_terminal();
    for (size_t i = 0; i < CRASHES; i++) {
        if (crashes[i] == number) {
            sigaction(number, &crash_previous[i], NULL);
        }
    }
    /* A fault happens again when we return, and goes to the previous handler with all
     * its details; what was sent or raised has to be sent again. */
    if (info->si_code <= 0 || number == SIGABRT || number == SIGQUIT) {
        raise(number);
    }
}

static void install_crash_handlers(void)
{
    stack_t now;
    if (sigaltstack(NULL, &now) == 0 && (now.ss_flags & SS_DISABLE)) {
        const stack_t ours = {.ss_sp = crash_stack, .ss_size = sizeof crash_stack};
        crash_stack_used = sigaltstack(&ours, NULL) == 0;
    }
    struct sigaction act = {.sa_sigaction = on_crash,
                            .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&act.sa_mask);
    for (size_t i = 0; i < CRASHES; i++) {
        sigaction(crashes[i], &act, &crash_previous[i]);
    }
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
    for (size_t i = 0; i < CRASHES; i++) {
        sigaction(crashes[i], &crash_previous[i], NULL);
    }
    if (crash_stack_used) {
        const stack_t none = {.ss_flags = SS_DISABLE};
        sigaltstack(&none, NULL);
        crash_stack_used = false;
    }
}
