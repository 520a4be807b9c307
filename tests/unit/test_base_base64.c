/* The test vectors of RFC 4648, section 10, and bytes beyond ASCII. */
#include "base/base64.h"
#include "check.h"

static void test_vectors(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"},
                                           {"\xff\xfe\xfb", "//77"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct str s;
        str_init(&s, 64);
        base64_add(&s, pairs[i][0], strlen(pairs[i][0]));
        assert_int_equal(s.len, strlen(pairs[i][1]));
        assert_memory_equal(s.len ? s.p : "", pairs[i][1], s.len);
        str_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
