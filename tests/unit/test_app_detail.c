/* Browsing without a terminal: one latent. */
#include "ui/context_flow.h"
#include "ui/text.h"
#include "ui_bench.h"

static void test_detail(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 1);
    type(b, "3\n");
    assert_ptr_equal(b->a.screen, &screen_detail);
    struct command c = one_command(b, COMMAND_DETAIL);
    assert_int_equal(c.latent, latents_of(&b->a)->order[0]);
    assert_int_equal(c.interval, INTERVAL_TOP);
    b->v.detail_busy = true;
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, "describing latent #"));
    b->v.detail_busy = false;
    type(b, ":latent 42\n");
    one_command(b, COMMAND_DETAIL);
    assert_true(on_screen(b, "1/24"));
    type(b, "jjk");
    assert_int_equal(detail_of(&b->a)->context, 1);
    press(b, 'G'); /* to the last of them, not to another latent */
    assert_int_equal(detail_of(&b->a)->context, b->v.detail->n_contexts - 1);
    assert_int_equal(detail_of(&b->a)->latent, 42);
    type(b, "gj");
    press(b, 'i');
    assert_int_equal(one_command(b, COMMAND_DETAIL).interval, 9);
    type(b, ":interval random\n");
    assert_int_equal(one_command(b, COMMAND_DETAIL).interval, INTERVAL_RANDOM);
    press(b, 'i');
    assert_int_equal(one_command(b, COMMAND_DETAIL).interval, INTERVAL_ZERO);
    press(b, 'I');
    assert_true(on_screen(b, "contexts: top, tenths of max, random, zero"));
    /* The token in question is bracketed however little it fires. */
    struct latent_context *low =
        &((struct latent_detail *)(uintptr_t)b->v.detail)->sample[0].context[0];
    const float heat = low->heat[CONTEXT_TOKENS / 2];
    assert_false(on_screen(b, "\xe2\x80\xb9"));
    low->heat[CONTEXT_TOKENS / 2] = .01F;
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, "\xe2\x80\xb9"));
    low->heat[CONTEXT_TOKENS / 2] = heat;
    press(b, 'I');
    type(b, ":interval random\n");
    b->a.n_commands = 0;
    press(b, 'J');
    c = one_command(b, COMMAND_DETAIL);
    assert_int_equal(c.latent, detail_of(&b->a)->latent);
    assert_int_not_equal(c.latent, 42);
    press(b, 'K');
    assert_int_equal(one_command(b, COMMAND_DETAIL).latent, 42);
    type(b, ":latent 512\n");
    no_command(b);
    assert_true(b->a.message_bad);
    press(b, 'q');
    assert_ptr_equal(b->a.screen, &screen_latents);
    press(b, 'q');
    assert_ptr_equal(b->a.screen, &screen_train);
    bench_free(b);
}

/* Answers as the session would for the chosen latent. */
static void describe(struct bench *b)
{
    const struct latent_table *t = b->v.arm[latents_arm(&b->a)].table;
    latent_detail_unref((struct latent_detail *)(uintptr_t)b->v.detail);
    b->v.detail = sample_detail(t, detail_of(&b->a)->latent, INTERVAL_TOP);
    b->v.detail_arm = latents_arm(&b->a);
    b->a.n_commands = 0;
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    app_view(&b->a, &b->v, &b->c);
}

/* Related latents of a latent: each group is there, with names. Enter opens one;
 * Backspace comes back through all that were opened, in any condition. */
static void test_what_it_goes_with(void **state)
{
    (void)state;
    struct near_row row[NEAR_ROWS];
    struct bench *b = bench_new(120, 36, 2);
    type(b, ":latent 0\n");
    describe(b);
    assert_false(on_screen(b, "nearest decoder rows"));
    press(b, '=');
    assert_true(on_screen(b, "nearest decoder rows"));
    assert_true(on_screen(b, "fire on the same tokens"));
    assert_true(on_screen(b, "absorbed by, of the concept's uses"));
    const struct concept_result *animal = &b->v.arm[0].concepts->row[0];
    char taken[24], says[40]; /* three in four of those that are absorbed */
    text_share(taken, sizeof taken, 0.75 * animal->full);
    snprintf(says, sizeof says, "%s of %s", taken, b->v.names.concept_name[0]);
    assert_true(on_screen(b, says));
    assert_true(on_screen(b, "o pairs the latents"));
    char name[80];
    names_match(&b->v.names, &b->v.arm[0].table->row[11], name, sizeof name);
    assert_true(on_screen(b, name)); /* of the first neighbour */
    const size_t n = near_rows(&b->a, &b->v, row);
    assert_true(n > 10);
    press(b, 'G');
    assert_int_equal(row[n - 1].latent, -1); /* the line that says how to get one */
    press(b, KEY_ENTER_);
    assert_int_equal(b->a.command[b->a.n_commands - 1].kind, COMMAND_PARTNERS);
    press(b, 'g');
    assert_true(row[0].latent >= 0);
    press(b, 'j');
    press(b, 'j');
    assert_int_equal(detail_of(&b->a)->near_at, 2);
    press(b, KEY_ENTER_);
    assert_int_equal(detail_of(&b->a)->latent, row[2].latent);
    describe(b);
    type(b, ":latent 100\n");
    describe(b);
    press(b, 'J'); /* a step in the table's order is none of the way back */
    describe(b);
    type(b, "v:latent 5\n");
    describe(b);
    assert_int_equal(latents_cond(&b->a), 1);
    press(b, KEY_DELETE_BACK);
    assert_int_equal(latents_cond(&b->a), 1); /* v showed its number there */
    press(b, KEY_DELETE_BACK);
    assert_int_equal(latents_cond(&b->a), 0);
    press(b, KEY_DELETE_BACK);
    assert_int_equal(detail_of(&b->a)->latent, row[2].latent);
    press(b, KEY_DELETE_BACK);
    assert_int_equal(detail_of(&b->a)->latent, 0);
    assert_int_equal(detail_of(&b->a)->near_at, 2); /* the row that it was left from */
    press(b, KEY_DELETE_BACK);
    assert_true(on_screen(b, "no latent was open before this one"));
    /* The pane of related latents is part of the layout, so undo takes it back. */
    press(b, '=');
    describe(b);
    assert_true(on_screen(b, "contexts: top"));
    press(b, 'u');
    assert_int_equal(detail_of(&b->a)->pane, PANE_NEAR);
    press(b, KEY_ESC_); /* leads back to the contexts, and from them out */
    assert_int_equal(detail_of(&b->a)->pane, PANE_CONTEXTS);
    assert_ptr_equal(b->a.screen, &screen_detail);
    press(b, KEY_ESC_);
    assert_ptr_equal(b->a.screen, &screen_latents);
    bench_free(b);
}

/* By the mouse: a click chooses, a second opens; and the way back does not grow without
 * end. */
static void test_history_is_bounded(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    type(b, ":latent 3\n");
    describe(b);
    press(b, '=');
    const struct rect r = hit_of(b, HIT_NEAR, 1);
    mouse(b, MOUSE_PRESS, r.x, r.y);
    assert_int_equal(detail_of(&b->a)->latent, 3);
    mouse(b, MOUSE_PRESS, r.x, r.y);
    assert_int_not_equal(detail_of(&b->a)->latent, 3);
    for (int i = 0; i < 2 * DETAIL_PAST; i++) {
        char line[32];
        snprintf(line, sizeof line, ":latent %d\n", 10 + i);
        type(b, line);
    }
    assert_int_equal(detail_of(&b->a)->n_past, DETAIL_PAST);
    press(b, KEY_DELETE_BACK);
    assert_int_equal(detail_of(&b->a)->latent, 10 + 2 * DETAIL_PAST - 2);
    bench_free(b);
}

static void test_find_in_contexts(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 1);
    type(b, ":latent 42\n");
    b->a.n_commands = 0;
    type(b, "/hammer\n");
    const size_t first = detail_of(&b->a)->context;
    assert_true(
        context_find(&b->v.names, &b->v.detail->context[first], "hammer", NULL));
    assert_true(on_screen(b, "/hammer  in "));
    press(b, 'n');
    assert_int_not_equal(detail_of(&b->a)->context, first);
    press(b, 'N');
    assert_int_equal(detail_of(&b->a)->context, first);
    type(b, "/nowhere at all\n");
    assert_true(on_screen(b, "in none of 24 contexts"));
    assert_int_equal(detail_of(&b->a)->context, first);
    /* Across tokens, in any case. */
    const struct latent_context *c = &b->v.detail->context[3];
    char two[128];
    snprintf(two, sizeof two, "%s%s", names_token(&b->v.names, c->token[20]),
             names_token(&b->v.names, c->token[21]));
    bool hit[CONTEXT_TOKENS];
    assert_true(context_find(&b->v.names, c, two, hit));
    assert_true(hit[20] && hit[21]);
    assert_false(context_find(&b->v.names, c, "", hit));
    bench_free(b);
}

/* What comes next: of each context where there is a line for it, else of the one under
 * the cursor; nothing where no model was asked. */
static void test_next_without(void **state)
{
    (void)state;
    for (int wide = 0; wide < 2; wide++) {
        struct bench *b = bench_new(wide ? 120 : 80, wide ? 36 : 24, 1);
        type(b, ":latent 42\n");
        struct latent_detail *d = (struct latent_detail *)(uintptr_t)b->v.detail;
        d->context[0].next = d->context[1].next = (struct latent_next){7, 0.41F};
        d->context[0].next_without = (struct latent_next){8, 0.11F};
        d->context[1].next_without = (struct latent_next){9, 0.22F};
        d->context[2].next = (struct latent_next){0}; /* not measured yet */
        app_view(&b->a, &b->v, &b->c);
        assert_true(on_screen(b, "' 41 %, without it '"));
        assert_true(on_screen(b, "' 11 %"));
        assert_int_equal(on_screen(b, "' 22 %"), wide);
        type(b, "a"); /* it is silenced: that says the same */
        assert_true(on_screen(b, ", without it '"));
        type(b, ":silence-latent 43\n"); /* and another, which speaks here */
        assert_true(on_screen(b, ", without it alone '"));
        type(b, ":silence-latent 43\n");
        press(b, 'j');
        assert_int_equal(on_screen(b, "' 11 %"), wide);
        assert_true(on_screen(b, "' 22 %"));
        press(b, 'j');
        assert_true(on_screen(b, "next: being measured"));
        d->n_lens = 0; /* whole in the narrow pane, too */
        app_view(&b->a, &b->v, &b->c);
        assert_true(on_screen(b, "an MLP reads it, not the") &&
                    on_screen(b, "logits "));
        d->context[0].next = (struct latent_next){0};
        app_view(&b->a, &b->v, &b->c);
        assert_false(on_screen(b, "without it"));
        assert_false(on_screen(b, "being measured"));
        bench_free(b);
    }
}

static void test_lens_modes(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 1);
    type(b, ":latent 42\n");
    b->a.n_commands = 0;
    assert_true(on_screen(b, "logit lens (norm)"));
    assert_true(on_screen(b, "+2.1"));
    press(b, 'L');
    assert_true(on_screen(b, "logit lens (direct)"));
    assert_false(on_screen(b, "+2.1"));
    type(b, ":lens norm\n");
    assert_int_equal(detail_of(&b->a)->lens, LENS_NORM);
    type(b, ":lens tuned\n");
    assert_true(b->a.message_bad);
    no_command(b); /* both come with the description */
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_detail),
        cmocka_unit_test(test_what_it_goes_with),
        cmocka_unit_test(test_history_is_bounded),
        cmocka_unit_test(test_find_in_contexts),
        cmocka_unit_test(test_next_without),
        cmocka_unit_test(test_lens_modes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
