/* The user's configuration of the explorer, from its file. Owner thread. */
#ifndef SAETOP_SRC_USER_CONFIG_H
#define SAETOP_SRC_USER_CONFIG_H

#include "ui/config.h"

/* Read it, for the screens of the program. Having no file, or no place for one, is no
 * error. Errors of config_parse, and of reading the file. Call config_deinit in any
 * case. */
enum err user_config_load(struct config *c, struct errinfo *e) ERR_CHECKED;

#endif
