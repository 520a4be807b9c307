#include "ui/canvas.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "ui/glyph.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { CANVAS_MAX = 10000 }; /* cells a side */

/* ---- rectangles ---- */

static int clamp_int(int64_t v)
{
    return v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : (int)v;
}

struct rect rect_intersect(struct rect a, struct rect b)
{
    const int64_t ax = a.x + (int64_t)(a.w > 0 ? a.w : 0);
    const int64_t ay = a.y + (int64_t)(a.h > 0 ? a.h : 0);
    const int64_t bx = b.x + (int64_t)(b.w > 0 ? b.w : 0);
    const int64_t by = b.y + (int64_t)(b.h > 0 ? b.h : 0);
    struct rect r = {a.x > b.x ? a.x : b.x, a.y > b.y ? a.y : b.y, 0, 0};
    const int64_t w = (ax < bx ? ax : bx) - r.x;
    const int64_t h = (ay < by ? ay : by) - r.y;
    r.w = w > 0 ? clamp_int(w) : 0;
    r.h = h > 0 ? clamp_int(h) : 0;
    return r;
}

struct rect rect_inset(struct rect r, int dx, int dy)
{
    r.x += dx;
    r.y += dy;
    r.w = r.w > 2 * dx ? r.w - 2 * dx : 0;
    r.h = r.h > 2 * dy ? r.h - 2 * dy : 0;
    return r;
}

bool rect_holds(struct rect r, int x, int y)
{
    return x >= r.x && y >= r.y && x < (int64_t)r.x + r.w && y < (int64_t)r.y + r.h;
}

/* ---- life ---- */

enum err canvas_resize(struct canvas *c, int w, int h, struct errinfo *e)
{
    if (w < 1 || h < 1 || w > CANVAS_MAX || h > CANVAS_MAX) {
        return err_set(e, ERR_LIMIT,
                       "a canvas of %d x %d cells: expected 1 to %d a side", w, h,
                       CANVAS_MAX);
    }
    struct cell *cell;
    TRY(mem_new(&cell, (size_t)w * (size_t)h, sizeof *cell, "a canvas", e));
    mem_free(c->cell);
    c->cell = cell;
    c->w = w;
    c->h = h;
    c->clip = (struct rect){0, 0, w, h};
    canvas_clear(c);
    return OK;
}

enum err canvas_init(struct canvas *c, int w, int h, enum glyph_tier tier,
                     struct errinfo *e)
{
    struct canvas fresh = {.tier = tier, .cursor_x = -1, .cursor_y = -1};
    TRY(canvas_resize(&fresh, w, h, e));
    *c = fresh;
    return OK;
}

void canvas_deinit(struct canvas *c)
{
    mem_free(c->cell);
    *c = (struct canvas){.cursor_x = -1, .cursor_y = -1};
}

void canvas_clear(struct canvas *c)
{
    canvas_fill(c, c->clip, ' ', ROLE_TEXT, 0);
    c->cursor_x = c->cursor_y = -1;
}

struct rect canvas_clip(struct canvas *c, struct rect r)
{
    const struct rect old = c->clip;
    c->clip = rect_intersect(old, r);
    return old;
}

void canvas_unclip(struct canvas *c, struct rect old)
{
    c->clip = old;
}

/* ---- cells ---- */

/* Write one cell. Half of a wide glyph that loses its other half becomes a space, even
 * outside the clip: a grid with half a glyph cannot be shown. */
static void set_cell(struct canvas *c, int x, int y, struct cell v)
{
    struct cell *at = &c->cell[(size_t)y * (size_t)c->w + (size_t)x];
    if (at->width == 0 && x > 0 && at[-1].width == 2) {
        at[-1].cp = ' ';
        at[-1].width = 1;
    }
    if (at->width == 2 && x + 1 < c->w) {
        at[1].cp = ' ';
        at[1].width = 1;
    }
    *at = v;
}

void canvas_put(struct canvas *c, int x, int y, uint32_t cp, enum role role,
                uint8_t attr)
{
    cp = glyph_at_tier(cp, c->tier);
    int width = glyph_width(cp);
    if (width == 0) {
        cp = '?';
        width = 1;
    }
    const bool first = rect_holds(c->clip, x, y);
    const struct cell space = {' ', (uint16_t)role, attr, 1};
    if (width == 1) {
        if (first) {
            set_cell(c, x, y, (struct cell){cp, (uint16_t)role, attr, 1});
        }
        return;
    }
    const bool second = x < c->w && rect_holds(c->clip, x + 1, y);
    if (first && second) {
        set_cell(c, x, y, space);
        set_cell(c, x + 1, y, space);
        struct cell *at = &c->cell[(size_t)y * (size_t)c->w + (size_t)x];
        at[0] = (struct cell){cp, (uint16_t)role, attr, 2};
        at[1] = (struct cell){0, (uint16_t)role, attr, 0};
    } else if (first) {
        set_cell(c, x, y, space);
    } else if (second) {
        set_cell(c, x + 1, y, space);
    }
}

void canvas_fill(struct canvas *c, struct rect r, uint32_t cp, enum role role,
                 uint8_t attr)
{
    r = rect_intersect(r, c->clip);
    const uint32_t shown = glyph_at_tier(cp, c->tier);
    const int width = glyph_width(shown);
    const struct cell cell = {shown, (uint16_t)role, attr, 1};
    for (int y = r.y; y < r.y + r.h; y++) {
        for (int x = r.x; x < r.x + r.w; x += width == 2 ? 2 : 1) {
            if (width == 1) { /* most cells of a frame: not looked up each time */
                set_cell(c, x, y, cell);
            } else {
                canvas_put(c, x, y, cp, role, attr);
            }
        }
    }
}

void canvas_tint(struct canvas *c, struct rect r, enum role role, uint8_t attr)
{
    r = rect_intersect(r, c->clip);
    for (int y = r.y; y < r.y + r.h; y++) {
        struct cell *row = &c->cell[(size_t)y * (size_t)c->w];
        for (int x = r.x; x < r.x + r.w; x++) {
            row[x].role = (uint16_t)role;
            row[x].attr = attr;
        }
        /* Both halves of a wide glyph get the same look. */
        if (r.w > 0 && row[r.x].width == 0 && r.x > 0) {
            row[r.x - 1].role = (uint16_t)role;
            row[r.x - 1].attr = attr;
        }
        const int end = r.x + r.w;
        if (r.w > 0 && end < c->w && row[end].width == 0) {
            row[end].role = (uint16_t)role;
            row[end].attr = attr;
        }
    }
}

/* ---- text ---- */

/* What is drawn for one code point or invalid byte of a text. */
struct piece {
    uint32_t cp[16];
    int n, width;
};

static void spell(struct piece *p, const char *text)
{
    for (p->n = 0; text[p->n]; p->n++) {
        p->cp[p->n] = (unsigned char)text[p->n];
    }
    p->width = p->n;
}

/* Make the next piece of s[n], n >= 1. Returns the bytes consumed. */
static size_t next_piece(const char *s, size_t n, struct piece *p)
{
    uint32_t cp;
    const size_t used = utf8_next(s, n, &cp);
    char escaped[16];
    if (cp == '\n') {
        p->cp[0] = 0x23CE;
        p->n = p->width = 1;
    } else if (cp == '\t') {
        spell(p, "\\t");
    } else if (cp == UTF8_INVALID || cp < 0x20 || cp == 0x7F) {
        snprintf(escaped, sizeof escaped, "\\x%02x", (unsigned)(unsigned char)s[0]);
        spell(p, escaped);
    } else if (utf8_is_unsafe(cp)) {
        snprintf(escaped, sizeof escaped, "\\u{%04x}", (unsigned)cp);
        spell(p, escaped);
    } else {
        p->cp[0] = cp;
        p->width = glyph_width(cp);
        p->n = p->width > 0;
    }
    return used;
}

/* Columns of s[n], counted no further than just past `enough`. At a tier a wide glyph
 * may shrink to a stand-in of one column. */
static int measure(const char *s, size_t n, int enough, enum glyph_tier tier)
{
    int total = 0;
    while (n > 0 && total <= enough) {
        struct piece p;
        const size_t used = next_piece(s, n, &p);
        s += used;
        n -= used;
        if (p.n == 1) {
            p.width = glyph_width(glyph_at_tier(p.cp[0], tier));
        }
        total += p.width;
    }
    return total;
}

int canvas_text_width(const char *text)
{
    return measure(text, strlen(text), INT32_MAX - 32, GLYPH_BRAILLE);
}

int canvas_text(struct canvas *c, int x, int y, int max_cols, const char *text,
                enum role role, uint8_t attr)
{
    size_t n = strlen(text);
    if (max_cols <= 0 || n == 0) {
        return 0;
    }
    if (max_cols > INT32_MAX - 32) {
        max_cols = INT32_MAX - 32;
    }
    const bool cut = measure(text, n, max_cols, c->tier) > max_cols;
    const int room = cut ? max_cols - 1 : max_cols;
    int used = 0;
    while (n > 0) {
        struct piece p;
        const size_t bytes = next_piece(text, n, &p);
        text += bytes;
        n -= bytes;
        for (int i = 0; i < p.n; i++) {
            const int width = glyph_width(glyph_at_tier(p.cp[i], c->tier));
            if (used + width > room) {
                n = 0;
                break;
            }
            if (x <= c->w - used) {
                canvas_put(c, x + used, y, p.cp[i], role, attr);
            }
            used += width;
        }
    }
    if (cut) {
        if (x <= c->w - used) {
            canvas_put(c, x + used, y, 0x2026, role, attr);
        }
        used++;
    }
    return used;
}

int canvas_textf(struct canvas *c, int x, int y, int max_cols, enum role role,
                 uint8_t attr, const char *fmt, ...)
{
    char line[1024];
    va_list ap;
    va_start(ap, fmt);
    const int n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (n < 0) {
        return 0;
    }
    /* A cut by vsnprintf may have split a code point. */
    if ((size_t)n >= sizeof line) {
        const size_t len = sizeof line - 1;
        size_t back = 0;
        while (back < 3 && ((unsigned char)line[len - 1 - back] & 0xC0) == 0x80) {
            back++;
        }
        const size_t lead = len - 1 - back;
        uint32_t cp;
        if (utf8_next(line + lead, len - lead, &cp) < len - lead ||
            cp == UTF8_INVALID) {
            line[lead] = '\0';
        }
    }
    return canvas_text(c, x, y, max_cols, line, role, attr);
}

/* ---- boxes ---- */

struct rect canvas_box(struct canvas *c, struct rect r, const char *title,
                       const char *value, bool focused)
{
    const struct rect inside = rect_inset(r, 1, 1);
    if (r.w < 2 || r.h < 2) {
        return (struct rect){r.x, r.y, 0, 0};
    }
    /* horizontal, vertical, the corners from top left, row by row */
    static const uint32_t light[] = {0x2500, 0x2502, 0x250C, 0x2510, 0x2514, 0x2518};
    static const uint32_t heavy[] = {0x2501, 0x2503, 0x250F, 0x2513, 0x2517, 0x251B};
    const uint32_t *line = focused ? heavy : light;
    const enum role role = focused ? ROLE_FOCUS : ROLE_BORDER;
    const int right = r.x + r.w - 1;
    const int bottom = r.y + r.h - 1;
    canvas_fill(c, (struct rect){r.x, r.y, r.w, 1}, line[0], role, 0);
    canvas_fill(c, (struct rect){r.x, bottom, r.w, 1}, line[0], role, 0);
    canvas_fill(c, (struct rect){r.x, r.y, 1, r.h}, line[1], role, 0);
    canvas_fill(c, (struct rect){right, r.y, 1, r.h}, line[1], role, 0);
    canvas_put(c, r.x, r.y, line[2], role, 0);
    canvas_put(c, right, r.y, line[3], role, 0);
    canvas_put(c, r.x, bottom, line[4], role, 0);
    canvas_put(c, right, bottom, line[5], role, 0);
    /* "┌─ title ─── value ─┐": each with a space around it and a piece of border
     * beside. The title has the first claim to the room. */
    int room = r.w - 6;
    if (title && *title && room > 0) {
        canvas_put(c, r.x + 2, r.y, ' ', role, 0);
        const int used =
            canvas_text(c, r.x + 3, r.y, room, title, focused ? ROLE_FOCUS : ROLE_TITLE,
                        focused ? ATTR_BOLD : 0);
        canvas_put(c, r.x + 3 + used, r.y, ' ', role, 0);
        room -= used + 3;
    }
    if (value && *value && room > 0) {
        int w = measure(value, strlen(value), room, c->tier);
        w = w < room ? w : room;
        const int x = right - 2 - w;
        canvas_put(c, x - 1, r.y, ' ', role, 0);
        canvas_text(c, x, r.y, room, value, ROLE_VALUE, 0);
        canvas_put(c, right - 2, r.y, ' ', role, 0);
    }
    return inside;
}

/* ---- dump ---- */

static const char role_letters[] = {
#define ROLE_LETTER(id, letter, name) letter,
    ROLE_LIST(ROLE_LETTER)
#undef ROLE_LETTER
};

enum err canvas_dump(const struct canvas *c, bool roles, char **out, struct errinfo *e)
{
    struct str s;
    str_init(&s,
             (size_t)c->w * (size_t)c->h * 6 + (size_t)c->w + 2 * (size_t)c->h + 16);
    for (int y = 0; y < c->h; y++) {
        for (int x = 0; x < c->w; x++) {
            const struct cell *at = &c->cell[(size_t)y * (size_t)c->w + (size_t)x];
            char utf8[4];
            if (at->width) {
                str_addn(&s, utf8, utf8_put(at->cp, utf8));
            }
        }
        str_addc(&s, '\n');
    }
    if (roles) {
        for (int x = 0; x < c->w; x++) {
            str_addc(&s, '=');
        }
        str_addc(&s, '\n');
        for (int y = 0; y < c->h; y++) {
            for (int x = 0; x < c->w; x++) {
                const uint16_t role =
                    c->cell[(size_t)y * (size_t)c->w + (size_t)x].role;
                str_addc(&s, role_letters[role]);
            }
            str_addc(&s, '\n');
        }
    }
    const enum err rc = str_err(&s, "a screen dump", e);
    if (rc != OK) {
        str_free(&s);
        return rc;
    }
    *out = str_take(&s);
    return OK;
}
