/* A pickle is refused, or all of its values can be walked and its tensors lie within
 * their storages. */
#include "base/pickle.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct pickle *p, uint32_t v, int depth, size_t *budget)
{
    static volatile size_t sink;
    if (*budget == 0) { /* values may be shared, and hold themselves */
        return;
    }
    --*budget;
    uint32_t at = 0, item;
    size_t len = 0;
    switch (pickle_kind_of(p, v)) {
    case PICKLE_TEXT: {
        const char *text = pickle_text(p, v, &len);
        for (size_t i = 0; i < len; i++) {
            sink += (size_t)text[i];
        }
        (void)sink;
        break;
    }
    case PICKLE_TENSOR: {
        const struct pickle_tensor *t = pickle_tensor(p, v);
        if (t->extent > t->storage_count || t->offset > t->extent ||
            t->ndim > PICKLE_MAX_DIMS) {
            abort();
        }
        break;
    }
    case PICKLE_TUPLE:
    case PICKLE_LIST:
    case PICKLE_DICT:
        while (depth < 10 && pickle_next(p, v, &at, &item)) {
            look(p, item, depth + 1, budget);
        }
        break;
    default: break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errinfo e = {0};
    struct pickle *p = NULL;
    if (pickle_parse(data, size, "fuzz", &p, &e) != OK) {
        if (p || e.msg[0] == '\0') {
            abort();
        }
        return 0;
    }
    size_t budget = 100000;
    look(p, pickle_root(p), 0, &budget);
    pickle_free(p);
    return 0;
}
