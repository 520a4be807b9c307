#include "base/nearest.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_LEN 48

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: row by row the distance of a[0, i) from all beginnings of
 * b. */
size_t nearest_slips(const char *a, const char *b)
{
    const size_t na = strlen(a), nb = strlen(b);
    if (na > NAME_MAX_LEN || nb > NAME_MAX_LEN) {
        return SIZE_MAX;
    }
    size_t rows[3][NAME_MAX_LEN + 1];
    for (size_t j = 0; j <= nb; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= na; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            row[j] = least(above[j - 1] + (a[i - 1] != b[j - 1] ? 1 : 0),
                           least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = least(row[j], before[j - 2] + 1);
            }
        }
    }
    return rows[na % 3][nb];
}

const char *nearest_name(const char *word, const char *const *names, size_t n)
{
    const size_t len = strlen(word);
    const char *best = NULL;
    size_t most = (len + 1) / 3; /* slips: 1 of 2 to 4 letters, 2 of 5 to 7 */
    for (size_t i = 0; i < n; i++) {
        /* The beginning of a name counts as one slip. */
        const bool prefix = len >= 3 && strncmp(word, names[i], len) == 0;
        const size_t d = prefix ? 1 : nearest_slips(word, names[i]);
        if (d < len && (d < most || (d == most && !best))) {
            most = d;
            best = names[i];
        }
    }
    return best;
}

#define LIST_MAX 64

const char *nearest_hint(const char *word, const char *list, char out[NEAREST_HINT])
{
    char copy[1024];
    const char *names[LIST_MAX];
    char *rest = NULL;
    size_t n = 0;
    (void)snprintf(copy, sizeof copy, "%s", list);
    for (char *p = strtok_r(copy, " ,|", &rest); p && n < LIST_MAX;
         p = strtok_r(NULL, " ,|", &rest)) {
        names[n++] = p;
    }
    const char *near = nearest_name(word, names, n);
    (void)snprintf(out, NEAREST_HINT, near ? "; did you mean %.48s?" : "%s",
                   near ? near : "");
    return out;
}
