/* The terminal: the only door to curses. UI thread. The program has called
 * setlocale(LC_ALL, "") before; the choice of glyphs and of what may be shown depends
 * on it. stderr is redirected while the terminal is open (stderr_tail.h).
 *
 * A loop polls term_fd, sig_fd (signal.h) and its own wake descriptor, then calls
 * term_event until it is false, then sig_take(SIG_BIT_QUITS). */
#ifndef SAETOP_UI_TERM_H
#define SAETOP_UI_TERM_H

#include "ui/canvas.h"
#include "ui/event.h"
#include "ui/theme.h"

struct term;

struct term_config {
    enum theme_id theme;
    int tier;  /* enum glyph_tier, or -1: choose from locale and TERM */
    int color; /* 1 on, 0 off, -1: NO_COLOR and the terminal decide */
    bool mouse;
    const char *term_name; /* NULL: $TERM */
    int out_fd, in_fd;     /* 1 and 0 */
};

/* Start curses on the terminal. ERR_USAGE with one line when out_fd is no terminal or
 * the terminal cannot place a cursor (TERM=dumb); an unknown TERM of a modern name is
 * retried as xterm-256color, then *note (borrowed, may be NULL) says so. Installs the
 * restore path for normal exit and for crash signals (signal.c); calls sig_open for all
 * bits. At most one terminal is open at a time. */
enum err term_open(const struct term_config *cfg, struct term **out, const char **note,
                   struct errinfo *e) ERR_CHECKED;
/* Restore the terminal, best effort step by step, show the end of what went to stderr,
 * and free t (NULL is fine). */
void term_close(struct term *t);

void term_size(struct term *t, int *w, int *h);
enum glyph_tier term_tier(const struct term *t);
int term_colors(const struct term *t); /* 256, 8 or 0 */
void term_set_theme(struct term *t, enum theme_id theme, bool color);
void term_set_mouse(struct term *t, bool on);

/* Show the canvas; only differences are sent, nothing for an unchanged one. What does
 * not fit the terminal is cut. */
void term_present(struct term *t, const struct canvas *c);
/* Forget what is on screen and send everything at the next present (Ctrl-L, SIGCONT).
 */
void term_redraw(struct term *t);

/* Next event without waiting; false when there is none. Key, mouse, resize and focus.
 * Handles SIGTSTP (stops the process with the terminal restored), SIGCONT and SIGWINCH.
 * A click within 150 ms of the window getting the focus is left out: it only raised the
 * window. After an end of file on the terminal every call is false and SIG_BIT_HUP is
 * due. */
bool term_event(struct term *t, struct event *ev);
/* Descriptor to poll for input. */
int term_fd(const struct term *t);

/* Give the terminal to something else (SIGTSTP is handled inside). After term_resume
 * everything is sent again, and a resize is reported. */
void term_suspend(struct term *t);
void term_resume(struct term *t);

#endif
