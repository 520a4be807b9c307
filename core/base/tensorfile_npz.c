/* npz: a zip of .npy files, one for each array. */
#include "base/mem.h"
#include "base/npy.h"
#include "base/tensorfile_priv.h"

#include <stdio.h>
#include <string.h>

/* Reads the header of a member, no further than it reaches. */
static enum err read_header(struct tensorfile *f, size_t member, const char *place,
                            struct npy *out, struct errinfo *e)
{
    uint8_t prefix[NPY_PREFIX];
    uint8_t *header = NULL;
    size_t size = 0;
    struct zip_reader *r = NULL;
    TRY(zip_reader_new(f->zip, member, &r, e));
    enum err rc = zip_reader_get(r, prefix, sizeof prefix, e);
    if (rc == OK) {
        rc = npy_header_size(prefix, sizeof prefix, place, &size, e);
    }
    if (rc == OK && size < sizeof prefix) {
        rc = err_set(e, ERR_FORMAT, "%s: a header of %zu bytes", place, size);
    }
    if (rc == OK) {
        rc = mem_new(&header, size, 1, place, e);
    }
    if (rc == OK) {
        memcpy(header, prefix, sizeof prefix);
        rc = zip_reader_get(r, header + sizeof prefix, size - sizeof prefix, e);
    }
    if (rc == OK) {
        rc = npy_parse(header, size, place, out, e);
    }
    mem_free(header);
    zip_reader_free(r);
    return rc;
}

static enum err add_array(struct tensorfile *f, size_t member, struct errinfo *e)
{
    char place[512];
    const char *name = NULL;
    size_t size = 0;
    struct npy h;
    struct tensor_entry *t = NULL;
    TRY(zipfile_member(f->zip, member, &name, &size, e));
    snprintf(place, sizeof place, "%.200s: %.200s", f->name, name);
    TRY(read_header(f, member, place, &h, e));
    if (size < h.header) {
        return err_set(e, ERR_FORMAT, "%s: ends within its header", place);
    }
    if (size - h.header != h.count * elem_size(h.elem)) {
        return err_set(e, ERR_FORMAT,
                       "%s: found %zu bytes of elements, expected %zu for its shape in "
                       "%s",
                       place, size - h.header, h.count * elem_size(h.elem),
                       elem_name(h.elem));
    }
    const size_t len = strlen(name);
    const bool npy = len > 4 && strcmp(name + len - 4, ".npy") == 0;
    TRY(tensorfile_add(f, "", name, npy ? len - 4 : len, &t, e));
    t->info.kind = TENSOR_ARRAY;
    t->info.numbers = true;
    t->info.elem = h.elem;
    t->info.ndim = h.ndim;
    t->member = member;
    t->skip = h.header;
    t->extent = h.count;
    size_t step = 1;
    for (size_t i = 0; i < h.ndim; i++) {
        const size_t d = h.fortran ? i : h.ndim - 1 - i;
        t->info.shape[d] = h.shape[d];
        t->stride[d] = step;
        step *= h.shape[d]; /* count was checked; nothing is read if it is 0 */
    }
    return OK;
}

enum err tensorfile_read_npz(struct tensorfile *f, struct errinfo *e)
{
    for (size_t i = 0; i < zipfile_count(f->zip); i++) {
        TRY(add_array(f, i, e));
    }
    return OK;
}
