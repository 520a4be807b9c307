/* A header of an .npy file is refused, or its sizes are those of something that could
 * be addressed. */
#include "base/npy.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errinfo e = {0};
    struct npy h;
    if (npy_parse(data, size, "fuzz", &h, &e) != OK) {
        return 0;
    }
    size_t count = 1;
    for (size_t i = 0; i < h.ndim; i++) {
        count *= h.shape[i];
    }
    if (h.header > size || count != h.count || h.count > SIZE_MAX / elem_size(h.elem)) {
        abort();
    }
    return 0;
}
