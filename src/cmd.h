/* Subcommands: tables of them, and what they share. Owner thread. */
#ifndef SAETOP_SRC_CMD_H
#define SAETOP_SRC_CMD_H

#include "base/err.h"
#include "base/remarks.h"
#include "opts.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* argv[0] is the command's own name. Returns the process's exit status. */
struct subcommand {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *about; /* one line for -h */
};

/* Run the command of `table` that argv[1] names; -h or help lists them, and `help NAME`
 * is `NAME -h`. `group` is what stands before them on the line: "" or "lm". */
int commands_run(const char *group, const struct subcommand *table, size_t n, int argc,
                 char **argv);
bool command_is_help(const char *word); /* -h, --help, help */
const struct subcommand *command_find(const struct subcommand *table, size_t n,
                                      const char *name); /* or NULL */

/* opts_parse, and what ends a command there: prints the error line. True to go on;
 * false: *status is what to return. */
bool cmd_parse(const struct opts *o, int argc, char **argv, struct opts_result *r,
               int *status);
/* The same, and prints the help where it was asked for. */
bool cmd_begin(const struct opts *o, int argc, char **argv, struct opts_result *r,
               int *status);

/* Visits the tables of commands without running any, for the manual page and
 * completion. It gets a group of subcommands, or the options of one command, with the
 * line that led there. argv[0] is the last command named. */
struct cmd_visitor {
    void (*group)(void *ctx, const char *group, const struct subcommand *table,
                  size_t n, int argc, char **argv);
    void (*command)(void *ctx, const struct opts *o, int argc, char **argv);
    void *ctx;
};
/* Give the line to run(): in place of doing anything it tells *v of the table that the
 * line leads to, if any. A visitor may call it again. */
void cmd_visit(const struct cmd_visitor *v, int (*run)(int, char **), int argc,
               char **argv);

/* Print "saetop: " and e's line on stderr; returns err_exit_status(code). */
int cmd_fail(enum err code, const struct errinfo *e);

/* Print each of the remarks on stderr, after "saetop: " and what they are about; NULL:
 * they say it themselves. */
void cmd_remarks(const char *about, const struct remarks *r);

/* Write s to stdout as it is (JSON, documents) and free it; the exit status. Reports a
 * full disk; a closed pipe ends it without a word. */
int cmd_print(struct str *s);
/* The same for lines that people read: whatever names and tokens of files they hold,
 * nothing in them but their ends acts on the terminal. */
int cmd_print_text(struct str *s);
/* The end of a command that fills `out`: one of the two above, or cmd_fail. */
int cmd_end(enum err rc, const struct errinfo *e, struct str *out, bool json);
/* Print a line, with its newline, to `to`. */
void cmd_say(FILE *to, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Call once, early in main: from here on stdout waits for a slow reader even if its
 * descriptor was made non-blocking, as node and ssh do. Without this stdio would take
 * that for a failure and lose lines. */
void cmd_begin_output(void);
/* The status to exit with after a command that ended with `status`: lines on standard
 * output that were lost (a full disk) are an error, if nothing else was. */
int cmd_end_output(int status);

/* The functions of the subcommands; main.c holds the table. */
int cmd_explore(int argc, char **argv);
int cmd_train(int argc, char **argv);
int cmd_eval(int argc, char **argv);
int cmd_verdict(int argc, char **argv);
int cmd_concepts(int argc, char **argv);
int cmd_runs(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_sweep(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_ask(int argc, char **argv);
int cmd_find(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_lm(int argc, char **argv);
int cmd_corpus(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_keys(int argc, char **argv);
/* These visit all other commands: run is the whole program. */
int cmd_man(int (*run)(int, char **), int argc, char **argv);
int cmd_complete(int (*run)(int, char **), int argc, char **argv);

#endif
