#include "ui/context_flow.h"

#include "ui/names.h"

#include <math.h>
#include <string.h>
#include <strings.h>

enum { CENTRE = CONTEXT_TOKENS / 2, TOKEN_TEXT = 96 };

/* Brackets by share of the largest activation. */
static const struct {
    float from;
    const char *open, *close;
} bands[] = {{0.8F, "\xe2\x9f\xa6", "\xe2\x9f\xa7"},
             {0.6F, "[", "]"},
             {0.3F, "(", ")"},
             {0.0F, "\xe2\x80\xb9", "\xe2\x80\xba"}}; /* the centre alone */

static float share_of(float heat, float top)
{
    return top > 0 && heat > 0 ? (heat < top ? heat / top : 1) : 0;
}

/* The centre, which the context is about, has brackets in any case; -1: none. */
static int band_of(float share, int token)
{
    const int n = token == CENTRE ? 4 : 3;
    for (int i = 0; i < n; i++) {
        if (share >= bands[i].from) {
            return i;
        }
    }
    return -1;
}

static int token_width(const struct names *names, const struct latent_context *ctx,
                       int i, float top)
{
    char text[TOKEN_TEXT];
    if (ctx->token[i] < 0) {
        return 0;
    }
    names_token_dotted(names, ctx->token[i], text, sizeof text);
    return canvas_text_width(text) +
           (band_of(share_of(ctx->heat[i], top), i) >= 0 ? 2 : 0);
}

void context_flow(struct context_flow *f, const struct names *names,
                  const struct latent_context *ctx, float top, int w, bool wrap,
                  int most)
{
    int left = 0; /* columns before the centre */
    memset(f, 0, sizeof *f);
    f->rows = 1;
    for (int i = 0; i < CONTEXT_TOKENS; i++) {
        f->width[i] = token_width(names, ctx, i, top);
        left += i < CENTRE ? f->width[i] : 0;
    }
    /* The centre is at two fifths, further left at the beginning of a text. Wrapped, it
     * is in the middle row. */
    const int lead = wrap ? w * (most / 2) : w * 2 / 5;
    int x = left < lead ? 0 : lead - left;
    int row = 0;
    for (int i = 0; i < CONTEXT_TOKENS; i++) {
        if (wrap && x >= 0 && x + f->width[i] > w && x > 0) {
            x = 0;
            row++;
        }
        f->x[i] = x;
        f->row[i] = row;
        x += f->width[i];
    }
    f->rows = !wrap ? 1 : row + 1 < most ? row + 1 : most;
}

static void draw_token(struct canvas *c, int x, int y, const char *text, float share,
                       int band)
{
    const int step = (int)(share * 8);
    const enum role role =
        share > 0 ? (enum role)(ROLE_HEAT0 + (step < 7 ? step : 7)) : ROLE_TEXT;
    if (band >= 0) {
        x += canvas_text(c, x, y, 1, bands[band].open, role, ATTR_BOLD);
    }
    x += canvas_text(c, x, y, TOKEN_TEXT, text, role, 0);
    if (band >= 0) {
        canvas_text(c, x, y, 1, bands[band].close, role, ATTR_BOLD);
    }
}

void context_draw(struct canvas *c, struct rect r, const struct context_flow *f,
                  const struct names *names, const struct latent_context *ctx,
                  float top, bool digits, const bool *hit)
{
    const struct rect old = canvas_clip(c, r);
    const int pitch = digits ? 2 : 1;
    bool cut_left = false, cut_right = false;
    for (int i = 0; i < CONTEXT_TOKENS; i++) {
        char text[TOKEN_TEXT];
        if (ctx->token[i] < 0 || f->row[i] >= f->rows) {
            continue;
        }
        const int x = r.x + f->x[i];
        const int y = r.y + f->row[i] * pitch;
        const float share = share_of(ctx->heat[i], top);
        cut_left = cut_left || f->x[i] < 0;
        cut_right = cut_right || f->x[i] + f->width[i] > r.w;
        names_token_dotted(names, ctx->token[i], text, sizeof text);
        draw_token(c, x, y, text, share, band_of(share, i));
        if (hit && hit[i]) {
            canvas_tint(c, (struct rect){x, y, f->width[i], 1}, ROLE_FOCUS,
                        ATTR_BOLD | ATTR_UNDERLINE);
        }
        if (digits && share > 0) {
            const int digit = (int)(share * 10) < 9 ? (int)(share * 10) : 9;
            /* Under the first letter, after a bracket or a space. */
            const int at = x + (band_of(share, i) >= 0 ? 1 : 0) +
                           (names_token(names, ctx->token[i])[0] == ' ' ? 1 : 0);
            canvas_put(c, at, y + 1, (uint32_t)('0' + digit), ROLE_DIM, 0);
        }
    }
    if (cut_left) {
        canvas_put(c, r.x, r.y, 0x2026, ROLE_DIM, 0);
    }
    if (cut_right) {
        canvas_put(c, r.x + r.w - 1, r.y, 0x2026, ROLE_DIM, 0);
    }
    canvas_unclip(c, old);
}

bool context_find(const struct names *names, const struct latent_context *ctx,
                  const char *text, bool hit[CONTEXT_TOKENS])
{
    char all[CONTEXT_TOKENS * TOKEN_TEXT];
    size_t begin[CONTEXT_TOKENS + 1], len = 0;
    const size_t n = strlen(text);
    bool any = false;
    for (int i = 0; i < CONTEXT_TOKENS; i++) {
        begin[i] = len;
        for (const char *p = names_token(names, ctx->token[i]);
             *p && len + 1 < sizeof all; p++) {
            all[len++] = *p;
        }
        if (hit) {
            hit[i] = false;
        }
    }
    begin[CONTEXT_TOKENS] = len;
    for (size_t at = 0; n && n <= len && at <= len - n; at++) {
        if (strncasecmp(all + at, text, n) != 0) {
            continue;
        }
        any = true;
        for (int i = 0; hit && i < CONTEXT_TOKENS; i++) {
            hit[i] = hit[i] || (begin[i] < at + n && begin[i + 1] > at);
        }
    }
    return any;
}
