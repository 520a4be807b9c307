/* Concepts of several seeds: means, intervals and verdicts, words over seeds, and the
 * room that legends take. */
#include "ui/screens/concepts_priv.h"
#include "ui_bench.h"

#include <math.h>

/* Two conditions of five seeds, at a step of 1,500. */
static struct bench *bench_seeds(int64_t step)
{
    struct bench *b = test_calloc(1, sizeof *b);
    struct errinfo e;
    sample_view_seeds(&b->v, 2, 5, step, 512);
    sample_seed_concepts(&b->v);
    assert_ok(app_init(&b->a, &screen_table, 120, 36, GLYPH_BRAILLE, THEME_DARK, &e),
              &e);
    assert_ok(canvas_init(&b->c, 120, 36, GLYPH_BRAILLE, &e), &e);
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    return b;
}

/* With several seeds: means, differences of pairs with their interval and a verdict,
 * alike in both directions; while a run goes on no difference is "too small" yet. */
static void several_seeds(void **state)
{
    (void)state;
    struct bench *b = bench_seeds(1500);
    type(b, "2f");
    assert_true(on_screen(b, "categories: A mask p=0.30, B no mask"));
    assert_true(on_screen(b, "F1cv, 5 seeds") && on_screen(b, "latent, seed 1"));
    assert_true(on_screen(b, "* established  ~ clear only taken alone (Holm)"));
    const struct concept_column *f1 = &concept_columns[1];
    size_t up = 0, down = 0;
    for (size_t i = 0; i < concepts_own(&b->a)->n; i++) {
        const int32_t c = concepts_own(&b->a)->concept[i];
        double a = 0.0;
        for (size_t k = 0; k < 5; k++) {
            a += b->v.arm[2 * k].concepts->row[c].f1_heldout / 5.0;
        }
        assert_true(fabs(concepts_value(concepts_own(&b->a), &b->v, f1, SIDE_A, c) -
                         a) < 1e-12);
        const struct verdict_row *r = concepts_effect(concepts_own(&b->a), f1, c);
        up += r->verdict == VERDICT_HIGHER;
        down += r->verdict == VERDICT_LOWER;
    }
    assert_true(up >= 1 && down >= 1);
    type(b, ":find clothing\n");
    assert_true(on_screen(b, "words of clothing; latents of seed 1"));
    assert_true(on_screen(b, "established lower"));
    type(b, "<"); /* the last difference */
    assert_true(on_screen(b, "found by sorting"));
    bench_free(b);

    b = bench_seeds(900);
    type(b, "2f");
    assert_true(on_screen(b, "so far, nothing established  ~"));
    assert_false(on_screen(b, "too small"));
    bench_free(b);

    b = bench_seeds(1500); /* one was added: the interval is for any number of them */
    b->v.seeds_planned = 4;
    type(b, "2f");
    assert_true(on_screen(b, "5 seeds, 4 planned: wider intervals"));
    const struct paired *d =
        &concepts_effect(concepts_own(&b->a), f1, concepts_own(&b->a)->concept[0])->d;
    const double half = paired_half(5, 4, VERDICT_LEVEL) * d->sd / sqrt(5.0);
    assert_true(fabs(0.5 * (d->by.high - d->by.low) - half) < 1e-9 * half);
    bench_free(b);
}

/* A word shows how many seeds say that it is held, absorbed, ...; its latents are those
 * of the seed shown, which # changes. */
static void words_over_seeds(void **state)
{
    (void)state;
    struct bench *b = bench_seeds(1500);
    type(b, "2f:find clothing\n");
    size_t split = 0;
    for (size_t i = 0; i < concepts_own(&b->a)->n_words; i++) {
        const struct concept_word *w = &concepts_own(&b->a)->word[i];
        for (size_t cond = 0; cond < 2; cond++) {
            size_t says[WORD_VERDICTS] = {0}, most = 0;
            double fires = 0.0;
            for (size_t k = 0; k < 5; k++) {
                const struct concept_table *t = b->v.arm[2 * k + cond].concepts;
                for (size_t j = 0; j < t->n_words; j++) {
                    const struct word_result *r = &t->word[j];
                    if (r->concept == concepts_own(&b->a)->at && r->token == w->token) {
                        says[r->verdict]++;
                        fires += (double)r->fires / (double)r->occurrences / 5.0;
                    }
                }
            }
            for (size_t k = 0; k < WORD_VERDICTS; k++) {
                assert_int_equal(w->seeds[cond].says[k], says[k]);
                most = says[k] > most ? says[k] : most;
            }
            assert_int_equal(w->seeds[cond].n, 5);
            assert_int_equal(says[word_seeds_verdict(&w->seeds[cond])], most);
            assert_true(fabs(w->seeds[cond].fires - fires) < 1e-12);
            split += most < 5;
        }
    }
    assert_true(split > 0);
    assert_true(on_screen(b, "absorbed 4/5") && on_screen(b, "by, of seed 1"));
    /* The absorber of the rest of a word that is held is in brackets. */
    const struct concept_word *some = &concepts_own(&b->a)->word[0];
    char by[32];
    while (!(some->of[0]->absorbed > 0)) {
        some++;
    }
    const struct concept_word of = *some;
    snprintf(by, sizeof by, "(#%d)", of.of[0]->absorber[0].latent);
    assert_false(on_screen(b, by));
    for (size_t k = 0; k < 10; k++) {
        const struct concept_table *t = b->v.arm[k].concepts;
        for (size_t j = 0; j < t->n_words; j++) {
            struct word_result *r = (struct word_result *)(uintptr_t)&t->word[j];
            const bool is =
                r->concept == concepts_own(&b->a)->at && r->token == of.token;
            r->verdict = is ? WORD_HELD : r->verdict;
        }
    }
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, by));
    const struct concept_table *first = b->v.arm[0].concepts;
    assert_true(concepts_own(&b->a)->word[0].of[0] >= first->word &&
                concepts_own(&b->a)->word[0].of[0] < first->word + first->n_words);
    type(b, "#");
    assert_int_equal(one_command(b, COMMAND_SEED).at, 1);
    b->v.seed = 1; /* as the session does */
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    app_view(&b->a, &b->v, &b->c);
    const struct concept_table *second = b->v.arm[2].concepts;
    assert_true(concepts_own(&b->a)->word[0].of[0] >= second->word &&
                concepts_own(&b->a)->word[0].of[0] < second->word + second->n_words);
    assert_true(on_screen(b, "latents of seed 2") && on_screen(b, "latent, seed 2"));
    /* A tie of verdicts goes to the one that is listed first. */
    const struct word_seeds tie = {.n = 2,
                                   .says = {[WORD_HELD] = 1, [WORD_MISSED] = 1}};
    assert_int_equal(word_seeds_verdict(&tie), WORD_MISSED);
    bench_free(b);
}

/* If a difference is open only because of Holm, the line of the row under the cursor
 * says so. */
static void but_for_holm(void **state)
{
    (void)state;
    struct bench *b = bench_seeds(1500);
    const struct concept_column *spread = &concept_columns[2];
    assert_string_equal(spread->title, "spread");
    type(b, "2f:sort spread\n");
    size_t found = 0;
    for (size_t i = 0; i < concepts_own(&b->a)->n; i++) {
        const struct verdict_row *r = concepts_effect(concepts_own(&b->a), spread,
                                                      concepts_own(&b->a)->concept[i]);
        const bool leaves = r->d.n > 1 && (r->d.by.low > 0.0 || r->d.by.high < 0.0);
        const bool open = leaves && r->p_holm >= 0.05 && r->verdict == VERDICT_OPEN;
        assert_true(verdict_but_for_holm(r) == open);
        assert_true((concepts_mark(r) == '~') == open);
        if (open && found++ == 0) {
            char line[64];
            snprintf(line, sizeof line, ":find %s\n",
                     b->v.names.concept_name[concepts_own(&b->a)->concept[i]]);
            type(b, line);
            concepts_own(&b->a)->side =
                SIDE_DIFFERENCE; /* that which is sorted by stands first */
            app_view(&b->a, &b->v, &b->c);
            assert_true(on_screen(b, "~ leaves 0 out alone, not among 4 (Holm)"));
        }
    }
    assert_true(found > 0);
    bench_free(b);
    b = bench_seeds(900); /* small and so far: Holm has nothing to do with it */
    type(b, "2f");
    for (size_t i = 0; i < concepts_own(&b->a)->n; i++) {
        for (size_t k = 1; k < concept_columns_n; k++) {
            const struct verdict_row *r =
                concepts_effect(concepts_own(&b->a), &concept_columns[k],
                                concepts_own(&b->a)->concept[i]);
            assert_true(concepts_mark(r) != '~' || r->p_holm >= 0.05);
        }
    }
    bench_free(b);
}

/* On a small screen no row is spent on a legend, or on groups that there are not. */
static void rows_are_of_concepts(void **state)
{
    (void)state;
    struct bench *b = bench_seeds(1500);
    type(b, "2f");
    assert_true(on_screen(b, "(Holm)  = small \xe2\x94\x81"));
    bench_free(b);

    b = bench_new(80, 24, 2);
    press(b, '2');
    assert_true(on_screen(b, " h l more \xe2\x94\x81"));
    const int with_two =
        concepts_own(&b->a)->list.page; /* groups above, a note below */
    bench_free(b);
    b = bench_new(80, 24, 1);
    press(b, '2');
    assert_int_equal(concepts_own(&b->a)->list.page, with_two + 2);
    bench_free(b);
    /* A long list has more of the room than a short one. */
    const struct rect body = {0, 1, 80, 21};
    assert_true(concepts_layout(body, false, 13).list.h >
                concepts_layout(body, false, 3).list.h);
    assert_true(concepts_layout(body, false, 3).words.h >= 10);
}

/* The titles of screens of one latent say whose seed it is, but for the first. */
static void titles_name_the_seed(void **state)
{
    (void)state;
    struct bench *b = bench_seeds(1500);
    static const char *const on[][2] = {
        {"3", "latents of A"}, {"\n", "of A"}, {"5", "latents here"}};
    for (size_t i = 0; i < sizeof on / sizeof on[0]; i++) {
        char with[64];
        snprintf(with, sizeof with, "%s, seed 2", on[i][1]);
        b->v.seed = 0;
        type(b, on[i][0]);
        assert_true(on_screen(b, on[i][1]));
        assert_false(on_screen(b, ", seed "));
        b->v.seed = 1;
        app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
        app_view(&b->a, &b->v, &b->c);
        assert_true(on_screen(b, with));
        b->v.seed = 0;
        app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    }
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_seeds),        cmocka_unit_test(words_over_seeds),
        cmocka_unit_test(titles_name_the_seed), cmocka_unit_test(but_for_holm),
        cmocka_unit_test(rows_are_of_concepts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
