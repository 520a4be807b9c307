/* Opens OpenBLAS at run time, and lets as many callers use it at once as it has memory
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

/* Returns the library, opened once; NULL if it cannot be, which num_ready reports. */
const struct blas *blas_get(void);

/* Returns the library with a buffer for the caller, who may have to wait for it; NULL
 * if there is none. Unless NULL, call blas_leave afterwards. */
const struct blas *blas_enter(void);
void blas_leave(void);

#endif
