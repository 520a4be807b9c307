#include "cmd.h"

#include "base/nearest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cmd_fail(enum err code, const struct errinfo *e)
{
    const char *msg = e && e->msg[0] ? e->msg : err_text(code);
    (void)fprintf(stderr, "saetop: %s\n", msg);
    return err_exit_status(code);
}

void cmd_remarks(const char *about, const struct remarks *r)
{
    for (size_t i = 0; i < r->n; i++) {
        struct errinfo line; /* escapes what a path may hold */
        (void)err_set(&line, OK, "%s: %s", about, r->line[i]);
        (void)fprintf(stderr, "saetop: %s\n", line.msg);
    }
}

int cmd_print(struct str *s)
{
    struct errinfo e = {0};
    enum err rc = str_err(s, "the text to print", &e);
    if (rc == OK &&
        (fwrite(s->p, 1, s->len, stdout) != s->len || fflush(stdout) != 0)) {
        /* Whoever reads may have had enough: `saetop top RUN | head`. */
        rc = errno == EPIPE
                 ? OK
                 : err_set(&e, ERR_IO, "standard output: %s", strerror(errno));
    }
    str_free(s);
    return rc == OK ? EXIT_SUCCESS : cmd_fail(rc, &e);
}

bool cmd_begin(const struct opts *o, int argc, char **argv, struct opts_result *r,
               int *status)
{
    struct errinfo e = {0};
    const enum err rc = opts_parse(o, argc, argv, r, &e);
    if (rc != OK) {
        *status = cmd_fail(rc, &e);
        return false;
    }
    if (r->help) {
        struct str text;
        str_init(&text, 1u << 20);
        opts_help(o, &text);
        *status = cmd_print(&text);
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
    str_addf(out, "\nsaetop %s%sCOMMAND -h tells the options of each.\n", group, space);
}

int commands_run(const char *group, const struct subcommand *table, size_t n, int argc,
                 char **argv)
{
    const char *word = argc > 1 ? argv[1] : NULL;
    const char *colon = group[0] ? ": " : "";
    struct errinfo e = {0};
    if (word && (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)) {
        struct str text;
        str_init(&text, 1u << 20);
        list_commands(group, table, n, &text);
        return cmd_print(&text);
    }
    if (!word) {
        return cmd_fail(err_set(&e, ERR_USAGE, "%s%sno command; see saetop %s%s-h",
                                group, colon, group, group[0] ? " " : ""),
                        &e);
    }
    const struct subcommand *found = command_find(table, n, word);
    if (found) {
        return found->run(argc - 1, argv + 1);
    }
    const char *names[OPT_LIST_MAX];
    size_t count = 0;
    for (; count < n && count < OPT_LIST_MAX; count++) {
        names[count] = table[count].name;
    }
    const char *near = nearest_name(word, names, count);
    const enum err rc =
        near ? err_set(&e, ERR_USAGE, "%s%sunknown command %.60s; did you mean %s?",
                       group, colon, word, near)
             : err_set(&e, ERR_USAGE, "%s%sunknown command %.60s; see saetop %s%s-h",
                       group, colon, word, group, group[0] ? " " : "");
    return cmd_fail(rc, &e);
}
