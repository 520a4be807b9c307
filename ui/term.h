/* The terminal: the only door to curses. UI thread. The program has called
 * setlocale(LC_ALL, "") before; the choice of glyphs and of what may be shown depends
 * on it. stderr is redirected while the terminal is open (stderr_tail.h).
 *
 * A loop polls term_poll's descriptors, sig_fd (signal.h) and its own wake descriptor,
 * then calls term_event until it is false, then sig_take(SIG_BIT_QUITS).
 *
 * A terminal that takes no output (Ctrl-S, nobody reads) holds nothing up: frames are
 * left out, and when it goes on an EVENT_RESIZE asks for the newest. */
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

/* A larger terminal is drawn on in its upper left corner, this large: some claim 65535
 * columns, and a cell costs 40 bytes. Nothing is lost: screens are whole in it, and
 * lists scroll as ever. */
enum { TERM_MAX_W = 1000, TERM_MAX_H = 300 };
enum { COLORS_TRUE = 1 << 24 };

/* Start curses on the terminal. ERR_USAGE with one line when out_fd is no terminal or
 * the terminal cannot place a cursor (TERM=dumb); an unknown TERM of a modern name is
 * retried as xterm-256color, then *note (borrowed, may be NULL) says so. Installs the
 * restore path for normal exit and for crash signals (signal.c); calls sig_open for all
 * bits. At most one terminal is open at a time. */
enum err term_open(const struct term_config *cfg, struct term **out, const char **note,
                   struct errinfo *e) ERR_CHECKED;
/* Restore the terminal, best effort step by step, show the end of what went to stderr,
 * and free t (NULL is fine). Takes a second at most where the terminal takes nothing;
 * then descriptors 1 and 2, if they are it, are turned to /dev/null, or the next word
 * would hold the program up. */
void term_close(struct term *t);

void term_size(struct term *t, int *w, int *h);
enum glyph_tier term_tier(const struct term *t);
/* COLORS_TRUE where the terminal says so (COLORTERM, or RGB in its description), 256, 8
 * or 0. */
int term_colors(const struct term *t);
/* Whether colours are shown at all, where the theme has any: it has some, and neither
 * NO_COLOR nor the configuration says no. */
bool term_wants_color(const struct term *t);
/* With colours if term_wants_color. */
void term_set_theme(struct term *t, enum theme_id theme);
void term_set_mouse(struct term *t, bool on);

/* Show the canvas; only differences are sent, nothing for an unchanged one. Parts that
 * do not fit the terminal are cut. */
void term_present(struct term *t, const struct canvas *c);
/* Hand n bytes of printable text to the terminal's clipboard (OSC 52): nobody knows
 * whether it takes them. false: it is a console without one, or is not ours now. */
bool term_copy(struct term *t, const char *text, size_t n);
/* Forget what is on screen and send everything at the next present (Ctrl-L, SIGCONT).
 */
void term_redraw(struct term *t);

/* Next event without waiting; false when there is none. Key, mouse, resize, focus and
 * paste (its text is borrowed until the next call).
 * Handles SIGTSTP (stops the process with the terminal restored), SIGCONT and SIGWINCH.
 * A click within 150 ms of the window getting the focus is left out: it only raised the
 * window. After an end of file on the terminal every call is false and SIG_BIT_HUP is
 * due. */
bool term_event(struct term *t, struct event *ev);
/* Fill in the descriptors to poll; -1 where there is none. Returns the time in ms after
 * which term_event may have an event though no byte came (an Esc); -1: none. */
enum { TERM_FDS = 2 };
int term_poll(const struct term *t, struct pollfd fd[TERM_FDS]);

/* Give the terminal to something else (SIGTSTP is handled inside). After term_resume
 * everything is sent again, and a resize is reported. */
void term_suspend(struct term *t);
void term_resume(struct term *t);

#endif
