/* JSON that is written while it is made: it reads back the same, and errors are
 * reported at the end. */
#include "base/json.h"
#include "base/json_out.h"
#include "base/mem.h"
#include "unit/check.h"

#include <locale.h>
#include <math.h>

static cJSON *member(const cJSON *o, const char *key)
{
    cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);
    if (!item) {
        fail_msg("no member %s", key);
    }
    return item;
}

static void reads_back(void **state)
{
    (void)state;
    struct errinfo e;
    struct json_out *o = NULL;
    cJSON *tree = NULL;
    char dir[256], path[512];
    const int32_t ints[3] = {-7, 0, INT32_MAX};
    const uint32_t uints[1] = {UINT32_MAX};
    const uint8_t flags[2] = {0, 9};
    const float floats[4] = {0.1F, -1e-30F, 16777217.0F, NAN};
    const double doubles[2] = {0.1, 1e308};
    tmp_make(dir, sizeof dir);
    tmp_path(path, dir, "out.json");
    (void)setlocale(LC_ALL,
                    "de_DE.UTF-8"); /* whose decimal point is a comma, if there */
    assert_ok(json_out_new(&o, &e), &e);
    json_out_ints(o, "ints", ints, 3);
    json_out_uints(o, "uints", uints, 1);
    json_out_bytes(o, "flags", flags, 2);
    json_out_floats(o, "floats", floats, 4);
    json_out_doubles(o, "doubles", doubles, 2);
    json_out_ints(o, "none", NULL, 0);
    json_out_array(o, "list");
    json_out_object(o, NULL);
    json_out_bool(o, "yes", true);
    json_out_number(o, "third", 1.0 / 3.0);
    json_out_end(o);
    json_out_text(o, NULL, "a\"\n\xff", 4);
    json_out_text(o, NULL, NULL, 0);
    json_out_end(o);
    assert_ok(json_out_write(o, path, &e), &e);
    (void)setlocale(LC_ALL, "C");
    json_out_free(o);
    assert_ok(json_load(path, 1 << 20, &tree, &e), &e);
    for (int i = 0; i < 3; i++) {
        const double v = cJSON_GetArrayItem(member(tree, "ints"), i)->valuedouble;
        assert_true((int32_t)v == ints[i]);
        const double f = cJSON_GetArrayItem(member(tree, "floats"), i)->valuedouble;
        assert_memory_equal(&floats[i], &(float){(float)f}, sizeof(float));
    }
    assert_true(cJSON_IsNull(cJSON_GetArrayItem(member(tree, "floats"), 3)));
    assert_true(cJSON_GetArrayItem(member(tree, "uints"), 0)->valuedouble >=
                4294967295);
    assert_int_equal(cJSON_GetArrayItem(member(tree, "flags"), 1)->valueint, 1);
    assert_true(cJSON_GetArrayItem(member(tree, "doubles"), 1)->valuedouble >= 1e308);
    assert_int_equal(cJSON_GetArraySize(member(tree, "none")), 0);
    const cJSON *list = member(tree, "list");
    const double third = member(cJSON_GetArrayItem(list, 0), "third")->valuedouble;
    assert_memory_equal(&third, &(double){1.0 / 3.0}, sizeof third);
    assert_true(cJSON_IsTrue(member(cJSON_GetArrayItem(list, 0), "yes")));
    assert_string_equal(cJSON_GetArrayItem(list, 1)->valuestring, "a\"\n\xEF\xBF\xBD");
    assert_true(cJSON_IsNull(cJSON_GetArrayItem(list, 2)));
    cJSON_Delete(tree);
    tmp_drop(dir);
}

static void refuses(void **state)
{
    (void)state;
    struct errinfo e;
    struct json_out *o = NULL;
    char dir[256], path[512];
    tmp_make(dir, sizeof dir);
    tmp_path(path, dir, "out.json");
    assert_ok(json_out_new(&o, &e), &e);
    json_out_array(o, "open");
    check_error(json_out_write(o, path, &e), ERR_USAGE, &e, "out.json");
    assert_false(file_exists(path));
    json_out_end(o);
    check_error(json_out_write(o, dir, &e), ERR_FORMAT, &e, dir);
    json_out_free(o);
    assert_int_equal(setenv("TMPDIR", path, 1), 0); /* no such folder */
    check_error(json_out_new(&o, &e), ERR_MISSING, &e, "out.json");
    assert_int_equal(unsetenv("TMPDIR"), 0);
    tmp_drop(dir);
}

/* A full disk is reported at the end, not lost. */
static void tells_a_failed_write(void **state)
{
    (void)state;
    struct errinfo e;
    struct json_out *o = NULL;
    float *many = NULL;
    assert_ok(mem_new(&many, 100000, sizeof *many, "test", &e), &e);
    assert_ok(json_out_new(&o, &e), &e);
    json_out_floats(o, "many", many, 100000);
    check_error(json_out_write(o, "/dev/full", &e), ERR_IO, &e, "/dev/full");
    json_out_free(o);
    mem_free(many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back),
        cmocka_unit_test(refuses),
        cmocka_unit_test(tells_a_failed_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
