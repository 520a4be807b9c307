#include "base/nearest.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define NAME_MAX_LEN 48

/* Levenshtein distance; words longer than NAME_MAX_LEN are as far as can be. */
static size_t edit_distance(const char *a, const char *b)
{
    const size_t na = strlen(a), nb = strlen(b);
    if (na > NAME_MAX_LEN || nb > NAME_MAX_LEN) {
        return SIZE_MAX;
    }
    size_t row[NAME_MAX_LEN + 1];
    for (size_t j = 0; j <= nb; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= na; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            const size_t above = row[j];
            size_t best = diagonal + (a[i - 1] != b[j - 1] ? 1 : 0);
            best = above + 1 < best ? above + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            diagonal = above;
            row[j] = best;
        }
    }
    return row[nb];
}

const char *nearest_name(const char *word, const char *const *names, size_t n)
{
    const size_t len = strlen(word);
    const char *best = NULL;
    size_t best_distance = len / 3 + 1; /* a third of the word may be wrong */
    for (size_t i = 0; i < n; i++) {
        /* The beginning of a name counts as one slip. */
        const bool prefix = len >= 3 && strncmp(word, names[i], len) == 0;
        const size_t d = prefix ? 1 : edit_distance(word, names[i]);
        if (d < len && (d < best_distance || (d == best_distance && !best))) {
            best_distance = d;
            best = names[i];
        }
    }
    return best;
}
