/* The user's configuration of the explorer, from its file. Owner thread. */
#ifndef SAETOP_SRC_USER_CONFIG_H
#define SAETOP_SRC_USER_CONFIG_H

#include "ui/config.h"

/* Read it over the screens of the program; without a file, or a place for one, nothing
 * is said. The errors of config_parse, and of reading the file. config_deinit in
 * any case. */
enum err user_config_load(struct config *c, struct errinfo *e) ERR_CHECKED;

#endif
