/* Configuration files: any bytes give settings in their ranges or one line. */
#include "train/settings.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errinfo e = {0};
    struct settings s;
    cJSON *tree = NULL;
    settings_init(&s);
    if (json_parse((const char *)data, size, "fuzz", &tree, &e) != OK) {
        if (!e.msg[0] || strchr(e.msg, '\n')) {
            abort();
        }
        return 0;
    }
    if (settings_from_json(&s, tree, "fuzz", &e) != OK &&
        (!e.msg[0] || strchr(e.msg, '\n'))) {
        abort();
    }
    if (!(s.k > 0) || s.width < 1 || !(s.mask_rate >= 0 && s.mask_rate <= 0.95)) {
        abort();
    }
    settings_resolve(&s, 128, 128);
    cJSON_Delete(tree);
    return 0;
}
