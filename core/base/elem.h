/* Element types of tensors in files, and their conversion. Bytes are little-endian and
 * at any alignment. Any thread. */
#ifndef SAETOP_BASE_ELEM_H
#define SAETOP_BASE_ELEM_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(id, bytes, name in messages) */
#define ELEM_LIST(X)                                                                   \
    X(F32, 4, "F32")                                                                   \
    X(F16, 2, "F16")                                                                   \
    X(BF16, 2, "BF16")                                                                 \
    X(F64, 8, "F64")                                                                   \
    X(I64, 8, "I64")                                                                   \
    X(I32, 4, "I32")                                                                   \
    X(I16, 2, "I16")                                                                   \
    X(I8, 1, "I8")                                                                     \
    X(U32, 4, "U32")                                                                   \
    X(U16, 2, "U16")                                                                   \
    X(U8, 1, "U8")                                                                     \
    X(BOOL, 1, "BOOL")

enum elem {
#define ELEM_ENUM(id, bytes, name) ELEM_##id,
    ELEM_LIST(ELEM_ENUM)
#undef ELEM_ENUM
};

size_t elem_size(enum elem t);
const char *elem_name(enum elem t);
bool elem_is_float(enum elem t);

/* in[n] of a float type to out[n]; rounds to nearest where F64 has more digits. */
void elem_to_f32(enum elem t, const uint8_t *in, size_t n, float *out);
/* Returns how far apart, as a share, the lengths of rows of d elements may be that a
 * tool made equal, computing in and storing this float type: the length, what it is
 * divided by and each quotient are rounded once, and products are summed in F32 or
 * better. */
double elem_norm_spread(enum elem t, size_t d);
/* One element of an integer type. */
int64_t elem_to_i64(enum elem t, const uint8_t *in);

/* "[512, 128]", for messages; returns out. */
const char *shape_text(const size_t *shape, size_t ndim, char out[200]);

/* Whether none is NaN or infinite. */
bool elem_all_finite(const float *x, size_t n);
/* The same for in[n] of F32, F16 or BF16 as in a file, at any alignment. */
bool elem_raw_finite(enum elem t, const uint8_t *in, size_t n);

/* ERR_FORMAT if one of an array's elements is NaN or infinite, with the file, the
 * tensor's name and the first such place, as "[3, 17]". `shape` is that of x in C
 * order. O(elements), at the speed of memory. */
enum err elem_check_finite(const char *file, const char *name, const size_t *shape,
                           size_t ndim, const float *x, struct errinfo *e) ERR_CHECKED;
/* The same for its elements at .. at + n - 1 only, which are x[n]. */
enum err elem_check_part(const char *file, const char *name, const size_t *shape,
                         size_t ndim, size_t at, size_t n, const float *x,
                         struct errinfo *e) ERR_CHECKED;

#endif
