/* Fitted probes on raw activations, kept in a folder, so that the same model, hook,
 * text, concepts and settings are probed once. Each fit is a small file, named by a
 * hash of all that the fit depends on: a text that names these, and the activations and
 * labels themselves, so that a change to any of them is noticed. */
#ifndef SAETOP_EVAL_PROBE_CACHE_H
#define SAETOP_EVAL_PROBE_CACHE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct probe_cache;

/* Opens the cache. `what` names what the numbers do not show: program version, model,
 * hook, texts, kernels. The folder is made when something is kept. One thread at a
 * time. */
enum err probe_cache_open(const char *dir, const char *what, struct probe_cache **out,
                          struct errinfo *e) ERR_CHECKED;
void probe_cache_close(struct probe_cache *c); /* NULL is fine */

/* The key of a fit: its kind, then all that the fit reads, in order. c NULL: no cache,
 * and nothing is hashed. */
struct probe_key {
    uint64_t h[2];
};
struct probe_key probe_key_begin(const struct probe_cache *c, const char *kind);
void probe_key_add(const struct probe_cache *c, struct probe_key *k, const void *data,
                   size_t len);

/* Fills data [len] from the fit's file. False, and data is untouched, if there is none
 * or if it is cut, damaged or of another fit: then it is made anew. c NULL: false. */
bool probe_cache_get(struct probe_cache *c, const struct probe_key *k, void *data,
                     size_t len);
/* Keeps a fit, in place of what is there. A folder that can't be written to is no
 * error: nothing more is kept, and probe_cache_fault says why. */
void probe_cache_put(struct probe_cache *c, const struct probe_key *k, const void *data,
                     size_t len);
const char *probe_cache_fault(const struct probe_cache *c); /* or NULL */
/* Counts the fits read from files, and those written. */
void probe_cache_counts(const struct probe_cache *c, size_t *got, size_t *put);

#endif
