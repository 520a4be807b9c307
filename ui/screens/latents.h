/* The table of latents being browsed, for screens that show a latent: which arm, in
 * which order, what is marked and labelled. Such a screen names screen_latents as its
 * `base`. */
#ifndef SAETOP_UI_SCREENS_LATENTS_H
#define SAETOP_UI_SCREENS_LATENTS_H

#include "ui/app.h"
#include "ui/screens/table.h"

/* The condition being browsed, its arm of the seed shown, and that arm's table (NULL:
 * none yet). */
int latents_cond(const struct app *a);
size_t latents_arm(const struct app *a);
const struct latent_table *latents_table(const struct app *a,
                                         const struct session_view *v);
/* Write ", seed 2", for titles: the seed shown, if a condition has several and it is
 * not the first; else "". */
void latents_seed(const struct app *a, const struct session_view *v, char *out,
                  size_t cap);
/* The latent under the table's cursor; -1: none. */
int32_t latents_at(const struct app *a);
/* Write a latent as the finder lists it, except why it was found; false: there is no
 * table. */
bool latents_item(const struct app *a, const struct session_view *v, int32_t id,
                  struct finder_item *out);
/* Put the cursor on a latent, if it is shown. */
void latents_choose(struct app *a, int32_t id);
/* The latent `by` places after `id` in the order; -1: none. */
int32_t latents_beside(const struct app *a, int32_t id, int by);
/* The label a user gave a latent, "" for none. */
const char *latents_label(const struct app *a, const struct session_view *v,
                          int32_t id);
bool latents_has_mark(const struct app *a, int32_t id);
/* Write the first `cap` marked latents of the arm shown, by number, and return how many
 * there are. O(latents). */
#define ALL_MARKED "marked" /* stands for these where a command takes a latent */
size_t latents_marked(const struct app *a, int32_t *out, size_t cap);
/* Why there is nothing to browse, or why that latent cannot be labelled; NULL: no
 * reason. */
const char *latents_may_browse(const struct app *a, const struct session_view *v);
const char *latents_may_label(const struct app *a, const struct session_view *v,
                              int32_t id);
/* Mark or unmark a latent; set its label to `text`, or ask for one if that is "" (an
 * empty one removes it). Each is a step of undo. */
void latents_turn_mark(struct app *a, const struct session_view *v, int32_t id);
void latents_call(struct app *a, const struct session_view *v, int32_t id,
                  const char *text);
/* Choose the condition whose latents are shown. */
extern const struct action action_latents_arm;
/* Open in Detail the other condition's latent that corresponds to `latent`
 * (latents/latent_pairs.h), once the pairs are there; or the one with the same
 * number. */
void latents_go_partner(struct app *a, const struct session_view *v, int32_t latent);
void latents_go_number(struct app *a, const struct session_view *v, int32_t latent);
/* Draw a latent's match, its cut and F1, from row y on. Returns the next free row. */
int latents_match(struct canvas *c, int x, int y, int w, const struct names *n,
                  const struct latent_row *row);

#endif
