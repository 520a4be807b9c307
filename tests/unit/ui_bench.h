/* The explorer on a bench: an app, a made-up view and a canvas, keys in, what it asks
 * for and draws out. */
#ifndef SAETOP_TESTS_UNIT_UI_BENCH_H
#define SAETOP_TESTS_UNIT_UI_BENCH_H

#include "check.h"
#include "ui/cmdline.h"
#include "ui/frame.h"
#include "ui/names.h"
#include "ui/screens/detail_priv.h"
#include "ui/screens/latents_priv.h"
#include "ui/screens/train_priv.h"
#include "ui/text.h"
#include "ui_sample.h"

struct bench {
    struct app a;
    struct session_view v;
    struct canvas c;
};

static inline void begin_with(struct bench *b, const struct screen_table *screens,
                              int w, int h, size_t arms)
{
    struct errinfo e;
    sample_view(&b->v, arms, 900, 512);
    assert_ok(app_init(&b->a, screens, w, h, GLYPH_BRAILLE, THEME_DARK, &e), &e);
    assert_ok(canvas_init(&b->c, w, h, GLYPH_BRAILLE, &e), &e);
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    app_view(&b->a, &b->v, &b->c);
}

static inline void begin(struct bench *b, int w, int h, size_t arms)
{
    begin_with(b, &screen_table, w, h, arms);
}

static inline struct bench *bench_new(int w, int h, size_t arms)
{
    struct bench *b = test_calloc(1, sizeof *b);
    begin(b, w, h, arms);
    return b;
}

static inline void bench_free(struct bench *b)
{
    app_deinit(&b->a);
    session_view_deinit(&b->v);
    canvas_deinit(&b->c);
    test_free(b);
}

static inline void press(struct bench *b, uint32_t key)
{
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_KEY, .key = key});
    app_view(&b->a, &b->v, &b->c);
}

static inline void type(struct bench *b, const char *text)
{
    for (; *text; text++) {
        press(b, *text == '\n'   ? KEY_ENTER_
                 : *text == '\t' ? KEY_TAB_
                                 : (uint32_t)(unsigned char)*text);
    }
}

/* The only command queued, of that kind; taken off the queue. */
static inline struct command one_command(struct bench *b, enum command_kind kind)
{
    if (b->a.n_commands != 1 || b->a.command[0].kind != kind) {
        fail_msg("%zu commands, the first of kind %d, expected one of %d; message: %s",
                 b->a.n_commands, b->a.n_commands ? (int)b->a.command[0].kind : -1,
                 (int)kind, b->a.message);
    }
    b->a.n_commands = 0;
    return b->a.command[0];
}

static inline void no_command(struct bench *b)
{
    assert_int_equal(b->a.n_commands, 0);
}

static inline bool on_screen(struct bench *b, const char *text)
{
    struct errinfo e;
    char *dump = NULL;
    assert_ok(canvas_dump(&b->c, false, &dump, &e), &e);
    const bool found = strstr(dump, text) != NULL;
    mem_free(dump);
    return found;
}

static inline void mouse(struct bench *b, enum mouse_kind kind, int x, int y)
{
    app_update(&b->a, &b->v,
               &(struct event){.kind = EVENT_MOUSE, .mouse = kind, .x = x, .y = y});
    app_view(&b->a, &b->v, &b->c);
}

static inline struct rect hit_of(struct bench *b, int kind, int arg)
{
    for (size_t i = b->a.n_hits; i-- > 0;) {
        if (b->a.hit[i].kind == kind && b->a.hit[i].a == arg) {
            return b->a.hit[i].r;
        }
    }
    fail_msg("nothing drawn of kind %d, %d", kind, arg);
    return (struct rect){0};
}

#endif
