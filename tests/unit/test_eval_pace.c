/* Evaluation while training stays within a fifth of the time, whatever it costs. All
 * costs here are made up: nothing is timed. */
#include "base/rng.h"
#include "num/blas.h"
#include "run/eval_pace.h"
#include "train/settings_synth.h"
#include "unit/run_engine.h"

#include <math.h>
#include <string.h>

static void check_near(double got, double want, double within)
{
    assert_true(fabs(got - want) <= within);
}

/* Trains n steps of `seconds` each. */
static void train_made(struct eval_pace *p, int64_t *step, int64_t n, double seconds)
{
    for (int64_t i = 0; i < n; i++) {
        eval_pace_trained(p, ++*step, seconds);
    }
}

static void planned_steps(void **state)
{
    (void)state;
    struct eval_pace p = {0};
    int64_t step = 0;
    train_made(&p, &step, 199, 0.015);
    assert_true(!eval_pace_due(&p, step, 200));
    train_made(&p, &step, 1, 0.015);
    assert_true(eval_pace_due(&p, step, 200));
    eval_pace_evaluated(&p, step, 0.5);
    train_made(&p, &step, 199, 0.015);
    assert_true(!eval_pace_due(&p, step, 200));
    train_made(&p, &step, 1, 0.015);
    assert_true(eval_pace_due(&p, step, 200));
    /* A slow one: what it took is waited for, then the planned steps go on. */
    eval_pace_evaluated(&p, step, 1.8); /* 2.3 s, which 9.2 s of training pay for */
    train_made(&p, &step, 213, 0.015);
    assert_true(!eval_pace_due(&p, step, 200));
    train_made(&p, &step, 1, 0.015);
    assert_true(eval_pace_due(&p, step, 200));
    eval_pace_evaluated(&p, step, 0.1);
    train_made(&p, &step, 185, 0.015);
    assert_true(!eval_pace_due(&p, step, 200));
    train_made(&p, &step, 1, 0.015);
    assert_true(step == 800 && eval_pace_due(&p, step, 200));
}

static void long_runs_have_more(void **state)
{
    (void)state;
    struct eval_pace p = {0};
    int64_t step = 0;
    train_made(&p, &step, 10, 0.125);
    check_near(eval_pace_spacing(&p, 2000), 31.25, 0); /* 3.9 s: its half is too near */
    eval_pace_evaluated(&p, step, 1.5);
    check_near(eval_pace_spacing(&p, 2000), 62.5, 0); /* 7.8 s, where 6 s pay for one */
    check_near(eval_pace_spacing(&p, 40), 40, 0);     /* never fewer than planned */
    check_near(eval_pace_spacing(&p, 1), 1, 0);
}

static void time_saved_is_not_spent_in_one_go(void **state)
{
    (void)state;
    struct eval_pace p = {0};
    int64_t step = 0;
    train_made(&p, &step, 1000, 1.0);
    eval_pace_evaluated(&p, step, 50);
    train_made(&p, &step, 49, 1.0);
    assert_true(!eval_pace_due(&p, step, 10));
    train_made(&p, &step, 1, 1.0);
    assert_true(eval_pace_due(&p, step, 10));
}

/* A seed that was added comes from step 0, and has its points on the way. */
static void a_seed_from_the_start(void **state)
{
    (void)state;
    struct eval_pace p = {0};
    int64_t step = 0;
    train_made(&p, &step, 100, 0.1);
    eval_pace_evaluated(&p, step, 0.5);
    step = 0;
    train_made(&p, &step, 19, 0.1);
    assert_true(!eval_pace_due(&p, step, 20));
    train_made(&p, &step, 1, 0.1);
    assert_true(eval_pace_due(&p, step, 20));
}

static void news(void **state)
{
    (void)state;
    struct eval_pace p = {0};
    int64_t step = 0;
    train_made(&p, &step, 10, 1.0);
    assert_true(eval_pace_news(&p, 4));
    check_near(p.told, 2, 0); /* halved once */
    assert_true(!eval_pace_news(&p, 4));
    eval_pace_evaluated(&p, step, 0.7); /* 2.8 s pay for it: every four steps */
    assert_true(eval_pace_news(&p, 4));
    check_near(p.told, 4, 0);
    eval_pace_evaluated(&p, step, 2.1); /* 1.4 s on average */
    check_near(eval_pace_interval(&p, 4), 5.6, 1e-12);
    assert_true(!eval_pace_news(&p, 4));
}

/* ---- a run of made-up seconds ---- */

/* Costs of the i-th evaluation, seconds. */
static double cost_even(uint64_t i)
{
    (void)i;
    return 0.7;
}

static double cost_grows(uint64_t i)
{
    return 0.05 * (double)(i + 1);
}

static double cost_falls(uint64_t i)
{
    return 60.0 / (double)(i + 1);
}

static double cost_jumps(uint64_t i)
{
    return exp(8.0 * rng_unit_at(3, RNG_SHUFFLE, i, 0) - 4.0);
}

/* Now and then one that takes much longer than all before it. */
static double cost_rarely_great(uint64_t i)
{
    return i % 17 == 16 ? 50.0 * (double)i : 0.01;
}

static double cost_none(uint64_t i)
{
    (void)i;
    return 0;
}

#define EVERY 20

/* Does what engine_step does: a step, then the evaluation if it is due. Returns whether
 * it was. */
static bool step_made(struct eval_pace *p, int64_t step, double seconds,
                      double (*cost)(uint64_t))
{
    eval_pace_trained(p, step, seconds);
    const bool due = eval_pace_due(p, step, EVERY);
    if (due) {
        eval_pace_evaluated(p, step, cost(p->evals));
    }
    return due;
}

static void a_fifth_of_the_time(void **state)
{
    (void)state;
    static double (*const costs[])(uint64_t) = {
        cost_even, cost_grows, cost_falls, cost_jumps, cost_rarely_great, cost_none};
    static const double most[] = {0.001, 0.3, 5.0}; /* of a step */
    for (size_t c = 0; c < sizeof costs / sizeof *costs; c++) {
        for (size_t s = 0; s < sizeof most / sizeof *most; s++) {
            struct eval_pace p = {0};
            for (int64_t i = 1; i <= 20000; i++) {
                const double seconds =
                    most[s] * rng_unit_at(5, RNG_SHUFFLE, (uint64_t)i, s);
                (void)step_made(&p, i, seconds, costs[c]);
                const double all = p.trained + p.evaluated;
                assert_true(p.evaluated <= 0.2 * all + p.last);
            }
            assert_true(p.evals > 0);
        }
    }
}

/* No rule that just waits too long would do: where they would take more, evaluations
 * take what they may. */
static void the_fifth_is_used(void **state)
{
    (void)state;
    struct eval_pace p = {0};
    for (int64_t i = 1; i <= 100000; i++) {
        (void)step_made(&p, i, 0.01, cost_even);
    }
    check_near(p.evaluated / (p.trained + p.evaluated), 0.2, 0.005);
}

/* Costs as on a machine that others use: 1.1 s, now and then three times as much. */
static double cost_under_load(uint64_t i)
{
    return i % 3 == 1 ? 3.3 : 1.1;
}

/* A run of 2,000 steps in a minute: points at every tenth of it where there is time for
 * them, and as many as a fifth of the time pays for where there is not. */
static void points_of_a_run(void **state)
{
    (void)state;
    struct eval_pace quiet = {0}, busy = {0};
    size_t n[2] = {0, 0};
    for (int64_t i = 1; i < 2000; i++) { /* the last is evaluated in any case */
        const double seconds = 0.03;
        eval_pace_trained(&quiet, i, seconds);
        if (eval_pace_due(&quiet, i, 200)) {
            /* The first before its cost is known. */
            assert_true(i == 100 || i % 200 == 0);
            eval_pace_evaluated(&quiet, i, 1.2);
            n[0]++;
        }
        eval_pace_trained(&busy, i, seconds);
        if (eval_pace_due(&busy, i, 200)) {
            eval_pace_evaluated(&busy, i, cost_under_load(busy.evals));
            n[1]++;
        }
    }
    assert_int_equal(n[0], 10);
    assert_true(n[1] >= 8);
}

/* ---- the engine ---- */

static size_t evaluations(const struct engine *g)
{
    const struct history *h = &g->arm[0].history;
    size_t n = 0;
    for (size_t i = 0; i < h->rows; i++) {
        n += isfinite(h->row[i].v[METRIC_EV]) ? 1 : 0;
    }
    return n;
}

/* Details of the events "eval-interval"; NULL: fewer than i + 1. */
static const char *told(const struct engine *g, size_t i)
{
    const struct history *h = &g->arm[0].history;
    for (size_t k = 0; k < h->events; k++) {
        if (strcmp(h->event[k].kind, "eval-interval") == 0 && i-- == 0) {
            return h->event[k].detail;
        }
    }
    return NULL;
}

/* One step after `trained` seconds of training in all, with `cost` seconds for each
 * evaluation so far. These are hours, so that the real seconds of this test do not
 * matter. */
static void step_after(struct engine *g, double cost, double trained)
{
    struct errinfo e;
    const double n = g->pace.evals ? (double)g->pace.evals : 1;
    g->pace.evaluated = n * cost;
    g->pace.trained = trained;
    g->pace.since = cost;
    assert_ok(engine_step(g, &e), &e);
}

static struct engine *start_small(void)
{
    struct errinfo e;
    struct settings set;
    static const char *const pairs[][2] = {{"source", "synthetic"},
                                           {"synthetic.d", "24"},
                                           {"synthetic.parents", "3"},
                                           {"synthetic.children", "2"},
                                           {"k", "2"},
                                           {"synthetic.others", "6"},
                                           {"synthetic.eval_rows", "500"},
                                           {"steps", "100"},
                                           {"batch", "32"},
                                           {"eval.every", "1"}};
    settings_init(&set);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        assert_ok(
            settings_set(&set, pairs[i][0], pairs[i][1], from_program("test"), &e), &e);
    }
    assert_ok(settings_synth_defaults(&set, &e), &e);
    struct engine *g = start_engine(&set);
    g->stretch_eval = true;
    return g;
}

/* Which steps are evaluated is a matter of the clock, and so must not matter. */
static void training_does_not_depend_on_it(void **state)
{
    (void)state;
    struct errinfo e;
    struct engine *never = start_small(), *often = start_small();
    for (int i = 0; i < 40; i++) {
        never->pace.evaluated = 1e9;
        assert_ok(engine_step(never, &e), &e);
        often->pace.trained = often->pace.since = i % 3 ? 1e9 : 0;
        assert_ok(engine_step(often, &e), &e);
    }
    assert_int_equal(evaluations(never), 0);
    assert_true(evaluations(often) >= 26);
    assert_same_sae(never->arm[0].arm->sae, often->arm[0].arm->sae);
    engine_free(never);
    engine_free(often);
}

static void the_engine_keeps_it_and_tells(void **state)
{
    (void)state;
    struct engine *g = start_small();
    step_after(g, 10000, 35000);
    assert_int_equal(evaluations(g), 0);
    assert_null(told(g, 0));
    step_after(g, 10000, 40000);
    assert_int_equal(evaluations(g), 1);
    assert_non_null(told(g, 0));
    step_after(g, 12000, 45000); /* the costs as measured, not as they were */
    assert_int_equal(evaluations(g), 1);
    step_after(g, 12000, 48000);
    assert_int_equal(evaluations(g), 2);
    assert_string_equal(told(g, 1), "evaluating about every 48000 s from now on, so "
                                    "that it takes a fifth of the time at most");
    assert_null(told(g, 2));
    step_after(g, 10000, 80000); /* two of them; a fifth less is no news */
    assert_int_equal(evaluations(g), 3);
    assert_null(told(g, 2));
    /* Afterwards the pace holds the evaluation's own seconds, at this step. */
    assert_true(g->pace.last > 0 && g->pace.last < 10000);
    assert_int_equal(g->pace.at, engine_step_count(g));
    check_near(g->pace.since, 0, 0);
    engine_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planned_steps),
        cmocka_unit_test(long_runs_have_more),
        cmocka_unit_test(time_saved_is_not_spent_in_one_go),
        cmocka_unit_test(a_seed_from_the_start),
        cmocka_unit_test(news),
        cmocka_unit_test(a_fifth_of_the_time),
        cmocka_unit_test(the_fifth_is_used),
        cmocka_unit_test(points_of_a_run),
        cmocka_unit_test(training_does_not_depend_on_it),
        cmocka_unit_test(the_engine_keeps_it_and_tells),
    };
    num_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
