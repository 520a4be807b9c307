/* [toy_setting] [commands] A row more in the table of settings stands wherever the
 * table is read. */
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "run/engine.h"
#include "src/run_opts.h"
#include "sweep/plan.h"
#include "train/also.h"
#include "unit/check.h"

#include <unistd.h>

_Static_assert(offsetof(struct settings, samples_dir[TOY_NUMBER_AT]) % 8 == 0,
               "where an int64_t may stand");

static void check_has(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        fail_msg("expected '%s' in:\n%s", part, text);
    }
}

/* ---- what commands print ---- */

static int program(int argc, char **argv)
{
    static const struct subcommand table[] = {{"train", cmd_train, "train"}};
    return commands_run("", table, 1, argc, argv);
}
static int man(int argc, char **argv)
{
    return cmd_man(program, argc, argv);
}
static int complete(int argc, char **argv)
{
    return cmd_complete(program, argc, argv);
}

/* Standard output of run(words); the caller's to free. */
static char *output(int (*run)(int, char **), const char *const *words)
{
    char dir[256], path[512], line[8][64], *argv[9] = {NULL}, *text = NULL;
    struct errinfo e;
    int argc = 0;
    for (; words[argc]; argc++) {
        (void)snprintf(line[argc], sizeof line[argc], "%s", words[argc]);
        argv[argc] = line[argc];
    }
    tmp_make(dir, sizeof dir);
    (void)tmp_path(path, dir, "out");
    (void)fflush(stdout);
    const int kept = dup(STDOUT_FILENO);
    FILE *to = fopen(path, "w");
    assert_true(kept >= 0 && to && dup2(fileno(to), STDOUT_FILENO) >= 0);
    const int status = run(argc, argv);
    (void)fflush(stdout);
    assert_true(dup2(kept, STDOUT_FILENO) >= 0);
    (void)close(kept);
    (void)fclose(to);
    assert_int_equal(status, 0);
    assert_ok(file_read_text(path, 1 << 22, &text, &e), &e);
    tmp_drop(dir);
    return text;
}

static void check_output(int (*run)(int, char **), const char *const *words,
                         const char *part)
{
    char *text = output(run, words);
    check_has(text, part);
    free(text);
}

static void test_commands(void **state)
{
    (void)state;
    struct str list;
    str_init(&list, 1 << 20);
    check_output(program, (const char *[]){"saetop", "train", "-h", NULL},
                 "--toy-word TEXT");
    check_output(program, (const char *[]){"saetop", "train", "-h", NULL},
                 "ball|kite: what it plays with [ball]");
    run_opts_list(&list); /* `saetop settings` */
    check_has(list.p, "toy.word=TEXT");
    check_has(list.p, "how many it has [3]");
    str_free(&list);
    check_output(man, (const char *[]){"man", NULL}, "\\fBtoy.number\\fR=\\fIN\\fR");
    check_output(man, (const char *[]){"man", NULL}, "\\fB\\-\\-toy\\-word\\fR");
    check_output(complete, (const char *[]){"complete", "--", "train", "--toy", NULL},
                 "--toy-word");
    check_output(complete,
                 (const char *[]){"complete", "--", "train", "--set", "toy.w", NULL},
                 "toy.word=");
    check_output(complete,
                 (const char *[]){"complete", "--", "train", "--toy-word", "k", NULL},
                 "kite");
}

/* The command line, --set and a file; --print-config says where each came from. */
static void test_given(void **state)
{
    (void)state;
    static const char file[] = "{\"toy\": {\"number\": 8}, \"toy.word\": \"kite\"}";
    char dir[256], path[512];
    struct errinfo e;
    tmp_make(dir, sizeof dir);
    (void)tmp_path(path, dir, "c.json");
    assert_ok(file_write_text(path, file, &e), &e);
    check_output(
        program, (const char *[]){"saetop", "train", "--print-config", NULL},
        "toy.word             ball                                     default");
    check_output(
        program,
        (const char *[]){"saetop", "train", "--print-config", "--toy-word", "kite",
                         NULL},
        "toy.word             kite                                     command");
    check_output(
        program,
        (const char *[]){"saetop", "train", "--print-config", "--set", "toy.number=5",
                         NULL},
        "toy.number           5                                        command");
    char *text = output(program, (const char *[]){"saetop", "train", "--print-config",
                                                  "--config", path, NULL});
    check_has(text, "toy.number           8 ");
    check_has(text, path);
    free(text);
    tmp_drop(dir);
}

/* Refused as any other: by word, by range. */
static void test_refused(void **state)
{
    (void)state;
    struct errinfo e;
    struct settings s;
    settings_init(&s);
    check_error(settings_set(&s, "toy.word", "kit", from_user("command line"), &e),
                ERR_USAGE, &e, "expected ball|kite; did you mean kite?");
    check_error(settings_set(&s, "toy.number", "10", from_user("command line"), &e),
                ERR_USAGE, &e, "expected an integer from 1 to 9");
    check_error(settings_set(&s, "toy.numbr", "1", from_user("command line"), &e),
                ERR_USAGE, &e, "the nearest is 'toy.number'");
}

/* config.json, there and back. */
static void test_json(void **state)
{
    (void)state;
    struct errinfo e;
    struct settings s, back;
    struct str text;
    cJSON *obj = cJSON_CreateObject();
    settings_init(&s);
    str_init(&text, 1 << 20);
    assert_ok(settings_set(&s, "toy.word", "kite", from_user("command line"), &e), &e);
    assert_ok(settings_add_json(&s, obj, &e), &e);
    assert_ok(json_print(obj, &text, &e), &e);
    check_has(text.p, "\"toy.word\":\t\"kite\"");
    check_has(text.p, "\"toy.number\":\t3");
    settings_init(&back);
    assert_ok(settings_from_json(&back, obj, "config.json", &e), &e);
    str_clear(&text);
    settings_print(&back, setting_find("toy.word"), &text);
    assert_string_equal(text.p, "kite");
    str_free(&text);
    cJSON_Delete(obj);
}

/* A further arm, as --also and the explorer's :condition name one; an axis of a sweep.
 * What is of the run is no arm's. */
static void test_arms(void **state)
{
    (void)state;
    static const char json[] =
        "{\"seeds\": 1, \"parts\": {\"a\": {\"toy.word\": [\"ball\", \"kite\"]}}}";
    struct errinfo e;
    struct settings s;
    struct arm_plan *arms = NULL;
    struct sweep_plan *p = NULL;
    cJSON *tree = NULL;
    size_t n = 0;
    settings_init(&s);
    assert_ok(settings_set(&s, "also", "toy-word=kite", from_user("command line"), &e),
              &e);
    assert_ok(arm_plans_of(&s, &arms, &n, &e), &e);
    assert_int_equal(n, 2);
    mem_free(arms);
    assert_ok(settings_set(&s, "also", "toy.number=4", from_user("command line"), &e),
              &e);
    assert_true(arm_plans_of(&s, &arms, &n, &e) != OK);
    check_has(e.msg, "toy.number");
    settings_init(&s);
    assert_ok(json_parse(json, strlen(json), "plan", &tree, &e), &e);
    assert_ok(sweep_plan_new(tree, "plan", &s, &p, &e), &e);
    assert_int_equal(p->n_conditions, 2);
    check_has(p->condition[1].label, "toy.word=kite");
    sweep_plan_free(p);
    cJSON_Delete(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands), cmocka_unit_test(test_given),
        cmocka_unit_test(test_refused),  cmocka_unit_test(test_json),
        cmocka_unit_test(test_arms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
