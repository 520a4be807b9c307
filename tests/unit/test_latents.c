/* [threads] The table of latents on a made-up world: counts against naive ones, what
 * they match, tokens that they fire on, kinds. */
#include "num/blas.h"
#include "unit/latent_scene.h"

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

static void test_table_threads(void **state)
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
    assert_int_equal(n, all); /* few latents: all that they fire on */
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
    /* A latent that fires on all 70 words, more than are kept of each of very many. */
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
        assert_int_equal(t->positions_set, 128 * T);
        near(latent_table_share(t), (double)rows / 128, 0.0);
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

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_against_naive),
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_partial_matches),
        cmocka_unit_test(test_near_tie_prefers_general),
        cmocka_unit_test(test_matches_the_token_before),
        cmocka_unit_test(test_table_threads),
        cmocka_unit_test(test_index_of_tokens),
        cmocka_unit_test(test_pass_in_parts),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_kinds_of_a_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
