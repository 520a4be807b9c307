/* What other screens send to Prompt: texts, and latents that are silenced. UI thread.
 */
#ifndef SAETOP_UI_SCREENS_PROMPT_H
#define SAETOP_UI_SCREENS_PROMPT_H

#include "ui/app.h"

/* Put the text of tokens ids [n] there and go there, with the cursor on token `at`:
 * only of the document around that token, between special tokens, and without ids of
 * -1. A step of undo. In the list of latents the cursor goes to `latent` as soon as
 * that is listed; -1: to no particular one. */
void prompt_show(struct app *a, const struct session_view *v, const int32_t *ids,
                 size_t n, size_t at, int32_t latent);

/* In Prompt, silence a latent of the arm shown, whatever is asked there, or let it
 * speak again. A step of undo. */
void prompt_silence(struct app *a, int32_t latent);
bool prompt_is_silenced(const struct app *a, int32_t latent);
/* Silence all marked latents of the arm shown; if each of them is silenced, let them
 * speak again. One step of undo. If it cannot be done, say why and change nothing: none
 * is marked, or more than PROMPT_EDITS latents would be edited. */
void prompt_silence_marked(struct app *a);
/* Write the first `cap` latents silenced in the arm shown, and return how many there
 * are. */
size_t prompt_silenced(const struct app *a, int32_t *out, size_t cap);

#endif
