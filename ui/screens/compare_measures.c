/* Measures of a comparison: both sides, the difference, its interval and verdict. */
#include "base/csvfile.h"
#include "base/number.h"
#include "ui/export.h"
#include "ui/pane.h"
#include "ui/rows.h"
#include "ui/screens/compare_priv.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LABEL_W = 25, VALUE_W = 8, DIFFERENCE_W = 8, INTERVAL_W = 20 };

const char *compare_source_text(const struct comparison *o, char *out, size_t cap)
{
    const size_t len =
        (size_t)snprintf(out, cap, "%s",
                         o->source == COMPARE_FROM_KEPT  ? "full evaluation, kept"
                         : o->source == COMPARE_FROM_RUN ? "live, as trained"
                                                         : "evaluated for it");
    if (o->rows > 0 && len < cap) {
        snprintf(out + len, cap - len, ": %zu row%s", o->rows, plural_s(o->rows));
    }
    return out;
}

int compare_measure_at(const struct comparison *c, size_t i)
{
    for (enum verdict_list list = 0; list < VERDICT_BARE; list++) {
        for (size_t m = 0; m < VERDICT_MEASURE_COUNT; m++) {
            const bool in = verdict_measure_def(m)->list == list &&
                            c->measures.row[m].verdict != VERDICT_NOT_MEASURED;
            if (in && i-- == 0) {
                return (int)m;
            }
        }
    }
    return -1;
}

size_t compare_measures_n(const struct comparison *c)
{
    size_t n = 0;
    while (compare_measure_at(c, n) >= 0) {
        n++;
    }
    return n;
}

/* Whether the figures of both sides were measured on the same data. */
static bool may_judge(const struct comparison *o)
{
    return !o->measures.other_data[0];
}

const char *compare_verdict(const struct comparison *o, size_t m)
{
    const enum verdict is = o->measures.row[m].verdict;
    return !may_judge(o)                                       ? COMPARE_NOT_COMPARABLE
           : is == VERDICT_ONE_SEED && o->measures.other_texts ? "one pair"
                                                               : verdict_brief(is);
}

/* The verdict in a word or two of at most `room` columns; "within random" if it is. */
static const char *verdict_word(const struct comparison *o, size_t m, int room)
{
    static const char within[] = "within random";
    return !o->measures.within_random[m]   ? compare_verdict(o, m)
           : room < (int)sizeof within - 1 ? "random"
                                           : within;
}

/* Established differences stand out, and so do those that chance makes; nothing else
 * has its own colour. */
static enum role verdict_role(const struct comparison *o, size_t m)
{
    const struct verdict_row *r = &o->measures.row[m];
    return o->measures.within_random[m]                  ? ROLE_WARN
           : verdict_direction(r->verdict) && !r->so_far ? ROLE_VALUE
                                                         : ROLE_DIM;
}

static void interval_text(const struct comparison *o, size_t m, char *out, size_t cap)
{
    const struct stats_interval *by = &o->measures.by[m];
    const int digits = verdict_measure(m)->digits;
    if (isfinite(by->low) && isfinite(by->high)) {
        snprintf(out, cap, "[%s, %s]", NUMBER(NUMBER_SIGNED, 0, digits, by->low),
                 NUMBER(NUMBER_SIGNED, 0, digits, by->high));
    } else {
        snprintf(out, cap, "%s", may_judge(o) ? "no interval" : COMPARE_NOT_COMPARABLE);
    }
}

/* A measure's name, or if that does not fit its brief one. */
static const char *label_of(size_t m, int room)
{
    const char *label = verdict_measure_label(m), *brief = verdict_measure(m)->brief;
    return brief && canvas_text_width(label) > room ? brief : label;
}

static void draw_measure(const struct comparison *o, struct canvas *c, struct rect r,
                         size_t m, bool cursor)
{
    const struct verdict_row *row = &o->measures.row[m];
    const int digits = verdict_measure(m)->digits;
    const enum role role = cursor ? ROLE_SELECT : ROLE_TEXT;
    char interval[64];
    int x = r.x;
    if (cursor) {
        canvas_fill(c, r, ' ', ROLE_SELECT, 0);
        canvas_put(c, x, r.y, 0x25B6, ROLE_SELECT, 0);
    }
    canvas_text(c, x + 2, r.y, LABEL_W - 3, label_of(m, LABEL_W - 3),
                cursor ? ROLE_SELECT : ROLE_VALUE, 0);
    x += LABEL_W;
    rows_right(c, x, r.y, VALUE_W - 1, NUMBER(NUMBER_PLAIN, 0, digits, row->d.after),
               role, 0);
    x += VALUE_W;
    rows_right(c, x, r.y, VALUE_W - 1, NUMBER(NUMBER_PLAIN, 0, digits, row->d.before),
               role, 0);
    x += VALUE_W;
    rows_right(c, x, r.y, DIFFERENCE_W - 1,
               NUMBER(NUMBER_SIGNED, 0, digits, row->d.by.mean), role, 0);
    x += DIFFERENCE_W;
    interval_text(o, m, interval, sizeof interval);
    rows_right(c, x, r.y, INTERVAL_W - 1, interval, role, 0);
    x += INTERVAL_W;
    const int mark = r.x + r.w - 1;
    const struct ce_doubt *doubt = verdict_doubt(row, 0);
    doubt = doubt ? doubt : verdict_doubt(row, 1);
    if (doubt) { /* how they differ is beside the point */
        canvas_text(c, x, r.y, r.x + r.w - x, doubt->mark,
                    cursor ? ROLE_SELECT : ROLE_WARN, 0);
        return;
    }
    if (!may_judge(o)) { /* which is said in place of the interval */
        return;
    }
    canvas_text(c, x, r.y, mark - x, verdict_word(o, m, mark - x),
                cursor ? ROLE_SELECT : verdict_role(o, m), 0);
    canvas_put(c, mark, r.y,
               o->measures.within_random[m] ? ' ' : (uint32_t)verdict_mark(row), role,
               0);
}

static void draw_measure_header(const struct comparison *o, struct canvas *c,
                                struct rect r)
{
    int x = r.x + LABEL_W;
    for (size_t i = 0; i < 2; i++) {
        const char letter[2] = {compare_letter(o, i), '\0'};
        rows_right(c, x, r.y, VALUE_W - 1, letter, compare_role(o, i), 0);
        x += VALUE_W;
    }
    char title[8];
    snprintf(title, sizeof title, "%c-%c", compare_letter(o, 0), compare_letter(o, 1));
    rows_right(c, x, r.y, DIFFERENCE_W - 1, title, ROLE_TITLE, 0);
    x += DIFFERENCE_W;
    rows_right(c, x, r.y, INTERVAL_W - 1,
               o->measures.pairs > 1 ? "95 %, seeds" : "95 %, text", ROLE_TITLE, 0);
    x += INTERVAL_W;
    canvas_text(c, x, r.y, r.x + r.w - x, "verdict", ROLE_TITLE, 0);
}

/* Draw into the lower border what the row under the cursor comes to, or what the marks
 * mean. */
static void draw_marks(const struct comparison *o, struct canvas *c, struct rect r,
                       int at)
{
    char why[VERDICT_WHY] = "";
    if (!may_judge(o)) {
        return;
    }
    if (at >= 0 && !o->measures.within_random[at]) {
        verdict_why(&o->measures.row[at], why);
    }
    if (why[0] || o->measures.pairs > 1) {
        canvas_textf(c, r.x + 2, r.y + r.h - 1, r.w - 4, ROLE_DIM, 0, " %s ",
                     why[0]               ? why
                     : o->measures.so_far ? VERDICT_MARKS_SO_FAR
                                          : VERDICT_MARKS);
    }
}

void compare_draw_measures(struct app *a, const struct session_view *v,
                           struct canvas *c, struct rect r)
{
    struct compare_state *s = compare_own(a);
    const struct comparison *o = v->compare;
    const bool focused = compare_is_focused(a, COMPARE_MEASURES);
    char value[64] = "";
    if (o) {
        compare_source_text(o, value, sizeof value);
    }
    const struct rect in = canvas_box(c, r, "measures", value, focused);
    app_hit(a, r, HIT_PANE, COMPARE_MEASURES);
    if (!o || in.h < 2) {
        return;
    }
    list_set(&s->measures, compare_measures_n(o), in.h - 1);
    if (!s->measures.count) {
        canvas_text(c, in.x + 2, in.y, in.w - 2, "no measure was taken on both sides",
                    ROLE_DIM, 0);
        return;
    }
    draw_measure_header(o, c, (struct rect){in.x, in.y, in.w, 1});
    for (size_t i = 0; i < list_visible(&s->measures); i++) {
        const size_t at = s->measures.top + i;
        const struct rect row = {in.x, in.y + 1 + (int)i, in.w, 1};
        draw_measure(o, c, row, (size_t)compare_measure_at(o, at),
                     focused && at == s->measures.cursor);
        app_hit(a, row, HIT_COMPARE_ROW, COMPARE_MEASURES * COMPARE_HIT_PANE + (int)i);
    }
    draw_marks(o, c, r, focused ? compare_measure_at(o, s->measures.cursor) : -1);
}

void compare_export_measures(const struct comparison *o, struct str *out)
{
    str_add(out, "measure,first,second,difference,low,high,interval_of,n,verdict,"
                 "within_random\n");
    for (size_t i = 0; compare_measure_at(o, i) >= 0; i++) {
        const size_t m = (size_t)compare_measure_at(o, i);
        const struct verdict_row *r = &o->measures.row[m];
        csv_add(out, verdict_measure_name(m), true);
        export_number(out, r->d.after, false);
        export_number(out, r->d.before, false);
        export_number(out, r->d.by.mean, false);
        export_number(out, o->measures.by[m].low, false);
        export_number(out, o->measures.by[m].high, false);
        csv_add(out, o->measures.pairs > 1 ? "seeds" : "text", false);
        export_integer(out, (int64_t)r->d.n, false);
        csv_add(out, compare_verdict(o, m), false);
        csv_add(out,
                o->control == o->n_choices     ? ""
                : o->measures.within_random[m] ? "true"
                                               : "false",
                false);
        str_addc(out, '\n');
    }
}
