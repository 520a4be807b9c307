/* Monotonic time in nanoseconds. Any thread. */
#ifndef SAETOP_BASE_CLOCK_H
#define SAETOP_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_ns(void);
static inline double clock_seconds_since(int64_t start_ns)
{
    return (double)(clock_ns() - start_ns) * 1e-9;
}
/* CPU time of the calling thread in nanoseconds. */
int64_t clock_thread_cpu_ns(void);
/* Resident memory of this process in bytes; 0 if unknown. */
int64_t clock_rss_bytes(void);
/* The part of it that belongs to no file: pages of a mapped file are the kernel's to
 * drop, and count as free (room.h). */
int64_t clock_own_bytes(void);

#endif
