/* OpenBLAS, always on one thread: results differ with its thread count, and our own
 * pool splits the work. Row-major. */
#ifndef SAETOP_NUM_BLAS_H
#define SAETOP_NUM_BLAS_H

#include "base/err.h"

#include <stddef.h>

/* Loads OpenBLAS, on one thread. Call once, early in main and in each test, before
 * other threads start: it sets an environment variable. */
void num_init(void);

/* Checks that products can be computed. Call before work that needs them, first after
 * num_init. ERR_NOMEM when OpenBLAS could not be loaded or finds no address space for a
 * buffer; products are then NaN. Where space is short, fewer run at a time, to the same
 * bits. The first call takes microseconds per CPU. */
enum err num_ready(struct errinfo *e) ERR_CHECKED;

/* Return the name of the OpenBLAS kernel in use ("SkylakeX"), and of ours ("avx2" or
 * "portable"): recorded with a run, since results differ between them. */
const char *num_blas_core(void);
const char *num_kern_name(void);
/* Returns the instructions that make some of it faster, with the same bits: "avx512
 * with vnni", "avx512", "avx2" or "". */
const char *num_wide_name(void);

enum trans { NO_TRANS, TRANS };

/* C[m,n] = alpha * op(A)[m,k] op(B)[k,n] + beta * C. ld: elements from row to row as
 * stored. Any thread; several may call at once. Does nothing for m or n 0; a size
 * beyond BLAS's int (2^31 - 1) makes C NaN, as does num_ready's error. */
void gemm_f32(enum trans ta, enum trans tb, size_t m, size_t n, size_t k, float alpha,
              const float *a, size_t lda, const float *b, size_t ldb, float beta,
              float *c, size_t ldc);
void gemm_f64(enum trans ta, enum trans tb, size_t m, size_t n, size_t k, double alpha,
              const double *a, size_t lda, const double *b, size_t ldb, double beta,
              double *c, size_t ldc);

#endif
