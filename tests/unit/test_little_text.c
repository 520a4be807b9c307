/* A text too small for what is asked of it: no token counts twice, and a remark says
 * so. */
#include "base/str.h"
#include "tiny.h"
#include "train/inputs.h"

#include <stdio.h>

enum { CONTEXT = 16 };

static char dir[256];

static int setup(void **state)
{
    (void)state;
    tmp_make(dir, sizeof dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tmp_drop(dir);
    return 0;
}

/* Two documents: "cat" in training, "dog dog ..." of n words held out. */
static void write_corpus(char path[512], size_t n)
{
    struct errinfo e;
    struct str s;
    str_init(&s, 1u << 20);
    str_add(&s, "cat cat\n\n");
    for (size_t i = 0; i < n; i++) {
        str_add(&s, " dog");
    }
    tmp_path(path, dir, "t.txt");
    assert_ok(file_write_text(path, s.p, &e), &e);
    str_free(&s);
}

/* Held-out tokens among 64 rows that are asked for. */
static size_t counted(size_t words, size_t *rows)
{
    static const char *const forms[] = {" dog", "cat"};
    struct errinfo e;
    struct corpus *c = NULL;
    struct harvester *h = NULL;
    struct acts_set *set = NULL;
    char path[512];
    struct lm *m = tiny_lm(tiny_tok(forms, 2), 8, CONTEXT);
    const struct lm_hook hook = {0, LM_RESID_POST};
    write_corpus(path, words);
    assert_ok(corpus_open(path, 1, NULL, &c, &e), &e);
    assert_ok(harvester_new(m, hook, CONTEXT, NULL, &h, &e), &e);
    assert_ok(acts_set_new(h, c, CORPUS_HELDOUT, m->tok, 64, &set, &e), &e);
    size_t n = 0;
    for (size_t i = 0; i < set->n; i++) {
        n += !set->special[i];
    }
    *rows = set->rows;
    assert_int_equal(set->n, set->rows * CONTEXT);
    acts_set_free(set);
    harvester_free(h);
    corpus_free(c);
    lm_free(m);
    return n;
}

static void test_each_token_counts_once(void **state)
{
    (void)state;
    size_t rows = 0;
    assert_int_equal(counted(3, &rows), 3);
    assert_int_equal(rows, 1);
    assert_int_equal(counted(40, &rows), 40); /* 15 a row, and EOS */
    assert_int_equal(rows, 3);
    assert_int_equal(counted(3000, &rows), 64 * (CONTEXT - 1));
    assert_int_equal(rows, 64);
}

static bool has_remark(const struct inputs *in, const char *part)
{
    for (size_t i = 0; i < in->remarks.n; i++) {
        if (strstr(in->remarks.line[i], part)) {
            return true;
        }
    }
    return false;
}

static void test_little_text_is_said(void **state)
{
    (void)state;
    struct errinfo e;
    struct settings s;
    struct inputs *in = NULL;
    const char *samples = getenv("SAETOP_SAMPLES");
    char path[512];
    settings_init(&s);
    snprintf(s.model, sizeof s.model, "samples/model");
    snprintf(s.corpus, sizeof s.corpus, "samples/storybook.grammar.json");
    snprintf(s.samples_dir, sizeof s.samples_dir, "%s", samples ? samples : "samples");
    s.width = 16;
    s.k = 2;
    s.ood[0] = '\0';
    s.concepts[0] = '\0';
    assert_ok(inputs_new(&s, NULL, &in, &e), &e);
    assert_int_equal(in->remarks.n, 0); /* the bundled text has no end */
    inputs_free(in);
    write_corpus(path, 30);
    snprintf(s.corpus, sizeof s.corpus, "%s", path);
    assert_ok(inputs_new(&s, NULL, &in, &e), &e);
    assert_true(has_remark(in, "t.txt: little text: about"));
    assert_true(has_remark(in, "t.txt: figures rest on "));
    assert_true(has_remark(in, " held-out tokens, "));
    inputs_free(in);
}

/* A text that the model cannot predict is foreign to it, without a word on pieces of
 * words where its words are whole tokens. */
static void test_foreign_text_is_said(void **state)
{
    (void)state;
    struct errinfo e;
    struct settings s;
    struct inputs *in = NULL;
    struct str text;
    const char *samples = getenv("SAETOP_SAMPLES");
    char path[512];
    settings_init(&s);
    snprintf(s.model, sizeof s.model, "samples/model");
    snprintf(s.samples_dir, sizeof s.samples_dir, "%s", samples ? samples : "samples");
    s.width = 16;
    s.k = 2;
    s.ood[0] = '\0';
    s.concepts[0] = '\0';
    static const char *const kinds[2] = {" dog cat to the of", " xqzj wvkx qqzzj"};
    for (size_t i = 0; i < 2; i++) {
        str_init(&text, 1u << 20);
        for (size_t k = 0; k < 600; k++) {
            str_add(&text, kinds[i]);
            str_add(&text, k % 20 == 19 ? "\n\n" : "");
        }
        tmp_path(path, dir, "t.txt");
        (void)remove(path);
        assert_ok(file_write_text(path, text.p, &e), &e);
        str_free(&text);
        snprintf(s.corpus, sizeof s.corpus, "%s", path);
        assert_ok(inputs_new(&s, NULL, &in, &e), &e);
        assert_true(has_remark(in, "this text is foreign to the model: "));
        assert_int_equal(has_remark(in, "pieces of words"), i == 1);
        assert_int_equal(has_remark(in, "tokens a word"), i == 1);
        inputs_free(in);
    }
}

/* The tail of the user's own text serves as OOD text: it is in no split of the body, a
 * remark says so, and it is recorded. A text without a tail has no OOD text. */
static void test_tail_stands_for_ood(void **state)
{
    (void)state;
    struct errinfo e;
    struct settings s;
    struct inputs *in = NULL;
    struct str whole, doc;
    const char *samples = getenv("SAETOP_SAMPLES");
    char path[512];
    settings_init(&s);
    snprintf(s.model, sizeof s.model, "samples/model");
    snprintf(s.samples_dir, sizeof s.samples_dir, "%s", samples ? samples : "samples");
    s.width = 16;
    s.k = 2;
    s.concepts[0] = '\0';
    tmp_path(path, dir, "tail.txt");
    str_init(&whole, 1u << 20);
    str_init(&doc, 1u << 20);
    for (int i = 0; i < 100; i++) {
        str_addf(&whole, "The dog ran to lake number %d and slept there.\n\n", i);
    }
    assert_ok(file_write_text(path, whole.p, &e), &e);
    snprintf(s.corpus, sizeof s.corpus, "%s", path);
    assert_ok(settings_set(&s, setting_key.ood, OOD_TAIL, from_program("test"), &e),
              &e);
    assert_ok(inputs_new(&s, NULL, &in, &e), &e);
    assert_non_null(in->ood);
    assert_string_equal(in->set.ood, OOD_TAIL);
    assert_true(corpus_hash(in->ood) != corpus_hash(in->corpus));
    assert_int_equal(corpus_count(in->ood, CORPUS_HELDOUT), 5);
    assert_int_equal(corpus_count(in->corpus, CORPUS_TRAIN) +
                         corpus_count(in->corpus, CORPUS_HELDOUT),
                     95);
    assert_true(has_remark(
        in,
        "no OOD text: --ood FILE; figures called OOD are of the held-back tail of tail.txt, 5"));
    for (int split = 0; split < 2; split++) {
        for (uint64_t i = 0; i < corpus_count(in->corpus, (enum corpus_split)split);
             i++) {
            assert_ok(corpus_doc(in->corpus, (enum corpus_split)split, i, &doc, &e),
                      &e);
            assert_null(strstr(doc.p, "number 95 "));
            assert_null(strstr(doc.p, "number 99 "));
        }
    }
    assert_ok(corpus_doc(in->ood, CORPUS_HELDOUT, 0, &doc, &e), &e);
    assert_non_null(strstr(doc.p, "number 95 "));
    inputs_free(in);

    write_corpus(path, 30);
    snprintf(s.corpus, sizeof s.corpus, "%s", path);
    assert_ok(inputs_new(&s, NULL, &in, &e), &e);
    assert_null(in->ood);
    assert_string_equal(in->set.ood, "");
    assert_true(has_remark(in, "no OOD text: --ood FILE; "));
    inputs_free(in);
    assert_ok(settings_set(&s, setting_key.ood, OOD_TAIL, from_user("line"), &e), &e);
    assert_int_equal(inputs_new(&s, NULL, &in, &e), ERR_USAGE);
    assert_non_null(strstr(e.msg, "at least 40 documents"));
    str_free(&whole);
    str_free(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_token_counts_once),
        cmocka_unit_test(test_little_text_is_said),
        cmocka_unit_test(test_foreign_text_is_said),
        cmocka_unit_test(test_tail_stands_for_ood),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
