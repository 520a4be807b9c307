/* Remarks: lines for people about what was opened or measured, if nothing is wrong
 * enough to stop but the figures alone would mislead. Whoever finds them only lists
 * them; commands print them on stderr, the explorer shows them. A list belongs to one
 * caller. */
#ifndef SAETOP_BASE_REMARKS_H
#define SAETOP_BASE_REMARKS_H

#include <stddef.h>

#define REMARKS_MAX 8
#define REMARK_TEXT 400

struct remarks {
    size_t n;
    char line[REMARKS_MAX][REMARK_TEXT];
};

/* Add a line. Characters that would disturb a terminal become '?', so text from files
 * is safe here. Beyond REMARKS_MAX nothing is added. */
void remarks_add(struct remarks *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Add all lines of `more`, as far as there is room. */
void remarks_append(struct remarks *r, const struct remarks *more);
/* Writes all in one line to buf[cap] and returns it; "" for none. */
const char *remarks_line(const struct remarks *r, char *buf, size_t cap);

#endif
