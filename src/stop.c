#include "stop.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t caught; /* number of the first signal, 0 for none */

static void on_signal(int number)
{
    caught = number;
}

void stop_install(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {0};
    action.sa_handler = on_signal;
    /* The second one finds the default action; reads and writes go on. */
    action.sa_flags = (int)((unsigned)SA_RESETHAND | (unsigned)SA_RESTART);
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        (void)sigaction(numbers[i], &action, NULL);
    }
    struct sigaction ignore = {0};
    ignore.sa_handler = SIG_IGN;
    (void)sigemptyset(&ignore.sa_mask);
    (void)sigaction(SIGPIPE, &ignore, NULL); /* a closed pipe is a write error */
}

bool stop_asked(void)
{
    return caught != 0;
}

int stop_status(void)
{
    return caught ? 128 + (int)caught : 0;
}
