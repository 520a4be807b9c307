#include "base/fuzzy.h"

#include <ctype.h>
#include <string.h>

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

static bool is_around(char c)
{
    return c == ' ' || c == '\'' || c == '"';
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

int fuzzy_score(const char *typed, const char *text, bool gaps)
{
    size_t n = strlen(typed), len = strlen(text);
    int best = FUZZY_NONE;
    while (n > 0 && is_around(typed[0])) {
        typed++;
        n--;
    }
    while (n > 0 && is_around(typed[n - 1])) {
        n--;
    }
    while (len > 0 && is_around(text[0])) {
        text++;
        len--;
    }
    while (len > 0 && is_around(text[len - 1])) {
        len--;
    }
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
