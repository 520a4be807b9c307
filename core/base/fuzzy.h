/* How well a text matches typed words, for lists that are ranked as one types. ASCII
 * letters match in either case; other bytes match themselves. Any thread. */
#ifndef SAETOP_BASE_FUZZY_H
#define SAETOP_BASE_FUZZY_H

#include <stdbool.h>

enum {
    FUZZY_NONE = 0,
    FUZZY_GAPS = 20,   /* the typed letters in their order, with others between */
    FUZZY_INSIDE = 50, /* inside a word */
    FUZZY_WORD = 70,   /* a word of the text begins so */
    FUZZY_START = 85,  /* the text begins so */
    FUZZY_WHOLE = 100  /* the whole text, but for blanks and quotes around it */
};

/* Returns one of these qualities. gaps: letters may have others between them, if three
 * or more are typed and each run of them begins or continues a word. "" matches
 * nothing. O(text x typed). */
int fuzzy_score(const char *typed, const char *text, bool gaps);

#endif
