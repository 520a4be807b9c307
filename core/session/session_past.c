/* Events of a run from before the session opened it, in the order in which they
 * happened. */
#include "session/session_priv.h"

#include <string.h>

/* How far to look for an event that another arm also has. */
enum { LOOK_AHEAD = 32 };

/* Whether `ev` comes in h from `at` on, among events of its step. */
static bool comes_later(const struct history *h, size_t at, const struct run_event *ev)
{
    for (size_t i = at; i < h->events && i < at + LOOK_AHEAD; i++) {
        if (h->event[i].step != ev->step) {
            return false;
        }
        if (session_same_event(&h->event[i], ev)) {
            return true;
        }
    }
    return false;
}

/* Whether the next event of b, at j, goes before the next of a, at i. Events that both
 * arms have end up side by side, as they do when they happen. */
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

/* A place in an arm's events. */
struct cursor {
    size_t arm, at;
    const struct history *h, *first; /* its own, and its first seed's */
};

/* Returns the cursor whose event comes next; NULL after the last. */
static struct cursor *next_of(struct cursor *c, size_t n)
{
    struct cursor *best = NULL;
    for (size_t i = 0; i < n; i++) {
        if (c[i].at < c[i].h->events &&
            (!best ||
             (!session_same_event(&best->h->event[best->at], &c[i].h->event[c[i].at]) &&
              second_first(best->h, best->at, c[i].h, c[i].at)))) {
            best = &c[i];
        }
    }
    return best;
}

static void send_events(struct session *s, struct cursor *c, size_t n)
{
    for (const struct cursor *next = next_of(c, n); next; next = next_of(c, n)) {
        const struct run_event *ev = &next->h->event[next->at];
        for (size_t i = 0; i < n; i++) {
            if (c[i].at < c[i].h->events &&
                session_same_event(&c[i].h->event[c[i].at], ev)) {
                session_send_event(s, c[i].arm, c[i].first, &c[i].h->event[c[i].at++]);
            }
        }
    }
}

void session_send_past(struct session *s, const struct history *const past[], size_t n)
{
    struct cursor c[VIEW_ARMS];
    for (size_t arm = 0; arm < n; arm++) {
        for (size_t i = 0; i < past[arm]->rows; i++) {
            session_send_row(s, arm, &past[arm]->row[i]);
        }
    }
    for (size_t arm = 0; arm < n; arm++) {
        c[arm] = (struct cursor){
            .arm = arm, .h = past[arm], .first = past[session_first_arm(s, arm)]};
    }
    send_events(s, c, n);
}
