/* The light and the high-contrast theme paint their background; dark keeps the
 * terminal's own. The series colours are Okabe and Ito's colour-blind safe set on the
 * nearest entries of the xterm colour cube; heat is a scale of the cividis type (navy,
 * grey, yellow), told apart by luminance alone. tests/unit/test_theme.c measures
 * contrasts. */
#include "ui/theme.h"

#include <string.h>

enum { B = ATTR_BOLD, U = ATTR_UNDERLINE, R = ATTR_REVERSE };

/* Attributes without colour: the same in every theme. Series are told apart by their
 * letters, heat by its brackets and digits as well. */
enum {
    MONO_TITLE = 0,
    MONO_VALUE = B,
    MONO_FOCUS = B,
    MONO_KEY = B,
    MONO_SELECT = R,
    MONO_MATCH = U | B,
    MONO_GOOD = B,
    MONO_WARN = U,
    MONO_BAD = R | B,
    MONO_SERIES = B,
    MONO_HEAT_MID = U,
    MONO_HEAT_HIGH = U | B,
    MONO_HEAT_TOP = R,
};

/* A row: foreground and background of 256, of 8, attributes with and without colour. */
/* clang-format off */
static const struct role_style styles[THEME_COUNT][ROLE_COUNT] = {
    [THEME_DARK] = {
        [ROLE_TEXT]     = { -1,  -1, -1, -1, 0, 0},
        [ROLE_DIM]      = {245,  -1, -1, -1, 0, 0},
        [ROLE_TITLE]    = {252,  -1, -1, -1, 0, MONO_TITLE},
        [ROLE_VALUE]    = {231,  -1,  7, -1, B, MONO_VALUE},
        [ROLE_BORDER]   = {240,  -1, -1, -1, 0, 0},
        [ROLE_FOCUS]    = {117,  -1,  6, -1, B, MONO_FOCUS},
        [ROLE_AXIS]     = {245,  -1, -1, -1, 0, 0},
        [ROLE_EVENT]    = {221,  -1,  3, -1, 0, 0},
        [ROLE_KEY]      = { 81,  -1,  6, -1, B, MONO_KEY},
        [ROLE_SELECT]   = {231,  24,  7,  4, B, MONO_SELECT},
        [ROLE_MATCH]    = { 16, 221,  0,  3, 0, MONO_MATCH},
        [ROLE_GOOD]     = { 43,  -1,  6, -1, B, MONO_GOOD},
        [ROLE_WARN]     = {220,  -1,  3, -1, B, MONO_WARN},
        [ROLE_BAD]      = {209,  -1,  1, -1, B, MONO_BAD},
        [ROLE_SERIES_A] = {214,  -1,  3, -1, B, MONO_SERIES},
        [ROLE_SERIES_B] = { 74,  -1,  6, -1, B, MONO_SERIES},
        [ROLE_SERIES_C] = { 36,  -1,  2, -1, B, MONO_SERIES},
        [ROLE_SERIES_D] = {175,  -1,  5, -1, B, MONO_SERIES},
        [ROLE_FAINT_A]  = { 94,  -1,  3, -1, 0, 0},
        [ROLE_FAINT_B]  = { 24,  -1,  6, -1, 0, 0},
        [ROLE_HEAT0]    = {231,  17, -1, -1, 0, 0},
        [ROLE_HEAT1]    = {231,  18,  7,  4, 0, 0},
        [ROLE_HEAT2]    = {231,  24,  7,  4, 0, 0},
        [ROLE_HEAT3]    = { 16,  66,  0,  6, 0, MONO_HEAT_MID},
        [ROLE_HEAT4]    = { 16, 107,  0,  6, 0, MONO_HEAT_MID},
        [ROLE_HEAT5]    = { 16, 178,  0,  3, 0, MONO_HEAT_HIGH},
        [ROLE_HEAT6]    = { 16, 220,  0,  3, 0, MONO_HEAT_HIGH},
        [ROLE_HEAT7]    = { 16, 230,  0,  7, 0, MONO_HEAT_TOP},
    },
    [THEME_LIGHT] = { /* on its own background, white */
        [ROLE_TEXT]     = { 16, 231,  0,  7, 0, 0},
        [ROLE_DIM]      = {242, 231,  0,  7, 0, 0},
        [ROLE_TITLE]    = {236, 231,  0,  7, 0, MONO_TITLE},
        [ROLE_VALUE]    = { 16, 231,  0,  7, B, MONO_VALUE},
        [ROLE_BORDER]   = {245, 231,  0,  7, 0, 0},
        [ROLE_FOCUS]    = { 25, 231,  4,  7, B, MONO_FOCUS},
        [ROLE_AXIS]     = {242, 231,  0,  7, 0, 0},
        [ROLE_EVENT]    = { 58, 231,  5,  7, 0, 0},
        [ROLE_KEY]      = { 25, 231,  4,  7, B, MONO_KEY},
        [ROLE_SELECT]   = {231,  25,  7,  4, B, MONO_SELECT},
        [ROLE_MATCH]    = { 16, 221,  0,  3, 0, MONO_MATCH},
        [ROLE_GOOD]     = { 23, 231,  4,  7, B, MONO_GOOD},
        [ROLE_WARN]     = { 94, 231,  5,  7, B, MONO_WARN},
        [ROLE_BAD]      = {124, 231,  1,  7, B, MONO_BAD},
        [ROLE_SERIES_A] = {130, 231,  1,  7, 0, MONO_SERIES},
        [ROLE_SERIES_B] = { 25, 231,  4,  7, 0, MONO_SERIES},
        [ROLE_SERIES_C] = { 23, 231,  0,  7, 0, MONO_SERIES},
        [ROLE_SERIES_D] = { 90, 231,  5,  7, 0, MONO_SERIES},
        [ROLE_FAINT_A]  = {173, 231,  1,  7, 0, 0},
        [ROLE_FAINT_B]  = {110, 231,  6,  7, 0, 0},
        [ROLE_HEAT0]    = { 16, 230,  0,  7, 0, 0},
        [ROLE_HEAT1]    = { 16, 220,  0,  3, 0, 0},
        [ROLE_HEAT2]    = { 16, 178,  0,  3, 0, 0},
        [ROLE_HEAT3]    = { 16, 107,  0,  6, 0, MONO_HEAT_MID},
        [ROLE_HEAT4]    = { 16,  66,  0,  6, 0, MONO_HEAT_MID},
        [ROLE_HEAT5]    = {231,  24,  7,  4, 0, MONO_HEAT_HIGH},
        [ROLE_HEAT6]    = {231,  18,  7,  4, 0, MONO_HEAT_HIGH},
        [ROLE_HEAT7]    = {231,  17,  7,  0, 0, MONO_HEAT_TOP},
    },
    [THEME_CONTRAST] = {
        [ROLE_TEXT]     = {231,  16,  7,  0, 0, 0},
        [ROLE_DIM]      = {250,  16,  7,  0, 0, 0},
        [ROLE_TITLE]    = {231,  16,  7,  0, B, MONO_TITLE},
        [ROLE_VALUE]    = {231,  16,  7,  0, B, MONO_VALUE},
        [ROLE_BORDER]   = {250,  16,  7,  0, 0, 0},
        [ROLE_FOCUS]    = {226,  16,  3,  0, B, MONO_FOCUS},
        [ROLE_AXIS]     = {252,  16,  7,  0, 0, 0},
        [ROLE_EVENT]    = {226,  16,  3,  0, B, 0},
        [ROLE_KEY]      = { 51,  16,  6,  0, B, MONO_KEY},
        [ROLE_SELECT]   = { 16, 226,  0,  3, B, MONO_SELECT},
        [ROLE_MATCH]    = { 16,  51,  0,  6, B, MONO_MATCH},
        [ROLE_GOOD]     = { 48,  16,  6,  0, B, MONO_GOOD},
        [ROLE_WARN]     = {226,  16,  3,  0, B, MONO_WARN},
        [ROLE_BAD]      = {209,  16,  1,  0, B, MONO_BAD},
        [ROLE_SERIES_A] = {214,  16,  3,  0, B, MONO_SERIES},
        [ROLE_SERIES_B] = {117,  16,  6,  0, B, MONO_SERIES},
        [ROLE_SERIES_C] = { 48,  16,  2,  0, B, MONO_SERIES},
        [ROLE_SERIES_D] = {218,  16,  5,  0, B, MONO_SERIES},
        [ROLE_FAINT_A]  = {178,  16,  3,  0, 0, 0},
        [ROLE_FAINT_B]  = { 74,  16,  6,  0, 0, 0},
        [ROLE_HEAT0]    = {231,  16,  7,  0, 0, 0},
        [ROLE_HEAT1]    = {231,  17,  7,  4, 0, 0},
        [ROLE_HEAT2]    = {231,  18,  7,  4, B, 0},
        [ROLE_HEAT3]    = {231,  24,  0,  6, B, MONO_HEAT_MID},
        [ROLE_HEAT4]    = { 16, 107,  0,  6, 0, MONO_HEAT_MID},
        [ROLE_HEAT5]    = { 16, 178,  0,  3, 0, MONO_HEAT_HIGH},
        [ROLE_HEAT6]    = { 16, 220,  0,  3, B, MONO_HEAT_HIGH},
        [ROLE_HEAT7]    = { 16, 231,  0,  7, B, MONO_HEAT_TOP},
    },
    [THEME_MONO] = {
        [ROLE_TEXT]     = {-1, -1, -1, -1, 0, 0},
        [ROLE_DIM]      = {-1, -1, -1, -1, 0, 0},
        [ROLE_TITLE]    = {-1, -1, -1, -1, MONO_TITLE, MONO_TITLE},
        [ROLE_VALUE]    = {-1, -1, -1, -1, MONO_VALUE, MONO_VALUE},
        [ROLE_BORDER]   = {-1, -1, -1, -1, 0, 0},
        [ROLE_FOCUS]    = {-1, -1, -1, -1, MONO_FOCUS, MONO_FOCUS},
        [ROLE_AXIS]     = {-1, -1, -1, -1, 0, 0},
        [ROLE_EVENT]    = {-1, -1, -1, -1, 0, 0},
        [ROLE_KEY]      = {-1, -1, -1, -1, MONO_KEY, MONO_KEY},
        [ROLE_SELECT]   = {-1, -1, -1, -1, MONO_SELECT, MONO_SELECT},
        [ROLE_MATCH]    = {-1, -1, -1, -1, MONO_MATCH, MONO_MATCH},
        [ROLE_GOOD]     = {-1, -1, -1, -1, MONO_GOOD, MONO_GOOD},
        [ROLE_WARN]     = {-1, -1, -1, -1, MONO_WARN, MONO_WARN},
        [ROLE_BAD]      = {-1, -1, -1, -1, MONO_BAD, MONO_BAD},
        [ROLE_SERIES_A] = {-1, -1, -1, -1, MONO_SERIES, MONO_SERIES},
        [ROLE_SERIES_B] = {-1, -1, -1, -1, MONO_SERIES, MONO_SERIES},
        [ROLE_SERIES_C] = {-1, -1, -1, -1, MONO_SERIES, MONO_SERIES},
        [ROLE_SERIES_D] = {-1, -1, -1, -1, MONO_SERIES, MONO_SERIES},
        [ROLE_FAINT_A]  = {-1, -1, -1, -1, 0, 0},
        [ROLE_FAINT_B]  = {-1, -1, -1, -1, 0, 0},
        [ROLE_HEAT0]    = {-1, -1, -1, -1, 0, 0},
        [ROLE_HEAT1]    = {-1, -1, -1, -1, 0, 0},
        [ROLE_HEAT2]    = {-1, -1, -1, -1, 0, 0},
        [ROLE_HEAT3]    = {-1, -1, -1, -1, MONO_HEAT_MID, MONO_HEAT_MID},
        [ROLE_HEAT4]    = {-1, -1, -1, -1, MONO_HEAT_MID, MONO_HEAT_MID},
        [ROLE_HEAT5]    = {-1, -1, -1, -1, MONO_HEAT_HIGH, MONO_HEAT_HIGH},
        [ROLE_HEAT6]    = {-1, -1, -1, -1, MONO_HEAT_HIGH, MONO_HEAT_HIGH},
        [ROLE_HEAT7]    = {-1, -1, -1, -1, MONO_HEAT_TOP, MONO_HEAT_TOP},
    },
};
/* clang-format on */

static const char *const names[THEME_COUNT] = {
    [THEME_DARK] = "dark",
    [THEME_LIGHT] = "light",
    [THEME_CONTRAST] = "contrast",
    [THEME_MONO] = "mono",
};

const char *theme_name(enum theme_id id)
{
    return names[id];
}

int theme_find(const char *name)
{
    for (int i = 0; i < THEME_COUNT; i++) {
        if (!strcmp(name, names[i])) {
            return i;
        }
    }
    return -1;
}

const struct role_style *theme_style(enum theme_id id, enum role role)
{
    return &styles[id][role];
}

/* ---- true colour ---- */

/* Cividis (Nunez, Anderton and Renslow, 2018) in eight steps; on white it runs the
 * other way, from almost nothing and without one of the middle steps. */
static const int32_t heat_on_black[] = {0x00204D, 0x10396E, 0x4A536C, 0x6C6E72,
                                        0x8E8A78, 0xB3A771, 0xDBC860, 0xFFEA46};
static const int32_t heat_on_white[] = {0xFFF8D0, 0xFFEA46, 0xDBC860, 0xB3A771,
                                        0x8E8A78, 0x4A536C, 0x10396E, 0x00204D};

/* Okabe and Ito's own colours; on white they are too light for letters. */
static const struct {
    enum role role;
    int32_t rgb;
} okabe_ito[] = {
    {ROLE_SERIES_A, 0xE69F00},
    {ROLE_SERIES_B, 0x56B4E9},
    {ROLE_SERIES_C, 0x009E73},
    {ROLE_SERIES_D, 0xCC79A7},
};

/* Entry of xterm's 256 colours; 16 to 255 are the same everywhere. */
static int32_t of_256(int index)
{
    static const int32_t level[] = {0, 95, 135, 175, 215, 255};
    if (index < 16) {
        return -1;
    }
    if (index >= 232) {
        const int32_t grey = 8 + 10 * (index - 232);
        return grey << 16 | grey << 8 | grey;
    }
    const int i = index - 16;
    return level[i / 36] << 16 | level[i / 6 % 6] << 8 | level[i % 6];
}

void theme_true(enum theme_id id, enum role role, int32_t *fg, int32_t *bg)
{
    *fg = of_256(styles[id][role].fg256);
    *bg = of_256(styles[id][role].bg256);
    if (role >= ROLE_HEAT0 && id == THEME_DARK) {
        *bg = heat_on_black[role - ROLE_HEAT0];
        *fg = role < ROLE_HEAT4 ? 0xFFFFFF : 0x000000;
    } else if (role >= ROLE_HEAT0 && id == THEME_LIGHT) {
        *bg = heat_on_white[role - ROLE_HEAT0];
        *fg = role > ROLE_HEAT4 ? 0xFFFFFF : 0x000000;
    }
    for (size_t i = 0; id == THEME_DARK && i < sizeof okabe_ito / sizeof okabe_ito[0];
         i++) {
        *fg = okabe_ito[i].role == role ? okabe_ito[i].rgb : *fg;
    }
}
