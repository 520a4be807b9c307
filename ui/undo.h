/* What can be undone in the explorer: masks set, latents marked or labelled, filters,
 * and how the screens are laid out. UI thread. */
#ifndef SAETOP_UI_UNDO_H
#define SAETOP_UI_UNDO_H

#include "ui/lineedit.h"

#include <stdbool.h>
#include <stdint.h>

enum { UNDO_DEPTH = 32, UNDO_TEXT = 256 };
enum { LAYOUT_PANES = 4 };
enum undo_kind { UNDO_RATE, UNDO_MARK, UNDO_FILTER, UNDO_LABEL, UNDO_LAYOUT };

/* What a screen shows and in which order, apart from where one looks. */
struct layout_choice {
    int metric[LAYOUT_PANES];
    bool log_y[LAYOUT_PANES];
    double smooth;
    int unit;
    bool zoomed, numbers; /* Train */
    int sort, scatter_y;  /* Latents */
    bool reverse, scatter;
    int lens; /* Detail */
    bool heat_row, wrap;
};

struct undo_step {
    enum undo_kind kind;
    int arm;
    double rate_before, rate_after;
    int32_t latent; /* its mark is turned over */
    char before[UNDO_TEXT], after[UNDO_TEXT];
    struct layout_choice was, is;
};
struct undo_stack {
    struct undo_step step[UNDO_DEPTH];
    size_t n;      /* steps kept */
    size_t done;   /* of them, those not undone */
    size_t pushed; /* ever */
};

/* Add a step: what was undone is forgotten, and the oldest when there are too many. */
void undo_push(struct undo_stack *u, const struct undo_step *s);
/* The step to take back, or to do again; NULL when there is none. */
const struct undo_step *undo_back(struct undo_stack *u);
const struct undo_step *undo_forward(struct undo_stack *u);

#endif
