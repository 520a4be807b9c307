/* Undo in the explorer: masks set, latents marked or labelled, filters, and how the
 * screens are laid out. UI thread. */
#ifndef SAETOP_UI_UNDO_H
#define SAETOP_UI_UNDO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UNDO_DEPTH = 32, UNDO_TEXT = 256 };
enum { UNDO_LAYOUT = 64 }; /* bytes of a screen's layout */

struct app;
struct session_view;
struct screen_def;
struct undo_step;

/* A kind of undoable step: a constant of the file that pushes such steps. */
struct undo_kind {
    const char *name; /* "a masking rate"; "": `which` says all */
    /* Take the step back, or do it again. */
    void (*apply)(struct app *a, const struct session_view *v,
                  const struct undo_step *s, bool back);
    /* Write which one it was, and what holds now: "#12, now dog". NULL: its screen
     * shows it. */
    void (*which)(const struct app *a, const struct undo_step *s, bool back, char *out,
                  size_t cap);
};

/* A step; its kind uses the fields it needs. */
struct undo_step {
    const struct undo_kind *kind;
    int arm;
    double rate_before, rate_after;
    int32_t latent;
    char of[UNDO_TEXT], before[UNDO_TEXT], after[UNDO_TEXT];
    const struct screen_def *screen; /* whose layout `was` and `is` are */
    unsigned char was[UNDO_LAYOUT], is[UNDO_LAYOUT];
};
struct undo_stack {
    struct undo_step step[UNDO_DEPTH];
    size_t n;      /* steps kept */
    size_t done;   /* how many of them are not undone */
    size_t pushed; /* ever */
};

/* Add a step: undone steps are forgotten, and the oldest if there are too many. */
void undo_push(struct undo_stack *u, const struct undo_step *s);
/* The step to undo, or to redo; NULL if there is none. */
const struct undo_step *undo_back(struct undo_stack *u);
const struct undo_step *undo_forward(struct undo_stack *u);

#endif
