/* Opens OpenBLAS at run time instead of linking it. Linked, it starts a thread for each
 * CPU before main, and each takes a buffer of BUFFER_BYTES; where the address space is
 * limited (ulimit -v, strict overcommit) they ask for it for ever, and exit waits for
 * them. The variable that forbids these threads must be set before the library is
 * loaded. Its products also take a buffer, one for each caller at a time, kept for the
 * next; there too it tries for ever. So as many buffers as there is room for are taken
 * here, and no more callers than that are let in. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "num/blas_load.h"

#include "base/pool.h"
#include "num/blas.h"

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define BUFFER_BYTES ((size_t)128 << 20) /* of its largest kernels */
#define BUFFERS_MAX  128                 /* how many it keeps without a warning */

static struct blas lib;
static bool loaded;
static char why_not[256]; /* not loaded */
static size_t buffers;    /* how many callers at a time */
static sem_t turns;

/* Opens the library under the name that packages give it, then under the one found at
 * build time. */
static void *open_library(void)
{
    static const char *const name[] = {"libopenblas.so.0", SAETOP_OPENBLAS};
    void *h = NULL;
    for (size_t i = 0; !h && i < sizeof name / sizeof name[0]; i++) {
        h = dlopen(name[i], RTLD_NOW | RTLD_LOCAL);
        const char *said = h ? NULL : dlerror();
        if (said && !why_not[0]) { /* of the first */
            strncpy(why_not, said, sizeof why_not - 1);
        }
    }
    return h;
}

static void load(void)
{
    const struct {
        const char *name;
        void *to; /* address of a pointer to a function */
        bool optional;
    } symbols[] = {
        {"cblas_sgemm", &lib.sgemm, false},
        {"cblas_dgemm", &lib.dgemm, false},
        {"openblas_get_corename", &lib.corename, false},
        {"openblas_set_num_threads", &lib.set_num_threads, false},
        {"blas_memory_alloc", &lib.buffer_take, true},
        {"blas_memory_free", &lib.buffer_give, true},
    };
    (void)setenv("OPENBLAS_NUM_THREADS", "1", 1);
    void *h = open_library();
    loaded = h != NULL;
    for (size_t i = 0; loaded && i < sizeof symbols / sizeof symbols[0]; i++) {
        void *at = dlsym(h, symbols[i].name);
        if (!at && !symbols[i].optional) {
            strncpy(why_not, dlerror(), sizeof why_not - 1);
            loaded = false;
        }
        memcpy(symbols[i].to, &at, sizeof at);
    }
    if (loaded) {
        lib.set_num_threads(1);
    }
}

const struct blas *blas_get(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, load);
    return loaded ? &lib : NULL;
}

/* Whether the address space has this much left in one piece. */
static bool is_room(size_t bytes)
{
    void *p =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p != MAP_FAILED && munmap(p, bytes) == 0;
}

/* Takes buffers, so that the library allocates them, and gives them back to it. */
static void reserve(void)
{
    void *taken[BUFFERS_MAX];
    const size_t callers = pool_cpus() + 2; /* others add no speed */
    const size_t want = callers < BUFFERS_MAX ? callers : BUFFERS_MAX;
    if (!blas_get()) {
        return;
    }
    if (!lib.buffer_take || !lib.buffer_give) {
        buffers = is_room(BUFFER_BYTES) ? want : 0;
    } else {
        /* All but the first leave more room for data, which also needs it. */
        while (buffers < want && is_room((buffers ? 4 : 1) * BUFFER_BYTES + 65536)) {
            taken[buffers++] = lib.buffer_take(0);
        }
        for (size_t i = 0; i < buffers; i++) {
            lib.buffer_give(taken[i]);
        }
    }
    (void)sem_init(&turns, 0, (unsigned)buffers);
}

static void reserve_once(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, reserve);
}

enum err num_ready(struct errinfo *e)
{
    reserve_once();
    if (!loaded) {
        return err_set(e, ERR_NOMEM, "cannot load OpenBLAS: %s", why_not);
    }
    if (buffers == 0) {
        return err_set(e, ERR_NOMEM,
                       "out of memory: OpenBLAS needs %zu MiB of address space for its "
                       "buffer; the limit (ulimit -v) leaves less",
                       BUFFER_BYTES >> 20);
    }
    return OK;
}

const struct blas *blas_enter(void)
{
    reserve_once();
    if (buffers == 0) {
        return NULL;
    }
    while (sem_wait(&turns) != 0) { /* a signal */
    }
    return &lib;
}

void blas_leave(void)
{
    (void)sem_post(&turns);
}
