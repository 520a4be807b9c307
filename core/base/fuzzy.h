/* How well a text matches typed words, for lists that are ranked as one types. ASCII
 * letters match in either case; other bytes match themselves. Any thread. */
#ifndef SAETOP_BASE_FUZZY_H
#define SAETOP_BASE_FUZZY_H

#include <stdbool.h>

enum {
    FUZZY_NONE = 0,
    FUZZY_NEAR = 2,    /* a word of the text is spelt nearly so */
    FUZZY_LETTERS = 8, /* the typed letters in their order, few others between */
    FUZZY_GAPS = 20,   /* in their order, runs of them beginning words */
    FUZZY_INSIDE = 50, /* inside a word */
    FUZZY_WORD = 70,   /* a word of the text begins so */
    FUZZY_START = 85,  /* the text begins so */
    FUZZY_WHOLE = 100  /* the whole text, but for blanks and quotes around it */
};

/* Returns one of these qualities. gaps: letters may have others between them, if three
 * or more are typed and each run of them begins or continues a word. "" matches
 * nothing. O(text x typed). */
int fuzzy_score(const char *typed, const char *text, bool gaps);

enum { FUZZY_NEAR_MAX = 40 };
/* Whether a word of the text is spelt nearly as typed: one slip away (base/nearest.h)
 * if four or more letters are typed, two from seven on; of three letters two may be
 * swapped and no more. Several typed words are compared with as many of the text.
 * `near`: the words that are meant, as they are in the text, cut to fit; "" for none.
 * O(text x typed). */
bool fuzzy_near(const char *typed, const char *text, char near[FUZZY_NEAR_MAX]);

/* What to fall back on where fuzzy_score finds little: returns FUZZY_LETTERS if four or
 * more letters are typed and are in the text in their order from the beginning of a
 * word on, a word's letters left out being at most half as many; FUZZY_NEAR if
 * fuzzy_near holds; else FUZZY_NONE. `near`, cost: as for fuzzy_near. */
int fuzzy_loose(const char *typed, const char *text, char near[FUZZY_NEAR_MAX]);

/* "whole", "start", "word", "inside", "initials", "letters", "spelling" for a quality,
 * or for one above FUZZY_WHOLE, which is whole. */
const char *fuzzy_name(int quality);

#endif
