#include "latents/word_contexts.h"

#include "base/mem.h"
#include "latents/latent_table_priv.h"

#include <stdlib.h>
#include <string.h>

/* An occurrence of the word. */
struct found {
    size_t at; /* in the set */
    float main, other;
};

static bool is_taken(const struct found *f)
{
    return !(f->main > 0.0F) && f->other > 0.0F;
}

static int by_fate(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    const bool sx = x->main > 0.0F, sy = y->main > 0.0F;
    if (is_taken(x) != is_taken(y)) {
        return is_taken(x) ? -1 : 1;
    }
    if (sx != sy) {
        return sx ? 1 : -1;
    }
    if (x->other > y->other || x->other < y->other) {
        return x->other > y->other ? -1 : 1;
    }
    return (x->at > y->at) - (x->at < y->at);
}

struct finder {
    const struct sae *s;
    const struct acts_set *set;
    const struct word_query *q;
    double unit;
    float *x; /* [most, D] */
    size_t most;
    struct sae_codes codes;
};

static enum err encode(struct finder *k, size_t n, struct errinfo *e)
{
    return sae_encode(k->s, k->x, n, NULL, &k->codes, e);
}

/* Activation of a latent on row i of the codes; 0 if it is silent. */
static float activation(const struct finder *k, size_t i, int32_t latent)
{
    return (float)((double)sae_codes_at(&k->codes, i, latent) * k->unit);
}

static void copy_row(struct finder *k, size_t at, size_t to)
{
    const size_t D = k->set->D;
    memcpy(k->x + to * D, k->set->x + at * D, D * sizeof *k->x);
}

static bool is_word(const struct finder *k, size_t i)
{
    return k->set->ids[i] == k->q->token && !k->set->special[i];
}

/* Finds all occurrences with what fires there; found: at most [set->n]. */
static enum err find_all(struct finder *k, struct found *found, size_t *n,
                         const atomic_bool *cancel, struct errinfo *e)
{
    size_t next = 0;
    *n = 0;
    while (next < k->set->n) {
        size_t block = 0;
        for (; next < k->set->n && block < k->most; next++) {
            if (is_word(k, next)) {
                found[*n + block].at = next;
                copy_row(k, next, block++);
            }
        }
        TRY(latent_poll(cancel, e));
        TRY(encode(k, block, e));
        for (size_t i = 0; i < block; i++) {
            struct found *f = &found[*n + i];
            f->main = 0.0F;
            for (size_t m = 0; m < k->q->n_main; m++) {
                const float v = activation(k, i, k->q->main[m]);
                f->main = v > f->main ? v : f->main;
            }
            f->other = k->q->other >= 0 ? activation(k, i, k->q->other) : 0.0F;
        }
        *n += block;
    }
    return OK;
}

/* Fills in the tokens around an occurrence and the heat of the latent shown. */
static enum err fill_context(struct finder *k, const struct found *f,
                             struct word_context *out, struct errinfo *e)
{
    const size_t T = k->set->T, half = CONTEXT_TOKENS / 2;
    const size_t pos = f->at % T, first = f->at - pos;
    const int32_t shown = k->q->other >= 0 ? k->q->other : k->q->main[0];
    size_t from[CONTEXT_TOKENS], n = 0;
    out->main = f->main;
    out->at = (struct latent_context){.row = f->at / T, .pos = pos};
    for (size_t i = 0; i < CONTEXT_TOKENS; i++) {
        const bool inside = pos + i >= half && pos + i - half < T;
        const size_t at = inside ? first + pos + i - half : 0;
        out->at.token[i] = inside ? k->set->ids[at] : -1;
        if (inside && !k->set->special[at]) {
            from[n] = i;
            copy_row(k, at, n++);
        }
    }
    TRY(encode(k, n, e));
    for (size_t i = 0; i < n; i++) {
        out->at.heat[from[i]] = activation(k, i, shown);
    }
    out->at.act = out->at.heat[half];
    return OK;
}

static enum err check(const struct sae *s, const struct acts_set *set,
                      const struct word_query *q, struct errinfo *e)
{
    bool fine = q->n_main > 0 && q->n_main <= WORD_LATENTS && s->D == set->D &&
                (q->other < 0 || (size_t)q->other < s->F);
    for (size_t i = 0; fine && i < q->n_main; i++) {
        fine = q->main[i] >= 0 && (size_t)q->main[i] < s->F;
    }
    return fine ? OK
                : err_set(e, ERR_USAGE,
                          "contexts of a word: expected latents from 0 to %zu of "
                          "activations of width %zu",
                          s->F - 1, set->D);
}

static enum err fill(struct finder *k, struct word_contexts *w,
                     const atomic_bool *cancel, struct errinfo *e)
{
    struct found *found = NULL;
    size_t n = 0;
    enum err rc = OK;
    k->most = CONTEXT_TOKENS > 1024 ? CONTEXT_TOKENS : 1024;
    TRY_OUT(rc, mem_new(&found, k->set->n, sizeof *found, "contexts", e));
    TRY_OUT(rc, mem_new(&k->x, k->most, k->set->D * sizeof *k->x, "contexts", e));
    TRY_OUT(rc, find_all(k, found, &n, cancel, e));
    for (size_t i = 0; i < n; i++) {
        w->main_fires += found[i].main > 0.0F;
        w->other_fires += found[i].other > 0.0F;
        w->taken += is_taken(&found[i]);
    }
    w->occurrences = n;
    if (n > 1) {
        qsort(found, n, sizeof *found, by_fate);
    }
    for (; w->n < n && w->n < LATENT_CONTEXTS; w->n++) {
        TRY_OUT(rc, latent_poll(cancel, e));
        TRY_OUT(rc, fill_context(k, &found[w->n], &w->context[w->n], e));
    }
out:
    mem_free(found);
    mem_free(k->x);
    sae_codes_deinit(&k->codes);
    return rc;
}

enum err word_contexts_new(const struct sae *s, const struct acts_set *set,
                           const struct word_query *q, int64_t step,
                           const atomic_bool *cancel, struct word_contexts **out,
                           struct errinfo *e)
{
    struct word_contexts *w = NULL;
    struct finder k = {.s = s, .set = set, .q = q, .unit = sae_saved_unit(s)};
    TRY(check(s, set, q, e));
    TRY(mem_new(&w, 1, sizeof *w, "contexts", e));
    atomic_init(&w->refs, 1);
    w->step = step;
    w->of = *q;
    const enum err rc = fill(&k, w, cancel, e);
    if (rc != OK) {
        word_contexts_unref(w);
        return rc;
    }
    *out = w;
    return OK;
}

struct word_contexts *word_contexts_ref(struct word_contexts *w)
{
    atomic_fetch_add_explicit(&w->refs, 1, memory_order_relaxed);
    return w;
}

void word_contexts_unref(struct word_contexts *w)
{
    if (w != NULL &&
        atomic_fetch_sub_explicit(&w->refs, 1, memory_order_acq_rel) == 1) {
        mem_free(w);
    }
}
