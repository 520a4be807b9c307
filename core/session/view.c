/* The view's own memory: curves and events, which grow as a run goes on. */
#include "session/view.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

enum { POINTS_MAX = 1 << 26, EVENTS_MAX = 1 << 20 };

static const char *const state_names[] = {
    [SESSION_LOADING] = "LOADING", [SESSION_TRAINING] = "TRAIN",
    [SESSION_PAUSED] = "PAUSED",   [SESSION_DONE] = "DONE",
    [SESSION_BROWSING] = "BROWSE", [SESSION_FAILED] = "FAILED",
    [SESSION_ENDED] = "ENDED",
};

const char *session_state_name(enum session_state s)
{
    return state_names[s];
}

static void nothing_yet(double last[METRIC_COUNT])
{
    for (size_t m = 0; m < METRIC_COUNT; m++) {
        last[m] = (double)NAN;
    }
}

void session_view_init(struct session_view *v)
{
    memset(v, 0, sizeof *v);
    v->eta_seconds = (double)NAN;
    v->rule = absorption_rule_default();
    for (size_t a = 0; a < VIEW_ARMS; a++) {
        v->arm[a].cond = a < VIEW_CONDS ? a : VIEW_CONDS;
        nothing_yet(v->arm[a].last);
    }
    for (size_t c = 0; c < VIEW_CONDS; c++) {
        struct cond_view *cond = &v->cond[c];
        cond->letter = (char)('A' + (int)c);
        cond->forked_at = -1;
        cond->n_seeds = 1;
        cond->arm[0] = c;
        nothing_yet(cond->last);
    }
}

size_t session_view_shown(const struct session_view *v, size_t cond)
{
    const struct cond_view *c = &v->cond[cond];
    return c->arm[v->seed < c->n_seeds ? v->seed : c->n_seeds - 1];
}

static void series_deinit(struct series *s)
{
    mem_free(s->x);
    mem_free(s->y);
    mem_free(s->seconds);
    mem_free(s->lo);
    mem_free(s->hi);
    *s = (struct series){0};
}

static void all_series_deinit(struct series series[METRIC_COUNT])
{
    for (size_t m = 0; m < METRIC_COUNT; m++) {
        series_deinit(&series[m]);
    }
}

void session_view_deinit(struct session_view *v)
{
    for (size_t c = 0; c < VIEW_CONDS; c++) {
        all_series_deinit(v->cond[c].series);
    }
    for (size_t a = 0; a < VIEW_ARMS; a++) {
        all_series_deinit(v->arm[a].series);
        /* Shared as const; a reference count is not part of their content. */
        latent_table_unref((struct latent_table *)(uintptr_t)v->arm[a].table);
        v->arm[a].table = NULL;
        latent_labels_unref((struct latent_labels *)(uintptr_t)v->arm[a].labels);
        v->arm[a].labels = NULL;
        ask_presets_unref((struct ask_presets *)(uintptr_t)v->arm[a].presets);
        v->arm[a].presets = NULL;
        concept_table_unref((struct concept_table *)(uintptr_t)v->arm[a].concepts);
        v->arm[a].concepts = NULL;
        concept_history_unref((struct concept_history *)(uintptr_t)v->arm[a].over);
        v->arm[a].over = NULL;
    }
    latent_detail_unref((struct latent_detail *)(uintptr_t)v->pair[0]);
    latent_detail_unref((struct latent_detail *)(uintptr_t)v->pair[1]);
    v->pair[0] = v->pair[1] = NULL;
    comparison_unref((struct comparison *)(uintptr_t)v->compare);
    v->compare = NULL;
    latent_detail_unref((struct latent_detail *)(uintptr_t)v->detail);
    v->detail = NULL;
    word_contexts_unref((struct word_contexts *)(uintptr_t)v->word);
    v->word = NULL;
    latent_pairs_unref((struct latent_pairs *)(uintptr_t)v->partners);
    v->partners = NULL;
    ask_subject_unref((struct ask_subject *)(uintptr_t)v->subject);
    v->subject = NULL;
    mem_free(v->event);
    v->event = NULL;
    v->n_events = v->event_cap = 0;
}

/* Makes room for one more point in all arrays; they share `cap`, which changes last, so
 * that a failure half way leaves a consistent series. */
static enum err series_room(struct series *s, bool interval, struct errinfo *e)
{
    if (s->n < s->cap) {
        return OK;
    }
    double **const part[] = {&s->x, &s->y, &s->seconds, &s->lo, &s->hi};
    const size_t n = interval ? 5 : 3;
    size_t cap = s->cap;
    for (size_t i = 0; i < n; i++) {
        cap = s->cap;
        TRY(mem_grow(part[i], &cap, s->n + 1, sizeof(double), POINTS_MAX, e));
    }
    s->cap = cap;
    return OK;
}

/* One point of a series. */
struct point {
    double x, y, seconds;
    bool interval; /* has the next two */
    double lo, hi;
};

/* Appends a point, or replaces the last one if that has the same x. */
static enum err add_point(struct series *s, const struct point *p, struct errinfo *e)
{
    const bool again = s->n > 0 && p->x <= s->x[s->n - 1];
    if (again && p->x < s->x[s->n - 1]) {
        return OK; /* older than what is known */
    }
    if (!again) {
        TRY(series_room(s, p->interval, e));
    }
    const size_t at = again ? s->n - 1 : s->n++;
    s->x[at] = p->x;
    s->y[at] = p->y;
    s->seconds[at] = p->seconds;
    if (p->interval) {
        s->lo[at] = p->lo;
        s->hi[at] = p->hi;
    }
    return OK;
}

static struct point point_of(const struct metric_row *row, size_t m)
{
    const struct measure *d = measure_at((enum metric)m);
    struct point p = {.x = row->v[METRIC_STEP],
                      .y = isfinite(row->v[m]) ? row->v[m] : (double)NAN,
                      .seconds = row->v[METRIC_SECONDS],
                      .interval = d->low && d->high};
    if (p.interval) {
        p.lo = row->v[d->low];
        p.hi = row->v[d->high];
    }
    return p;
}

/* Returns the first point at x or beyond; s->n: none. */
static size_t series_find(const struct series *s, double x)
{
    size_t low = 0, high = s->n;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        low = s->x[mid] < x ? mid + 1 : low;
        high = s->x[mid] < x ? high : mid;
    }
    return low;
}

static bool series_has(const struct series *s, double x)
{
    const size_t at = series_find(s, x);
    return at < s->n && !(s->x[at] > x);
}

/* Gets a series' value at x; false: it has none there. */
static bool value_at(const struct series *s, double x, double *out)
{
    const bool has = series_has(s, x);
    *out = has ? s->y[series_find(s, x)] : *out;
    return has;
}

static void series_open(struct series *s, size_t at)
{
    double *const part[] = {s->x, s->y, s->seconds, s->lo, s->hi};
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        memmove(part[i] + at + 1, part[i] + at, (s->n - at) * sizeof(double));
    }
    s->n++;
}

/* Puts a point in its place among those of a condition, replacing one with the same
 * x. */
static enum err place_point(struct series *s, const struct point *p, struct errinfo *e)
{
    const size_t at = series_find(s, p->x);
    if (!series_has(s, p->x)) {
        TRY(series_room(s, true, e));
        series_open(s, at);
    }
    s->x[at] = p->x;
    s->y[at] = p->y;
    s->seconds[at] = p->seconds;
    s->lo[at] = p->lo;
    s->hi[at] = p->hi;
    return OK;
}

/* Whether it is measured for the seeds in turn, so that only some have it at a step
 * (engine.c). */
static bool in_turn(size_t m)
{
    return m == METRIC_CE_REC || m == METRIC_CE_REC_OOD;
}

/* Writes mean and range of the seeds' values at p->x into p. False: one of them has
 * none there yet, though all should. Where the condition already has a point there, a
 * seed added later is catching up: then the point is of the seeds that have reached
 * it. */
static bool over_seeds(const struct session_view *v, const struct cond_view *c,
                       size_t m, struct point *p)
{
    const bool partly = in_turn(m) || series_has(&c->series[m], p->x);
    double sum = 0.0, y = 0.0;
    size_t n = 0;
    p->lo = p->hi = (double)NAN;
    for (size_t i = 0; i < c->n_seeds; i++) {
        const bool has = value_at(&v->arm[c->arm[i]].series[m], p->x, &y);
        if (!has && !partly) {
            return false;
        }
        if (has && isfinite(y)) {
            p->lo = n == 0 || y < p->lo ? y : p->lo;
            p->hi = n == 0 || y > p->hi ? y : p->hi;
            sum += y;
            n++;
        }
    }
    p->y = n > 0 ? sum / (double)n : (double)NAN;
    return true;
}

/* Adds an arm's point to the series of its condition. */
static enum err add_to_condition(struct session_view *v, size_t arm, size_t m,
                                 struct point p, struct errinfo *e)
{
    struct cond_view *c = &v->cond[v->arm[arm].cond];
    if (!p.interval) { /* room for seeds added later */
        p.interval = true;
        p.lo = p.hi = (double)NAN;
    }
    if (c->n_seeds == 1 || over_seeds(v, c, m, &p)) {
        struct series *s = &c->series[m];
        TRY(place_point(s, &p, e));
        c->last[m] = s->y[s->n - 1];
    }
    return OK;
}

enum err session_view_add_row(struct session_view *v, size_t arm,
                              const struct metric_row *row, struct errinfo *e)
{
    if (arm >= VIEW_ARMS || v->arm[arm].cond >= VIEW_CONDS ||
        !isfinite(row->v[METRIC_STEP])) {
        return OK;
    }
    struct arm_view *a = &v->arm[arm];
    for (size_t m = 0; m < METRIC_COUNT; m++) {
        if (isnan(row->v[m])) {
            continue; /* not measured at this step */
        }
        const struct point p = point_of(row, m);
        TRY(add_point(&a->series[m], &p, e));
        a->last[m] = p.y;
        TRY(add_to_condition(v, arm, m, p, e));
    }
    return OK;
}

enum err session_view_add_event(struct session_view *v, const struct event_view *ev,
                                struct errinfo *e)
{
    TRY(mem_grow(&v->event, &v->event_cap, v->n_events + 1, sizeof *v->event,
                 EVENTS_MAX, e));
    v->event[v->n_events++] = *ev;
    return OK;
}
