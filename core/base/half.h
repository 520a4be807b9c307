/* IEEE half precision, as bits. Any thread. */
#ifndef SAETOP_BASE_HALF_H
#define SAETOP_BASE_HALF_H

#include <stdint.h>
#include <string.h>

/* Round to nearest, ties to even. Values too large become the largest half, so that an
 * activation stays a number. NaN stays NaN. */
static inline uint16_t half_of_float(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    const uint32_t sign = bits >> 16 & 0x8000u;
    const uint32_t size = bits & 0x7FFFFFFFu;
    if (size > 0x7F800000u) {
        return (uint16_t)(sign | 0x7E00u);
    }
    if (size >= 0x477FF000u) { /* rounds to 65536 or more */
        return (uint16_t)(sign | 0x7BFFu);
    }
    if (size < 0x38800000u) { /* below 2^-14: subnormal, in units of 2^-24 */
        float v;
        memcpy(&v, &size, sizeof v);
        v = v * 0x1p24f + 0x1p23f; /* rounds to even */
        memcpy(&bits, &v, sizeof bits);
        return (uint16_t)(sign | (bits - 0x4B000000u));
    }
    const uint32_t even = size >> 13 & 1u;
    return (uint16_t)(sign | (size - 0x38000000u + 0xFFFu + even) >> 13);
}

/* Exact; NaN keeps its payload. No branch, so that a loop over it vectorises. */
static inline float half_to_float(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000u) << 16;
    const uint32_t exponent = h & 0x7C00u;
    const float small = (float)(h & 0x3FFu) * 0x1p-24f; /* zero and subnormal */
    uint32_t bits;
    memcpy(&bits, &small, sizeof bits);
    const uint32_t shift = exponent == 0x7C00u ? 224u << 23 : 112u << 23;
    const uint32_t large = ((uint32_t)(h & 0x7FFFu) << 13) + shift;
    bits = (exponent == 0 ? bits : large) | sign;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

#endif
