/* The first-letter task in its in-context prompt. */
#include "base/file.h"
#include "base/mem.h"
#include "eval/letters.h"
#include "eval/suite.h"
#include "num/blas.h"
#include "unit/check.h"
#include "unit/eval_bench.h"

#include <string.h>

enum { PROMPT = 1 + 10 * 8 + 7, FORMS = 48 };

/* A vocabulary with the words of the prompt, all letters, and words to ask for. */
static struct tok *letters_tok(bool whole)
{
    static const char *const words[] = {
        " dog", " cat",  " crow", " plum", " pear", " van",  " runs", " sees", " dust",
        " cup", " cold", " door", " pin",  " pot",  " vase", " rose", " sand", "dog"};
    static const char *const sections[] = {" has", " the", " first", " letter"};
    static char answer[26][3];
    const char *forms[FORMS];
    size_t n = 0;
    for (size_t i = 0; i < 26; i++) {
        answer[i][0] = ' ';
        answer[i][1] = (char)('A' + (int)i);
        forms[n++] = answer[i];
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        forms[n++] = words[i];
    }
    for (size_t i = 0; i < (whole ? 4 : 3); i++) {
        forms[n++] = sections[i];
    }
    return tiny_tok(forms, n);
}

static void test_allowed(void **state)
{
    (void)state;
    struct errinfo e;
    struct letter_prompt p;
    bool allowed = false;
    struct tok *whole = letters_tok(true), *pieces = letters_tok(false);
    assert_ok(letter_prompt_init(&p, whole, 128, &allowed, &e), &e);
    assert_true(allowed);
    assert_int_equal(p.length, PROMPT - (tok_bos(whole) < 0));
    assert_ok(letter_prompt_init(&p, whole, p.length - 1, &allowed, &e), &e);
    assert_false(allowed); /* longer than the context */
    assert_ok(letter_prompt_init(&p, pieces, 128, &allowed, &e), &e);
    assert_false(allowed); /* " letter" in pieces */
    tok_free(whole);
    tok_free(pieces);
}

/* The tokens are those of the text, which shows ten others, each with its letter. */
static void test_prompt(void **state)
{
    (void)state;
    struct errinfo e;
    struct letter_prompt p;
    bool allowed = false;
    struct tok *tok = letters_tok(true);
    assert_ok(letter_prompt_init(&p, tok, 128, &allowed, &e), &e);
    int32_t words[18], ids[PROMPT], again[PROMPT];
    size_t n = 0;
    static const char *const text[] = {"dog",   " dog",  " cat",  " crow", " plum",
                                       " pear", " van",  " runs", " sees", " dust",
                                       " cup",  " cold", " door", " pin"};
    for (; n < sizeof text / sizeof *text; n++) {
        words[n] = tok_single(tok, text[n]);
        assert_true(words[n] >= 0);
    }
    for (size_t i = 0; i < n; i++) {
        letter_prompt_fill(&p, tok, words, n, i, 7, ids);
        letter_prompt_fill(&p, tok, words, n, i, 7, again);
        assert_memory_equal(ids, again, p.length * sizeof *ids);
        assert_int_equal(ids[p.length - LETTER_TAIL - 1], words[i]);
        struct str back;
        struct tok_ids round = {0};
        str_init(&back, 4096);
        const size_t bos = p.bos >= 0 ? 1 : 0;
        tok_decode(tok, ids + bos, p.length - bos, &back);
        assert_ok(tok_encode(tok, back.p, back.len, &round, &e), &e);
        assert_int_equal(round.n, p.length - bos);
        assert_memory_equal(round.p, ids + bos, round.n * sizeof *ids);
        /* Line by line: "WORD has the first letter: W", the last without. */
        size_t lines = 0;
        for (char *line = back.p; *line != '\0'; lines++) {
            assert_int_equal(*line++, '\n');
            const size_t len = strcspn(line, "\n");
            const char first = line[0] == ' ' ? line[1] : line[0];
            const char *tail = strstr(line, " has the first letter:");
            assert_non_null(tail);
            const char *answer = tail + strlen(" has the first letter:");
            if (lines < LETTER_EXAMPLES) {
                assert_int_equal(answer[0], ' ');
                assert_int_equal(answer[1] | 0x20, first);
                assert_int_equal(answer + 2 - line, len);
                const size_t wl = (size_t)(tail - line);
                assert_false(strlen(text[i]) == wl && memcmp(line, text[i], wl) == 0);
            } else {
                assert_int_equal(answer - line, len);
            }
            line += len;
        }
        assert_int_equal(lines, LETTER_EXAMPLES + 1);
        str_free(&back);
        tok_ids_free(&round);
    }
    tok_free(tok);
}

/* A row of the sample is the residual at its word in some prompt: that of the seed. */
static void test_task(void **state)
{
    (void)state;
    struct errinfo e;
    struct letter_task *t = NULL;
    char why[LETTER_WHY];
    struct lm *m = tiny_lm(letters_tok(true), WIDTH, 96);
    struct eval_config cfg = eval_defaults();
    assert_ok(letter_task_new(&cfg, m, lm_behind(1), NULL, NULL, &t, why, &e), &e);
    assert_null(t); /* random weights spell nothing */
    assert_non_null(strstr(why, "expected 20"));
    cfg.min_letters = 0;
    assert_ok(letter_task_new(&cfg, m, lm_behind(1), NULL, NULL, &t, why, &e), &e);
    assert_non_null(t);
    const struct concept_sample *s = &t->set->sample;
    assert_int_equal(s->n_concepts, t->concepts->n_probed);
    assert_true(s->n > LETTER_EXAMPLES && s->n_train < s->n);
    assert_int_equal(s->n, t->set->id->n); /* every word once */
    struct letter_prompt p;
    bool allowed = false;
    int32_t ids[PROMPT];
    float x[PROMPT * WIDTH];
    struct lm_ws *ws = NULL;
    assert_ok(letter_prompt_init(&p, m->tok, 96, &allowed, &e), &e);
    assert_ok(lm_ws_new(m, LM_WHOLE, p.length, &ws, &e), &e);
    for (size_t i = 0; i < t->set->id->n; i++) {
        letter_prompt_fill(&p, m->tok, t->set->id->ids, t->set->id->n, i, cfg.seed,
                           ids);
        lm_forward_to(m, ws, ids, 1, p.length, lm_behind(1), x);
        assert_memory_equal(x + (p.length - 6) * WIDTH, t->set->id->x + i * WIDTH,
                            WIDTH * sizeof *x);
    }
    lm_ws_free(ws);
    letter_task_free(t);
    lm_free(m);
}

/* The suite asks by prompts where it may, and has the word's own activation beside. */
static void test_suite(void **state)
{
    (void)state;
    struct errinfo e;
    struct harvester *h = NULL;
    struct concepts *c = NULL;
    struct eval_set *set = NULL;
    struct suite_bench *bench = NULL;
    struct report r;
    struct eval_result q;
    char dir[256];
    tmp_make(dir, sizeof dir);
    struct lm *m = tiny_lm(letters_tok(true), WIDTH, 96);
    const struct lm_hook hook = {0, LM_RESID_POST};
    struct corpus *text = make_corpus(dir, "text.txt", BENCH_WORDS, 8, 1);
    struct eval_config cfg = eval_defaults();
    cfg.min_letters = 0;
    cfg.concept_rows = 40;
    cfg.fidelity_rows = 4;
    assert_ok(harvester_new(m, hook, CONTEXT, NULL, &h, &e), &e);
    assert_ok(concepts_load(NULL, m->tok, &c, &e), &e);
    assert_ok(eval_set_new(&cfg, h, text, NULL, c, m->tok, NULL, NULL, &set, &e), &e);
    const struct suite_source src = {.set = set,
                                     .concepts = c,
                                     .lm = m,
                                     .hook = {0, LM_RESID_POST},
                                     .ks = {.n = 1, .k = {1}},
                                     .rows = 4,
                                     .sections = 1U << SUITE_ABSORPTION};
    assert_ok(suite_bench_new(&src, h, NULL, NULL, NULL, &bench, &e), &e);
    struct sae *s = identity_sae();
    const struct suite_job job = {.sae = s, .h = h, .sections = SUITE_ALL};
    report_init(&r, 1);
    assert_ok(suite_run(bench, &job, &r, &q, NULL, &e), &e);
    const cJSON *input = cJSON_GetObjectItem(r.lists, SUITE_LETTER_INPUT);
    assert_string_equal(input->valuestring, "in-context prompt");
    assert_non_null(report_find(&r, "absorption.letter_own_word.full"));
    assert_non_null(report_find(&r, "absorption.letter.full"));
    assert_non_null(report_find(&r, "absorption.letter.saebench"));
    /* The result's letters are those of the prompts. */
    const double asked = report_find(&r, "absorption.letter.true_positives")->v.value;
    double of_result = 0;
    for (size_t i = 0; i < q.n_concepts; i++) {
        of_result += q.concept[i].eligible ? (double)q.concept[i].true_positives : 0.0;
        assert_int_equal(q.concept[i].concept, i);
    }
    assert_true(of_result >= asked - 0.5 && of_result <= asked + 0.5);
    report_deinit(&r);
    eval_result_deinit(&q);
    suite_bench_free(bench);
    sae_free(s);
    eval_set_free(set);
    concepts_free(c);
    corpus_free(text);
    harvester_free(h);
    lm_free(m);
    tmp_drop(dir);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allowed),
        cmocka_unit_test(test_prompt),
        cmocka_unit_test(test_task),
        cmocka_unit_test(test_suite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
