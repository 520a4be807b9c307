/* Prompt: what a change of the prompt was, in words, from the prompts before and after
 * it. */
#include "ui/screens/prompt_priv.h"
#include "ui/text.h"

#include <stdio.h>
#include <string.h>

/* Bytes of text that are quoted: two of them, and what goes with them, in 80 columns.
 */
enum { QUOTED = 24 };

/* "'the cat sat on ..'": tokens from..to-1 of a prompt. */
static void quote(const struct session_view *v, const struct prompt_row *r, size_t from,
                  size_t to, char *out, size_t cap)
{
    size_t len = (size_t)snprintf(out, cap, "'");
    for (size_t i = from; i < to && len < cap; i++) {
        char token[64];
        names_token_dotted(&v->names, r->ids[i], token, sizeof token);
        const bool fits = len + strlen(token) <= QUOTED;
        len += (size_t)snprintf(out + len, cap - len, "%s", fits ? token : "..");
        if (!fits) {
            break;
        }
    }
    if (len < cap) {
        snprintf(out + len, cap - len, "'");
    }
}

static void say_tokens(const struct session_view *v, const struct prompt_row *x,
                       const struct prompt_row *y, char *out, size_t cap)
{
    char gone[128], come[128];
    const size_t least = x->n < y->n ? x->n : y->n;
    size_t front = 0, back = 0;
    while (front < least && x->ids[front] == y->ids[front]) {
        front++;
    }
    while (back < least - front && x->ids[x->n - 1 - back] == y->ids[y->n - 1 - back]) {
        back++;
    }
    quote(v, x, front, x->n - back, gone, sizeof gone);
    quote(v, y, front, y->n - back, come, sizeof come);
    if (front + back == y->n) {
        snprintf(out, cap, "%s deleted", gone);
    } else if (front + back == x->n) {
        snprintf(out, cap, "%s put in", come);
    } else {
        snprintf(out, cap, "%s in place of %s", come, gone);
    }
}

/* Both have as many tokens. The first of which the mask differs; false: none does. */
static bool say_mask(const struct session_view *v, const struct prompt_row *x,
                     const struct prompt_row *y, char *out, size_t cap)
{
    char token[80];
    for (size_t i = 0; i < x->n; i++) {
        if (x->masked[i] != y->masked[i]) {
            prompt_token_quoted(v, y->ids[i], token, sizeof token);
            snprintf(out, cap, "token %zu %.40s %s", i, token,
                     y->masked[i] ? "masked" : "shown again");
            return true;
        }
    }
    return false;
}

/* Edits that only the second has, as a list behind the `len` bytes of `out`; how many.
 */
static size_t list_edits(const struct prompt_edits *x, const struct prompt_edits *y,
                         char *out, size_t cap, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < y->n; i++) {
        size_t k = 0;
        while (k < x->n && !prompt_edits_same(&x->at[k], 1, &y->at[i], 1)) {
            k++;
        }
        if (k == x->n) {
            len = prompt_edit_add(&y->at[i], n == 0, out, cap, len);
            n++;
        }
    }
    return n;
}

void prompt_change_say(const struct session_view *v, const struct prompt_row *x,
                       const struct prompt_row *y, char *out, size_t cap)
{
    if (x->ids && y->ids && x->chat != y->chat) {
        snprintf(out, cap, "the text %s the chat template", y->chat ? "in" : "without");
    } else if (x->ids && y->ids && !prompt_row_same_tokens(x, y)) {
        say_tokens(v, x, y, out, cap);
    } else if (!(x->ids && y->ids && say_mask(v, x, y, out, cap)) &&
               list_edits(&x->edits, &y->edits, out, cap, 0) == 0) {
        const size_t len = (size_t)snprintf(out, cap, "no longer ");
        if (list_edits(&y->edits, &x->edits, out, cap, len) == 0) {
            snprintf(out, cap, "a change of the prompt");
        }
    }
}
