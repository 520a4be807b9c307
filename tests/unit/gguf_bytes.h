/* The bytes of a small GGUF file, written one after the other. */
#ifndef SAETOP_TESTS_UNIT_GGUF_BYTES_H
#define SAETOP_TESTS_UNIT_GGUF_BYTES_H

#include "unit/check.h"

struct bytes {
    uint8_t p[16384];
    size_t n;
};

static inline void put(struct bytes *b, const void *data, size_t n)
{
    assert_true(b->n + n <= sizeof b->p);
    memcpy(b->p + b->n, data, n);
    b->n += n;
}

static inline void put_number(struct bytes *b, uint64_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        const uint8_t byte = (uint8_t)(v >> (8 * i));
        put(b, &byte, 1);
    }
}

static inline void put_text(struct bytes *b, const char *text)
{
    put_number(b, strlen(text), 8);
    put(b, text, strlen(text));
}

#endif
