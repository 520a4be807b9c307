/* Contrast of every colour on its ground, and colours that stay apart for colour-blind
 * eyes. Contrast as WCAG 2.1 defines it; dichromats as Vienot, Brettel and Mollon
 * (1999) simulate them. */
#include "ui/theme.h"
#include "unit/check.h"

#include <math.h>

struct rgb {
    double v[3]; /* linear, 0..1 */
};

static double linear(int byte)
{
    const double c = byte / 255.0;
    return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static struct rgb of_bytes(int32_t rgb)
{
    return (struct rgb){
        {linear(rgb >> 16 & 255), linear(rgb >> 8 & 255), linear(rgb & 255)}};
}

/* Entry of xterm's 256 colours; 16 to 255 are the same everywhere. */
static struct rgb xterm(int index)
{
    static const int levels[] = {0, 95, 135, 175, 215, 255};
    assert_true(index >= 16 && index < 256);
    if (index >= 232) {
        const double grey = linear(8 + 10 * (index - 232));
        return (struct rgb){{grey, grey, grey}};
    }
    const int i = index - 16;
    return (struct rgb){
        {linear(levels[i / 36]), linear(levels[i / 6 % 6]), linear(levels[i % 6])}};
}

/* What a role has of 256 colours, or of all; false: the terminal's own. */
static bool color_of(enum theme_id theme, enum role role, bool all, bool ground,
                     struct rgb *out)
{
    const struct role_style *s = theme_style(theme, role);
    int32_t rgb[2];
    theme_true(theme, role, &rgb[0], &rgb[1]);
    const int index = ground ? s->bg256 : s->fg256;
    assert_int_equal(index < 0, rgb[ground] < 0);
    if (index < 0) {
        return false;
    }
    *out = all ? of_bytes(rgb[ground]) : xterm(index);
    return true;
}

static double luminance(struct rgb c)
{
    return 0.2126 * c.v[0] + 0.7152 * c.v[1] + 0.0722 * c.v[2];
}

static double contrast(struct rgb a, struct rgb b)
{
    const double x = luminance(a) + 0.05;
    const double y = luminance(b) + 0.05;
    return x > y ? x / y : y / x;
}

/* Least contrast that a role needs: text 4.5, what only decorates less. */
static double needed(enum theme_id theme, enum role role)
{
    const bool decoration =
        role == ROLE_BORDER || role == ROLE_FAINT_A || role == ROLE_FAINT_B;
    if (theme == THEME_CONTRAST) {
        return 7.0;
    }
    return decoration ? 2.0 : 4.5;
}

static void check_contrast(enum theme_id theme, enum role role, bool all)
{
    static const int ground[THEME_COUNT] = {
        [THEME_DARK] = 16, [THEME_LIGHT] = 231, [THEME_CONTRAST] = 16};
    struct rgb fg, bg = xterm(ground[theme]);
    const bool painted = color_of(theme, role, all, true, &bg);
    if (!color_of(theme, role, all, false, &fg)) {
        /* the terminal's own foreground needs the terminal's own ground */
        assert_false(painted);
        return;
    }
    const double found = contrast(fg, bg);
    if (found < needed(theme, role)) {
        fail_msg("theme %s role %d%s: contrast %.2f", theme_name(theme), (int)role,
                 all ? " in true colour" : "", found);
    }
}

static void test_contrast(void **state)
{
    (void)state;
    for (int theme = 0; theme < THEME_MONO; theme++) {
        for (int role = 0; role < ROLE_COUNT; role++) {
            check_contrast((enum theme_id)theme, (enum role)role, false);
            check_contrast((enum theme_id)theme, (enum role)role, true);
        }
    }
}

/* No cell is left to the terminal's own ground, which may be dark. */
static void test_light_paints(void **state)
{
    (void)state;
    int32_t white, black;
    theme_true(THEME_LIGHT, ROLE_TEXT, &black, &white);
    assert_int_equal(white, 0xFFFFFF);
    for (int role = 0; role < ROLE_COUNT; role++) {
        const struct role_style *s = theme_style(THEME_LIGHT, (enum role)role);
        const bool heat = role >= ROLE_HEAT0;
        const bool marked = role == ROLE_SELECT || role == ROLE_MATCH;
        assert_true(s->fg256 >= 0 && s->bg256 >= 0 && s->fg8 >= 0 && s->bg8 >= 0);
        assert_true(heat || marked || (s->bg256 == 231 && s->bg8 == 7));
    }
}

static void test_eight_colours(void **state)
{
    (void)state;
    for (int theme = 0; theme < THEME_COUNT; theme++) {
        for (int role = 0; role < ROLE_COUNT; role++) {
            const struct role_style *s =
                theme_style((enum theme_id)theme, (enum role)role);
            assert_true(s->fg8 >= -1 && s->fg8 < 8 && s->bg8 >= -1 && s->bg8 < 8);
            assert_true(s->fg8 < 0 || s->fg8 != s->bg8);
            if (s->bg8 >= 0) { /* text on a ground of ours never takes what comes */
                assert_true(s->fg8 >= 0);
            }
        }
    }
}

/* Heat is a scale: its grounds go one way in luminance. */
static void test_heat_is_monotone(void **state)
{
    (void)state;
    static const double way[] = {1, -1, 1};
    for (int theme = 0; theme < THEME_MONO; theme++) {
        for (int i = 0; i < 2 * (ROLE_HEAT7 - ROLE_HEAT0); i++) {
            const int role = ROLE_HEAT1 + i / 2;
            struct rgb a, b;
            color_of((enum theme_id)theme, (enum role)(role - 1), i % 2, true, &a);
            color_of((enum theme_id)theme, (enum role)role, i % 2, true, &b);
            const double x = luminance(a) + .05, y = luminance(b) + .05;
            assert_true((y - x) * way[theme] > 0);
            assert_true(fmax(x, y) / fmin(x, y) > 1.14); /* a step that is seen */
        }
    }
}

/* The colour c as a dichromat sees it; kind 0 protan, 1 deutan. */
static struct rgb dichromat(struct rgb c, int kind)
{
    static const double lms[3][3] = {{17.8824, 43.5161, 4.11935},
                                     {3.45565, 27.1554, 3.86714},
                                     {0.0299566, 0.184309, 1.46709}};
    static const double back[3][3] = {{0.0809444479, -0.130504409, 0.116721066},
                                      {-0.0102485335, 0.0540193266, -0.113614708},
                                      {-0.000365296938, -0.00412161469, 0.693511405}};
    double cone[3];
    for (int i = 0; i < 3; i++) {
        cone[i] = lms[i][0] * c.v[0] + lms[i][1] * c.v[1] + lms[i][2] * c.v[2];
    }
    if (kind == 0) {
        cone[0] = 2.02344 * cone[1] - 2.52581 * cone[2];
    } else {
        cone[1] = 0.494207 * cone[0] + 1.24827 * cone[2];
    }
    struct rgb out;
    for (int i = 0; i < 3; i++) {
        const double v =
            back[i][0] * cone[0] + back[i][1] * cone[1] + back[i][2] * cone[2];
        out.v[i] = v < 0 ? 0 : v > 1 ? 1 : v;
    }
    return out;
}

/* Difference in CIELAB (1976). */
static double difference(struct rgb a, struct rgb b)
{
    double lab[2][3];
    const struct rgb *c[2] = {&a, &b};
    for (int k = 0; k < 2; k++) {
        const double *v = c[k]->v;
        const double xyz[3] = {
            (0.4124 * v[0] + 0.3576 * v[1] + 0.1805 * v[2]) / 0.9505,
            0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2],
            (0.0193 * v[0] + 0.1192 * v[1] + 0.9505 * v[2]) / 1.089,
        };
        double f[3];
        for (int i = 0; i < 3; i++) {
            f[i] = xyz[i] > 0.008856 ? cbrt(xyz[i]) : 7.787 * xyz[i] + 16.0 / 116;
        }
        lab[k][0] = 116 * f[1] - 16;
        lab[k][1] = 500 * (f[0] - f[1]);
        lab[k][2] = 200 * (f[1] - f[2]);
    }
    return sqrt(pow(lab[0][0] - lab[1][0], 2) + pow(lab[0][1] - lab[1][1], 2) +
                pow(lab[0][2] - lab[1][2], 2));
}

static void test_colour_blind(void **state)
{
    (void)state;
    static const enum role pairs[][2] = {
        {ROLE_SERIES_A, ROLE_SERIES_B}, {ROLE_SERIES_A, ROLE_SERIES_C},
        {ROLE_SERIES_A, ROLE_SERIES_D}, {ROLE_SERIES_B, ROLE_SERIES_C},
        {ROLE_GOOD, ROLE_BAD},
    };
    for (int theme = 0; theme < THEME_MONO; theme++) {
        for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
            for (int kind = 0; kind < 4; kind++) {
                struct rgb seen[2];
                for (int k = 0; k < 2; k++) {
                    color_of((enum theme_id)theme, pairs[i][k], kind > 1, false,
                             &seen[k]);
                    seen[k] = dichromat(seen[k], kind % 2);
                }
                const double found = difference(seen[0], seen[1]);
                if (found < 15) {
                    fail_msg("theme %s, pair %zu, kind %d: difference %.1f",
                             theme_name((enum theme_id)theme), i, kind, found);
                }
            }
        }
    }
}

/* Without colour nothing that must stand out looks like plain text. */
static void test_mono(void **state)
{
    (void)state;
    static const enum role marked[] = {ROLE_SELECT, ROLE_MATCH, ROLE_WARN, ROLE_BAD,
                                       ROLE_FOCUS,  ROLE_KEY,   ROLE_HEAT7};
    for (int theme = 0; theme < THEME_COUNT; theme++) {
        for (size_t i = 0; i < sizeof marked / sizeof marked[0]; i++) {
            assert_true(theme_style((enum theme_id)theme, marked[i])->mono_attr != 0);
        }
    }
    for (int role = 0; role < ROLE_COUNT; role++) {
        const struct role_style *s = theme_style(THEME_MONO, (enum role)role);
        assert_true(s->fg256 == -1 && s->bg256 == -1 && s->fg8 == -1 && s->bg8 == -1);
        assert_int_equal(s->attr, s->mono_attr);
    }
}

static void test_names(void **state)
{
    (void)state;
    for (int theme = 0; theme < THEME_COUNT; theme++) {
        assert_int_equal(theme_find(theme_name((enum theme_id)theme)), theme);
    }
    assert_int_equal(theme_find("Dark"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contrast),      cmocka_unit_test(test_light_paints),
        cmocka_unit_test(test_eight_colours), cmocka_unit_test(test_heat_is_monotone),
        cmocka_unit_test(test_colour_blind),  cmocka_unit_test(test_mono),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
