/* The keys of Concepts, and what they do. */
#include "ui/screens/concepts_priv.h"
#include "ui/text.h"

#include <stdio.h>
#include <string.h>

const char *concepts_may_browse(const struct app *a, const struct session_view *v)
{
    (void)a;
    for (size_t arm = 0; arm < arms_of(v); arm++) {
        if (concepts_table(v, arm)) {
            return NULL;
        }
    }
    return "no concepts yet: the first evaluation measures them";
}

void concepts_ask(struct app *a, const struct session_view *v, bool again)
{
    struct concepts_state *s = concepts_own(a);
    const bool browsed = v->state == SESSION_BROWSING;
    for (size_t arm = 0; arm < arms_of(v); arm++) {
        const struct concept_table *t = concepts_table(v, arm);
        const bool lacks = browsed && (!t || t->is_saved);
        if (!again &&
            (!lacks || v->concepts_busy || (s->asked[arm] && s->asked_for[arm] == t))) {
            continue;
        }
        struct command *c = app_emit(a, browsed ? COMMAND_CONCEPTS : COMMAND_EVALUATE);
        if (c) {
            c->arm = session_view_shown(v, arm);
            s->asked[arm] = true;
            s->asked_for[arm] = t;
        }
        if (!browsed) {
            return; /* an evaluation is of all arms */
        }
    }
}

/* ---- the table ---- */

static void family(struct app *a, const struct session_view *v, const char *args)
{
    struct concepts_state *s = concepts_own(a);
    const int was = s->family;
    if (args[0]) {
        for (int k = 0; k < CONCEPT_GRAMMAR; k++) {
            if (!strcmp(args, concept_kind_name((enum concept_kind)k))) {
                s->family = k;
                concepts_order(a, v);
                return;
            }
        }
        app_say(a, true, "family: expected super, leaf or letter");
        return;
    }
    do { /* super-categories, categories, letters: those that the text has */
        s->family = s->family == CONCEPT_SUPER  ? CONCEPT_LEAF
                    : s->family == CONCEPT_LEAF ? CONCEPT_LETTER
                                                : CONCEPT_SUPER;
        concepts_order(a, v);
    } while (s->n == 0 && s->family != was);
    list_home(&s->list);
    s->at = s->n ? s->concept[0] : -1;
    concepts_order(a, v);
}

/* One to the right or left: the columns of A, of B, the differences; by name before
 * them all. */
static void sort_beside(struct concepts_state *s, size_t arms, bool wide, bool right)
{
    const int columns = (int)concept_columns_n;
    const int sides = arms > 1 ? CONCEPT_SIDES : 1;
    const int n = columns * sides + 1;
    int at = s->sort < 0 ? 0 : (int)s->side * columns + s->sort + 1;
    do {
        at = (at + (right ? 1 : n - 1)) % n;
    } while (at > 0 && !concepts_shows(&concept_columns[(at - 1) % columns],
                                       (enum concept_side)((at - 1) / columns), wide));
    s->sort = at == 0 ? -1 : (at - 1) % columns;
    s->side = at == 0 ? SIDE_A : (enum concept_side)((at - 1) / columns);
}

static void sort(struct app *a, const struct session_view *v, const char *args)
{
    struct concepts_state *s = concepts_own(a);
    if (!strcmp(args, "+") || !strcmp(args, "-")) {
        sort_beside(s, arms_of(v), layout_kind(a->w, a->h) == LAYOUT_WIDE,
                    args[0] == '+');
        s->reverse = false;
    } else {
        int at = strcmp(args, "name") == 0 ? -1 : -2;
        for (size_t i = 0; i < concept_columns_n; i++) {
            at = !strcmp(args, concept_column_name(&concept_columns[i])) ? (int)i : at;
        }
        if (at == -2) {
            char words[160] = "name";
            for (size_t i = 0; i < concept_columns_n; i++) {
                const size_t len = strlen(words);
                snprintf(words + len, sizeof words - len, ", %s",
                         concept_column_name(&concept_columns[i]));
            }
            app_say(a, true, "sort: expected %s", words);
            return;
        }
        s->reverse = at == s->sort && !s->reverse;
        s->sort = at;
    }
    concepts_order(a, v);
    list_home(&s->list);
    s->at = s->n ? s->concept[0] : -1;
    concepts_order(a, v);
    if (s->sort >= 0 && s->side == SIDE_DIFFERENCE) {
        app_say(a, false,
                "found by sorting: among %zu concepts some differences are "
                "large by chance; seeds tell",
                s->n);
    }
}

static void reverse(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    concepts_own(a)->reverse = !concepts_own(a)->reverse;
    concepts_order(a, v);
}

/* ---- find ---- */

/* From where the prompt was opened, so that a text typed in pieces ends where it would
 * have ended at once. */
static void find_from_start(struct app *a, const struct session_view *v,
                            const char *text)
{
    struct concepts_state *s = concepts_own(a);
    snprintf(s->find, sizeof s->find, "%.255s", text);
    concepts_go(a, v, s->find_from, s->find_word);
    if (!text[0]) {
        return;
    }
    if (concepts_find(a, v, true, true)) {
        app_say(a, false, "/%.60s  in %s", text, v->names.concept_name[s->at]);
    } else {
        app_say(a, true, "/%.60s  in no measured concept or word", text);
    }
}

static void stop_find(struct app *a, const struct session_view *v)
{
    find_from_start(a, v, "");
}

static const struct prompt_def find_prompt = {
    .sign = "/",
    .history = "find",
    .help = "a concept or one of its words, in any family; n N go on",
    .preview = find_from_start,
    .accept = find_from_start,
    .cancel = stop_find,
};

static void find(struct app *a, const struct session_view *v, const char *args)
{
    struct concepts_state *s = concepts_own(a);
    s->find_from = s->at;
    s->find_word = s->word_at;
    if (args[0]) {
        find_from_start(a, v, args);
    } else {
        app_open_prompt(a, &find_prompt, "", "");
    }
}

static const char *may_find_next(const struct app *a, const struct session_view *v)
{
    const char *why = concepts_may_browse(a, v);
    return why                        ? why
           : concepts_own(a)->find[0] ? NULL
                                      : "nothing was looked for yet; / does";
}

static void find_next(struct app *a, const struct session_view *v, const char *args)
{
    concepts_find(a, v, strcmp(args, "-") != 0, false);
}

static void refresh(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    concepts_ask(a, v, true);
}

/* ---- the table of keys ---- */

ACTION_WORDS(family_word, "super", "leaf", "letter")

static const char *column_word(const struct app *a, const char *text, size_t i)
{
    (void)a;
    (void)text;
    return i == 0                   ? "name"
           : i <= concept_columns_n ? concept_column_name(&concept_columns[i - 1])
                                    : NULL;
}

/* clang-format off */
#define ACTION static const struct action
ACTION action_family = {.command = "family", .args = "[super|leaf|letter]", .run = family, .may = concepts_may_browse, .word = family_word};
ACTION action_sort = {.command = "sort", .args = "COLUMN|+|-", .run = sort, .may = concepts_may_browse, .word = column_word};
ACTION action_reverse = {.command = "reverse", .args = "", .run = reverse, .may = concepts_may_browse};
ACTION action_find = {.command = "find", .args = "TEXT", .run = find, .may = concepts_may_browse};
ACTION action_find_next = {.command = "find-next", .args = "+|-", .run = find_next, .may = may_find_next};
ACTION action_refresh = {.command = "refresh", .args = "", .run = refresh};
#undef ACTION

/* In the order in which help shows them. */
static const struct key_entry keys[] = {
    {{'f'}, &action_family, "", "family", "super-categories, categories or first letters", 1},
    {{'<'}, &action_sort, "-", "sort", "sort by the column to the left", 3},
    {{'>'}, &action_sort, "+", "sort",
     "sort by the column to the right: of A, of B, then the differences", 3},
    {{'r'}, &action_reverse, "", "reverse", "reverse the order", 5},
    {{'/'}, &action_find, "", "find", "find a concept or a word of one, in any family", 2},
    {{'n'}, &action_find_next, "+", NULL, "next find", 0},
    {{'N'}, &action_find_next, "-", NULL, "previous find", 0},
    {{'R'}, &action_refresh, "", "measure", "measure the concepts again, with their words", 6},
    {{'v'}, &action_latents_arm, "", "arm A/B", "which arm's latents Enter opens", 4},
};
/* clang-format on */

const struct key_list concepts_keys = {keys, sizeof keys / sizeof keys[0]};
