#include "base/gguf_quant.h"

#include "base/elem.h"
#include "base/half.h"

static const struct {
    const char *name;
    uint32_t number;
    size_t elements, bytes;
} types[] = {
#define GGML_ROW(id, number, elements, bytes)                                          \
    [GGML_##id] = {#id, number, elements, bytes},
    GGML_TYPES_READ(GGML_ROW) GGML_TYPES_SIZED(GGML_ROW)
#undef GGML_ROW
};

enum ggml_type ggml_type_of(uint32_t number)
{
    for (int t = 0; t < GGML_TYPE_COUNT; t++) {
        if (types[t].number == number) {
            return (enum ggml_type)t;
        }
    }
    return GGML_TYPE_COUNT;
}

const char *ggml_type_name(enum ggml_type t)
{
    return types[t].name;
}

size_t ggml_block_elements(enum ggml_type t)
{
    return types[t].elements;
}

size_t ggml_block_bytes(enum ggml_type t)
{
    return types[t].bytes;
}

/* ---- blocks of 32 with one scale ---- */

static float load_half(const uint8_t *p)
{
    return half_to_float((uint16_t)(p[0] | p[1] << 8));
}

/* half d; int8 q[32]: d q */
static void q8_0(const uint8_t *in, size_t blocks, float *out)
{
    for (size_t b = 0; b < blocks; b++, in += 34, out += 32) {
        const float d = load_half(in);
        for (int i = 0; i < 32; i++) {
            out[i] = d * (float)(int8_t)in[2 + i];
        }
    }
}

/* Unpacks q[16] into 4-bit numbers of 32 elements: the low four bits of byte i are
 * element i, the high four i + 16. */
static void four_bits(const uint8_t *q, uint8_t four[32])
{
    for (int i = 0; i < 16; i++) {
        four[i] = q[i] & 15;
        four[i + 16] = q[i] >> 4;
    }
}

/* The same with a fifth bit from high[4], whose bit i belongs to element i. Eight bits
 * become bytes of 0 or 16 at a time: each byte of `one` keeps its own bit, and a carry
 * from it, if it is set, ends in the byte's highest. */
static void five_bits(const uint8_t *high, const uint8_t *q, uint8_t five[32])
{
    uint8_t fifth[32];
    for (size_t k = 0; k < 4; k++) {
        const uint64_t all = high[k] * UINT64_C(0x0101010101010101);
        const uint64_t one = all & UINT64_C(0x8040201008040201);
        const uint64_t carry = one + UINT64_C(0x7F7F7F7F7F7F7F7F);
        const uint64_t sixteen = (carry & UINT64_C(0x8080808080808080)) >> 3;
        for (size_t i = 0; i < 8; i++) {
            fifth[8 * k + i] = (uint8_t)(sixteen >> 8 * i);
        }
    }
    four_bits(q, five);
    for (int i = 0; i < 32; i++) {
        five[i] |= fifth[i];
    }
}

/* half d; 4 bits q[32]: d (q - 8) */
static void q4_0(const uint8_t *in, size_t blocks, float *out)
{
    for (size_t b = 0; b < blocks; b++, in += 18, out += 32) {
        const float d = load_half(in);
        uint8_t q[32];
        four_bits(in + 2, q);
        for (int i = 0; i < 32; i++) {
            out[i] = d * (float)(q[i] - 8);
        }
    }
}

/* half d, m; 4 bits q[32]: d q + m */
static void q4_1(const uint8_t *in, size_t blocks, float *out)
{
    for (size_t b = 0; b < blocks; b++, in += 20, out += 32) {
        const float d = load_half(in);
        const float m = load_half(in + 2);
        uint8_t q[32];
        four_bits(in + 4, q);
        for (int i = 0; i < 32; i++) {
            out[i] = d * (float)q[i] + m;
        }
    }
}

/* half d; 5 bits q[32]: d (q - 16) */
static void q5_0(const uint8_t *in, size_t blocks, float *out)
{
    for (size_t b = 0; b < blocks; b++, in += 22, out += 32) {
        const float d = load_half(in);
        uint8_t q[32];
        five_bits(in + 2, in + 6, q);
        for (int i = 0; i < 32; i++) {
            out[i] = d * (float)(q[i] - 16);
        }
    }
}

/* half d, m; 5 bits q[32]: d q + m */
static void q5_1(const uint8_t *in, size_t blocks, float *out)
{
    for (size_t b = 0; b < blocks; b++, in += 24, out += 32) {
        const float d = load_half(in);
        const float m = load_half(in + 2);
        uint8_t q[32];
        five_bits(in + 4, in + 8, q);
        for (int i = 0; i < 32; i++) {
            out[i] = d * (float)q[i] + m;
        }
    }
}

/* ---- blocks of 256, in groups with a scale of their own ---- */

/* Scale and minimum of each of 8 groups of 32: 6 bits each, packed into 12 bytes; those
 * of the last four have their upper 2 bits in the bytes of the first four. */
static void group_scales(const uint8_t *p, float d, float dmin, float scale[8],
                         float min[8])
{
    for (int j = 0; j < 4; j++) {
        scale[j] = d * (float)(p[j] & 63);
        min[j] = dmin * (float)(p[j + 4] & 63);
        scale[j + 4] = d * (float)((p[j + 8] & 15) | p[j] >> 6 << 4);
        min[j + 4] = dmin * (float)(p[j + 8] >> 4 | p[j + 4] >> 6 << 4);
    }
}

/* half d, dmin; scales [12]; 4 bits q[256], in runs of 32 bytes that hold two groups:
 * scale q - min */
static void q4_k(const uint8_t *in, size_t blocks, float *out)
{
    for (size_t b = 0; b < blocks; b++, in += 144, out += 256) {
        float scale[8], min[8];
        group_scales(in + 4, load_half(in), load_half(in + 2), scale, min);
        for (int j = 0; j < 8; j += 2) {
            const uint8_t *q = in + 16 + 16 * j;
            float *lower = out + 32 * j, *upper = lower + 32;
            for (int i = 0; i < 32; i++) {
                lower[i] = scale[j] * (float)(q[i] & 15) - min[j];
                upper[i] = scale[j + 1] * (float)(q[i] >> 4) - min[j + 1];
            }
        }
    }
}

/* half d, dmin; scales [12]; bytes h[32], whose bit j belongs to group j; 4 bits q[256]
 * as in q4_k: scale (q + 16 h) - min */
static void q5_k(const uint8_t *in, size_t blocks, float *out)
{
    for (size_t b = 0; b < blocks; b++, in += 176, out += 256) {
        const uint8_t *h = in + 16;
        float scale[8], min[8];
        group_scales(in + 4, load_half(in), load_half(in + 2), scale, min);
        for (int j = 0; j < 8; j += 2) {
            const uint8_t *q = in + 48 + 16 * j;
            float *lower = out + 32 * j, *upper = lower + 32;
            for (int i = 0; i < 32; i++) {
                const int low = (q[i] & 15) | (h[i] >> j & 1) << 4;
                const int up = q[i] >> 4 | (h[i] >> (j + 1) & 1) << 4;
                lower[i] = scale[j] * (float)low - min[j];
                upper[i] = scale[j + 1] * (float)up - min[j + 1];
            }
        }
    }
}

/* 32 of q6_k's elements, whose bits are at the given places of their bytes: each half
 * of them has a scale of its own. */
static void q6_k_run(const uint8_t *l, int l_shift, const uint8_t *h, int h_shift,
                     const float scale[2], float *out)
{
    int8_t q[32];
    for (int i = 0; i < 32; i++) {
        const int low = l[i] >> l_shift & 15, high = h[i] >> h_shift & 3;
        q[i] = (int8_t)((low | high << 4) - 32);
    }
    for (int i = 0; i < 16; i++) {
        out[i] = scale[0] * (float)q[i];
    }
    for (int i = 16; i < 32; i++) {
        out[i] = scale[1] * (float)q[i];
    }
}

/* 4 bits l[256], 2 bits h[256], int8 scale[16] of groups of 16, half d, in two halves
 * of 128 elements: d scale (l + 16 h - 32) */
static void q6_k(const uint8_t *in, size_t blocks, float *out)
{
    for (size_t b = 0; b < blocks; b++, in += 210, out += 256) {
        const float d = load_half(in + 208);
        float scale[16];
        for (int j = 0; j < 16; j++) {
            scale[j] = d * (float)(int8_t)in[192 + j];
        }
        for (int half = 0; half < 2; half++) {
            const uint8_t *l = in + 64 * half, *h = in + 128 + 32 * half;
            const float *s = scale + 8 * half;
            float *y = out + 128 * half;
            q6_k_run(l, 0, h, 0, s, y);
            q6_k_run(l + 32, 0, h, 2, s + 2, y + 32);
            q6_k_run(l, 4, h, 4, s + 4, y + 64);
            q6_k_run(l + 32, 4, h, 6, s + 6, y + 96);
        }
    }
}

/* ---- types of one element a block ---- */

static void f32(const uint8_t *in, size_t blocks, float *out)
{
    elem_to_f32(ELEM_F32, in, blocks, out);
}

static void f16(const uint8_t *in, size_t blocks, float *out)
{
    elem_to_f32(ELEM_F16, in, blocks, out);
}

static void bf16(const uint8_t *in, size_t blocks, float *out)
{
    elem_to_f32(ELEM_BF16, in, blocks, out);
}

static void (*const to_f32[GGML_TYPE_COUNT])(const uint8_t *, size_t, float *) = {
    [GGML_F32] = f32,   [GGML_F16] = f16,   [GGML_BF16] = bf16, [GGML_Q8_0] = q8_0,
    [GGML_Q4_0] = q4_0, [GGML_Q4_1] = q4_1, [GGML_Q5_0] = q5_0, [GGML_Q5_1] = q5_1,
    [GGML_Q4_K] = q4_k, [GGML_Q5_K] = q5_k, [GGML_Q6_K] = q6_k,
};

/* ---- finite numbers ---- */

/* Where a block's scales are: halves, one after the other. */
static const struct {
    uint8_t first, n;
} scales[GGML_TYPE_COUNT] = {
    [GGML_Q8_0] = {0, 1}, [GGML_Q4_0] = {0, 1},   [GGML_Q4_1] = {0, 2},
    [GGML_Q5_0] = {0, 1}, [GGML_Q5_1] = {0, 2},   [GGML_Q4_K] = {0, 2},
    [GGML_Q5_K] = {0, 2}, [GGML_Q6_K] = {208, 1},
};

/* The upper byte of a half has all of its exponent; an infinity or NaN has all ones
 * there. */
static bool scales_finite(enum ggml_type t, const uint8_t *in, size_t blocks)
{
    const size_t bytes = ggml_block_bytes(t);
    const uint8_t *p = in + scales[t].first + 1;
    const size_t second = scales[t].n == 2 ? 2 : 0;
    bool bad = false;
    for (size_t b = 0; b < blocks; b++, p += bytes) {
        bad |= (p[0] & 0x7C) == 0x7C || (p[second] & 0x7C) == 0x7C;
    }
    return !bad;
}

bool ggml_all_finite(enum ggml_type t, const uint8_t *in, size_t blocks)
{
    switch (t) {
    case GGML_F32: return elem_raw_finite(ELEM_F32, in, blocks);
    case GGML_F16: return elem_raw_finite(ELEM_F16, in, blocks);
    case GGML_BF16: return elem_raw_finite(ELEM_BF16, in, blocks);
    default: return scales_finite(t, in, blocks);
    }
}

/* ---- all types ---- */

bool ggml_type_readable(enum ggml_type t)
{
    return to_f32[t] != NULL;
}

void ggml_to_f32(enum ggml_type t, const uint8_t *in, size_t blocks, float *out)
{
    to_f32[t](in, blocks, out);
}
