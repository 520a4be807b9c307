/* For loops in which a sanitizer's check of every access takes most of the time: they
 * are compiled without it (UNWATCHED), and say beforehand what they are about to read
 * and write. A byte that is not theirs, or that another thread writes, is reported as
 * if each access had been checked. Without a sanitizer all of this is nothing. */
#ifndef SAETOP_BASE_WATCH_H
#define SAETOP_BASE_WATCH_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define WATCH_ADDRESS
#elif defined(__SANITIZE_THREAD__)
#define WATCH_THREAD
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCH_ADDRESS
#elif __has_feature(thread_sanitizer)
#define WATCH_THREAD
#endif
#endif

#if defined(WATCH_ADDRESS)
#include <sanitizer/asan_interface.h>
#elif defined(WATCH_THREAD)
void __tsan_read_range(void *p, size_t n);
void __tsan_write_range(void *p, size_t n);
#endif

/* For a function; holds for each one inlined into it. */
#if defined(WATCH_ADDRESS) || defined(WATCH_THREAD)
#define UNWATCHED __attribute__((no_sanitize("address", "thread", "undefined")))
#else
#define UNWATCHED
#endif

/* Say that n bytes from p on will be read; watch_write: read and written. Neither
 * touches them. Any thread. */
static inline void watch_read(const void *p, size_t n)
{
#if defined(WATCH_ADDRESS)
    const volatile char *wrong = __asan_region_is_poisoned((char *)(size_t)p, n);
    if (wrong) {
        (void)*wrong;
    }
#elif defined(WATCH_THREAD)
    __tsan_read_range((char *)(size_t)p, n);
#else
    (void)p, (void)n;
#endif
}

static inline void watch_write(void *p, size_t n)
{
#if defined(WATCH_ADDRESS)
    volatile char *wrong = __asan_region_is_poisoned(p, n);
    if (wrong) {
        *wrong = 0;
    }
#elif defined(WATCH_THREAD)
    __tsan_write_range(p, n);
#else
    (void)p, (void)n;
#endif
}

#endif
