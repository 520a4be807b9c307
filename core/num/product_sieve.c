/* The sieve finds the entries of a product x w that exceed their row's cut without
 * computing all of them in floats.
 *
 * Each row x and each column w is rounded to whole numbers of 16 bits: x = s (q + e)
 * and w = u (p + f), where s and u are the steps, q and p are whole, and no entry of
 * the remainders e and f is larger than 1/2. The product q p is cheap and exact, and
 * gives x w up to a margin. By Cauchy and Schwarz
 *
 *   |x w - s u q p| <= s (u c ||q|| + c (||w|| + 2 u c)),  c = sqrt(D) / 2.
 *
 * The product in floats errs as well, by at most g (||x|| ||w|| + |b|), where g is
 * about D roundings. Where s u q p plus both margins stays below the cut, the entry
 * cannot be above it. The few others are computed in floats, in the order of
 * product_rows: the same bits. The steps are chosen so that ||q|| and ||x|| / s are at
 * most SIEVE_NORM, except for rounding. */
#include "num/kern_sieve.h"
#include "num/product_priv.h"
#include "num/topk.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

/* For wider rows BLAS multiplies: product_packed returns 0. */
#define WIDTH_MAX ((size_t)1024)
#define LANES_MAX ((size_t)PRODUCT_STEP / 2)

/* ---- the layout: panels, then a unit, a margin and a bias a column ---- */

struct layout {
    size_t pairs, columns; /* of a row; F in whole panels */
    size_t lanes;
};

static struct layout layout_of(size_t D, size_t F)
{
    const size_t lanes = kern_sieve_get()->lanes, panel = 2 * lanes;
    return (struct layout){(D + 1) / 2, (F + panel - 1) / panel * panel, lanes};
}

/* Returns the pairs of the columns from j on, the first of a panel or of its second
 * half. */
static int16_t *pairs_at(float *sieve, const struct layout *l, size_t j)
{
    const size_t half = j % (2 * l->lanes);
    return (int16_t *)(void *)(sieve + (j - half) * l->pairs + half);
}

static float *column_at(float *sieve, const struct layout *l, size_t which, size_t j)
{
    return sieve + l->columns * (l->pairs + which) + j;
}

size_t sieve_size(size_t D, size_t F)
{
    if (!kern_sieve_get() || D > WIDTH_MAX) {
        return 0;
    }
    const struct layout l = layout_of(D, F);
    return l.columns * (l.pairs + 3);
}

size_t sieve_scratch(size_t rows, size_t D)
{
    const struct kern_sieve *k = kern_sieve_get();
    if (!k) {
        return 0;
    }
    const size_t n = rows < PRODUCT_PART_ROWS ? rows : PRODUCT_PART_ROWS;
    return (n + k->tile - 1) / k->tile * k->lanes * ((D + 1) / 2);
}

/* ---- columns ---- */

/* Returns about D roundings of floats, including those of this file. */
static double roundings(size_t D)
{
    return ((double)D + 32) * (double)FLT_EPSILON;
}

/* Returns a column's margin: infinite for norm 0, which marks a column that cannot be
 * rounded, so that it is always computed in full. */
static float margin_of(size_t D, float norm, float unit)
{
    if (!(norm > 0)) {
        return INFINITY;
    }
    /* A little more than half, for the rounding of what is rounded. */
    const double c = 0.51 * sqrt((double)D), n = (double)SIEVE_NORM * (1 + 1e-5);
    const double u = (double)unit, w = (double)norm * (1 + 1e-5);
    return (float)(1.0001 *
                   (u * c * (n + c) + c * (w + 2 * u * c) + roundings(D) * n * w));
}

/* Packs column j, with its pairs in q. */
static void pack_column(const struct product_weights_f32 *w, const struct layout *l,
                        size_t j, int16_t *q)
{
    float unit = 0, norm = 0, bias = -INFINITY, margin = 0; /* of what is no column */
    if (j < w->F) {
        norm = kern_sieve_get()->round(w->D, w->W + j * w->D, q, &unit);
        margin = margin_of(w->D, norm, unit);
        bias = w->b[j] + (float)roundings(w->D) * fabsf(w->b[j]);
    }
    if (!(norm > 0)) {
        memset(q, 0, l->pairs * 2 * sizeof *q);
        unit = 0;
    }
    *column_at(w->sieve, l, 0, j) = unit;
    *column_at(w->sieve, l, 1, j) = margin;
    *column_at(w->sieve, l, 2, j) = bias;
}

void sieve_pack(const struct product_weights_f32 *w, size_t j0, size_t j1)
{
    const struct layout l = layout_of(w->D, w->F);
    const size_t end = j1 < w->F ? j1 : l.columns;
    assert(l.pairs * 2 <= WIDTH_MAX + 1 && l.lanes <= LANES_MAX && j0 % l.lanes == 0);
    int16_t q[LANES_MAX * WIDTH_MAX];
    for (size_t j = j0; j < end; j += l.lanes) {
        for (size_t i = 0; i < l.lanes; i++) {
            pack_column(w, &l, j + i, q + i * l.pairs * 2);
        }
        kern_sieve_get()->deal(l.pairs, q, 2 * l.lanes, pairs_at(w->sieve, &l, j));
    }
}

/* ---- rows ---- */

/* Rows handled together. Places after the last row let nothing pass. */
struct slab {
    size_t r, n; /* the first, how many */
    int16_t *x;  /* dealt by tile */
    float unit[PRODUCT_PART_ROWS], above[PRODUCT_PART_ROWS];
};

/* Rounds and deals rows. A row that cannot be rounded lets nothing pass and is not
 * listed. */
static void begin_slab(struct slab *p, const struct layout *l, size_t D, const float *x,
                       const float *above, const struct product_found_f32 *found)
{
    const struct kern_sieve *k = kern_sieve_get();
    const size_t width = l->pairs * 2;
    int16_t q[LANES_MAX * WIDTH_MAX];
    for (size_t t = 0; t < p->n; t += k->tile) {
        memset(q, 0, l->lanes * width * sizeof *q);
        for (size_t i = t; i < t + k->tile; i++) {
            p->unit[i] = 0;
            p->above[i] = i < p->n ? above[i] : NAN;
            if (i < p->n &&
                !(k->round(D, x + i * D, q + (i - t) * width, &p->unit[i]) > 0)) {
                p->above[i] = NAN;
                found->n[p->r + i] = SIZE_MAX;
            }
        }
        k->deal(l->pairs, q, l->lanes, p->x + t / k->tile * l->lanes * width);
    }
}

/* Lists what may be above, of some columns from j on, with approximate values. */
static void sieve_slab(const struct slab *p, const struct layout *l, size_t j,
                       float *sieve, const struct product_found_f32 *found)
{
    const size_t end = l->columns - j < PRODUCT_PART ? l->columns : j + PRODUCT_PART;
    float about[PRODUCT_PART_ROWS * PRODUCT_PART];
    unsigned char set[PRODUCT_PART_ROWS * PRODUCT_SET_BYTES] = {0};
    for (size_t c = j; c < end; c += 2 * l->lanes) {
        const struct sieve_columns columns = {column_at(sieve, l, 0, c),
                                              column_at(sieve, l, 1, c),
                                              column_at(sieve, l, 2, c)};
        const struct sieve_cut cut = {p->unit, p->above, set + (c - j) / 8,
                                      about + (c - j), PRODUCT_PART};
        kern_sieve_get()->above(p->n, l->pairs, p->x, pairs_at(sieve, l, c), &columns,
                                &cut);
    }
    for (size_t i = 0; i < p->n; i++) {
        product_list(found, p->r + i, j, set + i * PRODUCT_SET_BYTES,
                     about + i * PRODUCT_PART);
    }
}

/* ---- what is computed in full ---- */

/* Returns how far a row's approximate entries may be off. */
static float widest_margin(const struct product_weights_f32 *w, const struct layout *l,
                           size_t n, const int32_t *id, float unit)
{
    float most = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t j = (size_t)id[i];
        const float off = unit * *column_at(w->sieve, l, 1, j) +
                          (float)roundings(w->D) * 2 * fabsf(w->b[j]);
        most = off < most ? most : off; /* NaN stays */
    }
    return most;
}

/* Keeps those of n entries, of approximate value val, that may be among the `keep`
 * greatest; returns how many. At least `keep` are above the cut minus the margin,
 * others below it minus two margins. */
static size_t keep_likely(const struct product_weights_f32 *w, const struct layout *l,
                          float unit, size_t keep, size_t n, int32_t *id,
                          const float *val)
{
    const float off = widest_margin(w, l, n, id, unit);
    float least = INFINITY;
    for (size_t i = 0; i < n; i++) {
        least = val[i] < least ? val[i] : least;
    }
    if (!(off < FLT_MAX) || !(least > 0)) {
        return n;
    }
    size_t above, m = 0;
    const float cut = topk_cut_f32(n, val, keep, &above) - 2 * off;
    for (size_t i = 0; i < n; i++) {
        id[m] = id[i];
        m += val[i] >= cut;
    }
    return m;
}

/* Entries left over, too few to fill the lanes with others of their row. */
struct left {
    size_t n;
    int32_t row[PRODUCT_PART_ROWS * LANES_MAX], id[PRODUCT_PART_ROWS * LANES_MAX];
    float *to[PRODUCT_PART_ROWS * LANES_MAX], val[PRODUCT_PART_ROWS * LANES_MAX];
};

/* Computes the likely entries of row i, except those left over. */
static void compute_row(const struct product_weights_f32 *w, const struct layout *l,
                        const struct slab *p, size_t i, size_t keep, const float *x,
                        const struct product_found_f32 *found, struct left *left)
{
    int32_t *id = found->id + (p->r + i) * found->stride;
    float *val = found->val + (p->r + i) * found->stride;
    size_t n = found->n[p->r + i];
    if (n > found->room) {
        return;
    }
    if (keep > 0 && n > keep) {
        n = keep_likely(w, l, p->unit[i], keep, n, id, val);
    }
    found->n[p->r + i] = n;
    const size_t whole = n / l->lanes * l->lanes;
    assert(left->n + (n - whole) <= sizeof left->id / sizeof left->id[0]);
    kern_sieve_get()->row_entries(whole, id, w->D, x + i * w->D, w->W, w->b, val);
    for (size_t e = whole; e < n; e++) {
        left->row[left->n] = (int32_t)i;
        left->id[left->n] = id[e];
        left->to[left->n] = val + e;
        left->n++;
    }
}

/* Keeps what is above. */
static void settle_row(const struct slab *p, size_t i,
                       const struct product_found_f32 *found)
{
    int32_t *id = found->id + (p->r + i) * found->stride;
    float *val = found->val + (p->r + i) * found->stride;
    const size_t n = found->n[p->r + i];
    size_t m = 0;
    if (n > found->room) {
        return;
    }
    for (size_t e = 0; e < n; e++) {
        id[m] = id[e];
        val[m] = val[e];
        m += val[e] > p->above[i];
    }
    found->n[p->r + i] = m;
}

/* x [p->n,D] */
static void compute_part(const struct product_weights_f32 *w, const struct layout *l,
                         const struct slab *p, size_t keep, const float *x,
                         const struct product_found_f32 *found)
{
    struct left left;
    left.n = 0;
    for (size_t i = 0; i < p->n; i++) {
        compute_row(w, l, p, i, keep, x, found, &left);
    }
    kern_sieve_get()->entries(left.n, left.row, left.id, w->D, x, w->W, w->b, left.val);
    for (size_t e = 0; e < left.n; e++) {
        *left.to[e] = left.val[e];
    }
    for (size_t i = 0; i < p->n; i++) {
        settle_row(p, i, found);
    }
}

void sieve_rows(size_t rows, const float *x, const struct product_weights_f32 *w,
                const float *above, size_t keep, float *scratch,
                const struct product_found_f32 *found)
{
    const struct layout l = layout_of(w->D, w->F);
    struct slab p = {.x = (int16_t *)(void *)scratch};
    for (p.r = 0; p.r < rows; p.r += PRODUCT_PART_ROWS) {
        p.n = rows - p.r < PRODUCT_PART_ROWS ? rows - p.r : PRODUCT_PART_ROWS;
        begin_slab(&p, &l, w->D, x + p.r * w->D, above + p.r, found);
        for (size_t j = 0; j < l.columns; j += PRODUCT_PART) {
            sieve_slab(&p, &l, j, w->sieve, found);
        }
        compute_part(w, &l, &p, keep, x + p.r * w->D, found);
    }
}
