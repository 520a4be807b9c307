/* The explorer: a session and its screens, in a terminal, played from a script, as one
 * frame of text, or benchmarked. Main thread; the program has called setlocale(LC_ALL,
 * "") and set LC_NUMERIC back to "C". */
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
    int tier;  /* enum glyph_tier, or -1: chosen by locale and TERM (ASCII without a
                  terminal) */
    int color; /* 1 on, 0 off, -1: NO_COLOR and the terminal decide */
    bool mouse;
    /* `--once SCREEN`: print one frame as text and end. NULL: no. The frame is taken
     * when nothing is outstanding and, if the run trains, after `once_step` steps. */
    const char *once;
    int64_t once_step;
    int w, h; /* size of the frame, for `once` and for a script without a terminal; 0:
                 80x24 */
    /* `--script FILE`: a script to play, a line at a time; NULL: none. With `headless`
     * no terminal is opened, and the explorer ends with the script.
     *   # ...          a remark; empty lines are skipped
     *   :wait idle     until nothing is outstanding
     *   :wait step N   until training has done N steps
     *   :wait done     until training has done all its steps
     *   :wait ms N     for N milliseconds
     *   :size W H      change the size, without a terminal
     *   :COMMAND       as typed after a colon; `:shot FILE` writes the screen as text
     *   anything else  keys; <Enter> <Esc> <Tab> <Up> <F1> <Ctrl-L> ... by name, <<>
     *                  is <
     * The first line that fails ends the script, with an error that names file, line
     * and reason: an unknown command, key or wait, a command that reports an error, a
     * wait for a step that the run does not reach. */
    const char *script;
    bool headless;
    int in_fd; /* the terminal that keys are read from; 0 is standard input */
    /* text_n bytes, borrowed, for the screen that has `take_text`, which is then opened
     * first; NULL: none. */
    const char *text;
    size_t text_n;
    FILE *out;          /* for the output of `once` and a run's last line; stdout */
    int64_t started_ns; /* clock_ns at the start of main, for first_frame_ms; 0: now */
};

/* Run until the user leaves. When a signal of SIG_BIT_QUITS cuts training off, the run
 * is saved, the terminal restored, and a line says where it was saved. *status becomes
 * the process's exit status: 0; after a signal 128 plus its number (143 after SIGTERM);
 * that of the error where the session could not open its inputs. Returns errors from
 * before the first frame (no terminal, an unknown screen, a script that cannot be
 * read), and the error of a script's line at the end. */
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
    double training_tok_s;             /* of training meanwhile, */
    size_t arms;                       /* with this many arms */
};

#define EXPLORE_BENCH_MAX (2 * SCREENS_MAX)

/* Run the explorer on a pseudo-terminal of cfg->w x cfg->h (0: 120x36) while the
 * session trains, feed `keys` keys to each screen, as many again where one types, and
 * measure. Writes *n rows to out. first_frame_ms counts from cfg->started_ns to the
 * first frame sent. Takes keys * 60 ms a row and the time to load. */
enum err explore_bench(const struct explore_config *cfg, size_t keys,
                       struct explore_latency out[EXPLORE_BENCH_MAX], size_t *n,
                       double *first_frame_ms, struct errinfo *e) ERR_CHECKED;

#endif
