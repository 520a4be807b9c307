/* Translates a tokenizer's regular expression for PCRE2. Included only in core/text. */
#ifndef SAETOP_TEXT_TOK_PATTERN_H
#define SAETOP_TEXT_TOK_PATTERN_H

#include "base/err.h"
#include "base/str.h"

/* Appends `pattern`, written for Oniguruma with Ruby's syntax, so that PCRE2 (UTF, UCP,
 * MULTILINE) finds the same: in PCRE2 \s, \w, \d, \h and \p{Script} mean other
 * characters. ERR_FORMAT for what has no known translation: a set within a set, &&, an
 * interval followed by + or ?, options but i. `place` starts error lines. */
enum err pattern_translate(const char *pattern, const char *place, struct str *out,
                           struct errinfo *e) ERR_CHECKED;
/* Appends a text as a pattern that matches exactly it. */
void pattern_quote(const char *text, struct str *out);

#endif
