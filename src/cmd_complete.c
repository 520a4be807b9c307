/* saetop complete: what may come next on a command line, from the tables that parse it.
 * The scripts for bash and zsh beside this file call it. */
#include "cmd.h"
#include "opt_words.h"

#include <stdio.h>
#include <string.h>

#define OUTPUT_BYTES (1u << 20)
#define WORDS_BYTES  4096
/* In place of a word: the shell may complete file names there. */
#define FILES "/files"

struct completion {
    struct str out;
    bool commands_only; /* `help ...` */
};

/* Print a line of the answer, if it continues what is typed: the word, a tab, what it
 * is. `prefix` is what comes before it in the same word. */
static void offer(struct completion *c, const char *typed, const char *prefix,
                  size_t n_prefix, const char *word, size_t n, const char *end,
                  const char *about)
{
    const size_t len = strlen(typed + n_prefix);
    if (n >= len && memcmp(word, typed + n_prefix, len) == 0) {
        str_addn(&c->out, prefix, n_prefix);
        str_addn(&c->out, word, n);
        str_addf(&c->out, "%s\t%s\n", end, about);
    }
}

static void offer_files(struct completion *c)
{
    str_add(&c->out, FILES "\t\n");
}

/* ---- values ---- */

static bool names_file(const char *arg)
{
    static const char *const kinds[] = {"FILE", "DIR", "RUN", "PATH"};
    for (size_t i = 0; arg && i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strstr(arg, kinds[i])) {
            return true;
        }
    }
    return false;
}

/* Complete the value of a row, which begins after `start` bytes of the word typed. In a
 * list with commas the last one is being typed. */
static void complete_value(struct completion *c, const struct opts *o,
                           const struct opt *row, bool is_setting, const char *typed,
                           size_t start)
{
    struct str words;
    str_init(&words, WORDS_BYTES);
    opt_words(o->name, row->name, is_setting, &words);
    if (words.len == 0) {
        if (names_file(row->arg)) {
            offer_files(c);
        }
        str_free(&words);
        return;
    }
    const char *comma = strrchr(typed + start, ',');
    const size_t from = comma ? (size_t)(comma + 1 - typed) : start;
    for (const char *p = words.p; *p;) {
        const size_t n = strcspn(p, "|");
        offer(c, typed, typed, from, p, n, "", "");
        p += n + (p[n] == '|');
    }
    str_free(&words);
}

/* Complete KEY or KEY=VALUE of --set, after `start` bytes. */
static void complete_set(struct completion *c, const struct opts *o, const char *typed,
                         size_t start)
{
    const char *key = typed + start, *eq = strchr(key, '=');
    char text[OPT_TEXT_BYTES];
    if (eq) {
        const struct opt *row = opts_find(o->set, o->n_set, key, (size_t)(eq - key));
        if (row) {
            complete_value(c, o, row, true, typed, (size_t)(eq + 1 - typed));
        }
        return;
    }
    for (size_t i = 0; i < o->n_set; i++) {
        opt_text(&o->set[i], text, sizeof text);
        offer(c, typed, typed, start, o->set[i].name, strlen(o->set[i].name), "=",
              text);
    }
}

/* ---- options ---- */

static void complete_names(struct completion *c, const struct opts *o,
                           const char *typed)
{
    char text[OPT_TEXT_BYTES];
    const size_t start = strlen("--");
    if (strncmp(typed, "--", strlen(typed) < start ? strlen(typed) : start) != 0) {
        return;
    }
    const char *word = strlen(typed) < start ? "--" : typed;
    for (size_t i = 0; i < o->n; i++) {
        if (o->table[i].kind != OPT_HEAD) {
            opt_text(&o->table[i], text, sizeof text);
            offer(c, word, "--", start, o->table[i].name, strlen(o->table[i].name), "",
                  text);
        }
    }
    if (o->set) {
        offer(c, word, "--", start, "set", strlen("set"), "", "any setting: KEY=VALUE");
    }
    offer(c, word, "--", start, "help", strlen("help"), "", "what there is");
}

static bool is_set(const struct opts *o, const char *name, size_t n)
{
    return o->set && n == strlen("set") && memcmp(name, "set", n) == 0;
}

/* Complete the value of the option whose name is word[2..2+n), after `start` bytes of
 * `typed`. */
static void complete_option(struct completion *c, const struct opts *o,
                            const char *word, size_t n, const char *typed, size_t start)
{
    const struct opt *row = opts_find(o->table, o->n, word + 2, n);
    if (is_set(o, word + 2, n)) {
        complete_set(c, o, typed, start);
    } else if (row) {
        complete_value(c, o, row, false, typed, start);
    }
}

/* Whether the option takes the word that follows it. */
static bool takes_next(const struct opts *o, const char *word)
{
    if (strncmp(word, "--", 2) != 0 || strchr(word, '=')) {
        return false;
    }
    const struct opt *row = opts_find(o->table, o->n, word + 2, strlen(word + 2));
    return is_set(o, word + 2, strlen(word + 2)) ||
           (row && row->kind != OPT_FLAG && row->kind != OPT_WORD);
}

/* Complete the word that may or may not follow an option. */
static void complete_own_word(struct completion *c, const struct opts *o,
                              const char *option, const char *typed)
{
    const struct opt *row =
        strncmp(option, "--", 2) == 0
            ? opts_find(o->table, o->n, option + 2, strlen(option + 2))
            : NULL;
    if (row && row->kind == OPT_WORD) {
        offer(c, typed, "", 0, row->arg + 1, strlen(row->arg) - 2, "", row->help);
    }
}

static void complete_command(void *ctx, const struct opts *o, int argc, char **argv)
{
    struct completion *c = ctx;
    const char *typed = argv[argc - 1], *eq = strchr(typed, '=');
    const char *open = NULL; /* the option whose value is being typed */
    bool options = true;
    if (c->commands_only || argc < 2) {
        return;
    }
    for (int i = 1; i + 1 < argc; i++) {
        const bool is_value = open != NULL;
        options = options && (is_value || strcmp(argv[i], "--") != 0);
        open = !is_value && options && takes_next(o, argv[i]) ? argv[i] : NULL;
    }
    if (options && argc > 2) {
        complete_own_word(c, o, argv[argc - 2], typed);
    }
    if (open) {
        complete_option(c, o, open, strlen(open + 2), typed, 0);
    } else if (options && strncmp(typed, "--", 2) == 0 && eq) {
        complete_option(c, o, typed, (size_t)(eq - typed) - 2, typed,
                        (size_t)(eq + 1 - typed));
    } else if (options && typed[0] == '-') {
        complete_names(c, o, typed);
    } else if (o->max_args > 0) {
        offer_files(c);
    }
}

/* ---- commands ---- */

static void complete_group(void *ctx, const char *group, const struct subcommand *table,
                           size_t n, int argc, char **argv)
{
    struct completion *c = ctx;
    const struct cmd_visitor v = {complete_group, complete_command, c};
    while (argc > 2 && command_is_help(argv[1])) {
        c->commands_only = true;
        argc--;
        argv++;
    }
    if (argc > 2) {
        const struct subcommand *found = command_find(table, n, argv[1]);
        if (found) {
            cmd_visit(&v, found->run, argc - 1, argv + 1);
        }
        return;
    }
    const char *typed = argc == 2 ? argv[1] : "";
    for (size_t i = 0; i < n; i++) {
        offer(c, typed, "", 0, table[i].name, strlen(table[i].name), "",
              table[i].about);
    }
    offer(c, typed, "", 0, "help", strlen("help"), "", "what there is");
    if (!group[0] && !c->commands_only) {
        offer_files(c); /* `saetop RUN` */
    }
}

int cmd_complete(int (*run)(int, char **), int argc, char **argv)
{
    static const struct opts o = {
        .name = "complete",
        .usage = "-- [WORD...]",
        .about =
            "What the last of the words may become, where the line is `saetop WORD...`: "
            "a line each, the word, a tab, what it is. " FILES " stands for names of "
            "files. The completions for bash and zsh, which are installed with the "
            "program, ask this.",
        .max_args = OPT_LIST_MAX};
    struct completion c = {.commands_only = false};
    const struct cmd_visitor v = {complete_group, complete_command, &c};
    struct opts_result r;
    int status = 0;
    if (argc < 2 || strcmp(argv[1], "--") != 0) {
        struct errinfo e = {0};
        return cmd_begin(&o, argc, argv, &r, &status)
                   ? cmd_fail(err_set(&e, ERR_USAGE,
                                      "complete: expected -- before the words"),
                              &e)
                   : status;
    }
    str_init(&c.out, OUTPUT_BYTES);
    argv[1] = argv[0];
    cmd_visit(&v, run, argc - 1, argv + 1);
    return cmd_print(&c.out);
}
