#define _DEFAULT_SOURCE /* madvise */
#include "base/mem.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MEM_ALIGN 64

/* Large blocks go into large pages if the system has them: rows gathered from all over
 * a matrix then need fewer entries of the CPU's page tables. */
#define MEM_PAGE  ((size_t)2 << 20)
#define MEM_LARGE (2 * MEM_PAGE)

bool mem_mul(size_t a, size_t b, size_t *out)
{
    if (b != 0 && a > SIZE_MAX / b) {
        return false;
    }
    *out = a * b;
    return true;
}

void *mem_alloc(size_t count, size_t size)
{
    size_t bytes;
    /* Beyond PTRDIFF_MAX differences of pointers into the block would overflow. */
    if (!mem_mul(count, size, &bytes) || bytes > PTRDIFF_MAX) {
        return NULL;
    }
    /* The block is exactly as long as asked for, so that the address sanitizer sees the
     * first byte past its end; one byte for an empty one makes its pointer unique. */
    const size_t real = bytes > 0 ? bytes : 1;
    void *p = NULL;
    if (posix_memalign(&p, real < MEM_LARGE ? MEM_ALIGN : MEM_PAGE, real) != 0) {
        return NULL;
    }
#ifdef MADV_HUGEPAGE
    if (real >= MEM_LARGE) { /* whole pages only: the last part stays as it is */
        (void)madvise(p, real / MEM_PAGE * MEM_PAGE, MADV_HUGEPAGE);
    }
#endif
    memset(p, 0, real);
    return p;
}

enum err mem_new(void *out, size_t count, size_t size, const char *what,
                 struct errinfo *e)
{
    void *p = mem_alloc(count, size);
    if (!p) {
        return err_set(e, ERR_NOMEM, "out of memory: %zu x %zu bytes for %s", count,
                       size, what);
    }
    /* `out` is the address of a pointer of any object type, which a void ** may not
     * alias. */
    memcpy(out, &p, sizeof p);
    return OK;
}

void mem_free(void *p)
{
    free(p);
}

enum err mem_grow(void *p, size_t *cap, size_t need, size_t size, size_t max,
                  struct errinfo *e)
{
    assert(size > 0 && *cap <= max);
    if (need <= *cap) {
        return OK;
    }
    if (need > max) {
        return err_set(e, ERR_LIMIT, "%zu elements, at most %zu allowed", need, max);
    }
    size_t want = *cap > max / 2 ? max : *cap * 2;
    if (want < 16) {
        want = max < 16 ? max : 16;
    }
    if (want < need) {
        want = need;
    }
    char *old;
    memcpy(&old, p, sizeof old);
    char *grown = NULL;
    TRY(mem_new(&grown, want, size, "a growing array", e));
    if (old) {
        memcpy(grown, old, *cap * size);
        mem_free(old);
    }
    memcpy(p, &grown, sizeof grown);
    *cap = want;
    return OK;
}

char *mem_strdup(const char *s)
{
    const size_t n = strlen(s) + 1;
    char *copy = mem_alloc(n, 1);
    if (copy) {
        memcpy(copy, s, n);
    }
    return copy;
}
