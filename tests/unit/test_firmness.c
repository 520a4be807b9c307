/* [threads] What a final evaluation adds, on SAEs built by hand: resamples of the
 * choice of latents, and F1 on the other half of the words. */
#include "eval/evalset_priv.h"
#include "eval/firmness.h"
#include "eval/heldout.h"
#include "eval/spread.h"
#include "num/blas.h"
#include "unit/check.h"
#include "unit/tiny.h"
#include "unit/world.h"

#include <math.h>

enum { CONCEPTS = CATEGORIES + 2 }; /* with a super-category and a letter */

struct fixture {
    struct concepts *c;
    struct eval_set *set;
};

static struct fixture begin(void)
{
    struct errinfo e;
    struct fixture f = {.c = world_concepts()};
    struct eval_config cfg = eval_defaults();
    cfg.test_share = 0.25;
    cfg.seed = 3;
    assert_ok(
        eval_set_build(&cfg, world_acts(128), NULL, f.c, NULL, NULL, NULL, &f.set, &e),
        &e);
    return f;
}

static void end(struct fixture *f)
{
    eval_set_free(f->set);
    concepts_free(f->c);
}

static struct firmness measure(const struct fixture *f, const struct sae *s,
                               struct pool *pool, struct eval_result *r)
{
    struct errinfo e;
    struct firmness firm;
    assert_ok(evaluate(f->set, s, NULL, pool, NULL, r, &e), &e);
    assert_int_equal(r->fits_short, 0);
    assert_true(r->fits > f->set->bank.n_units);
    assert_ok(firmness_measure(f->set, s, r, pool, NULL, &firm, &e), &e);
    return firm;
}

/* Checks the spread of the first category and of the others; together their latents
 * tell each completely. */
static void check_spread(const struct fixture *f, const struct sae *s,
                         struct pool *pool, const struct eval_result *r, double first,
                         double others)
{
    struct errinfo e;
    struct spread spread;
    assert_ok(spread_measure(f->set, s, r, pool, NULL, &spread, &e), &e);
    assert_int_equal(spread.n, r->n_concepts);
    assert_true(spread.fits > 0 && spread.fits_short == 0);
    /* evaluate_spread gives the same, and evaluate() none. */
    struct eval_result with;
    assert_ok(evaluate_spread(f->set, s, NULL, pool, NULL, &with, &e), &e);
    assert_int_equal(with.fits, r->fits);
    for (size_t c = 0; c < spread.n; c++) {
        const double a = with.concept[c].spread, b = spread_of(&spread, c);
        assert_true(isnan(r->concept[c].spread));
        assert_true(isnan(a) ? isnan(b) : fabs(a - b) < 1e-12);
    }
    eval_result_deinit(&with);
    for (size_t c = 0; c < spread.n; c++) {
        const size_t n = spread.latents[c];
        assert_true((n > 0) == r->concept[c].eligible);
        assert_true(n <= EVAL_MAX_MAIN);
        if (c < CATEGORIES) {
            const double want = c == 0 ? first : others;
            assert_true(fabs(spread_of(&spread, c) - want) < 1e-12);
            assert_true(fabs(spread.f1[c][n - 1] - 1.0) < 1e-9);
            assert_true(fabs(spread.f1[c][0] - r->concept[c].f1_best) < 1e-9);
        }
    }
    spread_deinit(&spread);
}

/* The number of latents that reach 95 % of the best F1; NaN for a concept without
 * latents. */
static void spread_is_the_first_that_is_enough(void **state)
{
    (void)state;
    double f1[3][EVAL_MAX_MAIN] = {{0.5, 0.949, 0.95, 0.9, 1.0}, {0.4}};
    size_t latents[3] = {5, 1, 0};
    const struct spread s = {.n = 3, .latents = latents, .f1 = f1};
    assert_true(fabs(spread_of(&s, 0) - 3.0) < 1e-12);
    assert_true(fabs(spread_of(&s, 1) - 1.0) < 1e-12);
    assert_true(isnan(spread_of(&s, 2)));
}

/* Latents that are the true features: no resample chooses otherwise. */
static void a_clear_choice_is_firm(void **state)
{
    (void)state;
    struct errinfo e;
    struct fixture f = begin();
    struct sae *s = world_sae(0);
    struct eval_result r;
    struct firmness firm = measure(&f, s, NULL, &r);
    for (size_t c = 0; c < CATEGORIES; c++) {
        assert_true(r.concept[c].eligible && isnan(r.concept[c].firmness));
        assert_true(fabs(firm.same[c] - 1.0) < 1e-12);
    }
    assert_ok(heldout_measure(f.set, f.c, s, NULL, NULL, &r, &e), &e);
    for (size_t c = 0; c < CATEGORIES; c++) {
        assert_true(fabs(r.concept[c].f1_heldout - 1.0) < 1e-9);
        const struct concept_bounds by = firmness_bounds(&firm, FIRM_F1, c);
        assert_true(fabs(by.lo - 1.0) < 1e-9 && fabs(by.hi - 1.0) < 1e-9);
    }
    check_spread(&f, s, NULL, &r, 1.0, 1.0);
    firmness_deinit(&firm);
    eval_result_deinit(&r);
    sae_free(s);
    end(&f);
}

/* Two latents that carry a category alike, half its words each: which of them is the
 * better one hangs on the words. */
static struct sae *split_sae(void)
{
    struct errinfo e;
    struct sae *s = NULL, *base = world_sae(0);
    assert_ok(sae_new(sae_arch_find("topk"), D, D + 1, 2, &s, &e), &e);
    s->scale = base->scale;
    memset(s->arena, 0, s->count * sizeof *s->arena);
    memcpy(s->W_enc, base->W_enc, (size_t)D * D * sizeof(float));
    memcpy(s->W_dec, base->W_dec, (size_t)D * D * sizeof(float));
    memcpy(s->b_dec, base->b_dec, D * sizeof(float));
    float *twin = s->W_enc + (size_t)D * D;
    twin[0] = 1.0F;
    s->W_dec[(size_t)D * D] = 1.0F;
    for (size_t w = 0; w < 40; w++) {
        (w < 20 ? s->W_enc : twin)[CATEGORIES + w] = -20.0F;
    }
    sae_free(base);
    return s;
}

/* Each latent that splits a category fires on half of its words and on no others; one
 * that has all of it is perfect. */
static void latents_tell_by_firing(void **state)
{
    (void)state;
    struct errinfo e;
    struct fixture f = begin();
    struct sae *s = split_sae();
    struct eval_result r;
    assert_ok(evaluate(f.set, s, NULL, NULL, NULL, &r, &e), &e);
    assert_int_equal(r.concept[0].n_main, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct firing_fit fit = r.concept[0].fit[i];
        assert_true(fabs((double)fit.recall - 0.5) < 1e-6);
        assert_true(fabs((double)fit.precision - 1.0) < 1e-6);
        assert_true(fabs((double)fit.f1 - 2.0 / 3.0) < 1e-6);
    }
    assert_true(fabs((double)r.concept[1].fit[0].f1 - 1.0) < 1e-6);
    assert_true(isnan(r.concept[1].fit[1].f1));
    eval_result_deinit(&r);
    sae_free(s);
    /* Where it fires on another category's words, each counts by its class. */
    s = world_sae(0);
    const struct concept_sample *m = &f.set->sample;
    for (size_t w = 40; w < 43; w++) { /* three words of the second */
        s->W_enc[CATEGORIES + w] = 2.0F;
    }
    assert_ok(evaluate(f.set, s, NULL, NULL, NULL, &r, &e), &e);
    size_t at = 0;
    while (at < r.concept[0].n_main && r.concept[0].main_latent[at] != 0) {
        at++;
    }
    assert_true(at < r.concept[0].n_main);
    const double others = (double)(m->n_forms - 40);
    const struct firing_fit fit = r.concept[0].fit[at];
    assert_true(fabs((double)fit.recall - 1.0) < 1e-6);
    assert_true(fabs((double)fit.precision - 1.0 / (1.0 + 3.0 / others)) < 1e-6);
    eval_result_deinit(&r);
    sae_free(s);
    end(&f);
}

static void an_even_choice_is_not_firm(void **state)
{
    (void)state;
    struct errinfo e;
    struct pool *pool = NULL;
    assert_ok(pool_new(3, &pool, &e), &e);
    struct fixture f = begin();
    struct sae *s = split_sae();
    struct eval_result r, again;
    struct firmness firm = measure(&f, s, NULL, &r);
    struct firmness other = measure(&f, s, pool, &again);
    assert_true(firm.same[0] > 0.2 && firm.same[0] < 0.9);
    const struct concept_bounds by = firmness_bounds(&firm, FIRM_F1, 0);
    assert_true(by.lo < by.hi && by.lo <= r.concept[0].f1_best + 0.1);
    assert_true(isnan(firmness_bounds(&firm, FIRM_F1, CATEGORIES).lo) ||
                r.concept[CATEGORIES].eligible);
    check_spread(&f, s, pool, &r, 2.0, 1.0);
    for (size_t c = 1; c < CATEGORIES; c++) {
        assert_true(fabs(firm.same[c] - 1.0) < 1e-12);
    }
    /* Whatever the pool. */
    assert_memory_equal(firm.same, other.same, firm.n * sizeof *firm.same);
    for (size_t i = 0; i < FIRM_FIGURES; i++) {
        assert_memory_equal(firm.value[i], other.value[i],
                            firm.n * firm.reps * sizeof *firm.value[i]);
    }
    assert_ok(heldout_measure(f.set, f.c, s, NULL, NULL, &r, &e), &e);
    const double f1 = r.concept[0].f1_heldout;
    assert_true(f1 > 0.4 && f1 < 0.8 && fabs(r.concept[1].f1_heldout - 1.0) < 1e-9);
    firmness_deinit(&firm);
    firmness_deinit(&other);
    eval_result_deinit(&r);
    eval_result_deinit(&again);
    sae_free(s);
    end(&f);
    pool_free(pool);
}

static void cancelled(void **state)
{
    (void)state;
    struct errinfo e;
    struct fixture f = begin();
    struct sae *s = world_sae(0);
    struct eval_result r;
    struct firmness firm;
    atomic_bool cancel = true;
    assert_ok(evaluate(f.set, s, NULL, NULL, NULL, &r, &e), &e);
    check_error(firmness_measure(f.set, s, &r, NULL, &cancel, &firm, &e), ERR_CANCELLED,
                &e, "cancelled");
    eval_result_deinit(&r);
    sae_free(s);
    end(&f);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clear_choice_is_firm),
        cmocka_unit_test(spread_is_the_first_that_is_enough),
        cmocka_unit_test(latents_tell_by_firing),
        cmocka_unit_test(an_even_choice_is_not_firm),
        cmocka_unit_test(cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
