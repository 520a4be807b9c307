/* The explorer as the fuzz targets drive it: views made once and shared by all
 * executions, an app that each begins anew, and what must hold whatever comes. */
#ifndef SAETOP_TESTS_FUZZ_APP_BENCH_H
#define SAETOP_TESTS_FUZZ_APP_BENCH_H

#include "../unit/ui_runs.h"
#include "../unit/ui_sample.h"
#include "base/utf8.h"
#include "ui/frame.h"
#include "ui/screens/latents_priv.h"
#include "ui/screens/train_priv.h"

struct app_bench {
    struct app a;
    struct session_view v; /* its curves, tables and events are the shared view's */
    struct canvas c;
};

static inline void require(bool ok)
{
    if (!ok) {
        abort();
    }
}

/* One of four views: one or two arms, with or without a table of latents. */
static inline const struct session_view *bench_view(unsigned which)
{
    static struct session_view view[4];
    static bool made[4];
    which &= 3;
    if (!made[which]) {
        sample_view(&view[which], which & 1 ? 2 : 1, 150, which & 2 ? 0 : 64);
        made[which] = true;
    }
    return &view[which];
}

static inline struct app_bench *bench_begin(unsigned how)
{
    static struct app_bench b;
    static bool opened;
    struct errinfo e;
    const enum glyph_tier tier = (enum glyph_tier)((how >> 2) % 3);
    if (!opened) {
        require(canvas_init(&b.c, 80, 24, tier, &e) == OK);
        opened = true;
    }
    b.v = *bench_view(how);
    b.c.tier = tier;
    require(canvas_resize(&b.c, 80, 24, &e) == OK);
    require(app_init(&b.a, &screen_table, 80, 24, tier, THEME_DARK, &e) == OK);
    sample_runs(&b.a);
    return &b;
}

static inline void check_app(const struct app *a)
{
    require(a->n_commands <= APP_COMMANDS && a->n_requests <= APP_REQUESTS);
    require(a->n_hits <= APP_HITS && screen_find(a->screens, a->screen->name));
    for (int i = 0; i < PANES; i++) {
        const int metric = train_of(a)->metric[i];
        require(metric >= 0 && metric < METRIC_COUNT);
    }
    require(!latents_of(a)->shown || latents_of(a)->list.cursor < latents_of(a)->shown);
    require(a->line.len < LINE_CAP && a->line.text[a->line.len] == '\0');
    require(a->line.cursor <= a->line.len && a->line.offer <= a->line.len);
}

/* A label that was asked for, as the session would answer. */
static inline void answer_label(struct session_view *v, const struct command *c)
{
    struct latent_labels *l = NULL;
    struct errinfo e;
    struct latent_labels *old =
        (struct latent_labels *)(uintptr_t)v->arm[c->arm].labels;
    if (c->kind == COMMAND_LABEL &&
        latent_labels_with(old, c->latent, c->text, &l, &e) == OK) {
        v->arm[c->arm].labels = l;
        latent_labels_unref(old);
    }
}

static inline void bench_event(struct app_bench *b, const struct event *ev)
{
    app_update(&b->a, &b->v, ev);
    check_app(&b->a);
    for (size_t i = 0; i < b->a.n_commands; i++) {
        const struct command *c = &b->a.command[i];
        require(memchr(c->text, '\0', sizeof c->text) != NULL);
        require(c->arm < VIEW_ARMS && (c->cond == 0 || c->cond == 1));
        answer_label(&b->v, c);
    }
    b->a.n_commands = b->a.n_requests = 0;
    b->c.tier = b->a.tier;
}

static inline void bench_key(struct app_bench *b, uint32_t key)
{
    bench_event(b, &(struct event){.kind = EVENT_KEY, .key = key});
}

static inline void bench_size(struct app_bench *b, int w, int h)
{
    struct errinfo e;
    require(canvas_resize(&b->c, w, h, &e) == OK);
    bench_event(b, &(struct event){.kind = EVENT_RESIZE, .w = w, .h = h});
}

/* Draw, and see that no cell could trip a terminal. */
static inline void bench_draw(struct app_bench *b)
{
    const struct canvas *c = &b->c;
    app_view(&b->a, &b->v, &b->c);
    check_app(&b->a);
    for (size_t i = 0; i < (size_t)c->w * (size_t)c->h; i++) {
        const struct cell *cell = &c->cell[i];
        require(cell->width == 0 || cell->cp == ' ' || !utf8_is_unsafe(cell->cp));
        require(cell->role < ROLE_COUNT);
    }
    require(c->cursor_x < c->w && c->cursor_y < c->h);
}

/* F1 always helps, Esc leaves every window. */
static inline void bench_end(struct app_bench *b)
{
    if (!b->a.help.open) { /* where F1 closes it */
        bench_key(b, KEY_F1_);
    }
    require(b->a.help.open || b->a.leaving == LEAVE_SAVING ||
            b->a.leaving == LEAVE_DISCARDING);
    for (int i = 0; i < 8 && (b->a.help.open || b->a.finder.open || b->a.prompt ||
                              b->a.leaving != STAYING);
         i++) {
        bench_key(b, KEY_ESC_);
    }
    require(!b->a.help.open && !b->a.finder.open && !b->a.prompt &&
            b->a.leaving == STAYING);
    for (size_t k = 0; k < VIEW_ARMS; k++) {
        latent_labels_unref((struct latent_labels *)(uintptr_t)b->v.arm[k].labels);
    }
    runs_view_deinit(&b->a.runs);
    app_deinit(&b->a);
}

#endif
