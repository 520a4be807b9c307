/* Differences of concepts between conditions: paired by seed, Holm over a family, cut
 * at what a figure can be, and open as long as the arms go on. */
#include "eval/concept_effects.h"
#include "unit/check.h"

#include <math.h>
#include <string.h>

enum { SEEDS = 5, CONCEPTS = 4, ARMS = 2 * SEEDS, F1 = 1, RECALL = 3 };

/* Arms A, B, A, B, ...: B is the baseline. Concepts 0 to 2 are one family, 3 another.
 */
struct bench {
    double x[ARMS * CONCEPTS * CONCEPT_FIGURES];
    int family[CONCEPTS];
    size_t of[ARMS], seed[ARMS];
    struct concept_arms arms;
};

static double *at(struct bench *b, size_t arm, size_t c, size_t f)
{
    return &b->x[(arm * CONCEPTS + c) * CONCEPT_FIGURES + f];
}

/* Fills in a level for each seed and concept that both conditions share; A is `effect`
 * above it. */
static void fill(struct bench *b, const double effect[CONCEPTS])
{
    static const double level[SEEDS] = {0.30, 0.52, 0.41, 0.64, 0.35};
    static const double noise[SEEDS] = {0.010, -0.004, -0.012, 0.009, -0.003};
    memset(b, 0, sizeof *b);
    for (size_t i = 0; i < ARMS; i++) {
        b->of[i] = i % 2;
        b->seed[i] = i / 2;
        for (size_t c = 0; c < CONCEPTS; c++) {
            for (size_t f = 0; f < CONCEPT_FIGURES; f++) {
                const double d = i % 2 ? 0.0 : effect[c] + noise[(i / 2 + c) % SEEDS];
                *at(b, i, c, f) = level[i / 2] + d;
            }
        }
    }
    for (size_t c = 0; c < CONCEPTS; c++) {
        b->family[c] = c < 3 ? 7 : 2;
    }
    b->arms = (struct concept_arms){.n = ARMS,
                                    .concepts = CONCEPTS,
                                    .x = b->x,
                                    .family = b->family,
                                    .conditions = 2,
                                    .baseline = 1,
                                    .of = b->of,
                                    .seed = b->seed};
}

static struct concept_effects effects(struct bench *b)
{
    struct errinfo e;
    struct concept_effects x = {0};
    assert_ok(concept_effects_of(&b->arms, &x, &e), &e);
    return x;
}

static void paired_in_turn(void **state)
{
    (void)state;
    const double effect[CONCEPTS] = {0.1, -0.08, 0.0, 0.02};
    struct bench b;
    fill(&b, effect);
    struct concept_effects x = effects(&b);
    double before[SEEDS], after[SEEDS];
    for (size_t c = 0; c < CONCEPTS; c++) {
        for (size_t i = 0; i < SEEDS; i++) {
            after[i] = *at(&b, 2 * i, c, F1);
            before[i] = *at(&b, 2 * i + 1, c, F1);
        }
        const struct stats_interval want =
            stats_paired_t(SEEDS, before, after, VERDICT_LEVEL);
        const struct verdict_row *r = concept_effect(&x, c, 0, F1);
        assert_int_equal(r->d.n, SEEDS);
        assert_true(fabs(r->d.by.mean - want.mean) < 1e-12 &&
                    fabs(r->d.by.low - want.low) < 1e-12 &&
                    fabs(r->d.by.high - want.high) < 1e-12);
        const struct stats_interval *v = concept_value(&x, c, 0, F1);
        const struct stats_interval mean =
            stats_t_interval(SEEDS, after, VERDICT_LEVEL);
        assert_true(fabs(v->mean - mean.mean) < 1e-12 &&
                    fabs(v->low - mean.low) < 1e-12);
    }
    /* Either way is a finding alike. */
    assert_int_equal(concept_effect(&x, 0, 0, F1)->verdict, VERDICT_HIGHER);
    assert_int_equal(concept_effect(&x, 1, 0, F1)->verdict, VERDICT_LOWER);
    concept_effects_deinit(&x);
    /* In whatever order the seeds come. */
    b.seed[0] = 9;
    b.seed[2] = 0;
    b.seed[1] = 0;
    b.seed[3] = 9;
    for (size_t c = 0; c < CONCEPTS; c++) {
        const double swap = *at(&b, 0, c, F1);
        *at(&b, 0, c, F1) = *at(&b, 2, c, F1);
        *at(&b, 2, c, F1) = swap;
    }
    struct concept_effects again = effects(&b);
    assert_int_equal(concept_effect(&again, 0, 0, F1)->verdict, VERDICT_HIGHER);
    assert_true(fabs(concept_effect(&again, 0, 0, F1)->d.by.mean - 0.1) < 1e-12);
    concept_effects_deinit(&again);
}

/* Seeds that were added after a look: the interval is that of any number of them. */
static void added_seeds(void **state)
{
    (void)state;
    const double effect[CONCEPTS] = {0.1, 0.0, 0.0, 0.0};
    struct bench b;
    fill(&b, effect);
    for (size_t planned = 0; planned <= SEEDS; planned++) {
        b.arms.planned = planned;
        struct concept_effects x = effects(&b);
        const struct paired *d = &concept_effect(&x, 0, 0, F1)->d;
        const double half = paired_half(SEEDS, paired_first(SEEDS, planned), .95) *
                            d->sd / sqrt((double)SEEDS);
        assert_true(half > 0.0);
        assert_true(fabs(0.5 * (d->by.high - d->by.low) - half) < 1e-9 * half);
        concept_effects_deinit(&x);
    }
}

static void holm_over_a_family(void **state)
{
    (void)state;
    const double effect[CONCEPTS] = {0.012, 0.0, 0.0, 0.012};
    struct bench b;
    fill(&b, effect);
    struct concept_effects x = effects(&b);
    const struct verdict_row *among = concept_effect(&x, 0, 0, F1);
    const struct verdict_row *alone = concept_effect(&x, 3, 0, F1);
    assert_true(fabs(among->p_holm - fmin(1.0, 3.0 * among->d.p)) < 1e-12);
    assert_true(fabs(alone->p_holm - alone->d.p) < 1e-12);
    concept_effects_deinit(&x);
}

/* Two seeds far apart: Student's interval would reach beyond 0 and 1. */
static void nothing_beyond_what_can_be(void **state)
{
    (void)state;
    const double effect[CONCEPTS] = {0.0, 0.0, 0.0, 0.0};
    struct bench b;
    fill(&b, effect);
    b.arms.n = 4;
    for (size_t c = 0; c < CONCEPTS; c++) {
        *at(&b, 0, c, RECALL) = 0.05;
        *at(&b, 2, c, RECALL) = 0.95;
        *at(&b, 1, c, RECALL) = 0.90;
        *at(&b, 3, c, RECALL) = 0.10;
    }
    struct concept_effects x = effects(&b);
    const struct stats_interval *v = concept_value(&x, 0, 0, RECALL);
    const struct verdict_row *r = concept_effect(&x, 0, 0, RECALL);
    assert_true(v->low >= 0.0 && v->low <= 0.0 && v->high >= 1.0 && v->high <= 1.0);
    assert_true(r->d.by.low >= -1.0 && r->d.by.high <= 1.0);
    assert_int_equal(r->verdict, VERDICT_OPEN);
    concept_effects_deinit(&x);
}

static void small_may_grow(void **state)
{
    (void)state;
    const double effect[CONCEPTS] = {0.0, 0.0, 0.1, 0.0};
    struct bench b;
    fill(&b, effect);
    for (size_t i = 0; i < ARMS; i += 2) {
        *at(&b, i, 1, F1) = *at(&b, i + 1, 1, F1) + 0.001 * (double)(i % 3);
    }
    struct concept_effects x = effects(&b);
    assert_int_equal(concept_effect(&x, 1, 0, F1)->verdict, VERDICT_SMALL);
    concept_effects_deinit(&x);
    b.arms.so_far = true;
    x = effects(&b);
    assert_int_equal(concept_effect(&x, 1, 0, F1)->verdict, VERDICT_OPEN);
    assert_int_equal(concept_effect(&x, 2, 0, F1)->verdict, VERDICT_HIGHER);
    concept_effects_deinit(&x);
}

/* Two conditions of one arm each are a pair whatever their seeds. Values that were not
 * measured are in no pair. */
static void one_pair_and_gaps(void **state)
{
    (void)state;
    const double effect[CONCEPTS] = {0.1, 0.1, 0.1, 0.1};
    struct bench b;
    fill(&b, effect);
    *at(&b, 4, 2, F1) = (double)NAN;
    struct concept_effects x = effects(&b);
    assert_int_equal(concept_effect(&x, 2, 0, F1)->d.n, SEEDS - 1);
    concept_effects_deinit(&x);
    b.arms.n = 2;
    b.seed[1] = 99;
    x = effects(&b);
    assert_int_equal(concept_effect(&x, 0, 0, F1)->verdict, VERDICT_ONE_SEED);
    assert_true(isnan(concept_value(&x, 0, 0, F1)->low));
    concept_effects_deinit(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paired_in_turn),
        cmocka_unit_test(added_seeds),
        cmocka_unit_test(holm_over_a_family),
        cmocka_unit_test(nothing_beyond_what_can_be),
        cmocka_unit_test(small_may_grow),
        cmocka_unit_test(one_pair_and_gaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
