/* GGUF: what the Python package `gguf` wrote is read, every type of block bit for bit
 * as the original dequantises it; files in shards; and files made to mislead. */
#include "base/elem.h"
#include "base/gguf.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/safetensors.h"
#include "unit/check.h"
#include "unit/gguf_bytes.h"

#include <math.h>

/* ---- the package's files ---- */

static struct gguf *open_fixture(const char *name)
{
    char path[512];
    struct errinfo e;
    struct gguf *g = NULL;
    snprintf(path, sizeof path, "%s/gguf/%s", getenv("SAETOP_FIXTURES"), name);
    assert_ok(gguf_open(path, &g, &e), &e);
    return g;
}

static void test_blocks(void **state)
{
    (void)state;
    struct errinfo e;
    char path[512];
    struct st_file *st = NULL;
    struct gguf *g = open_fixture("blocks.gguf");
    snprintf(path, sizeof path, "%s/gguf/blocks.safetensors",
             getenv("SAETOP_FIXTURES"));
    assert_ok(st_open(path, &st, &e), &e);
    assert_int_equal(gguf_count(g), st_count(st));
    bool seen[GGML_TYPE_COUNT] = {false};
    for (size_t i = 0; i < gguf_count(g); i++) {
        const struct gguf_tensor *t = gguf_at(g, i);
        const struct st_tensor *s = st_find(st, t->name);
        float *out = mem_alloc(t->rows * t->row, sizeof *out);
        assert_non_null(s);
        assert_non_null(out);
        assert_int_equal(t->rows * t->row * sizeof *out, s->bytes);
        assert_ok(gguf_rows(g, t, 0, t->rows, out, &e), &e);
        for (size_t k = 0; k < t->rows * t->row; k++) {
            if (memcmp(out + k, (const char *)s->data + 4 * k, 4) != 0) {
                fail_msg("%s: element %zu is %a", t->name, k, (double)out[k]);
            }
        }
        /* the last row alone */
        assert_ok(gguf_rows(g, t, t->rows - 1, 1, out, &e), &e);
        const size_t row = t->row * sizeof *out;
        assert_memory_equal(out, (const char *)s->data + (t->rows - 1) * row, row);
        assert_ok(gguf_rows(g, t, t->rows, 0, out, &e), &e);
        seen[t->type] = true;
        mem_free(out);
    }
    for (int t = 0; t < GGML_TYPE_COUNT; t++) {
        assert_int_equal(seen[t], ggml_type_readable((enum ggml_type)t));
    }
    st_close(st);
    gguf_close(g);
}

static int64_t int_of(const struct gguf *g, const char *key)
{
    struct errinfo e;
    int64_t v = 0;
    assert_ok(gguf_int(g, key, true, INT64_MIN, INT64_MAX, &v, &e), &e);
    return v;
}

static void test_values(void **state)
{
    (void)state;
    struct errinfo e;
    struct gguf *g = open_fixture("blocks.gguf");
    double d = 0;
    bool b = false;
    const char *text = NULL;
    int64_t v = 7;
    assert_int_equal(int_of(g, "v.u8"), 200);
    assert_int_equal(int_of(g, "v.i8"), -100);
    assert_int_equal(int_of(g, "v.u16"), 60000);
    assert_int_equal(int_of(g, "v.i16"), -30000);
    assert_int_equal(int_of(g, "v.u32"), 4000000000);
    assert_int_equal(int_of(g, "v.i32"), -2000000000);
    assert_int_equal(int_of(g, "v.i64"), -((int64_t)1 << 62));
    check_error(gguf_int(g, "v.u64", true, INT64_MIN, INT64_MAX, &v, &e), ERR_FORMAT,
                &e, "v.u64: found more than 9223372036854775807");
    check_error(gguf_int(g, "v.u8", true, 0, 199, &v, &e), ERR_FORMAT, &e,
                "found 200, expected an integer from 0 to 199");
    check_error(gguf_int(g, "v.text", true, 0, 9, &v, &e), ERR_FORMAT, &e,
                "v.text: found a text, expected an integer");
    check_error(gguf_int(g, "none", true, 0, 9, &v, &e), ERR_FORMAT, &e,
                "none: found nothing, expected an integer");
    assert_ok(gguf_int(g, "none", false, 0, 9, &v, &e), &e);
    assert_int_equal(v, 7);
    assert_ok(gguf_real(g, "v.f32", true, 0, 1, &d, &e), &e);
    assert_true(d == (double)0.1f);
    assert_ok(gguf_real(g, "v.f64", true, 0, 1, &d, &e), &e);
    assert_true(d == 0.1);
    check_error(gguf_real(g, "v.f64", true, 1, 2, &d, &e), ERR_FORMAT, &e,
                "found 0.1, expected a number from 1 to 2");
    assert_ok(gguf_bool(g, "v.true", true, &b, &e), &e);
    assert_true(b);
    assert_ok(gguf_bool(g, "v.false", true, &b, &e), &e);
    assert_false(b);
    assert_ok(gguf_text(g, "v.text", true, &text, &e), &e);
    assert_string_equal(text, "\xC3\xA9\n");
    assert_ok(gguf_text(g, "general.architecture", true, &text, &e), &e);
    assert_string_equal(text, "llama");
    assert_true(gguf_has(g, "a.i32"));
    assert_false(gguf_has(g, "a.i3"));
    for (size_t i = 0; i < gguf_key_count(g); i++) {
        assert_true(gguf_has(g, gguf_key_at(g, i).name));
    }
    gguf_close(g);
}

static void test_arrays(void **state)
{
    (void)state;
    static const char *const texts[] = {"a", "", "\xE2\x96\x81the", "ab"};
    struct errinfo e;
    struct gguf *g = open_fixture("blocks.gguf");
    struct gguf_array a = {0};
    size_t len = 0;
    assert_ok(gguf_array(g, "a.text", true, GGUF_TEXT, &a, &e), &e);
    assert_int_equal(a.count, 4);
    for (size_t i = 0; i < 4; i++) {
        const char *p = gguf_array_next(&a, &len);
        assert_non_null(p);
        assert_int_equal(len, strlen(texts[i]));
        assert_memory_equal(p, texts[i], len);
    }
    assert_null(gguf_array_next(&a, &len));
    assert_ok(gguf_array(g, "a.i32", true, GGUF_I64, &a, &e), &e);
    assert_int_equal(a.count, 3);
    assert_int_equal(gguf_array_int(&a, 1), -1);
    assert_ok(gguf_array(g, "a.f32", true, GGUF_F64, &a, &e), &e);
    assert_true(gguf_array_real(&a, 1) == -1000.0);
    assert_ok(gguf_array(g, "a.bool", true, GGUF_BOOL, &a, &e), &e);
    assert_int_equal(gguf_array_int(&a, 0), 1);
    assert_int_equal(gguf_array_int(&a, 1), 0);
    check_error(gguf_array(g, "a.f32", true, GGUF_I64, &a, &e), ERR_FORMAT, &e,
                "a.f32: found an array, each item a real number, expected an integer");
    check_error(gguf_array(g, "v.u8", true, GGUF_TEXT, &a, &e), ERR_FORMAT, &e,
                "v.u8: found an integer, expected an array, each item a text");
    gguf_close(g);
}

static void test_want(void **state)
{
    (void)state;
    struct errinfo e;
    struct gguf *g = open_fixture("blocks.gguf");
    const struct gguf_tensor *t = NULL;
    assert_ok(gguf_want(g, "Q4_K", (size_t[]){2, 512}, 2, &t, &e), &e);
    assert_ptr_equal(t, gguf_find(g, "Q4_K"));
    check_error(gguf_want(g, "Q4_K", (size_t[]){512, 2}, 2, &t, &e), ERR_FORMAT, &e,
                "Q4_K: found shape [2, 512], expected [512, 2]");
    check_error(gguf_want(g, "vector", (size_t[]){5, 1}, 2, &t, &e), ERR_FORMAT, &e,
                "vector: found shape [5], expected [5, 1]");
    check_error(gguf_want(g, "none", (size_t[]){5}, 1, &t, &e), ERR_FORMAT, &e,
                "no tensor none among its 12");
    gguf_close(g);
}

/* ---- files made here ---- */

/* A file of two keys and two tensors, [2, 4] and [3], with one thing changed. Zero: as
 * in a good file. */
struct file {
    const char *magic;
    uint64_t version, tensors, keys;
    uint64_t name_len; /* of the first key, "k": an array of u8 */
    uint64_t type, item, items;
    uint64_t text_len; /* of the second, "general.architecture" */
    const char *second, *tensor2;
    uint64_t ndim, dim0, dim3; /* of "x"; dim3: with ndim 4 */
    bool empty;                /* dimension 2 is 0 */
    uint64_t ggml, ggml2;
    uint64_t at, at2;
    size_t cut, more;
    uint32_t value; /* bits of the first element */
    uint64_t align;
    uint64_t align_type;
    bool nul;
};

static uint64_t or_else(uint64_t v, uint64_t usual)
{
    return v ? v : usual;
}

static void build(const struct file *f, struct bytes *b)
{
    const bool aligned = f->align != 0 || f->align_type != 0;
    b->n = 0;
    put(b, f->magic ? f->magic : "GGUF", 4);
    put_number(b, or_else(f->version, 3), 4);
    put_number(b, or_else(f->tensors, 2), 8);
    put_number(b, or_else(f->keys, aligned ? 3 : 2), 8);
    put_number(b, or_else(f->name_len, 1), 8);
    put(b, f->nul ? "\0" : "k", 1);
    put_number(b, or_else(f->type, GGUF_ARRAY), 4);
    put_number(b, f->item, 4);
    put_number(b, or_else(f->items, 3), 8);
    put(b, "\1\2\3", 3);
    put_text(b, f->second ? f->second : "general.architecture");
    put_number(b, GGUF_TEXT, 4);
    put_number(b, or_else(f->text_len, 5), 8);
    put(b, "llama", 5);
    if (aligned) {
        put_text(b, "general.alignment");
        put_number(b, or_else(f->align_type, GGUF_U32), 4);
        put_number(b, f->align, 4);
    }
    put_text(b, "x");
    put_number(b, or_else(f->ndim, 2), 4);
    put_number(b, or_else(f->dim0, 4), 8);
    put_number(b, f->empty ? 0 : 2, 8);
    if (f->dim3) {
        put_number(b, 1, 8);
        put_number(b, f->dim3, 8);
    }
    put_number(b, f->ggml, 4);
    put_number(b, f->at, 8);
    put_text(b, f->tensor2 ? f->tensor2 : "y");
    put_number(b, 1, 4);
    put_number(b, 3, 8);
    put_number(b, f->ggml2, 4);
    put_number(b, or_else(f->at2, 32), 8);
    while (b->n % or_else(f->align, 32) != 0) {
        put_number(b, 0, 1);
    }
    put_number(b, or_else(f->value, 0x3F800000), 4);
    for (int i = 1; i < 11; i++) {
        put_number(b, 0, 4);
    }
    for (size_t i = 0; i < f->more; i++) {
        put_number(b, 0, 1);
    }
    b->n -= f->cut;
}

/* The exact bytes, for the address sanitizer. */
static uint8_t *exact(const struct bytes *b)
{
    uint8_t *p = malloc(b->n + (b->n == 0));
    assert_non_null(p);
    memcpy(p, b->p, b->n);
    return p;
}

static void check_refused(const struct file *f, enum err code, const char *part)
{
    struct errinfo e = {0};
    struct gguf *g = NULL;
    struct bytes b;
    build(f, &b);
    uint8_t *p = exact(&b);
    check_error(gguf_parse(p, b.n, "m.gguf", &g, &e), code, &e, part);
    assert_true(strncmp(e.msg, "m.gguf: ", 8) == 0);
    assert_null(g);
    free(p);
}

#define HUGE_COUNT ((uint64_t)1 << 63)

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        struct file f;
        enum err code;
        const char *part;
    } cases[] = {
        {{.magic = "GGML"}, ERR_FORMAT, "expected \"GGUF\""},
        {{.version = 1}, ERR_FORMAT, "found version 1 of GGUF, expected 2 or 3"},
        {{.version = 4}, ERR_FORMAT, "found version 4"},
        {{.version = 0x03000000}, ERR_FORMAT, "big-endian"},
        {{.tensors = HUGE_COUNT}, ERR_LIMIT, "found 9223372036854775808 tensors"},
        {{.tensors = 1000}, ERR_FORMAT, "found 1000 tensors"},
        {{.tensors = 3}, ERR_FORMAT, "tensor 3: found a name of 0 bytes"},
        {{.keys = HUGE_COUNT}, ERR_LIMIT, "found 9223372036854775808 keys"},
        {{.keys = 1000}, ERR_FORMAT, "found 1000 keys"},
        {{.name_len = HUGE_COUNT},
         ERR_FORMAT,
         "key 1 at byte 32 needs 9223372036854775808"},
        {{.name_len = UINT64_MAX}, ERR_FORMAT, "file is cut short"},
        {{.nul = true}, ERR_FORMAT, "key 1: found a name of 1 bytes with a NUL"},
        {{.type = 13}, ERR_FORMAT, "k: found type 13, expected 0 to 12"},
        {{.item = GGUF_ARRAY}, ERR_FORMAT, "k: found items of type 9"},
        {{.item = 99}, ERR_FORMAT, "k: found items of type 99"},
        {{.items = HUGE_COUNT}, ERR_FORMAT, "k: found an array of 9223372036854775808"},
        {{.item = GGUF_F64, .items = (uint64_t)1 << 61},
         ERR_FORMAT,
         "k: found an array"},
        {{.item = GGUF_TEXT}, ERR_FORMAT, "k at byte"},
        {{.text_len = HUGE_COUNT}, ERR_FORMAT, "general.architecture at byte"},
        {{.second = "k"}, ERR_FORMAT, "key k: found twice"},
        {{.tensor2 = "x"}, ERR_FORMAT, "tensor x: found twice"},
        {{.tensor2 = ""}, ERR_FORMAT, "tensor 2: found a name of 0 bytes"},
        {{.ndim = 5}, ERR_FORMAT, "x: found 5 dimensions, expected 1 to 4"},
        {{.ndim = 0xFFFFFFFF}, ERR_FORMAT, "x: found 4294967295 dimensions"},
        {{.empty = true}, ERR_FORMAT, "x: found 0 as dimension 2, expected at least 1"},
        {{.dim0 = HUGE_COUNT}, ERR_FORMAT, "as dimension 2"},
        {{.ndim = 4, .dim3 = (uint64_t)1 << 61}, ERR_FORMAT, "as dimension 4"},
        {{.dim0 = (uint64_t)1 << 61}, ERR_FORMAT, "x: more bytes than a machine"},
        {{.dim0 = (uint64_t)1 << 60}, ERR_FORMAT, "needs 9223372036854776"},
        {{.dim0 = (uint64_t)1 << 40}, ERR_FORMAT, "cut short: has 236 bytes, needs"},
        {{.ggml = 4}, ERR_FORMAT, "x: found tensor type 4"},
        {{.ggml = 0xFFFFFFFF}, ERR_FORMAT, "it reads F32, F16, BF16, Q8_0"},
        {{.ggml = 12},
         ERR_FORMAT,
         "x: found rows of 4 elements, expected a multiple of "
         "the 256 of a block in Q4_K"},
        {{.at = 1}, ERR_FORMAT, "x: found offset 1, expected a multiple of 32"},
        {{.at = HUGE_COUNT}, ERR_FORMAT, "x: found offset 9223372036854775808"},
        {{.at = (uint64_t)1 << 62}, ERR_FORMAT, "cut short"},
        {{.at = 64}, ERR_FORMAT, "cut short"},
        {{.at = 32, .more = 32}, ERR_FORMAT, "found at byte 224, expected behind"},
        {{.align = 8, .at2 = 24}, ERR_FORMAT, "y: found at byte"},
        {{.align = 24}, ERR_FORMAT, "general.alignment: found another number"},
        {{.align = 32, .align_type = GGUF_I32}, ERR_FORMAT, "0 or another type"},
        {{.cut = 1}, ERR_FORMAT, "cut short: has 235 bytes, needs 236 (y)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_refused(&cases[i].f, cases[i].code, cases[i].part);
    }
}

static void test_accepted(void **state)
{
    (void)state;
    static const struct file good[] = {
        {0},
        {.version = 2},
        {.more = 100},
        {.align = 8},
        {.align = 64, .at2 = 64, .more = 32},
        {.at = 32, .at2 = 64, .more = 32}, /* a gap before the first */
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct errinfo e;
        struct gguf *g = NULL;
        struct bytes b;
        float out[8] = {0};
        build(&good[i], &b);
        uint8_t *p = exact(&b);
        assert_ok(gguf_parse(p, b.n, "m", &g, &e), &e);
        const struct gguf_tensor *x = gguf_find(g, "x");
        assert_non_null(x);
        assert_int_equal(x->ndim, 2);
        assert_int_equal(x->row, 4);
        assert_int_equal(x->rows, 2);
        assert_ok(gguf_rows(g, x, 0, 2, out, &e), &e);
        assert_true(good[i].at != 0 || out[0] == 1.0f);
        gguf_close(g);
        free(p);
    }
}

/* Wherever a file ends, it is refused. */
static void test_cut(void **state)
{
    (void)state;
    struct errinfo e;
    struct gguf *g = NULL;
    struct bytes b;
    build(&(struct file){0}, &b);
    for (size_t n = 0; n < b.n; n++) {
        struct bytes less = b;
        less.n = n;
        uint8_t *p = exact(&less);
        assert_int_equal(gguf_parse(p, n, "m", &g, &e), ERR_FORMAT);
        assert_null(g);
        free(p);
    }
}

static void test_not_read(void **state)
{
    (void)state;
    struct errinfo e;
    struct gguf *g = NULL;
    struct bytes b;
    const struct gguf_tensor *t = NULL;
    float out[8];
    /* integers have a place, but are no weights */
    build(&(struct file){.ggml = 26}, &b);
    uint8_t *p = exact(&b);
    assert_ok(gguf_parse(p, b.n, "m", &g, &e), &e);
    check_error(gguf_want(g, "x", (size_t[]){2, 4}, 2, &t, &e), ERR_FORMAT, &e,
                "x: found a tensor of type I32, expected one of F32, F16");
    gguf_close(g);
    free(p);
    build(&(struct file){.value = 0x7F800000}, &b);
    p = exact(&b);
    assert_ok(gguf_parse(p, b.n, "m", &g, &e), &e);
    check_error(gguf_rows(g, gguf_find(g, "x"), 0, 2, out, &e), ERR_FORMAT, &e,
                "x: found inf at row 0, column 0, expected finite numbers");
    gguf_close(g);
    free(p);
}

/* What is said of blocks is true of the numbers that they stand for: blocks of all
 * kinds of bytes, with scales of all kinds. */
static void test_finite_blocks(void **state)
{
    (void)state;
#define TYPE(id, number, elements, bytes) GGML_##id,
    static const enum ggml_type types[] = {GGML_TYPES_READ(TYPE)};
#undef TYPE
    static const uint8_t upper[] = {0x7B, 0xFB, 0x7C, 0x7D, 0xFC, 0x7F, 0xFF, 0x00};
    struct rng r = rng_begin(1, RNG_SAMPLE, 0);
    size_t found[2] = {0, 0};
    for (size_t k = 0; k < 20000; k++) {
        const enum ggml_type t = types[k % (sizeof types / sizeof *types)];
        const size_t bytes = ggml_block_bytes(t), n = ggml_block_elements(t);
        uint8_t in[3 * 256];
        float out[3 * GGML_BLOCK_MAX];
        for (size_t i = 0; i < 3 * bytes; i++) { /* a byte in 8 has few exponents */
            in[i] = rng_below(&r, 8) ? (uint8_t)(rng_below(&r, 2) * 255)
                                     : upper[rng_below(&r, sizeof upper)];
            in[i] = k % 3 ? (uint8_t)rng_below(&r, 256) : in[i];
        }
        ggml_to_f32(t, in, 3, out);
        const bool finite = elem_all_finite(out, 3 * n);
        found[finite]++;
        if (ggml_all_finite(t, in, 3) != finite) {
            fail_msg("%s: said %d", ggml_type_name(t), !finite);
        }
    }
    assert_true(found[0] > 2000 && found[1] > 2000);
}

static void write_file(const char *dir, const char *name, const struct bytes *b)
{
    struct errinfo e;
    char path[512];
    const struct file_piece part = {b->p, b->n};
    assert_ok(file_write(tmp_path(path, dir, name), &part, 1, &e), &e);
}

static void test_cut_in_use(void **state)
{
    (void)state;
    struct errinfo e;
    struct gguf *g = NULL;
    struct bytes b;
    char dir[64], path[512];
    float out[8];
    tmp_make(dir, sizeof dir);
    build(&(struct file){0}, &b);
    write_file(dir, "m.gguf", &b);
    assert_ok(gguf_open(tmp_path(path, dir, "m.gguf"), &g, &e), &e);
    FILE *f = fopen(path, "wb"); /* the same file, now empty */
    assert_non_null(f);
    fclose(f);
    check_error(gguf_rows(g, gguf_find(g, "x"), 0, 2, out, &e), ERR_IO, &e,
                "cut short while in use");
    gguf_close(g);
    check_error(gguf_open(path, &g, &e), ERR_FORMAT, &e, "found an empty file");
    tmp_drop(dir);
}

/* ---- shards ---- */

/* Part no of count with one tensor of one element, `value`. */
static void build_part(struct bytes *b, uint64_t no, uint64_t count, uint64_t total,
                       const char *tensor, uint32_t value)
{
    b->n = 0;
    put(b, "GGUF", 4);
    put_number(b, 3, 4);
    put_number(b, 1, 8);
    put_number(b, 3, 8);
    put_text(b, "split.no");
    put_number(b, GGUF_U16, 4);
    put_number(b, no, 2);
    put_text(b, "split.count");
    put_number(b, GGUF_U16, 4);
    put_number(b, count, 2);
    put_text(b, "split.tensors.count");
    put_number(b, GGUF_I32, 4);
    put_number(b, total, 4);
    put_text(b, tensor);
    put_number(b, 1, 4);
    put_number(b, 1, 8);
    put_number(b, 0, 4);
    put_number(b, 0, 8);
    while (b->n % 32 != 0) {
        put_number(b, 0, 1);
    }
    put_number(b, value, 4);
}

static void test_parts(void **state)
{
    (void)state;
    struct errinfo e;
    struct gguf *g = NULL;
    struct bytes b;
    char dir[64], path[512], second[512];
    float out = 0;
    tmp_make(dir, sizeof dir);
    tmp_path(path, dir, "m-00001-of-00002.gguf");
    tmp_path(second, dir, "m-00002-of-00002.gguf");
    build_part(&b, 0, 2, 2, "one", 0x3F800000);
    write_file(dir, "m-00001-of-00002.gguf", &b);
    check_error(gguf_open(path, &g, &e), ERR_MISSING, &e, "m-00002-of-00002.gguf");
    check_error(gguf_parse(b.p, b.n, "m", &g, &e), ERR_FORMAT, &e,
                "found a shard of 2, expected a whole file");
    build_part(&b, 1, 2, 2, "two", 0x40000000);
    write_file(dir, "m-00002-of-00002.gguf", &b);
    assert_ok(gguf_open(path, &g, &e), &e);
    assert_int_equal(gguf_count(g), 2);
    assert_ok(gguf_rows(g, gguf_find(g, "one"), 0, 1, &out, &e), &e);
    assert_true(out == 1.0f);
    assert_ok(gguf_rows(g, gguf_find(g, "two"), 0, 1, &out, &e), &e);
    assert_true(out == 2.0f);
    gguf_close(g);
    g = NULL;
    check_error(gguf_open(second, &g, &e), ERR_FORMAT, &e,
                "found shard 2 of 2, expected the first, ");
    assert_non_null(strstr(e.msg, "m-00001-of-00002.gguf"));
    build_part(&b, 0, 2, 2, "two", 0);
    write_file(dir, "m-00002-of-00002.gguf", &b);
    check_error(gguf_open(path, &g, &e), ERR_FORMAT, &e,
                "found shard 1 of 2, expected 2 of 2");
    build_part(&b, 1, 2, 2, "one", 0);
    write_file(dir, "m-00002-of-00002.gguf", &b);
    check_error(gguf_open(path, &g, &e), ERR_FORMAT, &e, "tensor one: found twice");
    build_part(&b, 0, 2, 3, "one", 0);
    write_file(dir, "m-00001-of-00002.gguf", &b);
    build_part(&b, 1, 2, 3, "two", 0);
    write_file(dir, "m-00002-of-00002.gguf", &b);
    check_error(gguf_open(path, &g, &e), ERR_FORMAT, &e,
                "found 2 tensors in 2 shards, expected split.tensors.count, 3");
    write_file(dir, "m.gguf", &b);
    build_part(&b, 0, 2, 2, "one", 0);
    write_file(dir, "m.gguf", &b);
    check_error(gguf_open(tmp_path(path, dir, "m.gguf"), &g, &e), ERR_FORMAT, &e,
                "expected a name that ends in -00001-of-00002.gguf");
    assert_null(g);
    tmp_drop(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),        cmocka_unit_test(test_values),
        cmocka_unit_test(test_arrays),        cmocka_unit_test(test_want),
        cmocka_unit_test(test_accepted),      cmocka_unit_test(test_refused),
        cmocka_unit_test(test_cut),           cmocka_unit_test(test_not_read),
        cmocka_unit_test(test_parts),         cmocka_unit_test(test_cut_in_use),
        cmocka_unit_test(test_finite_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
