/* One latent on a made-up world: contexts, histogram, lens, neighbours, ablation,
 * names, and the contexts of a word. */
#include "ask/ask.h"
#include "latents/latent_names.h"
#include "latents/word_contexts.h"
#include "num/blas.h"
#include "unit/latent_scene.h"
#include "unit/tiny.h"

/* A model as wide as the world. Its vocabulary is larger than the world's. */
static struct lm *wide_lm(void)
{
    static const char *const forms[1] = {" dog"};
    return tiny_lm(tiny_tok(forms, 1), D, T);
}

static struct latent_detail *detail(const struct scene *k, const struct lm *m,
                                    struct harvester *h, int32_t latent, int interval)
{
    struct errinfo e;
    struct latent_detail *d = NULL;
    assert_ok(latent_detail_new(k->s, k->a, k->c, k->t, m, lm_behind(1), h, latent,
                                interval, 5, NULL, NULL, &d, &e),
              &e);
    return d;
}

static void check_contexts(const struct scene *k, const struct latent_detail *d)
{
    enum { HALF = CONTEXT_TOKENS / 2 };
    for (size_t i = 0; i < d->n_contexts; i++) {
        const struct latent_context *x = &d->context[i];
        assert_true(i == 0 || x->act <= d->context[i - 1].act);
        for (size_t j = 0; j < i; j++) {
            assert_true(d->context[j].row != x->row);
        }
        near((double)x->heat[HALF], (double)x->act, 0.0);
        for (size_t j = 0; j < CONTEXT_TOKENS; j++) {
            const bool inside = x->pos + j >= HALF && x->pos + j - HALF < T;
            if (!inside) {
                assert_int_equal(x->token[j], -1);
                near((double)x->heat[j], 0.0, 0.0);
                continue;
            }
            const size_t at = x->row * T + x->pos + j - HALF;
            assert_int_equal(x->token[j], k->a->ids[at]);
            /* Latent 0 fires on category 0 and nowhere else. */
            const bool fires =
                !k->a->special[at] && category_of(k->a->ids[at] - 1) == 0;
            assert_true((x->heat[j] > 0.0f) == fires);
        }
    }
}

static void test_contexts_and_histogram(void **state)
{
    (void)state;
    struct scene k;
    scene_init(&k, 0, NULL);
    struct lm *m = wide_lm();
    struct latent_detail *d = detail(&k, m, NULL, 0, INTERVAL_TOP);
    assert_int_equal(d->n_contexts, LATENT_CONTEXTS);
    assert_int_equal(d->n_in_interval, d->row.fires);
    near((double)d->context[0].act, (double)d->row.max, 0.0);
    check_contexts(&k, d);
    assert_true(isnan(d->delta_nll) && d->delta_n == 0);
    size_t sum = 0;
    for (size_t i = 0; i < LATENT_HIST_BINS; i++) {
        sum += d->hist[i];
    }
    assert_int_equal(sum, d->row.fires);
    /* Activations are even over 2.5 .. 3.5 of 3.5: bins 14 (from .70) on. */
    assert_int_equal(d->hist[13], 0);
    assert_true(d->hist[15] > 0 && d->hist[19] > 0);
    assert_true(d->density_lo < d->row.density && d->row.density < d->density_hi);
    assert_true(d->density_hi - d->density_lo < 0.1);
    latent_detail_unref(d);
    size_t total = 0;
    for (int i = 0; i < 10; i++) {
        d = detail(&k, m, NULL, 0, i);
        const double max = (double)d->row.max;
        total += d->n_in_interval;
        for (size_t j = 0; j < d->n_contexts; j++) {
            const double share = 10.0 * (double)d->context[j].act / max;
            assert_true(share > (double)i && share <= (double)i + 1.0 + 1e-9);
        }
        check_contexts(&k, d);
        latent_detail_unref(d);
    }
    assert_int_equal(total, k.t->row[0].fires);
    /* The random ones: the same each time, not the top ones. */
    d = detail(&k, m, NULL, 0, INTERVAL_RANDOM);
    struct latent_detail *again = detail(&k, m, NULL, 0, INTERVAL_RANDOM);
    assert_memory_equal(d->context, again->context, sizeof d->context);
    assert_true(d->context[LATENT_CONTEXTS - 1].act < 0.9f * d->row.max);
    check_contexts(&k, d);
    latent_detail_unref(again);
    latent_detail_unref(d);
    lm_free(m);
    scene_deinit(&k);
}

/* Both ends of a lens are the extremes of `logits`, in order, but for rounding. */
static void check_lens(const struct latent_lens *l, const float *logits, size_t V,
                       double slack)
{
    const float s = (float)slack;
    for (size_t i = 0; i < LATENT_LENS; i++) {
        size_t above = 0;
        size_t below = 0;
        for (size_t v = 0; v < V; v++) {
            above += logits[v] > l->top_logit[i] + s;
            below += logits[v] < l->bottom_logit[i] - s;
        }
        assert_true(above <= i && below <= i);
        assert_true(slack > 0.0 || (above == i && below == i));
        near((double)logits[l->top[i]], (double)l->top_logit[i], slack);
        near((double)logits[l->bottom[i]], (double)l->bottom_logit[i], slack);
    }
}

static void test_lens_and_neighbours(void **state)
{
    (void)state;
    struct scene k;
    scene_init(&k, 6, NULL);
    struct lm *m = wide_lm();
    struct latent_detail *d = detail(&k, m, NULL, 0, INTERVAL_TOP);
    const size_t V = m->cfg.vocab;
    float *logits = mem_alloc(V, sizeof *logits);
    struct errinfo e;
    assert_ok(lm_lens(m, lm_behind(1), k.s->W_dec, logits, &e), &e);
    check_lens(&d->lens[LENS_NORM], logits, V, 0.0);
    /* Directly: the dot product with each token's unembedding. */
    for (size_t v = 0; v < V; v++) {
        double sum = 0;
        for (size_t i = 0; i < m->cfg.d_model; i++) {
            sum += (double)k.s->W_dec[i] * (double)m->w.wte[v * m->cfg.d_model + i];
        }
        logits[v] = (float)sum;
    }
    check_lens(&d->lens[LENS_DIRECT], logits, V, 1e-5);
    /* The six absorbers carry 3/sqrt(13) of its direction, no others any. */
    assert_int_equal(d->n_neighbours, LATENT_NEIGHBOURS);
    for (int32_t i = 0; i < 6; i++) {
        assert_int_equal(d->neighbour[i], CATEGORIES + i);
        near((double)d->neighbour_cos[i], 3.0 / sqrt(13.0), 1e-6);
    }
    near((double)d->neighbour_cos[6], 0.0, 1e-6);
    /* Encoder: 1 along the category, -20 along six words. */
    near((double)d->enc_dec_cos, 1.0 / sqrt(1.0 + 6.0 * 400.0), 1e-6);
    struct latent_detail *ref = latent_detail_ref(d);
    latent_detail_unref(ref);
    latent_detail_unref(d);
    mem_free(logits);
    lm_free(m);
    scene_deinit(&k);
}

/* Where it is silent on one of its top tokens, and a few contexts of each interval. */
static void test_zero_and_samples(void **state)
{
    (void)state;
    struct scene k;
    scene_init(&k, 0, NULL);
    latent_table_unref(k.t);
    struct errinfo e;
    for (size_t i = 0; i < k.a->n / 2; i++) { /* nothing fires in the first half */
        memset(k.a->x + i * D, 0, D * sizeof *k.a->x);
    }
    assert_ok(latent_table_new(k.s, k.a, k.c, 0, NULL, NULL, &k.t, &e), &e);
    struct lm *m = wide_lm();
    struct latent_detail *d = detail(&k, m, NULL, 1, INTERVAL_ZERO);
    size_t silent = 0;
    for (size_t i = 0; i < k.a->n / 2; i++) {
        for (size_t w = 0; w < LATENT_TOP_TOKENS; w++) {
            silent += !k.a->special[i] && k.a->ids[i] == d->row.top_token[w];
        }
    }
    assert_true(silent > 0);
    assert_int_equal(d->n_in_interval, silent);
    assert_true(d->n_contexts > 0);
    for (size_t i = 0; i < d->n_contexts; i++) {
        const size_t at = d->context[i].row * T + d->context[i].pos;
        near((double)d->context[i].act, 0.0, 0.0);
        assert_true(at < k.a->n / 2);
        assert_int_equal(category_of(k.a->ids[at] - 1), 1);
    }
    for (size_t i = 0; i < LATENT_INTERVALS; i++) {
        struct latent_detail *one = detail(&k, m, NULL, 1, latent_interval_at(i));
        const struct latent_sample *s = &d->sample[i];
        assert_int_equal(s->n_in_interval, one->n_in_interval);
        assert_int_equal(s->n, one->n_contexts < LATENT_SAMPLE ? one->n_contexts
                                                               : LATENT_SAMPLE);
        if (latent_interval_at(i) == INTERVAL_TOP) {
            assert_memory_equal(s->context, one->context, s->n * sizeof *s->context);
        }
        latent_detail_unref(one);
    }
    assert_int_equal(latent_interval_at(1), 9);
    assert_int_equal(latent_interval_at(LATENT_INTERVALS - 1), INTERVAL_ZERO);
    latent_detail_unref(d);
    lm_free(m);
    scene_deinit(&k);
}

/* Latents that fire on the same tokens, by plain loops. */
static void test_fires_together(void **state)
{
    (void)state;
    struct scene k;
    scene_init(&k, 6, NULL);
    struct lm *m = wide_lm();
    struct latent_detail *d = detail(&k, m, NULL, 1, INTERVAL_TOP);
    const struct latent_table *t = k.t;
    float last = 2.0f;
    assert_int_equal(d->n_together, 10); /* the ten words of its category */
    for (size_t i = 0; i < d->n_together; i++) {
        const int32_t j = d->together[i];
        uint32_t both = 0;
        for (size_t a = t->fire_start[1]; a < t->fire_start[2]; a++) {
            for (size_t b = t->fire_start[j]; b < t->fire_start[j + 1]; b++) {
                both += t->fire_at[a] == t->fire_at[b];
            }
        }
        assert_int_equal(d->together_fires[i], both);
        near((double)d->together_share[i],
             (double)both / sqrt((double)t->row[1].fires * (double)t->row[j].fires),
             1e-6);
        assert_true(d->together_share[i] <= last);
        last = d->together_share[i];
        assert_int_equal(category_of(j - CATEGORIES), 1);
    }
    latent_detail_unref(d);
    lm_free(m);
    scene_deinit(&k);
}

/* Robustness by hand: the first block's latents read the token and nothing else, so no
 * mask elsewhere changes them; those behind attention do. */
static void test_masks(void **state)
{
    (void)state;
    struct errinfo e;
    struct scene k;
    k.a = world_acts(6);
    k.c = world_concepts();
    k.s = world_sae(0);
    struct lm *m = wide_lm();
    static const struct lm_hook hooks[2] = {{0, LM_RESID_PRE}, {0, LM_RESID_POST}};
    for (size_t i = 0; i < 2; i++) {
        struct harvester *h = NULL;
        assert_ok(harvester_new(m, hooks[i], T, NULL, &h, &e), &e);
        harvest_rows(h, k.a->ids, k.a->rows, k.a->x);
        assert_ok(latent_table_new(k.s, k.a, k.c, 0, NULL, NULL, &k.t, &e), &e);
        int32_t j = 0; /* one that fires, not everywhere */
        while (k.t->row[j].fires < 10 || k.t->row[j].fires > 150) {
            j++;
        }
        struct latent_detail *d = detail(&k, m, NULL, j, INTERVAL_TOP);
        assert_true(isnan(d->robustness));
        assert_ok(latent_detail_mask(d, k.s, k.a, k.t, m, h, -1, &e), &e);
        assert_true(isnan(d->robustness));
        assert_ok(latent_detail_mask(d, k.s, k.a, k.t, m, h, 5, &e), &e);
        assert_true(d->robust_n > 0 && d->robust_n <= k.a->n);
        if (i == 0) {
            near(d->robustness, 1.0, 1e-6);
        } else {
            assert_true(d->robustness > 0.0 && d->robustness < 1.0 - 1e-4);
        }
        latent_detail_unref(d);
        latent_table_unref(k.t);
        harvester_free(h);
    }
    k.t = NULL;
    lm_free(m);
    scene_deinit(&k);
}

/* delta_nll by hand: all rows of the set, so that the choice of rows does not matter.
 */
static void test_ablation(void **state)
{
    (void)state;
    struct errinfo e;
    struct scene k;
    k.a = world_acts(6);
    k.c = world_concepts();
    k.s = world_sae(2);
    assert_ok(latent_table_new(k.s, k.a, k.c, 0, NULL, NULL, &k.t, &e), &e);
    struct lm *m = wide_lm();
    const struct lm_hook hook = {0, LM_RESID_POST};
    struct harvester *h = NULL;
    assert_ok(harvester_new(m, hook, T, NULL, &h, &e), &e);
    struct latent_detail *d = detail(&k, m, h, 1, INTERVAL_TOP);
    float *x = mem_alloc(k.a->n * D, sizeof *x);
    memcpy(x, k.a->x, k.a->n * D * sizeof *x);
    for (size_t i = 0; i < k.a->n; i++) {
        if (!k.a->special[i] && category_of(k.a->ids[i] - 1) == 1) {
            x[i * D + 1] = 0.25f; /* only the offset of the world is left */
        }
    }
    float nll[2][6 * T];
    assert_ok(harvest_nll(h, k.a->ids, 6, k.a->x, nll[0], &e), &e);
    assert_ok(harvest_nll(h, k.a->ids, 6, x, nll[1], &e), &e);
    double sum = 0.0;
    size_t n = 0;
    for (size_t i = 0; i < k.a->n; i++) {
        if (!k.a->special[i] && category_of(k.a->ids[i] - 1) == 1 && (i + 1) % T != 0) {
            sum += (double)nll[1][i] - (double)nll[0][i];
            n++;
        }
    }
    assert_int_equal(d->delta_n, n);
    near(d->delta_nll, sum / (double)n, 1e-4);
    assert_true(fabs(d->delta_nll) > 1e-4);
    latent_detail_unref(d);
    mem_free(x);
    harvester_free(h);
    lm_free(m);
    scene_deinit(&k);
}

/* The same where each row is normalised by itself: what is taken out is in the unit of
 * the model's activations, whatever the unit that is shown. */
static void test_ablation_of_normalised_rows(void **state)
{
    (void)state;
    struct errinfo e;
    struct scene k;
    k.a = world_acts(6);
    k.c = world_concepts();
    k.s = world_sae(2);
    k.s->norm = SAE_NORM_CONSTANT;
    k.s->scale = 1.0f;
    assert_ok(latent_table_new(k.s, k.a, k.c, 0, NULL, NULL, &k.t, &e), &e);
    struct lm *m = wide_lm();
    const struct lm_hook hook = {0, LM_RESID_POST};
    struct harvester *h = NULL;
    assert_ok(harvester_new(m, hook, T, NULL, &h, &e), &e);
    struct latent_detail *d = detail(&k, m, h, 1, INTERVAL_TOP);
    float *x = mem_alloc(k.a->n * D, sizeof *x);
    memcpy(x, k.a->x, k.a->n * D * sizeof *x);
    struct sae_codes codes = {0};
    assert_ok(sae_encode(k.s, k.a->x, k.a->n, NULL, &codes, &e), &e);
    bool fires[6 * T] = {false};
    for (size_t i = 0; i < k.a->n; i++) {
        const double unit = sae_codes_unit(&codes, k.s, i);
        for (size_t q = codes.start[i]; q < codes.start[i + 1]; q++) {
            if (codes.id[q] == 1 && !k.a->special[i]) {
                fires[i] = true;
                x[i * D + 1] -= (float)((double)codes.val[q] * unit);
            }
        }
    }
    float nll[2][6 * T];
    assert_ok(harvest_nll(h, k.a->ids, 6, k.a->x, nll[0], &e), &e);
    assert_ok(harvest_nll(h, k.a->ids, 6, x, nll[1], &e), &e);
    double sum = 0.0;
    size_t n = 0;
    for (size_t i = 0; i < k.a->n; i++) {
        if (fires[i] && (i + 1) % T != 0) {
            sum += (double)nll[1][i] - (double)nll[0][i];
            n++;
        }
    }
    assert_int_equal(d->delta_n, n);
    near(d->delta_nll, sum / (double)n, 1e-4);
    assert_true(fabs(d->delta_nll) > 1e-4);
    sae_codes_deinit(&codes);
    latent_detail_unref(d);
    mem_free(x);
    harvester_free(h);
    lm_free(m);
    scene_deinit(&k);
}

/* ---- what comes next ---- */

/* Rows at a hook, an SAE that reads them, one latent of it. */
struct nexts {
    struct scene k;
    struct lm *m;
    struct lm_hook hook;
    struct harvester *h;
    int32_t latent;
};

static void nexts_init(struct nexts *n, struct lm_hook hook, enum sae_norm norm)
{
    struct errinfo e;
    struct scene *k = &n->k;
    k->a = world_acts(6);
    k->c = world_concepts();
    k->s = world_sae(0);
    k->s->norm = norm;
    k->s->scale = norm == SAE_NORM_SCALE ? 0.5f : 1.0f;
    for (size_t i = 0; i < k->s->F * D; i++) {
        k->s->W_dec[i] *= 6.0f; /* what is silenced shall be missed */
    }
    n->m = wide_lm();
    n->hook = hook;
    assert_ok(harvester_new(n->m, hook, T, NULL, &n->h, &e), &e);
    harvest_rows(n->h, k->a->ids, k->a->rows, k->a->x);
    assert_ok(latent_table_new(k->s, k->a, k->c, 0, NULL, NULL, &k->t, &e), &e);
    n->latent = 0; /* one that fires, not everywhere */
    while (k->t->row[n->latent].fires < 10 || k->t->row[n->latent].fires > 150) {
        n->latent++;
        assert_true((size_t)n->latent < k->s->F);
    }
}

static void nexts_deinit(struct nexts *n)
{
    harvester_free(n->h);
    lm_free(n->m);
    scene_deinit(&n->k);
}

/* The context's row from beginning to end, all of its distributions; x [T,D] stands at
 * the hook. `want` is among the likeliest tokens at the centre, with that probability.
 */
static void check_next(const struct nexts *n, const struct latent_context *c, float *x,
                       const struct latent_next *want)
{
    const size_t V = n->m->cfg.vocab;
    struct errinfo e;
    struct lm_ws *ws = NULL;
    float *logp = mem_alloc(T * V, sizeof *logp), *at = logp + c->pos * V;
    assert_ok(lm_ws_new(n->m, LM_WHOLE, T, &ws, &e), &e);
    lm_logp_from(n->m, ws, x, T, n->hook, n->k.a->ids + c->row * T, logp);
    for (size_t v = 0; v < V; v++) {
        assert_true(at[v] <= at[want->id] + 1e-5f);
    }
    near((double)want->p, exp((double)at[want->id]), 1e-5);
    lm_ws_free(ws);
    mem_free(logp);
}

/* The latent's part of the reconstruction, by decoding it alone. */
static void silence_row(const struct nexts *n, size_t row, float *x)
{
    const struct scene *k = &n->k;
    const float *decoder = k->s->W_dec + (size_t)n->latent * D;
    struct errinfo e;
    struct sae_codes codes = {0};
    memcpy(x, k->a->x + row * T * D, T * D * sizeof *x);
    assert_ok(sae_encode(k->s, x, T, NULL, &codes, &e), &e);
    sae_codes_raw(&codes, k->s);
    for (size_t i = 0; i < T; i++) {
        const double act = (double)sae_codes_at(&codes, i, n->latent);
        const bool special = acts_is_special(n->m->tok, k->a->ids[row * T + i]);
        for (size_t d = 0; d < D && !special; d++) {
            x[i * D + d] -= (float)(act * (double)decoder[d]);
        }
    }
    sae_codes_deinit(&codes);
}

/* The same question, of the row up to its centre. */
static void check_next_of_ask(const struct nexts *n, struct ask *ask,
                              const struct latent_context *c)
{
    const struct ask_edit edit = {.latent = n->latent, .how = ASK_ZERO};
    const struct ask_question q = {.ids = n->k.a->ids + c->row * T,
                                   .n = c->pos + 1,
                                   .edit = &edit,
                                   .n_edits = 1,
                                   .top = 1};
    struct errinfo e;
    struct ask_answer *r = NULL;
    assert_ok(ask_run(ask, &q, &r, &e), &e);
    assert_int_equal(c->next.id, r->next[c->pos].id);
    assert_int_equal(c->next_without.id, r->next_after[c->pos].id);
    near((double)c->next.p, exp((double)r->next[c->pos].logp), 1e-5);
    near((double)c->next_without.p, exp((double)r->next_after[c->pos].logp), 1e-5);
    ask_answer_unref(r);
}

/* All contexts of one interval; others: how many words are others without the latent.
 */
static void check_interval(const struct nexts *n, struct ask *ask, int interval,
                           size_t *others)
{
    struct errinfo e;
    const struct scene *k = &n->k;
    struct latent_detail *d = NULL;
    float *x = mem_alloc(T * D, sizeof *x);
    assert_ok(latent_detail_new(k->s, k->a, k->c, k->t, n->m, n->hook, n->h, n->latent,
                                interval, 5, NULL, NULL, &d, &e),
              &e);
    assert_true(d->n_contexts >= 1);
    assert_ok(
        latent_detail_next(d, k->s, k->a, n->m, n->h, 1, LATENT_CONTEXTS, NULL, &e),
        &e);
    near((double)d->context[0].next.p, 0.0, 0.0); /* nobody asked */
    assert_ok(latent_detail_next(d, k->s, k->a, n->m, n->h, 0, 1, NULL, &e), &e);
    for (size_t i = 0; i < d->n_contexts; i++) {
        const struct latent_context *c = &d->context[i];
        memcpy(x, k->a->x + c->row * T * D, T * D * sizeof *x);
        check_next(n, c, x, &c->next);
        silence_row(n, c->row, x);
        check_next(n, c, x, &c->next_without);
        check_next_of_ask(n, ask, c);
        *others += c->next.id != c->next_without.id;
    }
    const atomic_bool cancel = true;
    check_error(latent_detail_next(d, k->s, k->a, n->m, n->h, 0, 1, &cancel, &e),
                ERR_CANCELLED, &e, "cancelled");
    struct latent_detail *copy = NULL;
    assert_ok(latent_detail_copy(d, &copy, &e), &e);
    assert_memory_equal(copy->context, d->context, sizeof d->context);
    latent_detail_unref(d);
    latent_detail_unref(copy);
    mem_free(x);
}

static void check_next_at(struct lm_hook hook, enum sae_norm norm, size_t *others)
{
    struct errinfo e;
    struct nexts n;
    nexts_init(&n, hook, norm);
    struct ask *ask = NULL;
    struct ask_subject *subject = NULL;
    struct ask_parts parts = {.lm = n.m, .hook = hook, .mask_token = -1};
    assert_ok(sae_copy(n.k.s, &parts.sae, &e), &e);
    assert_ok(ask_subject_new(&parts, &subject, &e), &e);
    assert_ok(ask_new(subject, NULL, &ask, &e), &e);
    check_interval(&n, ask, INTERVAL_TOP, others);
    check_interval(&n, ask, INTERVAL_RANDOM, others);
    check_interval(&n, ask, INTERVAL_ZERO, others);
    check_interval(&n, ask, 9, others);
    ask_free(ask);
    ask_subject_unref(subject);
    nexts_deinit(&n);
}

/* A vocabulary that the head reads in three pieces: the likeliest token may be in any.
 */
static void test_next_of_many_tokens(void **state)
{
    (void)state;
    enum { MANY = 9001 };
    struct errinfo e;
    struct lm *m = wide_lm();
    struct lm_ws *ws = NULL;
    lm_weights_deinit(&m->w);
    m->cfg.vocab = MANY;
    assert_ok(lm_weights_init(&m->w, &m->cfg, &e), &e);
    struct rng r = rng_begin(22, RNG_INIT, 0);
    for (size_t i = 0; i < m->w.count; i++) {
        m->w.arena[i] = (float)(0.3 * rng_normal(&r));
    }
    assert_ok(lm_ws_new(m, LM_WHOLE, T, &ws, &e), &e);
    float *logp = mem_alloc(T * MANY, sizeof *logp), *x = mem_alloc(T * D, sizeof *x);
    int32_t ids[T];
    bool found[3] = {false};
    for (size_t n = 1; n <= T; n++) {
        for (size_t i = 0; i < T; i++) {
            ids[i] = (int32_t)rng_below(&r, MANY);
        }
        lm_forward_to(m, ws, ids, 1, n, lm_behind(1), x);
        const struct lm_next got = lm_next_from(m, ws, x, n, lm_behind(1), ids);
        lm_forward_to(m, ws, ids, 1, n, lm_behind(1), x);
        lm_logp_from(m, ws, x, n, lm_behind(1), ids, logp);
        const float *last = logp + (n - 1) * MANY;
        size_t best = 0;
        for (size_t v = 0; v < MANY; v++) {
            best = last[v] > last[best] ? v : best;
        }
        assert_int_equal(got.id, best);
        near((double)got.logp, (double)last[best], 1e-5);
        found[best / 4096] = true;
    }
    assert_true(found[0] && found[1] && found[2]);
    mem_free(logp);
    mem_free(x);
    lm_ws_free(ws);
    lm_free(m);
}

/* Wherever an SAE of the model's width may stand, and in each of its units. */
static void test_next(void **state)
{
    (void)state;
    size_t others = 0;
    for (size_t site = 0; site < LM_SITES; site++) {
        for (size_t block = 0; block < 2 && site != LM_MLP_POST; block++) {
            const struct lm_hook hook = {block, (enum lm_site)site};
            check_next_at(hook, SAE_NORM_SCALE, &others);
        }
    }
    check_next_at((struct lm_hook){0, LM_RESID_POST}, SAE_NORM_CONSTANT, &others);
    assert_true(others > 0); /* some word is another without the latent */
}

/* A silent latent, a table of its own, arguments out of range. */
static void test_detail_edges(void **state)
{
    (void)state;
    struct errinfo e;
    struct scene k;
    scene_init(&k, 0, NULL);
    struct lm *m = wide_lm();
    struct latent_detail *d = NULL;
    memset(k.s->W_enc + 2 * D, 0, D * sizeof(float));
    assert_ok(latent_detail_new(k.s, k.a, k.c, NULL, m, lm_behind(1), NULL, 2,
                                INTERVAL_TOP, 5, NULL, NULL, &d, &e),
              &e);
    assert_int_equal(d->row.fires, 0);
    assert_int_equal(d->n_contexts, 0);
    assert_int_equal(d->n_lens, LATENT_LENS);
    near(d->density_lo, 0.0, 0.0);
    near(d->density_hi, 0.0, 0.0);
    near((double)d->enc_dec_cos, 0.0, 0.0);
    latent_detail_unref(d);
    d = NULL;
    static const int bad[4][2] = {{-1, 0}, {D, 0}, {0, 10}, {0, -4}};
    for (size_t i = 0; i < 4; i++) {
        check_error(latent_detail_new(k.s, k.a, k.c, k.t, m, lm_behind(1), NULL,
                                      bad[i][0], bad[i][1], 5, NULL, NULL, &d, &e),
                    ERR_USAGE, &e, "expected a latent from 0 to 73");
    }
    atomic_bool cancel = true;
    check_error(latent_detail_new(k.s, k.a, k.c, k.t, m, lm_behind(1), NULL, 0,
                                  INTERVAL_TOP, 5, NULL, &cancel, &d, &e),
                ERR_CANCELLED, &e, "cancelled");
    assert_null(d);
    lm_free(m);
    scene_deinit(&k);
}

static void test_names(void **state)
{
    (void)state;
    static const char *const forms[2] = {" dog", "Cat"};
    struct tok *tok = tiny_tok(forms, 2);
    struct concepts *c = world_concepts();
    char out[32];
    struct names n;
    struct errinfo e;
    assert_ok(names_init(&n, tok, c, &e), &e);
    struct latent_row r = {.match = MATCH_CONCEPT, .match_id = 5};
    names_match(&n, &r, out, sizeof out);
    assert_string_equal(out, "letter e");
    assert_string_equal(names_match_kind(&n, &r), "letter");
    r.match_id = 6;
    assert_string_equal(names_match_kind(&n, &r), "grammar");
    r = (struct latent_row){.match = MATCH_WORD, .match_id = tok_single(tok, " dog")};
    names_match(&n, &r, out, sizeof out);
    assert_string_equal(out, "'dog'");
    assert_string_equal(names_match_kind(&n, &r), "word");
    assert_string_equal(names_place(r.place), "token");
    r.place = PLACE_PREVIOUS;
    names_match(&n, &r, out, sizeof out);
    assert_string_equal(out, "after 'dog'");
    assert_string_equal(names_place(r.place), "previous");
    r.place = PLACE_TOKEN;
    names_match(&n, &r, out, 4);
    assert_string_equal(out, "'do");
    r.match_id = tok_single(tok, "\x1b");
    names_match(&n, &r, out, sizeof out);
    assert_string_equal(out, "'\x1b'"); /* whoever shows it escapes it */
    r.match = MATCH_NONE;
    r.place = PLACE_PREVIOUS;
    assert_string_equal(names_match_kind(&n, &r), "");
    names_match(&n, &r, out, sizeof out);
    assert_string_equal(out, "");
    /* One name: a person's, else the match and tokens, else tokens. */
    char name[80];
    for (size_t i = 0; i < LATENT_TOP_TOKENS; i++) {
        r.top_token[i] = i == 0 ? tok_single(tok, " dog") : -1;
    }
    names_latent(&n, "", &r, name, sizeof name);
    assert_string_equal(name, "'dog'");
    r.match = MATCH_WORD;
    r.match_id = tok_single(tok, "Cat");
    names_latent(&n, "", &r, name, sizeof name);
    assert_string_equal(name, "after 'Cat': dog");
    names_latent(&n, "pets", &r, name, sizeof name);
    assert_string_equal(name, "pets");
    names_deinit(&n);
    concepts_free(c);
    tok_free(tok);
}

/* For a word that its own latent absorbs, the category's latent is silent wherever the
 * word's fires. For another word, the category's fires everywhere. */
static void test_word_contexts(void **state)
{
    (void)state;
    struct errinfo e;
    struct scene k;
    scene_init(&k, 3, NULL);
    const struct word_query taken = {
        .token = 1, .n_main = 1, .main = {0}, .other = CATEGORIES};
    struct word_contexts *w = NULL;
    assert_ok(word_contexts_new(k.s, k.a, &taken, 5, NULL, &w, &e), &e);
    size_t n = 0;
    for (size_t i = 0; i < k.a->n; i++) {
        n += k.a->ids[i] == 1 && !k.a->special[i];
    }
    assert_true(n > 0);
    assert_int_equal(w->occurrences, n);
    assert_int_equal(w->taken, n);
    assert_int_equal(w->main_fires, 0);
    assert_int_equal(w->n, n < LATENT_CONTEXTS ? n : LATENT_CONTEXTS);
    for (size_t i = 0; i < w->n; i++) {
        const struct word_context *c = &w->context[i];
        const size_t at = c->at.row * k.a->T + c->at.pos;
        assert_int_equal(k.a->ids[at], 1);
        assert_int_equal(c->at.token[CONTEXT_TOKENS / 2], 1);
        assert_true(!(c->main > 0.0F) && c->at.act > 0.0F);
        assert_true(i == 0 || c->at.act <= w->context[i - 1].at.act);
        /* Its activation anywhere is the table's. */
        const struct latent_row *row = &k.t->row[CATEGORIES];
        assert_true(c->at.act <= row->max);
        for (size_t t = 0; t < CONTEXT_TOKENS; t++) {
            const bool same = c->at.token[t] == 1;
            assert_true((c->at.heat[t] > 0.0F) == same);
        }
    }
    word_contexts_unref(w);
    const struct word_query held = {
        .token = 9, .n_main = 2, .main = {1, 0}, .other = -1};
    assert_ok(word_contexts_new(k.s, k.a, &held, 5, NULL, &w, &e), &e);
    assert_int_equal(w->main_fires, w->occurrences);
    assert_int_equal(w->other_fires, 0);
    assert_true(w->n > 0 && w->context[0].main > 0.0F);
    struct word_contexts *same = word_contexts_ref(w);
    word_contexts_unref(w);
    word_contexts_unref(same);
    struct word_query wrong = held;
    wrong.other = (int32_t)k.s->F;
    check_error(word_contexts_new(k.s, k.a, &wrong, 5, NULL, &w, &e), ERR_USAGE, &e,
                "expected latents from 0 to");
    const atomic_bool stop = true;
    check_error(word_contexts_new(k.s, k.a, &held, 5, &stop, &w, &e), ERR_CANCELLED, &e,
                "cancelled");
    scene_deinit(&k);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_word_contexts),
        cmocka_unit_test(test_contexts_and_histogram),
        cmocka_unit_test(test_lens_and_neighbours),
        cmocka_unit_test(test_zero_and_samples),
        cmocka_unit_test(test_fires_together),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_ablation),
        cmocka_unit_test(test_ablation_of_normalised_rows),
        cmocka_unit_test(test_next),
        cmocka_unit_test(test_next_of_many_tokens),
        cmocka_unit_test(test_detail_edges),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
