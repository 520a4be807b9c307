/* The explorer: a session and the screens on it, in a terminal, as a script, as one
 * frame of text, or measured. Main thread; the program has called setlocale(LC_ALL, "")
 * and put LC_NUMERIC back to "C" before. */
#ifndef SAETOP_UI_EXPLORE_H
#define SAETOP_UI_EXPLORE_H

#include "session/session.h"
#include "ui/canvas.h"
#include "ui/screen.h"
#include "ui/theme.h"

#include <stdio.h>

struct explore_config {
    const struct screen_table *screens;
    struct session_config session; /* what to train or to open */
    enum theme_id theme;
    int tier;  /* enum glyph_tier, or -1: by locale and TERM (ASCII without a terminal)
                */
    int color; /* 1 on, 0 off, -1: NO_COLOR and the terminal decide */
    bool mouse;
    /* `--once SCREEN`: print one frame as text and end. NULL: no. The frame is taken
     * when nothing is outstanding and, of a run in training, after `once_step` steps.
     */
    const char *once;
    int64_t once_step;
    int w, h; /* size of the frame for `once` and of a script without a terminal; 0:
                 80x24 */
    /* `--script FILE`: what to play, a line at a time; NULL: none. With `headless` no
     * terminal is opened, and the explorer ends with the script.
     *   # ...          a remark; empty lines are skipped
     *   :wait idle     until nothing is outstanding
     *   :wait step N   until training has done N steps
     *   :wait done     until training has done all its steps
     *   :wait ms N     so long
     *   :size W H      without a terminal: another size
     *   :COMMAND       as typed after a colon; `:shot FILE` writes the screen as text
     *   anything else  keys; <Enter> <Esc> <Tab> <Up> <F1> <Ctrl-L> ... by name, <<>
     *                  is <
     * The first line that fails ends it, with an error that names file, line, reason:
     * an unknown command, key or wait, a command that complains, a wait for a step that
     * the run does not come to. */
    const char *script;
    bool headless;
    int in_fd; /* the terminal that keys come from; 0 is standard input */
    /* text_n bytes, borrowed, that the screen with a `take_text` begins with, and is
     * opened with; NULL: none. */
    const char *text;
    size_t text_n;
    FILE *out; /* for the output of `once` and the line at the end of a run; stdout */
    int64_t started_ns; /* clock_ns at the start of main, for first_frame_ms; 0: now */
};

/* Run until the user leaves. When training is cut off by a signal of SIG_BIT_QUITS the
 * run is saved, the terminal restored, and a line tells where it was saved. *status:
 * the process's exit status: 0; after a signal 128 and its number (143 after SIGTERM);
 * of the failure where the session could not open its inputs. Errors before the first
 * frame (no terminal, an unknown screen, a script that cannot be read) are returned,
 * and at the end that of a line of the script. */
enum err explore_run(const struct explore_config *cfg, int *status,
                     struct errinfo *e) ERR_CHECKED;

/* ---- `saetop bench ui` ---- */

struct explore_latency {
    const char *screen;
    bool typing; /* in a text of 64 tokens, at its end and in its middle */
    size_t keys; /* measured */
    double p50_ms,
        p95_ms; /* from a key's bytes reaching the terminal to its frame sent */
    double fresh_p50_ms, fresh_p95_ms; /* ... to the frame with all figures of the text
                                          as typed; NaN where nothing is typed */
    double training_tok_s;             /* meanwhile, */
    size_t arms;                       /* of so many arms */
};

#define EXPLORE_BENCH_MAX (2 * SCREENS_MAX)

/* Run the explorer on a pseudo-terminal of cfg->w x cfg->h (0: 120x36) while the
 * session trains, feed `keys` keys to each screen, as many again where one types, and
 * measure. *n rows in out. first_frame_ms counts from cfg->started_ns to the first
 * frame sent. Takes keys * 60 ms a row and the time to load. */
enum err explore_bench(const struct explore_config *cfg, size_t keys,
                       struct explore_latency out[EXPLORE_BENCH_MAX], size_t *n,
                       double *first_frame_ms, struct errinfo *e) ERR_CHECKED;

#endif
