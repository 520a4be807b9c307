/* One line of text being typed: the prompts `:` `/` `&` and labels. UTF-8; the cursor
 * is always between code points. UI thread; no allocation but in the history.
 *
 * Keys: those of ui/typed_keys.h. Ctrl-U erases back to the start, but first only to
 * the end of the text the line began with; backspace in an empty line cancels. */
#ifndef SAETOP_UI_LINEEDIT_H
#define SAETOP_UI_LINEEDIT_H

#include "ui/canvas.h"

enum { LINE_CAP = 1024, LINE_HISTORY = 100 }; /* bytes with the NUL; entries */

/* Lines accepted before, newest first, in a ring. Zero-initialise; one per kind of
 * prompt; free with line_history_deinit. */
struct line_history {
    char *entry[LINE_HISTORY];
    size_t head, count; /* head: where the next one goes */
};
/* Add a line, unless it is empty or repeats the newest. If memory is out, the line is
 * not remembered. */
void line_history_add(struct line_history *h, const char *text);
/* The nth newest, 0 first; NULL beyond the oldest. */
const char *line_history_get(const struct line_history *h, size_t nth);
void line_history_deinit(struct line_history *h);

/* Byte offsets in valid UTF-8: of the code point before `at`, of the one after it, and
 * of the start of the word before it. */
size_t text_before(const char *text, size_t at);
size_t text_after(const char *text, size_t len, size_t at);
size_t text_word(const char *text, size_t at);

/* The nth completion of the word before byte `cursor` of `text`, into out[cap]; *start
 * is the byte where that word begins. False when there is no nth. */
typedef bool line_complete_fn(void *ctx, const char *text, size_t cursor, size_t nth,
                              char *out, size_t cap, size_t *start);

struct line_edit {
    char text[LINE_CAP]; /* NUL-terminated valid UTF-8 without control characters */
    size_t len, cursor;  /* bytes */
    size_t stem;         /* bytes it began with, such as a command's name */
    size_t offer;        /* bytes at the end that are offered, see line_offer */
    struct line_history *history; /* borrowed, or NULL */
    line_complete_fn *complete;   /* or NULL */
    void *complete_ctx;
    size_t recalled;      /* 0: own text; n: the nth newest of the history */
    char draft[LINE_CAP]; /* own text while a recalled one is shown */
    bool cycling;         /* the last key was Tab: another shows the next completion */
    size_t cycle_nth;
    size_t cycle_start;        /* byte where the completed word begins */
    char cycle_stem[LINE_CAP]; /* text as typed before Tab */
    size_t cycle_cursor;
};

enum line_result { LINE_IGNORED, LINE_MOVED, LINE_CHANGED, LINE_ACCEPT, LINE_CANCEL };

/* Start with `text` (escaped to what a line may hold, cut to LINE_CAP), cursor at its
 * end. history and complete may be NULL. */
void line_begin(struct line_edit *l, const char *text, struct line_history *history,
                line_complete_fn *complete, void *complete_ctx);
/* Offer `text` (escaped and cut likewise) after the present text, shown selected. Enter
 * accepts it as it is; typed or pasted text replaces it, and keys that erase remove it;
 * a key that moves the cursor, or Tab, makes it ordinary text. */
void line_offer(struct line_edit *l, const char *text);
/* Replace the text, cursor at its end. */
void line_set(struct line_edit *l, const char *text);
/* Feed a key of event.h. On LINE_ACCEPT the text is in the history already. */
enum line_result line_key(struct line_edit *l, uint32_t key);
/* Insert pasted bytes at the cursor as text: line breaks and tabs become a space, those
 * at the end are dropped, and so is everything that a line may not hold. *whole: all of
 * the text had room. */
enum line_result line_paste(struct line_edit *l, const char *bytes, size_t n,
                            bool *whole);
/* While `cycling`: the nth completion of the word being typed, into out[LINE_CAP];
 * false beyond the last. */
bool line_candidate(const struct line_edit *l, size_t nth, char *out);
/* Draw the prompt and the line in one row, scrolled so that the cursor is in sight, and
 * place the canvas's cursor. */
void line_draw(struct canvas *c, int x, int y, int w, const char *prompt,
               const struct line_edit *l);
/* Place the cursor at a clicked column of what line_draw drew. */
void line_click(const struct canvas *c, struct line_edit *l, int x, int w,
                const char *prompt, int click_x);

#endif
