/* The commands below `saetop corpus`. */
#ifndef SAETOP_SRC_CORPUS_CMDS_H
#define SAETOP_SRC_CORPUS_CMDS_H

int cmd_corpus_rows(int argc, char **argv);

#endif
