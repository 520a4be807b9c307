/* Text as one word of a shell command. Any thread. */
#ifndef SAETOP_SRC_SHELL_WORD_H
#define SAETOP_SRC_SHELL_WORD_H

#include "base/str.h"

/* Append `text`, quoted as far as needed for a shell to give its bytes back. Bytes that
 * would act on a terminal or mislead its reader are written as octal in $'...', which
 * bash, ksh, zsh and POSIX 2024 read. */
void shell_word_add(struct str *out, const char *text);

#endif
