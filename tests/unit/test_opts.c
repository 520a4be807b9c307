/* The command line: every kind of option, its limits, suggestions and help. */
#include "src/opts.c"
#include "unit/check.h"

#include <unistd.h>

struct values {
    bool flag, given, force;
    int64_t n;
    double x, decay;
    const char *s, *note, *plan;
    struct opt_list list;
};

static const char *elsewhere(const char *name)
{
    return strcmp(name, "theirs") == 0 ? "this is of lm train" : NULL;
}

/* Parse a line of words into v. */
static enum err parse(struct values *v, const char *line, struct opts_result *r,
                      struct str *help, struct errinfo *e)
{
    static char words[1024];
    char *argv[40];
    int argc = 0;
    *v = (struct values){.n = 7, .x = 0.5, .decay = 0.1};
    const struct opt table[] = {
        {"Numbers", OPT_HEAD, NULL, NULL, "", 0, 0, NULL},
        {"steps", OPT_INT, &v->n, "N", "how many", 1, 1e6, &v->given},
        {"rate", OPT_REAL, &v->x, "P", "how often", 0, 1, NULL},
        {"Others", OPT_HEAD, NULL, NULL, "", 0, 0, NULL},
        {"json", OPT_FLAG, &v->flag, NULL, "for programs", 0, 0, NULL},
        {"out", OPT_NEW, &v->s, "DIR", "where to", 0, 0, NULL},
        OPT_FORCE(&v->force),
        {"note", OPT_TEXT, &v->note, "TEXT", "what for", 0, 0, NULL},
        {"corpus", OPT_LIST, &v->list, "FILE", "texts", 0, 0, NULL},
        {"plan", OPT_WORD, &v->plan, "[slurm]", "only said", 0, 0, NULL},
    };
    const struct opt set[] = {
        {"weight_decay", OPT_REAL, &v->decay, "X", "of matrices", 0, 10, NULL},
    };
    const struct opts o = {.name = "lm test",
                           .usage = "--out DIR [FILE]",
                           .about = "Says nothing in particular.",
                           .table = table,
                           .n = sizeof table / sizeof table[0],
                           .set = set,
                           .n_set = 1,
                           .elsewhere = elsewhere,
                           .max_args = 2};
    if (help) {
        opts_help(&o, help);
    }
    (void)snprintf(words, sizeof words, "lm %s", line);
    for (char *w = strtok(words, " "); w && argc < 39; w = strtok(NULL, " ")) {
        argv[argc++] = w;
    }
    argv[argc] = NULL;
    return opts_parse(&o, argc, argv, r, e);
}

/* An option that may have its one word behind it; any other word is not its. */
static void test_a_word_of_its_own(void **state)
{
    (void)state;
    struct errinfo e = {0};
    struct values v;
    struct opts_result r;
    assert_ok(parse(&v, "a", &r, NULL, &e), &e);
    assert_null(v.plan);
    assert_ok(parse(&v, "--plan a", &r, NULL, &e), &e);
    assert_true(v.plan && !v.plan[0] && r.n_args == 1);
    assert_ok(parse(&v, "a --plan slurm", &r, NULL, &e), &e);
    assert_string_equal(v.plan, "slurm");
    assert_int_equal(r.n_args, 1);
    assert_ok(parse(&v, "--plan=slurm slurm", &r, NULL, &e), &e);
    assert_string_equal(r.args[0], "slurm");
    check_error(parse(&v, "--plan=slur", &r, NULL, &e), ERR_USAGE, &e,
                "--plan: found 'slur', expected nothing or slurm");
}

/* An option of another command is no unknown one. */
static void test_elsewhere(void **state)
{
    (void)state;
    struct errinfo e = {0};
    struct values v;
    struct opts_result r;
    static const char *const lines[] = {"--theirs 3", "--theirs=3", "--set theirs=3"};
    for (size_t i = 0; i < 3; i++) {
        check_error(parse(&v, lines[i], &r, NULL, &e), ERR_USAGE, &e,
                    "theirs: this is of lm train");
    }
    check_error(parse(&v, "--their 3", &r, NULL, &e), ERR_USAGE, &e, "unknown option");
}

static void test_accepted(void **state)
{
    (void)state;
    struct errinfo e = {0};
    struct values v;
    struct opts_result r;
    assert_ok(parse(&v, "", &r, NULL, &e), &e);
    assert_int_equal(v.n, 7);
    assert_false(v.given);
    assert_ok(
        parse(&v, "--steps 20k --rate=0.25 --json --corpus a --corpus=b,2 word --out x",
              &r, NULL, &e),
        &e);
    assert_int_equal(v.n, 20000);
    assert_true(v.given);
    assert_true(v.flag);
    assert_true(v.x > 0.2499 && v.x < 0.2501);
    assert_string_equal(v.s, "x");
    assert_int_equal(v.list.n, 2);
    assert_string_equal(v.list.at[1], "b,2");
    assert_int_equal(r.n_args, 1);
    assert_string_equal(r.args[0], "word");
    assert_ok(parse(&v, "--steps 1e3 --json=false --set weight_decay=2 -- --steps", &r,
                    NULL, &e),
              &e);
    assert_int_equal(v.n, 1000);
    assert_false(v.flag);
    assert_true(v.decay > 1.99);
    assert_string_equal(r.args[0], "--steps");
    /* The last counts; a list keeps all. An empty text where one may be. */
    assert_ok(parse(&v,
                    "--steps 5 --steps=6 --json --json=no --corpus a --corpus b "
                    "--set weight_decay=2 --set weight_decay=3 --note= -- -o --",
                    &r, NULL, &e),
              &e);
    assert_int_equal(v.n, 6);
    assert_false(v.flag);
    assert_true(v.decay > 2.99);
    assert_int_equal(v.list.n, 2);
    assert_string_equal(v.note, "");
    assert_string_equal(r.args[0], "-o");
    assert_string_equal(r.args[1], "--");
    assert_ok(parse(&v, "--nonsense -h", &r, NULL, &e), &e);
    assert_true(r.help);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *line, *part;
    } rows[] = {
        {"--stps 3", "unknown option --stps; did you mean --steps?"},
        {"--step=3", "did you mean --steps?"},
        {"--weight_decay 3", "--weight_decay is a setting: write --set weight_decay=X"},
        {"--weight_decay=3", "write --set weight_decay=3"},
        {"--quite-other 3", "see saetop lm test -h"},
        {"--steps", "--steps: needs a value (N)"},
        {"--steps 0", "found '0', expected an integer from 1 to 1000000"},
        {"--steps 2e6", "found '2e6'"},
        {"--steps 1.5", "an integer"},
        {"--steps 3x", "found '3x'"},
        {"--steps 99999999999999999999", "an integer"},
        {"--rate nan", "a number from 0 to 1"},
        {"--rate inf", "a number"},
        {"--rate=", "found ''"},
        {"--json=maybe", "true or false"},
        {"--set weight_decay", "expected key=value"},
        {"--set =3", "expected key=value"},
        {"--set wait_decay=3",
         "unknown setting wait_decay; did you mean weight_decay?"},
        {"--set weight_decay=11", "--set weight_decay: found '11'"},
        {"--set", "needs a value (KEY=VALUE)"},
        {"-x", "unknown option -x; see saetop lm test -h"},
        {"-o x", "unknown option -o; did you mean --out?"},
        {"-o=x", "unknown option -o; did you mean --out?"},
        {"--o x", "unknown option --o; did you mean --out?"},
        {"--hepl", "did you mean --help?"},
        {"--se weight_decay=1", "did you mean --set?"},
        {"--out --json", "--out: needs a value (DIR), found --json"},
        {"--out=", "--out: found '', expected DIR"},
        {"--corpus=", "--corpus: found '', expected FILE"},
        {"--steps=", "--steps: found ''"},
        {"--steps 0x10", "found '0x10', expected an integer from 1 to 1000000"},
        {"--steps -1", "found '-1', expected an integer from 1"},
        {"--steps nan", "found 'nan'"},
        {"--rate 0x1p-1", "found '0x1p-1', expected a number from 0 to 1"},
        {"--rate 1e999", "found '1e999'"},
        {"--rate 1e308G", "found '1e308G'"},
        {"--rate 0.5.1", "found '0.5.1'"},
        {"--rate -0.1", "found '-0.1', expected a number from 0 to 1"},
        {"one two three", "unexpected 'three'"},
        {"--Numbers 3", "unknown option --Numbers"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct errinfo e = {0};
        struct values v;
        struct opts_result r;
        check_error(parse(&v, rows[i].line, &r, NULL, &e), ERR_USAGE, &e, rows[i].part);
        assert_true(strncmp(e.msg, "lm test: ", 9) == 0);
    }
}

/* A path to be made must not exist yet. */
static void test_new(void **state)
{
    (void)state;
    struct errinfo e = {0};
    struct values v;
    struct opts_result r;
    char dir[64] = "/tmp/saetop_opts_XXXXXX", line[200];
    assert_non_null(mkdtemp(dir));
    snprintf(line, sizeof line, "--out %s", dir);
    check_error(parse(&v, line, &r, NULL, &e), ERR_EXISTS, &e,
                "exists already; --force writes over it");
    snprintf(line, sizeof line, "--out %s --force", dir);
    assert_ok(parse(&v, line, &r, NULL, &e), &e);
    snprintf(line, sizeof line, "--out %s/new", dir);
    assert_ok(parse(&v, line, &r, NULL, &e), &e);
    snprintf(line, sizeof line, "%s/link", dir);
    assert_int_equal(symlink("nowhere", line), 0); /* it is there as well */
    check_error(newfile_check(line, "choose another name", &e), ERR_EXISTS, &e,
                "choose another name");
    assert_int_equal(unlink(line), 0);
    assert_ok(parse(&v, "--out /dev/null", &r, NULL, &e), &e);
    FILE *shm = fopen("/dev/shm/saetop_opts_there", "w"); /* a file like any other */
    if (shm) {
        (void)fclose(shm);
        check_error(parse(&v, "--out /dev/shm/saetop_opts_there", &r, NULL, &e),
                    ERR_EXISTS, &e, "exists already");
        assert_int_equal(unlink("/dev/shm/saetop_opts_there"), 0);
    }
    assert_int_equal(rmdir(dir), 0);
}

static void test_list_limit(void **state)
{
    (void)state;
    struct errinfo e = {0};
    struct opt_list list = {.n = OPT_LIST_MAX};
    const struct opt row = {"corpus", OPT_LIST, &list, "FILE", "", 0, 0, NULL};
    check_error(opt_store(&row, "--corpus", "x", &e), ERR_USAGE, &e, "more than 64");
}

static void test_help(void **state)
{
    (void)state;
    struct errinfo e = {0};
    struct values v;
    struct opts_result r;
    struct str help;
    str_init(&help, 1u << 16);
    assert_ok(parse(&v, "", &r, &help, &e), &e);
    static const char *const parts[] = {"usage: saetop lm test --out DIR [FILE]\n",
                                        "\nNumbers\n",
                                        "  --steps N ",
                                        "how many [7]",
                                        "how often [0.5]",
                                        "\nOthers\n",
                                        "  --set KEY=VALUE         any of the "};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (!strstr(help.p, parts[i])) {
            fail_msg("no '%s' in:\n%s", parts[i], help.p);
        }
    }
    assert_null(strstr(help.p, "weight_decay")); /* the list stands apart */
    for (const char *line = help.p; *line;) {
        const size_t n = strcspn(line, "\n");
        assert_true(n <= 88);
        assert_true(n == 0 || line[n - 1] != ' ');
        line += n + 1;
    }
    str_free(&help);
}

static void test_nearest(void **state)
{
    (void)state;
    static const char *const names[] = {"train", "eval", "generate"};
    assert_string_equal(nearest_name("trian", names, 3), "train");
    assert_string_equal(nearest_name("gen", names, 3), "generate");
    assert_string_equal(nearest_name("eavl", names, 3), "eval"); /* one slip */
    assert_null(nearest_name("even", names, 3));                 /* two of four */
    assert_string_equal(nearest_name("traen", names, 3), "train");
    assert_string_equal(nearest_name("traxx", names, 3), "train");
    assert_null(nearest_name("trxxx", names, 3));
    assert_null(nearest_name("xyz", names, 3));
    const char *const letters[] = {"k", "out"};
    assert_null(nearest_name("x", letters, 2)); /* all of it would be wrong */
    assert_null(nearest_name("", names, 3));
    char far[300];
    memset(far, 'a', sizeof far - 1);
    far[sizeof far - 1] = '\0';
    assert_null(nearest_name(far, names, 3));
    char hint[NEAREST_HINT];
    assert_string_equal(nearest_hint("topkk", "gated, topk, batchtopk", hint),
                        "; did you mean topk?");
    assert_string_equal(nearest_hint("randm", "token|random|unigram", hint),
                        "; did you mean random?");
    assert_string_equal(nearest_hint("nope", "token|random", hint), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_word_of_its_own),
        cmocka_unit_test(test_elsewhere),
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_new),
        cmocka_unit_test(test_list_limit),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
