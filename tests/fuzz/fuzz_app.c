/* Bytes become events: keys, mouse, sizes, changes of the run. Whatever comes: no cell
 * outside the canvas or unsafe for a terminal, the cursor inside, queues within bounds,
 * Esc leaves every window, and F1 always helps. */
#include "../unit/ui_sample.h"
#include "base/utf8.h"
#include "ui/app.h"
#include "ui/screen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok) {
        abort();
    }
}

static void check_frame(const struct canvas *c)
{
    for (size_t i = 0; i < (size_t)c->w * (size_t)c->h; i++) {
        const struct cell *cell = &c->cell[i];
        require(cell->width == 0 || cell->cp == ' ' || !utf8_is_unsafe(cell->cp));
        require(cell->role < ROLE_COUNT);
    }
    require(c->cursor_x < c->w && c->cursor_y < c->h);
}

static void check_app(const struct app *a)
{
    require(a->n_commands <= APP_COMMANDS && a->n_requests <= APP_REQUESTS);
    require(a->n_hits <= APP_HITS);
    require(a->screen < SCREEN_COUNT);
    for (int i = 0; i < PANES; i++) {
        require(a->train.metric[i] >= 0 && a->train.metric[i] < METRIC_COUNT);
    }
    require(!a->latents.shown || a->latents.list.cursor < a->latents.shown);
}

/* A label that was asked for, as the session would answer. */
static void answer_label(struct session_view *v, const struct command *c)
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

static void feed(struct app *a, struct session_view *v, uint32_t key)
{
    app_update(a, v, &(struct event){.kind = EVENT_KEY, .key = key});
    for (size_t i = 0; i < a->n_commands; i++) {
        require(memchr(a->command[i].text, '\0', sizeof a->command[i].text) != NULL);
        require(a->command[i].arm == 0 || a->command[i].arm == 1);
        answer_label(v, &a->command[i]);
    }
    a->n_commands = a->n_requests = 0;
}

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
    v->message_bad = how & 64;
    snprintf(v->message, sizeof v->message, "%s", how & 64 ? "went \x1b[2J wrong" : "");
    v->version++;
}

static void resize(struct app *a, const struct session_view *v, struct canvas *c, int w,
                   int h)
{
    struct errinfo e;
    require(canvas_resize(c, w, h, &e) == OK);
    app_update(a, v, &(struct event){.kind = EVENT_RESIZE, .w = w, .h = h});
}

/* One event from up to four bytes; how many were used. */
static size_t one_event(struct app *a, struct session_view *v, struct canvas *c,
                        const uint8_t *p, size_t n)
{
    struct event ev = {.kind = EVENT_MOUSE};
    switch (p[0]) {
    case 0x80: /* a special key */
        feed(a, v, KEY_FIRST_SPECIAL + (n > 1 ? p[1] % 24U : 1U));
        return 2;
    case 0x81:
        if (n > 2) {
            resize(a, v, c, p[1] % 200 + 1, p[2] % 80 + 1);
        }
        return 3;
    case 0x82:
        if (n > 3) {
            ev.mouse = (enum mouse_kind)(p[1] % 6);
            ev.x = p[2];
            ev.y = p[3] % 80;
            app_update(a, v, &ev);
            a->n_commands = a->n_requests = 0;
        }
        return 4;
    case 0x83:
        if (n > 1) {
            change_view(v, p[1]);
            app_update(a, v, &(struct event){.kind = EVENT_TICK});
            a->n_commands = a->n_requests = 0;
        }
        return 2;
    case 0x84: /* a code point */
        feed(a, v, n > 2 ? (uint32_t)p[1] << 8 | p[2] : 0x4E2D);
        return 3;
    default:
        feed(a, v, p[0] == '\n' ? (uint32_t)KEY_ENTER_ : p[0]);
        return 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct session_view v;
    struct canvas c;
    struct errinfo e;
    struct app *a = mem_alloc(1, sizeof *a);
    const uint8_t first = size ? data[0] : 0;
    sample_view(&v, first & 1 ? 2 : 1, 300, first & 2 ? 0 : 64);
    app_init(a, 80, 24, (enum glyph_tier)(first >> 2) % 3, THEME_DARK);
    require(a && canvas_init(&c, 80, 24, a->tier, &e) == OK);
    for (size_t i = 1; i < size && i < 600;) {
        i += one_event(a, &v, &c, data + i, size - i);
        check_app(a);
        c.tier = a->tier;
        if (i % 4 == 0) { /* drawing takes most of the time */
            app_view(a, &v, &c);
            check_frame(&c);
        }
    }
    if (!a->help.open) { /* where F1 closes it */
        feed(a, &v, KEY_F1_);
    }
    require(a->help.open || a->leaving == LEAVE_SAVING ||
            a->leaving == LEAVE_DISCARDING);
    for (int i = 0; i < 8; i++) {
        feed(a, &v, KEY_ESC_);
    }
    require(!a->help.open && a->prompt == PROMPT_NONE && a->leaving == STAYING);
    app_view(a, &v, &c);
    check_frame(&c);
    app_deinit(a);
    mem_free(a);
    canvas_deinit(&c);
    session_view_deinit(&v);
    return 0;
}
