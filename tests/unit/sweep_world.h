/* A plan of a sweep and its results, for tests of the tables that are made of them. */
#ifndef SAETOP_TESTS_UNIT_SWEEP_WORLD_H
#define SAETOP_TESTS_UNIT_SWEEP_WORLD_H

#include "base/csvfile.h"
#include "base/rng.h"
#include "sweep/sweep_table.h"
#include "unit/check.h"

#include <ctype.h>
#include <math.h>

static inline void check_near(double got, double want, double within)
{
    if (!(fabs(got - want) <= within)) {
        fail_msg("found %.12g, expected %.12g +- %g", got, want, within);
    }
}

/* ---- a plan and its results ---- */

struct world {
    struct sweep_plan *p;
    struct sweep_result *r;
};

/* A plan from JSON with ' for ", every run finished and nothing measured. */
static inline struct world world_new(const char *json)
{
    struct world w = {0};
    struct errinfo e;
    struct settings base;
    cJSON *tree = NULL;
    char text[4096];
    snprintf(text, sizeof text, "%s", json);
    for (char *c = text; *c; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    settings_init(&base);
    assert_ok(json_parse(text, strlen(text), "plan", &tree, &e), &e);
    assert_ok(sweep_plan_new(tree, "plan", &base, &w.p, &e), &e);
    cJSON_Delete(tree);
    w.r = calloc(w.p->n_cells, sizeof *w.r);
    assert_non_null(w.r);
    for (size_t i = 0; i < w.p->n_cells; i++) {
        w.r[i] = (struct sweep_result){
            .done = true, .sparsity = (double)NAN, .steps = 1000, .seconds = 36};
        for (size_t m = 0; m < SWEEP_MEASURE_COUNT; m++) {
            w.r[i].v[m] = (double)NAN;
        }
    }
    return w;
}

static inline void world_free(struct world *w)
{
    sweep_plan_free(w->p);
    free(w->r);
}

/* The one masked arm of a plan that has one. */
static inline size_t masked_arm(const struct world *w)
{
    for (size_t a = 0; a < w->p->n_arms; a++) {
        if (w->p->arm[a].baseline != SWEEP_NONE) {
            return a;
        }
    }
    fail_msg("no masked arm");
    return 0;
}

/* Seed i of an arm. */
static inline struct sweep_result *run_of(struct world *w, size_t arm, size_t i)
{
    return &w->r[w->p->arm[arm].cell[i]];
}

/* Set a measure for all seeds of an arm with a baseline, on both sides. */
static inline void set_pairs(struct world *w, size_t arm, size_t m, size_t n,
                             const double *before, const double *after)
{
    for (size_t i = 0; i < n; i++) {
        run_of(w, w->p->arm[arm].baseline, i)->v[m] = before[i];
        run_of(w, arm, i)->v[m] = after[i];
    }
}

#define THREE "{'seeds': 3, 'parts': {'one': {'mask.rate': [0, 0.3]}}}"
#define ONE_ARM(seeds)                                                                 \
    "{'settings': {'arch': 'topk'}, 'seeds': " seeds                                   \
    ", 'parts': {'one': {'mask.rate': [0, 0.3]}}}"

static inline char *text_of(const struct world *w,
                            enum err (*make)(const struct sweep_plan *,
                                             const struct sweep_result *, struct str *,
                                             struct errinfo *))
{
    struct errinfo e;
    struct str s;
    str_init(&s, 1 << 24);
    assert_ok(make(w->p, w->r, &s, &e), &e);
    char *out = strdup(s.p);
    assert_non_null(out);
    str_free(&s);
    return out;
}

/* `part` is in the text, however that is wrapped. */
static inline void check_has(const char *text, const char *part)
{
    char *flat = strdup(text);
    size_t n = 0;
    for (const char *c = text; *c; c++) {
        const bool gap = *c == ' ' || *c == '\n';
        if (!gap || (n > 0 && flat[n - 1] != ' ')) {
            flat[n++] = gap ? ' ' : *c;
        }
    }
    flat[n] = '\0';
    if (!strstr(flat, part)) {
        fail_msg("expected '%s' in:\n%s", part, text);
    }
    free(flat);
}

static inline void check_has_not(const char *text, const char *part)
{
    if (strstr(text, part)) {
        fail_msg("expected no '%s' in:\n%s", part, text);
    }
}

#define MIXED                                                                           \
    "{'settings': {'arch': 'topk'}, 'seeds': 2, 'parts': {"                             \
    "'dose': {'about': 'More and more.', 'mask.rate': [0, 0.1, 0.3], 'k': [4, 8, 16]}," \
    "'long, \"so\" to say;\n|': {'mask.rate': [0, 0.3], 'steps': 3000},"                \
    "'arch': {'arch': 'standard', 'match_l0': 4, 'mask.rate': [0, 0.3]},"               \
    "'text': {'mask.rate': [0, 0.3], 'corpus': 'a|b, *c*\n# d'}}}"

/* Something for every measure but one: lower absorption, higher probing. */
static inline struct world mixed_world(void)
{
    char json[1024] = MIXED;
    for (char *c = json; *c; c++) { /* a quote and a line end within JSON's strings */
        *c = *c == '"' ? '`' : *c == '\n' ? '\t' : *c;
    }
    char text[2048];
    size_t n = 0;
    for (const char *c = json; *c; c++) {
        const char *put = *c == '`' ? "\\\"" : *c == '\t' ? "\\n" : NULL;
        n += (size_t)snprintf(text + n, sizeof text - n, "%.*s", put ? 2 : 1,
                              put ? put : c);
    }
    struct world w = world_new(text);
    for (size_t i = 0; i < w.p->n_cells; i++) {
        const struct sweep_cell *c = &w.p->cell[i];
        for (size_t m = 0; m < SWEEP_MEASURE_COUNT; m++) {
            const double noise = 1e-7 * rng_unit_at(c->seed, RNG_SAMPLE, c->arm, m);
            const double up = m >= SWEEP_PROBING_K1 ? 1 : -1;
            w.r[i].v[m] =
                0.5 + 0.01 * (double)c->seed + up * 0.1 * c->mask_rate + noise;
        }
        w.r[i].v[SWEEP_L0_CLEAN] = 4;
        w.r[i].v[SWEEP_ABS_SAEBENCH] = (double)NAN;
        w.r[i].on_target = true;
    }
    return w;
}

#endif
