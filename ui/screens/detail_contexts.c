/* Detail: the contexts of a latent, of one interval or some of each. */
#include "base/number.h"
#include "ui/context_flow.h"
#include "ui/names.h"
#include "ui/plot.h"
#include "ui/screens/detail_priv.h"
#include "ui/screens/prompt.h"
#include "ui/text.h"

#include <stdio.h>
#include <string.h>

static float top_of(const struct latent_detail *d)
{
    return d->row.max > d->hist_max ? d->row.max : d->hist_max;
}

struct contexts_look {
    int w, most, pitch, gap;
    bool wrap;
};

static int context_height(const struct session_view *v, const struct latent_detail *d,
                          size_t i, const struct contexts_look *look,
                          struct context_flow *flow)
{
    context_flow(flow, &v->names, &d->context[i], top_of(d), look->w, look->wrap,
                 look->most);
    return flow->rows * look->pitch + look->gap;
}

static void draw_context(struct app *a, const struct session_view *v, struct canvas *c,
                         struct rect r, const struct latent_detail *d, size_t i,
                         const struct context_flow *flow)
{
    const bool on = i == detail_of(a)->context;
    char act[24];
    plot_number(act, sizeof act, (double)d->context[i].act, 5);
    canvas_put(c, r.x, r.y, on ? 0x25B6 : ' ', ROLE_FOCUS, ATTR_BOLD);
    canvas_textf(c, r.x + 1, r.y, 6, on ? ROLE_VALUE : ROLE_DIM, 0, "%5s", act);
    bool hit[CONTEXT_TOKENS];
    context_find(&v->names, &d->context[i], detail_of(a)->find, hit);
    context_draw(c, (struct rect){r.x + 8, r.y, r.w - 8, r.h}, flow, &v->names,
                 &d->context[i], top_of(d), detail_of(a)->heat_row, hit);
    app_hit(a, r, HIT_CONTEXT, (int)i);
}

/* Whether the model was asked, if only for the first contexts so far. */
static bool has_next(const struct latent_detail *d)
{
    return d->n_contexts > 0 && d->context[0].next.p > 0;
}

/* Draw the next word after context i, and what it would be without the latent, which
 * stands out if it differs. */
static void draw_next(const struct app *a, const struct session_view *v,
                      struct canvas *c, int x, int y, int w,
                      const struct latent_detail *d, size_t i)
{
    const struct latent_next *is = &d->context[i].next,
                             *without = &d->context[i].next_without;
    const bool on = i == detail_of(a)->context;
    char before[40], after[40], p[24], q[24];
    if (!(is->p > 0)) {
        canvas_text(c, x, y, w, "next: being measured", ROLE_DIM, 0);
        return;
    }
    names_token_dotted(&v->names, is->id, before, sizeof before);
    names_token_dotted(&v->names, without->id, after, sizeof after);
    const enum role other = is->id != without->id ? ROLE_TEXT : ROLE_DIM;
    /* Other latents that are silenced in Prompt speak here. */
    const size_t own = prompt_is_silenced(a, detail_of(a)->latent) ? 1 : 0;
    const bool others = prompt_silenced(a, NULL, 0) > own;
    text_share(p, sizeof p, (double)is->p);
    text_share(q, sizeof q, (double)without->p);
    canvas_textf(c, x, y, w, on ? ROLE_VALUE : other, 0,
                 "next '%s' %s, without it%s '%s' %s", before, p,
                 others ? " alone" : "", after, q);
}

/* Draw the contexts. If there is a line between them, it says what comes next. */
static void draw_context_list(struct app *a, const struct session_view *v,
                              struct canvas *c, struct rect in,
                              const struct latent_detail *d, bool wide)
{
    struct context_flow flow;
    const struct contexts_look look = {.w = in.w - 10,
                                       .most = 3,
                                       .pitch = detail_of(a)->heat_row ? 2 : 1,
                                       .gap = wide ? 1 : 0,
                                       .wrap = detail_of(a)->wrap};
    const bool next = look.gap > 0 && has_next(d);
    size_t first = detail_of(a)->context < d->n_contexts ? detail_of(a)->context : 0;
    int room = in.h - context_height(v, d, first, &look, &flow);
    while (first > 0) {
        room -= context_height(v, d, first - 1, &look, &flow);
        if (room < 0) {
            break;
        }
        first--;
    }
    int y = in.y;
    for (size_t i = first; i < d->n_contexts; i++) {
        const int h = context_height(v, d, i, &look, &flow);
        if (y + h - (next ? 0 : look.gap) > in.y + in.h) {
            break;
        }
        draw_context(a, v, c, (struct rect){in.x + 1, y, in.w - 2, h - look.gap}, d, i,
                     &flow);
        if (next) {
            draw_next(a, v, c, in.x + 9, y + h - 1, in.w - 10, d, i);
        }
        y += h;
    }
}

/* What brackets and digits say, ever shorter. */
#define LEGEND_WHOLE                                                                   \
    "\xe2\x9f\xa6tok\xe2\x9f\xa7 \xe2\x89\xa5.8   [tok] \xe2\x89\xa5.6   "             \
    "(tok) \xe2\x89\xa5.3 of the largest   \xe2\x80\xb9tok\xe2\x80\xba the one "       \
    "in question   digit, colour = activation / largest"
#define LEGEND_BRIEF                                                                   \
    "\xe2\x9f\xa6tok\xe2\x9f\xa7 \xe2\x89\xa5.8  [tok] \xe2\x89\xa5.6  "               \
    "(tok) \xe2\x89\xa5.3 of max  \xe2\x80\xb9tok\xe2\x80\xba less   digit, "          \
    "colour = act/max"
#define LEGEND_LEAST                                                                   \
    "\xe2\x9f\xa6\xe2\x89\xa5.8\xe2\x9f\xa7 [\xe2\x89\xa5.6] "                         \
    "(\xe2\x89\xa5.3) \xe2\x80\xb9less\xe2\x80\xba  digit = act/max x 10"

/* Explain brackets and digits, in the longest words that fit. */
static void draw_legend(struct canvas *c, int x, int y, int w)
{
    static const char *const words[] = {LEGEND_WHOLE, LEGEND_BRIEF, LEGEND_LEAST};
    size_t i = 0;
    while (i < 2 && canvas_text_width(words[i]) > w) {
        i++;
    }
    canvas_text(c, x, y, w, words[i], ROLE_DIM, 0);
}

void contexts_view(struct app *a, const struct session_view *v, struct canvas *c,
                   struct rect r, bool wide)
{
    const struct latent_detail *d = detail_shown(a, v);
    const bool fresh = d && d->interval == detail_of(a)->interval;
    char name[32], title[64], value[48] = "";
    names_interval(detail_of(a)->interval, name, sizeof name);
    snprintf(title, sizeof title, "contexts: %s", name);
    if (fresh && d->n_contexts) {
        snprintf(value, sizeof value, "%zu/%zu of %zu", detail_of(a)->context + 1,
                 d->n_contexts, d->n_in_interval);
    }
    const struct rect in = canvas_box(c, r, title, value, true);
    const int x = in.x + 2;
    const int middle = in.y + in.h / 2;
    app_hit(a, r, HIT_PANE, 0);
    if (v->state == SESSION_LOADING) {
        return;
    }
    if (detail_of(a)->latent < 0) {
        app_text(a, c, x, middle, in.w - 3,
                 "no latent chosen: " KEY_OF("screen latents") " shows the table",
                 ROLE_DIM);
    } else if (!fresh) {
        char text[80];
        snprintf(text, sizeof text,
                 v->detail_busy
                     ? "describing latent #%d ..."
                     : "no description of #%d; " KEY_OF("refresh") " asks for one",
                 detail_of(a)->latent);
        app_text(a, c, x, middle, in.w - 3, text, ROLE_DIM);
    } else if (!d->n_contexts) {
        app_text(a, c, x, middle, in.w - 3,
                 d->row.fires
                     ? "no context in this interval; " KEY_OF("interval") " changes it"
                     : "dead: it never fires on this text",
                 ROLE_DIM);
    } else {
        struct rect list = in;
        list.h -= 1;
        if (!wide && has_next(d)) { /* of the one under the cursor */
            list.h -= 1;
            draw_next(a, v, c, in.x + 1, list.y + list.h, in.w - 2, d,
                      detail_of(a)->context);
        }
        draw_context_list(a, v, c, list, d, wide);
        draw_legend(c, in.x + 1, in.y + in.h - 1, in.w - 2);
    }
}

void intervals_view(struct app *a, const struct session_view *v, struct canvas *c,
                    struct rect r)
{
    const struct latent_detail *d = detail_shown(a, v);
    /* If nothing is hot, the token in question is marked. */
    static const bool centre[CONTEXT_TOKENS] = {[CONTEXT_TOKENS / 2] = true};
    const struct rect in =
        canvas_box(c, r, "contexts: top, tenths of max, random, zero", NULL, true);
    const size_t each = in.h >= 2 * LATENT_INTERVALS ? 2 : 1;
    int y = in.y;
    app_hit(a, r, HIT_PANE, 0);
    for (size_t i = 0; d && i < LATENT_INTERVALS; i++) {
        const struct latent_sample *s = &d->sample[i];
        char name[32], count[24];
        names_interval(latent_interval_at(i), name, sizeof name);
        name[strcspn(name, " ")] = '\0'; /* the title says of what */
        snprintf(count, sizeof count, "%zu", s->n_in_interval);
        canvas_text(c, in.x + 1, y, 8, name, ROLE_TITLE, 0);
        canvas_text(c, in.x + 16 - canvas_text_width(count), y, 7, count, ROLE_DIM, 0);
        for (size_t k = 0; k < s->n && k < each; k++) {
            struct context_flow flow;
            context_flow(&flow, &v->names, &s->context[k], top_of(d), in.w - 19, false,
                         1);
            context_draw(c, (struct rect){in.x + 18, y + (int)k, in.w - 19, 1}, &flow,
                         &v->names, &s->context[k], top_of(d), false,
                         s->context[k].act > 0 ? NULL : centre);
        }
        y += (int)each;
    }
}
