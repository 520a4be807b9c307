#include "base/elem.h"

#include "base/half.h"

#include <stdio.h>
#include <string.h>

static const struct {
    size_t size;
    const char *name;
} types[] = {
#define ELEM_ROW(id, bytes, name) [ELEM_##id] = {bytes, name},
    ELEM_LIST(ELEM_ROW)
#undef ELEM_ROW
};

size_t elem_size(enum elem t)
{
    return types[t].size;
}

const char *elem_name(enum elem t)
{
    return types[t].name;
}

bool elem_is_float(enum elem t)
{
    return t <= ELEM_F64;
}

static uint64_t load_le(const uint8_t *p, size_t bytes)
{
    uint64_t v = 0;
    for (size_t i = bytes; i > 0; i--) {
        v = v << 8 | p[i - 1];
    }
    return v;
}

static float float_of_bits(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static uint16_t load_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

/* ---- a run of each type of float ---- */

static void run_f32(const uint8_t *in, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = float_of_bits((uint32_t)load_le(in + 4 * i, 4));
    }
}

static void run_f16(const uint8_t *in, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = half_to_float(load_u16(in + 2 * i));
    }
}

static void run_bf16(const uint8_t *in, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = float_of_bits((uint32_t)load_u16(in + 2 * i) << 16);
    }
}

static void run_f64(const uint8_t *in, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++) {
        const uint64_t bits = load_le(in + 8 * i, 8);
        double d;
        memcpy(&d, &bits, sizeof d);
        out[i] = (float)d;
    }
}

void elem_to_f32(enum elem t, const uint8_t *in, size_t n, float *out)
{
    static void (*const run[])(const uint8_t *, size_t, float *) = {
        [ELEM_F32] = run_f32,
        [ELEM_F16] = run_f16,
        [ELEM_BF16] = run_bf16,
        [ELEM_F64] = run_f64,
    };
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (t == ELEM_F32 && n > 0) { /* the usual case, as it stands */
        memcpy(out, in, n * sizeof *out);
        return;
    }
#endif
    run[t](in, n, out);
}

double elem_norm_spread(enum elem t, size_t d)
{
    /* Half the distance of 1 to the next number. */
    const double unit = t == ELEM_BF16  ? 0x1p-8
                        : t == ELEM_F16 ? 0x1p-11
                        : t == ELEM_F64 ? 0x1p-53
                                        : 0x1p-24;
    const double sums = (double)d * (t == ELEM_F64 ? 0x1p-53 : 0x1p-24);
    return 2 * (3 * unit + sums); /* one row is up by all of it, another down */
}

int64_t elem_to_i64(enum elem t, const uint8_t *in)
{
    const size_t size = elem_size(t);
    const uint64_t v = load_le(in, size);
    const bool is_signed = t < ELEM_U32;
    const uint64_t sign = (uint64_t)1 << (8 * size - 1);
    if (!is_signed || !(v & sign)) {
        return (int64_t)v;
    }
    /* Two's complement without a shift of a negative number. */
    return -(int64_t)((sign - 1) - (v & (sign - 1))) - 1;
}

const char *shape_text(const size_t *shape, size_t ndim, char out[200])
{
    size_t at = 0;
    out[at++] = '[';
    for (size_t i = 0; i < ndim && at < 170; i++) {
        const int n =
            snprintf(out + at, 200 - at, "%s%zu", i > 0 ? ", " : "", shape[i]);
        at += n > 0 ? (size_t)n : 0;
    }
    out[at++] = ']';
    out[at] = '\0';
    return out;
}

/* ---- numbers that are none ---- */

/* Elements looked at in one go, without a branch. */
#define FINITE_BLOCK ((size_t)4096)

static bool has_exponent(uint32_t bits)
{
    return (bits & 0x7F800000u) == 0x7F800000u; /* of infinities and NaN */
}

bool elem_all_finite(const float *x, size_t n)
{
    uint32_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof bits);
        bad |= has_exponent(bits) ? 1u : 0u;
    }
    return bad == 0;
}

static bool words_finite(const uint8_t *in, size_t n)
{
    uint32_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        bad |= has_exponent((uint32_t)load_le(in + 4 * i, 4)) ? 1u : 0u;
    }
    return bad == 0;
}

static bool halves_finite(const uint8_t *in, size_t n, uint16_t exponent)
{
    uint16_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        bad |= (load_u16(in + 2 * i) & exponent) == exponent ? 1 : 0;
    }
    return bad == 0;
}

bool elem_raw_finite(enum elem t, const uint8_t *in, size_t n)
{
    return t == ELEM_F32 ? words_finite(in, n)
                         : halves_finite(in, n, t == ELEM_F16 ? 0x7C00u : 0x7F80u);
}

static enum err say_not_finite(const char *file, const char *name, const size_t *shape,
                               size_t ndim, float x, size_t at, struct errinfo *e)
{
    size_t place[8] = {0}, rest = at;
    const size_t n = ndim < 8 ? ndim : 8;
    char text[200];
    for (size_t d = n; d > 0; d--) {
        place[d - 1] = rest % shape[d - 1];
        rest /= shape[d - 1];
    }
    return err_set(e, ERR_FORMAT, "%s: %s: found %g at %s, expected finite numbers",
                   file, name, (double)x, shape_text(place, n, text));
}

enum err elem_check_part(const char *file, const char *name, const size_t *shape,
                         size_t ndim, size_t at, size_t n, const float *x,
                         struct errinfo *e)
{
    for (size_t i = 0; i < n; i += FINITE_BLOCK) {
        size_t bad = i;
        if (elem_all_finite(x + i, n - i < FINITE_BLOCK ? n - i : FINITE_BLOCK)) {
            continue;
        }
        while (elem_all_finite(x + bad, 1)) {
            bad++;
        }
        return say_not_finite(file, name, shape, ndim, x[bad], at + bad, e);
    }
    return OK;
}

enum err elem_check_finite(const char *file, const char *name, const size_t *shape,
                           size_t ndim, const float *x, struct errinfo *e)
{
    size_t count = 1;
    for (size_t d = 0; d < ndim; d++) {
        count *= shape[d];
    }
    return elem_check_part(file, name, shape, ndim, 0, count, x, e);
}
