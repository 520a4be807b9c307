/* What the files of Concepts share: concepts.c, its table (concepts_table.c), the pane
 * below with latents and words (concepts_words.c), contexts of a word
 * (concepts_contexts.c) or curves (concepts_curves.c); rows (concepts_rows.c), keys
 * (concepts_keys.c), differences (concepts_effects.c) and export (concepts_export.c).
 * Only tests include this besides them. */
#ifndef SAETOP_UI_SCREENS_CONCEPTS_PRIV_H
#define SAETOP_UI_SCREENS_CONCEPTS_PRIV_H

#include "ui/filter_use.h"
#include "ui/find_use.h"
#include "ui/screens/latents.h"

/* A quantity that concepts are compared by: a column of the table and of its export,
 * and a key to sort by. */
struct concept_column {
    int figure;        /* index in concept_figures; -1: the latent, whose number has no
                          difference */
    const char *title; /* at the head of the column */
};
extern const struct concept_column concept_columns[];
extern const size_t concept_columns_n;
/* Its name in commands and files: "latent", or the measure's in eval.json. */
const char *concept_column_name(const struct concept_column *col);
/* The index of the column with that name or title, ignoring case; -1: none. */
int concept_column_find(const char *word, size_t len);
/* Write all names, separated by spaces. */
void concept_column_words(char *out, size_t cap);

/* Which values of a column: of arm A, of arm B, or the difference A - B. */
enum concept_side { SIDE_A, SIDE_B, SIDE_DIFFERENCE, CONCEPT_SIDES };

enum { CONCEPTS_LIST, CONCEPTS_WORDS, CONCEPTS_PANES };

enum {
    HIT_ITS_LATENT = HIT_SCREEN, /* a: latent of A, or -1 - latent of B: opens it */
    HIT_WORD,                    /* a: row of the words */
    HIT_WORD_CONTEXT             /* a: row of the contexts */
};

struct concepts_state {
    int family; /* enum concept_kind */
    int sort;   /* column, -1: by name */
    enum concept_side side;
    bool reverse;                      /* instead of the largest first */
    size_t first;                      /* measure shown leftmost */
    int32_t *concept;                  /* [n] of the family, in order */
    size_t n, unmeasured, hidden, cap; /* hidden by the filter */
    struct filter_line filter;
    struct list_view list;
    int32_t at;                /* under the cursor, kept across orders; -1 */
    struct concept_word *word; /* [n_words] of that concept */
    size_t n_words, word_cap;
    struct list_view words;
    int32_t word_at; /* token; -1 */
    char find[FIND_TEXT];
    bool curves;         /* in place of the words: */
    int curve;           /* column that they show */
    bool contexts;       /* contexts of a word, in place of the words: */
    int32_t contexts_of; /* a word of this concept */
    struct list_view context;
    bool asked_a_word; /* contexts of this word were asked for: */
    struct word_query asked_word;
    size_t asked_word_arm;
    struct absorption_rule rule_was; /* the rule when its prompt was opened */
    int32_t find_from, find_word;    /* the cursors when the prompt was opened */
    struct concept_effects effects;  /* of these tables; so_far: the run goes on */
    const struct concept_table *effects_of[VIEW_ARMS];
    size_t n_effects;
    size_t tested[CONCEPT_KINDS][CONCEPT_FIGURES]; /* that Holm's correction is over */
    bool so_far;
    bool asked[VIEW_ARMS]; /* for words and spread, when its table was: */
    const struct concept_table *asked_for[VIEW_ARMS];
};

/* The verdicts of a condition's seeds on a word. */
struct word_seeds {
    size_t n; /* seeds that have measured it, and how many by verdict: */
    size_t says[WORD_VERDICTS];
    double fires; /* mean share of its occurrences on which a main latent fires */
};
/* The verdict of most seeds; in a tie, the first in the order in which words are
 * listed: absorbed, missed, held, ... Needs n > 0. */
enum word_verdict word_seeds_verdict(const struct word_seeds *k);

/* A word of the concept under the cursor, in each condition. */
struct concept_word {
    int32_t token;
    size_t occurrences;
    const struct word_result *of[VIEW_CONDS]; /* the shown seed's; NULL: it has none */
    struct word_seeds seeds[VIEW_CONDS];
};

struct concepts_state *concepts_own(const struct app *a);
/* The sign before the number of a latent that is silenced; "": it is not, or belongs to
 * a condition other than the one whose latents are shown. */
const char *concepts_silenced(const struct app *a, size_t arm, int32_t latent);

struct concepts_layout {
    struct rect list, words;
};
struct concepts_layout concepts_layout(struct rect body, bool wide, size_t n);

/* ---- concepts_rows.c ---- */

/* The arm's table (NULL: none yet), and its result on a concept (NULL: none). */
const struct concept_table *concepts_table(const struct session_view *v, size_t arm);
const struct concept_result *concepts_result(const struct session_view *v, size_t arm,
                                             int32_t concept);
/* Order the family anew and list the words of the concept under the cursor; both
 * cursors stay where they were. */
void concepts_order(struct app *a, const struct session_view *v);
void concepts_deinit(struct concepts_state *s);
/* The ith word that a filter knows: text and columns, "f1" for the arm chosen, "a_f1",
 * "b_f1", "difference_f1"; NULL beyond the last. */
const char *concepts_filter_word(size_t i);
extern const struct filter_use concepts_filter;
extern const struct find_use concepts_find_use; /* concepts_keys.c */
/* Apply a filter text; false: it is malformed. */
bool concepts_set_filter(struct app *a, const struct session_view *v, const char *text);
/* Whether any latent tells the concept: if F1 is 0, the first one the rule takes fires
 * on none of its words. */
bool concepts_has_latent(const struct concept_result *r);
/* Put the cursor on a concept, or on a word of it; the family changes if it must. */
void concepts_go(struct app *a, const struct session_view *v, int32_t concept,
                 int32_t token);
/* Find the next concept whose name, or a word of which, holds the text (`forward`
 * false: the one before); `here`: from the cursor's own on, and one of exactly that
 * name first. False: it is nowhere. */
bool concepts_find(struct app *a, const struct session_view *v, bool forward,
                   bool here);
/* "super-categories", ... */
const char *concepts_family_name(int family);
/* The ith family in the order in which `f` goes through them; -1 beyond the last. */
int concepts_family_at(size_t i);
/* Whether a concepts file was given: without one all families are built in. */
bool concepts_has_file(const struct session_view *v);

/* ---- concepts.c ---- */

/* The latent that goes with what is under the cursor: for an absorbed word the one that
 * took it, else the concept's own; -1: none. */
int32_t concepts_latent_here(const struct app *a, const struct session_view *v,
                             size_t arm);

/* ---- concepts_table.c, concepts_words.c, concepts_contexts.c ---- */

void concepts_draw_table(struct app *a, const struct session_view *v, struct canvas *c,
                         struct rect r);
/* How many measures fit at once. */
size_t concepts_fit(const struct app *a, const struct session_view *v);
/* The argument of HIT_HEADER for a click on a title; -1: by name. */
int concepts_place_hit(int col, enum concept_side side);
void concepts_draw_words(struct app *a, const struct session_view *v, struct canvas *c,
                         struct rect r, bool wide);
void concepts_draw_contexts(struct app *a, const struct session_view *v,
                            struct canvas *c, struct rect r);
/* Show the contexts of the word under the cursor, in the condition that is browsed. */
void concepts_open_contexts(struct app *a, const struct session_view *v);
/* Send the context under the cursor to Prompt; say why there is none to send (NULL:
 * there is one). */
void concepts_send_context(struct app *a, const struct session_view *v,
                           const char *args);
const char *concepts_may_send(const struct app *a, const struct session_view *v);
/* Ask for contexts if those that are there are of another word, latent or arm than is
 * shown. */
void concepts_sync_contexts(struct app *a, const struct session_view *v);

/* ---- concepts_export.c ---- */

void concepts_export_name(const struct app *a, const struct session_view *v, char *out,
                          size_t cap);
enum err concepts_export_text(const struct app *a, const struct session_view *v,
                              struct str *out, struct errinfo *e) ERR_CHECKED;

/* ---- concepts_effects.c ---- */

/* Bring the means and differences up to date with the view's tables. */
void concepts_compare(struct concepts_state *s, const struct session_view *v);
/* A column's value on one side: the latent is that of the seed shown, the others are
 * means over seeds. NaN: not measured, or the difference of latents' numbers. */
double concepts_value(const struct concepts_state *s, const struct session_view *v,
                      const struct concept_column *col, enum concept_side side,
                      int32_t concept);
/* The difference A - B; NULL: there is none. */
const struct verdict_row *concepts_effect(const struct concepts_state *s,
                                          const struct concept_column *col,
                                          int32_t concept);
/* Pairs of seeds behind the differences. */
size_t concepts_seeds(const struct concepts_state *s);
/* verdict_mark of r; ' ' if there is no effect. */
char concepts_mark(const struct verdict_row *r);
/* Write "F1 -0.12 [-0.20, -0.04] established lower"; "" if there is nothing. */
void concepts_effect_text(const struct concepts_state *s,
                          const struct concept_column *col, int32_t concept, char *out,
                          size_t cap);

/* ---- concepts_curves.c ---- */

/* Draw the curves of column s->curve for the concept under the cursor, with event
 * lines. */
void concepts_draw_curves(struct app *a, const struct session_view *v, struct canvas *c,
                          struct rect r);

/* ---- concepts_keys.c ---- */

extern const struct key_list concepts_keys;
enum { CONCEPTS_HINTS = 8 };
extern const struct key_hint concepts_hints[CONCEPTS_HINTS];
/* Sort by what concepts_place_hit names; the other way round if sorted by that
 * already. */
void concepts_sort_by(struct app *a, const struct session_view *v, int place);
/* Ask for what arms of a browsed run lack, each once: the arms of the seed shown
 * (unasked by the user), those of the other seeds too, or all arms anew. A run in
 * training gets it with its next evaluation, which the latter two ask for. */
enum concepts_asked { CONCEPTS_SHOWN, CONCEPTS_REST, CONCEPTS_ALL };
void concepts_ask(struct app *a, const struct session_view *v,
                  enum concepts_asked what);
/* Whether a concept of any family was measured. */
bool concepts_any_measured(const struct session_view *v);
/* Why there is nothing to look at; NULL: there is. */
const char *concepts_may_browse(const struct app *a, const struct session_view *v);

#endif
