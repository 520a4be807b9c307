/* A folder of shards that anybody made: the first byte says which names its files have,
 * the next two how long the first one is; the second is the rest. Opened, its rows are
 * read, of every part. */
#include "acts/shards.h"
#include "base/mem.h"
#include "one_folder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROWS 16

static const char *const names[][2] = {
    {"a.safetensors", NULL},       {"a.npy", NULL},
    {"a.npy", "a.tokens.npy"},     {"a.npy", "a.masked.npy"},
    {"a.npy", "activations.json"}, {"a.safetensors", "b.safetensors"},
};
#define N_NAMES (sizeof names / sizeof names[0])

static void read_rows(const struct shards *s)
{
    const size_t T = shards_facts(s)->T, D = shards_facts(s)->D;
    const uint64_t rows = shards_facts(s)->rows < ROWS ? shards_facts(s)->rows : ROWS;
    struct errinfo e;
    float *x = NULL;
    int32_t *ids = NULL;
    uint8_t *masked = NULL;
    require(shards_facts(s)->train < shards_facts(s)->rows &&
            shards_facts(s)->train > 0);
    require(mem_new(&x, T * D, sizeof *x, "x", &e) == OK &&
            mem_new(&ids, T, sizeof *ids, "ids", &e) == OK &&
            mem_new(&masked, T, 1, "masked", &e) == OK);
    for (uint64_t i = 0; i < rows; i++) {
        const uint64_t row = i % 2 ? shards_facts(s)->rows - 1 - i : i;
        require(shards_row_at(s, 1, i) < shards_facts(s)->train);
        if (shards_get(s, SHARDS_CLEAN, row, x, &e) != OK ||
            (shards_has(s, SHARDS_MASKED) &&
             shards_get(s, SHARDS_MASKED, row, x, &e) != OK) ||
            shards_tokens(s, row, ids, masked, &e) != OK) {
            folder_refused(&e);
        }
    }
    mem_free(x);
    mem_free(ids);
    mem_free(masked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[2][256];
    struct errinfo e = {0};
    struct shards *s = NULL;
    (void)folder_make();
    if (size < 3) {
        return 0;
    }
    const char *const *name = names[data[0] % N_NAMES];
    size_t first = (size_t)data[1] | (size_t)data[2] << 8;
    data += 3;
    size -= 3;
    first = name[1] && first < size ? first : size;
    for (int i = 0; i < 2 && name[i]; i++) {
        require(path_join(path[i], sizeof path[i], folder, name[i], &e) == OK);
        folder_write(path[i], i ? data + first : data, i ? size - first : first);
    }
    if (shards_open(folder, 4, &s, &e) == OK) {
        read_rows(s);
        shards_free(s);
    } else {
        folder_refused(&e);
    }
    for (int i = 0; i < 2 && name[i]; i++) {
        require(unlink(path[i]) == 0);
    }
    return 0;
}
