/* The keys of Concepts, and what they do. */
#include "ui/actions.h"
#include "ui/screens/concepts_priv.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

const char *concepts_may_browse(const struct app *a, const struct session_view *v)
{
    (void)a;
    for (size_t arm = 0; arm < arms_of(v); arm++) {
        if (concepts_table(v, arm)) {
            return NULL;
        }
    }
    return v->no_model ? VIEW_NO_MODEL
           : !v->names.n_concepts
               ? want_says(WANT_CONCEPTS)
               : "no concepts yet: the first evaluation measures them";
}

/* Whether a browsed run was saved before something shown was measured. */
static bool lacks(const struct concept_table *t)
{
    bool spread = false, any = false;
    for (size_t c = 0; t && c < t->n; c++) {
        any = any || t->row[c].eligible;
        spread = spread || isfinite(t->row[c].spread);
    }
    return !t || t->lacks_words || (any && !spread);
}

/* Ask for an arm's measures; false: it was not posted. */
static bool ask_arm(struct app *a, const struct session_view *v, size_t arm)
{
    struct concepts_state *s = concepts_own(a);
    struct command *c =
        app_emit(a, v->state == SESSION_BROWSING ? COMMAND_CONCEPTS : COMMAND_EVALUATE);
    if (c) {
        c->arm = arm;
        s->asked[arm] = true;
        s->asked_for[arm] = v->arm[arm].concepts;
    }
    return c != NULL;
}

/* Whether any arm lacks something. */
static bool any_lacks(const struct session_view *v)
{
    bool r = false;
    for (size_t cond = 0; cond < arms_of(v); cond++) {
        for (size_t i = 0; i < v->cond[cond].n_seeds; i++) {
            r = r || lacks(v->arm[v->cond[cond].arm[i]].concepts);
        }
    }
    return r;
}

/* Whether an arm of a browsed run is to be measured now. */
static bool wants(const struct app *a, const struct session_view *v, size_t cond,
                  size_t arm, enum concepts_asked what)
{
    const struct concepts_state *s = concepts_own(a);
    const struct concept_table *t = v->arm[arm].concepts;
    const bool asked = s->asked[arm] && s->asked_for[arm] == t;
    switch (what) {
    case CONCEPTS_SHOWN:
        return lacks(t) && !v->concepts_busy && !asked &&
               arm == session_view_shown(v, cond);
    case CONCEPTS_REST: return lacks(t) && !(v->concepts_busy && asked);
    case CONCEPTS_ALL: break;
    }
    return true;
}

void concepts_ask(struct app *a, const struct session_view *v, enum concepts_asked what)
{
    if (v->state != SESSION_BROWSING) { /* an evaluation is of all arms */
        if (what != CONCEPTS_SHOWN) {
            (void)ask_arm(a, v, 0);
        }
        return;
    }
    for (size_t cond = 0; cond < arms_of(v) && !v->no_model; cond++) {
        for (size_t i = 0; i < v->cond[cond].n_seeds; i++) {
            if (wants(a, v, cond, v->cond[cond].arm[i], what)) {
                (void)ask_arm(a, v, v->cond[cond].arm[i]);
            }
        }
    }
}

/* ---- the table ---- */

/* The place of the family in the order of `f`. */
static size_t family_place(int family)
{
    size_t i = 0;
    while (concepts_family_at(i) >= 0 && concepts_family_at(i) != family) {
        i++;
    }
    return i;
}

static const char *family_word(const struct app *a, const char *text, size_t i)
{
    (void)a;
    (void)text;
    const int family = concepts_family_at(i);
    return family >= 0 ? concept_kind_name((enum concept_kind)family) : NULL;
}

static const char *may_family(const struct app *a, const struct session_view *v)
{
    const char *why = concepts_may_browse(a, v);
    return why                        ? why
           : concepts_any_measured(v) ? NULL
                                      : "no concept of any family is told apart "
                                        "well enough";
}

static void family(struct app *a, const struct session_view *v, const char *args)
{
    struct concepts_state *s = concepts_own(a);
    const int was = s->family;
    size_t at = family_place(was);
    if (args[0]) {
        const char *word = NULL;
        for (at = 0; (word = family_word(a, "", at)) && strcmp(args, word) != 0;) {
            at++;
        }
        if (!word) {
            app_say(a, true,
                    "family: expected super, leaf, letter, shape, suffix or language");
            return;
        }
        s->family = concepts_family_at(at);
        concepts_order(a, v);
        return;
    }
    do { /* those of which something was measured */
        at = concepts_family_at(at + 1) >= 0 ? at + 1 : 0;
        s->family = concepts_family_at(at);
        concepts_order(a, v);
    } while (s->n == 0 && concepts_family_at(at) != was);
    if (concepts_family_at(at) == was) {
        app_say(a, s->n == 0,
                s->n == 0 ? "no concept of any family passes the filter" FILTER_CLEARS
                          : "no other family has concepts that were measured");
    }
    list_home(&s->list);
    s->at = s->n ? s->concept[0] : -1;
    concepts_order(a, v);
}

/* Scroll so that the measure sorted by is in the table. */
static void bring_into_sight(struct app *a, const struct session_view *v)
{
    struct concepts_state *s = concepts_own(a);
    const size_t fit = concepts_fit(a, v);
    if (s->sort < 1) { /* names and latents always are there */
        return;
    }
    const size_t at = (size_t)s->sort - 1;
    s->first = at < s->first ? at : at >= s->first + fit ? at + 1 - fit : s->first;
}

static void order_from_the_top(struct app *a, const struct session_view *v)
{
    struct concepts_state *s = concepts_own(a);
    bring_into_sight(a, v);
    concepts_order(a, v);
    list_home(&s->list);
    s->at = s->n ? s->concept[0] : -1;
    concepts_order(a, v);
    if (s->sort >= 0 && s->side == SIDE_DIFFERENCE) {
        app_say(a, false,
                "found by sorting: of %zu concepts some differ much by chance; seeds "
                "tell",
                s->n);
    }
}

/* Sort by the column to the right or left: first the name, then for each measure A, B
 * and their difference. A latent's number gives no order and is skipped. */
static void sort_beside(struct concepts_state *s, size_t arms, bool right)
{
    const int sides = arms > 1 ? CONCEPT_SIDES : 1;
    const int n = ((int)concept_columns_n - 1) * sides + 1;
    int at = s->sort < 1 ? 0 : (s->sort - 1) * sides + (int)s->side + 1;
    at = (at + (right ? 1 : n - 1)) % n;
    s->sort = at == 0 ? -1 : (at - 1) / sides + 1;
    s->side = at == 0 ? SIDE_A : (enum concept_side)((at - 1) % sides);
    if (at == 0) {
        s->first = 0;
    }
}

void concepts_sort_by(struct app *a, const struct session_view *v, int place)
{
    struct concepts_state *s = concepts_own(a);
    const int col = place < 0 ? -1 : place / CONCEPT_SIDES;
    const enum concept_side side =
        place < 0 ? SIDE_A : (enum concept_side)(place % CONCEPT_SIDES);
    s->reverse = col == s->sort && side == s->side && !s->reverse;
    s->sort = col;
    s->side = side;
    order_from_the_top(a, v);
}

static void sort(struct app *a, const struct session_view *v, const char *args)
{
    struct concepts_state *s = concepts_own(a);
    if (!strcmp(args, "+") || !strcmp(args, "-")) {
        sort_beside(s, arms_of(v), args[0] == '+');
        s->reverse = false;
    } else {
        const int at = concept_column_find(args, strlen(args)); /* -1: by name */
        if (at < 0 && strcasecmp(args, "name") != 0) {
            char words[160];
            concept_column_words(words, sizeof words);
            app_say(a, true, "no column %.40s: name %s", args, words);
            return;
        }
        s->reverse = at == s->sort && !s->reverse;
        s->sort = at;
    }
    order_from_the_top(a, v);
}

static void reverse(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    concepts_own(a)->reverse = !concepts_own(a)->reverse;
    order_from_the_top(a, v);
}

/* ---- filter ---- */

static struct filter_line *filter_here(const struct app *a)
{
    return &concepts_own(a)->filter;
}

static struct list_view *rows(const struct app *a)
{
    return &concepts_own(a)->list;
}

static void go_to_row(struct app *a, const struct session_view *v, size_t row)
{
    struct concepts_state *s = concepts_own(a);
    s->at = row < s->n ? s->concept[row] : -1;
    list_go(&s->list, row);
    concepts_order(a, v);
}

static const struct prompt_def filter_prompt = {
    .history = "filter concepts",
    .help =
        "animal  dog  !x  a|b  /regex/  f1cv>.5  absorb>.1  b_f1cv<.5  difference_f1cv<0",
    FILTER_PROMPT};

const struct filter_use concepts_filter = {.line = filter_here,
                                           .set = concepts_set_filter,
                                           .rows = rows,
                                           .go = go_to_row,
                                           .may = concepts_may_browse,
                                           .word = concepts_filter_word,
                                           .prompt = &filter_prompt};

/* ---- the rule ---- */

static void rule_text(const struct absorption_rule *r, char *out, size_t cap)
{
    snprintf(out, cap, "share=%.4g cosine=%.4g least=%zu", r->share, r->cosine,
             r->least);
}

static void emit_rule(struct app *a, const struct absorption_rule *r)
{
    struct command *c = app_emit(a, COMMAND_RULE);
    if (c) {
        c->rule = *r;
    }
}

/* Judge by the rule in the text; false, and the reason is said: it is none. */
static bool try_rule(struct app *a, const struct session_view *v, const char *text)
{
    struct absorption_rule r = concepts_own(a)->rule_was;
    struct errinfo e;
    (void)v;
    if (absorption_rule_parse(text, &r, &e) != OK) {
        app_say(a, true, "%s", e.msg);
        return false;
    }
    emit_rule(a, &r);
    return true;
}

/* Apply the rule while it is typed, if it is a valid one. */
static void preview_rule(struct app *a, const struct session_view *v, const char *text)
{
    struct absorption_rule r = concepts_own(a)->rule_was;
    struct errinfo e;
    (void)v;
    if (absorption_rule_parse(text, &r, &e) == OK) {
        emit_rule(a, &r);
    }
}

/* A browsed run keeps only counts: measure the occurrences again. */
static void need_evidence(struct app *a, const struct session_view *v)
{
    bool lacks = false;
    for (size_t arm = 0; arm < arms_of(v); arm++) {
        const struct concept_table *t = concepts_table(v, arm);
        lacks |= t && !t->evidence;
    }
    if (lacks) {
        app_say(a, false, "the rule is applied once the concepts are measured here");
        concepts_ask(a, v, CONCEPTS_ALL);
    }
}

static void accept_rule(struct app *a, const struct session_view *v, const char *text)
{
    (void)text;
    need_evidence(a, v);
}

static void cancel_rule(struct app *a, const struct session_view *v)
{
    (void)v;
    emit_rule(a, &concepts_own(a)->rule_was);
}

static const struct prompt_def rule_prompt = {
    .sign = "rule: ",
    .history = "rule",
    .help = "absorbed: share of the probe's projection, cosine with it; least n for a "
            "verdict",
    .preview = preview_rule,
    .check = try_rule,
    .accept = accept_rule,
    .cancel = cancel_rule,
};

static void rule(struct app *a, const struct session_view *v, const char *args)
{
    char text[96];
    concepts_own(a)->rule_was = v->rule;
    if (!args[0]) {
        rule_text(&v->rule, text, sizeof text);
        app_open_prompt(a, &rule_prompt, "", text);
    } else if (try_rule(a, v, args)) {
        need_evidence(a, v);
    }
}

ACTION_WORDS(rule_word, "default", "share=0.4", "cosine=0.025", "least=20")

/* ---- find ---- */

static char *find_text(const struct app *a)
{
    return concepts_own(a)->find;
}

static void find_keep(struct app *a)
{
    struct concepts_state *s = concepts_own(a);
    s->find_from = s->at;
    s->find_word = s->word_at;
}

static void find_back(struct app *a, const struct session_view *v)
{
    const struct concepts_state *s = concepts_own(a);
    concepts_go(a, v, s->find_from, s->find_word);
}

static void find_look(struct app *a, const struct session_view *v, bool forward,
                      bool here)
{
    const struct concepts_state *s = concepts_own(a);
    if (concepts_find(a, v, forward, here)) {
        app_say(a, false, "/%.60s  in %s", s->find, v->names.concept_name[s->at]);
    } else {
        app_say(a, true, "/%.60s  in no measured concept or word", s->find);
    }
}

const struct find_use concepts_find_use = {
    .text = find_text,
    .keep = find_keep,
    .back = find_back,
    .look = find_look,
    .may = concepts_may_browse,
    .may_next = concepts_may_browse,
    .help = "a concept or one of its words, in any family; " FIND_GOES_ON,
};

static void refresh(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    concepts_ask(a, v, any_lacks(v) ? CONCEPTS_REST : CONCEPTS_ALL);
}

/* ---- curves ---- */

/* The nth column that has a curve; -1 beyond. */
static int curve_at(size_t n)
{
    for (size_t i = 0; i < concept_columns_n; i++) {
        if (concept_columns[i].figure >= 0 && n-- == 0) {
            return (int)i;
        }
    }
    return -1;
}

static const char *curve_word(const struct app *a, const char *text, size_t i)
{
    (void)a;
    (void)text;
    const int at = curve_at(i);
    return at >= 0                ? concept_column_name(&concept_columns[at])
           : curve_at(i - 1) >= 0 ? "off"
                                  : NULL;
}

static void curves(struct app *a, const struct session_view *v, const char *args)
{
    struct concepts_state *s = concepts_own(a);
    const bool up = !strcmp(args, "+"), down = !strcmp(args, "-");
    size_t at = 0, n = 0;
    (void)v;
    for (; curve_at(n) >= 0; n++) {
        at = curve_at(n) == s->curve ? n : at;
    }
    if (!args[0] || !strcmp(args, "off")) {
        s->curves = !args[0] && !s->curves;
    } else if (up || down) {
        s->curve = s->curves ? curve_at((at + (up ? 1 : n - 1)) % n) : s->curve;
        s->curves = true;
    } else {
        const int called = concept_column_find(args, strlen(args));
        size_t i = 0;
        while (i < n && curve_at(i) != called) {
            i++;
        }
        if (i == n) {
            app_say(a, true,
                    "curves: expected a column's name, + - or off; Tab lists "
                    "them");
            return;
        }
        s->curve = curve_at(i);
        s->curves = true;
    }
}

/* ---- the other condition ---- */

static void partner(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    latents_go_partner(a, v, concepts_latent_here(a, v, (size_t)latents_cond(a)));
}

static void same_number(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    latents_go_number(a, v, concepts_latent_here(a, v, (size_t)latents_cond(a)));
}

/* ---- the table of keys ---- */

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
ACTION action_family = {.command = "family", .args = "[super|leaf|letter|shape|suffix|language]", .run = family, .may = may_family, .word = family_word};
ACTION action_sort = {.command = "sort", .args = "COLUMN|+|-", .run = sort, .may = concepts_may_browse, .word = column_word};
ACTION action_reverse = {.command = "reverse", .args = "", .run = reverse, .may = concepts_may_browse};
ACTION action_rule = {.command = "rule", .args = "[share=X|cosine=X|least=N|default]", .run = rule, .may = concepts_may_browse, .word = rule_word};
ACTION action_curves = {.command = "curves", .args = "[MEASURE|+|-|off]", .run = curves, .may = concepts_may_browse, .word = curve_word};
ACTION action_partner = {.command = "partner", .args = "", .run = partner, .may = concepts_may_browse};
ACTION action_same_number = {.command = "same-number", .args = "", .run = same_number, .may = concepts_may_browse};
ACTION action_send = {.command = "send", .args = "", .run = concepts_send_context, .may = concepts_may_send, .hides = true};
ACTION action_refresh = {.command = "refresh", .args = "", .run = refresh};
#undef ACTION

/* In the order in which help shows them. */
static const struct key_entry keys[] = {
    {{'f'}, &action_family, "", "family", "super-categories, categories, first letters; without a file also shapes, suffixes, languages", 1},
    {{'<'}, &action_sort, "-", "sort", "sort by the column to the left", 3},
    {{'>'}, &action_sort, "+", "sort",
     "sort by the column to the right: of each measure A, B, their difference; " KEY_OF("move left") " " KEY_OF("move right") " show more", 3},
    {{'r'}, &action_reverse, "", "reverse", "reverse the order", 3},
    {{'/'}, &action_find, "", "find", "find a concept or a word of one, in any family", 2},
    {{'n'}, &action_find_next, "+", NULL, "next find", 0},
    {{'N'}, &action_find_next, "-", NULL, "previous find", 0},
    {{'&'}, &action_filter, "", "filter",
     "show only concepts for which it holds: animal  dog  !x  a|b  /regex/  f1cv>.5  b_f1cv<.5", 8},
    {{'\\'}, &action_clear_filter, "", NULL, "clear the filter", 0},
    {{'d'}, &action_rule, "", "rule", "what counts as absorbed: thresholds", 7},
    {{'0'}, &action_rule, "default", NULL, "the rule with its own thresholds again, SAEBench's", 0},
    {{'='}, &action_curves, "", "curve", "the concept over training in place of its words", 6},
    {{'.'}, &action_curves, "+", NULL, "next measure of the curve; Tab after :curves lists them", 0},
    {{','}, &action_curves, "-", NULL, "previous measure of the curve", 0},
    {{'o'}, &action_partner, "", NULL, "the latent of the other condition that corresponds to this one's", 0},
    {{'O'}, &action_same_number, "", NULL, "the latent of that number in the other condition", 0},
    {{'p'}, &action_send, "", "to prompt", "ask in Prompt about the context of a word that is under the cursor", 9},
    {{'R'}, &action_refresh, "", "measure", "measure words and spread of the seeds that lack them, else all again", 7},
    {{'v'}, &action_latents_arm, "", "A/B", "which condition's latents " KEY_OF("open") " opens", 4},
    {{'#'}, &action_seed, "", "seed", "the next seed of weights, whose latents are shown", 5},
};

const struct key_hint concepts_hints[CONCEPTS_HINTS] = {
    {SESSION_TRAINING, &action_focus, "+", "words", 2},
    {SESSION_PAUSED, &action_focus, "+", "words", 2},
    {SESSION_DONE, &action_focus, "+", "words", 2},
    {SESSION_BROWSING, &action_focus, "+", "words", 2},
    {SESSION_TRAINING, &action_enter, "", "open", 2},
    {SESSION_PAUSED, &action_enter, "", "open", 2},
    {SESSION_DONE, &action_enter, "", "open", 2},
    {SESSION_BROWSING, &action_enter, "", "open", 2},
};
/* clang-format on */

const struct key_list concepts_keys = {keys, sizeof keys / sizeof keys[0]};
