/* The concepts of an evaluation as screens get them, with their words: from the
 * evaluation itself and from a run's eval.json. */
#include "base/file.h"
#include "base/mem.h"
#include "eval/concept_history.h"
#include "eval/evalset_priv.h"
#include "unit/check.h"
#include "unit/world.h"

#include <math.h>
#include <string.h>

struct fixture {
    struct concepts *c;
    struct eval_set *set;
    struct eval_result r;
    size_t F;
    char dir[256], path[512];
};

static struct fixture begin(int32_t absorbed)
{
    struct errinfo e;
    struct fixture f = {.c = world_concepts()};
    struct eval_config cfg = eval_defaults();
    cfg.test_share = 0.25;
    cfg.seed = 3;
    assert_ok(
        eval_set_build(&cfg, world_acts(128), NULL, f.c, NULL, NULL, NULL, &f.set, &e),
        &e);
    struct sae *s = world_sae(absorbed);
    f.F = s->F;
    assert_ok(evaluate(f.set, s, NULL, NULL, NULL, &f.r, &e), &e);
    f.r.step = 77;
    sae_free(s);
    tmp_make(f.dir, sizeof f.dir);
    tmp_path(f.path, f.dir, "eval.json");
    return f;
}

static void end(struct fixture *f)
{
    tmp_drop(f->dir);
    eval_result_deinit(&f->r);
    eval_set_free(f->set);
    concepts_free(f->c);
}

static void write_json(const struct fixture *f)
{
    struct errinfo e;
    struct str text;
    str_init(&text, 1 << 20);
    assert_ok(eval_result_json(&f->r, f->c, &text, &e), &e);
    assert_ok(file_write_text(f->path, text.p, &e), &e);
    str_free(&text);
}

static void words_lie_by_concept(void **state)
{
    (void)state;
    struct errinfo e;
    struct fixture f = begin(3);
    struct concept_table *t = NULL;
    assert_ok(concept_table_new(&f.r, &t, &e), &e);
    assert_int_equal(t->step, 77);
    assert_false(t->lacks_words);
    assert_int_equal(t->n, f.r.n_concepts);
    assert_int_equal(t->n_words, f.r.n_words);
    assert_int_equal(t->word_start[0], 0);
    assert_int_equal(t->word_start[t->n], t->n_words);
    for (size_t c = 0; c < t->n; c++) {
        assert_true((t->word_start[c + 1] > t->word_start[c]) == t->row[c].eligible);
        for (size_t w = t->word_start[c]; w < t->word_start[c + 1]; w++) {
            assert_int_equal(t->word[w].concept, c);
        }
    }
    size_t absorbed = 0;
    for (size_t w = t->word_start[0]; w < t->word_start[1]; w++) {
        absorbed += t->word[w].verdict == WORD_ABSORBED;
    }
    assert_int_equal(absorbed, 3);
    struct concept_table *same = concept_table_ref(t);
    concept_table_unref(t);
    assert_int_equal(same->step, 77); /* as long as there is a reference */
    concept_table_unref(same);
    end(&f);
}

static bool same_share(double x, double y)
{
    return isnan(x) ? isnan(y) : fabs(x - y) < 1e-12;
}

static void a_saved_evaluation_comes_back(void **state)
{
    (void)state;
    struct errinfo e;
    struct fixture f = begin(2);
    struct concept_table *t = NULL;
    assert_ok(concept_table_load(f.path, f.c, f.F, &t, &e), &e);
    assert_null(t); /* no file yet */
    write_json(&f);
    assert_ok(concept_table_load(f.path, f.c, f.F, &t, &e), &e);
    assert_true(!t->lacks_words && t->step == 77);
    assert_int_equal(t->n_words, f.r.n_words);
    for (size_t w = 0; w < t->n_words; w++) {
        const struct word_result *want = &f.r.word[w], *got = &t->word[w];
        assert_true(got->concept == want->concept && got->token == want->token &&
                    got->verdict == want->verdict && got->fires == want->fires &&
                    got->occurrences == want->occurrences &&
                    got->right == want->right && got->held == want->held &&
                    got->absorbed == want->absorbed);
        assert_true(same_share(got->fraction, want->fraction));
        for (size_t i = 0; i < EVAL_ABSORBERS; i++) {
            assert_int_equal(got->absorber[i].latent, want->absorber[i].latent);
            assert_int_equal(got->absorber[i].times, want->absorber[i].times);
        }
    }
    assert_int_equal(t->word_start[t->n], t->n_words);
    assert_int_equal(t->n, f.c->n_probed);
    for (size_t c = 0; c < f.r.n_concepts; c++) {
        const struct concept_result *want = &f.r.concept[c], *got = &t->row[c];
        assert_int_equal(got->concept, c);
        assert_true(got->eligible == want->eligible);
        assert_int_equal(got->true_positives, want->true_positives);
        assert_int_equal(got->n_main, want->n_main);
        assert_memory_equal(got->main_latent, want->main_latent,
                            sizeof got->main_latent);
        assert_memory_equal(got->absorber, want->absorber, sizeof got->absorber);
        for (size_t i = 0; i < want->n_main; i++) {
            assert_true(fabsf(got->fit[i].f1 - want->fit[i].f1) < 1e-6F);
            assert_true(fabsf(got->fit[i].precision - want->fit[i].precision) < 1e-6F);
            assert_true(fabsf(got->fit[i].recall - want->fit[i].recall) < 1e-6F);
        }
        assert_true(same_share(got->full, want->full) &&
                    same_share(got->fraction, want->fraction) &&
                    same_share(got->recall, want->recall) &&
                    same_share(got->f1_best, want->f1_best) &&
                    same_share(got->f1_heldout, want->f1_heldout) &&
                    same_share(got->probe_f1, want->probe_f1));
    }
    concept_table_unref(t);
    end(&f);
}

static bool close_to(double x, double y)
{
    return isnan(x) ? isnan(y) : fabs(x - y) < 1e-6;
}

/* By the default rule what is kept says what the evaluation said. */
static void check_usual(const struct concept_table *t)
{
    struct errinfo e;
    const struct absorption_rule usual = absorption_rule_default();
    struct word_result *word = mem_alloc(t->n_words, sizeof *word);
    struct concept_result *row = mem_alloc(t->n, sizeof *row);
    memcpy(word, t->word, t->n_words * sizeof *word);
    memcpy(row, t->row, t->n * sizeof *row);
    assert_ok(absorption_rule_apply(&usual, t->evidence, word, row, t->n, &e), &e);
    for (size_t w = 0; w < t->n_words; w++) {
        assert_int_equal(word[w].absorbed, t->word[w].absorbed);
        assert_int_equal(word[w].verdict, t->word[w].verdict);
        assert_true(close_to(word[w].fraction, t->word[w].fraction));
        for (size_t i = 0; i < EVAL_ABSORBERS; i++) {
            assert_int_equal(word[w].absorber[i].latent, t->word[w].absorber[i].latent);
            assert_int_equal(word[w].absorber[i].times, t->word[w].absorber[i].times);
        }
    }
    for (size_t c = 0; c < t->n; c++) {
        if (t->row[c].eligible) {
            assert_true(close_to(row[c].full, t->row[c].full) &&
                        close_to(row[c].fraction, t->row[c].fraction));
            assert_int_equal(row[c].absorbed, t->row[c].absorbed);
            assert_memory_equal(row[c].absorber, t->row[c].absorber,
                                sizeof row[c].absorber);
        }
    }
    mem_free(word);
    mem_free(row);
}

/* A stricter rule absorbs less, and the default is there again. */
static void another_rule(void **state)
{
    (void)state;
    struct errinfo e;
    struct fixture f = begin(3);
    struct concept_table *t = NULL, *none = NULL, *strict = NULL, *back = NULL;
    const struct absorption_rule usual = absorption_rule_default();
    struct absorption_rule rule = usual;
    assert_null(f.r.evidence); /* unless asked for */
    assert_ok(concept_table_new(&f.r, &none, &e), &e);
    rule.share = 0.9;
    assert_ok(concept_table_judge(none, &rule, &t, &e), &e);
    assert_ptr_equal(t, none);
    concept_table_unref(t);
    concept_table_unref(none);
    eval_result_deinit(&f.r);

    eval_set_keep_evidence(f.set);
    struct sae *s = world_sae(3);
    assert_ok(evaluate(f.set, s, NULL, NULL, NULL, &f.r, &e), &e);
    sae_free(s);
    assert_ok(concept_table_new(&f.r, &t, &e), &e);
    check_usual(t);
    rule.share = 1.0;
    rule.cosine = 1.0;
    rule.least = 1;
    assert_ok(concept_table_judge(t, &rule, &strict, &e), &e);
    size_t fewer = 0, absorbed = 0;
    for (size_t w = 0; w < t->n_words; w++) {
        absorbed += t->word[w].absorbed;
        fewer += strict->word[w].absorbed;
        assert_true(strict->word[w].absorbed <= t->word[w].absorbed);
        assert_true(strict->word[w].verdict != WORD_TOO_RARE);
        assert_int_equal(strict->word[w].held, t->word[w].held);
    }
    assert_true(fewer < absorbed);
    assert_ok(concept_table_judge(strict, &usual, &back, &e), &e);
    assert_ptr_equal(back, t);
    concept_table_unref(back);
    concept_table_unref(t); /* strict still has it */
    assert_int_equal(strict->plain->n_words, strict->n_words);
    concept_table_unref(strict);
    end(&f);
}

static void a_rule_as_text(void **state)
{
    (void)state;
    struct errinfo e;
    struct absorption_rule r = absorption_rule_default();
    assert_true(absorption_rule_is_default(&r));
    assert_ok(absorption_rule_parse("least=5  share=0.25", &r, &e), &e);
    assert_true(r.least == 5 && close_to(r.share, 0.25) && close_to(r.cosine, 0.025));
    assert_false(absorption_rule_is_default(&r));
    static const char *const wrong[] = {"share=2", "least=0",  "least=1.5",
                                        "cosine",  "cosine=x", "sharex=1"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        check_error(absorption_rule_parse(wrong[i], &r, &e), ERR_USAGE, &e,
                    "expected share=0..1");
        assert_int_equal(r.least, 5);
    }
    assert_ok(absorption_rule_parse("default", &r, &e), &e);
    assert_true(absorption_rule_is_default(&r));
}

/* A point a step, ascending; beyond HISTORY_POINTS the older half is thinned, and both
 * ends stay. */
static void over_training(void **state)
{
    (void)state;
    struct errinfo e;
    struct fixture f = begin(1);
    struct concept_table *t = NULL;
    struct concept_history *h = NULL, *next = NULL;
    assert_ok(concept_table_new(&f.r, &t, &e), &e);
    for (int64_t step = 10; step <= 3000; step += 10) {
        t->step = step;
        t->row[0].recall = (double)step / 4096.0;
        assert_ok(concept_history_with(h, t, &next, &e), &e);
        concept_history_unref(h);
        h = next;
        assert_true(h->n <= HISTORY_POINTS && h->step[0] == 10 &&
                    h->step[h->n - 1] == step);
    }
    for (size_t i = 0; i < h->n; i++) {
        assert_true(i == 0 || h->step[i] > h->step[i - 1]);
        assert_true(
            close_to(concept_history_at(h, i, 0, 3), (double)h->step[i] / 4096.0));
    }
    assert_true(h->n >= HISTORY_POINTS / 2);
    const size_t n = h->n;
    t->row[0].recall = 0.25; /* the same step again */
    assert_ok(concept_history_with(h, t, &next, &e), &e);
    assert_int_equal(next->n, n);
    assert_true(close_to(concept_history_at(next, n - 1, 0, 3), 0.25));
    t->step = 5; /* what is older than the last says nothing */
    struct concept_history *same = NULL, *read = NULL;
    assert_ok(concept_history_load(f.dir, f.c, 4000, &read, &e), &e);
    assert_null(read); /* no file yet */
    assert_ok(concept_history_save(next, f.c, f.dir, &e), &e);
    assert_ok(concept_history_load(f.dir, f.c, 4000, &read, &e), &e);
    assert_int_equal(read->n, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(read->step[i], next->step[i]);
        for (size_t k = 0; k < CONCEPT_FIGURES; k++) {
            assert_true(close_to(concept_history_at(read, i, 0, k),
                                 concept_history_at(next, i, 0, k)));
        }
    }
    concept_history_unref(read);
    /* A run that goes on from an earlier step has no later points. */
    assert_ok(concept_history_load(f.dir, f.c, next->step[n - 2], &read, &e), &e);
    assert_int_equal(read->n, n - 1);
    concept_history_unref(read);
    assert_ok(concept_history_with(next, t, &same, &e), &e);
    assert_ptr_equal(same, next);
    concept_history_unref(same);
    concept_history_unref(next);
    concept_history_unref(h);
    concept_table_unref(t);
    end(&f);
}

static void a_history_that_is_wrong(void **state)
{
    (void)state;
    struct errinfo e;
    struct fixture f = begin(0);
    static const struct {
        const char *row, *says;
    } cases[] = {{"x,NAME,leaf,0,0,1,0,0,0", "row 2: found 'x', expected a step"},
                 {"5,NAME,leaf,0,0,1,0,0,0\n4,NAME,leaf,0,0,1,0,0,0",
                  "row 3: found '4', expected a step, ascending"},
                 {"5,NAME,leaf,2,0,1,0,0,0", "row 2: found '2', expected a f1_best"},
                 {"5,NAME,leaf,,,0,,,", "expected a spread from 1 to 10"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct concept_history *h = NULL;
        struct str text;
        str_init(&text, 4096);
        str_add(&text, "step,concept,kind");
        for (size_t k = 0; k < CONCEPT_FIGURES; k++) {
            str_addf(&text, ",%s", concept_figure_key(k));
        }
        str_addc(&text, '\n');
        for (const char *p = cases[i].row; *p; p++) {
            if (strncmp(p, "NAME", 4) == 0) {
                str_add(&text, f.c->def[0].name);
                p += 3;
            } else {
                str_addc(&text, *p);
            }
        }
        check_error(concept_history_parse(text.p, text.len, "h.csv", f.c, 100, &h, &e),
                    ERR_FORMAT, &e, cases[i].says);
        assert_null(h);
        str_free(&text);
    }
    end(&f);
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"{\"concepts\": 3}", "concepts: found 3"},
        {"{\"concepts\": [7]}", "concepts: found 7, expected an object"},
        {"{\"concepts\": [{\"concept\": \"zero\"}]}", "kind"},
        {"{\"concepts\": [{\"concept\": \"NAME\", \"kind\": \"leaf\", \"eligible\": 1}]}",
         "eligible"},
        {"{\"concepts\": [{\"concept\": \"NAME\", \"kind\": \"leaf\", \"eligible\": true, "
         "\"true_positives\": 1, \"main_latents\": [900], \"absorbers\": []}]}",
         "main_latents: expected at most 10 latents below"},
        {"{\"concepts\": [{\"concept\": \"NAME\", \"kind\": \"leaf\", \"eligible\": true, "
         "\"true_positives\": 1, \"full\": 2, \"main_latents\": [], \"absorbers\": []}]}",
         "full: found 2"},
        {"{\"concepts\": [{\"concept\": \"NAME\", \"kind\": \"leaf\", \"eligible\": true, "
         "\"true_positives\": 1, \"main_latents\": [], \"absorbers\": [{\"latent\": -1, "
         "\"share\": 0}]}]}",
         "latent: found -1"},
        {"{\"concepts\": [{\"concept\": \"NAME\", \"kind\": \"leaf\", \"eligible\": true, "
         "\"true_positives\": 1, \"main_latents\": [1], \"main_latent_fits\": [[1, 2, 0]], "
         "\"absorbers\": []}]}",
         "main_latent_fits: expected three numbers from 0 to 1"},
        {"{\"concepts\": [{\"concept\": \"NAME\", \"kind\": \"leaf\", \"eligible\": true, "
         "\"true_positives\": 1, \"main_latents\": [], \"main_latent_fits\": [[1, 1, 0]], "
         "\"absorbers\": []}]}",
         "main_latent_fits: expected three numbers from 0 to 1"},
#define ONE_CONCEPT(words)                                                              \
    "{\"concepts\": [{\"concept\": \"NAME\", \"kind\": \"leaf\", \"eligible\": true, "  \
    "\"true_positives\": 1, \"main_latents\": [], \"absorbers\": [], \"words\": " words \
    "}]}"
        {ONE_CONCEPT("7"), "words: found 7"},
        {ONE_CONCEPT("[7]"), "lists of 7, 10, 13 or 16 numbers"},
        {ONE_CONCEPT("[[1, 2, 2, 2, 2, 0]]"), "lists of 7, 10, 13 or 16 numbers"},
        {ONE_CONCEPT("[[1, 2, null, 2, 2, 0, 0]]"), "lists of 7, 10, 13 or 16 numbers"},
        {ONE_CONCEPT("[[-1, 2, 2, 2, 2, 0, 0]]"), "a token, counts that go together"},
        {ONE_CONCEPT("[[1, 2, 2, 3, 2, 0, 0]]"), "a token, counts that go together"},
        {ONE_CONCEPT("[[1, 2, 2, 2, 2, 1, 0]]"), "a token, counts that go together"},
        {ONE_CONCEPT("[[1, 2, 1, 2, 1, 1, 0, 900, 1, 0.5]]"), "latents of the SAE"},
        {ONE_CONCEPT("[[1, 2, 2, 2, 2, 0, null], [1, 2, 2, 2, 2, 0, 0]]"),
         "a word twice"},
#undef ONE_CONCEPT
    };
    struct errinfo e;
    struct fixture f = begin(0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct concept_table *t = NULL;
        char text[512];
        const char *name = strstr(cases[i].text, "NAME");
        if (name) {
            snprintf(text, sizeof text, "%.*s%s%s", (int)(name - cases[i].text),
                     cases[i].text, f.c->def[0].name, name + 4);
        } else {
            snprintf(text, sizeof text, "%s", cases[i].text);
        }
        assert_ok(file_write_text(f.path, text, &e), &e);
        check_error(concept_table_load(f.path, f.c, f.F, &t, &e), ERR_FORMAT, &e,
                    cases[i].says);
        assert_null(t);
    }
    /* Concepts that are not known here are passed over; a file may have none. */
    static const char *const fine[] = {"{}",
                                       "{\"concepts\": [{\"concept\": \"\\u001b[2J\","
                                       " \"kind\": \"leaf\"}]}"};
    for (size_t i = 0; i < 2; i++) {
        struct concept_table *t = NULL;
        assert_ok(file_write_text(f.path, fine[i], &e), &e);
        assert_ok(concept_table_load(f.path, f.c, f.F, &t, &e), &e);
        assert_true((t != NULL) == (i == 1));
        assert_true(!t || !t->row[0].eligible);
        concept_table_unref(t);
    }
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_lie_by_concept),
        cmocka_unit_test(a_saved_evaluation_comes_back),
        cmocka_unit_test(another_rule),
        cmocka_unit_test(a_rule_as_text),
        cmocka_unit_test(over_training),
        cmocka_unit_test(a_history_that_is_wrong),
        cmocka_unit_test(what_is_wrong_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
