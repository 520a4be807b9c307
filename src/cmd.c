#define _GNU_SOURCE /* fopencookie */
#include "cmd.h"

#include "base/file.h"
#include "base/folder.h"
#include "base/nearest.h"
#include "base/utf8.h"
#include "run_name.h"
#include "train/rundir.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SAY_BYTES  9000 /* of a line with two paths */
#define HELP_WORDS 8    /* that may follow `help` */

int cmd_fail(enum err code, const struct errinfo *e)
{
    const char *msg = e && e->msg[0] ? e->msg : err_text(code);
    (void)fprintf(stderr, "saetop: %s\n", msg);
    return err_exit_status(code);
}

void cmd_remarks(const char *about, const struct remarks *r)
{
    for (size_t i = 0; i < r->n; i++) {
        cmd_say(stderr, "saetop: %s%s%s", about ? about : "", about ? ": " : "",
                r->line[i]);
    }
}

int cmd_print(struct str *s)
{
    struct errinfo e = {0};
    enum err rc = str_err(s, "the text to print", &e);
    if (rc == OK && s->len > 0 &&
        (fwrite(s->p, 1, s->len, stdout) != s->len || fflush(stdout) != 0)) {
        /* The reader may have stopped early, which is no error: `saetop top RUN |
         * head`. */
        rc = errno == EPIPE
                 ? OK
                 : err_set(&e, ERR_IO, "standard output: %s", strerror(errno));
    }
    str_free(s);
    return rc == OK ? EXIT_SUCCESS : cmd_fail(rc, &e);
}

int cmd_print_text(struct str *s)
{
    struct str safe;
    str_init(&safe, 4 * s->max); /* a byte becomes four */
    utf8_escape_lines(&safe, s->len ? s->p : "", s->len);
    safe.err = s->err != OK ? s->err : safe.err;
    str_free(s);
    return cmd_print(&safe);
}

int cmd_end(enum err rc, const struct errinfo *e, struct str *out, bool json)
{
    if (rc != OK) {
        str_free(out);
        return cmd_fail(rc, e);
    }
    return json ? cmd_print(out) : cmd_print_text(out);
}

size_t cmd_columns(int fd)
{
    struct winsize size;
    return isatty(fd) == 1 && ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void cmd_say(FILE *to, const char *fmt, ...)
{
    char text[SAY_BYTES];
    struct str safe;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    str_init(&safe, 4 * sizeof text);
    utf8_escape(&safe, text, strlen(text));
    (void)fprintf(to, "%s\n", safe.len ? safe.p : "");
    str_free(&safe);
}

/* Whether standard output is a pipe that nobody reads any more. */
static bool reader_left(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) > 0 && (out.revents & POLLERR);
}

static ssize_t write_stdout(void *unused, const char *data, size_t n)
{
    (void)unused;
    const int number = file_write_all(STDOUT_FILENO, data, n);
    errno = number;
    return number == 0 ? (ssize_t)n : 0;
}

void cmd_begin_output(void)
{
    FILE *f = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_stdout});
    if (f) {
        (void)setvbuf(f, NULL, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, BUFSIZ);
        stdout = f;
    }
}

int cmd_end_output(int status)
{
    struct errinfo e;
    const bool lost = fflush(stdout) != 0 || ferror(stdout);
    return status == EXIT_SUCCESS && lost && !reader_left()
               ? cmd_fail(err_set(&e, ERR_IO,
                                  "standard output: lines were lost that could not be "
                                  "written"),
                          &e)
               : status;
}

/* The visitor that the tables are for; NULL: they are used to run commands. Owner
 * thread. */
static const struct cmd_visitor *visitor;

void cmd_visit(const struct cmd_visitor *v, int (*run)(int, char **), int argc,
               char **argv)
{
    const struct cmd_visitor *const before = visitor;
    visitor = v;
    (void)run(argc, argv);
    visitor = before;
}

bool cmd_parse(const struct opts *o, int argc, char **argv, struct opts_result *r,
               int *status)
{
    struct errinfo e = {0};
    if (visitor) {
        *status = EXIT_SUCCESS;
        visitor->command(visitor->ctx, o, argc, argv);
        return false;
    }
    enum err rc = opts_parse(o, argc, argv, r, &e);
    rc = rc == OK && !r->help ? run_names_resolve(o, r, &e) : rc;
    if (rc != OK) {
        *status = cmd_fail(rc, &e);
    }
    return rc == OK;
}

bool cmd_begin(const struct opts *o, int argc, char **argv, struct opts_result *r,
               int *status)
{
    if (!cmd_parse(o, argc, argv, r, status)) {
        return false;
    }
    if (r->help) {
        struct str text;
        str_init(&text, 1u << 20);
        opts_help(o, &text);
        *status = cmd_print_text(&text);
        return false;
    }
    return true;
}

const struct subcommand *command_find(const struct subcommand *table, size_t n,
                                      const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(table[i].name, name) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

static void list_commands(const char *group, const struct subcommand *table, size_t n,
                          struct str *out)
{
    const char *space = group[0] ? " " : "";
    str_addf(out, "usage: saetop %s%sCOMMAND [OPTIONS]\n\n", group, space);
    for (size_t i = 0; i < n; i++) {
        str_addf(out, "  saetop %s%s%-*s %s\n", group, space, 11, table[i].name,
                 table[i].about);
    }
    str_addf(out,
             "\nsaetop %s%sCOMMAND -h, or saetop %s%shelp COMMAND, tells the options "
             "of each.\n",
             group, space, group, space);
}

struct near_run {
    const char *word;
    char name[256]; /* of the nearest so far; "": none */
};

static enum err see_run(const struct folder *f, const char *name, mode_t mode,
                        void *user, struct errinfo *e)
{
    struct near_run *r = user;
    const char *const names[2] = {r->name, name};
    (void)f;
    (void)e;
    if ((S_ISDIR(mode) || S_ISLNK(mode)) && strlen(name) < sizeof r->name &&
        nearest_name(r->word, names + !r->name[0], r->name[0] ? 2 : 1) == name &&
        rundir_is(name)) {
        snprintf(r->name, sizeof r->name, "%s", name);
    }
    return OK;
}

/* Find the run here whose name is nearest to a word; false: none is near. */
static bool find_near_run(struct near_run *r)
{
    struct folder here;
    struct errinfo e;
    if (folder_open(".", &here, &e) != OK) {
        return false;
    }
    const enum err rc = folder_each(&here, see_run, r, &e);
    folder_close(&here);
    return rc == OK && r->name[0];
}

/* ERR_USAGE for an unknown command, with the name that was probably meant. */
static enum err unknown_command(const char *group, const struct subcommand *table,
                                size_t n, const char *word, struct errinfo *e)
{
    const char *names[OPT_LIST_MAX] = {"help"};
    const char *colon = group[0] ? ": " : "";
    char list[400] = "";
    size_t count = 1, len = 0;
    for (size_t i = 0; i < n && count < OPT_LIST_MAX; i++) {
        names[count++] = table[i].name;
        len += (size_t)snprintf(list + len, len < sizeof list ? sizeof list - len : 0,
                                "%s%s",
                                i == 0       ? ""
                                : i + 1 == n ? " or "
                                             : ", ",
                                table[i].name);
    }
    const char *near = nearest_name(word, names, count);
    struct near_run run = {.word = word};
    if (near) {
        return err_set(e, ERR_USAGE, "%s%sunknown command %.60s; did you mean %s?",
                       group, colon, word, near);
    }
    if (!group[0] && find_near_run(&run)) {
        struct str safe;
        str_init(&safe, 4096);
        utf8_escape(&safe, run.name, strlen(run.name));
        const enum err rc =
            err_set(e, ERR_USAGE, "unknown command %.60s; did you mean the run %s?",
                    word, safe.p);
        str_free(&safe);
        return rc;
    }
    return err_set(e, ERR_USAGE, "%s%sunknown command %.60s; expected %s%s", group,
                   colon, word, list, group[0] ? "" : ", or the directory of a run");
}

static int print_commands(const char *group, const struct subcommand *table, size_t n)
{
    struct str text;
    str_init(&text, 1u << 20);
    list_commands(group, table, n, &text);
    return cmd_print_text(&text);
}

static int run_found(const char *group, const struct subcommand *table, size_t n,
                     int argc, char **argv)
{
    struct errinfo e = {0};
    const struct subcommand *found = command_find(table, n, argv[0]);
    return found ? found->run(argc, argv)
                 : cmd_fail(unknown_command(group, table, n, argv[0], &e), &e);
}

/* Run `help a b` as `a b -h`. */
static int run_help(const char *group, const struct subcommand *table, size_t n,
                    int argc, char **argv)
{
    char *line[HELP_WORDS + 2];
    char help[] = "-h";
    int words = 0;
    for (int i = 1; i < argc && words < HELP_WORDS; i++) {
        line[words++] = argv[i];
    }
    line[words++] = help;
    line[words] = NULL;
    return words == 1 ? print_commands(group, table, n)
                      : run_found(group, table, n, words, line);
}

bool command_is_help(const char *word)
{
    return strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0 ||
           strcmp(word, "help") == 0;
}

int commands_run(const char *group, const struct subcommand *table, size_t n, int argc,
                 char **argv)
{
    const char *word = argc > 1 ? argv[1] : NULL;
    struct errinfo e = {0};
    if (visitor) {
        visitor->group(visitor->ctx, group, table, n, argc, argv);
        return EXIT_SUCCESS;
    }
    if (!word) {
        return cmd_fail(err_set(&e, ERR_USAGE, "%s%sno command; see saetop %s%s-h",
                                group, group[0] ? ": " : "", group,
                                group[0] ? " " : ""),
                        &e);
    }
    return command_is_help(word) ? run_help(group, table, n, argc - 1, argv + 1)
                                 : run_found(group, table, n, argc - 1, argv + 1);
}
