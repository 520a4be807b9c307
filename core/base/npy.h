/* The header of NumPy's .npy arrays: magic, version, length, and a Python dictionary of
 * `descr`, `fortran_order` and `shape`. Versions 1 to 3, little-endian numbers. Format:
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. Any thread.
 */
#ifndef SAETOP_BASE_NPY_H
#define SAETOP_BASE_NPY_H

#include "base/elem.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NPY_MAX_DIMS 8
#define NPY_PREFIX   ((size_t)12) /* bytes that tell how long the header is */

struct npy {
    enum elem elem;
    bool fortran; /* first index fastest */
    size_t ndim;
    size_t shape[NPY_MAX_DIMS];
    size_t count;  /* elements; elem_size(elem) * count fits a size_t */
    size_t header; /* bytes before the elements */
};

/* The size of the whole header in bytes, at most 64 KiB, from its first NPY_PREFIX
 * bytes. `name` begins error lines. */
enum err npy_header_size(const uint8_t *data, size_t len, const char *name, size_t *out,
                         struct errinfo *e) ERR_CHECKED;
/* Read the header at the beginning of data. */
enum err npy_parse(const uint8_t *data, size_t len, const char *name, struct npy *out,
                   struct errinfo *e) ERR_CHECKED;

#endif
