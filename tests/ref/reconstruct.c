/* Features and reconstruction of a batch as saetop computes them, for check_saelens.py:
 * reconstruct RUN OUT.safetensors writes x (normal noise), features and reconstruction.
 * Built by hand: ninja ref_reconstruct. */
#include "base/mem.h"
#include "base/rng.h"
#include "base/safetensors.h"
#include "num/blas.h"
#include "sae/sae.h"

#include <stdio.h>

#define ROWS ((size_t)64)

static enum err compute(const struct sae *s, float *x, float *f, float *xhat,
                        struct errinfo *e)
{
    struct sae_codes c = {0};
    struct rng r = rng_begin(1, RNG_SAMPLE, 0);
    for (size_t i = 0; i < ROWS * s->D; i++) {
        x[i] = (float)rng_normal(&r) + 0.3f;
    }
    const enum err rc = sae_encode(s, x, ROWS, NULL, &c, e);
    if (rc == OK) {
        sae_decode(s, &c, xhat);
        for (size_t b = 0; b < ROWS; b++) {
            for (size_t i = c.start[b]; i < c.start[b + 1]; i++) {
                f[b * s->F + (size_t)c.id[i]] =
                    (float)((double)c.val[i] * sae_saved_unit(s));
            }
        }
    }
    sae_codes_deinit(&c);
    return rc;
}

static enum err run(const char *dir, const char *out, struct errinfo *e)
{
    struct sae *s;
    float *x = NULL, *f = NULL, *xhat = NULL;
    TRY(sae_load(dir, &s, e));
    enum err rc = mem_new(&x, ROWS * s->D, sizeof *x, "a batch", e);
    rc = rc == OK ? mem_new(&f, ROWS * s->F, sizeof *f, "features", e) : rc;
    rc = rc == OK ? mem_new(&xhat, ROWS * s->D, sizeof *xhat, "a batch", e) : rc;
    rc = rc == OK ? compute(s, x, f, xhat, e) : rc;
    const size_t nx = ROWS * s->D * sizeof(float), nf = ROWS * s->F * sizeof(float);
    const struct st_tensor tensors[] = {
        {"x", ST_F32, 2, {ROWS, s->D}, x, nx},
        {"features", ST_F32, 2, {ROWS, s->F}, f, nf},
        {"reconstruction", ST_F32, 2, {ROWS, s->D}, xhat, nx},
    };
    rc = rc == OK ? st_write(out, tensors, 3, NULL, 0, e) : rc;
    mem_free(x);
    mem_free(f);
    mem_free(xhat);
    sae_free(s);
    return rc;
}

int main(int argc, char **argv)
{
    struct errinfo e;
    if (argc != 3) {
        (void)fprintf(stderr, "usage: ref_reconstruct RUN OUT.safetensors\n");
        return 2;
    }
    num_init();
    if (run(argv[1], argv[2], &e) != OK) {
        (void)fprintf(stderr, "%s\n", e.msg);
        return 1;
    }
    return 0;
}
