#include "sae/sae_arch.h"

#include "base/mem.h"
#include "sae/sae_step.h"

#include <math.h>
#include <string.h>

#define DECLARE(name) extern const struct sae_arch sae_arch_##name;
SAE_ARCHES(DECLARE)
#undef DECLARE

#define ROW(name) &sae_arch_##name,
static const struct sae_arch *const table[] = {SAE_ARCHES(ROW)};
#undef ROW

const struct sae_arch *sae_arch_find(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i]->name, name) == 0) {
            return table[i];
        }
    }
    return NULL;
}

const struct sae_ops_f32 *sae_ops_of_f32(const struct sae_arch *arch)
{
    return arch->ops;
}

const char *sae_arch_name(const struct sae_arch *a)
{
    return a->name;
}

unsigned sae_arch_has(const struct sae_arch *a)
{
    return a->has;
}

const struct sae_auto *sae_arch_auto(const struct sae_arch *a)
{
    return &a->defaults;
}

const char *sae_arch_names(void)
{
#define NAME(name) ", " #name
    static const char names[] = SAE_ARCHES(NAME);
#undef NAME
    return names + 2; /* without the first comma */
}

size_t sae_block_rows(size_t F)
{
    return F <= (size_t)1 << 15 ? 252 : 126;
}

/* Ids are int32_t, and a matrix has to be within what BLAS can address. */
#define MAX_WIDTH   ((size_t)1 << 20)
#define MAX_LATENTS ((size_t)1 << 26)
#define MAX_PARAMS  ((size_t)1 << 33)

bool sae_arch_by_batch(const struct sae_arch *a)
{
    return a->collects_batch;
}

bool sae_arch_is_tied(const struct sae_arch *a)
{
    return a->tied;
}

bool sae_k_fits(const struct sae_arch *arch, double k, size_t F)
{
    const bool whole = arch->infer == SAE_INFER_TOPK;
    return k > 0 && k <= (double)F && (!whole || floor(k) >= k);
}

size_t sae_active_at_most(const struct sae_arch *arch, double k, size_t B)
{
    return arch->collects_batch ? (size_t)round(k * (double)B) : (size_t)k * B;
}

/* Sieving halves the product, but an entry computed singly costs some thirty times as
 * much as in it. In narrow SAEs the work besides the products counts for more. */
bool sae_sieves(const struct sae_arch *arch, double k, size_t D, size_t F)
{
    return (arch->has & SAE_HAS_K) != 0 && (double)F >= 64 * k &&
           (double)D * (double)F >= 32768 * k;
}

size_t sae_dead_room(size_t F)
{
    return F / 8;
}

enum err sae_param_count(const struct sae_arch *arch, size_t D, size_t F, size_t *out,
                         struct errinfo *e)
{
    if (D < 1 || D > MAX_WIDTH) {
        return err_set(e, ERR_LIMIT, "an SAE of width %zu, expected 1 to %zu", D,
                       MAX_WIDTH);
    }
    if (F < 1 || F > MAX_LATENTS) {
        return err_set(e, ERR_LIMIT, "an SAE of %zu latents, expected 1 to %zu", F,
                       MAX_LATENTS);
    }
    /* Below 2^48: no overflow. */
    const size_t count = 2 * D * F + F + D + arch->extra * F;
    if (count > MAX_PARAMS) {
        return err_set(e, ERR_LIMIT,
                       "an SAE of %zu x %zu has %zu parameters, at most %zu", D, F,
                       count, MAX_PARAMS);
    }
    *out = count;
    return OK;
}
