/* The keys of Compare, and what they do. */
#include "ui/actions.h"
#include "ui/pane.h"
#include "ui/screens/compare_priv.h"
#include "ui/screens/prompt.h"
#include "ui/screens/runs.h"
#include "ui/text.h"

#include <stdio.h>
#include <string.h>

const char *compare_may(const struct app *a, const struct session_view *v)
{
    if (v->state == SESSION_LOADING) {
        return "the run is being opened";
    }
    if (v->no_model) {
        return VIEW_NO_MODEL;
    }
    if (v->n_conds > 1 || compare_own(a)->other[0] || v->other[0]) {
        return NULL;
    }
    return "one condition alone: " KEY_OF(
        "choose-run") " chooses a run beside it, " KEY_OF("fork") " on Train forks a twin";
}

void compare_ask(struct app *a, const struct session_view *v, bool again)
{
    struct compare_state *s = compare_own(a);
    if (compare_may(a, v) || (s->asked && !again)) {
        return;
    }
    struct command *c = app_emit(a, COMMAND_COMPARE);
    if (c) {
        memcpy(c->two, s->want, sizeof c->two);
        snprintf(c->text, sizeof c->text, "%s", s->other);
        s->asked = true;
        s->failed_before = v->compares_failed;
    }
}

bool compare_is_asked(const struct compare_state *s, const struct session_view *v)
{
    return s->asked && s->failed_before == v->compares_failed;
}

void compare_failed(struct compare_state *s, const struct session_view *v)
{
    const struct comparison *o = v->compare;
    const bool other = strcmp(s->other, o ? o->other : "") != 0;
    s->failed = v->compares_failed;
    if (v->compare_busy) {
        return; /* another one has been asked for since */
    }
    s->stays = o && !other;
    s->asked = o || !other;
    snprintf(s->other, sizeof s->other, "%s", o ? o->other : "");
    for (size_t i = 0; i < 2; i++) {
        s->want[i] = o ? (int32_t)o->side[i].choice : -1;
    }
}

void compare_choose(struct app *a, const struct session_view *v, size_t side,
                    size_t choice)
{
    struct compare_state *s = compare_own(a);
    const struct comparison *o = v->compare;
    for (size_t i = 0; i < 2; i++) {
        s->want[i] = o ? (int32_t)o->side[i].choice : s->want[i];
    }
    if (s->want[1 - side] == (int32_t)choice) { /* the other side has it: both change */
        s->want[1 - side] = s->want[side];
    }
    s->want[side] = (int32_t)choice;
    compare_ask(a, v, true);
}

/* Show Compare with the open run on one side and the run or SAE at `path` on the other.
 * `path` may be two lines, a run each, one for each side; "" removes other runs. The
 * job thread opens them, and reports errors when it finds them. */
static void compare_with(struct app *a, const struct session_view *v, const char *path)
{
    struct compare_state *s = compare_own(a);
    snprintf(s->other, sizeof s->other, "%s", path);
    s->took_other = true;
    s->want[0] = s->want[1] = -1;
    s->asked = false;
    if (a->screen != &screen_compare) {
        app_go(a, v, &screen_compare);
    }
    compare_ask(a, v, false);
}

/* ---- what is compared ---- */

/* Turn a side to its next choice that is not the other side's. */
static void next_choice(struct app *a, const struct session_view *v, size_t side)
{
    const struct comparison *o = v->compare;
    if (o->n_choices < 3) {
        compare_choose(a, v, 0, o->side[1].choice); /* the two change sides */
        return;
    }
    size_t at = o->side[side].choice;
    do {
        at = (at + 1) % o->n_choices;
    } while (at == o->side[1 - side].choice);
    compare_choose(a, v, side, at);
}

/* Take "A B", letters of conditions there are; false: it is something else. */
static bool takes_letters(struct app *a, const struct session_view *v, const char *args)
{
    const struct comparison *o = v->compare;
    char x = 0, y = 0, rest = 0;
    struct compare_state *s = compare_own(a);
    if (!o || sscanf(args, " %c %c %c", &x, &y, &rest) != 2) {
        return false;
    }
    const int i = x - 'A', k = y - 'A';
    const int n = (int)o->n_choices;
    if (i < 0 || k < 0 || i >= n || k >= n || i == k || strlen(args) != 3) {
        return false;
    }
    s->want[0] = i;
    s->want[1] = k;
    compare_ask(a, v, true);
    return true;
}

static void compare(struct app *a, const struct session_view *v, const char *args)
{
    if (!args[0]) {
        if (compare_own(a)->other[0]) {
            compare_with(a, v, "");
        } else {
            compare_ask(a, v, true);
            app_go(a, v, &screen_compare);
        }
    } else if (!takes_letters(a, v, args)) {
        compare_with(a, v, args);
    }
}

static void choose_run(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    runs_choose(a, v);
}

static const char *may_choose(const struct app *a, const struct session_view *v)
{
    const char *why = compare_may(a, v);
    return why ? why : v->compare ? NULL : "nothing compared yet";
}

static void side(struct app *a, const struct session_view *v, const char *args)
{
    if (!strcmp(args, "1") || !strcmp(args, "2")) {
        next_choice(a, v, args[0] == '1' ? 0 : 1);
    } else {
        app_say(a, true, "side: expected 1 or 2");
    }
}

static void refresh(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    compare_ask(a, v, true);
}

/* ---- what is shown ---- */

/* Whether either side has a curve of a measure. */
static bool has_curve(const struct session_view *v, int metric)
{
    return v->compare->side[0].curve[metric].n + v->compare->side[1].curve[metric].n >
           0;
}

static void curve(struct app *a, const struct session_view *v, const char *args)
{
    struct compare_state *s = compare_own(a);
    int n = 0, at = 0;
    while (pane_metric((size_t)n) >= 0) {
        at = pane_metric((size_t)n) == s->metric ? n : at;
        n++;
    }
    if (!strcmp(args, "+") || !strcmp(args, "-")) {
        for (int i = 0; i < n; i++) {
            at = (at + (args[0] == '+' ? 1 : n - 1)) % n;
            if (has_curve(v, pane_metric((size_t)at))) {
                break;
            }
        }
        s->metric = pane_metric((size_t)at);
    } else if (metric_find(args) >= 0) {
        s->metric = metric_find(args);
    } else {
        app_say(a, true, "curve: found '%.40s', expected a measure, + or -", args);
        return;
    }
    compare_lead_to(a, COMPARE_CURVES);
}

static const char *curve_word(const struct app *a, const char *text, size_t i)
{
    const int m = pane_metric(i);
    (void)a;
    (void)text;
    return m >= 0 ? measure_at((enum metric)m)->column : NULL;
}

static const char *const list_words[COMPARE_LISTS] = {"pairs", "first", "second",
                                                      "split", "fused"};

static void show_list(struct app *a, const struct session_view *v, const char *args)
{
    struct compare_state *s = compare_own(a);
    const int focus = *app_focus(a, &screen_compare);
    /* Coming from another pane leaves the list as it is. */
    int at = focus == COMPARE_LATENTS ? (s->list + 1) % COMPARE_LISTS : s->list;
    (void)v;
    for (int i = 0; args[0] && i <= COMPARE_LISTS; i++) {
        if (i == COMPARE_LISTS) {
            app_say(a, true, "list: expected pairs, first, second, split or fused");
            return;
        }
        if (!strcmp(args, list_words[i])) {
            at = i;
            break;
        }
    }
    s->list = at;
    s->contexts = false;
    list_home(&s->latents);
    compare_lead_to(a, COMPARE_LATENTS);
}

static const char *list_word(const struct app *a, const char *text, size_t i)
{
    (void)a;
    (void)text;
    return i < COMPARE_LISTS ? list_words[i] : NULL;
}

static const char *may_send(const struct app *a, const struct session_view *v)
{
    return !compare_own(a)->contexts
               ? KEY_OF("open") " on a pair of latents shows contexts"
           : compare_context(a, v) ? NULL
                                   : "no context to send yet";
}

/* Send a context to Prompt. The latents of a side may be another run's, so none is
 * chosen there. */
static void send_to_prompt(struct app *a, const struct session_view *v,
                           const char *args)
{
    (void)args;
    prompt_show(a, v, compare_context(a, v)->token, CONTEXT_TOKENS, CONTEXT_TOKENS / 2,
                -1);
    app_come_back(a, &screen_compare);
}

/* ---- the table of keys ---- */

/* clang-format off */
#define ACTION static const struct action
ACTION action_compare = {.command = "compare", .args = "[RUN|A B]", .run = compare, .reach = REACH_ALL};
ACTION action_choose = {.command = "choose-run", .args = "", .run = choose_run, .reach = REACH_ALL};
ACTION action_side = {.command = "side", .args = "1|2", .run = side, .may = may_choose};
ACTION action_list = {.command = "list", .args = "[pairs|first|second|split|fused]", .run = show_list, .may = may_choose, .word = list_word};
ACTION action_curve = {.command = "curve", .args = "MEASURE|+|-", .run = curve, .may = may_choose, .word = curve_word};
ACTION action_send = {.command = "send", .args = "", .run = send_to_prompt, .may = may_send, .hides = true};
ACTION action_refresh = {.command = "refresh", .args = "", .run = refresh, .may = compare_may};
#undef ACTION

/* In the order in which help shows them. */
static const struct key_entry keys[] = {
    {{0}, &action_compare, "", NULL,
     "with another run or SAE, or A with B; alone: this run's own conditions", 0},
    {{'c'}, &action_choose, "", "choose run", "choose from Runs what is compared: " KEY_ON("runs", "open") " takes a run, beside the one that is open; " KEY_ON("runs", "mark") " marks two", 2},
    {{'v'}, &action_side, "2", "side", "the next condition on the second side; two swap sides", 1},
    {{'V'}, &action_side, "1", NULL, "the next condition on the first side", 0},
    {{'f'}, &action_list, "", "latents", "latents: in pairs, in one side alone, split, fused", 2},
    {{'.'}, &action_curve, "+", "curve", "the curve of the next measure", 3},
    {{','}, &action_curve, "-", NULL, "the curve of the previous measure", 0},
    {{'p'}, &action_send, "", "to prompt", "ask in Prompt about the context under the cursor", 2},
    {{'R'}, &action_refresh, "", "again", "compare again, as of this step", 4},
};
/* clang-format on */

const struct key_list compare_keys = {keys, sizeof keys / sizeof keys[0]};
