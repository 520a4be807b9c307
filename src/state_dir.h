/* Where the program keeps what belongs to the user. Owner thread. */
#ifndef SAETOP_SRC_STATE_DIR_H
#define SAETOP_SRC_STATE_DIR_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Write $XDG_STATE_HOME/saetop/name, or ~/.local/state/saetop/name; it is not created.
 * ERR_MISSING if neither XDG_STATE_HOME nor HOME is set. */
enum err state_dir(const char *name, char *out, size_t cap,
                   struct errinfo *e) ERR_CHECKED;

/* Write $XDG_CONFIG_HOME/saetop/config, or ~/.config/saetop/config, whether or not it
 * exists; false if neither XDG_CONFIG_HOME nor HOME is set, or it does not fit. */
bool config_path(char *out, size_t cap);

#endif
