/* Rows times a matrix of weights that is kept as its file has it: y += x W^T for W
 * [out, in] in rows of any type of ggml's. Weights become floats, or halves of floats,
 * a piece at a time in scratch memory that the next piece uses again, or once for all
 * (linear_pack): to the same bits.
 *
 * An entry is the sum, in their order, of sums over LINEAR_DEPTH inputs each, every one
 * a chain from 0 in the order of inputs. So its bits depend neither on the rows beside
 * it nor on how the work is cut, and with quantised weights they are those of the
 * weights dequantised first. Kernels of AVX2 and AVX-512 agree to the bit, the portable
 * one to rounding. Any thread; nothing is allocated. */
#ifndef SAETOP_NUM_LINEAR_H
#define SAETOP_NUM_LINEAR_H

#include "base/gguf_quant.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Number format of a product's factors: floats; or both factors rounded to bfloat16 (to
 * nearest, ties to even), products and sums in float: by AVX512-BF16 where the CPU has
 * it (which takes numbers below 2^-126 as 0), else by the kernels for floats. */
enum linear_kind { LINEAR_F32, LINEAR_BF16 };

/* Whether this CPU has instructions for the second. */
bool linear_has_bf16(void);
/* Name of the kernels that a kind runs on, which decide the last bits, for the record
 * of a run: "fma" (AVX2 and AVX-512) or "portable"; of BF16 "avx512 bf16", and without
 * its instructions "fma of bf16" or "portable of bf16". */
const char *linear_name(enum linear_kind kind);

#define LINEAR_DEPTH 256
#define LINEAR_PARTS 3

/* Rows one below the other. Their type may be another in each. */
struct linear_rows {
    const uint8_t *p; /* NULL: none */
    size_t n, bytes;  /* rows, and bytes of each */
    enum ggml_type type;
};
struct kern_linear;
struct linear_map {
    size_t in, out;
    bool in_out; /* rows are inputs, not outputs: types of one element a block only */
    enum linear_kind kind;
    struct linear_rows part[LINEAR_PARTS];
    const float *packed; /* what linear_pack made, for which parts are not read */
    const struct kern_linear *kern; /* NULL: the best for this CPU */
};

/* A matrix of floats in memory, [out, in] or [in, out]; borrowed. */
struct linear_map linear_of(const float *w, size_t in, size_t out, bool in_out,
                            enum linear_kind kind);

/* Rows as W is kept, and their length. */
size_t linear_rows(const struct linear_map *w);
size_t linear_cols(const struct linear_map *w);
/* Rows first .. first + n - 1 as floats: from the parts, or from what was packed, which
 * of BF16 is rounded. */
void linear_read(const struct linear_map *w, size_t first, size_t n, float *out);

/* y [n] = x [n] as products of the kind take it: of F32 as it is. In place is fine. */
void linear_round(enum linear_kind kind, size_t n, const float *x, float *y);

/* Bytes of all of W as its kernel reads it; and to make that, from the parts: `to` is
 * aligned to 64 bytes. */
size_t linear_packed_bytes(const struct linear_map *w);
void linear_pack(const struct linear_map *w, float *to);

/* Bytes of scratch for n rows of `in` inputs. */
size_t linear_scratch_bytes(size_t n, size_t in);

/* A piece of W: in0 is a multiple of LINEAR_DEPTH, and so is `in` unless it ends with
 * W; out0 is a multiple of LINEAR_WIDTH where W is packed. */
#define LINEAR_WIDTH 128
struct linear_piece {
    size_t in0, in, out0, out;
};
/* y [n, ldy] += x [n, ldx] times it. y's columns are those of the piece, and x's too.
 * Scratch is aligned to 64 bytes; NULL is fine for one row. */
void linear_add_piece(const struct linear_map *w, struct linear_piece piece, size_t n,
                      const float *x, size_t ldx, float *y, size_t ldy, void *scratch);
/* The same with all of W; rows follow one another. */
void linear_add(const struct linear_map *w, size_t n, const float *x, float *y,
                void *scratch);

#endif
