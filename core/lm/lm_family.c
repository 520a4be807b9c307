#include "lm/lm.h"

#include <string.h>

static const struct lm_family families[] = {
    {.name = "gpt2", .tied_head = true},
};

const struct lm_family *lm_family_find(const char *name)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        if (strcmp(families[i].name, name) == 0) {
            return &families[i];
        }
    }
    return NULL;
}
