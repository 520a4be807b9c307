/* Latents, between its files: latents.c, its order (latents_order.c), its points
 * (latents_scatter.c) and its keys (latents_keys.c). Nothing else includes this but
 * tests. */
#ifndef SAETOP_UI_SCREENS_LATENTS_PRIV_H
#define SAETOP_UI_SCREENS_LATENTS_PRIV_H

#include "ui/filter_use.h"
#include "ui/find_use.h"
#include "ui/latent_filter.h"
#include "ui/plot.h"
#include "ui/screens/latents.h"

enum { DENSITY_BINS = 10 };   /* below -4.5, then half decades up to 0 */
enum { LATENTS_FINDERS = 2 }; /* in what the list shows, else in all tokens fired on */
struct latents_state {
    int32_t
        partner_wanted; /* latent of partner_of whose counterpart is waited for; -1 */
    size_t partner_of;
    const struct latent_pairs *partners_were; /* when it was asked for */
    const struct screen_def *partner_from;    /* the screen that asked */
    int cond;                                 /* the condition that is browsed, */
    size_t arm; /* and its arm of the seed that is shown */
    struct filter_line filter;
    int sort;       /* column */
    bool reverse;   /* against the column's natural direction */
    int32_t *order; /* latents shown, in order */
    size_t shown, order_cap;
    int32_t
        *sorted; /* all latents, in order, as the column and direction below have it */
    size_t n_sorted, sorted_cap;
    int sorted_by;
    bool sorted_reverse;
    const struct latent_table *ordered; /* what `order` was made of, and its step */
    int64_t ordered_step;
    bool stale;                      /* filter, sort or marks changed since */
    size_t by_density[DENSITY_BINS]; /* living latents by half decades of density */
    size_t ultra_low;                /* of them, below 1e-5 */
    struct list_view list;
    int32_t at; /* latent under the cursor, kept across orders; -1 */
    uint8_t *mark[VIEW_ARMS];
    size_t n_mark[VIEW_ARMS], marked[VIEW_ARMS];
    char find[FIND_TEXT];
    size_t find_from; /* place in the order where the prompt was opened */
    struct filter *finder[LATENTS_FINDERS]; /* of `find`; NULL: to be made */
    char finder_of[256];
    const struct latent_labels *ordered_labels; /* and of these */
    bool scatter;                               /* points in place of the table */
    int scatter_y;                              /* column */
    struct plot_result points;                  /* as last drawn */
    int64_t asked_eval[VIEW_ARMS]; /* evaluation step for which a table was asked; -2
                                      never */
};

struct latents_state *latents_of(const struct app *a);
/* Go where latents_go_partner waits to go, if the pairs have come. */
void latents_sync_partner(struct app *a, const struct session_view *v);

enum { HIT_SCATTER = HIT_SCREEN }; /* the points of the latents */

struct latents_layout {
    struct rect table, preview, density; /* the last two when wide */
};
struct latents_layout latents_layout(struct rect body, bool wide);

/* ---- latents_keys.c ---- */

extern const struct key_list latents_keys;

/* ---- latents_order.c ---- */

/* The data that the cells of a latent of the browsed arm are read from. */
struct latent_source latents_source(const struct latents_state *l,
                                    const struct session_view *v,
                                    const struct latent_table *t, int32_t id);
/* Text of a cell. */
void latents_cell(const struct latent_column *c, const struct latent_source *s,
                  char *out, size_t cap);
/* Number of a cell, for sorting and the scatter; NaN: none. */
double latents_number(const struct latent_column *c, const struct latent_source *s);
/* Whether the order as it is begins with the largest. */
bool latents_descends(const struct latents_state *l);
/* Make the order anew if anything changed; keeps the cursor on its latent. */
void latents_order(struct app *a, const struct session_view *v);
bool latents_is_marked(const struct latents_state *l, size_t arm, int32_t id);
void latents_mark(struct app *a, size_t arm, int32_t id, size_t F);
extern const struct filter_use latents_filter;
extern const struct find_use latents_find_use;
/* Compile and use a filter text; false and the error is kept. */
bool latents_set_filter(struct app *a, const struct session_view *v, const char *text);
/* Where a filter shows no latent, say why: there is no table yet, or a word is in no
 * top tokens though latents fire on it. */
void latents_say_empty(struct app *a, const struct session_view *v);
void latents_find(struct app *a, const struct session_view *v, bool forward, bool here);
void latents_deinit(struct latents_state *l);
/* Whether the table can be sorted by a column: that of labels only where there are
 * some. */
bool latents_column_offered(const struct app *a, const struct session_view *v,
                            const struct latent_column *c);
/* Whether it stands in the table now: in a narrow one those that give way do not, nor
 * that of labels, unless sorted by. */
bool latents_column_shown(const struct app *a, const struct session_view *v,
                          const struct latent_column *c);
/* Whether it has the label of a latent that has one in place of its own text: tokens in
 * a narrow table. */
bool latents_labels_join(const struct app *a, const struct session_view *v,
                         const struct latent_column *c);
/* Put the cursor on a latent that is shown; false: it is not. */
bool latents_go(struct app *a, int32_t id);
/* Ask for a table when there is none of the last evaluation; `force`: in any case. */
void latents_ask(struct app *a, const struct session_view *v, bool force);
/* Rows of the table that fit. */
int latents_page(const struct app *a);

/* ---- latents_found.c: for the finder ---- */

size_t latents_found(const struct app *a, const struct session_view *v,
                     const char *typed, struct finder_item *out, size_t most);

/* ---- latents_scatter.c: the latents as points ---- */

void scatter_view(struct app *a, const struct session_view *v, struct canvas *c,
                  struct rect r);
/* Go to a point beside the cursor's: "left", "up", ..., "first", "last". */
void scatter_move(struct app *a, const struct session_view *v, const char *direction);
/* Go to the point nearest to a cell; whether the cursor was there already. */
bool scatter_click(struct app *a, const struct session_view *v, int x, int y);

#endif
