/* Hashes that tell whether an input is the one a run was made from. Not cryptographic.
 * Any thread. */
#ifndef SAETOP_BASE_HASH_H
#define SAETOP_BASE_HASH_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* 64-bit FNV-1a. Chain by passing the last value; start with HASH_START. */
#define HASH_START 14695981039346656037ULL
uint64_t hash_bytes(uint64_t h, const void *data, size_t len);
/* Another hash, eight bytes at a time, for megabytes in memory. Chained the same
 * way. */
uint64_t hash_words(uint64_t h, const void *data, size_t len);
/* hash_bytes of a regular file, from HASH_START; reads it once, in pieces. Errors as
 * file_open_regular (base/file.h). */
enum err file_hash(const char *path, uint64_t *out, struct errinfo *e) ERR_CHECKED;

#endif
