/* Products with matrices kept in the form of a file (core/num/linear.h). */
#include "base/mem.h"
#include "base/rng.h"
#include "base/watch.h"
#include "num/kern_linear.h"
#include "num/linear.h"
#include "unit/check.h"

#include <math.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_N 37

static void fill(float *x, size_t n, uint64_t seed)
{
    struct rng r = rng_begin(seed, RNG_SAMPLE, 0);
    for (size_t i = 0; i < n; i++) {
        x[i] = (float)rng_normal(&r);
    }
}

static void *get(size_t n, size_t size)
{
    void *p = mem_alloc(n, size);
    assert_non_null(p);
    return p;
}

static const struct kern_linear *kernel(size_t i)
{
    const struct kern_linear *k[] = {kern_linear_portable(), kern_linear_avx2(),
                                     kern_linear_avx512(), kern_linear_bf16()};
    return i < 4 ? k[i] : NULL;
}

static float rounded(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits = (bits + 0x7FFFu + (bits >> 16 & 1u)) & 0xFFFF0000u;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* y [n, out] = 1 + x W^T in double, W as floats in the order of its rows. */
static void reference(const struct linear_map *w, const float *floats, size_t n,
                      const float *x, double *y)
{
    for (size_t r = 0; r < n; r++) {
        for (size_t j = 0; j < w->out; j++) {
            double sum = 1;
            for (size_t i = 0; i < w->in; i++) {
                const float a = x[r * w->in + i];
                const float b = floats[w->in_out ? i * w->out + j : j * w->in + i];
                sum += w->kind == LINEAR_BF16 ? (double)rounded(a) * (double)rounded(b)
                                              : (double)a * (double)b;
            }
            y[r * w->out + j] = sum;
        }
    }
}

static void ones(size_t n, float *y)
{
    for (size_t i = 0; i < n; i++) {
        y[i] = 1.0f;
    }
}

static void check_near(size_t n, const float *got, const double *want, size_t in)
{
    const double allowed = 4e-7 * (double)in; /* terms are of size 1 */
    for (size_t i = 0; i < n; i++) {
        assert_true(fabs((double)got[i] - want[i]) <= allowed);
    }
}

/* One matrix in every way of taking the product: near the reference, and all ways the
 * same to the bit. */
static void check_ways(struct linear_map w, const float *floats, size_t n)
{
    const size_t in = w.in, out = w.out;
    float *x = get(n * in, sizeof *x), *y = get(n * out, sizeof *y);
    float *other = get(n * out, sizeof *other);
    double *want = get(n * out, sizeof *want);
    void *scratch = get(linear_scratch_bytes(n, in), 1);
    float *packed = get(linear_packed_bytes(&w), 1);
    fill(x, n * in, 5);
    reference(&w, floats, n, x, want);
    ones(n * out, y);
    linear_add(&w, n, x, y, scratch);
    check_near(n * out, y, want, in);

    struct linear_map p = w; /* packed */
    linear_pack(&w, packed);
    p.packed = packed;
    ones(n * out, other);
    linear_add(&p, n, x, other, scratch);
    assert_memory_equal(y, other, n * out * sizeof *y);

    float *back = get(in * out, sizeof *back); /* and back again */
    linear_read(&p, 0, w.in_out ? in : out, back);
    for (size_t i = 0; i < in * out; i++) {
        const float is = w.kind == LINEAR_BF16 ? rounded(floats[i]) : floats[i];
        assert_memory_equal(&back[i], &is, sizeof is);
    }
    mem_free(back);

    ones(n * out, other); /* row by row */
    for (size_t r = 0; r < n; r++) {
        linear_add(r % 2 ? &w : &p, 1, x + r * in, other + r * out,
                   r % 3 ? scratch : NULL);
    }
    assert_memory_equal(y, other, n * out * sizeof *y);

    ones(n * out, other); /* in pieces */
    for (size_t j = 0; j < out; j += LINEAR_WIDTH) {
        for (size_t i = 0; i < in; i += LINEAR_DEPTH) {
            const struct linear_piece c = {
                i, in - i < LINEAR_DEPTH ? in - i : LINEAR_DEPTH, j,
                out - j < LINEAR_WIDTH ? out - j : LINEAR_WIDTH};
            linear_add_piece(i % 512 ? &w : &p, c, n, x + i, in, other + j, out,
                             scratch);
        }
    }
    assert_memory_equal(y, other, n * out * sizeof *y);
    mem_free(packed);
    mem_free(scratch);
    mem_free(want);
    mem_free(other);
    mem_free(y);
    mem_free(x);
}

static const size_t sizes[][3] = {{1, 1, 1},      {MAX_N, 7, 5},  {13, 256, 128},
                                  {14, 257, 129}, {29, 700, 300}, {3, 512, 31}};

static void every_way_has_the_same_bits(void **state)
{
    (void)state;
    for (size_t k = 0; k < 4; k++) {
        for (size_t i = 0; kernel(k) && i < sizeof sizes / sizeof *sizes; i++) {
            const size_t n = sizes[i][0], in = sizes[i][1], out = sizes[i][2];
            float *floats = get(in * out, sizeof *floats);
            fill(floats, in * out, 7 + i);
            for (int form = 0; form < 4; form++) {
                const enum linear_kind kind = form / 2 ? LINEAR_BF16 : LINEAR_F32;
                if (kernel(k)->pairs && kind == LINEAR_F32) {
                    continue;
                }
                struct linear_map w = linear_of(floats, in, out, form % 2, kind);
                w.kern = kernel(k);
                check_ways(w, floats, n);
            }
            mem_free(floats);
        }
    }
}

static void wide_kernels_agree_to_the_bit(void **state)
{
    (void)state;
    if (!kern_linear_avx2() || !kern_linear_avx512()) {
        skip();
    }
    const size_t n = MAX_N, in = 600, out = 150;
    float *floats = get(in * out, sizeof *floats), *x = get(n * in, sizeof *x);
    float *y[2] = {get(n * out, sizeof **y), get(n * out, sizeof **y)};
    void *scratch = get(linear_scratch_bytes(n, in), 1);
    fill(floats, in * out, 3);
    fill(x, n * in, 4);
    for (int kind = 0; kind < 2; kind++) {
        struct linear_map w = linear_of(floats, in, out, false, (enum linear_kind)kind);
        for (size_t i = 0; i < 2; i++) {
            w.kern = kernel(1 + i);
            ones(n * out, y[i]);
            linear_add(&w, n, x, y[i], scratch);
        }
        assert_memory_equal(y[0], y[1], n * out * sizeof **y);
    }
    mem_free(scratch);
    mem_free(y[0]);
    mem_free(y[1]);
    mem_free(x);
    mem_free(floats);
}

/* Bytes of rows of a type: any, but that scales are small numbers. */
static void fill_blocks(enum ggml_type t, uint8_t *p, size_t blocks, uint64_t seed)
{
    const size_t bytes = ggml_block_bytes(t);
    struct rng r = rng_begin(seed, RNG_SAMPLE, 0);
    for (size_t i = 0; i < blocks * bytes; i++) {
        p[i] = (uint8_t)rng_below(&r, 256);
    }
    const uint16_t halves[2] = {0x2801, 0xA402}; /* .031, -.0157 */
    for (size_t b = 0; b < blocks; b++) {
        uint8_t *q = p + b * bytes;
        switch (t) {
        case GGML_F32: {
            const float f = (float)rng_normal(&r);
            memcpy(q, &f, sizeof f);
            break;
        }
        case GGML_F16: q[1] = (uint8_t)(0x30 | (q[1] & 0x83)); break;
        case GGML_BF16: q[1] = (uint8_t)(0x3F & (q[1] | 0x3C)); break;
        case GGML_Q6_K: memcpy(q + 208, halves, 2); break;
        case GGML_Q8_0:
        case GGML_Q4_0:
        case GGML_Q5_0: memcpy(q, halves, 2); break;
        default: memcpy(q, halves, sizeof halves); break;
        }
    }
}

/* Rows of three types one below the other: products equal those of the weights
 * dequantised first, to the bit. */
static void every_type_is_as_if_dequantised(void **state)
{
    (void)state;
#define TYPE(id, number, elements, bytes) GGML_##id,
    static const enum ggml_type types[] = {GGML_TYPES_READ(TYPE)};
#undef TYPE
    const size_t count = sizeof types / sizeof *types, n = 9, in = 768;
    const size_t rows[3] = {50, 3, 90}, out = 143;
    float *floats = get(in * out, sizeof *floats), *x = get(n * in, sizeof *x);
    float *y[2] = {get(n * out, sizeof **y), get(n * out, sizeof **y)};
    void *scratch = get(linear_scratch_bytes(n, in), 1);
    fill(x, n * in, 4);
    for (size_t i = 0; i < count; i++) {
        struct linear_map w = {.in = in, .out = out};
        uint8_t *bytes[3];
        for (size_t p = 0; p < 3; p++) {
            const enum ggml_type t = types[(i + p) % count];
            const size_t blocks = in / ggml_block_elements(t);
            bytes[p] = get(rows[p] * blocks, ggml_block_bytes(t));
            fill_blocks(t, bytes[p], rows[p] * blocks, 10 * i + p);
            w.stack[p] = (struct linear_rows){bytes[p], rows[p],
                                              blocks * ggml_block_bytes(t), t};
        }
        linear_read(&w, 0, out, floats);
        for (int kind = 0; kind < 2; kind++) {
            w.kind = (enum linear_kind)kind;
            const struct linear_map plain = linear_of(floats, in, out, false, w.kind);
            ones(n * out, y[0]);
            ones(n * out, y[1]);
            linear_add(&w, n, x, y[0], scratch);
            linear_add(&plain, n, x, y[1], scratch);
            assert_memory_equal(y[0], y[1], n * out * sizeof **y);
            assert_true(isfinite(y[0][17]) && fabsf(y[0][17] - 1.0f) > 1e-3f);
        }
        for (size_t p = 0; p < 3; p++) {
            mem_free(bytes[p]);
        }
    }
    mem_free(scratch);
    mem_free(y[0]);
    mem_free(y[1]);
    mem_free(x);
    mem_free(floats);
}

static void what_is_no_number_goes_through(void **state)
{
    (void)state;
    enum { IN = 300, OUT = 40, N = 3 };
    static float w[IN * OUT], x[N * IN], y[N * OUT];
    void *scratch = get(linear_scratch_bytes(N, IN), 1);
    for (size_t k = 0; k < 4; k++) {
        for (int kind = 0; kernel(k) && kind < 2; kind++) {
            if (kernel(k)->pairs && kind == 0) {
                continue;
            }
            struct linear_map l = linear_of(w, IN, OUT, false, (enum linear_kind)kind);
            l.kern = kernel(k);
            fill(w, IN * OUT, 1);
            fill(x, N * IN, 2);
            const uint32_t bits = 0x7FFFFFFFu; /* a NaN that rounding could turn */
            memcpy(&x[IN + 299], &bits, sizeof bits);
            x[2 * IN] = INFINITY;
            ones(N * OUT, y);
            linear_add(&l, N, x, y, scratch);
            for (size_t j = 0; j < OUT; j++) {
                assert_true(isfinite(y[j]) && isnan(y[OUT + j]));
                assert_true(isinf(y[2 * OUT + j]));
            }
        }
    }
    mem_free(scratch);
}

/* The tiles of a kernel that a sanitizer does not look into are said to it as a whole:
 * a row of y, of x or of the panels that ends too early is still found. */
static void what_is_too_short_is_reported(void **state)
{
    (void)state;
#if !defined(WATCH_ADDRESS)
    skip();
#else
    enum { N = 3, ITEMS = 5 };
    for (size_t k = 0; k < 4; k++) {
        const struct kern_linear *l = kernel(k);
        for (int cut = 0; l && cut < 4; cut++) {
            const pid_t child = fork();
            assert_true(child >= 0);
            if (child == 0) {
                float *x = calloc(N * ITEMS - (cut == 1), sizeof *x);
                float *panel = calloc(l->panel * ITEMS - (cut == 2), sizeof *panel);
                float *y = calloc(N * l->panel - (cut == 3), sizeof *y);
                fclose(stderr);
                l->tiles(N, ITEMS, x, 1, panel, y, l->panel);
                free(x), free(panel), free(y);
                _exit(0);
            }
            int status = 0;
            assert_int_equal(waitpid(child, &status, 0), child);
            assert_true((WIFEXITED(status) && WEXITSTATUS(status) == 0) == (cut == 0));
        }
    }
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_has_the_same_bits),
        cmocka_unit_test(wide_kernels_agree_to_the_bit),
        cmocka_unit_test(every_type_is_as_if_dequantised),
        cmocka_unit_test(what_is_no_number_goes_through),
        cmocka_unit_test(what_is_too_short_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
