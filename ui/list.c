#include "ui/list.h"

#include <string.h>

static size_t rows_of(const struct list_view *v)
{
    return v->page > 0 ? (size_t)v->page : 0;
}

/* The last top that leaves no empty row below while entries are hidden above. */
static size_t last_top(const struct list_view *v)
{
    const size_t rows = rows_of(v);
    return v->count > rows ? v->count - (rows ? rows : 1) : 0;
}

static void settle(struct list_view *v)
{
    if (v->count == 0) {
        v->top = v->cursor = 0;
        return;
    }
    if (v->cursor >= v->count) {
        v->cursor = v->count - 1;
    }
    const size_t rows = rows_of(v);
    if (rows && v->cursor - v->top >= rows && v->cursor > v->top) {
        v->top = v->cursor - rows + 1;
    }
    if (v->cursor < v->top) {
        v->top = v->cursor;
    }
    if (v->top > last_top(v)) {
        v->top = last_top(v);
    }
}

/* at + by, held in [0, max]. */
static size_t shifted(size_t at, int64_t by, size_t max)
{
    if (by < 0) {
        const uint64_t back = (uint64_t)0 - (uint64_t)by;
        return back < at ? at - (size_t)back : 0;
    }
    return at < max && (uint64_t)by < max - at ? at + (size_t)by : max;
}

void list_set(struct list_view *v, size_t count, int page)
{
    v->count = count;
    v->page = page;
    settle(v);
}

void list_move(struct list_view *v, int64_t by)
{
    v->cursor = shifted(v->cursor, by, v->count ? v->count - 1 : 0);
    settle(v);
}

void list_go(struct list_view *v, size_t entry)
{
    v->cursor = entry;
    settle(v);
}

void list_home(struct list_view *v)
{
    list_go(v, 0);
}

void list_end(struct list_view *v)
{
    list_go(v, v->count ? v->count - 1 : 0);
}

/* Move the window and the cursor by the same number of rows, so that the eye keeps its
 * place. */
static void scroll_both(struct list_view *v, int64_t by)
{
    v->top = shifted(v->top, by, last_top(v));
    list_move(v, by);
}

void list_page(struct list_view *v, int pages)
{
    const int64_t step = v->page > 1 ? v->page - 1 : 1;
    scroll_both(v, step * pages);
}

void list_half_page(struct list_view *v, int halves)
{
    const int64_t step = v->page > 1 ? v->page / 2 : 1;
    scroll_both(v, step * halves);
}

void list_wheel(struct list_view *v, int rows)
{
    v->top = shifted(v->top, rows, last_top(v));
    const size_t seen = rows_of(v);
    if (v->cursor < v->top) {
        v->cursor = v->top;
    } else if (seen && v->cursor - v->top >= seen) {
        v->cursor = v->top + seen - 1;
    }
    settle(v);
}

bool list_click(struct list_view *v, int row)
{
    if (row < 0 || (size_t)row >= list_visible(v)) {
        return false;
    }
    v->cursor = v->top + (size_t)row;
    return true;
}

size_t list_visible(const struct list_view *v)
{
    const size_t rest = v->count - v->top;
    const size_t rows = rows_of(v);
    return rest < rows ? rest : rows;
}

void list_thumb(const struct list_view *v, int track, int *pos, int *len)
{
    const size_t rows = rows_of(v);
    *pos = 0;
    *len = 0;
    if (track < 2 || v->count <= rows || rows == 0) {
        return;
    }
    const double share = (double)rows / (double)v->count;
    *len = (int)(share * track + 0.5);
    if (*len < 1) {
        *len = 1;
    } else if (*len >= track) {
        *len = track - 1;
    }
    const double at = (double)v->top / (double)last_top(v);
    *pos = (int)(at * (track - *len) + 0.5);
}

/* ---- by the name of a direction ---- */

static const struct {
    const char *name;
    void (*move)(struct list_view *l, int n);
    int n;
} paging[] = {
    {"page-up", list_page, -1},
    {"page-down", list_page, 1},
    {"half-up", list_half_page, -1},
    {"half-down", list_half_page, 1},
};

bool list_by_name(struct list_view *l, const char *direction)
{
    for (size_t i = 0; i < sizeof paging / sizeof paging[0]; i++) {
        if (!strcmp(direction, paging[i].name)) {
            paging[i].move(l, paging[i].n);
            return true;
        }
    }
    if (!strcmp(direction, "up") || !strcmp(direction, "down")) {
        list_move(l, direction[0] == 'u' ? -1 : 1);
    } else if (!strcmp(direction, "first")) {
        list_home(l);
    } else if (!strcmp(direction, "last")) {
        list_end(l);
    } else {
        return false;
    }
    return true;
}
