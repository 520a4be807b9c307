/* A safetensors file of any bytes is refused, or every byte it names can be read. */
#include "base/mem.h"
#include "base/safetensors.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_tensor(const struct st_file *f, const struct st_tensor *t)
{
    /* A byte holds one element at most. */
    float *out = mem_alloc(t->bytes, sizeof *out);
    if (!out) {
        return;
    }
    struct errinfo e;
    const enum err rc = st_read_f32(f, t->name, t->shape, t->ndim, out, &e);
    const unsigned char *p = t->data;
    unsigned char all = 0;
    for (size_t i = 0; i < t->bytes; i++) {
        all |= p[i];
    }
    if ((rc != OK && rc != ERR_FORMAT) ||
        (rc == OK && all == 0 && t->bytes > 0 && (out[0] < 0.0f || out[0] > 0.0f))) {
        abort();
    }
    mem_free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errinfo e;
    struct st_file *f = NULL;
    if (st_parse(data, size, "fuzz", &f, &e) != OK) {
        if (f || e.code == OK || e.msg[0] == '\0') {
            abort();
        }
        return 0;
    }
    for (size_t i = 0; i < st_count(f); i++) {
        const struct st_tensor *t = st_at(f, i);
        if (st_find(f, t->name) != t) {
            abort();
        }
        read_tensor(f, t);
    }
    (void)st_meta(f, "format");
    st_close(f);
    return 0;
}
