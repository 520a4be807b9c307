/* What other screens send to Prompt: texts, and latents that are silenced. UI thread.
 */
#ifndef SAETOP_UI_SCREENS_PROMPT_H
#define SAETOP_UI_SCREENS_PROMPT_H

#include "ui/app.h"

/* Put the text of tokens ids [n] there, ids of -1 left out, with the cursor at the one
 * that stands at `at` of them, and go there: of the document of that one alone, between
 * special tokens. With a step of undo. In the list of latents the cursor goes to
 * `latent` as soon as it stands there; -1: where it may. */
void prompt_show(struct app *a, const struct session_view *v, const int32_t *ids,
                 size_t n, size_t at, int32_t latent);

/* Silence a latent of the arm that is shown, or let it speak again: in Prompt, whatever
 * is asked there. With a step of undo. */
void prompt_silence(struct app *a, int32_t latent);
bool prompt_is_silenced(const struct app *a, int32_t latent);
/* Silence all marked latents of the arm that is shown; where each of them is silenced,
 * let them speak again. One step of undo. Where it cannot be done it says why and
 * changes nothing: none is marked, or more latents would be edited than PROMPT_EDITS.
 */
void prompt_silence_marked(struct app *a);
/* The latents silenced in the arm that is shown: how many, and the first `cap`. */
size_t prompt_silenced(const struct app *a, int32_t *out, size_t cap);

#endif
