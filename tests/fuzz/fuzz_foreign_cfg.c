/* Configurations of other tools' SAEs: the first byte chooses the format, the rest is
 * the JSON. */
#include "sae/sae_tensors.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errinfo e = {0};
    cJSON *root = NULL;
    const struct foreign_format *const *all;
    const size_t n = foreign_all(&all);
    if (size < 1 ||
        json_parse((const char *)data + 1, size - 1, "cfg.json", &root, &e) != OK) {
        return 0;
    }
    const struct foreign_format *f = all[data[0] % n];
    /* Refused in a line that names the file, or not at all. */
    if (f->check && f->check(root, "cfg.json", &e) != OK &&
        (e.code == OK || strncmp(e.msg, "cfg.json: ", 10) != 0)) {
        abort();
    }
    cJSON_Delete(root);
    return 0;
}
