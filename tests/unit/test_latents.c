/* [threads] Latents of hand-built SAEs on a made-up world: counts against naive ones,
 * what they match, contexts, histogram, lens, neighbours, ablation. */
#include "latents/latent_names.h"
#include "latents/word_contexts.h"
#include "num/blas.h"
#include "unit/check.h"
#include "unit/tiny.h"
#include "unit/world.h"

static void near(double got, double want, double within)
{
    if (!(fabs(got - want) <= within)) {
        fail_msg("found %.9g, expected %.9g +- %g", got, want, within);
    }
}

struct scene {
    struct acts_set *a;
    struct concepts *c;
    struct sae *s;
    struct latent_table *t;
};

static void scene_init(struct scene *k, int32_t absorbed, struct pool *pool)
{
    struct errinfo e;
    k->a = world_acts(128);
    k->c = world_concepts();
    k->s = world_sae(absorbed);
    assert_ok(latent_table_new(k->s, k->a, k->c, 77, pool, NULL, &k->t, &e), &e);
}

static void scene_deinit(struct scene *k)
{
    latent_table_unref(k->t);
    sae_free(k->s);
    concepts_free(k->c);
    acts_set_free(k->a);
}

/* Every statistic of every row, from dense codes and plain loops. */
static void test_counts_against_naive(void **state)
{
    (void)state;
    struct errinfo e;
    struct scene k;
    scene_init(&k, 3, NULL);
    latent_table_unref(k.t);
    k.s->scale = 1.5f; /* activations are those of the saved SAE, which has none */
    assert_ok(latent_table_new(k.s, k.a, k.c, 77, NULL, NULL, &k.t, &e), &e);
    struct sae_codes codes = {0};
    assert_ok(sae_encode(k.s, k.a->x, k.a->n, NULL, &codes, &e), &e);
    sae_codes_raw(&codes, k.s);
    assert_int_equal(k.t->n_tokens, 128 * (T - 1));
    assert_int_equal(k.t->F, D);
    assert_int_equal(k.t->step, 77);
    size_t dead = 0;
    for (int32_t j = 0; j < D; j++) {
        size_t fires = 0;
        double sum = 0.0;
        double max = 0.0;
        double by_token[WORDS + 1] = {0};
        for (size_t i = 0; i < k.a->n; i++) {
            for (size_t q = codes.start[i]; q < codes.start[i + 1]; q++) {
                if (codes.id[q] == j && !k.a->special[i]) {
                    const double v = (double)codes.val[q];
                    fires++;
                    sum += v;
                    max = v > max ? v : max;
                    by_token[k.a->ids[i]] += v;
                }
            }
        }
        const struct latent_row *r = &k.t->row[j];
        dead += fires == 0;
        assert_int_equal(r->fires, fires);
        near(r->density, (double)fires / (double)k.t->n_tokens, 1e-12);
        near((double)r->max, max, 1e-6);
        near((double)r->mean, fires > 0 ? sum / (double)fires : 0.0, 1e-4);
        assert_true(isnan(r->absorption));
        for (int i = 0; i < LATENT_TOP_TOKENS; i++) {
            int32_t best = -1;
            for (int32_t t = 0; t <= WORDS; t++) {
                if (by_token[t] > 0.0 && (best < 0 || by_token[t] > by_token[best])) {
                    best = t;
                }
            }
            assert_int_equal(r->top_token[i], best);
            if (best >= 0) {
                by_token[best] = 0.0;
            }
        }
    }
    assert_int_equal(k.t->dead, dead);
    sae_codes_deinit(&codes);
    scene_deinit(&k);
}

/* Latents of categories match them, latents of words their words. */
static void test_matches(void **state)
{
    (void)state;
    struct scene k;
    scene_init(&k, 0, NULL);
    for (int32_t j = 0; j < D; j++) {
        const struct latent_row *r = &k.t->row[j];
        assert_int_equal(r->match, j < CATEGORIES ? MATCH_CONCEPT : MATCH_WORD);
        assert_int_equal(r->match_id, j < CATEGORIES ? j : j - CATEGORIES + 1);
        near((double)r->f1, 1.0, 1e-6);
        near((double)r->precision, 1.0, 1e-6);
        near((double)r->recall, 1.0, 1e-6);
    }
    assert_int_equal(k.t->matched, D);
    scene_deinit(&k);
}

/* Category 0 with four words of it missing: precision 1, recall about .9. A latent that
 * fires on categories 0 and 1 is the super; a silent one matches nothing. */
static void test_partial_matches(void **state)
{
    (void)state;
    struct errinfo e;
    struct scene k;
    scene_init(&k, 4, NULL);
    const struct latent_row *r = &k.t->row[0];
    assert_int_equal(r->match, MATCH_CONCEPT);
    assert_int_equal(r->match_id, 0);
    near((double)r->precision, 1.0, 1e-6);
    assert_true(r->recall > 0.85f && r->recall < 0.95f);
    near((double)r->f1, 2.0 * (double)r->recall / (1.0 + (double)r->recall), 1e-5);
    latent_table_unref(k.t);
    /* Category 0's latent reads category 1 as well, 2's nothing. */
    k.s->k = 3;
    k.s->W_enc[1] = 1.0f;
    memset(k.s->W_enc + 2 * D, 0, D * sizeof(float));
    assert_ok(latent_table_new(k.s, k.a, k.c, 0, NULL, NULL, &k.t, &e), &e);
    assert_int_equal(k.t->row[0].match_id, 4);
    assert_int_equal(k.t->row[2].match, MATCH_NONE);
    assert_int_equal(k.t->row[2].match_id, -1);
    assert_int_equal(k.t->row[2].top_token[0], -1);
    assert_int_equal(k.t->dead, 1);
    scene_deinit(&k);
}

/* Two concepts of nearly the same words: the larger is preferred; a concept of which
 * one word alone fires the latent is not. */
static void test_near_tie_prefers_general(void **state)
{
    (void)state;
    struct errinfo e;
    struct scene k;
    scene_init(&k, 0, NULL);
    latent_table_unref(k.t);
    /* Concept 4 becomes category 0 and one word more; concept 1 has one word left. */
    size_t n = 0;
    for (int32_t w = 0; w < WORDS; w++) {
        k.c->token_start[w + 1] = n;
        if (category_of(w) == 0) {
            k.c->token_concept[n++] = 0;
            k.c->token_concept[n++] = 4;
        } else if (w == 40) {
            k.c->token_concept[n++] = 1;
            k.c->token_concept[n++] = 4;
        }
    }
    k.c->token_start[WORDS + 1] = n;
    assert_ok(latent_table_new(k.s, k.a, k.c, 0, NULL, NULL, &k.t, &e), &e);
    assert_int_equal(k.t->row[0].match, MATCH_CONCEPT);
    assert_int_equal(k.t->row[0].match_id, 4);
    assert_true(k.t->row[0].precision > 0.999f && k.t->row[0].recall < 0.999f);
    assert_int_equal(k.t->row[CATEGORIES + 40].match, MATCH_WORD);
    scene_deinit(&k);
}

/* Two latents that fire on what follows word 7, and on what follows words of category
 * 1, with a token at a row's start before which there is none. */
static void test_matches_the_token_before(void **state)
{
    (void)state;
    struct errinfo e;
    struct scene k;
    scene_init(&k, 0, NULL);
    latent_table_unref(k.t);
    k.s->k = 4;
    for (size_t i = 1; i < k.a->n; i++) {
        float *x = k.a->x + i * D;
        const int32_t before = k.a->ids[i - 1] - 1;
        const bool none = k.a->special[i] || i % T == 1;
        x[2] = !none && before == 7 ? 5.0f : 0.25f;
        x[3] = !none && category_of(before) == 1 ? 5.0f : 0.25f;
    }
    assert_ok(latent_table_new(k.s, k.a, k.c, 0, NULL, NULL, &k.t, &e), &e);
    const struct latent_row *r = k.t->row;
    assert_int_equal(r[0].place, PLACE_TOKEN);
    assert_int_equal(r[2].match, MATCH_WORD);
    assert_int_equal(r[2].place, PLACE_PREVIOUS);
    assert_int_equal(r[2].match_id, 7 + 1);
    near((double)r[2].precision, 1.0, 1e-6);
    near((double)r[2].recall, 1.0, 1e-6);
    assert_int_equal(r[3].match, MATCH_CONCEPT);
    assert_int_equal(r[3].place, PLACE_PREVIOUS);
    assert_int_equal(r[3].match_id, 1);
    near((double)r[3].f1, 1.0, 1e-6);
    /* Where both places describe a latent alike, the token itself does: word 9 now
     * comes after word 7 only, and always. */
    for (size_t i = 1; i < k.a->n; i++) {
        const bool after = !k.a->special[i] && k.a->ids[i - 1] == 7 + 1;
        if (after || k.a->ids[i] == 9 + 1) {
            k.a->ids[i] = after ? 9 + 1 : 10 + 1;
        }
    }
    latent_table_unref(k.t);
    assert_ok(latent_table_new(k.s, k.a, k.c, 0, NULL, NULL, &k.t, &e), &e);
    assert_int_equal(k.t->row[2].place, PLACE_TOKEN);
    assert_int_equal(k.t->row[2].match_id, 9 + 1);
    scene_deinit(&k);
}

static void test_table_threads_and_absorption(void **state)
{
    (void)state;
    struct errinfo e;
    struct pool *pool = NULL;
    struct scene a;
    struct scene b;
    assert_ok(pool_new(3, &pool, &e), &e);
    scene_init(&a, 5, NULL);
    scene_init(&b, 5, pool);
    assert_memory_equal(a.t->row, b.t->row, D * sizeof *a.t->row);
    assert_memory_equal(a.t->fire_start, b.t->fire_start,
                        (D + 1) * sizeof *a.t->fire_start);
    latent_table_set_absorption(a.t, 3, 0.25);
    latent_table_set_absorption(a.t, 3, 0.125);
    latent_table_set_absorption(a.t, D, 0.5); /* no such latent */
    near(a.t->row[3].absorption, 0.25, 0.0);
    struct latent_table *again = latent_table_ref(a.t);
    latent_table_unref(again);
    struct latent_table *none = NULL;
    atomic_bool cancel = true;
    check_error(latent_table_new(a.s, a.a, a.c, 0, NULL, &cancel, &none, &e),
                ERR_CANCELLED, &e, "cancelled");
    struct sae *narrow = NULL;
    assert_ok(sae_new(sae_arch_find("topk"), 8, 16, 2, &narrow, &e), &e);
    check_error(latent_table_new(narrow, a.a, a.c, 0, NULL, NULL, &none, &e), ERR_USAGE,
                &e, "width 8, expected 74");
    sae_free(narrow);
    scene_deinit(&a);
    scene_deinit(&b);
    pool_free(pool);
}

/* ---- firing tokens ---- */

/* Each token that a latent fires on, by plain loops over the firings. */
static void check_index(const struct scene *k, int32_t j)
{
    struct {
        size_t fires;
        double sum;
        float max;
        size_t at;
    } by[WORDS + 1];
    memset(by, 0, sizeof by);
    for (size_t i = k->t->fire_start[j]; i < k->t->fire_start[j + 1]; i++) {
        const int32_t id = k->a->ids[k->t->fire_at[i]];
        by[id].fires++;
        by[id].sum += (double)k->t->fire_act[i];
        if (k->t->fire_act[i] > by[id].max) {
            by[id].max = k->t->fire_act[i];
            by[id].at = k->t->fire_at[i];
        }
    }
    size_t n = 0, all = 0;
    const struct latent_token *token = latent_tokens(k->t, j, &n);
    for (int32_t w = 0; w <= WORDS; w++) {
        all += by[w].fires > 0;
    }
    assert_int_equal(k->t->row[j].tokens, all);
    assert_int_equal(n, all < LATENT_TOKENS ? all : LATENT_TOKENS);
    for (size_t i = 0; i < n; i++) {
        const int32_t id = token[i].token;
        assert_true(by[id].fires > 0); /* and no token twice: */
        assert_int_equal(token[i].fires, by[id].fires);
        near((double)token[i].sum, by[id].sum, 1e-2);
        near((double)token[i].max, (double)by[id].max, 0.0);
        assert_int_equal(token[i].at, by[id].at);
        assert_true(i == 0 || token[i].sum <= token[i - 1].sum);
        by[id].fires = 0;
    }
}

static void test_index_of_tokens(void **state)
{
    (void)state;
    struct errinfo e;
    struct scene k;
    scene_init(&k, 3, NULL);
    for (int32_t j = 0; j < D; j++) {
        check_index(&k, j);
    }
    assert_int_equal(k.t->row[0].tokens, 40 - 3); /* more words than are shown */
    /* A latent that fires on all 70 words: the index keeps the strongest 64. */
    latent_table_unref(k.t);
    k.s->k = 3;
    for (size_t i = 0; i < CATEGORIES; i++) {
        k.s->W_enc[i] = 1.0f;
    }
    assert_ok(latent_table_new(k.s, k.a, k.c, 0, NULL, NULL, &k.t, &e), &e);
    check_index(&k, 0);
    assert_true(k.t->row[0].tokens > LATENT_TOKENS);
    size_t n = 0;
    assert_null(latent_tokens(k.t, D, &n));
    assert_int_equal(n, 0);
    scene_deinit(&k);
}

/* Room for the index of 65,536 latents, all of which fire: what the header says. */
static void test_index_is_bounded(void **state)
{
    (void)state;
    assert_int_equal(LATENT_TOKENS * sizeof(struct latent_token), 1280);
    assert_true(65536.0 * LATENT_TOKENS * sizeof(struct latent_token) < 84e6);
}

/* Bit by bit: a table of the rows so far at any time, and at the end the whole one. */
static void test_pass_in_parts(void **state)
{
    (void)state;
    struct errinfo e;
    struct scene k;
    struct latent_pass *p = NULL;
    struct latent_table *t = NULL;
    scene_init(&k, 5, NULL);
    assert_ok(latent_pass_new(k.s, k.a, k.c, 77, &p, &e), &e);
    for (size_t rows = 16; rows <= 128; rows += 16) {
        assert_false(latent_pass_is_done(p));
        assert_ok(latent_pass_read(p, 16, NULL, NULL, &e), &e);
        assert_int_equal(latent_pass_rows(p), rows);
        latent_table_unref(t);
        assert_ok(latent_pass_table(p, NULL, NULL, &t, &e), &e);
        assert_int_equal(t->n_tokens, rows * (T - 1));
        assert_int_equal(t->positions, rows * T);
        assert_int_equal(t->positions_all, 128 * T);
    }
    assert_true(latent_pass_is_done(p));
    assert_ok(latent_pass_read(p, 16, NULL, NULL, &e), &e); /* there are no more */
    assert_memory_equal(t->row, k.t->row, D * sizeof *t->row);
    assert_memory_equal(t->fire_at, k.t->fire_at,
                        t->fire_start[D] * sizeof *t->fire_at);
    for (int32_t j = 0; j < D; j++) {
        size_t n = 0, m = 0;
        const struct latent_token *a = latent_tokens(t, j, &n);
        const struct latent_token *b = latent_tokens(k.t, j, &m);
        assert_int_equal(n, m);
        assert_memory_equal(a, b, n * sizeof *a);
    }
    atomic_bool cancel = true;
    struct latent_table *none = NULL;
    check_error(latent_pass_table(p, NULL, &cancel, &none, &e), ERR_CANCELLED, &e,
                "cancelled");
    latent_table_unref(t);
    latent_pass_free(p);
    latent_pass_free(NULL);
    scene_deinit(&k);
}

/* ---- kinds ---- */

static void test_kinds(void **state)
{
    (void)state;
    /* Each at its cut, and just off it. */
    static const struct {
        struct latent_kind_facts f;
        enum latent_kind kind;
    } cases[] = {
        {{.fires = 0, .tokens = 1000}, KIND_DEAD},
        {{.fires = 9, .tokens = 10}, KIND_RARE},
        {{.fires = 100, .tokens = 1000}, KIND_DENSE},
        {{.fires = 99, .tokens = 1000, .at_positions = 50}, KIND_POSITION},
        {{.fires = 99, .tokens = 1000, .at_positions = 49}, KIND_CONTEXT},
        {{.fires = 50,
          .tokens = 1000,
          .strong = 10,
          .top = {8},
          .top_fires = {5},
          .top_total = {10}},
         KIND_TOKEN},
        {{.fires = 50,
          .tokens = 1000,
          .strong = 10,
          .top = {7},
          .top_fires = {5},
          .top_total = {10}},
         KIND_CONTEXT},
        {{.fires = 50,
          .tokens = 1000,
          .strong = 10,
          .top = {8},
          .top_fires = {4},
          .top_total = {10}},
         KIND_CONTEXT},
        {{.fires = 50,
          .tokens = 1000,
          .strong = 10,
          .top = {1, 8},
          .top_fires = {1, 5},
          .top_total = {9, 10}},
         KIND_AFTER},
        {{.fires = 50,
          .tokens = 1000,
          .strong = 10,
          .class_fires = 30,
          .class_total = 60},
         KIND_CLASS},
        {{.fires = 50,
          .tokens = 1000,
          .strong = 10,
          .class_fires = 29,
          .class_total = 60},
         KIND_CONTEXT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(latent_kind_name(latent_kind_of(&cases[i].f)),
                            latent_kind_name(cases[i].kind));
    }
    for (int i = 0; i < LATENT_KINDS; i++) {
        assert_non_null(
            strstr(latent_kind_topic, latent_kind_name((enum latent_kind)i)));
        assert_non_null(
            strstr(latent_kind_topic, latent_kind_rule((enum latent_kind)i)));
    }
}

/* In the made world: latents of categories are classes, those of words tokens; what
 * follows a word is known as that; one that fires at a place of the row as that. */
static void test_kinds_of_a_world(void **state)
{
    (void)state;
    struct errinfo e;
    struct scene k;
    scene_init(&k, 0, NULL);
    for (int32_t j = 0; j < D; j++) {
        assert_int_equal(k.t->row[j].kind, j == 0           ? KIND_DENSE
                                           : j < CATEGORIES ? KIND_DENSE
                                                            : KIND_TOKEN);
    }
    latent_table_unref(k.t);
    k.s->k = 4;
    for (size_t i = 1; i < k.a->n; i++) {
        float *x = k.a->x + i * D;
        const bool none = k.a->special[i] || i % T == 1;
        x[2] = !none && k.a->ids[i - 1] - 1 == 7 ? 5.0f : 0.0f;
        x[3] = !k.a->special[i] && i % T == 9 ? 5.0f : 0.0f;
    }
    assert_ok(latent_table_new(k.s, k.a, k.c, 0, NULL, NULL, &k.t, &e), &e);
    assert_int_equal(k.t->row[2].kind, KIND_AFTER);
    assert_int_equal(k.t->row[3].kind, KIND_POSITION);
    scene_deinit(&k);
}

/* ---- one latent
 * ---------------------------------------------------------------------- */

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
    names_deinit(&n);
    concepts_free(c);
    tok_free(tok);
}

/* Of a category's word that its own latent takes: the category's is silent wherever the
 * word's fires. Of another, the category's fires everywhere. */
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
        cmocka_unit_test(test_counts_against_naive),
        cmocka_unit_test(test_word_contexts),
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_partial_matches),
        cmocka_unit_test(test_near_tie_prefers_general),
        cmocka_unit_test(test_matches_the_token_before),
        cmocka_unit_test(test_table_threads_and_absorption),
        cmocka_unit_test(test_index_of_tokens),
        cmocka_unit_test(test_index_is_bounded),
        cmocka_unit_test(test_pass_in_parts),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_kinds_of_a_world),
        cmocka_unit_test(test_contexts_and_histogram),
        cmocka_unit_test(test_lens_and_neighbours),
        cmocka_unit_test(test_zero_and_samples),
        cmocka_unit_test(test_fires_together),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_ablation),
        cmocka_unit_test(test_ablation_of_normalised_rows),
        cmocka_unit_test(test_detail_edges),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
