/* How long a run takes on, as arms are added to it. */
#include "check.h"
#include "session/eta.h"

#include <math.h>

static void there_is_a_rate_first(void **state)
{
    (void)state;
    struct eta e = {0};
    assert_true(isnan(eta_left(&e, 2, 0, 0, 200)));
    assert_true(isnan(eta_left(&e, 2, 1, 10, 190)));
    assert_float_equal(eta_left(&e, 2, 4, 40, 160), 16, 1e-12);
    assert_float_equal(eta_left(&e, 2, 20, 200, 0), 0, 1e-12);
}

/* Arms that are added begin a rate of their own: what was trained before them, and how
 * long it took, says nothing of it. */
static void added_arms_begin_another(void **state)
{
    (void)state;
    struct eta e = {0};
    (void)eta_left(&e, 10, 0, 0, 20000);
    (void)eta_left(&e, 10, 5000, 10000, 10000);
    assert_true(isnan(eta_left(&e, 15, 5000, 10000, 20000)));
    assert_true(isnan(eta_left(&e, 15, 5001, 10020, 19980)));
    assert_float_equal(eta_left(&e, 15, 5010, 10200, 19800), 990, 1e-9);
    /* One that goes on where another left off. */
    struct eta resumed = {0};
    (void)eta_left(&resumed, 4, 9000, 4000, 4000);
    assert_float_equal(eta_left(&resumed, 4, 9010, 4100, 3900), 390, 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_a_rate_first),
        cmocka_unit_test(added_arms_begin_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
