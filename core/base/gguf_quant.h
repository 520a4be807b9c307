/* The element types of ggml's tensors as in GGUF files, and the numbers that their
 * blocks stand for. Formulas: ggml-quants.c (dequantize_row_*) and ggml-common.h of
 * ggml 2026; the Python package `gguf` computes the same bits. A row of a tensor is a
 * whole number of blocks, one after another. Any thread; nothing is allocated. */
#ifndef SAETOP_BASE_GGUF_QUANT_H
#define SAETOP_BASE_GGUF_QUANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Types that saetop reads: X(id, number in a file, elements per block, bytes per
 * block). */
// clang-format off
#define GGML_TYPES_READ(X)                                                             \
    X(F32,   0,   1,   4)                                                              \
    X(F16,   1,   1,   2)                                                              \
    X(BF16, 30,   1,   2)                                                              \
    X(Q8_0,  8,  32,  34)                                                              \
    X(Q4_0,  2,  32,  18)                                                              \
    X(Q4_1,  3,  32,  20)                                                              \
    X(Q5_0,  6,  32,  22)                                                              \
    X(Q5_1,  7,  32,  24)                                                              \
    X(Q4_K, 12, 256, 144)                                                              \
    X(Q5_K, 13, 256, 176)                                                              \
    X(Q6_K, 14, 256, 210)

/* Types whose sizes are known, so that the tensors beside them can be read. */
#define GGML_TYPES_SIZED(X)                                                            \
    X(Q8_1,     9,  32,  40)                                                           \
    X(Q2_K,    10, 256,  84)                                                           \
    X(Q3_K,    11, 256, 110)                                                           \
    X(Q8_K,    15, 256, 292)                                                           \
    X(IQ2_XXS, 16, 256,  66)                                                           \
    X(IQ2_XS,  17, 256,  74)                                                           \
    X(IQ3_XXS, 18, 256,  98)                                                           \
    X(IQ1_S,   19, 256,  50)                                                           \
    X(IQ4_NL,  20,  32,  18)                                                           \
    X(IQ3_S,   21, 256, 110)                                                           \
    X(IQ2_S,   22, 256,  82)                                                           \
    X(IQ4_XS,  23, 256, 136)                                                           \
    X(I8,      24,   1,   1)                                                           \
    X(I16,     25,   1,   2)                                                           \
    X(I32,     26,   1,   4)                                                           \
    X(I64,     27,   1,   8)                                                           \
    X(F64,     28,   1,   8)                                                           \
    X(IQ1_M,   29, 256,  56)                                                           \
    X(TQ1_0,   34, 256,  54)                                                           \
    X(TQ2_0,   35, 256,  66)                                                           \
    X(MXFP4,   39,  32,  17)                                                           \
    X(NVFP4,   40,  64,  36)                                                           \
    X(Q1_0,    41, 128,  18)
// clang-format on

enum ggml_type {
#define GGML_ENUM(id, number, elements, bytes) GGML_##id,
    GGML_TYPES_READ(GGML_ENUM) GGML_TYPES_SIZED(GGML_ENUM)
#undef GGML_ENUM
        GGML_TYPE_COUNT
};

#define GGML_BLOCK_MAX 256 /* elements, at most */

/* The names of GGML_TYPES_READ, for messages: "F32, F16, ... ". */
#define GGML_NAME_(id, number, elements, bytes) ", " #id
#define GGML_TYPES_TEXT                         (&(", " GGML_TYPES_READ(GGML_NAME_))[sizeof ", , " - 1])

/* The type with a number in a file; GGML_TYPE_COUNT for one that is not known. */
enum ggml_type ggml_type_of(uint32_t number);
const char *ggml_type_name(enum ggml_type t);
size_t ggml_block_elements(enum ggml_type t);
size_t ggml_block_bytes(enum ggml_type t);
bool ggml_type_readable(enum ggml_type t);

/* Write in[blocks] of a readable type, at any alignment, to out[blocks * elements per
 * block]. The bits are ggml's own: products and sums in float, in its order, none
 * fused. An infinity or NaN in a block's scale passes to its elements. As fast as
 * memory takes the floats: 8 to 30 GB/s of them (gcc, SSE2, from a cache). */
void ggml_to_f32(enum ggml_type t, const uint8_t *in, size_t blocks, float *out);

/* Whether all numbers that in[blocks] of a readable type stand for are finite. Looks
 * only at the blocks' scales: no product or sum of a finite half overflows a float. At
 * the speed of memory. */
bool ggml_all_finite(enum ggml_type t, const uint8_t *in, size_t blocks);

#endif
