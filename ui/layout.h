/* Where things go on the screen: pure functions of its size. The rectangles of a layout
 * never overlap and lie inside; one that there is no room for has w or h 0. Any
 * thread. */
#ifndef SAETOP_UI_LAYOUT_H
#define SAETOP_UI_LAYOUT_H

#include "ui/canvas.h"

/* Below FULL a live card takes the place of the screens; from WIDE on there is more. */
enum { FULL_W = 80, FULL_H = 24, WIDE_W = 120, WIDE_H = 36 };

enum layout_kind { LAYOUT_STEP, LAYOUT_CARD, LAYOUT_FULL, LAYOUT_WIDE };
/* Below 20x5 just the step; below 80x24 a live card; from 120x36 on more panes. */
enum layout_kind layout_kind(int w, int h);

struct layout_frame {
    struct rect tabs, body, status, hints;
};
struct layout_frame layout_frame(int w, int h);

/* The window over the body that help is in. */
struct rect layout_help(int w, int h);
/* A small window in the middle, at most w x h. */
struct rect layout_dialog(int screen_w, int screen_h, int w, int h);

/* A rectangle, w and h being 0 where there is no room; the smaller of two numbers. */
struct rect layout_box(int x, int y, int w, int h);
int layout_least(int a, int b);

#endif
