/* A tokenizer's regular expression in PCRE2's words. Included in core/text only. */
#ifndef SAETOP_TEXT_TOK_PATTERN_H
#define SAETOP_TEXT_TOK_PATTERN_H

#include "base/err.h"
#include "base/str.h"

/* Append `pattern`, written for Oniguruma with Ruby's syntax, so that PCRE2 (UTF, UCP,
 * MULTILINE) finds the same: \s, \w, \d, \h and \p{Script} mean other characters there.
 * ERR_FORMAT where no such words are known: a set within a set, &&, an interval
 * followed by + or ?, options but i. `place` begins error lines. */
enum err pattern_translate(const char *pattern, const char *place, struct str *out,
                           struct errinfo *e) ERR_CHECKED;
/* Append a text as a pattern that matches just it. */
void pattern_quote(const char *text, struct str *out);

#endif
