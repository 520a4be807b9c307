/* [threads] The evaluator on SAEs built by hand, of which the answers are known. */
#include "base/mem.h"
#include "base/rng.h"
#include "eval/absorption.h"
#include "eval/evalset_priv.h"
#include "eval/evaluate.h"
#include "eval/words.h"
#include "num/blas.h"
#include "unit/check.h"
#include "unit/eval_bench.h"
#include "unit/tiny.h"
#include "unit/world.h"

#include <math.h>

enum { PER_WORD = 16 };

static struct eval_config world_config(void)
{
    struct eval_config cfg = eval_defaults();
    cfg.per_word = PER_WORD;
    cfg.test_share = 0.25; /* four of the sixteen, exactly */
    cfg.seed = 3;
    return cfg;
}

static struct eval_set *world_set(struct pool *pool)
{
    struct errinfo e;
    struct eval_set *s = NULL;
    const struct eval_config cfg = world_config();
    struct concepts *c = world_concepts();
    assert_ok(eval_set_build(&cfg, world_acts(128), NULL, c, NULL, pool, NULL, &s, &e),
              &e);
    concepts_free(c);
    return s;
}

static struct eval_result run(const struct eval_set *set, const struct sae *s,
                              struct pool *pool)
{
    struct errinfo e;
    struct eval_result r;
    assert_ok(evaluate(set, s, NULL, pool, NULL, &r, &e), &e);
    return r;
}

static void check_near(double got, double want, double within)
{
    if (!(fabs(got - want) <= within)) {
        fail_msg("found %.9g, expected %.9g +- %g", got, want, within);
    }
}

static void test_sample(void **state)
{
    (void)state;
    struct eval_set *set = world_set(NULL);
    const struct concept_sample *m = &set->sample;
    size_t n_test = 0;
    assert_int_equal(eval_set_sample(set, &n_test), WORDS * 12);
    assert_int_equal(n_test, WORDS * 4);
    size_t count[2][WORDS + 1] = {{0}};
    for (size_t i = 0; i < m->n; i++) {
        count[i >= m->n_train][m->token[i]]++;
        /* The activation that came along is the token's own. */
        assert_true(m->x[i * D + CATEGORIES + (size_t)m->token[i] - 1] > 1.0f);
    }
    for (size_t w = 1; w <= WORDS; w++) {
        assert_int_equal(count[0][w], 12);
        assert_int_equal(count[1][w], 4);
    }
    assert_int_equal(concept_sample_train_of(m, 0), 40 * 12);
    /* Held out is whatever probes don't learn from, each occurrence once, the test part
     * of the sample among them. */
    const struct acts_set *a = eval_set_rows(set);
    size_t words = 0;
    for (size_t i = 0; i < a->n; i++) {
        words += !a->special[i];
    }
    assert_int_equal(m->n_forms, WORDS);
    assert_int_equal(m->n_held, words - WORDS * 12);
    for (size_t i = 0; i < m->n_held; i++) {
        assert_true(i == 0 || m->held_at[i] > m->held_at[i - 1]);
        assert_int_equal(a->ids[m->held_at[i]], m->form_token[m->held_form[i]]);
    }
    for (size_t i = 0; i < n_test; i++) {
        const size_t row = m->n_train + i;
        const float *x = a->x + (size_t)m->held_at[m->test_held[i]] * D;
        assert_memory_equal(x, m->x + row * D, D * sizeof *x);
        assert_int_equal(m->form_token[m->form[row]], m->token[row]);
    }
    for (size_t i = 0; i < m->n_train; i++) { /* none of them is trained on */
        for (size_t k = 0; k < m->n_held; k++) {
            const float *x = a->x + (size_t)m->held_at[k] * D;
            assert_true(memcmp(x, m->x + i * D, D * sizeof *x) != 0);
        }
    }
    assert_int_equal(m->member_start[1] - m->member_start[0], 40 * 16);
    eval_set_free(set);
}

/* Latents that are the true features: nothing is absorbed, all is explained. */
static void test_perfect(void **state)
{
    (void)state;
    struct eval_set *set = world_set(NULL);
    struct sae *s = world_sae(0);
    struct eval_result r = run(set, s, NULL);
    check_near(r.explained_variance, 1.0, 1e-6);
    check_near(r.mse, 0.0, 1e-6);
    check_near(r.l0, 2.0, 1e-9);
    check_near(r.dead_fraction, 0.0, 0.0);
    assert_int_equal(r.leaf.eligible, 4);
    assert_int_equal(r.leaf.true_positives, set->sample.n_held);
    check_near(r.leaf.full.value, 0.0, 0.0);
    check_near(r.leaf.fraction.value, 0.0, 0.0);
    check_near(r.leaf.recall.value, 1.0, 0.0);
    check_near(r.leaf.f1_best, 1.0, 0.0);
    for (int32_t c = 0; c < CATEGORIES; c++) {
        assert_int_equal(r.concept[c].main_latent[0], c);
        assert_int_equal(r.concept[c].n_main, 1);
        assert_int_equal(r.concept[c].main_latent[1], -1);
        assert_int_equal(r.concept[c].absorber[0], -1);
    }
    /* No OOD text and no model here: not measured. */
    assert_true(isnan(r.explained_variance_ood) && isnan(r.ce_recovered) &&
                isnan(r.ce_sae));
    eval_result_deinit(&r);
    sae_free(s);
    eval_set_free(set);
}

/* Held-out occurrences of the words below n: all that there are but the twelve of each
 * that probes learn from. */
static size_t held_out_of(const struct eval_set *set, int32_t n)
{
    const struct acts_set *a = eval_set_rows(set);
    size_t all = 0;
    for (size_t i = 0; i < a->n; i++) {
        all += !a->special[i] && a->ids[i] <= n;
    }
    return all - (size_t)n * 12;
}

/* The share of the first concept's projection that a word's own latent supplies: the
 * mean over the word's held-out occurrences, from the activations. */
static double share_of(const struct eval_set *set, const struct sae *s, int32_t token)
{
    struct errinfo e;
    const struct concept_sample *m = &set->sample;
    const float *dir = set->bank.dir; /* of concept 0 */
    const size_t j = CATEGORIES + (size_t)token - 1;
    double sum = 0.0, n = 0.0;
    for (size_t i = 0; i < m->n_held; i++) {
        const float *x = set->id->x + (size_t)m->held_at[i] * D;
        struct sae_codes codes = {0};
        double whole = 0.0, supplied = 0.0;
        if (set->id->ids[m->held_at[i]] != token) {
            continue;
        }
        assert_ok(sae_encode(s, x, 1, NULL, &codes, &e), &e);
        for (size_t d = 0; d < D; d++) {
            whole += (double)(x[d] - m->mean[d]) * (double)dir[d];
            for (size_t k = codes.start[0]; k < codes.start[1]; k++) {
                if ((size_t)codes.id[k] == j) {
                    supplied += (double)codes.val[k] * (double)s->W_dec[j * D + d] *
                                (double)dir[d] / (double)s->scale;
                }
            }
        }
        sae_codes_deinit(&codes);
        sum += supplied / whole;
        n += 1.0;
    }
    return sum / n;
}

/* Checks that each word has its own occurrences, and an absorbed one its own latent. */
static void check_words(const struct eval_set *set, const struct sae *s,
                        const struct eval_result *r, int32_t absorbed)
{
    assert_true(r->n_words >= WORDS);
    for (size_t i = 0; i < WORDS; i++) { /* the leaves come first */
        const struct word_result *w = &r->word[i];
        const int32_t at = w->token - 1;
        const bool is = at < absorbed;
        assert_int_equal(at, i);
        assert_int_equal(w->concept, category_of(at));
        assert_int_equal(w->occurrences,
                         held_out_of(set, w->token) - held_out_of(set, at));
        assert_true(w->occurrences >= WORD_LEAST);
        assert_int_equal(w->verdict, is ? WORD_ABSORBED : WORD_HELD);
        assert_int_equal(w->right, w->occurrences);
        assert_int_equal(w->fires, is ? 0 : w->occurrences);
        assert_int_equal(w->held, w->fires);
        assert_int_equal(w->absorbed, is ? w->occurrences : 0);
        check_near(w->fraction, is ? 1.0 : 0.0, 1e-6);
        assert_int_equal(w->absorber[0].latent, is ? CATEGORIES + at : -1);
        assert_int_equal(w->absorber[0].times, w->absorbed);
        assert_int_equal(w->absorber[1].latent, -1);
        if (is) {
            check_near(w->absorber[0].projection, share_of(set, s, w->token), 1e-5);
        }
    }
}

/* The rate is the share of absorbed words, for any number too small for an absorber's
 * F1 to pass as feature splitting. */
static void test_known_absorption(void **state)
{
    (void)state;
    struct eval_set *set = world_set(NULL);
    for (int32_t absorbed = 1; absorbed <= 7; absorbed += 2) {
        struct sae *s = world_sae(absorbed);
        struct eval_result r = run(set, s, NULL);
        const double rate = (double)absorbed / 40.0;
        const struct concept_result *zero = &r.concept[0];
        assert_true(zero->eligible);
        assert_int_equal(zero->true_positives, held_out_of(set, 40));
        assert_int_equal(zero->main_latent[0], 0);
        assert_int_equal(zero->n_main, 1);
        check_near(zero->full, rate, 1e-12);
        check_near(zero->fraction, rate, 1e-12);
        check_near(zero->recall, 1.0 - rate, 1e-12);
        check_near(zero->f1_best, 2.0 * (1.0 - rate) / (2.0 - rate), 1e-12);
        /* The absorbers are the words' latents, with equal shares. */
        for (int32_t i = 0; i < 3; i++) {
            if (i < absorbed) {
                assert_int_equal(zero->absorber[i], CATEGORIES + i);
                check_near(zero->absorber_share[i], 1.0 / (double)absorbed, 1e-12);
            } else {
                assert_int_equal(zero->absorber[i], -1);
            }
        }
        check_words(set, s, &r, absorbed);
        check_near(r.leaf.full.value, rate / 4.0, 1e-12);
        check_near(r.leaf.recall.value, 1.0 - rate / 4.0, 1e-12);
        assert_true(r.leaf.full.lo <= r.leaf.full.value &&
                    r.leaf.full.value <= r.leaf.full.hi);
        assert_true(r.leaf.full.lo < r.leaf.full.hi);
        assert_true(r.leaf.recall.lo <= r.leaf.recall.value &&
                    r.leaf.recall.value <= r.leaf.recall.hi);
        eval_result_deinit(&r);
        sae_free(s);
    }
    eval_set_free(set);
}

/* The verdicts, at their borders. */
static void test_verdicts(void **state)
{
    (void)state;
    static const struct {
        size_t occurrences, right, held, absorbed;
        enum word_verdict want;
    } cases[] = {
        {19, 19, 19, 0, WORD_TOO_RARE},  {20, 20, 20, 0, WORD_HELD},
        {20, 9, 9, 0, WORD_PROBE_WRONG}, {20, 10, 10, 0, WORD_HELD},
        {20, 20, 10, 10, WORD_HELD},     {20, 20, 9, 11, WORD_ABSORBED},
        {20, 20, 8, 6, WORD_ABSORBED},   {20, 20, 8, 5, WORD_MISSED},
        {20, 20, 0, 0, WORD_MISSED},     {20, 0, 0, 0, WORD_PROBE_WRONG},
        {0, 0, 0, 0, WORD_TOO_RARE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct word_result w = {.occurrences = cases[i].occurrences,
                                      .right = cases[i].right,
                                      .held = cases[i].held,
                                      .absorbed = cases[i].absorbed};
        assert_int_equal(word_verdict(&w, WORD_LEAST), cases[i].want);
    }
    assert_string_equal(word_verdict_name(WORD_TOO_RARE), "too rare");
    /* The number of a set is the configuration's. */
    struct eval_set *set = world_set(NULL);
    struct sae *s = world_sae(0);
    for (size_t least = 0; least < 2000; least += 1999) {
        set->cfg.word_least = least;
        struct eval_result r = run(set, s, NULL);
        assert_true(r.n_words >= WORDS);
        for (size_t i = 0; i < r.n_words; i++) {
            assert_int_equal(r.word[i].verdict == WORD_TOO_RARE, least > 0);
        }
        eval_result_deinit(&r);
    }
    sae_free(s);
    eval_set_free(set);
}

/* SAEBench's own recipe, on a sample large enough for its fifty epochs to get
 * somewhere: activations not centred, plain F1. */
static void test_saebench_form(void **state)
{
    (void)state;
    struct errinfo e;
    struct concepts *c = world_concepts();
    struct eval_config cfg = world_config();
    cfg.per_word = 1000;
    struct eval_set *set = NULL;
    assert_ok(
        eval_set_build(&cfg, world_acts(1024), NULL, c, NULL, NULL, NULL, &set, &e),
        &e);
    for (int32_t absorbed = 0; absorbed <= 4; absorbed += 4) {
        struct sae *s = world_sae(absorbed);
        struct eval_result r = run(set, s, NULL);
        assert_true(isnan(r.absorption_saebench));
        assert_ok(evaluate_saebench(set, NULL, s, NULL, NULL, &r, &e), &e);
        assert_int_equal(r.saebench_eligible, 4);
        check_near(r.absorption_saebench, (double)absorbed / 160.0, 0.005);
        eval_result_deinit(&r);
        sae_free(s);
    }
    eval_set_free(set);
    concepts_free(c);
}

/* An absorber that is not aligned with the concept, or that supplies too little of it,
 * is a miss and not absorption. */
static void test_miss_is_not_absorption(void **state)
{
    (void)state;
    struct eval_set *set = world_set(NULL);
    struct sae *s = world_sae(4);
    for (size_t w = 0; w < 4; w++) {
        const size_t j = CATEGORIES + w;
        /* 0: nothing of the category; 1: a little; 2: as before; 3: the opposite. */
        const float of_category[4] = {0.0f, 0.2f, 3.0f, -3.0f};
        const float norm = sqrtf(4.0f + of_category[w] * of_category[w]);
        s->W_dec[j * D + j] = 2.0f / norm;
        s->W_dec[j * D] = of_category[w] / norm;
    }
    struct eval_result r = run(set, s, NULL);
    check_near(r.concept[0].full, 1.0 / 40.0, 1e-12);
    check_near(r.concept[0].recall, 0.9, 1e-12);
    assert_int_equal(r.concept[0].absorber[0], CATEGORIES + 2);
    eval_result_deinit(&r);
    sae_free(s);
    eval_set_free(set);
}

/* A concept that splits in two latents, halves of its words each: both are main ones,
 * and nothing is absorbed. */
static void test_split_is_not_absorption(void **state)
{
    (void)state;
    struct errinfo e;
    struct eval_set *set = world_set(NULL);
    struct sae *s = NULL;
    assert_ok(sae_new(sae_arch_find("topk"), D, D + 1, 2, &s, &e), &e);
    struct sae *base = world_sae(0);
    s->scale = base->scale;
    memset(s->arena, 0, s->count * sizeof *s->arena);
    memcpy(s->W_enc, base->W_enc, (size_t)D * D * sizeof(float));
    memcpy(s->W_dec, base->W_dec, (size_t)D * D * sizeof(float));
    memcpy(s->b_dec, base->b_dec, D * sizeof(float));
    float *twin = s->W_enc + (size_t)D * D;
    twin[0] = 1.0f;
    s->W_dec[(size_t)D * D] = 1.0f;
    for (size_t w = 0; w < 40; w++) {
        (w < 20 ? s->W_enc : twin)[CATEGORIES + w] = -20.0f;
    }
    struct eval_result r = run(set, s, NULL);
    assert_int_equal(r.concept[0].n_main, 2);
    check_near(r.concept[0].full, 0.0, 0.0);
    check_near(r.concept[0].recall, 1.0, 0.0);
    check_near(r.concept[0].f1_best, 1.0 / 1.5, 1e-9);
    eval_result_deinit(&r);
    sae_free(base);
    sae_free(s);
    eval_set_free(set);
}

/* An SAE that never fires. */
static void test_zero_sae(void **state)
{
    (void)state;
    struct eval_set *set = world_set(NULL);
    struct sae *s = world_sae(0);
    memset(s->arena, 0, s->count * sizeof *s->arena);
    struct eval_result r = run(set, s, NULL);
    assert_true(r.explained_variance <= 0.0);
    check_near(r.l0, 0.0, 0.0);
    check_near(r.dead_fraction, 1.0, 0.0);
    check_near(r.leaf.full.value, 0.0, 0.0);
    check_near(r.leaf.fraction.value, 0.0, 0.0);
    check_near(r.leaf.recall.value, 0.0, 0.0);
    assert_int_equal(r.leaf.eligible, 4);
    eval_result_deinit(&r);
    sae_free(s);
    eval_set_free(set);
}

/* All but the times is the same for any number of threads and every time. */
static void test_threads(void **state)
{
    (void)state;
    struct errinfo e;
    struct eval_result r[2];
    struct pool *pool = NULL;
    assert_ok(pool_new(3, &pool, &e), &e);
    struct sae *s = world_sae(0);
    sae_init_weights(s, 12);
    for (int i = 0; i < 2; i++) {
        struct eval_set *set = world_set(i == 0 ? NULL : pool);
        r[i] = run(set, s, i == 0 ? NULL : pool);
        assert_ok(
            evaluate_saebench(set, NULL, s, i == 0 ? NULL : pool, NULL, &r[i], &e), &e);
        r[i].seconds = 0.0;
        memset(&r[i].split, 0, sizeof r[i].split);
        eval_set_free(set);
    }
    struct str text[2];
    struct concepts *c = world_concepts();
    for (int i = 0; i < 2; i++) {
        str_init(&text[i], (size_t)1 << 20);
        assert_ok(eval_result_json(&r[i], c, &text[i], &e), &e);
    }
    assert_string_equal(text[0].p, text[1].p);
    assert_non_null(strstr(text[0].p, "\"letter e\""));
    assert_non_null(strstr(text[0].p, "\"ce_recovered\":\tnull"));
    assert_memory_equal(r[0].concept, r[1].concept, 6 * sizeof *r[0].concept);
    struct eval_result copy;
    assert_ok(eval_result_copy(&r[0], &copy, &e), &e);
    eval_result_deinit(&r[0]);
    assert_memory_equal(copy.concept, r[1].concept, 6 * sizeof *copy.concept);
    eval_result_deinit(&copy);
    eval_result_deinit(&r[1]);
    str_free(&text[0]);
    str_free(&text[1]);
    concepts_free(c);
    sae_free(s);
    pool_free(pool);
}

/* Memberships in a grammatical class, of a word that has no other concept too, change
 * no figure. */
static void test_grammar_is_not_measured(void **state)
{
    (void)state;
    struct errinfo e;
    struct str text[2];
    const struct eval_config cfg = world_config();
    struct sae *s = world_sae(4);
    for (int i = 0; i < 2; i++) {
        struct concepts *c = world_concepts();
        struct eval_set *set = NULL;
        const int32_t bare = 3; /* this word loses its concepts */
        size_t n = 0;
        for (int32_t w = 0; w < WORDS; w++) {
            const int32_t own[4] = {category_of(w), 4, 5, 6};
            const bool has[4] = {w != bare, w != bare && category_of(w) < 2,
                                 w != bare && w % 2 == 0, i == 1 && w % 3 == 0};
            c->token_start[w + 1] = n;
            for (size_t k = 0; k < 4; k++) {
                if (has[k]) {
                    c->token_concept[n++] = own[k];
                }
            }
        }
        c->token_start[WORDS + 1] = n;
        assert_ok(
            eval_set_build(&cfg, world_acts(128), NULL, c, NULL, NULL, NULL, &set, &e),
            &e);
        struct eval_result r = run(set, s, NULL);
        assert_ok(evaluate_saebench(set, NULL, s, NULL, NULL, &r, &e), &e);
        assert_int_equal(r.n_concepts, c->n_probed);
        r.seconds = 0.0;
        memset(&r.split, 0, sizeof r.split);
        str_init(&text[i], (size_t)1 << 20);
        assert_ok(eval_result_json(&r, c, &text[i], &e), &e);
        eval_result_deinit(&r);
        eval_set_free(set);
        concepts_free(c);
    }
    assert_string_equal(text[0].p, text[1].p);
    str_free(&text[0]);
    str_free(&text[1]);
    sae_free(s);
}

static void test_refusals(void **state)
{
    (void)state;
    struct errinfo e;
    struct eval_result r;
    struct eval_set *set = world_set(NULL);
    struct sae *narrow = NULL;
    assert_ok(sae_new(sae_arch_find("topk"), 8, 16, 2, &narrow, &e), &e);
    check_error(evaluate(set, narrow, NULL, NULL, NULL, &r, &e), ERR_USAGE, &e,
                "width 8, expected 74");
    struct sae *s = world_sae(0);
    atomic_bool cancel = true;
    check_error(evaluate(set, s, NULL, NULL, &cancel, &r, &e), ERR_CANCELLED, &e,
                "cancelled");
    eval_set_free(set);
    struct concepts *c = world_concepts();
    const struct eval_config cfg = world_config();
    struct eval_set *none = NULL;
    check_error(
        eval_set_build(&cfg, world_acts(128), NULL, c, NULL, NULL, &cancel, &none, &e),
        ERR_CANCELLED, &e, "cancelled");
    struct acts_set *a = world_acts(128);
    a->x[5 * D + 7] = NAN;
    check_error(eval_set_build(&cfg, a, NULL, c, NULL, NULL, NULL, &none, &e),
                ERR_NUMERIC, &e, "not finite");
    assert_null(none);
    concepts_free(c);
    sae_free(narrow);
    sae_free(s);
}

/* Concepts of which no word occurs: nothing is eligible, the rest is measured. */
static void test_no_concept_words(void **state)
{
    (void)state;
    struct errinfo e;
    struct eval_set *set = NULL;
    struct concepts *c = world_concepts();
    const struct eval_config cfg = world_config();
    memset(c->token_start, 0, (c->vocab + 1) * sizeof *c->token_start);
    assert_ok(
        eval_set_build(&cfg, world_acts(128), NULL, c, NULL, NULL, NULL, &set, &e), &e);
    struct sae *s = world_sae(0);
    struct eval_result r = run(set, s, NULL);
    check_near(r.explained_variance, 1.0, 1e-6);
    assert_int_equal(r.leaf.eligible, 0);
    assert_ok(evaluate_saebench(set, NULL, s, NULL, NULL, &r, &e), &e);
    assert_true(isnan(r.leaf.full.value) && isnan(r.absorption_saebench));
    eval_result_deinit(&r);
    sae_free(s);
    eval_set_free(set);
    concepts_free(c);
}

/* The decision rule on hand-made codes, case by case, against SAEBench's arithmetic:
 * absorption_fraction and is_full_absorption of feature_absorption_calculator.py. */
static void test_decision_rule(void **state)
{
    (void)state;
    /* Latents: 0 and 1 main; 2..5 others with cosines .5, .2, .05, .02. */
    static const float along[6] = {0.9f, 0.8f, 0.5f, 0.2f, 0.05f, 0.02f};
    static const float length[6] = {1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f};
    static const struct {
        float p, act[6];
        double full, fraction, recall;
    } cases[] = {
        /* Main latents silent, one absorber supplies half of P. */
        {2.0f, {0, 0, 2, 0, 0, 0}, 1, 1.0, 0},
        /* It supplies 0.35 of P: no. */
        {2.0f, {0, 0, 1.4f, 0, 0, 0}, 0, 0.0, 0},
        /* Two supply .3 + .3: a fraction, but no single absorber. */
        {2.0f, {0, 0, 1.2f, 3, 0, 0}, 0, 1.0, 0},
        /* Aligned by .05: enough for full absorption, too little for a share. */
        {2.0f, {0, 0, 0, 0, 20, 0}, 1, 0.0, 0},
        /* Aligned by .02 only. */
        {2.0f, {0, 0, 0, 0, 0, 60}, 0, 0.0, 0},
        /* A main latent fires weakly: .45 of P = 2. Of the missing 1.55 the absorber
         * supplies 1. */
        {2.0f, {0.5f, 0, 2, 0, 0, 0}, 0, 1.0 / 1.45, 1},
        /* The absorber supplies more than is missing, 1.55. */
        {2.0f, {0.5f, 0, 4, 0, 0, 0}, 0, 1.55 / 2.0, 1},
        /* The main latents supply all of it. */
        {2.0f, {2, 1, 4, 0, 0, 0}, 0, 0.0, 1},
        /* A negative projection is never absorption. */
        {-1.0f, {0, 0, 2, 0, 0, 0}, 0, 0.0, 0},
    };
    enum { CASES = sizeof cases / sizeof *cases };
    for (size_t k = 0; k < CASES; k++) {
        int32_t id[6];
        float val[6];
        size_t start[2] = {0, 0};
        for (int32_t j = 0; j < 6; j++) {
            if (cases[k].act[j] > 0.0f) {
                id[start[1]] = j;
                val[start[1]++] = 3.0f * cases[k].act[j]; /* scaled units */
            }
        }
        const struct sae_codes codes = {
            .rows = 1, .start = start, .id = id, .val = val};
        const struct absorption_view v = {
            .codes = &codes, .along = along, .length = length, .scale = 3.0};
        const uint8_t is_main[6] = {1, 1};
        const struct absorption_outcome o =
            absorption_decide(&v, 0, (double)cases[k].p, is_main);
        check_near(o.absorber >= 0, cases[k].full, 0.0);
        check_near((double)o.fraction, cases[k].fraction, 1e-6);
        check_near(o.fires, cases[k].recall, 0.0);
    }
}

static void test_f1_forms(void **state)
{
    (void)state;
    check_near(form_f1(FORM_SAEBENCH, 8, 4, 10, 100), 16.0 / 22.0, 1e-12);
    /* With 10 of each class: 8 hits, 0.4 false: precision 8/8.4, recall .8. */
    const double precision = 8.0 / 8.4;
    check_near(form_f1(FORM_MAIN, 8, 4, 10, 100),
               2.0 * precision * 0.8 / (precision + 0.8), 1e-12);
    check_near(form_f1(FORM_MAIN, 0, 4, 10, 100), 0.0, 0.0);
    check_near(form_f1(FORM_MAIN, 0, 0, 0, 100), 0.0, 0.0);
}

/* ---- with a model ---- */

/* A random model may do better without the activation: then there is nothing to
 * recover. */
static void check_recovered(double recovered, double want, double clean, double zero)
{
    if (zero > clean) {
        check_near(recovered, want, 1e-4);
    } else {
        assert_true(isnan(recovered));
    }
}

static void test_spliced_model(void **state)
{
    (void)state;
    struct errinfo e;
    struct eval_bench b;
    eval_bench_init(&b, NULL);
    struct sae *s = identity_sae();
    struct eval_result r;
    assert_ok(evaluate(b.set, s, b.h, NULL, NULL, &r, &e), &e);
    check_near(r.explained_variance, 1.0, 1e-5);
    check_near(r.explained_variance_ood, 1.0, 1e-5);
    check_recovered(r.ce_recovered, 1.0, r.ce_clean, r.ce_zero);
    check_recovered(r.ce_recovered_ood, 1.0, r.ce_clean_ood, r.ce_zero_ood);
    check_near(r.ce_sae, r.ce_clean, 1e-5);
    assert_true(fabs(r.ce_zero - r.ce_clean) > 0.01);
    assert_true(fabs(r.ce_clean_ood - r.ce_clean) > 1e-4);
    /* The clean loss is the model's own. */
    const struct acts_set *a = eval_set_rows(b.set);
    assert_int_equal(a->rows, 40);
    float nll[21 * CONTEXT];
    double sum = 0.0;
    assert_ok(harvest_nll(b.h, a->ids, 21, NULL, nll, &e), &e);
    for (size_t i = 0; i < 21 * CONTEXT; i++) {
        sum += (i + 1) % CONTEXT == 0 ? 0.0 : (double)nll[i];
    }
    check_near(r.ce_clean, sum / (21.0 * (CONTEXT - 1)), 1e-5);
    eval_result_deinit(&r);

    /* Nothing fires: the spliced stream is the zero-ablated one. */
    memset(s->arena, 0, s->count * sizeof *s->arena);
    assert_ok(evaluate(b.set, s, b.h, NULL, NULL, &r, &e), &e);
    check_near(r.ce_sae, r.ce_zero, 1e-9);
    check_near(r.ce_sae_ood, r.ce_zero_ood, 1e-9);
    check_recovered(r.ce_recovered, 0.0, r.ce_clean, r.ce_zero);
    check_recovered(r.ce_recovered_ood, 0.0, r.ce_clean_ood, r.ce_zero_ood);
    assert_true(r.explained_variance <= 0.0);
    eval_result_deinit(&r);

    /* A constant in their place keeps the rest. */
    s->b_dec[0] = 2.0f;
    assert_ok(evaluate(b.set, s, b.h, NULL, NULL, &r, &e), &e);
    assert_true(fabs(r.ce_sae - r.ce_zero) > 1e-6);
    eval_result_deinit(&r);
    sae_free(s);
    eval_bench_deinit(&b);
}

static void test_threads_with_model(void **state)
{
    (void)state;
    struct errinfo e;
    struct pool *pool = NULL;
    struct eval_result r[2];
    assert_ok(pool_new(2, &pool, &e), &e);
    for (int i = 0; i < 2; i++) {
        struct eval_bench b;
        struct pool *p = i == 0 ? NULL : pool;
        eval_bench_init(&b, p);
        struct sae *s = identity_sae();
        sae_init_weights(s, 5);
        assert_ok(evaluate(b.set, s, b.h, p, NULL, &r[i], &e), &e);
        sae_free(s);
        eval_bench_deinit(&b);
    }
    assert_true(r[0].leaf.eligible > 0);
    check_near(r[0].ce_sae, r[1].ce_sae, 0.0);
    check_near(r[0].ce_sae_ood, r[1].ce_sae_ood, 0.0);
    check_near(r[0].explained_variance, r[1].explained_variance, 0.0);
    check_near(r[0].leaf.full.value, r[1].leaf.full.value, 0.0);
    check_near(r[0].leaf.recall.hi, r[1].leaf.recall.hi, 0.0);
    eval_result_deinit(&r[0]);
    eval_result_deinit(&r[1]);
    pool_free(pool);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sample),
        cmocka_unit_test(test_perfect),
        cmocka_unit_test(test_known_absorption),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_saebench_form),
        cmocka_unit_test(test_miss_is_not_absorption),
        cmocka_unit_test(test_split_is_not_absorption),
        cmocka_unit_test(test_zero_sae),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_grammar_is_not_measured),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_no_concept_words),
        cmocka_unit_test(test_decision_rule),
        cmocka_unit_test(test_f1_forms),
        cmocka_unit_test(test_spliced_model),
        cmocka_unit_test(test_threads_with_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
