/* Output of commands reaches a reader that is slow to take it. */
#include "src/cmd.c"
#include "src/opts.c"
#include "src/run_name.c"
#include "src/state_dir.c"
#include "unit/check.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINES = 20000 };

/* Prints more than a pipe holds. */
static int print_lines(int fd)
{
    dup2(fd, STDOUT_FILENO);
    cmd_begin_output();
    for (int i = 0; i < LINES; i++) {
        (void)printf("line %05d\n", i);
    }
    return cmd_end_output(EXIT_SUCCESS);
}

static void test_non_blocking(void **state)
{
    (void)state;
    int ends[2], status = 0;
    char line[32];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        _exit(print_lines(ends[1]));
    }
    close(ends[1]);
    poll(NULL, 0, 300); /* the pipe is full by now */
    FILE *f = fdopen(ends[0], "r");
    assert_non_null(f);
    for (int i = 0; i < LINES; i++) {
        assert_non_null(fgets(line, sizeof line, f));
        assert_int_equal(atoi(line + 5), i);
    }
    assert_null(fgets(line, sizeof line, f));
    fclose(f);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* A place that takes nothing is a failure still. */
static void test_full(void **state)
{
    (void)state;
    int status = 0;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const int null = open("/dev/null", O_WRONLY);
        dup2(null, STDERR_FILENO);
        _exit(print_lines(open("/dev/full", O_WRONLY)));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EXIT_FAILURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_non_blocking),
        cmocka_unit_test(test_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
