#include "ui/mouse.h"

static const int64_t DOUBLE_CLICK_NS = 400 * 1000000LL;
static const int64_t FOCUS_CLICK_NS = 150 * 1000000LL;

enum { REPORT_BUTTON = 3, REPORT_MOVE = 32, REPORT_WHEEL = 64 };

void mouse_focus(struct mouse *m, bool focused, int64_t now_ns)
{
    m->focus_ns = focused ? now_ns : 0;
}

static bool press(struct mouse *m, int64_t now_ns, struct event *ev)
{
    if (m->focus_ns && now_ns - m->focus_ns < FOCUS_CLICK_NS) {
        m->focus_ns = 0; /* only raised the window */
        return false;
    }
    const bool again = m->press_ns && now_ns - m->press_ns < DOUBLE_CLICK_NS &&
                       ev->x == m->press_x && ev->y == m->press_y;
    ev->mouse = again ? MOUSE_DOUBLE : MOUSE_PRESS;
    m->press_ns = again ? 0 : now_ns; /* a third click is a first one */
    m->press_x = ev->x;
    m->press_y = ev->y;
    m->pressed = true;
    return true;
}

bool mouse_report(struct mouse *m, int button, bool release, int64_t now_ns,
                  struct event *ev)
{
    const int which = button & REPORT_BUTTON;
    if (button & REPORT_WHEEL) {
        ev->mouse = which == 0 ? MOUSE_WHEEL_UP : MOUSE_WHEEL_DOWN;
        return which < 2 && !release;
    }
    if (which != 0) { /* the left button only */
        return false;
    }
    if (release || (button & REPORT_MOVE)) {
        const bool ours = m->pressed;
        ev->mouse = release ? MOUSE_RELEASE : MOUSE_DRAG;
        m->pressed = m->pressed && !release;
        return ours;
    }
    return press(m, now_ns, ev);
}
