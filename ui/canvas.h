/* A grid of cells that screens draw into; back ends show it (term_curses.c) or keep it
 * (tests). Nothing here touches a terminal. Owner thread.
 *
 * Text that came from a file or a model goes through canvas_text, which measures and
 * escapes: no control byte ever reaches a cell. */
#ifndef SAETOP_UI_CANVAS_H
#define SAETOP_UI_CANVAS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The meanings of a cell, to which a theme gives colours. X(enum, letter in golden
 * files, name) */
#define ROLE_LIST(X)                                                                   \
    X(ROLE_TEXT, '.', "text")                                                          \
    X(ROLE_DIM, 'd', "dim")                                                            \
    X(ROLE_TITLE, 't', "title")                                                        \
    X(ROLE_VALUE, 'v', "value")                                                        \
    X(ROLE_BORDER, 'b', "border")                                                      \
    X(ROLE_FOCUS, 'f', "focus")                                                        \
    X(ROLE_AXIS, 'a', "axis")                                                          \
    X(ROLE_EVENT, 'e', "event")                                                        \
    X(ROLE_KEY, 'k', "key")                                                            \
    X(ROLE_SELECT, 's', "selection")                                                   \
    X(ROLE_MATCH, 'm', "match")                                                        \
    X(ROLE_GOOD, 'g', "good")                                                          \
    X(ROLE_WARN, 'w', "warning")                                                       \
    X(ROLE_BAD, 'x', "bad")                                                            \
    X(ROLE_SERIES_A, 'A', "series A")                                                  \
    X(ROLE_SERIES_B, 'B', "series B")                                                  \
    X(ROLE_SERIES_C, 'C', "series C")                                                  \
    X(ROLE_SERIES_D, 'D', "series D")                                                  \
    X(ROLE_FAINT_A, 'i', "raw A")                                                      \
    X(ROLE_FAINT_B, 'j', "raw B")                                                      \
    X(ROLE_HEAT0, '0', "heat 0")                                                       \
    X(ROLE_HEAT1, '1', "heat 1")                                                       \
    X(ROLE_HEAT2, '2', "heat 2")                                                       \
    X(ROLE_HEAT3, '3', "heat 3")                                                       \
    X(ROLE_HEAT4, '4', "heat 4")                                                       \
    X(ROLE_HEAT5, '5', "heat 5")                                                       \
    X(ROLE_HEAT6, '6', "heat 6")                                                       \
    X(ROLE_HEAT7, '7', "heat 7")

enum role {
#define ROLE_ENUM(id, letter, name) id,
    ROLE_LIST(ROLE_ENUM)
#undef ROLE_ENUM
        ROLE_COUNT
};

enum { ATTR_BOLD = 1, ATTR_UNDERLINE = 2, ATTR_REVERSE = 4 };

struct cell {
    uint32_t cp;   /* code point; 0 in the second column of a wide glyph */
    uint16_t role; /* enum role */
    uint8_t attr;
    uint8_t width; /* 1 or 2; 0 in the second column of a wide glyph */
};

struct rect {
    int x, y, w, h; /* w and h may be 0 or less: nothing is drawn */
};
struct rect rect_intersect(struct rect a, struct rect b);
struct rect rect_inset(struct rect r, int dx, int dy);
bool rect_holds(struct rect r, int x, int y);

/* Range of characters that the terminal's font can show. */
enum glyph_tier { GLYPH_BRAILLE, GLYPH_BLOCK, GLYPH_ASCII };

struct plot_svg;
struct canvas {
    int w, h;
    struct cell *cell; /* [h * w] */
    struct rect clip;
    enum glyph_tier tier;
    int cursor_x, cursor_y; /* -1: hidden */
    bool mono;              /* nothing may depend on colour: curves are dashed */
    struct plot_svg *plots; /* plots are drawn there as well; NULL: nowhere */
};

enum err canvas_init(struct canvas *c, int w, int h, enum glyph_tier tier,
                     struct errinfo *e) ERR_CHECKED;
void canvas_deinit(struct canvas *c);
/* Resize; the content is cleared. */
enum err canvas_resize(struct canvas *c, int w, int h, struct errinfo *e) ERR_CHECKED;
void canvas_clear(struct canvas *c); /* spaces, ROLE_TEXT, whole clip, cursor hidden */

/* Narrow the clip to its intersection with r; returns the old one for canvas_unclip. */
struct rect canvas_clip(struct canvas *c, struct rect r);
void canvas_unclip(struct canvas *c, struct rect old);

/* Draw a code point in one cell, or two if it is wide. Nothing is drawn outside the
 * clip; a wide one that it would cut becomes a space. A control code is shown as '?'. A
 * code point that the tier cannot show is replaced by its ASCII stand-in (glyph.c). */
void canvas_put(struct canvas *c, int x, int y, uint32_t cp, enum role role,
                uint8_t attr);
/* Draw UTF-8 text from (x,y) in at most max_cols columns; longer text ends in an
 * ellipsis. A newline is shown as U+23CE, a tab as \t; other control bytes and invalid
 * bytes as \xNN, format characters as \u{NNNN}; combining marks are left out. Returns
 * the columns used, including those outside the clip. */
int canvas_text(struct canvas *c, int x, int y, int max_cols, const char *text,
                enum role role, uint8_t attr);
int canvas_textf(struct canvas *c, int x, int y, int max_cols, enum role role,
                 uint8_t attr, const char *fmt, ...)
    __attribute__((format(printf, 7, 8)));
/* Columns that canvas_text would use for the whole text. */
int canvas_text_width(const char *text);
void canvas_fill(struct canvas *c, struct rect r, uint32_t cp, enum role role,
                 uint8_t attr);
/* Give cells of r another role or attribute, keeping their glyphs. */
void canvas_tint(struct canvas *c, struct rect r, enum role role, uint8_t attr);

/* Draw a border with a title at its left and a value at its right; heavy when focused.
 * Returns the inside. */
struct rect canvas_box(struct canvas *c, struct rect r, const char *title,
                       const char *value, bool focused);

/* Write the glyphs as UTF-8 text, a line for each row; then, if roles is set, a rule
 * and the role letters (golden files). Caller frees with mem_free. */
enum err canvas_dump(const struct canvas *c, bool roles, char **out,
                     struct errinfo *e) ERR_CHECKED;

#endif
