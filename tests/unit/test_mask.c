/* Masking: supersets, exempt tokens, realised rates, draws, schedules. */
#include "base/rng.h"
#include "text/mask.h"
#include "text_fixture.h"

#include <math.h>

#define ROWS 400
#define T    64

static struct tok *tok;
static struct mask_vocab *vocab; /* frequencies: only even ids, id + 1 each */
static int32_t clean[ROWS * T];

static int setup(void **state)
{
    (void)state;
    struct errinfo e = {OK, ""};
    tok = fixture_tok(380, NULL, 0);
    uint64_t *counts = mem_alloc(tok_vocab(tok), sizeof *counts);
    if (!counts) {
        return 1;
    }
    for (size_t i = 0; i < tok_vocab(tok); i++) {
        counts[i] = i % 2 ? 0 : i + 1;
    }
    const enum err rc = mask_vocab_new(tok, counts, &vocab, &e);
    mem_free(counts);
    struct rng r = rng_begin(1, RNG_SAMPLE, 5);
    for (size_t i = 0; i < ROWS * T; i++) {
        clean[i] = (int32_t)(4 + rng_below(&r, tok_vocab(tok) - 4));
        if (i % T == 0) {
            clean[i] = tok_bos(tok);
        } else if (i % 23 == 0) {
            clean[i] = (int32_t)(i % 4); /* any special */
        }
    }
    return rc != OK;
}

static int teardown(void **state)
{
    (void)state;
    mask_vocab_free(vocab);
    tok_free(tok);
    return 0;
}

static struct mask_spec spec_of(enum mask_kind kind, uint64_t seed)
{
    return (struct mask_spec){kind, tok_mask(tok), seed, vocab};
}

/* Rates within five standard deviations, on several seeds, against the definition. */
static void realised_rate(void **state)
{
    (void)state;
    static int32_t out[ROWS * T];
    static uint8_t hit[ROWS * T];
    static const double rates[] = {0.0, 0.01, 0.1, 0.3, 0.5, 0.9, 1.0};
    const size_t n = mask_eligible(vocab, clean, ROWS * T);
    assert_true(n > ROWS * T * 9 / 10 && n < ROWS * T);
    for (uint64_t seed = 0; seed < 5; seed++) {
        const struct mask_spec s = spec_of(MASK_TOKEN, seed);
        for (size_t k = 0; k < sizeof rates / sizeof *rates; k++) {
            const double p = rates[k];
            const size_t got = mask_apply(&s, p, 0, clean, ROWS, T, out, hit);
            const double sd = sqrt((double)n * p * (1 - p));
            assert_true(fabs((double)got - (double)n * p) <= 5 * sd);
            size_t count = 0;
            for (size_t i = 0; i < ROWS * T; i++) {
                const bool due = !tok_is_special(tok, clean[i]) &&
                                 rng_unit_at(seed, RNG_MASK, i / T, i % T) < p;
                assert_int_equal(hit[i], due);
                assert_int_equal(out[i], due ? tok_mask(tok) : clean[i]);
                count += hit[i];
            }
            assert_int_equal(count, got);
        }
    }
}

static void higher_rate_masks_a_superset(void **state)
{
    (void)state;
    static int32_t out[2][ROWS * T];
    static uint8_t hit[2][ROWS * T];
    static const enum mask_kind kinds[] = {MASK_TOKEN, MASK_RANDOM, MASK_UNIGRAM};
    for (size_t k = 0; k < 3; k++) {
        const struct mask_spec s = spec_of(kinds[k], 11);
        mask_apply(&s, 0.2, 0, clean, ROWS, T, out[0], hit[0]);
        mask_apply(&s, 0.35, 0, clean, ROWS, T, out[1], hit[1]);
        size_t more = 0;
        for (size_t i = 0; i < ROWS * T; i++) {
            assert_true(hit[0][i] <= hit[1][i]);
            more += hit[1][i] > hit[0][i];
            if (hit[0][i]) {
                assert_int_equal(out[0][i], out[1][i]); /* and the same replacement */
            }
        }
        assert_true(more > 0);
    }
}

static void special_tokens_are_exempt(void **state)
{
    (void)state;
    static int32_t out[ROWS * T];
    static const enum mask_kind kinds[] = {MASK_TOKEN, MASK_RANDOM, MASK_UNIGRAM};
    for (size_t k = 0; k < 3; k++) {
        const struct mask_spec s = spec_of(kinds[k], 3);
        mask_apply(&s, 1.0, 0, clean, ROWS, T, out, NULL);
        for (size_t i = 0; i < ROWS * T; i++) {
            if (tok_is_special(tok, clean[i])) {
                assert_int_equal(out[i], clean[i]);
            } else if (kinds[k] != MASK_TOKEN) {
                assert_false(tok_is_special(tok, out[i]));
            }
        }
    }
    const int32_t foreign[] = {-1, (int32_t)tok_vocab(tok), 1 << 30};
    int32_t kept[3];
    const struct mask_spec s = spec_of(MASK_TOKEN, 3);
    assert_int_equal(mask_apply(&s, 1.0, 0, foreign, 1, 3, kept, NULL), 0);
    assert_memory_equal(kept, foreign, sizeof foreign);
}

/* Rows are known by their global number: one call for all or one for each, in place. */
static void rows_by_number(void **state)
{
    (void)state;
    static int32_t all[ROWS * T];
    static int32_t one[ROWS * T];
    const struct mask_spec s = spec_of(MASK_UNIGRAM, 5);
    mask_apply(&s, 0.3, 1000, clean, ROWS, T, all, NULL);
    memcpy(one, clean, sizeof one);
    for (size_t r = 0; r < ROWS; r++) {
        mask_apply(&s, 0.3, 1000 + r, one + r * T, 1, T, one + r * T, NULL);
    }
    assert_memory_equal(all, one, sizeof all);
    mask_apply(&s, 0.3, 1001, clean, ROWS, T, one, NULL);
    assert_memory_not_equal(all, one, sizeof all);
}

/* Chi-square of the draws against the asked frequencies. */
static void draws_follow_frequencies(void **state)
{
    (void)state;
    static int32_t out[ROWS * T];
    const size_t V = tok_vocab(tok);
    for (int random = 0; random < 2; random++) {
        double *want = mem_alloc(V, sizeof *want);
        double *got = mem_alloc(V, sizeof *got);
        assert_non_null(want);
        assert_non_null(got);
        double sum = 0;
        size_t kinds = 0;
        for (size_t i = 4; i < V; i++) {
            want[i] = random ? 1.0 : i % 2 ? 0.0 : (double)(i + 1);
            sum += want[i];
            kinds += want[i] > 0;
        }
        double n = 0;
        for (uint64_t seed = 0; seed < 10; seed++) {
            const struct mask_spec s =
                spec_of(random ? MASK_RANDOM : MASK_UNIGRAM, seed);
            mask_apply(&s, 1.0, 0, clean, ROWS, T, out, NULL);
            for (size_t i = 0; i < ROWS * T; i++) {
                if (!tok_is_special(tok, clean[i])) {
                    got[out[i]] += 1;
                    n += 1;
                }
            }
        }
        double chi = 0;
        for (size_t i = 0; i < V; i++) {
            const double expected = n * want[i] / sum;
            if (expected > 0) {
                chi += (got[i] - expected) * (got[i] - expected) / expected;
            } else {
                assert_true(got[i] < 0.5);
            }
        }
        const double df = (double)kinds - 1;
        assert_true(fabs(chi - df) < 6 * sqrt(2 * df));
        mem_free(want);
        mem_free(got);
    }
}

static void nothing_to_draw(void **state)
{
    (void)state;
    struct errinfo e = {OK, ""};
    struct mask_vocab *v = NULL;
    uint64_t *counts = mem_alloc(tok_vocab(tok), sizeof *counts);
    assert_non_null(counts);
    counts[0] = 5; /* a special token's */
    assert_int_equal(mask_vocab_new(tok, counts, &v, &e), ERR_USAGE);
    counts[10] = UINT64_MAX;
    counts[11] = 1;
    assert_int_equal(mask_vocab_new(tok, counts, &v, &e), ERR_LIMIT);
    assert_null(v);
    mem_free(counts);
}

static void mask_token_by_text(void **state)
{
    (void)state;
    struct errinfo e = {OK, ""};
    int32_t id = -1;
    assert_int_equal(mask_token_find(tok, NULL, &id, &e), OK);
    assert_int_equal(id, tok_mask(tok));
    assert_int_equal(mask_token_find(tok, "", &id, &e), OK);
    assert_int_equal(id, tok_mask(tok));
    assert_int_equal(mask_token_find(tok, "<|pad|>", &id, &e), OK);
    assert_int_equal(id, tok_pad(tok));
    assert_int_equal(mask_token_find(tok, "#17", &id, &e), OK);
    assert_int_equal(id, 17);
    assert_int_equal(mask_token_find(tok, " dog", &id, &e), OK);
    assert_int_equal(id, tok_single(tok, " dog"));
    id = -7;
    assert_int_equal(mask_token_find(tok, " hippopotamus", &id, &e), ERR_USAGE);
    assert_non_null(strstr(e.msg, "hippopotamus"));
    assert_int_equal(mask_token_find(tok, "#99999", &id, &e), ERR_USAGE);
    assert_int_equal(mask_token_find(tok, "#1x", &id, &e), ERR_USAGE);
    assert_int_equal(id, -7);
}

static void schedules(void **state)
{
    (void)state;
    const struct mask_schedule flat = {MASK_CONSTANT, 0.3, 0.9, 100};
    const struct mask_schedule line = {MASK_LINEAR, 0.5, 0.1, 100};
    const struct mask_schedule half = {MASK_COSINE, 0.0, 0.4, 100};
    const struct mask_schedule none = {MASK_LINEAR, 0.5, 0.1, 0};
    assert_true(fabs(mask_rate_at(&flat, 1000) - 0.3) < 1e-12);
    assert_true(fabs(mask_rate_at(&line, 0) - 0.5) < 1e-12);
    assert_true(fabs(mask_rate_at(&line, 25) - 0.4) < 1e-12);
    assert_true(fabs(mask_rate_at(&line, 100) - 0.1) < 1e-12);
    assert_true(fabs(mask_rate_at(&line, 5000) - 0.1) < 1e-12);
    assert_true(fabs(mask_rate_at(&half, 0)) < 1e-12);
    assert_true(fabs(mask_rate_at(&half, 50) - 0.2) < 1e-12);
    assert_true(fabs(mask_rate_at(&half, 25) - 0.4 * 0.5 * (1 - sqrt(0.5))) < 1e-12);
    assert_true(fabs(mask_rate_at(&half, 200) - 0.4) < 1e-12);
    assert_true(fabs(mask_rate_at(&none, 0) - 0.1) < 1e-12);
}

/* A tokenizer of which some special tokens have other names. */
static struct tok *tok_of(const char *names)
{
    static const char head[] =
        "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1},\"merges\":[]},"
        "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false},"
        "\"decoder\":{\"type\":\"ByteLevel\"},\"added_tokens\":[";
    struct errinfo e = {OK, ""};
    struct tok *out = NULL;
    struct str s;
    char name[64];
    size_t id = 2;
    str_init(&s, 1u << 16);
    str_add(&s, head);
    for (; *names; names += strcspn(names, " ") + (strchr(names, ' ') != NULL), id++) {
        (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(names, " "), names);
        str_addf(&s, "%s{\"id\":%zu,\"content\":\"%s\",\"special\":true}",
                 id > 2 ? "," : "", id, name);
    }
    str_add(&s, "]}");
    assert_ok(tok_parse(s.p, s.len, "test", &out, &e), &e);
    str_free(&s);
    return out;
}

/* Replacements where there is no mask token: their order, and that mask_token_find
 * takes the name given back for the same id. */
static void stand_in(void **state)
{
    (void)state;
    static const struct {
        const char *names;
        int32_t id;
        const char *what;
    } c[] = {
        {"<s> </s> <pad> <unk> <|reserved_special_token_0|> <mask>", 7,
         "its mask token"},
        {"<s> </s> <pad> <unk> <|reserved_special_token_0|>", 6, "a reserved token"},
        {"<s> </s> <unused7> <pad>", 4, "a reserved token"},
        {"<s> </s> <pad> <unk>", 4, "its padding"},
        {"<s> </s> <unk>", 4, "its unknown token"},
        {"<|endoftext|>", 2, "its end of a document"},
        {"", -1, NULL},
    };
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        struct tok *t = tok_of(c[i].names);
        const char *what = NULL;
        const int32_t id = mask_token_choose(t, &what);
        assert_int_equal(id, c[i].id);
        if (id >= 0) {
            char name[64];
            int32_t again = -1;
            struct errinfo e = {OK, ""};
            assert_string_equal(what, c[i].what);
            mask_token_name(t, id, name, sizeof name);
            assert_true(name[0] != '#');
            assert_ok(mask_token_find(t, name, &again, &e), &e);
            assert_int_equal(again, id);
            mask_token_name(t, 0, name, sizeof name);
            assert_string_equal(name, "#0");
        }
        tok_free(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(realised_rate),
        cmocka_unit_test(higher_rate_masks_a_superset),
        cmocka_unit_test(special_tokens_are_exempt),
        cmocka_unit_test(rows_by_number),
        cmocka_unit_test(draws_follow_frequencies),
        cmocka_unit_test(nothing_to_draw),
        cmocka_unit_test(mask_token_by_text),
        cmocka_unit_test(schedules),
        cmocka_unit_test(stand_in),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
