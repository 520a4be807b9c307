#include "ui/lineedit.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "ui/event.h"
#include "ui/glyph.h"
#include "ui/typed_keys.h"

#include <string.h>

/* ---- history ---- */

const char *line_history_get(const struct line_history *h, size_t nth)
{
    if (nth >= h->count) {
        return NULL;
    }
    return h->entry[(h->head + LINE_HISTORY - 1 - nth) % LINE_HISTORY];
}

void line_history_add(struct line_history *h, const char *text)
{
    const char *newest = line_history_get(h, 0);
    if (!*text || (newest && !strcmp(newest, text))) {
        return;
    }
    char *copy = mem_strdup(text);
    if (!copy) {
        return;
    }
    mem_free(h->entry[h->head]);
    h->entry[h->head] = copy;
    h->head = (h->head + 1) % LINE_HISTORY;
    if (h->count < LINE_HISTORY) {
        h->count++;
    }
}

void line_history_deinit(struct line_history *h)
{
    for (size_t i = 0; i < LINE_HISTORY; i++) {
        mem_free(h->entry[i]);
    }
    *h = (struct line_history){.head = 0};
}

/* ---- text ---- */

size_t text_before(const char *text, size_t at)
{
    while (at > 0 && ((unsigned char)text[--at] & 0xC0) == 0x80) {
    }
    return at;
}

size_t text_after(const char *text, size_t len, size_t at)
{
    if (at < len) {
        at++;
    }
    while (at < len && ((unsigned char)text[at] & 0xC0) == 0x80) {
        at++;
    }
    return at;
}

static bool is_gap(char c)
{
    return c == ' ' || c == '\n';
}

size_t text_word(const char *text, size_t at)
{
    while (at > 0 && is_gap(text[at - 1])) {
        at--;
    }
    while (at > 0 && !is_gap(text[at - 1])) {
        at--;
    }
    return at;
}

static size_t before(const struct line_edit *l, size_t at)
{
    return text_before(l->text, at);
}

static size_t after(const struct line_edit *l, size_t at)
{
    return text_after(l->text, l->len, at);
}

/* Remove what is offered. Returns whether anything was. */
static bool refuse(struct line_edit *l)
{
    const bool any = l->offer > 0;
    l->len -= l->offer;
    l->text[l->len] = '\0';
    l->cursor = any ? l->len : l->cursor;
    l->offer = 0;
    return any;
}

/* Insert what a line may hold of s[n]; false if nothing could be inserted. */
static bool insert(struct line_edit *l, const char *s, size_t n)
{
    bool any = false;
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        const size_t len = utf8_next(s + i, n - i, &cp);
        const bool fits = l->len - l->offer + len < LINE_CAP;
        if (cp != UTF8_INVALID && !utf8_is_unsafe(cp) && fits) {
            refuse(l);
            l->stem = l->cursor < l->stem ? 0 : l->stem;
            memmove(l->text + l->cursor + len, l->text + l->cursor,
                    l->len - l->cursor + 1);
            memcpy(l->text + l->cursor, s + i, len);
            l->len += len;
            l->cursor += len;
            any = true;
        }
        i += len;
    }
    return any;
}

static enum line_result erase(struct line_edit *l, size_t from, size_t to)
{
    if (from >= to) {
        return LINE_IGNORED;
    }
    l->stem = from < l->stem ? 0 : l->stem;
    memmove(l->text + from, l->text + to, l->len - to + 1);
    l->len -= to - from;
    l->cursor = from;
    return LINE_CHANGED;
}

void line_set(struct line_edit *l, const char *text)
{
    l->text[0] = '\0';
    l->len = l->cursor = l->offer = l->stem = 0;
    insert(l, text, strlen(text));
}

void line_begin(struct line_edit *l, const char *text, struct line_history *history,
                line_complete_fn *complete, void *complete_ctx)
{
    memset(l, 0, sizeof *l);
    l->history = history;
    l->complete = complete;
    l->complete_ctx = complete_ctx;
    line_set(l, text ? text : "");
    l->stem = l->len;
}

void line_offer(struct line_edit *l, const char *text)
{
    const size_t before_it = l->len;
    l->cursor = l->len;
    insert(l, text, strlen(text));
    l->offer = l->len - before_it;
}

/* ---- keys ---- */

static enum line_result recall(struct line_edit *l, bool older)
{
    if (!l->history || (!older && l->recalled == 0)) {
        return LINE_IGNORED;
    }
    const size_t want = older ? l->recalled + 1 : l->recalled - 1;
    const char *text = want ? line_history_get(l->history, want - 1) : l->draft;
    if (!text) {
        return LINE_IGNORED;
    }
    if (l->recalled == 0) {
        memcpy(l->draft, l->text, l->len + 1);
    }
    l->recalled = want;
    line_set(l, text);
    return LINE_CHANGED;
}

static bool candidate(const struct line_edit *l, size_t nth, char *out, size_t *start)
{
    return l->complete(l->complete_ctx, l->cycle_stem, l->cycle_cursor, nth, out,
                       LINE_CAP, start) &&
           *start <= l->cycle_cursor;
}

bool line_candidate(const struct line_edit *l, size_t nth, char *out)
{
    size_t start = 0;
    return l->cycling && l->complete && candidate(l, nth, out, &start);
}

/* Show the typed text with the word before the cursor replaced. */
static void show_candidate(struct line_edit *l, const char *word, size_t n,
                           size_t start)
{
    const size_t end = l->cycle_cursor, stem = l->stem;
    line_set(l, "");
    insert(l, l->cycle_stem, start);
    insert(l, word, n);
    const size_t cursor = l->cursor;
    insert(l, l->cycle_stem + end, strlen(l->cycle_stem + end));
    l->cursor = cursor;
    l->stem = start >= stem ? stem : 0;
}

/* The first Tab inserts the part that all candidates share, or the only candidate. If
 * that adds nothing, and on further Tabs, it shows one candidate after another. */
static enum line_result complete(struct line_edit *l, bool back)
{
    if (!l->complete) {
        return LINE_IGNORED;
    }
    char word[LINE_CAP];
    char other[LINE_CAP];
    size_t start = 0;
    if (!l->cycling) {
        memcpy(l->cycle_stem, l->text, l->len + 1);
        l->cycle_cursor = l->cursor;
    }
    if (!candidate(l, 0, word, &start)) {
        return LINE_IGNORED;
    }
    size_t count = 1;
    size_t shared = strlen(word);
    for (size_t other_start; candidate(l, count, other, &other_start); count++) {
        size_t same = 0;
        while (same < shared && word[same] == other[same]) {
            same++;
        }
        shared = utf8_clip(word, strlen(word), same);
    }
    if (!l->cycling) {
        l->cycling = count > 1;
        l->cycle_nth = count; /* none yet */
        const size_t typed = l->cycle_cursor - start;
        const bool adds = shared > typed && !memcmp(word, l->cycle_stem + start, typed);
        if (count == 1 || adds) {
            show_candidate(l, word, shared, start);
            return LINE_CHANGED;
        }
    }
    size_t nth = l->cycle_nth;
    nth = back ? (nth == 0 || nth >= count ? count - 1 : nth - 1)
               : (nth + 1 >= count ? 0 : nth + 1);
    l->cycle_nth = nth;
    if (candidate(l, nth, word, &start)) {
        show_candidate(l, word, strlen(word), start);
    }
    return LINE_CHANGED;
}

static enum line_result go(struct line_edit *l, size_t to)
{
    const bool moved = to != l->cursor;
    l->cursor = to;
    return moved ? LINE_MOVED : LINE_IGNORED;
}

static bool erases(enum edit edit)
{
    return edit >= EDIT_ERASE_BEFORE && edit <= EDIT_ERASE_ALL;
}

/* Apply a key to the offer: erase it, or make it text. A key that types does neither
 * yet: it may be one that a line cannot hold. */
static bool settle_offer(struct line_edit *l, uint32_t key, enum edit edit)
{
    if (erases(edit)) {
        return refuse(l);
    }
    if (key >= KEY_FIRST_SPECIAL || key < ' ') {
        l->offer = 0;
    }
    return false;
}

static enum line_result edit_key(struct line_edit *l, uint32_t key, enum edit edit)
{
    if (settle_offer(l, key, edit)) {
        return LINE_CHANGED;
    }
    switch (edit) {
    case EDIT_LEFT: return go(l, before(l, l->cursor));
    case EDIT_RIGHT: return go(l, after(l, l->cursor));
    case EDIT_START: return go(l, 0);
    case EDIT_END: return go(l, l->len);
    case EDIT_ERASE_BEFORE:
        return l->len ? erase(l, before(l, l->cursor), l->cursor) : LINE_CANCEL;
    case EDIT_ERASE_AT: return erase(l, l->cursor, after(l, l->cursor));
    case EDIT_ERASE_WORD: return erase(l, text_word(l->text, l->cursor), l->cursor);
    case EDIT_ERASE_TO_START:
        return erase(l, l->cursor > l->stem ? l->stem : 0, l->cursor);
    case EDIT_ERASE_TO_END: return erase(l, l->cursor, l->len);
    case EDIT_UP: return recall(l, true);
    case EDIT_DOWN: return recall(l, false);
    case EDIT_NONE:
    case EDIT_PAGE_UP:
    case EDIT_PAGE_DOWN:
    case EDIT_ERASE_ALL:
    case EDIT_BREAK:
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
    return insert(l, utf8, utf8_put(key, utf8)) ? LINE_CHANGED : LINE_IGNORED;
}

enum line_result line_key(struct line_edit *l, uint32_t key)
{
    const enum edit edit = typed_edit(key, TYPED_LINE);
    const bool completes = edit == EDIT_COMPLETE || edit == EDIT_COMPLETE_BACK;
    if (completes && l->offer) {
        l->offer = 0;
        return LINE_MOVED;
    }
    if (completes) {
        return complete(l, edit == EDIT_COMPLETE_BACK);
    }
    l->cycling = false;
    if (edit == EDIT_ACCEPT) {
        if (l->history) {
            line_history_add(l->history, l->text);
        }
        return LINE_ACCEPT;
    }
    if (edit == EDIT_CANCEL) {
        return LINE_CANCEL;
    }
    const enum line_result r = edit_key(l, key, edit);
    if (r == LINE_CHANGED && edit != EDIT_UP && edit != EDIT_DOWN) {
        l->recalled = 0; /* a recalled line that is edited is the user's own */
    }
    return r;
}

static bool is_break(char c)
{
    return c == '\n' || c == '\r' || c == '\t';
}

enum line_result line_paste(struct line_edit *l, const char *bytes, size_t n,
                            bool *whole)
{
    const size_t was = l->len - l->offer;
    while (n > 0 && is_break(bytes[n - 1])) {
        n--;
    }
    *whole = true;
    for (size_t i = 0; i < n && *whole;) {
        const bool gap = is_break(bytes[i]);
        uint32_t cp = ' ';
        size_t len = 1;
        if (gap) {
            while (is_break(bytes[i + len])) { /* the last byte is no break */
                len++;
            }
        } else {
            len = utf8_next(bytes + i, n - i, &cp);
        }
        *whole = l->len - l->offer + (gap ? 1 : len) < LINE_CAP;
        insert(l, gap ? " " : bytes + i, gap ? 1 : len);
        i += len;
    }
    const bool any = l->len - l->offer > was;
    l->cycling = false;
    l->recalled = any ? 0 : l->recalled;
    return any ? LINE_CHANGED : LINE_IGNORED;
}

/* ---- display ---- */

static int columns(const struct canvas *c, const char *s, size_t n)
{
    int w = 0;
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        i += utf8_next(s + i, n - i, &cp);
        w += glyph_width(glyph_at_tier(cp, c->tier));
    }
    return w;
}

/* The first byte shown: as many columns before the cursor as fit. */
static size_t first_shown(const struct canvas *c, const struct line_edit *l, int room)
{
    size_t from = 0;
    while (from < l->cursor && columns(c, l->text + from, l->cursor - from) >= room) {
        from = after(l, from);
    }
    return from;
}

void line_draw(struct canvas *c, int x, int y, int w, const char *prompt,
               const struct line_edit *l)
{
    canvas_fill(c, (struct rect){x, y, w, 1}, ' ', ROLE_TEXT, 0);
    const int used = canvas_text(c, x, y, w, prompt, ROLE_KEY, ATTR_BOLD);
    const int room = w - used;
    if (room < 1) {
        return;
    }
    const size_t from = first_shown(c, l, room);
    canvas_text(c, x + used, y, room, l->text + from, ROLE_TEXT, 0);
    const size_t own = l->len - l->offer > from ? l->len - l->offer : from;
    const int own_w = columns(c, l->text + from, own - from);
    if (l->offer && own_w < room) {
        canvas_text(c, x + used + own_w, y, room - own_w, l->text + own, ROLE_SELECT,
                    0);
    }
    const int at = x + used + columns(c, l->text + from, l->cursor - from);
    if (rect_holds(c->clip, at, y)) {
        c->cursor_x = at;
        c->cursor_y = y;
    }
}

void line_click(const struct canvas *c, struct line_edit *l, int x, int w,
                const char *prompt, int click_x)
{
    int used = canvas_text_width(prompt);
    used = used < w ? used : w;
    size_t at = first_shown(c, l, w - used);
    int column = x + used;
    while (at < l->len) {
        const size_t next = after(l, at);
        column += columns(c, l->text + at, next - at);
        if (click_x < column) {
            break;
        }
        at = next;
    }
    l->offer = 0;
    l->cursor = at;
}
