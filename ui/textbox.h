/* Several lines of text being typed or pasted, wrapped to the box. UTF-8; the cursor is
 * always between code points. UI thread; no allocation but in the history.
 *
 * Keys: those of ui/typed_keys.h. Up from the first row and down from the last go
 * through the history. */
#ifndef SAETOP_UI_TEXTBOX_H
#define SAETOP_UI_TEXTBOX_H

#include "ui/lineedit.h"

enum { TEXTBOX_CAP = 16384 }; /* bytes with the NUL */

struct textbox {
    char text[TEXTBOX_CAP]; /* NUL-terminated valid UTF-8; '\n' is the only control */
    size_t len, cursor;     /* bytes */
    struct line_history *history; /* borrowed, or NULL */
    size_t recalled;              /* 0: own text; n: the nth newest of the history */
    char draft[TEXTBOX_CAP];      /* own text while a recalled one is shown */
    bool replaces; /* what is typed or pasted next takes the text's place, which goes to
                      the history; any other key lets it stay. The caller sets it. */
    /* Layout as it was last drawn. */
    int w; /* columns of a row; 0: never drawn, rows end only at line breaks */
    enum glyph_tier tier;
    size_t top; /* first row shown */
};

/* Start empty. history may be NULL. */
void textbox_begin(struct textbox *b, struct line_history *history);
/* Replace the text by what a box may hold of `text`, cursor at its end. */
void textbox_set(struct textbox *b, const char *text);
/* Feed a key of event.h. On LINE_ACCEPT the text is in the history already. */
enum line_result textbox_key(struct textbox *b, uint32_t key);
/* Insert pasted bytes at the cursor: a line break of any kind is kept as one '\n', a
 * tab becomes a space, whatever else a box may not hold is dropped. *whole: all had
 * room. */
enum line_result textbox_paste(struct textbox *b, const char *bytes, size_t n,
                               bool *whole);
/* Draw it, scrolled so that the cursor is in sight; `focused`: place the canvas's
 * cursor. */
void textbox_draw(struct canvas *c, struct rect r, struct textbox *b, bool focused);
/* Place the cursor where r was clicked. */
void textbox_click(struct textbox *b, struct rect r, int x, int y);

#endif
