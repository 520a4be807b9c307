/* What the files of Latents share: latents.c, its order (latents_order.c), its pairs
 * (latents_pairs.c), its points (latents_scatter.c), what the finder has of it
 * (latents_found.c) and its keys (latents_keys.c). Only tests include this besides
 * them. */
#ifndef SAETOP_UI_SCREENS_LATENTS_PRIV_H
#define SAETOP_UI_SCREENS_LATENTS_PRIV_H

#include "ui/filter_use.h"
#include "ui/find_use.h"
#include "ui/latent_filter.h"
#include "ui/plot.h"
#include "ui/screens/latents.h"

enum { DENSITY_BINS = 10 };   /* below -4.5, then half decades to 0 */
enum { LATENTS_FINDERS = 2 }; /* what the list shows, then all tokens */
struct latents_state {
    int32_t partner_wanted; /* latent of partner_of whose partner is awaited; -1 */
    size_t partner_of;
    const struct latent_pairs *partners_were; /* the pairs when it was asked for */
    const struct screen_def *partner_from;    /* the screen that asked */
    int cond;                                 /* the condition being browsed, */
    size_t arm;                               /* and its arm of the seed shown */
    struct filter_line filter;
    int sort;       /* column */
    bool reverse;   /* against the column's usual direction */
    int32_t *order; /* latents shown, in order */
    size_t shown, order_cap;
    size_t fire_on;  /* if none is shown: latents that fire on the filter's word */
    int32_t *sorted; /* all latents, by the column and direction below */
    size_t n_sorted, sorted_cap;
    int sorted_by;
    bool sorted_reverse;
    const struct latent_table *ordered; /* what `order` was made of, and its step */
    int64_t ordered_step;
    bool stale;                      /* filter, sort or marks have changed since */
    size_t by_density[DENSITY_BINS]; /* live latents, by half decade of density */
    size_t ultra_low;                /* how many of them are below 1e-5 */
    struct list_view list;
    int32_t at;       /* latent under the cursor; -1 */
    bool chosen;      /* it was gone to: kept in the first row across orders too */
    int32_t labelled; /* the latent that a label is being typed for */
    uint8_t *mark[VIEW_ARMS];
    size_t n_mark[VIEW_ARMS], marked[VIEW_ARMS];
    char find[FIND_TEXT];
    size_t find_from; /* place in the order when the prompt was opened */
    struct filter *finder[LATENTS_FINDERS]; /* for `find`; NULL: not made yet */
    char finder_of[256];
    const struct latent_labels *ordered_labels;   /* that `order` was made of, */
    const struct concept_table *ordered_concepts; /* and whose absorption it has */
    bool scatter;                                 /* points in place of the table */
    int scatter_y;                                /* column */
    struct plot_result points;                    /* as last drawn */
    int64_t asked_eval[VIEW_ARMS]; /* evaluation step for which a table was asked; -2:
                                      never */
};

struct latents_state *latents_of(const struct app *a);
/* If the pairs have come, go where latents_go_partner waits to go. */
void latents_sync_partner(struct app *a, const struct session_view *v);

enum { HIT_SCATTER = HIT_SCREEN }; /* the points of the latents */

struct latents_layout {
    struct rect table, preview, density; /* the last two when wide */
};
struct latents_layout latents_layout(struct rect body, bool wide);

/* ---- latents_keys.c ---- */

extern const struct key_list latents_keys;

/* ---- latents_order.c ---- */

/* What the cells of a latent of the browsed arm are read from. */
struct latent_source latents_source(const struct latents_state *l,
                                    const struct session_view *v,
                                    const struct latent_table *t, int32_t id);
/* Write the text of a cell. */
void latents_cell(const struct latent_column *c, const struct latent_source *s,
                  char *out, size_t cap);
/* The number of a cell, for sorting and the scatter; NaN: none. */
double latents_number(const struct latent_column *c, const struct latent_source *s);
/* Whether the order, as it is, begins with the largest. */
bool latents_descends(const struct latents_state *l);
/* Make the order anew if anything changed. Keeps the cursor on its latent, or in the
 * first row if it was never moved from there. */
void latents_order(struct app *a, const struct session_view *v);
bool latents_is_marked(const struct latents_state *l, size_t arm, int32_t id);
void latents_mark(struct app *a, size_t arm, int32_t id, size_t F);
extern const struct filter_use latents_filter;
extern const struct find_use latents_find_use;
/* Compile a filter text and use it; false: it is malformed, and the error is kept. */
bool latents_set_filter(struct app *a, const struct session_view *v, const char *text);
/* If a filter shows no latent, say why: there is no table yet, or a word is in no
 * latent's top tokens though some fire on it. */
void latents_say_empty(struct app *a, const struct session_view *v);
/* Writes how to see latents that fire on the filter's word, though none has it as
 * label, match or top token; false: nothing is to be said. */
bool latents_why_empty(const struct app *a, char *out, size_t cap);
void latents_find(struct app *a, const struct session_view *v, bool forward, bool here);
void latents_deinit(struct latents_state *l);
/* Whether the table can be sorted by a column: by labels only if there are some. */
bool latents_column_offered(const struct app *a, const struct session_view *v,
                            const struct latent_column *c);
/* Whether a column is in the table now: a narrow table leaves out the columns that give
 * way and that of labels, unless sorted by them. */
bool latents_column_shown(const struct app *a, const struct session_view *v,
                          const struct latent_column *c);
/* Whether a column shows a latent's label, if it has one, in place of its own text:
 * that of tokens in a narrow table. */
bool latents_labels_join(const struct app *a, const struct session_view *v,
                         const struct latent_column *c);
/* Put the cursor on a latent that is shown; false: it is not. */
bool latents_go(struct app *a, int32_t id);
/* Ask for a table if there is none of the last evaluation; `force`: in any case. */
void latents_ask(struct app *a, const struct session_view *v, bool force);
/* How many rows of the table fit. */
int latents_page(const struct app *a);

/* ---- latents_found.c: for the finder ---- */

size_t latents_found(const struct app *a, const struct session_view *v,
                     const char *typed, struct finder_item *out, size_t most);

/* ---- latents_scatter.c: the latents as points ---- */

void scatter_view(struct app *a, const struct session_view *v, struct canvas *c,
                  struct rect r);
/* Go to a point next to the cursor's: "left", "up", ..., "first", "last". */
void scatter_move(struct app *a, const struct session_view *v, const char *direction);
/* Go to the point nearest to a cell. Returns whether the cursor was there already. */
bool scatter_click(struct app *a, const struct session_view *v, int x, int y);

#endif
