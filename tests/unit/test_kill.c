/* [full] A run killed at random moments, during saves too, ends with the same bytes as
 * one that was left alone: checkpoints after every other step, SIGKILL at a moment
 * drawn from a seed, resume, and again. */
#include "base/mem.h"
#include "base/rng.h"
#include "num/blas.h"
#include "run/engine.h"
#include "unit/sample_settings.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STEPS 80
#define KILLS 14
#define SEED  20260604u

static struct settings run_settings(void)
{
    struct settings s = sample_settings(STEPS);
    s.twin = TWIN_UNMASKED;
    s.mask_schedule = MASK_COSINE;
    s.mask_rate_end = 0.05;
    s.fill_rows = 8;
    s.checkpoint_every = 2;
    s.checkpoint_keep = 10;
    return s;
}

/* The whole life of a process that trains: begins the run or goes on with it. */
static int train(const char *run, int threads)
{
    struct errinfo e = {0};
    struct settings set = run_settings(), given;
    struct inputs *in = NULL;
    struct engine *g = NULL;
    char threads_text[8];
    enum err rc = OK;
    num_init();
    snprintf(threads_text, sizeof threads_text, "%d", threads);
    settings_init(&given);
    rc = settings_set(&given, "threads", threads_text, from_program("test"), &e);
    if (rc == OK && rundir_is(run)) {
        rc = engine_resume(run, &given, getenv("SAETOP_SAMPLES"), NULL, &g, &e);
    } else if (rc == OK) {
        set.threads = threads;
        rc = inputs_new(&set, NULL, &in, &e);
        rc = rc == OK ? engine_new(in, &g, &e) : rc;
        rc = rc == OK ? engine_save(g, run, &e) : rc;
    }
    while (rc == OK && !engine_done(g)) {
        rc = engine_step(g, &e);
    }
    rc = rc == OK ? engine_save(g, run, &e) : rc;
    engine_free(g);
    if (rc != OK) {
        fprintf(stderr, "child: %s\n", e.msg);
    }
    return rc == OK ? 0 : 1;
}

static pid_t spawn(const char *run, int threads)
{
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(train(run, threads));
    }
    return pid;
}

static void sleep_seconds(double s)
{
    const struct timespec t = {.tv_sec = (time_t)s,
                               .tv_nsec = (long)((s - (double)(time_t)s) * 1e9)};
    (void)nanosleep(&t, NULL);
}

/* Whether one of the arms is being saved at this moment. */
static bool is_saving(const char *run)
{
    static const char *const parts[] = {"/.saving", "/.saved", "/arms/twin/.saving",
                                        "/arms/twin/.saved"};
    char path[600];
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        snprintf(path, sizeof path, "%s%s", run, parts[i]);
        if (file_exists(path)) {
            return true;
        }
    }
    return false;
}

/* Without reaping it. */
static bool has_ended(pid_t pid)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           info.si_pid == pid;
}

/* Wait until the process has come to its saves or has ended, then for a time of `i`'s
 * own: a few milliseconds into a save, or anywhere in the steps after it. */
static void wait_for_moment(const char *run, pid_t pid, int i)
{
    const double u = rng_unit_at(SEED, RNG_SAMPLE, 0, (uint64_t)i);
    const uint64_t saves = rng_at(SEED, RNG_SAMPLE, 1, (uint64_t)i) % 3 + 1;
    if (i % 5 == 4) {
        sleep_seconds(u); /* while it opens, too */
        return;
    }
    for (uint64_t n = 0; n < saves; n++) {
        while (is_saving(run) && !has_ended(pid)) {
            sleep_seconds(2e-5);
        }
        while (!is_saving(run)) {
            if (has_ended(pid)) {
                return;
            }
            sleep_seconds(2e-5);
        }
    }
    sleep_seconds(i % 5 == 3 ? 0.2 * u : 0.01 * u);
}

static char *weights(const char *run, const char *arm, size_t *len)
{
    char path[600];
    char *data = NULL;
    struct errinfo e;
    snprintf(path, sizeof path, "%s%s/sae_weights.safetensors", run, arm);
    assert_ok(file_read(path, 1u << 28, &data, len, &e), &e);
    return data;
}

static void assert_same_files(const char *a, const char *b)
{
    static const char *const arms[] = {"", "/arms/twin"};
    for (size_t i = 0; i < 2; i++) {
        size_t n = 0, m = 0;
        char *x = weights(a, arms[i], &n), *y = weights(b, arms[i], &m);
        assert_int_equal(n, m);
        assert_memory_equal(x, y, n);
        mem_free(x);
        mem_free(y);
    }
}

/* Whenever the process was killed, the run opens, and its files are of one step. */
static void assert_whole(const char *run)
{
    struct errinfo e;
    struct run_record r = {0};
    struct run_state s = {0};
    if (!rundir_is(run)) {
        return; /* killed before the first save */
    }
    assert_ok(rundir_load(run, &r, &e), &e);
    assert_ok(runstate_open(run, &s, &e), &e);
    assert_int_equal(r.step, s.step);
    runstate_close(&s);
    run_record_deinit(&r);
}

static void killed_runs_end_with_the_same_bytes(void **state)
{
    (void)state;
    char dir[256], whole[512], run[512], command[600];
    int status = 0, killed = 0, during = 0;
    tmp_make_in_memory(dir, sizeof dir);
    tmp_path(whole, dir, "whole");
    tmp_path(run, dir, "run");
    (void)waitpid(spawn(whole, 1), &status, 0);
    assert_int_equal(status, 0);

    for (int i = 0; i < KILLS; i++) {
        const pid_t pid = spawn(run, i % 3 + 1);
        wait_for_moment(run, pid, i);
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, &status, 0);
        killed += WIFSIGNALED(status);
        during += is_saving(run);
        assert_whole(run);
    }
    (void)waitpid(spawn(run, 2), &status, 0);
    assert_int_equal(status, 0);
    assert_same_files(whole, run);
    print_message("%d of %d killed, %d of them during a save\n", killed, KILLS, during);
    assert_true(killed > 0 && during > 0);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_runs_end_with_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
