/* Prompt: latents silenced and steered by keys, with a real model behind. */
#include "prompt_world.h"
#include "ui/plot.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void test_silence_and_steer(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    settle(&t);
    keys(&t, "\t");
    const int32_t latent = prompt_latent_here(&t.b->a);
    const float act = own(&t)->entry[0].act;
    keys(&t, "a");
    assert_int_equal(own(&t)->row.edits.n, 1);
    assert_int_equal(own(&t)->entry[0].latent, latent);
    assert_true(own(&t)->entry[0].act == act && own(&t)->entry[0].after == 0);
    assert_true(on_screen(t.b, "silenced"));
    keys(&t, "a");
    assert_int_equal(own(&t)->row.edits.n, 0);
    keys(&t, "t+");
    assert_int_equal(own(&t)->row.edits.at[0].how, ASK_ADD);
    assert_float_equal((float)own(&t)->row.edits.at[0].value,
                       (float)(.6 * prompt_full(own(&t), latent)), 1e-5F);
    assert_float_equal(own(&t)->entry[0].after,
                       act + (float)own(&t)->row.edits.at[0].value, 1e-4F);
    keys(&t, "T@");
    assert_int_equal(own(&t)->row.edits.at[0].how, ASK_SCALE);
    assert_int_equal(own(&t)->row.edits.at[0].where, ASK_FROM);
    /* The slider, from its left end to its right. */
    const struct rect r = hit_of(t.b, HIT_STRENGTH, 0);
    mouse(t.b, MOUSE_PRESS, r.x, r.y);
    assert_float_equal((float)own(&t)->row.edits.at[0].value, -1.0F, 1e-6F);
    const struct rect still = hit_of(t.b, HIT_STRENGTH, 0);
    mouse(t.b, MOUSE_RELEASE, still.x + still.w - 1, still.y);
    assert_float_equal((float)own(&t)->row.edits.at[0].value, 2.0F, 1e-6F);
    /* A button that was pressed elsewhere is released over it. */
    const struct rect row = hit_of(t.b, HIT_LATENT_ROW, 1);
    mouse(t.b, MOUSE_PRESS, row.x, row.y);
    mouse(t.b, MOUSE_RELEASE, still.x, still.y);
    assert_float_equal((float)own(&t)->row.edits.at[0].value, 2.0F, 1e-6F);
    keys(&t, "A");
    assert_int_equal(own(&t)->row.edits.n, 0);
    type(t.b, ":steer 3=add:1.5@2\n");
    settle(&t);
    assert_int_equal(own(&t)->row.edits.at[0].latent, 3);
    type(t.b, ":steer 3=1@99\n");
    assert_true(on_screen(t.b, "position: found 99"));
    type(t.b, ":steer 481 2x\n");
    assert_true(on_screen(t.b, "steer: found '481 2x', expected N=X[@POS]: 48=2x, "
                               "48=-1.5, 48=scale:0@7-")); /* whole at 80 columns */
    type(t.b, ":steer 9999=1\n");
    assert_true(on_screen(t.b, "latent: found 9999"));
    type(t.b, ":steer 3=1@0\n"); /* BOS */
    assert_true(on_screen(t.b, "holds a special token"));
    assert_int_equal(own(&t)->row.edits.n, 1);
    assert_int_equal(own(&t)->row.edits.at[0].pos, 2);
    end_world(&t);
}

/* As long as no text was read the scale is the prompt's, and the screen says so; a
 * strength is in the SAE's unit, and stays what it is when the text is known. */
static void test_greatest_not_known_yet(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    settle(&t);
    keys(&t, "\t");
    assert_true(on_screen(t.b, ", max not known yet"));
    assert_true(on_screen(t.b, "/own density"));
    assert_false(on_screen(t.b, "/max"));
    keys(&t, "t");
    const double value = own(&t)->row.edits.at[0].value;
    assert_non_null(strstr(t.b->a.message, "half of its greatest in this prompt; that "
                                           "of text is not known yet"));
    const uint64_t asked = own(&t)->ticket;
    struct latent_table *table = (struct latent_table *)(uintptr_t)t.b->v.arm[0].table;
    struct ask_subject *before = (struct ask_subject *)(uintptr_t)t.b->v.subject;
    struct ask_subject *now = NULL;
    struct errinfo e;
    const int32_t latent = prompt_latent_here(&t.b->a);
    table->row[latent].max = (float)value / 4; /* so it goes beyond text */
    table->row[latent].density = .567F;
    const size_t set = table->positions_set;
    table->positions_set = 2 * table->positions;
    assert_ok(ask_subject_described(before, table, &now, &e), &e);
    t.b->v.subject = now;
    ask_subject_unref(before);
    settle(&t);
    assert_true(own(&t)->ticket > asked); /* what is said of the edit is another */
    assert_true(own(&t)->row.edits.at[0].value == value);
    assert_true(on_screen(t.b, ", max of 50 % of text"));
    assert_true(on_screen(t.b, "(4.0x)"));
    assert_true(on_screen(t.b, "beyond text"));
    assert_true(on_screen(t.b, " 57 % ")); /* density, in its column */
    assert_true(on_screen(t.b, "density"));
    table->positions_set = set;
    end_world(&t);
}

/* The second list has densities where names leave room for them, and its titles are
 * whole words. */
static void test_second_list(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    settle(&t);
    assert_true(on_screen(t.b, "act density stands for"));
    keys(&t, "\tt");
    assert_true(on_screen(t.b, "edited stands for"));
    keys(&t, "W"); /* a wider pane beside it */
    assert_true(on_screen(t.b, "edited for"));
    assert_false(on_screen(t.b, "stands\xe2\x80\xa6"));
    end_world(&t);
    t = begin_world(160, 40);
    settle(&t);
    keys(&t, "f"); /* the other one second */
    assert_true(on_screen(t.b, "/max density stands for") ||
                on_screen(t.b, "/own density stands for"));
    keys(&t, "\tt");
    assert_true(on_screen(t.b, "edited density stands for"));
    end_world(&t);
}

/* Whatever stands beside it, a slider has cells enough for quarters. */
static void test_sliders_have_room(void **state)
{
    (void)state;
    static const int size[][2] = {{80, 24}, {120, 36}, {200, 60}};
    for (size_t i = 0; i < sizeof size / sizeof size[0]; i++) {
        struct world t = begin_world(size[i][0], size[i][1]);
        settle(&t);
        type(t.b, ":steer 3=-5@2-\n");
        settle(&t);
        const struct rect r = hit_of(t.b, HIT_STRENGTH, 0);
        assert_true(r.w >= 13);
        assert_true(on_screen(t.b, "#3 add -5.00 from 2 "));
        assert_true(on_screen(t.b, "beyond text: #3 below 0 at "));
        mouse(t.b, MOUSE_PRESS, r.x, r.y);
        const double low = own(&t)->row.edits.at[0].value;
        mouse(t.b, MOUSE_PRESS, r.x + 1, r.y);
        const double step = own(&t)->row.edits.at[0].value - low;
        assert_true(step > 0 && step <= .2501 * prompt_full(own(&t), 3));
        end_world(&t);
    }
}

/* How expected a token was is told apart where shares no longer do. */
static void test_logp_of_a_token(void **state)
{
    (void)state;
    char x[24], y[24], want[128];
    text_share(x, sizeof x, exp(-15));
    assert_string_equal(x, "<0.01 %");
    text_share(x, sizeof x, .0003);
    assert_string_equal(x, "0.03 %");
    text_share(x, sizeof x, 0);
    assert_string_equal(x, "0.0 %");
    struct world t = begin_world(80, 24);
    settle(&t);
    const struct ask_token *k = &own(&t)->answer->token[own(&t)->at];
    snprintf(x, sizeof x, "%.2f", (double)k->logp);
    snprintf(want, sizeof want, "rank %d  logp %s nats (", k->rank, x);
    assert_true(on_screen(t.b, want));
    type(t.b, ":steer 3=4\n");
    settle(&t);
    k = &own(&t)->answer->token[own(&t)->at];
    snprintf(x, sizeof x, "%.2f", (double)k->logp);
    snprintf(y, sizeof y, "%.2f", (double)k->logp_after);
    snprintf(want, sizeof want, "rank %d \xe2\x86\x92 %d  logp %s \xe2\x86\x92 %s",
             k->rank, k->rank_after, x, y);
    assert_true(on_screen(t.b, want));
    end_world(&t);
}

/* A strength typed as a multiple of the largest activation seen; where none is known, a
 * line says so. */
static void test_steer_by_multiples(void **state)
{
    (void)state;
    struct world t = begin_world(200, 60);
    struct app *a = &t.b->a;
    settle(&t);
    type(t.b, ":steer 3=2x\n");
    assert_non_null(strstr(a->message, "its largest activation seen is not known"));
    assert_int_equal(own(&t)->row.edits.n, 0);
    type(t.b, ":steer 3=1.5\n");
    settle(&t);
    assert_true(on_screen(t.b, "#3 add +1.50 "));
    assert_false(on_screen(t.b, "x) "));
    struct latent_table *table = (struct latent_table *)(uintptr_t)t.b->v.arm[0].table;
    ((struct ask_subject *)(uintptr_t)t.b->v.subject)->table = latent_table_ref(table);
    table->row[3].max = 2.5F;
    table->row[5].max = 0;
    type(t.b, ":steer 3=2x@2\n");
    settle(&t);
    assert_true(own(&t)->row.edits.at[0].value == 5.0);
    assert_true(on_screen(t.b, "#3 add +5.00 (2.0x) at 2 "));
    type(t.b, ":steer 3=clamp:.25x\n");
    settle(&t);
    assert_true(on_screen(t.b, "#3 clamped to 0.62 (0.25x) "));
    type(t.b, ":steer 5=1x\n");
    assert_non_null(strstr(a->message, "seen is 0"));
    type(t.b, ":steer 9999=1x\n");
    assert_non_null(strstr(a->message, "latent: found 9999"));
    assert_int_equal(own(&t)->row.edits.n, 1);
    /* The strength of the latent under the cursor. */
    keys(&t, "A\t");
    const int32_t here = prompt_latent_here(a);
    table->row[here].max = 4;
    type(t.b, ":strength -0.5x\n");
    settle(&t);
    assert_true(own(&t)->row.edits.at[0].value == -2.0);
    assert_true(on_screen(t.b, " add -2.00 (-0.5x) "));
    keys(&t, "T"); /* a factor */
    type(t.b, ":strength 2x\n");
    assert_string_equal(a->message, "strength: expected a number, + or -");
    assert_true(own(&t)->row.edits.at[0].value == 2.0);
    type(t.b, ":strength x\n");
    assert_non_null(strstr(a->message, "expected a number"));
    end_world(&t);
}

/* An edit at a place moves with its token, and goes with it. */
static void test_places_of_edits(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    settle(&t);
    const size_t first = own(&t)->row.first, last = own(&t)->row.n - 1;
    char line[64];
    snprintf(line, sizeof line, ":steer 3=1@%zu\n", last);
    type(t.b, line);
    keys(&t, "g");
    own(&t)->at = first;
    type(t.b, ":delete-token\n");
    settle(&t);
    assert_int_equal(own(&t)->row.edits.at[0].pos, last - 1);
    keys(&t, "G");
    type(t.b, ":delete-token\n");
    settle(&t);
    assert_int_equal(own(&t)->row.edits.n, 0);
    keys(&t, "u");
    assert_int_equal(own(&t)->row.edits.n, 1);
    end_world(&t);
}

/* Edits are of one arm's latents: the other arm has its own, and no answer, pinned
 * prompt or text of the one is shown as the other's. */
static void test_arms_have_their_edits(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    settle(&t);
    keys(&t, "|");
    type(t.b, ":silence 3\n:write 5\n");
    settle(&t);
    press(t.b, 'v');
    tick(&t);
    assert_null(own(&t)->answer);
    assert_null(own(&t)->pinned);
    assert_int_equal(own(&t)->row.edits.n, 0);
    assert_int_equal(own(&t)->side, PROMPT_NEXT);
    assert_false(on_screen(t.b, "with masks and edits"));
    give_subject(&t);
    settle(&t);
    assert_non_null(own(&t)->answer);
    assert_null(own(&t)->answer->next_after);
    type(t.b, ":silence 5\n");
    settle(&t);
    press(t.b, 'v');
    tick(&t);
    assert_int_equal(own(&t)->row.edits.n, 1);
    assert_int_equal(own(&t)->row.edits.at[0].latent, 3);
    keys(&t, "u"); /* silence 5, which was of the other arm */
    assert_int_equal(own(&t)->row.edits.n, 1);
    assert_int_equal(own(&t)->row.edits.at[0].latent, 3);
    assert_int_equal(own(&t)->aside[1].n, 0);
    press(t.b, KEY_CTRL('r'));
    assert_int_equal(own(&t)->row.edits.at[0].latent, 3);
    assert_int_equal(own(&t)->aside[1].n, 1);
    assert_int_equal(own(&t)->aside[1].at[0].latent, 5);
    end_world(&t);
}

/* A latent silenced before there is a text: undone, it speaks, and the text stays. */
static void test_silence_before_the_text(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    prompt_silence(&t.b->a, 3);
    settle(&t);
    const size_t n = own(&t)->row.n;
    assert_int_equal(own(&t)->row.edits.n, 1);
    keys(&t, "u");
    assert_int_equal(own(&t)->row.n, n);
    assert_int_equal(own(&t)->row.edits.n, 0);
    assert_string_equal(own(&t)->box.text, "the cat sat on the mat");
    press(t.b, KEY_CTRL('r'));
    settle(&t);
    assert_int_equal(own(&t)->row.n, n);
    assert_true(prompt_is_silenced(&t.b->a, 3));
    end_world(&t);
}

/* One set of silenced latents: what Detail silences, Prompt leaves out, and Detail says
 * so. */
static void test_silenced_in_detail(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    settle(&t);
    type(t.b, ":latent 3\n");
    t.b->a.n_commands = 0;
    assert_true(on_screen(t.b, "a silence"));
    keys(&t, "a");
    assert_true(prompt_is_silenced(&t.b->a, 3));
    assert_true(on_screen(t.b, "a let speak"));
    assert_true(on_screen(t.b, "silenced in Prompt"));
    assert_true(on_screen(t.b, "#3 of A silenced"));
    t.b->a.n_commands = 0;
    keys(&t, "5");
    assert_non_null(own(&t)->answer->next_after);
    assert_int_equal(own(&t)->row.edits.at[0].how, ASK_ZERO);
    keys(&t, "u");
    assert_false(prompt_is_silenced(&t.b->a, 3));
    keys(&t, "3a");
    assert_int_equal(own(&t)->row.edits.n, 1);
    keys(&t, "a");
    assert_int_equal(own(&t)->row.edits.n, 0);
    end_world(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silence_and_steer),
        cmocka_unit_test(test_greatest_not_known_yet),
        cmocka_unit_test(test_second_list),
        cmocka_unit_test(test_sliders_have_room),
        cmocka_unit_test(test_logp_of_a_token),
        cmocka_unit_test(test_steer_by_multiples),
        cmocka_unit_test(test_places_of_edits),
        cmocka_unit_test(test_arms_have_their_edits),
        cmocka_unit_test(test_silence_before_the_text),
        cmocka_unit_test(test_silenced_in_detail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
