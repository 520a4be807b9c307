/* A pool of threads for blocks of work. Results must not depend on which thread takes
 * which block: a block writes only its own outputs, and the caller sums over blocks in
 * block order. That makes a run independent of the number of threads. */
#ifndef SAETOP_BASE_POOL_H
#define SAETOP_BASE_POOL_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct pool;

/* `worker` is 0..pool_threads-1, for scratch memory. */
typedef void pool_fn(void *ctx, size_t block, size_t worker);

/* threads >= 1 counts the caller of pool_run. Workers run at nice +10, so that a screen
 * in the same process stays quick. */
enum err pool_new(size_t threads, struct pool **out, struct errinfo *e) ERR_CHECKED;
void pool_free(struct pool *p); /* NULL is fine; no pool_run may be under way */

/* Run fn for blocks 0..blocks-1 and return when all are done; the calling thread takes
 * part as worker 0. One pool_run at a time per pool. p NULL: inline. ~5 us of overhead.
 */
void pool_run(struct pool *p, size_t blocks, pool_fn *fn, void *ctx);

size_t pool_threads(const struct pool *p); /* 1 for NULL */

/* How many threads this process may use (affinity mask, then cgroup quota). */
size_t pool_cpus(void);
/* asked, or for 0 pool_cpus. */
size_t pool_count(int64_t asked);

/* Lower the calling thread's priority (nice +10). */
void pool_be_nice(void);

#endif
