/* The card shown on a small terminal: the run's figures, and the keys that still
 * work. */
#include "ui/livecard.h"

#include "ui/plot.h"
#include "ui/statusline.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void step_only(const struct session_view *v, struct canvas *c)
{
    char step[32];
    text_thousands(step, sizeof step, v->step);
    canvas_text(c, 0, 0, c->w, step, ROLE_VALUE, 0);
}

static void numbers_row(const struct session_view *v, struct canvas *c, int y,
                        size_t arm)
{
    static const struct {
        int metric;
        const char *label;
    } shown[] = {{METRIC_LOSS, "loss"},
                 {METRIC_L0, "L0"},
                 {METRIC_ABSORPTION, "absorb"},
                 {METRIC_EV, "EV"}};
    const struct cond_view *av = &v->cond[arm];
    int x = 1;
    if (conds_of(v) > 1) {
        canvas_put(c, x, y, (uint32_t)(unsigned char)av->letter, arm_role(arm),
                   ATTR_BOLD);
        x += 2;
    }
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        char value[24];
        plot_number(value, sizeof value, av->last[shown[i].metric], 6);
        const int w = (int)strlen(shown[i].label) + 1 + (int)strlen(value);
        if (x + w > c->w) {
            return;
        }
        x += canvas_text(c, x, y, c->w - x, shown[i].label, ROLE_DIM, 0) + 1;
        x += canvas_text(c, x, y, c->w - x, value, ROLE_VALUE, 0) + 1;
        const struct series *s = &av->series[shown[i].metric];
        if (i == 0 && s->n > 1 && x + 10 < c->w) {
            plot_spark(c, x, y, 8, s->y, s->n, arm_role(arm));
            x += 9;
        }
        x += 1;
    }
}

/* Size of a chart with its border; in less room the figures say more. */
enum { CHART_H = 7, CHART_W = 30 };

/* Draw the first screen's chart in the rows from y on, above the line for messages;
 * false: there is no room. */
static bool chart(struct app *a, const struct session_view *v, struct canvas *c, int y)
{
    const struct rect r = {0, y, c->w, c->h - 2 - y};
    if (!app_home(a)->chart || r.h < CHART_H || r.w < CHART_W) {
        return false;
    }
    const size_t hits = a->n_hits;
    app_home(a)->chart(a, v, c, r);
    a->n_hits = hits; /* the card has no panes to click on */
    return true;
}

void card_view(struct app *a, const struct session_view *v, struct canvas *c)
{
    if (layout_kind(c->w, c->h) == LAYOUT_STEP) {
        step_only(v, c);
        return;
    }
    const bool roomy = c->h >= 8;
    int y = 0;
    if (roomy) {
        canvas_textf(c, 1, y, c->w - 1, ROLE_DIM, 0,
                     "screens need %dx%d; this is %dx%d", FULL_W, FULL_H, c->w, c->h);
        y = 2;
    }
    status_view(a, v, app_home(a), c, (struct rect){0, y, c->w, 1});
    for (size_t i = 0; i < conds_of(v); i++) {
        numbers_row(v, c, ++y, i);
    }
    if (++y < c->h - 2) {
        char mask[96];
        status_mask(a, v, mask, sizeof mask);
        canvas_text(c, 1, y, c->w - 1, mask, ROLE_TEXT, 0);
    }
    if (chart(a, v, c, y + 1)) {
        y = c->h;
    }
    y += roomy ? 2 : 1;
    if (y < c->h - 1 && v->state == SESSION_TRAINING) {
        canvas_text(c, 1, y, c->w - 1,
                    "training continues; these keys still work:", ROLE_DIM, 0);
    }
    hints_view(a, v, app_home(a), c, (struct rect){0, c->h - 1, c->w, 1});
}
