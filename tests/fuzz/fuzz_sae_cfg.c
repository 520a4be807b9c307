/* An SAE's cfg.json. */
#include "sae/sae_arch.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errinfo e;
    (void)(sae_cfg_check((const char *)data, size, "cfg.json", &e) == OK);
    return 0;
}
