/* What saetop doctor measures (core/run/doctor.h), and a run says before it begins
 * (core/run/run_cost.h): in as many rows as a run's
 * threads take, with the further hooks of its cache but without writing one, and held
 * against all the memory that a run would have. */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/room.h"
#include "num/blas.h"
#include "run/doctor.h"
#include "run/engine.h"
#include "unit/sample_settings.h"

#include <math.h>

static struct doctor look(const struct settings *set)
{
    struct doctor d;
    struct errinfo e;
    assert_ok(doctor_look(set, &d, &e), &e);
    assert_true(d.cost.tokens_per_second > 0 && d.cost.step_seconds > 0);
    assert_true(d.cost.timed && d.cost.seconds > 0 && d.in->text.clean > 0);
    return d;
}

/* What the process holds already, weights among it, is there for a run as well. */
static void room_is_that_of_a_run(void **state)
{
    (void)state;
    const size_t held = (size_t)256 << 20;
    const struct settings set = sample_settings(4);
    char *x = mem_alloc(held, 1);
    assert_non_null(x);
    memset(x, 1, held);
    struct doctor d = look(&set);
    const size_t may_take = room_bytes();
    assert_true(may_take == SIZE_MAX || d.cost.room > may_take + held / 2);
    assert_int_equal(x[held / 2], 1);
    mem_free(x);
    doctor_deinit(&d);
}

/* A share for every thread, in the groups that a run takes; no more than it fills. */
static void rows_follow_threads(void **state)
{
    (void)state;
    struct settings set = sample_settings(4);
    set.threads = 3;
    set.fill_rows = 8;
    struct doctor d = look(&set);
    assert_int_equal(d.cost.rate_rows, 8);
    doctor_deinit(&d);
    set.fill_rows = 1000;
    d = look(&set);
    assert_int_equal(d.cost.rate_rows, 3 * lm_group_rows((size_t)d.in->set.context));
    doctor_deinit(&d);
}

/* A run that keeps further hooks runs the model to the last of them. */
static void caches_are_not_written(void **state)
{
    (void)state;
    char dir[256], cache[512];
    struct errinfo e;
    struct doctor d;
    struct settings set = sample_settings(4);
    tmp_make(dir, sizeof dir);
    tmp_path(cache, dir, "cache");
    struct doctor plain = look(&set);
    snprintf(set.cache, sizeof set.cache, "%.250s", cache);
    snprintf(set.cache_hooks, sizeof set.cache_hooks, "blocks.3.hook_mlp_out");
    d = look(&set);
    assert_false(file_exists(cache));
    assert_int_equal(d.in->n_kept, 1);
    assert_true(d.cost.bytes > plain.cost.bytes);
    doctor_deinit(&plain);
    doctor_deinit(&d);
    snprintf(set.cache_hooks, sizeof set.cache_hooks, "blocks.9.hook_mlp_out");
    check_error(doctor_look(&set, &d, &e), ERR_USAGE, &e,
                "the model's blocks are 0 to 3");
    tmp_drop(dir);
}

/* ---- before a run ---- */

struct told {
    struct run_cost cost[4];
    bool had_weights[4];
    struct cost_line line[COST_LINES]; /* of the last */
    size_t n, lines;
};

static void on_cost(void *user, const struct inputs *in, const struct run_cost *cost)
{
    struct told *t = user;
    assert_true(t->n < 4);
    t->cost[t->n] = *cost;
    t->had_weights[t->n++] = in->h != NULL;
    t->lines = run_cost_lines(cost, in, t->line);
}

static bool has_line(const struct told *t, const char *label, const char *part)
{
    for (size_t i = 0; i < t->lines; i++) {
        if (!strcmp(t->line[i].label, label) && strstr(t->line[i].text, part)) {
            return true;
        }
    }
    return false;
}

/* A run says what doctor says, memory before there are weights and arms, then time,
 * which stays in its events. */
static void a_run_says_the_same(void **state)
{
    (void)state;
    struct errinfo e;
    struct told told = {.n = 0};
    struct engine *g = NULL;
    struct settings set = sample_settings(4);
    set.twin = TWIN_UNMASKED;
    const struct engine_setup s = {.set = &set, .cost = on_cost, .user = &told};
    struct doctor d = look(&set);
    assert_ok(engine_open(&s, &g, &e), &e);
    assert_int_equal(told.n, 2);
    assert_false(told.had_weights[0] || told.cost[0].timed);
    assert_true(told.had_weights[1] && told.cost[1].timed);
    assert_true(told.cost[0].bytes == d.cost.bytes);
    assert_true(told.cost[1].bytes == d.cost.bytes);
    assert_true(engine_bytes(g) == d.cost.bytes); /* of the arms that there are */
    assert_int_equal(told.cost[1].arms, 2);
    assert_true(told.cost[1].seconds > 0 && told.cost[1].step_seconds > 0);
    assert_true(has_line(&told, "takes", " of memory"));
    assert_true(has_line(&told, "run", ", 2 arms; 4 steps of "));
    assert_true(has_line(&told, "hook", " tokens/s on "));
    assert_true(has_line(&told, "text", " tokens a word"));
    for (size_t a = 0; a < 2; a++) {
        const struct history *h = &g->arm[a].history;
        assert_int_equal(h->events, 2);
        assert_string_equal(h->event[1].kind, "estimate");
        assert_string_equal(h->event[1].detail, told.line[0].text);
    }
    engine_free(g);
    doctor_deinit(&d);
}

/* Nothing is taken for a run that does not fit. */
static void what_does_not_fit_is_not_made(void **state)
{
    (void)state;
    struct errinfo e;
    struct told told = {.n = 0};
    struct engine *g = NULL;
    struct settings set = sample_settings(4);
    const struct engine_setup s = {.set = &set, .cost = on_cost, .user = &told};
    if (room_bytes() > (size_t)130000000000) {
        skip();
    }
    set.width = 33000000; /* some 130 GB */
    check_error(engine_open(&s, &g, &e), ERR_LIMIT, &e, "1 arm needs about ");
    assert_int_equal(told.n, 1);
    assert_false(told.had_weights[0]);
    assert_true(has_line(&told, "memory", "not enough: "));
    assert_true(told.line[1].warns && told.line[1].gap);
}

/* Nearly all of the memory is a warning, as the peak may be more. */
static void little_room_is_a_warning(void **state)
{
    (void)state;
    const struct settings set = sample_settings(4);
    struct doctor d = look(&set);
    struct told told = {.n = 0};
    d.cost.room = SIZE_MAX;
    on_cost(&told, d.in, &d.cost);
    assert_false(has_line(&told, "memory", ""));
    assert_true(has_line(&told, "loss", " nats a token"));
    d.cost.room = d.cost.bytes + d.cost.bytes / 4;
    on_cost(&told, d.in, &d.cost);
    assert_true(has_line(&told, "memory", "it may run short: "));
    d.cost.room = d.cost.bytes - 1;
    d.cost.seconds = (double)NAN;
    on_cost(&told, d.in, &d.cost);
    assert_true(has_line(&told, "memory", "not enough: "));
    assert_true(has_line(&told, "takes", "; how long cannot be measured in it"));
    doctor_deinit(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(room_is_that_of_a_run),
        cmocka_unit_test(rows_follow_threads),
        cmocka_unit_test(caches_are_not_written),
        cmocka_unit_test(a_run_says_the_same),
        cmocka_unit_test(what_does_not_fit_is_not_made),
        cmocka_unit_test(little_room_is_a_warning),
    };
    num_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
