/* A line on the terminal that is rewritten in place. Owner thread. */
#ifndef SAETOP_SRC_PROGRESS_H
#define SAETOP_SRC_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
    bool on;         /* stderr is a terminal, and not quiet; else nothing is drawn */
    bool drawn;      /* a line is there now */
    int64_t last_ns; /* when it was drawn */
};

void progress_init(struct progress *p, bool quiet);
/* Whether a fifth of a second has passed since the last line, so that a new one is
 * worth making. */
bool progress_due(const struct progress *p);
/* Draw a bar of done / total and `text`, cut to the terminal's width. */
void progress_draw(struct progress *p, double done, double total, const char *text);
/* Remove the line, before printing others and at the end. */
void progress_clear(struct progress *p);

#endif
