/* Leads from a latent of one condition to one of the other: the one that corresponds,
 * or the one with the same number. */
#include "ui/screens/latents_priv.h"
#include "ui/text.h"

#include <stdio.h>

static size_t other_of(size_t cond)
{
    return cond == 0 ? 1 : 0;
}

/* Whether the view's pairs are of the arms shown, and not older than their last
 * evaluation. */
static bool is_current(const struct session_view *v)
{
    bool is = v->partners != NULL;
    for (size_t cond = 0; is && cond < 2; cond++) {
        const size_t arm = session_view_shown(v, cond);
        const struct concept_table *t = v->arm[arm].concepts;
        is = v->partners_arm[cond] == arm && (!t || v->partners_step >= t->step);
    }
    return is;
}

static void open_latent(struct app *a, const struct session_view *v, size_t cond,
                        int32_t latent)
{
    char line[32];
    const struct screen_def *from = a->screen, *up = app_up(a);
    if (latents_cond(a) != (int)cond) {
        snprintf(line, sizeof line, "%c", 'A' + (int)cond);
        action_latents_arm.run(a, v, line);
    }
    snprintf(line, sizeof line, "latent %d", latent);
    app_run(a, v, line);
    /* Back leads to where the user was, and from Detail to where that was opened. */
    app_come_back(a, a->screen != from ? from : up);
}

static const char *fate_text(enum pair_fate fate)
{
    static const char *const text[PAIR_FATES] = {
        [PAIR_RARE] = "fires too seldom to be compared",
        [PAIR_MADE] = "",
        [PAIR_SPLIT] = "is several latents there, or a part of one",
        [PAIR_DOUBLE] = "is most like one that has another partner",
        [PAIR_ONLY] = "has nothing like it there"};
    return text[fate];
}

static void go(struct app *a, const struct session_view *v, size_t cond, int32_t latent)
{
    const struct latent_pairs *p = v->partners;
    const struct latent_pair *to = latent_pairs_of(p, cond, latent);
    const size_t other = other_of(cond);
    const char from = v->cond[cond].letter, at = v->cond[other].letter;
    if (to) {
        open_latent(a, v, other, to->latent[other]);
        app_say(a, false,
                "%c #%d corresponds to %c #%d: cosine %.2f, firing together %.2f", from,
                latent, at, to->latent[other], (double)to->cosine, (double)to->firing);
    } else if (latent >= 0 && (size_t)latent < p->side[cond].F) {
        app_say(a, false, "%c #%d %s (in %c)", from, latent,
                fate_text((enum pair_fate)p->side[cond].fate[latent]), at);
    }
}

static bool has_other(struct app *a, const struct session_view *v, int32_t latent)
{
    if (arms_of(v) < 2) {
        app_say(a, true, "there is only one condition");
    } else if (latent < 0) {
        app_say(a, true, "%c has no latent for it", v->cond[latents_cond(a)].letter);
    }
    return arms_of(v) > 1 && latent >= 0;
}

void latents_go_partner(struct app *a, const struct session_view *v, int32_t latent)
{
    struct latents_state *l = latents_of(a);
    if (!has_other(a, v, latent)) {
        return;
    }
    if (is_current(v)) {
        go(a, v, (size_t)l->cond, latent);
        return;
    }
    struct command *c = app_emit(a, COMMAND_PARTNERS);
    if (c) {
        c->arm = session_view_shown(v, 0);
        c->at = (int64_t)session_view_shown(v, 1);
        l->partner_wanted = latent;
        l->partner_of = (size_t)l->cond;
        l->partners_were = v->partners;
        l->partner_from = a->screen;
        app_say(a, false, "pairing the latents of %c and %c ...", v->cond[0].letter,
                v->cond[1].letter);
    }
}

void latents_go_number(struct app *a, const struct session_view *v, int32_t latent)
{
    if (has_other(a, v, latent)) {
        open_latent(a, v, other_of((size_t)latents_cond(a)), latent);
    }
}

void latents_sync_partner(struct app *a, const struct session_view *v)
{
    struct latents_state *l = latents_of(a);
    const int32_t latent = l->partner_wanted;
    if (latent < 0 || v->partners == l->partners_were) {
        return;
    }
    l->partner_wanted = -1;
    if (a->screen != l->partner_from || (size_t)l->cond != l->partner_of) {
        return; /* the user has moved on meanwhile, and stays there */
    }
    if (arms_of(v) > 1) { /* as of when they were asked for, a step or two ago */
        go(a, v, l->partner_of, latent);
    }
}
