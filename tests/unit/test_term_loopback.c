/* The terminal shows what the canvas holds, for each kind of terminal: random frames go
 * through curses and a pseudo-terminal into libvterm. */
#include "base/clock.h"
#include "base/rng.h"
#include "ui/glyph.h"
#include "ui/term.h"
#include "unit/pty.h"

#include <locale.h>
#include <signal.h>

enum { W = 80, H = 24, FRAMES = 200 };

static const char *const terms[] = {"xterm-256color", "tmux-256color", "screen",
                                    "linux", "vt100"};
enum { TERMS = sizeof terms / sizeof terms[0] };

static struct term *open_on(struct pty *p, const char *name, enum theme_id theme,
                            int color)
{
    struct errinfo e;
    struct term *t;
    const struct term_config cfg = {.theme = theme,
                                    .tier = -1,
                                    .color = color,
                                    .mouse = true,
                                    .term_name = name,
                                    .out_fd = p->slave,
                                    .in_fd = p->slave};
    assert_ok(term_open(&cfg, &t, NULL, &e), &e);
    return t;
}

/* Present, and let the terminal take its time. */
static void show(struct term *t, const struct canvas *c)
{
    struct pollfd fd[TERM_FDS];
    struct event ev;
    term_present(t, c);
    for (term_poll(t, fd); fd[1].fd >= 0; term_poll(t, fd)) {
        poll(fd + 1, 1, -1);
        (void)term_event(t, &ev);
    }
}

/* `all`: want is 0xRRGGBB. */
static bool same_color(VTermColor found, int want, bool all, bool fg)
{
    if (want < 0) {
        return fg ? VTERM_COLOR_IS_DEFAULT_FG(&found)
                  : VTERM_COLOR_IS_DEFAULT_BG(&found);
    }
    if (all) {
        return VTERM_COLOR_IS_RGB(&found) && found.rgb.red == (want >> 16 & 255) &&
               found.rgb.green == (want >> 8 & 255) && found.rgb.blue == (want & 255);
    }
    return VTERM_COLOR_IS_INDEXED(&found) && found.indexed.idx == want;
}

/* `frame` is for the message. */
static void compare(struct pty *p, const struct canvas *c, enum theme_id theme,
                    int colors, const char *name, int frame)
{
    pty_sync(p);
    pthread_mutex_lock(&p->mu);
    for (int y = 0; y < c->h; y++) {
        for (int x = 0; x < c->w; x++) {
            const struct cell *cell = &c->cell[y * c->w + x];
            if (cell->width == 0) {
                continue;
            }
            VTermScreenCell got;
            vterm_screen_get_cell(p->screen, (VTermPos){.row = y, .col = x}, &got);
            const uint32_t cp = got.chars[0] ? got.chars[0] : ' ';
            /* No wide glyphs at the lower right corner, where curses would split them.
             */
            const bool corner = y == c->h - 1 && x >= c->w - 3 && cell->width == 2;
            if (corner && cp == ' ') {
                x++;
                continue;
            }
            if (cp != cell->cp || got.width != cell->width) {
                fail_msg("%s frame %d at %d,%d: U+%04X of %d columns, expected U+%04X",
                         name, frame, x, y, (unsigned)cp, got.width,
                         (unsigned)cell->cp);
            }
            const struct role_style *s = theme_style(theme, (enum role)cell->role);
            const bool all = colors == COLORS_TRUE;
            int32_t fg, bg;
            theme_true(theme, (enum role)cell->role, &fg, &bg);
            if (!all) {
                fg = colors == 256 ? s->fg256 : colors ? s->fg8 : -1;
                bg = colors == 256 ? s->bg256 : colors ? s->bg8 : -1;
            }
            if (cell->cp != ' ' && !same_color(got.fg, fg, all, true)) {
                fail_msg("%s frame %d at %d,%d: foreground, expected %d", name, frame,
                         x, y, fg);
            }
            if (!same_color(got.bg, bg, all, false)) {
                fail_msg("%s frame %d at %d,%d: background, expected %d", name, frame,
                         x, y, bg);
            }
            const uint8_t attr = cell->attr ^ (colors ? s->attr : s->mono_attr);
            const bool reverse = attr & ATTR_REVERSE;
            if (colors >= 256 && reverse != (bool)got.attrs.reverse) {
                fail_msg("%s frame %d at %d,%d: reverse", name, frame, x, y);
            }
        }
    }
    if (c->cursor_x >= 0) {
        VTermPos at;
        vterm_state_get_cursorpos(vterm_obtain_state(p->vt), &at);
        assert_int_equal(at.col, c->cursor_x);
        assert_int_equal(at.row, c->cursor_y);
    }
    if (strcmp(name, "vt100") != 0) { /* which cannot hide it */
        assert_int_equal(p->cursor, c->cursor_x >= 0);
    }
    pthread_mutex_unlock(&p->mu);
}

/* Change the canvas: all of it, a few cells, a rectangle, or a scroll by a row. */
static void scribble(struct canvas *c, struct rng *r)
{
    static const uint32_t sets[][2] = {{0x21, 0x7E},     {0x2801, 0x28FF},
                                       {0x2500, 0x257F}, {0x2581, 0x258F},
                                       {0xC0, 0x17F},    {0x4E00, 0x4EFF}};
    const uint64_t kind = rng_below(r, 4);
    const int cells = kind == 0 ? c->w * c->h : kind == 1 ? c->w * c->h / 20 : 0;
    for (int i = 0; i < cells; i++) {
        const int at = kind == 0 ? i : (int)rng_below(r, (uint64_t)(c->w * c->h));
        const uint32_t *set = sets[rng_below(r, 6)];
        const uint32_t cp = set[0] + (uint32_t)rng_below(r, set[1] - set[0] + 1);
        const uint8_t attr = (uint8_t)rng_below(r, 4) == 0 ? ATTR_REVERSE : 0;
        canvas_put(c, at % c->w, at / c->w, rng_below(r, 3) ? cp : ' ',
                   (enum role)rng_below(r, ROLE_COUNT), attr);
    }
    const struct rect box = {(int)rng_below(r, W), (int)rng_below(r, H),
                             (int)rng_below(r, W), (int)rng_below(r, H)};
    if (kind == 2) {
        canvas_fill(c, box, rng_below(r, 2) ? ' ' : 0x2591, ROLE_HEAT3, 0);
        canvas_box(c, box, "titel", "漢字", true);
    } else if (kind == 3) { /* tempts curses to scroll */
        memmove(c->cell, c->cell + c->w, (size_t)(c->w * (c->h - 1)) * sizeof *c->cell);
        canvas_tint(c, box, (enum role)rng_below(r, ROLE_COUNT), 0);
    }
    if (rng_below(r, 3) == 0) { /* tempts curses to reach the corner by inserting */
        canvas_put(c, c->w - 3 + (int)rng_below(r, 2), c->h - 1, 0x4E00, ROLE_GOOD, 0);
    }
    c->cursor_x = c->cursor_y = -1;
    if (rng_below(r, 3) == 0) {
        c->cursor_x = (int)rng_below(r, W);
        c->cursor_y = (int)rng_below(r, H);
    }
}

static void run_frames_in(int w, int h, const char *name, enum theme_id theme,
                          int color, uint64_t seed)
{
    struct pty p;
    struct canvas c;
    struct errinfo e;
    struct termios before;
    pty_open(&p, w, h);
    pty_start(&p, w, h);
    assert_int_equal(tcgetattr(p.slave, &before), 0);
    struct term *t = open_on(&p, name, theme, color);
    assert_ok(canvas_init(&c, w, h, term_tier(t), &e), &e);
    struct rng r = rng_begin(seed, RNG_SAMPLE, 0);
    const int colors = color ? term_colors(t) : 0;
    for (int frame = 0; frame < FRAMES; frame++) {
        scribble(&c, &r);
        show(t, &c);
        compare(&p, &c, theme, colors, name, frame);
        const size_t sent = pty_bytes(&p);
        show(t, &c); /* an unchanged frame costs nothing */
        if (pty_bytes(&p) != sent) {
            fail_msg("%s frame %d: %zu bytes for an unchanged frame", name, frame,
                     pty_bytes(&p) - sent);
        }
        if (frame % 50 == 49) {
            term_redraw(t);
            show(t, &c);
            assert_true(pty_bytes(&p) > sent);
            compare(&p, &c, theme, colors, name, frame);
        }
    }
    canvas_deinit(&c);
    term_close(t);
    pty_check_restored(&p, &before);
    pty_close(&p);
}

static void run_frames(const char *name, enum theme_id theme, int color, uint64_t seed)
{
    run_frames_in(W, H, name, theme, color, seed);
}

/* In more rows than the terminal's description has, too. */
static void test_frames_of_a_large_terminal(void **state)
{
    (void)state;
    run_frames_in(120, 36, "vt100", THEME_DARK, 1, 40);
    run_frames_in(80, 60, "linux", THEME_DARK, 1, 41);
}

static void test_frames(void **state)
{
    (void)state;
    for (size_t i = 0; i < TERMS; i++) {
        run_frames(terms[i], THEME_DARK, 1, i);
    }
    run_frames("xterm-256color", THEME_CONTRAST, 1, 10);
    run_frames("xterm-256color", THEME_LIGHT, 0, 11);
    run_frames("screen", THEME_LIGHT, 1, 12);
}

/* Where COLORTERM says so, the colours themselves are sent; by a name that only hands
 * it on, or without enough colours to number them by, the nearest as before. */
static void test_true_color(void **state)
{
    (void)state;
    static const struct {
        const char *says, *name;
        int colors;
    } cases[] = {{"truecolor", "xterm-256color", COLORS_TRUE},
                 {"24bit", "tmux-256color", COLORS_TRUE},
                 {"truecolor", "screen-256color", 256},
                 {"truecolor", "screen", 8},
                 {"truecolor", "linux", 8},
                 {"yes", "xterm-256color", 256},
                 {"", "xterm-direct", COLORS_TRUE}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pty p;
        setenv("COLORTERM", cases[i].says, 1);
        pty_open(&p, W, H);
        pty_start(&p, W, H);
        struct term *t = open_on(&p, cases[i].name, THEME_DARK, 1);
        assert_int_equal(term_colors(t), cases[i].colors);
        term_close(t);
        pty_close(&p);
    }
    setenv("COLORTERM", "truecolor", 1);
    run_frames("xterm-256color", THEME_DARK, 1, 30);
    run_frames("tmux-256color", THEME_LIGHT, 1, 31);
    run_frames("xterm-256color", THEME_CONTRAST, 1, 32);
    run_frames("xterm-256color", THEME_DARK, 0, 33);
    unsetenv("COLORTERM");
}

/* What lies outside the canvas has the ground of the theme as well. */
static void test_light_ground(void **state)
{
    (void)state;
    struct pty p;
    struct canvas c;
    struct errinfo e;
    pty_open(&p, W, H);
    pty_start(&p, W, H);
    struct term *t = open_on(&p, "xterm-256color", THEME_LIGHT, 1);
    assert_ok(canvas_init(&c, W / 2, H / 2, GLYPH_BRAILLE, &e), &e);
    show(t, &c);
    pty_sync(&p);
    pthread_mutex_lock(&p.mu);
    for (int i = 0; i < W * H; i++) {
        VTermScreenCell got;
        vterm_screen_get_cell(p.screen, (VTermPos){.row = i / W, .col = i % W}, &got);
        assert_true(same_color(got.bg, 231, false, false));
    }
    pthread_mutex_unlock(&p.mu);
    canvas_deinit(&c);
    term_close(t);
    pty_close(&p);
}

/* Another theme or size reaches the screen. */
static void test_theme_and_size(void **state)
{
    (void)state;
    struct pty p;
    struct canvas c;
    struct errinfo e;
    struct event ev;
    pty_open(&p, W, H);
    pty_start(&p, W, H);
    struct term *t = open_on(&p, "xterm-256color", THEME_DARK, 1);
    assert_ok(canvas_init(&c, W, H, GLYPH_BRAILLE, &e), &e);
    struct rng r = rng_begin(20, RNG_SAMPLE, 0);
    scribble(&c, &r);
    for (int theme = 0; theme < THEME_COUNT; theme++) {
        term_set_theme(t, (enum theme_id)theme);
        show(t, &c);
        compare(&p, &c, (enum theme_id)theme, 256 * (theme != THEME_MONO), "theme",
                theme);
    }
    static const int sizes[][2] = {{120, 36}, {60, 12},  {1, 1},
                                   {20, 5},   {200, 60}, {80, 24}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        pty_set_size(&p, sizes[i][0], sizes[i][1]);
        raise(SIGWINCH);
        raise(SIGWINCH); /* coalesced */
        if (!term_event(t, &ev)) {
            fail_msg("no resize to %d x %d", sizes[i][0], sizes[i][1]);
        }
        assert_int_equal(ev.kind, EVENT_RESIZE);
        assert_int_equal(ev.w, sizes[i][0]);
        assert_int_equal(ev.h, sizes[i][1]);
        struct event none;
        assert_false(term_event(t, &none));
        show(t, &c); /* of the old size: cut, or with room beside it */
        assert_ok(canvas_resize(&c, ev.w, ev.h, &e), &e);
        canvas_fill(&c, (struct rect){0, 0, ev.w, ev.h}, 'a' + (uint32_t)i, ROLE_TEXT,
                    0);
        show(t, &c);
        compare(&p, &c, THEME_MONO, 0, "size", (int)i);
    }
    /* handed over and taken back */
    const size_t sent = pty_bytes(&p);
    term_suspend(t);
    term_suspend(t);
    pty_sync(&p);
    assert_false(p.alternate);
    assert_int_equal(p.mouse, VTERM_PROP_MOUSE_NONE);
    show(t, &c);
    term_resume(t);
    assert_true(term_event(t, &ev));
    assert_int_equal(ev.kind, EVENT_RESIZE);
    show(t, &c);
    compare(&p, &c, THEME_MONO, 0, "resumed", 0);
    assert_true(p.alternate);
    assert_int_not_equal(p.mouse, VTERM_PROP_MOUSE_NONE);
    assert_true(pty_bytes(&p) > sent);
    canvas_deinit(&c);
    term_close(t);
    pty_close(&p);
}

/* Without UTF-8 nothing above ASCII is sent, whatever the canvas holds. */
static void test_c_locale(void **state)
{
    (void)state;
    struct pty p;
    struct canvas c;
    struct errinfo e;
    assert_non_null(setlocale(LC_CTYPE, "C"));
    pty_open(&p, W, H);
    pty_start(&p, W, H);
    struct term *t = open_on(&p, "xterm-256color", THEME_DARK, 1);
    assert_int_equal(term_tier(t), GLYPH_ASCII);
    assert_ok(canvas_init(&c, W, H, GLYPH_BRAILLE, &e), &e);
    canvas_text(&c, 0, 0, W, "ab漢é⠿ok", ROLE_TEXT, 0);
    show(t, &c);
    pty_sync(&p);
    assert_true(pty_shows(&p, "ab? ??ok"));
    canvas_deinit(&c);
    term_close(t);
    pty_close(&p);
    assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
}

static void test_tiers_and_colors(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum glyph_tier tier;
        int colors;
    } cases[] = {{"xterm-256color", GLYPH_BRAILLE, 256},
                 {"tmux-256color", GLYPH_BRAILLE, 256},
                 {"screen", GLYPH_BRAILLE, 8},
                 {"linux", GLYPH_BLOCK, 8},
                 {"vt100", GLYPH_BRAILLE, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pty p;
        pty_open(&p, W, H);
        pty_start(&p, W, H);
        struct term *t = open_on(&p, cases[i].name, THEME_DARK, -1);
        assert_int_equal(term_tier(t), cases[i].tier);
        assert_int_equal(term_colors(t), cases[i].colors);
        term_close(t);
        pty_close(&p);
    }
}

/* NO_COLOR, unless --color. */
static void test_no_color(void **state)
{
    (void)state;
    struct canvas c;
    struct errinfo e;
    assert_ok(canvas_init(&c, W, H, GLYPH_ASCII, &e), &e);
    canvas_fill(&c, (struct rect){0, 0, W, H}, 'x', ROLE_SERIES_A, 0);
    for (int color = -1; color <= 1; color++) {
        for (int set = 0; set < 2; set++) {
            struct pty p;
            pty_open(&p, W, H);
            pty_start(&p, W, H);
            set ? setenv("NO_COLOR", "1", 1) : unsetenv("NO_COLOR");
            struct term *t = open_on(&p, "xterm-256color", THEME_DARK, color);
            show(t, &c);
            const bool want = color == 1 || (color == -1 && !set);
            compare(&p, &c, THEME_DARK, want ? 256 : 0, "NO_COLOR", color);
            term_close(t);
            pty_close(&p);
        }
    }
    unsetenv("NO_COLOR");
    canvas_deinit(&c);
}

static void test_refusals(void **state)
{
    (void)state;
    struct errinfo e;
    struct term *t = NULL;
    const char *note = NULL;
    struct termios before;
    struct pty p;
    pty_open(&p, W, H);
    pty_start(&p, W, H);
    assert_int_equal(tcgetattr(p.slave, &before), 0);
    struct term_config cfg = {.tier = -1,
                              .color = -1,
                              .term_name = "dumb",
                              .out_fd = p.slave,
                              .in_fd = p.slave};
    check_error(term_open(&cfg, &t, &note, &e), ERR_USAGE, &e, "TERM=dumb");
    cfg.term_name = "no-such-terminal";
    check_error(term_open(&cfg, &t, &note, &e), ERR_USAGE, &e, "no-such-terminal");
    cfg.term_name = "";
    check_error(term_open(&cfg, &t, &note, &e), ERR_USAGE, &e, "TERM is not set");
    cfg.term_name = "xterm";
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    cfg.out_fd = ends[1];
    check_error(term_open(&cfg, &t, &note, &e), ERR_USAGE, &e, "standard output");
    cfg.out_fd = p.slave;
    cfg.in_fd = ends[0];
    check_error(term_open(&cfg, &t, &note, &e), ERR_USAGE, &e, "standard input");
    close(ends[0]);
    close(ends[1]);
    assert_null(t);
    assert_int_equal(pty_bytes(&p), 0); /* nothing was written */
    pty_check_modes(&p, &before);
    /* a modern name that is not described here is taken for a common one */
    cfg.in_fd = p.slave;
    cfg.term_name = "xterm-no-such";
    assert_ok(term_open(&cfg, &t, &note, &e), &e);
    assert_non_null(note);
    assert_non_null(strstr(note, "xterm-no-such"));
    assert_int_equal(term_colors(t), 256);
    term_close(t);
    pty_check_restored(&p, &before);
    pty_close(&p);
}

/* A terminal of absurd size is drawn on in a corner, with memory for that. */
static void test_huge(void **state)
{
    (void)state;
    struct pty p;
    struct canvas c;
    struct errinfo e;
    struct event ev = {.kind = EVENT_NONE};
    int w, h;
    pty_open(&p, 65535, 1000); /* which nothing shows */
    struct term *t = NULL;
    const struct term_config cfg = {.tier = GLYPH_BRAILLE,
                                    .color = 1,
                                    .term_name = "xterm-256color",
                                    .out_fd = p.slave,
                                    .in_fd = p.slave};
    const int64_t before = clock_rss_bytes();
    assert_ok(term_open(&cfg, &t, NULL, &e), &e);
    term_size(t, &w, &h);
    assert_int_equal(w, TERM_MAX_W);
    assert_int_equal(h, TERM_MAX_H);
    assert_ok(canvas_init(&c, w, h, GLYPH_BRAILLE, &e), &e);
    canvas_fill(&c, (struct rect){0, 0, w, h}, '#', ROLE_TEXT, 0);
    term_present(t, &c);
    assert_true(clock_rss_bytes() - before < (int64_t)200 << 20);
    pty_set_size(&p, 70, 60000);
    raise(SIGWINCH);
    while (!term_event(t, &ev)) {
    }
    assert_int_equal(ev.kind, EVENT_RESIZE);
    assert_int_equal(ev.w, 70);
    assert_int_equal(ev.h, TERM_MAX_H);
    canvas_deinit(&c);
    term_close(t);
    close(p.master);
    close(p.slave);
}

static int setup(void **state)
{
    (void)state;
    unsetenv("COLORTERM"); /* of whoever runs the tests */
    return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_true_color),
        cmocka_unit_test(test_light_ground),
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_frames_of_a_large_terminal),
        cmocka_unit_test(test_theme_and_size),
        cmocka_unit_test(test_c_locale),
        cmocka_unit_test(test_tiers_and_colors),
        cmocka_unit_test(test_no_color),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_huge),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
