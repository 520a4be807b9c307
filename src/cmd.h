/* Tables of subcommands, and what subcommands share. Owner thread. */
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
 * is `NAME -h`. `group` is the word before them on the command line: "" or "lm". */
int commands_run(const char *group, const struct subcommand *table, size_t n, int argc,
                 char **argv);
bool command_is_help(const char *word); /* -h, --help, help */
const struct subcommand *command_find(const struct subcommand *table, size_t n,
                                      const char *name); /* or NULL */

/* Do opts_parse and run_names_resolve, and print the line of an error. True to go on;
 * false: *status is what to return. */
bool cmd_parse(const struct opts *o, int argc, char **argv, struct opts_result *r,
               int *status);
/* The same, and print the help if it was asked for. */
bool cmd_begin(const struct opts *o, int argc, char **argv, struct opts_result *r,
               int *status);

/* Visits the tables of commands without running any, for the manual page and
 * completion. It is given a group of subcommands, or the options of one command, with
 * the line that led there. argv[0] is the last command named. */
struct cmd_visitor {
    void (*group)(void *ctx, const char *group, const struct subcommand *table,
                  size_t n, int argc, char **argv);
    void (*command)(void *ctx, const struct opts *o, int argc, char **argv);
    void *ctx;
};
/* Give the line to run(), which instead of doing anything tells *v of the table that
 * the line leads to, if any. A visitor may call this again. */
void cmd_visit(const struct cmd_visitor *v, int (*run)(int, char **), int argc,
               char **argv);

/* Print "saetop: " and e's line on stderr; returns err_exit_status(code). */
int cmd_fail(enum err code, const struct errinfo *e);

/* Print each remark on stderr, after "saetop: " and what it is about; NULL: the remarks
 * say that themselves. */
void cmd_remarks(const char *about, const struct remarks *r);

/* Write s to stdout as it is (JSON, documents), free it, and return the exit status. A
 * full disk is reported; a closed pipe ends the output silently. */
int cmd_print(struct str *s);
/* The same for lines that people read: whatever names and tokens from files they hold,
 * nothing in them but line ends acts on the terminal. */
int cmd_print_text(struct str *s);
/* End a command that fills `out`: with one of the two above, or cmd_fail. */
int cmd_end(enum err rc, const struct errinfo *e, struct str *out, bool json);
/* Columns of the terminal at a file descriptor; 0: it is no terminal, or does not
 * say. */
size_t cmd_columns(int fd);
/* Print a line, with its newline, to `to`. */
void cmd_say(FILE *to, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Call once, early in main: from here on stdout waits for a slow reader even if its
 * descriptor was made non-blocking, as node and ssh make it. Otherwise stdio would take
 * that for a failure and lose lines. */
void cmd_begin_output(void);
/* The status to exit with after a command that ended with `status`: if there was no
 * other error, lines lost on standard output (a full disk) are one. */
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
