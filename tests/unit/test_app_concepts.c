/* Concepts: both arms side by side, families, order, finding, words, the way to a
 * latent, and asking for words where a run that is browsed has none. */
#include "base/csvfile.h"
#include "base/mem.h"
#include "ui/screens/concepts_priv.h"
#include "ui/screens/prompt_priv.h"
#include "ui_bench.h"

#include <math.h>

static struct concepts_state *own(struct bench *b)
{
    return app_state(&b->a, &screen_concepts);
}

static const char *name_at(struct bench *b, size_t i)
{
    return b->v.names.concept_name[own(b)->concept[i]];
}

static void families_in_turn(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    type(b, "2");
    assert_int_equal(own(b)->n, 2);
    assert_string_equal(name_at(b, 0), "animal");
    assert_string_equal(name_at(b, 1), "food");
    assert_true(on_screen(b, "super-categories") && on_screen(b, "words of animal"));
    type(b, "f");
    assert_int_equal(own(b)->n, 5);
    assert_true(on_screen(b, "words of clothing")); /* the first by name */
    type(b, "f");
    assert_int_equal(own(b)->n, 1);
    assert_string_equal(name_at(b, 0), "letter b");
    type(b, "f");
    assert_int_equal(own(b)->family, CONCEPT_SUPER);
    type(b, ":family leaf\n");
    assert_int_equal(own(b)->family, CONCEPT_LEAF);
    type(b, ":family kin\n");
    assert_true(
        on_screen(b, "expected super, leaf, letter, shape, suffix or language"));
    type(b, "u");
    assert_int_equal(own(b)->family, CONCEPT_SUPER);
    bench_free(b);
}

/* Of all concepts but those of the family nothing was measured. */
static void measure_only(struct bench *b, int family)
{
    for (size_t i = 0; i < b->v.n_arms; i++) {
        struct concept_table *t =
            (struct concept_table *)(uintptr_t)b->v.arm[i].concepts;
        for (size_t c = 0; c < t->n; c++) {
            t->row[c].eligible &= (int)b->v.names.concept_kind[c] == family;
        }
    }
}

static int times_on_screen(struct bench *b, const char *text)
{
    struct errinfo e;
    char *dump = NULL;
    int n = 0;
    assert_ok(canvas_dump(&b->c, false, &dump, &e), &e);
    for (const char *p = dump; (p = strstr(p, text)) != NULL; p++) {
        n++;
    }
    mem_free(dump);
    return n;
}

/* Where no concept was told apart, both panes say what to give; another family is
 * offered where it has some. */
static void no_family_is_said(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    measure_only(b, CONCEPT_LEAF);
    type(b, "2");
    assert_int_equal(own(b)->n, 0);
    assert_int_equal(times_on_screen(b, "eval.concept_rows=N"), 2);
    assert_true(on_screen(b, "no measured super-categories"));
    assert_true(on_screen(b, "f goes on to the next family"));
    type(b, "f");
    assert_true(own(b)->n > 0);
    measure_only(b, -1);
    type(b, "f");
    assert_true(on_screen(b, "no concept of any family is told apart well enough"));
    assert_int_equal(times_on_screen(b, "eval.concept_rows=N"), 2);
    assert_false(on_screen(b, "f goes on"));
    bench_free(b);
}

/* Without a file the families are those of the vocabulary. The screen says so, and how
 * to get more; the first one shown is not empty. */
static void without_a_file(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    sample_no_file(&b->v);
    type(b, "2");
    assert_int_equal(own(b)->family, CONCEPT_LETTER);
    assert_int_equal(own(b)->n, 4);
    assert_true(on_screen(b, "first letters") && on_screen(b, "from the vocabulary"));
    assert_true(on_screen(b, "--concepts FILE.csv (concept,parent,word)"));
    type(b, "f");
    assert_int_equal(own(b)->family, CONCEPT_SHAPE);
    type(b, "f");
    assert_int_equal(own(b)->family, CONCEPT_SUFFIX);
    assert_true(on_screen(b, "words of -ing"));
    type(b, "f");
    assert_int_equal(own(b)->family, CONCEPT_LETTER);
    bench_free(b);
}

static void filtered(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    const struct concept_column *f1 = &concept_columns[1];
    type(b, "2f");
    const size_t all = own(b)->n;
    type(b, "&b_f1cv<.6\n");
    assert_true(own(b)->n > 0 && own(b)->n < all);
    assert_int_equal(own(b)->n + own(b)->hidden, all);
    assert_true(on_screen(b, "hidden by the filter") &&
                on_screen(b, "filter: b_f1cv<.6"));
    for (size_t i = 0; i < own(b)->n; i++) {
        assert_true(concepts_value(own(b), &b->v, f1, SIDE_B, own(b)->concept[i]) <
                    0.6);
    }
    type(b, ":filter difference_f1cv>0 | clothing\n");
    for (size_t i = 0; i < own(b)->n; i++) {
        assert_true(
            strcmp(name_at(b, i), "clothing") == 0 ||
            concepts_value(own(b), &b->v, f1, SIDE_DIFFERENCE, own(b)->concept[i]) > 0);
    }
    /* Without a prefix: of the arm that `v` is at. */
    type(b, ":filter f1cv>.6\n");
    for (size_t i = 0; i < own(b)->n; i++) {
        assert_true(concepts_value(own(b), &b->v, f1, SIDE_A, own(b)->concept[i]) >
                    0.6);
    }
    type(b, "v");
    assert_true(own(b)->n > 0);
    for (size_t i = 0; i < own(b)->n; i++) {
        assert_true(concepts_value(own(b), &b->v, f1, SIDE_B, own(b)->concept[i]) >
                    0.6);
    }
    type(b, "v:filter flute\n"); /* a word of theirs */
    assert_int_equal(own(b)->n, 0);
    assert_true(on_screen(b, "no concept passes the filter"));
    type(b, "\\");
    assert_int_equal(own(b)->n, all);
    type(b, "u"); /* and undo brings it back */
    assert_int_equal(own(b)->n, 0);
    type(b, ":filter size>3\n");
    assert_true(on_screen(b, "unknown field"));
    /* Filter, sort, curves and the CSV have the same names, and the table's heads do
     * as well. */
    char words[160];
    concept_column_words(words, sizeof words);
    assert_non_null(strstr(own(b)->filter.error, words));
    type(b, ":sort size\n");
    assert_non_null(strstr(b->a.message, words));
    for (size_t i = 0; i < concept_columns_n; i++) {
        const char *const name[] = {concept_column_name(&concept_columns[i]),
                                    concept_columns[i].title};
        size_t n[2];
        for (size_t k = 0; k < 2; k++) {
            char line[64];
            snprintf(line, sizeof line, "filter b_%s>.3", name[k]);
            app_run(&b->a, &b->v, line);
            assert_string_equal(own(b)->filter.text, line + strlen("filter "));
            n[k] = own(b)->n;
            app_run(&b->a, &b->v, "sort name");
            snprintf(line, sizeof line, "sort %s", name[k]);
            app_run(&b->a, &b->v, line);
            assert_int_equal(own(b)->sort, (int)i);
        }
        assert_int_equal(n[0], n[1]);
    }
    bench_free(b);
}

/* At 80 columns there is room for three measures: h and l show others, and what is
 * sorted by is always there. */
static void measures_scroll(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    type(b, "2");
    assert_int_equal(concepts_fit(&b->a, &b->v), 3);
    assert_true(on_screen(b, "absorb") && !on_screen(b, " frac"));
    type(b, "l");
    assert_true(on_screen(b, "recall") && !on_screen(b, "   F1  "));
    type(b, "lll");
    assert_int_equal(own(b)->first, 2);
    assert_true(on_screen(b, " frac"));
    type(b, "hhhh");
    assert_int_equal(own(b)->first, 0);
    for (size_t i = 1; i <= 3 * (concept_columns_n - 1); i++) {
        type(b, ">");
        const size_t at = (size_t)own(b)->sort - 1;
        assert_true(own(b)->first <= at && at < own(b)->first + 3);
    }
    type(b, ">");
    assert_true(own(b)->sort == -1 && own(b)->first == 0);
    bench_free(b);
    b = bench_new(120, 36, 2);
    type(b, "2");
    assert_int_equal(concepts_fit(&b->a, &b->v), concept_columns_n - 1);
    mouse(b, MOUSE_PRESS, hit_of(b, HIT_HEADER, concepts_place_hit(2, SIDE_B)).x,
          hit_of(b, HIT_HEADER, concepts_place_hit(2, SIDE_B)).y);
    assert_true(own(b)->sort == 2 && own(b)->side == SIDE_B);
    bench_free(b);
}

/* Enter on a word: its contexts, with what the main latents and the one that took it do
 * there; another Enter opens that latent, Esc leads back to the words. */
static void contexts_of_a_word(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    type(b, "2\tv\n");
    const struct concept_word *w = &own(b)->word[0];
    const struct command c = one_command(b, COMMAND_WORD);
    assert_int_equal(c.arm, 1);
    assert_int_equal(c.word.token, w->token);
    assert_int_equal(c.word.other, w->of[1]->absorber[0].latent);
    assert_int_equal(c.word.main[0],
                     concepts_result(&b->v, 1, own(b)->at)->main_latent[0]);
    assert_true(on_screen(b, "looking for it in the held-out text"));
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    no_command(b); /* asked once */
    b->v.word = sample_word_contexts(&c.word);
    b->v.word_arm = 1;
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    app_view(&b->a, &b->v, &b->c);
    char says[64];
    snprintf(says, sizeof says, "#%d alone on 10 of 15", c.word.other);
    assert_true(on_screen(b, says) && on_screen(b, "silent"));
    type(b, "jj");
    assert_int_equal(own(b)->context.cursor, 2);
    assert_int_equal(own(b)->words.cursor, 0);
    press(b, 'p'); /* with what is before and behind its word, and back */
    b->a.n_commands = 0;
    assert_ptr_equal(b->a.screen, &screen_prompt);
    const struct word_context *sent = &b->v.word->context[2];
    assert_non_null(
        strstr(prompt_own(&b->a)->box.text,
               names_token(&b->v.names, sent->at.token[CONTEXT_TOKENS / 2])));
    assert_int_equal(prompt_own(&b->a)->choose,
                     sent->at.act > 0 ? c.word.other : c.word.main[0]);
    press(b, KEY_ESC_);
    b->a.n_commands = 0;
    assert_ptr_equal(b->a.screen, &screen_concepts);
    assert_int_equal(own(b)->context.cursor, 2);
    press(b, KEY_ESC_);
    assert_false(on_screen(b, "p to prompt"));
    type(b, ":send\n");
    assert_true(on_screen(b, "on a word shows its contexts"));
    assert_ptr_equal(b->a.screen, &screen_concepts);
    assert_true(on_screen(b, "words of animal"));
    type(b, "\n");
    no_command(b); /* it is there already */
    type(b, "v");  /* of the other condition it is another question */
    assert_int_equal(one_command(b, COMMAND_WORD).arm, 0);
    type(b, "\tj"); /* another concept has its words shown */
    assert_true(on_screen(b, "words of food"));
    type(b, "k\t\nv\n");
    assert_ptr_equal(b->a.screen, &screen_detail);
    assert_int_equal(detail_of(&b->a)->latent, c.word.other);
    bench_free(b);
}

/* Spread is measured at the end and when R asks; until then the screen says so. */
static void when_spread_comes(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    for (size_t arm = 0; arm < 2; arm++) {
        struct concept_table *t =
            (struct concept_table *)(uintptr_t)b->v.arm[arm].concepts;
        for (size_t c = 0; c < t->n; c++) {
            t->row[c].spread = (double)NAN;
        }
    }
    type(b, "2");
    assert_true(on_screen(b, "spread: at step 1,500, or now by R"));
    b->v.state = SESSION_BROWSING; /* such a run is measured at once, all arms of it */
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    size_t asked = 0;
    for (size_t i = 0; i < b->a.n_commands; i++) {
        asked += b->a.command[i].kind == COMMAND_CONCEPTS;
    }
    assert_int_equal(asked, 2);
    bench_free(b);
}

/* Thresholds are tried while they are typed; Esc and 0 bring the rule back. */
static void other_thresholds(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    type(b, "2d");
    assert_string_equal(b->a.line.text, "share=0.4 cosine=0.025 least=20");
    b->a.n_commands = 0;
    type(b, "least=200"); /* over what is offered; no rule before the first digit */
    assert_int_equal(b->a.n_commands, 3);
    struct command c = b->a.command[2];
    assert_int_equal(c.kind, COMMAND_RULE);
    assert_int_equal(c.rule.least, 200);
    assert_true(c.rule.share < 0.41 && c.rule.share > 0.39);
    b->a.n_commands = 0;
    type(b, "x");
    no_command(b);
    press(b, KEY_ESC_);
    c = one_command(b, COMMAND_RULE);
    assert_true(absorption_rule_is_default(&c.rule));
    b->a.n_commands = 0;
    type(b, ":rule share=.25\n");
    bool asked = false;
    for (size_t i = 0; i < b->a.n_commands; i++) {
        asked |=
            b->a.command[i].kind == COMMAND_RULE && b->a.command[i].rule.least == 20;
    }
    assert_true(asked);
    b->v.rule.share = 0.25;
    press(b, KEY_TAB_);
    assert_true(on_screen(b, "not SAEBench's rule: share 0.25, cosine 0.025, 20"));
    b->a.n_commands = 0;
    type(b, "0");
    assert_true(absorption_rule_is_default(&b->a.command[0].rule));
    type(b, ":rule share=7\n");
    assert_true(on_screen(b, "expected share=0..1"));
    bench_free(b);
}

static void over_training(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    type(b, "2=");
    assert_true(on_screen(b, "F1cv of animal over training"));
    type(b, ".");
    assert_true(on_screen(b, "spread of animal over training"));
    type(b, ",j");
    assert_true(on_screen(b, "F1cv of food over training"));
    type(b, ":curves full\n");
    assert_true(on_screen(b, "absorb of food over training"));
    type(b, ":curves x\n");
    assert_true(on_screen(b, "expected a column's name"));
    type(b, "=");
    assert_true(on_screen(b, "words of food"));
    type(b, "u");
    assert_true(on_screen(b, "absorb of food over training"));
    bench_free(b);
}

/* A goes to its counterpart in B when the pairs have come; `O` to the same number. */
static void corresponding(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    type(b, "2jo"); /* food: A's is 18 */
    const struct command c = one_command(b, COMMAND_PARTNERS);
    assert_true(c.arm == 0 && c.at == 1);
    assert_true(on_screen(b, "pairing the latents of A and B"));
    struct latent_pairs *p = mem_alloc(1, sizeof *p);
    atomic_init(&p->refs, 1);
    for (size_t i = 0; i < 2; i++) {
        struct pairs_side *side = &p->side[i];
        side->F = 512;
        side->fate = mem_alloc(side->F, sizeof *side->fate);
        side->with = mem_alloc(side->F, sizeof *side->with);
        for (size_t j = 0; j < side->F; j++) {
            side->with[j] = -1;
            side->fate[j] = PAIR_ONLY;
        }
    }
    p->pair = mem_alloc(1, sizeof *p->pair);
    p->n = 1;
    p->pair[0] = (struct latent_pair){{18, 77}, 0.8F, 0.6F};
    p->side[0].with[18] = p->side[1].with[77] = 0;
    b->v.partners = p;
    b->v.partners_arm[1] = 1;
    b->v.partners_step = 900;
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    app_view(&b->a, &b->v, &b->c);
    assert_ptr_equal(b->a.screen, &screen_detail);
    assert_int_equal(detail_of(&b->a)->latent, 77);
    assert_int_equal(latents_cond(&b->a), 1);
    assert_true(on_screen(b, "A #18 corresponds to B #77: cosine 0.80"));
    b->a.n_commands = 0;
    type(b, "o"); /* and back, at once */
    assert_int_equal(detail_of(&b->a)->latent, 18);
    assert_int_equal(latents_cond(&b->a), 0);
    type(b, "q"); /* however often: where it was opened from */
    assert_ptr_equal(b->a.screen, &screen_concepts);
    type(b, "\n");
    type(b, "JO");
    const int32_t at = detail_of(&b->a)->latent;
    assert_int_equal(latents_cond(&b->a), 1);
    type(b, "o");
    assert_int_equal(detail_of(&b->a)->latent, at);
    assert_true(on_screen(b, "has nothing like it there"));
    bench_free(b);
}

/* F1 of 0 is of no latent at all: the rule takes the first, whatever it is. */
static void no_latent_is_none(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    struct concept_table *t = (struct concept_table *)(uintptr_t)b->v.arm[0].concepts;
    t->row[0].f1_best = t->row[0].f1_heldout = 0.0;
    type(b, "2");
    assert_string_equal(name_at(b, 0), "animal");
    assert_true(on_screen(b, "none    0.00") && on_screen(b, "no latent tells it"));
    type(b, "\n");
    assert_true(on_screen(b, "A has no latent for it"));
    bench_free(b);
}

/* By each column of A, then of B, then their differences, which say what they are. */
static void sorted_either_way(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    type(b, "2f>");
    const struct concept_column *f1 = &concept_columns[1];
    assert_int_equal(own(b)->sort, 1);
    for (size_t i = 0; i + 1 < own(b)->n; i++) {
        assert_true(concepts_value(own(b), &b->v, f1, SIDE_A, own(b)->concept[i]) >=
                    concepts_value(own(b), &b->v, f1, SIDE_A, own(b)->concept[i + 1]));
    }
    type(b, "r");
    for (size_t i = 0; i + 1 < own(b)->n; i++) {
        assert_true(concepts_value(own(b), &b->v, f1, SIDE_A, own(b)->concept[i]) <=
                    concepts_value(own(b), &b->v, f1, SIDE_A, own(b)->concept[i + 1]));
    }
    assert_false(on_screen(b, "found by sorting"));
    type(b, "<<"); /* by name, then round the end: the last difference */
    assert_int_equal(own(b)->side, SIDE_DIFFERENCE);
    assert_true(on_screen(b, "found by sorting"));
    /* A concept that only one arm measured has no difference and comes last. */
    assert_string_equal(name_at(b, own(b)->n - 1), "number");
    type(b, ":sort nothing\n");
    assert_true(on_screen(b, "no column nothing: name latent f1"));
    bench_free(b);
}

static void words_are_found(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    type(b, "2/hammer\n"); /* a word of "letter b" here, another family's */
    assert_true(on_screen(b, "first letters") || on_screen(b, "categories"));
    assert_true(own(b)->word_at >= 0);
    assert_true(strstr(b->v.names.token[own(b)->word_at], "hammer") != NULL);
    type(b, ":find fLUTe\n"); /* the word itself, not one that holds it */
    assert_string_equal(b->v.names.token[own(b)->word_at], " flute");
    assert_int_equal(*app_focus(&b->a, &screen_concepts), CONCEPTS_WORDS);
    type(b, "/feeling\n");
    assert_string_equal(b->v.names.concept_name[own(b)->at], "feeling");
    type(b, "/no such thing\n");
    assert_true(on_screen(b, "in no measured concept"));
    assert_string_equal(b->v.names.concept_name[own(b)->at], "feeling");
    bench_free(b);
}

static void filters_and_orders_begin_at_the_top(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    type(b, "2G");
    const size_t last = own(b)->list.cursor;
    assert_true(last > 0);
    type(b, "&f1>0");
    assert_int_equal(own(b)->list.cursor, 0);
    press(b, KEY_ESC_);
    assert_int_equal(own(b)->list.cursor, last);
    assert_int_equal(own(b)->at, own(b)->concept[last]);
    type(b, "Gr");
    assert_int_equal(own(b)->list.cursor, 0);
    bench_free(b);
}

/* The finder goes to the screen first: what it has not shown yet is looked in. */
static void found_from_another_screen(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    press(b, 16); /* Ctrl-P */
    type(b, "feeling\n");
    assert_ptr_equal(b->a.screen, &screen_concepts);
    assert_string_equal(b->v.names.concept_name[own(b)->at], "feeling");
    bench_free(b);
}

/* Absorbed words come first, with the latent that absorbed them; Enter goes to it. */
static void words_lead_to_latents(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    type(b, "2\t");
    const struct concept_word *w = &own(b)->word[0];
    assert_int_equal(w->of[1]->verdict, WORD_ABSORBED);
    assert_true(on_screen(b, " of 6 words"));
    type(b, "v\n\n"); /* through its contexts */
    assert_ptr_equal(b->a.screen, &screen_detail);
    assert_int_equal(detail_of(&b->a)->latent, w->of[1]->absorber[0].latent);
    assert_int_equal(latents_arm(&b->a), 1);
    bench_free(b);

    b = bench_new(80, 24, 2);
    type(b, "2\n"); /* from the concept: its own latent */
    assert_int_equal(detail_of(&b->a)->latent,
                     concepts_result(&b->v, 0, own(b)->at)->main_latent[0]);
    bench_free(b);
}

/* Back from a latent to where it was opened, and from there up; not so where another
 * way led to it. */
static void back_to_where_one_was(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    type(b, "2j\n");
    assert_ptr_equal(b->a.screen, &screen_detail);
    press(b, KEY_ESC_);
    assert_ptr_equal(b->a.screen, &screen_concepts);
    assert_int_equal(own(b)->list.cursor, 1);
    press(b, KEY_ESC_);
    assert_ptr_equal(b->a.screen, &screen_train);
    type(b, "2\n3\n");
    assert_ptr_equal(b->a.screen, &screen_detail);
    press(b, KEY_ESC_);
    assert_ptr_equal(b->a.screen, &screen_latents);
    bench_free(b);
}

/* A row of the file has a field for each name at its head. */
static void exported(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    struct errinfo e;
    struct csv_table *t = NULL;
    struct str out;
    str_init(&out, (size_t)1 << 20);
    type(b, "2");
    assert_ok(screen_concepts.export_text(&b->a, &b->v, &out, &e), &e);
    const struct csv_limits lim = CSV_LIMITS_DEFAULT;
    assert_ok(csv_parse_table(out.p, out.len, "export", &lim, &t, &e), &e);
    assert_int_equal(t->rows, own(b)->n);
    size_t fields = 1, name = 0;
    for (const char *p = out.p; *p != '\n'; p++) {
        fields += *p == ',';
    }
    for (const char *p = strchr(out.p, '\n') + 1; *p != '\n'; p++) {
        name += *p == ',';
    }
    assert_int_equal(name + 1, fields);
    assert_non_null(strstr(out.p, "\nanimal,super,"));
    csv_free_table(t);

    /* The words, where they are in focus. */
    char file[80];
    str_clear(&out);
    type(b, "\t");
    screen_concepts.export_name(&b->a, &b->v, file, sizeof file);
    assert_string_equal(file, "words-super-900.csv");
    assert_ok(screen_concepts.export_text(&b->a, &b->v, &out, &e), &e);
    assert_ok(csv_parse_table(out.p, out.len, "export", &lim, &t, &e), &e);
    assert_int_equal(t->rows, own(b)->n_words);
    assert_non_null(strstr(out.p, "concept,word,token,a_seed,a_occurrences,"));
    assert_non_null(strstr(out.p, "a_share,a_seeds,a_seeds_held,a_seeds_absorbed,"));
    assert_non_null(strstr(out.p, "\nanimal,dog,4,"));
    csv_free_table(t);
    str_free(&out);
    bench_free(b);
}

/* One arm alone has neither a second group of columns nor differences. */
static void one_arm(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    type(b, "2>>>>>");
    assert_false(on_screen(b, "A-B") || on_screen(b, "no verdict"));
    assert_true(own(b)->sort < (int)concept_columns_n && own(b)->side == SIDE_A);
    bench_free(b);
}

static void drop_tables(struct bench *b)
{
    for (size_t arm = 0; arm < 2; arm++) {
        concept_table_unref((struct concept_table *)(uintptr_t)b->v.arm[arm].concepts);
        b->v.arm[arm].concepts = NULL;
    }
}

/* Of a run of ten arms without tables those that are shown are measured, and the titles
 * say of how many seeds they are; R asks for the others, then for all again. */
static void ten_arms_are_asked_for_by_R(void)
{
    struct bench *b = bench_new(80, 24, 2);
    struct concept_table *shown[2];
    session_view_deinit(&b->v);
    sample_view_seeds(&b->v, 2, 5, 1500, 512);
    sample_seed_concepts(&b->v);
    b->v.state = SESSION_BROWSING;
    for (size_t i = 0; i < b->v.n_arms; i++) {
        struct concept_table *t =
            (struct concept_table *)(uintptr_t)b->v.arm[i].concepts;
        size_t k = 0;
        while (k < 2 && b->v.cond[k].arm[0] != i) {
            k++;
        }
        if (k < 2) {
            shown[k] = t;
        } else {
            concept_table_unref(t);
        }
        b->v.arm[i].concepts = NULL;
    }
    type(b, "2");
    size_t asked = 0;
    for (size_t i = 0; i < b->a.n_commands; i++) {
        asked += b->a.command[i].kind == COMMAND_CONCEPTS;
    }
    assert_int_equal(asked, 2);
    for (size_t k = 0; k < 2; k++) {
        b->v.arm[b->v.cond[k].arm[0]].concepts = shown[k];
    }
    b->a.n_commands = 0;
    type(b, "jk");
    no_command(b);
    assert_true(on_screen(b, "F1cv, 1/5 seeds"));
    press(b, 'R');
    assert_int_equal(b->a.n_commands, 8);
    b->a.n_commands = 0;
    b->v.concepts_busy = true;
    press(b, 'R');
    no_command(b); /* they are on their way */
    bench_free(b);
}

/* A run that is browsed is asked for its words once; one that trains has them with its
 * next evaluation, and R asks for that. */
static void asked_once(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    drop_tables(b);
    b->v.state = SESSION_BROWSING;
    type(b, "2");
    int asked = 0;
    for (size_t i = 0; i < b->a.n_commands; i++) {
        if (b->a.command[i].kind == COMMAND_CONCEPTS) {
            assert_int_equal(b->a.command[i].arm, asked);
            asked++;
        }
    }
    assert_int_equal(asked, 2);
    b->a.n_commands = 0;
    b->v.concepts_busy = true;
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    app_view(&b->a, &b->v, &b->c);
    no_command(b);
    assert_true(on_screen(b, "measuring the concepts"));
    b->v.concepts_busy = false;
    b->v.cond[0].n_seeds = 2; /* another seed, which has no table either: */
    b->v.cond[0].arm[1] = 3;
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    no_command(b); /* it is not shown */
    b->v.seed = 1;
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    assert_int_equal(b->a.command[0].kind, COMMAND_CONCEPTS);
    assert_int_equal(b->a.command[0].arm, 3);
    for (size_t i = 1; i < b->a.n_commands; i++) { /* and its latents */
        assert_int_equal(b->a.command[i].kind, COMMAND_TABLE);
    }
    b->a.n_commands = 0;
    b->v.table_busy = true;
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    no_command(b);
    bench_free(b);
    ten_arms_are_asked_for_by_R();

    b = bench_new(80, 24, 2);
    drop_tables(b);
    type(b, "2");
    no_command(b);
    assert_true(on_screen(b, "no concepts yet: the first evaluation measures them"));
    type(b, "R");
    (void)one_command(b, COMMAND_EVALUATE);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_in_turn),
        cmocka_unit_test(without_a_file),
        cmocka_unit_test(no_family_is_said),
        cmocka_unit_test(filtered),
        cmocka_unit_test(measures_scroll),
        cmocka_unit_test(contexts_of_a_word),
        cmocka_unit_test(when_spread_comes),
        cmocka_unit_test(other_thresholds),
        cmocka_unit_test(over_training),
        cmocka_unit_test(corresponding),
        cmocka_unit_test(no_latent_is_none),
        cmocka_unit_test(sorted_either_way),
        cmocka_unit_test(words_are_found),
        cmocka_unit_test(found_from_another_screen),
        cmocka_unit_test(filters_and_orders_begin_at_the_top),
        cmocka_unit_test(words_lead_to_latents),
        cmocka_unit_test(one_arm),
        cmocka_unit_test(back_to_where_one_was),
        cmocka_unit_test(exported),
        cmocka_unit_test(asked_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
