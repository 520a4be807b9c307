/* Files of the cache of fitted probes: only the bytes that were put come back. */
#include "base/mem.h"
#include "eval/probe_cache.h"
#include "one_folder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define VALUES 4

static char path[256]; /* of the fit */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errinfo e = {0};
    struct probe_cache *c = NULL;
    double fit[VALUES] = {0};
    char *again = NULL;
    size_t len = 0;
    const bool first = folder_make();
    require(probe_cache_open(folder, "fuzz", &c, &e) == OK);
    const struct probe_key key = probe_key_begin(c, "fit");
    if (first) {
        probe_cache_put(c, &key, fit, sizeof fit);
        folder_take(path);
    }
    folder_write(path, data, size);
    if (probe_cache_get(c, &key, fit, sizeof fit)) {
        /* Writing what was read gives the same bytes. */
        probe_cache_put(c, &key, fit, sizeof fit);
        require(!probe_cache_fault(c) && file_read(path, 4096, &again, &len, &e) == OK);
        require(len == size && memcmp(again, data, size) == 0);
        mem_free(again);
    }
    probe_cache_close(c);
    return 0;
}
