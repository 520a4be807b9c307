/* Settings of a run on activations that were made elsewhere (source=activations,
 * acts/shards.h). */
#ifndef SAETOP_TRAIN_SETTINGS_SHARDS_H
#define SAETOP_TRAIN_SETTINGS_SHARDS_H

#include "acts/shards.h"
#include "train/settings.h"

/* What the user named (`activations`), and what the files say and nobody named: source,
 * hook, mask.rate. Opens them (shards_open), which the run does again. ERR_USAGE for
 * settings that such a run would not read; errors of shards_open. */
enum err settings_shards_defaults(struct settings *s, struct errinfo *e) ERR_CHECKED;

/* Open the folder of the settings, in rows of `context` where it is named. ERR_USAGE
 * where none is. *out: caller owns. */
enum err settings_shards_open(const struct settings *s, struct shards **out,
                              struct errinfo *e) ERR_CHECKED;

/* Whether the files have what an arm of these settings reads: its rate is 0 or theirs
 * and does not move, and what is dropped or mixed is marked. ERR_USAGE. */
enum err settings_shards_check(const struct settings *s, const struct shards *from,
                               struct errinfo *e) ERR_CHECKED;
/* The same of a rate alone. */
enum err settings_shards_rate(const struct shards *from, double rate,
                              struct errinfo *e) ERR_CHECKED;

#endif
