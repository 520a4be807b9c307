#include "ui/screens/table.h"

#include "ui/actions.h"
#include "ui/screens/prompt.h"

static const struct screen_def *const rows[] = {
    &screen_train,  &screen_concepts, &screen_latents, &screen_detail,
    &screen_prompt, &screen_compare,  &screen_runs,
};
_Static_assert(sizeof rows / sizeof rows[0] <= SCREENS_MAX, "room for every screen");

const struct screen_table screen_table = {.row = rows,
                                          .n = sizeof rows / sizeof rows[0],
                                          .help = &keys_of_help,
                                          .everywhere = &keys_of_everywhere,
                                          .is_silenced = prompt_is_silenced};
