/* Further arms of a run: the settings in which they differ from the first. Any thread.
 */
#ifndef SAETOP_TRAIN_ALSO_H
#define SAETOP_TRAIN_ALSO_H

#include "train/settings.h"

#include <stddef.h>

/* How many arms `also` describes: "k=8,mask-rate=0.3;k=16" is two. */
size_t also_count(const char *also);
/* Settings of number i of them: `base` (not resolved) with its pairs, each a setting's
 * key or flag. ERR_USAGE for a pair that is none, and for a setting that all arms share
 * (model, text, seed, batch, ...). */
enum err also_settings(const struct settings *base, size_t i, struct settings *out,
                       struct errinfo *e) ERR_CHECKED;
/* The same for the twin: not masked, else as the first arm. */
enum err twin_settings(const struct settings *base, struct settings *out,
                       struct errinfo *e) ERR_CHECKED;

#endif
