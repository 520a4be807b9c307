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

static void intervals(void **state)
{
    (void)state;
    check_near(eval_pace_interval(0), 2.0, 0);
    check_near(eval_pace_interval(0.2), 2.0, 0);
    check_near(eval_pace_interval(3.5), 14.0, 1e-12);
    assert_true(!eval_pace_due(1.99, 0.1) && eval_pace_due(2.0, 0.1));
    assert_true(!eval_pace_due(13.9, 3.5) && eval_pace_due(14.1, 3.5));
    assert_true(eval_pace_news(2.0, 0)); /* the first */
    assert_true(!eval_pace_news(2.9, 2.0) && eval_pace_news(3.1, 2.0));
    assert_true(!eval_pace_news(21.0, 40.0) && eval_pace_news(19.0, 40.0));
}

/* ---- a run of made-up seconds ---- */

struct made {
    double steps, evals, last; /* seconds: of all steps, all evaluations, the newest */
    size_t n;
};

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

/* As engine_step goes: a step, then the evaluation if it is due. */
static void step_made(struct made *m, double seconds, double *ended,
                      double (*cost)(uint64_t))
{
    m->steps += seconds;
    if (eval_pace_due(m->steps + m->evals - *ended, m->last)) {
        m->last = cost(m->n++);
        m->evals += m->last;
        *ended = m->steps + m->evals;
    }
}

static void a_fifth_of_the_time(void **state)
{
    (void)state;
    static double (*const costs[])(uint64_t) = {
        cost_even, cost_grows, cost_falls, cost_jumps, cost_rarely_great, cost_none};
    static const double most[] = {0.001, 0.3, 5.0}; /* of a step */
    for (size_t c = 0; c < sizeof costs / sizeof *costs; c++) {
        for (size_t s = 0; s < sizeof most / sizeof *most; s++) {
            struct made m = {0};
            double ended = 0;
            for (uint64_t i = 0; i < 20000; i++) {
                step_made(&m, most[s] * rng_unit_at(5, RNG_SHUFFLE, i, s), &ended,
                          costs[c]);
                const double all = m.steps + m.evals;
                assert_true(m.evals <= 0.2 * all + m.last);
            }
            assert_true(m.n > 0);
        }
    }
}

/* No rule that just waits too long would do: where the cost stays the same, evaluations
 * take what they may. */
static void the_fifth_is_used(void **state)
{
    (void)state;
    struct made m = {0};
    double ended = 0;
    for (int i = 0; i < 100000; i++) {
        step_made(&m, 0.01, &ended, cost_even);
    }
    check_near(m.evals / (m.steps + m.evals), 0.2, 0.002);

    m = (struct made){0};
    ended = 0;
    for (int i = 0; i < 100000; i++) { /* 1000 s: one about every two */
        step_made(&m, 0.01, &ended, cost_none);
    }
    assert_true(m.n >= 490 && m.n <= 500);
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

/* One step after so many more seconds of training, the last evaluation having taken
 * `cost` seconds. Hours, so that the real seconds of this test are nothing beside them.
 */
static void step_after(struct engine *g, double cost, double seconds)
{
    struct errinfo e;
    g->eval_cost = cost;
    g->seconds = g->eval_at_seconds + seconds;
    assert_ok(engine_step(g, &e), &e);
}

static void the_engine_keeps_it_and_tells(void **state)
{
    (void)state;
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
    step_after(g, 10000, 35000);
    assert_int_equal(evaluations(g), 0);
    assert_null(told(g, 0));
    step_after(g, 10000, 40000);
    assert_int_equal(evaluations(g), 1);
    assert_string_equal(
        told(g, 0), "an evaluation every 40000 s keeps it within a fifth of the time");
    step_after(g, 12000, 45000); /* the cost as measured, not as it was */
    assert_int_equal(evaluations(g), 1);
    step_after(g, 12000, 48000);
    assert_int_equal(evaluations(g), 2);
    assert_null(told(g, 1)); /* a fifth more is no news */
    step_after(g, 4000, 16000);
    assert_int_equal(evaluations(g), 3);
    assert_string_equal(
        told(g, 1), "an evaluation every 16000 s keeps it within a fifth of the time");
    assert_null(told(g, 2));
    /* What is on the clock after it: the evaluation's own seconds. */
    assert_true(g->eval_cost > 0 && g->eval_cost < 16000);
    check_near(g->seconds, g->eval_at_seconds, 0);
    engine_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals),
        cmocka_unit_test(a_fifth_of_the_time),
        cmocka_unit_test(the_fifth_is_used),
        cmocka_unit_test(the_engine_keeps_it_and_tells),
    };
    num_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
