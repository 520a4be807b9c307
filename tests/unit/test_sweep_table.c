/* What a sweep says of its runs: effects by hand and by scipy, tables, the report. */
#include "base/csvfile.h"
#include "base/rng.h"
#include "sweep/table.h"
#include "unit/check.h"

#include <ctype.h>
#include <math.h>

static void check_near(double got, double want, double within)
{
    if (!(fabs(got - want) <= within)) {
        fail_msg("found %.12g, expected %.12g +- %g", got, want, within);
    }
}

/* ---- a plan and its results ---- */

struct world {
    struct sweep_plan *p;
    struct sweep_result *r;
};

/* A plan from JSON with ' for ", every run finished and nothing measured. */
static struct world world_new(const char *json)
{
    struct world w = {0};
    struct errinfo e;
    struct settings base;
    cJSON *tree = NULL;
    char text[4096];
    snprintf(text, sizeof text, "%s", json);
    for (char *c = text; *c; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    settings_init(&base);
    assert_ok(json_parse(text, strlen(text), "plan", &tree, &e), &e);
    assert_ok(sweep_plan_new(tree, "plan", &base, &w.p, &e), &e);
    cJSON_Delete(tree);
    w.r = calloc(w.p->n_cells, sizeof *w.r);
    assert_non_null(w.r);
    for (size_t i = 0; i < w.p->n_cells; i++) {
        w.r[i] = (struct sweep_result){
            .done = true, .sparsity = (double)NAN, .steps = 1000, .seconds = 36};
        for (size_t m = 0; m < SWEEP_MEASURE_COUNT; m++) {
            w.r[i].v[m] = (double)NAN;
        }
    }
    return w;
}

static void world_free(struct world *w)
{
    sweep_plan_free(w->p);
    free(w->r);
}

/* The one masked arm of a plan that has one. */
static size_t masked_arm(const struct world *w)
{
    for (size_t a = 0; a < w->p->n_arms; a++) {
        if (w->p->arm[a].baseline != SWEEP_NONE) {
            return a;
        }
    }
    fail_msg("no masked arm");
    return 0;
}

/* Seed i of an arm. */
static struct sweep_result *run_of(struct world *w, size_t arm, size_t i)
{
    return &w->r[w->p->arm[arm].cell[i]];
}

/* Set a measure for all seeds of an arm with a baseline, on both sides. */
static void set_pairs(struct world *w, size_t arm, size_t m, size_t n,
                      const double *before, const double *after)
{
    for (size_t i = 0; i < n; i++) {
        run_of(w, w->p->arm[arm].baseline, i)->v[m] = before[i];
        run_of(w, arm, i)->v[m] = after[i];
    }
}

#define THREE "{'seeds': 3, 'parts': {'one': {'mask.rate': [0, 0.3]}}}"
#define ONE_ARM(seeds)                                                                 \
    "{'settings': {'arch': 'topk'}, 'seeds': " seeds                                   \
    ", 'parts': {'one': {'mask.rate': [0, 0.3]}}}"

static char *text_of(const struct world *w,
                     enum err (*make)(const struct sweep_plan *,
                                      const struct sweep_result *, struct str *,
                                      struct errinfo *))
{
    struct errinfo e;
    struct str s;
    str_init(&s, 1 << 24);
    assert_ok(make(w->p, w->r, &s, &e), &e);
    char *out = strdup(s.p);
    assert_non_null(out);
    str_free(&s);
    return out;
}

/* `part` is in the text, however that is wrapped. */
static void check_has(const char *text, const char *part)
{
    char *flat = strdup(text);
    size_t n = 0;
    for (const char *c = text; *c; c++) {
        const bool gap = *c == ' ' || *c == '\n';
        if (!gap || (n > 0 && flat[n - 1] != ' ')) {
            flat[n++] = gap ? ' ' : *c;
        }
    }
    flat[n] = '\0';
    if (!strstr(flat, part)) {
        fail_msg("expected '%s' in:\n%s", part, text);
    }
    free(flat);
}

static void check_has_not(const char *text, const char *part)
{
    if (strstr(text, part)) {
        fail_msg("expected no '%s' in:\n%s", part, text);
    }
}

/* ---- effects ---- */

/* Differences 0.1, 0.2, 0.3: mean 0.2, sd 0.1, t = 2 sqrt(3) with two degrees of
 * freedom, of which p is 1 - t / sqrt(t^2 + 2); t at 97.5 % is 4.302653. */
static void test_paired_t(void **state)
{
    (void)state;
    struct errinfo e;
    struct world w = world_new(ONE_ARM("3"));
    const size_t arm = masked_arm(&w);
    struct sweep_effect x[SWEEP_MEASURE_COUNT];
    const double before[] = {0.1, 0.5, 0.2}, after[] = {0.2, 0.7, 0.5};
    set_pairs(&w, arm, SWEEP_PROBING_K5, 3, before, after);
    assert_ok(sweep_effects(w.p, w.r, arm, x, &e), &e);
    const struct sweep_effect *k5 = &x[SWEEP_PROBING_K5];
    assert_int_equal(k5->arm, arm);
    assert_int_equal(k5->measure, SWEEP_PROBING_K5);
    assert_int_equal(k5->pairs, 3);
    assert_int_equal(k5->lower, 0);
    assert_int_equal(k5->higher, 3);
    check_near(k5->before, 0.8 / 3, 1e-12);
    check_near(k5->after, 1.4 / 3, 1e-12);
    check_near(k5->by.mean, 0.2, 1e-12);
    check_near(k5->by.low, 0.2 - 4.302652730 * 0.1 / sqrt(3.0), 1e-8);
    check_near(k5->by.high, 0.2 + 4.302652730 * 0.1 / sqrt(3.0), 1e-8);
    check_near(k5->p, 1.0 - sqrt(12.0 / 14.0), 1e-10);
    check_near(k5->p_holm, k5->p, 1e-15); /* alone in its family */
    assert_int_equal(sweep_verdict_of(k5), SWEEP_UNDECIDED);
    assert_int_equal(sweep_interval_side(k5), 0);
    /* What was not measured is no effect, and not one of the tests of Holm. */
    const struct sweep_effect *dead = &x[SWEEP_DEAD_CLEAN];
    assert_int_equal(dead->pairs, 0);
    assert_true(isnan(dead->p) && isnan(dead->p_holm) && isnan(dead->by.mean));
    assert_int_equal(sweep_verdict_of(dead), SWEEP_TOO_FEW);
    check_error(sweep_effects(w.p, w.r, w.p->arm[arm].baseline, x, &e), ERR_USAGE, &e,
                "no unmasked arm");
    world_free(&w);
}

/* From tests/ref/sweep_effects.py. */
static const double reference_values[7][2][6] = {
    {{0.857418, 0.822281, 0.859280, 0.859153, 0.885957, 0.860778},
     {0.848412, 0.813492, 0.851239, 0.849700, 0.877088, 0.852291}},
    {{0.519273, 0.479200, 0.554117, 0.470749, 0.531098, 0.502464},
     {0.530370, 0.481936, 0.567603, 0.477339, 0.539776, 0.513852}},
    {{0.863382, 0.867869, 0.867555, 0.888599, 0.878794, 0.910646},
     {0.901312, 0.910580, 0.899633, 0.918364, 0.912592, 0.928697}},
    {{0.128077, 0.164607, 0.146828, 0.180186, 0.122308, 0.157795},
     {0.151717, 0.126570, 0.093760, 0.229935, 0.104078, 0.107242}},
    {{0.590088, 0.556199, 0.605589, 0.589459, 0.606022, 0.605068},
     {0.717883, 0.592351, 0.700196, 0.604620, 0.645573, 0.584150}},
    {{0.381592, 0.385233, 0.397123, 0.416148, 0.418209, 0.386996},
     {0.381503, 0.394469, 0.415343, 0.443128, 0.461471, 0.395677}},
    {{0.729377, 0.725565, 0.729836, 0.736762, 0.738885, 0.782683},
     {0.749558, 0.713478, 0.726785, 0.707138, 0.709305, 0.767114}},
};
/* difference, its interval, p, p by Holm */
static const double reference_effects[7][5] = {
    {-0.00877416666667, -0.00927609382544, -0.0082722395079, 1.03043154694e-07,
     7.21302082858e-07},
    {0.00899583333333, 0.00492127800217, 0.0130703886645, 0.00236449397822,
     0.0118224698911},
    {0.0323888333333, 0.0235861763587, 0.041191490308, 0.000223142673693,
     0.00133885604216},
    {-0.0144165, -0.0587860740957, 0.0299530740957, 0.441657972211, 0.441657972211},
    {0.0487246666667, -0.00793738497274, 0.105386718306, 0.0780566105407,
     0.234169831622},
    {0.017715, 0.00139478457584, 0.0340352154242, 0.0384324802792, 0.153729921117},
    {-0.0116216666667, -0.0312393756731, 0.00799604233978, 0.188298061322,
     0.376596122644},
};

/* The paired t test, its interval and Holm's adjustment as scipy has them. */
static void test_scipy(void **state)
{
    (void)state;
    struct errinfo e;
    enum { N = sizeof reference_values / sizeof *reference_values };
    static const int want[N] = {SWEEP_LOWER,     SWEEP_HIGHER,    SWEEP_HIGHER,
                                SWEEP_UNDECIDED, SWEEP_UNDECIDED, SWEEP_UNDECIDED,
                                SWEEP_UNDECIDED};
    struct world w = world_new(ONE_ARM("6"));
    const size_t arm = masked_arm(&w);
    struct sweep_effect x[SWEEP_MEASURE_COUNT];
    for (size_t m = 0; m < N; m++) {
        set_pairs(&w, arm, m + 1, 6, reference_values[m][0], reference_values[m][1]);
    }
    assert_ok(sweep_effects(w.p, w.r, arm, x, &e), &e);
    for (size_t m = 0; m < N; m++) {
        const struct sweep_effect *got = &x[m + 1];
        check_near(got->by.mean, reference_effects[m][0], 1e-11);
        check_near(got->by.low, reference_effects[m][1], 1e-11);
        check_near(got->by.high, reference_effects[m][2], 1e-11);
        check_near(got->p / reference_effects[m][3], 1.0, 1e-8);
        check_near(got->p_holm / reference_effects[m][4], 1.0, 1e-8);
        assert_int_equal(sweep_verdict_of(got), want[m]);
    }
    /* The adjustment took this one back. */
    assert_int_equal(sweep_interval_side(&x[6]), 1);
    world_free(&w);
}

/* A run that is missing, or in which a measure is, takes its pair along and no other.
 */
static void test_missing(void **state)
{
    (void)state;
    struct errinfo e;
    struct world w = world_new(ONE_ARM("4"));
    const size_t arm = masked_arm(&w), base = w.p->arm[arm].baseline;
    struct sweep_effect x[SWEEP_MEASURE_COUNT];
    const double before[] = {1, 2, 3, 4}, after[] = {1.5, 2.25, 103, 4.5};
    set_pairs(&w, arm, SWEEP_PROBING_K1, 4, before, after);
    set_pairs(&w, arm, SWEEP_PROBING_K5, 4, before, after);
    run_of(&w, base, 2)->v[SWEEP_PROBING_K5] = (double)NAN;
    assert_ok(sweep_effects(w.p, w.r, arm, x, &e), &e);
    assert_int_equal(x[SWEEP_PROBING_K1].pairs, 4);
    assert_int_equal(x[SWEEP_PROBING_K5].pairs, 3);
    check_near(x[SWEEP_PROBING_K5].by.mean, 1.25 / 3, 1e-12);
    check_near(x[SWEEP_PROBING_K5].before, 7.0 / 3, 1e-12);
    assert_true(sweep_arm_complete(w.p, w.r, arm));
    run_of(&w, arm, 2)->done = false;
    assert_ok(sweep_effects(w.p, w.r, arm, x, &e), &e);
    assert_int_equal(x[SWEEP_PROBING_K1].pairs, 3);
    check_near(x[SWEEP_PROBING_K1].by.mean, 1.25 / 3, 1e-12);
    assert_false(sweep_arm_complete(w.p, w.r, arm));
    assert_false(sweep_arm_compared(w.p, w.r, arm));
    assert_true(sweep_arm_complete(w.p, w.r, base));
    assert_false(sweep_arm_compared(w.p, w.r, base)); /* with what? */
    /* One pair says nothing. */
    run_of(&w, arm, 0)->done = false;
    run_of(&w, base, 1)->done = false;
    assert_ok(sweep_effects(w.p, w.r, arm, x, &e), &e);
    assert_int_equal(x[SWEEP_PROBING_K1].pairs, 1);
    check_near(x[SWEEP_PROBING_K1].by.mean, 0.5, 1e-12);
    assert_true(isnan(x[SWEEP_PROBING_K1].by.low) && isnan(x[SWEEP_PROBING_K1].p));
    assert_int_equal(sweep_verdict_of(&x[SWEEP_PROBING_K1]), SWEEP_TOO_FEW);
    world_free(&w);
}

/* No spread: identical pairs are the same; equal differences are left to the sign test,
 * for which t would be infinite. */
static void test_no_spread(void **state)
{
    (void)state;
    struct errinfo e;
    struct world w = world_new(ONE_ARM("6"));
    const size_t arm = masked_arm(&w);
    struct sweep_effect x[SWEEP_MEASURE_COUNT];
    const double before[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.7};
    double after[6];
    set_pairs(&w, arm, SWEEP_L0_CLEAN, 6, before, before);
    for (int i = 0; i < 6; i++) {
        after[i] = before[i] + 1.0 / 512; /* equal but for rounding */
    }
    set_pairs(&w, arm, SWEEP_DEAD_CLEAN, 6, before, after);
    assert_ok(sweep_effects(w.p, w.r, arm, x, &e), &e);
    const struct sweep_effect *same = &x[SWEEP_L0_CLEAN], *dead = &x[SWEEP_DEAD_CLEAN];
    assert_int_equal(sweep_verdict_of(same), SWEEP_SAME);
    check_near(same->p, 1.0, 0.0);
    check_near(same->by.mean, 0.0, 0.0);
    assert_int_equal(same->lower + same->higher, 0);
    assert_int_equal(dead->higher, 6);
    check_near(dead->p, 1.0 / 32, 1e-15);
    check_near(dead->p_holm, 2.0 / 32, 1e-15);
    check_near(dead->by.mean, 1.0 / 512, 1e-15);
    assert_true(isnan(dead->by.low) && isnan(dead->by.high));
    assert_int_equal(sweep_verdict_of(dead), SWEEP_UNDECIDED);
    assert_int_equal(sweep_interval_side(dead), 0);
    world_free(&w);
}

/* Two arms: in each seed the mean of both, then paired over seeds. */
static void test_average(void **state)
{
    (void)state;
    struct errinfo e;
    struct world w = world_new("{'settings': {'arch': 'topk'}, 'seeds': 3, 'parts': "
                               "{'two': {'k': [4, 8], 'mask.rate': [0, 0.3]}}}");
    struct sweep_effect x[SWEEP_MEASURE_COUNT], one[SWEEP_MEASURE_COUNT];
    size_t masked[2], n = 0;
    for (size_t a = 0; a < w.p->n_arms; a++) {
        if (w.p->arm[a].baseline != SWEEP_NONE) {
            masked[n++] = a;
        }
    }
    assert_int_equal(n, 2);
    const double b0[] = {1, 2, 3}, a0[] = {1.2, 2.2, 3.5};
    const double b1[] = {5, 6, 7}, a1[] = {5.0, 6.2, 7.1};
    set_pairs(&w, masked[0], SWEEP_PROBING_K5, 3, b0, a0);
    set_pairs(&w, masked[1], SWEEP_PROBING_K5, 3, b1, a1);
    set_pairs(&w, masked[1], SWEEP_PROBING_K1, 3, b1, a1);
    assert_ok(sweep_average(w.p, w.r, 0, x, &e), &e);
    const struct sweep_effect *k5 = &x[SWEEP_PROBING_K5];
    assert_int_equal(k5->arm, SWEEP_NONE);
    assert_int_equal(k5->arms, 2);
    assert_int_equal(k5->pairs, 3);
    check_near(k5->before, 4.0, 1e-12);
    check_near(k5->by.mean, 0.2, 1e-12); /* of 0.1, 0.2, 0.3 */
    check_near(k5->p, 1.0 - sqrt(12.0 / 14.0), 1e-10);
    /* A measure that one arm does not have is an average over the other. */
    assert_ok(sweep_effects(w.p, w.r, masked[1], one, &e), &e);
    assert_int_equal(x[SWEEP_PROBING_K1].arms, 1);
    check_near(x[SWEEP_PROBING_K1].p, one[SWEEP_PROBING_K1].p, 0.0);
    /* An arm with a run missing does not count. */
    run_of(&w, masked[0], 1)->done = false;
    assert_ok(sweep_average(w.p, w.r, 0, x, &e), &e);
    assert_int_equal(k5->arms, 1);
    check_near(k5->by.mean, 0.1, 1e-12);
    world_free(&w);
}

/* Seeds are paired by number, not by place. */
static void test_other_seeds(void **state)
{
    (void)state;
    struct errinfo e;
    struct world w = world_new(
        "{'settings': {'arch': 'topk'}, 'parts': {'a': {'seeds': [1, 2, 3, 4, 5], "
        "'mask.rate': 0}, 'b': {'seeds': [4, 2, 9], 'mask.rate': 0.3}}}");
    const size_t arm = masked_arm(&w), base = w.p->arm[arm].baseline;
    struct sweep_effect x[SWEEP_MEASURE_COUNT];
    for (size_t i = 0; i < 5; i++) {
        run_of(&w, base, i)->v[SWEEP_ROBUSTNESS] = (double)(i + 1);
    }
    run_of(&w, arm, 0)->v[SWEEP_ROBUSTNESS] = 2.5; /* seed 2 */
    run_of(&w, arm, 1)->v[SWEEP_ROBUSTNESS] = 5.5; /* seed 4 */
    run_of(&w, arm, 2)->v[SWEEP_ROBUSTNESS] = 70;
    assert_ok(sweep_effects(w.p, w.r, arm, x, &e), &e);
    assert_int_equal(x[SWEEP_ROBUSTNESS].pairs, 2);
    check_near(x[SWEEP_ROBUSTNESS].before, 3.0, 1e-12);
    check_near(x[SWEEP_ROBUSTNESS].by.mean, 1.0, 1e-12);
    world_free(&w);
}

/* ---- how often a verdict is wrong ---- */

/* Draw all measures of the masked arm. `shared`: how much of the noise measures have in
 * common; `grain` > 0: values come in steps of it, as shares of few latents do. */
static void draw(struct world *w, size_t arm, uint64_t at, double effect, double shared,
                 double grain)
{
    const struct sweep_arm *a = &w->p->arm[arm];
    struct rng rng = rng_begin(11, RNG_SAMPLE, at);
    for (size_t i = 0; i < a->n_cells; i++) {
        const double common = rng_normal(&rng);
        for (size_t m = 0; m < SWEEP_MEASURE_COUNT; m++) {
            const double of_seed = rng_normal(&rng); /* which pairing takes out */
            const double noise =
                sqrt(shared) * common + sqrt(1.0 - shared) * rng_normal(&rng);
            const double b = 0.5 + 0.1 * of_seed, d = effect + 0.01 * noise;
            run_of(w, a->baseline, i)->v[m] = grain > 0 ? grain * round(b / grain) : b;
            run_of(w, arm, i)->v[m] =
                grain > 0 ? grain * (round(b / grain) + round(d / grain)) : b + d;
        }
    }
}

/* In how many of n draws an arm gets a verdict on any measure at all. */
static size_t count_verdicts(const char *plan, size_t n, double effect, double shared,
                             double grain)
{
    struct errinfo e;
    struct world w = world_new(plan);
    const size_t arm = masked_arm(&w);
    struct sweep_effect x[SWEEP_MEASURE_COUNT];
    size_t with = 0;
    for (size_t i = 0; i < n; i++) {
        bool any = false;
        draw(&w, arm, i, effect, shared, grain);
        assert_ok(sweep_effects(w.p, w.r, arm, x, &e), &e);
        for (size_t m = 0; m < SWEEP_MEASURE_COUNT; m++) {
            const enum sweep_verdict v = sweep_verdict_of(&x[m]);
            any |= v == SWEEP_LOWER || v == SWEEP_HIGHER;
            assert_true(effect <= 0 || v != SWEEP_LOWER);
        }
        with += any ? 1 : 0;
    }
    world_free(&w);
    return with;
}

/* Without any effect an arm gets a verdict in 5 % of cases at most, by whatever
 * measure: of 600, 30 and a standard deviation of 5. */
static void test_false_verdicts(void **state)
{
    (void)state;
    enum { N = 600, MOST = 46 };
    const size_t alone = count_verdicts(ONE_ARM("5"), N, 0, 0, 0);
    assert_in_range(alone, 14, MOST); /* and Holm is not far from what it may do */
    assert_in_range(count_verdicts(ONE_ARM("5"), N, 0, 0.9, 0), 0, MOST);
    assert_in_range(count_verdicts(ONE_ARM("2"), N, 0, 0.5, 0), 0, MOST);
    assert_in_range(count_verdicts(ONE_ARM("3"), N, 0, 0, 1.0 / 128), 0, MOST);
    assert_in_range(count_verdicts(ONE_ARM("2"), N, 0, 0, 1.0 / 64), 0, MOST);
    /* An effect of three times the spread is found. */
    assert_in_range(count_verdicts(ONE_ARM("6"), 50, 0.03, 0.3, 0), 45, 50);
}

/* ---- tables ---- */

#define MIXED                                                                           \
    "{'settings': {'arch': 'topk'}, 'seeds': 2, 'parts': {"                             \
    "'dose': {'about': 'More and more.', 'mask.rate': [0, 0.1, 0.3], 'k': [4, 8, 16]}," \
    "'long, \"so\" to say;\n|': {'mask.rate': [0, 0.3], 'steps': 3000},"                \
    "'arch': {'arch': 'standard', 'match_l0': 4, 'mask.rate': [0, 0.3]},"               \
    "'text': {'mask.rate': [0, 0.3], 'corpus': 'a|b, *c*\n# d'}}}"

/* Something for every measure but one: lower absorption, higher probing. */
static struct world mixed_world(void)
{
    char json[1024] = MIXED;
    for (char *c = json; *c; c++) { /* a quote and a line end within JSON's strings */
        *c = *c == '"' ? '`' : *c == '\n' ? '\t' : *c;
    }
    char text[2048];
    size_t n = 0;
    for (const char *c = json; *c; c++) {
        const char *put = *c == '`' ? "\\\"" : *c == '\t' ? "\\n" : NULL;
        n += (size_t)snprintf(text + n, sizeof text - n, "%.*s", put ? 2 : 1,
                              put ? put : c);
    }
    struct world w = world_new(text);
    for (size_t i = 0; i < w.p->n_cells; i++) {
        const struct sweep_cell *c = &w.p->cell[i];
        for (size_t m = 0; m < SWEEP_MEASURE_COUNT; m++) {
            const double noise = 1e-7 * rng_unit_at(c->seed, RNG_SAMPLE, c->arm, m);
            const double up = m >= SWEEP_PROBING_K1 ? 1 : -1;
            w.r[i].v[m] =
                0.5 + 0.01 * (double)c->seed + up * 0.1 * c->mask_rate + noise;
        }
        w.r[i].v[SWEEP_L0_CLEAN] = 4;
        w.r[i].v[SWEEP_ABS_SAEBENCH] = (double)NAN;
        w.r[i].matched = true;
    }
    return w;
}

static const char *field(const struct csv_table *t, size_t row, const char *column)
{
    const int col = csv_col(t, column);
    if (col < 0) {
        fail_msg("no column %s", column);
    }
    return csv_at(t, row, (size_t)col);
}

static void test_csv(void **state)
{
    (void)state;
    struct errinfo e;
    struct world w = mixed_world();
    struct csv_table *t = NULL;
    /* cells of the part arch: a search for L0 */
    for (size_t i = 0; i < w.p->n_cells; i++) {
        if (w.p->cell[i].match_l0 > 0) {
            w.r[i].sparsity = 3.25;
            w.r[i].matched = w.p->cell[i].seed != 2;
        }
    }
    w.r[1].done = false;
    char *text = text_of(&w, sweep_csv);
    assert_int_equal(strncmp(text, "mask_rate,k,arch,seed,l0_clean,", 31), 0);
    assert_ok(csv_parse_table(text, strlen(text), "csv", &CSV_LIMITS_DEFAULT, &t, &e),
              &e);
    assert_int_equal(t->rows, w.p->n_cells - 1);
    size_t row = 0;
    for (size_t i = 0; i < w.p->n_cells; i++) {
        const struct sweep_cell *c = &w.p->cell[i];
        if (!w.r[i].done) {
            continue;
        }
        const bool searched = c->match_l0 > 0;
        assert_string_equal(field(t, row, "cell"), c->name);
        check_near(strtod(field(t, row, "mask_rate"), NULL), c->mask_rate, 0);
        check_near(strtod(field(t, row, "seed"), NULL), (double)c->seed, 0);
        check_near(strtod(field(t, row, "explained_variance"), NULL),
                   w.r[i].v[SWEEP_EV], 0);
        assert_string_equal(field(t, row, "l0_clean"), "4");
        assert_string_equal(field(t, row, "absorption_saebench"), "");
        assert_string_equal(field(t, row, "arch"), searched ? "standard" : "topk");
        assert_string_equal(field(t, row, "sparsity"), searched ? "3.25" : "");
        assert_string_equal(field(t, row, "matched"), !searched      ? ""
                                                      : c->seed == 2 ? "no"
                                                                     : "yes");
        if (searched) { /* it has no k */
            assert_string_equal(field(t, row, "k"), "");
        }
        assert_string_equal(field(t, row, "steps_trained"), "1000");
        assert_string_equal(field(t, row, "arm"), w.p->arm[c->arm].label);
        row++;
    }
    assert_string_equal(field(t, 0, "parts"), "dose");
    assert_string_equal(field(t, 0, "steps"), "1500");
    const size_t last = t->rows - 1;
    assert_string_equal(field(t, last, "corpus"), "a|b, *c*\n# d");
    assert_string_equal(field(t, last, "parts"), "text");
    csv_free_table(t);
    free(text);
    world_free(&w);
}

static void test_json(void **state)
{
    (void)state;
    struct errinfo e;
    struct world w = mixed_world();
    cJSON *root = NULL;
    w.r[w.p->n_cells - 1].done = false;
    char *text = text_of(&w, sweep_json);
    assert_ok(json_parse(text, strlen(text), "results.json", &root, &e), &e);
    const cJSON *cells = cJSON_GetObjectItem(root, "cells");
    const cJSON *arms = cJSON_GetObjectItem(root, "arms");
    const cJSON *parts = cJSON_GetObjectItem(root, "parts");
    assert_int_equal(cJSON_GetArraySize(cells), w.p->n_cells);
    assert_int_equal(cJSON_GetArraySize(arms), w.p->n_arms);
    assert_string_equal(
        cJSON_GetObjectItem(cJSON_GetArrayItem(parts, 1), "name")->valuestring,
        "long, \"so\" to say;\n|");
    assert_int_equal(cJSON_GetObjectItem(root, "finished")->valueint, w.p->n_cells - 1);
    const cJSON *first = cJSON_GetArrayItem(cells, 0);
    const cJSON *v = cJSON_GetObjectItem(first, "measures");
    check_near(cJSON_GetObjectItem(v, "probing_k5")->valuedouble,
               w.r[0].v[SWEEP_PROBING_K5], 0);
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(v, "absorption_saebench")));
    const cJSON *last = cJSON_GetArrayItem(cells, (int)w.p->n_cells - 1);
    assert_true(cJSON_IsFalse(cJSON_GetObjectItem(last, "finished")));
    assert_null(cJSON_GetObjectItem(last, "measures"));
    /* Nine masked arms, one of which is not complete. */
    const cJSON *effects = cJSON_GetObjectItem(root, "effects");
    assert_int_equal(cJSON_GetArraySize(effects), 8 * SWEEP_MEASURE_COUNT);
    const cJSON *x = NULL;
    size_t found = 0;
    cJSON_ArrayForEach(x, effects)
    {
        const char *measure = cJSON_GetObjectItem(x, "measure")->valuestring;
        if (strcmp(measure, "l0_clean") == 0) {
            assert_string_equal(cJSON_GetObjectItem(x, "verdict")->valuestring,
                                "the same");
            assert_true(cJSON_IsNull(
                cJSON_GetArrayItem(cJSON_GetObjectItem(x, "interval"), 0)));
            found++;
        }
    }
    assert_int_equal(found, 8);
    cJSON_Delete(root);
    free(text);
    world_free(&w);
}

/* ---- the report ---- */

/* Code points of a line of n bytes, and the bars in it that are not escaped. */
static void line_columns(const char *line, size_t n, size_t *columns, size_t *bars)
{
    *columns = *bars = 0;
    for (size_t i = 0; i < n; i++) {
        *columns += ((unsigned char)line[i] & 0xC0u) != 0x80u ? 1 : 0;
        *bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\') ? 1 : 0;
    }
}

/* Tables are as wide in each of their lines; nothing but tables, and headings, is wider
 * than a terminal; no control character but line ends. */
static void check_layout(const char *text)
{
    size_t wide = 0, bars = 0;
    for (const char *line = text; *line;) {
        const size_t n = strcspn(line, "\n");
        size_t columns = 0, found = 0;
        line_columns(line, n, &columns, &found);
        for (size_t i = 0; i < n; i++) {
            assert_false(iscntrl((unsigned char)line[i]));
        }
        if (n == 0 || line[0] != '|') {
            wide = bars = 0;
            if (columns > 80 && line[0] != '#') {
                fail_msg("%zu columns: %.*s", columns, (int)n, line);
            }
        } else if (wide == 0) {
            wide = columns;
            bars = found;
        } else if (columns != wide || found != bars) {
            fail_msg("%zu columns, %zu bars, expected %zu, %zu: %.*s", columns, found,
                     wide, bars, (int)n, line);
        }
        line += n + (line[n] ? 1 : 0);
    }
}

static void test_markdown(void **state)
{
    (void)state;
    struct world w = mixed_world();
    char *text = text_of(&w, sweep_markdown);
    check_layout(text);
    check_has(text, "30 of 30 runs finished (15 arms; 0.3 hours");
    check_has(text, "Settings: model ");
    check_has(text, "the 6 masked arms of part dose (k 4, 8, 16; p 0.1, 0.3; 2 pairs");
    check_has(text, "Clean L0 of masked and unmasked arms is the same.");
    check_has(text, "- **As the paper reports:** explained variance -0.0200 [-0.0200, "
                    "-0.0200];");
    check_has(text, "absorption, semantic -0.020 [-0.020, -0.020]");
    check_has(text, "- **The reverse of what the paper reports:** probing k=5, OOD gap "
                    "+0.020");
    check_has(text, "- **absorption, SAEBench's form**: not measured in 30 of 30 ");
    check_has_not(text, "To be read with care");
    /* part by part: dose, long, arch, text */
    check_has(text, "| explained variance | lower | **-0.0200** | **-0.0300** | "
                    "**-0.0300** | **-0.0300** |");
    check_has(text, "| L0, clean | | = | = | = | = |");
    check_has(text, "| absorption, SAEBench's form | lower | - | - | - | - |");
    check_has(text, "## Part long, \"so\" to say; \\| ");
    check_has(text, "## Part dose More and more. ");
    check_has(text, "a\\|b, \\*c\\* # d");
    check_has_not(text, "\n# d");
    /* 0.51 and 0.52, less a tenth of 0.3 where masked */
    check_has(text, "| topk k=8 p=0.3 | 0.5150 | 0.4850 | -0.0300 [-0.0300, -0.0300] | "
                    "2/0 | <0.001 | lower |");
    check_has(text, "| explained variance | 0.5150 | 0.4950 | -0.0200 [-0.0200, "
                    "-0.0200] | 2/0 | <0.001 | lower | 6/0/0 | lower |");
    char *again = text_of(&w, sweep_markdown);
    assert_string_equal(text, again);
    free(again);
    free(text);
    world_free(&w);
}

/* What is missing is named, and stands in no table. */
static void test_left_out(void **state)
{
    (void)state;
    struct world w = mixed_world();
    size_t searched = SWEEP_NONE;
    for (size_t i = 0; i < w.p->n_cells; i++) {
        const struct sweep_cell *c = &w.p->cell[i];
        const struct sweep_arm *a = &w.p->arm[c->arm];
        if (strcmp(a->label, "topk k=4 p=0.1") == 0) {
            w.r[i].done = c->seed == 1;
            w.r[i].v[SWEEP_EV] = 777; /* must not show */
        } else if (strcmp(a->label, "topk k=8 p=0") == 0) {
            w.r[i].done = false;
            w.r[i].v[SWEEP_EV] = 777;
        } else if (c->match_l0 > 0 && searched == SWEEP_NONE) {
            searched = i;
            w.r[i].matched = false;
            w.r[i].v[SWEEP_L0_CLEAN] = 5.5;
        }
    }
    char *text = text_of(&w, sweep_markdown);
    check_layout(text);
    check_has_not(text, "777");
    check_has(text, "- **topk k=4 p=0.1**: not finished: seed 2 (1 of 2).");
    check_has(text, "- **topk k=8 p=0**: not finished: seed 1, 2 (2 of 2).");
    check_has(text, "- **topk k=8 p=0.3**: not compared, since its unmasked arm");
    check_has(text, "searched for clean L0 4, stands with 5.50 in seed 1.");
    check_has(text, "An arm with a run missing stands in no mean");
    check_has(text, "the 3 masked arms of part dose (k 4, 16; p 0.1, 0.3; 2 pairs");
    free(text);
    /* Nothing to compare: all tables are made all the same. */
    for (size_t i = 0; i < w.p->n_cells; i++) {
        w.r[i].done = false;
    }
    text = text_of(&w, sweep_markdown);
    check_layout(text);
    check_has(text, "Nothing is compared here: no masked arm is finished together");
    free(text);
    text = text_of(&w, sweep_json);
    free(text);
    text = text_of(&w, sweep_summary);
    check_has(text, "0 of ");
    check_has(text, "Nothing is compared here");
    free(text);
    world_free(&w);
}

/* An average of arms that go opposite ways does not pass for no effect. */
static void test_both_ways(void **state)
{
    (void)state;
    struct world w = mixed_world();
    for (size_t i = 0; i < w.p->n_cells; i++) {
        const struct sweep_cell *c = &w.p->cell[i];
        const char *k = sweep_cell_value(c, "k");
        const double way = k && strcmp(k, "8") == 0 ? 2 : -1;
        w.r[i].v[SWEEP_ROBUSTNESS] =
            0.5 + way * c->mask_rate +
            1e-4 * rng_unit_at(c->seed, RNG_SAMPLE, c->arm, 99);
    }
    char *text = text_of(&w, sweep_markdown);
    check_has(text, "**dose:** Single arms by themselves, after the adjustment: "
                    "robustness to masked context lower in 4 and higher in 2.");
    check_has(text, "| not established | 4/0/2 |");
    free(text);
    world_free(&w);
}

/* Clean L0 that is not the same is said before anything else. */
static void test_confounded(void **state)
{
    (void)state;
    struct world w = mixed_world();
    for (size_t i = 0; i < w.p->n_cells; i++) {
        const struct sweep_cell *c = &w.p->cell[i];
        w.r[i].v[SWEEP_L0_CLEAN] = c->mask_rate > 0.2 ? 5.2 : 4.0;
    }
    char *text = text_of(&w, sweep_markdown);
    check_has(text,
              "**dose:** Clean L0, masked minus unmasked, is +0.60 on average. It "
              "is more than 2 % in 3 of 6 arms (topk k=4 p=0.3: +1.20; topk k=8 "
              "p=0.3: +1.20; topk k=16 p=0.3: +1.20): there a difference may");
    check_has(text, "**arch:** Sparsity was searched for equal clean L0; what is left, "
                    "masked minus unmasked, is +1.20 on average.");
    /* A little is named too, with its interval, and is no warning. */
    for (size_t i = 0; i < w.p->n_cells; i++) {
        const struct sweep_cell *c = &w.p->cell[i];
        w.r[i].v[SWEEP_L0_CLEAN] =
            4 + (c->mask_rate > 0 ? 0.03 + 0.01 * (double)c->seed : 0);
    }
    free(text);
    text = text_of(&w, sweep_markdown);
    check_has(text, "what is left, masked minus unmasked, is +0.04 [-0.02, +0.11] on "
                    "average, and within 2 % in every arm.");
    check_has_not(text, "To be read with care");
    free(text);
    world_free(&w);
}

/* Set a measure: the unmasked arms .5, the i-th compared arm of part 0 that plus by[i],
 * seeds apart by `spread`, which cancels over the arms but for a little. */
static void set_by_arm(struct world *w, size_t m, const double *by, double spread)
{
    size_t n = 0;
    for (size_t i = 0; i < w->p->n_cells; i++) {
        w->r[i].v[m] = 0.5;
    }
    for (size_t i = 0; i < w->p->part[0].n_arms; i++) {
        const size_t arm = w->p->part[0].arm[i];
        if (w->p->arm[arm].baseline == SWEEP_NONE) {
            continue;
        }
        for (size_t j = 0; j < w->p->arm[arm].n_cells; j++) {
            const double way = j % 2 ? spread : -spread;
            const double little = n == 0 && j == 1 ? 1e-4 : 0;
            run_of(w, arm, j)->v[m] = 0.5 + by[n] + (n % 2 ? way : -way) + little;
        }
        n++;
    }
}

/* One arm that makes an average is named, and the average without it stands beside. */
static void test_outlier(void **state)
{
    (void)state;
    struct world w = mixed_world();
    const double by[] = {-0.01, -0.02, -0.01, -0.02, -3.0, -0.01};
    const double not_by[] = {-0.01, -0.02, -0.01, -0.02, -0.09, -0.01};
    set_by_arm(&w, SWEEP_EV_OOD, by, 0.001);
    char *text = text_of(&w, sweep_markdown);
    check_layout(text);
    /* (5 x -0.014 - 3) / 6 */
    check_has(text, "**dose:** explained variance OOD: the average -0.5117 [");
    check_has(text, "is mostly that of topk k=8 p=0.3, -3.0000 [");
    check_has(text, "; over the other 5 arms it is -0.0140 [");
    check_has(text, "| - without topk k=8 p=0.3 | 0.5000 | 0.4860 | -0.0140 [");
    check_has(text, "| explained variance OOD | | **-0.5117**† |");
    free(text);
    set_by_arm(&w, SWEEP_EV_OOD, not_by, 0.001);
    text = text_of(&w, sweep_markdown); /* 4.5 times as much is one of them */
    check_has_not(text, "- without");
    check_has_not(text, "**†");
    free(text);
    world_free(&w);
}

/* An average may be established where no arm is by itself: that is said to be after the
 * adjustment, and how it was before it. */
static void test_no_single_arm(void **state)
{
    (void)state;
    struct world w = mixed_world();
    const double by[] = {-0.02, -0.02, -0.02, -0.02, -0.02, -0.02};
    set_by_arm(&w, SWEEP_ABSORPTION, by, 0.01); /* opposite in every other arm */
    char *text = text_of(&w, sweep_markdown);
    check_has(text, "**dose:** Single arms by themselves, after the adjustment: "
                    "absorption, semantic lower in none (before it in 0 of 6).");
    free(text);
    world_free(&w);
}

static void test_summary(void **state)
{
    (void)state;
    struct world w = mixed_world();
    char *text = text_of(&w, sweep_summary);
    check_layout(text);
    check_has(text, "Masking, over the 6 masked arms of part dose");
    check_has(text, " probing k=5 +0.020 [+0.020, +0.020] higher 0/0/6");
    check_has_not(text, "SAEBench");
    free(text);
    world_free(&w);
    w = world_new("{'seeds': 1, 'parts': {'a': {'mask.rate': 0.3}}}");
    text = text_of(&w, sweep_summary);
    check_has(text, "1 of 1 runs finished.");
    free(text);
    text = text_of(&w, sweep_markdown);
    check_has(text, "Nothing is compared here");
    check_has(text, "no unmasked arm was planned");
    check_has(text, "#### explained variance | arm | mean ± sd |");
    check_layout(text);
    free(text);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paired_t),       cmocka_unit_test(test_scipy),
        cmocka_unit_test(test_missing),        cmocka_unit_test(test_no_spread),
        cmocka_unit_test(test_average),        cmocka_unit_test(test_other_seeds),
        cmocka_unit_test(test_false_verdicts), cmocka_unit_test(test_csv),
        cmocka_unit_test(test_json),           cmocka_unit_test(test_markdown),
        cmocka_unit_test(test_left_out),       cmocka_unit_test(test_both_ways),
        cmocka_unit_test(test_confounded),     cmocka_unit_test(test_outlier),
        cmocka_unit_test(test_no_single_arm),  cmocka_unit_test(test_summary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
