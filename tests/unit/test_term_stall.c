/* [threads] A terminal that takes nothing (Ctrl-S, a pty that nobody reads) blocks
 * nothing: training, signals and leaving go on, and when it reads again the screen is
 * complete. */
#include "base/clock.h"
#include "base/rng.h"
#include "sample_settings.h"
#include "ui/explore.h"
#include "ui/screens/table.h"
#include "ui/signal.h"
#include "ui/term.h"
#include "unit/pty.h"

#include <glob.h>
#include <locale.h>
#include <signal.h>
#include <sys/wait.h>

enum { W = 120, H = 36 };

static struct term *open_on(struct pty *p)
{
    struct errinfo e;
    struct term *t;
    const struct term_config cfg = {.tier = GLYPH_BRAILLE,
                                    .color = 1,
                                    .mouse = true,
                                    .term_name = "xterm-256color",
                                    .out_fd = p->slave,
                                    .in_fd = p->slave};
    assert_ok(term_open(&cfg, &t, NULL, &e), &e);
    return t;
}

static bool waits(const struct term *t)
{
    struct pollfd fd[TERM_FDS];
    (void)term_poll(t, fd);
    return fd[1].fd >= 0;
}

/* Frames that differ everywhere, until the terminal is full. */
static void fill(struct term *t, struct canvas *c)
{
    struct rng r = rng_begin(7, RNG_SAMPLE, 0);
    for (int i = 0; !waits(t); i++) {
        assert_true(i < 10000);
        for (int at = 0; at < c->w * c->h; at++) {
            canvas_put(c, at % c->w, at / c->w, 0x21 + (uint32_t)rng_below(&r, 90),
                       (enum role)rng_below(&r, ROLE_COUNT), 0);
        }
        term_present(t, c);
    }
}

/* A full terminal: the calls return, keys and signals come through, and what is shown
 * once it reads again is the newest frame alone. */
static void test_goes_on(void **state)
{
    (void)state;
    struct pty p;
    struct canvas c;
    struct errinfo e;
    struct event ev;
    pty_open(&p, W, H);
    struct term *t = open_on(&p);
    assert_ok(canvas_init(&c, W, H, GLYPH_BRAILLE, &e), &e);
    fill(t, &c);
    assert_int_equal(write(p.master, "\023k\021", 3), 3); /* Ctrl-S k Ctrl-Q */
    static const uint32_t keys[] = {19, 'k', 17};
    for (int i = 0; i < 3;) {
        if (term_event(t, &ev)) {
            assert_int_equal(ev.kind, EVENT_KEY);
            assert_int_equal(ev.key, keys[i++]);
        }
    }
    raise(SIGTERM);
    assert_int_equal(sig_take(SIG_BIT_QUITS), SIG_BIT_TERM);
    canvas_fill(&c, (struct rect){0, 0, W, H}, ' ', ROLE_TEXT, 0);
    canvas_text(&c, 3, 3, W, "the newest frame", ROLE_TEXT, 0);
    for (int i = 0; i < 1000; i++) { /* left out, and nothing piles up */
        term_present(t, &c);
        term_set_mouse(t, i % 2);
    }
    assert_true(waits(t));
    const int64_t since = clock_ns();
    while (clock_ns() - since < INT64_C(1200000000)) { /* a stall, not a pause */
        poll(NULL, 0, 100);
        assert_false(term_event(t, &ev));
    }
    pty_start(&p, W, H);
    do {
        struct pollfd fd[TERM_FDS];
        const int due = term_poll(t, fd);
        poll(fd, TERM_FDS, due);
    } while (!term_event(t, &ev));
    assert_int_equal(ev.kind, EVENT_RESIZE);
    term_present(t, &c);
    while (waits(t)) {
        (void)term_event(t, &ev);
    }
    pty_sync(&p);
    assert_true(pty_shows(&p, "   the newest frame "));
    for (int y = 0; y < H; y++) {
        for (int x = 0; x < W; x++) {
            VTermScreenCell cell;
            vterm_screen_get_cell(p.screen, (VTermPos){.row = y, .col = x}, &cell);
            const uint32_t want = c.cell[y * W + x].cp;
            assert_int_equal(cell.chars[0] ? cell.chars[0] : ' ', want);
        }
    }
    canvas_deinit(&c);
    term_close(t);
    pty_sync(&p);
    assert_false(p.alternate);
    pty_close(&p);
}

/* Closing does not wait for ever, and the terminal is given back all the same. */
static void test_close(void **state)
{
    (void)state;
    struct pty p;
    struct canvas c;
    struct errinfo e;
    struct termios before;
    pty_open(&p, W, H);
    assert_int_equal(tcgetattr(p.slave, &before), 0);
    struct term *t = open_on(&p);
    assert_ok(canvas_init(&c, W, H, GLYPH_BRAILLE, &e), &e);
    fill(t, &c);
    term_suspend(t);
    pty_check_modes(&p, &before);
    term_resume(t);
    fill(t, &c);
    term_close(t);
    pty_check_modes(&p, &before);
    canvas_deinit(&c);
    /* once it is read, what leaves the screen is there; half of a frame is not */
    pty_start(&p, W, H);
    pty_check_restored(&p, &before);
    pty_close(&p);
}

/* Stopped by its user: the same. */
static void test_stopped(void **state)
{
    (void)state;
    struct pty p;
    struct canvas c;
    struct errinfo e;
    struct event ev;
    pty_open(&p, W, H);
    pty_start(&p, W, H);
    struct term *t = open_on(&p);
    assert_ok(canvas_init(&c, W, H, GLYPH_BRAILLE, &e), &e);
    assert_int_equal(tcflow(p.slave, TCOOFF), 0);
    canvas_text(&c, 0, 0, W, "later", ROLE_TEXT, 0);
    term_present(t, &c);
    assert_true(waits(t));
    assert_false(term_event(t, &ev));
    assert_int_equal(tcflow(p.slave, TCOON), 0);
    while (waits(t)) {
        (void)term_event(t, &ev);
    }
    pty_sync(&p);
    assert_true(pty_shows(&p, "later"));
    canvas_deinit(&c);
    term_close(t);
    pty_close(&p);
}

/* ---- the whole explorer ---- */

/* How long test_training stalls; SAETOP_STALL_SECONDS=60 for a minute. */
static double stall_seconds(void)
{
    const char *text = getenv("SAETOP_STALL_SECONDS");
    const double s = text ? strtod(text, NULL) : 2;
    return s > 0 ? s : 2;
}

/* Where the only run in runs_dir lies; false: there is none yet. */
static bool find_run(const char *runs_dir, char *out, size_t cap)
{
    char pattern[600];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/[0-9]*/events.csv", runs_dir);
    if (glob(pattern, 0, NULL, &found) != 0) {
        return false;
    }
    *strrchr(found.gl_pathv[0], '/') = '\0';
    snprintf(out, cap, "%s", found.gl_pathv[0]);
    globfree(&found);
    return true;
}

/* How often the run in runs_dir was saved, and the step of the last time. */
static int saves_of(const char *runs_dir, long *step)
{
    char run[560], path[600], line[1024];
    int n = 0;
    if (!find_run(runs_dir, run, sizeof run)) {
        return 0;
    }
    snprintf(path, sizeof path, "%s/events.csv", run);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
        if (strstr(line, ",save,")) {
            *step = strtol(line, NULL, 10);
            n++;
        }
    }
    if (f) {
        fclose(f);
    }
    return n;
}

/* The key that saves, and the step it was done at: the n-th save of the run. */
static long save_now(const struct pty *p, const char *runs_dir, int n)
{
    long step = -1;
    const int64_t since = clock_ns();
    assert_int_equal(write(p->master, "c", 1), 1);
    while (saves_of(runs_dir, &step) < n) {
        assert_true(clock_seconds_since(since) < 60);
        poll(NULL, 0, 20);
    }
    return step;
}

static int explore_on(int tty, const char *runs_dir)
{
    int status = 99;
    struct errinfo e;
    dup2(tty, 0);
    dup2(tty, 1);
    setenv("TERM", "xterm-256color", 1);
    const struct explore_config c = {
        .screens = &screen_table,
        .session = {.set = sample_settings(1000000), .runs_dir = runs_dir},
        .tier = GLYPH_BRAILLE,
        .color = 1,
        .mouse = true,
        .out = stdout};
    return explore_run(&c, &status, &e) == OK ? status : 98;
}

/* The user stops the screen of a run that trains: it trains on, keys act, TERM saves,
 * and the terminal is given back. */
static void test_training(void **state)
{
    (void)state;
    char dir[512], run[560];
    struct pty p;
    struct termios before;
    struct errinfo e;
    int status;
    long at_end = -1;
    tmp_make(dir, sizeof dir);
    pty_open(&p, W, H);
    assert_int_equal(tcgetattr(p.slave, &before), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(p.master);
        setsid();
        ioctl(p.slave, TIOCSCTTY, 0);
        _exit(explore_on(p.slave, dir));
    }
    pty_start(&p, W, H);
    while (!pty_shows(&p, "TRAIN ") || pty_shows(&p, "step 0/")) {
        poll(NULL, 0, 20);
    }
    assert_int_equal(tcflow(p.slave, TCOOFF), 0);
    for (int i = 0; i < 50; i++) { /* help on and off, each drawn whole */
        assert_int_equal(write(p.master, i % 2 ? "\014" : "?", 1), 1);
        poll(NULL, 0, 10);
    }
    assert_int_equal(write(p.master, "\033", 1), 1); /* out of the help */
    poll(NULL, 0, 300);
    const long first = save_now(&p, dir, 1);
    const int64_t since = clock_ns();
    while (clock_seconds_since(since) < stall_seconds()) {
        poll(NULL, 0, 50);
        assert_int_equal(waitpid(child, &status, WNOHANG), 0);
    }
    const long second = save_now(&p, dir, 2);
    print_message("stalled for %.0f s: step %ld, then %ld\n", stall_seconds(), first,
                  second);
    assert_true(second > first);
    assert_int_equal(kill(child, SIGTERM), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 143);
    assert_int_equal(saves_of(dir, &at_end), 3);
    assert_true(at_end >= second);
    pty_check_restored(&p, &before);
    pty_close(&p);
    assert_true(find_run(dir, run, sizeof run));
    assert_ok(file_remove_dir(run, &e), &e);
    tmp_drop(dir);
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goes_on),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_training),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
