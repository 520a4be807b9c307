/* Where things go: pure functions of a size. Rectangles of one layout never overlap and
 * lie inside; one without room has w or h 0. Any thread. */
#ifndef SAETOP_UI_LAYOUT_H
#define SAETOP_UI_LAYOUT_H

#include "ui/canvas.h"

enum layout_kind { LAYOUT_STEP, LAYOUT_CARD, LAYOUT_FULL, LAYOUT_WIDE };
/* Below 20x5 just the step, below 80x24 a live card, from 120x36 on more panes. */
enum layout_kind layout_kind(int w, int h);

struct layout_frame {
    struct rect tabs, body, status, hints;
};
struct layout_frame layout_frame(int w, int h);

struct layout_train {
    struct rect pane[4];      /* the fourth only when wide */
    struct rect run;          /* numbers and, when not wide, masking and events */
    struct rect mask, events; /* when wide */
};
struct layout_train layout_train(struct rect body, bool wide);

struct layout_latents {
    struct rect table, preview, density; /* the last two when wide */
};
struct layout_latents layout_latents(struct rect body, bool wide);

struct layout_detail {
    struct rect stats, hist, lens, contexts;
};
struct layout_detail layout_detail(struct rect body, bool wide);

/* A window over the body: help. */
struct rect layout_help(int w, int h);
/* A small window in the middle, at most w x h. */
struct rect layout_dialog(int screen_w, int screen_h, int w, int h);

#endif
