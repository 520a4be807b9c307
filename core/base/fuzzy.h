/* How well a text matches typed words, for lists that are ranked during typing. Letters
 * of ASCII in any case; other bytes as they are. Any thread. */
#ifndef SAETOP_BASE_FUZZY_H
#define SAETOP_BASE_FUZZY_H

#include <stdbool.h>

enum {
    FUZZY_NONE = 0,
    FUZZY_GAPS = 20,   /* its letters in this order, with others between */
    FUZZY_INSIDE = 50, /* somewhere in a word */
    FUZZY_WORD = 70,   /* a word of it begins so */
    FUZZY_START = 85,  /* it begins so */
    FUZZY_WHOLE = 100  /* but for blanks and quotes around it */
};

/* Returns one of these qualities. gaps: letters may have others between, from three
 * letters on and where each run of them begins a word or goes on. "" matches nothing.
 * O(text x typed). */
int fuzzy_score(const char *typed, const char *text, bool gaps);

#endif
