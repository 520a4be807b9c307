/* The view's own memory: curves and events that grow as a run goes on. */
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

void session_view_init(struct session_view *v)
{
    memset(v, 0, sizeof *v);
    v->eta_seconds = (double)NAN;
    for (size_t a = 0; a < VIEW_ARMS; a++) {
        struct arm_view *arm = &v->arm[a];
        arm->letter = (char)('A' + (int)a);
        arm->forked_at = -1;
        for (size_t m = 0; m < METRIC_COUNT; m++) {
            arm->last[m] = (double)NAN;
        }
    }
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

void session_view_deinit(struct session_view *v)
{
    for (size_t a = 0; a < VIEW_ARMS; a++) {
        for (size_t m = 0; m < METRIC_COUNT; m++) {
            series_deinit(&v->arm[a].series[m]);
        }
        /* Shared as const; the count of references is not part of what a table says. */
        latent_table_unref((struct latent_table *)(uintptr_t)v->arm[a].table);
        v->arm[a].table = NULL;
        latent_labels_unref((struct latent_labels *)(uintptr_t)v->arm[a].labels);
        v->arm[a].labels = NULL;
        concept_table_unref((struct concept_table *)(uintptr_t)v->arm[a].concepts);
        v->arm[a].concepts = NULL;
    }
    latent_detail_unref((struct latent_detail *)(uintptr_t)v->detail);
    v->detail = NULL;
    mem_free(v->event);
    v->event = NULL;
    v->n_events = v->event_cap = 0;
}

/* Room for one more point in all arrays; they share `cap`, which changes last, so that
 * a failure half way leaves a series that is whole. */
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

static enum err add_point(struct series *s, size_t m, const struct metric_row *row,
                          struct errinfo *e)
{
    const double x = row->v[METRIC_STEP];
    const struct measure *d = measure_at((enum metric)m);
    const bool interval = d->low && d->high;
    const bool again = s->n > 0 && x <= s->x[s->n - 1];
    if (again && x < s->x[s->n - 1]) {
        return OK; /* older than what is known */
    }
    if (!again) {
        TRY(series_room(s, interval, e));
    }
    const size_t at = again ? s->n - 1 : s->n++;
    s->x[at] = x;
    s->y[at] = isfinite(row->v[m]) ? row->v[m] : (double)NAN;
    s->seconds[at] = row->v[METRIC_SECONDS];
    if (interval) {
        s->lo[at] = row->v[d->low];
        s->hi[at] = row->v[d->high];
    }
    return OK;
}

enum err session_view_add_row(struct session_view *v, size_t arm,
                              const struct metric_row *row, struct errinfo *e)
{
    if (arm >= VIEW_ARMS || !isfinite(row->v[METRIC_STEP])) {
        return OK;
    }
    struct arm_view *a = &v->arm[arm];
    for (size_t m = 0; m < METRIC_COUNT; m++) {
        if (isnan(row->v[m])) {
            continue; /* not measured at this step */
        }
        TRY(add_point(&a->series[m], m, row, e));
        a->last[m] = isfinite(row->v[m]) ? row->v[m] : (double)NAN;
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
