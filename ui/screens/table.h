/* The screens: each has a file of its own, and a row here and in table.c. */
#ifndef SAETOP_UI_SCREENS_TABLE_H
#define SAETOP_UI_SCREENS_TABLE_H

#include "ui/screen.h"

extern const struct screen_def screen_train, screen_concepts, screen_latents,
    screen_detail, screen_prompt, screen_compare, screen_runs;

/* All of them, in the order of their tabs. */
extern const struct screen_table screen_table;

#endif
