/* Text as one word of a shell's command line. Any thread. */
#ifndef SAETOP_SRC_SHELL_WORD_H
#define SAETOP_SRC_SHELL_WORD_H

#include "base/str.h"

/* Append `text` quoted as far as need be, so that a shell gives its bytes back. Bytes
 * that would act on a terminal or mislead its reader stand as octal in $'...', which
 * bash, ksh, zsh and POSIX of 2024 read. */
void shell_word_add(struct str *out, const char *text);

#endif
