/* Texts that other screens send to Prompt. UI thread. */
#ifndef SAETOP_UI_SCREENS_PROMPT_H
#define SAETOP_UI_SCREENS_PROMPT_H

#include "ui/app.h"

/* Put the text of tokens ids [n] there, ids of -1 left out, with the cursor at the one
 * that stands at `at` of them, and go there. With a step of undo. */
void prompt_show(struct app *a, const struct session_view *v, const int32_t *ids,
                 size_t n, size_t at);

#endif
