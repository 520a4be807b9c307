/* The packed product against plain sums, BLAS, and itself in other blocks. */
#include "base/mem.h"
#include "base/rng.h"
#include "num/blas.h"
#include "num/kern_wide.h"
#include "num/product.h"
#include "unit/check.h"

#include <math.h>

static float *normals(struct rng *r, size_t n)
{
    float *x = mem_alloc(n, sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++) {
        x[i] = (float)rng_normal(r);
    }
    return x;
}

struct sizes {
    size_t rows, D, F;
};

static const struct sizes all[] = {
    {1, 1, 1},      {3, 5, 31},   {13, 8, 32},   {14, 16, 33},
    {15, 7, 64},    {29, 3, 40},  {6, 128, 96},  {27, 64, 129},
    {56, 128, 257}, {5, 300, 70}, {15, 600, 40}, {3, 1025, 33},
};

static void matches_sums(void **state)
{
    (void)state;
    for (size_t c = 0; c < sizeof all / sizeof all[0]; c++) {
        const struct sizes s = all[c];
        struct rng r = rng_begin(1, RNG_SAMPLE, c);
        float *x = normals(&r, s.rows * s.D), *W = normals(&r, s.F * s.D);
        float *b = normals(&r, s.F), *h = normals(&r, s.rows * s.F + 1);
        const size_t n = product_packed_f32(s.D, s.F);
        float *packed = n > 0 ? normals(&r, n) : NULL;
        float *scratch = normals(&r, s.rows * s.D);
        const float behind = h[s.rows * s.F];
        if (packed) { /* in two parts, as threads do */
            const size_t half = s.F > PRODUCT_STEP ? PRODUCT_STEP : s.F;
            product_pack_f32(W, s.D, s.F, half, s.F, packed);
            product_pack_f32(W, s.D, s.F, 0, half, packed);
        }
        product_rows_f32(s.rows, s.D, s.F, x, W, packed, b, scratch, h);
        assert_memory_equal(&behind, &h[s.rows * s.F], sizeof behind);
        for (size_t i = 0; i < s.rows * s.F; i++) {
            double sum = (double)b[i % s.F];
            for (size_t d = 0; d < s.D; d++) {
                sum += (double)x[i / s.F * s.D + d] * (double)W[i % s.F * s.D + d];
            }
            assert_true(fabs(sum - (double)h[i]) < 1e-5 * (double)(s.D + 8));
        }
        mem_free(x);
        mem_free(W);
        mem_free(b);
        mem_free(h);
        mem_free(packed);
        mem_free(scratch);
    }
}

/* A row alone and among others: the same bits. */
static void bits_do_not_depend_on_neighbours(void **state)
{
    (void)state;
    const size_t rows = 31, D = 100, F = 77, n = product_packed_f32(D, F);
    if (n == 0) {
        skip();
    }
    struct rng r = rng_begin(2, RNG_SAMPLE, 0);
    float *x = normals(&r, rows * D), *W = normals(&r, F * D), *b = normals(&r, F);
    float *packed = normals(&r, n), *h = normals(&r, rows * F), *one = normals(&r, F);
    float *scratch = normals(&r, rows * D);
    product_pack_f32(W, D, F, 0, F, packed);
    product_rows_f32(rows, D, F, x, W, packed, b, scratch, h);
    for (size_t i = 0; i < rows; i++) {
        product_rows_f32(1, D, F, x + i * D, W, packed, b, scratch, one);
        assert_memory_equal(one, h + i * F, F * sizeof *one);
    }
    mem_free(x);
    mem_free(W);
    mem_free(b);
    mem_free(packed);
    mem_free(scratch);
    mem_free(h);
    mem_free(one);
}

/* The same entries as those of the stored product, with thresholds that nothing, some
 * and everything passes, and lists that are too short. */
static void above_lists_what_passes(void **state)
{
    (void)state;
    for (size_t c = 0; c < sizeof all / sizeof all[0]; c++) {
        const struct sizes s = all[c];
        const size_t n = product_packed_f32(s.D, s.F);
        if (n == 0) {
            continue;
        }
        struct rng r = rng_begin(5, RNG_SAMPLE, c);
        float *x = normals(&r, s.rows * s.D), *W = normals(&r, s.F * s.D);
        float *b = normals(&r, s.F), *h = normals(&r, s.rows * s.F);
        float *packed = normals(&r, n), *above = normals(&r, s.rows);
        float *scratch = normals(&r, s.rows * s.D);
        struct product_found_f32 f;
        product_found_init_f32(&f, s.F, c % 2 == 0 ? s.F : 20);
        f.n = mem_alloc(s.rows, sizeof *f.n);
        f.id = mem_alloc(s.rows * f.stride, sizeof *f.id);
        f.val = mem_alloc(s.rows * f.stride, sizeof *f.val);
        product_pack_f32(W, s.D, s.F, 0, s.F, packed);
        product_rows_f32(s.rows, s.D, s.F, x, W, packed, b, scratch, h);
        for (size_t i = 0; i < s.rows; i++) {
            above[i] = i % 3 == 0 ? 0.0f : i % 3 == 1 ? 1e9f : sqrtf((float)s.D);
        }
        product_above_f32(s.rows, s.D, s.F, x, packed, b, above, scratch, &f);
        for (size_t i = 0; i < s.rows; i++) {
            size_t m = 0;
            for (size_t j = 0; j < s.F; j++) {
                const float v = h[i * s.F + j];
                if (v > above[i] && m < f.room && f.n[i] <= f.room) {
                    assert_int_equal(f.id[i * f.stride + m], j);
                    assert_memory_equal(&f.val[i * f.stride + m], &v, sizeof v);
                }
                m += v > above[i];
            }
            assert_true(f.n[i] == m || (f.n[i] > f.room && m > f.room));
        }
        mem_free(x);
        mem_free(W);
        mem_free(b);
        mem_free(h);
        mem_free(packed);
        mem_free(above);
        mem_free(scratch);
        mem_free(f.n);
        mem_free(f.id);
        mem_free(f.val);
    }
}

/* Rows as a kernel wants them: tile by tile, first terms first. */
static float *pack_rows(size_t rows, size_t D, const float *x, size_t tile)
{
    float *packed = mem_alloc(rows * D, sizeof *packed);
    assert_non_null(packed);
    for (size_t i = 0; i < rows * D; i++) {
        const size_t r = i / D, d = i % D, first = r / tile * tile;
        const size_t n = rows - first < tile ? rows - first : tile;
        packed[first * D + d * n + r - first] = x[i];
    }
    return packed;
}

/* One panel of the wider kernel and two of the narrower. */
static void avx512_has_the_bits_of_avx2(void **state)
{
    (void)state;
    const struct kern_wide *a = kern_wide_avx2(), *z = kern_wide_avx512();
    if (!a || !z) {
        skip();
    }
    enum { ROWS = 33, D = 65 };
    assert_int_equal(z->panel, 2 * a->panel);
    struct rng r = rng_begin(3, RNG_SAMPLE, 0);
    float *x = normals(&r, (size_t)ROWS * D), *wide = normals(&r, D * z->panel);
    float *narrow = normals(&r, D * z->panel), *b = normals(&r, z->panel);
    float *h[2] = {normals(&r, ROWS * z->panel), normals(&r, ROWS * z->panel)};
    for (size_t i = 0; i < D * z->panel; i++) {
        const size_t d = i / z->panel, j = i % z->panel;
        narrow[j / a->panel * D * a->panel + d * a->panel + j % a->panel] = wide[i];
    }
    float *zx = pack_rows(ROWS, D, x, z->tile), *ax = pack_rows(ROWS, D, x, a->tile);
    z->product(ROWS, D, zx, wide, b, h[0], z->panel);
    a->product(ROWS, D, ax, narrow, b, h[1], z->panel);
    a->product(ROWS, D, ax, narrow + D * a->panel, b + a->panel, h[1] + a->panel,
               z->panel);
    mem_free(zx);
    mem_free(ax);
    assert_memory_equal(h[0], h[1], ROWS * z->panel * sizeof(float));
    mem_free(x);
    mem_free(wide);
    mem_free(narrow);
    mem_free(b);
    mem_free(h[0]);
    mem_free(h[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_sums),
        cmocka_unit_test(above_lists_what_passes),
        cmocka_unit_test(bits_do_not_depend_on_neighbours),
        cmocka_unit_test(avx512_has_the_bits_of_avx2),
    };
    num_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
