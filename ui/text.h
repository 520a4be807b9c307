/* Text that all screens write alike: arms, numbers, times. Any thread. */
#ifndef SAETOP_UI_TEXT_H
#define SAETOP_UI_TEXT_H

#include "session/view.h"
#include "ui/canvas.h"

/* The role of a condition's letter and curves, and of its raw points. */
enum role arm_role(size_t arm);
enum role arm_faint(size_t arm);
/* How many conditions there are, at least 1; how many are shown side by side, at most
 * 2. */
size_t conds_of(const struct session_view *v);
size_t arms_of(const struct session_view *v);
/* "12,400" */
void text_thousands(char *out, size_t cap, int64_t n);
/* Write the step of an SAE: "step 12,400"; "step 0, untrained", as its weights are
 * still random. */
void text_step(char *out, size_t cap, int64_t step);
/* Write a probability: "12 %", below 10 % with a decimal. */
void text_share(char *out, size_t cap, double p);
/* Write a reason that begins with a path, "/a/b/c: no template", with the reason first
 * and the end of the path after it: "no template (.../b/c)"; others as they are. */
void text_reason(const char *why, char *out, size_t cap);
/* How many bytes of text[n] fit into w columns, cut at a space if there is one. */
size_t text_fit(const char *text, size_t n, int w);
/* Draws a text in w columns; of a longer one the words that fit, and an ellipsis.
 * Returns the columns used. */
int text_words(struct canvas *c, int x, int y, int w, const char *text, enum role role);
/* How many events, i and those right before it, say the same, each of another
 * condition. */
size_t event_group(const struct session_view *v, size_t i);
/* Draw the letters of their conditions; event_letters_w: the columns these take. */
void event_letters(const struct session_view *v, size_t i, struct canvas *c, int x,
                   int y);
int event_letters_w(const struct session_view *v);

#endif
