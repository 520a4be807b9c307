/* Hostile text on a canvas: it stays inside its columns and the clip, and leaves no
 * control code and no half of a wide glyph in a cell. The first eight bytes place it,
 * the rest is the text. */
#include "base/mem.h"
#include "base/utf8.h"
#include "ui/canvas.h"
#include "ui/event.h"
#include "ui/glyph.h"
#include "ui/lineedit.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_cells(const struct canvas *c, struct rect may_change)
{
    for (int y = 0; y < c->h; y++) {
        for (int x = 0; x < c->w; x++) {
            const struct cell *at = &c->cell[y * c->w + x];
            if (!rect_holds(may_change, x, y)) {
                require(at->cp == '#' && at->role == ROLE_DIM);
            }
            if (at->width == 0) {
                require(x > 0 && at[-1].width == 2 && at->cp == 0);
                continue;
            }
            require(at->width == glyph_width(at->cp));
            require(at->cp >= 0x20 && !utf8_is_unsafe(at->cp) && at->cp <= 0x10FFFF);
            require(at->width == 1 || (x + 1 < c->w && at[1].width == 0));
            require(c->tier != GLYPH_ASCII || at->cp < 0x7F);
        }
    }
}

static void put_text(struct canvas *c, const uint8_t *place, const char *text)
{
    const int x = (int)place[2] % 40 - 8;
    const int y = (int)place[3] % 12 - 2;
    const int cols = (int)place[4] % 60 - 5;
    const struct rect clip = {(int)place[5] % 20, (int)place[6] % 6, (int)place[7] % 40,
                              5};
    canvas_fill(c, (struct rect){0, 0, c->w, c->h}, '#', ROLE_DIM, 0);
    const struct rect old = canvas_clip(c, clip);
    const int used = canvas_text(c, x, y, cols, text, ROLE_TEXT, 0);
    const int whole = canvas_text_width(text);
    require(used >= 0 && used <= (cols > 0 ? cols : 0));
    require(c->tier != GLYPH_BRAILLE || used == whole || cols < whole);
    canvas_unclip(c, old);
    check_cells(c, rect_intersect(clip, (struct rect){x, y, used, 1}));
    canvas_box(c, (struct rect){x, y, cols, 4}, text, text, place[0] & 1);
    check_cells(c, (struct rect){x, y, cols, 4});
}

static void edit_text(struct canvas *c, const char *text)
{
    struct line_edit line;
    line_begin(&line, text, NULL, NULL, NULL);
    for (size_t i = 0; i < line.len; i++) {
        require((unsigned char)line.text[i] >= 0x20 && line.text[i] != 0x7F);
    }
    for (size_t i = 0, n = strlen(text); i < n;) {
        uint32_t cp;
        i += utf8_next(text + i, n - i, &cp);
        line_key(&line, cp);
        line_key(&line, cp % 3 ? KEY_LEFT_ : KEY_RIGHT_);
        require(line.len < LINE_CAP && line.cursor <= line.len);
    }
    line_draw(c, 0, 0, c->w, ":", &line);
    require(c->cursor_x >= -1 && c->cursor_x < c->w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { PLACE = 8 };
    if (size < PLACE) {
        return 0;
    }
    char *text = mem_alloc(size - PLACE + 1, 1);
    struct canvas c;
    if (!text || canvas_init(&c, 1 + data[0] % 40, 1 + data[1] % 10,
                             (enum glyph_tier)(data[2] % 3), NULL) != OK) {
        mem_free(text);
        return 0;
    }
    memcpy(text, data + PLACE, size - PLACE);
    put_text(&c, data, text);
    edit_text(&c, text);
    check_cells(&c, (struct rect){0, 0, c.w, c.h});
    canvas_deinit(&c);
    mem_free(text);
    return 0;
}
