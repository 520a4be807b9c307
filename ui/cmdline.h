/* The `:` line, and what is shown beside any line that is typed. UI thread. */
#ifndef SAETOP_UI_CMDLINE_H
#define SAETOP_UI_CMDLINE_H

#include "ui/app.h"

extern const struct prompt_def prompt_command;

/* Do what an entry does that was picked from a list: asks for an argument that it
 * needs. */
void cmdline_choose(struct app *a, const struct session_view *v,
                    const struct key_entry *k);
/* While Tab goes through them: what the word being typed could become. */
void candidates_view(const struct app *a, struct canvas *c, struct rect r);
/* One line about what the open prompt asks for; "" none. */
void prompt_help(const struct app *a, char *out, size_t cap);

#endif
