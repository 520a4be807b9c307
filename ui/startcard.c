#include "ui/startcard.h"

#include "ui/layout.h"
#include "ui/text.h"

#include <stdio.h>
#include <string.h>

#define LABEL    9   /* columns of a label */
#define WIDTH    100 /* of a card with lines of cost, at most */
#define ROWS_MAX 40

/* One row of the card's text. */
struct row {
    const char *label, *text;
    size_t n; /* bytes of text */
    enum role role;
    bool begins; /* a line */
};

/* Wrap the lines of cost to w columns; returns the number of rows. */
static size_t wrap(const struct session_view *v, int w, struct row out[ROWS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < v->n_cost; i++) {
        const struct cost_line *l = &v->cost[i];
        const enum role role = l->warns ? ROLE_WARN : i == 0 ? ROLE_VALUE : ROLE_TEXT;
        const char *label = l->label, *p = l->text;
        for (size_t left = strlen(p); left > 0 && n < ROWS_MAX;) {
            const size_t fit = text_fit(p, left, w);
            if (fit == 0) {
                break;
            }
            out[n++] = (struct row){label, p, fit, role, p == l->text};
            label = "";
            p += fit;
            left -= fit;
            while (left > 0 && *p == ' ') {
                p++;
                left--;
            }
        }
    }
    return n;
}

static void draw_rows(struct canvas *c, struct rect in, const struct row *row, size_t n)
{
    for (size_t i = 0; i < n && (int)i < in.h; i++) {
        const int y = in.y + (int)i, x = in.x + LABEL;
        canvas_text(c, in.x, y, LABEL, row[i].label, ROLE_DIM, 0);
        canvas_textf(c, x, y, in.w - LABEL, row[i].role, 0, "%.*s", (int)row[i].n,
                     row[i].text);
    }
}

static void draw(const struct app *a, const struct session_view *v, struct canvas *c,
                 struct rect within, const char *title, const char *heading)
{
    struct row row[ROWS_MAX];
    /* Frame, heading and hint, each with an empty row beside it. */
    const int around = v->n_cost ? 6 : 5;
    const int margin = within.h < c->h ? 0 : 2;
    const int w = v->n_cost ? layout_least(WIDTH, within.w - 4) : 62;
    size_t n = wrap(v, w - 4 - LABEL, row);
    const int most = within.h - 2 * margin - around;
    const size_t room = most > 0 ? (size_t)most : 0;
    const bool cut = n > room;
    for (n = cut ? room : n; cut && n > 0 && !row[n].begins;) {
        n--; /* whole lines */
    }
    struct rect r = layout_dialog(within.w, within.h, w, around + (int)n);
    r.x += within.x;
    r.y += within.y;
    canvas_fill(c, r, ' ', ROLE_TEXT, 0);
    const struct rect in = canvas_box(c, r, title, NULL, true);
    const struct rect text = {in.x + 1, in.y + 2, in.w - 2, (int)n};
    app_text(a, c, text.x, in.y, text.w, heading, ROLE_TEXT);
    draw_rows(c, text, row, n);
    app_text(a, c, text.x, r.y + r.h - 2, text.w,
             cut ? "saetop doctor says all of it; " KEY_OF("help") " explains meanwhile"
                 : KEY_OF("help") " explains keys, measures and ideas meanwhile",
             ROLE_DIM);
}

void startcard_weights(const struct session_view *v, char *out, size_t cap)
{
    out[0] = '\0';
    if (v->weights_ready < v->weights_all) {
        snprintf(out, cap, " (weights: %.0f of %.0f MB)",
                 1e-6 * (double)v->weights_ready, 1e-6 * (double)v->weights_all);
    }
}

void startcard_loading(const struct app *a, const struct session_view *v,
                       struct canvas *c, struct rect r)
{
    char weights[48], heading[sizeof v->loading + sizeof weights + 12];
    if (v->state == SESSION_LOADING) {
        startcard_weights(v, weights, sizeof weights);
        snprintf(heading, sizeof heading, "loading: %s%s", v->loading, weights);
        draw(a, v, c, r, "one moment", heading);
    }
}

void startcard_first(const struct app *a, const struct session_view *v,
                     struct canvas *c)
{
    const bool paused = v->state == SESSION_PAUSED;
    if (v->n_cost > 0 && v->step == 0 && (paused || v->state == SESSION_TRAINING) &&
        v->cond[0].series[METRIC_LOSS].n == 0) {
        draw(a, v, c, (struct rect){0, 0, c->w, c->h}, "before the first step",
             paused ? "paused: " KEY_OF("pause") " begins"
                    : "the model reads the text of the first steps");
    }
}
