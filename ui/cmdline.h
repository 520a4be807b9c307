/* The `:` line, and what is shown beside any prompt's line. UI thread. */
#ifndef SAETOP_UI_CMDLINE_H
#define SAETOP_UI_CMDLINE_H

#include "ui/app.h"

extern const struct prompt_def prompt_command;

/* Do what an entry picked from a list does; if it needs an argument, ask for that. */
void cmdline_choose(struct app *a, const struct session_view *v,
                    const struct key_entry *k);
/* Draw the completions of the word being typed, while Tab goes through them. */
void candidates_view(const struct app *a, struct canvas *c, struct rect r);
/* Write a line of help about the open prompt; "" for none. */
void prompt_help(const struct app *a, char *out, size_t cap);

#endif
