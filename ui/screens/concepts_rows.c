/* The rows of Concepts: which concepts and words, in which order, and finding one. */
#include "base/mem.h"
#include "ui/screens/concepts_priv.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- columns ---- */

bool concepts_has_latent(const struct concept_result *r)
{
    return r->n_main > 0 && !(r->f1_best <= 0.0);
}

/* clang-format off */
const struct concept_column concept_columns[] = {
    {-1, "latent"}, /* stands first, the measures after it */
    {1, "F1cv"},
    {2, "spread"},
    {4, "absorb"},
    {3, "recall"},
    {5, "frac"},
};
/* clang-format on */
const size_t concept_columns_n = sizeof concept_columns / sizeof concept_columns[0];

const char *concept_column_name(const struct concept_column *col)
{
    return col->figure < 0 ? "latent" : concept_figure_key((size_t)col->figure);
}

int concept_column_find(const char *word, size_t len)
{
    for (size_t i = 0; i < concept_columns_n; i++) {
        const char *const called[] = {concept_column_name(&concept_columns[i]),
                                      concept_columns[i].title};
        for (size_t k = 0; k < 2; k++) {
            if (strlen(called[k]) == len && !strncasecmp(called[k], word, len)) {
                return (int)i;
            }
        }
    }
    return -1;
}

void concept_column_words(char *out, size_t cap)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < concept_columns_n && len < cap; i++) {
        len += (size_t)snprintf(out + len, cap - len, "%s%s", i ? " " : "",
                                concept_column_name(&concept_columns[i]));
    }
}

const char *concepts_family_name(int family)
{
    static const char *const name[CONCEPT_KINDS] = {
        [CONCEPT_LEAF] = "categories",
        [CONCEPT_SUPER] = "super-categories",
        [CONCEPT_LETTER] = "first letters",
        [CONCEPT_SHAPE] = "word shapes",
        [CONCEPT_SUFFIX] = "suffixes",
        [CONCEPT_LANGUAGE] = "languages (function words)",
        [CONCEPT_GRAMMAR] = "grammatical classes"};
    return name[family];
}

int concepts_family_at(size_t i)
{
    static const int order[] = {CONCEPT_SUPER, CONCEPT_LEAF,   CONCEPT_LETTER,
                                CONCEPT_SHAPE, CONCEPT_SUFFIX, CONCEPT_LANGUAGE};
    return i < sizeof order / sizeof order[0] ? order[i] : -1;
}

/* ---- values ---- */

const struct concept_table *concepts_table(const struct session_view *v, size_t arm)
{
    return arm < arms_of(v) ? v->arm[session_view_shown(v, arm)].concepts : NULL;
}

const struct concept_result *concepts_result(const struct session_view *v, size_t arm,
                                             int32_t concept)
{
    const struct concept_table *t = concepts_table(v, arm);
    return t && concept >= 0 && (size_t) concept < t->n ? &t->row[concept] : NULL;
}

/* ---- order ---- */

struct sorted {
    int32_t concept;
    double key;
    const char *name;
};

static int by_key(const void *a, const void *b)
{
    const struct sorted *x = a, *y = b;
    if (isnan(x->key) != isnan(y->key)) {
        return isnan(x->key) ? 1 : -1; /* what was not measured comes last */
    }
    if (x->key > y->key || x->key < y->key) {
        return x->key > y->key ? -1 : 1;
    }
    return strcmp(x->name, y->name);
}

static int32_t family_size(const struct session_view *v, int family)
{
    int32_t n = 0;
    for (size_t i = 0; i < v->names.n_concepts; i++) {
        n += (int)v->names.concept_kind[i] == family;
    }
    return n;
}

bool concepts_has_file(const struct session_view *v)
{
    return family_size(v, CONCEPT_SUPER) + family_size(v, CONCEPT_LEAF) > 0;
}

/* Leave a family that the vocabulary does not have. */
static void leave_empty_family(struct concepts_state *s, const struct session_view *v)
{
    for (size_t i = 0; family_size(v, s->family) == 0; i++) {
        if (concepts_family_at(i) < 0) {
            s->family = CONCEPT_SUPER;
            return;
        }
        s->family = concepts_family_at(i);
    }
}

static bool is_measured(const struct session_view *v, int32_t concept)
{
    bool is = false;
    for (size_t i = 0; i < v->n_arms; i++) {
        const struct concept_table *t =
            v->arm[i].cond < arms_of(v) ? v->arm[i].concepts : NULL;
        is |= t && concept >= 0 && (size_t) concept < t->n && t->row[concept].eligible;
    }
    return is;
}

bool concepts_any_measured(const struct session_view *v)
{
    bool any = false;
    for (size_t i = 0; i < v->names.n_concepts && !any; i++) {
        any = is_measured(v, (int32_t)i);
    }
    return any;
}

/* ---- filter ---- */

/* The concept and condition that a filter is applied to. */
struct concept_row {
    const struct concepts_state *s;
    const struct session_view *v;
    int32_t concept;
    size_t arm; /* whose columns need no prefix */
};

enum { BARE = CONCEPT_SIDES, PREFIXES }; /* sides, then without a prefix */
static const char *const prefix[PREFIXES] = {"a_", "b_", "difference_", ""};

/* The ith word: columns without a prefix come first, then those of each side. */
static void filter_word_at(size_t i, char out[48])
{
    const size_t side = (BARE + i / concept_columns_n) % PREFIXES;
    snprintf(out, 48, "%s%s", prefix[side],
             concept_column_name(&concept_columns[i % concept_columns_n]));
}

const char *concepts_filter_word(size_t i)
{
    static char word[PREFIXES * 8][48];
    if (i >= PREFIXES * concept_columns_n || i >= sizeof word / sizeof word[0]) {
        return NULL;
    }
    filter_word_at(i, word[i]);
    return word[i];
}

static int filter_field(const char *text, size_t len, bool *flag)
{
    *flag = false;
    for (size_t turn = 0; turn < PREFIXES; turn++) {
        const size_t n = strlen(prefix[(BARE + turn) % PREFIXES]);
        const bool led =
            n <= len && !strncasecmp(prefix[(BARE + turn) % PREFIXES], text, n);
        const int at = led ? concept_column_find(text + n, len - n) : -1;
        if (at >= 0) {
            return (int)(turn * concept_columns_n) + at;
        }
    }
    return -1;
}

static void filter_words(char *out, size_t cap)
{
    concept_column_words(out, cap);
    const size_t len = strlen(out);
    snprintf(out + len, cap - len, ", and with a_ b_ difference_");
}

static double filter_number(int field, const void *asked)
{
    const struct concept_row *row = asked;
    const size_t at = (size_t)field;
    const size_t side = (BARE + at / concept_columns_n) % PREFIXES;
    return concepts_value(row->s, row->v, &concept_columns[at % concept_columns_n],
                          side == BARE ? (enum concept_side)row->arm
                                       : (enum concept_side)side,
                          row->concept);
}

static const struct word_result *words_of(const struct session_view *v, size_t arm,
                                          int32_t concept, size_t *n);

static bool filter_text(struct filter_piece *p, const void *asked)
{
    const struct concept_row *row = asked;
    if (filter_piece_text(p, row->v->names.concept_name[row->concept])) {
        return true;
    }
    for (size_t arm = 0; arm < arms_of(row->v); arm++) {
        size_t n = 0;
        const struct word_result *w = words_of(row->v, arm, row->concept, &n);
        for (size_t i = 0; i < n; i++) {
            if (filter_piece_token(p, &row->v->names, w[i].token)) {
                return true;
            }
        }
    }
    return false;
}

static const struct filter_kind concept_filter = {.field = filter_field,
                                                  .words = filter_words,
                                                  .number = filter_number,
                                                  .text = filter_text};

bool concepts_set_filter(struct app *a, const struct session_view *v, const char *text)
{
    if (!filter_line_set(&concepts_own(a)->filter, &concept_filter, text)) {
        return false;
    }
    concepts_order(a, v);
    return true;
}

/* ---- order, again ---- */

/* Put the measured concepts of the family that pass the filter into s->concept,
 * sorted. */
static enum err sort_family(struct concepts_state *s, const struct session_view *v,
                            size_t arm)
{
    const struct concept_column *col = s->sort >= 0 ? &concept_columns[s->sort] : NULL;
    const size_t most = (size_t)family_size(v, s->family);
    struct sorted *row = NULL;
    size_t n = 0;
    TRY(mem_new(&row, most, sizeof *row, "concepts", NULL));
    const enum err rc =
        mem_grow(&s->concept, &s->cap, most, sizeof *s->concept, SIZE_MAX / 8, NULL);
    s->hidden = 0;
    for (size_t i = 0; rc == OK && i < v->names.n_concepts; i++) {
        const int32_t c = (int32_t)i;
        const struct concept_row asked = {s, v, c, arm};
        if ((int)v->names.concept_kind[i] != s->family || !is_measured(v, c)) {
            continue;
        }
        if (!filter_line_holds(&s->filter, &asked)) {
            s->hidden++;
        } else {
            const double key =
                col ? concepts_value(s, v, col, s->side, c) : (double)NAN;
            row[n++] =
                (struct sorted){c, s->reverse ? -key : key, v->names.concept_name[i]};
        }
    }
    if (n > 1) {
        qsort(row, n, sizeof *row, by_key);
    }
    for (size_t i = 0; rc == OK && i < n; i++) {
        s->concept[i] = row[!col && s->reverse ? n - 1 - i : i].concept;
    }
    s->n = rc == OK ? n : 0;
    s->unmeasured = most - n - s->hidden;
    mem_free(row);
    return rc;
}

/* ---- words ---- */

static const struct word_result *words_in(const struct concept_table *t,
                                          int32_t concept, size_t *n)
{
    *n = 0;
    if (!t || concept < 0 || (size_t) concept >= t->n) {
        return NULL;
    }
    *n = t->word_start[concept + 1] - t->word_start[concept];
    return *n > 0 ? &t->word[t->word_start[concept]] : NULL;
}

static const struct word_result *words_of(const struct session_view *v, size_t arm,
                                          int32_t concept, size_t *n)
{
    return words_in(concepts_table(v, arm), concept, n);
}

/* Rank of a verdict in the list of words: absorbed and missed words come first. */
static int rank_of(enum word_verdict v)
{
    static const int rank[WORD_VERDICTS] = {[WORD_ABSORBED] = 0,
                                            [WORD_MISSED] = 1,
                                            [WORD_HELD] = 2,
                                            [WORD_PROBE_WRONG] = 3,
                                            [WORD_TOO_RARE] = 4};
    return rank[v];
}

enum word_verdict word_seeds_verdict(const struct word_seeds *k)
{
    size_t most = 0;
    for (size_t i = 1; i < WORD_VERDICTS; i++) {
        const bool before =
            rank_of((enum word_verdict)i) < rank_of((enum word_verdict)most);
        if (k->says[i] > k->says[most] || (k->says[i] == k->says[most] && before)) {
            most = i;
        }
    }
    return (enum word_verdict)most;
}

static int least_rank(const struct concept_word *w)
{
    int least = WORD_VERDICTS;
    for (size_t cond = 0; cond < VIEW_CONDS; cond++) {
        const int r = w->seeds[cond].n > 0
                          ? rank_of(word_seeds_verdict(&w->seeds[cond]))
                          : WORD_VERDICTS;
        least = r < least ? r : least;
    }
    return least;
}

static int by_rank(const void *a, const void *b)
{
    const struct concept_word *x = a, *y = b;
    const int rx = least_rank(x), ry = least_rank(y);
    if (rx != ry) {
        return rx - ry;
    }
    if (x->occurrences != y->occurrences) {
        return x->occurrences > y->occurrences ? -1 : 1;
    }
    return (x->token > y->token) - (x->token < y->token);
}

/* The words of the concept in each arm of the two conditions. */
struct word_lists {
    size_t n;
    size_t cond[VIEW_ARMS];
    bool shown[VIEW_ARMS]; /* of the seed that is shown */
    const struct word_result *word[VIEW_ARMS];
    size_t left[VIEW_ARMS];
};

static size_t open_lists(struct word_lists *k, const struct session_view *v,
                         int32_t concept)
{
    size_t most = 0;
    k->n = 0;
    for (size_t cond = 0; cond < arms_of(v); cond++) {
        for (size_t i = 0; i < v->cond[cond].n_seeds && k->n < VIEW_ARMS; i++) {
            const size_t arm = v->cond[cond].arm[i];
            k->cond[k->n] = cond;
            k->shown[k->n] = arm == session_view_shown(v, cond);
            k->word[k->n] = words_in(v->arm[arm].concepts, concept, &k->left[k->n]);
            most += k->left[k->n++];
        }
    }
    return most;
}

static void add_seed(struct concept_word *to, size_t cond, bool shown,
                     const struct word_result *w)
{
    struct word_seeds *k = &to->seeds[cond];
    const double fires =
        w->occurrences > 0 ? (double)w->fires / (double)w->occurrences : 0.0;
    k->n++;
    k->says[w->verdict]++;
    k->fires += (fires - k->fires) / (double)k->n;
    to->occurrences = w->occurrences;
    to->of[cond] = shown ? w : to->of[cond];
}

/* Merge all arms' words of the concept, which are in the order of their tokens, into
 * one list. */
static enum err list_words(struct concepts_state *s, const struct session_view *v)
{
    struct word_lists k;
    const size_t most = open_lists(&k, v, s->at);
    s->n_words = 0;
    TRY(mem_grow(&s->word, &s->word_cap, most, sizeof *s->word, SIZE_MAX / 512, NULL));
    for (;;) {
        struct concept_word next = {.token = INT32_MAX};
        bool any = false;
        for (size_t i = 0; i < k.n; i++) {
            if (k.left[i] > 0 && k.word[i]->token <= next.token) {
                next.token = k.word[i]->token;
                any = true;
            }
        }
        if (!any) {
            break;
        }
        for (size_t i = 0; i < k.n; i++) {
            if (k.left[i] > 0 && k.word[i]->token == next.token) {
                add_seed(&next, k.cond[i], k.shown[i], k.word[i]);
                k.word[i]++;
                k.left[i]--;
            }
        }
        s->word[s->n_words++] = next;
    }
    if (s->n_words > 1) {
        qsort(s->word, s->n_words, sizeof *s->word, by_rank);
    }
    return OK;
}

static void place_word(struct concepts_state *s)
{
    list_set(&s->words, s->n_words, s->words.page);
    for (size_t i = 0; i < s->n_words; i++) {
        if (s->word[i].token == s->word_at) {
            list_go(&s->words, i);
        }
    }
    s->word_at = s->n_words ? s->word[s->words.cursor].token : -1;
}

void concepts_order(struct app *a, const struct session_view *v)
{
    struct concepts_state *s = concepts_own(a);
    leave_empty_family(s, v);
    concepts_compare(s, v);
    if (sort_family(s, v, (size_t)latents_cond(a)) != OK) {
        s->n = 0;
    }
    list_set(&s->list, s->n, s->list.page);
    for (size_t i = 0; i < s->n; i++) {
        if (s->concept[i] == s->at) {
            list_go(&s->list, i);
        }
    }
    s->at = s->n ? s->concept[s->list.cursor] : -1;
    if (list_words(s, v) != OK) {
        s->n_words = 0;
    }
    place_word(s);
}

void concepts_deinit(struct concepts_state *s)
{
    filter_line_deinit(&s->filter);
    concept_effects_deinit(&s->effects);
    mem_free(s->concept);
    mem_free(s->word);
}

/* ---- going and finding ---- */

void concepts_go(struct app *a, const struct session_view *v, int32_t concept,
                 int32_t token)
{
    struct concepts_state *s = concepts_own(a);
    if (concept < 0 || (size_t) concept >= v->names.n_concepts) {
        return;
    }
    s->family = (int)v->names.concept_kind[concept];
    s->at = concept;
    s->word_at = token;
    concepts_order(a, v);
}

/* The first word of a concept that holds the text; -1: none does. */
static int32_t word_with(const struct session_view *v, int32_t concept,
                         const char *text)
{
    for (size_t arm = 0; arm < arms_of(v); arm++) {
        size_t n = 0;
        const struct word_result *w = words_of(v, arm, concept, &n);
        for (size_t i = 0; i < n; i++) {
            if (filter_text_in(names_token(&v->names, w[i].token), text)) {
                return w[i].token;
            }
        }
    }
    return -1;
}

/* The measured concept of that name; -1: none. */
static int32_t concept_called(const struct session_view *v, const char *text)
{
    for (size_t c = 0; c < v->names.n_concepts; c++) {
        if (is_measured(v, (int32_t)c) && !strcasecmp(v->names.concept_name[c], text)) {
            return (int32_t)c;
        }
    }
    return -1;
}

/* Find the word itself, in the first concept that has it; false: none does. */
static bool find_word(const struct session_view *v, const char *text, int32_t *concept,
                      int32_t *token)
{
    for (size_t arm = 0; arm < arms_of(v); arm++) {
        const struct concept_table *t = concepts_table(v, arm);
        for (size_t i = 0; t && i < t->n_words; i++) {
            char word[80];
            names_token_trimmed(&v->names, t->word[i].token, word, sizeof word);
            if (!strcasecmp(word, text)) {
                *concept = t->word[i].concept;
                *token = t->word[i].token;
                return true;
            }
        }
    }
    return false;
}

/* Go to what was found, with the words in focus if it is a word; false if the filter
 * hides it. */
static bool found(struct app *a, const struct session_view *v, int32_t concept,
                  int32_t token, bool is_word)
{
    concepts_go(a, v, concept, token);
    if (concepts_own(a)->at != concept) {
        return false;
    }
    *app_focus(a, &screen_concepts) = is_word ? CONCEPTS_WORDS : CONCEPTS_LIST;
    return true;
}

bool concepts_find(struct app *a, const struct session_view *v, bool forward, bool here)
{
    struct concepts_state *s = concepts_own(a);
    const size_t n = v->names.n_concepts;
    const int32_t was = s->at, was_word = s->word_at;
    const size_t from = was >= 0 ? (size_t)was : 0;
    int32_t concept = here ? concept_called(v, s->find) : -1, token = -1;
    if (concept >= 0 && found(a, v, concept, -1, false)) {
        return true;
    }
    if (here && find_word(v, s->find, &concept, &token) &&
        found(a, v, concept, token, true)) {
        return true;
    }
    for (size_t by = here ? 0 : 1; by <= n && s->find[0]; by++) {
        const size_t c = forward ? (from + by) % n : (from + n - by % n) % n;
        if (!is_measured(v, (int32_t)c)) {
            continue;
        }
        token = word_with(v, (int32_t)c, s->find);
        const bool named = filter_text_in(v->names.concept_name[c], s->find);
        if ((named || token >= 0) && found(a, v, (int32_t)c, token, !named)) {
            return true;
        }
    }
    concepts_go(a, v, was, was_word);
    return false;
}
