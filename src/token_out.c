#include "token_out.h"

#include "base/json.h"
#include "base/utf8.h"

struct piece {
    const char *p;
    size_t len;
};

static struct piece piece_of(const struct tok *t, int32_t id)
{
    struct piece r = {.len = 0};
    r.p = tok_piece_view(t, id, &r.len);
    return r.p ? r : (struct piece){"", 0};
}

void token_out_json(const struct tok *t, int32_t id, struct str *out)
{
    const struct piece r = piece_of(t, id);
    json_add_string(out, r.p, r.len);
}

void token_out_text(const struct tok *t, int32_t id, struct str *out)
{
    const struct piece r = piece_of(t, id);
    utf8_escape(out, r.p, r.len);
}

static size_t columns_of(const char *s, size_t n)
{
    size_t cols = 0;
    for (size_t i = 0; i < n; cols++) {
        uint32_t cp;
        i += utf8_next(s + i, n - i, &cp);
    }
    return cols;
}

void token_out_clip(const char *p, size_t len, size_t width, const char *space,
                    struct str *out)
{
    struct str s;
    str_init(&s, 4096);
    utf8_escape(&s, p, len);
    const char *text = s.len ? s.p : "";
    size_t n = s.len, cols = columns_of(text, n);
    const bool cut = cols > width;
    while (cols > width - (cut ? 1 : 0)) {
        n = utf8_clip(text, n, n - 1);
        cols = columns_of(text, n);
    }
    for (size_t i = 0; i < n; i++) {
        if (text[i] == ' ') {
            str_add(out, space);
        } else {
            str_addc(out, text[i]);
        }
    }
    str_add(out, cut ? "\xe2\x80\xa6" : "");
    for (cols += cut; cols < width; cols++) {
        str_addc(out, ' ');
    }
    str_free(&s);
}

void token_out_cell(const struct tok *t, int32_t id, size_t width, struct str *out)
{
    const struct piece r = piece_of(t, id);
    token_out_clip(r.p, r.len, width, "\xc2\xb7", out);
}
