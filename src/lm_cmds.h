/* The commands below `saetop lm`, and what they share. Owner thread. */
#ifndef SAETOP_SRC_LM_CMDS_H
#define SAETOP_SRC_LM_CMDS_H

#include "base/err.h"

#include <stddef.h>

/* Write the directory that --model names (it need not exist), or for NULL the bundled
 * model's, to out[cap]. */
enum err lm_model_dir(const char *model, char *out, size_t cap,
                      struct errinfo *e) ERR_CHECKED;

int cmd_lm_train(int argc, char **argv);
int cmd_lm_tokenize(int argc, char **argv);
int cmd_lm_activations(int argc, char **argv);

#endif
