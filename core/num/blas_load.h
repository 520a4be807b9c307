/* OpenBLAS opened at run time, and turns at it for as many callers as it has memory
 * for. Private to num. Any thread. */
#ifndef SAETOP_NUM_BLAS_LOAD_H
#define SAETOP_NUM_BLAS_LOAD_H

#include <cblas.h>

struct blas {
    __typeof__(cblas_sgemm) *sgemm;
    __typeof__(cblas_dgemm) *dgemm;
    __typeof__(openblas_get_corename) *corename;
    __typeof__(openblas_set_num_threads) *set_num_threads;
    /* Its buffers; NULL in a library that hides them. */
    void *(*buffer_take)(int);
    void (*buffer_give)(void *);
};

/* The library, opened once; NULL if it cannot be, which num_ready tells. */
const struct blas *blas_get(void);

/* The library with a buffer for the caller, who may wait for it; NULL if it has none.
 * After it blas_leave, unless it was NULL. */
const struct blas *blas_enter(void);
void blas_leave(void);

#endif
