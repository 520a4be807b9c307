/* Threads that can report a crash. */
#ifndef SAETOP_BASE_THREAD_H
#define SAETOP_BASE_THREAD_H

#include "base/err.h"

#include <pthread.h>

/* pthread_create with a stack for signal handlers beside the thread's own, so that a
 * handler with SA_ONSTACK runs even when the thread's has overflowed: a program with a
 * screen has to restore the terminal then. Joined with pthread_join. ERR_NOMEM or
 * ERR_IO. Any thread. */
enum err thread_start(pthread_t *out, void *(*fn)(void *), void *arg,
                      struct errinfo *e) ERR_CHECKED;

#endif
