/* The table of latents as it is browsed, for screens that show one of them: which arm,
 * in which order, what is marked and labelled. Such a screen names screen_latents as
 * its `base`. */
#ifndef SAETOP_UI_SCREENS_LATENTS_H
#define SAETOP_UI_SCREENS_LATENTS_H

#include "ui/app.h"
#include "ui/screens/table.h"

/* The condition that is browsed, its arm of the seed that is shown, and the table of
 * that; NULL: none yet. */
int latents_cond(const struct app *a);
size_t latents_arm(const struct app *a);
const struct latent_table *latents_table(const struct app *a,
                                         const struct session_view *v);
/* ", seed 2", for titles: the seed that is shown, where a condition has several and it
 * is not the first of them; else "". */
void latents_seed(const struct app *a, const struct session_view *v, char *out,
                  size_t cap);
/* The latent under the cursor of the table; -1. */
int32_t latents_at(const struct app *a);
/* A latent as the finder lists it, but for why: false without a table. */
bool latents_item(const struct app *a, const struct session_view *v, int32_t id,
                  struct finder_item *out);
/* Put the cursor on a latent, if it is shown. */
void latents_choose(struct app *a, int32_t id);
/* The latent `by` places after another in the order; -1: none. */
int32_t latents_beside(const struct app *a, int32_t id, int by);
/* The label that a user gave a latent, "" for none. */
const char *latents_label(const struct app *a, const struct session_view *v,
                          int32_t id);
bool latents_has_mark(const struct app *a, int32_t id);
/* The marked latents of the arm that is shown, in order: how many, and the first `cap`.
 * O(latents). */
#define ALL_MARKED "marked" /* these, where a command takes a latent */
size_t latents_marked(const struct app *a, int32_t *out, size_t cap);
/* Why there is nothing to browse, or that latent cannot be labelled; NULL: it can. */
const char *latents_may_browse(const struct app *a, const struct session_view *v);
const char *latents_may_label(const struct app *a, const struct session_view *v,
                              int32_t id);
/* Mark or unmark a latent; set its label, "" removes it. Each is a step of undo. */
void latents_turn_mark(struct app *a, const struct session_view *v, int32_t id);
void latents_call(struct app *a, const struct session_view *v, int32_t id,
                  const char *text);
/* Choose the condition whose latents are shown. */
extern const struct action action_latents_arm;
/* Open in Detail the latent of the other condition that corresponds to `latent`
 * (latents/latent_pairs.h), once the pairs are there; or the one of the same number. */
void latents_go_partner(struct app *a, const struct session_view *v, int32_t latent);
void latents_go_number(struct app *a, const struct session_view *v, int32_t latent);
/* Draw the match of a latent, its cut and F1, from row y on. Returns the next free
 * row. */
int latents_match(struct canvas *c, int x, int y, int w, const struct names *n,
                  const struct latent_row *row);

#endif
