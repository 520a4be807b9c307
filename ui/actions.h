/* What keys and commands do, declared from the table in keymap.h: actions.c
 * (everywhere), actions_train.c, actions_latents.c. `args` is a command's text or a
 * key's preset. */
#ifndef SAETOP_UI_ACTIONS_H
#define SAETOP_UI_ACTIONS_H

#include "ui/app.h"

#define ACTION_DECLARE(id, run, may)                                                   \
    void run(struct app *a, const struct session_view *v, const char *args);           \
    const char *may(const struct app *a, const struct session_view *v);
ACTION_LIST(ACTION_DECLARE)
#undef ACTION_DECLARE

/* A whole number or number filling `text`; false otherwise. */
bool arg_integer(const char *text, int64_t *out);
bool arg_number(const char *text, double *out);

#endif
