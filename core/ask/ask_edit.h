/* Edits of latents: silenced, scaled, clamped, steered. An edit changes a latent's
 * activation a into new_a; at the hook the model gets
 *     x' = x + sum over edited latents (new_a - a) * decoder row,
 * with the SAE's normalisation undone, so that what the SAE leaves over (its error)
 * stays. Adding a decoder row is what Turner et al. 2023 (arXiv:2308.10248) do with
 * other directions; clamping is Templeton et al. 2024 ("Scaling Monosemanticity").
 *
 * Activations in the saved SAE's unit. Any thread unless said. */
#ifndef SAETOP_ASK_ASK_EDIT_H
#define SAETOP_ASK_ASK_EDIT_H

#include "base/err.h"
#include "base/str.h"
#include "sae/sae.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ask_how {
    ASK_ADD,   /* new_a = a + value, which may be below 0 */
    ASK_SCALE, /* new_a = value * a */
    ASK_CLAMP, /* new_a = value, whether the latent fires or not */
    ASK_ZERO,  /* new_a = 0 */
};
enum ask_where {
    ASK_ALL,  /* every position but those of special tokens */
    ASK_AT,   /* one position */
    ASK_FROM, /* from one position on, special tokens left out */
};
struct ask_edit {
    int32_t latent;
    enum ask_how how;
    double value;
    enum ask_where where;
    size_t pos; /* of AT and FROM */
};

/* The form of the command line and of files:
 *     N=X  N=add:X   N=scale:X   N=clamp:X   N=zero     everywhere
 *     ...@P                                              at position P
 *     ...@P-                                             from P on
 * ERR_USAGE says what was found and what was expected. Nothing about the SAE is
 * checked. */
enum err ask_edit_parse(const char *text, struct ask_edit *out,
                        struct errinfo *e) ERR_CHECKED;
/* The same as a person types it: X may also be Mx, M times the largest activation seen
 * of the latent (not of scale, which is a factor already). Then *times is true, and the
 * value is M until ask_edit_times. */
enum err ask_edit_parse_typed(const char *text, struct ask_edit *out, bool *times,
                              struct errinfo *e) ERR_CHECKED;
/* Turn its value, so many times `largest` (ask_max_seen), into the SAE's unit.
 * ERR_USAGE where that is not known (NaN) or 0, and for a product that no float holds.
 */
enum err ask_edit_times(struct ask_edit *edit, double largest,
                        struct errinfo *e) ERR_CHECKED;
/* "0.8x": what an edit adds or sets, as a multiple of `largest`; "" for other edits and
 * where that is not known or 0. In out, which is returned. */
enum { ASK_EDIT_TIMES = 64 };
const char *ask_edit_as_times(const struct ask_edit *edit, double largest,
                              char out[ASK_EDIT_TIMES]);
/* What ask_edit_parse reads back to the same edit. */
void ask_edit_print(const struct ask_edit *edit, struct str *out);

/* Whether it acts at this position, which is not of a special token. */
bool ask_edit_acts(const struct ask_edit *edit, size_t pos);
/* new_a of a after edits [n] that act on `latent` at `pos`, in their order. */
double ask_edit_value(const struct ask_edit *edit, size_t n, int32_t latent, size_t pos,
                      double a);

/* Add what edits [n] change at rows of x [T, D], raw activations at positions `at` and
 * on, to out [T, D] (which may be x): codes of these rows of x, special [T] (a row that
 * is gets nothing). Returns how many rows were changed by anything but 0; rows that are
 * not keep every bit. O(n K + changes D). */
size_t ask_edit_apply(const struct ask_edit *edit, size_t n, const struct sae *s,
                      const struct sae_codes *codes, const uint8_t *special, size_t at,
                      size_t T, float *out);
/* ERR_USAGE where edits have made a number of rows x [T, D], at positions `at` and on,
 * greater than the model can norm: sums of squares leave the range of floats, and what
 * came out would say nothing. */
enum err ask_edit_check(const float *x, size_t T, size_t D, size_t at,
                        struct errinfo *e) ERR_CHECKED;

#endif
