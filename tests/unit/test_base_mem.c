/* Memory: overflow, alignment, zeroing, growth. */
#include "base/mem.h"
#include "base/room.h"
#include "unit/check.h"

#include <sys/stat.h>

static void test_mul(void **state)
{
    (void)state;
    size_t n = 7;
    assert_false(mem_mul(SIZE_MAX, 2, &n));
    assert_false(mem_mul((size_t)1 << 32, (size_t)1 << 32, &n));
    assert_int_equal(n, 7);
    assert_true(mem_mul(SIZE_MAX, 1, &n));
    assert_true(n == SIZE_MAX);
    assert_true(mem_mul(SIZE_MAX, 0, &n));
    assert_int_equal(n, 0);
    assert_true(mem_mul(0, SIZE_MAX, &n));
    assert_int_equal(n, 0);
}

static void test_alloc(void **state)
{
    (void)state;
    for (size_t n = 0; n < 3000; n = n * 3 / 2 + 1) {
        unsigned char *p = mem_alloc(n, 3);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 64, 0);
        for (size_t i = 0; i < 3 * n; i++) {
            assert_int_equal(p[i], 0);
            p[i] = 0xAA; /* so that a block used again shows */
        }
        mem_free(p);
    }
    void *a = mem_alloc(0, 8);
    void *b = mem_alloc(8, 0);
    assert_non_null(a);
    assert_non_null(b);
    assert_ptr_not_equal(a, b);
    mem_free(a);
    mem_free(b);
    mem_free(NULL);
    assert_null(mem_alloc(SIZE_MAX / 2, 3));
    assert_null(mem_alloc(SIZE_MAX / 2 + 2, 1));
}

static void test_new(void **state)
{
    (void)state;
    struct errinfo e;
    double *p = NULL;
    assert_ok(mem_new(&p, 4, sizeof *p, "doubles", &e), &e);
    assert_non_null(p);
    p[3] = 1.0;
    double *kept = p;
    check_error(mem_new(&p, SIZE_MAX / 4, sizeof *p, "doubles", &e), ERR_NOMEM, &e,
                "doubles");
    assert_ptr_equal(p, kept);
    mem_free(p);
}

static void test_grow(void **state)
{
    (void)state;
    struct errinfo e;
    int *p = NULL;
    size_t cap = 0;
    for (size_t i = 0; i < 1000; i++) {
        assert_ok(mem_grow(&p, &cap, i + 1, sizeof *p, 1000, &e), &e);
        assert_true(cap > i && cap <= 1000);
        assert_int_equal(p[i], 0);
        p[i] = (int)i;
    }
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(p[i], i);
    }
    int *kept = p;
    check_error(mem_grow(&p, &cap, 1001, sizeof *p, 1000, &e), ERR_LIMIT, &e, "1000");
    assert_ptr_equal(p, kept);
    assert_int_equal(cap, 1000);
    check_error(mem_grow(&p, &cap, SIZE_MAX / 2, sizeof *p, SIZE_MAX, &e), ERR_NOMEM,
                &e, "growing");
    assert_ptr_equal(p, kept);
    assert_int_equal(cap, 1000);
    mem_free(p);
}

static void test_strdup(void **state)
{
    (void)state;
    char *s = mem_strdup("abc");
    assert_string_equal(s, "abc");
    mem_free(s);
    s = mem_strdup("");
    assert_string_equal(s, "");
    mem_free(s);
}

/* There is some, and not more than addresses go. */
static void test_room(void **state)
{
    (void)state;
    assert_true(room_bytes() > (size_t)1 << 20);
}

static void put(const char *dir, const char *name, const char *text)
{
    char path[512];
    struct errinfo e;
    assert_ok(file_write_text(tmp_path(path, dir, name), text, &e), &e);
}

/* A limit of a group around the process's own counts, as a scheduler sets it there. */
static void test_room_in_groups(void **state)
{
    char root[64], outer[512], inner[512];
    (void)state;
    tmp_make(root, sizeof root);
    assert_int_equal(mkdir(tmp_path(outer, root, "job"), 0700), 0);
    assert_int_equal(mkdir(tmp_path(inner, outer, "step"), 0700), 0);
    put(inner, "memory.max", "max\n");
    put(inner, "memory.current", "900\n");
    assert_true(room_in_groups(root, "/job/step") == SIZE_MAX);
    put(outer, "memory.max", "5000\n");
    put(outer, "memory.current", "2000\n");
    assert_int_equal(room_in_groups(root, "/job/step"), 3000);
    put(outer, "memory.stat", "anon 500\nfile 1500\n");
    assert_int_equal(room_in_groups(root, "/job/step"), 4500);
    put(inner, "memory.max", "1000\n");
    assert_int_equal(room_in_groups(root, "/job/step"), 100);
    assert_int_equal(room_in_groups(root, "/job"), 4500);
    put(root, "memory.max", "600\n");
    put(root, "memory.current", "400\n");
    assert_int_equal(room_in_groups(root, "/of/another/machine"), 200);
    assert_int_equal(room_in_groups(root, ""), 200);
    tmp_drop(inner);
    tmp_drop(outer);
    tmp_drop(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mul),
        cmocka_unit_test(test_alloc),
        cmocka_unit_test(test_new),
        cmocka_unit_test(test_grow),
        cmocka_unit_test(test_strdup),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_room_in_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
