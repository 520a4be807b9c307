/* --heldout of `saetop ask`: what edits do to held-out text. */
#ifndef SAETOP_SRC_ASK_EFFECT_H
#define SAETOP_SRC_ASK_EFFECT_H

#include "ask_out.h"

/* Measure the question's edits on the first `rows` rows of the subject's text, with a
 * line of progress on the terminal. Errors of ask_heldout_row. */
enum err ask_effect_measure(struct ask *a, struct ask_subject *s, size_t rows,
                            const struct ask_question *q, struct ask_heldout *out,
                            struct errinfo *e) ERR_CHECKED;

/* Append the result for people (f->heldout must be there), or the member "heldout",
 * null if there is none. */
void ask_effect_text(const struct ask_found *f, struct str *out);
void ask_effect_json(const struct ask_found *f, struct str *out);

#endif
