/* The keys of Detail, and what they do. */
#include "ui/context_flow.h"
#include "ui/finder.h"
#include "ui/screens/detail_priv.h"
#include "ui/screens/prompt.h"
#include "ui/steer.h"

#include <stdio.h>
#include <string.h>

/* ---- find ---- */

static void find_look(struct app *a, const struct session_view *v, bool forward,
                      bool here)
{
    const struct latent_detail *d = detail_shown(a, v);
    if (!detail_of(a)->find[0]) {
        return;
    }
    if (!d || !d->n_contexts) {
        app_say(a, false,
                "no contexts yet: " KEY_OF(
                    "find-next +") " looks again once they are there");
        return;
    }
    const size_t n = d->n_contexts;
    size_t count = 0, best = SIZE_MAX, best_away = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        if (!context_find(&v->names, &d->context[i], detail_of(a)->find, NULL)) {
            continue;
        }
        count++;
        size_t away =
            (forward ? i + n - detail_of(a)->context : detail_of(a)->context + n - i);
        away %= n;
        away = away || here ? away : n;
        if (away < best_away) {
            best = i;
            best_away = away;
        }
    }
    if (best == SIZE_MAX) {
        app_say(a, true, "in none of %zu context%s: %.60s", n, plural_s(n),
                detail_of(a)->find);
        return;
    }
    detail_of(a)->context = best;
    app_say(a, false, "/%.60s  in %zu of %zu context%s", detail_of(a)->find, count, n,
            plural_s(n));
}

/* ---- keys: one latent ---- */

static void context(struct app *a, const struct session_view *v, const char *args)
{
    const struct latent_detail *d = detail_shown(a, v);
    size_t *at = &detail_of(a)->context;
    int64_t n = 0;
    if (detail_of(a)->pane == PANE_NEAR && (args[0] == '+' || args[0] == '-')) {
        near_move(a, v, args[0] == '+' ? "down" : "up");
        return;
    }
    if (detail_of(a)->pane == PANE_EFFECT && (args[0] == '+' || args[0] == '-')) {
        (void)effect_move(a, args[0] == '+' ? "down" : "up");
        return;
    }
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

static void latent(struct app *a, const struct session_view *v, const char *args)
{
    int64_t n = 0;
    int32_t id = -1;
    if (!strcmp(args, "+") || !strcmp(args, "-")) {
        id = latents_beside(a, detail_of(a)->latent, args[0] == '+' ? 1 : -1);
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
    const bool steps = args[0] == '+' || args[0] == '-';
    struct finder_item item;
    if (!steps && detail_of(a)->latent != id) {
        detail_leave(a);
    }
    detail_choose(a, v, id);
    app_go(a, v, &screen_detail);
    if (!steps && latents_item(a, v, id, &item)) {
        finder_remember(a, &item);
    }
}

static const char *may_go_back(const struct app *a, const struct session_view *v)
{
    (void)v;
    return detail_of(a)->n_past ? NULL : "no latent was open before this one";
}

/* Go back to the latent shown before this one, in any condition. */
static void previous(struct app *a, const struct session_view *v, const char *args)
{
    struct detail_state *own = detail_of(a);
    const struct detail_place to = own->past[--own->n_past];
    (void)args;
    own->seen = false; /* there is no way forward */
    if (to.cond != latents_cond(a)) {
        char line[16];
        snprintf(line, sizeof line, "arm %c", 'A' + to.cond);
        app_run(a, v, line);
    }
    detail_choose(a, v, to.latent);
    own->near_at = to.near_at;
    app_go(a, v, &screen_detail);
}

/* Show a pane in place of the contexts, or these again. */
static void turn_pane(struct app *a, enum detail_pane pane)
{
    struct detail_state *own = detail_of(a);
    own->pane = own->pane == pane ? PANE_CONTEXTS : pane;
}

static void intervals(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    (void)args;
    turn_pane(a, PANE_INTERVALS);
}

static void near(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    (void)args;
    turn_pane(a, PANE_NEAR);
}

/* Choose the interval, in the order top, tenths from the highest down, random, zero. */
static void interval(struct app *a, const struct session_view *v, const char *args)
{
    int next = detail_of(a)->interval;
    int64_t n = 0;
    if (!args[0]) {
        next = next == INTERVAL_TOP      ? 9
               : next == INTERVAL_RANDOM ? INTERVAL_ZERO
               : next == INTERVAL_ZERO   ? INTERVAL_TOP
               : next == 0               ? INTERVAL_RANDOM
                                         : next - 1;
    } else if (!strcmp(args, "top")) {
        next = INTERVAL_TOP;
    } else if (!strcmp(args, "random")) {
        next = INTERVAL_RANDOM;
    } else if (!strcmp(args, "zero")) {
        next = INTERVAL_ZERO;
    } else if (arg_integer(args, &n) && n >= 0 && n <= 9) {
        next = (int)n;
    } else {
        app_say(
            a, true,
            "interval: expected top, random, zero or 0 to 9 (tenths of the largest)");
        return;
    }
    detail_of(a)->interval = next;
    detail_of(a)->context = 0;
    detail_ask(a, v);
}

static void lens(struct app *a, const struct session_view *v, const char *args)
{
    static const char *const modes[LENS_MODES] = {"norm", "direct"};
    static const char *const said[LENS_MODES] = {
        "lens: decoder row, mean removed, times the final norm's scale, then W_U",
        "lens: decoder row times W_U, no norm"};
    int mode = (detail_of(a)->lens + 1) % LENS_MODES;
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
    detail_of(a)->lens = mode;
    app_say(a, false, "%s", said[mode]);
}

static void heat_row(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    (void)args;
    detail_of(a)->heat_row = !detail_of(a)->heat_row;
}

static void wrap(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    (void)args;
    detail_of(a)->wrap = !detail_of(a)->wrap;
}

static void refresh(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    detail_ask(a, v);
}

static void mark(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    latents_turn_mark(a, v, detail_of(a)->latent);
}

static const char *may_label(const struct app *a, const struct session_view *v)
{
    return latents_may_label(a, v, detail_of(a)->latent);
}

static void label(struct app *a, const struct session_view *v, const char *args)
{
    latents_call(a, v, detail_of(a)->latent, args);
}

/* ---- keys: find ---- */

static const char *may_find(const struct app *a, const struct session_view *v)
{
    const struct latent_detail *d = detail_shown(a, v);
    if (detail_of(a)->latent < 0 && latents_table(a, v)) {
        return NULL; /* opening the screen chooses one */
    }
    return d && d->n_contexts ? NULL : "no contexts to look in yet";
}

static char *find_text(const struct app *a)
{
    return detail_of(a)->find;
}

static void find_keep(struct app *a)
{
    detail_of(a)->find_from = detail_of(a)->context;
}

static void find_back(struct app *a, const struct session_view *v)
{
    (void)v;
    detail_of(a)->context = detail_of(a)->find_from;
}

const struct find_use detail_find_use = {
    .text = find_text,
    .keep = find_keep,
    .back = find_back,
    .look = find_look,
    .may = may_look,
    .may_next = may_find,
    .help = "a text in these contexts; Enter stays there, " FIND_GOES_ON,
};

static const char *may_send(const struct app *a, const struct session_view *v)
{
    const struct latent_detail *d = detail_shown(a, v);
    return detail_of(a)->pane == PANE_EFFECT || (d && d->n_contexts)
               ? NULL
               : "no context to send yet";
}

static void send_to_prompt(struct app *a, const struct session_view *v,
                           const char *args)
{
    const struct latent_detail *d = detail_shown(a, v);
    int64_t n = -1;
    if (args[0]) { /* given elsewhere: its strongest context, if that was read */
        if (!arg_integer(args, &n) || !d || n != d->latent || !d->n_contexts) {
            app_say(a, true,
                    "send-latent: expected the latent opened last, found %.20s", args);
            return;
        }
        prompt_show(a, v, d->context[0].token, CONTEXT_TOKENS, CONTEXT_TOKENS / 2,
                    d->latent);
        return;
    }
    if (detail_of(a)->pane == PANE_EFFECT) { /* its tokens stand in place of contexts */
        effect_open(a, v, &screen_detail);
        return;
    }
    prompt_show(a, v, d->context[detail_of(a)->context].token, CONTEXT_TOKENS,
                CONTEXT_TOKENS / 2, detail_of(a)->latent);
}

static void silence(struct app *a, const struct session_view *v, const char *args)
{
    const struct latent_table *t = latents_table(a, v);
    int64_t n = detail_of(a)->latent;
    if (!strcmp(args, ALL_MARKED)) {
        prompt_silence_marked(a);
        return;
    }
    if (args[0] && !arg_integer(args, &n)) {
        n = -1;
    }
    if (!t || n < 0 || n >= (int64_t)t->F) {
        app_say(a, true, "expected a latent, 0 to %zu", t ? t->F - 1 : 0);
        return;
    }
    prompt_silence(a, (int32_t)n);
}

static const char *silence_hint(const struct app *a)
{
    return prompt_is_silenced(a, detail_of(a)->latent) ? "let speak" : NULL;
}

/* Show what silencing this latent does to held-out text, in place of the contexts. */
static void effect(struct app *a, const struct session_view *v, const char *args)
{
    struct ask_edit edit[EFFECT_EDITS];
    size_t rows = 0;
    if (effect_rows(a, args, &rows)) {
        effect_begin(a, v, edit, detail_edits(a, edit), rows);
        detail_of(a)->pane = PANE_EFFECT;
    }
}

static const char *may_effect(const struct app *a, const struct session_view *v)
{
    const char *why = may_ask(a, v);
    return why ? why : detail_of(a)->latent < 0 ? "no latent is shown yet" : NULL;
}

/* ---- the other condition ---- */

static void partner(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    latents_go_partner(a, v, detail_of(a)->latent);
}

static void same_number(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    latents_go_number(a, v, detail_of(a)->latent);
}

/* ---- the table of keys ---- */

ACTION_WORDS(interval_word, "top", "random", "zero")
ACTION_WORDS(silence_word, ALL_MARKED)
ACTION_WORDS(lens_word, "norm", "direct")

/* clang-format off */
#define ACTION static const struct action
ACTION action_context = {.command = "context", .args = "+|-|N", .run = context};
ACTION action_latent = {.command = "latent", .args = "N|+|-", .run = latent, .reach = REACH_NAMED, .may = may_ask};
ACTION action_previous = {.command = "previous", .args = "", .run = previous, .may = may_go_back};
ACTION action_near = {.command = "near", .args = "", .run = near};
ACTION action_intervals = {.command = "intervals", .args = "", .run = intervals};
ACTION action_interval = {.command = "interval", .args = "[top|random|zero|0..9]", .run = interval, .may = may_ask, .word = interval_word};
ACTION action_lens = {.command = "lens", .args = "[norm|direct]", .run = lens, .word = lens_word};
ACTION action_heat = {.command = "heat", .args = "", .run = heat_row};
ACTION action_wrap = {.command = "wrap", .args = "", .run = wrap};
ACTION action_mark = {.command = "mark", .args = "", .run = mark, .may = latents_may_browse};
ACTION action_label = {.command = "label", .args = "[TEXT]", .run = label, .may = may_label};
ACTION action_partner = {.command = "partner", .args = "", .run = partner, .may = latents_may_browse};
ACTION action_same_number = {.command = "same-number", .args = "", .run = same_number, .may = latents_may_browse};
ACTION action_send = {.command = "send-latent", .args = "[N]", .run = send_to_prompt, .reach = REACH_NAMED, .may = may_send};
ACTION action_silence = {.command = "silence-latent", .args = "[N|marked]", .run = silence, .hint = silence_hint, .reach = REACH_NAMED, .may = latents_may_browse, .word = silence_word};
ACTION action_effect = {.command = "effect", .args = "[ROWS]", .run = effect, .may = may_effect};
ACTION action_refresh = {.command = "refresh", .args = "", .run = refresh, .may = may_ask};
#undef ACTION

/* In the order in which help shows them. */
static const struct key_entry keys[] = {
    {{'j', KEY_DOWN_}, &action_context, "+", "context", "next context", 0},
    {{'k', KEY_UP_}, &action_context, "-", NULL, "previous context", 0},
    {{'J', KEY_RIGHT_}, &action_latent, "+", "latent", "next latent in the order of the table", 1},
    {{'K', KEY_LEFT_}, &action_latent, "-", NULL, "previous latent in the order of the table", 0},
    {{KEY_DELETE_BACK}, &action_previous, "", NULL, "back to the latent that was open before", 0},
    {{'='}, &action_near, "", "near",
     "latents that it goes with: near, firing together, absorbing, in the other condition; " KEY_OF("open") " opens", 2},
    {{'i'}, &action_interval, "", "interval",
     "which contexts: the largest, a tenth of the range, random ones, or zero: silent on a top token", 2},
    {{'I'}, &action_intervals, "", NULL, "all intervals below each other, with how many tokens are in each", 0},
    {{'L'}, &action_lens, "", "lens",
     "logit lens through the final norm's scale, or of the unembedding alone", 3},
    {{'/'}, &action_find, "", "find", "find a text in the contexts shown", 4},
    {{'n'}, &action_find_next, "+", NULL, "next context with the text", 0},
    {{'N'}, &action_find_next, "-", NULL, "previous context with the text", 0},
    {{'H'}, &action_heat, "", "heat row",
     "digits 0-9 under each token: its activation / largest", 6},
    {{'w'}, &action_wrap, "", "wrap", "wrap contexts, or cut them around the token", 7},
    {{' '}, &action_mark, "", "mark", "mark or unmark the latent", 8},
    {{';'}, &action_label, "", "label",
     "name the latent; kept with the run; an empty name removes it", 5},
    {{'p'}, &action_send, "", "to prompt", "ask about this context in Prompt, with the cursor where it is", 5},
    {{'a'}, &action_silence, "", "silence", "silence the latent in Prompt, or let it speak again", 6},
    {{'E'}, &action_effect, "", "effect", "what silencing it, with those silenced beside it, does to held-out text: loss, tokens, next tokens", 7},
    {{'o'}, &action_partner, "", NULL, "the latent of the other condition that corresponds to this one", 0},
    {{'O'}, &action_same_number, "", NULL, "the latent of this number in the other condition", 0},
    {{'R'}, &action_refresh, "", "refresh", "describe the latent again, as of this step", 9},
    {{'v'}, &action_latents_arm, "", "arm A/B", "the latent of that number in condition A or B", 10},
};
/* clang-format on */

const struct key_list detail_keys = {keys, sizeof keys / sizeof keys[0]};
