/* Small files of other tools for tests, made byte by byte: zip members, .npy, and the
 * pickle that torch.save writes. */
#ifndef SAETOP_TESTS_UNIT_TINY_FORMATS_H
#define SAETOP_TESTS_UNIT_TINY_FORMATS_H

#include "check.h"

#include <zip.h>

struct blob {
    uint8_t p[1 << 16];
    size_t n;
};

static inline void put(struct blob *b, const void *data, size_t n)
{
    assert_true(n <= sizeof b->p - b->n);
    memcpy(b->p + b->n, data, n);
    b->n += n;
}

static inline void put_text(struct blob *b, const char *text)
{
    put(b, text, strlen(text));
}

static inline void put_u32(struct blob *b, uint32_t v)
{
    put(b, &v, sizeof v); /* tests run on little-endian machines */
}

struct zip_item {
    const char *name;
    const void *data;
    size_t len;
};

static inline void zip_make(const char *path, const struct zip_item *items, size_t n,
                            bool deflate)
{
    zip_t *z = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
    assert_non_null(z);
    for (size_t i = 0; i < n; i++) {
        zip_source_t *s = zip_source_buffer(z, items[i].data, items[i].len, 0);
        assert_non_null(s);
        const zip_int64_t at = zip_file_add(z, items[i].name, s, 0);
        assert_true(at >= 0);
        assert_int_equal(
            zip_set_file_compression(z, (zip_uint64_t)at,
                                     deflate ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0),
            0);
    }
    assert_int_equal(zip_close(z), 0);
}

/* An .npy of version 1. */
static inline void npy_make(struct blob *b, const char *descr, bool fortran,
                            const char *shape, const void *data, size_t len)
{
    char dict[256];
    const int n = snprintf(dict, sizeof dict,
                           "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }", descr,
                           fortran ? "True" : "False", shape);
    const size_t pad = 63 - (10 + (size_t)n) % 64;
    const size_t size = (size_t)n + pad + 1;
    b->n = 0;
    put(b, "\x93NUMPY\x01", 7);
    put(b, "", 1);
    put(b, (uint8_t[]){(uint8_t)(size & 0xFF), (uint8_t)(size >> 8)}, 2);
    put_text(b, dict);
    for (size_t i = 0; i < pad; i++) {
        put_text(b, " ");
    }
    put_text(b, "\n");
    put(b, data, len);
}

/* A member of a state dict. */
struct torch_item {
    const char *name;
    const float *data; /* [rows,cols]; NULL: `value`, a plain integer, or `text` */
    size_t rows, cols; /* cols 0: a vector; both 0: a scalar */
    bool turned;       /* stored as [cols,rows], with strides to match */
    int value;
    const char *text;
    const int64_t *ints; /* instead of data */
};

static inline void pickle_text_item(struct blob *b, const char *text)
{
    put_text(b, "X");
    put_u32(b, (uint32_t)strlen(text));
    put_text(b, text);
}

static inline void pickle_int_item(struct blob *b, size_t v)
{
    put_text(b, "J");
    put_u32(b, (uint32_t)v);
}

static inline void pickle_tensor_item(struct blob *b, const struct torch_item *t,
                                      size_t key)
{
    char name[16];
    const size_t rows = t->rows ? t->rows : 1, cols = t->cols ? t->cols : 1;
    snprintf(name, sizeof name, "%zu", key);
    put_text(b, "ctorch._utils\n_rebuild_tensor_v2\n((");
    pickle_text_item(b, "storage");
    put_text(b, t->ints ? "ctorch\nLongStorage\n" : "ctorch\nFloatStorage\n");
    pickle_text_item(b, name);
    pickle_text_item(b, "cpu");
    pickle_int_item(b, rows * cols);
    put_text(b, "tQ");
    pickle_int_item(b, 0);
    put_text(b, "(");
    if (t->rows) {
        pickle_int_item(b, t->rows);
    }
    if (t->cols) {
        pickle_int_item(b, t->cols);
    }
    put_text(b, "t(");
    if (t->rows) {
        pickle_int_item(b, t->turned || !t->cols ? 1 : t->cols);
    }
    if (t->cols) {
        pickle_int_item(b, t->turned ? t->rows : 1);
    }
    put_text(b, "t\x89"
                "ccollections\nOrderedDict\n)RtR");
}

/* A torch.save of a state dict. */
static inline void torch_make(const char *path, const struct torch_item *t, size_t n)
{
    static struct blob pickle, storage[16];
    char names[17][32];
    struct zip_item items[17];
    assert_true(n <= 16);
    pickle.n = 0;
    put_text(&pickle, "\x80\x02"
                      "ccollections\nOrderedDict\n)Rq");
    put(&pickle, "", 1); /* memo 0 */
    put_text(&pickle, "(");
    for (size_t i = 0; i < n; i++) {
        snprintf(names[i], sizeof names[i], "x/data/%zu", i);
        pickle_text_item(&pickle, t[i].name);
        storage[i].n = 0;
        if (t[i].text) {
            pickle_text_item(&pickle, t[i].text);
        } else if (t[i].ints) {
            pickle_tensor_item(&pickle, &t[i], i);
            put(&storage[i], t[i].ints, t[i].rows * sizeof *t[i].ints);
        } else if (!t[i].data) {
            pickle_int_item(&pickle, (size_t)t[i].value);
        } else {
            const size_t rows = t[i].rows ? t[i].rows : 1;
            const size_t cols = t[i].cols ? t[i].cols : 1;
            pickle_tensor_item(&pickle, &t[i], i);
            for (size_t k = 0; k < rows * cols; k++) {
                const size_t at = t[i].turned ? k % rows * cols + k / rows : k;
                put(&storage[i], t[i].data + at, sizeof(float));
            }
        }
        items[i + 1] = (struct zip_item){names[i], storage[i].p, storage[i].n};
    }
    /* The state dict's _metadata, as torch leaves it. */
    put_text(&pickle, "u}");
    pickle_text_item(&pickle, "_metadata");
    put_text(&pickle, "}sb.");
    items[0] = (struct zip_item){"x/data.pkl", pickle.p, pickle.n};
    zip_make(path, items, n + 1, false);
}

#endif
