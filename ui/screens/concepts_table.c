/* The table of Concepts: for each measure A, B and their difference side by side, as
 * many measures as fit. */
#include "base/number.h"
#include "measure/wants.h"
#include "ui/rows.h"
#include "ui/screens/concepts_priv.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    NAME_LEAST = 14, /* with the cursor's mark */
    NAME_MOST = 24,
    LATENT_W = 6, /* a latent's number, */
    VALUE_W = 5,  /* a condition's value, */
    BY_W = 7,     /* a difference with its mark, */
    ALONE_W = 8   /* the value of a single condition */
};

/* ---- what stands where ---- */

/* A cell of each row, right-aligned. */
struct place {
    int col; /* of concept_columns */
    enum concept_side side;
    int x, w; /* without the mark of a difference */
};
enum { PLACES = 32 };

struct places {
    int name_w, latents_end; /* relative to the first column */
    struct place at[PLACES];
    size_t n;
    size_t first, fit; /* measures that are shown */
};

static int measure_width(size_t arms)
{
    return arms > 1 ? 2 * VALUE_W + BY_W : ALONE_W;
}

/* Measures: all columns but the latent. */
static size_t measures(void)
{
    return concept_columns_n - 1;
}

/* Number of measures that fit into w columns, the scroll bar's not counted. */
static size_t fit_in(size_t arms, int w)
{
    const int room = w - NAME_LEAST - (int)arms * LATENT_W;
    const int fit = room / measure_width(arms);
    return fit < 1 ? 1 : (size_t)fit < measures() ? (size_t)fit : measures();
}

size_t concepts_fit(const struct app *a, const struct session_view *v)
{
    return fit_in(arms_of(v), a->w - 3);
}

static void add_place(struct places *p, int col, enum concept_side side, int *x, int w)
{
    const int mark = side == SIDE_DIFFERENCE ? 1 : 0;
    if (p->n < PLACES) {
        p->at[p->n++] = (struct place){col, side, *x, w - mark};
    }
    *x += w;
}

static struct places places_of(const struct concepts_state *s, size_t arms, int x,
                               int w)
{
    struct places p = {.fit = fit_in(arms, w)};
    const int rest = w - (int)arms * LATENT_W - (int)p.fit * measure_width(arms);
    p.first = s->first < measures() - p.fit ? s->first : measures() - p.fit;
    p.name_w = rest < NAME_MOST ? rest : NAME_MOST;
    x += p.name_w;
    for (size_t side = 0; side < arms; side++) {
        add_place(&p, 0, (enum concept_side)side, &x, LATENT_W);
    }
    p.latents_end = x;
    for (size_t m = p.first; m < p.first + p.fit; m++) {
        const int col = (int)m + 1;
        if (arms == 1) {
            add_place(&p, col, SIDE_A, &x, ALONE_W);
            continue;
        }
        add_place(&p, col, SIDE_A, &x, VALUE_W);
        add_place(&p, col, SIDE_B, &x, VALUE_W);
        add_place(&p, col, SIDE_DIFFERENCE, &x, BY_W);
    }
    return p;
}

/* ---- the header ---- */

/* Arms of a condition that have been measured. */
static size_t measured_of(const struct session_view *v, size_t cond)
{
    size_t n = 0;
    for (size_t i = 0; i < v->cond[cond].n_seeds; i++) {
        n += v->arm[v->cond[cond].arm[i]].concepts != NULL;
    }
    return n;
}

/* Write "5 seeds" for both conditions, "1/5 seeds" if the others are not measured, ""
 * for one seed. */
static void seeds_text(const struct session_view *v, char *out, size_t cap)
{
    const size_t last = arms_of(v) > 1 ? 1 : 0;
    const size_t n = v->cond[0].n_seeds, other = v->cond[last].n_seeds;
    const size_t has = measured_of(v, 0), other_has = measured_of(v, last);
    if (n == 1 && other == 1) {
        out[0] = '\0';
    } else if (n != other || has != other_has) {
        snprintf(out, cap, "seeds");
    } else if (has < n) {
        snprintf(out, cap, "%zu/%zu seeds", has, n);
    } else {
        snprintf(out, cap, "%zu seeds", n);
    }
}

/* Rows of the header: one condition with one seed has no groups of columns. */
static int header_rows(const struct session_view *v)
{
    char seeds[64];
    seeds_text(v, seeds, sizeof seeds);
    return arms_of(v) > 1 || seeds[0] ? 2 : 1;
}

/* Draw titles above groups of columns: those of a measure, and the latents. */
static void draw_groups(const struct session_view *v, struct canvas *c, int x, int y,
                        const struct places *p)
{
    const size_t arms = arms_of(v);
    char text[80], seeds[64];
    seeds_text(v, seeds, sizeof seeds);
    if (seeds[0]) { /* whose numbers these are */
        snprintf(text, sizeof text, "latent, seed %llu",
                 (unsigned long long)v->arm[session_view_shown(v, 0)].weights);
    } else {
        snprintf(text, sizeof text, "%s", arms > 1 ? concept_columns[0].title : "");
    }
    rows_right(c, x, y, p->latents_end - x, text, ROLE_DIM, 0);
    if (arms == 1) {
        canvas_textf(c, p->latents_end + 2, y, 24, ROLE_DIM, 0, "%s%s",
                     seeds[0] ? "means of " : "", seeds);
        return;
    }
    for (size_t i = 0; i < p->fit; i++) {
        const int at = p->latents_end + (int)i * measure_width(arms);
        snprintf(text, sizeof text, "%s%s%s", concept_columns[p->first + i + 1].title,
                 seeds[0] ? ", " : "", seeds);
        rows_right(c, at, y, measure_width(arms) - 1, text, ROLE_TITLE, ATTR_BOLD);
    }
}

int concepts_place_hit(int col, enum concept_side side)
{
    return col * CONCEPT_SIDES + (int)side;
}

static void draw_titles(struct app *a, const struct session_view *v, struct canvas *c,
                        struct rect r, const struct places *p)
{
    const struct concepts_state *s = concepts_own(a);
    const size_t arms = arms_of(v);
    const char *arrow = s->reverse ? "\xe2\x96\xb4" : "\xe2\x96\xbe";
    const bool by_name = s->sort < 0;
    canvas_textf(c, r.x + 2, r.y, p->name_w - 2, by_name ? ROLE_FOCUS : ROLE_TITLE,
                 ATTR_BOLD, "concept%s",
                 !by_name     ? ""
                 : s->reverse ? "\xe2\x96\xbe"
                              : "\xe2\x96\xb4");
    app_hit(a, (struct rect){r.x, r.y, p->name_w, 1}, HIT_HEADER, -1);
    for (size_t i = 0; i < p->n; i++) {
        const struct place *q = &p->at[i];
        const bool on = s->sort == q->col && (arms == 1 || s->side == q->side);
        const bool difference = q->side == SIDE_DIFFERENCE;
        char name[32];
        snprintf(name, sizeof name, "%c", v->cond[difference ? 0 : q->side].letter);
        const char *title = arms == 1    ? concept_columns[q->col].title
                            : difference ? "A-B"
                                         : name;
        char text[48];
        snprintf(text, sizeof text, "%s%s", title, on ? arrow : "");
        const bool here = !difference && latents_cond(a) == (int)q->side;
        rows_right(c, q->x, r.y, q->w, text,
                   on                       ? ROLE_FOCUS
                   : difference || arms < 2 ? ROLE_TITLE
                                            : arm_role(q->side),
                   on || here || arms < 2 ? ATTR_BOLD : 0);
        app_hit(a, (struct rect){q->x, r.y, q->w, 1}, HIT_HEADER,
                concepts_place_hit(q->col, q->side));
    }
    if (p->first > 0) {
        canvas_put(c, p->latents_end, r.y, 0x2026, ROLE_FOCUS, 0);
    }
    if (p->first + p->fit < measures()) {
        canvas_put(c, r.x + r.w - 1, r.y, 0x2026, ROLE_FOCUS, 0);
    }
}

/* ---- rows ---- */

static void cell_text(const struct app *a, const struct session_view *v,
                      const struct concept_column *col, enum concept_side side,
                      int32_t concept, char *out, size_t cap)
{
    const double x = concepts_value(concepts_own(a), v, col, side, concept);
    const struct concept_result *r =
        side == SIDE_DIFFERENCE ? NULL : concepts_result(v, (size_t)side, concept);
    if (!isfinite(x)) {
        const bool none = col->figure < 0 && r && r->eligible;
        snprintf(out, cap, none ? "none" : "-");
    } else if (col->figure < 0) {
        snprintf(out, cap, "%s#%.0f", concepts_silenced(a, (size_t)side, (int32_t)x),
                 x);
    } else {
        const int most = concept_figures[col->figure].digits;
        snprintf(out, cap, "%s",
                 NUMBER(side == SIDE_DIFFERENCE ? NUMBER_SIGNED : NUMBER_PLAIN, 0,
                        most < 2 ? most : 2, x));
    }
}

static void draw_row(const struct app *a, const struct session_view *v,
                     struct canvas *c, struct rect r, const struct places *p,
                     int32_t concept, bool cursor)
{
    const struct concepts_state *s = concepts_own(a);
    const char *name = v->names.concept_name[concept];
    const enum role role = cursor ? ROLE_SELECT : ROLE_TEXT;
    if (cursor) {
        canvas_fill(c, r, ' ', ROLE_SELECT, 0);
        canvas_put(c, r.x, r.y, 0x25B6, ROLE_SELECT, 0);
    }
    canvas_text(c, r.x + 2, r.y, p->name_w - 2, name, cursor ? ROLE_SELECT : ROLE_VALUE,
                0);
    rows_tint_found(c, r.x + 2, r.y, p->name_w - 2, name, s->find);
    for (size_t i = 0; i < p->n; i++) {
        const struct place *q = &p->at[i];
        const struct concept_column *col = &concept_columns[q->col];
        char text[32];
        cell_text(a, v, col, q->side, concept, text, sizeof text);
        rows_right(c, q->x, r.y, q->w, text, role, 0);
        if (q->side == SIDE_DIFFERENCE) { /* whichever its sign */
            const char mark = concepts_mark(concepts_effect(s, col, concept));
            canvas_put(c, q->x + q->w, r.y, (uint32_t)mark,
                       cursor ? ROLE_SELECT : ROLE_VALUE, ATTR_BOLD);
        }
    }
}

static void draw_none(const struct app *a, const struct session_view *v,
                      struct canvas *c, struct rect r)
{
    const char *why = concepts_may_browse(a, v);
    if (v->state == SESSION_LOADING) {
        return;
    }
    char text[160], own[160];
    if (why && v->concepts_busy) {
        snprintf(text, sizeof text, "measuring the concepts ...");
    } else if (why) {
        snprintf(text, sizeof text, "%s", why);
    } else if (concepts_own(a)->hidden > 0) {
        snprintf(text, sizeof text, "no concept passes the filter" FILTER_CLEARS);
    } else if (!concepts_any_measured(v)) {
        snprintf(text, sizeof text, "%s", want_says(WANT_TOLD));
    } else {
        snprintf(text, sizeof text,
                 "no measured %s: %s; " KEY_OF("family") " goes on to the next family",
                 concepts_family_name(concepts_own(a)->family), want_gives(WANT_TOLD));
    }
    app_words(a, text, own, sizeof own);
    rows_centred(c, rect_inset(r, 2, 0), own, ROLE_DIM);
}

/* ---- under the table ---- */

/* Notes below the table, on as many lines as they need: what it leaves out, how sure
 * its differences are, when spread is measured, and how a run without a concepts file
 * gets more families. */
enum { FOOT_LINES = 3 };
struct foot {
    const struct app *a;
    char line[FOOT_LINES][160];
    size_t n;
};

/* Add words, on the last line if they fit there. */
static void foot_add(struct foot *f, int w, const char *words)
{
    char text[160];
    app_words(f->a, words, text, sizeof text);
    char *last = f->n ? f->line[f->n - 1] : NULL;
    if (last && canvas_text_width(last) + canvas_text_width(text) + 2 <= w) {
        const size_t len = strlen(last);
        snprintf(last + len, sizeof f->line[0] - len, "; %s", text);
    } else if (f->n < FOOT_LINES) {
        snprintf(f->line[f->n++], sizeof f->line[0], "%s", text);
    }
}

static bool has_spread(const struct concept_table *t)
{
    bool any = false;
    for (size_t c = 0; t && c < t->n && !any; c++) {
        any = isfinite(t->row[c].spread);
    }
    return any;
}

/* How many arms have spread, of how many. */
static size_t count_spread(const struct session_view *v, size_t *arms)
{
    size_t n = 0;
    *arms = 0;
    for (size_t cond = 0; cond < arms_of(v); cond++) {
        for (size_t i = 0; i < v->cond[cond].n_seeds; i++) {
            n += has_spread(v->arm[v->cond[cond].arm[i]].concepts);
            (*arms)++;
        }
    }
    return n;
}

static void add_spread(struct foot *f, const struct concepts_state *s,
                       const struct session_view *v, int w)
{
    char text[120], step[32];
    size_t arms = 0;
    const size_t have = count_spread(v, &arms);
    if (s->n == 0 || have == arms) {
        return;
    }
    if (v->concepts_busy || v->evaluating) {
        snprintf(text, sizeof text, "spread is being measured");
    } else if (have > 0) {
        snprintf(text, sizeof text,
                 "spread of %zu of %zu arms: " KEY_OF("refresh") " measures the rest",
                 have, arms);
    } else if (v->state == SESSION_BROWSING || v->step >= v->planned) {
        snprintf(text, sizeof text, "spread: " KEY_OF("refresh") " measures it");
    } else {
        text_thousands(step, sizeof step, v->planned);
        snprintf(text, sizeof text, "spread: at step %s, or now by " KEY_OF("refresh"),
                 step);
    }
    foot_add(f, w, text);
}

static void add_differences(struct foot *f, const struct concepts_state *s,
                            const struct session_view *v, int w)
{
    const bool sorted = s->sort >= 0 && s->side == SIDE_DIFFERENCE;
    if (arms_of(v) < 2) {
        return;
    }
    if (concepts_seeds(s) < 2) {
        foot_add(f, w,
                 sorted
                     ? "found by sorting, and of one pair: no verdict"
                     : "A-B of one pair is no finding: `saetop verdict` takes seeds");
        return;
    }
    if (sorted) {
        foot_add(f, w, "A-B found by sorting");
    }
    if (paired_first(concepts_seeds(s), v->seeds_planned) > 0) {
        char text[80];
        snprintf(text, sizeof text, "%zu seeds, %zu planned: wider intervals",
                 concepts_seeds(s), v->seeds_planned);
        foot_add(f, w, text);
    }
}

static struct foot foot_of(const struct app *a, const struct session_view *v, int w)
{
    const struct concepts_state *s = concepts_own(a);
    struct foot f = {.a = a};
    char text[120];
    if (s->hidden > 0) {
        snprintf(text, sizeof text, "%zu hidden by the filter", s->hidden);
        foot_add(&f, w, text);
    }
    if (s->unmeasured > 0) {
        snprintf(text, sizeof text, "%zu not measured: a probe cannot tell them",
                 s->unmeasured);
        foot_add(&f, w, text);
    }
    add_spread(&f, s, v, w);
    add_differences(&f, s, v, w);
    if (!concepts_has_file(v)) {
        foot_add(
            &f, w,
            "from the vocabulary; yours: --concepts FILE.csv (concept,parent,word)");
    }
    return f;
}

static void draw_foot(const struct foot *f, struct canvas *c, struct rect r)
{
    for (size_t i = 0; i < f->n; i++) {
        canvas_text(c, r.x + 1, r.y + r.h - (int)(f->n - i), r.w - 1, f->line[i],
                    ROLE_DIM, 0);
    }
}

/* Draw into the lower border what the marks of differences mean, and that there are
 * more measures. */
static void draw_border(const struct app *a, const struct session_view *v,
                        struct canvas *c, struct rect r)
{
    const struct concepts_state *s = concepts_own(a);
    char more[40] = "";
    if (concepts_fit(a, v) < measures()) {
        app_words(a, " " KEY_OF("move left") " " KEY_OF("move right") " more ", more,
                  sizeof more);
    }
    const int y = r.y + r.h - 1, used = canvas_text_width(more);
    if (arms_of(v) > 1 && concepts_seeds(s) > 1) {
        canvas_text(c, r.x + 2, y, r.w - 4 - used,
                    s->so_far ? " " VERDICT_MARKS_SO_FAR " " : " " VERDICT_MARKS " ",
                    ROLE_DIM, 0);
    }
    canvas_text(c, r.x + r.w - 2 - used, y, used, more, ROLE_DIM, 0);
}

/* ---- all of it ---- */

/* "super-categories: A mask p=0.30, B no mask" */
static void title_text(const struct concepts_state *s, const struct session_view *v,
                       char *out, size_t cap)
{
    size_t len = (size_t)snprintf(out, cap, "%s", concepts_family_name(s->family));
    for (size_t k = 0; k < arms_of(v) && v->n_conds > 0 && len < cap; k++) {
        len += (size_t)snprintf(out + len, cap - len, "%s %c %s", k ? "," : ":",
                                v->cond[k].letter, v->cond[k].label);
    }
}

/* Cut a title so that it leaves `room` columns for the value. */
static void cut_title(char *title, int room)
{
    size_t n = strlen(title);
    if (canvas_text_width(title) <= room) {
        return;
    }
    while (n > 0 && canvas_text_width(title) > room - 1) {
        do {
            n--;
        } while (n > 0 && ((unsigned char)title[n] & 0xC0) == 0x80);
        title[n] = '\0';
    }
    strcat(title, "\xe2\x80\xa6");
}

void concepts_draw_table(struct app *a, const struct session_view *v, struct canvas *c,
                         struct rect r)
{
    struct concepts_state *s = concepts_own(a);
    char title[160], value[64] = "";
    const struct concept_table *t = concepts_table(v, 0);
    if (t) {
        char step[48];
        text_step(step, sizeof step, t->step);
        snprintf(value, sizeof value, "%zu at %s", s->n, step);
    }
    title_text(s, v, title, sizeof title - 8);
    cut_title(title, r.w - 9 - canvas_text_width(value));
    const struct rect in = canvas_box(c, r, title, value,
                                      *app_focus(a, &screen_concepts) == CONCEPTS_LIST);
    app_hit(a, r, HIT_PANE, CONCEPTS_LIST);
    const struct foot foot = foot_of(a, v, in.w - 2);
    const int header = header_rows(v);
    s->list.page = in.h - header - (int)foot.n;
    list_set(&s->list, s->n, s->list.page);
    if (!s->n || in.h < 4) {
        draw_none(a, v, c, in);
        return;
    }
    const struct places p = places_of(s, arms_of(v), in.x, in.w - 1);
    if (header > 1) {
        draw_groups(v, c, in.x, in.y, &p);
    }
    draw_titles(a, v, c, (struct rect){in.x, in.y + header - 1, in.w, 1}, &p);
    for (size_t i = 0; i < list_visible(&s->list); i++) {
        const size_t at = s->list.top + i;
        const struct rect row = {in.x, in.y + header + (int)i, in.w, 1};
        draw_row(a, v, c, row, &p, s->concept[at], at == s->list.cursor);
        app_hit(a, row, HIT_ROW, (int)i);
    }
    rows_bar(c, &s->list, in.x + in.w - 1, in.y + header, s->list.page);
    draw_foot(&foot, c, in);
    draw_border(a, v, c, r);
}
