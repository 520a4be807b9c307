/* safetensors: conversion, round trip, and files made to mislead. */
#include "base/elem.h"
#include "base/mem.h"
#include "base/safetensors.h"
#include "unit/check.h"

#include <math.h>

/* A file in memory: length, header, `buffer` bytes of 0, 1, 2, ... */
static uint8_t *make(const char *header, size_t buffer, size_t *len)
{
    const size_t n = strlen(header);
    uint8_t *p = malloc(8 + n + buffer); /* exact, for the address sanitizer */
    assert_non_null(p);
    for (size_t i = 0; i < 8; i++) {
        p[i] = (uint8_t)(n >> (8 * i));
    }
    memcpy(p + 8, header, n);
    for (size_t i = 0; i < buffer; i++) {
        p[8 + n + i] = (uint8_t)i;
    }
    *len = 8 + n + buffer;
    return p;
}

static void check_refused(const char *header, size_t buffer, enum err code,
                          const char *part)
{
    struct errinfo e;
    struct st_file *f = NULL;
    size_t len;
    uint8_t *p = make(header, buffer, &len);
    check_error(st_parse(p, len, "m.safetensors", &f, &e), code, &e, part);
    assert_true(strncmp(e.msg, "m.safetensors: ", 15) == 0);
    assert_null(f);
    free(p);
}

#define ONE(dtype, shape, offsets)                                                     \
    "{\"a\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}}"
#define F32_4(name, from, to)                                                          \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[" #from "," #to   \
    "]}"

static void test_accepted(void **state)
{
    (void)state;
    struct errinfo e;
    struct st_file *f = NULL;
    size_t len;
    /* out of order, an empty tensor, a scalar, trailing spaces */
    uint8_t *p = make(
        "{" F32_4("z", 4, 8) "," F32_4(
            "a", 0,
            4) ","
               "\"none\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[4,4]},"
               "\"one\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[8,9]},"
               "\"__metadata__\":{\"format\":\"pt\"}}   ",
        9, &len);
    assert_ok(st_parse(p, len, "m", &f, &e), &e);
    assert_int_equal(st_count(f), 4);
    assert_string_equal(st_at(f, 0)->name, "a");
    assert_string_equal(st_at(f, 1)->name, "none");
    assert_string_equal(st_at(f, 2)->name, "z");
    assert_int_equal(st_find(f, "none")->ndim, 2);
    assert_int_equal(st_find(f, "none")->bytes, 0);
    const struct st_tensor *one = st_find(f, "one");
    assert_int_equal(one->ndim, 0);
    assert_int_equal(one->bytes, 1);
    assert_int_equal(*(const uint8_t *)one->data, 8);
    assert_null(st_find(f, "nope"));
    assert_null(st_find(f, "__metadata__"));
    assert_string_equal(st_meta(f, "format"), "pt");
    assert_null(st_meta(f, "other"));
    st_close(f);
    free(p);
    p = make("{}", 0, &len);
    assert_ok(st_parse(p, len, "m", &f, &e), &e);
    assert_int_equal(st_count(f), 0);
    assert_null(st_find(f, "a"));
    assert_null(st_meta(f, "a"));
    st_close(f);
    free(p);
    st_close(NULL);
}

static void test_header_length(void **state)
{
    (void)state;
    struct errinfo e;
    struct st_file *f = NULL;
    static const uint8_t bytes[16] = {9, 0, 0, 0, 0, 0, 0, 0, '{', '}'};
    for (size_t n = 0; n < 8; n++) {
        check_error(st_parse(bytes, n, "m", &f, &e), ERR_FORMAT, &e,
                    "expected a header's");
    }
    check_error(st_parse(bytes, 16, "m", &f, &e), ERR_FORMAT, &e,
                "file is cut short: has 16 bytes, needs 17");
    static const uint8_t huge[10] = {0xff, 0xff, 0xff, 0xff, 0xff,
                                     0xff, 0xff, 0xff, '{',  '}'};
    check_error(st_parse(huge, 10, "m", &f, &e), ERR_LIMIT, &e, "18446744073709551615");
    static const uint8_t above[10] = {0x01, 0x00, 0x40, 0x06, 0, 0, 0, 0, '{', '}'};
    check_error(st_parse(above, 10, "m", &f, &e), ERR_LIMIT, &e, "104857601");
    assert_null(f);
}

static void test_hostile(void **state)
{
    (void)state;
    check_refused("[]", 0, ERR_FORMAT, "not a JSON object");
    check_refused("{\"a\":", 0, ERR_FORMAT, "header: line 1");
    check_refused("{} x", 0, ERR_FORMAT, "expected the end");
    check_refused("{\"a\":3}", 0, ERR_FORMAT, "a: found 3, expected an object");
    check_refused("{\"a\":{}}", 0, ERR_FORMAT, "a.dtype: found nothing");
    check_refused(ONE("F99", "[1]", "[0,4]"), 4, ERR_FORMAT, "a.dtype: found \"F99\"");
    check_refused(ONE("F32", "3", "[0,4]"), 4, ERR_FORMAT, "a.shape: found 3");
    check_refused(ONE("F32", "[-1]", "[0,4]"), 4, ERR_FORMAT, "dimension 1");
    check_refused(ONE("F32", "[1,0.5]", "[0,4]"), 4, ERR_FORMAT, "dimension 2");
    check_refused(ONE("F32", "[1e999]", "[0,4]"), 4, ERR_FORMAT, "dimension 1");
    check_refused(ONE("F32", "[\"1\"]", "[0,4]"), 4, ERR_FORMAT, "dimension 1");
    check_refused(ONE("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), 4, ERR_LIMIT,
                  "dimensions");
    check_refused(ONE("F32", "[1]", "[0]"), 4, ERR_FORMAT, "a.data_offsets");
    check_refused(ONE("F32", "[1]", "[0,4,8]"), 4, ERR_FORMAT, "a.data_offsets");
    check_refused(ONE("F32", "[1]", "[4,0]"), 4, ERR_FORMAT, "a.data_offsets");
    check_refused(ONE("F32", "[1]", "[-4,0]"), 4, ERR_FORMAT, "a.data_offsets");
    check_refused(ONE("F32", "[1]", "[0,5]"), 4, ERR_FORMAT, "file is cut short: has ");
    check_refused(ONE("F32", "[1]", "[18446744073709551612,18446744073709551616]"), 4,
                  ERR_FORMAT, "a.data_offsets");
    check_refused(ONE("F32", "[2]", "[0,4]"), 4, ERR_FORMAT,
                  "found 4 bytes, expected 8 for its shape in F32");
    check_refused("{\"__metadata__\":3}", 0, ERR_FORMAT,
                  "expected an object of strings");
    check_refused("{\"__metadata__\":{\"a\":1}}", 0, ERR_FORMAT, "__metadata__.a");
    check_refused("{\"__metadata__\":{},\"__metadata__\":{}}", 0, ERR_FORMAT, "twice");
    /* text of the file stays text */
    check_refused("{\"\\u001b[2J\":3}", 0, ERR_FORMAT, "?[2J: found 3");
}

static void test_overflowing_shapes(void **state)
{
    (void)state;
    /* 2^60 elements; and products that wrap to the size of the buffer */
    check_refused(ONE("F32", "[1152921504606846976]", "[0,4]"), 4, ERR_FORMAT,
                  "dimension 1");
    check_refused(ONE("F32", "[1073741824,1073741824]", "[0,4]"), 4, ERR_FORMAT,
                  "found 4 bytes, expected 4611686018427387904");
    check_refused(ONE("F32", "[2147483648,2147483648]", "[0,0]"), 0, ERR_FORMAT,
                  "more elements than");
    check_refused(ONE("F32", "[4294967296,4294967296,1]", "[0,0]"), 0, ERR_FORMAT,
                  "more elements than");
}

static void test_places(void **state)
{
    (void)state;
    check_refused("{" F32_4("a", 0, 4) "," F32_4("b", 0, 4) "}", 4, ERR_FORMAT,
                  "b.data_offsets: found byte 0 of the buffer, expected 4");
    check_refused("{" F32_4("a", 0, 4) "," F32_4("b", 2, 6) "}", 6, ERR_FORMAT,
                  "b.data_offsets: found byte 2");
    check_refused("{" F32_4("a", 0, 4) "," F32_4("b", 8, 12) "}", 12, ERR_FORMAT,
                  "b.data_offsets: found byte 8");
    check_refused("{" F32_4("a", 0, 4) "}", 5, ERR_FORMAT,
                  "found 5 bytes after the header, expected the 4");
    check_refused("{}", 1, ERR_FORMAT, "found 1 bytes after the header");
    check_refused("{" F32_4("a", 0, 4) "," F32_4("a", 4, 8) "}", 8, ERR_FORMAT,
                  "a: found twice");
}

static void test_many_nodes(void **state)
{
    (void)state;
    /* Eight megabytes of [0,0,... would become a third of a gigabyte of nodes. */
    const size_t n = 8u << 20;
    char *header = malloc(n + 1);
    assert_non_null(header);
    for (size_t i = 0; i < n; i++) {
        header[i] = i % 2 ? ',' : '0';
    }
    header[0] = '[';
    header[n] = '\0';
    check_refused(header, 0, ERR_LIMIT, "values");
    free(header);
}

/* Cut anywhere or with any byte changed, a file is refused or consistent, never read
 * beyond its end (seen by the address sanitizer). */
static void test_mutations(void **state)
{
    (void)state;
    size_t len;
    uint8_t *p = make("{" F32_4("a", 0, 4) "," F32_4("b", 4, 8) "}", 8, &len);
    for (size_t n = 0; n < len; n++) {
        struct errinfo e;
        struct st_file *f = NULL;
        uint8_t *cut = malloc(n > 0 ? n : 1);
        assert_non_null(cut);
        memcpy(cut, p, n);
        assert_int_not_equal(st_parse(cut, n, "m", &f, &e), OK);
        free(cut);
    }
    for (size_t at = 0; at < len; at++) {
        for (unsigned change = 1; change < 256; change <<= 1) {
            p[at] ^= (uint8_t)change;
            struct errinfo e;
            struct st_file *f = NULL;
            if (st_parse(p, len, "m", &f, &e) == OK) {
                unsigned sum = 0;
                for (size_t i = 0; i < st_count(f); i++) {
                    const uint8_t *data = st_at(f, i)->data;
                    for (size_t k = 0; k < st_at(f, i)->bytes; k++) {
                        sum += data[k];
                    }
                }
                assert_true(sum < 100000);
                st_close(f);
            }
            p[at] ^= (uint8_t)change;
        }
    }
    free(p);
}

/* The value of an IEEE half by its definition, in double. */
static double half_ref(unsigned h)
{
    const double sign = h & 0x8000u ? -1.0 : 1.0;
    const int exponent = (int)(h >> 10 & 31);
    const double fraction = (double)(h & 1023) / 1024.0;
    if (exponent == 31) {
        return h & 1023 ? (double)NAN : sign * (double)INFINITY;
    }
    return exponent == 0 ? sign * fraction * 0x1p-14
                         : sign * (1.0 + fraction) * ldexp(1.0, exponent - 15);
}

static void test_half_types(void **state)
{
    (void)state;
    static float out[65536];
    static uint8_t data[(size_t)2 * 65536];
    for (size_t i = 0; i < 65536; i++) {
        data[2 * i] = (uint8_t)(i & 0xFF);
        data[2 * i + 1] = (uint8_t)(i >> 8);
    }
    elem_to_f32(ELEM_F16, data, 65536, out);
    for (unsigned i = 0; i < 65536; i++) {
        const double want = half_ref(i);
        const float as_float = (float)want;
        if (isnan(want) ? !isnan(out[i])
                        : memcmp(&as_float, &out[i], sizeof out[i]) != 0) {
            fail_msg("half %04x: %g, expected %g", i, (double)out[i], want);
        }
    }
    /* bfloat16 is the upper half of a float */
    elem_to_f32(ELEM_BF16, data, 65536, out);
    for (uint32_t i = 0; i < 65536; i++) {
        const uint32_t want = i << 16;
        assert_memory_equal(&out[i], &want, 4);
    }
}

/* Numbers that are none are named, of every type, wherever they stand. */
static void test_not_finite(void **state)
{
    (void)state;
    struct errinfo e;
    static float x[3 * 4099];
    const size_t shape[2] = {3, 4099};
    static const struct {
        size_t at;
        float v;
        const char *part;
    } cases[] = {
        {0, NAN, "f: a: found nan at [0, 0], expected finite numbers"},
        {4098, INFINITY, "f: a: found inf at [0, 4098]"},
        {4099, -INFINITY, "f: a: found -inf at [1, 0]"},
        {3 * 4099 - 1, NAN, "found nan at [2, 4098]"},
    };
    for (size_t i = 0; i < 3 * 4099; i++) {
        x[i] = i % 2 ? 3.4e38f : -1e-45f;
    }
    assert_ok(elem_check_finite("f", "a", shape, 2, x, &e), &e);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const float was = x[cases[i].at];
        x[cases[i].at] = cases[i].v;
        check_error(elem_check_finite("f", "a", shape, 2, x, &e), ERR_FORMAT, &e,
                    cases[i].part);
        x[cases[i].at] = was;
    }
    static const struct {
        const char *type;
        uint8_t byte[2]; /* the upper two */
        size_t size;
    } types[] = {{"F16", {0x00, 0x7C}, 2},
                 {"BF16", {0x80, 0x7F}, 2},
                 {"F32", {0x80, 0xFF}, 4},
                 {"F64", {0xF8, 0x7F}, 8}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct st_file *f = NULL;
        char header[128];
        size_t len;
        snprintf(header, sizeof header,
                 "{\"a\":{\"dtype\":\"%s\",\"shape\":[2],\"data_offsets\":[0,%zu]}}",
                 types[i].type, 2 * types[i].size);
        uint8_t *p = make(header, 2 * types[i].size, &len);
        memset(p + len - 2 * types[i].size, 0, 2 * types[i].size);
        memcpy(p + len - 2, types[i].byte, 2);
        assert_ok(st_parse(p, len, "m", &f, &e), &e);
        check_error(st_read_f32(f, "a", (const size_t[]){2}, 1, x, &e), ERR_FORMAT, &e,
                    "m: a: found ");
        assert_non_null(strstr(e.msg, "at [1]"));
        st_close(f);
        free(p);
    }
}

static void test_lfs_pointer(void **state)
{
    (void)state;
    static const char text[] =
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 123\n";
    struct errinfo e;
    struct st_file *f = NULL;
    check_error(
        st_parse((const uint8_t *)text, sizeof text - 1, "m.safetensors", &f, &e),
        ERR_FORMAT, &e, "m.safetensors: found a Git LFS pointer");
}

static void test_read_f32_errors(void **state)
{
    (void)state;
    struct errinfo e;
    struct st_file *f = NULL;
    size_t len;
    uint8_t *p =
        make("{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
             "\"i\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[24,32]}}",
             32, &len);
    assert_ok(st_parse(p, len, "m.st", &f, &e), &e);
    float out[6];
    check_error(st_read_f32(f, "b", (const size_t[]){2, 3}, 2, out, &e), ERR_FORMAT, &e,
                "m.st: no tensor b");
    check_error(st_read_f32(f, "a", (const size_t[]){3, 2}, 2, out, &e), ERR_FORMAT, &e,
                "m.st: a: found shape [2, 3], expected [3, 2]");
    check_error(st_read_f32(f, "a", (const size_t[]){6}, 1, out, &e), ERR_FORMAT, &e,
                "expected [6]");
    check_error(st_read_f32(f, "a", NULL, 0, out, &e), ERR_FORMAT, &e, "expected []");
    check_error(st_read_f32(f, "i", (const size_t[]){1}, 1, out, &e), ERR_FORMAT, &e,
                "expected F32, F16, BF16 or F64");
    st_close(f);
    free(p);
}

static void test_write(void **state)
{
    (void)state;
    struct errinfo e;
    char dir[256];
    char path[512];
    tmp_make(dir, sizeof dir);
    tmp_path(path, dir, "w.safetensors");
    const float w[6] = {0.0f, -1.5f, 3e38f, 1e-45f, -3e38f, 7.0f};
    const double d[2] = {0.1, -2.0};
    const int64_t step = -5;
    const uint8_t odd[3] = {1, 2, 3};
    const struct st_tensor tensors[] = {
        {"w \"q\"\n", ST_F32, 2, {2, 3}, w, sizeof w},
        {"odd", ST_U8, 1, {3}, odd, sizeof odd},
        {"d", ST_F64, 1, {2}, d, sizeof d},
        {"step", ST_I64, 0, {0}, &step, sizeof step},
        {"empty", ST_F32, 2, {0, 4}, NULL, 0},
    };
    const struct st_meta_entry meta[] = {{"format", "pt"}, {"note", "\xc3\xa9\\\x01"}};
    assert_ok(st_write(path, tensors, 5, meta, 2, &e), &e);

    char *raw = NULL;
    size_t len = 0;
    assert_ok(file_read(path, 10000, &raw, &len, &e), &e);
    assert_int_equal((unsigned char)raw[0] % 8, 0);
    mem_free(raw);

    struct st_file *f = NULL;
    assert_ok(st_open(path, &f, &e), &e);
    assert_int_equal(st_count(f), 5);
    for (size_t i = 0; i < 5; i++) {
        const struct st_tensor *t = st_find(f, tensors[i].name);
        assert_non_null(t);
        assert_int_equal(t->dtype, tensors[i].dtype);
        assert_int_equal(t->ndim, tensors[i].ndim);
        assert_memory_equal(t->shape, tensors[i].shape, t->ndim * sizeof t->shape[0]);
        assert_int_equal(t->bytes, tensors[i].bytes);
        if (t->bytes > 0) {
            assert_memory_equal(t->data, tensors[i].data, t->bytes);
        }
    }
    assert_int_equal((uintptr_t)st_find(f, "w \"q\"\n")->data % 8, 0);
    assert_string_equal(st_meta(f, "format"), "pt");
    assert_string_equal(st_meta(f, "note"), "\xc3\xa9\\\x01");
    float back[6];
    assert_ok(st_read_f32(f, "w \"q\"\n", (const size_t[]){2, 3}, 2, back, &e), &e);
    assert_memory_equal(back, w, sizeof w);
    assert_ok(st_read_f32(f, "d", (const size_t[]){2}, 1, back, &e), &e);
    const float narrowed[2] = {0.1f, -2.0f};
    assert_memory_equal(back, narrowed, sizeof narrowed);
    st_close(f);

    /* no tensors, with and without metadata */
    assert_ok(st_write(path, NULL, 0, meta, 1, &e), &e);
    assert_ok(st_open(path, &f, &e), &e);
    assert_int_equal(st_count(f), 0);
    assert_string_equal(st_meta(f, "format"), "pt");
    st_close(f);
    assert_ok(st_write(path, NULL, 0, NULL, 0, &e), &e);
    assert_ok(st_open(path, &f, &e), &e);
    assert_int_equal(st_count(f), 0);
    st_close(f);
    tmp_drop(dir);
}

static void test_write_refused(void **state)
{
    (void)state;
    struct errinfo e;
    char dir[256];
    char path[512];
    tmp_make(dir, sizeof dir);
    tmp_path(path, dir, "w.safetensors");
    assert_ok(file_write_text(path, "old", &e), &e);
    const float w[2] = {1.0f, 2.0f};
    const struct st_tensor twice[] = {{"w", ST_F32, 1, {2}, w, 8},
                                      {"w", ST_F32, 1, {2}, w, 8}};
    check_error(st_write(path, twice, 2, NULL, 0, &e), ERR_USAGE, &e,
                "two tensors named w");
    const struct st_tensor size = {"w", ST_F32, 1, {3}, w, 8};
    check_error(st_write(path, &size, 1, NULL, 0, &e), ERR_USAGE, &e,
                "do not fit together");
    const struct st_tensor other = {"w", ST_OTHER, 1, {2}, w, 8};
    check_error(st_write(path, &other, 1, NULL, 0, &e), ERR_USAGE, &e, "w: type");
    assert_int_equal(file_size(path), 3);
    struct st_file *f = NULL;
    check_error(st_open(path, &f, &e), ERR_FORMAT, &e, "w.safetensors");
    check_error(st_open(dir, &f, &e), ERR_FORMAT, &e, "directory");
    tmp_drop(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_header_length),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_overflowing_shapes),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_many_nodes),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_half_types),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_lfs_pointer),
        cmocka_unit_test(test_read_f32_errors),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_write_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
