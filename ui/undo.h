/* What can be undone in the explorer: masks set, latents marked, filters. UI thread. */
#ifndef SAETOP_UI_UNDO_H
#define SAETOP_UI_UNDO_H

#include "ui/lineedit.h"

#include <stdbool.h>
#include <stdint.h>

enum { UNDO_DEPTH = 32, UNDO_TEXT = 256 };
enum undo_kind { UNDO_RATE, UNDO_MARK, UNDO_FILTER };

struct undo_step {
    enum undo_kind kind;
    int arm;
    double rate_before, rate_after;
    int32_t latent; /* its mark is turned over */
    char before[UNDO_TEXT], after[UNDO_TEXT];
};
struct undo_stack {
    struct undo_step step[UNDO_DEPTH];
    size_t n;    /* steps kept */
    size_t done; /* of them, those not undone */
};

/* Add a step: what was undone is forgotten, and the oldest when there are too many. */
void undo_push(struct undo_stack *u, const struct undo_step *s);
/* The step to take back, or to do again; NULL when there is none. */
const struct undo_step *undo_back(struct undo_stack *u);
const struct undo_step *undo_forward(struct undo_stack *u);

#endif
