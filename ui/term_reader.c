#include "ui/term_reader.h"

#include "base/clock.h"
#include "ui/signal.h"

/* The screen that pointer reports refer to. */
struct screen_of {
    bool mouse;
    int w, h;
};

/* Pointer reports as the interface takes them. */
static bool mouse_event(struct term_reader *r, const struct input *in,
                        const struct screen_of *s, struct event *ev)
{
    if (!s->mouse) {
        return false;
    }
    ev->kind = EVENT_MOUSE;
    ev->x = in->x < 0 ? 0 : in->x >= s->w ? s->w - 1 : in->x;
    ev->y = in->y < 0 ? 0 : in->y >= s->h ? s->h - 1 : in->y;
    return mouse_report(&r->pointer, in->button, in->release, clock_ns(), ev);
}

static bool to_event(struct term_reader *r, const struct input *in,
                     const struct screen_of *s, struct event *ev)
{
    *ev = (struct event){.kind = EVENT_NONE};
    switch (in->kind) {
    case INPUT_KEY:
        ev->kind = EVENT_KEY;
        ev->key = in->key;
        return true;
    case INPUT_MOUSE: return mouse_event(r, in, s, ev);
    case INPUT_FOCUS:
        ev->kind = EVENT_FOCUS;
        ev->focused = in->focused;
        mouse_focus(&r->pointer, ev->focused, clock_ns());
        return true;
    case INPUT_PASTE:
        ev->kind = EVENT_PASTE;
        ev->text = in->text;
        ev->text_n = in->n;
        ev->cut = in->cut;
        return true;
    }
    return false;
}

/* Read more bytes from the terminal; false when there are none. */
static bool read_more(struct term_reader *r, struct tty *tty)
{
    const int n = tty_read(tty, r->bytes, sizeof r->bytes);
    if (n < 0) {
        r->ended = true;
        sig_post(SIG_BIT_HUP);
    }
    if (n <= 0) {
        return false;
    }
    r->n_bytes = (size_t)n;
    r->next_byte = 0;
    r->byte_ns = clock_ns();
    return true;
}

int reader_due(const struct term_reader *r)
{
    const int wait = input_wait_ms(&r->input);
    if (wait < 0) {
        return -1;
    }
    const int64_t left = r->byte_ns + wait * INT64_C(1000000) - clock_ns();
    return left > 0 ? (int)(left / 1000000) + 1 : 0;
}

bool reader_event(struct term_reader *r, struct tty *tty, bool mouse, int w, int h,
                  struct event *ev)
{
    const struct screen_of s = {.mouse = mouse, .w = w, .h = h};
    struct input in;
    do {
        while (r->next_byte < r->n_bytes) {
            if (input_byte(&r->input, r->bytes[r->next_byte++], &in) &&
                to_event(r, &in, &s, ev)) {
                return true;
            }
        }
    } while (read_more(r, tty));
    /* Check timeouts only after reading: bytes that came in time may have waited for
     * us. */
    while (!r->ended && reader_due(r) == 0) {
        r->byte_ns = clock_ns();
        if (input_timeout(&r->input, &in) && to_event(r, &in, &s, ev)) {
            return true;
        }
    }
    return false;
}
