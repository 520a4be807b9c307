/* A folder of runs from anybody: each run is a row, what is wrong with one is its
 * remark, and looking changes nothing. Names, labels and the trash. */
#include "base/mem.h"
#include "run/run_trash.h"
#include "small_run.h"
#include "unit/file_kinds.h"

#include <errno.h>
#include <math.h>
#include <sys/wait.h>

struct place {
    char top[256], runs[512];
};

static void write_in(const char *run, const char *name, const char *text)
{
    char path[1024];
    struct errinfo e;
    assert_ok(path_join(path, sizeof path, run, name, &e), &e);
    assert_ok(file_write_text(path, text, &e), &e);
}

/* The run `name` of the folder at that step; its path. */
static const char *add_run(const struct place *p, const char *name, int64_t step)
{
    static char dir[1024];
    char state[1100];
    struct errinfo e;
    assert_ok(file_mkdir_own(p->runs, name, &e), &e);
    assert_ok(path_join(dir, sizeof dir, p->runs, name, &e), &e);
    assert_ok(small_run(dir, step, &e), &e);
    snprintf(state, sizeof state, "%s/trainer_state.safetensors", dir);
    assert_int_equal(unlink(state), 0); /* as saved to be used, not trained on */
    return dir;
}

static void place_make(struct place *p)
{
    struct errinfo e;
    tmp_make_in_memory(p->top, sizeof p->top);
    assert_ok(file_mkdir_own(p->top, "runs", &e), &e);
    tmp_path(p->runs, p->top, "runs");
}

static void place_drop(const struct place *p)
{
    char command[600];
    snprintf(command, sizeof command, "rm -rf '%s'", p->top);
    assert_int_equal(system(command), 0);
}

static struct run_list *look(const struct place *p, const struct run_list *before)
{
    struct errinfo e;
    struct run_list *l = NULL;
    assert_ok(run_list_look(p->runs, before, &l, &e), &e);
    return l;
}

static const struct run_row *row_of(const struct run_list *l, const char *name)
{
    const struct run_row *r = run_list_find(l, name);
    if (!r) {
        fail_msg("no row %s among %zu", name, l->n);
    }
    return r;
}

/* ---- what is read ---- */

static const char metrics[] =
    "step,l0_clean,explained_variance,absorption\n10,5,.5,.1\n20,4.25,.75,\n30,,,\n";
static const char events[] =
    "step,seconds,kind,detail\n0,0,start,x\n9,1,note,first\n12,1,note,\"second, "
    "\x1b[31mred\"\n20,2,save,R\n";

/* The last value of each measure, the last note, the label, the size, the date. */
static void a_row_is_read(void **state)
{
    (void)state;
    struct place p;
    struct errinfo e;
    char label[RUN_LABEL_MAX + 1];
    place_make(&p);
    const char *dir = add_run(&p, "one", 30);
    write_in(dir, "metrics.csv", metrics);
    write_in(dir, "events.csv", events);
    assert_ok(rundir_set_label(dir, "the caf\xc3\xa9 run", &e), &e);
    assert_ok(rundir_label(dir, label, &e), &e);
    assert_string_equal(label, "the caf\xc3\xa9 run");
    struct run_list *l = look(&p, NULL);
    assert_int_equal(l->n, 1);
    const struct run_row *r = &l->row[0];
    assert_string_equal(r->remark, "");
    assert_true(r->opens && r->step == 30 && r->arms == 1 && r->conditions == 1);
    assert_int_equal(r->condition[0].seeds, 1);
    assert_true(fabs(r->condition[0].figure[0] - 4.25) < 1e-9);
    assert_true(fabs(r->condition[0].figure[1] - 0.75) < 1e-9);
    assert_true(fabs(r->condition[0].figure[2] - 0.1) < 1e-9);
    assert_string_equal(r->note, "second, \x1b[31mred"); /* escaped where it is shown */
    assert_string_equal(r->label, "the caf\xc3\xa9 run");
    assert_true(r->bytes > 1000 && r->saved > 0 && r->holder == 0);
    run_list_unref(l);

    assert_ok(rundir_set_label(dir, "", &e), &e);
    l = look(&p, NULL);
    assert_string_equal(l->row[0].label, "");
    run_list_unref(l);
    /* The run itself, however it is named. */
    assert_ok(run_list_look(dir, NULL, &l, &e), &e);
    assert_int_equal(l->n, 1);
    assert_string_equal(l->row[0].name, "one");
    assert_string_equal(l->dir, p.runs);
    run_list_unref(l);
    place_drop(&p);
}

/* Only the header and the last whole lines of a long metrics.csv are read. */
static void a_long_history_is_read_at_its_end(void **state)
{
    (void)state;
    struct place p;
    struct str s;
    place_make(&p);
    const char *dir = add_run(&p, "long", 3);
    str_init(&s, 1u << 24);
    str_add(&s, "step,explained_variance,loss\n1,0.125,\n");
    for (int i = 2; i < 60000; i++) {
        str_addf(&s, "%d,%s,0.5\n", i, i == 59000 ? "0.625" : "");
    }
    write_in(dir, "metrics.csv", s.p);
    struct run_list *l = look(&p, NULL);
    assert_string_equal(l->row[0].remark, "");
    assert_true(fabs(l->row[0].condition[0].figure[1] - 0.625) < 1e-9);
    assert_true(isnan(l->row[0].condition[0].figure[0]));
    run_list_unref(l);
    str_free(&s);
    place_drop(&p);
}

/* An SAE that was not trained here has figures once it was evaluated, of its step. */
static void figures_of_an_evaluation(void **state)
{
    (void)state;
    static const char *const with[] = {
        ("{\"step\": 3, \"fidelity\": {\"in_distribution\": {\"explained_variance\": "
         "{\"value\": 0.5, \"interval\": [0, 1]}, \"l0\": 7}}}"),
        "{\"step\": 4, \"fidelity\": {\"in_distribution\": {\"l0\": 7}}}",
        "{\"step\": 3, \"fidelity\": 5}",
        "[3]",
        "{\"step\": 3",
        ""};
    struct place p;
    place_make(&p);
    const char *dir = add_run(&p, "other", 3);
    for (size_t i = 0; i < sizeof with / sizeof with[0]; i++) {
        write_in(dir, "eval.json", with[i]);
        struct run_list *l = look(&p, NULL);
        const double *f = l->row[0].condition[0].figure;
        assert_string_equal(l->row[0].remark, "");
        assert_true(i == 0 ? fabs(f[0] - 7) < 1e-9 && fabs(f[1] - 0.5) < 1e-9
                           : isnan(f[0]) && isnan(f[1]));
        run_list_unref(l);
    }
    place_drop(&p);
}

/* ---- what is wrong ---- */

/* config.json of a run with a model's hash that is none. */
static void spoil_hash(const char *run)
{
    static const char hash[] = "fnv1a64:0000000000000001";
    char path[1024], *text = NULL;
    struct errinfo e;
    snprintf(path, sizeof path, "%s/config.json", run);
    assert_ok(file_read_text(path, 1u << 20, &text, &e), &e);
    char *at = strstr(text, hash);
    assert_non_null(at);
    at[strlen("fnv1a64:")] = '-';
    assert_ok(file_write_text(path, text, &e), &e);
    mem_free(text);
}

static void one_remark_each(void **state)
{
    (void)state;
    struct place p;
    char path[1024];
    struct errinfo e;
    place_make(&p);
    add_run(&p, "good", 5);
    write_in(add_run(&p, "json", 5), "config.json", "{\"format\": 1, \"step\": ");
    write_in(add_run(&p, "format", 5), "config.json", "{\"format\": 77}");
    spoil_hash(add_run(&p, "hash", 5));
    write_in(add_run(&p, "csv", 5), "metrics.csv", "step,l0\n1,x\n");
    write_in(add_run(&p, "label", 5), "label.txt", "a\x1b[2Jb\n");
    write_in(add_run(&p, "lines", 5), "label.txt", "a\nb\n");
    write_in(add_run(&p, "\x1b[31mname", 5), "events.csv", "none\n");
    snprintf(path, sizeof path, "%s/config.json", add_run(&p, "link", 5));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    snprintf(path, sizeof path, "%s/metrics.csv", add_run(&p, "fifo", 5));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    snprintf(path, sizeof path, "%s/label.txt", add_run(&p, "labellink", 5));
    assert_int_equal(symlink("/etc/passwd", path), 0);
    snprintf(path, sizeof path, "%s/sae_weights.safetensors", add_run(&p, "cut", 5));
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof path, "%s/config.json", add_run(&p, "huge", 5));
    assert_int_equal(truncate(path, (off_t)1 << 36), 0);
    write_in(add_run(&p, "state", 5), "trainer_state.safetensors", "none");
    snprintf(path, sizeof path, "%s/latest", p.runs);
    assert_int_equal(symlink("good", path), 0);
    /* No runs: passed over. */
    assert_ok(file_mkdir_own(p.runs, "empty", &e), &e);
    assert_ok(file_mkdir_own(p.runs, "model", &e), &e);
    snprintf(path, sizeof path, "%s/model", p.runs);
    write_in(path, "config.json", "{}");
    write_in(p.runs, "file", "x");

    static const struct {
        const char *name, *part;
        bool opens;
    } want[] = {
        {"json", "config.json", false},
        {"format", "format", false},
        {"hash", "inputs.model: found \"fnv1a64:-", false},
        {"csv", "expected a number", true},
        {"label", "label.txt", true},
        {"lines", "label.txt", true},
        {"\x1b[31mname", "events.csv", true},
        {"link", "symbolic link", false},
        {"fifo", "FIFO", false},
        {"labellink", "symbolic link", false},
        {"cut", "expected the weights", false},
        {"huge", "config.json", false},
        {"state", "trainer_state.safetensors", true},
        {"latest", "symbolic link", false},
        {"good", "", true},
    };
    struct run_list *l = look(&p, NULL);
    assert_int_equal(l->n, sizeof want / sizeof want[0]);
    for (size_t i = 0; i < l->n; i++) {
        const struct run_row *r = row_of(l, want[i].name);
        const bool said = want[i].part[0] ? strstr(r->remark, want[i].part) != NULL
                                          : r->remark[0] == '\0';
        if (!said || r->opens != want[i].opens) {
            fail_msg("%s: opens %d, remark \"%s\"", r->name, r->opens, r->remark);
        }
        assert_null(strchr(r->remark, '\x1b'));
        assert_null(strchr(r->remark, '\n'));
    }
    /* What could not be read is not known, and no zero. */
    const struct run_row *csv = row_of(l, "csv");
    assert_int_equal(csv->conditions, 1);
    for (size_t f = 0; f < RUN_FIGURES; f++) {
        assert_true(isnan(csv->condition[0].figure[f]));
    }
    run_list_unref(l);
    place_drop(&p);
}

static void no_folder(void **state)
{
    (void)state;
    struct run_list *l = NULL;
    struct errinfo e = {0};
    check_error(run_list_look("/nowhere/runs", NULL, &l, &e), ERR_MISSING, &e,
                "/nowhere/runs: no such folder");
    check_error(run_list_look("/etc/passwd", NULL, &l, &e), ERR_FORMAT, &e, "passwd");
    assert_ok(run_list_none("/nowhere/runs", &l, &e), &e);
    assert_int_equal(l->n, 0);
    run_list_unref(l);
}

/* A run that has not changed is not read again; one that has is, and the version
 * tells. */
static void a_second_look(void **state)
{
    (void)state;
    struct place p;
    struct errinfo e;
    place_make(&p);
    add_run(&p, "a", 5);
    add_run(&p, "b", 5);
    struct run_list *one = look(&p, NULL), *two = look(&p, one);
    assert_true(one->version == two->version);
    char dir[1024];
    snprintf(dir, sizeof dir, "%s/b", p.runs);
    assert_ok(small_run(dir, 6, &e), &e);
    struct run_list *three = look(&p, two);
    assert_int_equal(row_of(three, "a")->step, 5);
    assert_int_equal(row_of(three, "b")->step, 6);
    assert_true(three->version != two->version);
    /* A change in a further arm changes the version too. */
    snprintf(dir, sizeof dir, "%s/b", p.runs);
    assert_ok(file_mkdir_own(dir, "arms", &e), &e);
    snprintf(dir, sizeof dir, "%s/b/arms", p.runs);
    assert_ok(file_mkdir_own(dir, "twin", &e), &e);
    snprintf(dir, sizeof dir, "%s/b/arms/twin", p.runs);
    assert_ok(small_run(dir, 6, &e), &e);
    struct run_list *four = look(&p, three);
    assert_true(four->version != three->version);
    write_in(dir, "metrics.csv", metrics);
    struct run_list *five = look(&p, four), *six = look(&p, five);
    assert_true(five->version != four->version);
    assert_true(six->version == five->version);
    run_list_unref(four);
    run_list_unref(five);
    run_list_unref(six);
    run_list_unref(one);
    run_list_unref(two);
    run_list_unref(three);
    place_drop(&p);
}

/* ---- orders ---- */

static void orders(void **state)
{
    (void)state;
    struct run_list *l = NULL;
    struct errinfo e;
    int32_t order[4];
    assert_ok(run_list_none("x", &l, &e), &e);
    assert_ok(mem_new(&l->row, 4, sizeof *l->row, "rows", &e), &e);
    l->n = 4;
    static const char *const name[] = {"a", "b", "c", "d"};
    static const char *const label[] = {"z", "", "y", ""};
    for (size_t i = 0; i < 4; i++) {
        struct run_row *r = &l->row[i];
        snprintf(r->name, sizeof r->name, "%s", name[i]);
        snprintf(r->label, sizeof r->label, "%s", label[i]);
        r->opens = i != 1;
        r->step = (int64_t)i;
        r->saved = i == 3 ? 0 : (int64_t)(i + 1);
    }
    static const struct {
        const char *column;
        bool reverse;
        int32_t want[4];
    } cases[] = {
        {"saved", false, {2, 1, 0, 3}}, {"saved", true, {0, 1, 2, 3}},
        {"name", false, {0, 1, 2, 3}},  {"name", true, {3, 2, 1, 0}},
        {"label", false, {2, 0, 1, 3}}, {"label", true, {0, 2, 1, 3}},
        {"step", false, {3, 2, 0, 1}},  {"k", false, {0, 2, 3, 1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        run_list_order(l, run_column_find(cases[i].column), cases[i].reverse, order);
        assert_memory_equal(order, cases[i].want, sizeof order);
    }
    assert_string_equal(run_column_name(run_column_at((size_t)run_column_default())),
                        "saved");
    assert_int_equal(run_column_find("nothing"), RUN_LIST_NONE);
    run_list_unref(l);
}

/* ---- names and the trash ---- */

static void into_the_trash_and_back(void **state)
{
    (void)state;
    struct place p;
    struct errinfo e = {0};
    char as[RUN_NAME_MAX] = "", again[RUN_NAME_MAX] = "";
    place_make(&p);
    add_run(&p, "a", 5);
    add_run(&p, "b", 6);
    assert_ok(run_trash_put(p.runs, "a", as, &e), &e);
    assert_string_equal(as, "a");
    struct run_list *l = look(&p, NULL);
    assert_true(l->n == 1 && l->trashed == 1 && !run_list_find(l, "a"));
    run_list_unref(l);
    add_run(&p, "a", 7);
    check_error(run_trash_take(p.runs, as, "a", &e), ERR_EXISTS, &e, "exists already");
    assert_ok(run_trash_put(p.runs, "a", again, &e), &e);
    assert_string_equal(again, "a-2");
    assert_ok(run_trash_take(p.runs, "a", "a", &e), &e);
    l = look(&p, NULL);
    assert_int_equal(row_of(l, "a")->step, 5);
    assert_int_equal(l->trashed, 1);
    run_list_unref(l);
    assert_ok(run_rename(p.runs, "a", "better name", &e), &e);
    check_error(run_rename(p.runs, "better name", "b", &e), ERR_EXISTS, &e, "/b");
    l = look(&p, NULL);
    assert_int_equal(row_of(l, "better name")->step, 5);
    assert_int_equal(row_of(l, "b")->step, 6);
    run_list_unref(l);
    place_drop(&p);
}

/* Nothing goes outside of the folder, and no link is followed. */
static void only_within_the_folder(void **state)
{
    (void)state;
    static const char *const bad[] = {"",       ".",    "..",      "../b", "a/b",
                                      ".trash", "a\nb", "\x1b[1m", "\xff"};
    struct place p;
    struct errinfo e = {0};
    char as[RUN_NAME_MAX] = "", path[1024], victim[1024];
    place_make(&p);
    add_run(&p, "a", 5);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        check_error(run_trash_put(p.runs, bad[i], as, &e), ERR_USAGE, &e, "expected");
        check_error(run_rename(p.runs, "a", bad[i], &e), ERR_USAGE, &e, "expected");
        check_error(run_trash_take(p.runs, "a", bad[i], &e), ERR_USAGE, &e, "expected");
    }
    check_error(run_trash_put(p.runs, "none", as, &e), ERR_MISSING, &e, "none");
    /* Not even an empty directory makes way, which rename(2) alone would replace. */
    assert_ok(file_mkdir_own(p.runs, "taken", &e), &e);
    check_error(run_rename(p.runs, "a", "taken", &e), ERR_EXISTS, &e, "taken");
    struct folder f;
    assert_ok(folder_open(p.runs, &f, &e), &e);
    check_error(folder_move_new(&f, "a", &f, "taken", &e), ERR_EXISTS, &e, "taken");
    folder_close(&f);
    snprintf(path, sizeof path, "%s/link", p.runs);
    assert_int_equal(symlink("a", path), 0);
    check_error(run_trash_put(p.runs, "link", as, &e), ERR_FORMAT, &e, "symbolic link");
    /* The trash itself is somebody else's folder. */
    snprintf(victim, sizeof victim, "%s/victim", p.top);
    assert_int_equal(mkdir(victim, 0777), 0);
    snprintf(path, sizeof path, "%s/" RUN_TRASH, p.runs);
    assert_int_equal(rmdir(path) == 0 || errno == ENOENT, 1);
    assert_int_equal(symlink(victim, path), 0);
    check_error(run_trash_put(p.runs, "a", as, &e), ERR_FORMAT, &e, "symbolic link");
    assert_int_equal(rmdir(victim), 0); /* still empty */
    struct run_list *l = look(&p, NULL);
    assert_true(row_of(l, "a")->opens && l->trashed == 0);
    run_list_unref(l);
    place_drop(&p);
}

/* A run that another process trains stays where it is; who that is is in its row. */
static void a_held_run_stays(void **state)
{
    (void)state;
    struct place p;
    struct errinfo e = {0};
    char as[RUN_NAME_MAX] = "", dir[1024];
    int up[2], down[2], status = 0;
    char byte = 0;
    place_make(&p);
    snprintf(dir, sizeof dir, "%s", add_run(&p, "a", 5));
    assert_int_equal(pipe(up) | pipe(down), 0);
    const pid_t child = fork();
    if (child == 0) {
        int lock = -1;
        const bool locked = rundir_lock(dir, &lock, &e) == OK;
        byte = locked ? 'y' : 'n';
        const bool told = write(up[1], &byte, 1) == 1 && read(down[0], &byte, 1) == 1;
        rundir_unlock(dir, lock);
        _exit(told ? 0 : 1);
    }
    assert_int_equal(read(up[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    struct run_list *l = look(&p, NULL);
    assert_int_equal(row_of(l, "a")->holder, child);
    check_error(run_trash_put(p.runs, "a", as, &e), ERR_USAGE, &e, "in use by process");
    check_error(run_rename(p.runs, "a", "b", &e), ERR_USAGE, &e, "in use by process");
    assert_ok(rundir_set_label(dir, "while it trains", &e), &e);
    assert_int_equal(write(down[1], &byte, 1), 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    run_list_unref(l);
    l = look(&p, NULL);
    assert_int_equal(row_of(l, "a")->holder, 0);
    assert_string_equal(row_of(l, "a")->label, "while it trains");
    run_list_unref(l);
    assert_ok(run_trash_put(p.runs, "a", as, &e), &e);
    place_drop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_read),
        cmocka_unit_test(a_long_history_is_read_at_its_end),
        cmocka_unit_test(figures_of_an_evaluation),
        cmocka_unit_test(one_remark_each),
        cmocka_unit_test(no_folder),
        cmocka_unit_test(a_second_look),
        cmocka_unit_test(orders),
        cmocka_unit_test(into_the_trash_and_back),
        cmocka_unit_test(only_within_the_folder),
        cmocka_unit_test(a_held_run_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
