/* Turns a terminal's mouse reports into events: tells double clicks, drags that began
 * here, and clicks that only raised the window. Pure: the time is passed in. */
#ifndef SAETOP_UI_MOUSE_H
#define SAETOP_UI_MOUSE_H

#include "ui/event.h"

/* Zero-initialise. */
struct mouse {
    int64_t focus_ns, press_ns; /* last focus-in and press, 0: none */
    int press_x, press_y;
    bool pressed; /* a press was reported: drags and a release follow */
};

/* The window got or lost the focus. */
void mouse_focus(struct mouse *m, bool focused, int64_t now_ns);
/* Handle a report of the xterm kind at ev->x, ev->y: the low two bits of `button` say
 * which button, 32 a move, 64 a wheel. Sets ev->mouse; false for reports that the
 * interface ignores (other buttons, sideways wheels, a drag that began elsewhere). */
bool mouse_report(struct mouse *m, int button, bool release, int64_t now_ns,
                  struct event *ev);

#endif
