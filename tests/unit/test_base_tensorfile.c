/* Tensors out of npz, torch zips and safetensors: types, orders, strides; zips that
 * claim too much, or have a wrong bit. */
#include "base/mem.h"
#include "base/rng.h"
#include "base/safetensors.h"
#include "base/tensorfile.h"
#include "base/zipfile.h"
#include "tiny_formats.h"

static char dir[128], path[512];
static struct blob file, other;
static const float x[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

static int begin(void **state)
{
    (void)state;
    tmp_make(dir, sizeof dir);
    return 0;
}

static int end(void **state)
{
    (void)state;
    tmp_drop(dir);
    return 0;
}

static struct tensorfile *open_file(void)
{
    struct errinfo e;
    struct tensorfile *f;
    assert_ok(tensorfile_open(path, &f, &e), &e);
    return f;
}

static void assert_floats(struct tensorfile *f, const char *name, size_t rows,
                          size_t cols, const float *want)
{
    struct errinfo e;
    float got[12];
    assert_ok(tensorfile_f32(f, name, (size_t[]){rows, cols}, cols ? 2 : 1, got, &e),
              &e);
    assert_memory_equal(got, want, rows * (cols ? cols : 1) * sizeof *got);
}

static void assert_ints(struct tensorfile *f, const char *name, size_t n,
                        const int64_t *want)
{
    struct errinfo e;
    int64_t got[4];
    size_t count = 99;
    assert_ok(tensorfile_ints(f, name, 4, got, &count, &e), &e);
    assert_int_equal(count, n);
    assert_memory_equal(got, want, n * sizeof *got);
}

static void element_types(void **state)
{
    (void)state;
    float got[4];
    elem_to_f32(ELEM_F16, (const uint8_t[]){0, 0x3c, 0, 0xc0, 1, 0, 0xff, 0x7b}, 4,
                got);
    assert_memory_equal(got, ((float[]){1, -2, 0x1p-24f, 65504}), sizeof got);
    elem_to_f32(ELEM_BF16, (const uint8_t[]){0x80, 0x3f, 0x49, 0xc0}, 2, got);
    assert_memory_equal(got, ((float[]){1, -3.140625f}), 8);
    elem_to_f32(ELEM_F64, (const uint8_t[]){0, 0, 0, 0, 0, 0, 0xf8, 0xbf}, 1, got);
    assert_memory_equal(got, ((float[]){-1.5f}), 4);
    assert_true(elem_to_i64(ELEM_I8, (const uint8_t[]){0xff}) == -1);
    assert_true(elem_to_i64(ELEM_U8, (const uint8_t[]){0xff}) == 255);
    assert_true(elem_to_i64(ELEM_I16, (const uint8_t[]){0, 0x80}) == -32768);
    assert_true(elem_to_i64(ELEM_I64, (const uint8_t[]){0, 0, 0, 0, 0, 0, 0, 0x80}) ==
                INT64_MIN);
    assert_true(elem_to_i64(ELEM_I32, (const uint8_t[]){0xff, 0xff, 0xff, 0x7f}) ==
                INT32_MAX);
}

static void npz(void **state)
{
    (void)state;
    struct errinfo e;
    const int64_t k = 7;
    static struct blob third;
    npy_make(&file, "<f4", false, "(3, 4)", x, sizeof x);
    npy_make(&other, "<f4", true, "(4, 3)", x, sizeof x);
    npy_make(&third, "<i8", false, "()", &k, sizeof k);
    const struct zip_item items[] = {{"W.npy", file.p, file.n},
                                     {"Wt.npy", other.p, other.n},
                                     {"k.npy", third.p, third.n}};
    for (int deflate = 0; deflate < 2; deflate++) {
        (void)remove(tmp_path(path, dir, "a.npz"));
        zip_make(path, items, 3, deflate);
        struct tensorfile *f = open_file();
        assert_int_equal(tensorfile_count(f), 3);
        assert_floats(f, "W", 3, 4, x);
        static const float turned[12] = {0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11};
        assert_floats(f, "Wt", 4, 3, turned);
        int64_t v = 0;
        assert_ok(tensorfile_int(f, "k", 1, 10, &v, &e), &e);
        assert_true(v == 7);
        check_error(tensorfile_int(f, "k", 1, 5, &v, &e), ERR_FORMAT, &e, "found 7");
        check_error(tensorfile_int(f, "W", 1, 5, &v, &e), ERR_FORMAT, &e,
                    "one integer");
        float got[12];
        check_error(tensorfile_f32(f, "W", (size_t[]){4, 3}, 2, got, &e), ERR_FORMAT,
                    &e, "W: found shape [3, 4], expected [4, 3]");
        check_error(tensorfile_f32(f, "k", NULL, 0, got, &e), ERR_FORMAT, &e,
                    "found I64");
        check_error(tensorfile_f32(f, "b", (size_t[]){3}, 1, got, &e), ERR_FORMAT, &e,
                    "no tensor b");
        tensorfile_close(f);
    }
}

static void torch(void **state)
{
    (void)state;
    struct errinfo e;
    const float one = 0.5f;
    static const int64_t sizes[] = {INT64_MIN, 2, 3};
    const struct torch_item items[] = {
        {.name = "W", .data = x, .rows = 3, .cols = 4},
        {.name = "turned", .data = x, .rows = 3, .cols = 4, .turned = true},
        {.name = "b", .data = x, .rows = 5},
        {.name = "threshold", .data = &one},
        {.name = "k", .value = 32},
        {.name = "activation", .text = "TopK"},
        {.name = "sizes", .ints = sizes, .rows = 3},
    };
    torch_make(tmp_path(path, dir, "ae.pt"), items, 7);
    struct tensorfile *f = open_file();
    assert_int_equal(tensorfile_count(f), 7);
    assert_ints(f, "sizes", 3, sizes);
    assert_floats(f, "W", 3, 4, x);
    assert_floats(f, "turned", 3, 4, x);
    assert_floats(f, "b", 5, 0, x);
    float got = 0;
    assert_ok(tensorfile_f32(f, "threshold", NULL, 0, &got, &e), &e);
    assert_memory_equal(&got, &one, sizeof got);
    int64_t k = 0;
    assert_ok(tensorfile_int(f, "k", 1, 100, &k, &e), &e);
    assert_true(k == 32);
    assert_string_equal(tensorfile_text(f, "activation"), "TopK");
    assert_null(tensorfile_text(f, "k"));
    check_error(tensorfile_f32(f, "k", NULL, 0, &got, &e), ERR_FORMAT, &e,
                "expected a tensor");
    tensorfile_close(f);
}

static void safetensors(void **state)
{
    (void)state;
    struct errinfo e;
    const int64_t n = 3;
    const int32_t sizes[] = {5, -6, 7};
    const struct st_tensor tensors[] = {{"W", ST_F32, 2, {3, 4}, x, sizeof x},
                                        {"n", ST_I64, 1, {1}, &n, sizeof n},
                                        {"sizes", ST_I32, 1, {3}, sizes, sizeof sizes},
                                        {"none", ST_I32, 1, {0}, sizes, 0}};
    assert_ok(st_write(tmp_path(path, dir, "w.safetensors"), tensors, 4, NULL, 0, &e),
              &e);
    struct tensorfile *f = open_file();
    assert_ints(f, "sizes", 3, (const int64_t[]){5, -6, 7});
    assert_ints(f, "n", 1, &n);
    assert_ints(f, "none", 0, &n);
    int64_t room[2] = {1, 2};
    size_t count = 0;
    assert_ok(tensorfile_ints(f, "sizes", 2, room, &count, &e), &e);
    assert_true(count == 3 && room[0] == 1 && room[1] == 2);
    check_error(tensorfile_ints(f, "W", 2, room, &count, &e), ERR_FORMAT, &e,
                "W: expected a vector of integers");
    check_error(tensorfile_ints(f, "V", 2, room, &count, &e), ERR_FORMAT, &e,
                "no tensor V");
    assert_floats(f, "W", 3, 4, x);
    int64_t v;
    assert_ok(tensorfile_int(f, "n", 0, 9, &v, &e), &e);
    assert_true(v == 3);
    tensorfile_close(f);
    /* Headers of any length, such as one that begins as a pickle does. */
    for (size_t i = 0; i < 40; i++) {
        char text[512];
        memset(text, 'x', sizeof text);
        text[8 * i] = '\0';
        const struct st_meta_entry meta[] = {{"pad", text}};
        assert_ok(st_write(path, tensors, 2, meta, 1, &e), &e);
        f = open_file();
        assert_floats(f, "W", 3, 4, x);
        tensorfile_close(f);
    }
}

/* The file of `path` with `find` (once in it, from `from` on) replaced. */
static void patch(const void *find, const void *by, size_t n, bool last)
{
    struct errinfo e;
    char *data;
    size_t len, at = SIZE_MAX;
    assert_ok(file_read(path, 1 << 20, &data, &len, &e), &e);
    for (size_t i = 0; i + n <= len && (last || at == SIZE_MAX); i++) {
        at = memcmp(data + i, find, n) == 0 ? i : at;
    }
    assert_true(at < len);
    memcpy(data + at, by, n);
    const struct file_piece part = {data, len};
    assert_ok(file_write(path, &part, 1, &e), &e);
    mem_free(data);
}

static void refuses(void **state)
{
    (void)state;
    struct errinfo e;
    struct tensorfile *f;
    /* 2^60 elements, and none behind them. */
    npy_make(&file, "<f4", false, "(1073741824, 1073741824)", "", 0);
    const struct zip_item big[] = {{"W.npy", file.p, file.n}};
    zip_make(tmp_path(path, dir, "big.npz"), big, 1, false);
    check_error(tensorfile_open(path, &f, &e), ERR_FORMAT, &e,
                "found 0 bytes of elements");
    /* A directory entry that claims 4 GB of a few bytes. */
    npy_make(&file, "<f4", false, "(3, 4)", x, sizeof x);
    const struct zip_item one[] = {{"W.npy", file.p, file.n}};
    zip_make(tmp_path(path, dir, "claim.npz"), one, 1, true);
    const uint32_t size = (uint32_t)file.n, huge = 0xfffffff0u;
    patch(&size, &huge, 4, false); /* both of its headers */
    patch(&size, &huge, 4, true);
    check_error(tensorfile_open(path, &f, &e), ERR_FORMAT, &e, "claims 4294967280");
    /* Elements that are not there. */
    npy_make(&file, "<f4", false, "(3, 4)", x, sizeof x - 4);
    const struct zip_item cut[] = {{"W.npy", file.p, file.n}};
    zip_make(tmp_path(path, dir, "cut.npz"), cut, 1, false);
    check_error(tensorfile_open(path, &f, &e), ERR_FORMAT, &e, "expected 48");
    /* A storage smaller than the pickle says: as if it had 13 elements. */
    const struct torch_item item = {.name = "b", .data = x, .rows = 12};
    torch_make(tmp_path(path, dir, "short.pt"), &item, 1);
    const char small[] = "J\x0c\0\0\0tQ", wide[] = "J\x0d\0\0\0tQ";
    patch(small, wide, sizeof small - 1, false);
    check_error(tensorfile_open(path, &f, &e), ERR_FORMAT, &e, "");
    /* Torch files of the old format, and files that are not torch files at all. */
    assert_ok(file_write(tmp_path(path, dir, "old.pt"),
                         &(struct file_piece){"\x80\x02\x8a\x0a", 4}, 1, &e),
              &e);
    check_error(tensorfile_open(path, &f, &e), ERR_FORMAT, &e, "before torch 1.6");
    assert_ok(file_write_text(tmp_path(path, dir, "text.pt"), "hello", &e), &e);
    check_error(tensorfile_open(path, &f, &e), ERR_FORMAT, &e, "expected safetensors");
    assert_ok(file_write_text(tmp_path(path, dir, "pk.pt"), "PK\x03\x04 no", &e), &e);
    check_error(tensorfile_open(path, &f, &e), ERR_FORMAT, &e, "not a zip file");
    assert_int_equal(tensorfile_open(tmp_path(path, dir, "none.pt"), &f, &e),
                     ERR_MISSING);
}

/* ---- damage ---- */

/* Every tensor of a file in memory, one after the other, into out; false if the file or
 * one of them is refused, or there are not as many. */
static bool read_all(const uint8_t *data, size_t len, size_t count, float out[256],
                     struct errinfo *e)
{
    struct tensorfile *f = NULL;
    size_t at = 0;
    if (tensorfile_parse(data, len, "damaged", &f, e) != OK) {
        return false;
    }
    bool whole = tensorfile_count(f) == count;
    for (size_t i = 0; whole && i < count; i++) {
        const struct tensor_info *t = tensorfile_at(f, i);
        const size_t n = t->shape[0] * (t->ndim > 1 ? t->shape[1] : 1);
        whole = t->kind == TENSOR_ARRAY && t->ndim > 0 && n <= 256 - at &&
                tensorfile_f32(f, t->name, t->shape, t->ndim, out + at, e) == OK;
        at += n;
    }
    tensorfile_close(f);
    return whole;
}

/* Whichever bit of the file at `path` is wrong: it is refused, or nothing is lost. */
static void flip_each_bit(size_t count)
{
    struct errinfo e = {0};
    char *data = NULL;
    size_t len = 0, refused = 0;
    float want[256] = {0}, got[256];
    assert_ok(file_read(path, 1 << 20, &data, &len, &e), &e);
    assert_true(read_all((uint8_t *)data, len, count, want, &e));
    for (size_t bit = 0; bit < 8 * len; bit++) {
        data[bit / 8] ^= (char)(1 << bit % 8);
        memset(got, 0, sizeof got);
        if (!read_all((uint8_t *)data, len, count, got, &e)) {
            refused++;
        } else if (memcmp(want, got, sizeof want) != 0) {
            fail_msg("%s: bit %zu of byte %zu changes a tensor", path, bit % 8,
                     bit / 8);
        }
        data[bit / 8] ^= (char)(1 << bit % 8);
    }
    assert_true(refused > len); /* of 8 len */
    mem_free(data);
}

static void one_wrong_bit(void **state)
{
    (void)state;
    npy_make(&file, "<f4", false, "(3, 4)", x, sizeof x);
    npy_make(&other, "<f4", true, "(4, 3)", x, sizeof x);
    const struct zip_item items[] = {{"W.npy", file.p, file.n},
                                     {"V.npy", other.p, other.n}};
    for (int deflate = 0; deflate < 2; deflate++) {
        (void)remove(tmp_path(path, dir, "flip.npz"));
        zip_make(path, items, 2, deflate);
        flip_each_bit(2);
    }
    const struct torch_item tensors[] = {{.name = "W", .data = x, .rows = 3, .cols = 4},
                                         {.name = "b", .data = x, .rows = 12}};
    (void)remove(tmp_path(path, dir, "flip.pt"));
    torch_make(path, tensors, 2);
    flip_each_bit(2);
}

/* Few bytes that claim many: as large as memory, or the same bytes again and again. */
static void bombs(void **state)
{
    (void)state;
    struct errinfo e;
    struct tensorfile *f = NULL;
    const uint32_t claim = (uint32_t)65 << 20;
    static uint8_t noise[1 << 17];
    struct rng r = rng_begin(1, RNG_SAMPLE, 0);
    for (size_t i = 0; i < sizeof noise; i++) {
        noise[i] = (uint8_t)rng_below(&r, 256);
    }
    const struct zip_item one[] = {{"W.npy", noise, sizeof noise}};
    zip_make(tmp_path(path, dir, "bomb.npz"), one, 1, true);
    const uint32_t was = sizeof noise;
    patch(&was, &claim, 4, false);
    patch(&was, &claim, 4, true);
    check_error(tensorfile_open(path, &f, &e), ERR_LIMIT, &e,
                "W.npy: claims 68157440 bytes from");
    assert_non_null(strstr(e.msg, "bomb.npz"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(element_types), cmocka_unit_test(npz),
        cmocka_unit_test(torch),         cmocka_unit_test(safetensors),
        cmocka_unit_test(refuses),       cmocka_unit_test(one_wrong_bit),
        cmocka_unit_test(bombs)};
    return cmocka_run_group_tests(tests, begin, end);
}
