/* The terminal: the only way to curses. UI thread. The program has called
 * setlocale(LC_ALL, "") before; which glyphs are used and what may be shown depend on
 * it. stderr is redirected while the terminal is open (stderr_tail.h).
 *
 * A loop polls term_poll's descriptors, sig_fd (signal.h) and its own wake descriptor,
 * then calls term_event until it is false, then sig_take(SIG_BIT_QUITS).
 *
 * A terminal that takes no output (Ctrl-S, nobody reads) holds nothing up: frames are
 * skipped, and when it continues an EVENT_RESIZE asks for the newest. */
#ifndef SAETOP_UI_TERM_H
#define SAETOP_UI_TERM_H

#include "ui/canvas.h"
#include "ui/event.h"
#include "ui/theme.h"

#include <poll.h>

struct term;

struct term_config {
    enum theme_id theme;
    int tier;  /* enum glyph_tier, or -1: choose from locale and TERM */
    int color; /* 1 on, 0 off, -1: NO_COLOR and the terminal decide */
    bool mouse;
    const char *term_name; /* NULL: $TERM */
    int out_fd, in_fd;     /* 1 and 0 */
};

/* On a larger terminal, an upper left corner of this size is drawn on: some claim 65535
 * columns, and a cell costs 40 bytes. Nothing is lost: screens are whole in it, and
 * lists scroll as ever. */
enum { TERM_MAX_W = 1000, TERM_MAX_H = 300 };
enum { COLORS_TRUE = 1 << 24 };

/* Start curses on the terminal. ERR_USAGE, with one line, if out_fd is no terminal or
 * it cannot place a cursor (TERM=dumb). An unknown TERM with a modern name is retried
 * as xterm-256color, and *note, unless note is NULL, says so (borrowed; NULL: nothing
 * to say). Restores the terminal at normal exit and on crash signals (signal.c); calls
 * sig_open for all bits. At most one terminal is open at a time. */
enum err term_open(const struct term_config *cfg, struct term **out, const char **note,
                   struct errinfo *e) ERR_CHECKED;
/* Restore the terminal step by step, as far as each can be done, show the end of what
 * went to stderr, and free t (NULL is fine). If the terminal takes no output, this
 * lasts a second at most; descriptors 1 and 2, if they are that terminal, are then
 * turned to /dev/null, or the next write would hold the program up. */
void term_close(struct term *t);

void term_size(struct term *t, int *w, int *h);
enum glyph_tier term_tier(const struct term *t);
/* COLORS_TRUE if the terminal says so (COLORTERM, or RGB in its description), 256, 8 or
 * 0. */
int term_colors(const struct term *t);
/* Whether colours are shown, if the theme has any: the terminal has some, and neither
 * NO_COLOR nor the configuration forbids them. */
bool term_wants_color(const struct term *t);
/* Use a theme, with colours if term_wants_color. */
void term_set_theme(struct term *t, enum theme_id theme);
void term_set_mouse(struct term *t, bool on);

/* Show the canvas. Only differences are sent, nothing if it is unchanged; parts that do
 * not fit the terminal are cut. */
void term_present(struct term *t, const struct canvas *c);
/* Send n bytes of printable text to the terminal's clipboard (OSC 52); whether it takes
 * them cannot be known. False: it is a console without a clipboard, or is not ours
 * now. */
bool term_copy(struct term *t, const char *text, size_t n);
/* Forget what is on screen, so that the next term_present sends everything (Ctrl-L,
 * SIGCONT). */
void term_redraw(struct term *t);

/* Return the next event without waiting; false if there is none. It is a key, mouse,
 * resize, focus or paste event (a paste's text is borrowed until the next call).
 * Handles SIGTSTP (stops the process with the terminal restored), SIGCONT and SIGWINCH.
 * A click within 150 ms of the window getting the focus is left out: it only raised the
 * window. After an end of file on the terminal every call returns false and SIG_BIT_HUP
 * is due. */
bool term_event(struct term *t, struct event *ev);
/* Fill in the descriptors to poll, -1 for none. Returns the time in ms after which
 * term_event may have an event even if no byte came (an Esc); -1: none. */
enum { TERM_FDS = 2 };
int term_poll(const struct term *t, struct pollfd fd[TERM_FDS]);

/* Hand the terminal over to something else (SIGTSTP is handled inside). After
 * term_resume everything is sent again, and a resize is reported. */
void term_suspend(struct term *t);
void term_resume(struct term *t);

#endif
