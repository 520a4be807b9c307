/* Where the bundled samples are, from any working directory. Owner thread. */
#ifndef SAETOP_SRC_SAMPLES_DIR_H
#define SAETOP_SRC_SAMPLES_DIR_H

#include "base/err.h"

#include <stddef.h>

/* Find the samples folder: $SAETOP_SAMPLES, else share/saetop/samples beside the
 * program's bin/, else the one in the source tree it was built from, else the one under
 * the installation prefix. ERR_MISSING names the places looked at. */
enum err samples_dir(char *out, size_t cap, struct errinfo *e) ERR_CHECKED;

/* Find a file or folder of the samples, "storybook.grammar.json". ERR_MISSING if it is
 * not there. */
enum err samples_path(const char *name, char *out, size_t cap,
                      struct errinfo *e) ERR_CHECKED;

/* Resolve a path that a user typed: `path` itself if it exists or does not begin with
 * "samples/", else the bundled file of that name. A "#part" at the end is kept. */
enum err samples_resolve(const char *path, char *out, size_t cap,
                         struct errinfo *e) ERR_CHECKED;

#endif
