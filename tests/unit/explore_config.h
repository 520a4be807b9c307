/* The explorer on a short run of the sample, for tests. */
#ifndef SAETOP_TESTS_UNIT_EXPLORE_CONFIG_H
#define SAETOP_TESTS_UNIT_EXPLORE_CONFIG_H

#include "ui/explore.h"
#include "ui/screens/table.h"
#include "unit/check.h"
#include "unit/sample_settings.h"

static inline struct explore_config explore_config_of(int64_t steps, FILE *out)
{
    struct explore_config c = {.screens = &screen_table,
                               .session = {.set = sample_settings(steps)},
                               .tier = GLYPH_BRAILLE,
                               .color = 0,
                               .w = 120,
                               .h = 36,
                               .out = out};
    return c;
}

#endif
