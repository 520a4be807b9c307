/* The benchmarks of `saetop bench` that have files of their own. */
#ifndef SAETOP_SRC_CMD_BENCH_H
#define SAETOP_SRC_CMD_BENCH_H

#include "cmd.h"

int cmd_bench_sae(int argc, char **argv);
int cmd_bench_lm(int argc, char **argv);
int cmd_bench_eval(int argc, char **argv);
int cmd_bench_index(int argc, char **argv);

#endif
