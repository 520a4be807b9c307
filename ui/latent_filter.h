/* The filter over latents, as typed after `&`:
 *
 *   expression  = term { ["&"] term }          all of them hold
 *   term        = piece { "|" piece }          one of them holds
 *   piece       = ["!"] ( field op number | flag | "/" regex "/" | word | "quoted" )
 *   op          = ">" ">=" "<" "<=" "=" "!="
 *
 * A word is looked for in top tokens, the match's name, the latent's label and number
 * (#412), in any case of letters; a parenthesis only in quotes. In quotes \" is a quote
 * and \\ a backslash. regex is POSIX extended with \w \s \b; \/ is a slash and \\ a
 * backslash. A value that was not measured is neither greater nor less. UI thread. */
#ifndef SAETOP_UI_LATENT_FILTER_H
#define SAETOP_UI_LATENT_FILTER_H

#include "session/view.h"

#include <stdbool.h>
#include <stddef.h>

struct latent_filter;
/* Room that a message needs. */
enum { FILTER_MESSAGE = 160 };

/* Compile text; NULL with *at (byte) and message[cap] when it is malformed or memory is
 * out. An empty text compiles and holds everywhere. */
struct latent_filter *filter_new(const char *text, size_t *at, char *message,
                                 size_t cap);
/* Holds where `text`, whatever its signs, is found as a word. NULL: out of memory. */
struct latent_filter *filter_new_word(const char *text);
void filter_free(struct latent_filter *f); /* NULL is fine */
/* Whether it holds for a latent. Remembers answers per token, so the source's `names`
 * must stay the same for the life of the filter. */
bool filter_holds(struct latent_filter *f, const struct latent_source *source);
/* Names of fields and flags for completion and help, from the table of columns; NULL
 * beyond the last. */
const char *filter_word(size_t i);

/* Whether `text` is in `in`, letters of ASCII in any case. */
bool filter_text_in(const char *in, const char *text);

#endif
