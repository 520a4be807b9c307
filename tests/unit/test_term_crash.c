/* The terminal is whole again after every way out: close, signals, crashes in any
 * thread, and while the process is stopped. A child runs on a pseudo-terminal of its
 * own, under a small shell of ours that puts it in the foreground as a real one would.
 */
#include "base/thread.h"
#include "ui/signal.h"
#include "ui/term.h"
#include "unit/pty.h"

#include <locale.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { W = 60, H = 12 };

enum way {
    WAY_KEY, /* 'q' is typed */
    WAY_INT,
    WAY_TERM,
    WAY_HUP,
    WAY_SEGV,
    WAY_SEGV_THREAD,
    WAY_ABORT,
    WAY_ABORT_THREAD,
    WAY_ABORT_DRAWING, /* in a thread, while the first one draws on */
    WAY_FPE,
    WAY_QUIT,
    WAY_OVERFLOW,
    WAY_OVERFLOW_THREAD,
    WAY_THREADS, /* more threads that a signal can come to */
};

/* ---- the child ---- */

static volatile char sink;

/* Recursion that the compiler cannot turn into a loop. */
static int overflow(volatile char *above) // NOLINT
{
    volatile char room[4096];
    room[0] = above ? *above : 'x';
    sink = room[0];
    const int deeper = sink ? overflow(room) : 0;
    return deeper + room[0];
}

static void *crash(void *arg)
{
    const enum way way = *(const enum way *)arg;
    fprintf(stderr, "last words \033[31m\n");
    if (way == WAY_SEGV || way == WAY_SEGV_THREAD) {
        raise(SIGSEGV);
    } else if (way == WAY_FPE) {
        raise(SIGFPE);
    } else if (way == WAY_OVERFLOW_THREAD) {
        overflow(NULL);
    } else {
        abort();
    }
    return NULL;
}

static void *sleep_for_ever(void *arg)
{
    for (;;) {
        pause();
    }
    return arg;
}

static void draw_for_ever(struct term *t, struct canvas *c)
{
    for (int i = 0;; i++) {
        for (int y = 0; y < H; y++) {
            canvas_textf(c, 0, y, W, ROLE_TEXT, 0, "drawing %d", i);
        }
        term_present(t, c);
    }
}

static void act(enum way way, struct term *t, struct canvas *c)
{
    static enum way of_thread;
    pthread_t thread;
    struct errinfo e;
    of_thread = way;
    if (way == WAY_ABORT_DRAWING) {
        if (thread_start(&thread, crash, &of_thread, &e) == OK) {
            draw_for_ever(t, c);
        }
    } else if (way == WAY_SEGV_THREAD || way == WAY_ABORT_THREAD ||
               way == WAY_OVERFLOW_THREAD) {
        if (thread_start(&thread, crash, &of_thread, &e) == OK) {
            pthread_join(thread, NULL);
        }
    } else if (way == WAY_OVERFLOW) {
        fprintf(stderr, "last words\n");
        overflow(NULL);
    } else if (way == WAY_SEGV || way == WAY_ABORT || way == WAY_FPE) {
        crash(&way);
    }
}

/* Shows "ready", then "resumed N" each time it is resumed, until a key or a signal ends
 * it. */
static int child(int tty, enum way way)
{
    struct errinfo e;
    struct term *t;
    struct canvas c;
    const struct term_config cfg = {.tier = -1,
                                    .color = 1,
                                    .mouse = true,
                                    .term_name = "xterm-256color",
                                    .out_fd = tty,
                                    .in_fd = tty};
    if (term_open(&cfg, &t, NULL, &e) != OK ||
        canvas_init(&c, W, H, GLYPH_BRAILLE, &e) != OK) {
        return 100;
    }
    pthread_t idle;
    for (int i = 0; way == WAY_THREADS && i < 4; i++) {
        if (thread_start(&idle, sleep_for_ever, NULL, &e) != OK) {
            return 101;
        }
    }
    canvas_text(&c, 0, 0, W, "ready", ROLE_TEXT, 0);
    term_present(t, &c);
    int status = -1;
    int resumed = 0;
    while (status < 0) {
        struct pollfd p[TERM_FDS + 1] = {{.fd = sig_fd(), .events = POLLIN}};
        const int due = term_poll(t, p + 1);
        poll(p, TERM_FDS + 1, due);
        struct event ev;
        while (term_event(t, &ev)) {
            if (ev.kind == EVENT_RESIZE) {
                canvas_textf(&c, 0, 1, W, ROLE_TEXT, 0, "resumed %d", ++resumed);
                term_present(t, &c);
            } else if (ev.kind == EVENT_KEY && ev.key == 'q') {
                fprintf(stderr, "last words\n");
                status = 0;
            } else if (ev.kind == EVENT_KEY && ev.key == 'x') {
                act(way, t, &c);
            }
        }
        if (sig_take(SIG_BIT_QUITS)) {
            fprintf(stderr, "last words\n");
            status = 3;
        }
    }
    canvas_deinit(&c);
    term_close(t);
    term_close(NULL);
    return status;
}

/* ---- the shell ---- */

/* Runs the child in the foreground; tells 's' when it stops, 'x' and its status in the
 * end; continues it for each byte from `orders`, and ends with them. */
static void shell(struct pty *p, enum way way, const int *orders, const int *reports)
{
    close(orders[1]);
    close(reports[0]);
    setsid();
    ioctl(p->slave, TIOCSCTTY, 0);
    signal(SIGTTOU, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    /* The test library's handlers would go on with the tests, in the child. */
    signal(SIGSEGV, SIG_DFL);
    signal(SIGBUS, SIG_DFL);
    signal(SIGFPE, SIG_DFL);
    signal(SIGILL, SIG_DFL);
    signal(SIGSYS, SIG_DFL);
    const struct rlimit none = {0, 0}; /* no core files from crashes on purpose */
    setrlimit(RLIMIT_CORE, &none);
    dup2(p->slave, STDERR_FILENO);
    close(p->master);
    const pid_t job = fork();
    if (job == 0) {
        signal(SIGHUP, SIG_DFL);
        setpgid(0, 0);
        tcsetpgrp(p->slave, getpid());
        signal(SIGTTOU, SIG_DFL);
        _exit(child(p->slave, way));
    }
    for (;;) {
        int status = 0;
        waitpid(job, &status, WUNTRACED);
        char report[8] = {'x'};
        if (WIFSTOPPED(status)) {
            report[0] = 's';
        }
        memcpy(report + 1, &status, sizeof status);
        tcsetpgrp(p->slave, getpgrp());
        if (write(reports[1], report, sizeof report) < 0 ||
            read(orders[0], report, 1) != 1) {
            _exit(0); /* and the terminal hangs up */
        }
        tcsetpgrp(p->slave, job);
        kill(-job, SIGCONT);
    }
}

struct stage {
    struct pty pty;
    struct termios before;
    pid_t shell;
    int orders, reports;
};

static void stage_begin(struct stage *s, enum way way)
{
    int orders[2], reports[2];
    pty_open(&s->pty, W, H);
    assert_int_equal(tcgetattr(s->pty.slave, &s->before), 0);
    assert_int_equal(pipe(orders), 0);
    assert_int_equal(pipe(reports), 0);
    s->shell = fork();
    assert_true(s->shell >= 0);
    if (s->shell == 0) {
        shell(&s->pty, way, orders, reports);
    }
    close(orders[0]);
    close(reports[1]);
    s->orders = orders[1];
    s->reports = reports[0];
    pty_start(&s->pty, W, H);
}

static char stage_report(struct stage *s, int *status)
{
    char report[8] = {0};
    assert_int_equal(read(s->reports, report, sizeof report), sizeof report);
    memcpy(status, report + 1, sizeof *status);
    return report[0];
}

/* Wait until the screen shows a text. */
static void stage_wait(struct stage *s, const char *text)
{
    for (;;) {
        pthread_mutex_lock(&s->pty.mu);
        const size_t seen = s->pty.bytes; /* before the look: nothing is missed */
        const bool ended = s->pty.ended;
        pthread_mutex_unlock(&s->pty.mu);
        if (pty_shows(&s->pty, text)) {
            return;
        }
        if (ended) {
            fail_msg("the terminal ended without \"%s\"", text);
        }
        pthread_mutex_lock(&s->pty.mu);
        while (s->pty.bytes == seen && !s->pty.ended) {
            pthread_cond_wait(&s->pty.changed, &s->pty.mu);
        }
        pthread_mutex_unlock(&s->pty.mu);
    }
}

static void stage_type(struct stage *s, const char *bytes)
{
    assert_int_equal(write(s->pty.master, bytes, strlen(bytes)),
                     (ssize_t)strlen(bytes));
}

static void stage_end(struct stage *s)
{
    close(s->orders);
    assert_int_equal(waitpid(s->shell, NULL, 0), s->shell);
    close(s->reports);
    pty_close(&s->pty);
}

static void check_up(struct stage *s)
{
    pty_sync(&s->pty);
    assert_true(s->pty.alternate);
    assert_false(s->pty.cursor);
    assert_int_not_equal(s->pty.mouse, VTERM_PROP_MOUSE_NONE);
    assert_true(pty_marks_paste(&s->pty));
    struct termios now;
    assert_int_equal(tcgetattr(s->pty.slave, &now), 0);
    assert_false(now.c_iflag & IXON); /* Ctrl-S is a key, and stops nothing */
}

/* ---- tests ---- */

/* Start, leave by `bytes`, and look; the child's wait status. */
static int leave_by(enum way way, const char *bytes)
{
    struct stage s;
    int status;
    stage_begin(&s, way);
    stage_wait(&s, "ready");
    check_up(&s);
    stage_type(&s, bytes);
    assert_int_equal(stage_report(&s, &status), 'x');
    pty_check_restored(&s.pty, &s.before);
    /* what went to stderr meanwhile is shown now, without its control bytes */
    if (!pty_shows(&s.pty, "last words")) {
        assert_int_equal(way, WAY_QUIT);
    }
    stage_end(&s);
    return status;
}

static void test_exits(void **state)
{
    (void)state;
    int status = leave_by(WAY_KEY, "q");
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    status = leave_by(WAY_INT, "\003"); /* Ctrl-C */
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
}

static void check_death(enum way way, const char *bytes, int signal_number)
{
    const int status = leave_by(way, bytes);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != signal_number) {
        fail_msg("way %d: wait status %x", (int)way, (unsigned)status);
    }
}

static void test_crashes(void **state)
{
    (void)state;
    check_death(WAY_SEGV, "x", SIGSEGV);
    check_death(WAY_SEGV_THREAD, "x", SIGSEGV);
    check_death(WAY_ABORT, "x", SIGABRT);
    check_death(WAY_ABORT_THREAD, "x", SIGABRT);
    check_death(WAY_FPE, "x", SIGFPE);
    check_death(WAY_OVERFLOW, "x", SIGSEGV);
    check_death(WAY_OVERFLOW_THREAD, "x", SIGSEGV);
    check_death(WAY_QUIT, "\034", SIGQUIT); /* Ctrl-\ */
}

/* The thread that draws is not the one that dies, and has no say any more once the
 * terminal is put back. */
static void test_drawing_on(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        check_death(WAY_ABORT_DRAWING, "x", SIGABRT);
    }
}

/* Effect of each signal: it asks to leave, is left alone, stops the program, or ends
 * it, as all do that are not named here. */
enum fate { ENDS, LEAVES, HARMLESS, STOPS };

static enum fate fate_of(int number)
{
    static const struct {
        int number;
        enum fate fate;
    } fates[] = {{SIGINT, LEAVES},    {SIGTERM, LEAVES},   {SIGHUP, LEAVES},
                 {SIGUSR1, LEAVES},   {SIGUSR2, LEAVES},   {SIGXCPU, LEAVES},
#ifdef SIGPWR
                 {SIGPWR, LEAVES},
#endif
                 {SIGPIPE, HARMLESS}, {SIGXFSZ, HARMLESS}, {SIGCHLD, HARMLESS},
                 {SIGURG, HARMLESS},  {SIGCONT, HARMLESS}, {SIGWINCH, HARMLESS},
                 {SIGSTOP, STOPS},    {SIGTSTP, STOPS},    {SIGTTIN, STOPS},
                 {SIGTTOU, STOPS},    {SIGKILL, STOPS}};
    for (size_t i = 0; i < sizeof fates / sizeof fates[0]; i++) {
        if (fates[i].number == number) {
            return fates[i].fate;
        }
    }
    return ENDS;
}

static void check_signal(int number, enum fate fate)
{
    struct stage s;
    int status;
    stage_begin(&s, WAY_TERM);
    stage_wait(&s, "ready");
    const pid_t job = tcgetpgrp(s.pty.master);
    assert_true(job > 1);
    kill(job, number);
    if (fate == HARMLESS) {
        stage_type(&s, "q");
    }
    assert_int_equal(stage_report(&s, &status), 'x');
    const bool right = fate == ENDS ? WIFSIGNALED(status) && WTERMSIG(status) == number
                                    : WIFEXITED(status) && WEXITSTATUS(status) ==
                                                               (fate == LEAVES ? 3 : 0);
    if (!right) {
        fail_msg("signal %d: wait status %x", number, (unsigned)status);
    }
    pty_check_restored(&s.pty, &s.before);
    stage_end(&s);
}

/* All of them, sent from outside: the terminal is whole afterwards. */
static void test_signals(void **state)
{
    (void)state;
    for (int number = 1; number <= SIGRTMAX; number++) {
        const bool of_the_library = number > SIGSYS && number < SIGRTMIN;
        const enum fate fate = fate_of(number);
        if (!of_the_library && fate != STOPS) {
            check_signal(number, fate);
        }
    }
}

/* Further signals come to other threads while the first one's handler waits for the
 * terminal to take the bytes that restore it: they do not end the program before that
 * is done. */
static void test_signals_at_once(void **state)
{
    (void)state;
    static const int numbers[] = {SIGQUIT, SIGALRM, SIGSYS, SIGTRAP};
    for (int i = 0; i < 4; i++) {
        struct stage s;
        int status;
        stage_begin(&s, WAY_THREADS);
        stage_wait(&s, "ready");
        const pid_t job = tcgetpgrp(s.pty.master);
        assert_int_equal(tcflow(s.pty.slave, TCOOFF), 0);
        for (int n = 0; n < 50; n++) {
            kill(job, numbers[i]);
            poll(NULL, 0, 2);
        }
        assert_int_equal(tcflow(s.pty.slave, TCOON), 0);
        assert_int_equal(stage_report(&s, &status), 'x');
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == numbers[i]);
        pty_check_restored(&s.pty, &s.before);
        stage_end(&s);
    }
}

static void test_status(void **state)
{
    (void)state;
    assert_int_equal(sig_status(0), 0);
    assert_int_equal(sig_status(SIG_BIT_WINCH | SIG_BIT_TERM), 143);
    assert_int_equal(sig_status(SIG_BIT_INT | SIG_BIT_TERM), 130);
    assert_int_equal(sig_status(SIG_BIT_XCPU), 128 + SIGXCPU);
}

/* Ctrl-Z: while stopped the terminal is the shell's, and afterwards all is drawn again.
 */
static void test_suspend(void **state)
{
    (void)state;
    struct stage s;
    int status;
    stage_begin(&s, WAY_KEY);
    stage_wait(&s, "ready");
    for (int round = 1; round <= 3; round++) {
        char text[24];
        snprintf(text, sizeof text, "resumed %d", round);
        stage_type(&s, "\032");
        assert_int_equal(stage_report(&s, &status), 's');
        pty_check_restored(&s.pty, &s.before);
        assert_false(pty_shows(&s.pty, "ready"));
        assert_int_equal(write(s.orders, "c", 1), 1);
        stage_wait(&s, text);
        check_up(&s);
        assert_true(pty_shows(&s.pty, "ready"));
    }
    /* stopped without notice, and the shell has changed the modes meanwhile */
    const pid_t job = tcgetpgrp(s.pty.master);
    kill(-job, SIGSTOP);
    assert_int_equal(stage_report(&s, &status), 's');
    assert_int_equal(tcsetattr(s.pty.slave, TCSANOW, &s.before), 0);
    assert_int_equal(write(s.orders, "c", 1), 1);
    stage_wait(&s, "resumed 4");
    stage_type(&s, "q");
    assert_int_equal(stage_report(&s, &status), 'x');
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    pty_check_restored(&s.pty, &s.before);
    stage_end(&s);
}

static void *take_mask(void *arg)
{
    pthread_sigmask(SIG_SETMASK, NULL, arg);
    return NULL;
}

/* What asks to leave is told to the main thread alone: told to another, it may not be
 * known yet when a stopped process is continued in the background to end, which then
 * stops for good as it draws. What crashes a thread comes to it. */
static void test_leaving_is_told_to_the_main_thread(void **state)
{
    (void)state;
    static const struct {
        int number;
        bool held;
    } cases[] = {{SIGTERM, true},  {SIGHUP, true},   {SIGCONT, true},
                 {SIGSEGV, false}, {SIGBUS, false},  {SIGABRT, false},
                 {SIGQUIT, false}, {SIGPROF, false}, {SIGWINCH, false}};
    sigset_t before, after, in_thread;
    pthread_t thread;
    struct errinfo e;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    assert_ok(thread_start(&thread, take_mask, &in_thread, &e), &e);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const int number = cases[i].number;
        assert_int_equal(sigismember(&in_thread, number), cases[i].held);
        assert_int_equal(sigismember(&after, number), sigismember(&before, number));
    }
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exits),
        cmocka_unit_test(test_crashes),
        cmocka_unit_test(test_drawing_on),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_signals_at_once),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_suspend),
        cmocka_unit_test(test_leaving_is_told_to_the_main_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
