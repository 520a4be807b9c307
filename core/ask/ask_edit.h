/* Edits of latents: silenced, scaled, clamped, steered. An edit changes a latent's
 * activation a into new_a; at the hook the model gets
 *     x' = x + sum over edited latents (new_a - a) * decoder row,
 * with the SAE's normalisation undone, so that what the SAE does not explain (its
 * error) stays. Adding a decoder row is what Turner et al. 2023 (arXiv:2308.10248) do
 * with other directions; clamping is from Templeton et al. 2024 ("Scaling
 * Monosemanticity").
 *
 * Activations are in the saved SAE's unit. Any thread unless said otherwise. */
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
    size_t pos; /* for AT and FROM */
};

/* Reads the form used on the command line and in files:
 *     N=X  N=add:X   N=scale:X   N=clamp:X   N=zero     everywhere
 *     ...@P                                              at position P
 *     ...@P-                                             from P on
 * where #N may stand for N, as screens write it.
 * ERR_USAGE says what was found and what was expected. Nothing is checked against an
 * SAE. */
enum err ask_edit_parse(const char *text, struct ask_edit *out,
                        struct errinfo *e) ERR_CHECKED;
/* Reads what a person types: the same, but X may also be Mx, M times the latent's
 * greatest activation seen (not for scale, which is a factor already). Then *times is
 * true and the value is M until ask_edit_times. */
enum err ask_edit_parse_typed(const char *text, struct ask_edit *out, bool *times,
                              struct errinfo *e) ERR_CHECKED;
/* Turns a value of so many times `largest` (ask_max_seen) into the SAE's unit.
 * ERR_USAGE if `largest` is unknown (NaN) or 0, and for a product that no float
 * holds. */
enum err ask_edit_times(struct ask_edit *edit, double largest,
                        struct errinfo *e) ERR_CHECKED;
/* Writes "0.8x" to out and returns it: what an edit adds or sets, as a multiple of
 * `largest`; "" for other edits and if that is unknown or 0. */
enum { ASK_EDIT_TIMES = 64 };
const char *ask_edit_as_times(const struct ask_edit *edit, double largest,
                              char out[ASK_EDIT_TIMES]);
/* Writes what ask_edit_parse reads back as the same edit. */
void ask_edit_print(const struct ask_edit *edit, struct str *out);

/* Whether it acts at this position, which holds no special token. */
bool ask_edit_acts(const struct ask_edit *edit, size_t pos);
/* Returns new_a, from a, after those of edits [n] that act on `latent` at `pos`, in
 * their order. */
double ask_edit_value(const struct ask_edit *edit, size_t n, int32_t latent, size_t pos,
                      double a);

/* Adds what edits [n] change at rows of x [T, D], raw activations at positions `at` and
 * on, to out [T, D] (which may be x). codes: those of these rows; special [T]: these
 * rows get nothing. Returns how many rows changed by anything but 0; the others keep
 * every bit. O(n K + changes D). */
size_t ask_edit_apply(const struct ask_edit *edit, size_t n, const struct sae *s,
                      const struct sae_codes *codes, const uint8_t *special, size_t at,
                      size_t T, float *out);
/* ERR_USAGE if edits have made a number of rows x [T, D], at positions `at` and on, too
 * great for the model's norms: sums of squares would leave the range of floats, and the
 * output would mean nothing. */
enum err ask_edit_check(const float *x, size_t T, size_t D, size_t at,
                        struct errinfo *e) ERR_CHECKED;

#endif
