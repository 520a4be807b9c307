/* Settings of a synthetic source (source=synthetic, synthetic.*; acts/synthetic.h). */
#ifndef SAETOP_TRAIN_SETTINGS_SYNTH_H
#define SAETOP_TRAIN_SETTINGS_SYNTH_H

#include "acts/synthetic.h"
#include "train/settings.h"

struct synth_config settings_synth(const struct settings *s);

/* Whether a setting describes a synthetic source: source, synthetic.*. */
bool setting_is_synth(const struct setting_def *d);

/* ERR_USAGE for a source that is no model, whose runs have no text either: `what` is
 * the run or command that needs them. */
enum err settings_need_text(const struct settings *s, const char *what,
                            struct errinfo *e) ERR_CHECKED;

/* Fill the settings that nobody named as in the masking study's toys: TopK, k 3, a
 * latent a feature, 500 steps of 512 rows, learning rate 0.002. */
enum err settings_synth_defaults(struct settings *s, struct errinfo *e) ERR_CHECKED;

#endif
