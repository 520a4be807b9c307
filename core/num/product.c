#include "num/product.h"

#include "num/blas.h"
#include "num/kern_wide.h"
#include "num/product_priv.h"

#include <assert.h>
#include <string.h>

#define PANEL_MAX PRODUCT_STEP
#define TILE_MAX  14

size_t product_packed_f32(size_t D, size_t F)
{
    const struct kern_wide *wide = kern_wide_get();
    if (!wide || D > wide->widest) {
        return 0;
    }
    return (F + wide->panel - 1) / wide->panel * wide->panel * D;
}

size_t product_sieved_f32(size_t D, size_t F)
{
    return product_packed_f32(D, F) > 0 ? sieve_size(D, F) : 0;
}

size_t product_scratch_f32(size_t rows, size_t D)
{
    const struct kern_wide *wide = kern_wide_get();
    const size_t sieve = sieve_scratch(rows, D);
    const size_t packed = rows * D + (wide ? wide->lanes : 0);
    return sieve > packed ? sieve : packed;
}

/* Packs the last panel, of n columns; those after them are 0. */
static void pack_edge(const float *W, size_t D, size_t n, size_t width, float *panel)
{
    memset(panel, 0, D * width * sizeof *panel);
    for (size_t d = 0; d < D; d++) {
        for (size_t i = 0; i < n; i++) {
            panel[d * width + i] = W[i * D + d];
        }
    }
}

void product_pack_f32(const struct product_weights_f32 *w, size_t j0, size_t j1)
{
    const struct kern_wide *wide = kern_wide_get();
    const size_t width = wide->panel, D = w->D;
    /* Whole panels, or none. */
    assert(j0 == j1 || (j0 % width == 0 && (j1 % width == 0 || j1 == w->F)));
    assert(width <= PANEL_MAX && wide->tile <= TILE_MAX);
    size_t j = j0;
    for (; j + width <= j1; j += width) {
        wide->pack(D, w->W + j * D, w->packed + j * D);
    }
    if (j < j1) {
        pack_edge(w->W + j * D, D, j1 - j, width, w->packed + j * D);
    }
    if (w->sieve) {
        sieve_pack(w, j0, j1);
    }
}

/* Packs the rows of each tile side by side. */
static void pack_rows(const struct kern_wide *wide, size_t rows, size_t D,
                      const float *x, float *packed)
{
    size_t r = 0;
    for (; r + wide->tile <= rows; r += wide->tile) {
        wide->pack_tile(D, x + r * D, packed + r * D);
    }
    for (size_t d = 0, n = rows - r; d < D; d++) {
        for (size_t i = 0; i < n; i++) {
            packed[r * D + d * n + i] = x[(r + i) * D + d];
        }
    }
}

/* Multiplies with the last panel, which has fewer columns than room. */
static void product_edge(const struct kern_wide *wide, size_t rows, size_t D,
                         const float *x, const float *panel, const float *b, size_t n,
                         float *h, size_t ldh)
{
    float bias[PANEL_MAX] = {0}, part[TILE_MAX * PANEL_MAX];
    memcpy(bias, b, n * sizeof *b);
    for (size_t r = 0; r < rows; r += wide->tile) {
        const size_t some = rows - r < wide->tile ? rows - r : wide->tile;
        wide->product(some, D, x + r * D, panel, bias, part, wide->panel);
        for (size_t i = 0; i < some; i++) {
            memcpy(h + (r + i) * ldh, part + i * wide->panel, n * sizeof *h);
        }
    }
}

/* Computes all columns of h. */
static void packed_columns(size_t rows, const float *x,
                           const struct product_weights_f32 *w, float *h)
{
    const struct kern_wide *wide = kern_wide_get();
    const size_t width = wide->panel, D = w->D, F = w->F;
    size_t j = 0;
    for (; j + width <= F; j += width) {
        wide->product(rows, D, x, w->packed + j * D, w->b + j, h + j, F);
    }
    if (j < F) {
        product_edge(wide, rows, D, x, w->packed + j * D, w->b + j, F - j, h + j, F);
    }
}

/* Returns the lowest bit that is set; the last if none is. */
static size_t lowest(uint64_t bits)
{
    return (size_t)__builtin_ctzll(bits | (uint64_t)1 << 63);
}

void product_list(const struct product_found_f32 *found, size_t r, size_t j,
                  const unsigned char set[PRODUCT_SET_BYTES], const float *h)
{
    size_t have = found->n[r];
    if (have > found->room) {
        return;
    }
    /* Four are written at a time, past what a whole part can add. */
    assert(found->room + PRODUCT_PART + 4 <= found->stride);
    int32_t *id = found->id + r * found->stride;
    float *val = found->val + r * found->stride;
    for (size_t w = 0; w < PRODUCT_PART / 64; w++) {
        uint64_t bits;
        memcpy(&bits, set + 8 * w, sizeof bits);
        const size_t n = (size_t)__builtin_popcountll(bits);
        /* Always four, even if there are fewer: the CPU predicts that branch well. */
        for (size_t i = 0; i < n; i += 4) {
            for (size_t e = have + i; e < have + i + 4; e++) {
                const size_t at = 64 * w + lowest(bits);
                id[e] = (int32_t)(j + at);
                val[e] = h[at];
                bits &= bits - 1;
            }
        }
        have += n;
    }
    found->n[r] = have;
}

/* Lists what is above in n rows from r on and some columns from j on. A panel reaches
 * beyond the last column; there the product is 0, which is above no cut. */
static void above_part(const struct kern_wide *wide, size_t r, size_t n, size_t D,
                       size_t j, size_t columns, const float *x, const float *panels,
                       const float *bias, const float *above,
                       const struct product_found_f32 *found)
{
    float h[PRODUCT_PART_ROWS * PRODUCT_PART];
    unsigned char set[PRODUCT_PART_ROWS * PRODUCT_SET_BYTES] = {0};
    for (size_t i = 0; i < columns; i += wide->panel) {
        const struct product_cut cut = {above, set + i / 8, PRODUCT_SET_BYTES};
        wide->product_cut(n, D, x, panels + i * D, bias + i, h + i, PRODUCT_PART, &cut);
    }
    for (size_t i = 0; i < n; i++) {
        product_list(found, r + i, j, set + i * PRODUCT_SET_BYTES,
                     h + i * PRODUCT_PART);
    }
}

void product_above_f32(size_t rows, const float *x, const struct product_weights_f32 *w,
                       const float *above, size_t keep, float *scratch,
                       const struct product_found_f32 *found)
{
    const struct kern_wide *wide = kern_wide_get();
    const size_t D = w->D, F = w->F;
    assert(w->packed && wide && D <= wide->widest && F <= INT32_MAX);
    memset(found->n, 0, rows * sizeof *found->n);
    if (w->sieve) {
        sieve_rows(rows, x, w, above, keep, scratch, found);
        return;
    }
    pack_rows(wide, rows, D, x, scratch);
    for (size_t j = 0; j < F; j += PRODUCT_PART) {
        const size_t columns = F - j < PRODUCT_PART ? F - j : PRODUCT_PART;
        float bias[PRODUCT_PART] = {0};
        memcpy(bias, w->b + j, columns * sizeof *bias);
        for (size_t r = 0; r < rows; r += PRODUCT_PART_ROWS) {
            const size_t n =
                rows - r < PRODUCT_PART_ROWS ? rows - r : PRODUCT_PART_ROWS;
            above_part(wide, r, n, D, j, columns, scratch + r * D, w->packed + j * D,
                       bias, above + r, found);
        }
    }
}

/* A list may end up to a part and a few entries after its room. Rows start an odd
 * number of cache lines apart, so that they do not collide in the cache. */
void product_found_init_f32(struct product_found_f32 *found, size_t F, size_t room)
{
    found->room = room < F ? room : F;
    found->stride = ((found->room + PRODUCT_PART + 4 + 15) / 16 | 1) * 16;
}

void product_rows_f32(size_t rows, const float *x, const struct product_weights_f32 *w,
                      float *scratch, float *h)
{
    const size_t D = w->D, F = w->F;
    if (w->packed) {
        pack_rows(kern_wide_get(), rows, D, x, scratch);
        packed_columns(rows, scratch, w, h);
        return;
    }
    for (size_t r = 0; r < rows; r++) {
        memcpy(h + r * F, w->b, F * sizeof *h);
    }
    gemm_f32(NO_TRANS, TRANS, rows, F, D, 1, x, D, w->W, D, 1, h, F);
}
