/* Plots: golden ones at each tier, spikes, gaps, logarithms, smoothing, ticks, numbers,
 * and that nothing is ever drawn outside the rectangle. */
#include "base/mem.h"
#include "base/rng.h"
#include "ui/glyph.h"
#include "ui/plot.h"
#include "ui/plot_axis.h"
#include "unit/check.h"

#include <float.h>
#include <math.h>

enum { N = 200 };

struct sample {
    double x[N], a[N], b[N], lo[N], hi[N];
};

/* A falling and a rising curve, the second with an interval. */
static void make_sample(struct sample *s)
{
    for (int i = 0; i < N; i++) {
        s->x[i] = i * 100;
        s->a[i] = 0.1 + 0.9 * exp(-i / 40.0);
        s->b[i] = 0.6 - 0.5 * exp(-i / 60.0);
        s->lo[i] = s->b[i] - 0.08;
        s->hi[i] = s->b[i] + 0.08;
    }
}

static struct plot_spec one_curve(const double *x, const double *y, size_t n)
{
    struct plot_spec p = {.n_series = 1, .y_min = NAN, .y_max = NAN, .cursor_x = NAN};
    p.series[0] = (struct plot_series){.x = x,
                                       .y = y,
                                       .n = n,
                                       .role = ROLE_SERIES_A,
                                       .faint = ROLE_FAINT_A,
                                       .letter = 'A'};
    return p;
}

/* Draw into a canvas of w x h; what is shown, to be freed. */
static char *shown(int w, int h, enum glyph_tier tier, const struct plot_spec *p,
                   struct plot_result *r)
{
    struct canvas c;
    struct errinfo e;
    char *text;
    assert_ok(canvas_init(&c, w, h, tier, &e), &e);
    plot_draw(&c, (struct rect){0, 0, w, h}, p, r);
    assert_ok(canvas_dump(&c, false, &text, &e), &e);
    canvas_deinit(&c);
    return text;
}

static void test_golden(void **state)
{
    (void)state;
    static const char *const want[3] = {"    1┤⢦          ┊                      \n"
                                        "     │ ⠳⡀        ┊                      \n"
                                        "     │  ⠙⢦⡀      ┊      ⢀⢀⢀⢀⢀⢀⢀⢄⢄⢄⢄⢄⢄⢄⢄ \n"
                                        "     │    ⠑⢦⡀⢀⢀⢀⢄⢀⣀⣀⣠⠤⠤⠤⠴⠒⠒⠒⠒⠒⠒⠚⠉⠉⠉⠉⠉⠉⠉B\n"
                                        "     │  ⢀⢀⢀⣀⡬⠷⠶⣞⡉⠉⠑⠑⠑⠁⠁⠁⠁⠁              \n"
                                        "     │⢄⣠⠴⠚⠉⠑⠁⠁  ⠉⠙⠒⠲⠤⠤⢄⣀⣀⣀⣀⡀            \n"
                                        "    0┤⠉⠑⠁        ┊         ⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉A\n"
                                        "     └┴───────────────┴──────────────── \n"
                                        "      0              10k                \n",
                                        "    1┤▄          :                      \n"
                                        "     │ █▄        :                      \n"
                                        "     │  ▀█▄      :      ░░░░░░░░░░░░░░░ \n"
                                        "     │    ▀█▄░░░░▄▄▄▄▄▄▄█▀▀▀▀▀▀▀▀▀▀▀▀▀▀B\n"
                                        "     │  ░░░▄█████▀░░░░░░░               \n"
                                        "     │▄▄█▀▀░░░  ▀▀▀▀█▄▄▄▄▄▄▄▄▄▄         \n"
                                        "    0┤▀░░        :            ▀▀▀▀▀▀▀▀▀A\n"
                                        "     └┴───────────────┴──────────────── \n"
                                        "      0              10k                \n",
                                        "    1+|          :                      \n"
                                        "     | |.        :                      \n"
                                        "     |  '|.      :      ,,,,,,,,,,,,,,, \n"
                                        "     |    '|.,,,,....|-------''''''''''B\n"
                                        "     |  ,,,.||-||',,,,,,,               \n"
                                        "     |,.||'',,  ''|--|.......           \n"
                                        "    0+',,        :          '''''''''''A\n"
                                        "     ++---------------+---------------- \n"
                                        "      0              10k                \n"};
    static struct sample s;
    make_sample(&s);
    for (int tier = 0; tier < 3; tier++) {
        const double event = 6600;
        struct plot_spec p = one_curve(s.x, s.a, N);
        p.series[1] = (struct plot_series){
            s.x, s.b, N, s.lo, s.hi, ROLE_SERIES_B, ROLE_FAINT_B, 'B', NULL, false};
        p.n_series = 2;
        p.event_x = &event;
        p.n_events = 1;
        struct plot_result r;
        char *found = shown(40, 9, (enum glyph_tier)tier, &p, &r);
        assert_string_equal(found, want[tier]);
        assert_int_equal(r.gaps, 0);
        mem_free(found);
    }
}

static void test_golden_log(void **state)
{
    (void)state;
    static const char *const want[3] = {"    1┤⠒⠤⣄                         \n"
                                        "     │   ⠉⠑⠒⠤⣀⡀                   \n"
                                        "     │        ⠈⠈⠒⠤⣀⡀              \n"
                                        "     │             ⠈⠉⠒⠤⣀          \n"
                                        "     │                  ⠈⠉⠒⠤⢄⣀    \n"
                                        ".0001┤                        ⠙⠒⠤A\n"
                                        "     └┴─────────────────────┴──── \n"
                                        "      0s                   50s    \n",
                                        "    1┤█▄▄                         \n"
                                        "     │   ▀▀█▄▄                    \n"
                                        "     │        ▀▀▀▄▄▄              \n"
                                        "     │             ▀▀▀▄▄▄         \n"
                                        "     │                   ▀▀█▄▄    \n"
                                        ".0001┤                        ▀▀█A\n"
                                        "     └┴─────────────────────┴──── \n"
                                        "      0s                   50s    \n",
                                        "    1+-|..                        \n"
                                        "     |   ''--..                   \n"
                                        "     |        ''-|..              \n"
                                        "     |             ''|-.          \n"
                                        "     |                  ''--..    \n"
                                        ".0001+                       ''|-A\n"
                                        "     ++---------------------+---- \n"
                                        "      0s                   50s    \n"};
    double x[60], y[60];
    for (int i = 0; i < 60; i++) {
        x[i] = i;
        y[i] = pow(10, -i / 15.0);
    }
    y[20] = NAN; /* a gap */
    y[40] = 0;   /* and what has no logarithm */
    for (int tier = 0; tier < 3; tier++) {
        struct plot_spec p = one_curve(x, y, 60);
        p.log_y = true;
        p.x_label = "s";
        struct plot_result r;
        char *found = shown(34, 8, (enum glyph_tier)tier, &p, &r);
        assert_string_equal(found, want[tier]);
        assert_true(r.log_y);
        assert_int_equal(r.gaps, 2);
        mem_free(found);
    }
}

/* One sample among a million reaches as high as it should. */
static void test_spikes_survive(void **state)
{
    (void)state;
    const size_t n = 1000000;
    double *x = mem_alloc(n, sizeof *x);
    double *y = mem_alloc(n, sizeof *y);
    assert_true(x && y);
    for (size_t i = 0; i < n; i++) {
        x[i] = (double)i;
        y[i] = 0.5;
    }
    struct rng r = rng_begin(4, RNG_SAMPLE, 0);
    for (int run = 0; run < 6; run++) {
        const size_t at = (size_t)rng_below(&r, n);
        y[at] = run % 2 ? 1.0 : 0.0;
        struct plot_spec p = one_curve(x, y, n);
        p.series[0].letter = 0;
        p.y_min = 0;
        p.y_max = 1;
        struct canvas c;
        struct errinfo e;
        assert_ok(canvas_init(&c, 60, 12, GLYPH_BRAILLE, &e), &e);
        struct plot_result out;
        plot_draw(&c, (struct rect){0, 0, 60, 12}, &p, &out);
        const double t = (double)at / (double)(n - 1);
        const int column = out.area.x + (int)lround(t * (out.area.w * 2 - 1)) / 2;
        const int row = run % 2 ? out.area.y : out.area.y + out.area.h - 1;
        const uint32_t cp = c.cell[row * c.w + column].cp;
        assert_true(cp > 0x2800 && cp <= 0x28FF);
        canvas_deinit(&c);
        y[at] = 0.5;
    }
    mem_free(x);
    mem_free(y);
}

static bool column_has_dots(const struct canvas *c, const struct rect *area, int x)
{
    for (int y = area->y; y < area->y + area->h; y++) {
        const uint32_t cp = c->cell[y * c->w + x].cp;
        if (cp > 0x2800 && cp <= 0x28FF) {
            return true;
        }
    }
    return false;
}

/* Not a number leaves a hole and is counted; an infinite value as well. */
static void test_gaps(void **state)
{
    (void)state;
    double x[100], y[100];
    for (int i = 0; i < 100; i++) {
        x[i] = i;
        y[i] =
            i >= 40 && i < 60 ? (i % 2 ? (double)NAN : (double)INFINITY) : 1 + i * 0.01;
    }
    struct plot_spec p = one_curve(x, y, 100);
    for (int smooth = 0; smooth < 2; smooth++) {
        p.smooth = smooth ? 0.9 : 0;
        struct canvas c;
        struct errinfo e;
        assert_ok(canvas_init(&c, 60, 12, GLYPH_BRAILLE, &e), &e);
        struct plot_result r;
        plot_draw(&c, (struct rect){0, 0, 60, 12}, &p, &r);
        assert_int_equal(r.gaps, 20);
        assert_true(isfinite(r.y_min) && isfinite(r.y_max));
        for (int k = 0; k < r.area.w; k++) {
            const double at = plot_x_at(&r, r.area.x + k);
            if (at < 37 || at > 63) {
                assert_true(column_has_dots(&c, &r.area, r.area.x + k));
            } else if (at > 42 && at < 57) {
                assert_false(column_has_dots(&c, &r.area, r.area.x + k));
            }
        }
        canvas_deinit(&c);
    }
}

static void test_empty(void **state)
{
    (void)state;
    const double x[2] = {0, 1};
    const double y[2] = {NAN, NAN};
    struct plot_result r;
    struct plot_spec p = one_curve(x, y, 2);
    p.empty = "absorption: no evaluation yet";
    char *found = shown(40, 6, GLYPH_BRAILLE, &p, &r);
    assert_non_null(strstr(found, "     absorption: no evaluation yet      \n"));
    assert_true(isnan(r.last[0]));
    mem_free(found);
    p.n_series = 0;
    p.empty = NULL;
    found = shown(40, 6, GLYPH_BRAILLE, &p, &r);
    assert_non_null(strstr(found, "no data yet"));
    mem_free(found);
    /* on a log axis without a positive value the axis stays linear */
    const double negative[2] = {-1, -2};
    p = one_curve(x, negative, 2);
    p.log_y = true;
    mem_free(shown(40, 6, GLYPH_BRAILLE, &p, &r));
    assert_false(r.log_y);
    assert_true(r.y_min < -2 && r.y_max > -1);
}

/* The moving average by its definition: weights (1-a) a^k over their sum. */
static void test_smoothing(void **state)
{
    (void)state;
    double x[30], y[30];
    struct rng r = rng_begin(5, RNG_SAMPLE, 0);
    for (int i = 0; i < 30; i++) {
        x[i] = i;
        y[i] = i == 7 ? (double)NAN : rng_unit(&r);
    }
    struct plot_spec p = one_curve(x, y, 30);
    p.smooth = 0.8;
    for (int at = 0; at < 30; at++) {
        double sum = 0, weights = 0, weight = 1;
        for (int i = at; i >= 0; i--) {
            if (isfinite(y[i])) {
                sum += weight * y[i];
                weights += weight;
                weight *= 0.8;
            }
        }
        p.cursor_x = at + 0.3;
        p.x_min = 20; /* zoom does not change it */
        p.x_max = 25;
        struct plot_result out;
        mem_free(shown(40, 6, GLYPH_BRAILLE, &p, &out));
        assert_true(fabs(out.cursor_snap - at) < 1e-12);
        if (at == 7) {
            assert_true(isnan(out.at_cursor[0]) && isnan(out.at_cursor_raw[0]));
            continue;
        }
        assert_true(fabs(out.at_cursor[0] - sum / weights) < 1e-12);
        assert_true(fabs(out.at_cursor_raw[0] - y[at]) < 1e-15);
    }
}

/* A line through the edge of the view is cut there: a straight line zoomed into is a
 * straight line. */
static void test_zoom(void **state)
{
    (void)state;
    const double x[3] = {0, 100, 200};
    const double y[3] = {0, 100, 0};
    struct plot_spec p = one_curve(x, y, 3);
    p.series[0].letter = 0;
    p.x_min = 90;
    p.x_max = 110;
    p.y_min = 90;
    p.y_max = 100;
    char *found = shown(18, 4, GLYPH_BRAILLE, &p, NULL);
    assert_string_equal(found, "       ⣀⠔⠑⢄       \n"
                               "     ⡠⠊    ⠉⠢⡀    \n"
                               "  ⢀⠔⠉        ⠈⠢⣀  \n"
                               "⡠⠒⠁             ⠑⢄\n");
    mem_free(found);
}

static void check_outside(const struct canvas *c, struct rect r,
                          const struct cell *mark)
{
    for (int y = 0; y < c->h; y++) {
        for (int x = 0; x < c->w; x++) {
            if (!rect_holds(r, x, y) &&
                memcmp(&c->cell[y * c->w + x], mark, sizeof *mark) != 0) {
                fail_msg("%d x %d: written outside, at %d,%d", r.w, r.h, x, y);
            }
        }
    }
}

/* For every size: nothing outside the rectangle, whatever the data. */
static void test_stays_inside(void **state)
{
    (void)state;
    static struct sample s;
    make_sample(&s);
    double wild[N];
    static const double values[] = {DBL_MAX, -DBL_MAX, NAN, INFINITY, -INFINITY,
                                    DBL_MIN, 0,        1,   -1,       1e300};
    struct rng r = rng_begin(6, RNG_SAMPLE, 0);
    struct canvas c;
    struct errinfo e;
    assert_ok(canvas_init(&c, 64, 24, GLYPH_BRAILLE, &e), &e);
    const struct cell mark = {'@', ROLE_BAD, ATTR_BOLD, 1};
    for (int h = 1; h <= 20; h++) {
        for (int w = 1; w <= 60; w++) {
            for (size_t i = 0; i < N; i++) {
                wild[i] = values[rng_below(&r, sizeof values / sizeof values[0])];
            }
            const double events[] = {-1, 0, 9000, 1e300, NAN};
            struct plot_spec p = one_curve(s.x, s.a, N);
            p.series[1] = (struct plot_series){
                s.x, s.b, N, s.lo, s.hi, ROLE_SERIES_B, ROLE_FAINT_B, 'B', NULL, false};
            const bool is_wild = rng_below(&r, 2) == 0;
            if (is_wild) {
                p.series[0].y = wild;
                p.series[1].lo = wild;
                p.series[1].x = rng_below(&r, 2) ? wild : s.x;
            }
            p.n_series = 2;
            p.event_x = events;
            p.n_events = 5;
            p.log_y = rng_below(&r, 2) == 0;
            p.smooth = rng_below(&r, 2) ? 0.9 : 0;
            p.cursor_x = rng_below(&r, 2) ? 4321 : (double)NAN;
            if (rng_below(&r, 3) == 0) {
                p.x_min = 3000;
                p.x_max = 3100;
                p.y_min = rng_below(&r, 2) ? 0.3 : (double)NAN;
            }
            c.tier = (enum glyph_tier)rng_below(&r, 3);
            for (int i = 0; i < c.w * c.h; i++) {
                c.cell[i] = mark;
            }
            const struct rect at = {2, 2, w, h};
            struct plot_result out;
            plot_draw(&c, at, &p, &out);
            check_outside(&c, at, &mark);
            assert_true(out.area.w <= w && out.area.h <= h);
            const struct rect same = rect_intersect(out.area, at);
            assert_true(same.w == out.area.w && same.h == out.area.h);
            if (!is_wild && w >= 20 && h >= 5 && p.x_max == p.x_min) {
                bool any = false; /* and something inside */
                for (int x = out.area.x; x < out.area.x + out.area.w; x++) {
                    any = any || c.cell[out.area.y * c.w + x].cp != ' ';
                }
                assert_true(any);
            }
        }
    }
    canvas_deinit(&c);
}

static void test_ticks(void **state)
{
    (void)state;
    struct rng r = rng_begin(7, RNG_SAMPLE, 0);
    for (int run = 0; run < 20000; run++) {
        const double lo = (rng_unit(&r) - 0.5) * pow(10, (double)rng_below(&r, 20) - 8);
        const double hi = lo + rng_unit(&r) * pow(10, (double)rng_below(&r, 20) - 8);
        const bool log = rng_below(&r, 2) == 0;
        const int want = 1 + (int)rng_below(&r, 12);
        struct axis_ticks t;
        axis_ticks(&t, lo, hi, want, log);
        assert_true(t.n <= AXIS_TICKS);
        for (size_t i = 0; i < t.n; i++) {
            const double slack = 1e-6 * (hi - lo);
            assert_true(t.at[i] >= lo - slack && t.at[i] <= hi + slack);
            assert_true(i == 0 || t.at[i] > t.at[i - 1]);
            /* ticks are told apart by their labels, if they fit */
            char a[32], b[32];
            axis_label(a, sizeof a, t.at[i], t.step, 30);
            assert_true(a[0] != 0);
            if (i > 0 && t.step > 1e-9 * fmax(fabs(lo), fabs(hi)) && t.step > 1e-3) {
                axis_label(b, sizeof b, t.at[i - 1], t.step, 30);
                if (!strcmp(a, b)) {
                    fail_msg("%.17g and %.17g, step %g: both %s", t.at[i - 1], t.at[i],
                             t.step, a);
                }
            }
        }
        if (t.step > 0 && t.n > 1) {
            const double fold = t.step / pow(10, floor(log10(t.step) + 1e-9));
            assert_true(fabs(fold - 1) < 1e-6 || fabs(fold - 2) < 1e-6 ||
                        fabs(fold - 5) < 1e-6);
        }
    }
    struct axis_ticks t;
    axis_ticks(&t, 0.15, 1.9, 2, true); /* one decade alone would be one tick */
    assert_true(t.n >= 2);
    axis_ticks(&t, 0.09, 1.2, 3, true);
    assert_int_equal(t.n, 2); /* .1 and 1; with 2 and 5 there would be 4 */
    axis_ticks(&t, 0.09, 1.2, 4, true);
    assert_int_equal(t.n, 4);
    axis_ticks(&t, 1, 1, 5, false);
    assert_int_equal(t.n, 0);
    axis_ticks(&t, NAN, 1, 5, false);
    assert_int_equal(t.n, 0);
    axis_ticks(&t, -DBL_MAX, DBL_MAX, 5, false);
    assert_int_equal(t.n, 0);
}

/* However narrow the range, an axis has two ticks at least, and labels that differ, in
 * the columns that a plot gives them. */
static void test_two_ticks_differ(void **state)
{
    (void)state;
    struct rng r = rng_begin(8, RNG_SAMPLE, 0);
    for (int run = 0; run < 20000; run++) {
        const double at = (0.1 + rng_unit(&r)) * pow(10, (double)rng_below(&r, 12) - 6);
        const double width = at * pow(10, -6.0 * rng_unit(&r)) * 1.1;
        for (int log = 0; log < 2; log++) {
            struct axis_ticks t;
            axis_ticks(&t, at, at + width, 2, log);
            assert_true(t.n >= 2);
            char a[32], b[32];
            axis_label(a, sizeof a, t.at[0], t.step, 12);
            axis_label(b, sizeof b, t.at[1], t.step, 12);
            if (!a[0] || !b[0] || !strcmp(a, b)) {
                fail_msg("%.17g to %.17g: '%s' and '%s'", at, at + width, a, b);
            }
        }
    }
    static const double flat[][2] = {{4, 4},       {0.05, 0.05}, {0.8123, 0.81233},
                                     {1, 1.00001}, {2e-5, 2e-5}, {1e6, 1e6}};
    for (size_t i = 0; i < sizeof flat / sizeof flat[0]; i++) {
        const double x[2] = {0, 1000};
        struct plot_spec p = one_curve(x, flat[i], 2);
        char *text = shown(38, 9, GLYPH_ASCII, &p, NULL);
        size_t ticks = 0;
        for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
            const size_t n = strcspn(line, "+|\n");
            ticks += line[n] == '+' && n && line[n - 1] != ' ' ? 1 : 0;
        }
        if (ticks < 2) {
            fail_msg("%zu labels:\n%s", ticks, text);
        }
        mem_free(text);
    }
}

/* Curves that end on the same dots share a row; others have their own. */
static void test_letters_of_curves_that_coincide(void **state)
{
    (void)state;
    const double x[2] = {0, 100}, same[2] = {4, 4}, other[2] = {4, 9};
    struct plot_spec p = one_curve(x, same, 2);
    p.series[1] = p.series[0];
    p.series[1].letter = 'B';
    p.n_series = 2;
    char *text = shown(40, 9, GLYPH_BRAILLE, &p, NULL);
    assert_non_null(strstr(text, "AB\n"));
    mem_free(text);
    p.series[1].y = other;
    text = shown(40, 9, GLYPH_BRAILLE, &p, NULL);
    assert_null(strstr(text, "AB"));
    assert_non_null(strstr(text, "A\n"));
    assert_non_null(strstr(text, "B\n"));
    mem_free(text);
    /* In one row of cells, the one that ends higher has its letter above. */
    const double near_[2] = {4, 4.05}, far_[2] = {0, 9};
    for (int k = 0; k < 2; k++) {
        p.series[k].y = near_;
        p.series[!k].y = same;
        p.series[2] = p.series[0];
        p.series[2].y = far_;
        p.series[2].letter = 0;
        p.n_series = 3;
        text = shown(40, 8, GLYPH_BRAILLE, &p, NULL);
        const char *a = strchr(text, 'A'), *b = strchr(text, 'B');
        if (!strstr(text, "AB")) {
            assert_true(k ? b < a : a < b);
        }
        mem_free(text);
    }
}

/* Points stand alone: each a dot, and nothing between them. */
static void test_points(void **state)
{
    (void)state;
    const double x[3] = {9, 1, 5}, y[3] = {1, 9, (double)NAN};
    struct plot_spec p = one_curve(x, y, 3);
    p.series[0].points = true;
    p.series[0].letter = 0;
    p.x_min = p.y_min = 0;
    p.x_max = p.y_max = 10;
    struct canvas c;
    struct errinfo e;
    struct plot_result r;
    assert_ok(canvas_init(&c, 40, 12, GLYPH_BRAILLE, &e), &e);
    plot_draw(&c, (struct rect){0, 0, 40, 12}, &p, &r);
    size_t dots = 0;
    for (int i = 0; i < 40 * 12; i++) {
        const uint32_t cp = c.cell[i].cp;
        dots += cp > 0x2800 && cp <= 0x28FF ? 1 : 0;
    }
    assert_int_equal(dots, 2);
    const int left = r.area.x + r.area.w / 10, top = r.area.y + r.area.h / 10;
    assert_true(c.cell[top * 40 + left].cp > 0x2800 ||
                c.cell[top * 40 + left - 1].cp > 0x2800);
    canvas_deinit(&c);
}

static void test_labels(void **state)
{
    (void)state;
    static const struct {
        double v, step;
        int width;
        const char *want;
    } cases[] = {
        {0, 1, 5, "0"},          {5000, 5000, 5, "5k"},   {2500, 500, 5, "2.5k"},
        {0.25, 0.05, 5, "0.25"}, {0.25, 0.05, 3, ".25"},  {0.25, 0.05, 2, ""},
        {-0.5, 0.5, 4, "-0.5"},  {-0.5, 0.5, 3, "-.5"},   {1e6, 1e6, 5, "1M"},
        {0.001, 0, 5, "0.001"},  {1e-5, 0, 5, "1e-5"},    {200, 0, 5, "200"},
        {2e6, 0, 5, "2M"},       {3e-5, 1e-5, 5, "3e-5"}, {100, 20, 5, "100"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[32];
        axis_label(text, sizeof text, cases[i].v, cases[i].step, cases[i].width);
        assert_string_equal(text, cases[i].want);
    }
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        double v;
        int width;
        const char *want;
    } cases[] = {
        {0.21437, 5, "0.214"},  {0.21437, 3, ".21"},    {12400, 6, "12.4k"},
        {12345.6, 6, "12.35k"}, {0.00031, 6, "3.1e-4"}, {0.00031, 4, "3e-4"},
        {0.00031, 3, "###"},    {-0.0, 6, "0"},         {9.9996, 6, "10.00"},
        {99999, 6, "100k"},     {1234567, 5, "1.23M"},  {-12.3, 5, "-12.3"},
        {32.4321, 4, "32.4"},   {1e-300, 6, "1e-300"},  {NAN, 6, "-"},
        {-INFINITY, 6, "-"},    {9999.7, 6, "10.00k"},  {20000, 6, "20k"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[32];
        plot_number(text, sizeof text, cases[i].v, cases[i].width);
        assert_string_equal(text, cases[i].want);
    }
    /* always within the width, and what is shown is the number to the digits shown */
    struct rng r = rng_begin(8, RNG_SAMPLE, 0);
    for (int run = 0; run < 50000; run++) {
        const double v = (rng_unit(&r) - 0.5) * pow(10, (double)rng_below(&r, 40) - 15);
        const int width = (int)rng_below(&r, 9);
        char text[32];
        plot_number(text, sizeof text, v, width);
        assert_true(strlen(text) <= (size_t)width);
        if (width < 8) {
            continue;
        }
        char *end;
        double back = strtod(text, &end);
        back *= *end == 'k'   ? 1e3
                : *end == 'M' ? 1e6
                : *end == 'G' ? 1e9
                : *end == 'T' ? 1e12
                              : 1;
        if (!(fabs(back - v) <= 0.051 * fabs(v))) {
            fail_msg("%.17g shown as %s", v, text);
        }
    }
}

static void test_small_ones(void **state)
{
    (void)state;
    struct canvas c;
    struct errinfo e;
    char *found;
    static const char *const want[3] = {
        "▁▃▅█ █▁   \n████▌     \n",
        "_▄▄█ █_   \n████▌     \n",
        ".:=# #.   \n#####     \n",
    };
    for (int tier = 0; tier < 3; tier++) {
        const double v[] = {0, 2, 4, 7, NAN, 7, 0};
        assert_ok(canvas_init(&c, 10, 2, (enum glyph_tier)tier, &e), &e);
        plot_spark(&c, 0, 0, 10, v, 7, ROLE_SERIES_A);
        plot_bar(&c, 0, 1, 10, 0.45, ROLE_SERIES_A);
        assert_ok(canvas_dump(&c, false, &found, &e), &e);
        assert_string_equal(found, want[tier]);
        mem_free(found);
        canvas_deinit(&c);
    }
    /* a spike survives where there are more values than columns */
    double many[1000] = {0};
    many[777] = 1;
    assert_ok(canvas_init(&c, 10, 2, GLYPH_BRAILLE, &e), &e);
    plot_spark(&c, 0, 0, 10, many, 1000, ROLE_SERIES_A);
    plot_bar(&c, 0, 1, 3, NAN, ROLE_SERIES_A);
    plot_bar(&c, 3, 1, 3, 1e-9, ROLE_SERIES_A);
    plot_bar(&c, 6, 1, 3, 7, ROLE_SERIES_A);
    assert_ok(canvas_dump(&c, false, &found, &e), &e);
    assert_string_equal(found, "▁▁▁▁▁▁▁█▁▁\n   ▏  ███ \n");
    mem_free(found);
    plot_spark(&c, 0, 0, 0, many, 1000, ROLE_SERIES_A);
    plot_spark(&c, 0, 0, -5, many, 0, ROLE_SERIES_A);
    plot_bar(&c, 0, 0, -1, 1, ROLE_SERIES_A);
    canvas_deinit(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_golden_log),
        cmocka_unit_test(test_spikes_survive),
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_smoothing),
        cmocka_unit_test(test_zoom),
        cmocka_unit_test(test_stays_inside),
        cmocka_unit_test(test_ticks),
        cmocka_unit_test(test_two_ticks_differ),
        cmocka_unit_test(test_letters_of_curves_that_coincide),
        cmocka_unit_test(test_points),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_small_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
