/* A file of tensors in any container: refused, or every tensor it lists can be read, or
 * is refused when it is. */
#include "base/mem.h"
#include "base/tensorfile.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reading a tensor in the file's own type: refused if reading it as floats was, else
 * the same numbers. */
static void read_raw(struct tensorfile *f, const struct tensor_info *t, size_t count,
                     bool fine, const float *want)
{
    struct errinfo e = {0};
    const enum elem type = tensorfile_raw_elem(f, t->name);
    uint8_t *raw = mem_alloc(count, sizeof(float));
    float *back = mem_alloc(count, sizeof *back);
    if (raw && back) {
        const enum err rc = tensorfile_raw(f, t->name, t->shape, t->ndim, raw, &e);
        if ((rc == OK) != fine) {
            abort();
        }
        if (fine) {
            elem_to_f32(type, raw, count, back);
            if (memcmp(back, want, count * sizeof *back) != 0) {
                abort();
            }
        }
    }
    mem_free(raw);
    mem_free(back);
}

static void read_all(struct tensorfile *f, const struct tensor_info *t, size_t size)
{
    struct errinfo e = {0};
    int64_t v;
    size_t count = 1;
    if (t->kind != TENSOR_ARRAY) {
        (void)tensorfile_text(f, t->name);
        (void)!tensorfile_int(f, t->name, INT64_MIN, INT64_MAX, &v, &e);
        return;
    }
    (void)!tensorfile_int(f, t->name, 0, 10, &v, &e);
    for (size_t i = 0; i < t->ndim; i++) {
        count *= t->shape[i];
    }
    if (!t->numbers || count == 0) {
        return;
    }
    /* No more elements than even a compressed file can hold. */
    if (count / 1100 > size) {
        abort();
    }
    float *out = mem_alloc(count, sizeof *out);
    if (out) {
        const bool fine = tensorfile_f32(f, t->name, t->shape, t->ndim, out, &e) == OK;
        read_raw(f, t, count, fine, out);
        mem_free(out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errinfo e = {0};
    struct tensorfile *f = NULL;
    if (tensorfile_parse(data, size, "fuzz", &f, &e) != OK) {
        if (f || e.msg[0] == '\0') {
            abort();
        }
        return 0;
    }
    for (size_t i = 0; i < tensorfile_count(f) && i < 50; i++) {
        const struct tensor_info *t = tensorfile_at(f, i);
        if (tensorfile_find(f, t->name) != t) {
            abort();
        }
        read_all(f, t, size);
    }
    tensorfile_close(f);
    return 0;
}
