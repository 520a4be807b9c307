#include "eval/probe_sheet.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum err probe_ks_parse(const char *text, struct probe_ks *ks, struct errinfo *e)
{
    const char *p = text;
    *ks = (struct probe_ks){0};
    for (;;) {
        char *end = NULL;
        const long k = *p >= '1' && *p <= '9' ? strtol(p, &end, 10) : 0;
        const bool rising = ks->n == 0 || (size_t)k > ks->k[ks->n - 1];
        if (k < 1 || k > PROBE_K_MAX || !rising ||
            ks->n == sizeof ks->k / sizeof *ks->k || (*end != ',' && *end != '\0')) {
            return err_set(e, ERR_USAGE,
                           "found '%s', expected up to 16 ascending numbers from "
                           "1 to %d, such as 1,2,5",
                           text, PROBE_K_MAX);
        }
        ks->k[ks->n++] = (size_t)k;
        if (*end == '\0') {
            return OK;
        }
        p = end + 1;
    }
}

enum err probe_sheet_init(struct probe_sheet *s, const struct probe_ks *ks, size_t n,
                          struct errinfo *e)
{
    const char *what = "probes";
    *s = (struct probe_sheet){.ks = *ks, .n = n};
    TRY(mem_new(&s->id, n, sizeof *s->id, what, e));
    TRY(mem_new(&s->latents, n, ks->n * sizeof *s->latents, what, e));
    TRY(mem_new(&s->dims, n, ks->n * sizeof *s->dims, what, e));
    TRY(mem_new(&s->sae, n, sizeof *s->sae, what, e));
    TRY(mem_new(&s->raw, n, sizeof *s->raw, what, e));
    TRY(mem_new(&s->oracle, n, sizeof *s->oracle, what, e));
    TRY(mem_new(&s->named, n, PROBE_NAMED * sizeof *s->named, what, e));
    return mem_new(&s->lost, n, PROBE_NAMED * sizeof *s->lost, what, e);
}

void probe_sheet_deinit(struct probe_sheet *s)
{
    mem_free(s->id);
    mem_free(s->latents);
    mem_free(s->dims);
    mem_free(s->sae);
    mem_free(s->raw);
    mem_free(s->oracle);
    mem_free(s->named);
    mem_free(s->lost);
    memset(s, 0, sizeof *s);
}

/* Whether latent j fires in rows first..end-1. */
static bool fires(const struct probe_table *t, int32_t j, size_t first, size_t end)
{
    for (size_t k = t->start[first]; k < t->start[end]; k++) {
        if (t->id[k] == j && t->val[k] > 0.0F) {
            return true;
        }
    }
    return false;
}

static void name_latents(struct probe_sheet *s, size_t at, const struct probe_table *t,
                         const int32_t *best, size_t n)
{
    const size_t ood = t->n_train + t->n_test;
    for (size_t i = 0; i < PROBE_NAMED; i++) {
        const size_t to = at * PROBE_NAMED + i;
        s->named[to] = i < n ? best[i] : -1;
        s->lost[to] = i < n && t->n_ood > 0 && fires(t, best[i], 0, ood) &&
                      !fires(t, best[i], ood, probe_rows(t));
    }
}

/* Fits the probes on the 1, 2, 5, ... best inputs of a kind. */
static enum err sparse_of(const struct probe_sheet *s, const struct probe_table *t,
                          const uint8_t *y, enum probe_input in, const int32_t *best,
                          size_t n, struct probe_scores *out, struct errinfo *e)
{
    for (size_t i = 0; i < s->ks.n; i++) {
        const size_t k = s->ks.k[i] < n ? s->ks.k[i] : n;
        TRY(probe_columns(t, y, in, best, k, &out[i], e));
    }
    return OK;
}

enum err probe_sheet_raw(struct probe_sheet *s, size_t at, const struct probe_table *t,
                         const uint8_t *y, struct errinfo *e)
{
    int32_t best[PROBE_K_MAX];
    size_t n = 0;
    TRY(probe_rank(t, y, PROBE_RAW, PROBE_K_MAX, best, &n, e));
    return sparse_of(s, t, y, PROBE_RAW, best, n, s->dims + at * s->ks.n, e);
}

enum err probe_sheet_latents(struct probe_sheet *s, size_t at,
                             const struct probe_table *t, const uint8_t *y,
                             struct errinfo *e)
{
    int32_t best[PROBE_K_MAX];
    size_t n = 0;
    TRY(probe_rank(t, y, PROBE_LATENTS, PROBE_K_MAX, best, &n, e));
    name_latents(s, at, t, best, n);
    return sparse_of(s, t, y, PROBE_LATENTS, best, n, s->latents + at * s->ks.n, e);
}

void probe_sheet_share(struct probe_sheet *s, const struct probe_sheet *from)
{
    memcpy(s->id, from->id, s->n * sizeof *s->id);
    memcpy(s->dims, from->dims, s->n * s->ks.n * sizeof *s->dims);
    memcpy(s->raw, from->raw, s->n * sizeof *s->raw);
    memcpy(s->oracle, from->oracle, s->n * sizeof *s->oracle);
}

/* ---- kept fits ---- */

struct probe_key probe_sheet_key(const struct probe_sheet *s,
                                 const struct probe_cache *c,
                                 const struct probe_table *t, const size_t *start,
                                 const int32_t *task)
{
    const size_t n = probe_rows(t);
    const size_t shape[6] = {s->n,      s->ks.n,  t->n_train,
                             t->n_test, t->n_ood, t->balanced};
    const double tol = LOGREG_TOL;
    struct probe_key k = probe_key_begin(c, "raw probes");
    probe_key_add(c, &k, &tol, sizeof tol);
    probe_key_add(c, &k, shape, sizeof shape);
    probe_key_add(c, &k, s->ks.k, s->ks.n * sizeof *s->ks.k);
    probe_key_add(c, &k, t->raw, n * t->D * sizeof *t->raw);
    probe_key_add(c, &k, start, (n + 1) * sizeof *start);
    probe_key_add(c, &k, task, start[n] * sizeof *task);
    return k;
}

/* Copies the scores of tasks at..at+n-1 to one array, or back. */
static void copy_fit(const struct probe_sheet *s, size_t at, size_t n, char *fit,
                     bool back)
{
    const size_t ks = s->ks.n;
    const struct {
        void *p;
        size_t bytes;
    } part[3] = {{s->dims + at * ks, n * ks * sizeof *s->dims},
                 {s->raw + at, n * sizeof *s->raw},
                 {s->oracle + at, n * sizeof *s->oracle}};
    for (size_t i = 0; i < 3; i++) {
        memcpy(back ? part[i].p : fit, back ? fit : part[i].p, part[i].bytes);
        fit += part[i].bytes;
    }
}

static size_t fit_bytes(const struct probe_sheet *s, size_t n)
{
    return n * ((s->ks.n + 1) * sizeof *s->raw + sizeof *s->oracle);
}

bool probe_sheet_get(struct probe_sheet *s, size_t at, size_t n, struct probe_cache *c,
                     const struct probe_key *k)
{
    char *fit = c != NULL ? mem_alloc(fit_bytes(s, n), 1) : NULL;
    const bool found = fit != NULL && probe_cache_get(c, k, fit, fit_bytes(s, n));
    if (found) {
        copy_fit(s, at, n, fit, true);
    }
    mem_free(fit);
    return found;
}

void probe_sheet_put(const struct probe_sheet *s, size_t at, size_t n,
                     struct probe_cache *c, const struct probe_key *k)
{
    const bool minima = atomic_load(&s->tally.short_of) == 0; /* else not worth it */
    char *fit = c != NULL && minima ? mem_alloc(fit_bytes(s, n), 1) : NULL;
    if (fit != NULL) {
        copy_fit(s, at, n, fit, false);
        probe_cache_put(c, k, fit, fit_bytes(s, n));
    }
    mem_free(fit);
}

/* ---- figures ---- */

struct sheet_job {
    const struct probe_sheet *s;
    const bool *use;
    const char *unit, *prefix;
    struct report *r;
    double *x; /* [n] */
    struct errinfo *e;
};

static enum err add_one(const struct sheet_job *j, const char *probe, const char *score)
{
    for (size_t i = 0; j->use != NULL && i < j->s->n; i++) {
        j->x[i] = j->use[i] ? j->x[i] : (double)NAN;
    }
    return report_ratio(j->r, j->s->n, j->s->id, j->x, NULL, j->unit, j->e, "%s.%s.%s",
                        j->prefix, probe, score);
}

/* Adds all figures of one probe, whose scores are `stride` apart. */
static enum err add_probe(const struct sheet_job *j, const struct probe_scores *s,
                          size_t stride, const char *probe)
{
    static const char *const name[6] = {"accuracy",     "f1",     "auc",
                                        "accuracy_ood", "f1_ood", "auc_ood"};
    const size_t n = j->s->n;
    for (size_t which = 0; which < 6; which++) {
        for (size_t i = 0; i < n; i++) {
            const struct probe_scores *p = &s[i * stride];
            const double v[6] = {p->test.accuracy, p->test.f1, p->test.auc,
                                 p->ood.accuracy,  p->ood.f1,  p->ood.auc};
            j->x[i] = v[which];
        }
        TRY(add_one(j, probe, name[which]));
    }
    for (size_t i = 0; i < n; i++) {
        j->x[i] = s[i * stride].test.auc - s[i * stride].ood.auc;
    }
    TRY(add_one(j, probe, "gap"));
    for (size_t i = 0; i < n; i++) {
        j->x[i] = j->s->oracle[i] - s[i * stride].ood.auc;
    }
    return add_one(j, probe, "gap_to_oracle");
}

static enum err add_all(const struct sheet_job *j)
{
    const struct probe_sheet *s = j->s;
    char name[32];
    for (size_t i = 0; i < s->ks.n; i++) {
        (void)snprintf(name, sizeof name, "k%zu", s->ks.k[i]);
        TRY(add_probe(j, s->latents + i, s->ks.n, name));
    }
    TRY(add_probe(j, s->sae, 1, "sae"));
    for (size_t i = 0; i < s->ks.n; i++) {
        (void)snprintf(name, sizeof name, "raw_k%zu", s->ks.k[i]);
        TRY(add_probe(j, s->dims + i, s->ks.n, name));
    }
    TRY(add_probe(j, s->raw, 1, "raw"));
    memcpy(j->x, s->oracle, s->n * sizeof *j->x);
    return add_one(j, "oracle", "auc_ood");
}

enum err probe_sheet_report(const struct probe_sheet *s, const bool *use,
                            const char *unit, const char *prefix, struct report *r,
                            struct errinfo *e)
{
    struct sheet_job j = {
        .s = s, .use = use, .unit = unit, .prefix = prefix, .r = r, .e = e};
    TRY(mem_new(&j.x, s->n, sizeof *j.x, "figures", e));
    const enum err rc = add_all(&j);
    mem_free(j.x);
    return rc;
}

enum err probe_sheet_fits(const struct probe_sheet *s, const struct probe_sheet *raw,
                          const char *what, struct report *r, struct errinfo *e)
{
    return report_fits(
        r, what, atomic_load(&s->tally.fits) + atomic_load(&raw->tally.fits),
        atomic_load(&s->tally.short_of) + atomic_load(&raw->tally.short_of), e);
}

cJSON *probe_sheet_named(const struct probe_sheet *s, size_t at)
{
    cJSON *o = cJSON_CreateObject();
    cJSON *all = cJSON_AddArrayToObject(o, "latents");
    cJSON *lost = cJSON_AddArrayToObject(o, "in_distribution_only");
    for (size_t i = 0; i < PROBE_NAMED && all != NULL && lost != NULL; i++) {
        const size_t k = at * PROBE_NAMED + i;
        if (s->named[k] < 0) {
            break;
        }
        (void)cJSON_AddItemToArray(all, cJSON_CreateNumber((double)s->named[k]));
        if (s->lost[k]) {
            (void)cJSON_AddItemToArray(lost, cJSON_CreateNumber((double)s->named[k]));
        }
    }
    return o;
}
