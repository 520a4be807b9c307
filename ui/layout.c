#include "ui/layout.h"

#include "ui/app.h"

static int at_least_0(int v)
{
    return v > 0 ? v : 0;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

static struct rect box(int x, int y, int w, int h)
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
    /* When there is no room for all, what the user must see last goes last. */
    f.tabs = box(0, 0, w, h >= 4 ? 1 : 0);
    f.hints = box(0, h - 1, w, h >= 2 ? 1 : 0);
    f.status = box(0, h - 2, w, h >= 3 ? 1 : 0);
    f.body = box(0, f.tabs.h, w, h - f.tabs.h - f.hints.h - f.status.h);
    return f;
}

struct layout_train layout_train(struct rect b, bool wide)
{
    struct layout_train l = {0};
    const int left = (b.w + 1) / 2;
    const int right = b.w - left;
    if (!wide) {
        const int top = (b.h + 1) / 2;
        l.pane[0] = box(b.x, b.y, left, top);
        l.pane[1] = box(b.x + left, b.y, right, top);
        l.pane[2] = box(b.x, b.y + top, left, b.h - top);
        l.run = box(b.x + left, b.y + top, right, b.h - top);
        return l;
    }
    const int bottom = least(9 + at_least_0(b.h - 33) / 4, b.h / 2);
    const int top = (b.h - bottom + 1) / 2;
    const int middle = b.h - bottom - top;
    l.pane[0] = box(b.x, b.y, left, top);
    l.pane[1] = box(b.x + left, b.y, right, top);
    l.pane[2] = box(b.x, b.y + top, left, middle);
    l.pane[3] = box(b.x + left, b.y + top, right, middle);
    const int third = b.w / 3;
    const int y = b.y + top + middle;
    l.run = box(b.x, y, third + b.w % 3, bottom);
    l.mask = box(b.x + l.run.w, y, third, bottom);
    l.events = box(b.x + l.run.w + third, y, third, bottom);
    return l;
}

struct layout_latents layout_latents(struct rect b, bool wide)
{
    struct layout_latents l = {.table = b};
    if (!wide) {
        return l;
    }
    const int side = least(36 + (b.w - 120) / 6, b.w / 2);
    l.table = box(b.x, b.y, b.w - side, b.h);
    const int density = least(14, b.h / 2);
    l.preview = box(b.x + b.w - side, b.y, side, b.h - density);
    l.density = box(b.x + b.w - side, b.y + b.h - density, side, density);
    return l;
}

struct layout_detail layout_detail(struct rect b, bool wide)
{
    struct layout_detail l;
    const int left = wide ? least(40 + (b.w - 120) / 6, b.w / 2) : least(30, b.w / 2);
    const int stats = least(wide ? 10 : 8, b.h);
    const int hist = least(wide ? 12 : 6, b.h - stats);
    l.stats = box(b.x, b.y, left, stats);
    l.hist = box(b.x, b.y + stats, left, hist);
    l.lens = box(b.x, b.y + stats + hist, left, b.h - stats - hist);
    l.contexts = box(b.x + left, b.y, b.w - left, b.h);
    return l;
}

struct rect layout_help(int w, int h)
{
    const int margin_x = w >= 100 ? 6 : w >= FULL_W ? 3 : 0;
    const int margin_y = h >= FULL_H ? 1 : 0;
    const int bottom = h >= FULL_H ? 2 : h >= 4 ? 1 : 0;
    return box(margin_x, margin_y, w - 2 * margin_x, h - margin_y - bottom);
}

struct rect layout_dialog(int screen_w, int screen_h, int w, int h)
{
    w = least(w, screen_w);
    h = least(h, screen_h);
    return box((screen_w - w) / 2, (screen_h - h) / 2, w, h);
}
