/* The known name that a mistyped one is nearest to, for error lines. Any thread. */
#ifndef SAETOP_BASE_NEAREST_H
#define SAETOP_BASE_NEAREST_H

#include <stddef.h>

/* The name nearest to `word` by edit distance among names[n], or NULL if none is near:
 * a third of the word may be wrong, but not all of it, and a beginning of three letters
 * or more counts as one slip. O(n) small words. */
const char *nearest_name(const char *word, const char *const *names, size_t n);

#endif
