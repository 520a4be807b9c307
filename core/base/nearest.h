/* The known name that a mistyped one is nearest to, for error lines. Any thread. */
#ifndef SAETOP_BASE_NEAREST_H
#define SAETOP_BASE_NEAREST_H

#include <stddef.h>

/* The name nearest to `word` by edit distance among names[n], or NULL if none is near:
 * one slip in two to four letters, two in five to seven and so on, where two letters
 * that changed places are one, and so is a beginning of three letters or more. O(n)
 * small words. */
const char *nearest_name(const char *word, const char *const *names, size_t n);

#define NEAREST_HINT 72
/* "; did you mean topk?" of the words of a list parted by spaces, commas or bars, or
 * "": for the end of a line that says what was expected. Returns out. */
const char *nearest_hint(const char *word, const char *list, char out[NEAREST_HINT]);

#endif
