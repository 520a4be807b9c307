/* Fixture of the tests of the tokenizer: a tokenizer of 400 entries, texts of all
 * sorts, and checks of their encodings. */
#ifndef SAETOP_TESTS_UNIT_TOK_CHECK_H
#define SAETOP_TESTS_UNIT_TOK_CHECK_H

#include "base/rng.h"
#include "text_fixture.h"

static const char *const forms[] = {" dog",     " dogs",   "Dog",    " elephant",
                                    "Elephant", " zebras", " zebra", " running",
                                    " 1984",    "x"};
#define N_FORMS (sizeof forms / sizeof *forms)

static struct tok *shared; /* 400 entries, with the forms */

static inline int setup(void **state)
{
    (void)state;
    shared = fixture_tok(400, forms, N_FORMS);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    tok_free(shared);
    return 0;
}

static inline struct tok_ids encode(const struct tok *t, const char *s, size_t n)
{
    struct tok_ids ids = {0};
    struct errinfo e = {OK, ""};
    if (tok_encode(t, s, n, &ids, &e) != OK) {
        fail_msg("%s", e.msg);
    }
    return ids;
}

static inline void expect_ids(const struct tok_ids *a, const struct tok_ids *b)
{
    assert_int_equal(a->n, b->n);
    if (a->n > 0) {
        assert_memory_equal(a->p, b->p, a->n * sizeof *a->p);
    }
}

static inline void expect_round_trip(const struct tok *t, const char *s, size_t n)
{
    struct tok_ids ids = encode(t, s, n);
    struct str back;
    str_init(&back, 1u << 20);
    tok_decode(t, ids.p, ids.n, &back);
    assert_int_equal(back.len, n);
    assert_memory_equal(back.p, s, n);
    for (size_t i = 0; i < ids.n; i++) {
        assert_false(tok_is_special(t, ids.p[i]));
    }
    str_free(&back);
    tok_ids_free(&ids);
}

/* Random bytes of three sorts: any, text-like, and valid UTF-8 with damage. */
static inline size_t random_text(struct rng *r, char *out, size_t cap)
{
    const size_t n = (size_t)rng_below(r, cap);
    const uint64_t sort = rng_below(r, 3);
    static const char *const bits[] = {"the ",      "dog",          " ",
                                       "\n",        "'s",           "12",
                                       "\xC3\xA9",  "\xE2\x80\x94", "\xF0\x9F\x98\x80",
                                       "\xFF",      "<|mask|>",     "  ",
                                       "!?",        "\xC3",         "river",
                                       " elephants"};
    size_t i = 0;
    while (i < n) {
        if (sort == 0) {
            out[i++] = (char)(unsigned char)rng_below(r, 256);
        } else if (sort == 1) {
            out[i++] = "abcde  \n'st19.,"[rng_below(r, 15)];
        } else {
            const char *b = bits[rng_below(r, sizeof bits / sizeof *bits)];
            for (; *b && i < n; b++) {
                out[i++] = *b;
            }
        }
    }
    return n;
}

#endif
