/* Kernels of num/product_sieve.c: products in whole numbers of 16 bits, two terms of
 * several columns per instruction, and single entries of the product in floats. Any
 * thread; no kernel allocates. Internal to core/num and to tests.
 *
 * Rows of whole numbers are rows of pairs: two terms in 32 bits, ceil(D / 2) of them,
 * with 0 after the last term. `lanes` rows are dealt together: the first pair of each,
 * then the second, and so on. */
#ifndef SAETOP_NUM_KERN_SIEVE_H
#define SAETOP_NUM_KERN_SIEVE_H

#include <stddef.h>
#include <stdint.h>

/* Factors of a panel's columns that turn a sum of whole numbers into an entry. */
struct sieve_columns {
    const float *unit;   /* value of 1 in W's whole numbers */
    const float *margin; /* largest error of a sum times unit, in units of the row */
    const float *bias;
};

/* Factors of rows, and where results go; the next row's are `ld` entries on. */
struct sieve_cut {
    const float *unit;  /* value of 1 in x's whole numbers */
    const float *above; /* nothing is above NaN */
    unsigned char *set; /* one bit per entry: it may be above; as in struct
                           product_cut */
    float *about;       /* the entry, without the margin */
    size_t ld;          /* a multiple of 8 */
};

struct kern_sieve {
    const char *name; /* "vnni"; NULL: not compiled */
    size_t lanes;     /* a power of two; panels have twice as many columns */
    size_t tile;      /* rows that are dealt together, up to `lanes` */

    /* q = x / *unit, rounded to whole numbers so that the norm of q is at most
     * SIEVE_NORM and a sum of products of two such rows fits 32 bits. Returns the norm
     * of x; 0 if x is 0, out of range or not finite: q and unit are then
     * meaningless. */
    float (*round)(size_t D, const float *x, int16_t *q, float *unit);

    /* Deals `lanes` rows of pairs; first and second ones are `step` numbers apart. */
    void (*deal)(size_t pairs, const int16_t *q, size_t step, int16_t *to);

    /* Multiplies tiles of x, n rows in all, with a panel, both dealt, and finds which
     * entries of row unit (sum unit +- margin) + bias may be above their row's cut. */
    void (*above)(size_t n, size_t pairs, const int16_t *x, const int16_t *panel,
                  const struct sieve_columns *columns, const struct sieve_cut *cut);

    /* out[i] = b[id[i]] + x . row id[i] of W [.,D], each sum starting with its bias and
     * in the order of D: the bits of `product` in num/kern_wide.h. Fastest for n a
     * multiple of `lanes`. */
    void (*row_entries)(size_t n, const int32_t *id, size_t D, const float *x,
                        const float *W, const float *b, float *out);
    /* The same, each with row of[i] of x [.,D]. */
    void (*entries)(size_t n, const int32_t *of, const int32_t *id, size_t D,
                    const float *x, const float *W, const float *b, float *out);
};

/* The product of two such norms, each plus half the root of D, stays below 2^31. */
#define SIEVE_NORM 46000.0f

/* Returns the table for this CPU; NULL where there is none. */
const struct kern_sieve *kern_sieve_get(void);

extern const struct kern_sieve kern_table_sieve_vnni;

#endif
