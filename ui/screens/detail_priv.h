/* What the files of Detail share. Only tests include this besides them. */
#ifndef SAETOP_UI_SCREENS_DETAIL_PRIV_H
#define SAETOP_UI_SCREENS_DETAIL_PRIV_H

#include "ui/find_use.h"
#include "ui/screens/latents.h"
#include "ui/screens/prompt_effect.h"

enum { DETAIL_PAST = 32, NEAR_ROWS = 64 };

/* A latent that was looked at before, and the row that was chosen among those that it
 * goes with. */
struct detail_place {
    int cond;
    int32_t latent;
    size_t near_at;
};

struct detail_state {
    size_t arm;     /* the arm of all below */
    int32_t latent; /* -1: none chosen yet */
    int interval;
    size_t context;
    bool heat_row, wrap;
    int lens; /* enum lens_mode */
    char find[FIND_TEXT];
    size_t find_from; /* context when the prompt was opened */
    bool asked;       /* the description was asked for: this latent, arm, interval */
    enum detail_pane {
        PANE_CONTEXTS,
        PANE_NEAR,
        PANE_INTERVALS,
        PANE_EFFECT,
        DETAIL_PANES
    } pane;
    size_t near_at;
    struct detail_place here;              /* what was drawn last, */
    bool seen;                             /* which was not left since */
    struct detail_place past[DETAIL_PAST]; /* the latest last */
    size_t n_past;
};
struct detail_state *detail_of(const struct app *a);

enum {
    HIT_LATENT = HIT_SCREEN, /* a: latent id: opens it */
    HIT_CONTEXT,             /* a: context */
    HIT_NEAR                 /* a: row of the latents it goes with */
};

struct detail_layout {
    struct rect stats, hist, lens, contexts;
};
struct detail_layout detail_layout(struct rect body, bool wide);

extern const struct key_list detail_keys;
extern const struct find_use detail_find_use;
/* The description of the latent asked about; NULL while there is none. */
const struct latent_detail *detail_shown(const struct app *a,
                                         const struct session_view *v);
void detail_choose(struct app *a, const struct session_view *v, int32_t latent);
/* Before another latent is chosen, remember the one shown: Backspace comes back to
 * it. */
void detail_leave(struct app *a);
void detail_ask(struct app *a, const struct session_view *v);
/* Write the edits whose effect is measured here and return how many, at least 1: the
 * latent silenced, and if it is among those silenced in Prompt, the others too. */
size_t detail_edits(const struct app *a, struct ask_edit out[EFFECT_EDITS]);

/* ---- detail_contexts.c ---- */

void contexts_view(struct app *a, const struct session_view *v, struct canvas *c,
                   struct rect r, bool wide);
/* Draw all intervals below each other, each with as many contexts as fit. */
void intervals_view(struct app *a, const struct session_view *v, struct canvas *c,
                    struct rect r);

/* ---- detail_near.c ---- */

/* A latent that the one shown goes with. */
struct near_row {
    const char *head; /* heading of its group */
    int32_t latent;   /* -1: `text` says why there is none */
    int cond;
    char text[64];
};
size_t near_rows(const struct app *a, const struct session_view *v,
                 struct near_row out[NEAR_ROWS]);
void near_view(struct app *a, const struct session_view *v, struct canvas *c,
               struct rect r);
void near_move(struct app *a, const struct session_view *v, const char *direction);
/* Open the latent of row i. */
void near_open(struct app *a, const struct session_view *v, size_t i);

#endif
