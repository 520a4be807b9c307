/* Selection and scroll arithmetic of a table or list. Pure functions over a small
 * struct; any thread. Invariants after each call: top <= cursor < top + page where
 * count > 0 and page > 0, cursor < count, and no empty rows below the last entry while
 * entries are hidden above; an empty list has top = cursor = 0. O(1). */
#ifndef SAETOP_UI_LIST_H
#define SAETOP_UI_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct list_view {
    size_t count;  /* entries */
    size_t top;    /* entry in the first row */
    size_t cursor; /* selected entry */
    int page;      /* rows that show entries; 0 or less: nothing is visible */
};

/* Set the number of entries and rows; the cursor stays on its entry, or goes to the
 * last one. */
void list_set(struct list_view *v, size_t count, int page);
/* Move the cursor by `by` entries (negative: up), to an entry, to the ends. */
void list_move(struct list_view *v, int64_t by);
void list_go(struct list_view *v, size_t entry);
void list_home(struct list_view *v);
void list_end(struct list_view *v);
/* Move by a number of pages (PgUp, PgDn; one row stays in sight) or half pages. */
void list_page(struct list_view *v, int pages);
void list_half_page(struct list_view *v, int halves);
/* Scroll by rows, as a wheel does; the cursor moves only to stay in sight. */
void list_wheel(struct list_view *v, int rows);
/* Move by a direction's name: "down", "page-up", ...; false: it is none that lists
 * have. */
bool list_by_name(struct list_view *v, const char *direction);
/* Select the entry in row 0..page-1; false when that row is empty. */
bool list_click(struct list_view *v, int row);
/* Entries in sight. */
size_t list_visible(const struct list_view *v);
/* Place of a scroll bar's thumb in a track of `track` cells: *pos, *len; len 0 when all
 * is in sight or track < 2. */
void list_thumb(const struct list_view *v, int track, int *pos, int *len);

#endif
