/* The commands below `saetop lm`. */
#ifndef SAETOP_SRC_LM_CMDS_H
#define SAETOP_SRC_LM_CMDS_H

int cmd_lm_train(int argc, char **argv);

#endif
