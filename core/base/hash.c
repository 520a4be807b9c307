#include "base/hash.h"

#include "base/file.h"

#include <string.h>
#include <unistd.h>

uint64_t hash_bytes(uint64_t h, const void *data, size_t len)
{
    const unsigned char *p = data;
    for (size_t i = 0; i < len; i++) {
        h = (h ^ p[i]) * 1099511628211u;
    }
    return h;
}

uint64_t hash_words(uint64_t h, const void *data, size_t len)
{
    const unsigned char *p = data;
    size_t i = 0;
    for (; i + 8 <= len; i += 8) {
        uint64_t w;
        memcpy(&w, p + i, sizeof w);
        h = (h ^ w) * 0x9E3779B97F4A7C15u;
        h ^= h >> 32;
    }
    return hash_bytes(h, p + i, len - i);
}

enum err file_hash(const char *path, uint64_t *out, struct errinfo *e)
{
    int fd = -1;
    size_t size = 0;
    TRY(file_open_regular(path, &fd, &size, e));
    uint64_t h = HASH_START;
    int number = 0;
    uint64_t at = 0;
    for (size_t got = 1; got > 0 && number == 0; at += got) {
        char chunk[16384];
        got = 0;
        number = file_read_at(fd, chunk, sizeof chunk, at, &got);
        h = hash_bytes(h, chunk, got);
    }
    close(fd);
    if (number != 0) {
        return file_fail(e, path, "read", number);
    }
    *out = h;
    return OK;
}
