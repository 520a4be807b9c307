/* Browsing latents: the table and one latent. */
#include "ui/actions.h"
#include "ui/screen.h"

#include <stdio.h>
#include <string.h>

/* ---- whether ---- */

const char *may_browse(const struct app *a, const struct session_view *v)
{
    return latents_table(a, v) ? NULL : "no table of latents yet";
}

const char *may_refresh(const struct app *a, const struct session_view *v)
{
    (void)a;
    return v->state == SESSION_LOADING ? "still loading"
           : !v->names.vocab           ? "nothing is open"
                                       : NULL;
}

const char *may_find_next(const struct app *a, const struct session_view *v)
{
    const char *why = may_browse(a, v);
    return why ? why : a->latents.find[0] ? NULL : "nothing was looked for yet; / does";
}

/* ---- the table ---- */

void act_sort(struct app *a, const struct session_view *v, const char *args)
{
    struct latents_state *l = &a->latents;
    const int n = (int)latents_columns();
    if (!strcmp(args, "+") || !strcmp(args, "-")) {
        l->sort = (l->sort + (args[0] == '+' ? 1 : n - 1)) % n;
        l->reverse = false;
    } else {
        const int i = latents_column_find(args);
        if (i < 0) {
            app_say(a, true, "sort: expected the title of a column (Tab completes)");
            return;
        }
        l->reverse = i == l->sort && !l->reverse;
        l->sort = i;
    }
    l->stale = true;
    latents_order(a, v);
    list_home(&l->list);
    l->at = l->shown ? l->order[0] : -1;
}

void act_reverse(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    a->latents.reverse = !a->latents.reverse;
    a->latents.stale = true;
    latents_order(a, v);
}

void act_find(struct app *a, const struct session_view *v, const char *args)
{
    if (!args[0]) {
        app_open_prompt(a, PROMPT_FIND, "");
        return;
    }
    snprintf(a->latents.find, sizeof a->latents.find, "%.255s", args);
    latents_find(a, v, true, true);
}

void act_find_next(struct app *a, const struct session_view *v, const char *args)
{
    latents_find(a, v, strcmp(args, "-") != 0, false);
}

void act_filter(struct app *a, const struct session_view *v, const char *args)
{
    if (!args[0]) {
        app_open_prompt(a, PROMPT_FILTER, a->latents.filter);
        return;
    }
    struct undo_step step = {.kind = UNDO_FILTER};
    snprintf(step.before, sizeof step.before, "%.*s", UNDO_TEXT - 1, a->latents.filter);
    snprintf(step.after, sizeof step.after, "%.*s", UNDO_TEXT - 1, args);
    if (latents_set_filter(a, v, args)) {
        undo_push(&a->undo, &step);
    } else {
        app_say(a, true, "filter: %s (column %zu)", a->latents.filter_error,
                a->latents.filter_error_at + 1);
    }
}

void act_clear_filter(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    struct undo_step step = {.kind = UNDO_FILTER};
    snprintf(step.before, sizeof step.before, "%.*s", UNDO_TEXT - 1, a->latents.filter);
    if (step.before[0]) {
        undo_push(&a->undo, &step);
    }
    latents_set_filter(a, v, "");
}

/* The latent that the screen is about. */
static int32_t current(const struct app *a)
{
    return a->screen == SCREEN_DETAIL ? a->detail.latent : a->latents.at;
}

void act_mark(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    const struct latent_table *t = latents_table(a, v);
    const int32_t id = current(a);
    if (!t || id < 0 || (size_t)id >= t->F) {
        return;
    }
    const struct undo_step step = {
        .kind = UNDO_MARK, .arm = a->latents.arm, .latent = id};
    undo_push(&a->undo, &step);
    latents_mark(a, a->latents.arm, id, t->F);
}

void act_refresh(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    if (a->screen == SCREEN_DETAIL) {
        detail_ask(a, v);
    } else {
        latents_ask(a, v, true);
    }
}

/* ---- one latent ---- */

/* The contexts shown, or NULL while they are being made. */
static const struct latent_detail *shown_detail(const struct app *a,
                                                const struct session_view *v)
{
    const struct latent_detail *d = v->detail;
    return d && d->latent == a->detail.latent && v->detail_arm == a->detail.arm ? d
                                                                                : NULL;
}

void act_context(struct app *a, const struct session_view *v, const char *args)
{
    const struct latent_detail *d = shown_detail(a, v);
    size_t *at = &a->detail.context;
    int64_t n = 0;
    if (!d || !d->n_contexts) {
        return;
    }
    if (!strcmp(args, "+")) {
        *at = *at + 1 < d->n_contexts ? *at + 1 : *at;
    } else if (!strcmp(args, "-")) {
        *at -= *at > 0 ? 1U : 0U;
    } else if (arg_integer(args, &n) && n >= 1 && n <= (int64_t)d->n_contexts) {
        *at = (size_t)n - 1;
    } else {
        app_say(a, true, "context: expected 1 to %zu", d->n_contexts);
    }
}

void act_latent(struct app *a, const struct session_view *v, const char *args)
{
    int64_t n = 0;
    int32_t id = -1;
    if (!strcmp(args, "+") || !strcmp(args, "-")) {
        id = latents_beside(a, a->detail.latent, args[0] == '+' ? 1 : -1);
        if (id < 0) {
            app_say(a, false, "no %s latent in the order of the table",
                    args[0] == '+' ? "next" : "previous");
            return;
        }
    } else if (arg_integer(args[0] == '#' ? args + 1 : args, &n) && n >= 0 &&
               n < INT32_MAX) {
        id = (int32_t)n;
    } else {
        app_say(a, true, "latent: expected its number");
        return;
    }
    const struct latent_table *t = latents_table(a, v);
    if (t && (size_t)id >= t->F) {
        app_say(a, true, "latent: found %d, expected 0 to %zu", id, t->F - 1);
        return;
    }
    detail_choose(a, v, id);
    app_go(a, v, SCREEN_DETAIL);
}

/* In the order top, tenths from the highest down, random. */
void act_interval(struct app *a, const struct session_view *v, const char *args)
{
    int next = a->detail.interval;
    int64_t n = 0;
    if (!args[0]) {
        next = next == INTERVAL_TOP      ? 9
               : next == INTERVAL_RANDOM ? INTERVAL_TOP
               : next == 0               ? INTERVAL_RANDOM
                                         : next - 1;
    } else if (!strcmp(args, "top")) {
        next = INTERVAL_TOP;
    } else if (!strcmp(args, "random")) {
        next = INTERVAL_RANDOM;
    } else if (arg_integer(args, &n) && n >= 0 && n <= 9) {
        next = (int)n;
    } else {
        app_say(a, true,
                "interval: expected top, random or 0 to 9 (tenths of the largest)");
        return;
    }
    a->detail.interval = next;
    a->detail.context = 0;
    detail_ask(a, v);
}

void act_heat_row(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    (void)args;
    a->detail.heat_row = !a->detail.heat_row;
}

void act_wrap(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    (void)args;
    a->detail.wrap = !a->detail.wrap;
}
