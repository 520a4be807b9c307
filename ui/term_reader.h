/* Events from a terminal's input: bytes are read (term_tty.h), parsed (term_input.h)
 * and turned into what the interface takes. UI thread. */
#ifndef SAETOP_UI_TERM_READER_H
#define SAETOP_UI_TERM_READER_H

#include "ui/mouse.h"
#include "ui/term_input.h"
#include "ui/term_tty.h"

/* Zero it, then call input_init and input_add_row on `input`. */
struct term_reader {
    struct term_input input;
    uint8_t bytes[256]; /* read and not yet looked at */
    size_t n_bytes, next_byte;
    int64_t byte_ns; /* when the last ones came */
    struct mouse pointer;
    bool ended; /* the terminal is gone; SIG_BIT_HUP was posted */
};

/* Return the next event, for a screen of w columns and h rows; false: none is ready.
 * Pointer reports count if `mouse`. A paste is borrowed until the next call. Does not
 * wait. */
bool reader_event(struct term_reader *r, struct tty *tty, bool mouse, int w, int h,
                  struct event *ev);
/* Time in ms until an unfinished sequence counts as cut short; -1: there is none. */
int reader_due(const struct term_reader *r);

#endif
