/* While a screen is up, what libraries write to stderr goes into an unlinked file,
 * whose end is shown afterwards. UI thread, unless a function says otherwise. */
#ifndef SAETOP_UI_STDERR_TAIL_H
#define SAETOP_UI_STDERR_TAIL_H

#include "base/err.h"

struct stderr_tail {
    int saved; /* the real stderr, -1 when not redirected */
    int log;   /* the file, -1 when not redirected */
};

/* Redirect descriptor 2 if it is a terminal; otherwise (2>file) leave it alone. */
enum err stderr_tail_begin(struct stderr_tail *s, struct errinfo *e) ERR_CHECKED;
/* Point descriptor 2 back at the terminal for a while, then at the file again. */
void stderr_tail_pause(const struct stderr_tail *s);
void stderr_tail_continue(const struct stderr_tail *s);
/* Point descriptor 2 back and show the last lines there, control bytes as '?'. */
void stderr_tail_end(struct stderr_tail *s);
/* Copy the end of log_fd to out_fd, control bytes as '?', at most 4 KiB of whole lines.
 * Async-signal-safe; any thread. */
void stderr_tail_copy(int log_fd, int out_fd);

#endif
