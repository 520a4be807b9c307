/* The one rule for output files that a user names: an existing file stays. */
#ifndef SAETOP_BASE_NEWFILE_H
#define SAETOP_BASE_NEWFILE_H

#include "base/err.h"

/* ERR_EXISTS, with `way_on` at the end of its line ("choose another name"), if anything
 * of that name exists; a file_is_stream is fine, being no file to lose. Any thread. */
enum err newfile_check(const char *path, const char *way_on,
                       struct errinfo *e) ERR_CHECKED;

#endif
