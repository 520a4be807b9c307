/* Which latents carry a concept: SAEBench's k-sparse probing with the F1 jump rule. */
#include "base/mem.h"
#include "eval/absorption.h"

#include <string.h>

#define F1_JUMP 0.03
#define L1      0.01
#define L2      1e-6

enum err code_columns_init(struct code_columns *k, size_t F, const struct sae_codes *c,
                           struct errinfo *e)
{
    const size_t nnz = c->start[c->rows];
    memset(k, 0, sizeof *k);
    k->F = F;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&k->start, F + 1, sizeof *k->start, "codes", e));
    TRY_OUT(rc, mem_new(&k->row, nnz, sizeof *k->row, "codes", e));
    TRY_OUT(rc, mem_new(&k->val, nnz, sizeof *k->val, "codes", e));
    for (size_t i = 0; i < nnz; i++) {
        k->start[(size_t)c->id[i] + 1]++;
    }
    for (size_t j = 0; j < F; j++) {
        k->start[j + 1] += k->start[j];
    }
    for (size_t i = 0; i < c->rows; i++) {
        for (size_t j = c->start[i]; j < c->start[i + 1]; j++) {
            const size_t at = k->start[c->id[j]]++;
            k->row[at] = (uint32_t)i;
            k->val[at] = c->val[j];
        }
    }
    memmove(k->start + 1, k->start, F * sizeof *k->start);
    k->start[0] = 0;
out:
    if (rc != OK) {
        code_columns_deinit(k);
    }
    return rc;
}

void code_columns_deinit(struct code_columns *k)
{
    mem_free(k->start);
    mem_free(k->row);
    mem_free(k->val);
    memset(k, 0, sizeof *k);
}

/* SAEBench trains these probes by 50 epochs of Adam on batches of 4096 and takes the
 * result: with a sample of our size that is some 150 steps, too few to rank latents
 * well, and it depends on the start. The main form takes the minimum of the same loss
 * (class-weighted, L1 0.01, L2 1e-6), certified by its duality gap, which needs neither
 * seed nor schedule, on a few training occurrences of each word form. */
enum err ksparse_weights(const struct probe_bank *b, const struct concept_sample *s,
                         const struct sae_codes *codes, size_t F, uint64_t seed,
                         const struct logreg *start, struct pool *pool,
                         const atomic_bool *cancel, struct logreg *out,
                         struct errinfo *e)
{
    const struct logreg_x x = {.n = b->form == FORM_MAIN ? s->n_rank : s->n_train,
                               .d = F,
                               .start = codes->start,
                               .id = codes->id,
                               .val = codes->val};
    const struct logreg_y y = {
        .C = b->n_units, .start = b->label_start, .id = b->label};
    if (b->form == FORM_SAEBENCH) {
        const struct logreg_adam_opts o = {.epochs = 50,
                                           .batch = 4096,
                                           .lr = 1e-2,
                                           .end_lr = 1e-5,
                                           .l1 = L1,
                                           .l2 = L2,
                                           .seed = seed,
                                           .cancel = cancel};
        return logreg_adam(&x, &y, &o, pool, out, e);
    }
    struct logreg_opts o = logreg_defaults();
    o.l1 = L1;
    o.l2 = L2;
    o.max_passes = b->fit_passes > 0 ? b->fit_passes : o.max_passes;
    o.start = start;
    o.cancel = cancel;
    return logreg_fit(&x, &y, &o, pool, out, e);
}

enum err absorption_ws_init(struct absorption_ws *ws, size_t n, size_t F,
                            struct errinfo *e)
{
    const char *what = "absorption";
    memset(ws, 0, sizeof *ws);
    TRY(mem_new(&ws->slot, n, sizeof *ws->slot, what, e));
    TRY(mem_new(&ws->rows, n, sizeof *ws->rows, what, e));
    TRY(mem_new(&ws->x, n, EVAL_MAX_MAIN * sizeof *ws->x, what, e));
    TRY(mem_new(&ws->y, n, sizeof *ws->y, what, e));
    TRY(mem_new(&ws->member, n, sizeof *ws->member, what, e));
    TRY(mem_new(&ws->is_main, F, sizeof *ws->is_main, what, e));
    for (size_t i = 0; i < n; i++) {
        ws->slot[i] = -1;
    }
    return OK;
}

void absorption_ws_deinit(struct absorption_ws *ws)
{
    mem_free(ws->slot);
    mem_free(ws->rows);
    mem_free(ws->x);
    mem_free(ws->y);
    mem_free(ws->member);
    mem_free(ws->is_main);
}

/* The EVAL_MAX_MAIN latents of greatest (signed) weight, ties to the lower index. */
static size_t best_latents(const float *w, size_t F, int32_t best[EVAL_MAX_MAIN])
{
    size_t n = 0;
    for (size_t j = 0; j < F; j++) {
        if (n == EVAL_MAX_MAIN && !(w[j] > w[best[n - 1]])) {
            continue;
        }
        size_t at = n < EVAL_MAX_MAIN ? n++ : n - 1;
        while (at > 0 && w[j] > w[best[at - 1]]) {
            best[at] = best[at - 1];
            at--;
        }
        best[at] = (int32_t)j;
    }
    return n;
}

/* Rows on which one of k latents fires, with their codes side by side, training rows
 * first. All other rows are zero in these columns and can be left out. */
struct few_rows {
    size_t n, n_train;
};

static void add_rows(const struct code_columns *c, const int32_t *latent, size_t k,
                     bool train, size_t n_train, struct absorption_ws *ws,
                     struct few_rows *f)
{
    for (size_t a = 0; a < k; a++) {
        const size_t j = (size_t)latent[a];
        for (size_t i = c->start[j]; i < c->start[j + 1]; i++) {
            const uint32_t row = c->row[i];
            if ((row < n_train) != train) {
                continue;
            }
            if (ws->slot[row] < 0) {
                memset(ws->x + f->n * k, 0, k * sizeof *ws->x);
                ws->y[f->n] = ws->member[row];
                ws->rows[f->n] = row;
                ws->slot[row] = (int32_t)f->n++;
            }
            ws->x[(size_t)ws->slot[row] * k + a] = c->val[i];
        }
    }
}

/* Number of occurrences of each kind. */
struct class_sizes {
    double train_pos, train_neg, test_pos, test_neg;
};

static struct class_sizes class_sizes(const struct concept_sample *s, size_t c)
{
    struct class_sizes z;
    z.train_pos = (double)concept_sample_train_of(s, c);
    z.train_neg = (double)s->n_train - z.train_pos;
    z.test_pos = (double)(s->member_start[c + 1] - s->member_start[c]) - z.train_pos;
    z.test_neg = (double)(s->n - s->n_train) - z.test_pos;
    return z;
}

/* Test F1 of the probe w, b on k latents. */
static double test_f1(enum absorption_form form, const struct class_sizes *z,
                      const struct absorption_ws *ws, const struct few_rows *f,
                      size_t k, const double *w, double b)
{
    double true_pos = 0.0;
    double false_pos = 0.0;
    double pos = 0.0;
    for (size_t i = f->n_train; i < f->n; i++) {
        double score = b;
        for (size_t a = 0; a < k; a++) {
            score += w[a] * (double)ws->x[i * k + a];
        }
        pos += ws->y[i];
        true_pos += score > 0.0 && ws->y[i];
        false_pos += score > 0.0 && !ws->y[i];
    }
    if (b > 0.0) { /* every silent row is taken as positive too */
        const double silent = z->test_pos + z->test_neg - (double)(f->n - f->n_train);
        true_pos += z->test_pos - pos;
        false_pos += silent - (z->test_pos - pos);
    }
    return form_f1(form, true_pos, false_pos, z->test_pos, z->test_neg);
}

/* Fits on k latents, starting from w and b, and returns the test F1. */
static double probe_few(enum absorption_form form, const struct concept_sample *s,
                        const struct code_columns *c, const struct class_sizes *z,
                        const int32_t *latent, size_t k, struct absorption_ws *ws,
                        double *w, double *b)
{
    struct few_rows f = {0};
    add_rows(c, latent, k, true, s->n_train, ws, &f);
    f.n_train = f.n;
    add_rows(c, latent, k, false, s->n_train, ws, &f);
    double pos = 0.0;
    for (size_t i = 0; i < f.n_train; i++) {
        pos += ws->y[i];
    }
    const double neg = (double)f.n_train - pos;
    logreg_count_few(ws->tally,
                     logreg_few(k, f.n_train, ws->x, ws->y, z->train_pos - pos,
                                z->train_neg - neg, 1.0, w, b));
    const double f1 = test_f1(form, z, ws, &f, k, w, *b);
    for (size_t i = 0; i < f.n; i++) {
        ws->slot[ws->rows[i]] = -1;
    }
    return f1;
}

static void mark_members(const struct concept_sample *s, size_t c, uint8_t value,
                         struct absorption_ws *ws)
{
    for (size_t i = s->member_start[c]; i < s->member_start[c + 1]; i++) {
        ws->member[s->member[i]] = value;
    }
}

void ksparse_select(enum absorption_form form, const struct concept_sample *s,
                    const struct code_columns *k, const float *w, size_t c,
                    struct absorption_ws *ws, struct concept_result *r)
{
    const struct class_sizes z = class_sizes(s, c);
    int32_t best[EVAL_MAX_MAIN];
    double few_w[EVAL_MAX_MAIN] = {0};
    double few_b = 0.0;
    double previous = -100.0;
    const size_t n = best_latents(w, k->F, best);
    mark_members(s, c, 1, ws);
    for (size_t i = 1; i <= n; i++) {
        /* At the minimum most weights are exactly zero: such latents tell nothing about
         * the concept. The first is taken even so, as in SAEBench. */
        if (form == FORM_MAIN && i > 1 && !(w[best[i - 1]] > 0.0F)) {
            break;
        }
        const double f1 = probe_few(form, s, k, &z, best, i, ws, few_w, &few_b);
        if (i == 1) {
            r->f1_best = f1;
        }
        if (!(f1 > previous + F1_JUMP)) {
            break;
        }
        previous = f1;
        r->n_main = i;
    }
    mark_members(s, c, 0, ws);
    for (size_t i = 0; i < EVAL_MAX_MAIN; i++) {
        r->main_latent[i] = i < r->n_main ? best[i] : -1;
    }
}

size_t ksparse_f1(const struct concept_sample *s, const struct code_columns *k,
                  const float *w, size_t c, struct absorption_ws *ws,
                  int32_t best[EVAL_MAX_MAIN], double f1[EVAL_MAX_MAIN])
{
    const struct class_sizes z = class_sizes(s, c);
    double few_w[EVAL_MAX_MAIN] = {0}, few_b = 0.0;
    const size_t most = best_latents(w, k->F, best);
    size_t n = 0;
    mark_members(s, c, 1, ws);
    while (n < most && (n == 0 || w[best[n]] > 0.0F)) {
        f1[n] = probe_few(FORM_MAIN, s, k, &z, best, n + 1, ws, few_w, &few_b);
        n++;
    }
    mark_members(s, c, 0, ws);
    return n;
}

void ksparse_fits(const struct concept_sample *s, const struct code_columns *k,
                  size_t c, struct absorption_ws *ws, struct concept_result *r)
{
    const struct class_sizes z = class_sizes(s, c);
    mark_members(s, c, 1, ws);
    for (size_t m = 0; m < r->n_main; m++) {
        const size_t j = (size_t)r->main_latent[m];
        double hit = 0.0, miss = 0.0;
        for (size_t i = k->start[j]; i < k->start[j + 1]; i++) {
            const bool fires = k->row[i] >= s->n_train && k->val[i] > 0.0F;
            hit += fires && ws->member[k->row[i]];
            miss += fires && !ws->member[k->row[i]];
        }
        const double right = z.test_pos > 0.0 ? hit / z.test_pos : 0.0;
        const double wrong = z.test_neg > 0.0 ? miss / z.test_neg : 0.0;
        r->fit[m] = (struct firing_fit){
            .f1 = (float)form_f1(FORM_MAIN, hit, miss, z.test_pos, z.test_neg),
            .precision = right > 0.0 ? (float)(right / (right + wrong)) : 0.0F,
            .recall = (float)right};
    }
    mark_members(s, c, 0, ws);
}
