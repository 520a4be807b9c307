/* The program's entry: picks the subcommand. Each subcommand is a row of COMMANDS and a
 * file cmd_NAME.c. */
#include "base/file.h"
#include "cmd.h"
#include "num/blas.h"
#include "stop.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct subcommand COMMANDS[] = {
    {"explore", cmd_explore, "watch an SAE train and browse its latents (the default)"},
    {"train", cmd_train, "train without a screen"},
    {"eval", cmd_eval, "measure a trained SAE, or compare two"},
    {"sweep", cmd_sweep, "a grid of runs and the paired effect of masking"},
    {"top", cmd_top, "the top-activating tokens of a run's latents"},
    {"export", cmd_export, "a run's SAE for other tools"},
    {"import", cmd_import, "another tool's SAE in saetop's layout"},
    {"lm", cmd_lm, "train, evaluate and sample language models"},
    {"corpus", cmd_corpus, "write or describe a corpus"},
    {"bench", cmd_bench, "benchmarks"},
    {"keys", cmd_keys, "the explorer's keys as a Markdown table"},
};
#define N_COMMANDS (sizeof COMMANDS / sizeof COMMANDS[0])

/* What runs when no command is named: `saetop [RUN]`. */
#define DEFAULT_COMMAND "explore"

/* Whether the line is for DEFAULT_COMMAND: nothing, an option of its own, or a file. */
static bool is_default(int argc, char **argv)
{
    return argc < 2 || argv[1][0] == '-' || strchr(argv[1], '/') ||
           (!command_find(COMMANDS, N_COMMANDS, argv[1]) && file_exists(argv[1]));
}

int main(int argc, char **argv)
{
    (void)setlocale(LC_ALL, "");
    /* Numbers in files and on the command line are written with a point, everywhere. */
    (void)setlocale(LC_NUMERIC, "C");
    num_init();
    stop_init();
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        (void)printf("saetop %s (OpenBLAS %s, kernels %s)\n", SAETOP_VERSION,
                     num_blas_core(), num_kern_name());
        return EXIT_SUCCESS;
    }
    const bool help =
        argc > 1 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0);
    if (!help && is_default(argc, argv)) {
        const struct subcommand *c =
            command_find(COMMANDS, N_COMMANDS, DEFAULT_COMMAND);
        return c->run(argc, argv);
    }
    return commands_run("", COMMANDS, N_COMMANDS, argc, argv);
}
