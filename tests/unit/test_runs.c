/* [threads] Runs beside a session: the thread that looks at a folder and does what is
 * ordered, a run that is followed while another process saves it, and the explorer that
 * opens one run after another. */
#include "base/mem.h"
#include "sample_settings.h"
#include "session/runs.h"
#include "session/session.h"
#include "small_run.h"
#include "ui/explore.h"
#include "ui/screens/table.h"
#include "unit/check.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

static void drop_tree(const char *dir)
{
    char command[600];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
}

/* ---- the thread ---- */

struct shelf {
    char top[256], dir[512];
    struct runs *r;
    struct runs_view v;
};

static const char *make_run(const struct shelf *t, const char *name, int64_t step)
{
    static char dir[1024];
    struct errinfo e;
    snprintf(dir, sizeof dir, "%s/%s", t->dir, name);
    assert_true(mkdir(dir, 0777) == 0 || file_is_dir(dir));
    assert_ok(small_run(dir, step, &e), &e);
    return dir;
}

static void begin(struct shelf *t)
{
    struct errinfo e;
    *t = (struct shelf){.r = NULL};
    tmp_make(t->top, sizeof t->top);
    tmp_path(t->dir, t->top, "runs");
    assert_int_equal(mkdir(t->dir, 0777), 0);
    assert_ok(runs_new(&t->r, &e), &e);
}

static void end(struct shelf *t)
{
    runs_free(t->r);
    runs_view_deinit(&t->v);
    drop_tree(t->top);
}

/* Poll as the explorer does until `done`, at most ten seconds. */
static void wait_for(struct shelf *t, bool (*done)(const struct shelf *t))
{
    for (int i = 0; i < 100; i++) {
        while (runs_poll(t->r, &t->v) && !done(t)) {
        }
        if (done(t)) {
            return;
        }
        struct pollfd p = {.fd = runs_wake_fd(t->r), .events = POLLIN};
        (void)poll(&p, 1, 100);
    }
    fail_msg("nothing came: %llu answers, the last '%s'",
             (unsigned long long)t->v.answers, t->v.answer.why);
}

static bool has_two(const struct shelf *t)
{
    return t->v.list && t->v.list->n == 2;
}
static bool has_one(const struct shelf *t)
{
    return t->v.list && t->v.list->n == 1;
}
static bool has_none(const struct shelf *t)
{
    return t->v.list && t->v.list->n == 0;
}
static bool is_answered(const struct shelf *t)
{
    return t->v.answers == 1;
}
static bool are_answered(const struct shelf *t)
{
    return t->v.answers == 4;
}
static bool was_saved(const struct shelf *t)
{
    return t->v.saves == 1;
}

static void order(struct shelf *t, enum run_order_kind kind, const char *name,
                  const char *text)
{
    struct run_order o = {.kind = kind};
    snprintf(o.name, sizeof o.name, "%s", name);
    snprintf(o.text, sizeof o.text, "%s", text);
    assert_true(runs_order(t->r, &o));
}

static void looks_and_does(void **state)
{
    (void)state;
    struct shelf t;
    begin(&t);
    assert_false(runs_order(t.r, &(struct run_order){.kind = RUN_ORDER_TRASH}));
    runs_look(t.r, t.dir);
    wait_for(&t, has_none);
    make_run(&t, "a", 3);
    make_run(&t, "b", 4);
    wait_for(&t, has_two); /* by itself */
    order(&t, RUN_ORDER_LABEL, "a", "first");
    wait_for(&t, is_answered);
    assert_true(t.v.answer.done);
    assert_string_equal(t.v.answer.before, "");
    order(&t, RUN_ORDER_LABEL, "a", "second"); /* each is answered, in order */
    order(&t, RUN_ORDER_TRASH, "b", "");
    order(&t, RUN_ORDER_RENAME, "a", "../a");
    wait_for(&t, are_answered);
    assert_false(t.v.answer.done);
    assert_non_null(strstr(t.v.answer.why, "expected the name of a directory"));
    wait_for(&t, has_one);
    assert_string_equal(t.v.list->row[0].label, "second");
    assert_int_equal(t.v.list->trashed, 1);
    runs_look(t.r, "/nowhere");
    wait_for(&t, has_none); /* a folder that is not there yet */
    end(&t);
}

/* The run that is open stays where it is, by whatever path it was opened; saves by
 * other processes are reported. */
static void what_is_open_stays(void **state)
{
    (void)state;
    struct shelf t;
    char link[1024];
    begin(&t);
    const char *dir = make_run(&t, "a", 3);
    snprintf(link, sizeof link, "%s/link", t.top);
    assert_int_equal(symlink(dir, link), 0);
    runs_look(t.r, t.dir);
    runs_watch(t.r, link);
    wait_for(&t, has_one);
    order(&t, RUN_ORDER_TRASH, "a", "");
    wait_for(&t, is_answered);
    assert_false(t.v.answer.done);
    assert_non_null(strstr(t.v.answer.why, "is open here"));
    make_run(&t, "a", 5);
    wait_for(&t, was_saved);
    end(&t);
}

/* ---- following ---- */

struct screen {
    struct session *s;
    struct session_view v;
};

static void open_screen(struct screen *t, const struct session_config *cfg)
{
    struct errinfo e;
    session_view_init(&t->v);
    assert_ok(session_new(cfg, &t->s, &e), &e);
}

static void close_screen(struct screen *t)
{
    session_free(t->s);
    session_view_deinit(&t->v);
}

static void wait_state(struct screen *t, enum session_state state)
{
    for (int i = 0; i < 1200 && t->v.state != state; i++) {
        struct pollfd p = {.fd = session_wake_fd(t->s), .events = POLLIN};
        (void)poll(&p, 1, 50);
        (void)session_poll(t->s, &t->v);
    }
    if (t->v.state != state) {
        fail_msg("state %s, message '%s'", session_state_name(t->v.state),
                 t->v.message);
    }
}

static void ask(struct screen *t, struct command c)
{
    assert_true(session_post(t->s, &c));
    for (int i = 0; i < 1200 && session_outstanding(t->s) > 0; i++) {
        struct pollfd p = {.fd = session_wake_fd(t->s), .events = POLLIN};
        (void)poll(&p, 1, 50);
        (void)session_poll(t->s, &t->v);
    }
    (void)session_poll(t->s, &t->v);
}

/* Train a new run to its end, or the one at `from` on to `steps`, and save it. */
static void train(const char *run, bool resumes, int64_t steps)
{
    struct screen t;
    struct session_config cfg = {.set = sample_settings(steps)};
    struct errinfo e;
    struct command stop = {.kind = COMMAND_STOP, .value = 1};
    snprintf(stop.text, sizeof stop.text, "%s", run);
    assert_ok(settings_set(&cfg.set, "twin", "unmasked", from_program("test"), &e), &e);
    if (resumes) {
        cfg.open_run = run;
        cfg.resume = true;
    }
    open_screen(&t, &cfg);
    wait_state(&t, SESSION_DONE);
    if (resumes) {
        ask(&t, (struct command){.kind = COMMAND_EXTEND, .at = steps});
        wait_state(&t, SESSION_DONE);
    }
    for (int i = 0; i < 1200 && t.v.step < steps; i++) {
        (void)poll(NULL, 0, 50);
        (void)session_poll(t.s, &t.v);
    }
    assert_true(session_post(t.s, &stop));
    wait_state(&t, SESSION_ENDED);
    close_screen(&t);
}

static void a_run_is_followed(void **state)
{
    (void)state;
    struct screen t;
    char top[256], run[512], other[512];
    tmp_make(top, sizeof top);
    tmp_path(run, top, "run");
    tmp_path(other, top, "other");
    train(run, false, 30);
    const struct session_config open = {.set = sample_settings(1), .open_run = run};
    open_screen(&t, &open);
    wait_state(&t, SESSION_BROWSING);
    assert_int_equal(t.v.step, 30);
    const size_t points = t.v.arm[0].series[METRIC_LOSS].n, events = t.v.n_events;
    ask(&t, (struct command){.kind = COMMAND_FOLLOW}); /* nothing new */
    assert_int_equal(t.v.arm[0].series[METRIC_LOSS].n, points);
    train(run, true, 60);
    ask(&t, (struct command){.kind = COMMAND_FOLLOW});
    assert_int_equal(t.v.step, 60);
    assert_true(t.v.state == SESSION_BROWSING && t.v.n_arms == 2 && t.v.n_conds == 2);
    assert_non_null(strstr(t.v.message, "another process saved it at step 60"));
    const struct series *loss = &t.v.arm[0].series[METRIC_LOSS];
    assert_true(loss->n > points && t.v.n_events > events);
    for (size_t i = 1; i < loss->n; i++) {
        assert_true(loss->x[i] > loss->x[i - 1]);
    }
    /* Another run in its place is not taken for more of it. */
    train(other, false, 20);
    drop_tree(run);
    assert_int_equal(rename(other, run), 0);
    ask(&t, (struct command){.kind = COMMAND_FOLLOW});
    assert_int_equal(t.v.step, 60);
    assert_non_null(strstr(t.v.message, "begun again at step 20"));
    close_screen(&t);
    drop_tree(top);
}

/* ---- the explorer ---- */

static char *read_shot(const char *dir, const char *name)
{
    char path[512], *text = NULL;
    size_t len;
    struct errinfo e;
    assert_ok(file_read(tmp_path(path, dir, name), (size_t)1 << 22, &text, &len, &e),
              &e);
    return text;
}

static void has(const char *dir, const char *name, const char *part)
{
    char *text = read_shot(dir, name);
    if (!strstr(text, part)) {
        fail_msg("%s: expected \"%s\" in\n%s", name, part, text);
    }
    mem_free(text);
}

/* Play a script on a run that begins anew and is saved in `runs`. */
static enum err play(const char *top, const char *runs, const char *script,
                     struct errinfo *e)
{
    char path[512];
    int status = -1;
    assert_ok(file_write_text(tmp_path(path, top, "script.txt"), script, e), e);
    const struct explore_config c = {
        .screens = &screen_table,
        .session = {.set = sample_settings(100000), .runs_dir = runs},
        .tier = GLYPH_ASCII,
        .color = 0,
        .w = 120,
        .h = 36,
        .script = path,
        .headless = true};
    return explore_run(&c, &status, e);
}

/* A folder with a run of 20 steps in it, "old". */
static void make_folder(char top[256], char runs[512])
{
    char old[1024];
    tmp_make(top, 256);
    tmp_path(runs, top, "runs");
    assert_int_equal(mkdir(runs, 0777), 0);
    snprintf(old, sizeof old, "%s/old", runs);
    train(old, false, 20);
}

/* Train, then open another run from the list, which asks first as long as steps are not
 * saved; then one that can't be opened, which is an error and ends the script. */
static void one_run_after_another(void **state)
{
    (void)state;
    char top[256], runs[512], bad[1024], script[4096];
    struct errinfo e = {0};
    make_folder(top, runs);
    snprintf(bad, sizeof bad, "%s/bad", runs);
    assert_int_equal(mkdir(bad, 0777), 0);
    assert_ok(small_run(bad, 3, &e), &e); /* of no model */
    snprintf(script, sizeof script,
             ":wait step 10\n:pause\n9\n:wait idle\n:shot %s/list.txt\n/old<Enter>"
             "<Enter>\n:shot %s/asks.txt\nc\n:wait idle\n:shot %s/old.txt\n"
             "9\n:wait idle\n/bad<Enter><Enter>\n:wait idle\n",
             top, top, top);
    /* There are remarks on its arms and on its model; those on the arms come first. */
    check_error(play(top, runs, script, &e), ERR_IO, &e, "script.txt: line 8: ");
    has(top, "list.txt", "old ");
    has(top, "asks.txt", "save and open it");
    has(top, "old.txt", "BROWSE");
    has(top, "old.txt", "step 20");
    has(top, "old.txt", "saved at step"); /* the one before it */
    drop_tree(top);
}

/* The run that began is discarded, the one from the list goes on. */
static void trained_on_from_the_list(void **state)
{
    (void)state;
    char top[256], runs[512], script[4096];
    struct errinfo e = {0};
    struct run_list *l = NULL;
    make_folder(top, runs);
    snprintf(script, sizeof script,
             ":wait step 2\n:pause\n9\n:wait idle\nTd\n:wait done\n:extend 30\n"
             ":wait done\n:shot %s/more.txt\n9\n:wait idle\n:shot %s/list.txt\n"
             ":save\n:wait idle\n",
             top, top);
    assert_ok(play(top, runs, script, &e), &e);
    has(top, "more.txt", "DONE");
    has(top, "list.txt", "open here");
    assert_ok(run_list_look(runs, NULL, &l, &e), &e);
    assert_int_equal(l->n, 1); /* what was discarded was saved nowhere */
    assert_int_equal(l->row[0].step, 30);
    run_list_unref(l);
    drop_tree(top);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_and_does),
        cmocka_unit_test(what_is_open_stays),
        cmocka_unit_test(a_run_is_followed),
        cmocka_unit_test(one_run_after_another),
        cmocka_unit_test(trained_on_from_the_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
