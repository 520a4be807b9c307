/* Multiplies rows by a matrix of weights kept as in its file: y += x W^T for W [out,
 * in] in rows of any ggml type. Weights are converted to floats or bfloat16 piece by
 * piece, in scratch memory that the next piece reuses, or once for all (linear_pack):
 * to the same bits.
 *
 * An entry is the sum, in order, of sums over LINEAR_DEPTH inputs each, each started
 * from 0 and in the order of inputs. So its bits depend neither on the rows beside it
 * nor on how the work is cut, and with quantised weights they are those of weights
 * dequantised beforehand. The AVX2 and AVX-512 kernels agree to the bit, the portable
 * one to rounding. Any thread; nothing is allocated. */
#ifndef SAETOP_NUM_LINEAR_H
#define SAETOP_NUM_LINEAR_H

#include "base/gguf_quant.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Number format of a product's factors: floats; or both factors rounded to bfloat16 (to
 * nearest, ties to even), products and sums in float: with AVX512-BF16 where the CPU
 * has it (it takes numbers below 2^-126 as 0), else with the kernels for floats. */
enum linear_kind { LINEAR_F32, LINEAR_BF16 };

/* Returns whether this CPU has instructions for LINEAR_BF16. */
bool linear_has_bf16(void);
/* Returns the name of the kernels that a kind runs on, which decide the last bits, for
 * the record of a run: "fma" (AVX2 and AVX-512) or "portable"; for BF16 "avx512 bf16",
 * or without its instructions "fma of bf16" or "portable of bf16". */
const char *linear_name(enum linear_kind kind);

#define LINEAR_DEPTH 256
#define LINEAR_STACK 3

/* A block of rows; blocks are stacked, and each may have its own type. */
struct linear_rows {
    const uint8_t *p; /* NULL: none */
    size_t n, bytes;  /* rows, and bytes per row */
    enum ggml_type type;
};
struct kern_linear;
struct linear_map {
    size_t in, out;
    bool in_out; /* rows are inputs, not outputs; only for types with one element per
                    block */
    enum linear_kind kind;
    struct linear_rows stack[LINEAR_STACK];
    const float *packed; /* made by linear_pack; the stack is then not read */
    const struct kern_linear *kern; /* NULL: the best for this CPU */
};

/* Returns the map of a matrix of floats in memory, [out, in] or [in, out]; borrowed. */
struct linear_map linear_of(const float *w, size_t in, size_t out, bool in_out,
                            enum linear_kind kind);

/* Return the number of rows as W is kept, and their length. */
size_t linear_rows(const struct linear_map *w);
size_t linear_cols(const struct linear_map *w);
/* Writes rows first .. first + n - 1 as floats, from the stack or from what was packed,
 * which for BF16 is rounded. */
void linear_read(const struct linear_map *w, size_t first, size_t n, float *out);

/* y [n] = x [n] as products of the kind use it: for F32 unchanged. In place is fine. */
void linear_round(enum linear_kind kind, size_t n, const float *x, float *y);

/* The first returns the bytes of all of W as its kernel reads it; the second makes that
 * from the stack. `to` is aligned to 64 bytes. */
size_t linear_packed_bytes(const struct linear_map *w);
void linear_pack(const struct linear_map *w, float *to);

/* Returns the bytes of scratch for n rows of `in` inputs. */
size_t linear_scratch_bytes(size_t n, size_t in);

/* A piece of W: in0 is a multiple of LINEAR_DEPTH, and so is `in` unless it ends with
 * W; out0 is a multiple of LINEAR_WIDTH where W is packed. */
#define LINEAR_WIDTH 128
struct linear_piece {
    size_t in0, in, out0, out;
};
/* y [n, ldy] += x [n, ldx] times the piece. The columns of y and x are those of the
 * piece. Scratch is aligned to 64 bytes; NULL is fine for one row. */
void linear_add_piece(const struct linear_map *w, struct linear_piece piece, size_t n,
                      const float *x, size_t ldx, float *y, size_t ldy, void *scratch);
/* The same with all of W; rows of x and y are contiguous. */
void linear_add(const struct linear_map *w, size_t n, const float *x, float *y,
                void *scratch);

#endif
