#define _XOPEN_SOURCE 700 /* sigaltstack */
#include "base/thread.h"

#include "base/leave_signals.h"
#include "base/mem.h"

#include <stdbool.h>
#include <string.h>

/* Enough for a handler and for what a CPU with wide vectors saves before it runs. */
#define HANDLER_STACK ((size_t)64 * 1024)

struct start {
    void *(*fn)(void *);
    void *arg;
};

static void *run(void *arg)
{
    const struct start start = *(struct start *)arg;
    mem_free(arg);
    /* At the near end of the thread's stack, which overflows at the far one. */
    char handler_stack[HANDLER_STACK];
    stack_t now;
    /* A sanitizer may have set one. */
    const bool ours = sigaltstack(NULL, &now) == 0 && (now.ss_flags & SS_DISABLE);
    if (ours) {
        sigaltstack(&(stack_t){.ss_sp = handler_stack, .ss_size = HANDLER_STACK}, NULL);
    }
    void *result = start.fn(start.arg);
    if (ours) {
        sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
    }
    return result;
}

/* Holds back the signals whose handlers only leave word for the main thread: there they
 * run before anything else does once a stopped process is continued. `was`: the
 * caller's mask, which goes back once the thread, that inherits this one, is made. */
static void hold_signals(sigset_t *was)
{
    static const int held[] = {
#define LEAVE_NUMBER(name) SIG##name,
        LEAVE_SIGNALS(LEAVE_NUMBER)
#undef LEAVE_NUMBER
            SIGTSTP,
        SIGCONT};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof held / sizeof held[0]; i++) {
        sigaddset(&set, held[i]);
    }
    pthread_sigmask(SIG_BLOCK, &set, was);
}

enum err thread_start(pthread_t *out, void *(*fn)(void *), void *arg, struct errinfo *e)
{
    struct start *start = NULL;
    TRY(mem_new(&start, 1, sizeof *start, "a thread", e));
    *start = (struct start){fn, arg};
    sigset_t was;
    hold_signals(&was);
    const int rc = pthread_create(out, NULL, run, start);
    pthread_sigmask(SIG_SETMASK, &was, NULL);
    if (rc != 0) {
        mem_free(start);
        return err_set(e, ERR_IO, "cannot start a thread: %s", strerror(rc));
    }
    return OK;
}
