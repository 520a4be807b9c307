#include "ui/layout.h"

static int at_least_0(int v)
{
    return v > 0 ? v : 0;
}

int layout_least(int a, int b)
{
    return a < b ? a : b;
}

struct rect layout_box(int x, int y, int w, int h)
{
    return w > 0 && h > 0 ? (struct rect){x, y, w, h} : (struct rect){x, y, 0, 0};
}

enum layout_kind layout_kind(int w, int h)
{
    if (w < 20 || h < 5) {
        return LAYOUT_STEP;
    }
    if (w < FULL_W || h < FULL_H) {
        return LAYOUT_CARD;
    }
    return w < WIDE_W || h < WIDE_H ? LAYOUT_FULL : LAYOUT_WIDE;
}

struct layout_frame layout_frame(int w, int h)
{
    w = at_least_0(w);
    h = at_least_0(h);
    struct layout_frame f;
    /* If not all rows have room, the most important one is left out last. */
    f.tabs = layout_box(0, 0, w, h >= 4 ? 1 : 0);
    f.hints = layout_box(0, h - 1, w, h >= 2 ? 1 : 0);
    f.status = layout_box(0, h - 2, w, h >= 3 ? 1 : 0);
    f.body = layout_box(0, f.tabs.h, w, h - f.tabs.h - f.hints.h - f.status.h);
    return f;
}

struct rect layout_help(int w, int h)
{
    const int margin_x = w >= 100 ? 6 : w >= FULL_W ? 3 : 0;
    const int margin_y = h >= FULL_H ? 1 : 0;
    const int bottom = h >= FULL_H ? 2 : h >= 4 ? 1 : 0;
    return layout_box(margin_x, margin_y, w - 2 * margin_x, h - margin_y - bottom);
}

struct rect layout_dialog(int screen_w, int screen_h, int w, int h)
{
    w = layout_least(w, screen_w);
    h = layout_least(h, screen_h);
    return layout_box((screen_w - w) / 2, (screen_h - h) / 2, w, h);
}
