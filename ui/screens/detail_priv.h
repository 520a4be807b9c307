/* Detail, between its files: detail.c and its keys (detail_keys.c). Nothing else
 * includes this but tests. */
#ifndef SAETOP_UI_SCREENS_DETAIL_PRIV_H
#define SAETOP_UI_SCREENS_DETAIL_PRIV_H

#include "ui/screens/latents.h"

struct detail_state {
    size_t arm;     /* that the rest is about */
    int32_t latent; /* -1: none chosen yet */
    int interval;
    size_t context;
    bool heat_row, wrap;
    int lens; /* enum lens_mode */
    char find[256];
    size_t find_from; /* context where the prompt was opened */
    bool asked;       /* for latent, arm and interval as they are */
};
struct detail_state *detail_of(const struct app *a);

enum {
    HIT_LATENT = HIT_SCREEN, /* a: latent id: opens it */
    HIT_CONTEXT              /* a: context */
};

struct detail_layout {
    struct rect stats, hist, lens, contexts;
};
struct detail_layout detail_layout(struct rect body, bool wide);

extern const struct key_list detail_keys;
/* The description of the latent that is asked about; NULL while there is none. */
const struct latent_detail *detail_shown(const struct app *a,
                                         const struct session_view *v);
void detail_choose(struct app *a, const struct session_view *v, int32_t latent);
void detail_ask(struct app *a, const struct session_view *v);

#endif
