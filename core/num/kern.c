#include "num/kern.h"

#include "num/kern_sieve.h"
#include "num/kern_tables.h"
#include "num/kern_wide.h"

#include <math.h>

struct adam adam_factors(double lr, double beta1, double beta2, double eps,
                         double weight_decay, double grad_scale, int64_t t)
{
    return (struct adam){
        .beta1 = beta1,
        .beta2 = beta2,
        .eps = eps,
        .step = lr / (1.0 - pow(beta1, (double)t)),
        .root_scale = 1.0 / sqrt(1.0 - pow(beta2, (double)t)),
        .decay = lr * weight_decay,
        .grad_scale = grad_scale,
    };
}

const struct kern *kern_get_portable(void)
{
    return &kern_table_portable;
}

const struct kern *kern_get_avx2(void)
{
#if defined(__x86_64__)
    if (kern_table_avx2.name != NULL && __builtin_cpu_supports("avx2") &&
        __builtin_cpu_supports("fma")) {
        return &kern_table_avx2;
    }
#endif
    return NULL;
}

const struct kern *kern_get(void)
{
    const struct kern *fast = kern_get_avx2();
    return fast != NULL ? fast : &kern_table_portable;
}

const struct kern_wide *kern_wide_avx2(void)
{
#if defined(__x86_64__)
    if (kern_get_avx2() != NULL && kern_table_wide_avx2.name != NULL) {
        return &kern_table_wide_avx2;
    }
#endif
    return NULL;
}

/* Only together with AVX2, whose bits it gives. */
const struct kern_wide *kern_wide_avx512(void)
{
#if defined(__x86_64__)
    if (kern_get_avx2() != NULL && kern_table_wide_avx512.name != NULL &&
        __builtin_cpu_supports("avx512f")) {
        return &kern_table_wide_avx512;
    }
#endif
    return NULL;
}

const struct kern_wide *kern_wide_get(void)
{
    const struct kern_wide *widest = kern_wide_avx512();
    return widest != NULL ? widest : kern_wide_avx2();
}

const struct kern_sieve *kern_sieve_get(void)
{
#if defined(__x86_64__)
    if (kern_wide_avx512() != NULL && kern_table_sieve_vnni.name != NULL &&
        __builtin_cpu_supports("avx512vnni")) {
        return &kern_table_sieve_vnni;
    }
#endif
    return NULL;
}
