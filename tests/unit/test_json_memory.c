/* [wrap malloc] [commands] A JSON file is whole or is not written: memory that runs out
 * anywhere in building a tree is reported when the tree is printed or asked for by
 * json_built, although the results of adding members are ignored. */
#include "base/json.h"
#include "eval/report.h"
#include "eval/truth.h"
#include "src/sweep_plan_opts.h"
#include "train/settings.h"
#include "unit/check.h"

#include <pthread.h>

static bool armed;
static long calls, fail_at = -1;

void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes)
{
    return armed && calls++ == fail_at ? NULL : __real_malloc(bytes);
}

/* An item whose list could not be made has no owner and leaks when memory runs out; if
 * there is a leak checker it is told to ignore that. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));
static void expect_loss(bool on)
{
    void (*const tell)(void) = on ? __lsan_disable : __lsan_enable;
    if (tell) {
        tell();
    }
}

/* Members whose additions nobody looks at. */
static enum err by_hand(struct str *out, struct errinfo *e)
{
    cJSON *root = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(root, "list");
    for (int i = 0; i < 3; i++) {
        (void)cJSON_AddItemToArray(list, cJSON_CreateString("one"));
    }
    (void)cJSON_AddNumberToObject(root, "number", 0.25);
    (void)cJSON_AddBoolToObject(cJSON_AddObjectToObject(root, "inner"), "yes", true);
    const enum err rc = json_print(root, out, e);
    cJSON_Delete(root);
    return rc;
}

static enum err of_report(struct str *out, struct errinfo *e)
{
    struct report r;
    report_init(&r, 1);
    r.reps = 0;
    const double x[3] = {1, 2, 4};
    enum err rc = report_value(&r, 0.5, e, "a.b");
    rc = rc == OK ? report_ratio(&r, 3, NULL, x, NULL, "rows", e, "a.c") : rc;
    rc = rc == OK ? report_left_out(&r, e, "this", "that %d", 7) : rc;
    cJSON *list = cJSON_CreateArray();
    (void)cJSON_AddItemToArray(list, cJSON_CreateString("line"));
    rc = rc == OK ? report_list(&r, "remarks", list, e) : (cJSON_Delete(list), rc);
    rc = rc == OK ? report_json(&r, out, e) : rc;
    report_deinit(&r);
    return rc;
}

static enum err of_settings(struct str *out, struct errinfo *e)
{
    static struct settings s;
    settings_init(&s);
    cJSON *root = cJSON_CreateObject();
    enum err rc = settings_add_json(&s, root, e);
    rc = rc == OK ? json_print(root, out, e) : rc;
    cJSON_Delete(root);
    return rc;
}

static enum err and_back(struct str *out, struct errinfo *e)
{
    static const char text[] = "{\"a\": [1, \"two\", {\"b\": null}]}";
    cJSON *tree = NULL;
    TRY(json_parse(text, sizeof text - 1, "text", &tree, e));
    const enum err rc = json_print(tree, out, e);
    cJSON_Delete(tree);
    return rc;
}

/* A list made by one thread, the evaluator's, and printed by another. */
struct by_thread {
    struct report r;
    struct errinfo *e;
    enum err rc;
};

static void *make_list(void *user)
{
    struct by_thread *b = user;
    cJSON *list = cJSON_CreateArray();
    for (int i = 0; i < 3; i++) {
        cJSON *item = cJSON_CreateNumber(i);
        if (!cJSON_AddItemToArray(list, item)) {
            cJSON_Delete(item);
        }
    }
    b->rc = report_list(&b->r, "numbers", list, b->e);
    return NULL;
}

static enum err of_thread(struct str *out, struct errinfo *e)
{
    struct by_thread b = {.e = e};
    pthread_t t;
    report_init(&b.r, 1);
    assert_int_equal(pthread_create(&t, NULL, make_list, &b), 0);
    assert_int_equal(pthread_join(t, NULL), 0);
    b.rc = b.rc == OK ? report_json(&b.r, out, e) : b.rc;
    report_deinit(&b.r);
    return b.rc;
}

/* A plan of a line is made of a tree that nobody prints. */
static enum err of_plan(struct str *out, struct errinfo *e)
{
    static struct run_opts ro;
    const struct sweep_plan_opts g = {.mask_rates = "0,0.1,0.3",
                                      .archs = "topk,batchtopk",
                                      .seeds = "1,2,7",
                                      .controls = "drop,mix"};
    struct sweep_plan *p = NULL;
    cJSON *tree = NULL;
    memset(&ro, 0, sizeof ro);
    TRY(sweep_plan_open(&g, &ro, NULL, "/nonexistent", false, &p, &tree, e));
    str_addf(out, "%zu cells, %zu conditions, %zu parts", p->n_cells, p->n_conditions,
             p->n_parts);
    cJSON_Delete(tree);
    sweep_plan_free(p);
    return OK;
}

static void whole_or_not_at_all(void **state)
{
    (void)state;
    enum err (*const flow[])(struct str *, struct errinfo *) = {
        by_hand, of_report, of_settings, and_back, of_thread, of_plan};
    for (size_t f = 0; f < sizeof flow / sizeof *flow; f++) {
        struct errinfo e = {0};
        struct str whole, out;
        str_init(&whole, 1 << 20);
        str_init(&out, 1 << 20);
        armed = true;
        calls = 0;
        fail_at = -1;
        assert_ok(flow[f](&whole, &e), &e);
        const long total = calls;
        assert_true(total > 5);
        for (long i = 0; i < total; i++) {
            str_clear(&out);
            calls = 0;
            fail_at = i;
            memset(&e, 0, sizeof e);
            expect_loss(true);
            const enum err rc = flow[f](&out, &e);
            expect_loss(false);
            armed = false;
            if (rc == OK && strcmp(out.p, whole.p) != 0) {
                fail_msg("allocation %ld of %ld failed: found\n%s", i, total, out.p);
            }
            if (rc != OK && (rc != ERR_NOMEM || !e.msg[0])) {
                fail_msg("allocation %ld of %ld: found %s \"%s\"", i, total,
                         err_text(rc), e.msg);
            }
            armed = true;
        }
        fail_at = -1;
        str_clear(&out); /* and once there is memory again, all of it */
        assert_ok(flow[f](&out, &e), &e);
        armed = false;
        assert_string_equal(out.p, whole.p);
        str_free(&whole);
        str_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whole_or_not_at_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
