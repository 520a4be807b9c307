#include "ui/text.h"

#include "base/number.h"
#include "base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void text_share(char *out, size_t cap, double p)
{
    p *= 100;
    if (p > 0 && p < .005) {
        snprintf(out, cap, "<0.01 %%");
        return;
    }
    const int decimals = p >= 9.95 ? 0 : p > 0 && p < .05 ? 2 : 1;
    snprintf(out, cap, "%s%s", NUMBER(NUMBER_PLAIN, 0, decimals, p),
             isfinite(p) ? " %" : "");
}

enum role arm_role(size_t arm)
{
    static const enum role role[VIEW_CONDS] = {ROLE_SERIES_A, ROLE_SERIES_B,
                                               ROLE_SERIES_C, ROLE_SERIES_D};
    return role[arm < VIEW_CONDS ? arm : VIEW_CONDS - 1];
}

enum role arm_faint(size_t arm)
{
    return arm == 0 ? ROLE_FAINT_A : arm == 1 ? ROLE_FAINT_B : ROLE_DIM;
}

size_t conds_of(const struct session_view *v)
{
    return v->n_conds > 1 ? v->n_conds : 1;
}

size_t arms_of(const struct session_view *v)
{
    return v->n_conds > 1 ? 2 : 1;
}

void text_thousands(char *out, size_t cap, int64_t n)
{
    snprintf(out, cap, "%s", THOUSANDS(n));
}

void text_step(char *out, size_t cap, int64_t step)
{
    snprintf(out, cap, "step %s%s", THOUSANDS(step), step == 0 ? ", untrained" : "");
}

size_t text_fit(const char *text, size_t n, int w)
{
    size_t fit = 0, last_space = 0;
    for (int columns = 0; fit < n && columns < w; columns++) {
        uint32_t cp;
        const size_t step = utf8_next(text + fit, n - fit, &cp);
        last_space = cp == ' ' ? fit : last_space;
        fit += step;
    }
    return fit < n && text[fit] != ' ' && last_space ? last_space : fit;
}

int text_words(struct canvas *c, int x, int y, int w, const char *text, enum role role)
{
    if (canvas_text_width(text) <= w || w < 2) {
        return canvas_text(c, x, y, w, text, role, 0);
    }
    char words[256];
    size_t n = text_fit(text, strlen(text), w - 1);
    while (n > 0 && text[n - 1] == ' ') {
        n--;
    }
    snprintf(words, sizeof words, "%.*s", (int)n, text);
    const int used = canvas_text(c, x, y, w - 1, words, role, 0);
    canvas_put(c, x + used, y, 0x2026, role, 0);
    return used + 1;
}

void text_reason(const char *why, char *out, size_t cap)
{
    const char *end = why[0] == '/' ? strstr(why, ": ") : NULL;
    const char *from = end;
    for (int parts = 0; end && from > why && parts < 2;) {
        from--;
        parts += *from == '/' ? 1 : 0;
    }
    if (end) {
        snprintf(out, cap, "%s (%s%.*s)", end + 2, from > why ? "..." : "",
                 (int)(end - from), from);
    } else {
        snprintf(out, cap, "%s", why);
    }
}

size_t event_group(const struct session_view *v, size_t i)
{
    const struct event_view *ev = &v->event[i];
    size_t n = 1;
    while (n <= i && n < VIEW_CONDS && ev->step == ev[-(ptrdiff_t)n].step &&
           ev[1 - (ptrdiff_t)n].letter != ev[-(ptrdiff_t)n].letter &&
           !strcmp(ev->kind, ev[-(ptrdiff_t)n].kind) &&
           !strcmp(ev->text, ev[-(ptrdiff_t)n].text)) {
        n++;
    }
    return n;
}

void event_letters(const struct session_view *v, size_t i, struct canvas *c, int x,
                   int y)
{
    for (size_t n = event_group(v, i); n-- > 0;) {
        const int k = v->event[i - n].letter - 'A';
        if (k >= 0 && k < VIEW_CONDS) {
            canvas_put(c, x + k, y, (uint32_t)('A' + k), arm_role((size_t)k),
                       ATTR_BOLD);
        }
    }
}

int event_letters_w(const struct session_view *v)
{
    return v->n_conds > 2 ? (int)v->n_conds : 2;
}
