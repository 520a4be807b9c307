/* Activations made elsewhere: what is read of a folder of shards, what is refused, and
 * the stream that serves them. */
#include "acts/shards.h"
#include "acts/stream.h"
#include "tiny_formats.h"
#include "tiny_shards.h"

#include <math.h>
#ifdef __linux__
#include <sys/inotify.h>
#endif
#include <unistd.h>

static char dir[512];

static int make(void **state)
{
    (void)state;
    tmp_make_in_memory(dir, sizeof dir);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    tmp_drop(dir);
    return 0;
}

/* 30 vectors in two shards: 20 and 10. */
static void write_two(enum st_dtype type)
{
    struct tiny_shard s = {.n = 20,
                           .masked = true,
                           .tokens = true,
                           .flags = true,
                           .rate = "0.25",
                           .type = type};
    tiny_write(dir, "a.safetensors", &s);
    s.first = 20;
    s.n = 10;
    tiny_write(dir, "b.safetensors", &s);
}

static struct shards *open_of(size_t T)
{
    struct shards *s = NULL;
    struct errinfo e;
    assert_ok(shards_open(dir, T, &s, &e), &e);
    return s;
}

static void refused(const char *part)
{
    struct shards *s = NULL;
    struct errinfo e = {0};
    check_error(shards_open(dir, 8, &s, &e), ERR_FORMAT, &e, part);
    assert_null(s);
    assert_non_null(strstr(e.msg, dir));
    assert_null(strchr(e.msg, '\n'));
}

static void put_file(const char *name, const void *data, size_t n)
{
    char path[512];
    struct errinfo e;
    const struct file_piece piece = {data, n};
    assert_ok(file_write(tmp_path(path, dir, name), &piece, 1, &e), &e);
}

/* ---- reading ---- */

/* Rows of 8: 8 8 4 | 8 2, of which the last is held out. */
static void reads_rows_of_every_part(void **state)
{
    (void)state;
    static const enum st_dtype types[] = {ST_F32, ST_F16, ST_BF16};
    static const size_t first[] = {0, 8, 16, 20, 28, 30};
    for (size_t k = 0; k < 3; k++) {
        struct errinfo e;
        float x[8 * TINY_D];
        int32_t ids[8];
        uint8_t masked[8];
        write_two(types[k]);
        struct shards *s = open_of(8);
        assert_int_equal(shards_facts(s)->D, TINY_D);
        assert_int_equal(shards_facts(s)->T, 8);
        assert_int_equal(shards_facts(s)->rows, 5);
        assert_int_equal(shards_facts(s)->train, 4);
        assert_int_equal(shards_facts(s)->vectors, 30);
        assert_true(fabs(shards_facts(s)->mask_rate - 0.25) < 1e-12);
        for (size_t row = 0; row < 5; row++) {
            const size_t n = row == 2 ? 4 : first[row + 1] - first[row];
            for (int side = 0; side < 2; side++) {
                assert_ok(
                    shards_get(s, side ? SHARDS_MASKED : SHARDS_CLEAN, row, x, &e), &e);
                for (size_t i = 0; i < 8 * TINY_D; i++) {
                    float v =
                        tiny_value(side == 1, first[row] + i / TINY_D, i % TINY_D);
                    if (types[k] == ST_BF16) { /* as far as its digits go */
                        uint32_t bits;
                        memcpy(&bits, &v, sizeof bits);
                        bits &= 0xFFFF0000u;
                        memcpy(&v, &bits, sizeof v);
                    }
                    v = i / TINY_D < n ? v : 0.0f;
                    assert_memory_equal(&x[i], &v, sizeof v);
                }
            }
            assert_ok(shards_tokens(s, row, ids, masked, &e), &e);
            for (size_t i = 0; i < 8; i++) {
                const size_t at = first[row] + i;
                assert_int_equal(ids[i], i < n ? (int)at + 100 : -1);
                assert_int_equal(masked[i], i < n && at % 3 == 0);
            }
        }
        shards_free(s);
    }
}

/* The files' own rows, where nobody asks for others. */
static void rows_of_the_files(void **state)
{
    (void)state;
    struct tiny_shard t = {.n = 20, .T = 5, .type = ST_F32};
    tiny_write(dir, "a.safetensors", &t);
    struct shards *s = open_of(0);
    assert_int_equal(shards_facts(s)->T, 5);
    assert_int_equal(shards_facts(s)->rows, 4);
    shards_free(s);
    t.T = 10;
    tiny_write(dir, "b.safetensors", &t);
    s = open_of(4);
    assert_int_equal(shards_facts(s)->rows, 10);
    shards_free(s);
    s = open_of(0); /* rows of both kinds: neither's */
    assert_int_equal(shards_facts(s)->T, SHARDS_ROW);
    assert_int_equal(shards_facts(s)->rows, 2);
    shards_free(s);
}

static void reads_npy(void **state)
{
    (void)state;
    static struct blob b;
    struct errinfo e;
    float x[20 * TINY_D], got[8 * TINY_D];
    uint16_t ids[20];
    for (size_t i = 0; i < 20; i++) {
        ids[i] = (uint16_t)(i + 7);
        for (size_t d = 0; d < TINY_D; d++) {
            x[i * TINY_D + d] = tiny_value(false, i, d);
        }
    }
    npy_make(&b, "<f4", false, "(20, 3)", x, sizeof x);
    put_file("s.npy", b.p, b.n);
    put_file("s.activations_masked.npy", b.p, b.n);
    refused("found no mask_rate above 0");
    static const char about[] = "{\"mask_rate\": 0.5, \"hook\": \"blocks.3.hook\"}";
    put_file("activations.json", about, sizeof about - 1);
    npy_make(&b, "<u2", false, "(20,)", ids, sizeof ids);
    put_file("s.tokens.npy", b.p, b.n);
    struct shards *s = open_of(8);
    assert_int_equal(shards_facts(s)->files, 1);
    assert_string_equal(shards_facts(s)->hook, "blocks.3.hook");
    assert_ok(shards_get(s, SHARDS_CLEAN, 2, got, &e), &e);
    const float zero = 0.0f;
    assert_memory_equal(got, x + 16 * TINY_D, 4 * TINY_D * sizeof *x);
    assert_memory_equal(&got[4 * TINY_D], &zero, sizeof zero);
    int32_t token[8];
    uint8_t masked[8];
    assert_ok(shards_tokens(s, 1, token, masked, &e), &e);
    assert_int_equal(token[0], 15);
    shards_free(s);
}

/* A single shard's files may have the names of their parts alone. */
static void reads_bare_part_names(void **state)
{
    (void)state;
    static struct blob b;
    struct errinfo e;
    float x[20 * 2];
    uint16_t ids[20];
    for (size_t i = 0; i < 20; i++) {
        x[2 * i] = x[2 * i + 1] = (float)i;
        ids[i] = (uint16_t)(i + 7);
    }
    npy_make(&b, "<f4", false, "(20, 2)", x, sizeof x);
    put_file("activations.npy", b.p, b.n);
    npy_make(&b, "<u2", false, "(20,)", ids, sizeof ids);
    put_file("tokens.npy", b.p, b.n);
    struct shards *s = open_of(8);
    assert_int_equal(shards_facts(s)->files, 1);
    int32_t token[8];
    uint8_t masked[8];
    assert_ok(shards_tokens(s, 1, token, masked, &e), &e);
    assert_int_equal(token[0], 15);
    shards_free(s);
}

/* ---- what does not fit ---- */

/* A folder of which some files are links is none that is read in part. */
static void refuses_links(void **state)
{
    (void)state;
    char path[512];
    write_two(ST_F32);
    assert_int_equal(symlink("a.safetensors", tmp_path(path, dir, "c.txt")), 0);
    shards_free(open_of(8)); /* of another name it is no matter */
    static const char *const names[] = {"c.safetensors", "c.npy"};
    for (size_t i = 0; i < 2; i++) {
        char said[64];
        assert_int_equal(symlink("a.safetensors", tmp_path(path, dir, names[i])), 0);
        snprintf(said, sizeof said, "/%s: found a link", names[i]);
        refused(said);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(unlink(tmp_path(path, dir, "c.txt")), 0);
}

static void refuses(void **state)
{
    (void)state;
    static struct blob b;
    const float x[6] = {0};
    struct tiny_shard t = {.n = 20, .type = ST_F32};
    refused("found no .safetensors or .npy in it");
    tiny_write(dir, "a.safetensors", &t);
    t.tokens = true;
    tiny_write(dir, "b.safetensors", &t);
    refused("b.safetensors: tokens: found it, expected none as in a.safetensors");
    char path[512];
    assert_int_equal(unlink(tmp_path(path, dir, "b.safetensors")), 0);
    t = (struct tiny_shard){.n = 20, .masked = true, .type = ST_F32};
    tiny_write(dir, "a.safetensors", &t);
    refused("activations_masked: found no mask_rate");
    t.rate = "1.5";
    tiny_write(dir, "a.safetensors", &t);
    refused("mask_rate: found 1.5, expected 0 to 0.95");
    t.rate = "often";
    tiny_write(dir, "a.safetensors", &t);
    refused("mask_rate: found often");
    t.rate = "0.2";
    tiny_write(dir, "a.safetensors", &t);
    t.rate = "0.3";
    tiny_write(dir, "b.safetensors", &t);
    refused("b.safetensors: mask_rate: found 0.3, expected 0.2");
    t.rate = "0"; /* is said as well */
    tiny_write(dir, "a.safetensors", &t);
    refused("b.safetensors: mask_rate: found 0.3, expected 0 as in the files before");
    static const char about[] = "{\"mask_rate\": 0}";
    put_file("activations.json", about, sizeof about - 1);
    t.rate = "0.3";
    tiny_write(dir, "a.safetensors", &t);
    refused("a.safetensors: mask_rate: found 0.3, expected 0 as in the files before");
    assert_int_equal(unlink(tmp_path(path, dir, "activations.json")), 0);
    npy_make(&b, "<f4", false, "(3, 2)", x, sizeof x);
    put_file("b.npy", b.p, b.n);
    refused("found in b.npy as well");
}

static void refuses_npy(void **state)
{
    (void)state;
    static struct blob b;
    char path[512];
    float x[6] = {0};
    npy_make(&b, "<f4", false, "(3, 2)", x, sizeof x);
    put_file("a.npy", b.p, b.n);
    refused("found 3 activations, expected more than one row of 8");
    put_file("a.npy", b.p, b.n - 1);
    refused("a.npy: found 23 bytes behind the header, expected 24");
    npy_make(&b, "<f4", true, "(3, 2)", x, sizeof x);
    put_file("a.npy", b.p, b.n);
    refused("a.npy: fortran_order: found True");
    npy_make(&b, "<i4", false, "(3, 2)", x, sizeof x);
    put_file("a.npy", b.p, b.n);
    refused("a.npy: activations: found I32, expected F32, F16, BF16 or F64");
    npy_make(&b, "<f4", false, "(6,)", x, sizeof x);
    put_file("a.npy", b.p, b.n);
    refused("a.npy: activations: found shape [6], expected [n, D]");
    npy_make(&b, "<f4", false, "(3, 2)", x, sizeof x);
    put_file("a.npy", b.p, b.n);
    npy_make(&b, "<i4", false, "(2,)", x, 8);
    put_file("a.tokens.npy", b.p, b.n);
    refused("a.tokens.npy: tokens: found shape [2], expected [3]");
    assert_int_equal(unlink(tmp_path(path, dir, "a.npy")), 0);
    refused("a.tokens.npy: activations: found none, expected one");
    put_file("a.tokens.npy", "", 0);
    refused("a.tokens.npy: byte 0");
}

static void refuses_numbers_that_are_none(void **state)
{
    (void)state;
    static struct blob b;
    struct errinfo e = {0};
    float x[20 * 2] = {0}, row[8 * 2];
    x[18 * 2 + 1] = (float)NAN;
    npy_make(&b, "<f4", false, "(20, 2)", x, sizeof x);
    put_file("a.npy", b.p, b.n);
    struct shards *s = open_of(8);
    assert_ok(shards_get(s, SHARDS_CLEAN, 0, row, &e), &e);
    check_error(shards_get(s, SHARDS_CLEAN, 2, row, &e), ERR_FORMAT, &e, "[18, 1]");
    assert_non_null(strstr(e.msg, "a.npy"));
    put_file("a.npy", b.p, b.n - 4); /* cut short since */
    check_error(shards_get(s, SHARDS_CLEAN, 0, row, &e), ERR_IO, &e, "a.npy: found");
    shards_free(s);
    const int32_t ids[20] = {0, -5};
    put_file("a.npy", b.p, b.n);
    npy_make(&b, "<i4", false, "(20,)", ids, sizeof ids);
    put_file("a.tokens.npy", b.p, b.n);
    s = open_of(8);
    int32_t token[8];
    uint8_t masked[8];
    check_error(shards_tokens(s, 0, token, masked, &e), ERR_FORMAT, &e,
                "a.tokens.npy: tokens: vector 1: found -5");
    shards_free(s);
}

static uint64_t hash_at(size_t T)
{
    struct shards *s = open_of(T);
    const uint64_t hash = shards_facts(s)->hash;
    shards_free(s);
    return hash;
}

/* Another content, length or name is other shards; other rows of the same are not. */
static void knows_its_files(void **state)
{
    (void)state;
    char path[512], other[512];
    struct tiny_shard b = {.n = 10,
                           .first = 20,
                           .masked = true,
                           .tokens = true,
                           .flags = true,
                           .rate = "0.25",
                           .type = ST_F32};
    write_two(ST_F32);
    const uint64_t hash = hash_at(8);
    assert_true(hash_at(4) == hash);
    b.first = 7;
    tiny_write(dir, "b.safetensors", &b);
    assert_true(hash_at(8) != hash);
    b.first = 20;
    b.n = 11;
    tiny_write(dir, "b.safetensors", &b);
    assert_true(hash_at(8) != hash);
    b.n = 10;
    tiny_write(dir, "b.safetensors", &b);
    assert_true(hash_at(8) == hash);
    assert_int_equal(rename(tmp_path(path, dir, "b.safetensors"),
                            tmp_path(other, dir, "c.safetensors")),
                     0);
    assert_true(hash_at(8) != hash);
}

#ifdef __linux__
/* Opening, a folder on a network may be slow: each file once, whatever it holds. */
static void opens_each_file_once(void **state)
{
    (void)state;
    char events[4096];
    size_t opens = 0;
    write_two(ST_F32);
    const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    assert_true(fd >= 0 && inotify_add_watch(fd, dir, IN_OPEN) >= 0);
    shards_free(open_of(8));
    const ssize_t n = read(fd, events, sizeof events);
    for (ssize_t at = 0; at < n;) {
        struct inotify_event one;
        memcpy(&one, events + at, sizeof one);
        opens += one.len > 0; /* of a file in it, not of itself */
        at += (ssize_t)(sizeof one + one.len);
    }
    assert_int_equal(close(fd), 0);
    assert_int_equal(opens, 2);
}
#endif

/* ---- the stream ---- */

#define BATCH 5

static struct stream_config config(void)
{
    return (struct stream_config){.T = 8,
                                  .fill_rows = 3,
                                  .batch = BATCH,
                                  .order_seed = 4,
                                  .scale = 2.0f,
                                  .mask = {.seed = 9}};
}

static struct acts_stream *stream_on(const struct shards *s, struct stream_config c,
                                     double rate)
{
    struct acts_stream *st = NULL;
    struct errinfo e;
    assert_ok(stream_of_shards(s, &c, &st, &e), &e);
    stream_set_rate(st, rate);
    return st;
}

static void next(struct acts_stream *st, float out[BATCH * TINY_D])
{
    struct errinfo e;
    const float *x = NULL;
    assert_ok(stream_next(st, &x, &e), &e);
    memcpy(out, x, BATCH * TINY_D * sizeof *out);
}

/* Number of the vector that x / 2 is, and its side. */
static size_t number_of(const float *x, bool *masked)
{
    const float v = x[0] / 2.0f;
    *masked = v - floorf(v) > 0.25f;
    return (size_t)(floorf(v) / 4.0f + 0.5f);
}

/* Four rows of 28 vectors, 8 8 4 8, are an epoch: each vector of them once, none of the
 * row held out. Both sides have the same order. */
static void serves_each_vector_once(void **state)
{
    (void)state;
    write_two(ST_F32);
    struct shards *s = open_of(8);
    struct stream_config c = config();
    c.fill_rows = 4;
    c.batch = BATCH;
    struct acts_stream *clean = stream_on(s, c, 0), *masked = stream_on(s, c, 0.25);
    size_t seen[30] = {0};
    for (size_t i = 0; i < 28; i++) { /* five epochs are 28 batches */
        float a[BATCH * TINY_D], b[BATCH * TINY_D];
        next(clean, a);
        next(masked, b);
        for (size_t k = 0; k < BATCH; k++) {
            bool side = false;
            const size_t n = number_of(a + k * TINY_D, &side);
            assert_false(side);
            assert_int_equal(number_of(b + k * TINY_D, &side), n);
            assert_true(side);
            assert_true(n < 30);
            seen[n]++;
        }
    }
    for (size_t i = 0; i < 30; i++) {
        assert_int_equal(seen[i], i < 28 ? 5 : 0);
    }
    assert_true(stream_stats(clean).rate == 0.0);
    assert_true(fabs(stream_stats(masked).masked_fraction - 10.0 / 28) < 1e-12);
    stream_free(clean);
    stream_free(masked);
    shards_free(s);
}

/* With drop no masked vector comes, with mix unmasked ones are of the clean side. */
static void drops_and_mixes(void **state)
{
    (void)state;
    write_two(ST_F32);
    struct shards *s = open_of(8);
    struct stream_config c = config();
    c.drop_masked = true;
    struct acts_stream *drops = stream_on(s, c, 0.25);
    c.drop_masked = false;
    c.mix = true;
    struct acts_stream *mixes = stream_on(s, c, 0.25);
    size_t n_masked = 0;
    for (size_t i = 0; i < 30; i++) {
        float a[BATCH * TINY_D], b[BATCH * TINY_D];
        next(drops, a);
        next(mixes, b);
        for (size_t k = 0; k < BATCH; k++) {
            bool side = false;
            assert_int_not_equal(number_of(a + k * TINY_D, &side) % 3, 0);
            assert_true(side);
            const size_t n = number_of(b + k * TINY_D, &side);
            assert_int_equal(side, n % 3 == 0);
            n_masked += side;
        }
    }
    assert_true(n_masked > 0);
    stream_free(drops);
    stream_free(mixes);
    shards_free(s);
}

/* Batch `number`, from 0, of a stream that never masks. */
static void clean_batch(const struct shards *s, size_t number,
                        float out[BATCH * TINY_D])
{
    struct acts_stream *st = stream_on(s, config(), 0);
    for (size_t i = 0; i <= number; i++) {
        next(st, out);
    }
    stream_free(st);
}

/* From any batch on, another stream that is put there serves the same bits; a fork to
 * rate 0 those of a stream that never masked. */
static void goes_on_from_a_position(void **state)
{
    (void)state;
    write_two(ST_F32);
    struct shards *s = open_of(8);
    struct errinfo e;
    struct acts_stream *a = stream_on(s, config(), 0.25);
    for (size_t i = 0; i < 20; i++) {
        float x[BATCH * TINY_D], y[BATCH * TINY_D], z[BATCH * TINY_D];
        float clean[BATCH * TINY_D];
        struct acts_stream *b = stream_on(s, config(), 0), *f = NULL;
        const struct stream_pos pos = stream_tell(a);
        assert_ok(stream_seek(b, &pos, &e), &e);
        assert_ok(stream_fork(a, 0.0, &f, &e), &e);
        for (size_t k = 0; k < 3; k++) {
            next(b, y);
            next(f, z);
        }
        struct acts_stream *c = stream_on(s, config(), 0);
        assert_ok(stream_seek(c, &pos, &e), &e);
        next(a, x);
        next(c, y);
        assert_memory_equal(x, y, sizeof x);
        clean_batch(s, i + 2, clean); /* the third from here */
        assert_memory_equal(z, clean, sizeof z);
        stream_free(b);
        stream_free(c);
        stream_free(f);
    }
    stream_free(a);
    shards_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, make, drop)
        IN_FOLDER(reads_rows_of_every_part),
        IN_FOLDER(rows_of_the_files),
        IN_FOLDER(reads_npy),
        IN_FOLDER(reads_bare_part_names),
        IN_FOLDER(refuses_links),
        IN_FOLDER(refuses),
        IN_FOLDER(refuses_npy),
        IN_FOLDER(refuses_numbers_that_are_none),
        IN_FOLDER(knows_its_files),
#ifdef __linux__
        IN_FOLDER(opens_each_file_once),
#endif
        IN_FOLDER(serves_each_vector_once),
        IN_FOLDER(drops_and_mixes),
        IN_FOLDER(goes_on_from_a_position),
    };
    return cmocka_run_group_tests_name("shards", tests, NULL, NULL);
}
