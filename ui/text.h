/* Text that all screens write alike: arms, numbers, times. Any thread. */
#ifndef SAETOP_UI_TEXT_H
#define SAETOP_UI_TEXT_H

#include "session/view.h"
#include "ui/canvas.h"

/* Role of a condition's letter and curves. */
enum role arm_role(size_t arm);
enum role arm_faint(size_t arm);
/* Conditions that exist, 1 at least; and those that stand side by side, 2 at most. */
size_t conds_of(const struct session_view *v);
size_t arms_of(const struct session_view *v);
/* "12,400" */
void text_thousands(char *out, size_t cap, int64_t n);
/* The step that an SAE is of: "step 12,400"; "step 0, untrained": its weights are still
 * random. */
void text_step(char *out, size_t cap, int64_t step);
/* A share of probability: "12 %", below 10 % with a decimal. */
void text_share(char *out, size_t cap, double p);
/* Of a reason that begins with the path of what it is of, "/a/b/c: no template", the
 * reason first and the end of the path: "no template (.../b/c)"; others as they are. */
void text_reason(const char *why, char *out, size_t cap);
/* Bytes of text[n] that fit into w columns, cut at a space where there is one. */
size_t text_fit(const char *text, size_t n, int w);
/* How many events, i and those right before it, say the same of one condition each. */
size_t event_group(const struct session_view *v, size_t i);
/* The letters of their conditions; event_letters_w: the columns that they take. */
void event_letters(const struct session_view *v, size_t i, struct canvas *c, int x,
                   int y);
int event_letters_w(const struct session_view *v);

#endif
