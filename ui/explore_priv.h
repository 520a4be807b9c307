/* The explorer's loop, shared by explore.c, explore_script.c and explore_bench.c. */
#ifndef SAETOP_UI_EXPLORE_PRIV_H
#define SAETOP_UI_EXPLORE_PRIV_H

#include "ui/app.h"
#include "ui/explore.h"
#include "ui/term.h"

struct script;

struct loop {
    const struct explore_config *cfg;
    struct session *s;
    struct session_config session; /* of the run that is open */
    struct runs *runs;             /* on disk */
    const struct screen_def *from; /* the screen it was chosen on; NULL: it was named */
    uint64_t saves;                /* of this run by other processes, as taken in */
    long holder;                   /* the process that has it open, as last told */
    struct session_view v;
    struct app app;
    struct canvas c;
    struct term *t;        /* NULL without a terminal */
    struct script *script; /* NULL: none */
    bool dirty;            /* there is something new to show */
    bool urgent;           /* a key waits for its answer */
    bool waits;            /* ... which the screen has only a part of yet */
    bool quit;
    bool opens;            /* the run app.next is to replace this one */
    struct errinfo broken; /* why no session could be begun; OK: one was */
    uint64_t said;         /* app.said when the message shown was new */
    int64_t said_ns;       /* ... and when that was */
    uint32_t after;        /* the first key of two, while it waits, and since when */
    int64_t after_ns;
    bool saved;       /* a save was asked for on the way out */
    unsigned signals; /* those of SIG_BIT_QUITS that came */
    int64_t frame_ns; /* when the last frame was shown */
    int64_t first_frame_ns;
    size_t frames;
    size_t posted;           /* commands sent to the session */
    size_t inputs, answered; /* events from the terminal; of these, shown in a frame */
};

/* explore_open.c. Take in what the thread of runs has to tell; another process's saves
 * of the run being browsed are passed to the session. */
void loop_take_runs(struct loop *l);
/* End the session and begin one with the run asked for. */
void loop_open_next(struct loop *l);
/* If the run could not be opened, go back to the screen it was chosen on. */
void loop_leave_failed(struct loop *l);

/* Start the session, then the terminal (not if headless), and show the first frame.
 * out_fd, in_fd: the terminal's. On error everything is undone. */
enum err loop_init(struct loop *l, const struct explore_config *cfg, bool headless,
                   int out_fd, int in_fd, const char *term_name, struct errinfo *e);
void loop_deinit(struct loop *l);
/* Feed the app one event, and carry out what it asks for. */
void loop_event(struct loop *l, const struct event *ev);
/* Wait at most timeout_ms (-1: until something happens) for input, the session or a
 * signal; take all in; draw what is due. */
void loop_turn(struct loop *l, int timeout_ms);
void loop_draw(struct loop *l);
/* Run a command line. */
void loop_command(struct loop *l, const char *line);
/* Whether nothing that was asked for is outstanding. */
bool loop_idle(const struct loop *l);
/* Whether the session could not open what it was given. */
bool loop_failed(const struct loop *l);

/* explore_script.c */
enum err script_open(const char *path, struct script **out,
                     struct errinfo *e) ERR_CHECKED;
void script_free(struct script *s);
/* Do what is due; *due_ms: the time until there may be more to do, -1: the script has
 * ended. ERR_IO for a line that failed, with file, line and reason; it ends the
 * script. */
enum err script_step(struct script *s, struct loop *l, int *due_ms,
                     struct errinfo *e) ERR_CHECKED;

#endif
