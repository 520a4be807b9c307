/* Shared by product.c and product_sieve.c. */
#ifndef SAETOP_NUM_PRODUCT_PRIV_H
#define SAETOP_NUM_PRODUCT_PRIV_H

#include "num/product.h"

/* Columns handled together: whole panels, whole words of bits. */
#define PRODUCT_PART      ((size_t)128)
#define PRODUCT_SET_BYTES (PRODUCT_PART / 8)
/* Rows handled together: whole tiles of 14 and of 6; their part of h stays in cache. */
#define PRODUCT_PART_ROWS ((size_t)84)

#ifndef REAL_F64
/* Appends to the list of row r the columns, from j on, whose bits are set, with their
 * values in h [PRODUCT_PART]. If not all fit, the row is not listed. */
void product_list(const struct product_found_f32 *found, size_t r, size_t j,
                  const unsigned char set[PRODUCT_SET_BYTES], const float *h);

/* The sieve's part of product_sieved, product_scratch, product_pack and
 * product_above. */
size_t sieve_size(size_t D, size_t F);
size_t sieve_scratch(size_t rows, size_t D);
void sieve_pack(const struct product_weights_f32 *w, size_t j0, size_t j1);
void sieve_rows(size_t rows, const float *x, const struct product_weights_f32 *w,
                const float *above, size_t keep, float *scratch,
                const struct product_found_f32 *found);
#endif

#endif
