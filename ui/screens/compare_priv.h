/* What the files of Compare share: compare.c, its measures (compare_measures.c), its
 * latents (compare_latents.c) and its keys (compare_keys.c). Only tests include this
 * besides them. */
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
    LIST_SPLIT, /* one latent of the first, several of the second */
    LIST_FUSED, /* several of the first, one of the second */
    COMPARE_LISTS
};

struct compare_state {
    char other[COMPARE_PATH]; /* further runs, a line each; "" none */
    bool took_other;          /* `other` took the run named at the start */
    int32_t want[2];          /* choices asked for; -1: the default */
    bool asked;               /* a comparison was asked for */
    uint64_t failed_before;   /* `failed` as it was then */
    int64_t again_at; /* the count of evaluations for which it was last asked anew */
    int last;         /* the pane shown at the bottom if not all fit */
    int from, led_to; /* panes that a key led from and to: Esc leads back */
    int metric;       /* whose curves are shown */
    int list;         /* enum compare_list */
    struct list_view said, measures, settings, latents;
    const struct comparison *seen; /* the one the lists are of */
    uint64_t failed;               /* failed comparisons, as the view counts them */
    bool stays;      /* it could not be made anew: do so only when asked */
    bool contexts;   /* show contexts of the latents under the cursor, not the list */
    int32_t pair[2]; /* the latents that these are of */
    size_t at_side;  /* the side of the context under the cursor */
    struct list_view context;
};
struct compare_state *compare_own(const struct app *a);

struct compare_layout {
    struct rect sides, said;
    struct rect pane[COMPARE_PANES]; /* used from COMPARE_MEASURES on; w 0: not shown */
};
struct compare_layout compare_layout(const struct app *a, struct rect body, bool wide);

enum { HIT_CHOICE = HIT_SCREEN, HIT_COMPARE_ROW }; /* a: choice; row of a pane's list */
/* HIT_COMPARE_ROW's `a` is pane * COMPARE_HIT_PANE + row, plus side * COMPARE_HIT_SIDE
 * for a side's contexts. */
enum { COMPARE_HIT_SIDE = 500, COMPARE_HIT_PANE = 2 * COMPARE_HIT_SIDE };

/* Letter and role of a side. */
char compare_letter(const struct comparison *c, size_t side);
enum role compare_role(const struct comparison *c, size_t side);
bool compare_is_focused(const struct app *a, int pane);
/* Focus a pane, from which Esc leads back to the one now in focus. */
void compare_lead_to(struct app *a, int pane);
/* The list that keys move in; NULL: the pane has none. */
struct list_view *compare_list_of(struct compare_state *s, int pane);

/* ---- compare_measures.c ---- */

/* The ith measure listed: of those that were measured, the primary ones first; -1
 * beyond the last. */
int compare_measure_at(const struct comparison *c, size_t i);
/* Write what the numbers were measured on, "live: 16 rows"; returns out. */
const char *compare_source_text(const struct comparison *o, char *out, size_t cap);
/* The verdict on measure m in a word, or "not comparable". */
const char *compare_verdict(const struct comparison *o, size_t m);
size_t compare_measures_n(const struct comparison *c);
void compare_draw_measures(struct app *a, const struct session_view *v,
                           struct canvas *c, struct rect r);
void compare_export_measures(const struct comparison *o, struct str *out);

/* ---- compare_latents.c ---- */

/* How many entries a list has, and the two latents of the ith: -1 if a side has
 * none. */
size_t compare_latents_n(const struct comparison *c, int list);
void compare_latents_at(const struct comparison *c, int list, size_t i,
                        int32_t latent[2]);
/* Write "pairs", "only in A", ... */
void compare_list_name(const struct comparison *c, int list, char *out, size_t cap);
void compare_draw_latents(struct app *a, const struct session_view *v, struct canvas *c,
                          struct rect r);
/* Ask for contexts of the latents under the cursor. */
void compare_open_pair(struct app *a, const struct session_view *v);
/* The context under the cursor; NULL: none is there. */
const struct latent_context *compare_context(const struct app *a,
                                             const struct session_view *v);
/* Go to the contexts of a side, if it has a latent. */
void compare_go_side(struct app *a, const struct session_view *v, size_t side);
/* Open the latent whose context is under the cursor in Detail, or say why not. */
void compare_open_latent(struct app *a, const struct session_view *v);
void compare_export_latents(const struct app *a, const struct session_view *v,
                            struct str *out);

/* ---- compare_keys.c ---- */

extern const struct key_list compare_keys;
/* Why there is nothing to compare; NULL: there is. */
const char *compare_may(const struct app *a, const struct session_view *v);
/* Whether a comparison was asked for that has not failed. */
bool compare_is_asked(const struct compare_state *s, const struct session_view *v);
/* Ask for the comparison; `again`: even if one was asked for already. */
void compare_ask(struct app *a, const struct session_view *v, bool again);
/* The comparison asked for could not be made: from now on what is shown is compared, or
 * if nothing is, the run's own conditions. */
void compare_failed(struct compare_state *s, const struct session_view *v);
/* Choose the condition or run of a side, and ask for the comparison. */
void compare_choose(struct app *a, const struct session_view *v, size_t side,
                    size_t choice);

#endif
