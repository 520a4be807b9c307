/* What happened in a run before the session opened it, in the order in which it
 * happened. */
#include "session/session_priv.h"

#include <string.h>

/* How far to look for an event that the other arm has as well. */
enum { LOOK_AHEAD = 32 };

static bool same_event(const struct run_event *x, const struct run_event *y)
{
    return x->step == y->step && !strcmp(x->kind, y->kind) &&
           !strcmp(x->detail, y->detail);
}

/* Whether `ev` comes in h from `at` on, among events of its step. */
static bool comes_later(const struct history *h, size_t at, const struct run_event *ev)
{
    for (size_t i = at; i < h->events && i < at + LOOK_AHEAD; i++) {
        if (h->event[i].step != ev->step) {
            return false;
        }
        if (same_event(&h->event[i], ev)) {
            return true;
        }
    }
    return false;
}

/* Whether the next event of b, at j, goes before the next of a, at i. What both arms
 * have comes to stand side by side, as it does when it happens. */
static bool second_first(const struct history *a, size_t i, const struct history *b,
                         size_t j)
{
    const struct run_event *x = &a->event[i], *y = &b->event[j];
    if (x->step != y->step) {
        return y->step < x->step;
    }
    if (comes_later(a, i, y)) {
        return false;
    }
    return comes_later(b, j, x) || y->seconds < x->seconds;
}

void session_send_past(struct session *s, const struct history *const past[], size_t n)
{
    static const struct history none;
    n = n < VIEW_ARMS ? n : VIEW_ARMS;
    for (size_t arm = 0; arm < n; arm++) {
        for (size_t i = 0; i < past[arm]->rows; i++) {
            session_send_row(s, arm, &past[arm]->row[i]);
        }
    }
    const struct history *a = n > 0 ? past[0] : &none, *b = n > 1 ? past[1] : &none;
    for (size_t i = 0, j = 0; i < a->events || j < b->events;) {
        if (i < a->events && j < b->events && same_event(&a->event[i], &b->event[j])) {
            session_send_event(s, 0, &a->event[i++]);
            session_send_event(s, 1, &b->event[j++]);
        } else if (i == a->events || (j < b->events && second_first(a, i, b, j))) {
            session_send_event(s, 1, &b->event[j++]);
        } else {
            session_send_event(s, 0, &a->event[i++]);
        }
    }
}
