#include "eval/perturb.h"

#include "base/mem.h"
#include "eval/effect_rank.h"
#include "eval/evalset_priv.h"
#include "measure/wants.h"
#include "num/blas.h"
#include "num/logreg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PROBE_L1 1e-3

static const size_t counts[] = {2, 5, 10, 20, 50, 100, 500};
#define COUNTS (sizeof counts / sizeof *counts)

/* A linear probe on mean activations, and its effect for every latent. */
struct linear {
    struct logreg m; /* of one unit, on centred and scaled inputs */
    float *mean;     /* [D] of the training texts, subtracted */
    float scale;
    double *effect_of; /* [F] w . decoder row, in units of the decision */
};

static void linear_deinit(struct linear *p)
{
    logreg_deinit(&p->m);
    mem_free(p->mean);
    mem_free(p->effect_of);
}

/* Copies, centres and scales the training rows with use[i] (NULL: all). */
static enum err gather(const struct sentence_task *t, const uint8_t *y, const bool *use,
                       struct linear *p, float **x, size_t **start, size_t *n,
                       struct errinfo *e)
{
    const size_t D = t->t.D;
    double square = 0.0;
    TRY(mem_new(x, t->t.n_train, D * sizeof **x, "probe inputs", e));
    TRY(mem_new(start, t->t.n_train + 1, sizeof **start, "labels", e));
    *n = 0;
    for (size_t i = 0; i < t->t.n_train; i++) {
        if (use != NULL && !use[i]) {
            continue;
        }
        memcpy(*x + *n * D, t->t.raw + i * D, D * sizeof **x);
        (*start)[*n + 1] = (*start)[*n] + y[i];
        (*n)++;
    }
    for (size_t d = 0; d<D && * n> 0; d++) {
        double sum = 0.0;
        for (size_t i = 0; i < *n; i++) {
            sum += (double)(*x)[i * D + d];
        }
        p->mean[d] = (float)(sum / (double)*n);
    }
    for (size_t i = 0; i < *n * D; i++) {
        (*x)[i] -= p->mean[i % D];
        square += (double)(*x)[i] * (double)(*x)[i];
    }
    p->scale = square > 0.0 ? (float)(1.0 / sqrt(square / (double)(*n * D))) : 1.0F;
    for (size_t i = 0; i < *n * D; i++) {
        (*x)[i] *= p->scale;
    }
    return OK;
}

static enum err linear_fit(const struct sentence_task *t, const uint8_t *y,
                           const bool *use, const struct sae *sae, struct linear *p,
                           struct logreg_tally *tally, struct errinfo *e)
{
    const size_t D = t->t.D, F = t->t.F;
    float *x = NULL, *effect = NULL;
    size_t *start = NULL, n = 0;
    int32_t *unit = NULL;
    enum err rc = OK;
    *p = (struct linear){0};
    TRY_OUT(rc, mem_new(&p->mean, D, sizeof *p->mean, "probe inputs", e));
    TRY_OUT(rc, mem_new(&p->effect_of, F, sizeof *p->effect_of, "effects", e));
    TRY_OUT(rc, gather(t, y, use, p, &x, &start, &n, e));
    TRY_OUT(rc, mem_new(&unit, n, sizeof *unit, "labels", e));
    const struct logreg_x lx = {.n = n, .d = D, .dense = x, .ld = D};
    const struct logreg_y ly = {.C = 1, .start = start, .id = unit};
    struct logreg_opts o = logreg_defaults();
    o.balanced = false;
    o.l1 = PROBE_L1;
    TRY_OUT(rc, logreg_fit(&lx, &ly, &o, NULL, &p->m, e));
    logreg_count(tally, &p->m);
    TRY_OUT(rc, mem_new(&effect, F, sizeof *effect, "effects", e));
    gemm_f32(NO_TRANS, TRANS, 1, F, D, 1.0F, p->m.w, D, sae->W_dec, D, 0.0F, effect, F);
    for (size_t j = 0; j < F; j++) {
        p->effect_of[j] = (double)effect[j] * (double)p->scale;
    }
out:
    mem_free(x);
    mem_free(effect);
    mem_free(start);
    mem_free(unit);
    return rc;
}

/* Accuracy on the test texts once the latents marked in `gone` [F] (NULL: none) are
 * taken out: the mean over tokens is linear, so the decision moves by each latent's
 * mean code times its effect. */
static double accuracy(const struct sentence_task *t, const uint8_t *y,
                       const struct linear *p, const uint8_t *gone)
{
    const size_t D = t->t.D;
    double right = 0.0;
    for (size_t i = t->t.n_train; i < t->t.n_train + t->t.n_test; i++) {
        double z = (double)p->m.b[0];
        for (size_t d = 0; d < D; d++) {
            z += (double)p->m.w[d] * (double)p->scale *
                 ((double)t->t.raw[i * D + d] - (double)p->mean[d]);
        }
        for (size_t k = t->start[i]; gone != NULL && k < t->start[i + 1]; k++) {
            z -= gone[t->id[k]] ? (double)t->val[k] * p->effect_of[t->id[k]] : 0.0;
        }
        right += (z > 0.0) == (y[i] != 0) ? 1.0 : 0.0;
    }
    return right / (double)t->t.n_test;
}

/* ---- details ---- */

/* decision = weights . (x - mean) * scale + bias */
static void put_probe(struct json_out *o, const char *key, const struct linear *p)
{
    json_out_object(o, key);
    json_out_floats(o, "weights", p->m.w, p->m.d);
    json_out_floats(o, "mean", p->mean, p->m.d);
    json_out_number(o, "scale", (double)p->scale);
    json_out_number(o, "bias", (double)p->m.b[0]);
    json_out_end(o);
}

/* Writes the latents that the greatest count takes out, in the order they go. */
static void put_order(struct json_out *o, const struct effect_rank *r)
{
    const size_t most = counts[COUNTS - 1];
    const size_t n = most < r->nonzero ? most : r->nonzero;
    json_out_ints(o, "order", r->latent, n);
    json_out_doubles(o, "effect", r->effect, n);
}

static void put_counts(struct json_out *o, size_t F)
{
    json_out_array(o, "counts");
    for (size_t c = 0; c < COUNTS && counts[c] <= F; c++) {
        json_out_number(o, NULL, (double)counts[c]);
    }
    json_out_end(o);
}

/* ---- TPP ---- */

struct tpp {
    const struct sentence_sets *s;
    struct linear *probe;                  /* [n] */
    struct effect_rank *rank;              /* [n] */
    double *intended, *unintended, *total; /* [n] */
    uint8_t *gone;                         /* [F] */
    struct json_out *details;              /* or NULL */
};

static void tpp_task(const struct tpp *k, size_t i, size_t latents)
{
    const size_t n = k->s->n;
    double others = 0.0;
    effect_rank_first(&k->rank[i], latents, k->gone);
    if (k->details != NULL) {
        json_out_array(k->details, NULL);
    }
    for (size_t a = 0; a < n; a++) {
        const struct sentence_task *t = &k->s->task[a];
        const double after = accuracy(t, t->y, &k->probe[a], k->gone);
        const double drop = accuracy(t, t->y, &k->probe[a], NULL) - after;
        if (k->details != NULL) {
            json_out_number(k->details, NULL, after);
        }
        if (a == i) {
            k->intended[i] = drop;
        } else {
            others += drop;
        }
    }
    if (k->details != NULL) {
        json_out_end(k->details);
    }
    k->unintended[i] = others / (double)(n - 1);
    k->total[i] = k->intended[i] - k->unintended[i];
}

static enum err tpp_figures(const struct tpp *k, const atomic_bool *cancel,
                            struct report *r, struct errinfo *e)
{
    const size_t n = k->s->n;
    for (size_t c = 0; c < COUNTS && counts[c] <= k->s->task[0].t.F; c++) {
        TRY(eval_poll(cancel, e));
        if (k->details != NULL) {
            json_out_array(k->details, NULL);
        }
        for (size_t i = 0; i < n; i++) {
            tpp_task(k, i, counts[c]);
        }
        if (k->details != NULL) {
            json_out_end(k->details);
        }
        TRY(report_ratio(r, n, NULL, k->total, NULL, "tasks", e, "tpp.n%zu.total",
                         counts[c]));
        TRY(report_ratio(r, n, NULL, k->intended, NULL, "tasks", e, "tpp.n%zu.intended",
                         counts[c]));
        TRY(report_ratio(r, n, NULL, k->unintended, NULL, "tasks", e,
                         "tpp.n%zu.unintended", counts[c]));
    }
    return OK;
}

static void put_tpp_tasks(const struct tpp *k, size_t F)
{
    struct json_out *o = k->details;
    put_counts(o, F);
    json_out_array(o, "tasks");
    for (size_t i = 0; i < k->s->n; i++) {
        const struct sentence_task *t = &k->s->task[i];
        json_out_object(o, NULL);
        json_out_text(o, "task", t->name, strlen(t->name));
        put_probe(o, "probe", &k->probe[i]);
        put_order(o, &k->rank[i]);
        json_out_number(o, "accuracy", accuracy(t, t->y, &k->probe[i], NULL));
        json_out_end(o);
    }
    json_out_end(o);
}

/* Reports the figures, and before them what they are made from. */
static enum err tpp_all(const struct tpp *k, size_t F, const atomic_bool *cancel,
                        struct report *r, struct errinfo *e)
{
    if (k->details == NULL) {
        return tpp_figures(k, cancel, r, e);
    }
    json_out_object(k->details, "tpp");
    put_tpp_tasks(k, F);
    json_out_array(k->details, "accuracy_after"); /* [count][task gone][task asked] */
    const enum err rc = tpp_figures(k, cancel, r, e);
    json_out_end(k->details);
    json_out_end(k->details);
    return rc;
}

enum err perturb_tpp(const struct sentence_sets *s, const struct sae *sae,
                     const atomic_bool *cancel, struct report *r, struct errinfo *e)
{
    struct tpp k = {.s = s, .details = r->details};
    struct logreg_tally tally = {0};
    enum err rc = OK;
    if (s->n < 2) {
        return report_left_out(r, e, "tpp",
                               "found %zu sentence tasks, expected two: %s", s->n,
                               want_gives(WANT_PROBES));
    }
    TRY_OUT(rc, mem_new(&k.probe, s->n, sizeof *k.probe, "tpp", e));
    TRY_OUT(rc, mem_new(&k.rank, s->n, sizeof *k.rank, "tpp", e));
    TRY_OUT(rc, mem_new(&k.intended, s->n, sizeof *k.intended, "tpp", e));
    TRY_OUT(rc, mem_new(&k.unintended, s->n, sizeof *k.unintended, "tpp", e));
    TRY_OUT(rc, mem_new(&k.total, s->n, sizeof *k.total, "tpp", e));
    TRY_OUT(rc, mem_new(&k.gone, sae->F, sizeof *k.gone, "tpp", e));
    for (size_t i = 0; i < s->n; i++) {
        const struct sentence_task *t = &s->task[i];
        TRY_OUT(rc, linear_fit(t, t->y, NULL, sae, &k.probe[i], &tally, e));
        TRY_OUT(rc, effect_rank_init(&k.rank[i], t, t->y, k.probe[i].effect_of,
                                     EFFECT_IN_CLASS, e));
    }
    TRY_OUT(rc, tpp_all(&k, sae->F, cancel, r, e));
    TRY_OUT(rc, report_fits(r, "tpp", atomic_load(&tally.fits),
                            atomic_load(&tally.short_of), e));
out:
    for (size_t i = 0; i < s->n; i++) {
        if (k.probe != NULL) {
            linear_deinit(&k.probe[i]);
        }
        if (k.rank != NULL) {
            effect_rank_deinit(&k.rank[i]);
        }
    }
    mem_free(k.probe);
    mem_free(k.rank);
    mem_free(k.intended);
    mem_free(k.unintended);
    mem_free(k.total);
    mem_free(k.gone);
    return rc;
}

/* ---- SCR ---- */

/* Figures after N latents are taken out. */
enum scr_figure {
    SCR_METRIC, /* the direction in which the biased probe can gain more */
    SCR_DIR1,   /* the spurious one's latents taken out, label asked */
    SCR_DIR2,   /* the label's taken out, the spurious one asked */
    SCR_FIGURES
};

/* The probes of one task. */
struct scr_probes {
    struct linear biased;   /* on the training texts where label and spurious agree */
    struct linear of[2];    /* label, spurious: on all of them */
    const uint8_t *want[2]; /* their classes */
};

static enum err scr_fit(const struct sentence_task *t, const struct sae *sae,
                        struct scr_probes *p, struct logreg_tally *tally,
                        struct errinfo *e)
{
    bool *agree = NULL;
    TRY(mem_new(&agree, t->t.n_train, sizeof *agree, "scr", e));
    for (size_t i = 0; i < t->t.n_train; i++) {
        agree[i] = t->y[i] == t->spurious[i];
    }
    p->want[0] = t->y;
    p->want[1] = t->spurious;
    enum err rc = linear_fit(t, t->y, agree, sae, &p->biased, tally, e);
    for (size_t i = 0; i < 2 && rc == OK; i++) {
        rc = linear_fit(t, p->want[i], NULL, sae, &p->of[i], tally, e);
    }
    mem_free(agree);
    return rc;
}

/* Scores the biased probe on class `asked` (0 label, 1 spurious) of the test texts once
 * the latents of the other are gone: score [COUNTS] at stride SCR_FIGURES. */
static enum err scr_direction(const struct sentence_task *t, const struct scr_probes *p,
                              size_t asked, uint8_t *gone, double *score,
                              struct json_out *details, struct errinfo *e)
{
    double after[COUNTS];
    const uint8_t *want = p->want[asked];
    const double before = accuracy(t, want, &p->biased, NULL);
    const double span = accuracy(t, want, &p->of[asked], NULL) - before;
    struct effect_rank rank;
    TRY(effect_rank_init(&rank, t, p->want[1 - asked], p->of[1 - asked].effect_of,
                         EFFECT_SIZE, e));
    for (size_t c = 0; c < COUNTS; c++) {
        effect_rank_first(&rank, counts[c], gone);
        after[c] = accuracy(t, want, &p->biased, gone);
        score[c * SCR_FIGURES] = span < 0.001 ? 0.0 : (after[c] - before) / span;
    }
    if (details != NULL) {
        json_out_object(details, asked == 0 ? "dir1" : "dir2");
        put_order(details, &rank);
        json_out_number(details, "accuracy_before", before);
        json_out_number(details, "accuracy_of_unbiased", before + span);
        json_out_doubles(details, "accuracy_after", after, COUNTS);
        json_out_end(details);
    }
    effect_rank_deinit(&rank);
    return OK;
}

/* score [COUNTS, SCR_FIGURES] */
static enum err scr_task(const struct sentence_task *t, const struct sae *sae,
                         double *score, struct logreg_tally *tally,
                         struct json_out *details, struct errinfo *e)
{
    struct scr_probes p = {0};
    uint8_t *gone = NULL;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&gone, sae->F, sizeof *gone, "scr", e));
    TRY_OUT(rc, scr_fit(t, sae, &p, tally, e));
    if (details != NULL) {
        json_out_object(details, NULL);
        json_out_text(details, "task", t->name, strlen(t->name));
        put_counts(details, t->t.F);
        put_probe(details, "biased", &p.biased);
        put_probe(details, "label", &p.of[0]);
        put_probe(details, "spurious", &p.of[1]);
    }
    TRY_OUT(rc, scr_direction(t, &p, 0, gone, score + SCR_DIR1, details, e));
    TRY_OUT(rc, scr_direction(t, &p, 1, gone, score + SCR_DIR2, details, e));
    if (details != NULL) {
        json_out_end(details);
    }
    const double on_label = accuracy(t, t->y, &p.biased, NULL);
    const double on_spurious = accuracy(t, t->spurious, &p.biased, NULL);
    for (size_t c = 0; c < COUNTS; c++) {
        double *s = score + c * SCR_FIGURES;
        s[SCR_METRIC] = on_label < on_spurious   ? s[SCR_DIR1]
                        : on_label > on_spurious ? s[SCR_DIR2]
                                                 : (double)NAN;
    }
out:
    linear_deinit(&p.biased);
    linear_deinit(&p.of[0]);
    linear_deinit(&p.of[1]);
    mem_free(gone);
    return rc;
}

/* Whether the task has what SCR needs: both attributes vary wherever they are used. */
static bool scr_fits(const struct sentence_task *t)
{
    size_t cell[2][2][2] = {{{0}}}; /* test, label, spurious */
    for (size_t i = 0; t->spurious != NULL && i < t->t.n_train + t->t.n_test; i++) {
        cell[i >= t->t.n_train][t->y[i]][t->spurious[i]]++;
    }
    for (size_t k = 0; k < 8; k++) {
        if (cell[k / 4][k / 2 % 2][k % 2] == 0) {
            return false;
        }
    }
    return true;
}

enum err perturb_scr(const struct sentence_sets *s, const struct sae *sae,
                     const atomic_bool *cancel, struct report *r, struct errinfo *e)
{
    static const char *const name[SCR_FIGURES] = {"scr", "scr.dir1", "scr.dir2"};
    double *score = NULL, *x = NULL; /* [n, COUNTS, SCR_FIGURES], [n] */
    int32_t *id = NULL;
    size_t n = 0;
    struct logreg_tally tally = {0};
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&score, s->n, COUNTS * SCR_FIGURES * sizeof *score, "scr", e));
    TRY_OUT(rc, mem_new(&x, s->n, sizeof *x, "scr", e));
    TRY_OUT(rc, mem_new(&id, s->n, sizeof *id, "scr", e));
    if (r->details != NULL) {
        json_out_array(r->details, "scr");
    }
    for (size_t i = 0; i < s->n; i++) {
        TRY_OUT(rc, eval_poll(cancel, e));
        if (scr_fits(&s->task[i])) {
            id[n] = (int32_t)i;
            TRY_OUT(rc, scr_task(&s->task[i], sae, score + n++ * COUNTS * SCR_FIGURES,
                                 &tally, r->details, e));
        }
    }
    if (r->details != NULL) {
        json_out_end(r->details);
    }
    if (n == 0) {
        rc = report_left_out(r, e, "scr",
                             "no sentence task has a spurious column that varies with "
                             "its label in training and test texts: %s",
                             want_gives(WANT_PROBES));
        goto out;
    }
    for (size_t f = 0; f < SCR_FIGURES; f++) {
        for (size_t c = 0; c < COUNTS && counts[c] <= sae->F; c++) {
            for (size_t i = 0; i < n; i++) {
                x[i] = score[(i * COUNTS + c) * SCR_FIGURES + f];
            }
            TRY_OUT(rc, report_ratio(r, n, id, x, NULL, "tasks", e, "%s.n%zu", name[f],
                                     counts[c]));
        }
    }
    TRY_OUT(rc, report_fits(r, "scr", atomic_load(&tally.fits),
                            atomic_load(&tally.short_of), e));
out:
    mem_free(score);
    mem_free(x);
    mem_free(id);
    return rc;
}
