/* The file: magic, key, length, checksum of these and of the data, data: numbers as
 * they are in this machine's memory. */
#include "eval/probe_cache.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FIT_MAX ((size_t)1 << 30)

struct fit_head {
    char magic[16];
    uint64_t key[2], len, sum;
};
static const char magic[16] = "saetop probes 1"; /* and a NUL */

struct probe_cache {
    char dir[4096];
    uint64_t what;
    size_t got, put;
    struct errinfo fault;
    bool broken;
};

enum err probe_cache_open(const char *dir, const char *what, struct probe_cache **out,
                          struct errinfo *e)
{
    struct probe_cache *c = NULL;
    const size_t len = strlen(dir);
    if (len < 1 || len >= sizeof c->dir) {
        return err_set(e, ERR_USAGE,
                       "cache of probes: found the path '%.80s', expected "
                       "a folder",
                       dir);
    }
    TRY(mem_new(&c, 1, sizeof *c, "cache of probes", e));
    memcpy(c->dir, dir, len + 1);
    c->what = hash_words(HASH_START, what, strlen(what));
    *out = c;
    return OK;
}

void probe_cache_close(struct probe_cache *c)
{
    mem_free(c);
}

/* ---- keys ---- */

struct probe_key probe_key_begin(const struct probe_cache *c, const char *kind)
{
    struct probe_key k = {{HASH_START, ~HASH_START}};
    if (c != NULL) {
        probe_key_add(c, &k, &c->what, sizeof c->what);
        probe_key_add(c, &k, kind, strlen(kind) + 1);
    }
    return k;
}

void probe_key_add(const struct probe_cache *c, struct probe_key *k, const void *data,
                   size_t len)
{
    for (size_t i = 0; i < 2 && c != NULL; i++) {
        k->h[i] = hash_words(hash_words(k->h[i], &len, sizeof len), data, len);
    }
}

static enum err path_of(const struct probe_cache *c, const struct probe_key *k,
                        char *out, size_t cap, struct errinfo *e)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%016" PRIx64 "%016" PRIx64 ".fit", k->h[0],
                   k->h[1]);
    return path_join(out, cap, c->dir, name, e);
}

/* ---- files ---- */

static struct fit_head head_of(const struct probe_key *k, const void *data, size_t len)
{
    struct fit_head h = {.key = {k->h[0], k->h[1]}, .len = len};
    memcpy(h.magic, magic, sizeof magic);
    h.sum = hash_words(hash_words(HASH_START, &h, offsetof(struct fit_head, sum)), data,
                       len);
    return h;
}

bool probe_cache_get(struct probe_cache *c, const struct probe_key *k, void *data,
                     size_t len)
{
    char path[4200];
    if (c == NULL || len > FIT_MAX || path_of(c, k, path, sizeof path, NULL) != OK) {
        return false;
    }
    char *file = NULL;
    size_t n = 0;
    if (file_read_own(path, sizeof(struct fit_head) + len, &file, &n, NULL) != OK) {
        return false;
    }
    const char *from = file + sizeof(struct fit_head);
    bool same = n == sizeof(struct fit_head) + len;
    if (same) {
        const struct fit_head want = head_of(k, from, len);
        same = memcmp(file, &want, sizeof want) == 0;
    }
    if (same) {
        memcpy(data, from, len);
        c->got++;
    }
    mem_free(file);
    return same;
}

void probe_cache_put(struct probe_cache *c, const struct probe_key *k, const void *data,
                     size_t len)
{
    char path[4200];
    if (c == NULL || c->broken || len > FIT_MAX) {
        return;
    }
    const struct fit_head h = head_of(k, data, len);
    const struct file_piece part[2] = {{&h, sizeof h}, {data, len}};
    c->broken = file_mkdirs(c->dir, &c->fault) != OK ||
                path_of(c, k, path, sizeof path, &c->fault) != OK ||
                file_write(path, part, 2, &c->fault) != OK;
    c->put += c->broken ? 0 : 1;
}

const char *probe_cache_fault(const struct probe_cache *c)
{
    return c != NULL && c->broken ? c->fault.msg : NULL;
}

void probe_cache_counts(const struct probe_cache *c, size_t *got, size_t *put)
{
    *got = c != NULL ? c->got : 0;
    *put = c != NULL ? c->put : 0;
}
