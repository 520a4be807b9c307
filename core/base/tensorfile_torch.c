/* torch.save's zip: NAME/data.pkl, a pickled dictionary, and NAME/data/KEY, the raw
 * elements of each storage. */
#include "base/mem.h"
#include "base/tensorfile_priv.h"

#include <stdio.h>
#include <string.h>

#define PICKLE_BYTES ((size_t)16 << 20)
#define TEXT_BYTES   ((size_t)200)

/* Finds the place of a tensor's storage in the zip. */
static enum err find_storage(struct tensorfile *f, const char *folder,
                             const struct pickle_tensor *p, struct tensor_entry *t,
                             struct errinfo *e)
{
    char wanted[512];
    const int n =
        snprintf(wanted, sizeof wanted, "%s/data/%.*s", folder,
                 (int)(p->storage_len < 100 ? p->storage_len : 100), p->storage);
    if (n < 0 || (size_t)n >= sizeof wanted) {
        return err_set(e, ERR_LIMIT, "%s: a member name of %d bytes", f->name, n);
    }
    const char *name = NULL;
    size_t i = 0, size = 0, bytes = 0;
    if (!zipfile_find(f->zip, wanted, &i)) {
        return err_set(e, ERR_FORMAT, "%s: no member %s for %s", f->name, wanted,
                       t->name);
    }
    TRY(zipfile_member(f->zip, i, &name, &size, e));
    if (!mem_mul(p->storage_count, elem_size(p->elem), &bytes) || bytes > size) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: found %zu bytes, expected %zu elements of %s", f->name,
                       wanted, size, p->storage_count, elem_name(p->elem));
    }
    t->member = i;
    return OK;
}

static enum err fill_array(struct tensorfile *f, const char *folder,
                           const struct pickle_tensor *p, struct tensor_entry *t,
                           struct errinfo *e)
{
    TRY(find_storage(f, folder, p, t, e));
    t->info.kind = TENSOR_ARRAY;
    t->info.numbers = true;
    t->info.elem = p->elem;
    t->info.ndim = p->ndim;
    memcpy(t->info.shape, p->shape, sizeof p->shape);
    memcpy(t->stride, p->stride, sizeof p->stride);
    t->offset = p->offset;
    t->extent = p->extent;
    return OK;
}

/* Add a member of a dictionary; kinds that are not needed (None, lists) are left
 * out. */
static enum err add_value(struct tensorfile *f, const char *folder, const char *prefix,
                          uint32_t key, uint32_t value, struct errinfo *e)
{
    const struct pickle *p = f->pickle;
    struct tensor_entry *t = NULL;
    size_t len = 0;
    const char *name = pickle_text(p, key, &len);
    const enum pickle_kind kind = pickle_kind_of(p, value);
    if (kind == PICKLE_TENSOR) {
        TRY(tensorfile_add(f, prefix, name, len, &t, e));
        return fill_array(f, folder, pickle_tensor(p, value), t, e);
    }
    if (kind == PICKLE_INT || kind == PICKLE_BOOL) {
        TRY(tensorfile_add(f, prefix, name, len, &t, e));
        t->info.kind = TENSOR_INT;
        t->value = pickle_int(p, value);
    } else if (kind == PICKLE_TEXT) {
        size_t n;
        const char *text = pickle_text(p, value, &n);
        TRY(tensorfile_add(f, prefix, name, len, &t, e));
        n = n < TEXT_BYTES ? n : TEXT_BYTES;
        t->info.kind = TENSOR_TEXT;
        TRY(mem_new(&t->text, n + 1, 1, f->name, e));
        memcpy(t->text, text, n);
    }
    return OK;
}

static enum err add_dict(struct tensorfile *f, const char *folder, uint32_t dict,
                         const char *prefix, struct errinfo *e)
{
    const struct pickle *p = f->pickle;
    uint32_t at = 0, key, value;
    while (pickle_next(p, dict, &at, &key)) {
        if (!pickle_next(p, dict, &at, &value) ||
            pickle_kind_of(p, key) != PICKLE_TEXT) {
            return err_set(e, ERR_FORMAT, "%s: a key that is no text", f->name);
        }
        if (pickle_kind_of(p, value) == PICKLE_DICT && !prefix[0]) {
            char inner[300];
            size_t len;
            const char *name = pickle_text(p, key, &len);
            if (len + 2 > sizeof inner) {
                return err_set(e, ERR_LIMIT, "%s: a key of %zu bytes", f->name, len);
            }
            memcpy(inner, name, len);
            memcpy(inner + len, ".", 2);
            TRY(add_dict(f, folder, value, inner, e)); /* one level, no further */
            continue;
        }
        TRY(add_value(f, folder, prefix, key, value, e));
    }
    return OK;
}

/* Files of big-endian machines say so. */
static enum err check_byteorder(struct tensorfile *f, const char *folder,
                                struct errinfo *e)
{
    char wanted[300];
    snprintf(wanted, sizeof wanted, "%s/byteorder", folder);
    uint8_t *text = NULL;
    size_t i = 0, size = 0;
    if (!zipfile_find(f->zip, wanted, &i)) {
        return OK;
    }
    TRY(zipfile_read(f->zip, i, 16, &text, &size, e));
    const bool little = strcmp((char *)text, "little") == 0;
    mem_free(text);
    return little
               ? OK
               : err_set(e, ERR_FORMAT, "%s: %s: expected \"little\"", f->name, wanted);
}

enum err tensorfile_read_torch(struct tensorfile *f, size_t pkl, struct errinfo *e)
{
    char folder[256], place[512];
    const char *name = NULL;
    size_t size = 0;
    TRY(zipfile_member(f->zip, pkl, &name, &size, e));
    const size_t len = strlen(name) - strlen("/data.pkl");
    if (len >= sizeof folder) {
        return err_set(e, ERR_LIMIT, "%s: a member name of %zu bytes", f->name, len);
    }
    memcpy(folder, name, len);
    folder[len] = '\0';
    TRY(check_byteorder(f, folder, e));
    snprintf(place, sizeof place, "%.200s: %.200s", f->name, name);
    TRY(zipfile_read(f->zip, pkl, PICKLE_BYTES, &f->pickle_bytes, &size, e));
    TRY(pickle_parse(f->pickle_bytes, size, place, &f->pickle, e));
    const uint32_t root = pickle_root(f->pickle);
    if (pickle_kind_of(f->pickle, root) != PICKLE_DICT) {
        return err_set(e, ERR_FORMAT, "%s: expected a state dict", place);
    }
    return add_dict(f, folder, root, "", e);
}
