#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700 /* SIGXCPU */
#endif
#include "stop.h"

#include "base/leave_signals.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t caught; /* number of the first signal, 0 for none */
static atomic_bool asked;            /* lock-free: a handler may set it */

static void on_signal(int number)
{
    caught = number;
    atomic_store(&asked, true);
}

static void ignore(int number)
{
    struct sigaction action = {0};
    action.sa_handler = SIG_IGN;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(number, &action, NULL);
}

void stop_init(void)
{
    ignore(SIGPIPE);
    ignore(SIGXFSZ);
}

void stop_install(void)
{
#define NUMBER_OF(name) SIG##name,
    static const int numbers[] = {LEAVE_SIGNALS(NUMBER_OF)};
#undef NUMBER_OF
    struct sigaction action = {0};
    action.sa_handler = on_signal;
    /* The second one finds the default action; reads and writes go on. */
    action.sa_flags = (int)((unsigned)SA_RESETHAND | (unsigned)SA_RESTART);
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct sigaction was;
        /* nohup and shells without job control mean it when they ignore a signal. */
        if (sigaction(numbers[i], NULL, &was) != 0 || was.sa_handler != SIG_IGN) {
            (void)sigaction(numbers[i], &action, NULL);
        }
    }
}

const atomic_bool *stop_flag(void)
{
    return &asked;
}

bool stop_asked(void)
{
    return caught != 0;
}

int stop_status(void)
{
    return caught ? 128 + (int)caught : 0;
}
