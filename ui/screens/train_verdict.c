/* The box of Train that says what the seeds of two conditions establish. */
#include "session/verdicts.h"
#include "ui/glyph.h"
#include "ui/pane.h"
#include "ui/rows.h"
#include "ui/screens/train_priv.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Columns of the box from which on a row has values, the interval's ends and what it
 * would take; and from which on measures have their whole names. */
enum { ROOMY_W = 76, WHOLE_W = 110 };

size_t train_compared(const struct app *a, const struct session_view *v)
{
    const size_t baseline = view_baseline(v), chosen = (size_t)a->steer.target;
    return chosen < v->n_conds && chosen != baseline ? chosen : baseline == 0 ? 1 : 0;
}

void train_brief_number(char *out, size_t cap, double x, int digits, bool sign)
{
    char text[32];
    if (!isfinite(x)) {
        snprintf(out, cap, "-");
        return;
    }
    snprintf(text, sizeof text, sign ? "%+.*f" : "%.*f", digits, x);
    char *zero = strstr(text, "0.");
    if (zero && (zero == text || zero[-1] == '+' || zero[-1] == '-')) {
        memmove(zero, zero + 1, strlen(zero));
    }
    snprintf(out, cap, "%s", text);
}

static void put_number(struct canvas *c, int x, int y, int w, double v, int digits,
                       bool sign, enum role role)
{
    char text[32];
    train_brief_number(text, sizeof text, v, digits, sign);
    rows_right(c, x, y, w, text, role, 0);
}

/* The digits with which a and b differ in print; at least `digits`. */
static int digits_apart(double a, double b, int digits)
{
    const double unit = pow(10.0, -digits);
    return fabs(round(a / unit) - round(b / unit)) > 0.5 ? digits : digits + 1;
}

/* Digits of an interval's end: one that leaves 0 out does not look like 0. */
static int digits_of_end(const struct paired *d, double end, int digits)
{
    return d->by.low > 0.0 || d->by.high < 0.0 ? digits_apart(end, 0.0, digits)
                                               : digits;
}

/* The result of a row in words. */
struct result {
    const char *words;
    enum role role;
    int way;     /* 1 up, -1 down, 0 neither: an arrow */
    bool marked; /* the words are the verdict alone, which has a mark of its own */
};

static struct result result_of(const struct session_view *v,
                               const struct view_verdicts *r,
                               const struct verdict_row *row)
{
    if (row->d.n == 0) { /* what is missing, since there is only room for that */
        const enum want w =
            pane_wants(v, (int)verdict_measure_def(row->measure)->metric);
        const bool given = w == WANT_OOD || w == WANT_CONCEPTS;
        return (struct result){.words = given ? want_gives(w) : "not measured",
                               .role = ROLE_DIM};
    }
    if (row->d.n < 2) {
        return (struct result){.words = "one seed", .role = ROLE_DIM};
    }
    if (r->why[0]) {
        return (struct result){.words = "not comparable", .role = ROLE_WARN};
    }
    const int way = row->verdict == VERDICT_HIGHER  ? 1
                    : row->verdict == VERDICT_LOWER ? -1
                                                    : 0;
    if (r->within_random[row->measure]) { /* an arrow still says how they differ */
        return (struct result){.words = "within random",
                               .role = r->planned ? ROLE_WARN : ROLE_DIM,
                               .way = way};
    }
    const int better = verdict_measure(row->measure)->better;
    return (struct result){.words = !way || !better    ? verdict_brief(row->verdict)
                                    : way * better > 0 ? "better"
                                                       : "worse",
                           .role = !r->planned         ? ROLE_DIM
                                   : way == 0          ? ROLE_TEXT
                                   : way * better >= 0 ? ROLE_GOOD
                                                       : ROLE_WARN,
                           .way = way,
                           .marked = true};
}

static void put_words(const struct session_view *v, const struct view_verdicts *r,
                      const struct verdict_row *row, struct canvas *c, int x, int y,
                      int end)
{
    const struct result is = result_of(v, r, row);
    if (is.way) { /* with the interval beside it */
        canvas_put(c, x, y, is.way > 0 ? 0x25B2 : 0x25BC, is.role, ATTR_BOLD);
        x += 2;
    }
    x += canvas_text(c, x, y, end - x, is.words, is.role, 0);
    if (is.marked) {
        canvas_textf(c, x, y, end - x, is.role, 0, " %c", verdict_mark(row));
    }
}

static const char *brief_of(size_t m, bool roomy)
{
    const struct measure *d = verdict_measure(m);
    return roomy ? verdict_measure_label(m) : d->brief ? d->brief : d->label;
}

/* The doubt about either condition's cross-entropy; NULL: none. */
static const struct ce_doubt *doubt_of(const struct session_view *v,
                                       const struct view_verdicts *r, size_t m)
{
    const enum metric metric = verdict_measure_def(m)->metric;
    const struct ce_doubt *d = metric_doubt(v->cond[r->of].last, metric);
    return d ? d : metric_doubt(v->cond[r->baseline].last, metric);
}

/* Columns of a roomy row, from the left edge of the box. */
struct roomy {
    bool whole; /* names as elsewhere, not brief ones */
    int of, baseline, difference, interval, least, words;
};

static struct roomy roomy_of(struct rect in)
{
    return in.w >= WHOLE_W ? (struct roomy){true, 30, 38, 46, 55, 76, 86}
                           : (struct roomy){false, 11, 17, 23, 31, 50, 58};
}

static void roomy_row(const struct session_view *v, const struct view_verdicts *r,
                      const struct verdict_row *row, struct canvas *c, struct rect in,
                      int y)
{
    const struct roomy k = roomy_of(in);
    const int digits = k.whole ? verdict_measure(row->measure)->digits : 3;
    const struct ce_doubt *doubt = doubt_of(v, r, row->measure);
    canvas_text(c, in.x + 1, y, k.of - 1, brief_of(row->measure, k.whole), ROLE_TEXT,
                0);
    /* Means over the same pairs as the difference: other seeds may have been measured
     * since. */
    put_number(c, in.x + k.of, y, k.baseline - k.of, row->d.after, digits, false,
               arm_role(r->of));
    put_number(c, in.x + k.baseline, y, k.difference - k.baseline, row->d.before,
               digits, false, arm_role(r->baseline));
    put_number(c, in.x + k.difference, y, k.interval - k.difference - 1, row->d.by.mean,
               digits, true, ROLE_VALUE);
    if (isfinite(row->d.by.low)) {
        char low[32], high[32];
        train_brief_number(low, sizeof low, row->d.by.low,
                           digits_of_end(&row->d, row->d.by.low, digits), true);
        train_brief_number(high, sizeof high, row->d.by.high,
                           digits_of_end(&row->d, row->d.by.high, digits), true);
        canvas_textf(c, in.x + k.interval, y, k.least - k.interval, ROLE_DIM, 0,
                     "[%s, %s]", low, high);
    }
    if (row->d.n > 1 && isfinite(row->smallest) && !verdict_in_reach(row)) {
        rows_right(c, in.x + k.least, y, k.words - k.least - 2, "beyond", ROLE_DIM, 0);
    } else if (row->d.n > 1) {
        put_number(c, in.x + k.least, y, k.words - k.least - 2, row->smallest, digits,
                   false, ROLE_DIM);
    }
    if (doubt) { /* how they differ is beside the point */
        canvas_text(c, in.x + k.words, y, in.w - k.words, doubt->mark, ROLE_WARN, 0);
    } else {
        put_words(v, r, row, c, in.x + k.words, y, in.x + in.w);
    }
}

static void narrow_row(const struct session_view *v, const struct view_verdicts *r,
                       const struct verdict_row *row, struct canvas *c, struct rect in,
                       int y)
{
    const int end = in.x + in.w;
    const struct ce_doubt *doubt = doubt_of(v, r, row->measure);
    /* A wider plus-minus sign takes room from the name. */
    const int left = in.x + 2 - canvas_text_width(glyph_plus_minus(c->tier));
    canvas_text(c, left, y, 10, brief_of(row->measure, false), ROLE_TEXT, 0);
    if (doubt) { /* how they differ is beside the point */
        canvas_text(c, in.x + 18, y, end - in.x - 18, doubt->mark, ROLE_WARN, 0);
        return;
    }
    const double half = 0.5 * (row->d.by.high - row->d.by.low);
    /* One that leaves 0 out does not look as if it touched it. */
    const bool out = r->pairs > 1 && (row->d.by.low > 0 || row->d.by.high < 0);
    const int digits = out ? digits_apart(fabs(row->d.by.mean), half, 3) : 3;
    const int x = in.x + 14 + digits;
    put_number(c, left + 10, y, 6, row->d.by.mean, digits, true, ROLE_VALUE);
    if (isfinite(half)) {
        char text[32];
        /* Four columns, whatever its size, or five. */
        train_brief_number(text, sizeof text, half,
                           half < 1    ? digits
                           : half < 10 ? digits - 1
                                       : digits - 2,
                           false);
        canvas_textf(c, left + 16, y, end - left - 16, ROLE_DIM, 0, "%s%s",
                     glyph_plus_minus(c->tier), text);
    }
    if (r->pairs == 1) { /* this says more than that nothing is established */
        put_number(c, x + 6, y, 6, row->d.after, 3, false, arm_role(r->of));
        put_number(c, x + 12, y, 6, row->d.before, 3, false, arm_role(r->baseline));
    } else {
        put_words(v, r, row, c, x + 6, y, end);
    }
}

/* Draw the rows in order: the primary list, then the others; measures that training
 * never takes are left out. */
static int rows_of(const struct session_view *v, const struct view_verdicts *r,
                   struct canvas *c, struct rect in, int y, bool roomy)
{
    const int bottom = in.y + in.h;
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT && y < bottom; m++) {
        const int metric = (int)verdict_measure_def(m)->metric;
        if (metric >= METRIC_COUNT || verdict_measure_def(m)->list == VERDICT_BARE) {
            continue;
        }
        if (roomy) {
            roomy_row(v, r, &r->row[m], c, in, y++);
        } else {
            narrow_row(v, r, &r->row[m], c, in, y++);
        }
    }
    return y;
}

static void heading(const struct session_view *v, const struct view_verdicts *r,
                    struct canvas *c, struct rect in, bool roomy)
{
    const int end = in.x + in.w;
    const char of[2] = {v->cond[r->of].letter, '\0'};
    const char baseline[2] = {v->cond[r->baseline].letter, '\0'};
    if (r->why[0]) {
        canvas_text(c, in.x + 1, in.y, end - in.x - 1, r->why, ROLE_WARN, 0);
        return;
    }
    if (!roomy) {
        canvas_textf(c, in.x + 1, in.y, end - in.x - 1, ROLE_DIM, 0, "%9s %6s %s95%%",
                     "", "diff.", glyph_plus_minus(c->tier));
        if (r->pairs == 1) {
            rows_right(c, in.x + 23, in.y, 6, of, arm_role(r->of), 0);
            rows_right(c, in.x + 29, in.y, 6, baseline, arm_role(r->baseline), 0);
        }
        return;
    }
    const struct roomy k = roomy_of(in);
    rows_right(c, in.x + k.of, in.y, k.baseline - k.of, of, arm_role(r->of), 0);
    rows_right(c, in.x + k.baseline, in.y, k.difference - k.baseline, baseline,
               arm_role(r->baseline), 0);
    rows_right(c, in.x + k.difference, in.y, k.interval - k.difference - 1, "diff.",
               ROLE_DIM, 0);
    canvas_text(c, in.x + k.interval, in.y, k.least - k.interval, "95 % interval",
                ROLE_DIM, 0);
    /* The smallest difference that this many seeds with this spread would establish. */
    rows_right(c, in.x + k.least - 2, in.y, k.words - k.least, "needs", ROLE_DIM, 0);
}

/* "; A 30 % masked, B not", as much of it as `room` columns hold. */
static void add_masks(const struct cond_view *of, const struct cond_view *baseline,
                      int room, char *out, size_t cap)
{
    const double p[2] = {100 * of->rate_set, 100 * baseline->rate_set};
    char text[4][64] = {""};
    size_t i = 0;
    if (fabs(p[0] - p[1]) < 1e-9) {
        return;
    }
    if (p[0] > 0 && p[1] > 0) {
        snprintf(text[0], sizeof text[0], "; masked %c %.3g %%, %c %.3g %%", of->letter,
                 p[0], baseline->letter, p[1]);
    } else {
        const struct cond_view *masked = p[0] > 0 ? of : baseline;
        const struct cond_view *other = p[0] > 0 ? baseline : of;
        const double rate = 100 * masked->rate_set;
        snprintf(text[0], sizeof text[0], "; %c %.3g %% of input masked, %c not",
                 masked->letter, rate, other->letter);
        snprintf(text[1], sizeof text[1], "; %c %.3g %% masked, %c not", masked->letter,
                 rate, other->letter);
        snprintf(text[2], sizeof text[2], "; mask %c %.3g %%", masked->letter, rate);
    }
    while (text[i][0] && (int)strlen(text[i]) > room) {
        i++;
    }
    snprintf(out, cap, "%s", text[i]);
}

void train_verdict_title(const struct app *a, const struct session_view *v, int room,
                         char *out, size_t cap)
{
    struct view_verdicts r;
    if (!view_verdicts_of(v, train_compared(a, v), &r)) {
        snprintf(out, cap, "no seed in common");
        return;
    }
    char planned[32] = "";
    if (r.first) {
        snprintf(planned, sizeof planned, " (%zu planned)", v->seeds_planned);
    }
    snprintf(out, cap, "%c-%c%s, %zu seed%s%s%s", v->cond[r.of].letter,
             v->cond[r.baseline].letter, r.why[0] ? " not comparable" : "", r.pairs,
             r.pairs == 1 ? "" : "s", planned, r.planned ? "" : ", so far");
    const size_t len = strlen(out);
    add_masks(&v->cond[r.of], &v->cond[r.baseline], room - (int)len, out + len,
              cap - len);
}

/* Whether a row shown has this mark. */
static bool any_has(const struct view_verdicts *r, char mark)
{
    bool any = false;
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT; m++) {
        any = any || (!r->why[0] && verdict_measure_def(m)->list != VERDICT_BARE &&
                      verdict_mark(&r->row[m]) == mark);
    }
    return any;
}

void train_verdict_caption(const struct app *a, const struct session_view *v, int room,
                           char *out, size_t cap)
{
    struct view_verdicts r;
    out[0] = '\0';
    if (!view_verdicts_of(v, train_compared(a, v), &r)) {
        return;
    }
    const bool read = v->state == SESSION_BROWSING, found = any_has(&r, '*'),
               alone = any_has(&r, '~');
    const char *text[5] = {"not established: one seed; the interval is of the text",
                           "not established: one seed"};
    if (r.pairs > 1) { /* the longest that there is room for */
        text[0] = r.planned ? VERDICT_MARKS
                      "; needs: smallest difference that so many seeds could establish"
                            : VERDICT_MARKS_SO_FAR
                      "; needs: smallest difference so many seeds could establish";
        text[1] = read ? "needs: smallest difference so many seeds could establish; "
                         "measured live"
                       : "needs: the smallest difference that so many seeds could "
                         "establish";
        text[2] = r.first ? "intervals for any number of seeds (Lai 1976)"
                          : "seeds share text and model; Holm over Compare's list";
        text[3] = found && alone ? "* established  ~ clear only alone"
                  : found        ? "* established (after Holm)"
                  : alone        ? "~ clear only taken alone (Holm)"
                  : read         ? "live, as training measured"
                  : r.first      ? "intervals for any number of seeds"
                                 : "seeds share text and model";
    }
    size_t i = 0;
    while (text[i + 1] && (int)strlen(text[i]) > room) {
        i++;
    }
    snprintf(out, cap, "%s", text[i]);
}

/* Half the width of the difference's interval: both are taken as independent, which for
 * arms on the same concepts gives the wider one. NaN if there is no interval. */
static double half_of_text(const struct session_view *v, const struct view_verdicts *r,
                           int metric)
{
    const size_t both[] = {r->of, r->baseline};
    double sum = 0;
    for (size_t k = 0; k < 2; k++) {
        const struct series *s = &v->cond[both[k]].series[metric];
        if (!s->n || !s->lo) {
            return (double)NAN;
        }
        const double half = 0.5 * (s->hi[s->n - 1] - s->lo[s->n - 1]);
        sum += half * half;
    }
    return sqrt(sum);
}

/* One seed has no spread: take the interval over the text, if there is one. */
static void take_text(const struct session_view *v, struct view_verdicts *r)
{
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT && r->pairs == 1; m++) {
        struct verdict_row *row = &r->row[m];
        const int metric = (int)verdict_measure_def(m)->metric;
        const double half =
            metric < METRIC_COUNT ? half_of_text(v, r, metric) : (double)NAN;
        row->d.by.low = row->d.by.mean - half;
        row->d.by.high = row->d.by.mean + half;
    }
}

int train_verdict_rows(const struct app *a, const struct session_view *v,
                       struct canvas *c, struct rect in)
{
    struct view_verdicts r;
    const bool roomy = in.w >= ROOMY_W;
    if (!view_verdicts_of(v, train_compared(a, v), &r)) {
        return 0;
    }
    take_text(v, &r);
    heading(v, &r, c, in, roomy);
    return rows_of(v, &r, c, in, in.y + 1, roomy) - in.y;
}
