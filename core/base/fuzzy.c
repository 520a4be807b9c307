#include "base/fuzzy.h"

#include "base/nearest.h"
#include "base/utf8.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define AROUND " '\""

static int lower(char c)
{
    return tolower((unsigned char)c);
}

static bool is_letter(char c)
{
    return isalnum((unsigned char)c) || ((unsigned char)c & 0x80) != 0;
}

static bool begins_word(const char *text, size_t at)
{
    return at == 0 || !is_letter(text[at - 1]);
}

static bool is_at(const char *text, const char *typed, size_t n)
{
    size_t i = 0;
    while (i < n && text[i] && lower(text[i]) == lower(typed[i])) {
        i++;
    }
    return i == n;
}

/* A run may end anywhere, but the next must begin a word. Greedy from each place where
 * one begins: a list ranks what it finds, and need not find all. */
static bool has_gaps(const char *typed, size_t n, const char *text)
{
    size_t at = 0;
    for (size_t i = 0; text[i] && at < n; i++) {
        const bool goes_on =
            at > 0 && i > 0 && lower(text[i - 1]) == lower(typed[at - 1]);
        if (lower(text[i]) == lower(typed[at]) && (goes_on || begins_word(text, i))) {
            at++;
        }
    }
    return at == n;
}

/* Leaves out blanks and quotes at both ends; returns the length of what is left. */
static size_t trim(const char **text)
{
    *text += strspn(*text, AROUND);
    size_t n = strlen(*text);
    while (n > 0 && strchr(AROUND, (*text)[n - 1])) {
        n--;
    }
    return n;
}

int fuzzy_score(const char *typed, const char *text, bool gaps)
{
    const size_t n = trim(&typed), len = trim(&text);
    int best = FUZZY_NONE;
    for (size_t i = 0; n > 0 && i + n <= len && best < FUZZY_START; i++) {
        if (is_at(text + i, typed, n)) {
            const int here = i == 0 ? n == len ? FUZZY_WHOLE : FUZZY_START
                             : begins_word(text, i) ? FUZZY_WORD
                                                    : FUZZY_INSIDE;
            best = here > best ? here : best;
        }
    }
    return best == FUZZY_NONE && gaps && n >= 3 && has_gaps(typed, n, text) ? FUZZY_GAPS
                                                                            : best;
}

/* ---- loosely ---- */

enum {
    LOOSE_LEAST = 4, /* letters typed */
    SWAP_LEAST = 3,  /* letters typed, two of them swapped */
    SKIP_MOST = 3,   /* letters left out at one place in a word */
    TWO_SLIPS = 7,   /* letters that two slips may be in */
    WORD_MAX = 32
};

static size_t word_end(const char *text, size_t at)
{
    while (text[at] && is_letter(text[at])) {
        at++;
    }
    return at;
}

/* Where `c` comes next from `at` on: in this word after at most `most` other letters,
 * or at the beginning of a later word. *skipped: those letters. The end of the text: it
 * does not. */
static size_t next_letter(const char *text, size_t at, char c, size_t most,
                          size_t *skipped)
{
    const size_t end = word_end(text, at);
    *skipped = 0;
    if (lower(text[at]) == lower(c)) {
        return at;
    }
    for (size_t i = at; i < end && i - at <= most && i - at <= SKIP_MOST; i++) {
        if (lower(text[i]) == lower(c)) {
            *skipped = i - at;
            return i;
        }
    }
    for (at = end; text[at]; at++) {
        if (lower(text[at]) == lower(c) && begins_word(text, at)) {
            break;
        }
    }
    return at;
}

/* Where the typed letters end in the text if the first is at `at`; 0: they are not all
 * there. Greedy, as has_gaps is. */
static size_t letters_end(const char *typed, size_t n, const char *text, size_t at)
{
    size_t left = n / 2;
    for (size_t i = 0; i < n; i++) {
        size_t skipped = 0;
        at = next_letter(text, at, typed[i], left, &skipped);
        if (!text[at]) {
            return 0;
        }
        left -= skipped;
        at++;
    }
    return word_end(text, at);
}

static void copy_lower(char out[WORD_MAX], const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = (char)lower(text[i]);
    }
    out[n] = '\0';
}

static size_t count_words(const char *text, size_t n)
{
    size_t words = 0;
    for (size_t i = 0; i < n; i++) {
        words += is_letter(text[i]) && begins_word(text, i);
    }
    return words;
}

/* Where the last of `words` words ends, of which the first is at `at`. */
static size_t words_end(const char *text, size_t at, size_t words)
{
    size_t end = at;
    for (; words > 0 && text[at]; words--) {
        end = at = word_end(text, at);
        while (text[at] && !is_letter(text[at])) {
            at++;
        }
    }
    return end;
}

/* Whether they differ first by two letters that are swapped. */
static bool is_swapped(const char *a, const char *b)
{
    size_t i = 0;
    while (a[i] && a[i] == b[i]) {
        i++;
    }
    return a[i] && a[i] == b[i + 1] && a[i + 1] == b[i];
}

/* A bit for each letter that is in a word; some letters share one. */
static uint32_t letters_in(const char *word)
{
    uint32_t in = 0;
    for (; *word; word++) {
        in |= UINT32_C(1) << ((unsigned char)*word & 31U);
    }
    return in;
}

/* Whether a has more than `most` letters that b lacks: then more slips lie between
 * them, as each takes away one at the most. */
static bool is_far(uint32_t a, uint32_t b, size_t most)
{
    uint32_t lacks = a & ~b;
    for (; lacks && most > 0; most--) {
        lacks &= lacks - 1;
    }
    return lacks != 0;
}

static bool is_near(const char *typed, size_t n, const char *word, size_t len)
{
    char a[WORD_MAX], b[WORD_MAX];
    const size_t most = n < TWO_SLIPS ? 1 : 2;
    if (n >= WORD_MAX || len >= WORD_MAX || n > len + most || len > n + most) {
        return false;
    }
    copy_lower(a, typed, n);
    copy_lower(b, word, len);
    const uint32_t in_a = letters_in(a), in_b = letters_in(b);
    return !is_far(in_a, in_b, most) && !is_far(in_b, in_a, most) &&
           nearest_slips(a, b) <= most && (n >= LOOSE_LEAST || is_swapped(a, b));
}

/* Copies what is meant, the text from `at` to `end`. */
static void copy_near(char near[FUZZY_NEAR_MAX], const char *text, size_t at,
                      size_t end)
{
    const size_t cut = utf8_clip(text + at, end - at, FUZZY_NEAR_MAX - 1);
    snprintf(near, FUZZY_NEAR_MAX, "%.*s", (int)cut, text + at);
}

bool fuzzy_near(const char *typed, const char *text, char near[FUZZY_NEAR_MAX])
{
    const size_t n = trim(&typed), words = count_words(typed, n);
    near[0] = '\0';
    for (size_t i = 0; n >= SWAP_LEAST && text[i]; i++) {
        if (is_letter(text[i]) && begins_word(text, i)) {
            const size_t end = words_end(text, i, words);
            if (is_near(typed, n, text + i, end - i)) {
                copy_near(near, text, i, end);
                return true;
            }
        }
    }
    return false;
}

static bool has_letters(const char *typed, const char *text, char near[FUZZY_NEAR_MAX])
{
    const size_t n = trim(&typed);
    for (size_t i = 0; n >= LOOSE_LEAST && text[i]; i++) {
        if (is_letter(text[i]) && begins_word(text, i) &&
            lower(text[i]) == lower(typed[0])) {
            const size_t end = letters_end(typed, n, text, i);
            if (end) {
                copy_near(near, text, i, end);
                return true;
            }
        }
    }
    return false;
}

int fuzzy_loose(const char *typed, const char *text, char near[FUZZY_NEAR_MAX])
{
    return has_letters(typed, text, near)  ? FUZZY_LETTERS
           : fuzzy_near(typed, text, near) ? FUZZY_NEAR
                                           : FUZZY_NONE;
}

const char *fuzzy_name(int quality)
{
    return quality >= FUZZY_WHOLE     ? "whole"
           : quality >= FUZZY_START   ? "start"
           : quality >= FUZZY_WORD    ? "word"
           : quality >= FUZZY_INSIDE  ? "inside"
           : quality >= FUZZY_GAPS    ? "initials"
           : quality >= FUZZY_LETTERS ? "letters"
                                      : "spelling";
}
