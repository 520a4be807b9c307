/* Training on activations made elsewhere: which side an arm sees, which rates there
 * are, that a resume comes to the same bits, and what is measured. */
#include "eval/acts_bench.h"
#include "num/blas.h"
#include "train/settings_shards.h"
#include "unit/run_engine.h"
#include "unit/session_viewer.h"
#include "unit/tiny_shards.h"

#include <math.h>
#include <unistd.h>

static char dir[512], out[520];

/* A shard of 300 vectors with all parts. */
static const struct tiny_shard whole_shard = {.n = 300,
                                              .masked = true,
                                              .tokens = true,
                                              .flags = true,
                                              .rate = "0.25",
                                              .type = ST_F32};

/* Three shards like `s`, one behind another. */
static void write_three(struct tiny_shard s)
{
    static const char *const names[] = {"a.safetensors", "b.safetensors",
                                        "c.safetensors"};
    for (size_t i = 0; i < 3; i++, s.first += s.n) {
        tiny_write(dir, names[i], &s);
    }
}

/* 900 vectors in three shards; the masked side stands half a unit away. */
static int make(void **state)
{
    (void)state;
    tmp_make_in_memory(dir, sizeof dir);
    snprintf(out, sizeof out, "%s-run", dir);
    write_three(whole_shard);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    tmp_drop(dir);
    return 0;
}

static struct settings given(const char *const (*more)[2], size_t n)
{
    static const char *const set[][2] = {
        {"context", "10"},  {"fill_rows", "4"}, {"batch", "16"}, {"steps", "24"},
        {"width", "8"},     {"arch", "topk"},   {"k", "2"},      {"eval.every", "12"},
        {"log.every", "6"}, {"eval.rows", "3"}, {"threads", "2"}};
    struct settings s;
    struct errinfo e;
    settings_init(&s);
    for (size_t i = 0; i < sizeof set / sizeof set[0]; i++) {
        assert_ok(settings_set(&s, set[i][0], set[i][1], from_program("test"), &e), &e);
    }
    assert_ok(settings_set(&s, "activations", dir, from_user("test"), &e), &e);
    for (size_t i = 0; i < n; i++) {
        assert_ok(settings_set(&s, more[i][0], more[i][1], from_user("test"), &e), &e);
    }
    return s;
}

static struct settings ready(const char *const (*more)[2], size_t n)
{
    struct errinfo e;
    struct settings s = given(more, n);
    assert_ok(settings_shards_defaults(&s, &e), &e);
    return s;
}

/* ---- settings ---- */

static void the_files_say_what_nobody_named(void **state)
{
    (void)state;
    static const char *const other[][2] = {{"mask.rate", "0.3"}};
    static const char *const none[][2] = {{"mask.rate", "0"}};
    static const char *const moving[][2] = {{"mask.schedule", "linear"}};
    static const char *const model[][2] = {{"model", "samples/model"}};
    struct errinfo e = {0};
    struct inputs *in = NULL;
    struct settings s = ready(NULL, 0);
    assert_int_equal(s.source, SOURCE_ACTIVATIONS);
    assert_true(fabs(s.mask_rate - 0.25) < 1e-12);
    assert_string_equal(s.hook, "activations");
    s = ready(none, 1);
    assert_true(s.mask_rate == 0.0);
    s = ready(other, 1);
    struct engine *g = NULL;
    assert_int_equal(inputs_new(&s, NULL, &in, &e), ERR_USAGE);
    assert_non_null(strstr(e.msg, "found 0.3, expected 0 or 0.25"));
    s = ready(moving, 1);
    check_error(inputs_new(&s, NULL, &in, &e), ERR_USAGE, &e, "mask.schedule");
    s = given(model, 1);
    check_error(settings_shards_defaults(&s, &e), ERR_USAGE, &e, "model");
    s = ready(NULL, 0);
    g = start_engine(&s);
    check_error(engine_set_mask(g, 0, 0.5, 0, &e), ERR_USAGE, &e, "expected 0 or 0.25");
    assert_ok(engine_set_mask(g, 0, 0.0, 0, &e), &e);
    assert_ok(engine_set_mask(g, 0, 0.25, 0, &e), &e);
    engine_free(g);
}

/* Masked positions that no file marks cannot be dropped, whether the arm masks from its
 * first step on or is given the files' rate later. */
static void positions_take_flags(void **state)
{
    (void)state;
    static const char *const rates[] = {"0.25", "0"}, *const rules[] = {"drop", "mix"};
    struct tiny_shard s = whole_shard;
    s.flags = false;
    write_three(s);
    for (size_t i = 0; i < 4; i++) {
        const char *const more[][2] = {{"mask.rate", rates[i / 2]},
                                       {"mask.positions", rules[i % 2]}};
        struct errinfo e = {0};
        struct inputs *in = NULL;
        const struct settings set = ready(more, 2);
        check_error(inputs_new(&set, NULL, &in, &e), ERR_USAGE, &e,
                    "does not say which positions are masked");
    }
}

/* Rows of files may be so long that 64 of them are more than memory holds: the scale is
 * of the first few that training reads. */
static void long_rows_are_scaled_by_few(void **state)
{
    (void)state;
    static const char *const names[] = {"a.safetensors", "b.safetensors",
                                        "c.safetensors", "d.safetensors"};
    enum { LONG = 4096, FEW = 8192 / LONG };
    static float x[FEW * LONG * TINY_D];
    const char *const more[][2] = {{"context", "4096"}, {"mask.rate", "0"}};
    struct tiny_shard s = {.n = LONG, .type = ST_F32};
    struct inputs *in = NULL;
    struct errinfo e = {0};
    for (size_t i = 0; i < 4; i++, s.first += s.n) {
        tiny_write(dir, names[i], &s);
    }
    const struct settings set = ready(more, 2);
    assert_ok(inputs_new(&set, NULL, &in, &e), &e);
    for (uint64_t i = 0; i < FEW; i++) { /* of three to train on */
        assert_ok(shards_get(in->shards, SHARDS_CLEAN,
                             shards_row_at(in->shards, (uint64_t)set.seed, i),
                             x + i * LONG * TINY_D, &e),
                  &e);
    }
    assert_true(fabsf(in->scale / acts_scale(x, FEW * LONG, TINY_D) - 1) < 1e-5f);
    inputs_free(in);
}

/* ---- sides ---- */

/* Share of a batch's vectors that are of the masked side. */
static double masked_share(struct engine *g, size_t arm)
{
    const float *x = NULL;
    struct errinfo e;
    size_t n = 0;
    assert_ok(source_next(g->arm[arm].arm->source, &x, &e), &e);
    for (size_t i = 0; i < 16; i++) {
        const float v = x[i * TINY_D] / g->in->scale;
        const float part = v - floorf(v + 0.01f);
        n += part > 0.25f;
    }
    return (double)n / 16;
}

static void arms_see_their_sides(void **state)
{
    (void)state;
    static const char *const twin[][2] = {{"twin", "unmasked"},
                                          {"normalize_activations", "none"}};
    const struct settings s = ready(twin, 2);
    struct engine *g = start_engine(&s);
    assert_int_equal(g->n_arms, 2);
    assert_true(masked_share(g, 0) == 1.0);
    assert_true(masked_share(g, 1) == 0.0);
    assert_true(arm_rate_in_use(g->arm[0].arm) > 0);
    assert_true(arm_rate_in_use(g->arm[1].arm) == 0.0);
    engine_free(g);
}

/* ---- what is measured ---- */

/* With the folder of its twin. */
static void drop_run(void)
{
    char arms[512], twin[512];
    tmp_path(arms, out, "arms");
    tmp_drop(tmp_path(twin, arms, "twin"));
    tmp_drop(arms);
    tmp_drop(out);
}

/* Rows that are evaluated are counted: their activations, and codes of k latents each,
 * three times a number and an index. */
static void check_bytes(struct engine *g)
{
    const size_t more = 5, before = engine_bytes(g), T = 10, k = 2;
    g->in->set.eval_rows += (int64_t)more;
    assert_int_equal(engine_bytes(g) - before,
                     acts_bench_bytes(more, T, TINY_D) + more * T * k * 3 * 8);
    g->in->set.eval_rows -= (int64_t)more;
}

static void measures_without_a_model(void **state)
{
    (void)state;
    const struct settings s = ready(NULL, 0);
    struct errinfo e;
    struct engine *g = start_engine(&s);
    run_engine_to(g, s.steps);
    const struct history *h = &g->arm[0].history;
    const struct metric_row *last = &h->row[h->rows - 1];
    assert_true(isfinite(last->v[METRIC_EV]) && last->v[METRIC_EV] <= 1.0);
    assert_true(last->v[METRIC_L0_CLEAN] > 0 && last->v[METRIC_L0_CLEAN] <= 2.0);
    assert_true(isnan(last->v[METRIC_CE_REC]) && isnan(last->v[METRIC_ABSORPTION]));
    assert_true(fabs(last->v[METRIC_MASK_RATE] - 0.25) < 1e-12);
    const struct figure *f =
        report_find(&g->arm[0].report, "fidelity.in_distribution.explained_variance");
    assert_non_null(f);
    assert_true(fabs(f->v.value - last->v[METRIC_EV]) < 1e-9);
    check_bytes(g);
    assert_ok(engine_save(g, out, &e), &e);
    engine_free(g);
    tmp_drop(out);
}

/* ---- going on ---- */

/* Who opens the run says so. */
static void check_remark_on_files(void)
{
    struct inputs *in = NULL;
    struct run_record r = {0};
    struct remarks remarks = {0};
    struct errinfo e;
    assert_ok(rundir_load(out, &r, &e), &e);
    assert_ok(inputs_new(&r.set, NULL, &in, &e), &e);
    run_record_remarks(&r, in, &remarks);
    assert_int_equal(remarks.n, 1);
    assert_non_null(strstr(remarks.line[0], "trained on other activations than"));
    run_record_deinit(&r);
    inputs_free(in);
}

static void a_resume_comes_to_the_same_bits(void **state)
{
    (void)state;
    static const char *const twin[][2] = {{"twin", "unmasked"}};
    const struct settings s = ready(twin, 1);
    struct errinfo e;
    struct engine *whole = start_engine(&s), *part = start_engine(&s), *on = NULL;
    run_engine_to(whole, s.steps);
    run_engine_to(part, 11);
    assert_ok(engine_save(part, out, &e), &e);
    engine_free(part);
    assert_ok(engine_resume(out, NULL, "", NULL, &on, &e), &e);
    run_engine_to(on, s.steps);
    for (size_t a = 0; a < 2; a++) {
        assert_same_sae(whole->arm[a].arm->sae, on->arm[a].arm->sae);
    }
    engine_free(on);
    engine_free(whole);
    /* Other files are another run's. */
    struct tiny_shard t = whole_shard;
    t.first = 7;
    tiny_write(dir, "b.safetensors", &t);
    check_error(engine_resume(out, NULL, "", NULL, &on, &e), ERR_USAGE, &e,
                "has changed since");
    assert_non_null(strstr(e.msg, dir));
    check_remark_on_files();
    drop_run();
}

/* ---- in the explorer ---- */

static bool has_table(const struct viewer *t)
{
    const struct latent_table *l = t->v.arm[0].table;
    return l && l->positions == l->positions_all && is_idle(t);
}
static bool has_detail(const struct viewer *t)
{
    return t->v.detail && is_idle(t);
}
static bool is_refused(const struct viewer *t)
{
    return strstr(t->v.message, VIEW_NO_MODEL) && is_idle(t);
}

/* Latents are described by their token ids; what takes the model says so, once asked.
 */
static void latents_are_described_without_a_model(void **state)
{
    (void)state;
    static const enum command_kind refused[] = {COMMAND_CONCEPTS, COMMAND_SUBJECT,
                                                COMMAND_COMPARE, COMMAND_PAIR};
    const struct settings s = ready(NULL, 0);
    const struct session_config cfg = {.set = s};
    struct viewer t;
    open_viewer(&t, &cfg);
    wait_until(&t, is_done);
    assert_true(t.v.no_model && t.v.eval_ready);
    post(&t, (struct command){.kind = COMMAND_TABLE});
    wait_until(&t, has_table);
    const struct latent_table *l = t.v.arm[0].table;
    bool named = false;
    for (size_t j = 0; j < l->F; j++) {
        const int32_t id = l->row[j].top_token[0]; /* held out is the end of c */
        assert_true(id == -1 || (id >= 100 + 850 && id < 100 + 900));
        named = named || id >= 0;
    }
    assert_true(named);
    assert_string_equal(names_token(&t.v.names, 964), "#964");
    post(&t, (struct command){.kind = COMMAND_DETAIL, .interval = INTERVAL_TOP});
    wait_until(&t, has_detail);
    assert_int_equal(t.v.detail->n_lens, 0);
    assert_true(isnan(t.v.detail->delta_nll));
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        post(&t, (struct command){.kind = refused[i], .two = {-1, -1}});
        wait_until(&t, is_refused);
        post(&t, (struct command){.kind = COMMAND_NOTE, .text = "else"});
        wait_until(&t, is_idle);
    }
    close_viewer(&t);
}

/* Where the files have no token ids, latents have figures and nothing else. */
static void latents_without_tokens(void **state)
{
    (void)state;
    write_three((struct tiny_shard){.n = 300, .type = ST_F16});
    const struct settings s = ready(NULL, 0);
    assert_true(s.mask_rate == 0.0);
    const struct session_config cfg = {.set = s};
    struct viewer t;
    open_viewer(&t, &cfg);
    wait_until(&t, is_done);
    post(&t, (struct command){.kind = COMMAND_TABLE});
    wait_until(&t, has_table);
    const struct latent_table *l = t.v.arm[0].table;
    size_t fires = 0;
    for (size_t j = 0; j < l->F; j++) {
        fires += l->row[j].fires;
        assert_int_equal(l->row[j].match, MATCH_NONE);
        assert_int_equal(l->row[j].top_token[0], -1);
    }
    assert_true(fires > 0);
    assert_string_equal(names_token(&t.v.names, 0), "\xc2\xb7");
    close_viewer(&t);
}

/* A number that is none ends the run in a line that names its place; what was learnt
 * before is kept by who steps. */
static void a_bad_number_is_named(void **state)
{
    (void)state;
    char path[512];
    struct errinfo e = {0};
    const struct settings s = ready(NULL, 0);
    struct engine *g = start_engine(&s);
    FILE *f = fopen(tmp_path(path, dir, "b.safetensors"), "r+b");
    assert_non_null(f);
    const float nan = (float)NAN;
    for (long at = 2000; at < 5000; at += 4) {
        assert_int_equal(fseek(f, at, SEEK_SET), 0);
        assert_int_equal(fwrite(&nan, sizeof nan, 1, f), 1);
    }
    assert_int_equal(fclose(f), 0);
    enum err rc = OK;
    while (rc == OK && engine_step_count(g) < s.steps) {
        rc = engine_step(g, &e);
    }
    check_error(rc, ERR_FORMAT, &e, "b.safetensors: activations");
    engine_free(g);
}

static int ready_numbers(void **state)
{
    struct errinfo e;
    (void)state;
    assert_ok(num_ready(&e), &e);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, make, drop)
        IN_FOLDER(the_files_say_what_nobody_named),
        IN_FOLDER(positions_take_flags),
        IN_FOLDER(long_rows_are_scaled_by_few),
        IN_FOLDER(arms_see_their_sides),
        IN_FOLDER(measures_without_a_model),
        IN_FOLDER(a_resume_comes_to_the_same_bits),
        IN_FOLDER(latents_are_described_without_a_model),
        IN_FOLDER(latents_without_tokens),
        IN_FOLDER(a_bad_number_is_named),
    };
    return cmocka_run_group_tests_name("shards_train", tests, ready_numbers, NULL);
}
