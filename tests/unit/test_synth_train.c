/* [threads] Training on known features: what is served, and that the ordinary trainer's
 * promises hold on it: any number of threads, resume, twins, every architecture. */
#include "base/mem.h"
#include "num/blas.h"
#include "train/settings_synth.h"
#include "unit/run_engine.h"
#include "unit/sample_settings.h"

#include <math.h>

#define STEPS 20

/* Sequences, so that rows are served in mixed order; blocks run out on the way. */
static struct settings small(void)
{
    struct settings s;
    struct errinfo e;
    static const char *const set[][2] = {{"source", "synthetic"},
                                         {"synthetic.d", "24"},
                                         {"synthetic.parents", "3"},
                                         {"synthetic.children", "2"},
                                         {"synthetic.others", "6"},
                                         {"synthetic.sequence", "2"},
                                         {"synthetic.carry", "0.5"},
                                         {"synthetic.keep_parent", "0.5"},
                                         {"synthetic.eval_rows", "500"},
                                         {"k", "2"},
                                         {"steps", "20"},
                                         {"batch", "96"},
                                         {"eval.every", "10"},
                                         {"log.every", "5"},
                                         {"mask.schedule", "linear"},
                                         {"mask.rate_end", "0.1"},
                                         {"synthetic.correlation", "0.5"}};
    settings_init(&s);
    for (size_t i = 0; i < sizeof set / sizeof set[0]; i++) {
        assert_ok(settings_set(&s, set[i][0], set[i][1], from_program("test"), &e), &e);
    }
    assert_ok(settings_synth_defaults(&s, &e), &e);
    return s;
}

static void assert_same_weights(const struct engine *a, const struct engine *b)
{
    assert_int_equal(a->n_arms, b->n_arms);
    for (size_t i = 0; i < a->n_arms; i++) {
        const struct sae *x = a->arm[i].arm->sae, *y = b->arm[i].arm->sae;
        assert_int_equal(x->count, y->count);
        assert_memory_equal(x->arena, y->arena, x->count * sizeof *x->arena);
    }
}

/* ---- settings ---- */

static void the_defaults_are_the_source_s(void **state)
{
    (void)state;
    struct settings s;
    struct errinfo e;
    settings_init(&s);
    const struct synth_config c = settings_synth(&s), d = synth_defaults();
#define SAME(field) assert_true(fabs((double)c.field - (double)d.field) < 1e-12)
    SAME(D), SAME(parents), SAME(children), SAME(others), SAME(parent_rate);
    SAME(other_rate), SAME(child_share), SAME(zipf), SAME(magnitude), SAME(spread);
    SAME(correlation), SAME(factors), SAME(loadings), SAME(correlated);
    SAME(context_share), SAME(context_rate), SAME(context), SAME(sequence);
    SAME(content), SAME(carry), SAME(masked), SAME(keep_parent), SAME(mask_feature);
#undef SAME
    assert_ok(settings_set(&s, "k", "5", from_program("test"), &e), &e);
    assert_ok(settings_synth_defaults(&s, &e), &e);
    assert_int_equal(s.width, 8 * 6 + 24 + 1);
    assert_int_equal(s.k, 5); /* what was named stays */
    assert_string_equal(s.arch, "topk");
    for (size_t i = 0; i < 2; i++) {
        const struct setting_def *def =
            setting_find(i ? "synthetic.zipf" : "synthetic.eval_rows");
        assert_int_equal(def->scope, i ? SETTING_OF_RUN : SETTING_OF_FREE);
    }
    assert_ok(settings_need_text(&s, "explore", &e), &e);
    s.source = SOURCE_SYNTHETIC;
    check_error(settings_need_text(&s, "explore", &e), ERR_USAGE, &e, "no text");
}

/* ---- what is served ---- */

enum { BATCH = 64, D = 24, T = 2 };

/* The number of the row that x is, among the first n rows at a rate; SIZE_MAX: none. */
static size_t find_row(const float *rows, size_t n, const float *x)
{
    for (size_t i = 0; i < n; i++) {
        if (memcmp(rows + i * D, x, D * sizeof *x) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

static struct synth_stream *stream(const struct synth *s, bool drop, bool mix)
{
    struct errinfo e;
    struct synth_stream *m = NULL;
    const struct synth_stream_config c = {.batch = BATCH,
                                          .order_seed = synth_config_of(s)->seed,
                                          .scale = 1.0f,
                                          .drop_masked = drop,
                                          .mix = mix};
    assert_ok(synth_stream_new(s, &c, &m, &e), &e);
    return m;
}

/* For rows in sequences, and for rows without. */
static void another_seed_serves_the_same_rows_in_another_order(void **state)
{
    (void)state;
    for (size_t sequence = 1; sequence <= 2; sequence++) {
        enum { MOST = 8192 };
        struct errinfo e;
        const struct settings set = small();
        struct synth_config c = settings_synth(&set);
        c.sequence = sequence;
        c.correlation = 0.0;
        c.others = 24;
        c.other_rate = 0.5;
        const size_t n = sequence > 1 ? 512 * sequence : MOST;
        struct synth *s = NULL;
        assert_ok(synth_new(&c, &s, &e), &e);
        float *x = mem_alloc(MOST * D, 4), *y = mem_alloc(MOST * D, 4);
        double sum[2] = {0, 0};
        size_t in_place = 0;
        struct synth_stream_config own = {
            .batch = 64, .order_seed = c.seed, .scale = 1};
        struct synth_stream *a = NULL, *b = NULL, *late = NULL;
        assert_ok(synth_stream_new(s, &own, &a, &e), &e);
        own.order_seed = c.seed + 1;
        assert_ok(synth_stream_new(s, &own, &b, &e), &e);
        for (size_t i = 0; i < n; i += 64) {
            memcpy(x + i * D, synth_stream_next(a), 64 * D * sizeof *x);
            memcpy(y + i * D, synth_stream_next(b), 64 * D * sizeof *y);
        }
        for (size_t i = 0; i < n; i++) {
            in_place += memcmp(x + i * D, y + i * D, D * sizeof *x) == 0;
            for (size_t d = 0; d < D; d++) {
                sum[0] += (double)x[i * D + d] * (double)x[i * D + d];
                sum[1] += (double)y[i * D + d] * (double)y[i * D + d];
            }
        }
        assert_true(in_place < n / 50);
        assert_true(fabs(sum[0] - sum[1]) < 1e-9 * sum[0]); /* the same rows */
        for (size_t i = 0; i < 20; i++) {
            assert_true(find_row(y, n, x + i * D) < n);
        }
        const struct stream_pos pos = synth_stream_tell(b);
        assert_ok(synth_stream_new(s, &own, &late, &e), &e);
        synth_stream_seek(late, &pos);
        assert_memory_equal(synth_stream_next(b), synth_stream_next(late),
                            64 * D * sizeof *x);
        mem_free(x);
        mem_free(y);
        synth_stream_free(a);
        synth_stream_free(b);
        synth_stream_free(late);
        synth_free(s);
    }
}

static void rows_are_served_once_in_one_order_for_all_masks(void **state)
{
    (void)state;
    enum { N = 512 * T }; /* a block */
    struct errinfo e;
    const struct settings set = small();
    struct synth_config c = settings_synth(&set);
    c.correlation = 0.0;
    c.others = 24; /* so that no row is empty */
    c.other_rate = 0.5;
    struct synth *s = NULL;
    assert_ok(synth_new(&c, &s, &e), &e);
    float *clean = mem_alloc(N * D, 4), *masked = mem_alloc(N * D, 4);
    uint8_t *seen = mem_alloc(N, 1);
    size_t *order = mem_alloc(N, sizeof *order);
    synth_rows(s, 0.0, 0, N, clean, NULL);
    synth_rows(s, 0.4, 0, N, masked, NULL);
    struct synth_stream *m = stream(s, false, false);
    for (size_t b = 0; b < N / BATCH; b++) {
        const float *x = synth_stream_next(m);
        for (size_t i = 0; i < BATCH; i++) {
            const size_t row = find_row(clean, N, x + i * D);
            assert_true(row < N && !seen[row]);
            seen[row] = 1;
            order[b * BATCH + i] = row;
        }
    }
    size_t in_place = 0;
    for (size_t i = 0; i < N; i++) {
        in_place += order[i] == i;
    }
    assert_true(in_place < 10);
    const struct stream_stats st = synth_stream_stats(m);
    assert_int_equal(st.tokens_read, N);
    synth_stream_free(m);

    for (int mode = 0; mode < 3; mode++) {
        const bool drop = mode == 1, mix = mode == 2;
        m = stream(s, drop, mix);
        synth_stream_set_rate(m, 0.4);
        size_t at = 0, went = 0;
        for (size_t b = 0; b < N / BATCH / 2; b++) {
            const float *x = synth_stream_next(m);
            for (size_t i = 0; i < BATCH; i++, at++) {
                while (drop && synth_is_masked(s, 0.4, order[at])) {
                    at++;
                    went++;
                }
                const bool hit = synth_is_masked(s, 0.4, order[at]);
                const float *want = (mix && !hit ? clean : masked) + order[at] * D;
                assert_memory_equal(x + i * D, want, D * sizeof *want);
                went += hit;
            }
        }
        const struct stream_stats masks = synth_stream_stats(m);
        assert_int_equal(masks.tokens_read, at);
        assert_true(fabs((double)went / (double)at - 0.4) < 0.08);
        /* A fork goes on from the same place, at its own rate. */
        struct synth_stream *twin = NULL;
        assert_ok(synth_stream_fork(m, 0.0, &twin, &e), &e);
        assert_memory_equal(synth_stream_next(twin), clean + order[at] * D,
                            D * sizeof *clean);
        synth_stream_free(twin);
        synth_stream_free(m);
    }
    mem_free(clean);
    mem_free(masked);
    mem_free(seen);
    mem_free(order);
    synth_free(s);
}

/* ---- runs ---- */

static void threads_do_not_change_the_weights(void **state)
{
    (void)state;
    struct settings s = small();
    s.twin = TWIN_UNMASKED;
    s.threads = 1;
    struct engine *one = start_engine(&s);
    s.threads = 3;
    struct engine *three = start_engine(&s);
    run_engine_to(one, STEPS);
    run_engine_to(three, STEPS);
    assert_same_weights(one, three);
    assert_int_equal(one->n_arms, 2);
    assert_true(engine_bytes(one) > 0);
    engine_free(one);
    engine_free(three);
}

static void a_resumed_run_ends_with_the_same_bytes(void **state)
{
    (void)state;
    static const int64_t stops[] = {1, 7, 11, 19};
    char dir[256], run[512];
    struct errinfo e;
    struct settings set = small(), given;
    set.twin = TWIN_UNMASKED;
    set.mask_positions = POSITIONS_DROP;
    struct engine *whole = start_engine(&set);
    run_engine_to(whole, STEPS);
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    struct engine *g = start_engine(&set);
    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
        run_engine_to(g, stops[i]);
        assert_ok(engine_save(g, run, &e), &e);
        engine_free(g);
        g = NULL;
        assert_ok(engine_resume(run, NULL, "", NULL, &g, &e), &e);
        assert_int_equal(engine_step_count(g), stops[i]);
    }
    engine_free(g);
    settings_init(&given);
    assert_ok(settings_set(&given, "synthetic.zipf", "1", from_program("test"), &e),
              &e);
    check_error(engine_resume(run, &given, "", NULL, &g, &e), ERR_USAGE, &e,
                "synthetic.zipf is '0.5' in this run");
    assert_ok(engine_resume(run, NULL, "", NULL, &g, &e), &e);
    run_engine_to(g, STEPS);
    assert_same_weights(whole, g);
    assert_int_equal(g->arm[0].history.rows, whole->arm[0].history.rows);
    engine_free(whole);
    engine_free(g);
    char command[600];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
}

/* The columns of a row are the figures of the truth, and eval.json is written. */
static void arms_are_held_against_the_truth(void **state)
{
    (void)state;
    char dir[256], run[512], file[600];
    struct errinfo e;
    const struct settings set = small();
    struct engine *g = start_engine(&set);
    run_engine_to(g, STEPS);
    const struct engine_arm *a = &g->arm[0];
    const struct metric_row *row = &a->history.row[a->history.rows - 1];
    const struct figure *f = report_find(&a->report, "truth.absorption");
    assert_non_null(f);
    assert_true(fabs(row->v[METRIC_ABSORPTION] - f->v.value) < 1e-12);
    assert_true(fabs(row->v[METRIC_RECALL] -
                     (1.0 - report_find(&a->report, "truth.silent")->v.value)) < 1e-12);
    assert_true(isfinite(row->v[METRIC_EV]) && isfinite(row->v[METRIC_L0_CLEAN]));
    assert_true(isnan(row->v[METRIC_CE_REC]) && isnan(row->v[METRIC_EV_OOD]));
    size_t evaluated = 0;
    for (size_t r = 0; r < a->history.rows; r++) {
        evaluated += isfinite(a->history.row[r].v[METRIC_EV]) ? 1 : 0;
    }
    assert_int_equal(evaluated, 2); /* steps 10 and 20 */

    /* The saved run measured again gives the same. */
    struct run_record rec;
    struct truth_set *truth = NULL;
    struct report again;
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    assert_ok(engine_save(g, run, &e), &e);
    snprintf(file, sizeof file, "%s/eval.json", run);
    cJSON *tree = NULL;
    assert_ok(json_load(file, 1 << 20, &tree, &e), &e);
    assert_non_null(cJSON_GetObjectItem(tree, "truth"));
    cJSON_Delete(tree);
    assert_ok(rundir_load(run, &rec, &e), &e);
    report_init(&again, 1);
    assert_ok(truth_set_new(g->in->synth, 500, &truth, &e), &e);
    assert_ok(truth_measure(truth, rec.sae, NULL, &again, &e), &e);
    for (size_t i = 0; i < again.n; i++) {
        const struct figure *was = report_find(&a->report, again.fig[i].path);
        assert_non_null(was);
        assert_true(!(fabs(was->v.value - again.fig[i].v.value) > 1e-4));
    }
    report_deinit(&again);
    truth_set_free(truth);
    run_record_deinit(&rec);
    engine_free(g);
    char command[600];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
}

static void every_architecture_trains_on_it(void **state)
{
    (void)state;
    char names[512], *save = NULL;
    size_t n = 0;
    snprintf(names, sizeof names, "%s", sae_arch_names());
    for (char *a = strtok_r(names, ", ", &save); a; a = strtok_r(NULL, ", ", &save)) {
        struct settings s = small();
        struct errinfo e;
        assert_ok(settings_set(&s, "arch", a, from_program("test"), &e), &e);
        struct engine *g = start_engine(&s);
        run_engine_to(g, 10);
        assert_true(g->arm[0].evaluated);
        engine_free(g);
        n++;
    }
    assert_true(n >= 5);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_are_the_source_s),
        cmocka_unit_test(another_seed_serves_the_same_rows_in_another_order),
        cmocka_unit_test(rows_are_served_once_in_one_order_for_all_masks),
        cmocka_unit_test(threads_do_not_change_the_weights),
        cmocka_unit_test(a_resumed_run_ends_with_the_same_bytes),
        cmocka_unit_test(arms_are_held_against_the_truth),
        cmocka_unit_test(every_architecture_trains_on_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
