/* Compare, between its files: compare.c, its measures (compare_measures.c), its latents
 * (compare_latents.c) and its keys (compare_keys.c). Nothing else includes this but
 * tests. */
#ifndef SAETOP_UI_SCREENS_COMPARE_PRIV_H
#define SAETOP_UI_SCREENS_COMPARE_PRIV_H

#include "ui/app.h"
#include "ui/plot.h"
#include "ui/screens/table.h"

enum {
    COMPARE_SAID, /* the verdict, and warnings */
    COMPARE_MEASURES,
    COMPARE_SETTINGS,
    COMPARE_CURVES,
    COMPARE_LATENTS,
    COMPARE_PANES
};

/* Which latents are listed. */
enum compare_list {
    LIST_PAIRS,
    LIST_ONLY_FIRST,
    LIST_ONLY_SECOND,
    LIST_SPLIT, /* one of the first, several of the second */
    LIST_FUSED, /* several of the first, one of the second */
    COMPARE_LISTS
};

struct compare_state {
    char other[COMPARE_PATH]; /* further runs, a line each; "" none */
    bool took_other;          /* the one that was named at the start */
    int32_t want[2];          /* choices asked for; -1: the usual */
    bool asked;               /* the comparison shown was asked for */
    uint64_t failed_before;   /* as `failed`, when it was */
    int64_t again_at;         /* the evaluations for which it was asked again */
    int last;                 /* the pane below where not all fit */
    int from, led_to;         /* a key led from one pane to another: Esc leads back */
    int metric;               /* of the curves */
    int list;                 /* enum compare_list */
    struct list_view said, measures, settings, latents;
    const struct comparison *seen; /* that the lists are of */
    uint64_t failed;               /* of those asked for: as the view counts them */
    bool stays;                    /* it could not be made again: only when asked for */
    bool contexts;   /* of the latents under the cursor, in place of the list */
    int32_t pair[2]; /* whose they are */
    size_t at_side;  /* whose the one under the cursor is */
    struct list_view context;
};
struct compare_state *compare_own(const struct app *a);

struct compare_layout {
    struct rect sides, said;
    struct rect pane[COMPARE_PANES]; /* from COMPARE_MEASURES on; w 0: not shown */
};
struct compare_layout compare_layout(const struct app *a, struct rect body, bool wide);

enum { HIT_CHOICE = HIT_SCREEN, HIT_COMPARE_ROW }; /* a: choice; row of a pane's list */
/* The row of a pane's list, or of the contexts of a side. */
enum { COMPARE_HIT_SIDE = 500, COMPARE_HIT_PANE = 2 * COMPARE_HIT_SIDE };

/* Letter and role of a side. */
char compare_letter(const struct comparison *c, size_t side);
enum role compare_role(const struct comparison *c, size_t side);
bool compare_is_focused(const struct app *a, int pane);
/* Lead to a pane, from which Esc leads back to the one in focus. */
void compare_lead_to(struct app *a, int pane);
/* The list that keys move in; NULL: the pane has none. */
struct list_view *compare_list_of(struct compare_state *s, int pane);

/* ---- compare_measures.c ---- */

/* The ith of the measures listed: those that were measured, the primary ones first; -1
 * beyond the last. */
int compare_measure_at(const struct comparison *c, size_t i);
/* What the numbers were measured on: "live: 16 rows". */
const char *compare_source_text(const struct comparison *o, char *out, size_t cap);
/* The verdict of measure m in a word; "not comparable". */
const char *compare_verdict(const struct comparison *o, size_t m);
size_t compare_measures_n(const struct comparison *c);
void compare_draw_measures(struct app *a, const struct session_view *v,
                           struct canvas *c, struct rect r);
void compare_export_measures(const struct comparison *o, struct str *out);

/* ---- compare_latents.c ---- */

/* How many there are in a list, and the two latents of the ith: -1 where a side has
 * none.
 */
size_t compare_latents_n(const struct comparison *c, int list);
void compare_latents_at(const struct comparison *c, int list, size_t i,
                        int32_t latent[2]);
/* "pairs", "only in A", ... */
void compare_list_name(const struct comparison *c, int list, char *out, size_t cap);
void compare_draw_latents(struct app *a, const struct session_view *v, struct canvas *c,
                          struct rect r);
/* Ask for contexts of the latents under the cursor. */
void compare_open_pair(struct app *a, const struct session_view *v);
/* The context under the cursor; NULL: none is there. */
const struct latent_context *compare_context(const struct app *a,
                                             const struct session_view *v);
/* To the contexts of a side, where it has a latent. */
void compare_go_side(struct app *a, const struct session_view *v, size_t side);
/* Open the latent whose context is under the cursor in Detail, or say why not. */
void compare_open_latent(struct app *a, const struct session_view *v);
void compare_export_latents(const struct app *a, const struct session_view *v,
                            struct str *out);

/* ---- compare_keys.c ---- */

extern const struct key_list compare_keys;
/* Why there is nothing to compare; NULL: there is. */
const char *compare_may(const struct app *a, const struct session_view *v);
/* Whether one was asked for that has not failed. */
bool compare_is_asked(const struct compare_state *s, const struct session_view *v);
/* Ask for the comparison; `again`: even if one was asked for. */
void compare_ask(struct app *a, const struct session_view *v, bool again);
/* What was asked for could not be made: what is shown is what is compared from now on,
 * or where nothing is, the run's own conditions. */
void compare_failed(struct compare_state *s, const struct session_view *v);
/* Choose the condition or run of a side, and ask for the comparison. */
void compare_choose(struct app *a, const struct session_view *v, size_t side,
                    size_t choice);

#endif
