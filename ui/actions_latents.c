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

/* What is typed may be typed before there is anything to look in. */
const char *may_look(const struct app *a, const struct session_view *v)
{
    (void)a;
    return v->state == SESSION_FAILED && !v->names.vocab ? "nothing is open" : NULL;
}

const char *may_refresh(const struct app *a, const struct session_view *v)
{
    (void)a;
    return v->state == SESSION_LOADING ? "still loading"
           : !v->names.vocab           ? "nothing is open"
                                       : NULL;
}

static const char *may_find(const struct app *a, const struct session_view *v)
{
    if (a->screen != SCREEN_DETAIL) {
        return may_browse(a, v);
    }
    const struct latent_detail *d = detail_shown(a, v);
    return d && d->n_contexts ? NULL : "no contexts to look in yet";
}

const char *may_find_next(const struct app *a, const struct session_view *v)
{
    const char *why = may_find(a, v);
    const char *find = a->screen == SCREEN_DETAIL ? a->detail.find : a->latents.find;
    return why ? why : find[0] ? NULL : "nothing was looked for yet; / does";
}

/* The latent that the screen is about. */
static int32_t current(const struct app *a)
{
    return a->screen == SCREEN_DETAIL ? a->detail.latent : a->latents.at;
}

const char *may_label(const struct app *a, const struct session_view *v)
{
    const char *why = may_browse(a, v);
    return why                         ? why
           : current(a) < 0            ? "no latent is chosen"
           : v->state == SESSION_ENDED ? "the run has ended"
                                       : NULL;
}

/* ---- the table ---- */

/* The column to the right of the one that is sorted by, or to the left; around the end.
 */
static int column_beside(const struct app *a, const struct session_view *v, bool right)
{
    int shown[64], n = 0, at = 0;
    for (size_t i = 0; latent_column_nth(IN_TABLE, i) >= 0 && n < 64; i++) {
        const int k = latent_column_nth(IN_TABLE, i);
        if (latents_column_shown(a, v, latent_column_at((size_t)k)) ||
            k == a->latents.sort) {
            at = k == a->latents.sort ? n : at;
            shown[n++] = k;
        }
    }
    return shown[(at + (right ? 1 : n - 1)) % n];
}

void act_sort(struct app *a, const struct session_view *v, const char *args)
{
    struct latents_state *l = &a->latents;
    if (!strcmp(args, "+") || !strcmp(args, "-")) {
        l->sort = column_beside(a, v, args[0] == '+');
        l->reverse = false;
    } else {
        const int i = latent_column_find(args, strlen(args));
        if (i < 0 || !(latent_column_at((size_t)i)->flags & IN_TABLE)) {
            char words[160];
            latent_column_words(IN_TABLE, words, sizeof words);
            app_say(a, true, "no column %.40s: %s", args, words);
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
        app_open_prompt(a, PROMPT_FIND, "", "");
        return;
    }
    if (a->screen == SCREEN_DETAIL) {
        snprintf(a->detail.find, sizeof a->detail.find, "%.255s", args);
        detail_find(a, v, true, true);
        return;
    }
    snprintf(a->latents.find, sizeof a->latents.find, "%.255s", args);
    latents_find(a, v, true, true);
}

void act_find_next(struct app *a, const struct session_view *v, const char *args)
{
    const bool forward = strcmp(args, "-") != 0;
    if (a->screen == SCREEN_DETAIL) {
        detail_find(a, v, forward, false);
    } else {
        latents_find(a, v, forward, false);
    }
}

void act_filter(struct app *a, const struct session_view *v, const char *args)
{
    if (!args[0]) {
        app_open_prompt(a, PROMPT_FILTER, "", a->latents.filter);
        return;
    }
    struct undo_step step = {.kind = UNDO_FILTER};
    snprintf(step.before, sizeof step.before, "%.*s", UNDO_TEXT - 1, a->latents.filter);
    snprintf(step.after, sizeof step.after, "%.*s", UNDO_TEXT - 1, args);
    if (latents_set_filter(a, v, args)) {
        undo_push(&a->undo, &step);
        latents_say_waiting(a, v);
    } else {
        app_say(a, true, "filter: %s (column %zu)", a->latents.filter_error,
                a->latents.filter_error_at + 1);
    }
}

const char *may_clear_filter(const struct app *a, const struct session_view *v)
{
    (void)v;
    return a->latents.filter[0] ? NULL : "there is no filter";
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

/* ---- labels ---- */

void app_set_label(struct app *a, int arm, int32_t latent, const char *text)
{
    struct command *c = app_emit(a, COMMAND_LABEL);
    if (c) {
        c->arm = arm;
        c->latent = latent;
        snprintf(c->text, sizeof c->text, "%.*s", LATENT_LABEL_MAX + 1, text);
    }
}

void app_label(struct app *a, const struct session_view *v, const char *text)
{
    const int32_t id = current(a);
    const char *old = latents_label(a, v, id);
    text += strspn(text, " ");
    if (strlen(text) > LATENT_LABEL_MAX) {
        app_say(a, true, "label: found %zu bytes, expected at most %d", strlen(text),
                LATENT_LABEL_MAX);
        return;
    }
    if (id < 0 || !strcmp(old, text)) {
        return;
    }
    struct undo_step step = {.kind = UNDO_LABEL, .arm = a->latents.arm, .latent = id};
    snprintf(step.before, sizeof step.before, "%s", old);
    snprintf(step.after, sizeof step.after, "%s", text);
    undo_push(&a->undo, &step);
    app_set_label(a, a->latents.arm, id, text);
}

void act_label(struct app *a, const struct session_view *v, const char *args)
{
    if (args[0]) {
        app_label(a, v, args);
    } else {
        app_open_prompt(a, PROMPT_LABEL, "", latents_label(a, v, current(a)));
    }
}

/* ---- points ---- */

/* The nth measure that can stand on y; -1 beyond the last. */
static int scatter_measure(int nth)
{
    return latent_column_nth(IN_SCATTER, (size_t)nth);
}

/* Which of the scatter's measures is a column; MEASURE none. */
static int measure_index(int column)
{
    int i = 0;
    while (scatter_measure(i) >= 0 && scatter_measure(i) != column) {
        i++;
    }
    return i;
}

void act_scatter(struct app *a, const struct session_view *v, const char *args)
{
    struct latents_state *l = &a->latents;
    int n = 0;
    while (scatter_measure(n) >= 0) {
        n++;
    }
    if (!args[0] || !strcmp(args, "off")) {
        l->scatter = !args[0] && !l->scatter;
        latents_order(a, v);
        if (l->scatter) {
            app_say(a, false,
                    "h j k l go from point to point, . , change the measure, "
                    "= is the table again");
        }
        return;
    }
    int i = measure_index(l->scatter_y);
    if (!strcmp(args, "+") || !strcmp(args, "-")) {
        i = l->scatter ? (i + (args[0] == '+' ? 1 : n - 1)) % n : i;
    } else {
        const int column = latent_column_find(args, strlen(args));
        i = column < 0 ? n : measure_index(column);
    }
    if (i >= n) {
        char words[160];
        latent_column_words(IN_SCATTER, words, sizeof words);
        app_say(a, true, "no measure %.40s: %s or off", args, words);
        return;
    }
    l->scatter = true;
    l->scatter_y = scatter_measure(i);
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

void act_context(struct app *a, const struct session_view *v, const char *args)
{
    const struct latent_detail *d = detail_shown(a, v);
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

void act_lens(struct app *a, const struct session_view *v, const char *args)
{
    static const char *const modes[LENS_MODES] = {"norm", "direct"};
    static const char *const said[LENS_MODES] = {
        "lens: decoder row, mean removed, times the final norm's scale, then W_U",
        "lens: decoder row times W_U, no norm"};
    int mode = (a->detail.lens + 1) % LENS_MODES;
    (void)v;
    for (int i = 0; args[0]; i++) {
        if (i == LENS_MODES) {
            app_say(a, true, "lens: expected norm or direct");
            return;
        }
        if (!strcmp(args, modes[i])) {
            mode = i;
            break;
        }
    }
    a->detail.lens = mode;
    app_say(a, false, "%s", said[mode]);
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
