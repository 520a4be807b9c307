/* Compare: what it asks for, the sides, the panes, latents of each kind, contexts. */
#include "ui/export.h"
#include "ui/screens/compare_priv.h"
#include "ui/screens/prompt_priv.h"
#include "ui_bench.h"

static struct compare_state *own(struct bench *b)
{
    return app_state(&b->a, &screen_compare);
}

static void asks_once_and_again(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    no_command(b);
    type(b, "6");
    struct command c = one_command(b, COMMAND_COMPARE);
    assert_int_equal(c.two[0], -1);
    assert_int_equal(c.two[1], -1);
    assert_string_equal(c.text, "");
    type(b, "jk1");
    type(b, "6");
    no_command(b);
    type(b, "R");
    one_command(b, COMMAND_COMPARE);
    b->v.compare_busy = true;
    snprintf(b->v.compare_doing, sizeof b->v.compare_doing, "reading the latents of A");
    press(b, 'j');
    assert_true(on_screen(b, "reading the latents of A"));
    bench_free(b);
}

/* One condition: nothing is asked for until another run is named. */
static void one_condition_needs_another(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    type(b, "6");
    no_command(b);
    assert_true(on_screen(b, "c chooses a run beside it"));
    type(b, ":compare /tmp/some run\n");
    const struct command c = one_command(b, COMMAND_COMPARE);
    assert_string_equal(c.text, "/tmp/some run");
    type(b, "fv.");
    no_command(b);
    bench_free(b);
}

/* Figures of different texts: the values, and no verdict nor mark of one. */
static void other_data_have_no_verdict(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    struct str csv;
    type(b, "6");
    struct comparison *c = (struct comparison *)(uintptr_t)b->v.compare;
    press(b, 'j');
    assert_true(on_screen(b, "lower   *") && on_screen(b, "0.7498"));
    compare_not_comparable(&c->measures, "text");
    press(b, 'k');
    assert_true(on_screen(b, "verdict: A-B, not comparable: different text"));
    assert_true(on_screen(b, "-0.0298      not comparable") && on_screen(b, "0.7498"));
    assert_false(on_screen(b, "lower   *") || on_screen(b, "* established"));
    str_init(&csv, 1 << 14);
    compare_export_measures(c, &csv);
    assert_non_null(strstr(csv.p, ",not comparable,"));
    assert_null(strstr(csv.p, "lower"));
    str_free(&csv);
    bench_free(b);
}

/* `saetop R1 R2`. */
static void a_run_named_at_the_start(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    snprintf(b->v.other, sizeof b->v.other, "runs/b");
    type(b, "6");
    assert_string_equal(one_command(b, COMMAND_COMPARE).text, "runs/b");
    app_run(&b->a, &b->v, "compare runs/c"); /* as Runs hands it over */
    assert_string_equal(one_command(b, COMMAND_COMPARE).text, "runs/c");
    bench_free(b);
}

/* Asked again once for each evaluation, also where the answer stays away or is of an
 * older step: of two other runs, or of one that is gone. */
static void it_is_renewed_once_a_step(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    type(b, "6");
    one_command(b, COMMAND_COMPARE);
    struct comparison *c = (struct comparison *)(uintptr_t)b->v.compare;
    struct concept_table *t = (struct concept_table *)(uintptr_t)b->v.arm[0].concepts;
    c->source = COMPARE_FROM_RUN;
    c->side[0].step = 10; /* of a run that is shorter */
    c->measured[0] = t->step;
    type(b, "jk");
    no_command(b);
    t->step += 100;
    type(b, "jk");
    one_command(b, COMMAND_COMPARE);
    type(b, "jk");
    no_command(b);
    bench_free(b);
}

/* Old numbers are seen to be old, with the key that renews them; at the end of the run
 * they are renewed wherever the user is. */
static void old_numbers_are_said_to_be_old(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    struct concept_table *t = (struct concept_table *)(uintptr_t)b->v.arm[0].concepts;
    type(b, "6");
    one_command(b, COMMAND_COMPARE);
    assert_true(on_screen(b, "live, as trained: 16 rows"));
    assert_false(on_screen(b, "R renews"));
    type(b, "fj"); /* down in a list, where it stays as it is */
    t->step = 1500;
    press(b, 'j');
    no_command(b);
    assert_true(on_screen(b, "old: of step 900, not 1,500; R renews"));
    b->v.state = SESSION_DONE;
    press(b, 'j');
    one_command(b, COMMAND_COMPARE);
    press(b, 'j');
    no_command(b);
    bench_free(b);
}

/* One that is added comes to the others' step alone: what is compared with it gets old
 * by its evaluations, and by those of no arm that is not compared. */
static void what_catches_up_makes_it_old(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 3);
    struct comparison *c = (struct comparison *)(uintptr_t)b->v.compare;
    struct concept_table *t[3];
    for (size_t i = 0; i < 3; i++) {
        t[i] = (struct concept_table *)(uintptr_t)b->v.arm[i].concepts;
        assert_non_null(t[i]);
    }
    type(b, "6");
    one_command(b, COMMAND_COMPARE);
    t[2]->step = 1000; /* neither A nor B */
    press(b, 'j');
    no_command(b);
    assert_false(on_screen(b, "R renews"));
    c->side[1].choice = 2;
    c->choice[2].run = 0;
    c->measured[2] = 200;
    for (int64_t step = 300; step < 500; step += 100) {
        t[2]->step = step;
        press(b, 'j');
        one_command(b, COMMAND_COMPARE);
        press(b, 'j');
        no_command(b);
        assert_true(on_screen(b, step == 300 ? "old: of step 200, not 300; R renews"
                                             : "old: of step 200, not 400; R renews"));
    }
    c->choice[2].run = 1; /* of another run, which stays as it was saved */
    press(b, 'j');
    no_command(b);
    assert_false(on_screen(b, "R renews"));
    bench_free(b);
}

/* What the session says when a comparison could not be made. */
static void it_fails(struct bench *b)
{
    b->v.compare_busy = true;
    press(b, 'g');
    no_command(b);
    b->v.compare_busy = false;
    b->v.compares_failed++;
    press(b, 'g');
}

/* A path that is no run costs one error: what is shown stays and is compared anew. */
static void what_cannot_be_compared_is_asked_for_once(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    struct concept_table *t = (struct concept_table *)(uintptr_t)b->v.arm[0].concepts;
    type(b, "6");
    one_command(b, COMMAND_COMPARE);
    type(b, ":compare /nope\n");
    assert_string_equal(one_command(b, COMMAND_COMPARE).text, "/nope");
    it_fails(b);
    no_command(b);
    assert_true(on_screen(b, "[2] B no mask"));
    type(b, "R");
    assert_string_equal(one_command(b, COMMAND_COMPARE).text, "");
    it_fails(b); /* nor is what is shown tried again and again */
    t->step = 1000;
    press(b, 'g');
    no_command(b);
    type(b, "R");
    one_command(b, COMMAND_COMPARE);
    bench_free(b);

    b = bench_new(120, 36, 2); /* as first of all: the conditions are compared */
    struct comparison *c = (struct comparison *)(uintptr_t)b->v.compare;
    b->v.compare = NULL;
    type(b, ":compare /nope\n");
    assert_string_equal(one_command(b, COMMAND_COMPARE).text, "/nope");
    it_fails(b);
    assert_string_equal(one_command(b, COMMAND_COMPARE).text, "");
    it_fails(b);
    no_command(b);
    b->v.compare = c;
    bench_free(b);
}

static void sides_are_chosen(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    type(b, "6");
    one_command(b, COMMAND_COMPARE);
    assert_true(on_screen(b, "[1] A mask p=0.30"));
    assert_true(on_screen(b, "[2] B no mask"));
    type(b, "v");
    struct command c = one_command(b, COMMAND_COMPARE);
    assert_int_equal(c.two[0], 0);
    assert_int_equal(c.two[1], 2);
    type(b, "V");
    c = one_command(b, COMMAND_COMPARE); /* of what is shown: A and B */
    assert_int_equal(c.two[0], 2);
    assert_int_equal(c.two[1], 1);
    type(b, ":compare C A\n");
    c = one_command(b, COMMAND_COMPARE);
    assert_int_equal(c.two[0], 2);
    assert_int_equal(c.two[1], 0);
    const struct rect r = hit_of(b, HIT_CHOICE, 0);
    mouse(b, MOUSE_PRESS, r.x + 1, r.y); /* A to the second side: they change */
    c = one_command(b, COMMAND_COMPARE);
    assert_int_equal(c.two[0], 1);
    assert_int_equal(c.two[1], 0);
    type(b, ":side 3\n");
    assert_true(on_screen(b, "side: expected 1 or 2"));
    bench_free(b);
}

static void a_second_click_enters(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    type(b, "6");
    const struct rect r = hit_of(b, HIT_COMPARE_ROW, COMPARE_MEASURES * 1000 + 1);
    mouse(b, MOUSE_PRESS, r.x + 1, r.y);
    assert_int_equal(own(b)->measures.cursor, 1);
    assert_int_equal(*app_focus(&b->a, &screen_compare), COMPARE_MEASURES);
    mouse(b, MOUSE_DOUBLE, r.x + 1, r.y); /* its curves, or why there are none */
    assert_true(*app_focus(&b->a, &screen_compare) == COMPARE_CURVES ||
                on_screen(b, "is not measured while training goes on"));
    bench_free(b);
}

/* The verdict is first, and no direction stands without an interval. */
static void the_verdict_is_first(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    type(b, "6");
    assert_true(on_screen(b, "Established over 5 seeds: against B (no mask), A"));
    assert_true(on_screen(b, "! k 4 against 8: not the masking alone"));
    assert_true(on_screen(b, "seed.weights"));
    struct comparison *c =
        sample_comparison(b->v.compare->side[0].table, b->v.compare->side[1].table, 1);
    comparison_unref((struct comparison *)(uintptr_t)b->v.compare);
    b->v.compare = c;
    press(b, 'j');
    assert_true(
        on_screen(b, "Not established: one seed; the interval is of the text."));
    assert_true(on_screen(b, "no interval"));
    assert_true(on_screen(b, "one seed"));
    assert_false(on_screen(b, "Established over"));
    c->measures.other_texts = true;
    assert_string_equal(compare_verdict(c, (size_t)compare_measure_at(c, 0)),
                        "one pair");
    bench_free(b);
}

/* At no width does a mark stand on a verdict's last letter. */
static void a_mark_covers_no_letter(void **state)
{
    (void)state;
    size_t whole = 0, brief = 0;
    for (int w = 80; w < 90; w++) {
        struct bench *b = bench_new(w, 24, 2);
        struct comparison *c = (struct comparison *)(uintptr_t)b->v.compare;
        const int m = compare_measure_at(c, 0);
        assert_int_equal(verdict_mark(&c->measures.row[m]), '*');
        c->measures.within_random[m] = true;
        type(b, "6");
        assert_false(on_screen(b, "within rando*"));
        whole += on_screen(b, "within random") ? 1U : 0U;
        brief += on_screen(b, " random ") ? 1U : 0U;
        bench_free(b);
    }
    assert_true(whole > 0 && brief > 0);
}

/* Before the end of the plan no row is marked as established, nor does one that is not
 * told from a random control have a mark. */
static void marks_are_of_verdicts(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    struct comparison *c = (struct comparison *)(uintptr_t)b->v.compare;
    type(b, "6");
    assert_true(on_screen(b, "lower   *"));
    sample_within(c);
    c->measures.within_random[VERDICT_OF_EV] = true;
    press(b, 'j');
    assert_false(on_screen(b, "random  *"));
    compare_so_far(&c->measures);
    c->measures.within_random[VERDICT_OF_EV] = false;
    type(b, "\tg"); /* onto the row */
    assert_true(on_screen(b, "lower"));
    assert_false(on_screen(b, "lower   *"));
    assert_true(on_screen(b, "so far, nothing established"));
    assert_false(on_screen(b, "* established"));
    bench_free(b);
}

/* What the numbers depend on stands above them; both sides are seen whatever their
 * names; what is asked for by itself is not left to the user. */
static void caveats_and_sides_are_seen(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    struct comparison *c = (struct comparison *)(uintptr_t)b->v.compare;
    press(b, '6');
    assert_true(c->remarks.n > 0);
    char first[40];
    snprintf(first, sizeof first, "! %.30s", c->remarks.line[0]);
    assert_true(on_screen(b, first));
    c->n_choices = 5;
    for (size_t i = 0; i < 5; i++) {
        c->choice[i].letter = (char)('A' + (int)i);
        c->choice[i].seeds = 5;
        snprintf(c->choice[i].name, sizeof c->choice[i].name,
                 "dictionary k8 of a long name: mask p=0.%zu", i);
    }
    c->side[1].choice = 3;
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, "[1] A dictionar"));
    assert_true(on_screen(b, "[2] D dictionar"));
    assert_true(on_screen(b, "\xe2\x80\xa6 x5"));
    assert_true(on_screen(b, "   E "));
    c->n_choices = 2;
    snprintf(c->choice[0].name, sizeof c->choice[0].name, "none");
    c->side[1].choice = 1;
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(
        b, "[1] A none x5  [2] B dictionary k8 of a long name: mask p=0.1 x5"));
    b->v.compare = NULL;
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, "comparing ..."));
    assert_false(on_screen(b, "nothing compared yet"));
    b->v.compare = c;
    bench_free(b);
}

/* The cursor goes through the contexts of a pair, to the other side and back; what is
 * under it goes to Prompt, and its latent opens, if it is of this run. */
static void cursor_in_contexts(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    type(b, "6:list pairs\nj\n");
    b->a.n_commands = 0;
    for (size_t i = 0; i < 2; i++) {
        b->v.pair[i] = sample_detail(b->v.compare->side[i].table, 1, INTERVAL_TOP);
    }
    struct latent_detail *second = (struct latent_detail *)(uintptr_t)b->v.pair[1];
    second->n_contexts = 3;
    app_view(&b->a, &b->v, &b->c);
    press(b, 'j');
    assert_ptr_equal(compare_context(&b->a, &b->v), &b->v.pair[0]->context[1]);
    press(b, 'G');
    assert_int_equal(own(b)->context.cursor, b->v.pair[0]->n_contexts - 1);
    press(b, 'l'); /* has fewer: the last of them */
    assert_ptr_equal(compare_context(&b->a, &b->v), &second->context[2]);
    assert_true(on_screen(b, "3/3"));
    press(b, 'k');
    press(b, 'h');
    assert_ptr_equal(compare_context(&b->a, &b->v), &b->v.pair[0]->context[1]);
    const int row = COMPARE_LATENTS * COMPARE_HIT_PANE + COMPARE_HIT_SIDE + 2;
    const struct rect r = hit_of(b, HIT_COMPARE_ROW, row);
    mouse(b, MOUSE_PRESS, r.x, r.y);
    assert_ptr_equal(compare_context(&b->a, &b->v), &second->context[2]);
    press(b, 'p');
    assert_ptr_equal(b->a.screen, &screen_prompt);
    const char *word =
        names_token(&b->v.names, second->context[2].token[CONTEXT_TOKENS / 2]);
    assert_non_null(strstr(prompt_own(&b->a)->box.text, word));
    press(b, '6');
    assert_int_equal(latents_cond(&b->a), 0);
    press(b, KEY_ENTER_);
    assert_ptr_equal(b->a.screen, &screen_detail);
    assert_int_equal(latents_cond(&b->a), 1);
    assert_int_equal(detail_of(&b->a)->latent, own(b)->pair[1]);
    press(b, 'q');
    assert_ptr_equal(b->a.screen, &screen_compare);
    struct comparison *c = (struct comparison *)(uintptr_t)b->v.compare;
    c->choice[1].run = 1;
    press(b, KEY_ENTER_);
    assert_ptr_equal(b->a.screen, &screen_compare);
    assert_true(on_screen(b, "B is of another run"));
    second->n_contexts = 0;
    type(b, ":send\n");
    assert_true(on_screen(b, "no context to send yet"));
    bench_free(b);
}

/* A latent has here the name that it has elsewhere: the user's own, or the match and
 * the top tokens; the parts of one that is split keep their room. */
static void latents_have_their_names(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    char name[120], expected[60];
    type(b, "6:list pairs\n");
    const struct latent_pair p = b->v.compare->pairs->pair[0];
    const struct latent_row *row = &b->v.compare->side[0].table->row[p.latent[0]];
    names_latent(&b->v.names, "", row, name, sizeof name);
    assert_true(latent_is_matched(row) && strchr(name, ':'));
    snprintf(expected, sizeof expected, "A#%d %.12s", p.latent[0], name);
    assert_true(on_screen(b, expected));
    struct latent_labels *l = NULL;
    struct errinfo e;
    assert_ok(latent_labels_with(NULL, p.latent[1], "pets", &l, &e), &e);
    b->v.arm[b->v.cond[1].arm[0]].labels = l;
    app_view(&b->a, &b->v, &b->c);
    snprintf(expected, sizeof expected, "B#%d pets ", p.latent[1]);
    assert_true(on_screen(b, expected));
    ((struct comparison *)(uintptr_t)b->v.compare)->choice[1].run = 1;
    app_view(&b->a, &b->v, &b->c);
    assert_false(on_screen(b, expected)); /* a number of another run */
    type(b, ":list split\n");
    assert_true(on_screen(b, "3 parts: "));
    bench_free(b);
}

/* A share that does not mean what it says has a word of its own in place of a verdict.
 */
static void doubtful_shares(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    type(b, "6");
    assert_false(on_screen(b, "< erasing"));
    struct comparison *c = (struct comparison *)(uintptr_t)b->v.compare;
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT; m++) {
        c->measures.row[m].d.after = -0.0509;
    }
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, "< erasing"));
    bench_free(b);
}

static void panes_and_curves(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    type(b, "6\t");
    assert_int_equal(*app_focus(&b->a, &screen_compare), COMPARE_MEASURES);
    type(b, "j\n"); /* CE recovered has no curve here: it is shown all the same */
    assert_int_equal(*app_focus(&b->a, &screen_compare), COMPARE_CURVES);
    assert_int_equal(own(b)->metric, METRIC_CE_REC);
    assert_true(on_screen(b, "no curve of it in either run: saetop eval"));
    type(b, ".");
    assert_int_equal(own(b)->metric, METRIC_EV);
    assert_true(on_screen(b, "explained variance over steps"));
    type(b, ":curve absorption\n");
    assert_int_equal(own(b)->metric, METRIC_ABSORPTION);
    type(b, "u");
    assert_int_equal(own(b)->metric, METRIC_EV);
    type(b, ":curve nothing\n");
    assert_true(on_screen(b, "expected a measure, + or -"));
    bench_free(b);
}

static void latents_of_each_kind(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    type(b, "6fff");
    one_command(b, COMMAND_COMPARE);
    assert_int_equal(own(b)->list, LIST_ONLY_SECOND);
    assert_true(on_screen(b, "only in B"));
    type(b, "f");
    assert_true(on_screen(b, "of A, split in B"));
    assert_true(on_screen(b, "3 parts:"));
    type(b, ":list pairs\n");
    assert_true(on_screen(b, "optimal assignment, mean of both cosines 0.5 or more"));
    type(b, "j\n");
    const struct command c = one_command(b, COMMAND_PAIR);
    assert_int_equal(c.two[0], 1);
    assert_int_equal(c.two[1], 1);
    b->v.pair_busy = true;
    press(b, 'j');
    assert_true(on_screen(b, "reading its contexts"));
    for (size_t i = 0; i < 2; i++) {
        b->v.pair[i] = sample_detail(b->v.compare->side[i].table, 1, INTERVAL_TOP);
    }
    press(b, 'k');
    assert_false(on_screen(b, "reading its contexts"));
    assert_true(on_screen(b, "A#1") && on_screen(b, "B#1"));
    type(b, "jp"); /* the second is the topmost now */
    b->a.n_commands = 0;
    assert_ptr_equal(b->a.screen, &screen_prompt);
    const char *word =
        names_token(&b->v.names, b->v.pair[0]->context[1].token[CONTEXT_TOKENS / 2]);
    assert_non_null(strstr(prompt_own(&b->a)->box.text, word));
    press(b, '6');
    b->a.n_commands = 0;
    assert_true(own(b)->contexts);
    press(b, KEY_ESC_);
    type(b, ":send\n");
    assert_true(on_screen(b, "on a pair of latents shows contexts"));
    assert_false(own(b)->contexts);
    assert_ptr_equal(b->a.screen, &screen_compare);
    type(b, "\nq"); /* so does q, which leads up from the list alone */
    assert_false(own(b)->contexts);
    assert_ptr_equal(b->a.screen, &screen_compare);
    press(b, KEY_ESC_); /* from the list to the pane from which f led there */
    assert_ptr_equal(b->a.screen, &screen_compare);
    assert_int_equal(*app_focus(&b->a, &screen_compare), COMPARE_SAID);
    press(b, KEY_ESC_);
    assert_ptr_not_equal(b->a.screen, &screen_compare);
    type(b, "6:list other\n");
    assert_true(on_screen(b, "expected pairs, first, second, split or fused"));
    bench_free(b);
}

/* Of several seeds the latents are of one, which is named; Detail shows it after :seed.
 */
static void latents_of_a_seed(void **state)
{
    (void)state;
    struct bench *b = bench_new(100, 30, 2);
    session_view_deinit(&b->v);
    sample_view_seeds(&b->v, 2, 3, 900, 512);
    struct comparison *c = (struct comparison *)(uintptr_t)b->v.compare;
    snprintf(c->side[0].seed, sizeof c->side[0].seed, "1/2");
    c->side[0].arm = b->v.cond[0].arm[1];
    type(b, "6:list pairs\n");
    assert_true(on_screen(b, "seeds 1/2 and 1: optimal assignment"));
    snprintf(c->side[1].seed, sizeof c->side[1].seed, "1/2");
    type(b, "j");
    assert_true(on_screen(b, "seed 1/2: optimal assignment"));
    type(b, "\n");
    for (size_t i = 0; i < 2; i++) {
        b->v.pair[i] = sample_detail(b->v.compare->side[i].table, 1, INTERVAL_TOP);
    }
    type(b, "\n");
    assert_true(on_screen(b, "these are latents of seed 1/2: :seed 2 shows it"));
    b->v.seed = 1;
    type(b, "\n");
    assert_ptr_equal(b->a.screen, &screen_detail);
    bench_free(b);
}

/* Latents that are not of the same activations: why, in place of a list. */
static void what_cannot_be_paired(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    struct comparison *c = (struct comparison *)(uintptr_t)b->v.compare;
    latent_pairs_unref(c->pairs);
    c->pairs = NULL;
    snprintf(c->unpaired, sizeof c->unpaired, "hook here against there: ...");
    type(b, "6f");
    assert_true(on_screen(b, "hook here against there"));
    type(b, "\nff");
    assert_true(on_screen(b, "hook here against there"));
    bench_free(b);
}

static void has_export(struct bench *b, const char *part)
{
    struct str out;
    struct errinfo e;
    str_init(&out, (size_t)1 << 20);
    assert_ok(screen_compare.export_text(&b->a, &b->v, &out, &e), &e);
    if (strstr(out.p, part) == NULL) {
        fail_msg("expected '%s' in:\n%.600s", part, out.p);
    }
    str_free(&out);
}

static void each_pane_is_exported(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    type(b, "6");
    has_export(b, "measure,first,second,difference,low,high,interval_of,n,verdict,"
                  "within_random\n"
                  "explained_variance,0.7");
    type(b, "\t\t");
    has_export(b, "setting,first,second\nmask.rate,0.3,0\n");
    type(b, "\t");
    has_export(b, "side,step,explained_variance\nA,100,");
    type(b, "\t");
    has_export(b, "first,second,decoder_cosine,firing_cosine\n0,0,0.98");
    type(b, ":list split\n");
    has_export(b, "7,11,,\n7,12,,\n");
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_once_and_again),
        cmocka_unit_test(other_data_have_no_verdict),
        cmocka_unit_test(one_condition_needs_another),
        cmocka_unit_test(a_run_named_at_the_start),
        cmocka_unit_test(it_is_renewed_once_a_step),
        cmocka_unit_test(old_numbers_are_said_to_be_old),
        cmocka_unit_test(what_catches_up_makes_it_old),
        cmocka_unit_test(what_cannot_be_compared_is_asked_for_once),
        cmocka_unit_test(sides_are_chosen),
        cmocka_unit_test(a_second_click_enters),
        cmocka_unit_test(the_verdict_is_first),
        cmocka_unit_test(a_mark_covers_no_letter),
        cmocka_unit_test(marks_are_of_verdicts),
        cmocka_unit_test(caveats_and_sides_are_seen),
        cmocka_unit_test(cursor_in_contexts),
        cmocka_unit_test(latents_have_their_names),
        cmocka_unit_test(doubtful_shares),
        cmocka_unit_test(panes_and_curves),
        cmocka_unit_test(latents_of_each_kind),
        cmocka_unit_test(latents_of_a_seed),
        cmocka_unit_test(what_cannot_be_paired),
        cmocka_unit_test(each_pane_is_exported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
