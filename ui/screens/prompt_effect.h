/* What edits of latents do to held-out text: the edits of Prompt, or in Detail the
 * latent's silencing; asked for and shown in a pane of either. Measured in the thread
 * that answers prompts; the last result stays until a newer one is complete. UI
 * thread. */
#ifndef SAETOP_UI_SCREENS_PROMPT_EFFECT_H
#define SAETOP_UI_SCREENS_PROMPT_EFFECT_H

#include "ui/app.h"
#include "ui/list.h"

enum {
    EFFECT_EDITS = ASK_PRESET_EDITS,
    EFFECT_ROWS = 32,      /* measured by default */
    EFFECT_ROWS_MAX = 4096 /* the most that may be asked for; a text may have fewer */
};

/* What a measurement is of. */
struct effect_of {
    struct ask_edit edit[EFFECT_EDITS];
    size_t n;
    size_t arm;
    int64_t step; /* of the SAE */
};
/* Part of Prompt's state; zeroed, then effect_deinit. */
struct effect_state {
    bool waiting; /* for the SAE of its arm, before asking */
    bool sent;    /* the SAE was asked for */
    bool busy;
    size_t rows, done, all; /* asked for; read; and how many there are */
    uint64_t asked, shown;  /* tickets */
    struct effect_of of_asked, of;
    bool has; /* there is a result, for `of`: */
    struct ask_heldout found;
    struct ask_rows *text; /* the rows that `found` names; a reference */
    struct list_view list;
};
void effect_deinit(struct effect_state *s);

/* Measure edit [n], 1 to EFFECT_EDITS edits of the arm shown, on `rows` rows, in place
 * of what is being measured. Errors are shown as messages. */
void effect_begin(struct app *a, const struct session_view *v,
                  const struct ask_edit *edit, size_t n, size_t rows);
/* Parse the argument of `:effect`: a number of rows, "" for the default. False: it is
 * none, which was said. */
bool effect_rows(struct app *a, const char *args, size_t *rows);
/* Esc: stop measuring. False: nothing is being measured. */
bool effect_cancel(struct app *a, const struct session_view *v);
/* Take in what the worker has, and ask what was waiting for its SAE. */
void effect_sync(struct app *a, const struct session_view *v);

/* Draw the pane. edit [n]: the edits of the arm shown as they are now, so that a result
 * of other edits is marked. */
void effect_draw(struct app *a, const struct session_view *v, struct canvas *c,
                 struct rect r, const struct ask_edit *edit, size_t n, bool focus);
/* Move "down", "page-up", ...; false: that is for others. */
bool effect_move(struct app *a, const char *direction);
/* The token under the cursor; -1: nothing was found. */
int32_t effect_token_here(const struct app *a);
/* Enter: send the text up to the token under the cursor to Prompt, which leads back to
 * `from`. */
void effect_open(struct app *a, const struct session_view *v,
                 const struct screen_def *from);

#endif
