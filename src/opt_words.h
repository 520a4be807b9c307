/* The words that an option or setting accepts as its value, from the tables that check
 * it. Owner thread. */
#ifndef SAETOP_SRC_OPT_WORDS_H
#define SAETOP_SRC_OPT_WORDS_H

#include "base/str.h"
#include "opts.h"

/* Append them, "a|b|c"; nothing if the value is free. `is_setting`: `name` is a key of
 * --set, not an option. */
void opt_words(const char *command, const char *name, bool is_setting, struct str *out);

#endif
