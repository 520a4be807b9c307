/* Packing: the layout of rows against a naive twin, seeking, counts, frequencies. */
#include "text/pack.h"
#include "text_fixture.h"

static char dir[64];
static struct tok *tok;
static struct corpus *texts; /* 120 short documents */

static struct corpus *open_file(const char *name, const char *text, uint64_t seed)
{
    char path[256];
    struct errinfo e = {OK, ""};
    struct corpus *c = NULL;
    fixture_file(path, dir, name, text, 0);
    if (corpus_open(path, seed, NULL, &c, &e) != OK) {
        fail_msg("%s", e.msg);
    }
    return c;
}

static int setup(void **state)
{
    (void)state;
    fixture_mkdir(dir);
    tok = fixture_tok(380, NULL, 0);
    struct str s;
    str_init(&s, 1u << 20);
    for (int i = 0; i < 120; i++) {
        for (int k = 0; k <= i % 13; k++) {
            str_addf(&s, "The dog %d ran to the river. ", i * k);
        }
        str_add(&s, "\n\n");
    }
    texts = open_file("texts.txt", s.p, 4);
    str_free(&s);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    corpus_free(texts);
    tok_free(tok);
    fixture_rmdir(dir);
    return 0;
}

static struct pack *packer(const struct corpus *c, enum corpus_split split, size_t T)
{
    struct pack *p = NULL;
    struct errinfo e = {OK, ""};
    if (pack_new(c, split, tok, T, &p, &e) != OK) {
        fail_msg("%s", e.msg);
    }
    return p;
}

static void rows(struct pack *p, size_t n, int32_t *out)
{
    struct errinfo e = {OK, ""};
    if (pack_rows(p, n, out, &e) != OK) {
        fail_msg("%s", e.msg);
    }
}

/* The stream written out whole: doc EOS doc EOS ..., then cut into rows. */
static void layout_like_naive_twin(void **state)
{
    (void)state;
    const size_t T = 17;
    const size_t n = 700; /* several epochs */
    struct errinfo e = {OK, ""};
    struct tok_ids stream = {0};
    struct str text;
    str_init(&text, 1u << 20);
    for (uint64_t pos = 0; stream.n < n * T; pos++) {
        const uint64_t i = corpus_at(texts, CORPUS_TRAIN, pos);
        assert_int_equal(corpus_doc(texts, CORPUS_TRAIN, i, &text, &e), OK);
        assert_int_equal(tok_encode(tok, text.p, text.len, &stream, &e), OK);
        assert_int_equal(tok_ids_add(&stream, tok_eos(tok), &e), OK);
    }
    struct pack *p = packer(texts, CORPUS_TRAIN, T);
    int32_t *out = mem_alloc(n * T, sizeof *out);
    assert_non_null(out);
    assert_int_equal(pack_width(p), T);
    rows(p, n, out);
    assert_int_equal(pack_tell(p).row, n);
    for (size_t r = 0; r < n; r++) {
        assert_int_equal(out[r * T], tok_bos(tok));
        assert_memory_equal(out + r * T + 1, stream.p + r * (T - 1),
                            (T - 1) * sizeof *out);
    }
    mem_free(out);
    pack_free(p);
    str_free(&text);
    tok_ids_free(&stream);
}

/* From every position told on the way, by the same packer and by another one. */
static void seek_gives_the_same_rows(void **state)
{
    (void)state;
    enum { T = 11, N = 400 };
    static int32_t all[N * T];
    static struct pack_pos at[N + 1];
    struct errinfo e = {OK, ""};
    struct pack *p = packer(texts, CORPUS_TRAIN, T);
    for (size_t r = 0; r < N; r++) {
        at[r] = pack_tell(p);
        assert_int_equal(at[r].row, r);
        rows(p, 1, all + r * T);
    }
    struct pack *q = packer(texts, CORPUS_TRAIN, T);
    int32_t some[3 * T];
    for (size_t r = N - 3; r > 0; r -= r > 7 ? 7 : 1) {
        assert_int_equal(pack_seek(r % 2 ? p : q, at[r], &e), OK);
        rows(r % 2 ? p : q, 3, some);
        assert_memory_equal(some, all + r * T, sizeof some);
        const struct pack_pos end = pack_tell(r % 2 ? p : q);
        if (r + 3 < N) {
            assert_memory_equal(&end, &at[r + 3], sizeof end);
        }
    }
    /* A position that this corpus cannot have. */
    const struct pack_pos before = pack_tell(q);
    const struct pack_pos wrong = {3, 1000000, 9};
    assert_int_equal(pack_seek(q, wrong, &e), ERR_FORMAT);
    const struct pack_pos after = pack_tell(q);
    assert_memory_equal(&before, &after, sizeof before);
    pack_free(p);
    pack_free(q);
}

/* Held-out documents are never in a training row: documents carry numbers. */
static void held_out_rows(void **state)
{
    (void)state;
    struct pack *p = packer(texts, CORPUS_HELDOUT, 32);
    int32_t a[4 * 32];
    int32_t b[4 * 32];
    rows(p, 4, a);
    struct corpus *other = NULL;
    struct errinfo e = {OK, ""};
    assert_int_equal(corpus_open(corpus_spec(texts), 99, NULL, &other, &e), OK);
    struct pack *q = packer(other, CORPUS_HELDOUT, 32);
    rows(q, 4, b);
    assert_memory_equal(a, b, sizeof a); /* the same for every seed */
    pack_free(q);
    pack_free(p);
    p = packer(other, CORPUS_TRAIN, 32);
    q = packer(texts, CORPUS_TRAIN, 32);
    rows(p, 4, a);
    rows(q, 4, b);
    assert_memory_not_equal(a, b, sizeof a);
    pack_free(p);
    pack_free(q);
    corpus_free(other);
}

/* Each held-out token once: the rows end where the text does, and what fills up the
 * last one is not counted as fresh. */
static void no_text_twice(void **state)
{
    (void)state;
    enum { T = 5, N = 8 };
    struct errinfo e = {OK, ""};
    size_t n = 0;
    size_t fresh = 0;
    int32_t out[N * T];
    /* Held out: 40 41 42 EOS, then the same again. */
    static const struct {
        const char *held;
        size_t rows, fresh;
    } cases[] = {{"40, 41, 42", 1, T}, {"40, 41", 1, T - 1}, {"40, 41, 42, 43", 2, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200];
        snprintf(text, sizeof text, "{\"input_ids\": [9]}\n{\"input_ids\": [%s]}\n",
                 cases[i].held);
        struct corpus *c = open_file("once.jsonl", text, 1);
        struct pack *p = packer(c, CORPUS_HELDOUT, T);
        assert_int_equal(pack_rows_once(p, N, out, &n, &fresh, &e), OK);
        assert_int_equal(n, cases[i].rows);
        assert_int_equal(fresh, cases[i].fresh);
        pack_free(p);
        p = packer(c, CORPUS_HELDOUT, T);
        int32_t same[N * T];
        rows(p, n, same);
        assert_memory_equal(out, same, n * T * sizeof *out);
        pack_free(p);
        corpus_free(c);
    }
    /* As many rows as asked for where the text is longer. */
    struct pack *p = packer(texts, CORPUS_HELDOUT, T);
    assert_int_equal(pack_rows_once(p, N, out, &n, &fresh, &e), OK);
    assert_int_equal(n, N);
    assert_int_equal(fresh, T);
    pack_free(p);
}

static void token_ids_as_they_are(void **state)
{
    (void)state;
    struct errinfo e = {OK, ""};
    /* BOS is 0 and EOS 1: marks that rows bring are not doubled. */
    struct corpus *c = open_file(
        "ids.jsonl", "{\"input_ids\": [0, 40, 41, 1]}\n{\"input_ids\": [9]}\n", 1);
    struct pack *p = packer(c, CORPUS_TRAIN, 5);
    int32_t out[10];
    rows(p, 2, out);
    static const int32_t want[] = {0, 40, 41, 1, 40, 0, 41, 1, 40, 41};
    assert_memory_equal(out, want, sizeof want);
    pack_free(p);
    corpus_free(c);
    c = open_file("toobig.jsonl", "{\"input_ids\": [40]}\n{\"input_ids\": [999]}\n", 1);
    p = NULL;
    assert_int_equal(pack_new(c, CORPUS_TRAIN, tok, 5, &p, &e), ERR_FORMAT);
    assert_non_null(strstr(e.msg, "line 2: token id 999"));
    assert_int_equal(pack_new(texts, CORPUS_TRAIN, tok, 1, &p, &e), ERR_USAGE);
    assert_null(p);
    corpus_free(c);
    /* Nothing but marks: no token to give, and no endless search. */
    c = open_file("marks.jsonl", "{\"input_ids\": [0, 1]}\n{\"input_ids\": [0, 1]}\n",
                  1);
    p = packer(c, CORPUS_TRAIN, 5);
    assert_int_equal(pack_rows(p, 1, out, &e), ERR_FORMAT);
    assert_int_equal(pack_tell(p).row, 0);
    pack_free(p);
    corpus_free(c);
}

static void counts_and_foreign_text(void **state)
{
    (void)state;
    struct pack *p = packer(texts, CORPUS_TRAIN, 64);
    int32_t *out = mem_alloc(64 * 64, sizeof *out);
    assert_non_null(out);
    rows(p, 64, out);
    const struct pack_counts known = pack_counted(p);
    uint64_t plain = 0;
    for (size_t i = 0; i < (size_t)64 * 64; i++) {
        plain += !tok_is_special(tok, out[i]);
    }
    assert_true(known.tokens >= plain); /* the last document was read whole */
    assert_true(known.tokens < plain + 200);
    assert_true(known.docs > 10);
    assert_true(known.bytes > known.words * 3);
    pack_free(p);
    struct str s;
    str_init(&s, 1u << 16);
    for (int i = 0; i < 100; i++) {
        str_add(&s, "\xD0\x9A\xD0\xBE\xD1\x88\xD0\xBA\xD0\xB0 zxqj\n\n");
    }
    struct corpus *c = open_file("foreign.txt", s.p, 1);
    p = packer(c, CORPUS_TRAIN, 64);
    rows(p, 4, out);
    const struct pack_counts foreign = pack_counted(p);
    assert_true(pack_tokens_per_word(&known) < 3.5);
    assert_true(pack_tokens_per_word(&foreign) > 4);
    assert_true(pack_tokens_per_word(&(struct pack_counts){0}) < 1e-9);
    pack_free(p);
    corpus_free(c);
    str_free(&s);
    mem_free(out);
}

static void unigram_counts(void **state)
{
    (void)state;
    struct errinfo e = {OK, ""};
    uint64_t *counts = mem_alloc(tok_vocab(tok), sizeof *counts);
    uint64_t *direct = mem_alloc(tok_vocab(tok), sizeof *direct);
    assert_non_null(counts);
    assert_non_null(direct);
    /* A whole epoch, however many tokens are asked for. */
    assert_int_equal(pack_unigram(texts, CORPUS_TRAIN, tok, 1u << 30, counts, &e), OK);
    struct str text;
    struct tok_ids ids = {0};
    str_init(&text, 1u << 20);
    for (uint64_t i = 0; i < corpus_count(texts, CORPUS_TRAIN); i++) {
        assert_int_equal(corpus_doc(texts, CORPUS_TRAIN, i, &text, &e), OK);
        ids.n = 0;
        assert_int_equal(tok_encode(tok, text.p, text.len, &ids, &e), OK);
        for (size_t k = 0; k < ids.n; k++) {
            direct[ids.p[k]]++;
        }
    }
    assert_memory_equal(counts, direct, tok_vocab(tok) * sizeof *counts);
    assert_int_equal(counts[tok_bos(tok)], 0);
    assert_int_equal(counts[tok_eos(tok)], 0);
    str_free(&text);
    tok_ids_free(&ids);
    mem_free(counts);
    mem_free(direct);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout_like_naive_twin),
        cmocka_unit_test(seek_gives_the_same_rows),
        cmocka_unit_test(held_out_rows),
        cmocka_unit_test(no_text_twice),
        cmocka_unit_test(token_ids_as_they_are),
        cmocka_unit_test(counts_and_foreign_text),
        cmocka_unit_test(unigram_counts),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
