/* Prompt: latents that are silenced and steered. */
#include "base/number.h"
#include "ui/screens/prompt_priv.h"
#include "ui/steer.h"

#include <stdio.h>
#include <string.h>

bool prompt_is_special(const struct app *a, size_t pos)
{
    const struct prompt_state *s = prompt_own(a);
    return s->subject && acts_is_special(s->subject->lm->tok, s->row.ids[pos]);
}

static bool same_edit(const struct ask_edit *x, const struct ask_edit *y)
{
    const bool value =
        x->how == ASK_ZERO || !(x->value < y->value || x->value > y->value);
    return x->latent == y->latent && x->how == y->how && value &&
           x->where == y->where && (x->where == ASK_ALL || x->pos == y->pos);
}

bool prompt_edits_same(const struct ask_edit *x, size_t nx, const struct ask_edit *y,
                       size_t ny)
{
    bool same = nx == ny;
    for (size_t i = 0; same && i < nx; i++) {
        same = same_edit(&x[i], &y[i]);
    }
    return same;
}

static void remove_edit(struct prompt_edits *e, size_t i)
{
    e->n--;
    memmove(&e->at[i], &e->at[i + 1], (e->n - i) * sizeof e->at[0]);
}

/* Set an edit, in place of the latent's present one; undo brings that back. */
static void set_edit(struct app *a, const struct ask_edit *e)
{
    struct prompt_state *s = prompt_own(a);
    const size_t i = prompt_edit_of(s, e->latent);
    if (i == PROMPT_EDITS) {
        app_say(a, true,
                "at most %d latents are edited at a time; " KEY_OF(
                    "unsteer") " takes them back",
                PROMPT_EDITS);
        return;
    }
    if (prompt_keep(a)) {
        s->row.edits.at[i] = *e;
        s->row.edits.n += i == s->row.edits.n ? 1U : 0U;
        prompt_edits_changed(a);
    }
}

static void take_back(struct app *a, size_t i)
{
    if (prompt_keep(a)) {
        remove_edit(&prompt_own(a)->row.edits, i);
        prompt_edits_changed(a);
    }
}

/* Turn a latent's edit of a kind on, or off if it is on. */
static void turn(struct app *a, int32_t latent, enum ask_how how, double value)
{
    struct prompt_state *s = prompt_own(a);
    const size_t i = prompt_edit_of(s, latent);
    if (i < s->row.edits.n &&
        (s->row.edits.at[i].how == ASK_ZERO) == (how == ASK_ZERO)) {
        take_back(a, i);
    } else {
        set_edit(a, &(struct ask_edit){.latent = latent, .how = how, .value = value});
    }
}

bool prompt_latent_arg(struct app *a, const char *args, int32_t *out)
{
    const size_t F = prompt_own(a)->subject->sae->F;
    int64_t n = 0;
    *out = prompt_latent_here(a);
    if (args[0] &&
        !(arg_integer(args + (args[0] == '#'), &n) && n >= 0 && n < (int64_t)F)) {
        app_say(a, true, "expected a latent, 0 to %zu", F - 1);
        return false;
    }
    *out = args[0] ? (int32_t)n : *out;
    if (*out < 0) {
        app_say(a, false, "%s", prompt_no_latent(a));
    }
    return *out >= 0;
}

void prompt_edit_silence(struct app *a, const struct session_view *v, const char *args)
{
    int32_t latent = -1;
    (void)v;
    if (!strcmp(args, ALL_MARKED)) {
        prompt_silence_marked(a);
    } else if (prompt_latent_arg(a, args, &latent)) {
        turn(a, latent, ASK_ZERO, 0);
    }
}

void prompt_silence(struct app *a, int32_t latent)
{
    prompt_turn(a);
    const bool was = prompt_is_silenced(a, latent);
    turn(a, latent, ASK_ZERO, 0);
    const bool is = prompt_is_silenced(a, latent);
    if (is != was) { /* otherwise the reason was said */
        app_say(a, false, is ? "#%d is silenced in Prompt" : "#%d is not silenced",
                latent);
    }
}

/* The edits of the arm shown, even before Prompt has turned to it. */
static const struct prompt_edits *edits_shown(const struct app *a)
{
    const struct prompt_state *s = prompt_own(a);
    return s->row.arm == latents_arm(a) ? &s->row.edits : &s->aside[latents_arm(a)];
}

size_t prompt_silenced(const struct app *a, int32_t *out, size_t cap)
{
    const struct prompt_edits *e = edits_shown(a);
    size_t n = 0;
    for (size_t i = 0; i < e->n; i++) {
        if (e->at[i].how == ASK_ZERO) {
            if (n < cap) {
                out[n] = e->at[i].latent;
            }
            n++;
        }
    }
    return n;
}

bool prompt_is_silenced(const struct app *a, int32_t latent)
{
    int32_t all[PROMPT_EDITS];
    const size_t n = prompt_silenced(a, all, PROMPT_EDITS);
    size_t i = 0;
    while (i < n && all[i] != latent) {
        i++;
    }
    return i < n;
}

/* The edits of latents other than these [n]. */
static void edits_but(const struct prompt_edits *e, const int32_t *latent, size_t n,
                      struct prompt_edits *out)
{
    out->n = 0;
    for (size_t i = 0; i < e->n; i++) {
        size_t k = 0;
        while (k < n && latent[k] != e->at[i].latent) {
            k++;
        }
        if (k == n) {
            out->at[out->n++] = e->at[i];
        }
    }
}

void prompt_silence_marked(struct app *a)
{
    struct prompt_state *s = prompt_own(a);
    int32_t marked[PROMPT_EDITS];
    struct prompt_edits then;
    const size_t n = latents_marked(a, marked, PROMPT_EDITS);
    const size_t fit = n < PROMPT_EDITS ? n : PROMPT_EDITS;
    bool silent = false; /* that is what they become */
    prompt_turn(a);
    edits_but(&s->row.edits, marked, fit, &then);
    for (size_t i = 0; i < fit; i++) {
        silent = silent || !prompt_is_silenced(a, marked[i]);
    }
    if (n == 0) {
        app_say(a, false,
                "no latent is marked; " KEY_ON("latents", "mark") " marks one");
        return;
    }
    if (n > fit || (silent && then.n + n > PROMPT_EDITS)) {
        app_say(a, true, "%zu marked, %zu edited already: at most %d latents at a time",
                n, then.n, PROMPT_EDITS);
        return;
    }
    for (size_t i = 0; silent && i < n; i++) {
        then.at[then.n++] = (struct ask_edit){.latent = marked[i], .how = ASK_ZERO};
    }
    if (prompt_keep(a)) {
        s->row.edits = then;
        prompt_edits_changed(a);
        app_say(a, false,
                silent ? "the marked latents are silenced in Prompt: %zu"
                       : "the marked latents are not silenced: %zu",
                n);
    }
}

bool prompt_edit_refused(struct app *a, const struct ask_edit *e)
{
    const struct prompt_state *s = prompt_own(a);
    const size_t F = s->subject->sae->F;
    if (e->latent < 0 || (size_t)e->latent >= F) {
        app_say(a, true, "latent: found %d, expected 0 to %zu", e->latent, F - 1);
        return true;
    }
    if (e->where != ASK_ALL && e->pos >= s->row.n) {
        app_say(a, true, "position: found %zu, expected 0 to %zu", e->pos,
                s->row.n - 1);
        return true;
    }
    if (e->where == ASK_AT && prompt_is_special(a, e->pos)) {
        app_say(a, true,
                "position %zu holds a special token: the SAE does not read it, no "
                "latent can be changed there",
                e->pos);
        return true;
    }
    return false;
}

/* Say why a multiple of the largest activation seen has no value here, or turn it into
 * the SAE's unit. */
static bool times_refused(struct app *a, struct ask_edit *e)
{
    struct errinfo err = {0};
    if (ask_edit_times(e, ask_max_seen(prompt_own(a)->subject, e->latent), &err) !=
        OK) {
        app_say(a, true, "%s", err.msg);
        return true;
    }
    return false;
}

/* Steer the latent under the cursor by half of its greatest activation, or with an
 * argument make an edit as `saetop ask` takes it. */
void prompt_edit_steer(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    struct ask_edit e = {0};
    struct errinfo err = {0};
    int32_t latent = -1;
    bool times = false;
    (void)v;
    if (!args[0]) {
        if (prompt_latent_arg(a, args, &latent)) {
            const bool on = prompt_edit_of(s, latent) == s->row.edits.n;
            turn(a, latent, ASK_ADD, prompt_full(s, latent) / 2);
            if (on && !(ask_max_seen(s->subject, latent) > 0)) {
                app_say(a, false, "#%d: half of its greatest in this prompt%s", latent,
                        prompt_knows_max(s) ? ", none was seen in text"
                                            : "; that of text is not known yet");
            }
        }
    } else if (ask_edit_parse_typed(args, &e, &times, &err) != OK) {
        app_say(a, true,
                "steer: found '%.16s', expected N=X[@POS]: 48=2x, 48=-1.5, "
                "48=scale:0@7-",
                args);
    } else if (!prompt_edit_refused(a, &e) && !(times && times_refused(a, &e))) {
        set_edit(a, &e);
    }
}

/* Parse "1.5", or "2x": that many times the largest activation seen. */
static bool typed_strength(const char *args, double *out, bool *times)
{
    char number[64];
    const size_t len = strlen(args);
    *times = len > 1 && args[len - 1] == 'x';
    snprintf(number, sizeof number, "%.*s", (int)(len - (*times ? 1 : 0)), args);
    return len < sizeof number && number_real(number, out);
}

void prompt_edit_strength(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    const int32_t latent = prompt_latent_here(a);
    const size_t i = prompt_edit_of(s, latent);
    struct ask_edit e = {.latent = latent, .how = ASK_ADD};
    double x = 0;
    bool times = false;
    (void)v;
    if (i < s->row.edits.n) {
        e = s->row.edits.at[i];
    }
    const double unit = e.how == ASK_SCALE ? 1 : prompt_full(s, latent);
    if (e.how == ASK_ZERO) {
        app_say(a, false,
                "it is silenced; " KEY_OF("silence") " takes that back, " KEY_OF(
                    "steer") " steers");
        return;
    }
    if (!strcmp(args, "+") || !strcmp(args, "-")) {
        e.value += (args[0] == '+' ? .1 : -.1) * unit;
    } else if (typed_strength(args, &x, &times) && !(times && e.how == ASK_SCALE)) {
        e.value = x;
    } else {
        app_say(a, true, "strength: expected a number, %s+ or -",
                e.how == ASK_SCALE ? "" : "2x (twice the largest activation seen), ");
        return;
    }
    if (times && times_refused(a, &e)) {
        return;
    }
    set_edit(a, &e);
}

/* Change how, in turn: add, times, clamp. prompt_edit_where changes where: throughout,
 * from the cursor on, at it. */
void prompt_edit_how(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    const int32_t latent = prompt_latent_here(a);
    const size_t i = prompt_edit_of(s, latent);
    static const enum ask_how next[] = {[ASK_ADD] = ASK_SCALE,
                                        [ASK_SCALE] = ASK_CLAMP,
                                        [ASK_CLAMP] = ASK_ADD,
                                        [ASK_ZERO] = ASK_ADD};
    (void)v;
    (void)args;
    if (i >= s->row.edits.n) {
        app_say(a, false,
                "not steered: " KEY_OF("steer") " steers the latent under the cursor");
        return;
    }
    struct ask_edit e = s->row.edits.at[i];
    e.how = next[e.how];
    e.value =
        e.how == ASK_SCALE ? 2 : prompt_full(s, latent) / (e.how == ASK_ADD ? 2 : 1);
    set_edit(a, &e);
}

void prompt_edit_where(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    const size_t i = prompt_edit_of(s, prompt_latent_here(a));
    static const enum ask_where next[] = {
        [ASK_ALL] = ASK_FROM, [ASK_FROM] = ASK_AT, [ASK_AT] = ASK_ALL};
    (void)v;
    (void)args;
    if (i >= s->row.edits.n) {
        app_say(a, false,
                "neither silenced nor steered: " KEY_OF("silence") " or " KEY_OF(
                    "steer") " does");
        return;
    }
    struct ask_edit e = s->row.edits.at[i];
    e.where = next[e.where];
    e.pos = s->at;
    if (e.where == ASK_AT && prompt_is_special(a, s->at)) {
        e.where = ASK_ALL;
    }
    set_edit(a, &e);
}

void prompt_edit_clear(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    enum { NAMED = 3 }; /* in a row of 80 columns */
    char text[160];
    (void)v;
    (void)args;
    prompt_edits_say(s->row.edits.at, s->row.edits.n, NAMED, text, sizeof text);
    if (prompt_keep(a)) {
        s->row.edits.n = 0;
        prompt_edits_changed(a);
        app_say(a, false, "taken back: %s   (" KEY_OF("undo") " brings it back)", text);
    }
}
