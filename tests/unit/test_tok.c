/* [threads] Tokenizers: encoding against a naive twin, round trips, training. */
#include "text/tok_bpe.h"
#include "text/tok_priv.h"
#include "text/tok_split.h"
#include "unit/tok_check.h"

#include <pthread.h>

static void any_bytes_come_back(void **state)
{
    (void)state;
    char buf[400];
    struct rng r = rng_begin(7, RNG_SAMPLE, 1);
    for (int k = 0; k < 3000; k++) {
        expect_round_trip(shared, buf, random_text(&r, buf, sizeof buf));
    }
    for (int b = 0; b < 256; b++) {
        buf[0] = (char)(unsigned char)b;
        expect_round_trip(shared, buf, 1);
    }
    expect_round_trip(shared, "", 0);
    expect_round_trip(shared, "a\0b\0\0c", 6);
}

/* ---- the naive twin ---- */

struct twin {
    const struct tok *t;
    struct tok_ids out;
};

/* Merge by the textbook: look through all merges for the lowest that applies anywhere,
 * apply it from left to right, begin again. */
static enum err twin_word(void *ctx, const char *word, size_t len, struct errinfo *e)
{
    struct twin *w = ctx;
    const struct bpe *b = w->t->impl;
    int32_t sym[512];
    size_t n = 0;
    assert_true(len <= 512);
    const int32_t whole = b->opts.ignore_merges ? bpe_find(b, word, len) : -1;
    if (whole >= 0) {
        return tok_ids_add(&w->out, whole, e);
    }
    for (; n < len; n++) {
        sym[n] = b->byte_id[(uint8_t)word[n]];
    }
    for (size_t m = 0; m < b->n_merges;) {
        size_t to = 0;
        bool hit = false;
        struct str both;
        str_init(&both, 1000);
        tok_piece(w->t, b->merge[m].a, &both);
        tok_piece(w->t, b->merge[m].b, &both);
        const int32_t id = bpe_find(b, both.p, both.len);
        str_free(&both);
        for (size_t i = 0; i < n; i++) {
            if (i + 1 < n && sym[i] == b->merge[m].a && sym[i + 1] == b->merge[m].b) {
                sym[to++] = id;
                i++;
                hit = true;
            } else {
                sym[to++] = sym[i];
            }
        }
        n = to;
        m = hit ? 0 : m + 1;
    }
    return tok_ids_addn(&w->out, sym, n, e);
}

static void compare_with_twin(const struct tok *t)
{
    const struct bpe *b = t->impl;
    struct tok_scratch *s = NULL;
    struct pre_state *st = NULL;
    struct errinfo e;
    char buf[160];
    assert_int_equal(tok_scratch_new(t, &s, &e), OK);
    assert_int_equal(pre_state_new(b->pre, &st, &e), OK);
    struct rng r = rng_begin(8, RNG_SAMPLE, 2);
    for (int k = 0; k < 400; k++) {
        const size_t n = random_text(&r, buf, sizeof buf);
        struct twin w = {.t = t};
        struct tok_ids cold = encode(t, buf, n);
        struct tok_ids warm = {0};
        assert_int_equal(pre_words(b->pre, st, buf, n, true, twin_word, &w, &e), OK);
        assert_int_equal(tok_encode_with(t, s, buf, n, &warm, &e), OK);
        expect_ids(&cold, &w.out);
        expect_ids(&warm, &w.out);
        tok_ids_free(&cold);
        tok_ids_free(&warm);
        tok_ids_free(&w.out);
    }
    pre_state_free(st);
    tok_scratch_free(s);
}

static void same_as_naive_twin(void **state)
{
    (void)state;
    struct tok *merges_only = fixture_tok(400, NULL, 0);
    compare_with_twin(shared);
    compare_with_twin(merges_only);
    tok_free(merges_only);
}

/* More different words than the cache holds, then the first ones again. */
static void cache_overflow_changes_nothing(void **state)
{
    (void)state;
    struct tok_scratch *s = NULL;
    struct errinfo e;
    assert_int_equal(tok_scratch_new(shared, &s, &e), OK);
    for (int round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 40000; i++) {
            char word[16];
            const int n =
                snprintf(word, sizeof word, " %c%u", 'a' + (int)(i % 26), i / 7);
            struct tok_ids warm = {0};
            assert_int_equal(tok_encode_with(shared, s, word, (size_t)n, &warm, &e),
                             OK);
            if (i % 400 == 0) {
                struct tok_ids cold = encode(shared, word, (size_t)n);
                expect_ids(&warm, &cold);
                tok_ids_free(&cold);
            }
            tok_ids_free(&warm);
        }
    }
    tok_scratch_free(s);
}

/* ---- words ---- */

static enum err join_words(void *ctx, const char *word, size_t len, struct errinfo *e)
{
    struct str *out = ctx;
    (void)e;
    str_addc(out, '|');
    str_addn(out, word, len);
    return OK;
}

static void gpt2_words(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"Hello world", "|Hello| world"},
        {"Hello  world", "|Hello| | world"},
        {"a   b", "|a|  | b"},
        {"tail   ", "|tail|   "},
        {"don't they'll I've we're I'm he'd it's",
         "|don|'t| they|'ll| I|'ve| we|'re| I|'m| "
         "he|'d| it|'s"},
        {"DON'T", "|DON|'|T"},
        {"abc123 45", "|abc|123| 45"},
        {"x, y!?", "|x|,| y|!?"},
        {"one\n\ntwo\n three", "|one|\n|\n|two|\n| three"},
        {"\t\tcode", "|\t|\t|code"},
        {"caf\xC3\xA9 \xC3\xBC", "|caf\xC3\xA9| \xC3\xBC"},
        {"a\xC2\xA0"
         "b",
         "|a|\xC2\xA0|b"},                      /* no-break space is white space */
        {"a \xE1\xA0\x8E", "|a| \xE1\xA0\x8E"}, /* U+180E is not */
        {"\xC2\xBD\xC2\xB2",
         "|\xC2\xBD\xC2\xB2"},             /* one half, superscript two: numbers */
        {"ok\xFF\xFE!", "|ok|\xFF\xFE|!"}, /* not UTF-8: by itself */
        {"<|bos|>", "|<||bos||>"},         /* "<|" "bos" "|>" */
    };
    struct split *s = NULL;
    struct split_state *st = NULL;
    struct errinfo e;
    assert_int_equal(split_new(NULL, NULL, "test", &s, &e), OK);
    assert_int_equal(split_state_new(s, &st, &e), OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str out;
        str_init(&out, 1000);
        assert_int_equal(
            split_text(s, st, cases[i][0], strlen(cases[i][0]), join_words, &out, &e),
            OK);
        assert_string_equal(out.p, cases[i][1]);
        str_free(&out);
    }
    split_state_free(st);
    split_free(s);
}

static void costly_pattern_is_an_error(void **state)
{
    (void)state;
    struct split *s = NULL;
    struct split_state *st = NULL;
    struct errinfo e = {OK, ""};
    struct str out;
    str_init(&out, 1000);
    assert_int_equal(split_new("(a+)+(a+)+(a+)+[bc]", NULL, "p", &s, &e), OK);
    assert_int_equal(split_state_new(s, &st, &e), OK);
    char many[61];
    memset(many, 'a', 60);
    many[60] = '\0';
    assert_int_equal(split_text(s, st, many, 60, join_words, &out, &e), ERR_LIMIT);
    assert_non_null(strstr(e.msg, "pattern"));
    split_state_free(st);
    split_free(s);
    s = NULL;
    assert_int_equal(split_new("(unclosed", NULL, "f.json: pattern", &s, &e),
                     ERR_FORMAT);
    assert_non_null(strstr(e.msg, "f.json: pattern"));
    assert_null(s);
    str_free(&out);
}

static enum err count_words(void *ctx, const char *word, size_t len, struct errinfo *e)
{
    size_t *n = ctx;
    (void)word, (void)len, (void)e;
    (*n)++;
    return OK;
}

/* A pattern that looks at all the rest of a text from each place ends with an error and
 * not after an hour. */
static void slow_pattern_is_an_error(void **state)
{
    (void)state;
    const size_t n = 4u << 20;
    struct split *s = NULL;
    struct split_state *st = NULL;
    struct errinfo e = {OK, ""};
    size_t words = 0;
    char *text = mem_alloc(n, 1);
    assert_non_null(text);
    memset(text, 'a', n);
    assert_int_equal(split_new("a(?=a*$)|z", NULL, "p", &s, &e), OK);
    assert_int_equal(split_state_new(s, &st, &e), OK);
    assert_int_equal(split_text(s, st, text, n, count_words, &words, &e), ERR_LIMIT);
    assert_non_null(strstr(e.msg, "pattern needs too long"));
    split_state_free(st);
    split_free(s);
    mem_free(text);
}

/* ---- special tokens ---- */

static void specials_in_text_are_plain(void **state)
{
    (void)state;
    assert_int_equal(tok_bos(shared), 0);
    assert_int_equal(tok_eos(shared), 1);
    assert_int_equal(tok_pad(shared), 2);
    assert_int_equal(tok_mask(shared), 3);
    static const char *const texts[] = {"<|bos|>", "<|eos|>", "<|pad|>", "<|mask|>"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(tok_special_id(shared, texts[i]), (int)i);
        assert_true(tok_is_special(shared, (int32_t)i));
        assert_int_equal(tok_single(shared, texts[i]), -1);
        expect_round_trip(shared, texts[i], strlen(texts[i]));
        struct str piece;
        str_init(&piece, 100);
        tok_piece(shared, (int32_t)i, &piece);
        assert_string_equal(piece.p, texts[i]);
        str_free(&piece);
    }
    assert_false(tok_is_special(shared, -1));
    assert_false(tok_is_special(shared, (int32_t)tok_vocab(shared)));
    size_t len = 9;
    assert_null(tok_piece_view(shared, -1, &len));
    assert_null(tok_piece_view(shared, (int32_t)tok_vocab(shared), &len));
}

/* ---- training ---- */

static void every_form_is_one_token(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_FORMS; i++) {
        const int32_t id = tok_single(shared, forms[i]);
        assert_true(id >= 4);
        size_t len = 0;
        const char *p = tok_piece_view(shared, id, &len);
        assert_int_equal(len, strlen(forms[i]));
        assert_memory_equal(p, forms[i], len);
    }
    /* The text's own words are learned as well, after them. */
    assert_true(tok_single(shared, " river") > 0);
}

/* Many forms that share parts in every which way: where two merges make the same bytes.
 */
static void forms_of_all_shapes(void **state)
{
    (void)state;
    static char text[600][12];
    const char *list[600];
    struct rng r = rng_begin(3, RNG_SAMPLE, 3);
    for (size_t i = 0; i < 600; i++) {
        size_t n = 0;
        if (i % 2) {
            text[i][n++] = ' ';
        }
        const size_t len = 2 + (size_t)rng_below(&r, 8);
        while (n < len) {
            text[i][n++] = (char)('a' + (int)rng_below(&r, 3));
        }
        text[i][n] = '\0';
        list[i] = text[i];
    }
    struct tok *t = fixture_tok(2400, list, 600);
    for (size_t i = 0; i < 600; i++) {
        assert_true(tok_single(t, list[i]) > 0);
    }
    assert_true(tok_vocab(t) <= 2400);
    tok_free(t);
}

static void bad_training_requests(void **state)
{
    (void)state;
    struct errinfo e = {OK, ""};
    struct tok *t = NULL;
    static const char *const two[] = {" dog", " ice cream"};
    static const char *const long_word[] = {" incomprehensibilities"};
    size_t at = 0;
    struct bpe_train_opts o = {.vocab = 300, .forms = two, .n_forms = 2};
    assert_int_equal(bpe_train(&o, fixture_next, &at, &t, &e), ERR_USAGE);
    assert_non_null(strstr(e.msg, "ice cream"));
    at = 0;
    o = (struct bpe_train_opts){.vocab = 260, .forms = long_word, .n_forms = 1};
    assert_int_equal(bpe_train(&o, fixture_next, &at, &t, &e), ERR_USAGE);
    assert_non_null(strstr(e.msg, "incomprehensibilities"));
    at = 0;
    o = (struct bpe_train_opts){.vocab = 259};
    assert_int_equal(bpe_train(&o, fixture_next, &at, &t, &e), ERR_USAGE);
    at = FIXTURE_DOCS; /* no document */
    o = (struct bpe_train_opts){.vocab = 300};
    assert_int_equal(bpe_train(&o, fixture_next, &at, &t, &e), ERR_FORMAT);
    assert_null(t);
}

static void training_is_repeatable(void **state)
{
    (void)state;
    struct tok *again = fixture_tok(400, forms, N_FORMS);
    char *a = fixture_json(shared, NULL, NULL);
    char *b = fixture_json(again, NULL, NULL);
    assert_string_equal(a, b);
    mem_free(a);
    mem_free(b);
    tok_free(again);
    /* Without forms the most frequent pair comes first: " t" or "he", by count. */
    struct tok *plain = fixture_tok(261, NULL, 0);
    size_t len = 0;
    const char *p = tok_piece_view(plain, 260, &len);
    assert_int_equal(len, 2);
    assert_memory_equal(p, "he", 2);
    tok_free(plain);
}

/* ---- threads ---- */

struct job {
    pthread_t thread;
    struct tok_ids out;
};

static void *encode_all(void *arg)
{
    struct job *j = arg;
    struct tok_scratch *s = NULL;
    if (tok_scratch_new(shared, &s, NULL) == OK) {
        for (size_t k = 0; k < 20 * FIXTURE_DOCS; k++) {
            const char *d = fixture_docs[k % FIXTURE_DOCS];
            if (tok_encode_with(shared, s, d, strlen(d), &j->out, NULL) != OK) {
                break;
            }
        }
    }
    tok_scratch_free(s);
    return NULL;
}

static void many_threads_one_tokenizer(void **state)
{
    (void)state;
    struct job jobs[4] = {0};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&jobs[i].thread, NULL, encode_all, &jobs[i]),
                         0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(jobs[i].thread, NULL);
    }
    for (size_t i = 0; i < 4; i++) {
        expect_ids(&jobs[i].out, &jobs[0].out);
        assert_true(jobs[i].out.n > 0);
    }
    for (size_t i = 0; i < 4; i++) {
        tok_ids_free(&jobs[i].out);
    }
}

static void long_words_are_not_quadratic(void **state)
{
    (void)state;
    const size_t n = 3u << 20; /* quadratic merging would not end in a day */
    char *text = mem_alloc(n, 1);
    assert_non_null(text);
    memset(text, 'o', n);
    struct tok_ids ids = encode(shared, text, n);
    struct str back;
    str_init(&back, n + 1);
    tok_decode(shared, ids.p, ids.n, &back);
    assert_int_equal(back.len, n);
    assert_memory_equal(back.p, text, n);
    str_free(&back);
    tok_ids_free(&ids);
    mem_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_bytes_come_back),
        cmocka_unit_test(same_as_naive_twin),
        cmocka_unit_test(cache_overflow_changes_nothing),
        cmocka_unit_test(gpt2_words),
        cmocka_unit_test(costly_pattern_is_an_error),
        cmocka_unit_test(slow_pattern_is_an_error),
        cmocka_unit_test(specials_in_text_are_plain),
        cmocka_unit_test(every_form_is_one_token),
        cmocka_unit_test(forms_of_all_shapes),
        cmocka_unit_test(bad_training_requests),
        cmocka_unit_test(training_is_repeatable),
        cmocka_unit_test(many_threads_one_tokenizer),
        cmocka_unit_test(long_words_are_not_quadratic),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
