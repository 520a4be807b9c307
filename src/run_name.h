/* Runs named on the command line as the explorer shows them: by the name alone, of one
 * in the folder where it saves. Owner thread. */
#ifndef SAETOP_SRC_RUN_NAME_H
#define SAETOP_SRC_RUN_NAME_H

#include "opts.h"

/* Whether a word that is no path of anything here names a run, or an arm of one
 * (NAME/arms/twin), in that folder. Writes its path there to out, "" if there is no
 * such folder, whether or not it is one. */
bool run_name_find(const char *word, char *out, size_t cap);

/* Puts that path in place of such a word, any other is left. The path lives as long as
 * the process. ERR_NOMEM. */
enum err run_name_resolve(const char **word, struct errinfo *e) ERR_CHECKED;

/* Puts in place of such names the paths that they stand for: in the first o->n_runs
 * arguments of *r, and in options whose value stands as RUN in -h. ERR_MISSING, for one
 * that is neither a path nor such a name, names both places looked at. */
enum err run_names_resolve(const struct opts *o, struct opts_result *r,
                           struct errinfo *e) ERR_CHECKED;

#endif
