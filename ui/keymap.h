/* All keys and commands: one table. Dispatch, the hint line, help, `:` completion, the
 * key table of ui/README.md and a test for clashes come from it. Constant; any thread.
 */
#ifndef SAETOP_UI_KEYMAP_H
#define SAETOP_UI_KEYMAP_H

#include "base/str.h"
#include "session/view.h"

#include <stddef.h>
#include <stdint.h>

enum screen_id {
    SCREEN_TRAIN,
    SCREEN_LATENTS,
    SCREEN_DETAIL,
    SCREEN_COUNT,
    SCREEN_HELP, /* keys of the help overlay */
    SCREEN_ANY   /* everywhere but where a screen has the key itself */
};

/* X(id, function that does it, function that says why it cannot be done now)
 * The functions are in actions*.c: see struct action_def in app.h. */
#define ACTION_LIST(X)                                                                 \
    X(QUIT, act_quit, may_always)                                                      \
    X(BACK, act_back, may_always)                                                      \
    X(CANCEL, act_cancel, may_always)                                                  \
    X(HELP, act_help, may_always)                                                      \
    X(PROMPT, act_prompt, may_always)                                                  \
    X(SCREEN, act_screen, may_always)                                                  \
    X(PANE, act_pane, may_always)                                                      \
    X(MOVE, act_move, may_always)                                                      \
    X(ENTER, act_enter, may_always)                                                    \
    X(UNDO, act_undo, may_undo)                                                        \
    X(REDO, act_redo, may_redo)                                                        \
    X(REDRAW, act_redraw, may_always)                                                  \
    X(SUSPEND, act_suspend, may_always)                                                \
    X(SET, act_set, may_always)                                                        \
    X(SHOT, act_shot, may_always)                                                      \
    X(EXPORT, act_export, may_export)                                                  \
    X(NOTE, act_note, may_steer)                                                       \
    X(EVENTS, act_events, may_always)                                                  \
    X(MESSAGES, act_messages, may_always)                                              \
    X(SAVE_CONFIG, act_save_config, may_refresh)                                       \
    X(ARM, act_arm, may_choose_arm)                                                    \
    X(PAUSE, act_pause, may_train)                                                     \
    X(RESUME, act_resume, may_resume)                                                  \
    X(MASK, act_mask, may_train)                                                       \
    X(MASK_TOGGLE, act_mask_toggle, may_train)                                         \
    X(RATE, act_rate, may_train)                                                       \
    X(FORK, act_fork, may_fork)                                                        \
    X(SAVE, act_save, may_steer)                                                       \
    X(EXTEND, act_extend, may_extend)                                                  \
    X(LR, act_lr, may_steer)                                                           \
    X(EVALUATE, act_evaluate, may_steer)                                               \
    X(PANE_METRIC, act_pane_metric, may_always)                                        \
    X(LOG_Y, act_log_y, may_always)                                                    \
    X(SMOOTH, act_smooth, may_always)                                                  \
    X(AXIS, act_axis, may_always)                                                      \
    X(ZOOM_PANE, act_zoom_pane, may_always)                                            \
    X(ZOOM_X, act_zoom_x, may_always)                                                  \
    X(NUMBERS, act_numbers, may_compare)                                               \
    X(SORT, act_sort, may_always)                                                      \
    X(REVERSE, act_reverse, may_always)                                                \
    X(FIND, act_find, may_look)                                                        \
    X(FIND_NEXT, act_find_next, may_find_next)                                         \
    X(FILTER, act_filter, may_look)                                                    \
    X(CLEAR_FILTER, act_clear_filter, may_clear_filter)                                \
    X(MARK, act_mark, may_browse)                                                      \
    X(LABEL, act_label, may_label)                                                     \
    X(SCATTER, act_scatter, may_browse)                                                \
    X(REFRESH, act_refresh, may_refresh)                                               \
    X(CONTEXT, act_context, may_always)                                                \
    X(LATENT, act_latent, may_refresh)                                                 \
    X(INTERVAL, act_interval, may_refresh)                                             \
    X(LENS, act_lens, may_always)                                                      \
    X(HEAT_ROW, act_heat_row, may_always)                                              \
    X(WRAP, act_wrap, may_always)                                                      \
    X(HELP_FILTER, act_help_filter, may_always)

enum action {
#define ACTION_ENUM(id, run, may) ACTION_##id,
    ACTION_LIST(ACTION_ENUM)
#undef ACTION_ENUM
        ACTION_COUNT
};

#define KEYMAP_KEYS 4

struct key_entry {
    enum screen_id screen;
    uint32_t key[KEYMAP_KEYS]; /* 0: no more */
    enum action action;
    const char *command; /* the `:` twin's name; a key's argument is `preset` */
    const char *preset;  /* "" none */
    const char *args;    /* what the command takes, for its one-line help; "" nothing */
    const char *hint;    /* for the hint line; NULL: not there. See keymap_hint. */
    const char *help;    /* a sentence */
    int priority;        /* of the hint: lower first */
};

size_t keymap_count(void);
const struct key_entry *keymap_at(size_t i);
/* The words of entry i in the hint line of a screen and its place there, lower first,
 * while the run is in that state; NULL: not there. */
const char *keymap_hint(size_t i, enum screen_id screen, enum session_state state,
                        int *priority);
/* What a key does on a screen: the screen's own entry before a global one; NULL:
 * nothing. */
const struct key_entry *keymap_find_key(enum screen_id screen, uint32_t key);
/* The first entry of that key on a screen, of a key that does nothing on another; NULL:
 * no screen has it. */
const struct key_entry *keymap_find_elsewhere(uint32_t key);
/* The first entry of that command name for the screen, a global one, or another
 * screen's (a command may be given anywhere); NULL: unknown. `n` bytes of name. */
const struct key_entry *keymap_find_command(enum screen_id screen, const char *name,
                                            size_t n);
/* "Space", "Ctrl-L", "[", "F1". */
void key_name(uint32_t key, char *out, size_t cap);
/* All keys of an entry: "j Down". */
void key_names(const struct key_entry *k, char *out, size_t cap);
/* The key of a name as scripts write it: "<Enter>" without the brackets; 0: unknown. */
uint32_t key_from_name(const char *name);
const char *screen_id_name(enum screen_id s); /* "train", ..., "help", "everywhere" */

/* The key table of ui/README.md. */
void keymap_markdown(struct str *out);

#endif
