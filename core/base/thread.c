#define _XOPEN_SOURCE 700 /* sigaltstack */
#include "base/thread.h"

#include "base/mem.h"

#include <signal.h>
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

enum err thread_start(pthread_t *out, void *(*fn)(void *), void *arg, struct errinfo *e)
{
    struct start *start = NULL;
    TRY(mem_new(&start, 1, sizeof *start, "a thread", e));
    *start = (struct start){fn, arg};
    const int rc = pthread_create(out, NULL, run, start);
    if (rc != 0) {
        mem_free(start);
        return err_set(e, ERR_IO, "cannot start a thread: %s", strerror(rc));
    }
    return OK;
}
