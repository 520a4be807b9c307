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

static int wrap(struct canvas *c, struct rect r, const char *text, size_t n,
                enum role role, int skip, bool centred)
{
    int lines = 0;
    while (n > 0) {
        const size_t len = text_fit(text, n, r.w > 1 ? r.w : 1);
        const int y = lines - skip;
        if (y >= 0 && y < r.h) {
            char line[512];
            snprintf(line, sizeof line, "%.*s", (int)len, text);
            const int left = centred ? (r.w - canvas_text_width(line)) / 2 : 0;
            canvas_text(c, r.x + left, r.y + y, r.w - left, line, role, 0);
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

int rows_wrapped(struct canvas *c, struct rect r, const char *text, size_t n,
                 enum role role, int skip)
{
    return wrap(c, r, text, n, role, skip, false);
}

void rows_whole_words(char *text, int room)
{
    for (size_t n = strlen(text); n > 1 && canvas_text_width(text) > room; n--) {
        if (text[n - 1] == ' ' && text[n - 2] == ' ') {
            text[n - 2] = '\0';
        }
    }
}

void rows_centred(struct canvas *c, struct rect r, const char *text, enum role role)
{
    const size_t n = strlen(text);
    const int lines = wrap(NULL, (struct rect){.w = r.w}, text, n, role, 0, true);
    const int above = lines < r.h ? (r.h - lines) / 2 : 0;
    (void)wrap(c, (struct rect){r.x, r.y + above, r.w, r.h - above}, text, n, role, 0,
               true);
}
