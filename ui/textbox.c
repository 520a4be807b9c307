#include "ui/textbox.h"

#include "base/utf8.h"
#include "ui/event.h"
#include "ui/glyph.h"
#include "ui/typed_keys.h"

#include <string.h>

/* ---- text ---- */

/* Insert one code point, unless there is no room. Returns whether it was. */
static bool insert(struct textbox *b, const char *s, size_t n)
{
    if (b->replaces) {
        if (b->history) {
            line_history_add(b->history, b->text);
        }
        textbox_set(b, "");
    }
    if (b->len + n >= TEXTBOX_CAP) {
        return false;
    }
    memmove(b->text + b->cursor + n, b->text + b->cursor, b->len - b->cursor + 1);
    memcpy(b->text + b->cursor, s, n);
    b->len += n;
    b->cursor += n;
    return true;
}

static enum line_result erase(struct textbox *b, size_t from, size_t to)
{
    if (from >= to) {
        return LINE_IGNORED;
    }
    memmove(b->text + from, b->text + to, b->len - to + 1);
    b->len -= to - from;
    b->cursor = from;
    return LINE_CHANGED;
}

enum line_result textbox_paste(struct textbox *b, const char *bytes, size_t n,
                               bool *whole)
{
    bool any = false;
    *whole = true;
    for (size_t i = 0; i < n && *whole;) {
        uint32_t cp;
        const size_t len = utf8_next(bytes + i, n - i, &cp);
        if (cp == '\r' || cp == '\n') {
            const bool second = cp == '\n' && i > 0 && bytes[i - 1] == '\r';
            *whole = second || insert(b, "\n", 1);
            any = any || (*whole && !second);
        } else if (cp == '\t') {
            any = (*whole = insert(b, " ", 1)) || any;
        } else if (cp != UTF8_INVALID && !utf8_is_unsafe(cp)) {
            any = (*whole = insert(b, bytes + i, len)) || any;
        }
        i += len;
    }
    b->recalled = any ? 0 : b->recalled;
    return any ? LINE_CHANGED : LINE_IGNORED;
}

void textbox_set(struct textbox *b, const char *text)
{
    bool whole;
    b->text[0] = '\0';
    b->len = b->cursor = 0;
    b->replaces = false;
    (void)textbox_paste(b, text, strlen(text), &whole);
}

void textbox_begin(struct textbox *b, struct line_history *history)
{
    memset(b, 0, sizeof *b);
    b->history = history;
}

/* ---- rows ---- */

/* A row of the wrapped text: bytes from..end are shown, the next row begins at `next`;
 * `soft`: it was broken for want of room. */
struct row {
    size_t from, end, next;
    bool soft, last;
};

static struct row row_from(const struct textbox *b, size_t from)
{
    size_t i = from, break_at = from;
    for (int used = 0; i < b->len && b->text[i] != '\n';) {
        uint32_t cp;
        const size_t n = utf8_next(b->text + i, b->len - i, &cp);
        used += glyph_width(glyph_at_tier(cp, b->tier));
        if (b->w > 0 && used > b->w && i > from) {
            const size_t cut = break_at > from ? break_at : i;
            return (struct row){from, cut, cut, true, false};
        }
        i += n;
        break_at = cp == ' ' ? i : break_at;
    }
    const bool last = i == b->len;
    return (struct row){from, i, last ? i : i + 1, false, last};
}

/* The row that byte `at` is in; *nth is its number. */
static struct row row_of(const struct textbox *b, size_t at, size_t *nth)
{
    struct row r = row_from(b, 0);
    for (*nth = 0; !r.last && at >= r.next; (*nth)++) {
        r = row_from(b, r.next);
    }
    return r;
}

static struct row row_nth(const struct textbox *b, size_t nth)
{
    struct row r = row_from(b, 0);
    while (nth-- > 0 && !r.last) {
        r = row_from(b, r.next);
    }
    return r;
}

static int columns(const struct textbox *b, size_t from, size_t to)
{
    int w = 0;
    while (from < to) {
        uint32_t cp;
        from += utf8_next(b->text + from, to - from, &cp);
        w += glyph_width(glyph_at_tier(cp, b->tier));
    }
    return w;
}

/* The last place in a row for the cursor. */
static size_t row_stop(const struct textbox *b, struct row r)
{
    return r.soft ? text_before(b->text, r.end) : r.end;
}

/* The byte of a row at a column, or the row's last place. */
static size_t at_column(const struct textbox *b, struct row r, int column)
{
    const size_t stop = row_stop(b, r);
    size_t at = r.from;
    while (at < stop) {
        const size_t next = text_after(b->text, b->len, at);
        if (columns(b, r.from, next) > column) {
            break;
        }
        at = next;
    }
    return at;
}

/* ---- keys ---- */

static enum line_result go(struct textbox *b, size_t to)
{
    const bool moved = to != b->cursor;
    b->cursor = to;
    return moved ? LINE_MOVED : LINE_IGNORED;
}

static enum line_result recall(struct textbox *b, bool older)
{
    if (!b->history || (!older && !b->recalled)) {
        return LINE_IGNORED;
    }
    const size_t want = older ? b->recalled + 1 : b->recalled - 1;
    const char *text = want ? line_history_get(b->history, want - 1) : b->draft;
    if (!text) {
        return LINE_IGNORED;
    }
    if (!b->recalled) {
        memcpy(b->draft, b->text, b->len + 1);
    }
    textbox_set(b, text);
    b->recalled = want;
    return LINE_CHANGED;
}

static enum line_result up_down(struct textbox *b, bool up)
{
    size_t nth = 0;
    const struct row r = row_of(b, b->cursor, &nth);
    if (up ? nth == 0 : r.last) {
        return recall(b, up);
    }
    const int column = columns(b, r.from, b->cursor);
    return go(b, at_column(b, row_nth(b, up ? nth - 1 : nth + 1), column));
}

/* Where the line of the cursor begins, which may be several rows above it. */
static size_t line_start(const struct textbox *b)
{
    size_t at = b->cursor;
    while (at > 0 && b->text[at - 1] != '\n') {
        at--;
    }
    return at;
}

static enum line_result edit_key(struct textbox *b, uint32_t key, enum edit edit)
{
    size_t nth = 0;
    const struct row row = row_of(b, b->cursor, &nth);
    switch (edit) {
    case EDIT_LEFT: return go(b, text_before(b->text, b->cursor));
    case EDIT_RIGHT: return go(b, text_after(b->text, b->len, b->cursor));
    case EDIT_START: return go(b, row.from);
    case EDIT_END: return go(b, row_stop(b, row));
    case EDIT_UP: return up_down(b, true);
    case EDIT_DOWN: return up_down(b, false);
    case EDIT_ERASE_BEFORE: return erase(b, text_before(b->text, b->cursor), b->cursor);
    case EDIT_ERASE_AT:
        return erase(b, b->cursor, text_after(b->text, b->len, b->cursor));
    case EDIT_ERASE_WORD: return erase(b, text_word(b->text, b->cursor), b->cursor);
    case EDIT_ERASE_TO_START: return erase(b, line_start(b), b->cursor);
    case EDIT_ERASE_TO_END:
        return erase(b, b->cursor, b->cursor + strcspn(b->text + b->cursor, "\n"));
    case EDIT_ERASE_ALL: return erase(b, 0, b->len);
    case EDIT_BREAK: return insert(b, "\n", 1) ? LINE_CHANGED : LINE_IGNORED;
    case EDIT_NONE:
    case EDIT_PAGE_UP:
    case EDIT_PAGE_DOWN:
    case EDIT_COMPLETE:
    case EDIT_COMPLETE_BACK:
    case EDIT_ACCEPT:
    case EDIT_CANCEL:
    default: break;
    }
    if (key >= KEY_FIRST_SPECIAL || utf8_is_unsafe(key) ||
        (key >= 0xD800 && key <= 0xDFFF)) {
        return LINE_IGNORED;
    }
    char utf8[4];
    return insert(b, utf8, utf8_put(key, utf8)) ? LINE_CHANGED : LINE_IGNORED;
}

enum line_result textbox_key(struct textbox *b, uint32_t key)
{
    const enum edit edit = typed_edit(key, TYPED_BOX);
    b->replaces = b->replaces && edit == EDIT_NONE;
    if (edit == EDIT_ACCEPT) {
        if (b->history) {
            line_history_add(b->history, b->text);
        }
        b->recalled = 0;
        return LINE_ACCEPT;
    }
    if (edit == EDIT_CANCEL) {
        return LINE_CANCEL;
    }
    const size_t recalled = b->recalled;
    const enum line_result r = edit_key(b, key, edit);
    if (r == LINE_CHANGED && b->recalled == recalled) {
        b->recalled = 0; /* a recalled text that is edited is the user's own */
    }
    return r;
}

/* ---- display ---- */

void textbox_draw(struct canvas *c, struct rect r, struct textbox *b, bool focused)
{
    canvas_fill(c, r, ' ', ROLE_TEXT, 0);
    if (r.w < 2 || r.h < 1) {
        return;
    }
    b->w = r.w - 1; /* the cursor may be after the last */
    b->tier = c->tier;
    size_t nth = 0;
    const struct row at = row_of(b, b->cursor, &nth);
    const size_t h = (size_t)r.h;
    b->top = nth < b->top ? nth : nth >= b->top + h ? nth + 1 - h : b->top;
    struct row row = row_nth(b, b->top);
    char line[TEXTBOX_CAP];
    for (int y = 0; y < r.h; y++) {
        memcpy(line, b->text + row.from, row.end - row.from);
        line[row.end - row.from] = '\0';
        canvas_text(c, r.x, r.y + y, r.w, line, b->replaces ? ROLE_SELECT : ROLE_TEXT,
                    b->replaces ? ATTR_REVERSE : 0);
        if (row.last) {
            break;
        }
        row = row_from(b, row.next);
    }
    const int x = r.x + columns(b, at.from, b->cursor);
    const int y = r.y + (int)(nth - b->top);
    if (focused && rect_holds(c->clip, x, y)) {
        c->cursor_x = x;
        c->cursor_y = y;
    }
}

void textbox_click(struct textbox *b, struct rect r, int x, int y)
{
    if (rect_holds(r, x, y)) {
        b->replaces = false;
        const struct row row = row_nth(b, b->top + (size_t)(y - r.y));
        b->cursor = at_column(b, row, x - r.x);
    }
}
