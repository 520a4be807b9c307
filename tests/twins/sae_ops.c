/* The step of each architecture in double, by the architecture's name. */
#define REAL_F64
#include "sae/sae_step.h"

#include <string.h>

#define DECLARE(name) extern const struct sae_ops_f64 sae_##name##_ops_f64;
SAE_ARCHES(DECLARE)
#undef DECLARE

#define ROW(name) {#name, &sae_##name##_ops_f64},
static const struct {
    const char *name;
    const struct sae_ops_f64 *ops;
} table[] = {SAE_ARCHES(ROW)};
#undef ROW

const struct sae_ops_f64 *sae_ops_of_f64(const struct sae_arch *arch)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].name, arch->name) == 0) {
            return table[i].ops;
        }
    }
    return NULL;
}
