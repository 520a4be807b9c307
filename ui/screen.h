/* The screens: one table. A new screen is a row here, its keys in keymap.c, and a file.
 */
#ifndef SAETOP_UI_SCREEN_H
#define SAETOP_UI_SCREEN_H

#include "ui/app.h"
#include "ui/layout.h"

struct screen {
    const char *name;  /* as in `:screen latents` */
    const char *title; /* of the tab */
    int panes;         /* that Tab goes through; 0: of the layout */
    void (*view)(struct app *a, const struct session_view *v, struct canvas *c,
                 struct rect body, bool wide);
    /* Bring state up to date with the view: orders, requests. Every screen, every
     * event. */
    void (*sync)(struct app *a, const struct session_view *v);
    void (*move)(struct app *a, const struct session_view *v, const char *direction);
    void (*enter)(struct app *a, const struct session_view *v);
    /* A mouse event on something that the screen drew. */
    void (*mouse)(struct app *a, const struct session_view *v, const struct hit *hit,
                  const struct event *ev);
    /* The screen's part of the status line. */
    void (*status)(const struct app *a, const struct session_view *v, char *out,
                   size_t cap);
    /* How many rows above the body's last its lowest line runs: what is being said is
     * written there. */
    int (*rule)(const struct app *a);
};
const struct screen *screen_at(enum screen_id id);

/* ---- shared by screens ---- */

/* Role of an arm's letter and curves. */
enum role arm_role(size_t arm);
enum role arm_faint(size_t arm);
/* Arms that exist, 1 at least. */
size_t arms_of(const struct session_view *v);
/* "12,400" */
void text_thousands(char *out, size_t cap, int64_t n);
/* "1m48s", "41s", "2h05m" */
void text_duration(char *out, size_t cap, double seconds);

/* ---- screen_train.c, its axis (train_axis.c) and its boxes (train_boxes.c) ---- */

void train_run_box(struct app *a, const struct session_view *v, struct canvas *c,
                   struct rect r, bool wide, bool focused);
void train_mask_box(struct app *a, const struct session_view *v, struct canvas *c,
                    struct rect r, bool focused);
void train_events_box(struct app *a, const struct session_view *v, struct canvas *c,
                      struct rect r, bool focused);
/* Measured per batch, so that smoothing helps; evaluations are shown as they are. */
bool train_is_noisy(int metric);
/* Whether event i says of another arm what the one before it says. */
bool train_event_repeats(const struct session_view *v, size_t i);
/* What text a measure is taken on: "A on masked batches, B not"; "" for none. */
const char *train_measured_on(const struct session_view *v, int metric);
/* Why a pane of that measure has nothing to show. */
void train_why_empty(const struct session_view *v, int metric, char *out, size_t cap);
/* What the panes show of the x axis, and one column of it. */
void train_axis_range(const struct app *a, const struct session_view *v, double *lo,
                      double *hi);
double train_column_width(const struct app *a, const struct session_view *v);
/* Where `step` lies on the axis in use. */
double train_axis_x(const struct session_view *v, enum x_unit unit, double step);
/* The x range of all curves when not zoomed. */
double train_axis_end(const struct session_view *v, enum x_unit unit);
/* Metrics that panes cycle through; -1 beyond the last. */
int train_pane_metric(size_t i);
void train_zoom_x(struct app *a, const struct session_view *v, const char *how);
/* The rate that a click at column x of a slider stands for. */
void train_slide(struct app *a, const struct session_view *v, const struct hit *hit,
                 int x);

/* ---- screen_latents.c, latents_order.c ---- */

/* What the cells of a latent of the arm that is browsed are read from. */
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
/* The table of the arm that is browsed; NULL: none yet. */
const struct latent_table *latents_table(const struct app *a,
                                         const struct session_view *v);
/* Make the order anew if anything changed; keeps the cursor on its latent. */
void latents_order(struct app *a, const struct session_view *v);
bool latents_is_marked(const struct latents_state *l, int arm, int32_t id);
void latents_mark(struct app *a, int arm, int32_t id, size_t F);
/* Compile and use a filter text; false and the error is kept. */
bool latents_set_filter(struct app *a, const struct session_view *v, const char *text);
/* Without a table yet: say that what was asked for waits for it. */
void latents_say_waiting(struct app *a, const struct session_view *v);
void latents_find(struct app *a, const struct session_view *v, bool forward, bool here);
void latents_deinit(struct latents_state *l);
/* What a user has called a latent of the arm that is browsed, "" for nothing. */
const char *latents_label(const struct app *a, const struct session_view *v,
                          int32_t id);
/* Whether a column stands in the table now: that of labels only where there are some,
 * and in a narrow table those that give way do not then, unless sorted by. */
bool latents_column_shown(const struct app *a, const struct session_view *v,
                          const struct latent_column *c);
/* Put the cursor on a latent that is shown; false: it is not. */
bool latents_go(struct app *a, int32_t id);
/* Ask for a table when there is none of the last evaluation; `force`: in any case. */
void latents_ask(struct app *a, const struct session_view *v, bool force);
/* Rows of the table that fit. */
int latents_page(const struct app *a);
/* The latent `by` places after the current one in the order; -1: none. */
int32_t latents_beside(const struct app *a, int32_t id, int by);

/* ---- latents_scatter.c: the latents as points ---- */

void scatter_view(struct app *a, const struct session_view *v, struct canvas *c,
                  struct rect r);
/* Go to a point beside the cursor's: "left", "up", ..., "first", "last". */
void scatter_move(struct app *a, const struct session_view *v, const char *direction);
/* Go to the point nearest to a cell; whether the cursor was there already. */
bool scatter_click(struct app *a, const struct session_view *v, int x, int y);

/* ---- screen_detail.c ---- */

/* Find detail.find in the contexts shown, from the one under the cursor on. */
void detail_find(struct app *a, const struct session_view *v, bool forward, bool here);
/* The description of the latent that is asked about; NULL while there is none. */
const struct latent_detail *detail_shown(const struct app *a,
                                         const struct session_view *v);
void detail_choose(struct app *a, const struct session_view *v, int32_t latent);
void detail_ask(struct app *a, const struct session_view *v);

/* The rows of the table. */
void screen_train_view(struct app *a, const struct session_view *v, struct canvas *c,
                       struct rect body, bool wide);
void screen_train_sync(struct app *a, const struct session_view *v);
void screen_train_move(struct app *a, const struct session_view *v,
                       const char *direction);
void screen_train_enter(struct app *a, const struct session_view *v);
void screen_train_mouse(struct app *a, const struct session_view *v,
                        const struct hit *hit, const struct event *ev);
void screen_train_status(const struct app *a, const struct session_view *v, char *out,
                         size_t cap);
void screen_latents_view(struct app *a, const struct session_view *v, struct canvas *c,
                         struct rect body, bool wide);
void screen_latents_sync(struct app *a, const struct session_view *v);
void screen_latents_move(struct app *a, const struct session_view *v,
                         const char *direction);
void screen_latents_enter(struct app *a, const struct session_view *v);
void screen_latents_mouse(struct app *a, const struct session_view *v,
                          const struct hit *hit, const struct event *ev);
void screen_latents_status(const struct app *a, const struct session_view *v, char *out,
                           size_t cap);
int screen_latents_rule(const struct app *a);
void screen_detail_view(struct app *a, const struct session_view *v, struct canvas *c,
                        struct rect body, bool wide);
void screen_detail_sync(struct app *a, const struct session_view *v);
void screen_detail_move(struct app *a, const struct session_view *v,
                        const char *direction);
void screen_detail_enter(struct app *a, const struct session_view *v);
void screen_detail_mouse(struct app *a, const struct session_view *v,
                         const struct hit *hit, const struct event *ev);
void screen_detail_status(const struct app *a, const struct session_view *v, char *out,
                          size_t cap);

/* What a latent matches, at which cut and how well, from row y on; the next free row.
 */
int screen_match(struct canvas *c, int x, int y, int w, const struct names *n,
                 const struct latent_row *row);

/* ---- parts of the frame ---- */

void status_view(struct app *a, const struct session_view *v, struct canvas *c,
                 struct rect r);
/* "mask p=0.30 on", or "mask A 0.30  B off" with a twin; of a run opened from disk,
 * what it was trained with; "" while there is none. */
void status_mask(const struct app *a, const struct session_view *v, char *out,
                 size_t cap);
/* While a run trains or is paused: "step 840/2,000  ETA 1:20", without the ETA where
 * that has no room; "" where nothing has. */
void status_progress(const struct session_view *v, int room, char *out, size_t cap);
/* What is being said, beside all that stands there. */
void say_view(const struct app *a, const struct session_view *v, struct canvas *c,
              struct layout_frame f);
void hints_view(struct app *a, const struct session_view *v, struct canvas *c,
                struct rect r);
void tabs_view(struct app *a, struct canvas *c, struct rect r);
void card_view(struct app *a, const struct session_view *v, struct canvas *c);
/* Keys that the live card answers to. */
bool card_takes(uint32_t key);

/* ---- leaving (leave.c) ---- */

void leave_key(struct app *a, const struct session_view *v, uint32_t key);
void leave_follow(struct app *a, const struct session_view *v);
void leave_view(struct app *a, const struct session_view *v, struct canvas *c);

/* ---- the command line ---- */

line_complete_fn cmdline_complete; /* ctx: the app */
/* While Tab goes through them: what the word being typed could become. */
void candidates_view(const struct app *a, struct canvas *c, struct rect r);
/* One line about the argument being typed; "" none. */
void cmdline_help(const struct app *a, const char *text, char *out, size_t cap);

#endif
