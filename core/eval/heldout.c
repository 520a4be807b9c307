#include "eval/heldout.h"

#include "base/mem.h"
#include "base/rng.h"
#include "eval/evalset_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A word form on its way into a half. */
struct form {
    int32_t concept; /* its first */
    int32_t token;
    uint64_t draw;
};

static int by_concept(const void *a, const void *b)
{
    const struct form *x = a, *y = b;
    if (x->concept != y->concept) {
        return x->concept < y->concept ? -1 : 1;
    }
    if (x->draw != y->draw) {
        return x->draw < y->draw ? -1 : 1;
    }
    return (x->token > y->token) - (x->token < y->token);
}

static int by_token(const void *a, const void *b)
{
    const struct form *x = a, *y = b;
    return (x->token > y->token) - (x->token < y->token);
}

struct heldout_words {
    const struct concepts *c;
    size_t n;
    int32_t *token; /* [n] */
    float *x;       /* [n, D] */
    uint8_t *half;  /* [n] */
    double rows[2]; /* of each half */
    size_t *start;  /* [n_probed+1] the rows of each concept */
    uint32_t *member;
};

/* An SAE's codes on these words, and counts of where its latents fire. */
struct heldout {
    const struct heldout_words *w;
    size_t F;
    struct sae_codes codes;
    double *fires[2]; /* [F] rows of a half on which a latent fires */
    double **hits;    /* [workers] of [2, F] */
    double *f1;
};

static bool counts(const struct acts_set *set, const struct concepts *c, size_t i)
{
    size_t k = 0;
    (void)concepts_probed(c, set->ids[i], &k);
    return k > 0 && !set->special[i];
}

static enum err gather(struct heldout_words *k, const struct acts_set *set,
                       struct errinfo *e)
{
    const size_t D = set->D;
    for (size_t i = 0; i < set->n; i++) {
        k->n += counts(set, k->c, i);
    }
    TRY(mem_new(&k->token, k->n, sizeof *k->token, "words", e));
    TRY(mem_new(&k->x, k->n, D * sizeof *k->x, "words", e));
    for (size_t i = 0, to = 0; i < set->n; i++) {
        if (counts(set, k->c, i)) {
            k->token[to] = set->ids[i];
            memcpy(k->x + to++ * D, set->x + i * D, D * sizeof *k->x);
        }
    }
    return OK;
}

/* Deals out the forms, those of one concept alternately. */
static enum err halve(struct heldout_words *k, uint64_t seed, struct errinfo *e)
{
    struct form *form = NULL;
    size_t n = 0;
    TRY(mem_new(&form, k->n, sizeof *form, "word forms", e));
    TRY(mem_new(&k->half, k->n, sizeof *k->half, "word forms", e));
    for (size_t i = 0; i < k->n; i++) {
        form[i].token = k->token[i];
    }
    qsort(form, k->n, sizeof *form, by_token);
    for (size_t i = 0; i < k->n; i++) {
        if (i == 0 || form[i].token != form[n - 1].token) {
            form[n++].token = form[i].token;
        }
    }
    for (size_t i = 0; i < n; i++) {
        size_t all = 0;
        form[i].concept = concepts_probed(k->c, form[i].token, &all)[0];
        form[i].draw = rng_at(seed, RNG_SAMPLE, 1, (uint64_t)(uint32_t)form[i].token);
    }
    qsort(form, n, sizeof *form, by_concept);
    for (size_t i = 0; i < n; i++) {
        form[i].concept = (int32_t)(i % 2); /* the half, from here on */
    }
    qsort(form, n, sizeof *form, by_token);
    for (size_t i = 0; i < k->n; i++) {
        const struct form key = {.token = k->token[i]};
        const struct form *at = bsearch(&key, form, n, sizeof *form, by_token);
        k->half[i] = (uint8_t)at->concept;
        k->rows[k->half[i]] += 1.0;
    }
    mem_free(form);
    return OK;
}

static enum err count_fires(struct heldout *k, struct errinfo *e)
{
    TRY(mem_new(&k->fires[0], k->F, sizeof **k->fires, "latents", e));
    TRY(mem_new(&k->fires[1], k->F, sizeof **k->fires, "latents", e));
    for (size_t i = 0; i < k->w->n; i++) {
        double *fires = k->fires[k->w->half[i]];
        for (size_t a = k->codes.start[i]; a < k->codes.start[i + 1]; a++) {
            fires[k->codes.id[a]] += k->codes.val[a] > 0.0F;
        }
    }
    return OK;
}

static enum err list_members(struct heldout_words *k, struct errinfo *e)
{
    const size_t C = k->c->n_probed;
    size_t labels = 0;
    TRY(mem_new(&k->start, C + 2, sizeof *k->start, "words", e));
    for (size_t i = 0; i < k->n; i++) {
        size_t m = 0;
        const int32_t *of = concepts_probed(k->c, k->token[i], &m);
        for (size_t a = 0; a < m; a++) {
            k->start[(size_t)of[a] + 2]++;
        }
        labels += m;
    }
    TRY(mem_new(&k->member, labels, sizeof *k->member, "words", e));
    for (size_t c = 0; c < C; c++) {
        k->start[c + 2] += k->start[c + 1];
    }
    for (size_t i = 0; i < k->n; i++) {
        size_t m = 0;
        const int32_t *of = concepts_probed(k->c, k->token[i], &m);
        for (size_t a = 0; a < m; a++) {
            k->member[k->start[(size_t)of[a] + 1]++] = (uint32_t)i;
        }
    }
    return OK;
}

/* F1 of latent j on a half, from its hits there and the positives. */
static double f1_of(const struct heldout *k, size_t half, const double *hits, size_t j,
                    double pos)
{
    const double hit = hits[half * k->F + j];
    return form_f1(FORM_MAIN, hit, k->fires[half][j] - hit, pos,
                   k->w->rows[half] - pos);
}

static void one_concept(void *ctx, size_t c, size_t worker)
{
    const struct heldout *k = ctx;
    const struct heldout_words *w = k->w;
    double *hits = k->hits[worker], pos[2] = {0.0, 0.0}, sum = 0.0;
    memset(hits, 0, 2 * k->F * sizeof *hits);
    for (size_t i = w->start[c]; i < w->start[c + 1]; i++) {
        const uint32_t row = w->member[i];
        double *of = hits + w->half[row] * k->F;
        pos[w->half[row]] += 1.0;
        for (size_t a = k->codes.start[row]; a < k->codes.start[row + 1]; a++) {
            of[k->codes.id[a]] += k->codes.val[a] > 0.0F;
        }
    }
    for (size_t half = 0; half < 2; half++) {
        size_t best = 0;
        double most = -1.0;
        for (size_t j = 0; j < k->F; j++) {
            const double f1 = f1_of(k, half, hits, j, pos[half]);
            if (f1 > most) {
                most = f1;
                best = j;
            }
        }
        sum += 0.5 * f1_of(k, 1 - half, hits, best, pos[1 - half]);
    }
    k->f1[c] = pos[0] > 0.0 && pos[1] > 0.0 ? sum : (double)NAN;
}

static void deinit(struct heldout *k, size_t workers)
{
    for (size_t i = 0; k->hits != NULL && i < workers; i++) {
        mem_free(k->hits[i]);
    }
    mem_free(k->hits);
    mem_free(k->fires[0]);
    mem_free(k->fires[1]);
    sae_codes_deinit(&k->codes);
}

static enum err heldout_f1(const struct heldout_words *w, const struct sae *s,
                           struct pool *pool, double *f1, struct errinfo *e)
{
    const size_t workers = pool_threads(pool);
    struct heldout k = {.w = w, .F = s->F, .f1 = f1};
    enum err rc = OK;
    TRY_OUT(rc, sae_encode(s, w->x, w->n, pool, &k.codes, e));
    TRY_OUT(rc, count_fires(&k, e));
    TRY_OUT(rc, mem_new(&k.hits, workers, sizeof *k.hits, "words", e));
    for (size_t i = 0; i < workers; i++) {
        TRY_OUT(rc, mem_new(&k.hits[i], s->F, 2 * sizeof **k.hits, "words", e));
    }
    pool_run(pool, w->c->n_probed, one_concept, &k);
out:
    deinit(&k, workers);
    return rc;
}

enum err heldout_words_new(const struct eval_set *set, const struct concepts *c,
                           struct heldout_words **out, struct errinfo *e)
{
    struct heldout_words *w = NULL;
    enum err rc = OK;
    TRY(mem_new(&w, 1, sizeof *w, "words", e));
    w->c = c;
    TRY_OUT(rc, gather(w, set->id, e));
    TRY_OUT(rc, halve(w, set->cfg.seed, e));
    TRY_OUT(rc, list_members(w, e));
    *out = w;
    return OK;
out:
    heldout_words_free(w);
    return rc;
}

void heldout_words_free(struct heldout_words *w)
{
    if (w == NULL) {
        return;
    }
    mem_free(w->token);
    mem_free(w->x);
    mem_free(w->half);
    mem_free(w->start);
    mem_free(w->member);
    mem_free(w);
}

enum err heldout_words_measure(const struct heldout_words *w, const struct sae *s,
                               struct pool *pool, const atomic_bool *cancel,
                               struct eval_result *r, struct errinfo *e)
{
    const size_t n = w->c->n_probed;
    double *f1 = NULL;
    TRY(eval_poll(cancel, e));
    TRY(mem_new(&f1, n, sizeof *f1, "absorption", e));
    const enum err rc = heldout_f1(w, s, pool, f1, e);
    for (size_t i = 0; rc == OK && i < r->n_concepts && i < n; i++) {
        r->concept[i].f1_heldout = r->concept[i].eligible ? f1[i] : (double)NAN;
    }
    mem_free(f1);
    return rc;
}

enum err heldout_measure(const struct eval_set *set, const struct concepts *c,
                         const struct sae *s, struct pool *pool,
                         const atomic_bool *cancel, struct eval_result *r,
                         struct errinfo *e)
{
    struct heldout_words *w = NULL;
    TRY(heldout_words_new(set, c, &w, e));
    const enum err rc = heldout_words_measure(w, s, pool, cancel, r, e);
    heldout_words_free(w);
    return rc;
}
