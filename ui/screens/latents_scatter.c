/* Latents as points: how often each fires against one of its measures. The cursor is
 * the table's, and goes from point to point. */
#include "base/mem.h"
#include "ui/screens/latents_priv.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct latent_column *measure(const struct latents_state *l)
{
    return latent_column_at((size_t)l->scatter_y);
}

/* A latent's place; false: it never fires, or the measure has no value for it. */
static bool place_of(const struct latents_state *l, const struct session_view *v,
                     const struct latent_table *t, int32_t id, double *x, double *y)
{
    const struct latent_source s = latents_source(l, v, t, id);
    *x = s.row->fires && s.row->density > 0 ? log10(s.row->density) : (double)NAN;
    *y = latents_number(measure(l), &s);
    return isfinite(*x) && isfinite(*y);
}

/* ---- drawing ---- */

struct cloud {
    double *x, *y; /* of all points, and of those marked */
    double *marked_x, *marked_y;
    size_t n, n_marked, without;
    double x_lo, x_hi, y_hi;
};

/* Collect the points; false if memory is out. */
static bool cloud_fill(struct cloud *p, const struct latents_state *l,
                       const struct session_view *v, const struct latent_table *t)
{
    double *room = mem_alloc(l->shown + 1, 4 * sizeof *room);
    *p = (struct cloud){.x = room, .x_lo = INFINITY, .x_hi = -INFINITY};
    if (!room) {
        return false;
    }
    p->y = room + l->shown;
    p->marked_x = p->y + l->shown;
    p->marked_y = p->marked_x + l->shown;
    for (size_t i = 0; i < l->shown; i++) {
        double x, y;
        if (!place_of(l, v, t, l->order[i], &x, &y)) {
            p->without++;
            continue;
        }
        p->x[p->n] = x;
        p->y[p->n++] = y;
        if (latents_is_marked(l, l->arm, l->order[i])) {
            p->marked_x[p->n_marked] = x;
            p->marked_y[p->n_marked++] = y;
        }
        p->x_lo = fmin(p->x_lo, x);
        p->x_hi = fmax(p->x_hi, x);
        p->y_hi = fmax(p->y_hi, y);
    }
    return true;
}

/* The cell of a place in what was drawn last. */
static void cell_of(const struct plot_result *p, double x, double y, int *cx, int *cy)
{
    const double across = (x - p->x_min) / (p->x_max - p->x_min);
    const double down = (p->y_max - y) / (p->y_max - p->y_min);
    *cx = p->area.x + (int)(across * (p->area.w - 1) + 0.5);
    *cy = p->area.y + (int)(down * (p->area.h - 1) + 0.5);
}

/* Draw the cursor's point, with its number beside it if there is room. */
static void draw_cursor(const struct app *a, const struct session_view *v,
                        struct canvas *c, double x, double y)
{
    const struct plot_result *p = &latents_of(a)->points;
    char name[24];
    int cx, cy;
    (void)v;
    cell_of(p, x, y, &cx, &cy);
    canvas_put(c, cx, cy, 0x25C6, ROLE_FOCUS, ATTR_BOLD);
    snprintf(name, sizeof name, "#%d", latents_of(a)->at);
    const int w = canvas_text_width(name);
    const bool right = cx + 2 + w <= p->area.x + p->area.w;
    canvas_text(c, right ? cx + 2 : cx - 1 - w, cy, w, name, ROLE_FOCUS, ATTR_BOLD);
}

/* Describe the point under the cursor in words. */
static void draw_words(const struct app *a, const struct session_view *v,
                       struct canvas *c, struct rect r, const struct latent_table *t,
                       bool has_place)
{
    const struct latents_state *l = latents_of(a);
    if (!l->shown || l->at < 0 || (size_t)l->at >= t->F) {
        app_text(a, c, r.x, r.y, r.w, "no latent passes the filter" FILTER_CLEARS,
                 ROLE_DIM);
        return;
    }
    const struct latent_row *row = &t->row[l->at];
    char value[24], density[24], match[120], tokens[160];
    const char *label = latents_label(a, v, l->at);
    if (!has_place) {
        canvas_textf(c, r.x, r.y, r.w, ROLE_DIM, 0, "#%d has no point: %s", l->at,
                     row->fires ? "the measure has no value for it"
                                : "it never fires on this text");
        return;
    }
    plot_number(density, sizeof density, row->density, 7);
    const struct latent_source source = latents_source(l, v, t, l->at);
    plot_number(value, sizeof value, latents_number(measure(l), &source), 6);
    names_match(&v->names, row, match, sizeof match);
    names_top_tokens(&v->names, row, tokens, sizeof tokens);
    canvas_textf(c, r.x, r.y, r.w, ROLE_VALUE, 0, "#%d %s%s%s  density %s  %s %s  %s",
                 l->at, label, label[0] && match[0] ? "  " : "", match, density,
                 measure(l)->title, value, tokens);
}

static void draw_cloud(struct app *a, const struct session_view *v, struct canvas *c,
                       struct rect r, const struct cloud *p, const char *title)
{
    struct latents_state *l = latents_of(a);
    struct plot_spec spec = {.title = title, .y_min = 0, .cursor_x = (double)NAN};
    const double margin = 0.03 * (p->x_hi - p->x_lo) + 0.05;
    spec.x_min = p->x_lo - margin;
    spec.x_max = p->x_hi + margin;
    spec.y_max = measure(l)->type == COLUMN_SHARE ? 1.0
                 : p->y_hi > 0                    ? 1.05 * p->y_hi
                                                  : 1.0;
    spec.series[0] = (struct plot_series){.x = p->x,
                                          .y = p->y,
                                          .n = p->n,
                                          .role = arm_role((size_t)l->cond),
                                          .faint = arm_faint((size_t)l->cond),
                                          .points = true};
    spec.series[1] = (struct plot_series){.x = p->marked_x,
                                          .y = p->marked_y,
                                          .n = p->n_marked,
                                          .role = ROLE_WARN,
                                          .faint = ROLE_WARN,
                                          .points = true};
    spec.n_series = 2;
    spec.empty = p->without ? "no latent shown has this measure" : "no latent is shown";
    plot_draw(c, r, &spec, &l->points);
    double x, y;
    const struct latent_table *t = latents_table(a, v);
    if (p->n && l->at >= 0 && place_of(l, v, t, l->at, &x, &y)) {
        draw_cursor(a, v, c, x, y);
    }
}

void scatter_view(struct app *a, const struct session_view *v, struct canvas *c,
                  struct rect r)
{
    struct latents_state *l = latents_of(a);
    const struct latent_table *t = latents_table(a, v);
    struct cloud p;
    char title[80], value[64] = "", seed[32];
    double x, y;
    if (!cloud_fill(&p, l, v, t)) {
        canvas_text(c, r.x + 2, r.y + r.h / 2, r.w - 2, "out of memory", ROLE_DIM, 0);
        return;
    }
    latents_seed(a, v, seed, sizeof seed);
    snprintf(title, sizeof title, "latents of %c%s: %s against density",
             v->cond[l->cond].letter, seed, measure(l)->title);
    snprintf(value, sizeof value, "%zu point%s, %zu without", p.n, plural_s(p.n),
             p.without);
    const struct rect in = canvas_box(c, r, title, value, true);
    const bool has_place = l->shown && l->at >= 0 && place_of(l, v, t, l->at, &x, &y);
    draw_cloud(a, v, c, (struct rect){in.x, in.y, in.w, in.h - 2}, &p, title);
    static const char axis[] = "log10 of the share of tokens it fires on";
    const int w = canvas_text_width(axis);
    canvas_text(c, in.x + (in.w > w ? in.w - w : 0), in.y + in.h - 2, in.w, axis,
                ROLE_AXIS, 0);
    draw_words(a, v, c, (struct rect){in.x + 1, in.y + in.h - 1, in.w - 2, 1}, t,
               has_place);
    app_hit(a, in, HIT_SCATTER, 0);
    mem_free(p.x);
}

/* ---- moving ---- */

/* How far a point lies from another in a direction, as a cost; NaN if it does not lie
 * that way. Points in the same place follow each other by number. */
static double cost(double ahead, double aside, int32_t id, int32_t from, bool forward)
{
    if (fabs(ahead) < 1e-12 && fabs(aside) < 1e-12 && id != from) {
        return (id > from) == forward ? 0 : (double)NAN;
    }
    return ahead > 1e-12 ? ahead + 3 * fabs(aside) : (double)NAN;
}

/* The leftmost point, or the rightmost; -1: there is none. */
static int32_t end_point(const struct latents_state *l, const struct session_view *v,
                         const struct latent_table *t, bool right)
{
    int32_t best = -1;
    double best_x = 0;
    for (size_t i = 0; i < l->shown; i++) {
        double x, y;
        if (place_of(l, v, t, l->order[i], &x, &y) &&
            (best < 0 || (right ? x > best_x : x < best_x))) {
            best = l->order[i];
            best_x = x;
        }
    }
    return best;
}

/* The point nearest to (x0, y0), the cursor's, in that direction: dx and dy in columns
 * and rows of the screen; -1: there is none. */
static int32_t point_beside(const struct latents_state *l, const struct session_view *v,
                            const struct latent_table *t, double x0, double y0, int dx,
                            int dy)
{
    const struct plot_result *p = &l->points;
    const double wide = p->x_max > p->x_min ? p->x_max - p->x_min : 1;
    const double high = p->y_max > p->y_min ? p->y_max - p->y_min : 1;
    double best_cost = (double)INFINITY;
    int32_t best = -1;
    for (size_t i = 0; i < l->shown; i++) {
        const int32_t id = l->order[i];
        double x, y;
        if (id == l->at || !place_of(l, v, t, id, &x, &y)) {
            continue;
        }
        const double across = (x - x0) / wide, down = (y0 - y) / high;
        const double far =
            cost(dx * across + dy * down, dx ? down : across, id, l->at, dx + dy > 0);
        if (far < best_cost) {
            best_cost = far;
            best = id;
        }
    }
    return best;
}

void scatter_move(struct app *a, const struct session_view *v, const char *direction)
{
    static const struct {
        const char *name;
        int x, y;
    } ways[] = {{"left", -1, 0}, {"right", 1, 0}, {"up", 0, -1}, {"down", 0, 1}};
    struct latents_state *l = latents_of(a);
    const struct latent_table *t = latents_table(a, v);
    double x = 0, y = 0;
    int32_t next = -1;
    if (!t || !l->shown) {
        return;
    }
    if (!strcmp(direction, "first") || !strcmp(direction, "last") || l->at < 0 ||
        !place_of(l, v, t, l->at, &x, &y)) {
        next = end_point(l, v, t, !strcmp(direction, "last"));
    }
    for (size_t i = 0; i < 4 && next < 0; i++) {
        if (!strcmp(direction, ways[i].name)) {
            next = point_beside(l, v, t, x, y, ways[i].x, ways[i].y);
        }
    }
    if (next >= 0) {
        latents_go(a, next);
    }
}

bool scatter_click(struct app *a, const struct session_view *v, int x, int y)
{
    struct latents_state *l = latents_of(a);
    const struct latent_table *t = latents_table(a, v);
    int32_t best = -1;
    int best_far = 3 * 3 + 1; /* cells across, twice as high */
    for (size_t i = 0; t && i < l->shown; i++) {
        double px, py;
        int cx, cy;
        if (!place_of(l, v, t, l->order[i], &px, &py) ||
            !(l->points.x_max > l->points.x_min)) {
            continue;
        }
        cell_of(&l->points, px, py, &cx, &cy);
        const int far = (cx - x) * (cx - x) + 4 * (cy - y) * (cy - y);
        if (far < best_far || (far == best_far && l->order[i] == l->at)) {
            best_far = far;
            best = l->order[i];
        }
    }
    const bool again = best >= 0 && best == l->at;
    if (best >= 0) {
        latents_go(a, best);
    }
    return again;
}
