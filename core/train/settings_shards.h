/* Settings of a run on activations that were made elsewhere (source=activations,
 * acts/shards.h). */
#ifndef SAETOP_TRAIN_SETTINGS_SHARDS_H
#define SAETOP_TRAIN_SETTINGS_SHARDS_H

#include "acts/shards.h"
#include "train/settings.h"

/* Sets what the files say and nobody named, where the user named `activations`: source,
 * hook, mask.rate. Opens the files (shards_open), as the run does again. ERR_USAGE for
 * settings that such a run would not read; errors of shards_open. */
enum err settings_shards_defaults(struct settings *s, struct errinfo *e) ERR_CHECKED;

/* Opens the settings' folder, in rows of `context` where that is named. ERR_USAGE where
 * no folder is named. *out: caller owns. */
enum err settings_shards_open(const struct settings *s, struct shards **out,
                              struct errinfo *e) ERR_CHECKED;

/* Checks that the files have what an arm with these settings reads: its rate is 0 or
 * theirs and does not change, and positions to drop or mix are marked. ERR_USAGE. */
enum err settings_shards_check(const struct settings *s, const struct shards *from,
                               struct errinfo *e) ERR_CHECKED;
/* The same for a rate alone. */
enum err settings_shards_rate(const struct shards *from, double rate,
                              struct errinfo *e) ERR_CHECKED;

#endif
