#include "ui/rows.h"

#include "ui/filter.h"
#include "ui/text.h"

#include <stdio.h>
#include <string.h>

void rows_tint_found(struct canvas *c, int x, int y, int w, const char *text,
                     const char *find)
{
    const size_t n = strlen(find);
    char head[200];
    for (size_t i = 0; n && text[i]; i++) {
        char piece[256];
        snprintf(piece, sizeof piece, "%.*s", (int)n, text + i);
        if (strlen(piece) < n) {
            return;
        }
        if (!filter_text_in(piece, find) || i >= sizeof head) {
            continue;
        }
        memcpy(head, text, i);
        head[i] = '\0';
        const int at = canvas_text_width(head);
        const int len = canvas_text_width(piece);
        if (at + len <= w) {
            canvas_tint(c, (struct rect){x + at, y, len, 1}, ROLE_MATCH, 0);
        }
        return;
    }
}

void rows_bar(struct canvas *c, const struct list_view *list, int x, int y, int h)
{
    int pos, len;
    list_thumb(list, h, &pos, &len);
    if (len > 0) {
        canvas_fill(c, (struct rect){x, y + pos, 1, len}, 0x2590, ROLE_BORDER, 0);
    }
}

void rows_right(struct canvas *c, int x, int y, int w, const char *text, enum role role,
                uint8_t attr)
{
    const int used = canvas_text_width(text);
    canvas_text(c, x + (used < w ? w - used : 0), y, w, text, role, attr);
}

int rows_wrapped(struct canvas *c, struct rect r, const char *text, size_t n,
                 enum role role, int skip)
{
    int lines = 0;
    while (n > 0) {
        const size_t len = text_fit(text, n, r.w > 1 ? r.w : 1);
        const int y = lines - skip;
        if (y >= 0 && y < r.h) {
            canvas_textf(c, r.x, r.y + y, r.w, role, 0, "%.*s", (int)len, text);
        }
        lines++;
        text += len;
        n -= len;
        while (n > 0 && *text == ' ') {
            text++;
            n--;
        }
    }
    return lines;
}
