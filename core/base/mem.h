/* Memory with checked sizes. Any thread. Everything is released with mem_free. */
#ifndef SAETOP_BASE_MEM_H
#define SAETOP_BASE_MEM_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Writes a * b to *out; false on overflow (out untouched). */
bool mem_mul(size_t a, size_t b, size_t *out);

/* count * size zeroed bytes, aligned to 64 for vector loads. NULL on overflow or out of
 * memory. count or size 0 gives a unique pointer. O(bytes). */
void *mem_alloc(size_t count, size_t size) ERR_CHECKED;

/* mem_alloc that reports: *out = count * size zeroed bytes, or ERR_NOMEM with the
 * amount and `what` named. */
enum err mem_new(void *out, size_t count, size_t size, const char *what,
                 struct errinfo *e) ERR_CHECKED;

/* Release; NULL is fine. */
void mem_free(void *p);

/* Make room for `need` elements in a growing array: *p (mem_alloc'ed or NULL), *cap in
 * elements. Doubles; refuses beyond `max` elements with ERR_LIMIT. New space is zeroed.
 * On error nothing changes. */
enum err mem_grow(void *p, size_t *cap, size_t need, size_t size, size_t max,
                  struct errinfo *e) ERR_CHECKED;

/* A copy of a string; NULL if out of memory. */
char *mem_strdup(const char *s) ERR_CHECKED;

#endif
