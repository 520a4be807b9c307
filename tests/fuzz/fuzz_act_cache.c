/* Files of the cache of activations: refused in a line, or blocks are read from it, or
 * not, and what is put comes back. The first byte picks the element type. */
#include "acts/cache.h"
#include "one_folder.h"

#define N 3
#define D 2

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int32_t ids[N] = {7, 8, 9};

static char paths[2][256]; /* of the two types */

static void find_paths(void)
{
    for (int dtype = 0; dtype < 2; dtype++) {
        struct acts_cache *c = NULL;
        require(acts_cache_open(folder, "fuzz", N, D, (enum cache_dtype)dtype, &c,
                                NULL) == OK);
        acts_cache_close(c);
        folder_take(paths[dtype]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errinfo e = {0};
    struct acts_cache *c = NULL;
    float x[N * D] = {0}, one[N * D] = {1, 2, 3, 4, 5, 6};
    if (size < 1) {
        return 0;
    }
    if (folder_make()) {
        find_paths();
    }
    const enum cache_dtype dtype = data[0] % 2 ? CACHE_FP16 : CACHE_FP32;
    folder_write(paths[dtype], data + 1, size - 1);
    if (acts_cache_open(folder, "fuzz", N, D, dtype, &c, &e) != OK) {
        folder_refused(&e);
        return 0;
    }
    for (uint64_t block = 0; block < 4; block++) {
        (void)acts_cache_get(c, block, ids, x);
    }
    /* A whole block of other ids stays where it is; one beyond the input is free. */
    const uint64_t beyond = size / 4096 + 2;
    acts_cache_put(c, 1, ids, one);
    acts_cache_put(c, beyond, ids, one);
    require(!acts_cache_fault(c));
    require(acts_cache_get(c, beyond, ids, x) && memcmp(x, one, sizeof x) == 0);
    acts_cache_close(c);
    return 0;
}
