/* Bytes become events: keys, pastes, mouse, sizes, changes of the run. Whatever comes:
 * no cell outside the canvas or unsafe for a terminal, the cursor inside, queues within
 * bounds, Esc leaves every window, and F1 always helps.
 *
 * Drawing takes a hundred times as long as an event, so the input says when to draw:
 * two frames are enough. With -entropic=0 libFuzzer spares itself a third of the time,
 * as a frame has many features. */
#include "app_bench.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { EVENT_BYTES = 256, FRAMES = 2 };

/* The run goes on in a way that the byte chooses. */
static void change_view(struct session_view *v, uint8_t how)
{
    static const enum session_state states[] = {
        SESSION_TRAINING, SESSION_PAUSED,   SESSION_DONE,  SESSION_LOADING,
        SESSION_FAILED,   SESSION_BROWSING, SESSION_ENDED, SESSION_TRAINING};
    v->state = states[how & 7];
    v->step += how & 8 ? 10 : 0;
    v->table_busy = how & 16;
    v->detail_busy = how & 32;
    if (how & 64) {
        sample_say(v, how & 8, "went \x1b[2J wrong");
    }
    v->version++;
}

struct reader {
    const uint8_t *p;
    size_t n, at;
};

static uint8_t next(struct reader *r)
{
    return r->at < r->n ? r->p[r->at++] : 0;
}

/* One event. */
static void play(struct app_bench *b, struct reader *r, int *frames)
{
    struct event ev = {.kind = EVENT_MOUSE};
    const uint8_t first = next(r);
    switch (first) {
    case 0x80: /* a special key */
        bench_key(b, KEY_FIRST_SPECIAL + next(r) % 24U);
        break;
    case 0x81:
        ev.w = next(r) % 140 + 1;
        ev.h = next(r) % 44 + 1;
        bench_size(b, ev.w, ev.h);
        break;
    case 0x82:
        ev.mouse = (enum mouse_kind)(next(r) % 6);
        ev.x = next(r);
        ev.y = next(r) % 80;
        bench_event(b, &ev);
        break;
    case 0x83:
        change_view(&b->v, next(r));
        bench_event(b, &(struct event){.kind = EVENT_TICK});
        break;
    case 0x84: { /* a code point */
        const uint32_t high = next(r);
        bench_key(b, high << 8 | next(r));
        break;
    }
    case 0x85: { /* a paste of the bytes that follow */
        size_t n = next(r) % 32;
        n = n < r->n - r->at ? n : r->n - r->at;
        bench_event(b, &(struct event){.kind = EVENT_PASTE,
                                       .text = (const char *)r->p + r->at,
                                       .text_n = n,
                                       .cut = n == 31});
        r->at += n;
        break;
    }
    case 0x86:
        if ((*frames)++ < FRAMES) {
            bench_draw(b);
        }
        break;
    case 0x87: bench_event(b, &(struct event){.kind = EVENT_LAPSE}); break;
    case 0x88: bench_event(b, &(struct event){.kind = EVENT_PAUSE}); break;
    default: bench_key(b, first == '\n' ? (uint32_t)KEY_ENTER_ : first); break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r = {data, size < EVENT_BYTES ? size : EVENT_BYTES, 0};
    struct app_bench *b = bench_begin(next(&r));
    int frames = 0;
    while (r.at < r.n) {
        play(b, &r, &frames);
    }
    bench_draw(b);
    bench_end(b);
    return 0;
}
