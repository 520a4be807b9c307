/* What answers to a query of `saetop find` that no latent does. Main thread. */
#ifndef SAETOP_SRC_FIND_ELSE_H
#define SAETOP_SRC_FIND_ELSE_H

#include "base/str.h"
#include "latents/latent_names.h"

/* Appends a line for each concept, command of the explorer and setting that `query`
 * names or describes, a few at most; where there is none, those that it nearly does,
 * and what is meant. Adds nothing if nothing answers. */
void find_else_add(const char *query, const struct names *names, struct str *out);

#endif
