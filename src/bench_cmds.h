/* The commands below `saetop bench` that have a file of their own. */
#ifndef SAETOP_SRC_BENCH_CMDS_H
#define SAETOP_SRC_BENCH_CMDS_H

int cmd_bench_eval(int argc, char **argv);

#endif
