#include "eval/splitting.h"

#include "base/mem.h"
#include "eval/latent_stats.h"
#include "num/blas.h"

#define BLOCK 256 /* latents compared at once */

/* The children of a latent, nearest first. */
struct children {
    size_t n, kept;
    int32_t latent[SPLITTING_NAMED];
    float cosine[SPLITTING_NAMED];
};

static struct children children_of(const float *cosine, size_t F, double cut)
{
    struct children k = {0};
    for (size_t j = 0; j < F; j++) {
        if (!((double)cosine[j] > cut)) {
            continue;
        }
        k.n++;
        size_t at = k.kept < SPLITTING_NAMED ? k.kept++ : SPLITTING_NAMED;
        for (; at > 0 && cosine[j] > k.cosine[at - 1]; at--) {
            if (at < SPLITTING_NAMED) {
                k.cosine[at] = k.cosine[at - 1];
                k.latent[at] = k.latent[at - 1];
            }
        }
        if (at < SPLITTING_NAMED) {
            k.cosine[at] = cosine[j];
            k.latent[at] = (int32_t)j;
        }
    }
    return k;
}

static void name_children(const struct children *k, size_t latent, cJSON *list)
{
    cJSON *o = cJSON_CreateObject();
    (void)cJSON_AddNumberToObject(o, "latent", (double)latent);
    cJSON *all = cJSON_AddArrayToObject(o, "children");
    for (size_t i = 0; i < k->kept && all != NULL; i++) {
        cJSON *c = cJSON_CreateObject();
        (void)cJSON_AddNumberToObject(c, "latent", (double)k->latent[i]);
        (void)cJSON_AddNumberToObject(c, "cosine", (double)k->cosine[i]);
        (void)cJSON_AddItemToArray(all, c);
    }
    (void)cJSON_AddItemToArray(list, o);
}

/* Counts the children of each latent, [parent->F]; lists those that split. */
static enum err count_children(const struct sae *parent, const struct sae *child,
                               double cut, double *n, cJSON *list, struct errinfo *e)
{
    const size_t D = parent->D, F = child->F;
    float *a = NULL, *b = NULL, *cosine = NULL;
    enum err rc = OK;
    TRY_OUT(rc, unit_rows(parent->W_dec, parent->F, D, &a, e));
    TRY_OUT(rc, unit_rows(child->W_dec, F, D, &b, e));
    TRY_OUT(rc, mem_new(&cosine, BLOCK, F * sizeof *cosine, "cosines", e));
    for (size_t first = 0; first < parent->F; first += BLOCK) {
        const size_t left = parent->F - first;
        const size_t rows = left < BLOCK ? left : BLOCK;
        gemm_f32(NO_TRANS, TRANS, rows, F, D, 1.0F, a + first * D, D, b, D, 0.0F,
                 cosine, F);
        for (size_t i = 0; i < rows; i++) {
            const struct children k = children_of(cosine + i * F, F, cut);
            n[first + i] = (double)k.n;
            if (k.n > 1) {
                name_children(&k, first + i, list);
            }
        }
    }
out:
    mem_free(a);
    mem_free(b);
    mem_free(cosine);
    return rc;
}

static enum err figures(const double *n, size_t F, double *x, struct report *r,
                        struct errinfo *e)
{
    TRY(report_ratio(r, F, NULL, n, NULL, "latents", e, "splitting.children"));
    for (size_t i = 0; i < F; i++) {
        x[i] = n[i] > 1.0 ? 1.0 : 0.0;
    }
    TRY(report_ratio(r, F, NULL, x, NULL, "latents", e, "splitting.split"));
    for (size_t i = 0; i < F; i++) {
        x[i] = n[i] > 0.0 ? 0.0 : 1.0;
    }
    return report_ratio(r, F, NULL, x, NULL, "latents", e, "splitting.lost");
}

enum err splitting_measure(const struct sae *parent, const struct sae *child,
                           double cut, struct report *r, struct errinfo *e)
{
    double *n = NULL, *x = NULL;
    cJSON *list = NULL;
    enum err rc = OK;
    if (parent->D != child->D) {
        return err_set(e, ERR_USAGE,
                       "splitting: the SAEs read %zu and %zu dimensions, expected the "
                       "same",
                       parent->D, child->D);
    }
    list = cJSON_CreateArray();
    TRY_OUT(rc, mem_new(&n, parent->F, sizeof *n, "splitting", e));
    TRY_OUT(rc, mem_new(&x, parent->F, sizeof *x, "splitting", e));
    TRY_OUT(rc, count_children(parent, child, cut, n, list, e));
    TRY_OUT(rc, figures(n, parent->F, x, r, e));
    cJSON *const given = list;
    list = NULL;
    TRY_OUT(rc, report_list(r, "splitting_latents", given, e));
out:
    cJSON_Delete(list);
    mem_free(n);
    mem_free(x);
    return rc;
}
