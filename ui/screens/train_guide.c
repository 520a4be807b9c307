/* What Train tells somebody who sees it for the first time: what the conditions are,
 * what to watch, and which screens lead on. */
#include "session/verdicts.h"
#include "ui/glyph.h"
#include "ui/pane.h"
#include "ui/screens/train_priv.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Seconds of training after which the next sentence comes, and after which none does.
 */
enum { NEXT_AFTER = 15, NONE_AFTER = 600 };

/* Or will, as far as one can tell. */
static bool measures_absorption(const struct session_view *v)
{
    return v->cond[0].series[METRIC_ABSORPTION].n > 0 ||
           pane_wants(v, METRIC_ABSORPTION) == WANT_COUNT;
}

/* The rate of the text that a condition is trained on, in words. */
static const char *share(const struct cond_view *cond, char out[16])
{
    snprintf(out, 16, "%.3g %%", 100 * cond->rate_set);
    return cond->rate_set > 0 ? out : "none";
}

/* What masking is, of the first condition that is masked beside the first that is
 * masked otherwise; false: none is. */
static bool say_masks(const struct session_view *v, char *out, size_t cap)
{
    const size_t n = conds_of(v);
    size_t masked = 0, other = 0;
    char of[16], beside[16];
    while (masked < n && !(v->cond[masked].rate_set > 0)) {
        masked++;
    }
    if (masked == n) {
        return false;
    }
    while (other < n &&
           fabs(v->cond[other].rate_set - v->cond[masked].rate_set) < 1e-9) {
        other++;
    }
    if (other == n) {
        snprintf(out, cap, "%s with %s of input tokens hidden from the model.",
                 n > 1 ? "Each SAE learns" : "The SAE learns",
                 share(&v->cond[masked], of));
    } else {
        snprintf(out, cap,
                 "%c learns with %s of input tokens hidden from the model, %c with %s.",
                 v->cond[masked].letter, share(&v->cond[masked], of),
                 v->cond[other].letter, share(&v->cond[other], beside));
    }
    return true;
}

/* What the seeds say of absorption, with its interval; empty: nothing. */
static void conclude(const struct app *a, const struct session_view *v, char *out,
                     size_t cap)
{
    struct view_verdicts r;
    const char *found = NULL;
    char mean[32], half[32];
    out[0] = '\0';
    if (!view_verdicts_of(v, train_compared(a, v), &r) || r.why[0] ||
        r.within_random[VERDICT_OF_ABSORPTION]) {
        return;
    }
    const struct verdict_row *row = &r.row[VERDICT_OF_ABSORPTION];
    if (verdict_but_for_holm(row)) {
        snprintf(out, cap, "%c seems to absorb %s: unclear (~).", v->cond[r.of].letter,
                 row->d.by.mean < 0 ? "less" : "more");
        return;
    }
    switch (row->verdict) {
    case VERDICT_LOWER: found = "less"; break;
    case VERDICT_HIGHER: found = "more"; break;
    case VERDICT_SMALL:
    case VERDICT_SAME:
    case VERDICT_OPEN:
        snprintf(out, cap, "Absorption: %s%s.",
                 row->verdict == VERDICT_OPEN ? "no difference shown"
                                              : "too alike to matter",
                 r.planned                      ? ""
                 : row->verdict == VERDICT_OPEN ? " yet"
                                                : " so far");
        return;
    case VERDICT_NOT_MEASURED:
    case VERDICT_ONE_SEED: return;
    }
    train_brief_number(mean, sizeof mean, row->d.by.mean, 3, true);
    train_brief_number(half, sizeof half, 0.5 * (row->d.by.high - row->d.by.low), 3,
                       false);
    snprintf(out, cap, "%c absorbs %s%s, %s%s%s.", v->cond[r.of].letter, found,
             r.planned ? "" : " so far", mean, glyph_plus_minus(a->tier), half);
}

/* The same, and where the words that are absorbed are to be seen. */
static void say_absorption(const struct app *a, const struct session_view *v, char *out,
                           size_t cap)
{
    char found[200];
    conclude(a, v, found, sizeof found);
    snprintf(out, cap,
             "%s%sPress " KEY_OF("screen concepts") " for the words absorbed.", found,
             found[0] ? " " : "");
}

/* Whether it leads to a screen: one that was not looked at. */
static bool leads_to(const struct app *a, const char *name)
{
    const struct screen_def *screen = screen_find(a->screens, name);
    return screen && !app_has_opened(a, screen);
}

bool train_guide(const struct app *a, const struct session_view *v, char *out,
                 size_t cap)
{
    const bool browsed = v->state == SESSION_BROWSING;
    const bool over = v->state == SESSION_DONE || browsed;
    if (train_of(a)->guide_off ||
        (v->state != SESSION_TRAINING && v->state != SESSION_PAUSED && !over)) {
        return false;
    }
    const bool leads = !browsed && v->seconds <= NONE_AFTER;
    const bool absorption = measures_absorption(v), concepts = leads_to(a, "concepts");
    char text[400] = "";
    if (!leads) {
        /* nobody is new here; what was found stands at the end */
    } else if (!over && v->seconds < NEXT_AFTER && say_masks(v, text, sizeof text)) {
        /* said */
    } else if (!over && absorption && concepts && v->seconds < 2 * NEXT_AFTER) {
        snprintf(
            text, sizeof text, "%s",
            "Absorption: a latent for animals is silent on 'dog'. Lower is better.");
    } else if (absorption && concepts) {
        say_absorption(a, v, text, sizeof text);
    } else if (conds_of(v) > 1 && leads_to(a, "compare")) {
        snprintf(text, sizeof text, "%s",
                 "Press " KEY_OF(
                     "screen compare") " for what may be concluded from all measures.");
    }
    if (!text[0] && over) {
        conclude(a, v, text, sizeof text);
    }
    app_words(a, text, out, cap);
    return text[0];
}
