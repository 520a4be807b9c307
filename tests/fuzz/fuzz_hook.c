/* Names of hooks: refused in a line, or within the model and printed as they were read.
 * The first byte is the number of the model's blocks. */
#include "base/mem.h"
#include "lm/lm.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errinfo e = {0};
    struct lm_hook h;
    char back[64];
    if (size < 1) {
        return 0;
    }
    const struct lm_config cfg = {.n_layer = (size_t)data[0] + 1};
    char *name = mem_alloc(size, 1);
    if (!name) {
        return 0;
    }
    memcpy(name, data + 1, size - 1); /* the last byte is 0 */
    if (lm_hook_parse(name, &cfg, &h, &e) == OK) {
        lm_hook_name(h, back);
        if (lm_hook_depth(h) > cfg.n_layer || h.block >= cfg.n_layer ||
            strcmp(name, back) != 0) {
            abort();
        }
    } else if (e.msg[0] == '\0') {
        abort();
    }
    mem_free(name);
    return 0;
}
