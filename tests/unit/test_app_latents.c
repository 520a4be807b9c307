/* Browsing without a terminal: the table of latents, and one latent. */
#include "ui_bench.h"

/* ---- the table ---- */

static void test_table_is_asked_for(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    mem_free(((struct latent_table *)(uintptr_t)b->v.arm[0].table)->row);
    mem_free((void *)(uintptr_t)b->v.arm[0].table);
    b->v.arm[0].table = NULL;
    press(b, '2');
    one_command(b, COMMAND_TABLE);
    press(b, 'j');
    no_command(b); /* once is enough */
    press(b, 'R');
    one_command(b, COMMAND_TABLE);
    b->v.arm[0].table = sample_table(512, 900);
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    no_command(b);
    /* A newer evaluation makes it old. */
    struct metric_row row = metric_row_empty();
    struct errinfo e;
    row.v[METRIC_STEP] = 1050;
    row.v[METRIC_EV] = 0.8;
    assert_ok(session_view_add_row(&b->v, 0, &row, &e), &e);
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    one_command(b, COMMAND_TABLE);
    bench_free(b);
}

static double f1_at(struct bench *b, size_t i)
{
    const int32_t id = b->a.latents.order[i];
    return (double)b->v.arm[0].table->row[id].f1;
}

static void test_sorting(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 1);
    press(b, '2');
    assert_int_equal(b->a.latents.shown, 512);
    assert_true(f1_at(b, 0) >= f1_at(b, 1) && f1_at(b, 0) > f1_at(b, 100));
    press(b, 'r');
    assert_true(f1_at(b, 0) <= f1_at(b, 100));
    type(b, ":sort latent\n");
    assert_int_equal(b->a.latents.order[0], 0);
    assert_int_equal(b->a.latents.order[511], 511);
    type(b, ":sort absorb\n");
    const struct latent_table *t = b->v.arm[0].table;
    assert_true(isfinite(t->row[b->a.latents.order[0]].absorption));
    assert_true(isnan(t->row[b->a.latents.order[511]].absorption));
    press(b, 'r'); /* what was not measured stays at the end */
    assert_true(isfinite(t->row[b->a.latents.order[0]].absorption));
    assert_true(isnan(t->row[b->a.latents.order[511]].absorption));
    type(b, ":sort match\n");
    char first[64], second[64];
    names_match(&b->v.names, &t->row[b->a.latents.order[0]], first, sizeof first);
    names_match(&b->v.names, &t->row[b->a.latents.order[60]], second, sizeof second);
    assert_true(first[0] && strcmp(first, second) <= 0);
    press(b, '>');
    press(b, '<');
    assert_true(on_screen(b, "match"));
    bench_free(b);
}

static void test_filter_prompt(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    press(b, '2');
    type(b, "&dead");
    assert_int_equal(b->a.latents.shown, 30); /* previewed while typing */
    press(b, '&');
    assert_int_equal(b->a.latents.shown, 30); /* a bad one keeps the last result */
    assert_true(on_screen(b, "column"));
    press(b, KEY_ENTER_);
    assert_int_equal(b->a.prompt, PROMPT_FILTER);
    press(b, KEY_DELETE_BACK);
    press(b, KEY_ENTER_);
    assert_int_equal(b->a.prompt, PROMPT_NONE);
    assert_true(on_screen(b, "30 of 512 shown"));
    assert_true(on_screen(b, "filter: dead"));
    press(b, 'u');
    assert_int_equal(b->a.latents.shown, 512);
    press(b, 18);
    assert_int_equal(b->a.latents.shown, 30);
    press(b, '\\');
    assert_int_equal(b->a.latents.shown, 512);
    type(b, "&f1>.9");
    press(b, KEY_ESC_);
    assert_int_equal(b->a.latents.shown, 512);
    type(b, "&density>5\n");
    assert_int_equal(b->a.latents.shown, 0);
    assert_true(on_screen(b, "no latent passes the filter"));
    type(b, "jkgG \n"); /* an empty table is no trouble */
    assert_int_equal(b->a.screen, SCREEN_LATENTS);
    bench_free(b);
}

static void test_marks(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    type(b, "2 jj ");
    assert_int_equal(b->a.latents.marked[0], 2);
    type(b, "&marked\n");
    assert_int_equal(b->a.latents.shown, 2);
    press(b, '\\');
    type(b, "uuu"); /* filter, filter, mark */
    assert_int_equal(b->a.latents.marked[0], 1);
    bench_free(b);
}

static void test_find(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    type(b, "2/hammer\n");
    const int32_t first = b->a.latents.at;
    char tokens[200];
    names_top_tokens(&b->v.names, &b->v.arm[0].table->row[first], tokens,
                     sizeof tokens);
    assert_non_null(strstr(tokens, "hammer"));
    assert_int_equal(b->a.latents.shown, 512);
    press(b, 'n');
    const int32_t next = b->a.latents.at;
    assert_int_not_equal(next, first);
    press(b, 'N');
    assert_int_equal(b->a.latents.at, first);
    type(b, "/nowhere\n");
    assert_true(on_screen(b, "not found: nowhere"));
    assert_int_equal(b->a.latents.at, first);
    type(b, "/#77\n");
    assert_int_equal(b->a.latents.at, 77);
    bench_free(b);
}

/* The cursor stays on its latent when a new table comes in another order. */
static void test_cursor_keeps_its_latent(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    type(b, "2jjjjjjj");
    const int32_t at = b->a.latents.at;
    struct latent_table *t = sample_table(512, 1050);
    for (size_t i = 0; i < t->F; i++) {
        t->row[i].f1 = (float)sample_u((uint32_t)i + 31337);
    }
    const struct latent_table *old = b->v.arm[0].table;
    b->v.arm[0].table = t;
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    assert_int_equal(b->a.latents.at, at);
    assert_int_equal(b->a.latents.order[b->a.latents.list.cursor], at);
    latent_table_unref((struct latent_table *)(uintptr_t)old);
    bench_free(b);
}

static void test_detail(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 1);
    type(b, "2\n");
    assert_int_equal(b->a.screen, SCREEN_DETAIL);
    struct command c = one_command(b, COMMAND_DETAIL);
    assert_int_equal(c.latent, b->a.latents.order[0]);
    assert_int_equal(c.interval, INTERVAL_TOP);
    b->v.detail_busy = true;
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, "describing latent #"));
    b->v.detail_busy = false;
    type(b, ":latent 42\n");
    one_command(b, COMMAND_DETAIL);
    assert_true(on_screen(b, "1/24"));
    type(b, "jjk");
    assert_int_equal(b->a.detail.context, 1);
    press(b, 'i');
    assert_int_equal(one_command(b, COMMAND_DETAIL).interval, 9);
    type(b, ":interval random\n");
    assert_int_equal(one_command(b, COMMAND_DETAIL).interval, INTERVAL_RANDOM);
    press(b, 'J');
    c = one_command(b, COMMAND_DETAIL);
    assert_int_equal(c.latent, b->a.detail.latent);
    assert_int_not_equal(c.latent, 42);
    press(b, 'K');
    assert_int_equal(one_command(b, COMMAND_DETAIL).latent, 42);
    type(b, ":latent 512\n");
    no_command(b);
    assert_true(b->a.message_bad);
    press(b, 'q');
    assert_int_equal(b->a.screen, SCREEN_LATENTS);
    press(b, 'q');
    assert_int_equal(b->a.screen, SCREEN_TRAIN);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_is_asked_for),
        cmocka_unit_test(test_sorting),
        cmocka_unit_test(test_filter_prompt),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_cursor_keeps_its_latent),
        cmocka_unit_test(test_detail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
