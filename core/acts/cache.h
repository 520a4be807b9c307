/* A file of activations, so that a run which reads the same text through the same model
 * under the same masks does not run the model again. Each such combination has a file
 * of its own, named by its hash, which holds a block with a checksum for each filling
 * of the shuffle buffer. Owner thread.
 *
 * With fp32 a run has the same bytes as without a cache. With fp16 activations are
 * rounded, in the run that writes the cache as well, so that every run has the same
 * bytes. */
#ifndef SAETOP_ACTS_CACHE_H
#define SAETOP_ACTS_CACHE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cache_dtype { CACHE_FP32, CACHE_FP16 };

struct acts_cache;

/* Opens the cache of `what`, a text that names everything the activations depend on, in
 * folder dir, which is made if need be. A block holds n positions of width D. The first
 * process to open the cache writes it, others only read. ERR_FORMAT for a file that is
 * no cache or one of something else, and for anything but a regular file in its place;
 * a cache whose beginning is damaged is begun anew. */
enum err acts_cache_open(const char *dir, const char *what, size_t n, size_t D,
                         enum cache_dtype dtype, struct acts_cache **out,
                         struct errinfo *e) ERR_CHECKED;
void acts_cache_close(struct acts_cache *c); /* NULL is fine */
const char *acts_cache_what(const struct acts_cache *c);

/* Reads block `number` (from 1) into x [n,D]. False, and x holds nothing of use, where
 * the block is missing, damaged or not of the token ids [n]. The file may be cut short
 * at any time. O(n D). */
bool acts_cache_get(struct acts_cache *c, uint64_t number, const int32_t *ids,
                    float *x);
/* Whether acts_cache_put would write block `number` of these ids: not if the block's
 * head is there already, if another process writes, or after a fault. */
bool acts_cache_wants(const struct acts_cache *c, uint64_t number, const int32_t *ids);
/* Keeps x [n,D] as block `number`; rounds x with fp16. A damaged block is replaced, one
 * of other ids stays. If writing fails, as on a full disk, nothing more is written and
 * the run goes on; acts_cache_fault then says why. */
void acts_cache_put(struct acts_cache *c, uint64_t number, const int32_t *ids,
                    float *x);
const char *acts_cache_fault(const struct acts_cache *c); /* or NULL */

/* Counts the blocks read from the file, and those written. */
void acts_cache_counts(const struct acts_cache *c, uint64_t *got, uint64_t *put);

#endif
