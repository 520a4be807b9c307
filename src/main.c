/* The program's entry: picks the subcommand. Each subcommand is a row of COMMANDS and a
 * file cmd_NAME.c. */
#include "base/file.h"
#include "bus_error.h"
#include "cmd.h"
#include "num/blas.h"
#include "run_name.h"
#include "run_opts.h"
#include "stop.h"
#include "train/rundir.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int cmd_version(int argc, char **argv)
{
    static const struct opts o = {
        .name = "version",
        .usage = "",
        .about = "Prints the version of saetop and what it multiplies with."};
    struct opts_result r;
    struct str out;
    int status = 0;
    if (!cmd_begin(&o, argc, argv, &r, &status)) {
        return status;
    }
    str_init(&out, 256);
    str_addf(&out, "saetop %s (OpenBLAS %s, kernels %s)\n", SAETOP_VERSION,
             num_blas_core(), num_kern_name());
    return cmd_print_text(&out);
}

/* List the settings, as `saetop help settings` does too. */
static int cmd_settings(int argc, char **argv)
{
    static const struct opts o = {
        .name = "settings",
        .usage = "",
        .about = "Every setting of a run with its default in brackets: --set KEY=VALUE "
                 "of train, explore and sweep, and the keys of --config FILE. train "
                 "--print-config shows what they come to for a run."};
    struct opts_result r;
    struct str out;
    int status = 0;
    if (!cmd_parse(&o, argc, argv, &r, &status)) {
        return status;
    }
    str_init(&out, 1u << 20);
    opts_help(&o, &out);
    str_addc(&out, '\n');
    run_opts_list(&out);
    return cmd_print_text(&out);
}

static int run(int argc, char **argv);

static int man(int argc, char **argv)
{
    return cmd_man(run, argc, argv);
}

static int complete(int argc, char **argv)
{
    return cmd_complete(run, argc, argv);
}

static const struct subcommand COMMANDS[] = {
    {"explore", cmd_explore, "watch an SAE train and browse its latents (the default)"},
    {"train", cmd_train, "train without a screen"},
    {"eval", cmd_eval, "measure a trained SAE, or compare two"},
    {"verdict", cmd_verdict, "what the seeds of an experiment establish"},
    {"concepts", cmd_concepts,
     "which latents carry which concepts, and who absorbs a word"},
    {"runs", cmd_runs, "the runs in a folder, a line each"},
    {"doctor", cmd_doctor, "what a model, a text and an SAE are, and what a run takes"},
    {"sweep", cmd_sweep, "a grid of runs and the paired effect of masking"},
    {"top", cmd_top, "the top-activating tokens of a run's latents"},
    {"ask", cmd_ask, "what a model and its latents say to a prompt"},
    {"find", cmd_find,
     "latents that a token, label, concept or kind, or a prompt, asks for"},
    {"export", cmd_export, "a run's SAE for other tools"},
    {"import", cmd_import, "another tool's SAE in saetop's layout"},
    {"lm", cmd_lm, "train, evaluate and sample language models"},
    {"corpus", cmd_corpus, "write or describe a corpus"},
    {"bench", cmd_bench, "benchmarks"},
    {"settings", cmd_settings, "every setting of a run, for --set and --config"},
    {"keys", cmd_keys, "the explorer's keys as a Markdown table"},
    {"man", man, "the manual page, which has all of -h"},
    {"complete", complete, "what may stand next on a line, for shells"},
    {"version", cmd_version, "the version, as --version and -v"},
};
#define N_COMMANDS (sizeof COMMANDS / sizeof COMMANDS[0])

/* The command that runs when none is named: `saetop [RUN]`. */
#define DEFAULT_COMMAND "explore"

/* Whether the line is for DEFAULT_COMMAND: empty, or begins with one of its options or
 * a file, or the name of a run that the explorer saved. */
static bool is_default(int argc, char **argv)
{
    if (argc < 2) {
        return true;
    }
    const char *word = argv[1];
    char path[RUNDIR_PATH];
    return !command_is_help(word) &&
           (word[0] == '-' || strchr(word, '/') ||
            (!command_find(COMMANDS, N_COMMANDS, word) &&
             (file_exists(word) || run_name_find(word, path, sizeof path))));
}

static bool is_version(const char *word)
{
    return strcmp(word, "--version") == 0 || strcmp(word, "-v") == 0 ||
           strcmp(word, "-V") == 0;
}

static int run(int argc, char **argv)
{
    if (argc > 1 && is_version(argv[1])) {
        return cmd_version(argc - 1, argv + 1);
    }
    if (is_default(argc, argv)) {
        const struct subcommand *c =
            command_find(COMMANDS, N_COMMANDS, DEFAULT_COMMAND);
        return c->run(argc, argv);
    }
    return commands_run("", COMMANDS, N_COMMANDS, argc, argv);
}

int main(int argc, char **argv)
{
    file_take_standard();
    cmd_begin_output();
    (void)setlocale(LC_ALL, "");
    /* Numbers in files and on the command line are written with a point, everywhere. */
    (void)setlocale(LC_NUMERIC, "C");
    num_init();
    stop_init();
    bus_error_init();
    return cmd_end_output(run(argc, argv));
}
