/* The packed product against plain sums, BLAS, and itself in other blocks. */
#include "base/mem.h"
#include "base/rng.h"
#include "num/blas.h"
#include "num/kern_wide.h"
#include "num/product.h"
#include "unit/check.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

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
        float *scratch = normals(&r, product_scratch_f32(s.rows, s.D));
        const float behind = h[s.rows * s.F];
        const struct product_weights_f32 w = {s.D, s.F, W, b, packed, NULL};
        if (packed) { /* in two parts, as threads do */
            const size_t half = s.F > PRODUCT_STEP ? PRODUCT_STEP : s.F;
            product_pack_f32(&w, half, s.F);
            product_pack_f32(&w, 0, half);
        }
        product_rows_f32(s.rows, x, &w, scratch, h);
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
    const struct product_weights_f32 w = {D, F, W, b, packed, NULL};
    product_pack_f32(&w, 0, F);
    product_rows_f32(rows, x, &w, scratch, h);
    for (size_t i = 0; i < rows; i++) {
        product_rows_f32(1, x + i * D, &w, scratch, one);
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

/* Checks lists against the stored product. A row has all its entries above the limit,
 * or is marked as not listed, which only a row with many entries may be; with the sieve
 * (`odd` not NULL) also a row that it cannot take, or one with many entries that it
 * cannot tell from those above. */
static void assert_lists(const struct product_found_f32 *f, size_t rows, size_t F,
                         const float *h, const float *above, const bool *odd)
{
    for (size_t i = 0; i < rows; i++) {
        const bool listed = f->n[i] <= f->room;
        size_t m = 0;
        for (size_t j = 0; j < F; j++) {
            const float v = h[i * F + j];
            if (v > above[i] && m < f->room && listed) {
                assert_int_equal(f->id[i * f->stride + m], j);
                assert_memory_equal(&f->val[i * f->stride + m], &v, sizeof v);
            }
            m += v > above[i];
        }
        assert_true(listed ? f->n[i] == m
                           : m > f->room || (odd && (odd[i] || f->room < F)));
    }
}

/* Rows and columns that rounding to whole numbers finds hard: of nothing, of one entry
 * that dwarfs the rest, of no finite norm, of a tiny one. */
static void make_odd(float *x, size_t rows, size_t D, bool *odd)
{
    for (size_t i = 0; i < rows; i++) {
        float *row = x + i * D;
        switch (i % 7) {
        case 1: memset(row, 0, D * sizeof *row); break;
        case 2: row[D / 2] = 1000.0f; break;
        case 3: row[0] = i % 2 > 0 ? INFINITY : NAN; break;
        case 4:
            for (size_t d = 0; d < D; d++) {
                row[d] *= i % 2 > 0 ? 1e-30f : 1e30f;
            }
            break;
        default: continue;
        }
        odd[i] = i % 7 != 2;
    }
}

/* The same entries as those of the stored product, with thresholds that nothing, some
 * and everything passes, and lists that are too short; of ordinary numbers or odd ones;
 * with the sieve and without. */
static void check_above(struct sizes s, bool is_odd, bool sieved, size_t seed)
{
    const size_t n = product_packed_f32(s.D, s.F);
    const size_t m = sieved ? product_sieved_f32(s.D, s.F) : 0;
    if (n == 0 || (sieved && m == 0)) {
        return;
    }
    struct rng r = rng_begin(5, RNG_SAMPLE, seed);
    float *x = normals(&r, s.rows * s.D), *W = normals(&r, s.F * s.D);
    float *b = normals(&r, s.F), *h = normals(&r, s.rows * s.F);
    float *packed = normals(&r, n), *above = normals(&r, s.rows);
    float *sieve = normals(&r, m),
          *scratch = normals(&r, product_scratch_f32(s.rows, s.D));
    bool *odd = mem_alloc(s.rows + s.F, sizeof *odd);
    struct product_found_f32 f;
    product_found_init_f32(&f, s.F, seed % 2 == 0 ? s.F : 20);
    f.n = mem_alloc(s.rows, sizeof *f.n);
    f.id = mem_alloc(s.rows * f.stride, sizeof *f.id);
    f.val = mem_alloc(s.rows * f.stride, sizeof *f.val);
    if (is_odd) {
        make_odd(x, s.rows, s.D, odd);
        make_odd(W, s.F, s.D, odd + s.rows);
        b[s.F / 2] = -INFINITY;
        b[0] = NAN;
    }
    const struct product_weights_f32 w = {s.D, s.F, W, b, packed, m ? sieve : NULL};
    product_pack_f32(&w, 0, s.F);
    product_rows_f32(s.rows, x, &w, scratch, h);
    for (size_t i = 0; i < s.rows; i++) {
        above[i] = i % 3 == 0 ? 0.0f : i % 3 == 1 ? 1e9f : sqrtf((float)s.D);
    }
    product_above_f32(s.rows, x, &w, above, 0, scratch, &f);
    assert_lists(&f, s.rows, s.F, h, above, sieved ? odd : NULL);
    void *all_of[] = {x, W, b, h, packed, above, sieve, scratch, odd, f.n, f.id, f.val};
    for (size_t i = 0; i < sizeof all_of / sizeof all_of[0]; i++) {
        mem_free(all_of[i]);
    }
}

static void above_lists_what_passes(void **state)
{
    (void)state;
    for (size_t c = 0; c < sizeof all / sizeof all[0]; c++) {
        for (size_t i = 0; i < 4; i++) {
            check_above(all[c], i % 2 > 0, i / 2 > 0, c);
        }
    }
}

/* With `keep` the greatest of each row are there, whatever else is. */
static void keeps_the_greatest(void **state)
{
    (void)state;
    enum { ROWS = 90, D = 130, F = 300, KEEP = 7 };
    const size_t n = product_packed_f32(D, F), m = product_sieved_f32(D, F);
    if (m == 0) {
        skip();
    }
    struct rng r = rng_begin(7, RNG_SAMPLE, 0);
    float *x = normals(&r, (size_t)ROWS * D), *W = normals(&r, (size_t)F * D);
    float *b = normals(&r, F), *packed = normals(&r, n), *sieve = normals(&r, m);
    float *h = normals(&r, (size_t)ROWS * F);
    float *scratch = normals(&r, product_scratch_f32(ROWS, D));
    float above[ROWS];
    struct product_found_f32 f;
    memcpy(W + 5 * D, W + 9 * D, D * sizeof *W); /* two that tie */
    b[5] = b[9];
    product_found_init_f32(&f, F, F);
    f.n = mem_alloc(ROWS, sizeof *f.n);
    f.id = mem_alloc(ROWS * f.stride, sizeof *f.id);
    f.val = mem_alloc(ROWS * f.stride, sizeof *f.val);
    const struct product_weights_f32 w = {D, F, W, b, packed, sieve};
    product_pack_f32(&w, 0, F);
    product_rows_f32(ROWS, x, &w, scratch, h);
    for (size_t i = 0; i < ROWS; i++) {
        above[i] = 3;
    }
    product_above_f32(ROWS, x, &w, above, KEEP, scratch, &f);
    for (size_t i = 0; i < ROWS; i++) {
        size_t at = 0;
        assert_in_range(f.n[i], KEEP, 2 * KEEP);
        for (size_t j = 0; j < F; j++) {
            size_t greater = 0;
            for (size_t o = 0; o < F; o++) {
                greater += h[i * F + o] > h[i * F + j];
            }
            if (at < f.n[i] && f.id[i * f.stride + at] == (int32_t)j) {
                assert_memory_equal(&f.val[i * f.stride + at], &h[i * F + j],
                                    sizeof(float));
                at++;
            } else {
                assert_true(greater >= KEEP);
            }
        }
        assert_int_equal(at, f.n[i]);
    }
    void *all_of[] = {x, W, b, packed, sieve, h, scratch, f.n, f.id, f.val};
    for (size_t i = 0; i < sizeof all_of / sizeof all_of[0]; i++) {
        mem_free(all_of[i]);
    }
}

/* No entry within a few roundings of the cut is lost: a row's cuts are its own entries
 * and their neighbours. */
static void the_sieve_loses_nothing_at_the_cut(void **state)
{
    (void)state;
    enum { ROWS = 200, D = 512, F = 160 };
    const size_t n = product_packed_f32(D, F), m = product_sieved_f32(D, F);
    if (m == 0) {
        skip();
    }
    struct rng r = rng_begin(6, RNG_SAMPLE, 0);
    float *one = normals(&r, D), *x = normals(&r, (size_t)ROWS * D);
    float *W = normals(&r, (size_t)F * D), *b = normals(&r, F);
    float *packed = normals(&r, n), *sieve = normals(&r, m);
    float *h = normals(&r, (size_t)ROWS * F),
          *scratch = normals(&r, product_scratch_f32(ROWS, D));
    float above[ROWS];
    struct product_found_f32 f;
    product_found_init_f32(&f, F, F);
    f.n = mem_alloc(ROWS, sizeof *f.n);
    f.id = mem_alloc(ROWS * f.stride, sizeof *f.id);
    f.val = mem_alloc(ROWS * f.stride, sizeof *f.val);
    for (size_t i = 0; i < ROWS; i++) {
        memcpy(x + i * D, one, D * sizeof *one);
    }
    const struct product_weights_f32 w = {D, F, W, b, packed, sieve};
    product_pack_f32(&w, 0, F);
    product_rows_f32(ROWS, x, &w, scratch, h);
    for (size_t i = 0; i < ROWS; i++) {
        const float at = fabsf(h[i % F]);
        above[i] = i % 3 == 0 ? at : nextafterf(at, i % 3 == 1 ? 0.0f : INFINITY);
    }
    product_above_f32(ROWS, x, &w, above, 0, scratch, &f);
    assert_lists(&f, ROWS, F, h, above, NULL);
    void *all_of[] = {one, x, W, b, packed, sieve, h, scratch, f.n, f.id, f.val};
    for (size_t i = 0; i < sizeof all_of / sizeof all_of[0]; i++) {
        mem_free(all_of[i]);
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
        cmocka_unit_test(keeps_the_greatest),
        cmocka_unit_test(the_sieve_loses_nothing_at_the_cut),
        cmocka_unit_test(bits_do_not_depend_on_neighbours),
        cmocka_unit_test(avx512_has_the_bits_of_avx2),
    };
    num_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
