/* One context of a latent as a line of tokens with heat: where each token goes, and how
 * it is drawn. Heat shows three times: as colour, as brackets, and as a digit below.
 * The centre, the token that the context is about, has brackets whatever its heat. */
#ifndef SAETOP_UI_CONTEXT_FLOW_H
#define SAETOP_UI_CONTEXT_FLOW_H

#include "session/view.h"
#include "ui/canvas.h"

struct context_flow {
    int x[CONTEXT_TOKENS];   /* columns from the left, may be negative when cut */
    int row[CONTEXT_TOKENS]; /* of text */
    int width[CONTEXT_TOKENS];
    int rows; /* of text, 1 at least */
};

/* Lay out a context in w columns: on one row with its centre in sight, or wrapped into
 * at most `most` rows. `top` is the activation that counts as 1. */
void context_flow(struct context_flow *f, const struct names *names,
                  const struct latent_context *ctx, float top, int w, bool wrap,
                  int most);
/* Draw it from the upper left corner of r; with `digits` each row of text has a row of
 * digits below it. Tokens set in hit[CONTEXT_TOKENS] (NULL: none) are shown as
 * found. */
void context_draw(struct canvas *c, struct rect r, const struct context_flow *f,
                  const struct names *names, const struct latent_context *ctx,
                  float top, bool digits, const bool *hit);
/* Mark in `hit` (NULL: nowhere) the tokens that hold or are part of `text`, ignoring
 * the case of ASCII letters. Returns whether there are any. */
bool context_find(const struct names *names, const struct latent_context *ctx,
                  const char *text, bool hit[CONTEXT_TOKENS]);

#endif
