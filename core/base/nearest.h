/* The known name nearest to a mistyped one, for error lines. Any thread. */
#ifndef SAETOP_BASE_NEAREST_H
#define SAETOP_BASE_NEAREST_H

#include <stddef.h>

/* Counts the slips between two words: letters left out, put in, changed, or swapped
 * with their neighbour. SIZE_MAX if one is longer than 48 bytes. O(a x b). */
size_t nearest_slips(const char *a, const char *b);

/* Returns the name among names[n] nearest to `word` by edit distance, or NULL if none
 * is near: one slip is allowed in two to four letters, two in five to seven and so on.
 * Two swapped letters are one slip, and so is a name broken off after three letters or
 * more. O(n) small words. */
const char *nearest_name(const char *word, const char *const *names, size_t n);

#define NEAREST_HINT 72
/* Returns out: "; did you mean topk?" from the words of a list separated by spaces,
 * commas or bars, or "". For the end of a line that says what was expected. */
const char *nearest_hint(const char *word, const char *list, char out[NEAREST_HINT]);

#endif
